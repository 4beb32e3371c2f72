"""How far apart two sets of vectors lie. Rows carry their scene: what shows the same scene is never taken for independent.

Formulas: Frechet distance as torchmetrics computes it; squared maximum mean discrepancy with the cubic kernel of Binkowski et al. 2018
(KID), unbiased, over pairs of different scenes; area under the ROC curve of a classifier that is tried on scenes it was not trained on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "SEED", "Measured", "Rows", "area_under_curve", "frechet", "likelihood", "measured", "mmd", "projected", "two_sample",
    "two_sample_measured",
]  # fmt: skip

SEED = 20_261_122  # of every draw here: bootstrap, halves, folds
RESAMPLES = 200
HALVINGS = 8  # ways of splitting the truth's clips into halves, for the floor
FOLDS = 5
RIDGE = 1.0  # penalty of the classifier's squared weights, on features of unit variance
NEWTON = 8  # steps of the classifier's fit; it converges in about six


class Rows(NamedTuple):
    """Vectors (n, d) and the number of each one's scene (n,), shared by the sets that are compared."""

    x: NDArray[np.float64]
    scene: NDArray[np.int64]

    def of(self, kept: NDArray[np.bool_]) -> Rows:
        """Some of the rows."""
        return Rows(self.x[kept], self.scene[kept])


@dataclass(frozen=True, slots=True)
class Measured:
    """A distance with its 95 % bootstrap interval over scenes, and what it is between halves of the truth's own clips.

    ``graded``: value, low and high of a number beside it that goes on rising where the distance has come to its bound.
    """

    value: float
    low: float
    high: float
    floor: float
    graded: tuple[float, float, float] | None = None


Distance = Callable[[Rows, Rows], float]


def measured(distance: Distance, shown: Rows, true: Rows) -> Measured:
    """A distance, its interval and its floor.

    The interval is the value plus and minus 1.96 standard deviations of the distance over resampled scenes: a Frechet distance of a
    resample is biased upwards by its doubles, so its percentiles would not hold the value. The floor is the mean over eight random halvings
    of the truth's scenes; of half as many clips, so for a biased distance it lies above what a perfect generator reaches.
    """
    value = distance(shown, true)
    rng = np.random.default_rng(SEED)
    scenes = np.unique(true.scene)
    drawn = [distance(*(_resampled(rows, pick) for rows in (shown, true))) for pick in rng.choice(scenes, (RESAMPLES, len(scenes)))]
    spread = 1.96 * float(np.std(drawn, ddof=1))
    return Measured(value, value - spread, value + spread, _floor(distance, true, rng))


def _floor(distance: Distance, true: Rows, rng: np.random.Generator) -> float:
    scenes = np.unique(true.scene)
    found = []
    for _ in range(HALVINGS):
        first = np.isin(true.scene, rng.permutation(scenes)[: len(scenes) // 2])
        found.append(distance(true.of(first), true.of(~first)))
    return float(np.mean(found))


def _resampled(rows: Rows, pick: NDArray[np.int64]) -> Rows:
    """The rows of the scenes drawn, as often as they were drawn; a scene drawn twice stays the same scene."""
    order = np.argsort(rows.scene, kind="stable")
    sorted_ = rows.scene[order]
    first, last = np.searchsorted(sorted_, pick, "left"), np.searchsorted(sorted_, pick, "right")
    index = np.concatenate([order[a:b] for a, b in zip(first, last, strict=True)])
    return Rows(rows.x[index], rows.scene[index])


def projected(shown: NDArray[np.float64], true: NDArray[np.float64], count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both sets on the ``count`` directions in which the true one varies most."""
    middle = true.mean(axis=0)
    _, _, directions = np.linalg.svd(true - middle, full_matrices=False)
    return (shown - middle) @ directions[:count].T, (true - middle) @ directions[:count].T


def frechet(shown: Rows, true: Rows) -> float:
    """``|m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^0.5)``, the squared Wasserstein distance of the two normal distributions.

    Example:
        >>> same = Rows(np.random.default_rng(0).normal(size=(50, 2)), np.arange(50))
        >>> round(frechet(same, same), 6), round(frechet(Rows(same.x + [3, 0], same.scene), same), 6)
        (0.0, 9.0)
    """
    (m1, s1), (m2, s2) = ((rows.x.mean(axis=0), np.atleast_2d(np.cov(rows.x, rowvar=False))) for rows in (shown, true))
    roots = np.sqrt(np.linalg.eigvals(s1 @ s2).astype(complex)).real.sum()
    return max(0.0, float(((m1 - m2) ** 2).sum() + np.trace(s1) + np.trace(s2) - 2 * roots))


def mmd(shown: Rows, true: Rows) -> float:
    """Squared maximum mean discrepancy with the kernel ``(x.y / d + 1)^3``; unbiased, so it can be below 0.

    Only pairs of different scenes enter, in all three means: two clips of one scene are alike whoever made them.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> a, b = (Rows(rng.normal(size=(400, 4)), np.arange(400)) for _ in range(2))
        >>> abs(mmd(a, b)) < 0.05 < mmd(Rows(a.x + 1, a.scene), b)
        True
    """
    return _mean_kernel(shown, shown) + _mean_kernel(true, true) - 2 * _mean_kernel(shown, true)


def _mean_kernel(a: Rows, b: Rows) -> float:
    other = a.scene[:, None] != b.scene[None, :]
    kernel = (a.x @ b.x.T / a.x.shape[1] + 1) ** 3
    return float(kernel[other].mean())


def two_sample(shown: Rows, true: Rows) -> float:
    """How well a classifier tells the two sets apart, on scenes that it was not trained on: .5 not at all, 1 always.

    Ridge-penalised logistic regression on the vectors and their squares, five folds by scene; the area under the ROC curve is taken within
    each fold and averaged by size. Below .5 is chance, and given as it is.
    """
    return _area(_tried(shown, true))


def two_sample_measured(shown: Rows, true: Rows) -> Measured:
    """The area with its interval (the classifiers stay, the scenes they are tried on are drawn anew), its floor, and :func:`likelihood`."""
    tried = _tried(shown, true)
    rng = np.random.default_rng(SEED)
    folds = [[_redrawn(fold, rng) for fold in tried] for _ in range(RESAMPLES)]
    (value, low, high), graded = (_with_interval(number, tried, folds) for number in (_area, likelihood))
    return Measured(value, low, high, _floor(two_sample, true, rng), graded)


def _with_interval(
    number: Callable[[Sequence[tuple[Rows, Rows]]], float], tried: Sequence[tuple[Rows, Rows]], drawn: Sequence[Sequence[tuple[Rows, Rows]]]
) -> tuple[float, float, float]:
    value, spread = number(tried), 1.96 * float(np.std([number(folds) for folds in drawn], ddof=1))
    return value, value - spread, value + spread


def likelihood(tried: Sequence[tuple[Rows, Rows]]) -> float:
    """Mean log-likelihood, in nats a clip, of who made what under classifiers that have not seen it: 0 at most, -0.69 is guessing.

    The area under the curve is 1 as soon as the two sets are apart; this goes on rising the further apart they are.

    Args:
        tried: for each fold the log odds (n, 1) of what was shown and of what is true.

    Example:
        >>> round(likelihood([(Rows(np.zeros((3, 1)), np.arange(3)), Rows(np.zeros((3, 1)), np.arange(3)))]), 2)
        -0.69
    """
    if not tried:
        return float(-np.log(2))
    mine = np.concatenate([shown.x[:, 0] for shown, _ in tried])
    theirs = np.concatenate([true.x[:, 0] for _, true in tried])
    return -float(np.logaddexp(0, -mine).mean() + np.logaddexp(0, theirs).mean()) / 2


def _tried(shown: Rows, true: Rows) -> list[tuple[Rows, Rows]]:
    """For each fold the log odds (n, 1) of what was shown and of what is true, by a classifier trained on the other folds."""
    scenes = np.unique(np.concatenate([shown.scene, true.scene]))
    fold_of = np.random.default_rng(SEED).permutation(np.arange(len(scenes)) % FOLDS)
    found = []
    for fold in range(FOLDS):
        test = scenes[fold_of == fold]
        mine, theirs = np.isin(shown.scene, test), np.isin(true.scene, test)
        if mine.any() and theirs.any() and not mine.all() and not theirs.all():
            odds = _classified(shown.x[~mine], true.x[~theirs], np.concatenate([shown.x[mine], true.x[theirs]]))[:, None]
            found.append((Rows(odds[: mine.sum()], shown.scene[mine]), Rows(odds[mine.sum() :], true.scene[theirs])))
    return found


def _area(tried: Sequence[tuple[Rows, Rows]]) -> float:
    if not tried:
        return 0.5
    areas = [area_under_curve(mine.x[:, 0], theirs.x[:, 0]) for mine, theirs in tried]
    return float(np.average(areas, weights=[len(mine.x) + len(theirs.x) for mine, theirs in tried]))


def _redrawn(fold: tuple[Rows, Rows], rng: np.random.Generator) -> tuple[Rows, Rows]:
    """The fold with its scenes drawn with replacement; as it is where that leaves one side empty."""
    scenes = np.unique(np.concatenate([rows.scene for rows in fold]))
    pick = rng.choice(scenes, len(scenes))
    mine, theirs = (_resampled(rows, pick) for rows in fold)
    return (mine, theirs) if len(mine.x) and len(theirs.x) else fold


def _classified(shown: NDArray[np.float64], true: NDArray[np.float64], tried: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds of ``tried`` to be shown rather than true."""
    both = np.concatenate([shown, true])
    middle, spread = both.mean(axis=0), both.std(axis=0) + 1e-9

    def seen(x: NDArray[np.float64]) -> NDArray[np.float64]:
        z = np.clip((x - middle) / spread, -6, 6)
        return np.column_stack([z, (z**2 - 1) / np.sqrt(2), np.ones(len(z))])

    x, y = seen(both), np.concatenate([np.ones(len(shown)), np.zeros(len(true))])
    share = np.where(y == 1, 0.5 / len(shown), 0.5 / len(true)) * len(y)
    weights, penalty = np.zeros(x.shape[1]), RIDGE * np.eye(x.shape[1])
    penalty[-1, -1] = 1e-6
    for _ in range(NEWTON):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (share * (p - y)) + penalty @ weights
        bend = (x * (share * np.maximum(p * (1 - p), 1e-6))[:, None]).T @ x + penalty
        weights = weights - np.linalg.solve(bend, gradient)
    return np.asarray(seen(tried) @ weights)


def area_under_curve(higher: Sequence[float] | NDArray[np.float64], lower: Sequence[float] | NDArray[np.float64]) -> float:
    """The share of pairs in which one of ``higher`` is above one of ``lower``; ties count half.

    Example:
        >>> area_under_curve([2, 3], [1, 2])
        0.875
    """
    first, second = np.asarray(higher, dtype=float)[:, None], np.asarray(lower, dtype=float)[None, :]
    return float(((first > second) + 0.5 * (first == second)).mean())

"""The search for the best alignment of clip points with a truth: closed forms on grids of pace and start, ever finer.

``y_clip(t) = s * R * y_truth(a * t + b) + o`` with one ``(a, b, s, R)`` for all bodies. Points of a plane are complex numbers here
(right + i * up), so that a roll and a scale are one complex factor and ``s``, ``R`` and ``o`` have a closed form for each ``(a, b)``.
Each body has an ``o`` of its own, which costs where it is not that of the others: how far apart they stand is said by no prompt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FREE_PACE", "FREE_WEIGHT", "PACE", "PACE_WEIGHT", "Data", "Fit", "NoFit", "Path", "Terms", "grid_of", "penalty_of", "searched",
    "terms_of", "thinned",
]  # fmt: skip

PACE = (0.6, 1.65)  # -, a: pace of the clip over the truth's
FREE_PACE = (0.3, 3.0)  # -, pace when that itself is measured: gravity from a tenth to nine times
SHIFT = (-0.7, 0.3)  # s, b: a clip may start late, by a take's own .25 s and as much again, slowed
ROLL = np.radians(10.0)
SCALE = (0.25, 4.0)  # -, s over the ruler (pixels per metre by the body's own size)
PACE_PRIOR = 0.1  # -, standard deviation of ln a
PACE_WEIGHT = 0.01  # -, of the prior in the cost: a pace wrong by one deviation costs as much as rms .1
FREE_WEIGHT = 2e-5  # -, of it where the pace is measured: enough to choose among paces that explain as much (even motion fits any)
APART = 0.1  # -, weight of where bodies stand to one another beside how they move
STEPS = (0.0253, 0.025)  # of ln a, and s of b: spacing of the first grid
COARSE_POINTS = 64  # clip points that the first grid looks at
ZOOMS, ZOOM_POINTS, ZOOM_FACTOR = 6, 5, 2.5  # refinement: last spacing .01 % and .1 ms
STARTS = 3  # grid minima that are refined


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """The best admissible alignment.

    Attributes:
        rms: residual over the spread of the aligned truth (each body's about its own mean); 1 = no motion explained.
        residual: the same with the penalty for the pace, ``sqrt(rms^2 + .01 (ln a / .1)^2)``, at most 1.
        pace: a.
        shift: b, seconds.
        scale: s over the ruler; 1 where the body covers its own diameter as often as in the truth.
        roll: radians, counter-clockwise.
        mirrored: left and right were exchanged.
        bound: the name of the parameter that ended on its bound, "" for none.
        tracks: the track of each of the truth's bodies, as an index into ``seen.tracks``; None where a body has none.
        ruler: pixels per metre by the bodies' own size; ``scale * ruler`` is s.
        offsets: o of each body, pixels right + i * up; 0 where it has no track.
    """

    rms: float
    residual: float
    pace: float
    shift: float
    scale: float
    roll: float
    mirrored: bool
    bound: str
    tracks: tuple[int | None, ...]
    ruler: float = 1.0
    offsets: tuple[complex, ...] = ()

    @property
    def failed(self) -> str:
        """Why the fit counts as none, "" where it counts."""
        if self.bound:
            return f"the best fit ends on a bound ({self.bound})"
        return "" if self.rms < 1 else "the best fit explains nothing"

    @property
    def gravity_ratio(self) -> float:
        """Gravity seen over the truth's, the body's own size being the ruler."""
        return self.scale * self.pace**2

    def moments(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Moments of the truth that moments of the clip show."""
        return self.pace * t + self.shift

    def clip_time(self, t: float) -> float:
        """When the clip shows a moment of the truth."""
        return (t - self.shift) / self.pace

    def place(self, body: int, points: NDArray[np.complex128]) -> NDArray[np.complex128]:
        """Pixels (right + i * up) of points of the truth's plane that belong to a body."""
        shown = -points.conj() if self.mirrored else points
        where: NDArray[np.complex128] = self.scale * self.ruler * np.exp(1j * self.roll) * shown + self.offsets[body]
        return where


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFit:
    """There is nothing to fit; ``failed`` says why."""

    failed: str


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A track as the fit takes it: pixels of the steady picture, right + i * up."""

    t: NDArray[np.float64]
    z: NDArray[np.complex128]
    size: NDArray[np.float64]
    weight: NDArray[np.float64]
    colour: str | None
    noise: float  # px, rms of the tracker's jitter

    @property
    def diameter(self) -> float:
        """Pixels."""
        return max(float(np.median(self.size)), 1e-6)


@dataclass(frozen=True, slots=True)
class Data:
    """Clip points body by body, each with its time; those of body ``owners[k]`` begin at ``start[k]``."""

    t: NDArray[np.float64]  # (n,)
    clip: NDArray[np.complex128]  # (n,) about each body's own mean
    weight: NDArray[np.float64]  # (n,) sums to 1
    row: NDArray[np.int64]  # (n,) of the reference
    start: NDArray[np.int64]  # (m,)
    share: NDArray[np.float64]  # (m,) weight of each body
    middle: NDArray[np.complex128]  # (m,) each body's mean, about that of all
    truth: NDArray[np.complex128]  # (bodies, samples) at 960 Hz
    ruler: float  # px per metre
    noise: float  # px^2, mean square of the jitter
    owners: tuple[int, ...]
    centres: NDArray[np.complex128]  # (m,) px, each body's mean


def thinned(data: Data, points: int) -> Data:
    """Fewer clip points, evenly from every body, for a first look."""
    ends = np.append(data.start[1:], len(data.t))
    each = max(8, points // len(data.start))
    kept = [
        np.unique(np.linspace(low, high - 1, min(each, high - low)).round().astype(np.int64))
        for low, high in zip(data.start, ends, strict=True)
    ]
    index = np.concatenate(kept)
    weight = np.concatenate([data.weight[one] / data.weight[one].sum() * part for one, part in zip(kept, data.share, strict=True)])
    start = np.concatenate([[0], np.cumsum([len(one) for one in kept])[:-1]]).astype(np.int64)
    clip = data.clip[index]
    means = np.add.reduceat(clip * weight, start) / data.share
    counts = [len(one) for one in kept]
    return replace(
        data, t=data.t[index], clip=clip - np.repeat(means, counts), weight=weight, row=data.row[index], start=start,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """Closed forms on a grid of (a, b); every array has the grid's shape."""

    rms2: NDArray[np.float64]
    scale: NDArray[np.float64]
    roll: NDArray[np.float64]


def terms_of(data: Data, a: NDArray[np.float64], b: NDArray[np.float64], *, flip: bool, fine: bool = False) -> Terms:
    """The best s, R and o for each a and b: least squares over complex numbers, brought within the bounds."""
    q, means = _shown(data, a, b, flip=flip, fine=fine)
    apart = np.asarray(means - (means @ data.share)[..., None], dtype=complex)
    part = APART * data.share
    both = (q.conj() * data.clip) @ data.weight + (apart.conj() * data.middle) @ part
    motion = np.maximum((q.real**2 + q.imag**2) @ data.weight, 1e-12)
    spread = motion + (apart.real**2 + apart.imag**2) @ part
    roll = np.clip(np.angle(both), -ROLL, ROLL)
    along = (both * np.exp(-1j * roll)).real
    scale = np.clip(along / spread / data.ruler, *SCALE)
    s = scale * data.ruler
    own = float(np.abs(data.clip) ** 2 @ data.weight + np.abs(data.middle) ** 2 @ part)
    rms2 = (own - data.noise - 2 * s * along + s**2 * spread) / (s**2 * motion)
    return Terms(np.maximum(rms2, 0.0), scale, roll)


def _shown(
    data: Data, a: NDArray[np.float64], b: NDArray[np.float64], *, flip: bool, fine: bool
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """The truth at each clip point about its body's mean, and those means; the nearest sample unless ``fine``."""
    at = np.clip((a[..., None] * data.t + b[..., None]) * TRUTH_RATE, 0, data.truth.shape[1] - 1.001)
    if fine:
        low = at.astype(np.int64)
        share = at - low
        q = data.truth[data.row, low] * (1 - share) + data.truth[data.row, low + 1] * share
    else:
        q = data.truth[data.row, (at + 0.5).astype(np.int64)]
    if flip:
        q = -q.conj()
    if len(data.start) == 1:
        means = np.asarray((q @ data.weight)[..., None], dtype=complex)
        return q - means, means
    means = np.asarray(np.add.reduceat(q * data.weight, data.start, axis=-1) / data.share, dtype=complex)
    counts = np.diff(np.append(data.start, len(data.t)))
    return q - np.repeat(means, counts, axis=-1), means


def penalty_of(a: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a pace other than 1 costs, in units of rms squared."""
    value: NDArray[np.float64] = PACE_WEIGHT * (np.log(a) / PACE_PRIOR) ** 2
    return value


def grid_of(pace: tuple[float, float], steps: tuple[float, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The first grid of ln a and b, spaced by about ``steps``."""
    low, high = np.log(pace)
    la = np.linspace(low, high, round((high - low) / steps[0]) + 1)
    b = np.linspace(*SHIFT, round((SHIFT[1] - SHIFT[0]) / steps[1]) + 1)
    mesh = np.meshgrid(la, b, indexing="ij")
    return mesh[0], mesh[1]


def searched(data: Data, flip: bool, chosen: tuple[int | None, ...], *, prior: bool, pace: tuple[float, float]) -> Fit:
    """A grid over (log a, b), then ever finer grids round its best minima."""
    low, high = float(np.log(pace[0])), float(np.log(pace[1]))
    la, b = grid_of(pace, STEPS)
    cost = _cost(thinned(data, COARSE_POINTS), la, b, flip=flip, prior=prior)
    centres = [np.array([la[i, j], b[i, j]]) for i, j in _minima(cost)]
    _, log_a, shift = _refined(data, centres, (low, high), flip=flip, prior=prior)
    at = np.exp(np.array([log_a])), np.array([shift])
    terms = terms_of(data, *at, flip=flip, fine=True)
    rms2, scale, roll = float(terms.rms2[0]), float(terms.scale[0]), float(terms.roll[0])
    penalty = float(penalty_of(np.exp(np.array(log_a)))) if prior else 0.0
    _, means = _shown(data, *at, flip=flip, fine=True)
    offsets = np.zeros(len(chosen), dtype=complex)
    offsets[list(data.owners)] = data.centres - scale * data.ruler * np.exp(1j * roll) * means[0]
    return Fit(
        rms=float(np.sqrt(rms2)), residual=float(min(1.0, np.sqrt(rms2 + penalty))), pace=float(np.exp(log_a)),
        shift=float(shift), scale=scale, roll=roll, mirrored=flip, bound=_bound(log_a, shift, scale, (low, high)), tracks=chosen,
        ruler=data.ruler, offsets=tuple(complex(one) for one in offsets),
    )  # fmt: skip


def _cost(
    data: Data, la: NDArray[np.float64], b: NDArray[np.float64], *, flip: bool, prior: bool, fine: bool = False
) -> NDArray[np.float64]:
    a = np.exp(la)
    rms2 = terms_of(data, a, b, flip=flip, fine=fine).rms2
    return rms2 + penalty_of(a) * (1.0 if prior else FREE_WEIGHT / PACE_WEIGHT)


def _minima(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The cells that no neighbour undercuts, best first."""
    padded = np.pad(cost, 1, constant_values=np.inf)
    rows, columns = cost.shape
    around = [padded[1 + i : 1 + i + rows, 1 + j : 1 + j + columns] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    lowest = np.argwhere(cost <= np.min(around, axis=0))
    ranked = sorted((float(cost[i, j]), int(i), int(j)) for i, j in lowest)
    return [(i, j) for _, i, j in ranked[:STARTS]]


def _refined(
    data: Data, centres: list[NDArray[np.float64]], pace: tuple[float, float], *, flip: bool, prior: bool
) -> tuple[float, float, float]:
    """(cost, log a, b) of the lowest point near any of ``centres``; after two rounds only the best of them goes on."""
    offsets = np.linspace(-1, 1, ZOOM_POINTS)
    steps = np.array(STEPS)
    found = [(np.inf, float(centre[0]), float(centre[1])) for centre in centres]
    for zoom in range(ZOOMS):
        for k, (_, log_a, shift) in enumerate(found):
            la = np.clip(log_a + offsets * steps[0], *pace)
            b = np.clip(shift + offsets * steps[1], *SHIFT)
            grid = np.meshgrid(la, b, indexing="ij")
            cost = _cost(data, grid[0], grid[1], flip=flip, prior=prior, fine=True)
            i, j = np.unravel_index(int(np.argmin(cost)), cost.shape)
            found[k] = (float(cost[i, j]), float(la[i]), float(b[j]))
        steps = steps / ZOOM_FACTOR
        if zoom == 1:
            found = [min(found)]
    return min(found)


def _bound(log_a: float, shift: float, scale: float, pace: tuple[float, float]) -> str:
    near = 1e-6
    if min(log_a - pace[0], pace[1] - log_a) < near:
        return f"pace {np.exp(log_a):.2f}"
    if min(shift - SHIFT[0], SHIFT[1] - shift) < near:
        return f"start {shift:+.1f} s"
    if scale <= SCALE[0] * (1 + near) or scale >= SCALE[1] * (1 - near):
        return f"scale {scale:.2f}"
    return ""

"""Bodies that are seen in part: the known disc laid on as much of the outline as there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.observe.matte import Disc, Measured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["completed", "of_one_size"]

HIDDEN = 0.9  # of the usual area; less is not the whole disc
RIGID = 0.12  # spread of ln(size) of those seen whole; more is no body of one size
NEAR_EDGE = 1.5  # pixels from the picture's border; outline there is no outline
ROUNDS = 15
TIGHT = 0.8  # pixels off the circle at which a point of the outline loses its say
SETTLED = 1e-3  # pixels; a round that moves nothing farther is the last
LEAST_CLEAR = 5  # circles, to say how a size goes on
SHARPER = 12  # power of the share of a rim that tells: clear ones count alone, if there are any
EVEN, COARSE = 0.02, 0.3  # of the size, and pixels of a radius: mean deviation that is explained
USUAL = 5  # neighbouring frames that say how large it is now


def of_one_size(found: dict[int, Measured]) -> dict[int, Measured]:
    """The same with circles of one size, or one that changes evenly, where that explains those whose rim is clear.

    What lies on a floor has a shadow at its rim, and seems larger and lower than it is; with its size known from when it flew, it does not.
    """
    frames = [i for i, m in found.items() if m.rim_fit is not None]
    if len(frames) < LEAST_CLEAR:
        return found
    circles = [found[i].rim_fit for i in frames]
    radius, clear = (np.array([getattr(circle, name) for circle in circles]) for name in ("radius", "clear"))
    t = np.array(frames) / max(frames)
    radii = _even(t, np.log(radius), clear, max(EVEN, COARSE / float(np.median(radius))))
    if radii is None:
        return found
    return found | {i: _sized(found[i], float(r)) for i, r in zip(frames, np.exp(radii), strict=True)}


def _even(t: NDArray[np.float64], sizes: NDArray[np.float64], clear: NDArray[np.float64], even: float) -> NDArray[np.float64] | None:
    """Logarithms of size on a parabola over time, or a line, or level, whichever fits the clear ones best; None where none does."""
    say = (clear / clear.max()) ** SHARPER
    for order in (0, 1, 2):
        design = np.vander(t, order + 1)
        weight = say.copy()
        for _ in range(4):
            c = np.linalg.solve(design.T @ (weight[:, None] * design) + 1e-9 * np.eye(order + 1), design.T @ (weight * sizes))
            off = sizes - design @ c
            weight = say / (1 + (off / even) ** 2)
        if float((say * np.minimum(np.abs(off), 0.2)).sum() / say.sum()) < even:
            return np.asarray(design @ c)
    return None


def _sized(got: Measured, radius: float) -> Measured:
    """A disc with another radius, the middle moved as the rim that is seen says."""
    assert got.rim_fit is not None
    more, (x, y) = radius - got.rim_fit.radius, got.rim_fit.along
    return got._replace(x=got.x + more * x, y=got.y + more * y, size=2 * radius, long=2 * radius, short=2 * radius)


def completed(found: dict[int, Measured], beside: Mapping[int, Sequence[Disc]], shape: tuple[int, ...]) -> dict[int, Measured]:
    """Places and sizes of a disc as if nothing hid it.

    Args:
        found: by frame, as measured from what is seen.
        beside: by frame the other bodies.
        shape: height and width of the picture.

    Returns:
        The same, where a part is hidden with the middle, the size and the visible share of the whole disc.
    """
    whole = {i: m.size for i, m in found.items() if m.whole}
    if len(whole) < 3:
        return found
    usual = _usual(whole, found)
    rest = np.log([size / usual[i] for i, size in whole.items()])
    if float(np.median(np.abs(rest))) > RIGID:
        return found
    return {i: _whole(m, usual[i], beside.get(i, ()), shape) for i, m in found.items()}


def _usual(whole: dict[int, float], found: dict[int, Measured]) -> dict[int, float]:
    """The size a disc would have in each frame: a high quantile of those nearest in time, for hiding only ever makes it smaller."""
    frames = np.array(sorted(whole))
    sizes = np.array([whole[i] for i in frames.tolist()])
    middle = float(np.quantile(sizes, 0.6))
    good = np.abs(np.log(sizes / middle)) < 0.25
    frames, sizes = frames[good], sizes[good]
    if len(frames) == 0:
        return dict.fromkeys(found, middle)
    nearest = {i: np.argsort(np.abs(frames - i), kind="stable")[:USUAL] for i in found}
    return {i: float(np.quantile(sizes[pick], 0.6)) for i, pick in nearest.items()}


def _whole(got: Measured, usual: float, beside: Sequence[Disc], shape: tuple[int, ...]) -> Measured:
    share = (got.size / usual) ** 2
    if got.rim is None or (share > HIDDEN and got.whole):
        return got
    radius = usual / 2
    rim = _outer(got.rim, beside, shape)
    if len(rim) < 8:
        return got._replace(visible=min(1.0, share))
    centre = _laid(rim, np.array([got.x, got.y]), radius)
    if float(np.hypot(centre[0] - got.x, centre[1] - got.y)) > 1.1 * radius:
        return got._replace(visible=min(1.0, share))
    return got._replace(x=float(centre[0]), y=float(centre[1]), size=usual, long=usual, short=usual, visible=min(1.0, share))


def _outer(rim: NDArray[np.float64], beside: Sequence[Disc], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The points of an outline that are neither the picture's border nor that of another body."""
    x, y = rim.T
    free = (x > NEAR_EDGE) & (y > NEAR_EDGE) & (x < shape[1] - NEAR_EDGE) & (y < shape[0] - NEAR_EDGE)
    for other in beside:
        if other.part is None:
            free &= np.hypot(x - other.x, y - other.y) > other.radius + 1.5
    kept: NDArray[np.float64] = rim[free]
    return kept


def _laid(rim: NDArray[np.float64], start: NDArray[np.float64], radius: float) -> NDArray[np.float64]:
    """The middle of the circle of known radius that most of the outline lies on; a straight cut through it does not count."""
    turns = np.arange(8) * np.pi / 4
    away = 0.6 * radius * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    centres = start + np.concatenate([away, np.zeros((1, 2))])
    width = max(TIGHT, 0.25 * radius)
    for _ in range(ROUNDS):
        normal, off = _off_circle(rim, centres, radius)
        weight = np.exp(-0.5 * (off / width) ** 2) + 1e-9
        matrix = (weight[:, None] * normal) @ normal.transpose(0, 2, 1) + 1e-3 * np.eye(2)
        steps = np.linalg.solve(matrix, normal @ (weight * off)[..., None])[..., 0]
        centres = centres + steps
        if width == TIGHT and float(np.abs(steps).max()) < SETTLED:
            break
        width = max(TIGHT, 0.7 * width)
    _, off = _off_circle(rim, centres, radius)
    score = np.exp(-0.5 * (off / TIGHT) ** 2).sum(axis=1) - 2.0 * (off > 2 * TIGHT).sum(axis=1)
    best: NDArray[np.float64] = centres[int(score.argmax())]
    return best


def _off_circle(
    rim: NDArray[np.float64], centres: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each of some middles (m, 2) the directions (m, 2, n) to an outline, and how far it lies outside the circle (m, n)."""
    away = rim.T[None] - centres[:, :, None]
    distance = np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-6)
    return away / distance[:, None], distance - radius

"""The aligned fit: a clip's tracks against a truth whose camera, scale, start and pace it need not share.

``y_clip(t) = s * R * y_truth(a * t + b) + o`` with one ``(a, b, s, R, o)`` for all bodies. Points of a plane are
complex numbers here (right + i * up), so that a roll and a scale are one complex factor and ``s``, ``R`` and ``o``
have a closed form for each ``(a, b)``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation, Track
    from kinema.scenes.truth import Truth

__all__ = ["PACE", "Fit", "NoFit", "aligned", "fit", "main_tracks"]

PACE = (0.6, 1.65)  # -, a: pace of the clip over the truth's
SHIFT = 0.3  # s, b within plus or minus this
ROLL = np.radians(10.0)
SCALE = (0.25, 4.0)  # -, s over the ruler (pixels per metre by the body's own size)
PACE_PRIOR = 0.1  # -, standard deviation of ln a
PACE_WEIGHT = 0.01  # -, of the prior in the cost: a pace wrong by one deviation costs as much as rms .1
GRID = (41, 25)  # points of a and b before refinement; 2.5 % and 25 ms apart
ZOOMS, ZOOM_POINTS, ZOOM_FACTOR = 4, 9, 4  # refinement: last spacing .01 % and .1 ms
STARTS = 3  # grid minima that are refined
LEAST_FRAMES = 5  # a track with fewer says nothing about motion


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NoFit:
    """There is nothing to fit; ``failed`` says why."""

    failed: str


@dataclass(frozen=True, slots=True)
class _Data:
    """Clip points with their times, and the truth of the body that each belongs to."""

    t: NDArray[np.float64]  # (n,)
    clip: NDArray[np.complex128]  # (n,)
    weight: NDArray[np.float64]  # (n,) sums to 1
    body: NDArray[np.int64]  # (n,)
    truth: NDArray[np.complex128]  # (bodies, samples) at 960 Hz
    ruler: float  # px per metre


_last: tuple[Observation, Case, Fit | NoFit] | None = (
    None  # the laws of one clip come one after the other and share its fit
)


def aligned(seen: Observation, case: Case) -> Fit | NoFit:
    """:func:`fit` of a case with truth; asked again about the same objects it answers without computing."""
    global _last  # noqa: PLW0603  (a memory of one; the answer depends on the arguments alone)
    last = _last
    if last is not None and last[0] is seen and last[1] is case:
        return last[2]
    assert case.truth is not None
    mirror = not any(claim.kind == "direction" for claim in case.claims)
    answer = fit(seen.tracks, case.truth, mirror=mirror)
    _last = (seen, case, answer)
    return answer


def main_tracks(tracks: Sequence[Track], count: int) -> list[int]:
    """The ``count`` tracks that are seen longest (by the sum of their confidence), as indices in order of their ids."""
    usable = [k for k, track in enumerate(tracks) if len(track.t) >= LEAST_FRAMES]
    usable.sort(key=lambda k: -float(tracks[k].confidence.sum()))
    return sorted(usable[:count])


def fit(
    tracks: Sequence[Track],
    truth: Truth,
    *,
    mirror: bool = False,
    prior: bool = True,
    pace: tuple[float, float] = PACE,
) -> Fit | NoFit:
    """Align tracks with a truth.

    Args:
        tracks: of a clip; pixels, y down.
        truth: trajectories, which are compared as its own camera sees them, in metres at the camera's target.
        mirror: whether left and right may be exchanged.
        prior: whether a pace other than 1 costs.
        pace: bounds of a.

    Returns:
        The fit of the assignment of tracks to bodies that costs least; on ties (within .01) the one whose colours
        agree.
    """
    names = [body.colour for body in truth.bodies]
    main = main_tracks(tracks, len(names))
    if not main:
        return NoFit(failed="no moving body was tracked")
    plane = _plane(truth)
    best: tuple[float, Fit] | None = None
    for owners in permutations(range(len(names)), len(main)):
        data = _data([tracks[k] for k in main], owners, plane, [body.radius for body in truth.bodies])
        agree = sum(tracks[k].colour == names[owner] for k, owner in zip(main, owners, strict=True))
        chosen = tuple(main[owners.index(body)] if body in owners else None for body in range(len(names)))
        for flip in (False, True) if mirror else (False,):
            one = _search(data, flip, chosen, prior=prior, pace=pace)
            if one.bound and prior:
                one = _unhurried(data, one, pace)
            rank = one.residual + 2.0 * bool(one.failed) - 0.01 * agree + 0.005 * flip
            if best is None or rank < best[0]:
                best = (rank, one)
    assert best is not None
    return best[1]


def _plane(truth: Truth) -> NDArray[np.complex128]:
    """(bodies, samples): right + i * up, metres at the target's plane."""
    seen = truth.pixels_at(truth.times, 1, 1) * truth.camera.view_height
    plane: NDArray[np.complex128] = (seen[..., 0] - 1j * seen[..., 1]).T
    return plane


def _unhurried(data: _Data, bounded: Fit, pace: tuple[float, float]) -> Fit:
    """A second opinion on a fit that ends on a bound: the prior alone pushes a slow and late clip there.

    The fit without prior counts if it lies within the bounds and explains more; its penalty is then added all the same.
    """
    free = _search(data, bounded.mirrored, bounded.tracks, prior=False, pace=pace)
    if free.bound or free.rms > 0.5 * bounded.rms:
        return bounded
    penalty = float(_penalty(np.array(free.pace)))
    return replace(free, residual=float(min(1.0, np.sqrt(free.rms**2 + penalty))))


def _data(tracks: list[Track], owners: tuple[int, ...], plane: NDArray[np.complex128], radii: list[float]) -> _Data:
    weight = np.concatenate([track.confidence for track in tracks]) + 1e-6
    rulers = [track.diameter / (2 * radii[owner]) for track, owner in zip(tracks, owners, strict=True)]
    return _Data(
        t=np.concatenate([track.t for track in tracks]),
        clip=np.concatenate([track.x - 1j * track.y for track in tracks]),
        weight=weight / weight.sum(),
        body=np.concatenate([np.full(len(track.t), owner) for track, owner in zip(tracks, owners, strict=True)]),
        truth=plane,
        ruler=float(np.exp(np.mean(np.log(np.maximum(rulers, 1e-6))))),
    )


@dataclass(frozen=True, slots=True)
class _Terms:
    """Closed forms on a grid of (a, b); every array has the grid's shape."""

    rms2: NDArray[np.float64]
    scale: NDArray[np.float64]
    roll: NDArray[np.float64]


def _terms(data: _Data, a: NDArray[np.float64], b: NDArray[np.float64], *, flip: bool) -> _Terms:
    """The best s, R and o for each a and b: least squares over complex numbers, brought within the bounds."""
    at = np.clip((a[..., None] * data.t + b[..., None]) * TRUTH_RATE, 0, data.truth.shape[1] - 1.001)
    low = at.astype(np.int64)
    share = at - low
    q = data.truth[data.body, low] * (1 - share) + data.truth[data.body, low + 1] * share
    if flip:
        q = -q.conj()
    q = q - (q @ data.weight)[..., None]
    p = data.clip - data.clip @ data.weight
    both = (q.conj() * p) @ data.weight
    spread = np.maximum((q.real**2 + q.imag**2) @ data.weight, 1e-12)
    roll = np.clip(np.angle(both), -ROLL, ROLL)
    along = (both * np.exp(-1j * roll)).real
    scale = np.clip(along / spread / data.ruler, *SCALE)
    s = scale * data.ruler
    own = float((p.real**2 + p.imag**2) @ data.weight)
    rms2 = (own - 2 * s * along + s**2 * spread) / (s**2 * _motion(q, data))
    return _Terms(np.maximum(rms2, 0.0), scale, roll)


def _motion(q: NDArray[np.complex128], data: _Data) -> NDArray[np.float64]:
    """Spread of each body round its own mean; how far bodies are from one another is no motion."""
    total = np.zeros(q.shape[:-1])
    for body in np.unique(data.body):
        mine = data.body == body
        weight = data.weight[mine]
        part = q[..., mine]
        part = part - (part @ weight / weight.sum())[..., None]
        total += (part.real**2 + part.imag**2) @ weight
    return np.maximum(total, 1e-12)


def _penalty(a: NDArray[np.float64]) -> NDArray[np.float64]:
    value: NDArray[np.float64] = PACE_WEIGHT * (np.log(a) / PACE_PRIOR) ** 2
    return value


def _search(data: _Data, flip: bool, chosen: tuple[int | None, ...], *, prior: bool, pace: tuple[float, float]) -> Fit:
    """A grid over (log a, b), then ever finer grids round its best minima."""
    low, high = np.log(pace)
    points = max(GRID[0], round((high - low) / 0.0253) + 1)
    la, b = np.meshgrid(np.linspace(low, high, points), np.linspace(-SHIFT, SHIFT, GRID[1]), indexing="ij")
    cost = _cost(data, la, b, flip=flip, prior=prior)
    steps = np.array([(high - low) / (points - 1), 2 * SHIFT / (GRID[1] - 1)])
    best = (np.inf, 0.0, 0.0)
    for i, j in _minima(cost):
        centre = np.array([la[i, j], b[i, j]])
        best = min(best, _refine(data, centre, steps, (low, high), flip=flip, prior=prior))
    _, log_a, shift = best
    terms = _terms(data, np.exp(np.array([log_a])), np.array([shift]), flip=flip)
    rms2 = float(terms.rms2[0])
    scale = float(terms.scale[0])
    penalty = float(_penalty(np.exp(np.array(log_a)))) if prior else 0.0
    return Fit(
        rms=float(np.sqrt(rms2)), residual=float(min(1.0, np.sqrt(rms2 + penalty))), pace=float(np.exp(log_a)),
        shift=float(shift), scale=scale, roll=float(terms.roll[0]), mirrored=flip,
        bound=_bound(log_a, shift, scale, (low, high)), tracks=chosen,
    )  # fmt: skip


def _cost(
    data: _Data, la: NDArray[np.float64], b: NDArray[np.float64], *, flip: bool, prior: bool
) -> NDArray[np.float64]:
    a = np.exp(la)
    rms2 = _terms(data, a, b, flip=flip).rms2
    return rms2 + _penalty(a) if prior else rms2


def _minima(cost: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The cells that no neighbour undercuts, best first."""
    padded = np.pad(cost, 1, constant_values=np.inf)
    rows, columns = cost.shape
    around = [padded[1 + i : 1 + i + rows, 1 + j : 1 + j + columns] for i in (-1, 0, 1) for j in (-1, 0, 1)]
    lowest = np.argwhere(cost <= np.min(around, axis=0))
    ranked = sorted((float(cost[i, j]), int(i), int(j)) for i, j in lowest)
    return [(i, j) for _, i, j in ranked[:STARTS]]


def _refine(
    data: _Data,
    centre: NDArray[np.float64],
    steps: NDArray[np.float64],
    pace: tuple[float, float],
    *,
    flip: bool,
    prior: bool,
) -> tuple[float, float, float]:
    """(cost, log a, b) of the lowest point near ``centre``."""
    offsets = np.linspace(-1, 1, ZOOM_POINTS)
    found = (np.inf, 0.0, 0.0)
    for _ in range(ZOOMS):
        la = np.clip(centre[0] + offsets * steps[0], *pace)
        b = np.clip(centre[1] + offsets * steps[1], -SHIFT, SHIFT)
        grid = np.meshgrid(la, b, indexing="ij")
        cost = _cost(data, grid[0], grid[1], flip=flip, prior=prior)
        i, j = np.unravel_index(int(np.argmin(cost)), cost.shape)
        found = (float(cost[i, j]), float(la[i]), float(b[j]))
        centre = np.array(found[1:])
        steps = steps / ZOOM_FACTOR
    return found


def _bound(log_a: float, shift: float, scale: float, pace: tuple[float, float]) -> str:
    near = 1e-6
    if min(log_a - pace[0], pace[1] - log_a) < near:
        return f"pace {np.exp(log_a):.2f}"
    if SHIFT - abs(shift) < near:
        return f"start {shift:+.1f} s"
    if scale <= SCALE[0] * (1 + near) or scale >= SCALE[1] * (1 - near):
        return f"scale {scale:.2f}"
    return ""

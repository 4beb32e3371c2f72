"""Free flight: the pieces of a track in which nothing but gravity acts, and what they say about it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track, VisualContact

__all__ = ["Arc", "arcs", "mean_fall"]

LEAST_FRAMES = 4  # a parabola has three parameters
MARGIN = 0.3  # frames on either side of a contact that belong to no flight
MOVED = 0.15  # diameters from where it was held: then it is surely released
AIRBORNE = 0.5  # diameters of height that a flight between contacts has at least; less is rolling, resting or rattling
STRAY = (0.03, 0.01)  # rms from the parabola: share of the diameter, and of the height, that still counts as one
TILT = 0.27  # -, sideways over downward acceleration that a roll of 15 degrees explains; more is a swing


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """One piece of free flight, fitted with a parabola in x and in y (pixels, y down).

    Attributes:
        start: s.
        end: s.
        fall: downward acceleration, px/s^2.
        aside: sideways acceleration, px/s^2.
        variance: of ``fall`` for a position error of one pixel, (px/s^2)^2.
        stray: rms distance from the parabola in y, px.
        height: difference of the largest and the smallest y, px.
        parabolic: the distance is within what tracking errs by.
    """

    start: float
    end: float
    fall: float
    aside: float
    variance: float
    stray: float
    height: float
    parabolic: bool

    @property
    def upright(self) -> bool:
        """It accelerates downwards, not aside."""
        return abs(self.aside) <= TILT * abs(self.fall)


def arcs(track: Track, contacts: Sequence[VisualContact]) -> list[Arc]:
    """The flights of a track: between its contacts, after it was let go, while it is in the air.

    Where a stretch as a whole is no parabola, its longest part that is one is taken, and the whole only if there is
    none.
    """
    cuts = sorted(c.t for c in contacts if track.id in c.bodies)
    near = MARGIN * float(np.median(np.diff(track.t))) if len(track.t) > 1 else 0.0
    edges = [-np.inf, *cuts, np.inf]
    found = []
    for number, (low, high) in enumerate(pairwise(edges)):
        inside = (track.t > low + near) & (track.t < high - near)
        if number == 0:
            inside &= _released(track)
        if inside.sum() < LEAST_FRAMES:
            continue
        best = _longest_parabola(track, np.flatnonzero(inside))
        if number == 0 or best.height >= AIRBORNE * track.diameter:
            found.append(best)
    return found


def mean_fall(pieces: Sequence[Arc]) -> float:
    """Downward acceleration, px/s^2: of the parabolic pieces if there are any, by inverse variance."""
    chosen = [arc for arc in pieces if arc.parabolic] or list(pieces)
    weights = np.array([1 / arc.variance for arc in chosen])
    return float(np.array([arc.fall for arc in chosen]) @ weights / weights.sum())


def _released(track: Track) -> NDArray[np.bool_]:
    """From the frame on in which the body is no longer where it was at first."""
    away = np.hypot(track.x - track.x[0], track.y - track.y[0]) > MOVED * track.diameter
    free: NDArray[np.bool_] = np.maximum.accumulate(away)
    return free


def _longest_parabola(track: Track, index: NDArray[np.int64]) -> Arc:
    whole = _arc(track, index)
    if whole.parabolic:
        return whole
    n = len(index)
    shortest = max(LEAST_FRAMES, n // 2)  # a shorter part of any smooth motion is a parabola
    for length in _lengths(n, shortest):
        parts = [_arc(track, index[k : k + length]) for k in range(0, n - length + 1, max(1, (n - length) // 8))]
        good = [part for part in parts if part.parabolic]
        if good:
            return min(good, key=lambda part: part.stray)
    return whole


def _lengths(n: int, shortest: int) -> list[int]:
    """Falling lengths of parts to try, each about a tenth shorter: enough, and quick on long clips."""
    lengths, length = [], n - 1
    while length >= shortest:
        lengths.append(length)
        length = min(length - 1, int(length * 0.92))
    return lengths


def _arc(track: Track, index: NDArray[np.int64]) -> Arc:
    t = track.t[index] - track.t[index].mean()
    design = np.stack([np.ones_like(t), t, 0.5 * t * t], axis=1)
    inverse = np.linalg.pinv(design.T @ design)
    x, y = track.x[index], track.y[index]
    of_x, of_y = inverse @ (design.T @ x), inverse @ (design.T @ y)
    freedom = max(len(t) - 3, 1)
    stray = float(np.sqrt(np.sum((design @ of_y - y) ** 2) / freedom))
    stray_x = float(np.sqrt(np.sum((design @ of_x - x) ** 2) / freedom))
    height = float(np.ptp(y))
    allowed = STRAY[0] * track.diameter + STRAY[1] * height
    return Arc(
        start=float(track.t[index[0]]), end=float(track.t[index[-1]]), fall=float(of_y[2]), aside=float(of_x[2]),
        variance=float(max(inverse[2, 2], 1e-12)), stray=stray, height=height, parabolic=max(stray, stray_x) <= allowed,
    )  # fmt: skip

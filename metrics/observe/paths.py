"""Unbroken stretches of a track as paths: places with their noise, and outlines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.observe.outline import Outline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Track, View

__all__ = ["SIDE", "Path", "paths_of"]

SIDE = 5  # frames looked at on each side of a kink, at least
LONGEST_GAP = 3  # frames without the body across which a path is still one
NOISE_SPAN = 45  # frames over which the noise of places is taken to be one
LEAST_NOISE = 0.04  # pixels; what the matte itself is good for
ROUND = 1.15  # -, long over short side below which an outline counts as a disc where nobody says what it is


@dataclass(frozen=True, slots=True)
class Path:
    """One unbroken stretch of a track."""

    track: int
    t: NDArray[np.float64]
    p: NDArray[np.float64]  # (n, 2)
    diameter: float
    unrest: NDArray[np.float64]  # (n,) standard deviation of a place, pixels
    step: float  # s, between frames
    sides: NDArray[np.float64]  # (n, 3) pixels long and short, radians (y down, from the right): the box round the outline
    round: bool  # its outline is a disc

    def noise(self, t: float) -> float:
        """The noise of places around a moment, in pixels per axis."""
        return float(self.unrest[min(int(np.searchsorted(self.t, t)), len(self.t) - 1)])

    def place(self, t: float) -> NDArray[np.float64]:
        """Where it is at a moment, px."""
        return np.array([np.interp(t, self.t, self.p[:, axis]) for axis in (0, 1)])

    def outline(self, t: float) -> Outline:
        """Its outline at a moment."""
        long, short, angle = (float(np.interp(t, self.t, self.sides[:, k])) for k in range(3))
        return Outline(self.place(t), long, short, angle, self.round)

    def window(self, t0: float, low: float, high: float, side: int = SIDE) -> slice:
        """Up to ``side`` frames on each side of ``t0``, none before ``low`` or after ``high``."""
        middle = int(np.searchsorted(self.t, t0))
        start = max(middle - side, int(np.searchsorted(self.t, low)), 0)
        stop = min(middle + side, int(np.searchsorted(self.t, high)), len(self.t))
        return slice(start, stop)


def paths_of(track: Track, view: View | None = None) -> list[Path]:
    """The unbroken stretches of a track that are long enough to tell a kink, in pixels of the first frame."""
    if len(track.t) < 5:
        return []
    x, y = (track.x, track.y) if view is None else view.to_first(track.frame, track.x, track.y)
    scale, roll = (np.ones(len(x)), np.zeros(len(x))) if view is None else (view.scale[track.frame], view.roll[track.frame])
    outline = np.stack([track.long * scale, track.short * scale, roll - track.angle], axis=1)
    disc = track.shape == "disc" or float(np.median(track.long / np.maximum(track.short, 1e-6))) < ROUND
    cuts = np.flatnonzero(np.diff(track.frame) > LONGEST_GAP) + 1
    step = float(np.median(np.diff(track.t) / np.diff(track.frame)))
    paths = []
    for part in np.split(np.arange(len(track.t)), cuts):
        if len(part) >= 5:
            place = np.stack([x[part], y[part]], axis=1)
            paths.append(Path(track.id, track.t[part], place, track.diameter, _noise(place), step, outline[part], disc))
    return paths


def _noise(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation per axis around each frame, from third differences: parabolas have none, kinks are too few to move a median."""
    third = np.abs(np.diff(place, n=3, axis=0))
    if len(third) == 0:
        return np.full(len(place), LEAST_NOISE)
    size = min(NOISE_SPAN, len(third))
    around = np.median(np.lib.stride_tricks.sliding_window_view(third, size, axis=0), axis=2)
    local = np.sqrt(np.mean((1.4826 * around) ** 2, axis=1) / 20.0)
    first = (len(place) - len(local)) // 2
    noise: NDArray[np.float64] = np.pad(local, (first, len(place) - len(local) - first), mode="edge")
    return np.maximum(noise, LEAST_NOISE)

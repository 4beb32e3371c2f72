"""Mouths: parts that swing open and shut again about a hinge that stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.observation import Mouth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track, View

__all__ = ["find_mouths"]

LEAST_TURN, MOST_TURN = 0.06, 1.2  # radians between shut and wide open
MOST_TRAVEL = 0.8  # of the long side, by which the middle of a jaw moves
ONE_WAY = 0.85  # share of the motion that lies along one line
TOGETHER = 0.8  # correlation of turning and moving
OPEN, SHUT = 0.4, 0.2  # of the widest: above the one and back below the other is an opening
LONG = 1.15  # long over short side below which an outline's angle says nothing


def find_mouths(tracks: Sequence[Track], view: View | None = None) -> tuple[Mouth, ...]:
    """Every track that opens and shuts like a jaw.

    Args:
        tracks: the moving bodies.
        view: the camera's motion; None where it stands still.
    """
    found = [_mouth(track, view) for track in tracks]
    return tuple(mouth for mouth in found if mouth is not None)


def _mouth(track: Track, view: View | None) -> Mouth | None:
    if track.shape == "disc" or len(track.t) < 8 or float(np.median(track.long / np.maximum(track.short, 1e-6))) < LONG:
        return None
    x, y = (track.x, track.y) if view is None else view.to_first(track.frame, track.x, track.y)
    angle = track.angle - (0.0 if view is None else -view.roll[track.frame])
    turn = float(np.ptp(np.percentile(angle, (2, 98))))
    long = float(np.median(track.long))
    place = np.stack([x - np.median(x), y - np.median(y)], axis=1)
    values, axes = np.linalg.eigh(np.cov(place.T))
    along = place @ axes[:, 1]
    travel = float(np.ptp(np.percentile(along, (2, 98))))
    if not (LEAST_TURN < turn < MOST_TURN and 0.02 * long < travel < MOST_TRAVEL * long and values[1] > ONE_WAY * values.sum()):
        return None
    linked = float(np.corrcoef(along, angle)[0, 1])
    if abs(linked) < TOGETHER:
        return None
    opening = _opened(along, angle * np.sign(linked), down=float(axes[1, 1]))
    if not _opens_and_shuts(opening):
        return None
    return Mouth(t=track.t, x=float(np.median(track.x)), y=float(np.median(track.y)), opening=opening)


def _opened(along: NDArray[np.float64], turned: NDArray[np.float64], *, down: float) -> NDArray[np.float64]:
    """0 shut to 1 as wide as ever, from both signs of it; a jaw opens downwards."""
    both = along / np.std(along) + turned / np.std(turned)
    both = both if down > 0 else -both
    shut, wide = np.percentile(both, (3, 99.5))
    return np.asarray(np.clip((both - shut) / max(wide - shut, 1e-9), 0.0, 1.0))


def _opens_and_shuts(opening: NDArray[np.float64]) -> bool:
    """Whether it goes from shut to open, and back: what falls over stays where it is."""
    state = np.where(opening > OPEN, 1, np.where(opening < SHUT, 0, -1))
    steps = np.diff(state[state >= 0])
    return bool((steps > 0).any() and (steps < 0).any())

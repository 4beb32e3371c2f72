"""Frames that a clip shows twice because it was converted from a lower rate: nothing is to be measured in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fresh_frames", "last_fresh"]

AROUND = 8  # frames to each side, whose motion says how large a step usually is
QUIET = 0.1  # of the usual step, below which nothing has changed
SUDDEN = 0.35  # of the usual step, that comes before and after a frame held: a body that turns round slows down first
LONGEST = 6  # frames that a conversion holds one at most: from 4 a second to 24
LEAST = 4  # holds, and their share of all frames, below which something rests, and the clip was not converted
LEAST_SHARE = 0.08


def fresh_frames(steps: NDArray[np.float64]) -> NDArray[np.int64]:
    """The numbers of the frames that show something new; all of them where the clip was not converted.

    Args:
        steps: (T - 1,) how much of the picture changes from each frame to the next.

    Example:
        >>> fresh_frames(np.array([1.0, 0.0] * 6)).tolist()
        [0, 1, 3, 5, 7, 9, 11, 12]
    """
    total = len(steps) + 1
    usual = np.array([_usual(steps, k) for k in range(len(steps))])
    quiet = steps < QUIET * usual
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(int)))
    runs = [(first, after) for first, after in edges.reshape(-1, 2).tolist() if after - first <= LONGEST]
    inner = [(first, after) for first, after in runs if 0 < first and after < len(steps)]
    sudden = [(first, after) for first, after in inner if min(steps[first - 1], steps[after]) >= SUDDEN * usual[first]]
    if len(sudden) < LEAST or sum(after - first for first, after in sudden) < LEAST_SHARE * total:
        return np.arange(total)
    again = np.zeros(total, dtype=bool)
    for first, after in runs:  # of a clip that was converted the slow parts too, where a hold is not sudden
        again[first + 1 : after + 1] = True
    return np.flatnonzero(~again)


def _usual(steps: NDArray[np.float64], k: int) -> float:
    """The median of the steps around that change anything."""
    near = steps[max(0, k - AROUND) : k + AROUND + 1]
    near = near[near > QUIET * near.max(initial=0.0)]
    return float(np.median(near)) if len(near) else 0.0


def last_fresh(fresh: NDArray[np.int64], total: int) -> NDArray[np.int64]:
    """(T,) for each frame, which of the fresh ones it shows.

    Example:
        >>> last_fresh(np.array([0, 1, 3]), 5).tolist()
        [0, 1, 1, 2, 2]
    """
    return np.asarray(np.searchsorted(fresh, np.arange(total), side="right") - 1)

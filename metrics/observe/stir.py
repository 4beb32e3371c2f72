"""How much the picture as a whole moves from frame to frame: the mean flow of AV-Align, on a small copy of the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["stir_of"]

SIDE = 48  # px, longer side of the copy; the original works on the full picture, for forty times the cost
FARNEBACK = (0.5, 3, 15, 3, 5, 1.2, 0)  # pyramid scale, levels, window, iterations, neighbourhood, its sigma, flags: as in AV-Align


def stir_of(frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    """(T,) px of the full picture: mean length of the flow into each frame; the first has that of the second; empty below two frames.

    Args:
        frames: (T, H, W, 3) uint8.
    """
    if len(frames) < 2:
        return np.zeros(0)
    height, width = frames.shape[1:3]
    factor = max(1.0, max(height, width) / SIDE)
    size = (max(8, round(width / factor)), max(8, round(height / factor)))
    found = np.zeros(len(frames))
    last = None
    for i, frame in enumerate(frames):
        grey = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        if last is not None and not np.array_equal(grey, last):
            flow = cv2.calcOpticalFlowFarneback(last, grey, None, *FARNEBACK)
            found[i] = factor * float(np.hypot(flow[..., 0], flow[..., 1]).mean())
        last = grey
    found[0] = found[1]
    return found

"""Clips: frames with presentation times, and sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Clip"]


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Moving picture and sound on one time axis that starts at 0.

    Attributes:
        frames: (T, H, W, 3) uint8, sRGB.
        times: (T,) float64, seconds at which each frame is shown, rising.
        sound: (channels, n) float32, sample ``k`` sounds at ``k / sound_rate``; shape (0, 0) where there is none.
        sound_rate: Hz.
    """

    frames: NDArray[np.uint8]
    times: NDArray[np.float64]
    sound: NDArray[np.float32]
    sound_rate: int = 48_000

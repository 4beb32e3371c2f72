"""From colours as people write them to light, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]

__all__ = ["encode", "linear", "luminance"]



def linear(rgb: tuple[int, int, int]) -> Picture:
    """SRGB bytes as linear light (IEC 61966-2-1).

    Example:
        >>> linear((255, 0, 128)).round(3).tolist()
        [1.0, 0.0, 0.2160000056028366]
    """
    x = np.array(rgb, dtype=np.float32) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def encode(light: Picture) -> NDArray[np.uint8]:
    """Linear light to sRGB bytes, rounded to the nearest."""
    x = np.clip(light, 0, 1)
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-6), 1 / 2.4) - 0.055)
    out: NDArray[np.uint8] = (srgb * 255 + 0.5).astype(np.uint8)
    return out


def luminance(light: Picture) -> Picture:
    """How bright linear light looks (Rec. 709), without its last axis."""
    bright: Picture = 0.2126 * light[..., 0] + 0.7152 * light[..., 1] + 0.0722 * light[..., 2]
    return bright

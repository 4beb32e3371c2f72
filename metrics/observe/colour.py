"""Names of colours, as people would give them: by hue, whatever the light."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kinema.scenes.palette import COLOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["chroma", "name_of", "names_of", "nearest_names"]

WIDEST_HUE = 26.0  # degrees of CIELAB hue; half the distance between neighbours in the palette is 14 to 75
LEAST_VIVID = 0.45  # chroma over lightness, relative to the palette's own; skin and wood stay below, a shaded ball above


@cache
def _palette() -> tuple[tuple[str, ...], NDArray[np.float64], NDArray[np.float64]]:
    hue, vivid = _hue_and_vividness(np.array(list(COLOURS.values()), dtype=float))
    return tuple(COLOURS), hue, vivid


def _hue_and_vividness(rgb: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    lab = cv2.cvtColor((np.clip(rgb, 0, 255) / 255).astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0].astype(float)
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    return hue, np.hypot(lab[:, 1], lab[:, 2]) / (lab[:, 0] + 10.0)


def name_of(rgb: NDArray[np.float64]) -> str | None:
    """The palette's name nearest to a colour in hue; None for greys, browns, skin, and hues far from all names.

    Args:
        rgb: (3,) sRGB grey levels, 0 to 255.

    Example:
        >>> name_of(np.array([103.0, 19, 19]))  # red in half the light
        'red'
    """
    return names_of(np.asarray(rgb, dtype=float)[None])[0] or None


def names_of(rgb: NDArray[np.float64]) -> tuple[str, ...]:
    """For each of (n, 3) sRGB grey levels the palette's name, "" where none is near."""
    names = _palette()[0]
    return tuple("" if best < 0 else names[best] for best in nearest_names(rgb).tolist())


def nearest_names(rgb: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,): for each of (n, 3) sRGB grey levels the number of the palette's name, -1 where none is near."""
    _, hues, vividness = _palette()
    hue, vivid = _hue_and_vividness(rgb)
    apart = np.abs((hues - hue[:, None] + 180) % 360 - 180)
    best = np.argmin(apart, axis=1)
    near = (apart[np.arange(len(best)), best] <= WIDEST_HUE) & (vivid >= LEAST_VIVID * vividness[best])
    return np.where(near, best, -1)


def chroma(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """(..., 2): the shares of red and green in the light. Shading leaves them alone; neighbours in the palette are .15 apart."""
    values = np.asarray(rgb, dtype=np.float32)
    total = values.sum(axis=-1, keepdims=True) + 15.0  # near black there is no colour
    return np.asarray((values[..., :2] + 5.0) / total, dtype=np.float32)

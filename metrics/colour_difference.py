"""How different two colours look: CIEDE2000."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ciede2000", "lab_of", "light_of", "same_light"]

WHITE = (0.95047, 1.0, 1.08883)  # XYZ of D65, 2 degree observer
TO_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))  # IEC 61966-2-1


def light_of(rgb: NDArray[Any]) -> NDArray[np.float64]:
    """Linear light (..., 3) from 0 to 1 of sRGB (..., 3) from 0 to 255."""
    value = np.clip(np.asarray(rgb, dtype=float) / 255, 0, 1)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab_of(light: NDArray[Any]) -> NDArray[np.float64]:
    """CIELAB (..., 3) of linear light (..., 3).

    Example:
        >>> lab_of(light_of(np.array([255, 0, 0]))).round(1).tolist()
        [53.2, 80.1, 67.2]
    """
    xyz = np.asarray(light, dtype=float) @ np.array(TO_XYZ).T / np.array(WHITE)
    root = np.where(xyz > 216 / 24389, np.cbrt(np.maximum(xyz, 0)), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def same_light(rgb: NDArray[Any], named: NDArray[Any]) -> NDArray[np.float64]:
    """(n, m) CIEDE2000 of n seen colours to m named ones, both sRGB 0 to 255, after bringing each to the named one's luminance.

    A red ball in half the light is still red: how much light there is, is free; its tint is not.
    """
    seen, goal = light_of(rgb)[:, None], light_of(named)[None]
    weights = np.array(TO_XYZ[1])
    seen = seen * ((goal @ weights) / np.maximum(seen @ weights, 1e-4))[..., None]
    return ciede2000(lab_of(seen), np.broadcast_to(lab_of(goal), seen.shape))


def ciede2000(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.float64]:
    """The difference (...) of CIELAB colours (..., 3); 1 is just noticeable, red and green are about 85 apart.

    Sharma, Wu, Dalal: The CIEDE2000 Color-Difference Formula, Color Research and Application 30 (2005), equations 2 to 22.

    Example:
        >>> round(float(ciede2000(np.array([50, 2.6772, -79.7751]), np.array([50, 0, -82.7485]))), 4)
        2.0425
    """
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(one, dtype=float), -1, 0) for one in (first, second))
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(mean**7 / (mean**7 + 25.0**7))  # 1 + G
    c1, c2 = np.hypot(stretch * a1, b1), np.hypot(stretch * a2, b2)
    h1, h2 = (np.degrees(np.arctan2(b, stretch * a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    grey = c1 * c2 == 0
    turn = np.where(grey, 0.0, (h2 - h1 + 180) % 360 - 180)
    turn = np.where((turn == -180) & (h2 > h1), 180.0, turn)  # the paper's side of a tie
    chroma = (c1 + c2) / 2
    hue = np.where(grey, h1 + h2, np.where(np.abs(h1 - h2) <= 180, (h1 + h2) / 2, (h1 + h2 + np.where(h1 + h2 < 360, 360, -360)) / 2))
    wave = [np.cos(np.radians(k * hue - by)) for k, by in ((1, 30), (2, 0), (3, -6), (4, 63))]
    t = 1 - 0.17 * wave[0] + 0.24 * wave[1] + 0.32 * wave[2] - 0.20 * wave[3]
    light = ((l1 + l2) / 2 - 50) ** 2
    s_l, s_c, s_h = 1 + 0.015 * light / np.sqrt(20 + light), 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    by_l, by_c, by_h = (l2 - l1) / s_l, (c2 - c1) / s_c, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2) / s_h
    bend = 2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return np.asarray(np.sqrt(np.maximum(by_l**2 + by_c**2 + by_h**2 - bend * by_c * by_h, 0.0)))

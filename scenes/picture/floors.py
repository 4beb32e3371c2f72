"""What floors and the wall behind look like: functions of the place in units of the scene's view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["FLOOR_LOOKS", "backdrop", "noise"]


def noise(x: Array, y: Array, seed: int) -> Array:
    """Smooth value noise in [-1, 1] with unit grid."""
    table = np.random.default_rng(seed).uniform(-1, 1, (64, 64))
    i, j = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - i, y - j
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    i0, i1, j0, j1 = i % 64, (i + 1) % 64, j % 64, (j + 1) % 64
    low = table[i0, j0] * (1 - fx) + table[i1, j0] * fx
    high = table[i0, j1] * (1 - fx) + table[i1, j1] * fx
    value: Array = low * (1 - fy) + high * fy
    return value


def _tinted(shade: Array, *rgb: float) -> Array:
    colour: Array = shade[..., None] * np.array(rgb)
    return colour


def _tile(x: Array, y: Array, size: float, joint: float) -> tuple[Array, Array, Array]:
    """Number of the tile across and away, and how much of the joint's line is here."""
    i, j = np.floor(x / size), np.floor(y / size)
    edge = np.maximum(np.abs(x / size - i - 0.5), np.abs(y / size - j - 0.5))
    return i, j, np.clip((edge - 0.5 + joint) / 0.015, 0, 1)


def _wood(p: Array) -> Array:
    """Pale planks that run from left to right."""
    x, y = p[..., 0], p[..., 1] + 7.03
    plank = np.floor(y / 0.21)
    tint = 0.07 * np.sin(plank * 12.9898 + 1.3)
    grain = 0.05 * noise(x * 3 + plank * 5.7, y * 60, 1) + 0.03 * noise(x * 9 + plank * 3.1, y * 150, 2)
    inside = np.abs(y / 0.21 - plank - 0.5)
    seam = 1 - 0.35 * np.clip((inside - 0.475) / 0.02, 0, 1)
    return _tinted((1 + tint + grain) * seam, 0.45, 0.355, 0.265)


def _stone(p: Array) -> Array:
    """Grey square slabs."""
    x, y = p[..., 0] + 5.17, p[..., 1] + 5.06
    i, j, joint = _tile(x, y, 0.34, 0.022)
    tint = 0.06 * np.sin(i * 12.9898 + j * 78.233)
    cloud = 0.07 * noise(x * 9, y * 9, 3) + 0.04 * noise(x * 31, y * 31, 4)
    return _tinted((1 + tint + cloud) * (1 - 0.30 * joint), 0.36, 0.37, 0.385)


def _concrete(p: Array) -> Array:
    """One cast surface, blotched, with a joint now and then."""
    x, y = p[..., 0] + 9.31, p[..., 1] + 9.62
    _, _, joint = _tile(x, y, 1.1, 0.006)
    cloud = 0.09 * noise(x * 2.3, y * 2.3, 5) + 0.06 * noise(x * 8, y * 8, 6) + 0.05 * noise(x * 70, y * 70, 7)
    return _tinted((1 + cloud) * (1 - 0.35 * joint), 0.40, 0.395, 0.38)


def _steel(p: Array) -> Array:
    """Brushed plates, riveted."""
    x, y = p[..., 0] + 6.2, p[..., 1] + 6.45
    i, j, joint = _tile(x, y, 0.62, 0.010)
    brush = 0.06 * noise(x * 2.2, y * 170, 8) + 0.03 * noise(x * 5, y * 320, 9)
    tint = 0.05 * np.sin(i * 12.9898 + j * 78.233) + 0.05 * noise(x * 1.3, y * 1.3, 10)
    u, v = np.abs(x / 0.62 - i - 0.5), np.abs(y / 0.62 - j - 0.5)
    rivet = np.clip(1 - np.hypot(u - 0.43, v - 0.43) / 0.025, 0, 1)
    return _tinted((1 + brush + tint) * (1 - 0.55 * joint) * (1 + 0.5 * rivet), 0.30, 0.325, 0.36)


def _ceramic(p: Array) -> Array:
    """Small white tiles with grey joints."""
    x, y = p[..., 0] + 5.09, p[..., 1] + 5.02
    i, j, joint = _tile(x, y, 0.17, 0.035)
    tint = 0.035 * np.sin(i * 12.9898 + j * 78.233)
    return _tinted((1 + tint + 0.02 * noise(x * 12, y * 12, 11)) * (1 - 0.42 * joint), 0.60, 0.60, 0.575)


def _felt(p: Array) -> Array:
    """A carpet's short pile."""
    x, y = p[..., 0] + 3.3, p[..., 1] + 3.7
    pile = 0.10 * noise(x * 110, y * 110, 12) + 0.07 * noise(x * 45, y * 45, 13) + 0.05 * noise(x * 4, y * 4, 14)
    rib = 0.04 * np.sin(2 * np.pi * y / 0.045)
    return _tinted(1 + pile + rib, 0.275, 0.245, 0.235)


def _ice(p: Array) -> Array:
    """Pale, clouded, with cracks."""
    x, y = p[..., 0] + 8.1, p[..., 1] + 8.4
    cloud = 0.09 * noise(x * 3, y * 3, 15) + 0.05 * noise(x * 13, y * 13, 16)
    vein = np.abs(noise(x * 2.1, y * 2.1, 17) + 0.35 * noise(x * 7, y * 7, 18))
    crack = np.clip(1 - vein / 0.035, 0, 1)
    return _tinted(1 + cloud + 0.22 * crack, 0.50, 0.575, 0.62)


def backdrop(p: Array) -> Array:
    """A painted wall, lighter towards the top and the middle."""
    x, z = p[..., 0], p[..., 2]
    glow = np.clip(0.62 + 0.20 * z - 0.10 * x**2, 0.2, 1.0)
    return _tinted(glow, 0.66, 0.71, 0.76)


FLOOR_LOOKS: dict[str, Callable[[Array], Array]] = {
    "wood": _wood,
    "stone": _stone,
    "concrete": _concrete,
    "steel": _steel,
    "ceramic": _ceramic,
    "felt": _felt,
    "ice": _ice,
}

"""Cups, the board they stand on, and how a hand moves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.shapes import Box, Lathe
from kinema.scenes.truth import Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["APART", "BALL", "BOARD", "CUP", "MOUTH", "TOP", "WALL", "board_of", "cup_of", "smooth"]

APART, BALL, CUP, MOUTH, TOP, WALL, BOARD = 0.28, 0.062, 0.20, 0.105, 0.078, 0.010, 0.03  # -, lengths over the view's height


def cup_of(view: float) -> Lathe:
    """A cup that stands upside down, its mouth at the bottom; z from its middle.

    Example:
        >>> round(max(z for _, z in cup_of(1.0).profile), 3)
        0.1
    """
    h = CUP * view / 2
    inner = ((0.0, h - WALL * view), ((TOP - WALL) * view, h - WALL * view), ((MOUTH - WALL) * view, -h))
    return Lathe((*inner, (MOUTH * view, -h), (TOP * view, h), (0.0, h)), smooth=False)


def board_of(view: float) -> Prop:
    """A wooden board on the floor, wide enough for three cups and their half-circles.

    Example:
        >>> board_of(1.0).position
        (0.0, 0.0, 0.015)
    """
    board = Box((0.98 * view, 0.86 * view, BOARD * view))
    return Prop(name="board", solid=board, position=(0.0, 0.0, BOARD * view / 2), material="wood", paint="oak")


def smooth(share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From 0 to 1 with the least jerk, as a hand moves, and its derivative; ``share`` is clipped to 0 to 1.

    Source: Flash and Hogan 1985, ``10 s^3 - 15 s^4 + 6 s^5``.

    Example:
        >>> [float(x[0]) for x in smooth(np.array([0.5]))]
        [0.5, 1.875]
    """
    s = np.clip(share, 0.0, 1.0)
    value: NDArray[np.float64] = s**3 * (10 - 15 * s + 6 * s**2)
    rate: NDArray[np.float64] = 30 * s**2 * (1 - s) ** 2
    return value, rate

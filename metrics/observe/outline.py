"""How near two outlines are: discs and boxes in the picture, apart along the direction in which they are furthest apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Outline", "apart"]


class Outline(NamedTuple):
    """What a body covers of the picture: a disc of diameter ``long``, or a box.

    Attributes:
        middle: (2,) px, y down.
        long, short: px, the box's sides.
        angle: radians of the long side from the right, towards down.
        round: a disc.
    """

    middle: NDArray[np.float64]
    long: float
    short: float
    angle: float
    round: bool

    @property
    def axes(self) -> NDArray[np.float64]:
        """(2, 2) unit vectors along the long and the short side."""
        c, s = np.cos(self.angle), np.sin(self.angle)
        return np.array([[c, s], [-s, c]])

    @property
    def width(self) -> float:
        """Px, diameter of a disc, or the short side."""
        return (self.long + self.short) / 2 if self.round else self.short

    @property
    def corners(self) -> NDArray[np.float64]:
        """(4, 2) px, of the box."""
        u, v = self.axes * np.array([[self.long / 2], [self.short / 2]])
        corners: NDArray[np.float64] = self.middle + np.array([u + v, u - v, -u + v, -u - v])
        return corners

    def reach(self, direction: NDArray[np.float64]) -> float:
        """Px from the middle to where the outline ends in a direction (unit vector)."""
        if self.round:
            return (self.long + self.short) / 4
        return float(np.abs(self.axes @ direction) @ np.array([self.long, self.short])) / 2


def apart(first: Outline, second: Outline) -> tuple[float, NDArray[np.float64]]:
    """The gap between two outlines (px, negative where they overlap), and the unit vector across it, from the second to the first.

    Two boxes: by the separating axes; a disc and a box: also by the line from the nearest corner.

    Example:
        >>> at = lambda x: Outline(np.array([x, 0.0]), 10.0, 10.0, 0.0, True)
        >>> gap, across = apart(at(13.0), at(0.0))
        >>> round(gap, 6), across.tolist()
        (3.0, [1.0, 0.0])
    """
    line = first.middle - second.middle
    tried = [axis for one in (first, second) if not one.round for axis in one.axes]
    if first.round and second.round:
        tried = [line]
    elif first.round or second.round:
        ball, box = (first, second) if first.round else (second, first)
        nearest = min(box.corners, key=lambda corner: float(np.hypot(*(ball.middle - corner))))
        tried.append(ball.middle - nearest)
    best, across = -np.inf, np.array([1.0, 0.0])
    for axis in tried:
        size = float(np.hypot(*axis))
        if size < 1e-9:
            continue
        unit = axis / size * (1.0 if float(axis @ line) >= 0 else -1.0)
        gap = float(line @ unit) - first.reach(unit) - second.reach(unit)
        if gap > best:
            best, across = gap, unit
    return best, across

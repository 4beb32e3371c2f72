"""The camera: a pinhole with a shifted lens, so that upright things stay upright and a fall in front of it is a true parabola."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Camera"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """A view camera: its film stays vertical and is shifted up or down instead of tilted.

    At yaw 0 the plane ``y = 0`` in which things move is parallel to the film, so pixels there are metres times a constant.

    Attributes:
        target: m, the point of the scene shown at the middle of the picture.
        distance: m, from the eye to the target's vertical plane, horizontally.
        yaw: radians, how far the eye has walked round the target; positive looks from the right.
        eye_height: m, the eye's own z.
        view_height: m, how much of the target's plane the picture shows from bottom to top (of a square or wider picture).
    """

    target: tuple[float, float, float]
    distance: float
    yaw: float
    eye_height: float
    view_height: float

    @property
    def eye(self) -> NDArray[np.float64]:
        """Where the eye and the microphones are, m."""
        x = self.target[0] + self.distance * np.sin(self.yaw)
        y = self.target[1] - self.distance * np.cos(self.yaw)
        return np.array([x, y, self.eye_height])

    @property
    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Unit vectors right, forward and up."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.array([c, s, 0.0]), np.array([-s, c, 0.0]), np.array([0.0, 0.0, 1.0])

    def pixels_per_metre(self, width: int, height: int) -> float:
        """Scale at the target's plane: the square ``view_height`` x ``view_height`` always fits in the picture."""
        return min(width, height) / self.view_height

    def project(self, points: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
        """Pixels (..., 2) of world points (..., 3); origin top left, pixel centres at .5.

        Example:
            >>> camera = Camera(target=(0, 0, 1), distance=2, yaw=0, eye_height=1.2, view_height=2)
            >>> camera.project(np.array([[0.5, 0.0, 1.0]]), 100, 100).tolist()
            [[75.0, 50.0]]
        """
        right, forward, up = self.axes
        offset = np.asarray(points, dtype=float) - self.eye
        depth = offset @ forward
        scale = self.pixels_per_metre(width, height) * self.distance / depth
        shift = (self.eye_height - self.target[2]) * self.pixels_per_metre(width, height)
        return np.stack([width / 2 + scale * (offset @ right), height / 2 - shift - scale * (offset @ up)], axis=-1)

    def to_json(self) -> dict[str, Any]:
        """The camera as JSON."""
        return asdict(self)

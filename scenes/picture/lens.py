"""A camera with a picture size: from metres to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera

    Array = NDArray[np.float64]

__all__ = ["Lens"]


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera over a grid of cells (pixels, or the parts of pixels where a picture is supersampled).

    In its own frame, x points right, y up and z forward; a cell's centre lies at .5. A ray is ``(u, v, 1)``, so its length to a point is
    the point's depth.

    Attributes:
        eye: m.
        axes: rows right, up and forward, unit vectors.
        focal: cells per unit of u or v.
        centre: where the axis meets the film, in cells; not the middle, as the film is shifted.
        width, height: cells.
    """

    eye: Array
    axes: Array
    focal: float
    centre: tuple[float, float]
    width: int
    height: int

    @classmethod
    def of(cls, camera: Camera, width: int, height: int, fine: int = 1) -> Self:
        """The lens of a camera for a picture of ``width`` x ``height`` pixels, each cut into ``fine`` x ``fine`` cells.

        Example:
            >>> from kinema.scenes.camera import Camera
            >>> camera = Camera(target=(0, 0, 1), distance=2, yaw=0, eye_height=1.2, view_height=2)
            >>> Lens.of(camera, 100, 100).cells_of(np.array([[0.5, 0.0, 1.0]])).round(6).tolist()
            [[75.0, 50.0]]
        """
        scale = camera.pixels_per_metre(width, height)
        right, forward, up = camera.axes
        shift = (camera.eye_height - camera.target[2]) * scale
        return cls(
            eye=camera.eye,
            axes=np.stack([right, up, forward]),
            focal=scale * camera.distance * fine,
            centre=(width / 2 * fine, (height / 2 - shift) * fine),
            width=width * fine,
            height=height * fine,
        )

    def own(self, points: Array) -> Array:
        """World points (..., 3) in the lens's frame."""
        away = points - self.eye
        x, y, z = (away[..., 0] * axis[0] + away[..., 1] * axis[1] + away[..., 2] * axis[2] for axis in self.axes)
        return np.stack([x, y, z], axis=-1)

    def on_film(self, own: Array) -> Array:
        """Cells (..., 2) of points in the lens's frame."""
        scale = self.focal / own[..., 2]
        return np.stack([self.centre[0] + own[..., 0] * scale, self.centre[1] - own[..., 1] * scale], axis=-1)

    def cells_of(self, points: Array) -> Array:
        """Cells (..., 2) of world points (..., 3)."""
        return self.on_film(self.own(points))

    @property
    def u(self) -> NDArray[np.float32]:
        """(width,) of the cells' centres."""
        return ((np.arange(self.width) + 0.5 - self.centre[0]) / self.focal).astype(np.float32)

    @property
    def v(self) -> NDArray[np.float32]:
        """(height,) of the cells' centres, positive upwards."""
        return ((self.centre[1] - np.arange(self.height) - 0.5) / self.focal).astype(np.float32)

    def turned(self, x: NDArray[np.float32], y: NDArray[np.float32], z: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors of the lens's frame in the world's, (..., 3) float32. Summed by hand: the same bytes whatever the linear algebra."""
        right, up, forward = self.axes.astype(np.float32)
        out = np.empty((*np.broadcast_shapes(x.shape, y.shape, z.shape), 3), dtype=np.float32)
        for k in range(3):
            out[..., k] = x * right[k] + y * up[k] + z * forward[k]
        return out

"""The camera: a pinhole with a shifted lens, so that upright things stay upright and a fall in front of it is a true parabola."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOVES", "Camera", "moved"]

MOVES = {  # what a prompt calls it; rates are per second, constant from time 0 on
    "static": "the camera stands still",
    "pan_left": "the camera pans to the left",
    "pan_right": "the camera pans to the right",
    "tilt_up": "the camera tilts up",
    "tilt_down": "the camera tilts down",
    "dolly_in": "the camera dollies in",
    "dolly_out": "the camera dollies out",
    "orbit_left": "the camera orbits to the left",
    "orbit_right": "the camera orbits to the right",
    "zoom_in": "the camera zooms in",
    "zoom_out": "the camera zooms out",
}
PAN, TILT, DOLLY, ORBIT, ZOOM = np.radians(2.4), np.radians(1.6), 0.10, np.radians(11.0), 0.10  # per second; dolly and zoom: of their start


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
        pitch: radians, how far the camera is tilted upwards about its eye; 0 is the view camera's upright film.
    """

    target: tuple[float, float, float]
    distance: float
    yaw: float
    eye_height: float
    view_height: float
    pitch: float = 0.0

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
        right, level, up = np.array([c, s, 0.0]), np.array([-s, c, 0.0]), np.array([0.0, 0.0, 1.0])
        if self.pitch == 0:
            return right, level, up
        c, s = np.cos(self.pitch), np.sin(self.pitch)
        return right, c * level + s * up, c * up - s * level

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


def moved(camera: Camera, move: str, t: float) -> Camera:
    """Where a camera that makes ``move`` from time 0 on is at ``t`` seconds.

    A pan and a tilt turn it about its eye; a dolly drives it along its axis, so that near things grow faster than far ones; an orbit
    walks it round the target; a zoom changes its lens alone.

    Example:
        >>> camera = Camera(target=(0, 0, 1), distance=2, yaw=0, eye_height=1.2, view_height=2)
        >>> moved(camera, "zoom_in", 1.0).view_height
        1.8
    """
    kind, _, way = move.partition("_")
    sign = -1.0 if way in ("left", "down", "out") else 1.0
    match kind:
        case "static":
            return camera
        case "pan":  # positive yaw looks to the left: the eye stays, the target moves
            yaw = camera.yaw - sign * PAN * t
            eye = camera.eye
            x, y = eye[0] - camera.distance * np.sin(yaw), eye[1] + camera.distance * np.cos(yaw)
            return replace(camera, yaw=float(yaw), target=(float(x), float(y), camera.target[2]))
        case "tilt":
            return replace(camera, pitch=camera.pitch + sign * TILT * t)
        case "dolly":
            factor = 1 - sign * DOLLY * t
            sink = camera.distance * (1 - factor) * float(np.tan(camera.pitch))  # a camera that looks down comes down
            x, y, z = camera.target
            return replace(
                camera,
                distance=camera.distance * factor,
                view_height=camera.view_height * factor,
                eye_height=camera.eye_height + sink,
                target=(x, y, z + sink),
            )
        case "orbit":
            return replace(camera, yaw=camera.yaw + sign * ORBIT * t)
        case "zoom":
            return replace(camera, view_height=camera.view_height * (1 - sign * ZOOM * t))
        case _:
            raise ValueError(f"no camera move {move!r}; there is {', '.join(MOVES)}")

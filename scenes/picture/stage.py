"""The floor and the wall behind it, as a camera sees them without any body."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kinema.scenes.picture.floors import FLOOR_LOOKS, backdrop
from kinema.scenes.picture.lens import Lens

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera

    Picture = NDArray[np.float32]
    Array = NDArray[np.float64]

__all__ = ["FINE", "Stage", "hit", "moving_stage", "still_stage"]

FINE = 3  # cells per pixel and side, for the stage and for bodies
CORNER = 0.28  # -, how much darker it is where floor and wall meet
ASIDE, FORTH, UP = 4.0, 4.0, 3.0  # views: how far the painted floor and wall reach to either side, in front of the wall, and up


@dataclass(frozen=True, slots=True)
class Stage:
    """What is behind everything.

    Attributes:
        colour: (H, W, 3) linear light.
        x, y, z: (H, W) m, the point at each pixel's centre.
        floor: (H, W) whether that is the floor, not the wall.
    """

    colour: Picture
    x: Picture
    y: Picture
    z: Picture
    floor: NDArray[np.bool_]


def hit(lens: Lens, wall_y: float, kind: type[np.floating[Any]] = np.float64) -> tuple[Picture, NDArray[np.bool_]]:
    """Where the ray through each cell's centre meets the floor or the wall: its depth in m (H, W), and whether it is the floor."""
    u, v = lens.u.astype(kind), lens.v.astype(kind)
    right, up, forward = lens.axes.astype(kind)
    down = u[None, :] * right[2] + (v * up[2] + forward[2])[:, None]
    away = u[None, :] * right[1] + (v * up[1] + forward[1])[:, None]
    with np.errstate(divide="ignore"):
        to_floor = np.where(down < 0, kind(-lens.eye[2]) / down, kind(np.inf))
        to_wall = np.where(away > 0, kind(wall_y - lens.eye[1]) / away, kind(np.inf))
    depth = np.minimum(np.minimum(to_floor, to_wall), kind(1e6))
    return depth.astype(np.float32), to_floor < to_wall


def _points(lens: Lens, wall_y: float) -> tuple[Array, NDArray[np.bool_]]:
    """World points (H, W, 3) under the cells' centres."""
    depth, floor = hit(lens, wall_y)
    u, v = lens.u.astype(float), lens.v.astype(float)
    points = np.empty((*depth.shape, 3))
    for k in range(3):
        ray = u[None, :] * lens.axes[0, k] + v[:, None] * lens.axes[1, k] + lens.axes[2, k]
        points[..., k] = lens.eye[k] + depth * ray
    return points, floor


def _corner(distance: Array) -> Array:
    """How much light is left at a distance (in views) from where floor and wall meet."""
    left: Array = 1 - CORNER * np.exp(-np.maximum(distance, 0) / 0.10)
    return left


def _placed(camera: Camera, wall_y: float, width: int, height: int, colour: Picture) -> Stage:
    points, floor = _points(Lens.of(camera, width, height), wall_y)
    x, y, z = (np.ascontiguousarray(points[..., k], dtype=np.float32) for k in range(3))
    return Stage(colour, x, y, z, floor)


@lru_cache(maxsize=8)
def still_stage(camera: Camera, floor: str, wall_y: float, view: float, width: int, height: int) -> Stage:
    """The stage of a camera that stands still: every cell is painted by itself."""
    points, up = _points(Lens.of(camera, width, height, FINE), wall_y)
    colour = np.empty_like(points)
    colour[up] = FLOOR_LOOKS[floor](points[up] / view) * _corner((wall_y - points[up][:, 1]) / view)[:, None]
    colour[~up] = backdrop(points[~up] / view) * _corner(points[~up][:, 2] / view)[:, None]
    small = cv2.resize(colour.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return _placed(camera, wall_y, width, height, small)


def moving_stage(camera: Camera, floor: str, wall_y: float, view: float, width: int, height: int) -> Stage:
    """The stage of one frame of a moving camera: looked up in pictures of the floor and the wall that are painted once."""
    lens = Lens.of(camera, width, height, FINE)
    depth, up = hit(lens, wall_y, np.float32)
    u, v, eye, axes = lens.u, lens.v, lens.eye.astype(np.float32), lens.axes.astype(np.float32)
    x, y, z = (eye[k] + depth * (u[None, :] * axes[0, k] + (v * axes[1, k] + axes[2, k])[:, None]) for k in range(3))
    grain = _grain(min(width, height))
    painted = _painted(floor, round(wall_y / view, 6), grain)
    rows = round(FORTH * grain)
    across = (x / view + ASIDE) * grain - 0.5
    on_floor = np.clip((y - wall_y) / view * grain + (rows - 0.5), 0, rows - 1)
    on_wall = np.clip(z / view * grain - 0.5, 0, len(painted) - rows - 1) + rows
    onward = np.where(up, on_floor, on_wall)
    colour = cv2.remap(painted, across, onward, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(colour, (width, height), interpolation=cv2.INTER_AREA)
    return _placed(camera, wall_y, width, height, small)


def _grain(size: int) -> int:
    """Texels per view: about two a pixel, within reason."""
    return int(np.clip(2 * size, 128, 320))


@lru_cache(maxsize=3)
def _painted(floor: str, wall_y: float, grain: int) -> Picture:
    """The floor from above, up to the wall, and below it the wall from in front, upwards; in texels of 1 / grain views."""
    x = (np.arange(round(2 * ASIDE * grain)) + 0.5) / grain - ASIDE
    y = wall_y - FORTH + (np.arange(round(FORTH * grain)) + 0.5) / grain
    z = (np.arange(round(UP * grain)) + 0.5) / grain
    painted = np.empty((len(y) + len(z), len(x), 3), dtype=np.float32)
    for first in range(0, len(y), 128):  # in strips, so that little memory is held at once
        some = np.stack(np.broadcast_arrays(x[None, :], y[first : first + 128, None], 0.0), axis=-1)
        painted[first : first + len(some)] = FLOOR_LOOKS[floor](some) * _corner(wall_y - some[..., 1])[..., None]
    upright = np.stack(np.broadcast_arrays(x[None, :], wall_y, z[:, None]), axis=-1)
    painted[len(y) :] = backdrop(upright) * _corner(upright[..., 2])[..., None]
    return painted

"""Thin things: tubes along a path, and springs."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Index = NDArray[np.int64]

__all__ = ["coil", "tube"]

TURNS = 9  # of a spring
STEPS = 12  # points per turn
LEAD = 0.08  # -, of a spring's length, straight at either end


def tube(path: Array, radius: float, around: int = 8) -> tuple[Array, Array, Index]:
    """Vertices, normals and faces of straight round tubes from point to point, closed at both ends.

    Example:
        >>> tube(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), 0.1, around=4)[0].shape
        (10, 3)
    """
    along = np.diff(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-12)
    level = np.where(np.abs(along[:, 2:]) > 0.9, [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    side = np.cross(along, level)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    ring = _ring(side, np.cross(along, side), around)  # (segments, around, 3)
    ends = np.stack([path[:-1], path[1:]], axis=1)  # (segments, 2, 3)
    vertices = ends[:, :, None] + radius * ring[:, None]
    normals = np.broadcast_to(ring[:, None], vertices.shape)
    caps = np.stack([-along, along], axis=1)
    block = np.concatenate([vertices.reshape(len(along), -1, 3), ends], axis=1)
    normal = np.concatenate([normals.reshape(len(along), -1, 3), caps], axis=1)
    faces = _tube_faces(around)[None] + (np.arange(len(along)) * (2 * around + 2))[:, None, None]
    return block.reshape(-1, 3), normal.reshape(-1, 3), faces.reshape(-1, 3)


def _ring(side: Array, other: Array, around: int) -> Array:
    angle = np.arange(around) * 2 * np.pi / around
    ring: Array = np.cos(angle)[:, None] * side[:, None] + np.sin(angle)[:, None] * other[:, None]
    return ring


@lru_cache(maxsize=8)
def _tube_faces(around: int) -> Index:
    """The wall of one segment and its two caps, counter-clockwise from outside."""
    here, there = np.arange(around), (np.arange(around) + 1) % around
    wall = [np.stack([here, there, there + around], -1), np.stack([here, there + around, here + around], -1)]
    first, last = np.full(around, 2 * around), np.full(around, 2 * around + 1)
    caps = [np.stack([first, there, here], -1), np.stack([last, here + around, there + around], -1)]
    return np.concatenate(wall + caps)


def coil(start: Array, end: Array, radius: float, wire: float, around: int = 6) -> tuple[Array, Array, Index]:
    """Vertices, normals and faces of a coil spring between two points."""
    axis = end - start
    length = float(np.linalg.norm(axis))
    along = axis / max(length, 1e-12)
    level = np.array([1.0, 0.0, 0.0]) if abs(along[2]) > 0.9 else np.array([0.0, 0.0, 1.0])
    side = np.cross(along, level)
    side /= np.linalg.norm(side)
    other = np.cross(along, side)
    share = np.linspace(0, 1, TURNS * STEPS + 1)
    angle = 2 * np.pi * TURNS * share
    swing = np.minimum(1, 12 * np.minimum(share, 1 - share))[:, None] * radius  # the turns open from the axis
    round_ = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * other
    path = start + axis * (LEAD + (1 - 2 * LEAD) * share)[:, None] + swing * round_
    path = np.concatenate([start[None], path, end[None]])
    return _bent(path, along, wire, around)


def _bent(path: Array, axis: Array, radius: float, around: int) -> tuple[Array, Array, Index]:
    """One tube that bends at every point of the path, which nowhere turns back on the axis."""
    ahead = np.gradient(path, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=-1, keepdims=True), 1e-12)
    side = np.cross(ahead, axis)
    weak = np.linalg.norm(side, axis=-1) < 1e-6
    side[weak] = np.cross(ahead[weak], np.roll(axis, 1) + 0.3)
    side /= np.linalg.norm(side, axis=-1, keepdims=True)
    ring = _ring(side, np.cross(ahead, side), around)
    vertices = path[:, None] + radius * ring
    here, there = np.arange(around), (np.arange(around) + 1) % around
    strip = np.concatenate([np.stack([here, there, there + around], -1), np.stack([here, there + around, here + around], -1)])
    faces = strip[None] + (np.arange(len(path) - 1) * around)[:, None, None]
    return vertices.reshape(-1, 3), ring.reshape(-1, 3), faces.reshape(-1, 3)

"""Soft shadows of what stands still: maps of depth towards many points of the lamp and of the sky."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.scenes.picture.cast import nearest_cells, runs
from kinema.scenes.picture.shadow import across
from kinema.scenes.shapes import Ball, mesh_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.picture.cast import Shape
    from kinema.scenes.picture.light import Rig
    from kinema.scenes.picture.shadow import Ground

    Array = NDArray[np.float64]
    Floats = NDArray[np.float32]

__all__ = ["BakedShade", "StillShade"]


class _DepthMap(NamedTuple):
    """Heights towards one point of a lamp or the sky, on a grid across its light."""

    grid: Floats  # (cells,) m; -inf where nothing stands
    frame: Floats  # rows turn points into column, row and height
    start: Floats  # added to column and row
    cell: float  # m


class StillShade:
    """How much of lamp and sky what stands still leaves to any point: depth maps towards some points of the lamp and of the sky."""

    LAMPS, SKIES, SIZE = 12, 10, 224

    def __init__(self, shapes: Sequence[Shape], rig: Rig, view: float) -> None:
        corners = []
        for shape in shapes:
            if shape.vertices is None:
                mesh = mesh_of(Ball(shape.radius))
                corners.append((mesh.vertices + shape.centre)[mesh.faces])
            else:
                assert shape.faces is not None
                corners.append(shape.vertices[shape.faces])
        self.corner = np.concatenate(corners)
        self.view = view
        self.lamps = [self._map(way) for way in _round_lamp(rig, self.LAMPS)]
        self.skies = [self._map(way) for way in _over_sky(self.SKIES)]

    def _map(self, way: Array) -> _DepthMap:
        """What stands there, seen from one direction."""
        first, second = across(way.astype(np.float32))
        a, b, up = (self.corner[..., 0] * v[0] + self.corner[..., 1] * v[1] + self.corner[..., 2] * v[2] for v in (first, second, way))
        low = np.array([a.min(), b.min()])
        scale = (self.SIZE - 4) / max(np.ptp(a), np.ptp(b), 1e-6)
        xy = (np.stack([a, b], axis=-1) - low) * scale + 2
        face, row, column = runs(xy, self.SIZE, self.SIZE)
        height = _plane_heights(xy, up, face, row, column)
        cell, winner = nearest_cells(row * self.SIZE + column, height, self.SIZE**2)
        grid = np.full(self.SIZE**2, -np.inf, dtype=np.float32)
        grid[cell] = height[winner]
        frame = np.stack([first * scale, second * scale, way]).astype(np.float32)
        return _DepthMap(grid, frame, (2 - low * scale).astype(np.float32), float(1 / scale))

    def _open(self, maps: list[_DepthMap], x: Floats, y: Floats, z: Floats) -> Floats:
        total = np.zeros(x.shape, dtype=np.float32)
        for one in maps:
            frame, start = one.frame, one.start
            column = (x * frame[0, 0] + y * frame[0, 1] + z * frame[0, 2] + start[0]).astype(np.int32)
            row = (x * frame[1, 0] + y * frame[1, 1] + z * frame[1, 2] + start[1]).astype(np.int32)
            height = x * frame[2, 0] + y * frame[2, 1] + z * frame[2, 2]
            inside = (column >= 0) & (row >= 0) & (column < self.SIZE) & (row < self.SIZE)
            there = one.grid[np.where(inside, row * self.SIZE + column, 0)]
            total += ~(inside & (there > height + 1.5 * one.cell + 0.002 * self.view))
        return total / np.float32(len(maps))

    def lamp(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """The share of the lamp seen from points."""
        return self._open(self.lamps, x, y, z)

    def sky(self, x: Floats, y: Floats, z: Floats) -> Floats:
        """The share of the sky seen from points."""
        return self._open(self.skies, x, y, z)

    def left(self, rig: Rig, x: Floats, y: Floats, z: Floats) -> Floats:
        """How much light reaches points just off a surface."""
        return (1 - rig.shade * (1 - self.lamp(x, y, z))) * (1 - rig.close * (1 - self.sky(x, y, z)))

    def on(self, ground: Ground, rig: Rig) -> Floats:
        """How much light reaches the ground (H, W)."""
        step = np.float32(0.006 * self.view)
        return self.left(rig, ground.x + step * ground.nx, ground.y + step * ground.ny, ground.z + step * ground.nz)


class BakedShade:
    """What :class:`StillShade` leaves on the floor and the wall, on a grid of points, for cameras that move."""

    GRAIN, REACH = 48, 2.0  # points per view; views to either side of the middle

    def __init__(self, shade: StillShade, rig: Rig, view: float, wall_y: float) -> None:
        self.view = view
        size = round(2 * self.REACH * self.GRAIN)
        line = ((np.arange(size) + 0.5) / self.GRAIN - self.REACH).astype(np.float32) * np.float32(view)
        across, onward = np.broadcast_arrays(line[None, :], line[:, None])
        step = np.float32(0.006 * view)
        floor = shade.left(rig, across, onward, np.full_like(across, step))
        wall = shade.left(rig, across, np.full_like(across, wall_y - step), onward)
        self.light = np.concatenate([floor, wall]).astype(np.float32)

    def on(self, ground: Ground) -> Floats:
        """How much light reaches the ground (H, W)."""
        up = ground.nz > 0.5
        scale = np.float32(self.GRAIN / self.view)
        rows = len(self.light) // 2
        column = (ground.x * scale + (self.REACH * self.GRAIN - 0.5)).astype(np.float32)
        row = np.clip(np.where(up, ground.y, ground.z) * scale + (self.REACH * self.GRAIN - 0.5), 0, rows - 1)
        row = (row + np.where(up, 0, rows)).astype(np.float32)
        return np.asarray(cv2.remap(self.light, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32)


def _plane_heights(xy: Array, up: Array, face: NDArray[np.int64], row: NDArray[np.int64], column: NDArray[np.int64]) -> Floats:
    """Heights over cells, affine on every triangle."""
    edge, other = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
    area = edge[:, 0] * other[:, 1] - edge[:, 1] * other[:, 0]
    area = np.where(np.abs(area) < 1e-9, np.inf, area)
    rise, more = up[:, 1] - up[:, 0], up[:, 2] - up[:, 0]
    across = (rise * other[:, 1] - more * edge[:, 1]) / area
    down = (more * edge[:, 0] - rise * other[:, 0]) / area
    start = up[:, 0] - across * (xy[:, 0, 0] - 0.5) - down * (xy[:, 0, 1] - 0.5)
    heights: Floats = (start[face] + across[face] * column + down[face] * row).astype(np.float32)
    return heights


def _round_lamp(rig: Rig, count: int) -> list[Array]:
    """Directions to points spread over the lamp (a sunflower's pattern)."""
    first, second = across(rig.sun)
    number = np.arange(count) + 0.5
    radius, angle = rig.size * np.sqrt(number / count), number * 2.399963
    ways = rig.sun.astype(float) + radius[:, None] * (np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second)
    return list(ways / np.linalg.norm(ways, axis=-1, keepdims=True))


def _over_sky(count: int) -> list[Array]:
    """Directions over the upper half, more of them near the top."""
    number = np.arange(count) + 0.5
    radius, angle = 0.94 * np.sqrt(number / count), number * 2.399963
    return list(np.stack([radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - radius**2)], axis=-1))

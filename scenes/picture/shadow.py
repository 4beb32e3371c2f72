"""Soft shadows: of moving balls in closed form, of other moving bodies from their outlines, of what stands still from maps of depth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.scenes.picture.cast import nearest_cells, runs
from kinema.scenes.shapes import Ball, mesh_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.picture.cast import Shape
    from kinema.scenes.picture.lens import Lens
    from kinema.scenes.picture.light import Rig

    Array = NDArray[np.float64]
    Floats = NDArray[np.float32]

Window = tuple[int, int, int, int]  # pixels: top, bottom, left, right

__all__ = ["BakedShade", "Ground", "StillShade", "Umbra", "Window"]

CLOSE = 8.0  # radii: how far a body takes light of the sky from what is near it
OUTLINE = 12  # cells per radius in a body's outline as the lamp sees it
REACH = 2.5  # radii that the outline's picture reaches to either side
CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
BLURS = (0.5, 1.0, 2.0, 4.0, 8.0)  # cells, of the outline's blurred pictures


@dataclass(frozen=True, slots=True)
class Ground:
    """What receives shadows: a point and a normal per pixel, (H, W) each."""

    x: Floats
    y: Floats
    z: Floats
    nx: Floats
    ny: Floats
    nz: Floats

    def part(self, window: tuple[slice, slice]) -> Ground:
        """The same of some pixels."""
        return Ground(*(plane[window] for plane in (self.x, self.y, self.z, self.nx, self.ny, self.nz)))


class Umbra:
    """What one moving body takes from the ground of one camera.

    Args:
        lens: of the pixels.
        shape: the body.
        radius: m, of the ball that holds it.
        girth: m, of the ball of the same volume: what it takes of the sky.
        rig: the lamp.
        wall_y: m, of the wall behind.
    """

    def __init__(self, lens: Lens, shape: Shape, radius: float, girth: float, rig: Rig, wall_y: float) -> None:
        self.shape, self.radius, self.girth, self.rig = shape, radius, girth, rig
        self.near, self.shadow = _windows(lens, shape.centre, radius, girth, rig, wall_y)
        self.outline: _Outline | None = None

    def left(self, ground: Ground, within: Window | None = None) -> tuple[Window, Floats] | None:
        """The share of the light that is left, and on which pixels of the ground; None where that is all of it.

        Args:
            ground: what is seen at each pixel.
            within: the only pixels that matter.
        """
        window = _common(_joined(self.near, self.shadow), within)
        if window is None:
            return None
        left = np.ones((window[1] - window[0], window[3] - window[2]), np.float32)
        for part, share in ((self.near, self._close), (self.shadow, self._covered)):
            some = _common(part, within)
            if some is not None:
                left[_slices(some, window)] *= share(ground.part(_slices(some)))
        return window, left

    def _to_centre(self, part: Ground) -> tuple[Floats, Floats, Floats]:
        x, y, z = (np.float32(value) for value in self.shape.centre)
        return x - part.x, y - part.y, z - part.z

    def _close(self, part: Ground) -> Floats:
        """What is left of the sky's light."""
        tx, ty, tz = self._to_centre(part)
        girth = np.float32(self.girth)
        near = np.maximum(tx * tx + ty * ty + tz * tz, girth**2)
        facing = np.maximum(tx * part.nx + ty * part.ny + tz * part.nz, 0)
        hidden = np.minimum(facing * girth**2 / (near * np.sqrt(near)), 1)
        return np.asarray(1 - self.rig.close * hidden)

    def _covered(self, part: Ground) -> Floats:
        """What is left of the lamp's light."""
        tx, ty, tz = self._to_centre(part)
        sx, sy, sz = self.rig.sun
        along = tx * sx + ty * sy + tz * sz
        if self.shape.vertices is None:
            return np.asarray(1 - self.rig.shade * _behind_ball(tx * tx + ty * ty + tz * tz, along, self.radius, self.rig.size))
        self.outline = self.outline or _Outline(self.shape, self.radius, self.rig)
        return np.asarray(1 - self.rig.shade * _behind_outline(self.outline, tx, ty, tz, along, self.rig.size))


def _slices(window: Window, start: Window = (0, 0, 0, 0)) -> tuple[slice, slice]:
    """A window as slices, counted from the corner of another one."""
    top, bottom, left, right = window
    return slice(top - start[0], bottom - start[0]), slice(left - start[2], right - start[2])


def _common(window: Window | None, other: Window | None) -> Window | None:
    """What two windows share; None as ``other`` is everything."""
    if window is None or other is None:
        return window
    found = max(window[0], other[0]), min(window[1], other[1]), max(window[2], other[2]), min(window[3], other[3])
    return found if found[0] < found[1] and found[2] < found[3] else None


def _joined(window: Window | None, other: Window | None) -> Window | None:
    """The smallest window that holds both."""
    if window is None or other is None:
        return window or other
    return min(window[0], other[0]), max(window[1], other[1]), min(window[2], other[2]), max(window[3], other[3])


def _behind_ball(square: Floats, along: Floats, radius: float, size: float) -> Floats:
    """The share of a round lamp that a ball covers, nearly."""
    beside = np.sqrt(np.maximum(square - along * along, 0))
    soft = np.asarray(np.maximum(along, 0) * size + 0.06 * radius, dtype=np.float32)
    covered = np.clip((radius + soft - beside) / (2 * soft), 0, 1) * (along > 0)
    share: Floats = covered * covered * (3 - 2 * covered) * np.minimum(1.0, (radius / soft) ** 2)
    return share


class _Outline:
    """What the lamp sees of a body, more and more blurred."""

    def __init__(self, shape: Shape, radius: float, rig: Rig) -> None:
        assert shape.vertices is not None and shape.faces is not None
        self.first, self.second = _beside(rig.sun)
        self.scale = OUTLINE / radius
        self.half = OUTLINE * REACH
        size = round(2 * self.half)
        away = shape.vertices - shape.centre
        a, b = (away[:, 0] * way[0] + away[:, 1] * way[1] + away[:, 2] * way[2] for way in (self.first, self.second))
        xy = np.stack([a, b], axis=-1) * self.scale + self.half
        _, row, column = runs(xy[shape.faces], size, size)
        mask = np.zeros((size, size), dtype=np.float32)
        mask[row, column] = 1
        self.mask = mask
        self._blurred: dict[int, Floats] = {}

    def blurred(self, level: int) -> Floats:
        """The outline, blurred by ``BLURS[level]``."""
        if level not in self._blurred:
            picture = cv2.GaussianBlur(self.mask, (0, 0), BLURS[level], borderType=cv2.BORDER_CONSTANT)
            self._blurred[level] = np.asarray(picture, dtype=np.float32)
        return self._blurred[level]


def _behind_outline(outline: _Outline, tx: Floats, ty: Floats, tz: Floats, along: Floats, size: float) -> Floats:
    """The share of the lamp that a body covers: its outline, blurred as much as the distance asks for."""
    first, second = outline.first.astype(np.float32), outline.second.astype(np.float32)
    a = -(tx * first[0] + ty * first[1] + tz * first[2]) * np.float32(outline.scale) + np.float32(outline.half - 0.5)
    b = -(tx * second[0] + ty * second[1] + tz * second[2]) * np.float32(outline.scale) + np.float32(outline.half - 0.5)
    sigma = 0.42 * (np.maximum(along, 0) * np.float32(size * outline.scale) + np.float32(0.06 * OUTLINE))
    level = np.clip(np.log2(sigma / np.float32(BLURS[0])), 0, len(BLURS) - 1)  # each blur is twice the one before
    covered = np.zeros_like(along)
    lowest, highest = int(level.min()), int(np.ceil(level.max()))
    for k in range(lowest, highest + 1):
        weight = np.clip(1 - np.abs(level - k), 0, 1)
        covered += weight * cv2.remap(outline.blurred(k), a, b, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    share: Floats = covered * np.clip(along * outline.scale / 2 + 1, 0, 1)
    return share


def _beside(sun: Floats) -> tuple[Array, Array]:
    """Two unit vectors across the light."""
    return _across(*(float(x) for x in sun))


@lru_cache(maxsize=64)
def _across(x: float, y: float, z: float) -> tuple[Array, Array]:
    way = np.array([x, y, z])
    first = np.cross(way, [0.0, 1.0, 0.0])
    first /= np.linalg.norm(first)
    return first, np.cross(way, first)


def _windows(
    lens: Lens, centre: Array, radius: float, girth: float, rig: Rig, wall_y: float
) -> tuple[Window | None, Window | None]:
    """The pixels that a body may darken by being near, and those between it and where its shadow falls."""
    sun = rig.sun.astype(float)
    way = centre[2] / sun[2]
    if sun[1] < 0:
        way = min(way, (wall_y - centre[1]) / -sun[1])
    way = max(way, 0.0)
    wide = (radius + way * rig.size + 0.06 * radius) / max(min(sun[2], 1.0), 0.2)
    near = CORNERS * max(CLOSE * girth, 1.1 * radius)
    points = np.concatenate([centre + near, centre + CORNERS * 1.1 * radius, centre - sun * way + CORNERS * wide])
    own = lens.own(points)
    own[:, 2] = np.maximum(own[:, 2], 0.05)
    cells = lens.on_film(own)
    return _round(cells[:8], lens), _round(cells[8:], lens)


def _round(cells: Array, lens: Lens) -> Window | None:
    """The whole pixels of the picture that hold some points."""
    (left, top), (right, bottom) = np.floor(cells.min(axis=0)), np.ceil(cells.max(axis=0)) + 1
    found = max(int(top), 0), min(int(bottom), lens.height), max(int(left), 0), min(int(right), lens.width)
    return found if found[0] < found[1] and found[2] < found[3] else None


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
        first, second = _beside(way.astype(np.float32))
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
    first, second = _beside(rig.sun)
    number = np.arange(count) + 0.5
    radius, angle = rig.size * np.sqrt(number / count), number * 2.399963
    ways = rig.sun.astype(float) + radius[:, None] * (np.cos(angle)[:, None] * first + np.sin(angle)[:, None] * second)
    return list(ways / np.linalg.norm(ways, axis=-1, keepdims=True))


def _over_sky(count: int) -> list[Array]:
    """Directions over the upper half, more of them near the top."""
    number = np.arange(count) + 0.5
    radius, angle = 0.94 * np.sqrt(number / count), number * 2.399963
    return list(np.stack([radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - radius**2)], axis=-1))

"""Soft shadows of what moves: of balls in closed form, of other bodies from their outlines as the lamp sees them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.scenes.picture.cast import runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.picture.cast import Shape
    from kinema.scenes.picture.lens import Lens
    from kinema.scenes.picture.light import Rig

    Array = NDArray[np.float64]
    Floats = NDArray[np.float32]

Window = tuple[int, int, int, int]  # pixels: top, bottom, left, right
Parts = tuple["tuple[Window, Floats] | None", "tuple[Window, Floats] | None"]  # of sky and lamp

__all__ = ["Ground", "Parts", "Umbra", "across", "shadows"]

CLOSE = 8.0  # radii: how far a body takes light of the sky from what is near it
OUTLINE = 12  # cells per radius in a body's outline as the lamp sees it
REACH = 2.5  # radii that the outline's picture reaches to either side
CORNERS = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
BLURS = (0.5, 1.0, 2.0, 4.0, 8.0)  # cells, of the outline's blurred pictures


class Ground(NamedTuple):
    """What receives shadows: per pixel (H, W) a point, a normal, and where the point lies across and along the light."""

    x: Floats
    y: Floats
    z: Floats
    nx: Floats
    ny: Floats
    nz: Floats
    first: Floats
    second: Floats
    along: Floats

    @classmethod
    def of(cls, point: Sequence[Floats], normal: Sequence[Floats], rig: Rig) -> Ground:
        """The ground of these points and normals under a lamp."""
        x, y, z = point
        ways = (*across(rig.sun), rig.sun)
        planes = (np.asarray(x * np.float32(w[0]) + y * np.float32(w[1]) + z * np.float32(w[2])) for w in ways)
        return cls(*point, *normal, *planes)


class Umbra:
    """What one moving body takes from the ground of one camera."""

    def __init__(self, lens: Lens, shape: Shape, radius: float, girth: float, rig: Rig, wall_y: float) -> None:
        self.shape, self.radius, self.girth, self.rig = shape, radius, girth, rig
        self.near, self.shadow = _windows(lens, shape.centre, radius, girth, rig, wall_y)
        self.outline: _Outline | None = None

    @classmethod
    def of(
        cls, lens: Lens, shapes: Sequence[Shape], radii: Sequence[float], girths: Sequence[float], rig: Rig, wall_y: float
    ) -> list[Umbra]:
        """Of several bodies.

        Args:
            lens: of the pixels.
            shapes: the bodies.
            radii: m, of the balls that hold them.
            girths: m, of the balls of the same volumes: what they take of the sky.
            rig: the lamp.
            wall_y: m, of the wall behind.
        """
        umbras = [cls(lens, shape, radius, girth, rig, wall_y) for shape, radius, girth in zip(shapes, radii, girths, strict=True)]
        angular = [umbra for umbra in umbras if umbra.shape.vertices is not None]
        if angular:
            outlines = _Outline.of([umbra.shape for umbra in angular], [umbra.radius for umbra in angular], rig)
            for umbra, outline in zip(angular, outlines, strict=True):
                umbra.outline = outline
        return umbras

    def on(self, ground: Ground) -> Parts:
        """What is left of the sky's light and of the lamp, each with the pixels of the ground where that is not all."""
        sky = None if self.near is None else (self.near, self._close(_part(ground, self.near)))
        lamp = None if self.shadow is None else (self.shadow, self._open(_part(ground, self.shadow)))
        return sky, lamp

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

    def _open(self, part: Ground) -> Floats:
        """The share of the lamp that is seen."""
        centre, rig = self.shape.centre, self.rig
        first, second, sun = (float(centre[0] * way[0] + centre[1] * way[1] + centre[2] * way[2]) for way in (*across(rig.sun), rig.sun))
        a, b, along = part.first - np.float32(first), part.second - np.float32(second), np.float32(sun) - part.along
        if self.outline is None:
            return np.asarray(1 - _behind_ball(np.sqrt(a * a + b * b), along, self.radius, rig.size))
        return np.asarray(1 - self.outline.covers(a, b, along, rig.size))


def _part(ground: Ground, window: Window) -> Ground:
    """The pixels of a window."""
    top, bottom, left, right = window
    return Ground(*(plane[top:bottom, left:right] for plane in ground))


def shadows(parts: Sequence[Parts], shape: tuple[int, int], rig: Rig) -> Floats:
    """The light (H, W) that several bodies leave. Where their shadows meet it is no darker than where one is."""
    sky, lamp = np.ones(shape, np.float32), np.ones(shape, np.float32)
    for pair in parts:
        for whole, part in zip((sky, lamp), pair, strict=True):
            if part is not None:
                (top, bottom, left, right), share = part
                whole[top:bottom, left:right] *= share
    return np.asarray(sky * (1 - rig.shade * (1 - lamp)))


def _behind_ball(beside: Floats, along: Floats, radius: float, size: float) -> Floats:
    """The share of a round lamp that a ball covers, nearly."""
    soft = np.asarray(np.maximum(along, 0) * size + 0.06 * radius, dtype=np.float32)
    covered = np.clip((radius + soft - beside) / (2 * soft), 0, 1) * (along > 0)
    share: Floats = covered * covered * (3 - 2 * covered) * np.minimum(1.0, (radius / soft) ** 2)
    return share


class _Outline:
    """What the lamp sees of a body, more and more blurred: square pictures of ``SIZE`` cells, one below the other."""

    SIZE = round(2 * OUTLINE * REACH)

    def __init__(self, mask: Floats, radius: float) -> None:
        self.scale = np.float32(OUTLINE / radius)
        self.blurred = np.concatenate([cv2.GaussianBlur(mask, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT) for sigma in BLURS])

    @classmethod
    def of(cls, shapes: Sequence[Shape], radii: Sequence[float], rig: Rig) -> list[_Outline]:
        """Of several bodies at once."""
        corners = []
        for k, (shape, radius) in enumerate(zip(shapes, radii, strict=True)):
            assert shape.vertices is not None and shape.faces is not None
            away = (shape.vertices - shape.centre) * (OUTLINE / radius)
            a, b = (away[:, 0] * way[0] + away[:, 1] * way[1] + away[:, 2] * way[2] for way in across(rig.sun))
            corners.append(np.stack([a + cls.SIZE / 2, b + cls.SIZE * (k + 0.5)], axis=-1)[shape.faces])
        masks = np.zeros((len(shapes) * cls.SIZE, cls.SIZE), dtype=np.float32)
        _, row, column = runs(np.concatenate(corners), cls.SIZE, len(masks))
        masks[row, column] = 1
        return [cls(masks[k * cls.SIZE : (k + 1) * cls.SIZE], radius) for k, radius in enumerate(radii)]

    def covers(self, a: Floats, b: Floats, along: Floats, size: float) -> Floats:
        """The share of the lamp that is covered, at points across and along the light: blurred as much as the distance asks for."""
        middle = np.float32(self.SIZE / 2 - 0.5)
        column, row = a * self.scale + middle, np.clip(b * self.scale + middle, 0, self.SIZE - 1)
        sigma = np.maximum(along, 0) * np.float32(0.42 * size) * self.scale + np.float32(0.42 * 0.06 * OUTLINE)
        level = np.clip(np.log2(sigma / np.float32(BLURS[0])), 0, len(BLURS) - 1.001)  # each blur is twice the one before
        sharp = np.floor(level)
        row += sharp * self.SIZE
        less = cv2.remap(self.blurred, column, row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        more = cv2.remap(self.blurred, column, row + self.SIZE, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        covered = less + (more - less) * (level - sharp)
        return np.asarray(covered * np.clip(along * self.scale / 2 + 1, 0, 1), dtype=np.float32)


def across(sun: Floats) -> tuple[Array, Array]:
    """Two unit vectors across a light."""
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

"""Frame by frame: geometry, light, shadow and style put together.

Everything is in linear light until a style makes bytes of it. Bodies, props and ties are drawn in cells, 3 x 3 to a pixel, and only where
there are any; what stands still is drawn once per camera.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import cv2
import numpy as np

from kinema.scenes.picture.cast import Seen, Shape, cast, dot
from kinema.scenes.picture.lens import Lens
from kinema.scenes.picture.light import RIGS, Rig
from kinema.scenes.picture.looks import Looks
from kinema.scenes.picture.shadow import Ground, Parts, Umbra, shadows
from kinema.scenes.picture.stage import FINE, Stage, moving_stage, still_stage
from kinema.scenes.picture.still_shade import BakedShade, StillShade
from kinema.scenes.picture.style import STYLE_LOOKS, Sheet, seed_of
from kinema.scenes.picture.things import Things
from kinema.scenes.shapes import volume_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.truth import Truth

    Picture = NDArray[np.float32]


__all__ = ["Caster", "Painter"]

THIN = -2  # in pictures of what is where: a string, rod or spring


class Caster(Protocol):
    """A geometry pass: what the lens sees of the shapes, as far as it is nearer than what is ``behind``."""

    def __call__(self, lens: Lens, shapes: Sequence[Shape], behind: Picture | None = None) -> Seen:
        """See :func:`~kinema.scenes.picture.cast.cast`."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Something drawn in cells, brought to pixels."""

    colour: Picture  # (H, W, 3) times the cover
    cover: Picture  # (H, W)


@dataclass(frozen=True, slots=True)
class _Still:
    """All that does not move, seen by one camera."""

    lens: Lens  # of pixels
    fine: Lens  # of cells
    ground: Ground  # what receives shadows: the stage, and where a pixel is mostly a prop, that
    colour: Picture  # (H, W, 3) of floor and wall
    behind: Picture | None  # (cells,) inverse depth of opaque things that stand still
    index: NDArray[np.int32]  # (cells,) of those things; -1 is the stage
    props: _Layer | None
    clear: tuple[tuple[Seen, Picture, Picture], ...]  # see-through things: cells, light and opacity of each
    normal: Picture | None  # (cells, 3), only for styles with outlines


class Painter:
    """Draws the frames of one truth.

    Args:
        truth: what there is.
        times: s, of the frames.
        width, height: pixels.
        caster: the geometry pass.
    """

    def __init__(self, truth: Truth, times: NDArray[np.float64], width: int, height: int, caster: Caster = cast) -> None:
        self.truth, self.width, self.height, self.caster = truth, width, height, caster
        self.view, self.wall_y = truth.scene.view, truth.room["wall_y"]
        self.things = Things(truth, times)
        self.cameras = truth.cameras(times)
        self.moving = truth.scene.move != "static"
        self.style = STYLE_LOOKS[truth.scene.style]
        rig = RIGS[truth.scene.lighting]
        self.rig = replace(rig, shade=rig.shade * self.style.shadow, close=rig.close * self.style.shadow)
        self.looks = Looks(self.things, self.rig, self.style, truth.camera.pixels_per_metre(width, height))
        self.thin = np.array([thing.kind == "tie" for thing in self.things.all], bool)
        rows, columns = np.arange(height * FINE) // FINE, np.arange(width * FINE) // FINE
        self.pixel_of = (rows[:, None] * width + columns).astype(np.int32).ravel()
        self.seed = seed_of(truth.scene.id)
        solid = [shape for shape in self.things.shapes(0, moving=False) if self.things.all[shape.index].kind == "prop"]
        self.shade = StillShade(solid, self.rig, self.view) if solid else None
        self.girths = [_girth(thing.solid, thing.radius) for thing in self.things.all]
        self.baked = BakedShade(self.shade, self.rig, self.view, self.wall_y) if self.shade is not None and self.moving else None
        self.still: tuple[Camera, _Still] | None = None
        self.umbras: dict[int, tuple[bytes, _Still, Parts]] = {}  # as last seen

    def frame(self, number: int) -> NDArray[np.uint8]:
        """One frame (H, W, 3)."""
        camera = self.cameras[number]
        if self.still is None or self.still[0] != camera:
            self.still = (camera, self._still(camera))
        still = self.still[1]
        shapes = self.things.shapes(number, moving=True)
        seen = self.caster(still.fine, shapes, still.behind)
        colour = self.looks.colours(seen, number, still.fine.eye.astype(np.float32), self._open(seen))
        light = self._composed(still, shapes, seen, colour)
        front = self._front(still, seen)
        light = self._through(still, front, light)
        if not self.style.lines:
            return self.style.finish(Sheet(light, None, None, None, self.seed, number))
        bodies = self.looks.body[seen.index]
        tint = self._pixels(seen.cell[bodies], self.looks.paint[seen.index[bodies]])
        lines = self._lines(still, seen, front)
        return self.style.finish(Sheet(light, lines, tint.colour, tint.cover, self.seed, number))

    # What stands still ---------------------------------------------------------------------------------------------------------------

    def _still(self, camera: Camera) -> _Still:
        lens, fine = Lens.of(camera, self.width, self.height), Lens.of(camera, self.width, self.height, FINE)
        paint = moving_stage if self.moving else still_stage
        stage = paint(camera, self.truth.floor, self.wall_y, self.view, self.width, self.height)
        ground = _ground_of(stage, self.rig)
        colour = self._lit_stage(stage, ground)
        shapes = self.things.shapes(0, moving=False)
        index = np.full(fine.width * fine.height, -1, dtype=np.int32)
        normal = np.zeros((len(index), 3), np.float32) if self.style.lines else None
        behind, props = None, None
        if shapes:
            seen = self.caster(fine, shapes, None)
            behind = np.zeros(len(index), np.float32)
            behind[seen.cell], index[seen.cell] = seen.inverse, seen.index
            if normal is not None:
                normal[seen.cell] = seen.normal
            props, ground = self._prop_layer(seen, fine, ground)
        clear = tuple(self._clear(fine, behind, k) for k in self._clear_order(fine))
        return _Still(lens, fine, ground, colour, behind, index, props, clear, normal)

    def _lit_stage(self, stage: Stage, ground: Ground) -> Picture:
        colour = self.style.stage(stage.colour, stage.floor) * np.array(self.rig.stage, np.float32)
        if self.shade is not None:
            left = self.shade.on(ground, self.rig) if self.baked is None else self.baked.on(ground)
            colour = colour * left[..., None]
        if self.rig.pool:
            colour = colour * self.rig.share(stage.x, stage.y, stage.z, self.view)[..., None]
        return colour.astype(np.float32)

    def _prop_layer(self, seen: Seen, fine: Lens, ground: Ground) -> tuple[_Layer, Ground]:
        """Colours and places of what stands still, by pixel."""
        rows, back = self._by_pixel(seen)
        some = Seen(*(getattr(seen, name)[rows] for name in Seen.__slots__))
        shaded = some if self.moving else seen  # one colour per pixel and thing is enough for what is drawn in every frame
        light = self.looks.colours(shaded, 0, fine.eye.astype(np.float32), np.ones(len(shaded.cell), np.float32))
        if self.shade is not None:
            left = np.where(self.looks.flat[some.index], 1, self.shade.left(self.rig, *self._off(some))).astype(np.float32)
            light *= (left if self.moving else left[back])[:, None]
        light = light[back] if self.moving else light
        layer = self._pixels(seen.cell, light)
        mostly = np.flatnonzero(layer.cover.ravel()[self.pixel_of[some.cell]] > 0.5)
        pixel = self.pixel_of[some.cell[mostly]]
        planes = [plane.copy() for plane in ground[:6]]
        for plane, values in zip(planes, (*some.point[mostly].T, *some.normal[mostly].T), strict=True):
            plane.ravel()[pixel] = values
        return layer, Ground.of(planes[:3], planes[3:], self.rig)

    def _clear_order(self, fine: Lens) -> list[int]:
        """See-through things, the farthest first."""
        found = [k for k, thing in enumerate(self.things.all) if self.things.clear(thing)]
        return sorted(found, key=lambda k: -float(np.linalg.norm(self.things.pose(0, k)[0] - fine.eye)))

    def _clear(self, fine: Lens, behind: Picture | None, k: int) -> tuple[Seen, Picture, Picture]:
        """One sees less through what is seen from the side: Schlick's term, so that rims and edges show and what is inside stays clear."""
        seen = self.caster(fine, [self.things.shape(0, k)], behind)
        light = self.looks.colours(seen, 0, fine.eye.astype(np.float32), np.ones(len(seen.cell), np.float32))
        ray = seen.point - fine.eye.astype(np.float32)
        facing = np.clip(-dot(seen.normal, ray) / np.sqrt(dot(ray, ray)), 0, 1)
        opacity = self.truth.props[self.things.all[k].of].opacity * (0.60 + 0.40 * (1 - facing) ** 2)
        return seen, light, opacity.astype(np.float32)

    # What moves ----------------------------------------------------------------------------------------------------------------------

    def _open(self, seen: Seen) -> Picture:
        """The share of the lamp that props leave to what moves."""
        if self.shade is None or not len(seen.cell):
            return np.ones(len(seen.cell), np.float32)
        rows, back = self._by_pixel(seen)
        some = Seen(*(getattr(seen, name)[rows] for name in Seen.__slots__))
        return self.shade.lamp(*self._off(some))[back]

    def _off(self, seen: Seen) -> NDArray[np.float32]:
        """(3, n) points just off the surfaces, so that these do not shade themselves."""
        return np.asarray((seen.point + np.float32(0.006 * self.view) * seen.normal).T)

    def _by_pixel(self, seen: Seen) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """One cell for every pixel and thing, and for every cell which of those stands for it: light changes slowly."""
        key = self.pixel_of[seen.cell] * 16 + seen.index % 16
        last = np.full(self.width * self.height * 16, -1, dtype=np.int64)
        last[key] = np.arange(len(key))
        found = last >= 0
        number = np.cumsum(found) - 1
        return last[found], number[key]

    def _composed(self, still: _Still, shapes: list[Shape], seen: Seen, colour: Picture) -> Picture:
        """Floor and wall, props, and what moves, each with the light that is left to it."""
        left = shadows(self._umbras(still, shapes), still.ground.x.shape, self.rig)[..., None]
        moving = self._pixels(seen.cell, colour)
        if still.props is None:
            return still.colour * left * (1 - moving.cover[..., None]) + moving.colour
        over = self._pixels(seen.cell[still.index[seen.cell] >= 0]).cover
        bare = 1 - still.props.cover - (moving.cover - over)
        seen_of_props = 1 - over / np.maximum(still.props.cover, 1e-6)
        rest = still.colour * bare[..., None] + still.props.colour * seen_of_props[..., None]
        return np.asarray(rest * left + moving.colour, dtype=np.float32)

    def _umbras(self, still: _Still, shapes: list[Shape]) -> list[Parts]:
        """What bodies leave of the light; what has not moved is not computed again."""
        bodies = [shape for shape in shapes if self.things.all[shape.index].kind == "body"]
        poses = [shape.centre.tobytes() + (b"" if shape.vertices is None else shape.vertices.tobytes()) for shape in bodies]
        new = []
        for shape, pose in zip(bodies, poses, strict=True):
            held = self.umbras.get(shape.index)
            if held is None or held[0] != pose or held[1] is not still:
                new.append((shape, pose))
        radii = [self.things.all[shape.index].radius for shape, _ in new]
        girths = [self.girths[shape.index] for shape, _ in new]
        made = Umbra.of(still.lens, [shape for shape, _ in new], radii, girths, self.rig, self.wall_y)
        for (shape, pose), umbra in zip(new, made, strict=True):
            self.umbras[shape.index] = (pose, still, umbra.on(still.ground))
        return [self.umbras[shape.index][2] for shape in bodies]

    def _front(self, still: _Still, seen: Seen) -> Picture:
        """(cells,) inverse depth of the nearest opaque thing; 0 for the stage."""
        if not (still.clear or self.style.lines):
            return np.zeros(0, np.float32)
        front = np.zeros(len(still.index), np.float32) if still.behind is None else still.behind.copy()
        front[seen.cell] = seen.inverse
        return front

    def _through(self, still: _Still, front: Picture, light: Picture) -> Picture:
        """Water and glass before all else."""
        for seen, colour, opacity in still.clear:
            ahead = seen.inverse > front[seen.cell]
            share = opacity[ahead, None]
            added = self._pixels(seen.cell[ahead], colour[ahead] * share).colour
            light = light * (1 - self._pixels(seen.cell[ahead], np.repeat(share, 3, axis=1)).colour) + added
        return light

    def _lines(self, still: _Still, seen: Seen, front: Picture) -> Picture:
        """Where one thing ends, bends sharply, or hides itself: (H, W), 0 to 1."""
        assert still.normal is not None
        shape = (still.fine.height, still.fine.width)
        index, normal = still.index.copy(), still.normal.copy()
        index[seen.cell], normal[seen.cell] = seen.index, seen.normal
        thin = self.thin[seen.index]
        index[seen.cell[thin]] = THIN
        lines = self._wide(_edges(index.reshape(shape), normal.reshape(*shape, 3), front.reshape(shape)))
        for glass, _, _ in still.clear:
            mask = np.zeros(shape, np.float32)
            mask.ravel()[glass.cell] = glass.inverse > front[glass.cell]
            lines = np.maximum(lines, 0.5 * self._wide(cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8))))
        return np.asarray(np.maximum(lines, 0.7 * self._pixels(seen.cell[thin]).cover), dtype=np.float32)

    def _wide(self, edge: Any) -> Picture:
        """Lines of cells as lines of the width that styles draw, in pixels."""
        width = max(round(0.008 * self.height * FINE), 3)
        wide = cv2.dilate(edge, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
        return np.asarray(cv2.resize(wide, (self.width, self.height), interpolation=cv2.INTER_AREA), dtype=np.float32)

    def _pixels(self, cell: NDArray[np.int64], values: Any = None) -> _Layer:
        """Sums over the cells of each pixel, over their number."""
        pixel = self.pixel_of[cell]
        size = (self.height, self.width)
        cover = (np.bincount(pixel, minlength=size[0] * size[1]) / FINE**2).astype(np.float32).reshape(size)
        if values is None:
            return _Layer(np.zeros((0, 0, 3), np.float32), cover)
        colour = np.empty((size[0] * size[1], 3), np.float32)
        for k in range(3):
            colour[:, k] = np.bincount(pixel, values[:, k], minlength=len(colour)) / FINE**2
        return _Layer(colour.reshape(*size, 3), cover)


def _ground_of(stage: Stage, rig: Rig) -> Ground:
    up = stage.floor.astype(np.float32)
    return Ground.of((stage.x, stage.y, stage.z), (np.zeros_like(up), up - 1, up), rig)


def _girth(solid: Any, radius: float) -> float:
    """Radius of the ball of the same volume, m."""
    if solid is None:
        return 0.3 * radius
    return float(min((3 * max(volume_of(solid), 0.0) / (4 * np.pi)) ** (1 / 3), radius))


def _edges(index: NDArray[np.int32], normal: Picture, front: Picture) -> Picture:
    """1 where a cell and its right or lower neighbour differ in thing, direction or depth."""
    edge = np.zeros(index.shape, np.float32)
    for axis in (0, 1):
        here = (slice(None, -1), slice(None)) if axis == 0 else (slice(None), slice(None, -1))
        there = (slice(1, None), slice(None)) if axis == 0 else (slice(None), slice(1, None))
        other = (index[here] != index[there]) & (index[here] > THIN) & (index[there] > THIN)  # strings are lines already
        bent = (normal[here] * normal[there]).sum(axis=-1) < 0.75
        near, far = np.maximum(front[here], front[there]), np.minimum(front[here], front[there])
        jump = near > 1.06 * far
        edge[here] = np.maximum(edge[here], other | ((index[here] >= 0) & (bent | jump)))
    return edge

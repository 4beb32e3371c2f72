"""What the surfaces of bodies, props and ties look like: paint, gloss, and patterns that show how a body turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS, PAINTS
from kinema.scenes.picture.cast import dot
from kinema.scenes.picture.colour import linear
from kinema.scenes.picture.light import lit
from kinema.scenes.truth import Body, Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.picture.cast import Seen
    from kinema.scenes.picture.light import Rig
    from kinema.scenes.picture.style import Style
    from kinema.scenes.picture.things import Things

    Floats = NDArray[np.float32]

__all__ = ["Looks"]

GREY = (0.20, 0.21, 0.23)  # linear RGB of a pendulum's rod
DARK = (0.035, 0.037, 0.042)  # linear RGB of what it hangs from
TIES = {"rod": (0.24, 0.25, 0.27), "string": (0.42, 0.39, 0.34), "spring": (0.34, 0.35, 0.38)}  # linear RGB
MIRROR = {"steel": 0.22, "aluminium": 0.22, "brass": 0.22, "iron": 0.12, "glass": 0.14, "ceramic": 0.08, "porcelain": 0.08, "ice": 0.12}
PLAIN, BALL, ROUND, BLOCK = range(4)  # patterns
LEAST = 2.5  # pixels of radius below which a body shows no pattern
SEAM = np.array([0.80, 0.36, 0.48], np.float32) / np.float32(np.linalg.norm([0.80, 0.36, 0.48]))  # a ball's seam lies across this


class Looks:
    """The surfaces of all things of a truth under one light, in one style; each attribute runs along ``things.all``."""

    def __init__(self, things: Things, rig: Rig, style: Style, pixels_per_metre: float) -> None:
        self.things, self.rig, self.style = things, rig, style
        count = len(things.all)
        self.paint = np.zeros((count, 3), np.float32)
        self.gloss, self.mirror = np.zeros(count, np.float32), np.zeros(count, np.float32)
        self.flat = np.zeros(count, bool)
        self.pattern, self.grain = np.zeros(count, np.int64), np.full(count, "", dtype=object)
        self.radius = np.array([thing.radius for thing in things.all], np.float32)
        self.body = np.array([thing.kind == "body" for thing in things.all], bool)
        self.thin = np.array([thing.kind == "body" and thing.solid is None for thing in things.all], bool)
        textured = _textured(things)
        for k, thing in enumerate(things.all):
            holder = things.holder(thing)
            if isinstance(holder, Body | Prop):
                self._surface(k, holder, textured, thing.radius * pixels_per_metre)
            elif holder is not None:
                self.paint[k], self.gloss[k] = TIES[holder.kind], 0.2
            else:
                self.paint[k], self.flat[k] = GREY if thing.kind == "tie" else DARK, True
        self.gloss *= style.gloss
        self.mirror *= style.gloss

    def _surface(self, k: int, holder: Body | Prop, textured: bool, pixels: float) -> None:
        is_body = isinstance(holder, Body)
        self.paint[k] = linear(COLOURS[holder.colour] if isinstance(holder, Body) else PAINTS[holder.paint])
        self.gloss[k] = MATERIALS[holder.material].gloss
        if isinstance(holder, Prop) and holder.opacity < 1:
            self.gloss[k] = 0.8
        if not textured:
            return
        self.mirror[k] = MIRROR.get(holder.material, 0.0)
        self.grain[k] = holder.material
        kind = holder.form.kind if isinstance(holder, Body) else holder.solid.kind
        if is_body and pixels > LEAST:
            self.pattern[k] = {"ball": BALL, "cylinder": ROUND, "lathe": ROUND, "sheet": PLAIN}.get(kind, BLOCK)

    def colours(self, seen: Seen, frame: int, eye: Floats, open_: Floats) -> Floats:
        """Linear light (n, 3) of every cell; ``open_`` is the share of the lamp that props leave to it."""
        which = seen.index
        paint = self.paint[which]
        normal = seen.normal
        if self.pattern.any() or self.grain.any() or self.style.bump:
            paint, normal = self._textured(seen, frame, paint, normal)
        ray = seen.point - eye
        ray /= np.sqrt(dot(ray, ray))[:, None]
        height = np.array([self.things.pose(frame, k)[0][2] for k in range(len(self.radius))], np.float32) / self.radius
        if self.rig.pool:
            open_ = open_ * self.rig.share(seen.point[:, 0], seen.point[:, 1], seen.point[:, 2], self.things.view)
        colour = lit(self.rig, paint, self.gloss[which], self.mirror[which], normal, ray, height[which], open_)
        if self.style.bands:
            colour = _banded(colour, paint)
        thin = self.thin[which]
        sun = np.broadcast_to(self.rig.sun, normal[thin].shape)
        colour[thin] += paint[thin] * np.clip(0.08 - 0.12 * dot(normal[thin], sun), 0, 0.2)[:, None]  # some light comes through
        flat = self.flat[which]
        colour[flat] = paint[flat]
        tint = np.where(self.body[:, None], self.style.body, self.style.rest).astype(np.float32)
        return np.asarray(colour * tint[which])

    def _textured(self, seen: Seen, frame: int, paint: Floats, normal: Floats) -> tuple[Floats, Floats]:
        """Patterns and bumps in each body's own frame, thing by thing."""
        paint, normal = paint.copy(), normal.copy()
        order = np.argsort(seen.index, kind="stable")
        bounds = np.searchsorted(seen.index[order], np.arange(len(self.radius) + 1))
        for k in np.flatnonzero(np.diff(bounds)):
            rows = order[bounds[k] : bounds[k + 1]]
            thing = self.things.all[k]
            if thing.kind not in ("body", "prop") or thing.solid is None:
                continue
            centre, matrix = self.things.pose(frame, int(k))
            own = _times((seen.point[rows] - centre.astype(np.float32)) / self.radius[k], matrix.T.astype(np.float32))
            paint[rows] *= (_pattern(int(self.pattern[k]), own) * _grain(str(self.grain[k]), own))[:, None]
            if self.style.bump:
                normal[rows] += self.style.bump * _times(_thumbed(own), matrix.astype(np.float32))
        if self.style.bump:
            normal /= np.sqrt(np.maximum(dot(normal, normal), 1e-9))[:, None]
        return paint, normal


def _textured(things: Things) -> bool:
    """Whether surfaces are more than plain paint: not where nothing but smooth balls move without turning, or hang from rods."""
    truth = things.truth
    if type(truth.scene).rubbing or truth.props or truth.ties:
        return True
    free = [i for i, body in enumerate(truth.bodies) if body.rod_to is None]
    turned = any(bool((np.abs((things.turn[:, i] * things.turn[0, i]).sum(axis=-1)) < 0.9998).any()) for i in free)
    return turned or any(body.form.kind != "ball" for body in truth.bodies)


def _times(vectors: Floats, matrix: Floats) -> Floats:
    """``matrix`` times each vector, summed by hand."""
    product: Floats = vectors[:, :1] * matrix[:, 0] + vectors[:, 1:2] * matrix[:, 1] + vectors[:, 2:] * matrix[:, 2]
    return product


def _pattern(kind: int, own: Floats) -> Floats:
    """Darker stripes, as a factor on the paint: a ball's seam and its two halves, three spokes of what is turned on a lathe."""
    if kind == BALL:
        side = own[:, 0] * SEAM[0] + own[:, 1] * SEAM[1] + own[:, 2] * SEAM[2]
        seam = np.clip((0.15 - np.abs(side)) / 0.06, 0, 1)
        return np.asarray((1 + 0.06 * np.clip(side / 0.05, -1, 1)) * (1 - 0.50 * seam), dtype=np.float32)
    if kind == ROUND:
        spoke = np.cos(3 * np.arctan2(own[:, 1], own[:, 0]))
        off_axis = np.clip(np.hypot(own[:, 0], own[:, 1]) / 0.05 - 1, 0, 1)
        return np.asarray(1 - 0.42 * np.clip((spoke - 0.80) / 0.08, 0, 1) * off_axis, dtype=np.float32)
    return np.ones(len(own), np.float32)


def _grain(material: str, own: Floats) -> Floats:
    """What a material's surface varies by, as a factor on the paint."""
    x, y, z = own[:, 0], own[:, 1], own[:, 2]
    if material in ("wood", "cork"):
        ring = np.hypot(x + 0.35 + 0.04 * np.sin(5 * z), y - 0.8)
        return np.asarray(1 + 0.05 * np.sin(32 * ring + 1.5 * np.sin(3 * z)), dtype=np.float32)
    if material in ("stone", "concrete", "ice", "clay"):
        blot = np.sin(13 * x + 4 * y) * np.sin(11 * y - 5 * z) * np.sin(17 * z + 3 * x)
        speck = np.sin(41 * x) * np.sin(37 * y) * np.sin(43 * z)
        return np.asarray(1 + 0.10 * blot + 0.06 * speck, dtype=np.float32)
    if material in ("felt", "cloth", "foam"):
        return np.asarray(1 + 0.06 * np.sin(70 * x) * np.sin(70 * y + 1) * np.sin(70 * z + 2), dtype=np.float32)
    return np.ones(len(own), np.float32)


def _thumbed(own: Floats) -> Floats:
    """The slope of a surface that thumbs have pressed, in the body's own frame."""
    x, y, z = own[:, 0], own[:, 1], own[:, 2]
    swirl = 3.0 * np.sin(1.9 * x + 0.7) + 2.6 * np.sin(2.3 * y - z)
    ridge = np.cos(16 * (x + 0.4 * y) + swirl)
    dent = np.cos(4.2 * y + 1.3) * np.cos(3.7 * z + 0.4 + 2 * x)
    return np.stack([0.6 * ridge + 0.9 * dent, 0.35 * ridge - 0.7 * dent, 0.5 * ridge * dent + 0.5 * dent], axis=-1).astype(np.float32)


def _banded(colour: Floats, paint: Floats) -> Floats:
    """Three flat tones instead of a gradient."""
    bright = colour.sum(axis=-1)
    ratio = bright / np.maximum(paint.sum(axis=-1), 0.02)
    band = 0.40 + 0.32 * np.clip((ratio - 0.38) / 0.03, 0, 1) + 0.33 * np.clip((ratio - 0.72) / 0.03, 0, 1)
    flat: Floats = paint * band[:, None]
    return flat

"""Lamps, and how painted surfaces look under them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.picture.cast import dot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

__all__ = ["RIGS", "Rig", "lit"]


def _towards(x: float, y: float, z: float) -> Floats:
    way = np.array([x, y, z]) / np.linalg.norm([x, y, z])
    return np.asarray(way, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rig:
    """A way to light a scene.

    Attributes:
        sun: unit vector towards the lamp.
        size: tangent of the lamp's angular radius; a large lamp makes soft shadows.
        lamp, sky, bounce: shares of the light that a body gets from the lamp, from all over above, and from the floor.
        warmth: RGB of the lamp on bodies.
        stage: RGB factor of the floor and the wall.
        shade: how much of the light its shadow takes from floor and wall.
        close: how much of the sky's light a body takes from what it nearly touches.
        pool: views, radius of the spot of light; 0 is light everywhere.
        dim: what is left of the light outside that spot.
    """

    sun: Floats
    size: float = 0.11
    lamp: float = 0.80
    sky: float = 0.30
    bounce: float = 0.09
    warmth: tuple[float, float, float] = (1.0, 1.0, 1.0)
    stage: tuple[float, float, float] = (1.0, 1.0, 1.0)
    shade: float = 0.52
    close: float = 0.55
    pool: float = 0.0
    dim: float = 1.0

    def share(self, x: Floats, y: Floats, z: Floats, view: float) -> Floats:
        """How much light of the spot reaches points, the rest of it being dimmed."""
        sx, sy, sz = self.sun
        along = x * sx + y * sy + z * sz
        beside = np.sqrt((x - along * sx) ** 2 + (y - along * sy) ** 2 + (z - along * sz) ** 2) / (view * self.pool)
        inside = np.clip((1.25 - beside) / 0.5, 0, 1)
        share: Floats = self.dim + (1 - self.dim) * inside * inside * (3 - 2 * inside)
        return share


RIGS: dict[str, Rig] = {  # by the names of prompts.LIGHTINGS
    "studio": Rig(sun=_towards(-0.36, -0.44, 0.82)),
    "evening": Rig(
        sun=_towards(-0.86, -0.36, 0.42),
        size=0.05,
        lamp=0.92,
        sky=0.20,
        warmth=(1.10, 0.88, 0.66),
        stage=(0.98, 0.76, 0.53),
        shade=0.66,
    ),
    "overcast": Rig(sun=_towards(-0.1, -0.2, 0.97), size=0.6, lamp=0.34, sky=0.62, stage=(0.86, 0.90, 0.93), shade=0.16, close=0.75),
    "spot": Rig(
        sun=_towards(0.0, -0.16, 0.98), size=0.012, lamp=0.98, sky=0.12, stage=(1.08, 1.06, 1.0), shade=0.82, pool=0.62, dim=0.26
    ),
    "right": Rig(sun=_towards(0.36, -0.44, 0.82)),
}


def lit(rig: Rig, paint: Floats, gloss: Floats, mirror: Floats, normal: Floats, ray: Floats, height: Floats, open_: Floats) -> Floats:
    """Linear light (n, 3) from surfaces: Lambert, Blinn and Phong's highlight, Schlick's Fresnel term, and a mirrored room.

    Args:
        rig: the light.
        paint: (n, 3) linear colours.
        gloss: (n,) 0 to 1.
        mirror: (n,) share of the room's mirror image in the colour.
        normal: (n, 3) unit vectors.
        ray: (n, 3) unit vectors from the eye.
        height: (n,) of the body's centre over the floor, in radii: near the floor it gets light from below.
        open_: (n,) share of the lamp that is not hidden by something else.
    """
    sx, sy, sz = rig.sun
    facing_lamp = normal[:, 0] * sx + normal[:, 1] * sy + normal[:, 2] * sz
    lamp = np.clip(facing_lamp * 0.88 + 0.12, 0, 1) * open_  # a softbox wraps a little round the edge
    sky = 0.5 + 0.5 * normal[:, 2]
    near_floor = np.clip(1.6 - 0.3 * height, 0.15, 1.0)
    direct = (rig.lamp * lamp)[:, None] * np.array(rig.warmth, np.float32)
    diffuse = (direct + (rig.sky * sky + rig.bounce * near_floor * (1 - sky))[:, None]) * paint
    half = rig.sun - ray
    half /= np.sqrt(dot(half, half))[:, None]
    toward = -dot(normal, ray)
    shine = gloss * np.clip(dot(normal, half), 0, 1) ** (12 + 110 * gloss) * open_ * min(1.0, rig.lamp / 0.8)
    rim = 0.25 * gloss * (1 - np.clip(toward, 0, 1)) ** 4 * sky
    colour: Floats = diffuse + (0.75 * shine + rim)[:, None]
    some = np.flatnonzero(mirror > 0)
    if len(some):
        seen = _room(ray[some, 2] + 2 * toward[some] * normal[some, 2])
        tint = 0.10 + 0.90 * paint[some] / np.maximum(paint[some].max(axis=-1, keepdims=True), 0.05)
        colour[some] += mirror[some, None] * (seen[:, None] * tint - 0.6 * colour[some])
    return colour


def _room(rise: Floats) -> Floats:
    """How bright the room is in a direction that rises so much: floor, a dark line at the horizon, wall, bright ceiling."""
    above = 0.30 + 0.55 * np.clip(rise, 0, 1) ** 2 + 0.35 * np.clip((rise - 0.55) / 0.2, 0, 1)
    below = 0.22 + 0.08 * np.clip(-rise, 0, 1)
    blend = np.clip(rise / 0.12 + 0.5, 0, 1)
    room: Floats = below * (1 - blend) + above * blend
    return room

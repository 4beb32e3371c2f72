"""Where and how a body is touched: the point in its own frame, how round it is there, and how much of its mass yields."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.materials import MATERIALS, Material
from kinema.scenes.shapes import Ball, Box, Cylinder, Hull, Lathe, Sheet, Solid, inertia_of, mesh_of, rotate, volume_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Body, Contact, Prop, Truth

__all__ = ["Surface", "Touch", "box_round", "flat", "roundness", "size_of", "solid_volume", "touch_of", "touch_of_ball", "touch_of_prop"]

CORNER, EDGE = 2e-3, 4e-3  # m, how round corners and edges of things are (est)
FACE = 0.3  # -, radius of a face's slight bulge over the body's size (est): faces never meet quite flat
NEAR = 0.04  # -, of the smallest half-length: this near to a side is on it


@dataclass(frozen=True, slots=True)
class Surface:
    """What one side of a contact is to Hertz: ``radius`` None is flat, ``mass`` None does not yield."""

    material: Material
    radius: float | None
    mass: float | None


@dataclass(frozen=True, slots=True)
class Touch:
    """One body's side of a contact.

    Attributes:
        body: the body.
        surface: for Hertz.
        point: m, in the body's own frame.
        normal: unit vector in that frame.
    """

    body: Body
    surface: Surface
    point: NDArray[np.float64]
    normal: NDArray[np.float64]


def touch_of_ball(body: Body) -> Touch:
    """Of a ball, which is the same on every side."""
    pole = np.array([0.0, 0.0, 1.0])
    return Touch(body, Surface(MATERIALS[body.material], body.radius, body.mass), body.radius * pole, pole)


def touch_of(contact: Contact, index: int, truth: Truth) -> Touch:
    """Of body number ``index`` of the truth."""
    body = truth.bodies[index]
    solid, material = body.form, MATERIALS[body.material]
    if isinstance(solid, Ball):
        return touch_of_ball(body)
    if isinstance(solid, Sheet):
        return Touch(body, Surface(material, body.radius, body.mass), np.zeros(3), np.array([0.0, 0.0, 1.0]))
    moment = np.array([contact.t])
    back = truth.poses_at(moment)[0, index] * np.array([-1, -1, -1, 1])
    point = rotate(back, np.asarray(contact.point) - truth.at(moment)[0, index])
    normal = rotate(back, np.asarray(contact.normal, dtype=float))
    return Touch(body, Surface(material, roundness(solid, point), _yielding(body, point, normal)), point, normal)


def touch_of_prop(prop: Prop) -> Surface:
    """What stands still does not yield; a ball or a cylinder among props is round, all else flat (the hollow of a bowl, too)."""
    radius = prop.solid.radius if isinstance(prop.solid, Ball | Cylinder) else None
    return Surface(MATERIALS[prop.material], radius, None)


def flat(material: Material) -> Surface:
    """A floor of a material."""
    return Surface(material, None, None)


def _yielding(body: Body, point: NDArray[np.float64], normal: NDArray[np.float64]) -> float:
    """The mass that a push at ``point`` along ``normal`` feels: less than the body's own where it turns, too."""
    lever = np.cross(point, normal)
    inertia = np.array(body.inertia) if body.inertia is not None else body.mass * np.array(_unit_inertia(body.form))
    return float(1 / (1 / body.mass + (lever**2 / np.maximum(inertia, 1e-12)).sum()))


def roundness(solid: Solid, point: NDArray[np.float64]) -> float:
    """Radius of curvature in metres at a point of the surface, that of a sphere which would be pressed as far.

    Example:
        >>> roundness(Box((0.2, 0.2, 0.2)), np.array([0.1, 0.1, 0.1])), roundness(Ball(0.05), np.array([0.0, 0.0, 0.05]))
        (0.002, 0.05)
    """
    centre, half = box_round(solid)
    offset = np.abs(np.asarray(point) - centre)
    near = NEAR * float(half.min())
    match solid:
        case Ball(radius):
            return radius
        case Box() | Hull():
            sides = int((offset > half - near).sum())
            return {2: EDGE, 3: CORNER}.get(sides, FACE * 2 * float(np.median(half)) if sides == 1 else EDGE)
        case _:
            axis = float(np.hypot(*offset[:2]))
            on_end, on_side = offset[2] > half[2] - near, axis > half[0] - near
            if on_end and axis > 0.5 * half[0] and isinstance(solid, Cylinder | Lathe):
                return EDGE
            return FACE * 2 * float(half[0]) if on_end and not on_side else float(np.sqrt(max(axis, EDGE) * float(half[2])))


@lru_cache(maxsize=256)
def box_round(solid: Solid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Middle and half-lengths (3,) of the box round a solid, along its own axes."""
    match solid:
        case Ball(radius):
            return np.zeros(3), np.full(3, radius)
        case Box(size):
            return np.zeros(3), np.array(size) / 2
        case Cylinder(radius, length):
            return np.zeros(3), np.array([radius, radius, length / 2])
        case Lathe(profile):
            points = np.array(profile)
            radius, low, high = points[:, 0].max(), points[:, 1].min(), points[:, 1].max()
            return np.array([0.0, 0.0, (low + high) / 2]), np.array([radius, radius, (high - low) / 2])
        case _:
            vertices = mesh_of(solid).vertices
            low_, high_ = vertices.min(axis=0), vertices.max(axis=0)
            return (low_ + high_) / 2, (high_ - low_) / 2


@lru_cache(maxsize=256)
def solid_volume(solid: Solid) -> float:
    """``shapes.volume_of``, remembered; whichever way round a profile runs."""
    return abs(volume_of(solid))


def size_of(body: Body) -> float:
    """Radius in m of the ball of the same volume."""
    if isinstance(body.form, Ball | Sheet):
        return body.radius
    return float((3 / (4 * np.pi) * solid_volume(body.form)) ** (1 / 3))


@lru_cache(maxsize=256)
def _unit_inertia(solid: Solid) -> tuple[float, float, float]:
    return inertia_of(solid, 1.0)

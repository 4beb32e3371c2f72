"""Solids: what bodies and props look like and how they meet. All are given about their own centre, lengths in metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Ball",
    "Box",
    "Cylinder",
    "Hull",
    "Lathe",
    "Mesh",
    "Sheet",
    "Solid",
    "bounding_radius",
    "inertia_of",
    "mesh_of",
    "rotate",
    "turn",
    "volume_of",
]

Vector = tuple[float, float, float]
Quaternion = tuple[float, float, float, float]  # x, y, z, w
AROUND = 48  # facets of a turned solid
NO_TURN: Quaternion = (0.0, 0.0, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Ball:
    """A solid sphere."""

    radius: float
    kind: str = field(default="ball", init=False)


@dataclass(frozen=True, slots=True)
class Box:
    """A cuboid; ``size`` are its edges along its own x, y and z."""

    size: Vector
    kind: str = field(default="box", init=False)


@dataclass(frozen=True, slots=True)
class Cylinder:
    """A solid cylinder along its own z."""

    radius: float
    length: float
    kind: str = field(default="cylinder", init=False)


@dataclass(frozen=True, slots=True)
class Lathe:
    """A solid of revolution about its own z: pins, cones, rings, bowls.

    ``profile`` holds (distance from the axis, z) from point to point; a profile that returns to its first point is a ring. It must run
    such that the solid lies to its left (a cup: up the outside, over the rim, down the inside), or its facets look inwards.
    ``smooth`` False shows every edge of the profile.
    """

    profile: tuple[tuple[float, float], ...]
    smooth: bool = True
    kind: str = field(default="lathe", init=False)


@dataclass(frozen=True, slots=True)
class Hull:
    """The convex hull of some points: wedges and ramps."""

    points: tuple[Vector, ...]
    kind: str = field(default="hull", init=False)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What changes its form: cloth, jelly. Its vertices come with the truth (``Truth.vertices``); here are the triangles between them."""

    faces: tuple[tuple[int, int, int], ...]
    kind: str = field(default="sheet", init=False)


Solid = Ball | Box | Cylinder | Lathe | Hull | Sheet


@dataclass(frozen=True, slots=True)
class Mesh:
    """Triangles: ``vertices`` (V, 3), ``normals`` (V, 3) unit vectors outwards, ``faces`` (F, 3) counter-clockwise seen from outside."""

    vertices: NDArray[np.float64]
    normals: NDArray[np.float64]
    faces: NDArray[np.int64]


@lru_cache(maxsize=256)
def mesh_of(solid: Solid) -> Mesh:
    """The surface of a solid (not of a sheet, whose vertices move).

    Example:
        >>> mesh_of(Box((1.0, 2.0, 3.0))).faces.shape
        (12, 3)
    """
    match solid:
        case Ball(radius):
            z = -np.cos(np.linspace(0, np.pi, AROUND // 2 + 1))
            ring = np.sqrt(np.maximum(1 - z**2, 0))
            return _turned([(float(r), float(h)) for r, h in zip(radius * ring, radius * z, strict=True)], smooth=True)
        case Box(size):
            corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * np.array(size) / 2
            return _hull(corners)
        case Cylinder(radius, length):
            return _turned([(0.0, -length / 2), (radius, -length / 2), (radius, length / 2), (0.0, length / 2)], smooth=False)
        case Lathe(profile, smooth):
            return _turned(profile, smooth=smooth)
        case Hull(points):
            return _hull(np.array(points, dtype=float))
        case _:
            raise TypeError("a sheet has no form of its own; its vertices come with the truth")


def _turned(profile: Sequence[tuple[float, float]], *, smooth: bool) -> Mesh:
    """Rings of vertices round z; sharp profiles get every ring twice, with the normal of either side."""
    points = np.array(profile, dtype=float)
    along = np.diff(points, axis=0)
    side = np.stack([along[:, 1], -along[:, 0]], axis=-1)
    side /= np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-12)
    if smooth:
        closed = bool(np.allclose(points[0], points[-1]))
        before = np.concatenate([side[-1:] if closed else side[:1], side])
        after = np.concatenate([side, side[:1] if closed else side[-1:]])
        normal = before + after
        axis = points[:, 0] < 1e-9
        normal[axis, 0] = 0.0  # on the axis it points along it
        normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-12)
        rows, strips = points, [(k, k + 1) for k in range(len(points) - 1)]
    else:
        rows = np.stack([points[:-1], points[1:]], axis=1).reshape(-1, 2)
        normal = np.repeat(side, 2, axis=0)
        strips = [(2 * k, 2 * k + 1) for k in range(len(points) - 1)]
    angle = np.arange(AROUND) * 2 * np.pi / AROUND
    c, s = np.cos(angle), np.sin(angle)
    vertices = np.stack([np.outer(rows[:, 0], c), np.outer(rows[:, 0], s), np.repeat(rows[:, 1:], AROUND, axis=1)], axis=-1)
    normals = np.stack([np.outer(normal[:, 0], c), np.outer(normal[:, 0], s), np.repeat(normal[:, 1:], AROUND, axis=1)], axis=-1)
    faces = []
    here, there = np.arange(AROUND), (np.arange(AROUND) + 1) % AROUND
    for low, high in strips:
        a, b, c_, d = low * AROUND + here, low * AROUND + there, high * AROUND + there, high * AROUND + here
        if rows[low, 0] > 1e-9:
            faces.append(np.stack([a, b, c_], axis=-1))
        if rows[high, 0] > 1e-9:
            faces.append(np.stack([a, c_, d], axis=-1))
    return Mesh(vertices.reshape(-1, 3), normals.reshape(-1, 3), np.concatenate(faces))


def _hull(points: NDArray[np.float64]) -> Mesh:
    """Flat facets, each with vertices of its own."""
    from scipy.spatial import ConvexHull

    found = ConvexHull(points)
    corners, outward = points[found.simplices], found.equations[:, :3]
    turned = np.einsum("fi,fi->f", np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), outward) < 0
    corners[turned] = corners[turned][:, ::-1]
    count = len(corners)
    return Mesh(corners.reshape(-1, 3), np.repeat(outward, 3, axis=0), np.arange(3 * count).reshape(count, 3))


def bounding_radius(solid: Solid) -> float:
    """Radius of the smallest sphere round the solid's own centre that holds it, m."""
    match solid:
        case Ball(radius):
            return radius
        case Box(size):
            return float(np.linalg.norm(size) / 2)
        case Cylinder(radius, length):
            return float(np.hypot(radius, length / 2))
        case _:
            return float(np.linalg.norm(mesh_of(solid).vertices, axis=-1).max())


def volume_of(solid: Solid) -> float:
    """Volume in m^3.

    Example:
        >>> round(volume_of(Cylinder(1.0, 2.0)), 2)
        6.28
    """
    match solid:
        case Ball(radius):
            return float(4 / 3 * np.pi * radius**3)
        case Box(size):
            return float(np.prod(size))
        case Cylinder(radius, length):
            return float(np.pi * radius**2 * length)
        case _:
            return _moments(solid)[0]


def inertia_of(solid: Solid, mass: float) -> Vector:
    """Moments of inertia about the solid's own x, y and z, kg m^2, of uniform density.

    Example:
        >>> inertia_of(Box((1.0, 1.0, 2.0)), 12.0)
        (5.0, 5.0, 2.0)
    """
    match solid:
        case Ball(radius):
            return (0.4 * mass * radius**2,) * 3
        case Box(size):
            x, y, z = (edge**2 * mass / 12 for edge in size)
            return y + z, x + z, x + y
        case Cylinder(radius, length):
            across = mass * (radius**2 / 4 + length**2 / 12)
            return across, across, mass * radius**2 / 2
        case _:
            volume, square = _moments(solid)
            x, y, z = square * mass / volume
            return float(y + z), float(x + z), float(x + y)


def _moments(solid: Solid) -> tuple[float, NDArray[np.float64]]:
    """Volume, and the integrals of x^2, y^2 and z^2 over it: sums over the tetrahedra from the centre to every facet."""
    mesh = mesh_of(solid)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    six = np.einsum("fi,fi->f", a, np.cross(b, c))
    square = (six[:, None] / 120 * (a * a + b * b + c * c + (a + b + c) ** 2)).sum(axis=0)
    return float(six.sum() / 6), square


def turn(axis: Sequence[float], angle: float) -> Quaternion:
    """The quaternion (x, y, z, w) of a turn about an axis by ``angle`` radians.

    Example:
        >>> [round(x, 3) for x in turn((0, 0, 1), np.pi)]
        [0.0, 0.0, 1.0, 0.0]
    """
    unit = np.asarray(axis, dtype=float) / np.linalg.norm(axis)
    x, y, z = np.sin(angle / 2) * unit
    return float(x), float(y), float(z), float(np.cos(angle / 2))


def rotate(quaternion: NDArray[np.float64] | Quaternion, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """``vectors`` (..., 3) turned by quaternions (..., 4); the two broadcast.

    Example:
        >>> rotate(turn((0, 0, 1), np.pi / 2), np.array([1.0, 0.0, 0.0])).round(6).tolist()
        [0.0, 1.0, 0.0]
    """
    q, v = np.asarray(quaternion, dtype=float), np.asarray(vectors, dtype=float)
    axis, w = q[..., :3], q[..., 3:]
    cross = 2 * np.cross(axis, v)
    turned: NDArray[np.float64] = v + w * cross + np.cross(axis, cross)
    return turned

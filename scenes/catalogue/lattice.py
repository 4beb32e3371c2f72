"""Soft bodies as points and springs: the solver of cloth and jelly.

PyBullet's deformables (``loadSoftBody``, a cloth of 21 x 21 points of 1 m dropped on a ball) were tried first and not used. At 240 Hz and
40 N/m its threads stretched by 46 %, it went 19 mm into the ball, and its energy rose by 3.6 % of what it fell through; at 960 Hz and
400 N/m still by 5 % and 1.3 %, and 1.5 s took 19 s of one core. It also needs its mesh as a file, has no time for its impacts, and does
not say what its springs hold. Below, 3 s take about 1 s.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_matrix

from kinema.scenes.scene import TRUTH_RATE, Motion
from kinema.scenes.truth import VERTEX_RATE, Contact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["Course", "Lattice", "Touch", "ball_touch", "floor_touch", "motion_of", "run", "speeds"]

Touch = Callable[["Array", "Array", float], None]  # (x, v, step): mends velocities so that nothing is entered within the step


@dataclass(frozen=True)
class Lattice:
    """Points of equal mass with damped springs between them, and a volume that is kept by pressure if there are faces.

    Attributes:
        rest: (V, 3) m, where nothing is stretched.
        pairs: (E, 2) which points a spring joins.
        stiffness: (E,) N/m.
        damping: (E,) N s/m along the spring.
        smoothing: (E,) N s/m, against every difference of velocity across the spring: what makes cloth hang still.
        mass: kg of one point.
        faces: (F, 3) of the surface that holds the volume, counter-clockwise from outside.
        bulk: J/m^3, the pressure per relative loss of volume.
    """

    rest: Array
    pairs: NDArray[np.int64]
    stiffness: Array
    damping: Array
    smoothing: Array
    mass: float
    faces: NDArray[np.int64] | None = None
    bulk: float = 0.0

    @cached_property
    def length(self) -> Array:
        """(E,) m, of the springs at rest."""
        found: Array = np.linalg.norm(self.rest[self.pairs[:, 1]] - self.rest[self.pairs[:, 0]], axis=-1)
        return found

    @cached_property
    def _differ(self) -> tuple[Any, Any]:
        """(E, V), from each spring's first point to its second, and (V, E): its pull moves the first and, reversed, the second."""
        count = len(self.pairs)
        rows, columns = np.tile(np.arange(count), 2), self.pairs.T.ravel()
        matrix = csr_matrix((np.repeat([-1.0, 1.0], count), (rows, columns)), shape=(count, len(self.rest)))
        return matrix, (-matrix.T).tocsr()

    @cached_property
    def whole(self) -> float:
        """Volume at rest, m^3."""
        return float(self.volume(self.rest))

    @cached_property
    def _gather(self) -> Any:
        """(V, F): a face's area vector goes to its three corners."""
        assert self.faces is not None
        corners = self.faces.T.ravel()
        columns = np.tile(np.arange(len(self.faces)), 3)
        return csr_matrix((np.ones(len(corners)), (corners, columns)), shape=(len(self.rest), len(self.faces)))

    def volume(self, x: Array) -> Array:
        """Of points (..., V, 3) within the faces, m^3."""
        assert self.faces is not None
        a, b, c = (x[..., self.faces[:, k], :] for k in range(3))
        found: Array = np.einsum("...fi,...fi->...", a, np.cross(b, c)) / 6
        return found

    def forces(self, x: Array, v: Array) -> Array:
        """(V, 3) N."""
        differ, gather = self._differ
        both = differ @ np.concatenate([x, v], axis=1)
        across, rate = both[:, :3], both[:, 3:]
        size = np.sqrt(np.einsum("ei,ei->e", across, across))
        closing = np.einsum("ei,ei->e", across, rate) / size
        pull = (self.stiffness * (size - self.length) + self.damping * closing) / size
        total: Array = gather @ (pull[:, None] * across + self.smoothing[:, None] * rate)
        if self.faces is not None:
            corners = x[self.faces]
            a = corners[:, 0]
            normal = _cross(corners[:, 1] - a, corners[:, 2] - a)
            volume = float(np.einsum("fi,fi->", a, normal)) / 6
            pressure = self.bulk * (1 - volume / self.whole)
            total += (pressure / 6) * (self._gather @ normal)  # the volume's gradient is a third of the areas round a point
        return total

    def energy(self, x: Array, v: Array, gravity: float) -> Array:
        """Of points (n, V, 3) moving at ``v``: kinetic, of gravity, of springs and pressure, J."""
        across = x[:, self.pairs[:, 1]] - x[:, self.pairs[:, 0]]
        stretch = np.linalg.norm(across, axis=-1) - self.length
        total: Array = stretch**2 @ self.stiffness / 2 + self.mass * (gravity * x[..., 2].sum(axis=-1) + (v**2).sum(axis=(1, 2)) / 2)
        if self.faces is not None:
            total = total + self.bulk * self.whole / 2 * (1 - self.volume(x) / self.whole) ** 2
        return total

    def stiffness_at(self, x: Array, free: NDArray[np.int64]) -> Array:
        """Minus the derivative of the forces on the points ``free`` by their places, (3 f, 3 f) N/m, by central differences."""
        still, step = np.zeros_like(x), 1e-6 * float(np.ptp(self.rest))
        matrix = np.empty((3 * len(free), 3 * len(free)))
        for column in range(3 * len(free)):
            moved = []
            for sign in (1.0, -1.0):
                there = x.copy()
                there[free[column // 3], column % 3] += sign * step
                moved.append(self.forces(there, still)[free].ravel())
            matrix[:, column] = (moved[1] - moved[0]) / (2 * step)
        return (matrix + matrix.T) / 2


def _cross(a: Array, b: Array) -> Array:
    """The cross product along the last axis, without what makes numpy's slow."""
    found = np.empty_like(a)
    found[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    found[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    found[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return found


@dataclass(frozen=True)
class Course:
    """What came of it: ``centre`` and ``drift`` (n, 3) at ``TRUTH_RATE``, ``vertices`` (m, V, 3) at ``VERTEX_RATE``."""

    centre: Array
    drift: Array
    vertices: NDArray[np.float32]
    lowest: Array  # (n,) m, height of the lowest point


def run(lattice: Lattice, start: Array, gravity: float, seconds: float, rate: int, touch: Touch) -> Course:
    """Let it go from rest at ``start`` (V, 3): symplectic Euler steps at ``rate`` Hz, a multiple of 960."""
    stride, thin = rate // round(TRUTH_RATE), round(TRUTH_RATE / VERTEX_RATE)
    count = round(seconds * TRUTH_RATE)
    x, v, step = start.copy(), np.zeros_like(start), 1 / rate
    centre, drift, lowest, vertices = np.empty((count + 1, 3)), np.empty((count + 1, 3)), np.empty(count + 1), []
    for k in range(count + 1):
        centre[k], drift[k], lowest[k] = x.mean(axis=0), v.mean(axis=0), x[:, 2].min()
        if k % thin == 0:
            vertices.append(x.astype(np.float32))
        if k == count:
            break
        for _ in range(stride):
            v += (step / lattice.mass) * lattice.forces(x, v)
            v[:, 2] -= step * gravity
            touch(x, v, step)
            x += step * v
    return Course(centre, drift, np.stack(vertices), lowest)


def floor_touch(x: Array, v: Array, step: float, friction: float) -> None:
    """Points that would pass the floor within the step stop on it; what slides is braked by Coulomb's friction."""
    short = -x[:, 2] / step - v[:, 2]  # what is missing so that it ends on the floor or above it
    hit = np.flatnonzero(short > 0)
    if len(hit):
        v[hit, 2] += short[hit]
        _brake(v, hit, np.array([0.0, 0.0, 1.0]), friction * short[hit])


def ball_touch(x: Array, v: Array, step: float, centre: Array, radius: float, friction: float) -> None:
    """The same on a ball that stands still."""
    out = x - centre
    far = np.sqrt(np.einsum("vi,vi->v", out, out))
    out /= far[:, None]
    short = (radius - far) / step - np.einsum("vi,vi->v", out, v)
    hit = np.flatnonzero(short > 0)
    if len(hit):
        v[hit] += short[hit, None] * out[hit]
        _brake(v, hit, out[hit], friction * short[hit])


def _brake(v: Array, hit: NDArray[np.int64], normal: Array, most: Array) -> None:
    """Take at most ``most`` m/s from the velocity across the normal."""
    along = (v[hit] * normal).sum(axis=-1, keepdims=True) * normal
    across = v[hit] - along
    size = np.sqrt(np.einsum("vi,vi->v", across, across))
    v[hit] = along + across * np.maximum(1 - most / np.maximum(size, 1e-12), 0.0)[:, None]


def speeds(vertices: NDArray[np.float32]) -> tuple[Array, Array]:
    """Places and velocities at all but the first and last of stored vertices, by central differences."""
    x = np.asarray(vertices, dtype=float)
    return x[1:-1], (x[2:] - x[:-2]) * (VERTEX_RATE / 2)


def motion_of(course: Course, name: str, contacts: tuple[Contact, ...] = ()) -> Motion:
    """A course as the motion of one body that neither turns nor spins."""
    count = len(course.centre)
    return Motion(
        position=course.centre[:, None],
        velocity=course.drift[:, None],
        orientation=np.tile([0.0, 0.0, 0.0, 1.0], (count, 1, 1)),
        spin=np.zeros((count, 1, 3)),
        contacts=contacts,
        vertices={name: course.vertices},
    )

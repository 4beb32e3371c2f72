"""Everything that is to be drawn of a truth, and where it is at each moment."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.picture.cast import Shape
from kinema.scenes.picture.tubes import coil, tube
from kinema.scenes.shapes import Ball, Sheet, Solid, bounding_radius, mesh_of, rotate
from kinema.scenes.visibility import hidden_bodies

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Body, Prop, Tie, Truth

    Array = NDArray[np.float64]

__all__ = ["ROD", "Thing", "Things"]

ROD = 0.012  # -, radius of a rod over the view's height
STRING = 0.0045
COIL, WIRE = 0.030, 0.0065  # of a spring: radius of its turns, and of its wire


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing to be drawn.

    Attributes:
        kind: "body", "prop", "tie", or "hanger" (what an old pendulum's rod hangs from).
        of: number of the body, prop or tie in the truth.
        solid: None for ties and sheets.
        radius: m, of the ball that holds it.
        mask: what instance masks call it: bodies from 1, then props; ties and hangers are 0, as the stage is.
    """

    kind: str
    of: int
    solid: Solid | None
    radius: float
    mask: int


class Things:
    """The things of a truth, in order: bodies, props, ties, rods and hangers of pendulums."""

    def __init__(self, truth: Truth, times: Array) -> None:
        self.truth, self.times, self.view = truth, times, truth.scene.view
        self.place, self.turn = truth.at(times), truth.poses_at(times)
        self.seen = truth.visible_at(times) | self._only_hidden()
        self.matrix = _matrices(self.turn)
        sheets = [body.name for body in truth.bodies if body.form.kind == "sheet" and body.name in truth.vertices]
        self.vertices = {name: truth.vertices_at(name, times) for name in sheets}
        self.rods = [(i, body.rod_to) for i, body in enumerate(truth.bodies) if body.rod_to is not None]
        self.all = self._list()
        self.props = {
            index: self._solid(index, thing.solid, *self.pose(0, index))
            for index, thing in enumerate(self.all)
            if thing.kind == "prop" and thing.solid is not None
        }

    def _only_hidden(self) -> NDArray[np.bool_]:
        """Which bodies cannot be seen but are there, behind a prop: their shadows are. Those that are gone (by a fault) have none."""
        hidden = ~self.truth.visible_at(self.times)
        rows = np.flatnonzero(hidden.any(axis=1))
        if len(rows) and self.truth.props:
            cameras = self.truth.cameras(self.times[rows])
            hidden[rows] &= hidden_bodies(self.truth.bodies, self.truth.props, self.place[rows], self.turn[rows], cameras)
            return hidden
        return np.zeros_like(hidden)

    def _list(self) -> tuple[Thing, ...]:
        truth = self.truth
        bodies = [Thing("body", i, _own_solid(body), _reach(body), i + 1) for i, body in enumerate(truth.bodies)]
        first = len(bodies) + 1
        props = [Thing("prop", i, prop.solid, bounding_radius(prop.solid), first + i) for i, prop in enumerate(truth.props)]
        ties = [Thing("tie", i, None, self.view, 0) for i in range(len(truth.ties) + len(self.rods))]
        hangers = [Thing("hanger", i, None, self.view, 0) for i in range(len(self.rods))]
        return (*bodies, *props, *ties, *hangers)

    def moves(self, thing: Thing) -> bool:
        """Whether it is drawn anew in every frame."""
        return thing.kind in ("body", "tie")

    def clear(self, thing: Thing) -> bool:
        """Whether one sees through it."""
        return thing.kind == "prop" and self.truth.props[thing.of].opacity < 1

    def pose(self, frame: int, index: int) -> tuple[Array, Array]:
        """Centre, and the matrix from its own axes to the world's."""
        thing = self.all[index]
        if thing.kind == "body":
            return self.place[frame, thing.of], self.matrix[frame, thing.of]
        if thing.kind == "prop":
            prop = self.truth.props[thing.of]
            return np.array(prop.position, dtype=float), _matrices(np.array(prop.orientation, dtype=float))
        return np.zeros(3), np.eye(3)

    def shapes(self, frame: int, *, moving: bool) -> list[Shape]:
        """What moves, or what stands still and is opaque, in one frame."""
        return [
            self.shape(frame, index)
            for index, thing in enumerate(self.all)
            if self.moves(thing) == moving and not self.clear(thing) and self._there(frame, thing)
        ]

    def _there(self, frame: int, thing: Thing) -> bool:
        if thing.kind == "body":
            return bool(self.seen[frame, thing.of]) and (thing.solid is not None or self.truth.bodies[thing.of].name in self.vertices)
        rod = thing.of - len(self.truth.ties)
        return thing.kind != "tie" or rod < 0 or bool(self.seen[frame, self.rods[rod][0]])

    def shape(self, frame: int, index: int) -> Shape:
        """One thing in one frame."""
        thing = self.all[index]
        if index in self.props:
            return self.props[index]
        if thing.kind == "tie":
            return self._tie(frame, index)
        if thing.kind == "hanger":
            pivot = np.array(self.rods[thing.of][1], dtype=float)
            up = np.array([0.0, 0.0, self.view])
            return _tube_shape(index, np.stack([pivot - 0.01 * up, pivot + 0.99 * up]), 2.2 * ROD * self.view, around=24)
        body = self.truth.bodies[thing.of]
        if thing.solid is None:
            return self._sheet(frame, index, body)
        return self._solid(index, thing.solid, *self.pose(frame, index))

    def _solid(self, index: int, solid: Solid, centre: Array, matrix: Array) -> Shape:
        if isinstance(solid, Ball):
            return Shape(index, centre, radius=solid.radius, solid=solid, matrix=matrix)
        mesh = mesh_of(solid)
        return Shape(
            index,
            centre,
            vertices=_turned(mesh.vertices, matrix) + centre,
            normals=_turned(mesh.normals, matrix),
            faces=mesh.faces,
            solid=solid,
            matrix=matrix,
        )

    def _sheet(self, frame: int, index: int, body: Body) -> Shape:
        form = body.form
        assert isinstance(form, Sheet)
        vertices = self.vertices[body.name][frame]
        faces = _faces_of(form.faces)
        normals = _normals(vertices, faces)
        return Shape(index, vertices.mean(axis=0), vertices=vertices, normals=normals, faces=faces, two_sided=True)

    def _tie(self, frame: int, index: int) -> Shape:
        number = self.all[index].of
        if number >= len(self.truth.ties):
            body, pivot = self.rods[number - len(self.truth.ties)]
            ends = np.stack([self.place[frame, body], np.array(pivot, dtype=float)])
            return _tube_shape(index, ends, ROD * self.view, around=12)
        tie = self.truth.ties[number]
        ends = np.stack([self._end(frame, tie.start), self._end(frame, tie.end)])
        if tie.kind == "spring":
            return _shape_of(index, *coil(ends[0], ends[1], COIL * self.view, WIRE * self.view))
        if tie.over is not None:
            ends = np.insert(ends, 1, np.array(tie.over, dtype=float), axis=0)
        return _tube_shape(index, ends, (ROD * 0.75 if tie.kind == "rod" else STRING) * self.view, around=10)

    def _end(self, frame: int, end: tuple[str | None, tuple[float, float, float]]) -> Array:
        name, point = end
        if name is None:
            return np.array(point, dtype=float)
        number = next(i for i, body in enumerate(self.truth.bodies) if body.name == name)
        return np.asarray(self.place[frame, number] + rotate(self.turn[frame, number], np.array(point, dtype=float)))

    def holder(self, thing: Thing) -> Body | Prop | Tie | None:
        """The body, prop or tie that a thing is; None for rods and hangers of pendulums."""
        match thing.kind:
            case "body":
                return self.truth.bodies[thing.of]
            case "prop":
                return self.truth.props[thing.of]
            case "tie" if thing.of < len(self.truth.ties):
                return self.truth.ties[thing.of]
            case _:
                return None


def _own_solid(body: Body) -> Solid | None:
    return None if body.form.kind == "sheet" else body.form


def _reach(body: Body) -> float:
    return body.radius if body.form.kind == "sheet" else bounding_radius(body.form)


def _matrices(turn: Array) -> Array:
    """Rotation matrices (..., 3, 3) of quaternions x, y, z, w."""
    x, y, z, w = (turn[..., k] for k in range(4))
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrices: Array = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    return matrices


def _turned(vectors: Array, matrix: Array) -> Array:
    """``matrix`` times each vector, summed by hand: the same bytes whatever the linear algebra."""
    turned: Array = vectors[:, :1] * matrix[:, 0] + vectors[:, 1:2] * matrix[:, 1] + vectors[:, 2:] * matrix[:, 2]
    return turned


@lru_cache(maxsize=16)
def _faces_of(faces: tuple[tuple[int, int, int], ...]) -> NDArray[np.int64]:
    return np.array(faces, dtype=np.int64)


def _normals(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """Of every vertex: the mean of its faces' normals, weighted by their areas."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    across = np.cross(b - a, c - a)
    total = np.stack(
        [sum(np.bincount(faces[:, k], across[:, axis], len(vertices)) for k in range(3)) for axis in range(3)], axis=-1
    )
    normals: Array = total / np.maximum(np.linalg.norm(total, axis=-1, keepdims=True), 1e-15)
    return normals


def _tube_shape(index: int, path: Array, radius: float, around: int) -> Shape:
    return _shape_of(index, *tube(path, radius, around))


def _shape_of(index: int, vertices: Array, normals: Array, faces: NDArray[np.int64]) -> Shape:
    return Shape(index, vertices.mean(axis=0), vertices=vertices, normals=normals, faces=faces)

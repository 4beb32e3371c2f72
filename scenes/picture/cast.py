"""The geometry pass: what is seen in which cell of a grid, how far away, and which way its surface faces.

Balls are met by rays in closed form, all other forms are triangles cut into the runs of cells that they cover. Everything is vectorised
over all forms of a picture at once; nothing depends on the order in which threads run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.picture.lens import Lens
    from kinema.scenes.shapes import Solid

    Array = NDArray[np.float64]
    Floats = NDArray[np.float32]
    Index = NDArray[np.int64]

__all__ = ["Seen", "Shape", "cast", "dot", "nearest_cells", "runs"]

NEAR = 1e-3  # -, of the focal distance 1: what is nearer than this share of a metre is not drawn


@dataclass(frozen=True, slots=True)
class Shape:
    """One form where it is at one moment: a ball (``centre``, ``radius``), or triangles in the world."""

    index: int  # what the caller calls it
    centre: Array
    radius: float = 0.0
    vertices: Array | None = None  # (V, 3) m, in the world
    normals: Array | None = None  # (V, 3), in the world
    faces: Index | None = None  # (F, 3)
    two_sided: bool = False
    solid: Solid | None = None  # what it is, where it is rigid
    matrix: Array | None = None  # (3, 3) from its own axes to the world's, where it is rigid


@dataclass(frozen=True, slots=True)
class Seen:
    """The nearest surface in every cell that shows one: n of them, in order of their cells."""

    cell: Index  # (n,) row * width + column
    inverse: Floats  # (n,) 1/m, one over the depth
    index: NDArray[np.int32]  # (n,) of the shape
    normal: Floats  # (n, 3) unit vectors in the world
    point: Floats  # (n, 3) m, in the world
    face: Index  # (n,) which of the shape's faces; -1 for balls
    share: Floats  # (n, 2) how much the face's second and third vertex count at the point


def cast(lens: Lens, shapes: Sequence[Shape], behind: Floats | None = None, *, shares: bool = False) -> Seen:
    """What the lens sees of the shapes.

    Args:
        lens: the grid.
        shapes: what is there.
        behind: (height * width,) 1/m, the inverse depth of what has been drawn already: only what is nearer is returned.
        shares: whether ``face`` and ``share`` are wanted; otherwise they may be empty of meaning.

    Example:
        >>> from kinema.scenes.camera import Camera
        >>> from kinema.scenes.picture.lens import Lens
        >>> lens = Lens.of(Camera(target=(0, 0, 1), distance=2, yaw=0, eye_height=1, view_height=2), 101, 101)
        >>> seen = cast(lens, [Shape(0, np.array([0.0, 0.0, 1.0]), radius=0.5)])
        >>> round(float(1 / seen.inverse[seen.cell == 50 * 101 + 50][0]), 4)  # the eye is 2 m from the centre
        1.5
    """
    balls = [shape for shape in shapes if shape.vertices is None]
    solids = [shape for shape in shapes if shape.vertices is not None]
    round_ = _Balls(lens, balls)
    flat = _Faces(lens, solids)
    cell = np.concatenate([round_.cell, flat.cell])
    inverse = np.concatenate([round_.inverse, flat.inverse])
    kept = None if behind is None else np.flatnonzero(inverse > behind[cell])
    cell, winner = nearest_cells(cell, inverse, lens.width * lens.height, kept)
    return _gather(lens, cell, winner, inverse[winner], round_, flat, shares=shares)


def dot(a: Floats, b: Floats) -> Floats:
    """Scalar products of rows of three; much faster than a sum along the last axis."""
    product: Floats = a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]
    return product


def nearest_cells(cell: Index, nearness: Floats, size: int, kept: Index | None = None) -> tuple[Index, Index]:
    """The cells that are covered, and which candidate has the greatest ``nearness`` in each; ``kept`` are the candidates that count.

    Where candidates write to one cell the last one stays, and those that are nearer try again.
    """
    kept = np.arange(len(cell)) if kept is None else kept
    held = np.full(size, -1, dtype=np.int64)
    while len(kept):
        there = cell[kept]
        now = held[there]
        better = (now < 0) | (nearness[kept] > nearness[now])
        kept, there = kept[better], there[better]
        held[there] = kept
        kept = kept[held[there] != kept]
    found = np.flatnonzero(held >= 0)
    return found, held[found]


def _gather(lens: Lens, cell: Index, winner: Index, inverse: Floats, round_: _Balls, flat: _Faces, *, shares: bool) -> Seen:
    """Points and normals where something won."""
    count = len(cell)
    row = cell // lens.width
    column = cell - row * lens.width
    u, v = lens.u[column], lens.v[row]
    depth: Floats = np.asarray(1 / inverse, dtype=np.float32)
    away = lens.turned(np.asarray(u * depth), np.asarray(v * depth), depth)
    point = away + lens.eye.astype(np.float32)
    normal = np.empty((count, 3), dtype=np.float32)
    index = np.empty(count, dtype=np.int32)
    face, share = np.full(count, -1, dtype=np.int64), np.zeros((count, 2), dtype=np.float32)
    of_ball = winner < len(round_.cell)
    which = round_.ball[winner[of_ball]]
    normal[of_ball] = (point[of_ball] - round_.centre[which]) / round_.radius[which][:, None]
    index[of_ball] = round_.index[which]
    rest = ~of_ball
    if rest.any():
        faces = flat.face[winner[rest] - len(round_.cell)]
        if shares or not flat.even:
            share[rest] = flat.shares(faces, row[rest], column[rest], inverse[rest])
        normal[rest] = flat.normals_at(faces, share[rest], away[rest])
        index[rest], face[rest] = flat.index[faces], flat.number[faces]
    normal /= np.sqrt(np.maximum(dot(normal, normal), 1e-12))[:, None]
    return Seen(cell, inverse, index, normal, point, face, share)


class _Balls:
    """The cells in which rays meet balls."""

    def __init__(self, lens: Lens, balls: Sequence[Shape]) -> None:
        self.centre = np.array([ball.centre for ball in balls]).reshape(-1, 3).astype(np.float32)
        self.radius = np.array([ball.radius for ball in balls], dtype=np.float32)
        self.index = np.array([ball.index for ball in balls], dtype=np.int32)
        own = lens.own(np.array([ball.centre for ball in balls], dtype=float).reshape(-1, 3))
        radius = self.radius.astype(float)
        left, right = _outline(own[:, 0], own[:, 2], radius)
        low, high = _outline(own[:, 1], own[:, 2], radius)
        seen = own[:, 2] > radius + NEAR
        first = np.ceil(lens.centre[0] + left * lens.focal - 0.5), np.ceil(lens.centre[1] - high * lens.focal - 0.5)
        last = np.ceil(lens.centre[0] + right * lens.focal - 0.5), np.ceil(lens.centre[1] - low * lens.focal - 0.5)
        x0, x1 = (np.where(seen, np.clip(x, 0, lens.width), 0).astype(np.int64) for x in (first[0], last[0]))
        y0, y1 = (np.where(seen, np.clip(y, 0, lens.height), 0).astype(np.int64) for y in (first[1], last[1]))
        ball, row = _spread(y0, y1)
        run, column = _spread(x0[ball], x1[ball])
        ball, row = ball[run], row[run]
        self.ball, self.cell, self.inverse = self._meet(lens, own, ball, row, column)

    def _meet(self, lens: Lens, own: Array, ball: Index, row: Index, column: Index) -> tuple[Index, Index, Floats]:
        """Solve for the nearer end of the chord: ``|u x c|`` is the ray's distance from the centre times its length."""
        u, v = lens.u[column], lens.v[row]
        x, y, z = (own[ball, k].astype(np.float32) for k in range(3))
        square = 1 + u * u + v * v
        off = (u * z - x) ** 2 + (v * z - y) ** 2 + (u * y - v * x) ** 2
        inside = self.radius[ball] ** 2 * square - off
        hit = inside > 0
        along = (u * x + v * y + z)[hit]
        inverse = square[hit] / (along - np.sqrt(inside[hit]))
        return ball[hit], row[hit] * lens.width + column[hit], inverse


def _outline(across: Array, ahead: Array, radius: Array) -> tuple[Array, Array]:
    """Slopes of the two tangents to a circle from the origin."""
    square = np.maximum(ahead**2 - radius**2, 1e-12)
    root = radius * np.sqrt(np.maximum(across**2 + ahead**2 - radius**2, 0))
    return (across * ahead - root) / square, (across * ahead + root) / square


def _spread(first: Index, last: Index) -> tuple[Index, Index]:
    """For ranges ``first[i]`` to ``last[i]`` (not included): the number i of every element, and the element."""
    count = np.maximum(last - first, 0)
    which = np.repeat(np.arange(len(count)), count)
    start = np.cumsum(count) - count
    return which, np.arange(len(which)) - start[which] + first[which]


def runs(xy: Array, width: int, height: int) -> tuple[Index, Index, Index]:
    """The cells whose centres triangles cover, row by row: number of the triangle, row, column of each.

    Triangles that share an edge cover every cell along it once, neither twice nor never: both compute where it crosses a row from the
    same two ends in the same order.

    Args:
        xy: (F, 3, 2) corners in cells.
        width: cells in a row.
        height: rows.

    Example:
        >>> runs(np.array([[[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]]]), 4, 4)[2].tolist()
        [0, 1, 0]
    """
    order = np.argsort(xy[:, :, 1], axis=1, kind="stable")
    xy = np.take_along_axis(xy, order[..., None], axis=1)
    (x0, y0), (x1, y1), (x2, y2) = (xy[:, k].T for k in range(3))
    face, row = _spread(*(np.clip(np.ceil(y - 0.5), 0, height).astype(np.int64) for y in (y0, y2)))
    middle = row + 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        whole, upper, lower = (x2 - x0) / (y2 - y0), (x1 - x0) / (y1 - y0), (x2 - x1) / (y2 - y1)
        long = x0[face] + (middle - y0[face]) * whole[face]
        above = x0[face] + (middle - y0[face]) * upper[face]
        below = x1[face] + (middle - y1[face]) * lower[face]
    bent = np.where(middle < y1[face], above, below)
    start, end = np.minimum(long, bent), np.maximum(long, bent)
    run, column = _spread(*(np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64) for x in (start, end)))
    return face[run], row[run], column


class _Faces:
    """The cells that triangles cover, with what is needed to interpolate between their corners."""

    def __init__(self, lens: Lens, solids: Sequence[Shape]) -> None:
        corners, normals, index, number, both = [], [], [], [], []
        for shape in solids:
            assert shape.vertices is not None and shape.normals is not None and shape.faces is not None
            corners.append(shape.vertices[shape.faces])
            normals.append(shape.normals[shape.faces])
            index.append(np.full(len(shape.faces), shape.index))
            number.append(np.arange(len(shape.faces)))
            both.append(np.full(len(shape.faces), shape.two_sided))
        if not solids:
            corners, normals = [np.empty((0, 3, 3))], [np.empty((0, 3, 3))]
            index, number, both = [np.empty(0, int)], [np.empty(0, int)], [np.empty(0, bool)]
        own = lens.own(np.concatenate(corners))
        ahead = np.asarray((own[..., 2] > NEAR).all(axis=1))
        xy = lens.on_film(np.where(ahead[:, None, None], own, 1.0))
        edge, other = xy[:, 1] - xy[:, 0], xy[:, 2] - xy[:, 0]
        area = edge[:, 0] * other[:, 1] - edge[:, 1] * other[:, 0]  # rows run downwards: what faces us runs the other way round
        used = np.flatnonzero(ahead & ((area < -1e-12) | (np.concatenate(both) & (np.abs(area) > 1e-12))))
        self.index, self.number = np.concatenate(index)[used].astype(np.int32), np.concatenate(number)[used]
        self.both = np.concatenate(both)[used]
        self.normals = np.concatenate(normals)[used].astype(np.float32)
        self.even = bool(np.array_equal(self.normals[:, 0], self.normals[:, 1]) and np.array_equal(self.normals[:, 0], self.normals[:, 2]))
        xy, self.over = xy[used], 1 / own[used, :, 2]
        self.base, self.slope = self._plan(xy, edge[used], other[used], area[used])
        self.face, row, column = runs(xy, lens.width, lens.height)
        self.cell = row * lens.width + column
        self.inverse = self._inverse(row, column)

    def _plan(self, xy: Array, edge: Array, other: Array, area: Array) -> tuple[Array, Array]:
        """The second and third corner's affine weights: ``(column, row) - base`` times ``slope`` (F, 2 weights, 2)."""
        slope = np.stack(
            [np.stack([other[:, 1], -other[:, 0]], axis=-1), np.stack([-edge[:, 1], edge[:, 0]], axis=-1)], axis=1
        )
        return xy[:, 0], slope / area[:, None, None]

    def _inverse(self, row: Index, column: Index) -> Floats:
        """One over the depth is affine on the film."""
        rate = (self.over[:, 1:, None] - self.over[:, :1, None]) * self.slope
        across, down = rate[..., 0].sum(axis=1), rate[..., 1].sum(axis=1)
        start = self.over[:, 0] - across * (self.base[:, 0] - 0.5) - down * (self.base[:, 1] - 0.5)
        face = self.face
        inverse: Floats = (start[face] + across[face] * column + down[face] * row).astype(np.float32)
        return np.maximum(inverse, np.float32(1e-9))

    def shares(self, face: Index, row: Index, column: Index, inverse: Floats) -> Floats:
        """How much the second and third corner count, in perspective."""
        x = column + 0.5 - self.base[face, 0]
        y = row + 0.5 - self.base[face, 1]
        slope = self.slope[face]
        affine = slope[..., 0] * x[:, None] + slope[..., 1] * y[:, None]
        share: Floats = np.clip(affine * self.over[face, 1:] / inverse[:, None], 0, 1).astype(np.float32)
        return share

    def normals_at(self, face: Index, share: Floats, away: Floats) -> Floats:
        """Interpolated; those of sheets turned towards the eye."""
        if self.even and not self.both.any():
            return np.asarray(self.normals[face, 0])
        corner = self.normals[face]
        first = 1 - share[:, :1] - share[:, 1:]
        normal: Floats = first * corner[:, 0] + share[:, :1] * corner[:, 1] + share[:, 1:] * corner[:, 2]
        hidden = self.both[face] & (dot(normal, away) > 0)
        normal[hidden] *= -1
        return normal

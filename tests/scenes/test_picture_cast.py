"""The geometry pass against closed forms and against a slow one that asks every ray about every triangle."""

from __future__ import annotations

import numpy as np
import pytest

from kinema.scenes.camera import Camera
from kinema.scenes.picture.cast import Seen, Shape, cast, runs
from kinema.scenes.picture.lens import Lens
from kinema.scenes.picture.tubes import coil, tube
from kinema.scenes.shapes import Ball, Box, Cylinder, Lathe, Solid, mesh_of, rotate, turn

CAMERA = Camera(target=(0.0, 0.0, 0.38), distance=2.26, yaw=0.3, eye_height=0.62, view_height=1.0)
TILTED = Camera(target=(0.0, 0.0, 0.38), distance=2.26, yaw=-0.2, eye_height=0.62, view_height=1.0, pitch=0.06)


def solid_at(index: int, solid: Solid, centre: tuple[float, float, float], turned: tuple[float, ...] = (0, 0, 0, 1)) -> Shape:
    mesh, q = mesh_of(solid), np.array(turned, dtype=float)
    where = np.array(centre)
    return Shape(index, where, vertices=rotate(q, mesh.vertices) + where, normals=rotate(q, mesh.normals), faces=mesh.faces)


def slow(lens: Lens, shape: Shape, cells: np.ndarray) -> np.ndarray:
    """Depths in m along the axis (inf where nothing is hit), triangle by triangle in double precision."""
    u = (cells % lens.width + 0.5 - lens.centre[0]) / lens.focal
    v = (lens.centre[1] - cells // lens.width - 0.5) / lens.focal
    ray = np.stack([u, v, np.ones(len(u))], axis=-1) @ lens.axes
    nearest = np.full(len(cells), np.inf)
    for a, b, c in shape.vertices[shape.faces]:
        system = np.stack([ray, np.broadcast_to(a - b, ray.shape), np.broadcast_to(a - c, ray.shape)], axis=-1)
        with np.errstate(all="ignore"):
            t, beta, gamma = np.linalg.solve(system + 1e-15 * np.eye(3), np.broadcast_to((a - lens.eye)[:, None], (len(u), 3, 1)))[..., 0].T
        inside = (beta >= 0) & (gamma >= 0) & (beta + gamma <= 1) & (t > 0)
        nearest = np.where(inside & (t < nearest), t, nearest)
    return nearest


@pytest.mark.parametrize("camera", [CAMERA, TILTED])
def test_a_ball_is_where_the_camera_projects_it(camera: Camera) -> None:
    """A sphere is seen as an ellipse whose middle is at x z / (z^2 - r^2)."""
    lens, fine = Lens.of(camera, 128, 128), Lens.of(camera, 128, 128, 3)
    rng = np.random.default_rng(0)
    errors = []
    for centre in rng.uniform([-0.35, -0.2, 0.1], [0.35, 0.2, 0.8], (20, 3)):
        seen = cast(fine, [Shape(0, centre, radius=0.06)])
        middle = np.array([(seen.cell % 384).mean() + 0.5, (seen.cell // 384).mean() + 0.5]) / 3
        x, y, z = lens.own(centre)
        ellipse = lens.on_film(np.array([x * z, y * z, z * z - 0.06**2]))
        errors.append(middle - ellipse)
        assert np.abs(camera.project(centre, 128, 128) - lens.cells_of(centre)).max() < 1e-9
    assert np.abs(np.mean(errors, axis=0)).max() < 0.005  # no bias: the old pictures were .16 pixels off
    assert np.sqrt(np.mean(np.square(errors))) < 0.02


def test_the_depth_and_the_normal_of_a_ball_are_those_of_the_sphere() -> None:
    lens, centre, radius = Lens.of(CAMERA, 200, 150), np.array([0.1, -0.1, 0.5]), 0.2
    seen = cast(lens, [Shape(7, centre, radius=radius)])
    u = (seen.cell % 200 + 0.5 - lens.centre[0]) / lens.focal
    v = (lens.centre[1] - seen.cell // 200 - 0.5) / lens.focal
    ray = np.stack([u, v, np.ones(len(u))], axis=-1) @ lens.axes
    to = lens.eye - centre
    a, b, c = (ray**2).sum(axis=1), ray @ to, to @ to - radius**2
    depth = (-b - np.sqrt(np.maximum(b * b - a * c, 0))) / a
    point = lens.eye + depth[:, None] * ray
    clear = b * b - a * c > 1e-3
    assert np.abs(1 / seen.inverse - depth)[clear].max() < 2e-5
    assert np.abs(seen.point - point)[clear].max() < 2e-5
    assert np.abs(seen.normal - (point - centre) / radius)[clear].max() < 2e-4
    assert set(seen.index.tolist()) == {7}
    assert len(seen.cell) == pytest.approx(np.pi * (radius * lens.focal / lens.own(centre)[2]) ** 2, rel=0.02)


@pytest.mark.parametrize(
    "solid", [Box((0.3, 0.2, 0.25)), Cylinder(0.1, 0.3), Lathe(((0.1, -0.05), (0.15, -0.05), (0.15, 0.05), (0.1, 0.05), (0.1, -0.05)))]
)
def test_every_cell_of_a_solid_is_what_a_slow_caster_finds(solid: Solid) -> None:
    lens = Lens.of(CAMERA, 40, 40)
    shape = solid_at(0, solid, (0.05, 0.0, 0.4), turn((1, 2, 0.5), 0.9))
    seen = cast(lens, [shape])
    cells = np.arange(40 * 40)
    expected = slow(lens, shape, cells)
    found = np.full(len(cells), np.inf)
    found[seen.cell] = 1 / seen.inverse
    both = np.isfinite(found) & np.isfinite(expected)
    assert (np.isfinite(found) != np.isfinite(expected)).sum() <= 2  # a ray through an edge
    assert both.sum() > 60
    assert np.abs(found[both] - expected[both]).max() < 1e-4


def test_triangles_that_share_edges_cover_each_cell_once() -> None:
    rng = np.random.default_rng(1)
    grid = np.stack(np.meshgrid(np.linspace(0, 40, 9), np.linspace(0, 30, 9)), axis=-1).reshape(-1, 2)
    inner = (grid % [40, 30] > 0).all(axis=1)
    grid[inner] += rng.uniform(-1.5, 1.5, (inner.sum(), 2))
    first = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel()
    faces = np.concatenate([np.stack([first, first + 1, first + 9], -1), np.stack([first + 1, first + 10, first + 9], -1)])
    _, row, column = runs(grid[faces], 40, 30)
    assert np.array_equal(np.bincount(row * 40 + column, minlength=1200), np.ones(1200))


def test_the_nearest_of_many_wins_and_what_lies_behind_is_left_out() -> None:
    lens = Lens.of(CAMERA, 96, 96, 2)
    shapes = [
        Shape(0, np.array([0.0, 0.0, 0.4]), radius=0.15),
        solid_at(1, Box((0.4, 0.1, 0.1)), (0.0, -0.1, 0.4), turn((0, 0, 1), 0.4)),
        Shape(2, np.array([0.05, -0.3, 0.45]), radius=0.05),
    ]
    together = cast(lens, shapes)
    alone = [cast(lens, [shape]) for shape in shapes]
    nearest = np.zeros(lens.width * lens.height, np.float32)
    owner = np.full(len(nearest), -1)
    for seen in alone:
        ahead = seen.inverse > nearest[seen.cell]
        nearest[seen.cell[ahead]], owner[seen.cell[ahead]] = seen.inverse[ahead], seen.index[ahead]
    assert np.array_equal(np.flatnonzero(owner >= 0), together.cell)
    assert np.array_equal(owner[together.cell], together.index)
    hidden = cast(lens, shapes[:1], nearest)
    assert len(hidden.cell) == 0


def test_a_turned_profile_looks_like_the_ball_that_it_describes() -> None:
    lens = Lens.of(CAMERA, 128, 128, 3)
    exact, faceted = cast(lens, [Shape(0, np.array([0, 0, 0.4]), radius=0.2)]), cast(lens, [solid_at(0, Ball(0.2), (0, 0, 0.4))])
    common, i, j = np.intersect1d(exact.cell, faceted.cell, return_indices=True)
    assert len(common) > 0.99 * len(exact.cell)
    angle = np.degrees(np.arccos(np.clip((exact.normal[i] * faceted.normal[j]).sum(axis=1), -1, 1)))
    assert angle.mean() < 0.5


@pytest.mark.parametrize("name", ["rod", "bent string", "spring"])
def test_thin_things_are_closed_and_look_outwards(name: str) -> None:
    bottom, top = np.array([0.1, 0.0, 0.2]), np.array([-0.2, 0.1, 0.7])
    made = {
        "rod": lambda: tube(np.stack([bottom, top]), 0.02),
        "bent string": lambda: tube(np.stack([bottom, top, [0.3, 0.0, 0.3]]), 0.02),
        "spring": lambda: coil(bottom, top, 0.05, 0.01),
    }[name]()
    vertices, normals, faces = made
    corner = vertices[faces]
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    agree = (facing * normals[faces].mean(axis=1)).sum(axis=1)
    assert (agree > 0).mean() > 0.99
    assert np.isfinite(vertices).all()
    assert np.abs(np.linalg.norm(normals, axis=1) - 1).max() < 1e-9
    seen = cast(Lens.of(CAMERA, 128, 128), [Shape(0, bottom, vertices=vertices, normals=normals, faces=faces)])
    ends = Lens.of(CAMERA, 128, 128).cells_of(np.stack([bottom, top]))
    cells = np.stack([seen.cell % 128 + 0.5, seen.cell // 128 + 0.5], axis=1)
    assert np.linalg.norm(cells[:, None] - ends, axis=-1).min(axis=0).max() < 4


def test_nothing_is_seen_of_nothing_and_of_what_is_behind_the_eye() -> None:
    lens = Lens.of(CAMERA, 32, 32)
    behind = lens.eye - lens.axes[2]
    for shapes in ([], [Shape(0, behind, radius=0.1)], [solid_at(0, Box((0.1, 0.1, 0.1)), tuple(behind))]):
        seen = cast(lens, shapes)
        assert isinstance(seen, Seen)
        assert len(seen.cell) == 0

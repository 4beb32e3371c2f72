"""Cloth and jelly: the lattice that carries them, and what comes of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.jelly import NODES, Jelly
from kinema.scenes.catalogue.lattice import Lattice, ball_touch, floor_touch, run
from kinema.scenes.catalogue.soft import Cloth
from kinema.scenes.scene import Scene
from kinema.scenes.world import simulate


def nothing(x: np.ndarray, v: np.ndarray, step: float) -> None:
    del x, v, step


def pair(damping: float = 0.0) -> Lattice:
    rest = np.array([[0.0, 0.0, 1.0], [0.1, 0.0, 1.0]])
    return Lattice(rest, np.array([[0, 1]]), np.array([50.0]), np.array([damping]), np.zeros(1), 0.5)


def test_two_points_on_a_spring_swing_at_the_rate_of_their_reduced_mass() -> None:
    lattice = pair()
    start = lattice.rest + np.array([[-0.01, 0, 0], [0.01, 0, 0]])
    course = run(lattice, start, 0.0, 1.0, 3840, nothing)
    gap = course.vertices[:, 1, 0] - course.vertices[:, 0, 0] - 0.1
    times = np.arange(len(gap)) / 240
    told = 0.02 * np.cos(np.sqrt(50.0 / 0.25) * times)
    assert np.abs(gap - told).max() < 1e-4


def test_damping_moves_no_centre() -> None:
    lattice = pair(damping=0.5)
    start = lattice.rest + np.array([[-0.02, 0, 0], [0.0, 0, 0]])
    course = run(lattice, start, 0.0, 1.0, 1920, nothing)
    assert np.abs(course.centre - course.centre[0]).max() < 1e-12


def test_forces_are_the_slope_of_the_energy() -> None:
    cube = Jelly.draw(0).cube
    rng = np.random.default_rng(3)
    x = cube.rest + 0.01 * rng.standard_normal(cube.rest.shape)
    way = rng.standard_normal(x.shape)
    still = np.zeros((1, *x.shape))
    step = 1e-6
    ahead, behind = (cube.energy((x + sign * step * way)[None], still, 0.0)[0] for sign in (1, -1))
    assert -(ahead - behind) / (2 * step) == pytest.approx(float((cube.forces(x, 0 * x) * way).sum()), rel=1e-5)


def test_a_cube_of_points_holds_the_volume_of_a_cube() -> None:
    scene = Jelly.draw(1)
    assert scene.cube.whole == pytest.approx(scene.edge**3)
    assert float(scene.cube.mass * len(scene.cube.rest)) == pytest.approx(scene.mass)


def test_the_seen_skin_is_closed_and_looks_outwards() -> None:
    scene = Jelly.draw(1)
    truth = simulate(scene, 0.02)
    points, faces = truth.vertices["jelly"][0].astype(float), np.array(scene.bodies()[0].form.faces)
    assert faces.min() >= NODES**3
    a, b, c = (points[faces[:, k]] - points.mean(axis=0) for k in range(3))
    assert float(np.einsum("fi,fi->", a, np.cross(b, c)) / 6) == pytest.approx(scene.edge**3, rel=1e-5)


def test_what_touches_stops_and_friction_brakes_at_most_to_rest() -> None:
    x, v = np.array([[0.0, 0.0, 1e-5]]), np.array([[1.0, 0.0, -2.0]])
    floor_touch(x, v, 1e-3, 0.1)
    assert v[0, 2] == pytest.approx(-1e-2)
    assert v[0, 0] == pytest.approx(1 - 0.1 * 1.99)
    floor_touch(x, v, 1e-3, 0.1)
    assert v[0, 0] == pytest.approx(1 - 0.1 * 1.99)  # nothing presses any more
    x, v = np.array([[0.0, 0.0, 1.0]]), np.array([[0.1, 0.0, -5.0]])
    ball_touch(x, v, 1e-3, np.zeros(3), 1.0, 0.5)
    assert v[0] == pytest.approx([0, 0, 0], abs=1e-12)


@pytest.mark.parametrize(("cls", "seed"), [(Cloth, 5), (Cloth, 6), (Jelly, 5), (Jelly, 6)])
def test_proofs_hold_in_takes_and_short_truths(cls: type[Scene], seed: int) -> None:
    scene = cls.draw(seed).take(1)
    assert [proof.law for proof in scene.proofs(simulate(scene, 2.5)) if not proof.holds] == []


@pytest.mark.parametrize("cls", [Cloth, Jelly])
def test_the_strongest_gravity_is_borne(cls: type[Scene]) -> None:
    scene = replace(cls.draw(7), world="jupiter")
    assert [proof.law for proof in scene.proofs(simulate(scene, 2.5)) if not proof.holds] == []


def test_a_jelly_squashes_bulges_and_comes_to_rest() -> None:
    scene = Jelly.draw(3, world="earth")
    shape = simulate(scene, 3.0).vertices["jelly"][:, : NODES**3]
    tall, wide = np.ptp(shape[..., 2], axis=1) / scene.edge, np.ptp(shape[..., 0], axis=1) / scene.edge
    assert tall.min() < 0.9
    assert wide[tall.argmin()] > 1.05
    assert np.ptp(tall[-48:]) < 0.01


def test_a_cloth_ends_round_the_ball() -> None:
    scene = Cloth.draw(0, world="earth")
    cloth = simulate(scene, 3.0).vertices["cloth"]
    corners = cloth[-1, [0, 20, 420, 440]]
    assert corners[:, 2].max() < scene.middle[2]  # the corners hang below the ball's middle
    assert cloth[-1, :, 2].max() == pytest.approx(scene.middle[2] + scene.ball + scene.gap, abs=0.01)
    assert np.abs(cloth[-1] - cloth[-25]).max() < 0.02 * scene.side  # and it hardly sways any more

"""The simulated truth against closed forms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.colliding import Collision
from kinema.scenes.catalogue.falling import Drop, Projectile
from kinema.scenes.catalogue.swinging import Pendulum
from kinema.scenes.scene import GRAVITY, TRUTH_RATE
from kinema.scenes.world import simulate, truth_of

SEEDS = range(3)


@pytest.mark.parametrize("world", GRAVITY)
@pytest.mark.parametrize("restitution", [0.5, 0.8, 0.95])
def test_three_bounces_reach_their_heights(world: str, restitution: float) -> None:
    scene = Drop.draw(1, world=world, restitution=restitution)
    times = scene.contact_times(5)
    truth = simulate(scene, float(times[4]) + 0.05)
    found = [contact.t for contact in truth.contacts[:4]]
    assert found == pytest.approx(times[:4].tolist(), abs=0.004)
    above = truth.position[:, 0, 2] - scene.radius
    for k in range(3):
        apex = above[round(found[k] * TRUTH_RATE) : round(found[k + 1] * TRUTH_RATE)].max()
        assert apex == pytest.approx(scene.height * restitution ** (2 * k + 2), rel=0.015)


@pytest.mark.parametrize("seed", range(6))
def test_a_throw_lands_where_the_parabola_ends(seed: int) -> None:
    scene = Projectile.draw(seed)
    first = simulate(scene, 2.0).contacts[0]
    start = scene.setup().position[0][0]
    assert first.point[0] - start == pytest.approx(scene.speed_x * scene.landing, rel=0.005)
    assert first.t == pytest.approx(scene.landing, rel=0.005)


@pytest.mark.parametrize("seed", range(4))
def test_a_pendulum_keeps_the_elliptic_period(seed: int) -> None:
    scene = Pendulum.draw(seed)
    truth = simulate(scene, 6.0)
    x = truth.position[:, 0, 0]
    cross = np.flatnonzero(np.diff(np.sign(x)) != 0)
    exact = cross + x[cross] / (x[cross] - x[cross + 1])
    assert 2 * np.diff(exact).mean() / TRUTH_RATE == pytest.approx(scene.period, rel=0.002)
    assert truth.contacts == ()


@pytest.mark.parametrize("seed", range(8))
def test_a_collision_keeps_momentum_and_restitution(seed: int) -> None:
    scene = Collision.draw(seed)
    truth = simulate(scene, 2.0)
    assert truth.velocity[-1, :, 0].tolist() == pytest.approx(list(scene.speeds_after()), rel=0.01)
    assert len(truth.contacts) == 1
    contact = truth.contacts[0]
    assert contact.bodies == ("left", "right")
    assert contact.approach_speed == pytest.approx(scene.speed_left - scene.speed_right, rel=0.01)
    assert np.ptp(truth.position[..., 2]) < 1e-4 * scene.radius  # the floor throws nothing up


@pytest.mark.parametrize("e", [0.3, 0.9])
@pytest.mark.parametrize("pair", [("steel", "wood"), ("wood", "glass"), ("plastic", "stone")])
def test_any_pair_and_restitution_collides_exactly(pair: tuple[str, str], e: float) -> None:
    for seed in range(4):
        scene = Collision.draw(seed, material_left=pair[0], material_right=pair[1], restitution=e)
        after = simulate(scene, 1.8).velocity[-1, :, 0]
        assert after.tolist() == pytest.approx(list(scene.speeds_after()), rel=0.01, abs=1e-4)


def test_impulse_is_mass_times_change_of_velocity() -> None:
    scene = Drop.draw(5)
    first = simulate(scene, 1.2).contacts[0]
    speed = np.sqrt(2 * scene.gravity * scene.height)
    assert first.approach_speed == pytest.approx(speed, rel=0.005)
    assert first.impulse == pytest.approx(scene.bodies()[0].mass * (1 + scene.restitution) * speed, rel=0.01)
    assert first.normal == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("family", [Drop, Projectile, Pendulum])
def test_energy_never_rises(family: type) -> None:
    scene = family.draw(2)
    truth = simulate(scene, 2.0)
    height, speed = truth.position[:, 0, 2], np.linalg.norm(truth.velocity[:, 0], axis=-1)
    energy = scene.gravity * height + speed**2 / 2
    scale = scene.gravity * np.ptp(height)
    assert np.maximum.accumulate(energy)[-1] - energy[0] < 0.01 * scale


def test_a_delay_holds_everything_still_and_shifts_the_rest() -> None:
    scene = Drop.draw(3)
    late = replace(scene, delay=0.25)
    now, then = simulate(scene, 1.5), simulate(late, 1.75)
    held = round(0.25 * TRUTH_RATE)
    assert np.array_equal(then.position[: held + 1, 0], np.repeat(then.position[:1, 0], held + 1, axis=0))
    assert np.array_equal(then.position[held:], now.position)
    assert [c.t for c in then.contacts] == pytest.approx([c.t + 0.25 for c in now.contacts])


def test_one_scene_leaves_nothing_behind_for_the_next() -> None:
    scene = Drop.draw(4)
    alone = simulate(scene, 1.0).position
    simulate(Collision.draw(4), 1.0)
    simulate(Pendulum.draw(4), 1.0)
    assert np.array_equal(simulate(scene, 1.0).position, alone)


def test_the_cache_returns_the_same_truth(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("KINEMA_CACHE", str(tmp_path))
    scene = Projectile.draw(7).take(2)
    first, second = truth_of(scene, 1.0), truth_of(scene, 1.0)
    assert len(list((tmp_path / "truth").glob("*.npz"))) == 1
    assert np.array_equal(first.position, second.position)
    assert first.contacts == second.contacts
    next((tmp_path / "truth").glob("*.npz")).write_bytes(b"torn")
    assert np.array_equal(truth_of(scene, 1.0).position, first.position)

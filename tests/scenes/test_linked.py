"""Bodies on joints and strings: double pendulum, chain, seesaw, door, Atwood's machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from kinema.scenes.catalogue.chains import Chain, hanging_period
from kinema.scenes.catalogue.hinged import Door
from kinema.scenes.catalogue.levers import Seesaw
from kinema.scenes.catalogue.linked import DoublePendulum
from kinema.scenes.catalogue.pulley import Atwood
from kinema.scenes.proof import energy_of
from kinema.scenes.scene import Scene
from kinema.scenes.world import simulate

FAMILIES = (DoublePendulum, Chain, Seesaw, Door, Atwood)


@pytest.mark.parametrize("cls", FAMILIES)
@pytest.mark.parametrize("seed", [5, 6])
def test_proofs_hold_in_takes_and_short_truths(cls: type[Scene], seed: int) -> None:
    for take in (0, 1):
        scene = cls.draw(seed).take(take)
        assert [proof.law for proof in scene.proofs(simulate(scene, 2.5)) if not proof.holds] == []


def test_a_double_pendulum_follows_lagrange_for_a_second() -> None:
    scene = DoublePendulum.draw(2)
    (m1, m2), l1, l2, g = (body.mass for body in scene.bodies()), scene.length, scene.length_other, scene.gravity
    i1, i2 = 0.4 * m1 * scene.radius**2, 0.4 * m2 * scene.radius_other**2

    def slope(_: float, state: np.ndarray) -> list[float]:
        a, b, wa, wb = state
        c, s = np.cos(a - b), np.sin(a - b)
        matrix = np.array([[(m1 + m2) * l1**2 + i1, m2 * l1 * l2 * c], [m2 * l1 * l2 * c, m2 * l2**2 + i2]])
        right = [-m2 * l1 * l2 * s * wb**2 - (m1 + m2) * g * l1 * np.sin(a), m2 * l1 * l2 * s * wa**2 - m2 * g * l2 * np.sin(b)]
        return [wa, wb, *np.linalg.solve(matrix, right)]

    told = solve_ivp(slope, (0, 1), [scene.angle, scene.angle_other, 0, 0], rtol=1e-10, atol=1e-12).y[:, -1]
    end = simulate(scene, 1.0).position[-1]
    x, _, z = scene.pivot
    upper = np.array([x + l1 * np.sin(told[0]), 0.0, z - l1 * np.cos(told[0])])
    lower = upper + np.array([l2 * np.sin(told[1]), 0.0, -l2 * np.cos(told[1])])
    assert np.abs(end - [upper, lower]).max() < 0.01 * l1


def test_rods_keep_their_length() -> None:
    scene = DoublePendulum.draw(4)
    place = simulate(scene, 3.0).position
    assert np.linalg.norm(place[:, 0] - scene.pivot, axis=-1) == pytest.approx(scene.length, rel=1e-6)
    assert np.linalg.norm(place[:, 1] - place[:, 0], axis=-1) == pytest.approx(scene.length_other, rel=1e-6)


def test_the_hanging_chain_between_its_two_limits() -> None:
    bare = 2 * np.pi / (1.2024 * np.sqrt(9.81))  # half the first root of J0
    pendulum = 2 * np.pi / np.sqrt(9.81)
    assert hanging_period(1.0, 1e-7, 9.81) == pytest.approx(bare, rel=1e-3)
    assert hanging_period(1.0, 1e4, 9.81) == pytest.approx(pendulum, rel=1e-4)
    periods = [hanging_period(1.0, ratio, 9.81) for ratio in (0.01, 0.1, 1.0, 10.0)]
    assert periods == sorted(periods)


def test_a_light_weight_lets_the_chain_swing_faster() -> None:
    scene = replace(Chain.draw(0, world="earth"), angle=0.1)
    for ratio in (0.3, 1.5):
        light = replace(scene, ratio=ratio)
        proof = light.proofs(simulate(light, 2.5))[0]
        assert proof.holds
        assert proof.simulated < 0.97 * 2 * np.pi * np.sqrt(scene.length / scene.gravity) or ratio > 1


def test_a_balanced_seesaw_stays() -> None:
    scene = Seesaw.draw(1)
    even = replace(scene, edge_right=scene.edge_left, arm_right=scene.arm_left)
    truth = simulate(even, 2.0)
    assert np.abs(truth.position - truth.position[0]).max() < 1e-6
    assert truth.contacts == ()


def test_a_seesaw_obeys_the_arms_as_well_as_the_weights() -> None:
    scene = Seesaw.draw(1)
    even = replace(scene, edge_right=scene.edge_left)
    assert replace(even, arm_left=1.1 * even.arm_right).heavy == 0
    assert replace(even, arm_left=0.9 * even.arm_right).heavy == 1
    assert replace(even, arm_left=1.1 * even.arm_right).landing < replace(even, arm_left=1.05 * even.arm_right).landing


def test_a_door_without_rubbing_shuts_at_constant_speed_and_one_that_rubs_too_much_stops() -> None:
    scene = Door.draw(0)
    free = replace(scene, rub=1e-6)
    assert simulate(free, 2.5).contacts[0].t == pytest.approx(free.opening / free.push, rel=1e-3)
    tired = replace(scene, rub=0.7 * scene.push**2 / scene.opening)
    truth = simulate(tired, 3.0)
    assert truth.contacts == ()
    turned = tired.push**2 / (2 * tired.rub)  # where the hinges have used the push up
    facing = 2 * np.arctan2(truth.orientation[-1, 0, 2], truth.orientation[-1, 0, 3]) * tired.way
    assert tired.opening - facing == pytest.approx(turned, rel=0.01)


def test_a_heavy_pulley_slows_the_machine_down() -> None:
    scene = Atwood.draw(1)
    light, heavy = replace(scene, pulley_mass=0.1 * scene.pulley_mass), replace(scene, pulley_mass=3 * scene.pulley_mass)
    assert light.acceleration > scene.acceleration > heavy.acceleration
    for one in (light, heavy):
        assert all(proof.holds for proof in one.proofs(simulate(one, 2.5)))


def test_the_string_of_the_machine_can_only_pull() -> None:
    scene = Atwood.draw(1)
    truth = simulate(scene, 2.5)
    stretch = scene.stretches(truth.position, truth.orientation)
    after = truth.times > truth.contacts[0].t + 0.05
    assert stretch[after].min() < -0.01 * scene.view  # it hangs slack for a while,
    assert stretch.max() < 2e-3 * scene.view  # and hardly stretches
    low = truth.position[:, scene.heavy, 2].min()
    assert low > max(scene.radius_left, scene.radius_right) - 2e-3 * scene.view  # nothing sinks into the floor


@pytest.mark.parametrize("cls", [DoublePendulum, Chain])
@pytest.mark.parametrize("world", ["moon", "jupiter"])
def test_energy_is_kept_in_the_weakest_and_strongest_gravity(cls: type[Scene], world: str) -> None:
    scene = cls.draw(8, world=world)
    energy = energy_of(simulate(scene, 2.5))
    assert np.ptp(energy) < 0.005 * abs(energy[0])

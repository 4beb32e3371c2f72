"""What rolls: races, backspin, a jump and a loop, at their limits; and late takes of all that rolls or slides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.jumping import KINDS, RampJump
from kinema.scenes.catalogue.looping import Loop
from kinema.scenes.catalogue.racing import BORE, InclineRace
from kinema.scenes.catalogue.rolling import Backspin
from kinema.scenes.catalogue.sliding import FrictionStop, InclineSlide
from kinema.scenes.catalogue.track import length_of_path, roll
from kinema.scenes.scene import Scene
from kinema.scenes.shapes import inertia_of, volume_of
from kinema.scenes.world import simulate


@pytest.mark.parametrize("family", [InclineRace, Backspin, RampJump, Loop, InclineSlide, FrictionStop])
@pytest.mark.parametrize("seed", [5, 6, 7])
def test_a_late_take_keeps_its_laws_and_stays_in_the_picture(family: type[Scene], seed: int) -> None:
    take = replace(family.draw(seed).take(3), delay=0.25)
    truth = simulate(take, 2.5)
    for proof in take.proofs(truth):
        assert proof.holds, proof
    pixel = truth.pixels_at(np.arange(0, 2.5, 0.05), 1, 1)
    assert pixel.min() > 0
    assert pixel.max() < 1


def test_size_and_material_do_not_change_the_race() -> None:
    scene = InclineRace.draw(1)
    other = replace(scene, radius=0.6 * scene.radius, material="rubber")
    first, second = (
        [c.t for c in simulate(one, 2.2).contacts if c.bodies[1] == "stop"][:3] for one in (replace(scene, material="steel"), other)
    )
    assert first == sorted(first)
    assert second == pytest.approx(first, rel=0.005)


def test_the_hoop_has_the_inertia_of_its_form() -> None:
    hoop = InclineRace.draw(0).bodies()[2]
    assert hoop.inertia is not None
    assert hoop.inertia == pytest.approx(inertia_of(hoop.form, hoop.mass), rel=0.01)  # its mesh has 48 sides
    assert hoop.inertia[2] / (hoop.mass * hoop.radius**2) == pytest.approx((1 + BORE**2) / 2)
    assert hoop.touch is not None
    assert volume_of(hoop.touch) > volume_of(hoop.form)


def test_the_racers_roll_and_do_not_slip_until_they_arrive() -> None:
    scene = InclineRace.draw(2)
    truth = simulate(scene, 1.3)
    k = round(0.8 * scene.arrivals()[0] * 960)
    speed = np.linalg.norm(truth.velocity[k], axis=-1)
    assert np.abs(truth.spin[k, :, 1]) * scene.radius == pytest.approx(speed, rel=0.005)


@pytest.mark.parametrize(("ratio", "outcome"), [(1.0, "roll on"), (2.5, "stop"), (4.0, "return")])
def test_five_halves_divide_what_returns_from_what_rolls_on(ratio: float, outcome: str) -> None:
    scene = replace(Backspin.draw(3), rim_speed=ratio * Backspin.draw(3).speed)
    assert scene.outcome == outcome
    v = simulate(scene, 2.5).velocity[-1, 0, 0] * scene.side
    assert v == pytest.approx(scene.final_speed, abs=0.002 * scene.speed)


def test_how_rough_the_floor_is_decides_when_not_how_fast() -> None:
    scene = Backspin.draw(4)
    rough = replace(scene, friction=2 * scene.friction)
    assert rough.slip_time == pytest.approx(scene.slip_time / 2)
    ends = [simulate(one, 2.5).velocity[-1, 0, 0] for one in (scene, rough)]
    assert ends[0] == pytest.approx(ends[1], rel=1e-3)


def test_a_jump_leaves_every_kind_of_ramp_at_once() -> None:
    seen = set()
    for seed in range(12):
        scene = RampJump.draw(seed)
        seen.add(scene.kind)
        assert scene.edge_speed**2 > 1.2 * scene.gravity * scene.radius * np.cos(scene.angle)  # else it would tip over the edge
        landing = next(c.bodies for c in simulate(scene, 1.5).contacts)
        assert landing == ("ball", "floor")  # before the board
    assert seen == set(KINDS)


def test_at_the_least_height_the_track_no_longer_pushes_at_the_top() -> None:
    scene = Loop.draw(2)
    least = replace(scene, height=2.7 * scene.loop_radius)
    path = least.path()
    way = length_of_path(path)
    s, rate, _ = roll(way, path[:, 2], least.gravity, 2000)
    pushed = least.load(s, rate)
    top = int(np.argmin(np.abs(s - way[np.argmax(path[:, 2] * (way > 0.4 * way[-1]))])))
    assert pushed[top] == pytest.approx(0, abs=0.02)
    assert scene.load(s[:1], rate[:1])[0] == pytest.approx(np.cos(np.radians(52)), abs=0.01)  # at rest on the run-up


@pytest.mark.parametrize("seed", range(4))
def test_no_more_friction_is_needed_than_a_track_has(seed: int) -> None:
    scene = Loop.draw(seed)
    path = scene.path()
    way = length_of_path(path)
    s, rate, met = roll(way, path[:, 2], scene.gravity, 2400)
    assert met is not None
    moving = slice(0, met)
    needed = 2 / 7 * np.abs(np.interp(s, way, np.gradient(path[:, 2], way)))[moving] / scene.load(s, rate)[moving]
    assert scene.load(s, rate)[moving].min() > 0
    assert needed.max() < 0.8


def test_a_loop_rolls_without_slipping_and_turns_as_it_spins() -> None:
    scene = Loop.draw(1)
    truth = simulate(scene, 1.0)
    speed = np.linalg.norm(truth.velocity[:, 0], axis=-1)
    assert np.linalg.norm(truth.spin[:, 0], axis=-1) * scene.radius == pytest.approx(speed, rel=1e-3, abs=1e-6)
    turned = 2 * np.arccos(np.clip(np.abs((truth.orientation[1:, 0] * truth.orientation[:-1, 0]).sum(axis=-1)), 0, 1)) * 960
    middle = np.linalg.norm(truth.spin[1:, 0] + truth.spin[:-1, 0], axis=-1) / 2
    assert turned[100:] == pytest.approx(middle[100:], rel=0.01)

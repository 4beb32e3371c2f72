"""What goes out of sight: the screen, the glass bowl, the shell game."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from kinema.scenes.catalogue.bowl import Bowl, swing
from kinema.scenes.catalogue.cups import cup_of, smooth
from kinema.scenes.catalogue.hidden import Screen
from kinema.scenes.catalogue.shells import FIRST, LIFTING, LOWER, LOWERING, PLACES, SWAPS, ShellGame
from kinema.scenes.proof import energy_of
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Scene
from kinema.scenes.shapes import mesh_of, rotate, volume_of
from kinema.scenes.world import simulate


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("family", [Screen, Bowl, ShellGame])
def test_closed_forms_hold_in_takes_too(family: type[Scene], seed: int) -> None:
    scene = family.draw(seed).take(seed + 1)
    truth = simulate(scene, 2.6)
    assert [(proof.law, proof.error) for proof in scene.proofs(truth) if not proof.holds] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("family", [Screen, Bowl, ShellGame])
def test_all_of_it_stays_in_the_picture(family: type[Scene], seed: int) -> None:
    scene = replace(family.draw(seed), closeness=0.9, yaw=float(np.radians(5 if seed % 2 else -5)))
    truth = simulate(scene, 3.0)
    for i, body in enumerate(truth.bodies):
        pixels = truth.camera.project(truth.position[:, i], 1, 1)
        radius = body.radius / truth.camera.view_height * np.cos(truth.camera.pitch)
        assert pixels.min() - radius > 0, body.name
        assert pixels.max() + radius < 1, body.name


@pytest.mark.parametrize("degrees", [-5, 0, 5])
def test_the_ball_is_out_of_sight_between_the_planes_of_sight(degrees: int) -> None:
    scene = replace(Screen.draw(6), yaw=float(np.radians(degrees)))
    truth = simulate(scene, 3.0)
    gone, back = scene.sight()
    assert 0.5 < gone < back < 2.4
    inner, outer = 0.02, 0.02  # s: the points that stand for the ball lie 2 % within it, and are asked 120 times a second
    hidden = ~truth.visible[:, 0]
    assert hidden[(truth.times > gone + inner) & (truth.times < back - inner)].all()
    assert not hidden[(truth.times < gone - outer) | (truth.times > back + outer)].any()


def test_a_wider_screen_hides_for_longer_and_a_faster_ball_comes_out_sooner() -> None:
    scene = Screen.draw(1)
    hidden = [back - gone for gone, back in (one.sight() for one in scene.contrasts()["width"])]
    assert hidden == sorted(hidden)
    out = [one.sight()[1] for one in scene.contrasts()["speed"]]
    assert out == sorted(out, reverse=True)


def test_a_ball_behind_the_screen_is_still_heard() -> None:
    scene = Screen.draw(2)
    truth = simulate(scene, 3.0)
    gone, back = scene.sight()
    (rub,) = truth.rubs
    assert rub.times[0] < gone < back < rub.times[-1]
    assert rub.speed == pytest.approx(scene.speed, rel=0.001)
    assert rub.slip.max() < 0.01 * scene.speed


@pytest.mark.parametrize("world", GRAVITY)
def test_a_bowl_keeps_its_ball_and_its_period(world: str) -> None:
    scene = Bowl.draw(3, world=world)
    truth = simulate(scene, 3.0)
    assert [(proof.law, proof.error) for proof in scene.proofs(truth) if not proof.holds] == []
    energy = energy_of(truth)
    swung = truth.bodies[0].mass * truth.gravity * (scene.inside - scene.radius) * (1 - np.cos(scene.angle))
    assert np.ptp(energy) < 1e-6 * swung


def test_a_small_swing_in_a_bowl_has_the_textbook_period() -> None:
    scene = Bowl.draw(0, world="earth", angle=0.02)
    assert scene.period == pytest.approx(2 * np.pi * np.sqrt(7 * (scene.inside - scene.radius) / (5 * 9.81)), rel=1e-4)


def test_the_ball_rolls_on_the_wall() -> None:
    scene = Bowl.draw(1)
    truth = simulate(scene, 2.0)
    centre = np.array(scene.centre)
    arm = truth.position[:, 0] - centre
    touch = scene.radius * arm / np.linalg.norm(arm, axis=-1, keepdims=True)
    assert np.abs(truth.velocity[:, 0] + np.cross(truth.spin[:, 0], touch)).max() < 1e-9  # the touching point is at rest
    mark = rotate(truth.orientation[:, 0], np.array([0.0, 0.0, 1.0]))
    speed = np.gradient(mark, 1 / TRUTH_RATE, axis=0)
    assert np.abs(speed - np.cross(truth.spin[:, 0], mark))[5:-5].max() < 0.01 * np.abs(speed).max()
    (rub,) = truth.rubs
    weight = truth.bodies[0].mass * truth.gravity
    assert rub.load[0] == pytest.approx(weight * np.cos(scene.angle), rel=1e-6)
    assert rub.load.max() == pytest.approx(weight * (1 + 10 / 7 * (1 - np.cos(scene.angle))), rel=1e-4)
    assert np.linalg.norm(rub.point - centre, axis=-1) == pytest.approx(scene.inside)


def test_the_integrator_is_of_the_fourth_order() -> None:
    pull = (2 * np.pi) ** 2
    fine = swing(1.0, pull, 4096, 1 / 4096)[0][-1]
    errors = [abs(swing(1.0, pull, steps, 1 / steps)[0][-1] - fine) for steps in (32, 64)]
    assert 10 < errors[0] / errors[1] < 25


@pytest.mark.parametrize(("start", "first", "second"), [(s, a, b) for s, a, b in product(range(3), SWAPS, SWAPS) if a != b])
def test_the_ball_ends_where_the_swaps_put_it(start: int, first: tuple[int, int], second: tuple[int, int]) -> None:
    scene = ShellGame.draw(1, start=start, swaps=(first, second))
    names = list("abc")
    ball = names[start]
    for one, other in (first, second):
        names[one], names[other] = names[other], names[one]
    assert scene.end == names.index(ball)
    last = scene.motion(2.4).position[-1]
    assert np.argsort(last[1:, 0]).tolist() == ["abc".index(name) for name in names]
    assert last[0, :2] == pytest.approx(last[1 + start, :2])
    assert f"the {PLACES[scene.end]} cup" in scene.prompts()[0]


def test_the_ball_is_seen_first_and_last_and_never_between() -> None:
    scene = ShellGame.draw(1)
    truth = simulate(scene, 3.0)
    seen = truth.visible[:, 0]
    assert seen[truth.times < LOWER + 0.5 * LOWERING].all()
    assert not seen[(truth.times > LOWER + LOWERING) & (truth.times < scene.reveal)].any()
    assert seen[truth.times > scene.reveal + LIFTING].all()


def test_velocities_are_those_of_the_places() -> None:
    scene = ShellGame.draw(4)
    motion = scene.motion(2.7)
    rate = np.gradient(motion.position, 1 / TRUTH_RATE, axis=0)
    off = np.abs(rate - motion.velocity).max(axis=(1, 2))
    land = round((LOWER + LOWERING) * TRUTH_RATE)
    off[land - 2 : land + 3] = 0  # where the cup is stopped by the board
    assert off.max() < 0.01 * np.abs(rate).max()


def test_cups_never_run_into_each_other_and_the_ball_fits() -> None:
    for seed in range(8):
        scene = ShellGame.draw(seed)
        place = scene.motion(2.7).position
        mouth = max(r for r, _ in cup_of(scene.view).profile)
        for one, other in ((1, 2), (1, 3), (2, 3)):
            level = np.abs(place[:, one, 2] - place[:, other, 2]) < 0.1 * scene.view
            gap = np.linalg.norm(place[:, one, :2] - place[:, other, :2], axis=-1)[level]
            assert gap.min() > 2 * mouth
        inner = np.array(cup_of(scene.view).profile)[1:3]
        height = 2 * scene.bodies()[0].radius + inner[1, 1]  # the ball's top, in the frame of a cup that stands
        assert np.interp(height, inner[::-1, 1], inner[::-1, 0]) > 0.5 * scene.bodies()[0].radius
        assert height < inner[0, 1]


def test_a_cup_is_hollow_and_looks_outwards() -> None:
    cup = cup_of(1.0)
    (_, _), (top, high), (mouth, low), (rim, _), (head, _), (_, _) = cup.profile
    whole = np.pi / 3 * 0.2 * (rim**2 + rim * head + head**2)
    hollow = np.pi / 3 * (high - low) * (top**2 + top * mouth + mouth**2)
    assert volume_of(cup) == pytest.approx(whole - hollow, rel=0.01)  # 48 facets
    assert mesh_of(cup).vertices[:, 2].min() == pytest.approx(low)


def test_the_tap_and_the_slides_are_there_to_be_heard() -> None:
    scene = ShellGame.draw(2).take(1)
    truth = simulate(scene, 2.7)
    (tap,) = truth.contacts
    assert tap.t == pytest.approx(scene.delay + LOWER + LOWERING)
    assert 0.05 < tap.approach_speed < 0.5
    assert len(truth.rubs) == 2 * len(scene.swaps)
    for k, rub in enumerate(truth.rubs[::2]):
        assert rub.times[0] == pytest.approx(scene.delay + FIRST + k * scene.swap_time, abs=0.0011)
        way = float(np.trapezoid(rub.speed, rub.times))
        one, other = scene.swaps[k]
        assert way == pytest.approx(np.pi * (other - one) * 0.14 * scene.view, rel=0.01)


def test_a_smooth_motion_starts_and_ends_at_rest() -> None:
    value, rate = smooth(np.linspace(-0.5, 1.5, 2001))
    assert value[0] == rate[0] == rate[-1] == 0
    assert value[-1] == 1
    assert np.gradient(value, 0.001) == pytest.approx(rate, abs=0.01)

"""Falling and flight where the air, weak gravity or an elastic sheet matters, and the balloon: limits and edges beside their proofs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.air import TerminalSpeed
from kinema.scenes.catalogue.fluid import AIR, FromRest, Immersed, descent
from kinema.scenes.catalogue.parachute import Feather
from kinema.scenes.catalogue.rising import Balloon
from kinema.scenes.catalogue.springy import Trampoline
from kinema.scenes.catalogue.tossing import Toss
from kinema.scenes.scene import GRAVITY, Scene
from kinema.scenes.truth import VERTEX_RATE, Truth
from kinema.scenes.world import simulate

FAMILIES = (TerminalSpeed, Feather, Toss, Trampoline, Balloon)


def outline(truth: Truth, i: int) -> np.ndarray:
    """Corners (n, 2) of what is seen of a body, in shares of the picture, at every tenth of a second."""
    times = np.arange(0, truth.seconds, 0.1)
    radius = truth.bodies[i].radius / truth.camera.view_height
    centre = truth.camera.project(truth.at(times)[:, i], 1, 1)
    return np.concatenate([centre - radius, centre + radius])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(2))
def test_all_of_it_is_inside_the_picture_and_large_enough(family: type[Scene], seed: int) -> None:
    for number in (0, 1):
        truth = simulate(family.draw(seed).take(number), 3.0)
        for i, body in enumerate(truth.bodies):
            if body.subject:
                assert body.radius / truth.camera.view_height >= 0.058
                assert outline(truth, i).min() > 0
                assert outline(truth, i).max() < 1


def test_a_fall_in_air_begins_free_and_ends_even() -> None:
    fall = FromRest(pull=9.81, terminal=3.0)
    assert fall.distance(1e-3) == pytest.approx(9.81e-6 / 2, rel=1e-4)
    late = 5.0
    assert fall.distance(late) == pytest.approx(3.0 * late - fall.length * np.log(2), rel=1e-9)
    assert fall.speed(late) == pytest.approx(3.0)
    for way in (1e-4, 0.3, 40.0):
        assert fall.distance(fall.time(way)) == pytest.approx(way, rel=1e-9)


def test_the_fluid_adds_what_newton_says() -> None:
    body = Immersed(mass=2.0, displaced=0.5, carried=0.25, drag=0.1)
    still, falling = (body.force(np.array([0.0, 0.0, v]), 10.0)[2] for v in (0.0, -3.0))
    assert (still - 2.0 * 10.0) / 2.0 == pytest.approx(-(2.0 - 0.5) * 10 / 2.25)
    assert (falling - 2.0 * 10.0) / 2.0 == pytest.approx((-15.0 + 0.1 * 9) / 2.25)


def test_a_trajectory_that_never_gets_there_has_no_time() -> None:
    times = np.linspace(0, 1, 11)
    assert np.isnan(descent(2 - times, 2.0, 1.5, times))
    assert descent(2 - times, 2.0, 0.55, times) == pytest.approx(0.55)
    assert descent(2 + times, 2.0, -0.55, times) == pytest.approx(0.55)


def test_a_cup_four_times_as_heavy_ends_twice_as_fast() -> None:
    scene = TerminalSpeed.draw(3)
    ends = []
    for factor in (0.25, 1.0):
        one = replace(scene, mass=scene.mass * factor)
        truth = simulate(one, 3.2)
        last = descent(truth.position[:, 0, 2], truth.position[0, 0, 2], 0.97 * one.height, truth.times)
        ends.append(-np.interp(last, truth.times, truth.velocity[:, 0, 2]))
    assert ends[1] / ends[0] == pytest.approx(2.0, rel=0.03)


@pytest.mark.parametrize("seed", range(3))
def test_a_cup_lands_upright_and_stays(seed: int) -> None:
    truth = simulate(TerminalSpeed.draw(seed), 3.0)
    rest = truth.position[-480:, 0, 2]
    assert rest == pytest.approx(np.full(480, 0.4 * truth.scene.rim), abs=2e-4)  # type: ignore[attr-defined]
    assert abs(truth.orientation[-1, 0, 3]) > 0.9999
    assert truth.contacts[0].t > 0.2


@pytest.mark.parametrize("seed", range(4))
def test_the_stone_lands_long_before_the_parachute(seed: int) -> None:
    truth = simulate(Feather.draw(seed), 3.0)
    first = {name: next(c.t for c in truth.contacts if c.bodies[0] == name) for name in ("stone", "parachute")}
    assert 0.2 < first["stone"] < first["parachute"] / 2.5
    assert first["parachute"] < 2.7
    assert abs(truth.orientation[:, 0, 3]).min() > 0.9999


def test_without_its_canopy_the_parachute_keeps_up_with_the_stone() -> None:
    scene = Feather.draw(1)
    bare = replace(scene, canopy=0.01 * scene.canopy, mass=10.0)
    truth = simulate(bare, 0.45)
    assert truth.position[-1, 0, 2] - truth.position[0, 0, 2] == pytest.approx(
        truth.position[-1, 1, 2] - truth.position[0, 1, 2], rel=0.005
    )


def test_the_moon_holds_a_ball_up_six_times_as_long() -> None:
    moon = Toss.draw(4, world="moon")
    flights = []
    for world in ("earth", "moon"):
        truth = simulate(replace(moon, world=world), 3.0)
        z = truth.position[1:, 0, 2]
        flights.append(truth.times[1 + np.flatnonzero(z < truth.position[0, 0, 2])[0]])
    assert flights[1] / flights[0] == pytest.approx(GRAVITY["earth"] / GRAVITY["moon"], rel=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_a_balloon_only_rises_and_touches_nothing(seed: int) -> None:
    truth = simulate(Balloon.draw(seed), 3.0)
    assert truth.contacts == ()
    assert (np.diff(truth.position[:, 0, 2]) >= 0).all()
    scene = truth.scene
    assert isinstance(scene, Balloon)
    assert 0.003 < scene.bead < 0.03  # kg: what such a balloon can carry
    assert scene.in_air.mass < scene.in_air.displaced < 1.08 * scene.in_air.mass  # so it rises slowly
    assert scene.in_air.displaced == pytest.approx(AIR * 4 / 3 * np.pi * scene.radius**3)


def test_a_balloon_with_a_heavier_bead_rises_less() -> None:
    ways = [np.ptp(simulate(one, 2.0).position[:, 0, 2]) for one in Balloon.draw(2).contrasts()["weight"]]
    assert ways[0] > ways[1] > ways[2] > 0


@pytest.mark.parametrize("seed", range(5))
def test_a_trampoline_gives_every_height_back(seed: int) -> None:
    truth = simulate(Trampoline.draw(seed), 6.0)
    scene = truth.scene
    assert isinstance(scene, Trampoline)
    above = truth.position[:, 0, 2] - scene.radius - scene.level
    tops = [above[k] for k in range(1, len(above) - 1) if above[k - 1] < above[k] >= above[k + 1]]
    assert len(tops) >= 2
    assert tops == pytest.approx([scene.height] * len(tops), rel=1e-3)
    assert above.min() > -scene.level + 0.03 * scene.view  # never down to the floor
    assert np.diff([c.t for c in truth.contacts]) == pytest.approx(2 * scene.touch + scene.contact_time, rel=1e-3)
    assert [c.approach_speed for c in truth.contacts] == pytest.approx([scene.gravity * scene.touch] * len(truth.contacts), rel=1e-3)


@pytest.mark.parametrize("number", range(3))
def test_the_sheet_follows_the_ball_and_keeps_its_edge(number: int) -> None:
    scene = Trampoline.draw(2).take(number)
    truth = simulate(scene, 2.5)
    sheet = truth.vertices["sheet"]
    assert sheet.dtype == np.float32
    assert abs(len(sheet) / VERTEX_RATE - 2.5) < 0.01
    assert np.isfinite(sheet).all()
    assert np.ptp(sheet[:, -36:, 2], axis=0).max() < 0.01 * scene.view  # the ring holds it
    times = np.arange(len(sheet)) / VERTEX_RATE
    lowest = truth.at(times)[:, 0, 2] - scene.radius
    pressed = lowest < scene.level
    gap = lowest - sheet[:, 0, 2]
    assert gap[pressed].min() > -2e-4 * scene.view
    assert gap[pressed].max() < 0.004 * scene.view  # it clears the ball by next to nothing
    distance = np.linalg.norm(sheet - truth.at(times)[:, :1], axis=-1).min(axis=1)
    assert distance.min() > scene.radius * 0.999  # and never cuts into it
    # level when nothing presses; a late start moves the moments between samples, one of which may still know of the press
    assert sheet[~pressed, :, 2] == pytest.approx(scene.level, abs=0.004 * scene.view)
    assert np.median(np.abs(sheet[~pressed, :, 2] - scene.level).max(axis=1)) < 1e-6


def test_on_jupiter_the_sheet_still_clears_the_floor() -> None:
    for seed in range(8):
        scene = Trampoline.draw(seed)
        heavy = replace(scene, world="jupiter")
        assert scene.depth < heavy.depth < 0.9 * scene.level

"""What floats and what sinks: limits and edges beside their proofs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.fluid import WATER
from kinema.scenes.catalogue.sinking import SINK_LEVEL, SINK_TANK, Sinking
from kinema.scenes.catalogue.tank import WALL
from kinema.scenes.catalogue.water import LEVEL, TANK, Floating
from kinema.scenes.materials import MATERIALS
from kinema.scenes.world import simulate

SEEDS = range(5)


def immersed(truth, scene: Floating) -> np.ndarray:
    """Height under water, m."""
    return LEVEL * scene.view - (truth.position[:, 0, 2] - scene.thickness / 2)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_block_bobs_within_the_water_and_touches_nothing(seed: int) -> None:
    for number in (0, 1):
        scene = Floating.draw(seed).take(number)
        truth = simulate(scene, 3.0)
        deep = immersed(truth, scene)
        assert truth.contacts == ()
        assert deep.min() > 0  # it never jumps out: the closed form holds throughout
        assert deep.max() < scene.thickness  # nor goes under
        assert np.ptp(deep) > 0.03 * scene.view  # enough to be seen
        assert abs(scene.x) + scene.edge / 2 < TANK[0] * scene.view / 2
        assert truth.visible.all()


@pytest.mark.parametrize("material", ["cork", "foam", "pine"])
def test_as_much_is_under_water_as_the_densities_say(material: str) -> None:
    scene = replace(Floating.draw(1), material=material)
    truth = simulate(scene, 5.0)
    last = immersed(truth, scene)[truth.times > 5.0 - scene.period].mean()
    assert last / scene.thickness == pytest.approx(MATERIALS[material].density / WATER, rel=0.01)


def test_how_deep_it_floats_does_not_depend_on_gravity_but_its_period_does() -> None:
    scene = replace(Floating.draw(2), damping=1.0)
    found = {}
    for world in ("earth", "moon"):
        one = replace(scene, world=world)
        deep = immersed(simulate(one, 6.0), one) - one.rest
        cross = np.flatnonzero(deep[:-1] * deep[1:] < 0)
        found[world] = 2 * np.diff(cross).mean()
    assert found["moon"] / found["earth"] == pytest.approx(np.sqrt(9.81 / 1.62), rel=0.01)


def test_a_block_let_go_where_it_floats_stays_there() -> None:
    scene = Floating.draw(3)
    truth = simulate(replace(scene, immersion=scene.rest), 1.0)
    assert np.ptp(truth.position[:, 0, 2]) < 1e-9


def test_a_block_pushed_under_comes_up_again() -> None:
    scene = Floating.draw(0)
    pushed = replace(scene, immersion=scene.thickness * 1.2)
    truth = simulate(pushed, 6.0)
    assert truth.position[-1, 0, 2] > truth.position[0, 0, 2]
    assert immersed(truth, pushed)[-1] == pytest.approx(scene.rest, rel=0.03)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_ball_sinks_within_its_tank_and_knocks_on_the_bottom(seed: int) -> None:
    for number in (0, 1):
        scene = Sinking.draw(seed).take(number)
        truth = simulate(scene, 3.0)
        first = truth.contacts[0]
        assert first.bodies == ("ball", "bottom")
        assert 0.3 < first.t - scene.delay < 2.3
        assert first.point[2] == pytest.approx(WALL * scene.view, abs=1e-3)
        low, high = truth.position[:, 0, 2].min() - scene.radius, truth.position[:, 0, 2].max() + scene.radius
        assert low > WALL * scene.view - 1e-3  # the bottom is tight
        assert high < SINK_LEVEL * scene.view  # and it was under water from the start
        assert abs(scene.x) + scene.radius < SINK_TANK[0] * scene.view / 2


def test_the_denser_the_faster_and_all_slower_than_in_air() -> None:
    levels = Sinking.draw(1).contrasts()["material"]
    times = [simulate(one, 3.0).contacts[0].t for one in levels]
    assert times == sorted(times, reverse=True)
    in_air = np.sqrt(2 * levels[-1].depth / levels[-1].gravity)
    assert times[-1] > 1.08 * in_air


@pytest.mark.parametrize("family", [Floating, Sinking])
def test_water_hides_nothing_and_is_never_touched(family: type) -> None:
    scene = family.draw(4)
    clear = [prop for prop in scene.props() if prop.opacity < 1]
    assert len(clear) == len(scene.props())
    assert [prop.name for prop in scene.props() if not prop.touchable] == ["water"]

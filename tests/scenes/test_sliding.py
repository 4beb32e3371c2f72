"""What slides: the limits of friction, and what everything on a slope shares."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.sliding import FrictionStop, InclineSlide
from kinema.scenes.catalogue.slope import Slope
from kinema.scenes.scene import GRAVITY
from kinema.scenes.shapes import rotate
from kinema.scenes.world import simulate


def test_a_slope_that_is_less_steep_than_its_friction_moves_nothing() -> None:
    scene = InclineSlide.draw(3)
    rough = replace(scene, friction=1.02 * float(np.tan(scene.angle)))
    truth = simulate(rough, 1.5)
    assert np.abs(truth.position - truth.position[0]).max() < 1e-3 * scene.view
    assert truth.contacts == ()


@pytest.mark.parametrize("world", GRAVITY)
def test_stopping_distance_goes_with_the_square_of_the_speed_and_against_gravity(world: str) -> None:
    scene = replace(FrictionStop.draw(2), world=world, friction=0.5)
    far = []
    for share in (0.3, 0.6):
        x = simulate(replace(scene, speed=share * scene.speed), 3.0).position[:, 0, 0]
        far.append(abs(x[-1] - x[0]))
    shorter = replace(scene, speed=0.3 * scene.speed)
    assert far[0] == pytest.approx(shorter.stopping_distance, rel=0.01)
    if world != "moon":  # there the faster one is still sliding
        assert far[1] / far[0] == pytest.approx(4.0, rel=0.01)


def test_what_slides_is_heard_until_it_stops() -> None:
    scene = FrictionStop.draw(4)
    truth = simulate(scene, 2.5)
    (rub,) = truth.rubs
    assert rub.bodies == ("box", "floor")
    moving = rub.times < 0.95 * scene.stopping_time
    assert rub.load[moving].mean() == pytest.approx(truth.bodies[0].mass * truth.gravity, rel=0.01)
    expected = scene.speed - scene.friction * truth.gravity * rub.times[moving]
    assert rub.slip[moving] == pytest.approx(expected, abs=0.01 * scene.speed)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_slope_is_a_right_handed_frame(side: int) -> None:
    slope = Slope(angle=0.4, side=side, length=2.0, width=1.0, thickness=0.1, x=0.3)
    assert np.dot(slope.down, slope.normal) == pytest.approx(0)
    assert rotate(slope.turned, np.array([0.0, 0.0, 1.0])) == pytest.approx(np.array(slope.normal))
    low, high = slope.at(2.0, -0.1), slope.at(0.0)
    assert low[2] == pytest.approx(0)  # the plank's lower edge stands on the floor
    assert (high[0] + slope.at(2.0)[0]) / 2 == pytest.approx(0.3)
    assert np.array(slope.at(1.5)) - slope.at(0.5) == pytest.approx(np.array(slope.down))
    assert slope.support().touchable is False

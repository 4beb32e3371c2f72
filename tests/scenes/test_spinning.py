"""A spinning top and a tumbling body: the integrator, and what comes out of it."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from kinema.scenes.catalogue.gyration import BACK, spun
from kinema.scenes.catalogue.spinning import SpinningTop
from kinema.scenes.catalogue.tumbling import Tumbling, flip_time
from kinema.scenes.scene import Scene
from kinema.scenes.shapes import rotate
from kinema.scenes.world import simulate

STILL = (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("cls", [SpinningTop, Tumbling])
@pytest.mark.parametrize("seed", range(5, 10))
def test_proofs_hold_in_takes_and_short_truths(cls: type[Scene], seed: int) -> None:
    for take in (0, 1):
        scene = cls.draw(seed).take(take)
        assert [proof.law for proof in scene.proofs(simulate(scene, 2.5)) if not proof.holds] == []


def test_a_symmetric_body_wobbles_at_eulers_rate() -> None:
    across, along, spin, tilt = 2.0, 3.0, 20.0, 0.1
    start = (spin * np.sin(tilt), 0.0, spin * np.cos(tilt))
    facing, turning = spun(STILL, start, (across, across, along), 1.0)
    own = rotate(facing * BACK, turning)
    angle = np.unwrap(np.arctan2(own[:, 1], own[:, 0]))
    assert (angle[-1] - angle[0]) == pytest.approx((along - across) / across * spin * np.cos(tilt), rel=1e-6)


def test_a_constant_torque_about_an_axis_makes_a_constant_acceleration() -> None:
    facing, turning = spun(STILL, (0.0, 0.0, 0.0), (1.0, 2.0, 4.0), 1.0, lambda _: (0.0, 0.0, 2.0))
    assert turning[-1] == pytest.approx([0, 0, 0.5], abs=1e-9)
    assert 2 * np.arctan2(facing[-1, 2], facing[-1, 3]) == pytest.approx(0.25, rel=1e-6)


@pytest.mark.parametrize(("axis", "flips"), [(0, 0), (1, 1), (2, 0)])
def test_only_the_middle_axis_turns_over(axis: int, flips: int) -> None:
    start = np.full(3, 0.05)
    start[axis] = 9.0
    facing, turning = spun(STILL, (float(start[0]), float(start[1]), float(start[2])), (1.0, 2.0, 3.0), 3.0)
    own = rotate(facing * BACK, turning)[:, axis]
    assert np.count_nonzero(np.diff(np.signbit(own))) >= flips
    assert flips or own.min() > 8.5


def test_flip_time_is_inverse_to_the_spin_and_longer_the_better_it_is_aimed() -> None:
    inertia = (1.0, 2.0, 3.0)
    base = flip_time(inertia, (0.1, 5.0, 0.0))
    assert flip_time(inertia, (0.2, 10.0, 0.0)) == pytest.approx(base / 2)
    assert flip_time(inertia, (0.01, 5.0, 0.0)) > 1.3 * base
    assert flip_time((3.0, 1.0, 2.0), (0.0, 0.1, 5.0)) == pytest.approx(base)  # whatever the order of the axes


def test_a_fast_top_precesses_at_the_schoolbook_rate() -> None:
    scene = SpinningTop.draw(1, world="earth")
    fast = replace(scene, spin=5 * scene.spin)
    _, along = fast.moments
    book = fast.gravity * fast._lever / (along * fast.spin)
    assert fast.precession == pytest.approx(book, rel=0.02)
    slower = abs(scene.precession / (scene.gravity * scene._lever / (along * scene.spin)) - 1)
    assert slower > abs(fast.precession / book - 1)


def test_a_top_that_is_not_in_steady_precession_nods() -> None:
    scene = SpinningTop.draw(2, world="earth")

    class Released(SpinningTop):
        @property
        def precession(self) -> float:
            return 0.0  # let go without its share of precession

    start = Released(**{field.name: getattr(scene, field.name) for field in fields(scene)})
    lean = np.arccos(simulate(start, 1.0).position[:, 0, 2] / start._lever)
    assert lean.max() > scene.lean + np.radians(0.3)
    assert lean.min() == pytest.approx(scene.lean, abs=1e-4)


def test_it_floats_whatever_the_world() -> None:
    scene = Tumbling.draw(3, world="jupiter")
    assert scene.gravity == 0
    truth = simulate(scene, 2.0)
    assert truth.gravity == 0
    assert np.array_equal(truth.position[0], truth.position[-1])
    assert all("gravity" not in text for text in scene.prompts())


def test_every_top_is_fast_enough_to_stand_even_on_jupiter() -> None:
    for seed in range(60):
        slowest = SpinningTop.draw(seed).contrasts()["spin"][0]
        heaviest = replace(slowest, world="jupiter", spin=0.95 * slowest.spin)
        assert np.isfinite(heaviest.precession)
        assert 0.5 < heaviest.lap < 4

"""Weights on springs: what gravity does and does not do, what a damper does, and the ends of the ranges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.apparatus import crossings, released
from kinema.scenes.catalogue.springs import ANCHOR, DampedSpring, MassOnSpring
from kinema.scenes.world import simulate


@pytest.mark.parametrize("cls", [MassOnSpring, DampedSpring])
@pytest.mark.parametrize("seed", range(5, 9))
def test_proofs_hold_in_takes_and_short_truths(cls: type[MassOnSpring], seed: int) -> None:
    for take in (0, 1):
        scene = cls.draw(seed).take(take)
        assert [proof.law for proof in scene.proofs(simulate(scene, 2.5)) if not proof.holds] == []


def test_gravity_moves_the_middle_and_not_the_period() -> None:
    heavy = MassOnSpring.draw(3)
    light = replace(heavy, world="moon")
    assert light.period == heavy.period
    lifted = light.rest - heavy.rest
    assert lifted == pytest.approx(heavy.mass * (heavy.gravity - light.gravity) / heavy.stiffness)
    truth = simulate(light, 2.5)
    mean = truth.position[:, 0, 2][: round(2 * light.period * 960)].mean()
    assert mean == pytest.approx(light.rest, abs=0.01 * abs(light.amplitude))


def test_a_free_spring_follows_the_cosine_to_a_thousandth() -> None:
    scene = MassOnSpring.draw(4)
    truth = simulate(scene, 2.0)
    told = scene.rest - scene.amplitude * np.cos(2 * np.pi * truth.times / scene.period)
    assert np.abs(truth.position[:, 0, 2] - told).max() < 2e-3 * abs(scene.amplitude)


def test_the_share_that_a_swing_keeps_is_what_the_prompt_says() -> None:
    scene = DampedSpring.draw(2)
    truth = simulate(scene, 2.7)
    after = released(truth)
    turns = crossings(truth.times[after][2:], truth.velocity[after, 0, 2][2:])
    heights = np.abs(np.interp(turns, truth.times, truth.position[:, 0, 2]) - scene.rest)
    assert heights[2] / heights[0] == pytest.approx(scene.kept, rel=0.005)
    assert all(f"{100 * heights[2] / heights[0]:.0f} percent" in text for text in scene.prompts())


def test_a_hundred_draws_stay_between_beam_and_floor() -> None:
    for seed in range(100):
        scene = MassOnSpring.draw(seed)
        assert scene.length > 0
        reach = abs(scene.amplitude) * 1.05
        assert scene.rest - reach - scene.radius > 0
        assert scene.rest + reach + scene.radius < ANCHOR * scene.view

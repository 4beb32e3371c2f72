"""Two of a kind in one picture: ratios that hold on every world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.paired import TwoDrops
from kinema.scenes.catalogue.pendulums import TwoPendulums
from kinema.scenes.scene import GRAVITY
from kinema.scenes.world import simulate


def proof_of(scene, law: str, seconds: float = 3.0):
    """The proof of one law, on the simulated truth."""
    return next(proof for proof in scene.proofs(simulate(scene, seconds)) if proof.law == law)


@pytest.mark.parametrize("world", GRAVITY)
def test_the_ratio_of_two_falls_has_no_world(world: str) -> None:
    scene = TwoDrops.draw(1, world=world)
    proof = proof_of(scene, "ratio of the falls")
    assert proof.holds
    assert proof.closed_form == pytest.approx(np.sqrt(scene.high / scene.low))
    assert 1.35 < proof.simulated < 1.85


@pytest.mark.parametrize("seed", range(6))
def test_the_lower_ball_lands_first_in_every_take(seed: int) -> None:
    for number in range(3):
        scene = TwoDrops.draw(seed).take(number)
        truth = simulate(scene, 1.5)
        assert truth.contacts[0].bodies == ("low", "floor")
        assert truth.contacts[0].t - scene.delay > 0.19
        first = next(c for c in truth.contacts if c.bodies[0] == "high")
        assert 0.05 < first.t - truth.contacts[0].t
        assert first.t < 1.2
        assert np.ptp(truth.position[..., 0]) == pytest.approx(0.4 * scene.view)  # straight down, apart from each other


def test_equal_heights_land_together() -> None:
    scene = replace(TwoDrops.draw(2), low=0.3, high=0.3)
    times = [contact.t for contact in simulate(scene, 1.0).contacts[:2]]
    assert times[0] == times[1]


@pytest.mark.parametrize("world", GRAVITY)
def test_the_ratio_of_two_periods_has_no_world(world: str) -> None:
    scene = TwoPendulums.draw(3, world=world)
    proof = proof_of(scene, "ratio of the periods")
    assert proof.holds
    assert proof.simulated == pytest.approx(np.sqrt(scene.long / scene.short), rel=0.02)  # the balls have a size


@pytest.mark.parametrize("seed", range(6))
def test_two_pendulums_never_meet_and_keep_in_the_picture(seed: int) -> None:
    for number in range(3):
        scene = TwoPendulums.draw(seed).take(number)
        truth = simulate(scene, 3.0)
        assert truth.contacts == ()
        gap = np.linalg.norm(truth.position[:, 0] - truth.position[:, 1], axis=-1)
        assert gap.min() > 2.2 * scene.radius
        radius = scene.radius / truth.camera.view_height
        pixels = truth.camera.project(truth.position, 1, 1)
        assert pixels.min() - radius > 0
        assert pixels.max() + radius < 1
        passages = [np.flatnonzero(np.diff(np.sign(truth.position[:, i, 0] - scene.pivots[i][0]))) for i in range(2)]
        assert len(passages[0]) >= 3  # at least a whole swing of the slower one
        assert len(passages[1]) > len(passages[0])


def test_rods_keep_their_lengths() -> None:
    scene = TwoPendulums.draw(0)
    truth = simulate(scene, 2.0)
    for i, length in enumerate((scene.long, scene.short)):
        rod = np.linalg.norm(truth.position[:, i] - np.array(scene.pivots[i]), axis=-1)
        assert rod == pytest.approx(np.full(len(rod), length), rel=1e-6)

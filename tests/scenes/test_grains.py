"""The heap of grains: number, floor, rest, slope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.catalogue.grains import INSIDE, NUMBERS, STEEP, Grains, angle_of
from kinema.scenes.proof import energy_of
from kinema.scenes.truth import Truth
from kinema.scenes.world import simulate


@pytest.fixture(scope="module")
def heap() -> Truth:
    return simulate(Grains.draw(0, number=60).take(1), 3.0)


def test_closed_forms_and_invariants_hold(heap: Truth) -> None:
    assert heap.scene.delay > 0
    proofs = heap.scene.proofs(heap)
    assert len(proofs) == 6
    assert [(proof.law, proof.simulated) for proof in proofs if not proof.holds] == []


def test_no_grain_is_in_another_or_beyond_the_glass(heap: Truth) -> None:
    radius = heap.bodies[0].radius
    low, high = np.triu_indices(len(heap.bodies), 1)
    gap = [np.linalg.norm(row[low] - row[high], axis=-1).min() / (2 * radius) for row in heap.position[::48]]
    assert min(gap) > 0.93  # at the hardest blow
    assert gap[-1] > 0.995  # at rest
    assert np.abs(heap.position[..., 1]).max() < 0.06 * radius
    assert np.abs(heap.position[..., 0]).max() < INSIDE * heap.scene.view - 0.9 * radius


def test_the_heap_is_still_and_has_lost_its_energy(heap: Truth) -> None:
    radius = heap.bodies[0].radius
    assert np.linalg.norm(heap.position[-1] - heap.position[-240], axis=-1).max() < 0.1 * radius
    energy = energy_of(heap)
    assert energy[-1] < 0.4 * energy[0]
    assert STEEP[0] < np.degrees(angle_of(heap.position[-1], radius)) < STEEP[1]


def test_blows_are_many_and_die_away(heap: Truth) -> None:
    times = np.array([contact.t for contact in heap.contacts])
    assert len(times) > 200
    assert (times < 1.5).mean() > 0.9


def test_grains_stand_apart_in_the_tank_before_they_fall() -> None:
    for number in NUMBERS:
        scene = Grains.draw(5, number=number)
        place = np.array(scene.setup().position)
        low, high = np.triu_indices(number, 1)
        assert np.linalg.norm(place[low] - place[high], axis=-1).min() > 2 * scene.radius
        assert place[:, 2].min() == pytest.approx(scene.height + scene.radius)
        assert place[:, 2].max() + scene.radius < 0.96 * scene.view
        assert not any(body.subject for body in scene.bodies())
        assert NUMBERS[number] in scene.prompts()[0].lower()


def test_the_truth_follows_the_number_alone() -> None:
    few, some, many = Grains.draw(3).contrasts()["count"]
    assert (few.number, some.number, many.number) == tuple(NUMBERS)
    assert replace(few, number=many.number) == many


@pytest.mark.slow
def test_rougher_grains_lie_steeper() -> None:
    slopes = []
    for scene in Grains.draw(0, number=60).contrasts()["roughness"]:
        slopes.append(angle_of(simulate(scene, 2.5).position[-1], scene.radius))
    assert slopes == sorted(slopes)


@pytest.mark.slow
def test_on_the_moon_it_takes_its_time() -> None:
    scene = Grains.draw(1, number=60, world="moon")
    truth = simulate(scene, 2.5)
    assert scene.landing > 0.5
    assert {proof.law for proof in scene.proofs(truth)} >= {"first touch", "grains in the tank in the end"}
    assert [proof.law for proof in scene.proofs(truth) if not proof.holds] == []

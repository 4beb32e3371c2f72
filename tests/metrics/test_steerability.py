"""Steerability on observations of contrast sets: the truth itself, levels exchanged, and clips that ignore the factor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import pytest

from kinema.metrics.ideal import ideal
from kinema.metrics.metric import Case, Sample, Scored, Unscored
from kinema.metrics.observation import Observation
from kinema.metrics.steerability import changes, steer_direction, steer_drift, steer_gain, steer_order
from kinema.scenes.contrast import contrasts_of
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.world import simulate

NOBODY = Case.outside("")
FACTORS = {"drop@1/seed=0": ("gravity", "restitution", "start", "camera"), "projectile@1/seed=0": ("speed", "start")}


@cache
def truths() -> tuple[Sample, ...]:
    """Perfect observations of two families' contrast sets."""
    found = []
    for name, factors in FACTORS.items():
        sets = contrasts_of(scene_from_id(name))
        for scene in (scene for factor in factors if factor in sets for scene in sets[factor].scenes):
            seen = ideal(simulate(scene, 2.1), Request(prompt="", seconds=2.0))
            found.append(Sample(scene.id, seen, NOBODY))
    return tuple(found)


def levels(samples: Sequence[Sample]) -> list[list[Sample]]:
    sets: dict[str, list[Sample]] = {}
    for sample in samples:
        sets.setdefault(sample.scene.rpartition("=")[0], []).append(sample)
    return list(sets.values())


def value(answer: Scored | Unscored) -> float:
    assert isinstance(answer, Scored), answer
    return answer.value


def test_the_truth_is_steered_by_all() -> None:
    assert {one.factor for one in changes(truths(), truths())} >= {"gravity", "restitution", "start", "camera"}
    assert [value(metric(truths(), truths())) for metric in (steer_direction, steer_gain, steer_order)] == pytest.approx([1, 1, 1])
    assert value(steer_drift(truths(), truths())) < 1


def test_ignoring_the_factor_earns_nothing() -> None:
    same = [Sample(sample.scene, one[0].seen, NOBODY) for one in levels(truths()) for sample in one]
    assert [value(metric(same, truths())) for metric in (steer_direction, steer_gain, steer_order)] == pytest.approx([0, 0, 0])
    assert value(steer_drift(same, truths())) == 0


def test_levels_the_other_way_round_are_wrong() -> None:
    turned = [Sample(one[k].scene, one[-1 - k].seen, NOBODY) for one in levels(truths()) for k in range(len(one))]
    assert value(steer_order(turned, truths())) == pytest.approx(-1)
    assert value(steer_gain(turned, truths())) < 0.35
    assert value(steer_direction(turned, truths())) < 0.5


def test_nothing_shown_is_worst() -> None:
    lost = [Sample(sample.scene, Observation(), NOBODY) for sample in truths()]
    assert value(steer_direction(lost, truths())) == 0
    assert value(steer_order(lost, truths())) == 0
    assert isinstance(steer_gain([], []), Unscored)

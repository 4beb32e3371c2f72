"""What every metric must keep to, whoever wrote it."""

from __future__ import annotations

import doctest
import importlib
import json
import math
from collections.abc import Callable

import numpy as np
import pytest

from kinema.metrics import load_all
from kinema.metrics.check import METRIC_CHECKS
from kinema.metrics.metric import METRICS, Card, Case, Scored, Unscored
from kinema.metrics.observation import Observation
from kinema.scenes.truth import Truth

load_all()
AXES = {"dynamics", "sync", "adherence", "realism"}
EXPECTED = {
    "dynamics/law_residual", "dynamics/permanence", "dynamics/gravity", "dynamics/restitution", "sync/offset", "sync/lag",
    "sync/event_f1", "adherence/colour", "adherence/count", "adherence/direction", "realism/flicker", "realism/sharpness",
}  # fmt: skip
Cases = Callable[..., Case]
OF_CLIPS = [name for name in METRICS if METRICS[name].load().over == "clip"]
OF_SETS = [name for name in METRICS if name not in OF_CLIPS]


def card(name: str) -> Card:
    return METRICS[name].load()


def test_all_are_there() -> None:
    assert set(METRICS) >= EXPECTED


@pytest.mark.parametrize("name", list(METRICS))
def test_card_is_complete(name: str) -> None:
    one = card(name)
    assert one.axis in AXES
    assert one.version >= 1
    assert one.unit and one.source and one.needs and one.modes
    assert one.summary.endswith(".")
    assert math.isfinite(one.best) and math.isfinite(one.worst)
    assert one.best != one.worst
    assert one.better == "zero" or (one.best > one.worst) == (one.better == "higher")
    assert not one.gate or {one.best, one.worst} == {0, 1}


@pytest.mark.parametrize("name", OF_CLIPS)
@pytest.mark.parametrize("family", ["drop", "projectile", "pendulum", "collision"])
def test_answers_are_bounded_sentences(
    name: str, family: str, look: Callable[..., Observation], closed_form: Callable[..., Truth], case_of: Cases
) -> None:
    one, truth = card(name), closed_form(family, 3)
    low, high = sorted((one.best, one.worst))
    if one.better == "zero":
        low = -one.worst
    empty = Observation(times=np.arange(48) / 24, counts=np.zeros(48, dtype=int))
    for seen in (look(truth), look(truth, backwards=True), look(truth, noise=3.0), empty, Observation()):
        for case in (case_of(truth), Case.outside("a ball bounces")):
            answer = one.function(seen, case)
            assert answer == one.function(seen, case)
            if isinstance(answer, Unscored):
                assert answer.reason
                continue
            assert isinstance(answer, Scored)
            assert low <= answer.value <= high
            assert answer.why.endswith(".")
            assert answer.why[0].isupper() or answer.why[0].isdigit()
            json.dumps(answer.details, allow_nan=False)


@pytest.mark.parametrize("name", OF_SETS)
def test_metrics_of_sets_keep_to_the_same_rules(name: str) -> None:
    for check in METRIC_CHECKS:
        check(card(name))


@pytest.mark.parametrize("name", OF_CLIPS)
def test_without_truth_and_claims_nothing_that_needs_them_is_scored(name: str) -> None:
    if not name.startswith("realism/"):
        assert isinstance(card(name).function(Observation(), Case.outside("a ball bounces")), Unscored)


MODULES = ["align", "flight", "rebound", "dynamics", "sync", "adherence", "realism", "faults", "metric", "observation"]


@pytest.mark.parametrize("module", MODULES)
def test_examples_hold(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"kinema.metrics.{module}")).failed == 0

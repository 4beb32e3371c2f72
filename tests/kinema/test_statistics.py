"""Intervals are checked against closed forms, and against how often they hold what they should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from kinema.statistics import BOOTSTRAP_FROM, Interval, family_mean, mean_interval


def test_a_family_with_more_scenes_weighs_no_more() -> None:
    assert family_mean({"drop": [0.0] * 9, "pendulum": [10.0]}) == 5.0


def test_no_scene_has_no_mean_and_one_has_no_interval() -> None:
    assert mean_interval({}) is None
    assert mean_interval({"drop": []}) is None
    assert mean_interval({"drop": [3.0]}) == Interval(3.0, None, None, 1)


def test_few_scenes_get_students_interval() -> None:
    values = [1.0, 2.0, 4.0, 7.0]
    found = mean_interval({"drop": values})
    expected = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert found is not None
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-6)


def test_bounds_cut_the_interval_not_the_mean() -> None:
    found = mean_interval({"drop": [90.0, 100.0, 100.0]}, bounds=(0.0, 100.0))
    assert found is not None
    assert found.high == 100.0
    assert found.low is not None
    assert found.low < found.value < 100.0


def test_the_same_scores_print_the_same_interval() -> None:
    values = {"drop": list(np.random.default_rng(1).normal(size=12))}
    assert mean_interval(values) == mean_interval(values)


def test_families_apart_do_not_widen_a_bootstrap_interval() -> None:
    rng = np.random.default_rng(2)
    near = {name: list(rng.normal(50, 1, 10)) for name in ("drop", "pendulum")}
    apart = {"drop": near["drop"], "pendulum": [value + 40 for value in near["pendulum"]]}
    first, second = mean_interval(near), mean_interval(apart)
    assert first is not None
    assert second is not None
    assert second.high - second.low == pytest.approx(first.high - first.low, rel=0.05)  # type: ignore[operator]


@pytest.mark.parametrize("scenes", [6, BOOTSTRAP_FROM + 6])
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(scenes: int) -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(120):
        found = mean_interval({"drop": list(rng.normal(5.0, 2.0, scenes))})
        assert found is not None
        held += found.low <= 5.0 <= found.high  # type: ignore[operator]
    assert 0.86 <= held / 120 <= 1.0

"""What curves of dose and response say, on curves whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest

from kinema.metrics.faults import FAULTS
from kinema.metrics.metric import Card, Scored
from kinema.metrics.validity import (
    AXIS_CHECKS,
    AxisResult,
    Curve,
    Reading,
    Tried,
    axis_value,
    curve_of,
    curve_of_sets,
    judged,
    least_effect,
    monotony,
    smallest_told,
)


def card(better: str = "lower", own: tuple[str, ...] = ("blur",), coupled: dict[str, str] | None = None) -> Card:
    return Card(
        name="realism/made", version=1, unit="px", better=better, best=0.0, worst=1.0, modes=("t2v",), needs=(), source="", floors=(),  # type: ignore[arg-type]
        gate=False, scaled=True, summary="", function=lambda *_: Scored(value=0.0, why=""), own=own, coupled=coupled or {},
    )  # fmt: skip


def curve(fault: str, response: float, *, better: str = "lower") -> Curve:
    return curve_of(FAULTS[fault], tried(fault, response), better)


def tried(fault: str, response: float, *, scenes: int = 12, spread: float = 0.1, sign: float = 1.0) -> dict[float, list[Tried]]:
    """A metric that answers by ``response`` times the dose, with some noise."""
    rng = np.random.default_rng(1)
    return {
        dose: [
            Tried(family="drop", scene=f"drop@1/seed={k}", value=2 + sign * (response * dose + rng.normal(0, spread)), plain=2.0)
            for k in range(scenes)
        ]
        for dose in FAULTS[fault].tried
    }


def test_a_metric_that_follows_the_dose_is_valid() -> None:
    curves = {"blur": curve("blur", 1.0), "noise": curve("noise", 0.0)}
    found = judged(card(), curves, scored=12)
    assert found.own[0].spearman == 1.0
    assert found.full == pytest.approx(3.5, abs=0.1)
    assert found.misses == ()
    assert found.stray is not None
    assert found.stray.fault == "noise"
    assert (found.stray_share or 0) < 0.05


@pytest.mark.parametrize(("better", "sign"), [("lower", 1.0), ("higher", -1.0), ("zero", 1.0)])
def test_worse_is_positive_whatever_is_better(better: str, sign: float) -> None:
    found = curve_of(FAULTS["blur"], tried("blur", 1.0, sign=sign), better)
    assert all(point.mean > 0 for point in found.points)
    assert found.spearman == 1.0


def test_a_metric_that_another_fault_moves_is_not_specific() -> None:
    curves = {"blur": curve("blur", 1.0), "noise": curve("noise", -0.05)}
    missed = judged(card(), curves, scored=12).misses
    assert len(missed) == 1
    assert "noise" in missed[0]
    assert judged(card(coupled={"noise": "it is made of it"}), curves, scored=12).misses == ()


def test_too_many_coupled_faults_are_a_miss() -> None:
    many = dict.fromkeys(("noise", "flicker", "banding", "downscale", "compression"), "why not")
    curves = {"blur": curve("blur", 1.0)}
    assert any("coupled" in miss for miss in judged(card(coupled=many), curves, scored=3).misses)


def test_a_metric_without_faults_of_its_own_says_so() -> None:
    assert judged(card(own=()), {}, scored=5).misses == ("its card names no fault of its own",)
    assert "none of the scenes" in judged(card(), {}, scored=0).misses[0]
    assert "no scene where" in judged(card(), {}, scored=5).misses[0]


def test_disorder_is_seen() -> None:
    assert monotony([1, 2, 3, 4, 5, 6, 7], [1, 3, 2, 5, 4, 7, 6]) < 0.95
    assert monotony([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7]) == 1
    assert monotony([1, 2, 3], [0, 0, 0]) == 0
    assert monotony([1, 2, 3], [-1, -2, -3]) == -1


def test_two_signs_rise_each_by_itself() -> None:
    doses, steep = [-2, -1, 1, 2], [20, 10, 1, 2]
    assert monotony(doses, steep) == 1
    assert monotony(doses, [1, 2, 2, 1]) < 0.9


def test_saturation_costs_little() -> None:
    assert monotony([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 5, 5]) >= 0.95


def test_the_smallest_effect_is_that_of_a_paired_comparison() -> None:
    """20 pairs with that effect are found significant in 95 of 100 experiments."""
    rng = np.random.default_rng(5)
    pairs = rng.normal(least_effect(), 1.0, (4000, 20))
    found = np.abs(pairs.mean(axis=1)) / (1 / np.sqrt(20)) > 1.959964
    assert found.mean() == pytest.approx(0.95, abs=0.015)


def test_a_dose_is_told_apart_where_all_stronger_ones_are() -> None:
    many = tried("blur", 1.0, spread=1.0, scenes=400)  # 0.6 px is an effect of 0.6, and 0.81 is the least
    assert curve_of(FAULTS["blur"], many, "lower").told == 0.9
    assert curve_of(FAULTS["blur"], tried("blur", 0.0, spread=1.0), "lower").told is None
    few = curve_of(FAULTS["blur"], tried("blur", 1.0, scenes=2), "lower")
    assert few.told is None


def test_of_two_signs_the_later_one_counts() -> None:
    # early sounds hide for 25 ms
    late = {dose: float(dose) if dose > 0 else max(0.0, -dose - 25.0) for dose in FAULTS["sound_delay"].doses}
    made = {
        dose: [Tried(family="f", scene=str(k), value=100 + value + 0.01 * (-1) ** k, plain=100.0) for k in range(8)]
        for dose, value in late.items()
    }
    found = curve_of(FAULTS["sound_delay"], made, "lower")
    assert found.told == -30
    assert smallest_told(found.points) == -30


def test_of_a_fault_that_is_there_or_not_the_shares_follow() -> None:
    made = {1.0: [Tried(family="f", scene=str(k), value=0.0, plain=1.0 if k % 2 else 0.0) for k in range(10)]}
    found = curve_of(FAULTS["mirror"], made, "higher")
    assert [point.dose for point in found.points] == list(FAULTS["mirror"].doses)
    assert found.points[-1].mean == 0.5
    assert found.points[-1].sd == 0.5
    assert found.spearman == 1


def test_what_is_no_longer_scored_is_counted() -> None:
    made = {dose: [Tried(family="f", scene="s", value=None, plain=1.0)] for dose in FAULTS["blur"].doses}
    empty = Curve(fault="blur", unit="px of 128", points=(), spearman=None, told=None, dropped=7)
    assert curve_of(FAULTS["blur"], made, "lower") == empty


def test_the_axis_is_a_mean_times_gates() -> None:
    values = {"dynamics/a": 1.0, "dynamics/b": 2.0, "dynamics/gate": 0.5, "sync/c": 9.0, "dynamics/none": None}
    scale = {"dynamics/a": 100.0, "dynamics/b": 50.0, "sync/c": 0.0}
    assert axis_value(values, lambda name, _: scale.get(name), ["dynamics/gate", "dynamics/none"]) == 37.5
    assert axis_value({"sync/c": 1.0}, lambda *_: 100.0, []) is None


def test_checks_of_the_axis_hold_or_not() -> None:
    shifted, backwards = AXIS_CHECKS[0], next(check for check in AXIS_CHECKS if check.fault == "reversal")
    rows = [("drop", 95.0, 97.0), ("drop", 93.0, 96.0), ("toss", 88.0, 90.0)]
    assert AxisResult.of(shifted, rows).value == 91.0
    assert AxisResult.of(shifted, rows).good
    assert AxisResult.of(backwards, rows).good is False
    assert AxisResult.of(backwards, []).good is None
    assert backwards.law == "arrow_of_time"


def test_every_check_of_the_axis_is_a_dose_that_is_tried() -> None:
    for check in AXIS_CHECKS:
        assert set(check.doses) <= set(FAULTS[check.fault].doses), check.name


def test_sets_are_told_apart_where_their_intervals_are() -> None:
    plain = Reading(value=0.1, low=0.0, high=0.3, n=46)
    doses = FAULTS["blur"].doses
    found = {dose: Reading(value=0.1 + dose, low=dose - 0.2, high=dose + 0.4, n=46) for dose in doses}
    made = curve_of_sets(FAULTS["blur"], plain, found)
    assert made.spearman == 1.0
    assert made.told == 0.6
    assert made.points[-1].mean == doses[-1]

"""Distances between sets of clips: the published formulas, in order of dose, honest about scenes that are the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.image.fid import _compute_fid
from torchmetrics.image.kid import poly_mmd

from kinema.metrics.distribution import Rows, area_under_curve, frechet, measured, mmd, projected, two_sample, two_sample_measured
from kinema.metrics.distribution_metrics import (
    LEAST,
    compared,
    frechet_distance,
    frechet_of,
    kernel_distance,
    kernel_sound,
    two_sample_test,
)
from kinema.metrics.metric import Case, Sample, Scored, Unscored
from kinema.metrics.observation import Observation

CASE = Case.outside("a ball bounces")


def rows(n: int, seed: int, shift: float = 0.0, d: int = 6) -> Rows:
    return Rows(np.random.default_rng(seed).normal(size=(n, d)) + shift, np.arange(n))


def samples(n: int, shift: float = 0.0, noise: float = 0.0, seed: int = 0) -> list[Sample]:
    """Scenes whose vectors are drawn; ``noise`` makes other takes of them."""
    base = np.random.default_rng(0).normal(size=(n, 12)) + shift
    table = base + noise * np.random.default_rng(seed).normal(size=base.shape)
    parts = ({"picture": tuple(r[:4]), "motion": tuple(r[4:8]), "sound": tuple(r[8:])} for r in table.tolist())
    return [Sample(f"drop@1/seed={k}", Observation(features=vectors), CASE) for k, vectors in enumerate(parts)]


def test_frechet_is_what_torchmetrics_computes() -> None:
    a, b = rows(80, 1), rows(90, 2, 0.4)
    given = [torch.from_numpy(value) for r in (a, b) for value in (r.x.mean(axis=0), np.cov(r.x, rowvar=False))]
    assert frechet(a, b) == pytest.approx(float(_compute_fid(*given)), rel=1e-6)


def test_mmd_is_what_torchmetrics_computes_where_no_scene_is_shared() -> None:
    a, b = rows(50, 1), rows(50, 2, 0.4)
    expected = float(poly_mmd(torch.from_numpy(a.x), torch.from_numpy(b.x)))
    assert mmd(a, Rows(b.x, b.scene + 50)) == pytest.approx(expected, rel=1e-6)


def test_mmd_of_two_takes_of_the_same_scenes_is_unbiased() -> None:
    """Without leaving out pairs of one scene it would lie below 0."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        base = rng.normal(size=(30, 4))
        a, b = (Rows(base + 0.3 * rng.normal(size=base.shape), np.arange(30)) for _ in range(2))
        found.append(mmd(a, b))
    assert abs(np.mean(found)) < 2.5 * np.std(found) / np.sqrt(len(found))


def test_a_classifier_tells_other_clips_and_not_the_same() -> None:
    true = rows(100, 1)
    values = [two_sample(rows(100, 2, shift), true) for shift in (0.0, 0.3, 0.6, 2.0)]
    assert 0.35 < values[0] < 0.65
    assert values == sorted(values)
    assert values[-1] > 0.98


def test_a_classifier_sees_another_spread() -> None:
    true = rows(150, 1)
    assert two_sample(Rows(2.0 * rows(150, 2).x, true.scene), true) > 0.85


def test_area_under_curve_counts_ties_half() -> None:
    assert area_under_curve([1, 1], [1, 1]) == 0.5
    assert area_under_curve([2], [1]) == 1.0


def test_the_interval_holds_the_value_and_the_floor_is_of_halves() -> None:
    found = measured(mmd, rows(60, 1, 0.5), rows(60, 2))
    assert found.low < found.value < found.high
    assert abs(found.floor) < 0.5 * found.value
    told = two_sample_measured(rows(60, 1, 0.5), rows(60, 2))
    assert told.low < told.value < told.high
    assert told == two_sample_measured(rows(60, 1, 0.5), rows(60, 2))


def test_projection_keeps_what_varies_most() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=(50, 5)) * [9, 0.1, 5, 0.1, 0.1]
    shown, kept = projected(true + 1, true, 2)
    assert shown.shape == kept.shape == (50, 2)
    assert kept.var() == pytest.approx(true[:, [0, 2]].var(), rel=0.2)


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance, two_sample_test, kernel_sound])
def test_more_damage_is_further_away(metric: object) -> None:
    true = samples(60)
    answers = [metric(samples(60, shift, 0.1), true) for shift in (0.0, 0.5, 1.0, 2.0)]  # type: ignore[operator]
    assert all(isinstance(answer, Scored) for answer in answers)
    values = [answer.details["signed"] for answer in answers]
    assert values == sorted(values)
    for answer in answers:
        assert answer.details["low"] <= answer.value <= answer.details["high"]
        assert {"floor", "seed", "clips", "truths", "dimensions"} <= set(answer.details)


def test_the_order_of_the_samples_means_nothing() -> None:
    true, shown = samples(50), samples(50, 0.3, 0.1)
    assert kernel_distance(shown[::-1], true) == kernel_distance(shown, true[::-1])


def test_small_sets_and_sets_without_vectors_are_unscored() -> None:
    true = samples(60)
    few = frechet_distance(true[: LEAST - 1], true)
    assert isinstance(few, Unscored)
    assert "39 are there" in few.reason
    blank = [Sample(s.scene, Observation(), CASE) for s in true]
    none = frechet_distance(blank, true)
    assert isinstance(none, Unscored)
    assert none.reason.startswith("not run: 0 of 60")


def test_frechet_takes_fewer_dimensions_where_clips_are_few_but_not_of_our_own_vectors() -> None:
    found = frechet_distance(samples(40, 0.2), samples(40))
    assert isinstance(found, Scored)
    assert found.details["dimensions"] == 8
    rng = np.random.default_rng(3)
    wide = [Sample(str(k), Observation(features={"picture": tuple(rng.normal(size=40)), "motion": (0.0,)}), CASE) for k in range(40)]
    few = frechet_distance(wide, wide)
    assert isinstance(few, Unscored)
    assert few.reason == "a Frechet distance of these vectors needs 82 clips, and 40 are there"
    thin = compared(wide, wide, ("picture",), frechet_of, 1e6)
    assert isinstance(thin, Scored)
    assert thin.details["dimensions"] == 20


def test_what_is_graded_rises_where_the_area_has_ended() -> None:
    true = samples(60)
    answers = [two_sample_test(samples(60, shift, 0.1), true) for shift in (1.0, 2.0, 4.0, 8.0)]
    assert all(isinstance(answer, Scored) for answer in answers)
    graded = [answer.details["graded"]["value"] for answer in answers if isinstance(answer, Scored)]
    assert graded == sorted(set(graded))
    assert graded[-1] < 0
    assert isinstance(answers[-1], Scored)
    assert answers[-1].value == 1

"""The gate on runs whose differences are known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kinema.bench.gate import Check, Exit, Rule, gate
from kinema.errors import ConfigError, KinemaError, UnknownName
from kinema.files import read_json, write_json
from kinema.record import read_lines, write_lines

WriteRun = Callable[..., Path]
RNG = np.random.default_rng(5)
BASE = RNG.uniform(5, 40, 16)
RULE = '[gate."sync/offset"]\nmargin = 5.0\n'


def runs(write_run: WriteRun, folder: Path, change: float, scenes: int = 16, noise: float = 1.0) -> tuple[Path, Path]:
    after = BASE[:scenes] + change + np.random.default_rng(6).normal(0, noise, scenes)
    return write_run(folder / "a", {"model": BASE[:scenes]}), write_run(folder / "b", {"model": after})


def rules(folder: Path, text: str = RULE) -> Path:
    path = folder / "gate.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("change", "scenes", "noise", "expected"),
    [
        (0.0, 16, 1.0, Exit.PASS),
        (12.0, 16, 1.0, Exit.REGRESSED),
        (-12.0, 16, 1.0, Exit.PASS),
        (5.0, 16, 6.0, Exit.UNDECIDED),
        (12.0, 8, 1.0, Exit.REGRESSED),  # a t interval, below 10 scenes
        (5.0, 6, 1.0, Exit.UNDECIDED),
        (50.0, 6, 1.0, Exit.UNDECIDED),  # large, but too few scenes to say anything
    ],
)
def test_verdicts_on_a_metric(write_run: WriteRun, tmp_path: Path, change: float, scenes: int, noise: float, expected: Exit) -> None:
    decision = gate(*runs(write_run, tmp_path, change, scenes, noise), rules(tmp_path))
    assert decision.exit is expected
    assert decision.checks[0].pairs == scenes


def test_without_a_file_the_four_axes_are_gated(write_run: WriteRun, tmp_path: Path) -> None:
    decision = gate(*runs(write_run, tmp_path, 12.0))
    verdicts = {check.rule.target: check.exit for check in decision.checks}
    assert list(verdicts) == ["dynamics", "sync", "adherence", "realism"]
    assert verdicts["sync"] is Exit.REGRESSED
    assert verdicts["dynamics"] is Exit.UNDECIDED  # nothing there to compare
    assert decision.exit is Exit.REGRESSED


def test_a_run_compared_with_itself_passes(write_run: WriteRun, tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", {"model": BASE})
    decision = gate(run, run, rules(tmp_path, "[gate.sync]\n"))
    assert decision.exit is Exit.PASS
    assert (decision.checks[0].delta, decision.checks[0].low, decision.checks[0].high) == (0.0, 0.0, 0.0)


def test_a_warning_does_not_change_the_exit(write_run: WriteRun, tmp_path: Path) -> None:
    decision = gate(*runs(write_run, tmp_path, 12.0), rules(tmp_path, RULE + 'level = "warn"\n'))
    assert decision.checks[0].exit is Exit.REGRESSED
    assert decision.exit is Exit.PASS


def test_the_minimum_of_pairs_can_be_raised(write_run: WriteRun, tmp_path: Path) -> None:
    assert gate(*runs(write_run, tmp_path, 0.0), rules(tmp_path, RULE + "min_pairs = 17\n")).exit is Exit.UNDECIDED


def test_broken_comes_before_regressed_and_regressed_before_undecided() -> None:
    def check(low: float, high: float, broken: str = "") -> Check:
        rule = Rule("sync", 5.0)
        return Check(baseline="a", candidate="b", rule=rule, delta=(low + high) / 2, low=low, high=high, pairs=9, broken=broken)

    from kinema.bench.gate import Decision

    fine, worse, unsure, lost = check(-1, 1), check(-20, -10), check(-9, 9), check(-1, 1, "1 lost clips")
    assert Decision((fine, worse, unsure, lost)).exit is Exit.BROKEN
    assert Decision((fine, worse, unsure)).exit is Exit.REGRESSED
    assert Decision((fine, unsure)).exit is Exit.UNDECIDED
    assert Decision((fine,)).exit is Exit.PASS


def test_lost_clips_failed_metrics_and_scenes_gone_break(write_run: WriteRun, tmp_path: Path) -> None:
    base, fine = runs(write_run, tmp_path, 0.0)
    assert gate(base, fine, rules(tmp_path)).exit is Exit.PASS
    lost = write_run(tmp_path / "lost", {"model": BASE}, details={"lost": "is missing"})
    assert gate(base, lost, rules(tmp_path)).exit is Exit.BROKEN
    rows = list(read_lines(fine / "scores.jsonl"))
    write_lines(fine / "scores.jsonl", rows[:-1])
    gone = gate(base, fine, rules(tmp_path))
    assert gone.exit is Exit.BROKEN
    assert "1 scenes without any score" in gone.checks[0].why
    write_lines(fine / "scores.jsonl", [*rows[:-1], rows[-1] | {"status": "failed", "value": None, "scaled": None}])
    assert gate(base, fine, rules(tmp_path)).exit is Exit.BROKEN


def test_one_generator_each_is_compared_whatever_the_names(write_run: WriteRun, tmp_path: Path) -> None:
    a, b = write_run(tmp_path / "a", {"old": BASE}), write_run(tmp_path / "b", {"new": BASE})
    assert gate(a, b, rules(tmp_path)).exit is Exit.PASS


def test_several_are_compared_by_name_or_pair(write_run: WriteRun, tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", {"oracle": BASE, "late_sound:ms=250": BASE})
    b = write_run(tmp_path / "b", {"oracle": BASE, "mine": BASE + 20})
    with pytest.raises(ConfigError, match="no counterpart for 'late_sound:ms=250', 'mine'"):
        gate(a, b, rules(tmp_path))
    decision = gate(a, b, rules(tmp_path), ["late_sound:ms=250=mine"])
    assert [(check.baseline, check.candidate) for check in decision.checks] == [("late_sound:ms=250", "mine"), ("oracle", "oracle")]
    assert decision.exit is Exit.REGRESSED
    with pytest.raises(ConfigError, match="names no pair"):
        gate(a, b, rules(tmp_path), ["late_sound=mine"])


def test_what_is_left_over_beside_a_pair_is_said(write_run: WriteRun, tmp_path: Path) -> None:
    a, b = write_run(tmp_path / "a", {"reference": BASE, "oracle": BASE}), write_run(tmp_path / "b", {"mine": BASE})
    decision = gate(a, b, rules(tmp_path), ["reference=mine"])
    assert decision.exit is Exit.PASS
    assert "oracle" in decision.notes[0]


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("[gate.dynamic]\n", UnknownName, "Did you mean dynamics"),
        ('[gate."sync/ofset"]\nmargin = 1.0\n', UnknownName, "sync/offset"),
        ('[gate."sync/offset"]\n', ConfigError, "needs a margin in ms"),
        ("[gate.sync]\nmargni = 1.0\n", ConfigError, "margni.*margin"),
        ("[gate.sync]\nmargin = -1.0\n", ConfigError, "margin"),
        ("[gate.sync]\nmargin = nan\n", ConfigError, "margin"),
        ('[gate.sync]\nlevel = "fatal"\n', ConfigError, "level"),
        ("[gate]\n", ConfigError, "gate"),
        ("", ConfigError, "gate"),
        ("gate = ", ConfigError, "cannot read"),
    ],
)
def test_a_bad_gate_file_is_a_usage_error(write_run: WriteRun, tmp_path: Path, text: str, error: type[KinemaError], words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        gate(*runs(write_run, tmp_path, 0.0), rules(tmp_path, text))
    assert caught.value.exit_code == 2


def test_other_versions_and_other_scales_do_not_compare(write_run: WriteRun, tmp_path: Path) -> None:
    base, other = runs(write_run, tmp_path, 0.0)
    newer = write_run(tmp_path / "newer", {"model": BASE}, version=2)
    with pytest.raises(ConfigError, match="version 1 in the baseline and 2"):
        gate(base, newer, rules(tmp_path))
    summary = read_json(other / "summary.json")
    summary["scales"]["sync/offset"]["at_0"] = 60.0
    write_json(other / "summary.json", summary)
    with pytest.raises(ConfigError, match="another scale"):
        gate(base, other, rules(tmp_path, "[gate.sync]\n"))
    assert gate(base, other, rules(tmp_path)).exit is Exit.PASS  # the raw metric needs no scale


def test_the_decision_is_json_without_surprises(write_run: WriteRun, tmp_path: Path) -> None:
    value = gate(*runs(write_run, tmp_path, 12.0), rules(tmp_path)).to_json()
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert (value["schema"], value["verdict"], value["exit"]) == (1, "regressed", 1)
    assert value["checks"][0]["delta"] < -10

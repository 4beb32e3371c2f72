"""``kinema check``: what is sound passes, and each fault is found and said in a sentence."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema.bench.check import CHECKS, Task, check, everything, handle, target_of
from kinema.bench.cli import _exit_code
from kinema.bench.generators.check import GENERATOR_CHECKS
from kinema.errors import KinemaError
from kinema.metrics import load_all
from kinema.metrics.check import METRIC_CHECKS
from kinema.metrics.metric import METRICS, Scored, Unscored
from kinema.scenes.clip import Clip
from kinema.scenes.scene import SCENES

load_all()

MINE = '''
import dataclasses
import numpy as np
import kinema
from kinema.scenes.catalogue.falling import Drop

class Good:
    """A picture of noise."""
    def generate(self, request):
        rng = np.random.default_rng(request.seed)
        frames = rng.integers(0, 255, (request.frame_count, request.height, request.width, 3), dtype=np.uint8)
        return kinema.Clip(frames, np.arange(len(frames)) / request.fps, np.zeros((1, 16000), np.float32), 16000)

class Forgetful(Good):
    def generate(self, request):
        clip = super().generate(request)
        clip.frames[0] = np.random.default_rng().integers(0, 255)
        return clip

class Silly(Drop):
    """A ball that is said to be heavy, but is not: everything else is as it should be for a drop, except for what its prompts claim."""
    family = "silly"
    def prompts(self):
        return ("A thing falls.",) * 4
'''


@pytest.fixture(name="mine")
def _mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "mine_to_check.py").write_text(MINE)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("mine_to_check", None)
    return "mine_to_check"


def test_names_are_told_apart(mine: str) -> None:
    assert [target_of(name) for name in ("drop", "sync/offset", "late_sound:ms=9", f"{mine}:Good", f"{mine}:Silly")] == [
        "scene", "metric", "generator", "generator", "scene",
    ]  # fmt: skip
    assert target_of("kinema.metrics.sync:offset") == "metric"
    for wrong in ("dorp", "no_module:Thing", f"{mine}:Nothing"):
        with pytest.raises(KinemaError):
            target_of(wrong)


def test_everything_is_everything() -> None:
    assert {name for kind, name in everything() if kind == "scene"} == set(SCENES)
    assert {"sync/offset", "oracle", "reference"} <= {name for _, name in everything()}


@pytest.mark.parametrize("one", METRIC_CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", list(METRICS))
def test_every_metric_keeps_to_the_rules(name: str, one: Any) -> None:
    one(METRICS[name].load())


def _faulty(**changes: Any) -> Any:
    return replace(METRICS["sync/offset"].load(), **changes)


def _undecided(seen: Any, case: Any) -> Any:
    """Chance.

    >>> 1 + 1
    3
    """
    return Scored(value=float(np.random.default_rng().random()), why="chance")


FAULTS = {
    "the_card_is_complete": [_faulty(source=""), _faulty(worst=float("inf")), _faulty(better="higher"), _faulty(name="offset")],
    "it_explains_itself": [_faulty(summary="No stop"), _faulty(function=lambda seen, case: None), _faulty(function=_undecided)],
    "answers_are_bounded_sentences": [
        _faulty(function=lambda seen, case: Scored(value=501.0, why="Far.")),
        _faulty(function=lambda seen, case: Scored(value=float("nan"), why="Nothing.")),
        _faulty(function=lambda seen, case: Unscored(reason="")),
        _faulty(function=_undecided),
    ],
    "answers_are_json": [_faulty(function=lambda seen, case: Scored(value=1.0, why="So.", details={"a": np.zeros(2)}))],
    "it_is_a_pure_function": [_faulty(function=_undecided)],
    "nothing_is_answered_too": [_faulty(function=lambda seen, case: seen.tracks[0]), _faulty(function=lambda seen, case: None)],
    "a_lost_clip_is_worst": [_faulty(function=lambda seen, case: Scored(value=500.0, why="Always."))],
}


@pytest.mark.parametrize("name", [one.__name__ for one in METRIC_CHECKS])
def test_a_metrics_faults_are_found(name: str) -> None:
    one = next(one for one in METRIC_CHECKS if one.__name__ == name)
    for card in FAULTS[name]:
        with pytest.raises(AssertionError) as caught:
            one(card)
        assert str(caught.value)


def wrong_clip(kind: str) -> Any:
    frames, times, sound = np.zeros((12, 8, 8, 3), np.uint8), np.arange(12) / 12, np.zeros((1, 16000), np.float32)
    return {
        "none": None,
        "floats": Clip(frames.astype(float), times, sound, 16000),  # type: ignore[arg-type]
        "times": Clip(frames, times[::-1], sound, 16000),
        "nan": Clip(frames, times, sound + np.nan, 16000),
        "loud": Clip(frames, times, sound + 2, 16000),
        "short": Clip(frames[:2], times[:2], sound[:, :100], 16000),
        "one": Clip(frames, times, sound, 16000),
    }[kind]


@pytest.mark.render
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("none", "it_gives_clips"), ("floats", "it_gives_clips"), ("times", "it_gives_clips"), ("nan", "it_gives_clips"),
        ("loud", "it_gives_clips"), ("short", "it_is_as_long_as_asked"), ("one", "another_seed_gives_another_clip"),
        ("nan", "it_can_be_written_and_read"),
    ],
)  # fmt: skip
def test_a_generators_faults_are_found(kind: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from kinema.bench.generators import check as checks

    class Wrong:
        def generate(self, request: Any) -> Any:
            return wrong_clip(kind)

    monkeypatch.setattr(checks, "_built", lambda text: Wrong())
    checks._made.cache_clear()
    one = next(one for one in GENERATOR_CHECKS if one.__name__ == name)
    with pytest.raises(AssertionError, match="mine"):
        one("mine")
    checks._made.cache_clear()


def test_a_generator_without_a_seed_is_found(mine: str) -> None:
    assert "draw all chance from request.seed" in handle(Task("generator", f"{mine}:Forgetful", "the_same_request_gives_the_same_bytes"))
    for one in GENERATOR_CHECKS:
        assert handle(Task("generator", f"{mine}:Good", one.__name__)) == ""


@pytest.mark.render
def test_a_scenes_faults_are_found(mine: str) -> None:
    assert "wordings" in handle(Task("scene", f"{mine}:Silly", "prompts_say_what_is_claimed"))
    assert handle(Task("scene", "drop", "a_seed_is_a_scene")) == ""


def test_what_raises_is_a_finding(mine: str) -> None:
    assert "raised" in handle(Task("scene", f"{mine}:Good", "a_seed_is_a_scene"))


@pytest.mark.slow
def test_the_command_prints_a_table_and_exits_by_it(capfd: pytest.CaptureFixture[str]) -> None:
    assert _exit_code(["check", "sync/offset", "--workers", "1"]) == 0
    out, error = capfd.readouterr()
    assert f"{len(METRIC_CHECKS)} of {len(METRIC_CHECKS)} checks hold" in out
    assert "checking" in error
    assert _exit_code(["check"]) == 2
    assert _exit_code(["check", "drop", "--all"]) == 2
    assert _exit_code(["check", "dorp"]) == 2


@pytest.mark.slow
def test_a_fault_makes_the_exit_code_2(mine: str, capfd: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # for the worker
    assert _exit_code(["check", f"{mine}:Forgetful", "--workers", "1", "--json"]) == 2
    found = json.loads(capfd.readouterr()[0])
    assert not found["ok"]
    assert [row["check"] for row in found["checks"] if not row["ok"]] == ["the_same_request_gives_the_same_bytes"]
    assert len(found["checks"]) == len(CHECKS["generator"])


def test_findings_stand_in_the_order_of_the_targets() -> None:
    seen: list[int] = []
    found = check([("metric", "sync/lag"), ("metric", "adherence/count")], workers=2, progress=lambda stage, done, total: seen.append(done))
    assert [finding.task.name for finding in found] == ["sync/lag"] * len(METRIC_CHECKS) + ["adherence/count"] * len(METRIC_CHECKS)
    assert seen == list(range(2 * len(METRIC_CHECKS) + 1))

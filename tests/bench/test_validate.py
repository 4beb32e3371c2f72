"""``kinema validate``: what is planned, which scenes are chosen, and one small validation from command to page."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kinema.bench.cli import _exit_code
from kinema.bench.suite import load_suite
from kinema.bench.validate_plan import CIRCUMSTANCES, LEAST, MOST, Plan, plan_of
from kinema.bench.validate_run import _gain
from kinema.errors import ConfigError, UnknownName
from kinema.metrics.faults import FAULTS
from kinema.metrics.metric import METRICS
from kinema.scenes.prompts import claims_of

FAST = {"motion": 0.5, "picture": 0.5, "sound": 0.1, "plain": 1.0}


def smoke(**more: Any) -> Plan:
    return plan_of(load_suite("smoke"), workers=2, **{"budget": 600.0, **more})


def test_everything_is_tried_when_nothing_is_named() -> None:
    plan = smoke()
    assert set(plan.faults) == set(FAULTS)
    assert {name for name in METRICS if METRICS[name].load().over == "clip"} >= set(plan.metrics)
    assert plan.modes == ("t2v", "i2v")
    assert plan.with_axis
    assert not set(plan.of_mode("t2v")) & set(plan.of_mode("i2v"))
    assert len(plan.scenes_of("i2v")) == len({ref.id.split("@")[0] for ref in plan.scenes})


def test_more_time_is_more_scenes_of_every_fault() -> None:
    small, large = (smoke(metrics=["sync/offset"], budget=budget).share(FAST) for budget in (1.0, 1e6))
    assert (small, large) == (LEAST, MOST)
    assert small <= smoke(metrics=["sync/offset"], budget=600.0).share(FAST) <= large


def test_names_that_nobody_knows_are_said() -> None:
    with pytest.raises(UnknownName, match="no fault named 'gravitty'"):
        smoke(faults=["gravitty"])
    with pytest.raises(UnknownName, match="no metric"):
        smoke(metrics=["sync/ofset"])
    with pytest.raises(ConfigError, match="no fault of their own"):
        smoke(metrics=["realism/frechet_clip"])


def test_scenes_where_an_owner_is_scored_come_first_and_families_take_turns() -> None:
    assert _gain({"mine"}, ["mine"], Counter(), 0) > _gain({"theirs", "others"}, ["mine"], Counter(), 0)
    assert _gain({"mine"}, ["mine"], Counter(), 0) > _gain({"mine"}, ["mine"], Counter(), 1)
    assert _gain({"mine"}, ["mine"], Counter(), 0) > _gain({"mine"}, ["mine"], Counter({"mine": 1}), 0)


def test_every_card_names_faults_that_there_are() -> None:
    for name in METRICS:
        card = METRICS[name].load()
        assert {*card.own, *card.coupled} <= set(FAULTS), name
        assert not set(card.own) & set(card.coupled), name


def test_the_last_seed_of_every_family_names_a_style_a_light_a_move_or_a_room() -> None:
    plan = plan_of(load_suite("core"), workers=2, budget=2700.0)
    named = [dict(ref.overrides) for ref in plan.scenes if ref.overrides]
    families = {ref.id.split("@")[0] for ref in plan.scenes}
    assert len(named) == len(families)
    for key, table in CIRCUMSTANCES:
        assert {one[key] for one in named if key in one} == set(tuple(table)[1:]), key
    assert all(any(claim.value == value for claim in claims_of(ref.scene())) for ref in plan.scenes for _, value in ref.overrides)
    assert len({ref.id for ref in plan.scenes}) == len(plan.scenes)
    assert not any(ref.overrides for ref in plan_of(load_suite("core"), workers=1, budget=60.0).scenes)


def test_a_dry_run_says_the_sums(capsys: pytest.CaptureFixture[str]) -> None:
    assert _exit_code(["validate", "--suite", "smoke", "--dry-run", "--workers", "2"]) == 0
    said = capsys.readouterr().out
    assert f"{len(FAULTS)} faults" in said
    assert "minutes on 2 cores" in said


@pytest.mark.render
@pytest.mark.slow
def test_one_small_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINEMA_CACHE", str(tmp_path / "cache"))
    scenes = [word for seed in (0, 1) for word in ("--scene", f"drop@1/seed={seed}")]
    words = ["validate", "--suite", "smoke", *scenes, "--metrics", "sync/offset", "--faults", "sound_delay", "--seconds-budget", "1"]
    out = tmp_path / "out"
    assert _exit_code([*words, "-o", str(out), "--workers", "1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (curve,) = found["metrics"]["sync/offset"]["own"]
    assert curve["spearman"] >= 0.95
    assert found["misses"] == []
    assert json.loads((out / "validity.json").read_text()) == found
    page = (out / "metric-sync-offset.html").read_text()
    assert "sound_delay" in page
    assert _exit_code([*words, "-o", str(out), "--workers", "1"]) == 0  # from the cache, as a table
    assert "sync/offset" in capsys.readouterr().out

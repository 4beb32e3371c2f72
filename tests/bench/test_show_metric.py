"""``kinema show METRIC``: the card, and what was measured of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kinema.bench.catalogue import describe
from kinema.metrics import load_all, shipped
from kinema.metrics.metric import METRICS


@pytest.fixture(name="measured")
def _measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Figures of one metric, kept in a file of the test's own."""
    load_all()
    monkeypatch.setattr(shipped, "FILE", tmp_path / "validity.json")
    shipped._shipped.cache_clear()
    points = [{"dose": dose, "mean": dose, "sd": 1.0, "n": 9} for dose in (10, 500)]
    own = [{"fault": "sound_delay", "unit": "ms", "points": points, "spearman": 0.98, "told": 10.0, "dropped": 0}]
    card = METRICS["sync/offset"].load()
    metric = {
        "version": card.version, "unit": "ms", "full": 499.0, "takes_sd": 0.65, "own": own, "misses": [], "others": [],
        "stray": {"fault": "blur", "share": 0.012, "response": 6.0}, "cost": {"metric": 1.7, "see": 390.0, "hear": 24.0},
    }  # fmt: skip
    return {"suite": "made@1", "metrics": {"sync/offset": metric}}


def test_a_metric_that_was_not_measured_says_so(measured: dict[str, Any]) -> None:
    said = describe("sync/offset")
    assert "not measured" in said
    for word in ("formula", "source", "bounds", "needs", "modes", "sound_delay", "blind spot 1"):
        assert word in said
    assert measured["suite"] not in said


def test_what_was_kept_is_shown(measured: dict[str, Any]) -> None:
    shipped.keep(measured)
    said = describe("sync/offset")
    asked = ("told apart from 10 ms on", "Spearman 0.98 over 9 scenes", "1.2 % of its full response (blur)", "1.7 ms of CPU", "made@1")
    for words in asked:
        assert words in said
    shipped._shipped.cache_clear()


def test_figures_of_another_version_are_not_shown(measured: dict[str, Any]) -> None:
    measured["metrics"]["sync/offset"]["version"] += 1
    shipped.keep(measured)
    assert "told apart" not in describe("sync/offset")
    shipped._shipped.cache_clear()


def test_every_metric_can_be_shown() -> None:
    load_all()
    for name in METRICS:
        assert "its own fault" in describe(name), name

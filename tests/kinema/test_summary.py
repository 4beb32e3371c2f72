from __future__ import annotations

from typing import Any

import pytest

from kinema.summary import axis_of_lines, axis_of_scene, summarise

CARDS = {
    "dynamics/gravity": {"unit": "", "better": "lower", "gate": False},
    "dynamics/restitution": {"unit": "", "better": "lower", "gate": False},
    "dynamics/permanence": {"unit": "", "better": "higher", "gate": True},
    "sync/offset": {"unit": "ms", "better": "lower", "gate": False},
}
GATES = {"dynamics/permanence"}


def line(scene: str, metric: str, value: float | None, scaled: float | None = None, **more: Any) -> dict[str, Any]:
    status = "unscored" if value is None else "scored"
    found = {"generator": "one", "sample": 0, "mode": "t2v", "prompt_id": 0, "details": {}, "status": status}
    return {**found, "scene": scene, "metric": metric, "value": value, "scaled": scaled, **more}


def test_an_axis_is_the_mean_of_scaled_metrics_times_its_gates() -> None:
    lines = [
        line("drop@1/seed=0", "dynamics/gravity", 0.1, 80.0),
        line("drop@1/seed=0", "dynamics/restitution", 0.1, 40.0),
        line("drop@1/seed=0", "dynamics/permanence", 0.5),
    ]
    assert axis_of_lines(lines, GATES) == 30.0


def test_a_gate_alone_is_no_axis_and_an_unscored_gate_multiplies_nothing() -> None:
    assert axis_of_lines([line("a@1/seed=0", "dynamics/permanence", 0.5)], GATES) is None
    lines = [line("a@1/seed=0", "dynamics/gravity", 0.1, 80.0), line("a@1/seed=0", "dynamics/permanence", None)]
    assert axis_of_lines(lines, GATES) == 80.0


def test_clips_of_a_scene_are_averaged_first() -> None:
    lines = [line("a@1/seed=0", "sync/offset", 1.0, 10.0 * k, sample=k) for k in range(4)]
    assert axis_of_scene(lines, "sync", GATES) == 15.0


def test_a_failed_metric_leaves_its_scene_without_the_axis() -> None:
    lines = [line("a@1/seed=0", "dynamics/gravity", 0.1, 80.0), line("a@1/seed=0", "dynamics/restitution", None, status="failed")]
    assert axis_of_scene(lines, "dynamics", GATES) is None


def summary_of(lines: list[dict[str, Any]]) -> dict[str, Any]:
    found = summarise(lines, suite="smoke@1234", cards=CARDS, scales={"sync/offset": {"at_100": 0.0, "at_0": 50.0}})
    one: dict[str, Any] = found["generators"]["one"]
    return one


def test_the_summary_counts_scenes_and_averages_families() -> None:
    lines = [line(f"drop@1/seed={k}", "sync/offset", 10.0, 80.0) for k in range(3)]
    lines += [line("pendulum@1/seed=0", "sync/offset", 30.0, 40.0), line("pendulum@1/seed=1", "sync/offset", None)]
    one = summary_of(lines)
    assert one["axes"]["sync"]["value"] == 60.0
    assert one["axes"]["sync"]["n_scored"] == 4
    assert one["axes"]["sync"]["n_unscored"] == 1
    assert one["families"]["drop"]["sync"]["value"] == 80.0
    assert one["metrics"]["sync/offset"]["value"] == 20.0
    assert one["metrics"]["sync/offset"]["unit"] == "ms"
    assert one["axes"]["realism"]["value"] is None
    assert one["lost"] == 0


def test_lost_clips_are_counted_once_each() -> None:
    lost = {"lost": "is missing"}
    lines = [line("drop@1/seed=0", name, 1.0, 0.0, details=lost) for name in CARDS]
    assert summary_of(lines)["lost"] == 1


@pytest.mark.parametrize(("failed", "has_value"), [(0, True), (1, True), (3, False)])
def test_many_failures_leave_no_aggregate(failed: int, has_value: bool) -> None:
    lines = [line(f"drop@1/seed={k}", "sync/offset", 10.0, 80.0) for k in range(20 - failed)]
    lines += [line(f"drop@1/seed={50 + k}", "sync/offset", None, status="failed") for k in range(failed)]
    one = summary_of(lines)
    assert (one["axes"]["sync"]["value"] is not None) == has_value
    assert one["axes"]["sync"]["n_failed"] == failed


@pytest.mark.parametrize(("better", "low"), [("lower", 0.0), ("zero", -20.0)])
def test_an_interval_stays_within_the_bounds_of_its_card(better: str, low: float) -> None:
    cards = {"sync/offset": {"unit": "ms", "better": better, "best": 0.0, "worst": 20.0, "gate": False}}
    lines = [line(f"drop@1/seed={k}", "sync/offset", value) for k, value in enumerate((0.0, 20.0))]
    cell = summarise(lines, suite="s@1", cards=cards, scales={})["generators"]["one"]["metrics"]["sync/offset"]
    assert (cell["low"], cell["value"], cell["high"]) == (low, 10.0, 20.0)

"""Run folders with scores of one's choosing, for what only reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kinema.bench.provenance import card_json
from kinema.files import write_json
from kinema.metrics import load_all
from kinema.metrics.metric import METRICS
from kinema.record import write_lines
from kinema.summary import summarise

SCALE = {"sync/offset": {"at_100": 0.0, "at_0": 100.0, "floor": "silent", "takes_sd": 1.0}}
FAMILIES = ("drop", "projectile", "collision", "pendulum")


def write_run(folder: Path, offsets: Mapping[str, Sequence[float]], **more: Any) -> Path:
    """A run of one metric, ``sync/offset``, with a value in ms per generator and scene; ``more`` changes every line."""
    load_all()
    rows = [
        _line(f"{FAMILIES[k % 4]}@1/seed={k // 4}", generator, float(value)) | more
        for generator, values in offsets.items()
        for k, value in enumerate(values)
    ]
    cards = {"sync/offset": card_json(METRICS["sync/offset"].load())}
    write_json(folder / "run.json", {"schema": 1, "metrics": cards})
    write_lines(folder / "requests.jsonl", [{"schema": 1, "scene": scene} for scene in dict.fromkeys(r["scene"] for r in rows)])
    write_lines(folder / "scores.jsonl", rows)
    write_json(folder / "summary.json", summarise(rows, suite="made@1", cards=cards, scales=SCALE))
    return folder


def _line(scene: str, generator: str, value: float) -> dict[str, Any]:
    return {
        "schema": 1, "scene": scene, "mode": "t2v", "prompt_id": 0, "generator": generator, "generator_version": "1", "sample": 0,
        "clip": "0" * 64, "metric": "sync/offset", "version": 1, "status": "scored", "value": value, "unit": "ms",
        "scaled": max(0.0, 100.0 - value), "why": "made", "details": {},
    }  # fmt: skip


@pytest.fixture(name="write_run")
def _write_run() -> Callable[..., Path]:
    """:func:`write_run`, for tests in any folder."""
    return write_run

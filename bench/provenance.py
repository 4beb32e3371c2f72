"""What a run was made with: versions, commit, device, seeds, cards."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import kinema
from kinema.bench.calibration import seeds_of
from kinema.bench.plan import Plan
from kinema.bench.pool import THREADS
from kinema.metrics.metric import METRICS, Card
from kinema.record import SCHEMA

__all__ = ["card_json", "describe"]

LIBRARIES = ("numpy", "scipy", "torch", "av", "opencv-python", "pybullet", "pybullet-arm64")


def describe(plan: Plan, workers: int) -> dict[str, Any]:
    """``run.json``, but for the times, which are added when the run is finished."""
    return {
        "schema": SCHEMA,
        "suite": {"id": plan.suite.id, "hash": plan.suite.hash, **plan.suite.resolved()},
        "config": {"given": plan.given, "resolved": plan.resolved(), "hash": plan.hash},
        "metrics": {name: card_json(METRICS[name].load()) for name in plan.suite.metrics},
        "seeds": {"scored": list(plan.suite.seeds), "calibration": list(seeds_of(plan.suite))},
        "versions": {"kinema": kinema.__version__, "python": platform.python_version(), **_libraries()},
        "git": _git(),
        "device": {"system": platform.platform(), "processor": _processor(), "cores": os.cpu_count(), "torch": "cpu"},
        "threads": THREADS,
        "workers": workers,
    }


def card_json(card: Card) -> dict[str, Any]:
    """A metric's card, without its function."""
    names = ("version", "unit", "better", "best", "worst", "gate", "scaled", "over", "floors", "needs", "source", "summary")
    return {name: list(value) if isinstance(value := getattr(card, name), tuple) else value for name in names}


def _libraries() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _git() -> dict[str, Any] | None:
    """Commit of the checkout that Kinema runs from; None for an installed copy."""
    here = Path(kinema.__file__).resolve().parent

    def ask(*words: str) -> str:
        return subprocess.run(  # noqa: S603  (fixed words)
            ["git", "-C", str(here), *words],  # noqa: S607
            capture_output=True, text=True, check=True, timeout=10,
        ).stdout.strip()  # fmt: skip

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain", "--untracked-files=no"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _processor() -> str:
    try:
        rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(row.split(":", 1)[1].strip() for row in rows if row.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()

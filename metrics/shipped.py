"""The figures that the last validation of the whole found, shipped with the package for ``kinema show``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from kinema.files import read_json, write_json

__all__ = ["keep", "measured"]

FILE = Path(__file__).with_name("validity.json")


def keep(found: dict[str, Any]) -> Path:
    """Of a ``validity.json`` what ``kinema show`` says, beside what is known of metrics that were not tried; where it is kept."""
    value = dict(_shipped())
    for name, metric in found["metrics"].items():
        own = {c["fault"]: {"spearman": c["spearman"], "told": c["told"], "unit": c["unit"], "n": _scenes(c)} for c in metric["own"]}
        facts = {key: metric[key] for key in ("version", "unit", "full", "takes_sd", "stray", "cost")}
        value[name] = {**facts, "own": own, "misses": len(metric["misses"]), "suite": found["suite"]}
    write_json(FILE, {"schema": 1, "metrics": value})
    _shipped.cache_clear()
    return FILE


def measured(name: str, version: int) -> dict[str, Any] | None:
    """What was measured of this version of a metric; None where nothing was."""
    found = _shipped().get(name)
    return found if found is not None and found["version"] == version else None


@cache
def _shipped() -> dict[str, dict[str, Any]]:
    try:
        metrics: dict[str, dict[str, Any]] = read_json(FILE)["metrics"]
    except FileNotFoundError:
        return {}
    return metrics


def _scenes(curve: dict[str, Any]) -> int:
    return max((point["n"] for point in curve["points"]), default=0)

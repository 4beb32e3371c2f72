"""The pages of ``kinema validate``: what was tried and what falls short, and one page per metric with its curves."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from markupsafe import Markup

from kinema.reports.curves import curve_svg, matrix_svg
from kinema.reports.pages import ASSETS, write_page

__all__ = ["file_of", "pages"]

MONOTONE = 0.95  # as metrics/validity.py has it


def pages(found: dict[str, Any], out: Path) -> Path:
    """Write ``index.html`` and a page per metric from what ``validity.json`` holds, and return the first.

    Args:
        found: the value of ``validity.json``.
        out: the folder.
    """
    (out / "assets").mkdir(parents=True, exist_ok=True)
    for asset in ASSETS:
        (out / "assets" / asset.name).write_bytes(asset.read_bytes())
    metrics = [metric | {"file": file_of(name), "worst": _worst(metric)} for name, metric in found["metrics"].items()]
    for metric in metrics:
        _metric_page(metric, found, out)
    order = sorted(found["faults"], key=lambda name: ("motion", "sound", "picture").index(found["faults"][name]["kind"]))
    write_page(
        out / "index.html", "validity.html", root="", found=found, metrics=metrics, matrix=_safe(matrix_svg(metrics, order)),
        good=sum(not metric["misses"] for metric in metrics), monotone=MONOTONE,
    )  # fmt: skip
    return out / "index.html"


def file_of(metric: str) -> str:
    """The page of a metric.

    Example:
        >>> file_of("sync/offset")
        'metric-sync-offset.html'
    """
    return f"metric-{re.sub('[^a-z0-9_]+', '-', metric.lower())}.html"


def _metric_page(metric: dict[str, Any], found: dict[str, Any], out: Path) -> None:
    def panel(curve: dict[str, Any]) -> dict[str, Any]:
        fault = found["faults"][curve["fault"]]
        worst = max((abs(point["mean"]) for point in curve["points"]), default=0.0)
        share = worst / metric["full"] if metric["full"] > 0 else None
        svg = _safe(curve_svg(curve, metric["unit"], full=0.0 if curve in metric["own"] else metric["full"]))
        return curve | {"svg": svg, "meaning": fault["meaning"], "share": share, "n": max((p["n"] for p in curve["points"]), default=0)}

    others = sorted((panel(c) for c in metric["others"] if c["points"]), key=lambda c: -(c["share"] or 0.0))
    write_page(
        out / metric["file"], "validity_metric.html", root="", metric=metric, own=[panel(c) for c in metric["own"] if c["points"]],
        others=others, suite=found["suite"], monotone=MONOTONE,
    )  # fmt: skip


def _worst(metric: dict[str, Any]) -> float | None:
    """The lowest of the rank correlations with its own faults."""
    found = [curve["spearman"] for curve in metric["own"] if curve["spearman"] is not None]
    return min(found, default=None)


def _safe(svg: str) -> Markup:
    """SVG of our own making; names in it are escaped where it is made."""
    return Markup(svg)  # noqa: S704

"""From score lines to a summary: axes and metrics of every generator, with intervals."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from kinema.record import AXES, SCHEMA
from kinema.statistics import mean_interval

__all__ = ["EVERY_SCENE", "axis_of_lines", "axis_of_scene", "by_scene", "family_of", "is_lost", "metric_of_scene", "summarise"]

EVERY_SCENE = "*"  # stands for the scene in lines about all clips of a generator
POINTS = (0.0, 100.0)
FAILED_SHARE = 0.1  # of the scenes; above it a mean would be a mean of what happened to work, so there is none

Line = dict[str, Any]


def family_of(scene: str) -> str:
    """The family of a scene's id.

    Example:
        >>> family_of("drop@1/seed=3"), family_of("outside/my clip.mp4")
        ('drop', 'outside')
    """
    return scene.split("/", 1)[0].split("@", 1)[0]


def by_scene(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """Lines grouped by scene, in their order; lines about sets of clips (scene ``*``) belong to none."""
    groups: dict[str, list[Line]] = {}
    for line in lines:
        if line["scene"] != EVERY_SCENE:
            groups.setdefault(line["scene"], []).append(line)
    return groups


def axis_of_lines(lines: Iterable[Line], gates: Collection[str]) -> float | None:
    """One clip's axis: its mean scaled metric times the product of its gates; None where nothing is scaled.

    Example:
        >>> lines = [{"metric": "dynamics/gravity", "status": "scored", "value": 0.1, "scaled": 80.0},
        ...          {"metric": "dynamics/permanence", "status": "scored", "value": 0.5, "scaled": None}]
        >>> axis_of_lines(lines, {"dynamics/permanence"})
        40.0
    """
    scored = [line for line in lines if line["status"] == "scored"]
    scaled = [line["scaled"] for line in scored if line.get("scaled") is not None and line["metric"] not in gates]
    if not scaled:
        return None
    gate = math.prod(float(line["value"]) for line in scored if line["metric"] in gates)
    return math.fsum(scaled) / len(scaled) * gate


def axis_of_scene(lines: Iterable[Line], axis: str, gates: Collection[str]) -> float | None:
    """A scene's axis: the mean over its clips. A scene with a Failed metric on the axis has none."""
    mine = [line for line in lines if line["metric"].split("/")[0] == axis]
    if any(line["status"] == "failed" for line in mine):
        return None
    return _mean(axis_of_lines(clip, gates) for clip in _by_clip(mine).values())


def metric_of_scene(lines: Iterable[Line], metric: str) -> float | None:
    """A scene's raw value of a metric: the mean over its clips."""
    return _mean(line["value"] for line in lines if line["metric"] == metric and line["status"] == "scored")


def summarise(
    lines: Iterable[Line],
    *,
    suite: str,
    cards: Mapping[str, Line],
    scales: Mapping[str, Line],
    unscaled: Mapping[str, Line] | None = None,
) -> Line:
    """What ``summary.json`` holds and ``--json`` prints.

    Args:
        lines: every score line of the run, in the order of the plan.
        suite: ``name@hash``.
        cards: unit, direction and gate of each metric.
        scales: scale ends of the metrics that have a scale.
        unscaled: the ends of those that turned out to have none, with the reason.
    """
    by_generator: dict[str, list[Line]] = {}
    for line in lines:
        by_generator.setdefault(line["generator"], []).append(line)
    return {
        "schema": SCHEMA,
        "suite": suite,
        "generators": {name: _of_generator(mine, cards) for name, mine in by_generator.items()},
        "scales": dict(scales),
        "unscaled": dict(unscaled or {}),
    }


def _of_generator(lines: list[Line], cards: Mapping[str, Line]) -> Line:
    sets = [line for line in lines if line["scene"] == EVERY_SCENE]
    lines = [line for line in lines if line["scene"] != EVERY_SCENE]
    scenes = by_scene(lines)
    gates = {name for name, card in cards.items() if card.get("gate")}
    axes = {axis: {scene: axis_of_scene(mine, axis, gates) for scene, mine in scenes.items()} for axis in AXES}
    singles = [name for name, card in cards.items() if card.get("over", "clip") == "clip"]
    metrics = {name: {scene: metric_of_scene(mine, name) for scene, mine in scenes.items()} for name in singles}
    families = sorted({family_of(scene) for scene in scenes})
    return {
        "lost": len({_clip_key(line) for line in lines if is_lost(line)}),
        "axes": {axis: {**_cell(found, POINTS), **_counts(lines, axis, found)} for axis, found in axes.items()},
        "families": {
            family: {axis: _cell(_only(found, family), POINTS) for axis, found in axes.items()} for family in families
        },
        "metrics": {
            name: {
                **_cell(found, _bounds(cards[name])),
                "unit": cards[name]["unit"],
                "better": cards[name]["better"],
                **_counts(lines, name, found),
            }
            for name, found in metrics.items()
        }
        | {name: _of_set(name, sets, cards[name]) for name in cards if name not in metrics},
    }


def _of_set(name: str, lines: Iterable[Line], card: Line) -> Line:
    """The cell of a metric of all clips together, with its floor; ``n_scored`` counts clips."""
    mine = [line for line in lines if line["metric"] == name]
    scored = next((line for line in mine if line["status"] == "scored"), None)
    cell: Line = {"value": None, "low": None, "high": None, "n_scored": 0}
    if scored is not None:
        details = scored["details"]
        cell = {"value": scored["value"], "n_scored": details.get("clips", 0)} | {key: details.get(key) for key in ("low", "high", "floor")}
    failed = sum(line["status"] == "failed" for line in mine)
    missing = int(scored is None and not failed)
    return cell | {"unit": card["unit"], "better": card["better"], "n_unscored": missing, "n_failed": failed}


def is_lost(line: Line) -> bool:
    """Whether the line belongs to a clip that could not be observed."""
    return bool(line.get("details", {}).get("lost"))


def _cell(found: Mapping[str, float | None], bounds: tuple[float, float] | None = None) -> Line:
    families: dict[str, list[float]] = {}
    for scene, value in found.items():
        if value is not None:
            families.setdefault(family_of(scene), []).append(value)
    interval = mean_interval(families, bounds)
    if interval is None:
        return {"value": None, "low": None, "high": None, "n_scored": 0}
    return {"value": interval.value, "low": interval.low, "high": interval.high, "n_scored": interval.n}


def _bounds(card: Line) -> tuple[float, float] | None:
    """The values that a metric cannot leave, by its card."""
    if "best" not in card or "worst" not in card:
        return None
    ends = (card["best"], card["worst"], -card["worst"]) if card["better"] == "zero" else (card["best"], card["worst"])
    return min(ends), max(ends)


def _only(found: Mapping[str, float | None], family: str) -> dict[str, float | None]:
    return {scene: value for scene, value in found.items() if family_of(scene) == family}


def _counts(lines: Iterable[Line], wanted: str, found: Mapping[str, float | None]) -> Line:
    """How many scenes have no value of a metric, or of an axis, and why; many failures leave no aggregate at all."""
    failing = (line for line in lines if line["status"] == "failed")
    failed = {line["scene"] for line in failing if wanted in (line["metric"], line["metric"].split("/")[0])}
    unscored = sum(value is None for scene, value in found.items() if scene not in failed)
    counts: Line = {"n_unscored": unscored, "n_failed": len(failed)}
    if len(failed) > FAILED_SHARE * max(1, len(found)):
        counts |= {"value": None, "low": None, "high": None}
    return counts


def _by_clip(lines: Iterable[Line]) -> dict[tuple[Any, ...], list[Line]]:
    groups: dict[tuple[Any, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(_clip_key(line), []).append(line)
    return groups


def _clip_key(line: Line) -> tuple[Any, ...]:
    return line["scene"], line.get("mode", "t2v"), line.get("prompt_id"), line.get("sample", 0)


def _mean(values: Iterable[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return math.fsum(kept) / len(kept) if kept else None

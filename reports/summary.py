"""What the front page says, as plain data: rows, cells, scale ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from kinema.record import AXES
from kinema.reports.results import Results

__all__ = ["AXES", "Board", "Cell", "Ends", "MetricRow", "Row", "base_name", "board_of"]

Line = dict[str, Any]

# What each control is for: the fault that it adds to a take of the truth, and the axis that the fault must cost points.
CONTROLS: dict[str, tuple[str, str | None]] = {
    "oracle": ("another take of the truth, nothing wrong: what a perfect generator would score", None),
    "static": ("the first frame, held", "dynamics"),
    "constant_velocity": ("bodies glide straight from start to end at one speed", "dynamics"),
    "reversed": ("the picture runs backwards", "dynamics"),
    "sticks": ("bodies stay where they land", "dynamics"),
    "vanish": ("bodies are gone from one third of the clip on", "dynamics"),
    "silent": ("no sound", "sync"),
    "click_track": ("four clicks a second, whatever is seen", "sync"),
    "late_sound": ("the sound comes late", "sync"),
    "shuffled_sound": ("the sound of a scene of another family", "sync"),
    "other_family": ("the truth of a scene of another family", "adherence"),
    "degraded": ("blurred and heavily compressed", "realism"),
}
ARROWS = {"higher": ("↑", "higher is better"), "lower": ("↓", "lower is better"), "zero": ("→0←", "nearest to zero is better")}
NO_SCALE = "no scale in this suite; see the raw values"
UNSEPARABLE = "takes of the truth lie too close to the floor for a scale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number with its 95 % interval and the number of scenes behind it, or the reason why there is none."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    unscored: int = 0
    failed: int = 0
    reason: str = ""
    rank: str = ""
    floor: float | None = None  # of a metric of a set of clips: its value between halves of the truth's own


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One generator of one run. ``harms`` is the axis that a control's fault must cost points."""

    key: str
    name: str
    generator: str
    run: int
    control: bool
    fault: str
    harms: str | None
    version: str
    clips: int
    lost: int
    axes: dict[str, Cell]
    families: dict[str, dict[str, Cell]]
    metrics: dict[str, Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Where 0 and 100 lie on a metric's scale, in its own unit; ``reason`` says why it has none."""

    at_0: float | None = None
    at_100: float | None = None
    floor: str = ""
    takes_sd: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricRow:
    """One metric: how to read it, and its scale in every run (one entry where all runs agree)."""

    name: str
    axis: str
    unit: str
    arrow: str
    better: str
    summary: str
    ends: list[Ends]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Everything on the front page that is a number."""

    rows: list[Row]
    families: list[str]
    metrics: list[MetricRow]
    same_scale: bool

    @property
    def tested(self) -> list[Row]:
        """The generators under test."""
        return [row for row in self.rows if not row.control]

    @property
    def controls(self) -> list[Row]:
        """The controls, in the order of :data:`CONTROLS`."""
        return [row for row in self.rows if row.control]


def base_name(generator: str) -> str:
    """A generator's name without its options.

    Example:
        >>> base_name("late_sound:ms=250")
        'late_sound'
    """
    return generator.partition(":")[0]


def board_of(runs: list[Results]) -> Board:
    """Merge the summaries of several runs; generators of equal name are told apart by their run."""
    names = Counter(name for run in runs for name in run.run.generators)
    rows = [
        _row(run, number, name, shared=names[name] > 1) for number, run in enumerate(runs) for name in run.run.generators
    ]
    order = list(CONTROLS)
    rows.sort(key=lambda row: order.index(base_name(row.generator)) if row.control else -1)
    scales = [(run.run.summary.get("scales"), run.run.summary.get("unscaled")) for run in runs]
    same_scale = all(scale == scales[0] for scale in scales)
    return Board(
        rows=_ranked(rows),
        families=list(dict.fromkeys(family for row in rows for family in row.families)),
        metrics=_metric_rows(runs[:1] if same_scale else runs, runs),
        same_scale=same_scale,
    )


def _row(run: Results, number: int, name: str, *, shared: bool) -> Row:
    entry: Line = run.run.summary["generators"].get(name, {})
    takes = {take: lines for take, lines in run.by_take.items() if take.generator == name}
    lines = [line for found in takes.values() for line in found]
    of_sets = [line for line in run.run.scores if line["scene"] == "*" and line["generator"] == name]
    fault, harms = CONTROLS.get(base_name(name), ("", None))
    axes, metrics = entry.get("axes", {}), entry.get("metrics", {})
    scaled = {metric.split("/")[0] for metric in run.run.summary.get("scales", {})}
    return Row(
        key=f"g{number}-{list(run.run.generators).index(name)}",
        name=f"{name} · {run.label}" if shared else name,
        generator=name,
        run=number,
        control=base_name(name) in CONTROLS,
        fault=fault,
        harms=harms,
        version=str(lines[0].get("generator_version") or "") if lines else "",
        clips=len(takes),
        lost=int(entry.get("lost", 0)),
        axes={axis: _axis_cell(axis, axes.get(axis), lines, scaled) for axis in AXES},
        families={
            family: {axis: _cell(cells.get(axis), []) for axis in AXES}
            for family, cells in entry.get("families", {}).items()
        },
        metrics={metric: _cell(cell, [x for x in lines + of_sets if x["metric"] == metric]) for metric, cell in metrics.items()},
    )


def _axis_cell(axis: str, found: Line | None, lines: list[Line], scaled: set[str]) -> Cell:
    cell = _cell(found, [line for line in lines if line["metric"].split("/")[0] == axis])
    return cell if axis in scaled or cell.value is not None else replace(cell, reason=NO_SCALE)


def _cell(found: Line | None, lines: list[Line]) -> Cell:
    found = found or {}
    return Cell(
        value=found.get("value"),
        low=found.get("low"),
        high=found.get("high"),
        floor=found.get("floor"),
        n=int(found.get("n_scored", 0)),
        unscored=int(found.get("n_unscored", 0)),
        failed=int(found.get("n_failed", 0)),
        reason="" if found.get("value") is not None else _why_empty(lines),
    )


def _why_empty(lines: list[Line]) -> str:
    """The commonest reason that the lines give for having no number."""
    if not lines:
        return "nothing here could be scored"
    failed = sum(line["status"] == "failed" for line in lines)
    if failed:
        return f"{failed} of {len(lines)} scores failed: our own code raised"
    reasons = Counter(str(line.get("why") or "unscored") for line in lines if line["status"] == "unscored")
    return reasons.most_common(1)[0][0] if reasons else UNSEPARABLE


def _ranked(rows: list[Row]) -> list[Row]:
    """Places among the generators under test, shared wherever intervals overlap."""
    tested = [row for row in rows if not row.control]
    if len(tested) < 2:
        return rows
    columns = {axis: [row.axes[axis] for row in tested] for axis in AXES}
    return [
        row if row.control else replace(row, axes={a: _with_rank(cell, columns[a]) for a, cell in row.axes.items()})
        for row in rows
    ]


def _with_rank(cell: Cell, others: list[Cell]) -> Cell:
    if cell.low is None or cell.high is None:
        return cell
    intervals = [(other.low, other.high) for other in others if other.low is not None and other.high is not None]
    first = 1 + sum(low > cell.high for low, _ in intervals)
    last = len(intervals) - sum(high < cell.low for _, high in intervals)
    return replace(cell, rank=f"{first}" if first == last else f"{first}–{last}")


def _metric_rows(scaled_by: list[Results], runs: list[Results]) -> list[MetricRow]:
    facts: dict[str, Line] = {}
    for run in runs:
        for entry in run.run.summary["generators"].values():
            for metric, cell in entry.get("metrics", {}).items():
                facts.setdefault(metric, {**run.cards.get(metric, {}), "unit": cell["unit"], "better": cell["better"]})
    order = {axis: place for place, axis in enumerate(AXES)}
    rows = []
    for metric in sorted(facts, key=lambda name: order.get(name.split("/")[0], len(AXES))):
        arrow, better = ARROWS.get(facts[metric]["better"], ("", ""))
        rows.append(
            MetricRow(
                name=metric,
                axis=metric.split("/")[0],
                unit=str(facts[metric]["unit"]),
                arrow=arrow,
                better=better,
                summary=str(facts[metric].get("summary", "")),
                ends=[_ends(run, metric) for run in scaled_by],
            )
        )
    return rows


def _ends(run: Results, metric: str) -> Ends:
    """A metric's scale, or why it has none."""
    card = run.cards.get(metric, {})
    found: Line | None = run.run.summary.get("scales", {}).get(metric)
    lacking: Line = run.run.summary.get("unscaled", {}).get(metric, {})
    reason = ""
    if card.get("gate"):
        reason = "a gate: multiplies its axis"
    elif not found:
        reason = str(lacking.get("reason") or (UNSEPARABLE if card.get("scaled", True) else "printed raw, in no axis"))
    ends = found or lacking
    return Ends(
        at_0=ends.get("at_0"),
        at_100=ends.get("at_100"),
        floor=str(ends.get("floor") or ""),
        takes_sd=ends.get("takes_sd"),
        reason=reason,
    )

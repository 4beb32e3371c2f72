"""Whether to believe a report: what its own controls, losses and size say about it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from kinema.reports.results import Results
from kinema.reports.summary import Row, base_name

__all__ = ["Check", "checks_of"]

CEILING = 85.0  # points that the oracle must reach on every axis for the scale to be believed
ENOUGH_SCENES = 30  # with fewer, intervals over scenes are too wide to tell good generators apart


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One reason to trust the numbers, or not to."""

    good: bool
    title: str
    text: str


def checks_of(runs: list[Results], rows: list[Row]) -> list[Check]:
    """Does the truth score high, are known faults caught, was anything lost, are there enough scenes?"""
    return [_ceiling(rows), *_known_faults(rows), _losses(rows), _size(runs, rows)]


def _ceiling(rows: list[Row]) -> Check:
    oracles = [row for row in rows if base_name(row.generator) == "oracle"]
    found = [(axis, cell.value) for row in oracles for axis, cell in row.axes.items() if cell.value is not None]
    if not found:
        text = "Nobody showed that a right clip scores high here: the run has no oracle."
        return Check(good=False, title="No ceiling measured", text=text)
    good = all(value >= CEILING for _, value in found)
    reached = ", ".join(f"{value:.0f} on {axis}" for axis, value in found)
    return Check(
        good=good,
        title="The truth scores high" if good else "The truth does not score high everywhere",
        text=f"Another take of every scene, measured like any clip, reaches {reached}.",
    )


def _known_faults(rows: list[Row]) -> list[Check]:
    """Every control with a fault against its own run's oracle, on the axis that the fault harms."""
    oracles = {row.run: row for row in rows if base_name(row.generator) == "oracle"}
    verdicts: dict[str, bool] = {}
    for row in rows:
        if row.harms is None or row.run not in oracles:
            continue
        faulty, right = row.axes[row.harms], oracles[row.run].axes[row.harms]
        if faulty.high is not None and right.low is not None:
            verdicts[f"{row.name} on {row.harms}"] = faulty.high < right.low
    if not verdicts:
        return []
    missed = [name for name, apart in verdicts.items() if not apart]
    text = (
        f"{len(verdicts) - len(missed)} of {len(verdicts)} controls score below the oracle, intervals apart, "
        "on the axis that their fault harms."
    )
    if missed:
        text += f" Not told apart: {', '.join(missed)}."
    title = "Some known faults are not told apart" if missed else "Known faults are caught"
    return [Check(good=not missed, title=title, text=text)]


def _losses(rows: list[Row]) -> Check:
    lost, clips = sum(row.lost for row in rows), sum(row.clips for row in rows)
    failed = sum(cell.failed for row in rows for cell in row.metrics.values())
    good = lost == failed == 0
    return Check(
        good=good,
        title="Nothing lost, nothing failed" if good else "Not everything could be scored",
        text=f"{clips} clips asked for, {lost} lost (they take the worst score), {failed} scores failed in our own code.",
    )


def _size(runs: list[Results], rows: list[Row]) -> Check:
    scenes = len({scene for run in runs for scene in run.scenes})
    families = len({family for row in rows for family in row.families})
    cells = [cell for row in rows if not row.control for cell in row.axes.values()]
    halves = [(cell.high - cell.low) / 2 for cell in cells if cell.high is not None and cell.low is not None]
    good = scenes >= ENOUGH_SCENES
    text = f"{_count(scenes, 'scene', 'scenes')} of {_count(families, 'family', 'families')}."
    if halves:
        text += f" Half an interval is typically {median(halves):.0f} points: smaller differences mean nothing here."
    return Check(good=good, title="Enough scenes to compare" if good else "A small suite", text=text)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"

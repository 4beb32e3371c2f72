"""What the command line prints: tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kinema.bench.gate import Decision, Exit
from kinema.record import AXES

if TYPE_CHECKING:
    from kinema.bench.check import Finding

__all__ = ["check_table", "console", "gate_table", "leaderboard", "raw_values"]

PIPE_WIDTH = 120  # columns, where the output is no terminal and has no width of its own
COLOURS = {Exit.PASS: "green", Exit.REGRESSED: "red", Exit.UNDECIDED: "yellow", Exit.BROKEN: "red", Exit.USAGE: "red"}


def console(*, stderr: bool = False) -> Console:
    """A console that is wide enough in a pipe, and never breaks a path."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = PIPE_WIDTH
    return made


def leaderboard(summary: Mapping[str, Any], order: Iterable[str]) -> Table:
    """Generators by axes, each value with its 95 % interval."""
    table = Table(title=f"{summary['suite']}  (points, 95 % interval over scenes)", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("generator", no_wrap=True)
    for axis in AXES:
        table.add_column(axis, justify="right", no_wrap=True)
    table.add_column("lost", justify="right")
    for name in order:
        entry = summary["generators"][name]
        cells = [_points(entry["axes"][axis]) for axis in AXES]
        table.add_row(Text(name), *cells, str(entry["lost"]) if entry["lost"] else "")
    return table


def raw_values(lines: Iterable[Mapping[str, Any]]) -> Table:
    """Every scored metric of every clip in its own unit, for clips that have no scale to stand on."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("clip", "metric", "value", "why"):
        table.add_column(name, no_wrap=name != "why", justify="right" if name == "value" else "left")
    for line in lines:
        if line["status"] == "scored":
            clip = Text(line["scene"].removeprefix("outside/"))
            table.add_row(clip, line["metric"], f"{line['value']:.4g} {line['unit']}".strip(), Text(line["why"]))
    return table


def _points(cell: Mapping[str, Any]) -> str:
    if cell["value"] is None:
        return f"{cell['n_failed']} failed" if cell["n_failed"] else "-"
    if cell["low"] is None:
        return f"{cell['value']:.1f}          "
    return f"{cell['value']:.1f}  {cell['low']:3.0f}-{cell['high']:<3.0f}"


def gate_table(decision: Decision) -> Table:
    """One row per check."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("generator", "metric", "verdict", "why"):
        table.add_column(name, no_wrap=name != "why")
    for check in decision.checks:
        named = check.candidate if check.baseline == check.candidate else f"{check.baseline} -> {check.candidate}"
        verdict = check.exit.name.lower() + (" (warning)" if check.rule.level == "warn" and check.exit else "")
        table.add_row(Text(named), Text(check.rule.target), Text(verdict, style=COLOURS[check.exit]), Text(check.why))
    return table


def check_table(findings: Iterable[Finding]) -> Table:
    """What was checked, and what does not hold."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("name", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("", overflow="fold")
    for finding in findings:
        table.add_row(Text(finding.task.name), Text(finding.task.check), Text(finding.why, style="red") if finding.why else "ok")
    return table

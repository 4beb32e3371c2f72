"""What ``kinema validate`` prints: a line per metric and fault of its own, and what falls short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from kinema.metrics.validity import MONOTONE, SPECIFIC

if TYPE_CHECKING:
    from kinema.bench.validate import Found
    from kinema.metrics.validity import Curve, Validity

__all__ = ["tables_of"]


def tables_of(found: Found) -> Iterator[Table]:
    """The metrics, the axis of dynamics as a whole, and the misses."""
    yield _metrics(found)
    if found.axis:
        yield _axis(found)
    if found.misses:
        yield _misses(found)


def _metrics(found: Found) -> Table:
    table = Table(title="Metrics and their own faults", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("metric", "own fault", "Spearman", "scenes", "told apart from", "moved most by another", "misses"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("Spearman", "scenes", "misses") else "left")
    for verdict in found.verdicts:
        curves = verdict.own or (None,)
        for number, curve in enumerate(curves):
            first = number == 0
            table.add_row(
                Text(verdict.metric if first else ""), *_own(curve), _stray(verdict) if first else Text(""),
                Text(str(len(verdict.misses)), style="red" if verdict.misses else "green") if first else Text(""),
            )  # fmt: skip
    return table


def _own(curve: Curve | None) -> tuple[Text, Text, Text, Text]:
    if curve is None:
        return Text("none", style="red"), Text("-"), Text("-"), Text("-")
    spearman = "-" if curve.spearman is None else f"{curve.spearman:.2f}"
    good = curve.spearman is not None and curve.spearman >= MONOTONE
    told = "-" if curve.told is None else f"{curve.told:g} {curve.unit}"
    return Text(curve.fault), Text(spearman, style="green" if good else "red"), Text(str(curve.n)), Text(told)


def _stray(verdict: Validity) -> Text:
    stray, share = verdict.stray, verdict.stray_share
    if stray is None or share is None:
        return Text("-")
    return Text(f"{100 * share:.{1 if share < 0.1 else 0}f} % {stray.fault}", style="green" if share <= SPECIFIC else "red")


def _axis(found: Found) -> Table:
    table = Table(title="The axis of dynamics, 0 to 100", box=box.SIMPLE_HEAD, title_justify="left")
    for name in ("a clip that", "asked", "axis", "without the fault", "clips"):
        table.add_column(name, no_wrap=True, justify="left" if name in ("a clip that", "asked") else "right")
    for row in found.axis:
        value = "-" if row.value is None else f"{row.value:.1f}"
        plain = "-" if row.plain is None else f"{row.plain:.1f}"
        shown = Text(value, style="green" if row.good else "red")
        table.add_row(Text(row.check.name), Text(row.asked), shown, Text(plain), Text(str(row.n)))
    return table


def _misses(found: Found) -> Table:
    table = Table(title=f"{len(found.misses)} misses", box=box.SIMPLE, title_justify="left", show_header=False)
    table.add_column(overflow="fold")
    for miss in found.misses:
        table.add_row(Text(miss))
    return table

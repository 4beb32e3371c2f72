"""What every command does at the terminal: results to stdout, messages and progress to stderr."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from kinema.files import dumps

if TYPE_CHECKING:
    from kinema.bench.runner import Progress

__all__ = ["WORKERS", "bars", "print_json", "say", "workers_of"]

MOST_WORKERS = 8  # by default; each holds its own decoder and, for a learned generator, its own weights
LINE_S = 60.0  # s, between two lines on progress in a log
WORKERS = click.option("--workers", type=click.IntRange(1, 256), help="Processes. Default: one per core, at most 8.")


def say(text: str) -> None:
    """A message."""
    click.echo(f"kinema: {text}", err=True)


def print_json(value: Any) -> None:
    """A result, in one line."""
    click.echo(dumps(value))


def workers_of(asked: int | None) -> int:
    """What was asked for, else one per core this process may use."""
    if asked is not None:
        return asked
    return min(MOST_WORKERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@contextmanager
def bars() -> Iterator[Progress]:
    """Progress on stderr: bars, one per stage; in a log, where nothing can be drawn over, a line a stage and a minute."""
    from kinema.bench.tables import console

    if not console(stderr=True).is_terminal:
        yield _lines()
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console(stderr=True)) as bars:
        known: dict[str, Any] = {}

        def tell(stage: str, done: int, total: int) -> None:
            name = stage.split(":", maxsplit=1)[0]
            if name not in known:
                known[name] = bars.add_task(stage, total=total)
            bars.update(known[name], completed=done, total=total, description=stage)

        yield tell



def _lines() -> Progress:
    said: dict[str, float] = {}

    def tell(stage: str, done: int, total: int) -> None:
        name = stage.split(":", maxsplit=1)[0]
        if time.monotonic() - said.get(name, -LINE_S) >= LINE_S:
            said[name] = time.monotonic()
            say(f"{stage}: {done} of {total}")

    return tell

"""Read and write a run: a folder with what was asked, true, seen, scored and shown.

Layout and schemas are in the design notes; the short version:

    run.json  requests.jsonl  scores.jsonl  summary.json
    truth/<scene>.json|.mp4|.flac  observations/<clip>.json  clips/<clip>.mp4|.flac
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kinema.errors import ConfigError, SchemaTooNew
from kinema.files import dumps, write_bytes

__all__ = ["AXES", "SCHEMA", "Run", "append_lines", "checked", "cut_torn_line", "read_lines", "read_run", "write_lines"]

SCHEMA = 1
AXES = ("dynamics", "sync", "adherence", "realism")

Line = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A finished run, read on demand. Nothing else is needed to report on it or to compare it."""

    folder: Path

    @cached_property
    def info(self) -> Line:
        """``run.json``: suite, config, versions, seeds, device, times."""
        return _read(self.folder / "run.json")

    @cached_property
    def summary(self) -> Line:
        """``summary.json``: axes and metrics of every generator with their intervals, and the scale ends."""
        return _read(self.folder / "summary.json")

    @cached_property
    def requests(self) -> list[Line]:
        """What was asked."""
        return list(read_lines(self.folder / "requests.jsonl"))

    @cached_property
    def scores(self) -> list[Line]:
        """One line per clip and metric, in the order of the plan."""
        return list(read_lines(self.folder / "scores.jsonl"))

    @property
    def gates(self) -> frozenset[str]:
        """The metrics that multiply their axis instead of joining its mean."""
        cards = self.info.get("metrics", {})
        return frozenset(name for name, card in cards.items() if card.get("gate"))

    @property
    def generators(self) -> tuple[str, ...]:
        """The generators in the order in which they were named."""
        return tuple(dict.fromkeys(line["generator"] for line in self.scores))


def read_run(folder: Path) -> Run:
    """Open a finished run.

    Raises:
        ConfigError: the folder holds no finished run.
        SchemaTooNew: a newer Kinema wrote it.
    """
    for name in ("run.json", "scores.jsonl", "summary.json"):
        if not (folder / name).is_file():
            raise ConfigError(
                f"{folder} holds no finished run ({name} is missing); finish it with: kinema run SUITE -o {folder}"
            )
    run = Run(folder)
    checked(run.info, folder / "run.json")
    return run


def checked(value: Line, path: Path) -> Line:
    """The value itself if this Kinema can read its schema."""
    schema = value.get("schema") if isinstance(value, dict) else None
    if not isinstance(schema, int):
        raise ConfigError(f'{path} is no record of Kinema: it lacks "schema"')
    if schema > SCHEMA:
        raise SchemaTooNew(
            f"{path} has schema {schema} and this Kinema reads up to {SCHEMA}; upgrade with: pip install -U kinema"
        )
    return value


def _read(path: Path) -> Line:
    try:
        return checked(json.loads(path.read_text(encoding="utf-8")), path)
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{path} is not JSON: {error}") from None


def read_lines(path: Path) -> Iterator[Line]:
    """The objects of a JSONL file; a last line that was torn by a crash is passed over."""
    if not path.exists():
        return
    for number, text in enumerate(_whole_lines(path.read_bytes()).splitlines(), start=1):
        try:
            value = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"{path}, line {number}: not JSON: {error}") from None
        yield checked(value, path)


def cut_torn_line(path: Path) -> None:
    """Shorten a JSONL file to its last whole line, so that appending cannot glue two lines together."""
    if path.exists():
        content = path.read_bytes()
        whole = _whole_lines(content)
        if len(whole) < len(content):
            with path.open("r+b") as file:
                file.truncate(len(whole))


def append_lines(path: Path, rows: Iterable[Line]) -> None:
    """Append in one write and flush."""
    with path.open("ab") as file:
        file.write(_encoded(rows))


def write_lines(path: Path, rows: Iterable[Line]) -> None:
    """Write the whole file, atomically."""
    write_bytes(path, _encoded(rows))


def _encoded(rows: Iterable[Line]) -> bytes:
    return "".join(dumps(row) + "\n" for row in rows).encode()


def _whole_lines(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]

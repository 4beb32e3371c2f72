"""Files that a report carries: clips and data linked or copied into it under names that any file system takes."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path

__all__ = ["Names", "place"]

LONGEST = 80  # characters of a file name without its suffix; well below every file system's limit


class Names:
    """Hands out safe file names, one per thing, never the same twice (letter case does not count).

    Example:
        >>> names = Names()
        >>> names.of("drop@1/seed=3"), names.of("drop@1/seed 3"), names.of("drop@1/seed=3")
        ('drop-1-seed-3', 'drop-1-seed-3-2', 'drop-1-seed-3')
    """

    def __init__(self) -> None:
        self._given: dict[object, str] = {}
        self._taken: set[str] = set()

    def of(self, text: str, key: object = None) -> str:
        """The name for ``text``, or for ``key`` where things that read the same must be kept apart."""
        key = text if key is None else key
        if key not in self._given:
            plain = re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")[:LONGEST] or "unnamed"
            name, number = plain, 1
            while name.lower() in self._taken:
                number += 1
                name = f"{plain}-{number}"
            self._taken.add(name.lower())
            self._given[key] = name
        return self._given[key]


def place(source: Path, target: Path) -> None:
    """Hard-link a file into the report, or copy it where links do not reach; what lay there is replaced."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        if target.samefile(source):
            return
        target.unlink()
    with contextlib.suppress(OSError):
        os.link(source, target)
        return
    shutil.copyfile(source, target)

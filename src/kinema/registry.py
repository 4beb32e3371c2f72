"""One table per kind of plug-in: scenes, metrics, generators."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from kinema.errors import UnknownName

__all__ = ["Entry", "Registry"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One registered plug-in. ``target`` is the object, or ``"module:attr"`` loaded on first use."""

    name: str
    version: int
    home: str
    target: T | str

    def load(self) -> T:
        """Return the object itself, importing it if it was registered by its address."""
        if not isinstance(self.target, str):
            return self.target
        module, _, attr = self.target.partition(":")
        return cast("T", getattr(importlib.import_module(module), attr))


class Registry(Generic[T]):
    """Plug-ins of one kind by name.

    Example:
        >>> tools = Registry[int]("tool")
        >>> tools.add("hammer", 1, home="here")
        >>> tools["hammer"].load()
        1
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Entry[T]] = {}

    def add(self, name: str, target: T | str, *, home: str, version: int = 1) -> None:
        """Register ``target`` under ``name``; the same name from another file is an error."""
        old = self._entries.get(name)
        if old is not None and old.home != home:  # the same file imported twice is not a clash
            raise ValueError(f"{self.kind} {name!r} from {home} is already defined in {old.home}")
        self._entries[name] = Entry(name, version, home, target)

    def __getitem__(self, name: str) -> Entry[T]:
        try:
            return self._entries[name]
        except KeyError:
            near = difflib.get_close_matches(name, self._entries, n=2)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise UnknownName(f"no {self.kind} named {name!r}.{hint}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

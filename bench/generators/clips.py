"""Clips made elsewhere: a manifest in JSON lines says which file shows which scene, or what a file shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kinema.bench.suite import CALIBRATION_SEEDS, explain
from kinema.errors import ConfigError, KinemaError
from kinema.files import hash_of, sha256_of
from kinema.scenes.request import Claim, Mode

__all__ = ["Body", "Entry", "Manifest", "Shows", "read_manifest"]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Body(_Closed):
    """A moving body as the manifest describes it."""

    shape: str = Field(min_length=1)
    colour: str | None = None
    diameter_m: float | None = Field(None, gt=0, le=1000)


class Shows(_Closed):
    """What a clip from outside shows."""

    prompt: str = Field(min_length=1)
    bodies: list[Body] = []
    sounds: list[Any] = []
    gravity: float = Field(9.81, gt=0, le=1000)  # m/s^2

    def claims(self) -> tuple[Claim, ...]:
        """What can be checked of it: how many bodies, and each one's colour where Kinema knows the name."""
        from kinema.scenes.palette import COLOURS

        if not self.bodies:
            return ()
        colours = (Claim(kind="colour", value=b.colour, body=i) for i, b in enumerate(self.bodies) if b.colour in COLOURS)
        return (Claim(kind="count", value=str(len(self.bodies))), *colours)


class Entry(_Closed):
    """One line of a manifest."""

    path: str = Field(min_length=1)
    scene: str | None = None
    shows: Shows | None = None
    generator: str = Field("clips", min_length=1)
    mode: Mode = "t2v"
    sample: int = Field(0, ge=0)
    sha256: str | None = Field(None, pattern=r"^[0-9a-fA-F]{64}$")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if (self.scene is None) == (self.shows is None):
            raise ValueError("exactly one of scene and shows is needed")
        return self

    @property
    def scene_id(self) -> str:
        """The scene that the clip belongs to, or ``outside/<path>``."""
        return self.scene if self.scene is not None else f"outside/{self.path}"


KNOWN = [*Entry.model_fields, *Shows.model_fields, *Body.model_fields]


@dataclass(frozen=True)
class Manifest:
    """A manifest whose every line is in order. Files may still be missing: those clips are lost."""

    path: Path
    entries: tuple[Entry, ...]

    def file(self, entry: Entry) -> Path:
        """Where a line's clip lies."""
        return self.path.parent / entry.path

    @cached_property
    def hash(self) -> str:
        """Identity of the manifest and of all its clips, and of the sound beside them."""
        return hash_of([[entry.model_dump(mode="json"), *self._content(entry)] for entry in self.entries])

    def version(self, entry: Entry) -> str:
        """Identity of one clip, for the record."""
        return hash_of(self._content(entry), 12)

    def _content(self, entry: Entry) -> list[str]:
        file = self.file(entry)
        return [sha256_of(one) if one.is_file() else "" for one in (file, file.with_suffix(".flac"))]


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest.

    Paths are relative to the manifest and confined to its folder, symbolic links included.

    Raises:
        ConfigError: the file cannot be read, or a line is malformed, escapes the folder, repeats another or has a wrong sha256.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the manifest {path}: {error}") from None
    entries = tuple(_entry(text, path, number) for number, text in enumerate(lines, start=1) if text.strip())
    if not entries:
        raise ConfigError(f'{path} has no line; write one per clip, for example {{"path": "a.mp4", "scene": "drop@1/seed=0"}}')
    _check_distinct(entries, path)
    return Manifest(path, entries)


def _entry(text: str, path: Path, number: int) -> Entry:
    where = f"{path}, line {number}"
    try:
        value: Any = json.loads(text)
        entry = Entry.model_validate(value)
    except ValidationError as error:
        raise ConfigError(f"{where}: {explain(error, KNOWN)}") from None
    except ValueError as error:
        raise ConfigError(f"{where}: not JSON: {error}") from None
    _check_path(entry, path.parent, where)
    if entry.scene is not None:
        _check_scene(entry.scene, where)
    return entry


def _check_path(entry: Entry, folder: Path, where: str) -> None:
    relative = Path(entry.path)
    escapes = relative.is_absolute() or ".." in relative.parts or "\0" in entry.path
    home = folder.resolve()
    if escapes or not all(one.resolve().is_relative_to(home) for one in _files(folder / relative)):
        raise ConfigError(f"{where}: {entry.path!r} leads out of the manifest's folder; clips must lie in it or below it")
    file = folder / relative
    if entry.sha256 is not None and file.is_file() and sha256_of(file) != entry.sha256.lower():
        raise ConfigError(f"{where}: {entry.path} has another sha256 than the manifest says; is it the clip you meant?")


def _files(file: Path) -> Iterator[Path]:
    yield file
    if file.suffix:
        yield file.with_suffix(".flac")  # its sound, where there is one


def _check_scene(scene: str, where: str) -> None:
    from kinema.scenes.scene import scene_from_id

    try:
        seed = scene_from_id(scene).seed
    except KinemaError as error:
        raise ConfigError(f"{where}: {error}") from None
    if seed >= CALIBRATION_SEEDS:
        raise ConfigError(f"{where}: seed {seed} is kept for calibration and training; scored seeds lie below {CALIBRATION_SEEDS:,}")


def _check_distinct(entries: tuple[Entry, ...], path: Path) -> None:
    seen: set[tuple[str, ...]] = set()
    for entry in entries:
        key = (entry.scene_id, entry.mode, entry.generator, str(entry.sample))
        if key in seen:
            raise ConfigError(
                f"{path}: {entry.scene_id} stands there twice for generator {entry.generator!r}, sample {entry.sample}; "
                'tell the clips apart with "generator" or "sample"'
            )
        seen.add(key)

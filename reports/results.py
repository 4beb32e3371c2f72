"""Finished runs as the report sees them: told apart by a label, looked up by clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from kinema.errors import ConfigError
from kinema.files import read_json
from kinema.record import Run, checked, read_run

__all__ = ["Results", "Take", "read_results"]

Line = dict[str, Any]
BESIDE_A_CLIP = {".flac", ".json"}  # suffixes that may lie beside a clip under its name


@dataclass(frozen=True, slots=True, order=True)
class Take:
    """One clip that was asked for: which generator, for which scene, in which mode, the how manieth."""

    scene: str
    generator: str
    mode: str
    sample: int


@dataclass(frozen=True)
class Results:
    """A run with a ``label`` that tells it from the other runs of the same report."""

    run: Run
    label: str

    @property
    def suite(self) -> str:
        """``name@hash``."""
        return str(self.run.summary.get("suite", "?"))

    @property
    def cards(self) -> dict[str, Line]:
        """The cards of the run's metrics, as far as the run recorded them."""
        found: dict[str, Line] = self.run.info.get("metrics", {})
        return found

    @cached_property
    def by_take(self) -> dict[Take, list[Line]]:
        """The score lines of every clip; lines about sets of clips (scene ``*``) belong to none."""
        grouped: dict[Take, list[Line]] = {}
        for line in self.run.scores:
            if line["scene"] != "*":
                take = Take(line["scene"], line["generator"], line.get("mode", "t2v"), int(line.get("sample", 0)))
                grouped.setdefault(take, []).append(line)
        return grouped

    @cached_property
    def scenes(self) -> list[str]:
        """Every scene, in the order of the plan."""
        asked = [line["scene"] for line in self.run.requests]
        return list(dict.fromkeys([*asked, *(take.scene for take in self.by_take)]))

    @cached_property
    def _asked(self) -> dict[str, Line]:
        return {line["scene"]: line for line in reversed(self.run.requests)}

    def request(self, scene: str) -> Line:
        """What was asked for a scene: prompt, seconds, width, height, fps."""
        return self._asked.get(scene, {})

    def truth(self, scene: str) -> Line | None:
        """The simulated truth of a scene, None for a clip from outside."""
        return self._json(self.inside("truth", scene, ".json"))

    def truth_video(self, scene: str) -> Path | None:
        """The truth as a clip."""
        path = self.inside("truth", scene, ".mp4")
        return path if path.is_file() else None

    def observation(self, clip: str | None) -> Line | None:
        """What was seen and heard in a clip."""
        return self._json(self.inside("observations", clip, ".json")) if clip else None

    def clip(self, name: str | None) -> Path | None:
        """A clip's own file, whatever its container; None for a lost one."""
        if not name or not name.isalnum():
            return None
        files = (self.run.folder / "clips").glob(f"{name}.*")
        found = sorted(path for path in files if path.suffix not in BESIDE_A_CLIP)
        return found[0] if found else None

    def inside(self, part: str, name: str, suffix: str) -> Path:
        """A file of the run; a name that would lead out of its folder leads to a place where nothing is."""
        home = (self.run.folder / part).resolve()
        path = (home / (name + suffix)).resolve()
        return path if path.is_relative_to(home) else home / "nothing-here"

    @staticmethod
    def _json(path: Path) -> Line | None:
        return checked(read_json(path), path) if path.is_file() else None


def read_results(folders: Sequence[Path]) -> list[Results]:
    """Open finished runs.

    Raises:
        ConfigError: a folder holds no finished run, or the same folder is named twice.
        SchemaTooNew: a newer Kinema wrote it.
    """
    if not folders:
        raise ConfigError("no run to report on; name at least one: kinema report RUN -o DIR")
    whole = [folder.resolve() for folder in folders]
    if len(set(whole)) < len(whole):
        raise ConfigError(f"the same run is named twice: {', '.join(map(str, folders))}")
    return [Results(read_run(folder), label) for folder, label in zip(whole, _labels(whole), strict=True)]


def _labels(folders: list[Path]) -> list[str]:
    """The shortest endings of the paths that tell the runs apart.

    Example:
        >>> _labels([Path("/a/monday/smoke"), Path("/a/tuesday/smoke")])
        ['monday/smoke', 'tuesday/smoke']
    """
    for depth in range(1, max(len(folder.parts) for folder in folders)):
        labels = ["/".join(folder.parts[-depth:]) for folder in folders]
        if len(set(labels)) == len(labels):
            return labels
    return [str(folder) for folder in folders]

"""The front page: who is how good on which axis, how surely, and whether to believe it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kinema.files import write_bytes
from kinema.record import AXES, SCHEMA
from kinema.reports.pages import write_page
from kinema.reports.results import Results
from kinema.reports.scene_page import ScenePage
from kinema.reports.summary import Board
from kinema.reports.trust import checks_of

__all__ = ["write_index"]

Line = dict[str, Any]
DATA = ("summary.json", "scores.jsonl", "requests.jsonl", "run.json")  # offered for download


def write_index(out: Path, runs: Sequence[Results], board: Board, pages: Sequence[ScenePage]) -> Path:
    """Write ``index.html`` and the data that it offers for download."""
    index = out / "index.html"
    write_page(
        index,
        "index.html",
        root="",
        axes=AXES,
        board=board,
        checks=checks_of(list(runs), board.rows),
        scenes=[_scene_row(page) for page in pages],
        scene_data=_scene_data(board, pages),
        runs=[_provenance(run, number, out) for number, run in enumerate(runs)],
        title=" + ".join(dict.fromkeys(run.suite.partition("@")[0] for run in runs)),
        schema=SCHEMA,
    )
    return index


def _scene_row(page: ScenePage) -> Line:
    still = next((tile.files.still for tile in page.tiles if tile.files.still), "")
    return {
        "id": page.scene,
        "file": page.file,
        "prompt": page.prompt,
        "still": still.removeprefix("../"),
        "means": _means(page),
    }


def _means(page: ScenePage) -> dict[str, list[float | None]]:
    """Every generator's four axes on a scene: the means over its clips, by the row's key."""
    found: dict[str, list[dict[str, float | None]]] = {}
    for tile in page.tiles:
        if tile.row:
            found.setdefault(tile.row, []).append(tile.axes)
    return {key: [_mean([axes.get(axis) for axes in clips]) for axis in AXES] for key, clips in found.items()}


def _mean(values: list[float | None]) -> float | None:
    kept = [value for value in values if value is not None]
    return round(sum(kept) / len(kept), 2) if kept else None


def _scene_data(board: Board, pages: Sequence[ScenePage]) -> Line:
    return {
        "axes": list(AXES),
        "names": {row.key: row.name for row in board.rows},
        "scenes": [_means(page) for page in pages],
    }


def _provenance(run: Results, number: int, out: Path) -> Line:
    """Where a run's numbers come from, and how to get them again."""
    folder = f"data/run-{number + 1}"
    files = []
    for name in DATA:
        if (run.run.folder / name).is_file():
            write_bytes(out / folder / name, (run.run.folder / name).read_bytes())  # no link: a run may grow
            files.append((name, f"{folder}/{name}"))
    return {
        "label": run.label,
        "suite": run.suite,
        "files": files,
        "command": _command(run),
        "facts": _facts(run.run.info),
    }


def _command(run: Results) -> str:
    """The command that makes the run again, from what was typed."""
    given = run.run.info.get("config", {}).get("given") or {}
    suite = given.get("suite")
    if given.get("clips"):
        return shlex.join(["kinema", "score", str(given["clips"]), *(["--suite", str(suite)] if suite else [])])
    words = ["kinema", "run", str(suite or run.suite.partition("@")[0])]
    for name in given.get("generators", run.run.generators):
        words += ["-g", str(name)]
    words += [word for scene in given.get("scenes") or [] for word in ("--scene", str(scene))]
    words += ["--seeds", str(given["seeds"])] if given.get("seeds") else []
    words += ["--samples", str(given["samples"])] if given.get("samples", 1) != 1 else []
    return shlex.join(words)


def _facts(info: Line) -> list[tuple[str, str]]:
    """Versions, commit, seeds, device and time in words; what the run did not record is left out."""
    versions, git, seeds, device = (info.get(name) or {} for name in ("versions", "git", "seeds", "device"))
    facts = {
        "Kinema": versions.get("kinema"),
        "commit": git.get("commit", "")[:10] + (" (changed since)" if git.get("dirty") else ""),
        "Python": versions.get("python"),
        "libraries": ", ".join(f"{name} {text}" for name, text in versions.items() if name not in {"kinema", "python"}),
        "seeds scored": _span(seeds.get("scored")),
        "seeds calibrated on": _span(seeds.get("calibration")),
        "device": ", ".join(str(device[name]) for name in ("processor", "system") if device.get(name)),
        "workers": info.get("workers"),
        "time on clips": _time(info.get("times", [])),
        "schema": info.get("schema"),
    }
    return [(name, str(value)) for name, value in facts.items() if value]


def _span(seeds: list[int] | None) -> str:
    """Seeds as ranges.

    Example:
        >>> _span([0, 1, 2, 7])
        '0–2, 7'
    """
    runs: list[list[int]] = []
    for seed in sorted(seeds or []):
        if runs and seed == runs[-1][-1] + 1:
            runs[-1].append(seed)
        else:
            runs.append([seed])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _time(rows: list[Line]) -> str:
    """Seconds of work by stage, over all clips."""
    stages: dict[str, float] = {}
    for row in rows:
        for stage, seconds in (row.get("seconds") or {}).items():
            stages[stage] = stages.get(stage, 0.0) + seconds
    return ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in stages.items())

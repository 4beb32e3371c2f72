"""``kinema render``: a suite as an open data set, written by workers, a scene folder at a time.

Every piece of work (a scene's folder, the truths that a run of a family compares with) is made beside the data set and moved into it, and
noted in ``.parts``; the same command goes on where it stopped. When nothing is left to do the notes become ``manifest.json``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import kinema
from kinema.bench.calibration import calibration_scenes, stranger_of
from kinema.bench.data_card import data_card
from kinema.bench.generators.controls import ORACLE_TAKE, neighbour_of
from kinema.bench.plan import SceneRef, request_of, scene_refs
from kinema.bench.pool import Died, Pool, Raised
from kinema.bench.runner import Progress
from kinema.bench.suite import Suite
from kinema.bench.work import REFERENCE_TAKE, WITNESS, truth_of_take
from kinema.errors import ConfigError, KinemaError
from kinema.files import dumps, hash_of, locked, read_json, sha256_of, write_bytes, write_json
from kinema.metrics.distribution_metrics import LEAST
from kinema.metrics.look import CASE_STRETCH
from kinema.scenes.dataset import KIND, MANIFEST, SCHEMA
from kinema.scenes.identity import truth_source
from kinema.scenes.request import Request

__all__ = ["NotRendered", "Rendering", "folder_of", "handle", "render", "rendering", "truths_of_run"]

HANDLER = "kinema.bench.render:handle"
PARTS, WORK = ".parts", ".work"
RUN = "run"  # what can be left out beside the files of a scene: the truths of other takes
TruthOf = tuple[SceneRef, int, float]  # a scene, a take of it, seconds


class NotRendered(KinemaError):
    """Scenes of a data set could not be made; the rest of it is there."""

    exit_code = 4


@dataclass(frozen=True)
class SceneTask:
    """Write the folder of one take of one scene."""

    name: str
    scene: SceneRef
    take: int
    request: Request
    without: tuple[str, ...]
    folder: Path


@dataclass(frozen=True)
class TruthsTask:
    """Store the truths that a run compares one scene with."""

    name: str
    truths: tuple[TruthOf, ...]
    folder: Path


@dataclass
class Piece:
    """What a worker made: files by their place in the data set, with size and hash, and what is said about them."""

    made: Path  # holds the files under their own places
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    truths: dict[str, str] = field(default_factory=dict)  # key -> place
    row: dict[str, Any] | None = None  # of the index

    def note(self) -> dict[str, Any]:
        """The piece as it stands in ``.parts`` and in the manifest."""
        return {"files": self.files, "truths": self.truths} | ({"row": self.row} if self.row else {})


@dataclass(frozen=True)
class Rendering:
    """All that is to be written, in order."""

    suite: Suite
    scenes: tuple[SceneRef, ...]
    takes: int
    without: tuple[str, ...]
    samples: int

    @cached_property
    def config(self) -> dict[str, Any]:
        """What decides every byte of the data set, beside the libraries that encode it."""
        families = sorted({ref.scene().family for ref, _, _ in self.truths} | {ref.scene().family for ref in self.scenes})
        return {
            "suite": self.suite.resolved(),
            "scenes": [ref.id for ref in self.scenes],
            "takes": self.takes,
            "samples": self.samples,
            "without": list(self.without),
            "sources": {name: truth_source(_family(name)) for name in families},
            "kinema": kinema.__version__,
        }

    @cached_property
    def truths(self) -> tuple[TruthOf, ...]:
        """The truths of other takes and lengths."""
        return () if RUN in self.without else truths_of_run(self.suite, self.scenes, self.samples)

    def tasks(self, folder: Path) -> list[SceneTask | TruthsTask]:
        """A task for every scene folder, and one for the other truths of every scene."""
        work = folder / WORK / str(os.getpid())  # the last worker of a killed command may still be writing
        found: list[SceneTask | TruthsTask] = []
        for ref in self.scenes:
            request = request_of(self.suite, ref.scene())
            found += [SceneTask(folder_of(ref.id, take), ref, take, request, self.without, work) for take in range(self.takes)]
        groups: dict[str, list[TruthOf]] = {}
        for one in self.truths:
            groups.setdefault(folder_of(one[0].id, 0), []).append(one)
        return found + [TruthsTask(f"truths-{name}", tuple(group), work) for name, group in groups.items()]


def rendering(
    suite: Suite, only: Sequence[str] = (), *, takes: int = 1, without: Sequence[str] = (), samples: int = 1
) -> Rendering:
    """The plan of ``kinema render``."""
    if takes < 1 or samples < 1:
        raise ConfigError("--takes and --samples: ask for at least one")
    return Rendering(suite, scene_refs(suite, only), takes, tuple(sorted(set(without))), samples)


def truths_of_run(suite: Suite, scenes: Sequence[SceneRef], samples: int) -> tuple[TruthOf, ...]:
    """Every truth that ``kinema run`` looks up for these scenes with the suite's own controls, each once."""
    long, short = round(CASE_STRETCH * suite.seconds, 6), suite.seconds
    compared = bool(suite.set_metrics) and len(scenes) >= LEAST
    found: dict[TruthOf, None] = {}
    for ref in scenes:
        found[ref, 0, long] = None
        if compared:
            found[ref, REFERENCE_TAKE, short] = None
        for take in range(ORACLE_TAKE, ORACLE_TAKE + samples):
            found[ref, take, short] = None
        if any(control.startswith("shuffled_sound") for control in suite.controls):
            found[SceneRef(neighbour_of(ref.scene()).id), ORACLE_TAKE, short] = None
    for ref in calibration_scenes(suite):
        found |= dict.fromkeys([(ref, 0, long), (ref, 1, short), (ref, 2, short), (stranger_of(ref), 1, short)])
    witness = Request(prompt="")  # what a lost clip from outside is held against
    found[WITNESS, 0, round(CASE_STRETCH * witness.seconds, 6)] = None
    return tuple(found)


def folder_of(scene_id: str, take: int) -> str:
    """A scene's folder: its id without the slash.

    Example:
        >>> folder_of("drop@1/seed=3", 0), folder_of("drop@1/seed=3", 2)
        ('drop@1_seed=3', 'drop@1_seed=3_take=2')
    """
    return scene_id.replace("/", "_") + (f"_take={take}" if take else "")


def _family(name: str) -> Any:
    """A family's class."""
    from kinema.scenes.scene import SCENES

    return SCENES[name].load()


# What a worker does ---------------------------------------------------------------------------------------------------------------------


def handle(task: SceneTask | TruthsTask) -> Piece:
    """Make one piece."""
    import cv2

    cv2.setNumThreads(1)
    made = task.folder / task.name
    shutil.rmtree(made, ignore_errors=True)
    piece = _scene(task, made) if isinstance(task, SceneTask) else _truths(task, made)
    for path in sorted(path for path in made.rglob("*") if path.is_file()):
        piece.files[path.relative_to(made).as_posix()] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    return piece


def _scene(task: SceneTask, made: Path) -> Piece:
    from kinema.scenes._export import write_scene
    from kinema.scenes._store import key_of

    truth = truth_of_take(task.scene, task.take, task.request.seconds)
    place = f"scenes/{task.name}"
    (made / place).mkdir(parents=True)
    write_scene(made / place, truth, task.request, without=task.without)
    scene = truth.scene
    row = {
        "id": scene.id, "take": task.take, "folder": place, "family": scene.family, "prompt": scene.prompt, "seconds": task.request.seconds,
        "frames": task.request.frame_count, "fps": task.request.fps, "width": task.request.width, "height": task.request.height,
        "bodies": len(truth.bodies), "contacts": sum(contact.t <= task.request.seconds for contact in truth.contacts),
        "audible": scene.audible, "world": scene.world, "floor": scene.floor, "room": scene.room, "style": scene.style,
        "lighting": scene.lighting, "move": scene.move,
    }  # fmt: skip
    return Piece(made, truths={key_of(scene, task.request.seconds): f"{place}/truth.npz"}, row=row)


def _truths(task: TruthsTask, made: Path) -> Piece:
    from kinema.scenes._store import key_of, save

    piece = Piece(made)
    for ref, take, seconds in task.truths:
        truth = truth_of_take(ref, take, seconds)
        key = key_of(truth.scene, seconds)
        piece.truths[key] = f"truth/{key}.npz"
        save(truth, made / piece.truths[key])
    return piece


# What the parent does -------------------------------------------------------------------------------------------------------------------


def render(plan: Rendering, folder: Path, *, workers: int, progress: Progress) -> dict[str, Any]:
    """Write what is missing of a data set; returns its manifest.

    Raises:
        ConfigError: the folder holds something else, or another process is at work in it.
        NotRendered: some scenes could not be made.
    """
    with locked(folder):
        notes = _claim(folder, plan)
        tasks = plan.tasks(folder)
        left = [task for task in tasks if not _whole(folder, notes.get(task.name))]
        if not left and (folder / MANIFEST).exists():
            manifest: dict[str, Any] = read_json(folder / MANIFEST)
            return manifest
        shutil.rmtree(folder / WORK, ignore_errors=True)
        progress("rendering", len(tasks) - len(left), len(tasks))
        faults: list[str] = []
        with Pool(workers, HANDLER) as pool:
            for done, answer in enumerate(pool.run([[task] for task in left]), start=len(tasks) - len(left) + 1):
                if isinstance(answer.value, Raised | Died):
                    faults.append(f"{answer.task.name}: {_reason(answer.value)}")
                else:
                    notes[answer.task.name] = _keep(folder, answer.task.name, answer.value)
                progress("rendering", done, len(tasks))
        shutil.rmtree(folder / WORK, ignore_errors=True)
        if faults:
            raise NotRendered(f"{len(faults)} of {len(tasks)} pieces of {folder} could not be made; the first is {faults[0]}")
        return _finish(folder, plan, {task.name: notes[task.name] for task in tasks})


def _reason(value: Raised | Died) -> str:
    return value.trace.strip() if isinstance(value, Raised) else str(value)


def _claim(folder: Path, plan: Rendering) -> dict[str, Any]:
    """Start the data set, or make sure that what is there belongs to this very plan; what is noted so far."""
    for path in (folder / MANIFEST, folder / PARTS / "config.json"):
        if path.exists():
            known = read_json(path)
            if hash_of(known["config"]) != hash_of(plan.config):
                changed = " and ".join(name for name in plan.config if known["config"].get(name) != plan.config[name])
                raise ConfigError(f"{folder} holds a data set of another config ({changed} differ); name another folder with -o")
            noted = {file.name.removesuffix(".json"): read_json(file) for file in sorted((folder / PARTS).glob("*@*.json"))}
            return _notes(known) | noted
    visible = sorted(item.name for item in folder.iterdir() if not item.name.startswith("."))
    if visible:
        raise ConfigError(f"{folder} holds no data set but {visible[0]}; name an empty or a new folder with -o")
    write_json(folder / PARTS / "config.json", {"config": plan.config})
    return {}


def _notes(manifest: dict[str, Any]) -> dict[str, Any]:
    """The pieces that a manifest lists, as they were noted; none of a data set that was only begun."""
    notes = {name: {"files": {}, **part} for name, part in manifest.get("parts", {}).items()}
    for place, entry in manifest.get("files", {}).items():
        if entry.get("part") in notes:
            notes[entry["part"]]["files"][place] = {"bytes": entry["bytes"], "sha256": entry["sha256"]}
    return notes


def _whole(folder: Path, note: dict[str, Any] | None) -> bool:
    """Whether all files of a piece are there, as long as they were."""
    if note is None:
        return False
    places = {folder / name: int(entry["bytes"]) for name, entry in note["files"].items()}
    return all(path.is_file() and path.stat().st_size == size for path, size in places.items())


def _keep(folder: Path, name: str, piece: Piece) -> dict[str, Any]:
    """Move a piece into the data set, and note it."""
    for place in sorted({Path(name).parts[:2] if name.startswith("scenes/") else Path(name).parts for name in piece.files}):
        target, source = folder.joinpath(*place), piece.made.joinpath(*place)
        if target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    shutil.rmtree(piece.made, ignore_errors=True)
    write_json(folder / PARTS / f"{name}.json", piece.note())
    return piece.note()


def _finish(folder: Path, plan: Rendering, parts: dict[str, Any]) -> dict[str, Any]:
    """Write what is said of the whole, the manifest last."""
    from kinema.scenes._export import schema_json, write_index

    rows = [note["row"] for note in parts.values() if "row" in note]
    write_index(folder, rows)
    write_bytes(folder / "schema.json", (dumps(schema_json()) + "\n").encode())
    write_bytes(folder / "README.md", data_card(plan.suite, rows, plan.config).encode())
    top = {name: folder / name for name in ("README.md", "index.jsonl", "index.parquet", "schema.json")}
    files = {name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for name, path in top.items()}
    truths: dict[str, str] = {}
    for note in parts.values():
        truths |= note["truths"]
    for name, note in parts.items():
        files |= {place: entry | {"part": name} for place, entry in note["files"].items()}
    manifest = {
        "schema": SCHEMA,
        "kind": KIND,
        "suite": {"id": plan.suite.id, "hash": plan.suite.hash, "truth": plan.suite.truth},
        "config": plan.config,
        "files": dict(sorted(files.items())),
        "truths": dict(sorted(truths.items())),
        "parts": {name: {key: value for key, value in note.items() if key != "files"} for name, note in parts.items()},
    }
    write_json(folder / MANIFEST, manifest)
    shutil.rmtree(folder / PARTS, ignore_errors=True)
    return manifest

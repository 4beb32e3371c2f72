"""Carry out a plan: workers make, observe and score clips; this process alone writes the record, a unit at a time."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from kinema.bench import calibration
from kinema.bench.calibration import Scales
from kinema.bench.plan import Plan, Unit, needs_truth
from kinema.bench.pool import Died, Pool, Raised
from kinema.bench.provenance import card_json, describe
from kinema.bench.work import VECTORS, ClipTask, Done, Result, SetTask, TruthTask
from kinema.errors import ConfigError, KinemaError
from kinema.files import locked, read_json, write_json
from kinema.metrics.metric import METRICS, Failed, Scored
from kinema.record import SCHEMA, append_lines, checked, cut_torn_line, read_lines, write_lines
from kinema.summary import EVERY_SCENE, is_lost, summarise

__all__ = ["Finished", "Progress", "carry_out"]

HANDLER = "kinema.bench.work:handle"
WORK = ".work"  # files on their way into the record; whatever a killed run left there is thrown away
Line = dict[str, Any]


class Progress(Protocol):
    """Who is told how far the run is."""

    def __call__(self, stage: str, done: int, total: int) -> None:
        """``done`` of ``total`` pieces of a stage are ready."""


@dataclass(frozen=True)
class Finished:
    """A finished run."""

    folder: Path
    summary: Line
    lines: list[Line]

    @property
    def lost(self) -> int:
        """How many clips were lost."""
        return sum(int(entry["lost"]) for entry in self.summary["generators"].values())

    @property
    def failed(self) -> int:
        """How many metrics failed."""
        return sum(line["status"] == "failed" for line in self.lines)

    @property
    def broken(self) -> bool:
        """Whether clips were lost or metrics failed."""
        return self.lost + self.failed > 0


def carry_out(plan: Plan, folder: Path, *, workers: int, progress: Progress) -> Finished:
    """Do what is left to do of a plan, and finish the record.

    Raises:
        ConfigError: the folder holds another run, or something else, or another process is at work in it.
    """
    _check_is_ours(folder)
    with locked(folder):
        _claim(folder, plan, workers)
        run = _Run(plan, folder)
        if run.left or not (folder / "summary.json").exists():
            with Pool(workers, HANDLER) as pool:
                scales = _calibrated(plan, folder, pool, progress)
                run.work(pool, scales, progress)
                run.compare(pool, progress)
            run.finish(scales)
    return Finished(folder, read_json(folder / "summary.json"), list(read_lines(folder / "scores.jsonl")))


def _check_is_ours(folder: Path) -> None:
    if folder.is_dir() and not (folder / "run.json").exists():
        visible = sorted(item.name for item in folder.iterdir() if not item.name.startswith("."))
        if visible:
            raise ConfigError(f"{folder} holds no run but {visible[0]}; name an empty or a new folder with -o")


def _claim(folder: Path, plan: Plan, workers: int) -> None:
    """Start the record, or make sure that the record that is there belongs to this very plan."""
    path = folder / "run.json"
    if path.exists():
        known = checked(read_json(path), path)
        if known.get("config", {}).get("hash") != plan.hash:
            changed = _difference(known.get("config", {}).get("resolved", {}), plan.resolved())
            raise ConfigError(f"{folder} holds a run of another config ({changed}); name another folder with -o")
        return
    write_lines(folder / "requests.jsonl", _requests(plan))
    write_json(path, describe(plan, workers))


def _difference(old: Line, new: Line) -> str:
    names = [name for name in new if old.get(name) != new[name]]
    return f"{' and '.join(names)} differ" if names else "it differs"


def _requests(plan: Plan) -> list[Line]:
    """What was asked, once per scene, mode and sample."""
    rows: dict[tuple[str, str, int], Line] = {}
    for unit in plan.units:
        row = {"schema": SCHEMA, "scene": unit.scene_id, "sample": unit.sample, "prompt_id": unit.prompt_id}
        rows.setdefault((unit.scene_id, unit.request.mode, unit.sample), row | unit.request.to_json())
    return list(rows.values())


def _calibrated(plan: Plan, folder: Path, pool: Pool, progress: Progress) -> Scales:
    """The suite's scales: from the cache, or measured now."""
    if not plan.scaled:
        return Scales({}, {})
    scenes = calibration.calibration_scenes(plan.suite)
    measured = {ref: calibration.load_measured(plan.suite, ref) for ref in scenes}
    groups = [calibration.calibration_tasks(plan.suite, ref, measured[ref], folder / WORK, plan.truth) for ref in scenes]
    total, done = sum(map(len, groups)), 0
    if total:
        progress("calibrating", 0, total)
    for answer in pool.run(groups):
        ref, condition = answer.task.scene, answer.task.condition
        measured[ref][condition] = _sound(answer.value, f"the calibration on {condition} of {ref.id}")
        calibration.save_measured(plan.suite, ref, measured[ref])
        done += 1
        progress("calibrating", done, total)
    return calibration.scale_of(plan, {ref.id: found for ref, found in measured.items()})


@dataclass
class _Run:
    """The record while it grows."""

    plan: Plan
    folder: Path
    lines: dict[int, list[Line]] = field(default_factory=dict)  # unit -> its score lines
    sets: list[Line] = field(default_factory=list)  # of metrics of sets of clips, made when all clips are there

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder / WORK, ignore_errors=True)
        cut_torn_line(self.folder / "scores.jsonl")
        cut_torn_line(self.folder / "times.jsonl")
        numbers = {unit.key: unit.number for unit in self.plan.units}
        found: dict[int, list[Line]] = {}
        for line in read_lines(self.folder / "scores.jsonl"):
            number = numbers.get((line["generator"], line["scene"], line["mode"], line["sample"]))
            if number is not None:
                found.setdefault(number, []).append(line)
        self.lines = {number: lines for number, lines in found.items() if self._whole(lines)}
        if sum(map(len, found.values())) > sum(map(len, self.lines.values())):
            write_lines(self.folder / "scores.jsonl", [line for lines in self.lines.values() for line in lines])

    def _whole(self, lines: list[Line]) -> bool:
        """Whether a unit was flushed in full and its clip is still there."""
        clip = lines[0]["clip"]
        there = clip is None or any((self.folder / "clips").glob(f"{clip}.*"))
        return {line["metric"] for line in lines} == set(self.plan.suite.clip_metrics) and there

    @property
    def left(self) -> list[Unit]:
        """The units that are still to be done."""
        return [unit for unit in self.plan.units if unit.number not in self.lines]

    def work(self, pool: Pool, scales: Scales, progress: Progress) -> None:
        """Do the units that are left, writing each into the record as it comes."""
        total = len(self.plan.units)
        progress("scoring", len(self.lines), total)
        fatal: list[ClipTask] = []
        for answer in pool.run(self._groups()):
            if isinstance(answer.task, TruthTask):
                self._keep(_sound(answer.value, f"the truth of {answer.task.scene.id}"))
            elif isinstance(answer.value, Died):
                fatal.append(replace(answer.task, lost=str(answer.value)))
            else:
                self._record(answer.task, _as_done(answer.task, answer.value), scales)
            progress("scoring", len(self.lines), total)
        for last in pool.run([fatal]):  # what killed its worker is lost; what it could have scored is still to be found out
            self._record(last.task, _as_done(last.task, _sound(last.value, last.task.unit.scene_id)), scales)
            progress("scoring", len(self.lines), total)

    def _groups(self) -> list[Sequence[ClipTask | TruthTask]]:
        """Units of one scene together, for they share its picture; those of a learned generator together, for they share its weights."""
        work = self.folder / WORK
        groups: dict[tuple[str, str], list[ClipTask | TruthTask]] = {}
        for unit in sorted(self.left, key=needs_truth):
            key = ("scene", unit.scene_id) if needs_truth(unit) else ("generator", unit.generator)
            task = ClipTask(unit, self.plan.suite.clip_metrics, work, truth=self.plan.truth, features=self.plan.features)
            groups.setdefault(key, []).append(task)
        for ref in self.plan.scenes:
            request = next(unit.request for unit in self.plan.units if unit.scene == ref)
            if not all((self.folder / "truth" / f"{ref.id}{suffix}").exists() for suffix in self._of_truth):
                task_of_truth = TruthTask(ref, request, work, self.plan.truth, self.plan.features, self.plan.steered)
                groups.setdefault(("scene", ref.id), []).append(task_of_truth)
        return list(groups.values())

    @property
    def _of_truth(self) -> tuple[str, ...]:
        return (".json", VECTORS) if self.plan.features is not None or self.plan.steered else (".json",)

    def compare(self, pool: Pool, progress: Progress) -> None:
        """Compare all clips of each generator with the truth's own."""
        names = self.plan.suite.set_metrics
        groups = [[self._set_task(generator, names)] for generator in self.plan.generators] if names else []
        self.sets = []
        found = {}
        for done, answer in enumerate(pool.run(groups), start=1):
            found[answer.task.generator] = _sound(answer.value, f"comparing all clips of {answer.task.generator}")
            progress("comparing sets", done, len(groups))
        for generator in self.plan.generators if names else ():
            self.sets += [_set_line(self.plan, generator, name, found[generator][name]) for name in names]

    def _set_task(self, generator: str, names: tuple[str, ...]) -> SetTask:
        clips = {number: lines[0]["clip"] for number, lines in self.lines.items()}
        seen = self.folder / "observations"
        shown = tuple(
            (unit.scene_id, None if self._lost(unit) else seen / f"{clips[unit.number]}.json")
            for unit in self.plan.units
            if unit.generator == generator and unit.scene is not None and self._observed(unit)
        )
        there = VECTORS in self._of_truth
        true = tuple((ref.id, self.folder / "truth" / f"{ref.id}{VECTORS}" if there else None) for ref in self.plan.scenes)
        return SetTask(generator, shown, true, names, self.plan.features, self.plan.truth)

    def _lost(self, unit: Unit) -> bool:
        return is_lost(self.lines[unit.number][0])

    def _observed(self, unit: Unit) -> bool:
        """Whether a clip was observed, or is lost; where the observer itself failed there is nothing to compare."""
        clip = self.lines[unit.number][0]["clip"]
        return self._lost(unit) or (self.folder / "observations" / f"{clip}.json").exists()

    def _record(self, task: ClipTask, done: Done, scales: Scales) -> None:
        self._keep(done.files)
        lines = [_line(task.unit, done, name, done.results[name], scales) for name in task.metrics]
        self.lines[task.unit.number] = lines
        append_lines(self.folder / "scores.jsonl", lines)
        times = {"generator": task.unit.generator, "scene": task.unit.scene_id, "sample": task.unit.sample, "seconds": done.seconds}
        append_lines(self.folder / "times.jsonl", [{"schema": SCHEMA, **times}])

    def _keep(self, files: dict[str, Path]) -> None:
        for name, source in sorted(files.items(), key=lambda item: item[0].endswith(".json")):
            place = self.folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            source.replace(place)

    def finish(self, scales: Scales) -> None:
        """Put the lines into the order of the plan and sum them up."""
        ordered = [line for number in sorted(self.lines) for line in self.lines[number]] + self.sets
        write_lines(self.folder / "scores.jsonl", ordered)
        info = read_json(self.folder / "run.json")
        times = {_key(row): row for row in read_lines(self.folder / "times.jsonl")}
        info["times"] = [{name: row[name] for name in ("generator", "scene", "sample", "seconds")} for row in times.values()]
        write_json(self.folder / "run.json", info)
        cards = {name: card_json(METRICS[name].load()) for name in self.plan.suite.metrics}
        summary = summarise(ordered, suite=self.plan.suite.id, cards=cards, scales=scales.ends, unscaled=scales.without)
        write_json(self.folder / "summary.json", summary)
        (self.folder / "times.jsonl").unlink(missing_ok=True)
        shutil.rmtree(self.folder / WORK, ignore_errors=True)


def _key(row: Line) -> tuple[Any, ...]:
    return row["generator"], row["scene"], row["sample"]


def _as_done(task: ClipTask, value: Done | Raised) -> Done:
    """What raised where no boundary stood has failed."""
    return value if isinstance(value, Done) else Done(results=dict.fromkeys(task.metrics, Failed(error=value.trace)))


def _sound(value: Any, what: str) -> Any:
    """An answer that the run cannot do without."""
    if isinstance(value, Raised | Died):
        raise KinemaError(f"cannot go on without {what}: {value if isinstance(value, Died) else value.trace}")
    return value


def _set_line(plan: Plan, generator: str, metric: str, result: Result) -> Line:
    """The line of a metric of a set of clips: its scene is ``*``, it has no clip and no scale."""
    card = METRICS[metric].load()
    modes = {unit.request.mode for unit in plan.units if unit.generator == generator}
    line: Line = {
        "schema": SCHEMA, "scene": EVERY_SCENE, "mode": "+".join(sorted(modes)), "prompt_id": None, "generator": generator,
        "generator_version": plan.generators[generator], "sample": 0, "clip": None, "metric": metric, "version": card.version,
        "unit": card.unit, "value": None, "scaled": None, "details": {},
    }  # fmt: skip
    return line | _outcome(result, {})


def _outcome(result: Result, details: Line) -> Line:
    """What a line says of a result; ``details`` are those that it has already."""
    if isinstance(result, Scored):
        return {"status": "scored", "value": round(float(result.value), 6), "why": result.why, "details": {**details, **result.details}}
    if isinstance(result, Failed):
        last = result.error.strip().splitlines()[-1]
        return {"status": "failed", "why": f"the metric failed: {last}", "details": {**details, "error": result.error}}
    return {"status": "unscored", "why": result.reason}


def _line(unit: Unit, done: Done, metric: str, result: Result, scales: Scales) -> Line:
    """One line of ``scores.jsonl``."""
    card = METRICS[metric].load()
    line: Line = {
        "schema": SCHEMA,
        "scene": unit.scene_id,
        "mode": unit.request.mode,
        "prompt_id": unit.prompt_id,
        "generator": unit.generator,
        "generator_version": unit.version,
        "sample": unit.sample,
        "clip": done.clip,
        "metric": metric,
        "version": card.version,
        "unit": card.unit,
        "value": None,
        "scaled": None,
        "details": {} if done.lost is None else {"lost": done.lost},
    }
    line |= _outcome(result, line["details"])
    if line["status"] == "scored" and unit.scene is not None:
        line["scaled"] = scales.scaled(metric, line["value"])
    return line

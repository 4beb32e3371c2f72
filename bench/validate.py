"""``kinema validate``: every metric against every known fault, in doses, on a sample of a suite's scenes.

First every scene is looked at without a fault; then, for each fault, a sample of the scenes on which it can be tried is chosen so that
every metric that must notice it is Scored on some, balanced over families. What was tried is kept by scene, fault and code, so that a
command that was killed goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kinema.bench import calibration
from kinema.bench.plan import run_plan, source_hash
from kinema.bench.pool import Died, Pool, Raised
from kinema.bench.runner import Progress
from kinema.bench.validate_plan import Plan
from kinema.bench.validate_run import Work
from kinema.bench.validate_sets import set_verdicts
from kinema.bench.validate_work import ANOTHER, PLAIN
from kinema.metrics.faults import FAULTS
from kinema.metrics.metric import METRICS
from kinema.metrics.validity import AXIS_CHECKS, AxisResult, Validity, axis_value

__all__ = ["Found", "validate"]

HANDLER = "kinema.bench.validate_work:attempt"


@dataclass
class Found:
    """What was measured."""

    plan: Plan
    verdicts: list[Validity]
    axis: list[AxisResult]
    scenes: dict[str, list[str]] = field(default_factory=dict)  # fault -> scenes
    failed: dict[str, str] = field(default_factory=dict)  # metric -> the last error
    clips: int = 0

    @property
    def misses(self) -> list[str]:
        """Every sentence on something that falls short."""
        of_metrics = [f"{verdict.metric}: {miss}" for verdict in self.verdicts for miss in verdict.misses]
        of_axis = [
            f"dynamics, {row.check.name}: {'not tried' if row.value is None else f'{row.value:.0f}'}, {row.asked} is asked for"
            for row in self.axis
            if not row.good
        ]
        return of_metrics + of_axis + [f"{name}: failed: {error}" for name, error in self.failed.items()]

    def to_json(self) -> dict[str, Any]:
        """``validity.json``."""
        facts = ("kind", "unit", "doses", "by_scene", "meaning")
        named = {
            name: {fact: getattr(fault, fact) for fact in facts} | {"scenes": self.scenes.get(name, [])}
            for name, fault in FAULTS.items()
            if name in self.plan.faults
        }
        return {
            "schema": 1, "suite": self.plan.suite.id, "source": source_hash(), "clips": self.clips, "faults": named,
            "metrics": {verdict.metric: verdict.to_json() for verdict in self.verdicts},
            "axis": [row.to_json() for row in self.axis], "misses": self.misses,
        }  # fmt: skip


def validate(plan: Plan, folder: Path, progress: Progress) -> Found:
    """Try everything, and judge."""
    with Pool(plan.workers, HANDLER) as pool:
        work = Work(plan, folder, pool, progress)
        if plan.metrics:
            plain = [work.trial(ref, mode, name) for mode in plan.modes for ref in plan.scenes_of(mode) for name in _plainly(mode)]
            work.do("looking", plain)
            work.draw_more()
            work.do("trying faults", work.chosen())
        verdicts = work.verdicts() + set_verdicts(plan, work)
    axis = _axis(plan, folder, progress, work) if plan.with_axis else []
    return Found(plan, verdicts, axis, work.sample, work.failed, work.clips)


def _plainly(mode: str) -> tuple[str, ...]:
    return (PLAIN, ANOTHER) if mode == "t2v" else (PLAIN,)


def _axis(plan: Plan, folder: Path, progress: Progress, work: Work) -> list[AxisResult]:
    """The axis of dynamics on clips that are right and on clips that are wrong, on the suite's own scale."""
    scales = _scales(plan, folder, progress)
    gates = [name for name in plan.metrics if METRICS[name].load().gate]
    results = []
    for check in AXIS_CHECKS:
        rows = []
        for scene in work.sample.get(check.fault, []):
            laws = work.refs[scene].scene().laws
            answer = work.answers.get((scene, "t2v", check.fault))
            plain = axis_value(work.plain(scene, "t2v")["values"]["0"], scales.scaled, gates)
            if answer is None or plain is None or (check.law and check.law not in laws):
                continue
            values = [axis_value(answer["values"][f"{dose:g}"], scales.scaled, gates) for dose in check.doses]
            rows += [(scene.split("@")[0], value, plain) for value in values if value is not None]
        results.append(AxisResult.of(check, rows))
    return results


def _scales(plan: Plan, folder: Path, progress: Progress) -> calibration.Scales:
    """The suite's scales, from the cache of runs or measured now."""
    suite = plan.suite
    scenes = calibration.calibration_scenes(suite)
    measured = {ref: calibration.load_measured(suite, ref) for ref in scenes}
    groups = [calibration.calibration_tasks(suite, ref, measured[ref], folder / ".work") for ref in scenes]
    total, done = sum(map(len, groups)), 0
    if total:
        with Pool(plan.workers, "kinema.bench.work:handle") as pool:
            for answer in pool.run(groups):
                if isinstance(answer.value, Raised | Died):
                    raise RuntimeError(f"calibrating on {answer.task.condition} of {answer.task.scene.id}: {answer.value}")
                measured[answer.task.scene][answer.task.condition] = answer.value
                calibration.save_measured(suite, answer.task.scene, measured[answer.task.scene])
                done += 1
                progress("calibrating", done, total)
    whole = run_plan(suite, ["oracle"])
    return calibration.scale_of(replace(whole, scenes=scenes), {ref.id: found for ref, found in measured.items()})

"""``kinema validate``: every metric against every known fault, in doses, on a sample of a suite's scenes.

First every scene is looked at without a fault; then, for each fault, a sample of the scenes on which it can be tried is chosen so that
every metric that must notice it is Scored on some, balanced over families. What was tried is kept by scene, fault and code, so that a
command that was killed goes on where it stopped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.bench import calibration
from kinema.bench.plan import SceneRef, request_of, run_plan, source_hash
from kinema.bench.pool import Died, Pool, Raised
from kinema.bench.runner import Progress
from kinema.bench.suite import CALIBRATION_SEEDS, Suite
from kinema.bench.validate_work import ANOTHER, PLAIN, Trial
from kinema.errors import ConfigError, UnknownName
from kinema.files import cache_folder, hash_of, read_json, sha256_of, write_json
from kinema.metrics.faults import FAULTS
from kinema.metrics.metric import METRICS, Card
from kinema.metrics.validity import AXIS_CHECKS, AxisResult, Tried, Validity, axis_value, badness, curve_of, judged

if TYPE_CHECKING:
    from kinema.scenes.request import Mode, Request

__all__ = ["USUAL", "Found", "Plan", "plan_of", "validate"]

SEED = 20_261_122  # of the sample
LEAST, MOST = 3, 24  # scenes of a fault
FEW = 8  # scenes of a fault below which more seeds are drawn of the families that it fits
MORE_SEEDS = 9  # of a family at most, drawn for that
GIVEN: Mode = "i2v"  # in which metrics are tried that need a picture to go on from
GIVEN_SHARE = 0.6  # -, of the scenes of a fault that are tried with a given picture
USUAL = {"motion": 1.1, "picture": 0.8, "sound": 0.25, "plain": 3.0}  # CPU s of a clip, of a sound alone, and of a scene with its truths
SLACK = 1.15  # -, that the time may come out above what is planned
CALIBRATED_S = 1.3  # CPU s of a clip of the scale
HANDLER = "kinema.bench.validate_work:attempt"
Answer = dict[str, Any]
Key = tuple[str, str, str]  # scene id, mode, fault


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be validated, on what, for how long."""

    suite: Suite
    metrics: tuple[str, ...]
    faults: tuple[str, ...]
    scenes: tuple[SceneRef, ...]
    workers: int
    budget: float
    outside: tuple[str, ...] = ()

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Text alone, and a given picture where some metric needs one."""
        given = any("t2v" not in METRICS[name].load().modes for name in self.metrics)
        return ("t2v", GIVEN) if given else ("t2v",)

    def of_mode(self, mode: str) -> tuple[str, ...]:
        """The metrics that are tried in a mode: with a given picture only those that need one."""
        cards = {name: METRICS[name].load() for name in self.metrics}
        return tuple(name for name, card in cards.items() if (mode in card.modes and (mode == "t2v" or "t2v" not in card.modes)))

    @property
    def with_axis(self) -> bool:
        """Whether the axis of dynamics can be judged as a whole: all of it is tried."""
        mine = {name for name in self.suite.clip_metrics if name.startswith("dynamics/") and "t2v" in METRICS[name].load().modes}
        return bool(mine) and mine <= set(self.metrics)

    def faults_of(self, mode: str) -> tuple[str, ...]:
        """The faults that are tried in a mode: with a given picture only those that its metrics must notice or may, and a few others."""
        if mode == "t2v":
            return self.faults
        named = {fault for name in self.of_mode(mode) for fault in METRICS[name].load().own}
        return tuple(name for name in self.faults if name in named)

    def scenes_of(self, mode: str) -> tuple[SceneRef, ...]:
        """The scenes that are looked at in a mode: with a given picture the first of every family."""
        if mode == "t2v":
            return self.scenes
        return tuple({ref.id.split("@")[0]: ref for ref in reversed(self.scenes)}.values())[::-1]

    def looked(self) -> int:
        """How many takes are looked at without a fault."""
        return sum(len(self.scenes_of(mode)) for mode in self.modes)

    def share(self, seconds: Mapping[str, float]) -> int:
        """How many scenes every fault gets, so that the budget is kept: ``seconds`` are CPU s of a clip, a sound and a scene."""
        left = self.budget * self.workers / SLACK - seconds["plain"] * self.looked()
        if self.with_axis:
            left -= CALIBRATED_S * len(calibration.calibration_scenes(self.suite)) * len(calibration.CONDITIONS)
        costs = [
            len(FAULTS[name].tried) * seconds[FAULTS[name].kind] * (1.0 if mode == "t2v" else GIVEN_SHARE)
            for mode in self.modes
            for name in self.faults_of(mode)
        ]
        return int(np.clip(left / max(sum(costs), 1e-9), LEAST, MOST))

    def share_of(self, each: int, mode: str) -> int:
        """How many scenes a fault gets in a mode."""
        return each if mode == "t2v" else max(LEAST, round(GIVEN_SHARE * each))


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


def plan_of(
    suite: Suite, *, metrics: Sequence[str] = (), faults: Sequence[str] = (), workers: int, budget: float, scenes: Sequence[SceneRef] = ()
) -> Plan:
    """The plan; names that are left out are all there are. A metric may be ``module:attribute``.

    Raises:
        UnknownName: no such fault or metric.
    """
    unknown = next((name for name in faults if name not in FAULTS), None)
    if unknown is not None:
        raise UnknownName(f"no fault named {unknown!r}; there are {', '.join(FAULTS)}")
    outside = tuple(name for name in metrics if ":" in name)
    named = tuple(_registered(name) if ":" in name else METRICS[name].name for name in metrics)
    cards = [METRICS[name].load() for name in named or suite.clip_metrics]
    if not named:  # also those that the suite's own mode leaves out
        cards = [METRICS[name].load() for name in METRICS]
    usable = tuple(card.name for card in cards if card.over == "clip" and set(card.modes) & {"t2v", GIVEN})
    if not usable:
        raise ConfigError("nothing to validate: metrics of sets of clips have their floors in the run itself")
    refs = tuple(scenes) or _spread(suite, workers * budget)
    return Plan(
        suite=suite, metrics=usable, faults=tuple(faults) or tuple(FAULTS), scenes=refs, workers=workers, budget=budget, outside=outside
    )


def _registered(address: str) -> str:
    """The name under which a metric from outside registers itself."""
    from kinema.bench.generators.spec import import_attribute

    function = import_attribute(address)
    found = next((name for name in METRICS if METRICS[name].load().function is function), None)
    if found is None:
        raise ConfigError(f"{address} is no metric: give it the decorator @metric(...)")
    return found


def _spread(suite: Suite, cpu: float) -> tuple[SceneRef, ...]:
    """Every family's first seeds: as many as a quarter of the time allows."""
    each = int(np.clip(cpu / 4 / (USUAL["plain"] * len(suite.families)), 1, len(suite.seeds)))
    return tuple(SceneRef.of(family, family.scene(seed)) for family in suite.families for seed in suite.seeds[:each])


def validate(plan: Plan, folder: Path, progress: Progress) -> Found:
    """Try everything, and judge."""
    with Pool(plan.workers, HANDLER) as pool:
        work = _Work(plan, folder, pool, progress)
        work.do("looking", [work.trial(ref, mode, name) for mode in plan.modes for ref in plan.scenes_of(mode) for name in _plainly(mode)])
        work.draw_more()
        work.do("trying faults", work.chosen())
        curves = work.verdicts()
    axis = _axis(plan, folder, progress, work) if plan.with_axis else []
    return Found(plan, curves, axis, work.sample, work.failed, work.clips)


def _plainly(mode: str) -> tuple[str, ...]:
    return (PLAIN, ANOTHER) if mode == "t2v" else (PLAIN,)


class _Work:
    """Answers so far, by scene, mode and fault."""

    def __init__(self, plan: Plan, folder: Path, pool: Pool, progress: Progress) -> None:
        self.plan, self.folder, self.pool, self.progress = plan, folder, pool, progress
        self.answers: dict[Key, Answer] = {}
        self.refs: dict[str, SceneRef] = {ref.id: ref for ref in plan.scenes}
        self.sample: dict[str, list[str]] = {}
        self.failed: dict[str, str] = {}
        self.clips = 0
        self.requests: dict[tuple[str, str], Request] = {}
        homes = {METRICS[name].home for name in plan.metrics}
        self.code = [source_hash(), *(sha256_of(Path(home)) for home in sorted(homes) if Path(home).is_file())]

    def trial(self, ref: SceneRef, mode: str, fault: str) -> Trial:
        key = (ref.id, mode)
        if key not in self.requests:
            self.requests[key] = request_of(self.plan.suite, ref.scene(), mode)  # type: ignore[arg-type]
        return Trial(ref, self.requests[key], fault, self.plan.of_mode(mode), self.folder / ".work", self.plan.outside)

    def _cache(self, trial: Trial) -> Path:
        asked = [trial.scene.id, [list(pair) for pair in trial.scene.overrides], trial.request.to_json(), trial.fault]
        doses = list(FAULTS[trial.fault].doses) if trial.fault in FAULTS else []
        return cache_folder() / "validity" / f"{hash_of([asked, doses, list(trial.metrics), self.code], 40)}.json"

    def do(self, stage: str, trials: Sequence[Trial]) -> None:
        """Try what is not known yet, scene by scene."""
        groups: dict[tuple[str, str], list[Trial]] = defaultdict(list)
        done, total = 0, sum(trial.clips for trial in trials)
        for trial in trials:
            known = _read(self._cache(trial))
            if known is None:
                groups[trial.scene.id, trial.request.mode].append(trial)
            else:
                self._keep(trial, known)
                done += trial.clips
        self.progress(stage, done, total)
        for answer in self.pool.run(list(groups.values())):
            if isinstance(answer.value, Raised | Died):
                self._keep(answer.task, _broken(answer.task, answer.value))
            else:
                write_json(self._cache(answer.task), answer.value)
                self._keep(answer.task, answer.value)
            done += answer.task.clips
            self.progress(stage, done, total)

    def _keep(self, trial: Trial, answer: Answer) -> None:
        self.answers[trial.scene.id, trial.request.mode, trial.fault] = answer
        self.failed |= answer["failed"]
        self.clips += trial.clips

    def plain(self, scene: str, mode: str) -> Answer:
        """What was found without a fault."""
        return self.answers[scene, mode, PLAIN]

    def fits(self, fault: str, mode: str) -> list[str]:
        """The scenes on which a fault can be tried."""
        return [scene for scene in self.looked(mode) if fault not in self.plain(scene, mode)["unfit"]]

    def looked(self, mode: str) -> list[str]:
        """The scenes that were looked at in a mode."""
        return [scene for scene in self.refs if (scene, mode, PLAIN) in self.answers]

    def draw_more(self) -> None:
        """More seeds of the families that a fault fits, where it fits few scenes."""
        extra: dict[str, SceneRef] = {}
        for fault in self.plan.faults:
            fitting = self.fits(fault, "t2v")
            families = sorted({scene.split("@")[0] for scene in fitting})
            lacking = FEW - len(fitting)
            for number in range(MORE_SEEDS):
                for name in families:
                    family = next(f for f in self.plan.suite.families if f.name == name)
                    seed = max(self.plan.suite.seeds) + 1 + number
                    ref = SceneRef.of(family, family.scene(seed)) if seed < CALIBRATION_SEEDS else None
                    if lacking > 0 and ref is not None and ref.id not in self.refs:
                        extra.setdefault(ref.id, ref)
                        lacking -= 1
        if extra and len(extra) * USUAL["plain"] < 0.1 * self.plan.budget * self.plan.workers:
            self.do("looking further", [self.trial(ref, "t2v", PLAIN) for ref in extra.values()])
            self.refs |= extra

    def seconds(self) -> dict[str, float]:
        """CPU seconds of a clip of each kind of fault, as measured on the plain takes."""
        ms = [one for scene in self.looked("t2v") if (one := self.plain(scene, "t2v")["ms"])]
        if not ms:
            return USUAL
        stages = ("make", "write and read", "see", "hear")
        mean = {stage: float(np.mean([one[stage] for one in ms])) / 1000 for stage in stages}
        score = float(np.mean([sum(value for name, value in one.items() if name not in stages) for one in ms])) / 1000
        decode = 0.1  # in a process of its own, which nobody's clock sees
        picture = mean["write and read"] + mean["see"] + score + decode
        sound = 0.4 * mean["make"] + mean["hear"] + 0.05 + score
        return {"motion": mean["make"] + picture + 0.1, "picture": picture + 0.05, "sound": sound, "plain": 2 * (mean["make"] + picture)}

    def chosen(self) -> list[Trial]:
        """The trials of all faults, scene by scene."""
        each = self.plan.share(self.seconds())
        trials: list[Trial] = []
        for mode in self.plan.modes:
            for fault in self.plan.faults_of(mode):
                scenes = self._chosen_of(fault, mode, self.plan.share_of(each, mode))
                self.sample[fault] = sorted({*self.sample.get(fault, []), *scenes})
                trials += [self.trial(self.refs[scene], mode, fault) for scene in scenes]
        order = {scene: k for k, scene in enumerate(self.refs)}
        return sorted(trials, key=lambda trial: (order[trial.scene.id], trial.request.mode))

    def _chosen_of(self, fault: str, mode: str, each: int) -> list[str]:
        """A sample of the scenes that a fault fits: every metric of its own is to be Scored on some, and families are balanced."""
        rng = np.random.default_rng([SEED, *fault.encode()])
        fitting = self.fits(fault, mode)
        left = [fitting[k] for k in rng.permutation(len(fitting))]
        owners = [name for name in self.plan.of_mode(mode) if fault in METRICS[name].load().own]
        scored = {scene: {name for name, value in self.plain(scene, mode)["values"]["0"].items() if value is not None} for scene in left}
        served: Counter[str] = Counter()
        used: Counter[str] = Counter()
        picked: list[str] = []
        while left and len(picked) < each:
            gains = [_gain(scored[scene], owners, served, used[scene.split("@")[0]]) for scene in left]
            scene = left.pop(int(np.argmax(gains)))
            picked.append(scene)
            used[scene.split("@")[0]] += 1
            served.update(scored[scene])
        return picked

    def verdicts(self) -> list[Validity]:
        """Every metric's curves, and what they say."""
        return [self._verdict(METRICS[name].load()) for name in self.plan.metrics]

    def _verdict(self, card: Card) -> Validity:
        mode = "t2v" if "t2v" in card.modes else GIVEN
        curves = {}
        for fault in self.plan.faults_of(mode):
            tried = self._tried(card, fault, mode)
            if any(tried.values()):
                curves[fault] = curve_of(FAULTS[fault], tried, card.better)
        plain = [self.plain(scene, mode)["values"]["0"].get(card.name) for scene in self.looked(mode)]
        return judged(
            card, curves, scored=sum(value is not None for value in plain), takes_sd=self._takes(card, mode),
            cost=self._cost(card, mode), asked=self.plan.faults,
        )  # fmt: skip

    def _tried(self, card: Card, fault: str, mode: str) -> dict[float, list[Tried]]:
        rows: dict[float, list[Tried]] = {}
        for scene in self.sample.get(fault, []):
            answer = self.answers.get((scene, mode, fault))
            if answer is None:
                continue
            plain = self.plain(scene, mode)["values"]["0"].get(card.name)
            if plain is None:
                continue
            for dose, values in answer["values"].items():
                one = Tried(family=scene.split("@")[0], scene=scene, value=values.get(card.name), plain=plain)
                rows.setdefault(float(dose), []).append(one)
        return rows

    def _takes(self, card: Card, mode: str) -> float | None:
        """Standard deviation over takes of one scene: that of the differences of two, over the root of two."""
        pairs = []
        for scene in self.looked(mode):
            other = self.answers.get((scene, mode, ANOTHER), {"values": {}})["values"].get("0", {}).get(card.name)
            plain = self.plain(scene, mode)["values"]["0"].get(card.name)
            if plain is not None and other is not None:
                pairs.append(badness(other, card.better) - badness(plain, card.better))
        return float(f"{np.sqrt(np.mean(np.square(pairs)) / 2):.4g}") if len(pairs) > 1 else None

    def _cost(self, card: Card, mode: str) -> dict[str, float]:
        """CPU milliseconds of a clip: of the metric alone, and of what must be seen and heard before any metric."""
        ms = [one for scene in self.looked(mode) if (one := self.plain(scene, mode)["ms"])] or [{}]
        keys = {"metric": card.name, "see": "see", "hear": "hear"}
        return {name: round(float(np.mean([one.get(key, 0.0) for one in ms])), 2) for name, key in keys.items()}


def _gain(scored: Iterable[str], owners: Sequence[str], served: Counter[str], used: int) -> float:
    """How much a scene would add to the sample of a fault: metrics that must notice it first, then all others, then new families."""
    scored = set(scored)
    own = sum(1 / (1 + served[name]) ** 2 for name in owners if name in scored)
    other = sum(1 / (1 + served[name]) ** 2 for name in scored) / 40
    return own + other - 0.35 * used


def _broken(trial: Trial, problem: Raised | Died) -> Answer:
    """The answer of a trial that our own code could not do: a miss that is told, on a scene where nothing more is tried."""
    what = problem.trace.strip().splitlines()[-1] if isinstance(problem, Raised) else str(problem)
    said = f"{what} ({trial.fault or 'no fault'} on {trial.scene.id})"
    doses = FAULTS[trial.fault].tried if trial.fault in FAULTS else (0.0,)
    return {"values": {f"{dose:g}": {} for dose in doses}, "failed": {"trial": said}, "ms": {}, "unfit": dict.fromkeys(FAULTS, said)}


def _read(path: Path) -> Answer | None:
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _axis(plan: Plan, folder: Path, progress: Progress, work: _Work) -> list[AxisResult]:
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

"""Trying faults scene by scene, keeping what was found, and choosing the scenes of every fault."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.bench.plan import SceneRef, request_of, source_hash
from kinema.bench.pool import Died, Pool, Raised
from kinema.bench.suite import CALIBRATION_SEEDS
from kinema.bench.validate_plan import GIVEN, USUAL, Plan
from kinema.bench.validate_work import ANOTHER, PLAIN, Trial, vectors_hash
from kinema.files import cache_folder, hash_of, read_json, sha256_of, write_json
from kinema.metrics.faults import FAULTS
from kinema.metrics.metric import METRICS, Card
from kinema.metrics.validity import Tried, Validity, badness, curve_of, judged

if TYPE_CHECKING:
    from kinema.bench.runner import Progress
    from kinema.scenes.request import Mode, Request

__all__ = ["Work"]

SETS = "sets"  # in place of a mode
SEED = 20_261_122  # of the sample
FEW = 8  # scenes of a fault below which more seeds are drawn of the families that it fits
MORE_SEEDS = 9  # of a family at most, drawn for that
Answer = dict[str, Any]
Key = tuple[str, str, str]  # scene id, mode, fault


class Work:
    """Answers so far, by scene, mode and fault."""

    def __init__(self, plan: Plan, folder: Path, pool: Pool, progress: Progress) -> None:
        self.plan, self.folder, self.pool, self.progress = plan, folder, pool, progress
        self.answers: dict[Key, Answer] = {}
        self.refs: dict[str, SceneRef] = {ref.id: ref for ref in plan.scenes}
        self.sample: dict[str, list[str]] = {}
        self.failed: dict[str, str] = {}
        self.clips = 0
        self.started = time.monotonic()
        self.requests: dict[tuple[str, str], Request] = {}
        homes = {METRICS[name].home for name in plan.metrics}
        self.code = [source_hash(), *(sha256_of(Path(home)) for home in sorted(homes) if Path(home).is_file())]

    def trial(self, ref: SceneRef, mode: Mode, fault: str) -> Trial:
        """One fault on one scene."""
        key = (ref.id, mode)
        if key not in self.requests:
            self.requests[key] = request_of(self.plan.suite, ref.scene(), mode)
        return Trial(ref, self.requests[key], fault, self.plan.of_mode(mode), self.folder / ".work", self.plan.outside)

    def feature_trial(self, ref: SceneRef, fault: str) -> Trial:
        """The vectors of one scene with a fault in all its doses."""
        return replace(self.trial(ref, "t2v", fault), metrics=(), features=True)

    def features(self, trials: Sequence[Trial]) -> dict[tuple[str, str], Any]:
        """The vectors by scene and fault, then by dose."""
        self.do("metrics of sets", trials)
        return {(scene, fault): of["features"] for (scene, mode, fault), of in self.answers.items() if mode == SETS and "features" in of}

    def _cache(self, trial: Trial) -> Path:
        asked = [trial.scene.id, [list(pair) for pair in trial.scene.overrides], trial.request.to_json(), trial.fault, trial.features]
        doses = list(FAULTS[trial.fault].doses) if trial.fault in FAULTS else []
        code = [vectors_hash()] if trial.features else self.code
        return cache_folder() / "validity" / f"{hash_of([asked, doses, list(trial.metrics), code], 40)}.json"

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
        self.answers[trial.scene.id, SETS if trial.features else trial.request.mode, trial.fault] = answer
        self.failed |= answer.get("failed", {})
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
        each = self.plan.share(self.seconds(), time.monotonic() - self.started)
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

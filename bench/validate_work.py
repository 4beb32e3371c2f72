"""What a worker of ``kinema validate`` does: damage a take, look at it again as far as it was damaged, and score it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.bench.kept import kept
from kinema.bench.plan import SceneRef, sight_hash
from kinema.bench.work import case_of, conditioning_of, read_back, scored, truth_of_take
from kinema.files import hash_of, sha256_of
from kinema.metrics.faults import FAULTS, Shot
from kinema.metrics.metric import METRICS, Failed, Scored
from kinema.scenes.clip import Clip
from kinema.scenes.request import Request

if TYPE_CHECKING:
    from kinema.metrics.faults import Fault
    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation

__all__ = ["ANOTHER", "PLAIN", "TRUE", "Trial", "attempt", "vectors_hash"]

PLAIN, ANOTHER = "", "another take"  # instead of a fault's name
TRUE = "truth"  # instead of a dose: the scene's own clip
TAKE, OTHER_TAKE = 3, 4  # what the oracle shows, and the next sample of it
GIVEN_TAKE = 0  # where the first picture is given the clip goes on with that very take
BLANK = 16  # px, of the picture that goes with a sound that is heard alone


@dataclass(frozen=True)
class Trial:
    """One fault in all its doses on one scene; the names of the metrics to try; modules to import for metrics from outside."""

    scene: SceneRef
    request: Request
    fault: str
    metrics: tuple[str, ...]
    folder: Path
    outside: tuple[str, ...] = ()
    features: bool = False  # only the vectors that metrics of sets compare

    @property
    def clips(self) -> int:
        """How many clips it makes."""
        return len(FAULTS[self.fault].tried) if self.fault in FAULTS else 1


@dataclass
class _Watch:
    """Milliseconds of CPU time by what they were spent on."""

    ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        start = time.process_time()
        try:
            yield
        finally:
            self.ms[what] = self.ms.get(what, 0.0) + 1000 * (time.process_time() - start)


class _Base:
    """The unfaulted take: what is true of it, its clip, and, when somebody asks, what is seen and heard in it."""

    def __init__(self, shot: Shot, case: Case, place: Path, fitting: bool) -> None:
        self.shot, self.case, self.place, self.fitting, self.watch = shot, case, place, fitting, _Watch()

    @property
    def seen(self) -> dict[str, Any]:
        """The part of an observation that comes of the picture."""
        return self._looked[0]

    @property
    def heard(self) -> dict[str, Any]:
        """The part of an observation that comes of the sound."""
        return self._looked[1]

    def see(self, clip: Clip) -> dict[str, Any]:
        """The same of any clip that was made from this take, with the vector that says how it fits a prompt where a metric asks for it."""
        from kinema.metrics.clip_score import clip_vector
        from kinema.metrics.look import hints_of
        from kinema.metrics.observe.observer import see

        found = see(clip, hints_of(self.case))
        return found | {"features": found.get("features", {}) | {"clip": clip_vector(clip.frames)}} if self.fitting else found

    @cached_property
    def _looked(self) -> tuple[dict[str, Any], dict[str, Any]]:
        from kinema.metrics.observe.observer import hear

        with self.watch("make"):
            clip = self.shot.clip
        with self.watch("write and read"):
            back = read_back(clip, self.place)
        with self.watch("see"):
            seen = self.see(back)
        with self.watch("hear"):
            heard = hear(back.sound, back.sound_rate)
        return seen, heard


def attempt(trial: Trial) -> dict[str, Any]:
    """Values of every metric by dose, None where it is not Scored; of the plain take also which faults do not fit.

    ``{"values": {dose: {metric: value}}, "failed": {metric: error}, "ms": {stage or metric: CPU ms of one clip}, "unfit": {fault: why}}``
    """
    _set_up(trial.outside)
    if trial.features:
        return {"features": _vectors(trial)}
    base = _base(trial.scene, replace(trial.request, conditioning=None), trial.folder, _fitting(trial.metrics))
    watch = _Watch()
    answer: dict[str, Any] = {"values": {}, "failed": {}, "unfit": {}}
    doses = FAULTS[trial.fault].tried if trial.fault in FAULTS else (0.0,)
    for dose in doses:
        try:
            seen = _observed(trial, base, dose, watch)
        except Exception as problem:  # the per-clip boundary: what the observer cannot bear is a miss, and not the end of all trials
            what = f"{type(problem).__name__}: {problem} ({trial.fault or 'no fault'} {dose:g} on {trial.scene.id})"
            answer["failed"] |= {"observer": what}
            answer["values"][f"{dose:g}"] = {}
            continue
        values, failed = _scored(seen, base.case, trial.metrics, watch)
        answer["values"][f"{dose:g}"] = values
        answer["failed"] |= failed
    answer["ms"] = {name: round(spent / len(doses), 3) for name, spent in watch.ms.items()}
    if trial.fault == PLAIN:
        answer["unfit"] = {name: why for name, fault in FAULTS.items() if (why := fault.unfit(base.shot.truth))}
    return answer


def _vectors(trial: Trial) -> dict[str, dict[str, tuple[float, ...]]]:
    """The vectors of the faulty clips by dose; without a fault also those of the scene's own truth.

    A clip on which the fault has nothing to act (a silent one) stays in the set as it is.
    """
    from kinema.metrics.features import features_of

    shot = _shot(trial.scene, trial.request, TAKE)
    place = _place(trial.folder, trial.scene, trial.request)
    if trial.fault == PLAIN:
        true = _shot(trial.scene, trial.request, GIVEN_TAKE)
        return {"0": features_of(read_back(shot.clip, place)), TRUE: features_of(read_back(true.clip, place))}
    fault = FAULTS[trial.fault]
    idle = bool(fault.unfit(shot.truth))
    picture, sound = _changes(fault)
    names = ("picture", "motion") * picture + ("sound",) * sound
    found: dict[str, dict[str, tuple[float, ...]]] = {}
    for dose in fault.tried:
        if not (idle and found):
            clip = shot.clip if idle else fault(shot, dose)
            vectors = features_of(read_back(_needed(clip, picture, sound), place))
        found[f"{dose:g}"] = {name: vectors[name] for name in names}
    return found


@lru_cache(maxsize=3)
def _shot(scene: SceneRef, request: Request, take: int) -> Shot:
    return Shot(truth_of_take(scene, take, request.seconds), request)


@lru_cache(maxsize=1)
def _set_up(outside: tuple[str, ...]) -> None:
    import cv2

    from kinema.bench.generators.spec import import_attribute
    from kinema.bench.pool import THREADS
    from kinema.metrics import load_all

    cv2.setNumThreads(THREADS)
    load_all()
    for address in outside:
        import_attribute(address)


@lru_cache(maxsize=3)
def _base(scene: SceneRef, request: Request, folder: Path, fitting: bool) -> _Base:
    take = TAKE if request.mode == "t2v" else GIVEN_TAKE
    truth = truth_of_take(scene, take, request.seconds)
    if request.mode in ("i2v", "v2v"):
        request = replace(request, conditioning=conditioning_of(truth_of_take(scene, GIVEN_TAKE, request.seconds), request))
    return _Base(Shot(truth, request), case_of(scene, request), _place(folder, scene, request), fitting)


def _place(folder: Path, scene: SceneRef, request: Request) -> Path:
    return folder / f"{scene.id.replace('/', '-')}-{request.mode}-{os.getpid()}"  # at the end two workers may share a scene


def _observed(trial: Trial, base: _Base, dose: float, watch: _Watch) -> Observation:
    """What is seen and heard of a fault, looked at once, whatever the metrics then say of it."""
    from kinema.metrics.look import hints_of

    def look() -> tuple[Observation, dict[str, float]]:
        mine = _Watch()
        seen = _looked(trial, base, dose, mine)
        return seen, mine.ms if trial.fault else dict(base.watch.ms)

    hints, code = asdict(hints_of(base.case)), [sight_hash(), _clip_hash() if base.fitting else ""]
    key = [trial.scene.id, trial.scene.overrides, base.shot.request.to_json(), trial.fault, dose, hints, code]
    seen, ms = kept(key, look)
    for name, spent in ms.items():
        watch.ms[name] = watch.ms.get(name, 0.0) + spent
    return seen


def _fitting(metrics: tuple[str, ...]) -> bool:
    """Whether a metric asks how a clip fits a prompt."""
    return any("clip" in METRICS[name].load().needs for name in metrics)


@cache
def _clip_hash() -> str:
    from kinema.metrics import clip_corpus, clip_model, clip_score

    return hash_of([sha256_of(Path(file)) for file in (clip_corpus.__file__, clip_model.__file__, clip_score.SHIPPED, __file__)])


@cache
def vectors_hash() -> str:
    """One hash over all that decides the vectors of a faulty clip, however sets of them are compared."""
    from kinema.metrics import features, features_network

    files = (features.__file__, features_network.__file__, features.SHIPPED)
    return hash_of([sight_hash(), *(sha256_of(Path(file)) for file in files)])


def _looked(trial: Trial, base: _Base, dose: float, watch: _Watch) -> Observation:
    """What is seen and heard of a fault: where it leaves the picture or the sound alone, that of the unfaulted take."""
    from kinema.metrics.observation import Observation
    from kinema.metrics.observe.observer import hear

    if trial.fault == PLAIN:
        return Observation(**base.seen, **base.heard)
    with watch("make"):
        clip = _faulty(trial, base, dose)
    fault = FAULTS.get(trial.fault)
    changes_picture, changes_sound = _changes(fault)
    with watch("write and read"):
        back = read_back(_needed(clip, changes_picture, changes_sound), base.place)
    if changes_picture:
        with watch("see"):
            seen = base.see(back)
    else:
        seen = base.seen
    if changes_sound:
        with watch("hear"):
            heard = hear(back.sound, back.sound_rate)
    else:
        heard = base.heard
    return Observation(**seen, **heard)


def _changes(fault: Fault | None) -> tuple[bool, bool]:
    """Whether the picture, and whether the sound is another."""
    if fault is None:
        return True, True
    return fault.kind != "sound", fault.kind == "sound" or fault.both


def _faulty(trial: Trial, base: _Base, dose: float) -> Clip:
    if trial.fault != ANOTHER:
        return FAULTS[trial.fault](base.shot, dose)
    truth = truth_of_take(trial.scene, OTHER_TAKE, trial.request.seconds)
    return Shot(truth, base.shot.request).clip


def _needed(clip: Clip, picture: bool, sound: bool) -> Clip:
    """The part of a clip that is to be written: a sound alone has a blank picture, because a clip needs one."""
    if not sound:
        return replace(clip, sound=np.zeros((0, 0), np.float32))
    if not picture:
        return replace(clip, frames=np.zeros((len(clip.frames), BLANK, BLANK, 3), np.uint8))
    return clip


def _scored(seen: Observation, case: Case, names: tuple[str, ...], watch: _Watch) -> tuple[dict[str, float | None], dict[str, str]]:
    values: dict[str, float | None] = {}
    failed: dict[str, str] = {}
    for name in names:
        if case.request.mode not in METRICS[name].load().modes:
            continue
        with watch(name):
            result = scored(seen, case, (name,))[name]
        values[name] = result.value if isinstance(result, Scored) else None
        if isinstance(result, Failed):
            failed[name] = result.error.strip().splitlines()[-1]
    return values, failed

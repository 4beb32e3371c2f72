"""What a worker does: make a clip, write it, read it back, observe it, score it. Nothing here writes into the record itself."""

from __future__ import annotations

import math
import shutil
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.bench.plan import SceneRef, Unit
from kinema.errors import BrokenClip, KinemaError
from kinema.files import dumps, read_json, sha256_of, write_json
from kinema.metrics.features import SINGLE
from kinema.metrics.look import CASE_STRETCH, look
from kinema.metrics.metric import METRICS, Case, Failed, Sample, Scored, Shown, Unscored
from kinema.metrics.observation import Observation
from kinema.scenes.request import Request

if TYPE_CHECKING:
    from kinema.bench.generators.spec import Spec
    from kinema.metrics.features import Weights
    from kinema.scenes.clip import Clip, Reader
    from kinema.scenes.truth import Truth

__all__ = [
    "REFERENCE_TAKE", "VECTORS", "CaseTask", "ClipTask", "Done", "Result", "SetTask", "TruthTask", "case_of", "handle", "look", "make_clip",
    "read_back", "scored",
]  # fmt: skip

LEAST_FRAMES = 4  # a clip with fewer shows no motion to speak of
FIRST_SHARE = 0.25  # of the clip that is given in v2v
LEAST_SHARE = 0.25  # of the seconds asked for; what is shorter is lost, what is longer counts for as long as it lasts
VECTORS = ".vectors.json"  # beside a truth: what the networks make of a clip of another take
REFERENCE_TAKE = 1  # what sets of clips are compared with: the scene's own take has no camera of chance, and would tell every other apart
NO_CASE = Case.outside("")  # metrics of sets compare vectors alone
WITNESS = SceneRef("drop@1/seed=0")  # its observation says what can be scored of a clip from outside that is lost

Result = Scored | Unscored | Failed


@dataclass(frozen=True)
class ClipTask:
    """Make, observe and score one clip of the plan; leave its files in ``folder``. ``lost`` says why that is known to be impossible."""

    unit: Unit
    metrics: tuple[str, ...]
    folder: Path
    lost: str | None = None
    truth: Path | None = None  # a data set to take truths from
    features: tuple[Weights, ...] | None = None  # see ``look``


@dataclass(frozen=True)
class TruthTask:
    """Write a scene's truth, as numbers and as a clip, for the report; where sets are compared, what another take's clip shows too."""

    scene: SceneRef
    request: Request
    folder: Path
    truth: Path | None = None
    features: tuple[Weights, ...] | None = None
    steered: bool = False  # observe the other take's clip whole, not its vectors alone


@dataclass(frozen=True)
class SetTask:
    """Compare all clips of a generator with the truth's own: for each its scene and its observation (None: the clip is lost)."""

    generator: str
    shown: tuple[tuple[str, Path | None], ...]
    true: tuple[tuple[str, Path | None], ...]
    metrics: tuple[str, ...]
    features: tuple[Weights, ...] | None
    truth: Path | None = None


@dataclass(frozen=True)
class CaseTask:
    """Score one condition, a take or a floor, of a calibration scene."""

    scene: SceneRef
    request: Request
    condition: str
    metrics: tuple[str, ...]
    folder: Path
    truth: Path | None = None


@dataclass
class Done:
    """A worker's answer for a clip: files it left behind, what came of every metric, and how long each stage took."""

    results: dict[str, Result]
    clip: str | None = None  # sha256
    files: dict[str, Path] = field(default_factory=dict)  # place in the record -> where it lies now
    lost: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)


class _Stages:
    """A stopwatch per stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.perf_counter() - start, 4)


def handle(task: ClipTask | TruthTask | CaseTask | SetTask) -> Any:
    """Do one task. The first call sets the worker up."""
    _set_up(task.truth)
    if isinstance(task, ClipTask):
        return _do_clip(task)
    if isinstance(task, TruthTask):
        return _do_truth(task)
    if isinstance(task, SetTask):
        return _do_set(task)
    from kinema.bench.calibration import condition_results

    return condition_results(task)


@lru_cache(maxsize=1)
def _set_up(truth: Path | None) -> None:
    import sys

    import cv2

    from kinema.bench.pool import THREADS
    from kinema.metrics import load_all
    from kinema.scenes._store import use_truth_folder

    use_truth_folder(truth)
    cv2.setNumThreads(THREADS)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(THREADS)
    load_all()


@cache
def _reader() -> Reader:
    """One warm decoder for all clips of this worker; it ends with the worker."""
    from kinema.scenes.clip import Reader

    return Reader()


@cache
def _generator(spec: Spec) -> Any:
    made = spec.build()
    _set_up_torch()
    return made


def _set_up_torch() -> None:
    import sys

    from kinema.bench.pool import THREADS

    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(THREADS)


@lru_cache(maxsize=8)
def truth_of_take(scene: SceneRef, take: int, seconds: float) -> Truth:
    """The truth of a take; the last few are kept."""
    from kinema.scenes.world import truth_of

    return truth_of(scene.scene().take(take), seconds)


def case_of(scene: SceneRef, request: Request) -> Case:
    """The case of a scene: its own truth, longer than the clip."""
    return Case.of(truth_of_take(scene, 0, round(CASE_STRETCH * request.seconds, 6)), request)


def _case_of_unit(unit: Unit) -> Case:
    if unit.scene is not None:
        return case_of(unit.scene, unit.request)
    assert unit.shows is not None
    bodies = tuple(Shown(shape=b.shape, colour=b.colour, diameter_m=b.diameter_m) for b in unit.shows.bodies)
    return Case(request=unit.request, claims=unit.claims, shown=bodies, gravity=unit.shows.gravity)


def _do_clip(task: ClipTask) -> Done:
    stages = _Stages()
    place = task.folder / f"{task.unit.number}"
    place.mkdir(parents=True, exist_ok=True)
    done = Done(results={}, seconds=stages.seconds)
    with stages("truth"):
        case = _case_of_unit(task.unit)
    try:
        if task.lost is not None:
            raise _NoClip(task.lost)
        file = _clip_file(task.unit, place, stages)
        done.clip = sha256_of(file)
        done.files = {f"clips/{done.clip}{part.suffix.lower()}": part for part in _parts(file)}
        with stages("read"):
            clip = _reader().read(file)
        _check_length(clip, task.unit)
    except (BrokenClip, _NoClip) as problem:
        done.lost = _plain(str(problem), place)
        done.results = _lost_results(task, case)
        return done
    with stages("observe"):
        seen = _guarded(lambda: look(clip, case, task.features))
    if isinstance(seen, Failed):
        done.results = dict.fromkeys(task.metrics, seen)
        return done
    observation = place / "observation.json"
    write_json(observation, observation_json(seen))
    done.files[f"observations/{done.clip}.json"] = observation
    with stages("score"):
        done.results = scored(seen, case, task.metrics)
    return done


class _NoClip(Exception):
    """The generator gave none."""


def _clip_file(unit: Unit, place: Path, stages: _Stages) -> Path:
    """The unit's clip as a file: copied from where the manifest says, or generated and written."""
    if unit.spec is None:
        if unit.file is None:
            raise _NoClip("the manifest has no clip for this scene")
        with stages("read"):
            return _copied(unit.file, place)
    with stages("generate"):
        try:
            clip = make_clip(unit)
        except KinemaError as problem:
            raise _NoClip(f"the generator gave no clip: {problem}") from None
        except Exception as problem:  # the per-clip boundary: a generator that raises has lost its clip, not the run
            raise _NoClip(f"the generator raised {type(problem).__name__}: {problem} ({_where(problem)})") from None
    with stages("write"):
        try:
            return _written(clip, place / "clip.mp4")
        except BrokenClip:
            raise
        except Exception as problem:  # what is no clip at all breaks the writer in its own ways
            raise _NoClip(f"what the generator gave is no clip: {type(problem).__name__}: {problem}") from None


def make_clip(unit: Unit) -> Clip:
    """Ask the unit's generator; a control is handed the take that the oracle shows."""
    from kinema.bench.generators.controls import ORACLE_TAKE
    from kinema.bench.generators.spec import is_control

    assert unit.spec is not None
    made, given = _generator(unit.spec), unit.request.mode != "t2v"
    request = unit.request
    if given:
        assert unit.scene is not None
        request = replace(request, conditioning=conditioning_of(truth_of_take(unit.scene, 0, request.seconds), request))
    if is_control(made):
        assert unit.scene is not None
        take = 0 if given else ORACLE_TAKE + unit.sample  # what was given is the truth's own beginning: only that can be gone on with
        return made.generate(request, truth_of_take(unit.scene, take, request.seconds))  # type: ignore[no-any-return]
    return made.generate(request)  # type: ignore[no-any-return]


def conditioning_of(truth: Truth, request: Request) -> Clip:
    """What a generator is given beside the text: the first picture, the first pictures, all of them without sound, or the sound alone."""
    from kinema.bench.generators.controls import shown
    from kinema.scenes.clip import Clip

    whole, still = shown(truth, replace(request, mode="t2v", conditioning=None)), np.zeros((0, 0), np.float32)
    match request.mode:
        case "i2v":
            return Clip(whole.frames[:1], whole.times[:1], still, whole.sound_rate)
        case "v2v":
            first = max(1, round(FIRST_SHARE * len(whole.times)))
            heard = whole.sound[:, : round(first / request.fps * whole.sound_rate)]
            return Clip(whole.frames[:first], whole.times[:first], heard, whole.sound_rate)
        case "v2a":
            return Clip(whole.frames, whole.times, still, whole.sound_rate)
        case _:
            return Clip(np.zeros((0, request.height, request.width, 3), np.uint8), np.zeros(0), whole.sound, whole.sound_rate)


def _copied(file: Path, place: Path) -> Path:
    if not file.is_file():
        raise _NoClip(f"{file.name} is missing")
    copy = place / f"clip{file.suffix.lower()}"
    shutil.copyfile(file, copy)
    sound = file.with_suffix(".flac")
    if sound.is_file() and file.suffix.lower() != ".flac":
        shutil.copyfile(sound, copy.with_suffix(".flac"))
    return copy


def _written(clip: Clip, file: Path) -> Path:
    from kinema.scenes.clip import write_clip

    write_clip(clip, file)
    return file


def _parts(file: Path) -> Iterator[Path]:
    yield file
    sound = file.with_suffix(".flac")
    if sound != file and sound.is_file():
        yield sound


def _check_length(clip: Clip, unit: Unit) -> None:
    if len(clip.frames) < LEAST_FRAMES:
        raise _NoClip(f"too short: {len(clip.frames)} frames, and {LEAST_FRAMES} are the least")
    wanted = unit.request.seconds * LEAST_SHARE
    if unit.scene is not None and clip.seconds < wanted:
        raise _NoClip(f"too short: {clip.seconds:.2f} s of the {unit.request.seconds:g} s asked for")


def read_back(clip: Clip, place: Path) -> Clip:
    """Write a clip and read it from what was written; nothing is observed from memory."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        return _reader().read(_written(clip, place / "clip.mp4"))
    finally:
        shutil.rmtree(place, ignore_errors=True)


def observation_json(seen: Observation) -> Any:
    """An observation as it stands in the record."""
    from kinema.metrics.observe.record import to_json

    return to_json(seen)


def scored(seen: Observation, case: Case, names: tuple[str, ...]) -> dict[str, Result]:
    """Every metric's outcome; one that raises, or gives a number that is none, is Failed."""
    return {name: _guarded(lambda name=name: _checked(METRICS[name].load().function(seen, case))) for name in names}  # type: ignore[misc]


def _checked(result: Scored | Unscored) -> Scored | Unscored:
    if isinstance(result, Scored):
        if not math.isfinite(result.value):
            raise ValueError(f"the metric gave {result.value}, which is no number; it said: {result.why}")
        dumps(result.details)
    return result


def _guarded(work: Callable[[], Any]) -> Any:
    """The per-clip boundary: what our own code raises becomes a Failed record with its traceback."""
    try:
        return work()
    except Exception as problem:
        return Failed(error=_trace(problem))


def _lost_results(task: ClipTask, case: Case) -> dict[str, Result]:
    """Worst bounds for all that the case can score: what can be scored shows in a clip that is surely good, the truth's own."""
    cards = {name: METRICS[name].load() for name in task.metrics}
    judges = tuple(one for one in task.features or () if one.name in SINGLE)
    good = _guarded(lambda: _witness(task.unit.scene or WITNESS, task.unit.request, judges))
    if isinstance(good, Failed):
        return dict.fromkeys(task.metrics, good)
    could = scored(good, case, task.metrics)
    worst = {name: Scored(value=card.worst, why="the clip is lost, so this is the worst bound") for name, card in cards.items()}
    return {name: worst[name] if isinstance(could[name], Scored) else could[name] for name in task.metrics}


@lru_cache(maxsize=16)
def _witness(scene: SceneRef, request: Request, judges: tuple[Weights, ...]) -> Observation:
    """What is seen of the scene's own truth."""
    from kinema.scenes.render import clip_of

    case = case_of(scene, request)
    assert case.truth is not None
    return look(clip_of(case.truth, request), case, judges or None)


def _do_truth(task: TruthTask) -> dict[str, Path]:
    from kinema.scenes.render import clip_of

    truth = truth_of_take(task.scene, 0, task.request.seconds)
    place = task.folder / f"truth-{task.scene.id.replace('/', '-')}"
    place.mkdir(parents=True, exist_ok=True)
    write_json(place / "truth.json", truth.to_json())
    _written(clip_of(truth, task.request), place / "truth.mp4")
    found = {f"truth/{task.scene.id}{part.suffix}": part for part in sorted(place.iterdir())}
    if task.features is not None or task.steered:
        observation = place / "observation.json"
        write_json(observation, observation_json(_reference(task, place)))
        found[f"truth/{task.scene.id}{VECTORS}"] = observation
    return found


def _reference(task: TruthTask, place: Path) -> Observation:
    """What another take of the truth shows: all of it where contrast sets are compared, else the vectors alone."""
    from kinema.metrics.features import features_of
    from kinema.scenes.render import clip_of

    another = clip_of(truth_of_take(task.scene, REFERENCE_TAKE, task.request.seconds), task.request)
    clip = read_back(another, place / "another")
    vectors = None if task.features is None else _of_sets(task.features)
    if task.steered:
        return look(clip, case_of(task.scene, task.request), vectors)
    return Observation(width=task.request.width, height=task.request.height, features=features_of(clip, vectors or ()))


def _do_set(task: SetTask) -> dict[str, Result]:
    """Every set metric's outcome; a lost clip counts as a black and silent one."""
    from kinema.metrics.observe.record import from_json

    nothing = Observation()
    if task.features is not None and any(path is None for _, path in task.shown):
        from kinema.metrics.features import features_of_nothing

        nothing = Observation(features=features_of_nothing(_of_sets(task.features)))

    def samples(rows: tuple[tuple[str, Path | None], ...]) -> list[Sample]:
        seen = [nothing if path is None else from_json(read_json(path)) for _, path in rows]
        return [Sample(scene, one, NO_CASE) for (scene, _), one in zip(rows, seen, strict=True)]

    shown, true = samples(task.shown), samples(task.true)
    functions: dict[str, Any] = {name: METRICS[name].load().function for name in task.metrics}
    return {name: _guarded(lambda function=function: _checked(function(shown, true))) for name, function in functions.items()}  # type: ignore[misc]


def _of_sets(networks: tuple[Weights, ...]) -> tuple[Weights, ...]:
    """Those whose vectors are compared as a set."""
    return tuple(one for one in networks if one.name not in SINGLE)


def _plain(text: str, place: Path) -> str:
    """Without the folder in which the clip lay: the record names no places."""
    return text.replace(f"{place}/", "")


def _trace(problem: BaseException) -> str:
    """The traceback by file name and line, without the folders of this machine."""
    frames = traceback.extract_tb(problem.__traceback__)
    steps = [f"{Path(frame.filename).name}:{frame.lineno} in {frame.name}: {frame.line}" for frame in frames]
    return "\n".join([*steps, f"{type(problem).__name__}: {problem}"])


def _where(problem: BaseException) -> str:
    last = traceback.extract_tb(problem.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"

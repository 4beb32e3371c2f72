"""Where 0 and 100 lie: measured once per suite, on seeds that are never scored.

100 is the mean of takes 1 and 2 of the truth, 0 the best of the card's floors. A metric whose ends lie closer than four standard deviations
of the takes has no scale.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.bench.kept import kept
from kinema.bench.plan import Plan, SceneRef, sight_hash, source_hash
from kinema.bench.suite import CALIBRATION_SEEDS, Family, Suite
from kinema.bench.work import CaseTask, case_of, look, scored, truth_of_take
from kinema.files import cache_folder, hash_of, read_json, sha256_of, write_json
from kinema.metrics.look import hints_of
from kinema.metrics.metric import METRICS, Card, Failed, Scored
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES
from kinema.statistics import family_mean

if TYPE_CHECKING:
    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation
    from kinema.scenes.clip import Clip

__all__ = [
    "CONDITIONS",
    "Scales",
    "calibration_scenes",
    "calibration_tasks",
    "clip_of_condition",
    "condition_results",
    "load_measured",
    "save_measured",
    "scale_of",
    "scaled",
    "seeds_of",
    "stranger_of",
]

SEPARATION = 4.0  # standard deviations of takes that the ends must lie apart
TAKES = ("take_1", "take_2")
FIRST_FAMILIES = ("collision", "drop", "pendulum", "projectile")  # their scale does not move when families are added
# Neighbours share their picture, so that a worker draws and observes it once.
CONDITIONS = ("take_1", "silent", "click_track", "degraded", "static", "constant_velocity", "take_2", "other_family")

Measured = dict[str, dict[str, float | None]]  # condition -> metric -> raw value, None where it is Unscored or Failed


@dataclass(frozen=True)
class Scales:
    """The scale of every metric that has one, and the ends of those that turned out to have none."""

    ends: dict[str, dict[str, Any]]
    without: dict[str, dict[str, Any]]

    def scaled(self, metric: str, value: float) -> float | None:
        """A raw value on the metric's scale, clipped to 0-100; None where there is no scale."""
        return scaled(value, self.ends[metric]) if metric in self.ends else None


def calibration_scenes(suite: Suite) -> tuple[SceneRef, ...]:
    """As many scenes of every family as the suite says, drawn with its overrides."""
    return tuple(SceneRef.of(family, family.scene(seed)) for family in suite.families for seed in seeds_of(suite))


def seeds_of(suite: Suite) -> tuple[int, ...]:
    """The seeds of the scenes that the suite's scale is measured on; they are never scored."""
    return tuple(range(CALIBRATION_SEEDS, CALIBRATION_SEEDS + suite.calibration))


def calibration_tasks(suite: Suite, scene: SceneRef, known: Measured, folder: Path, truth: Path | None = None) -> list[CaseTask]:
    """The conditions of one calibration scene that are not known yet, in the order in which they share most."""
    data = scene.scene()
    request = Request(
        prompt=data.prompt, seconds=suite.seconds, width=suite.width, height=suite.height, fps=suite.fps, seed=data.seed
    )
    tasks = []
    for condition in CONDITIONS:
        wanted = tuple(name for name in suite.clip_metrics if condition in TAKES or condition in METRICS[name].load().floors)
        if wanted and condition not in known:
            tasks.append(CaseTask(scene, request, condition, wanted, folder, truth))
    return tasks


def condition_results(task: CaseTask) -> dict[str, float | None]:
    """A worker's part: make the condition's clip, write it, read it back, observe it, score it."""
    case = case_of(task.scene, task.request)
    results = scored(_seen_in(task, case), case, task.metrics)
    failed = next((result for result in results.values() if isinstance(result, Failed)), None)
    if failed is not None:
        raise RuntimeError(f"calibrating on {task.condition} of {task.scene.id}: {failed.error}")
    return {name: result.value if isinstance(result, Scored) else None for name, result in results.items()}


def _seen_in(task: CaseTask, case: Case) -> Observation:
    """What is seen of a condition; kept, but where the truth comes from a folder that nobody answers for."""
    from kinema.bench.generators import controls
    from kinema.bench.work import read_back

    def made() -> tuple[Observation, dict[str, float]]:
        place = task.folder / f"calibration-{task.scene.id.replace('/', '-')}-{task.condition}"
        return look(read_back(clip_of_condition(task), place), case), {}

    if task.truth is not None:
        return made()[0]
    code = [sight_hash(), sha256_of(Path(controls.__file__)), sha256_of(Path(__file__))]
    key = ["calibration", task.scene.id, task.scene.overrides, task.request.to_json(), task.condition, asdict(hints_of(case)), code]
    return kept(key, made)[0]


def clip_of_condition(task: CaseTask) -> Clip:
    """Take 1 or 2, take 1 with one fault, or take 1 of another family's scene."""
    from kinema.bench.generators.controls import shown
    from kinema.bench.generators.spec import parse
    from kinema.metrics.faults import degraded, worn

    if task.condition == "other_family":
        return shown(truth_of_take(stranger_of(task.scene), 1, task.request.seconds), task.request)
    truth = truth_of_take(task.scene, 2 if task.condition == "take_2" else 1, task.request.seconds)
    if task.condition in TAKES:
        return shown(truth, task.request)
    if task.condition == "degraded":
        return degraded(worn(shown(truth, task.request)))
    clip: Clip = parse(task.condition).build().generate(task.request, truth)
    return clip


def stranger_of(scene: SceneRef) -> SceneRef:
    """The scene of the same seed in the next family of the table; the first four families stay among themselves."""
    data = scene.scene()
    names = list(FIRST_FAMILIES) if data.family in FIRST_FAMILIES else list(SCENES)
    other = names[(names.index(data.family) + 1) % len(names)] if data.family in names else names[0]
    return SceneRef(Family(other).scene(data.seed).id)


def _cache_path(suite: Suite, scene: SceneRef) -> Path:
    homes = {METRICS[name].home for name in suite.clip_metrics}
    outside = [sha256_of(Path(home)) for home in sorted(homes) if Path(home).is_file()]
    versions = {name: METRICS[name].version for name in suite.clip_metrics}
    size = [suite.width, suite.height, suite.fps, suite.seconds]
    key = hash_of([scene.id, [list(pair) for pair in scene.overrides], size, versions, CONDITIONS, source_hash(), outside], 40)
    return cache_folder() / "calibration" / f"{key}.json"


def load_measured(suite: Suite, scene: SceneRef) -> Measured:
    """What was measured on a calibration scene earlier, by this code; as far as it came."""
    try:
        value = read_json(_cache_path(suite, scene))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def save_measured(suite: Suite, scene: SceneRef, measured: Measured) -> None:
    """Keep what was measured, for every later run of the suite."""
    write_json(_cache_path(suite, scene), measured)


def scale_of(plan: Plan, measured: Mapping[str, Measured]) -> Scales:
    """The scales that follow from the measurements of all calibration scenes, by scene id."""
    ends: dict[str, dict[str, Any]] = {}
    without: dict[str, dict[str, Any]] = {}
    for name in plan.suite.metrics:
        card = METRICS[name].load()
        if not card.scaled:
            continue
        found = _ends(card, measured)
        (without if "reason" in found else ends)[name] = found
    return Scales(ends, without)


def _ends(card: Card, measured: Mapping[str, Measured]) -> dict[str, Any]:
    takes = _by_family(card.name, measured, TAKES)
    floors = {floor: _by_family(card.name, measured, (floor,)) for floor in card.floors}
    sign = 1.0 if card.better == "higher" else -1.0
    means = {floor: family_mean(values) for floor, values in floors.items() if values}
    if not takes or not means:
        return {"at_100": None, "at_0": None, "floor": None, "takes_sd": None, "reason": "nothing to measure it on"}
    floor = max(means, key=lambda name: sign * means[name])
    at_100, at_0, spread = family_mean(takes), means[floor], _spread(takes.values())
    found = {"at_100": round(at_100, 6), "at_0": round(at_0, 6), "floor": floor, "takes_sd": round(spread, 6)}
    apart = sign * (at_100 - at_0)
    if apart <= 0 or apart < SEPARATION * spread:
        gap = f"{apart / spread:.1f}" if spread > 0 else "0"
        return found | {"reason": f"its ends lie {gap} standard deviations of takes apart, and {SEPARATION:g} are needed"}
    return found


def _by_family(metric: str, measured: Mapping[str, Measured], conditions: Iterable[str]) -> dict[str, list[float]]:
    families: dict[str, list[float]] = {}
    for scene, of in measured.items():
        for condition in conditions:
            value = of.get(condition, {}).get(metric)
            if value is not None:
                families.setdefault(scene.split("@")[0], []).append(value)
    return families


def _spread(groups: Iterable[Sequence[float]]) -> float:
    """Standard deviation of the takes within their families, pooled: families differ by design, takes by chance."""
    squares = degrees = 0.0
    for group in groups:
        squares += float(np.sum((np.asarray(group) - np.mean(group)) ** 2))
        degrees += len(group) - 1
    return math.sqrt(squares / degrees) if degrees > 0 else 0.0


def scaled(value: float, ends: Mapping[str, Any]) -> float:
    """A raw value between a scale's ends, as 0 to 100.

    Example:
        >>> scaled(24.0, {"at_100": 4.0, "at_0": 44.0})
        50.0
    """
    share = float((value - ends["at_0"]) / (ends["at_100"] - ends["at_0"]))
    return round(100 * min(1.0, max(0.0, share)), 4)

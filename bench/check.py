"""``kinema check``: whether scenes, metrics and generators keep to the rules, ours or anyone's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kinema.bench.generators.check import GENERATOR_CHECKS
from kinema.bench.generators.spec import GENERATORS, import_attribute
from kinema.bench.pool import Died, Pool, Raised
from kinema.bench.runner import Progress
from kinema.errors import KinemaError, UnknownName
from kinema.metrics import load_all
from kinema.metrics.check import METRIC_CHECKS
from kinema.metrics.metric import METRICS, Card
from kinema.scenes.check import SCENE_CHECKS
from kinema.scenes.scene import SCENES, Scene

__all__ = ["Finding", "Task", "check", "everything", "handle", "target_of"]

HANDLER = "kinema.bench.check:handle"
Kind = Literal["scene", "metric", "generator"]
CHECKS: dict[Kind, tuple[Callable[[Any], None], ...]] = {"scene": SCENE_CHECKS, "metric": METRIC_CHECKS, "generator": GENERATOR_CHECKS}


@dataclass(frozen=True)
class Task:
    """One check of one thing."""

    kind: Kind
    name: str
    check: str


@dataclass(frozen=True)
class Finding:
    """What came of a check: ``why`` is empty where it holds."""

    task: Task
    why: str

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON."""
        return {"kind": self.task.kind, "name": self.task.name, "check": self.task.check, "ok": not self.why, "why": self.why}


def target_of(text: str) -> Kind:
    """Whether a text names a scene, a metric or a generator.

    Raises:
        UnknownName: it names nothing.

    Example:
        >>> target_of("drop"), target_of("sync/offset"), target_of("late_sound:ms=120")
        ('scene', 'metric', 'generator')
    """
    load_all()
    plain = text.partition(":")[0]
    if text in SCENES:
        return "scene"
    if text in METRICS:
        return "metric"
    if plain in GENERATORS:
        return "generator"
    if ":" not in text:
        raise UnknownName(f"nothing to check is named {text!r}; see kinema list scenes|metrics|generators, or give module:attribute")
    found = import_attribute(text)
    if isinstance(found, type) and issubclass(found, Scene):
        return "scene"
    return "metric" if _card_of(found) is not None else "generator"


def everything() -> list[tuple[Kind, str]]:
    """All that is registered."""
    load_all()
    rows: list[tuple[Kind, str]] = [("scene", name) for name in SCENES]
    rows += [("metric", name) for name in METRICS]
    return rows + [("generator", name) for name in GENERATORS]


def check(targets: Sequence[tuple[Kind, str]], *, workers: int, progress: Progress) -> list[Finding]:
    """Every check of every target, in their order."""
    groups = [[Task(kind, name, one.__name__) for one in CHECKS[kind]] for kind, name in targets]
    total, found = sum(map(len, groups)), {}
    progress("checking", 0, total)
    with Pool(workers, HANDLER) as pool:
        for answer in pool.run(groups):
            value = answer.value
            why = value.trace.strip().splitlines()[-1] if isinstance(value, Raised) else str(value)
            found[answer.task] = Finding(answer.task, f"the check itself failed: {why}" if isinstance(value, Raised | Died) else why)
            progress("checking", len(found), total)
    return [found[task] for group in groups for task in group]


def handle(task: Task) -> str:
    """A worker's part: why a check does not hold; empty where it does."""
    _prepare()
    one = next(one for one in CHECKS[task.kind] if one.__name__ == task.check)
    try:
        one(_loaded(task.kind, task.name))
    except AssertionError as problem:
        return " ".join(str(problem).split()) or f"{task.name}: {(one.__doc__ or task.check).split('.')[0]} does not hold"
    except KinemaError as problem:
        return str(problem)
    except Exception as problem:  # what is checked may do anything
        return f"{task.name} raised {type(problem).__name__}: {problem}"
    return ""


def _prepare() -> None:
    import cv2

    from kinema.bench.pool import THREADS

    cv2.setNumThreads(THREADS)
    load_all()


def _loaded(kind: Kind, name: str) -> Any:
    """The class of scenes, the card, or the text of a generator."""
    if kind == "generator":
        return name
    if kind == "scene":
        return SCENES[name].load() if name in SCENES else import_attribute(name)
    return METRICS[name].load() if name in METRICS else _card_of(import_attribute(name))


def _card_of(thing: Any) -> Card | None:
    """The card of a metric given by its function, or a card itself."""
    if isinstance(thing, Card):
        return thing
    cards = [METRICS[name].load() for name in METRICS]
    return next((card for card in cards if card.function is thing), None)

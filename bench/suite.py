"""Suites: which scenes, of what size, with which controls.

A suite is a TOML file; its identity is the hash of all it resolves to, and of what is true of its scenes.
"""

from __future__ import annotations

import difflib
import hashlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kinema.errors import ConfigError, KinemaError, UnknownName
from kinema.files import hash_of
from kinema.metrics import load_all
from kinema.metrics.features import BACKBONES, SINGLE, Weights
from kinema.metrics.metric import METRICS
from kinema.scenes.camera import MOVES
from kinema.scenes.contrast import contrasts_of
from kinema.scenes.identity import scene_identity
from kinema.scenes.prompts import FLOORS, LIGHTINGS, ROOMS, STYLES
from kinema.scenes.request import Mode
from kinema.scenes.scene import GRAVITY, SCENES, Scene, scene_from_id

__all__ = ["CALIBRATION_SEEDS", "Family", "Suite", "explain", "load_suite", "suite_names"]

CALIBRATION_SEEDS = 1_000_000  # and up; a suite's own seeds lie below
OUTSIDE = (*BACKBONES, *SINGLE)  # networks that a suite may name


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Seeds(_Closed):
    start: int = Field(0, ge=0)
    count: int = Field(ge=1, le=CALIBRATION_SEEDS)


class _FamilyTable(BaseModel):
    """``name`` and any parameter of the scene's data sheet that is to be fixed."""

    model_config = ConfigDict(extra="allow", frozen=True)
    name: str


class _Weights(_Closed):
    """A network from outside: its safetensors file (or a folder with it) and the file's sha256."""

    path: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class SuiteFile(_Closed):
    """What a suite's TOML file may say."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    families: list[str] = []
    family: list[_FamilyTable] = []
    seeds: list[int] | _Seeds
    vary: dict[str, list[str | int | float]] = {}
    contrasts: list[str] = []
    calibration: int = Field(3, ge=1, le=20)
    modes: list[Mode] = ["t2v"]
    metrics: list[str] | None = None
    controls: list[str] = []
    features: dict[str, _Weights] = {}
    width: int = Field(128, ge=16, le=1920, multiple_of=2)
    height: int = Field(128, ge=16, le=1920, multiple_of=2)
    fps: float = Field(24.0, ge=4, le=120)
    seconds: float = Field(2.0, ge=0.5, le=30)


@dataclass(frozen=True)
class Family:
    """A family of scenes with the parameters that the suite fixes, and those that it deals out to the seeds in turn."""

    name: str
    overrides: tuple[tuple[str, Any], ...] = ()
    vary: tuple[tuple[str, tuple[Any, ...]], ...] = ()

    def scene(self, seed: int) -> Scene:
        """The family's scene for a seed."""
        version = SCENES[self.name].load().version
        return scene_from_id(f"{self.name}@{version}/seed={seed}", **dict(self.overrides_of(seed)))

    def scenes(self, seed: int, contrasts: tuple[str, ...] = ()) -> tuple[Scene, ...]:
        """The family's scene for a seed, and every level of the contrast sets that it has of those named."""
        scene = self.scene(seed)
        if not contrasts:
            return (scene,)
        sets = contrasts_of(scene)
        return (scene, *(one for factor in contrasts if factor in sets for one in sets[factor].scenes))

    def overrides_of(self, seed: int) -> tuple[tuple[str, Any], ...]:
        """The parameters that are not drawn for this seed: the fixed ones, and its turn of the others.

        As many seeds in a row as a parameter has values get each value once, in an order of the family's own.

        Example:
            >>> two = Family("drop", vary=(("style", ("night", "clay")),))
            >>> sorted(dict(two.overrides_of(seed))["style"] for seed in (0, 1))
            ['clay', 'night']
        """
        dealt = {key: self._turn(key, values, seed) for key, values in self.vary}
        return tuple(sorted((dealt | dict(self.overrides)).items()))

    def _turn(self, key: str, values: tuple[Any, ...], seed: int) -> Any:
        hand, place = divmod(seed, len(values))
        return sorted(values, key=lambda value: hashlib.sha256(f"{self.name}/{key}/{hand}/{value}".encode()).digest())[place]


@dataclass(frozen=True)
class Suite:
    """A resolved suite: every name in it exists, every default is filled in."""

    name: str
    families: tuple[Family, ...]
    seeds: tuple[int, ...]
    modes: tuple[Mode, ...]
    metrics: tuple[str, ...]
    controls: tuple[str, ...]
    width: int
    height: int
    fps: float
    seconds: float
    open_ended: bool = False  # seeds were given as start and count, so more of them can be asked for
    vary: tuple[tuple[str, tuple[Any, ...]], ...] = ()  # parameters that every family deals out to its seeds in turn
    calibration: int = 3  # scenes of every family that its scale is measured on
    contrasts: tuple[str, ...] = ()  # factors whose levels are asked for beside every scene
    features: tuple[Weights, ...] = ()  # networks from outside, for columns beside our own

    @property
    def clip_metrics(self) -> tuple[str, ...]:
        """The metrics of single clips."""
        return tuple(name for name in self.metrics if METRICS[name].load().over == "clip")

    @property
    def set_metrics(self) -> tuple[str, ...]:
        """The metrics of all clips of a generator together."""
        return tuple(name for name in self.metrics if METRICS[name].load().over == "set")

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """Every scene, family by family."""
        return tuple(one for family in self.families for seed in self.seeds for one in family.scenes(seed, self.contrasts))

    @cached_property
    def truth(self) -> str:
        """The identity of what is true of the suite's scenes: it changes when any of them does, or the code that decides it."""
        return hash_of([scene_identity(scene) for scene in self.scenes], 32)

    def resolved(self) -> dict[str, Any]:
        """Everything that the suite's identity stands for."""
        more: dict[str, Any] = {"vary": {key: list(values) for key, values in self.vary}} if self.vary else {}
        more |= {"contrasts": list(self.contrasts)} if self.contrasts else {}
        more |= {"features": {one.name: one.sha256 for one in self.features}} if self.features else {}
        return more | {
            "truth": self.truth,
            "calibration": self.calibration,
            "name": self.name,
            "families": [
                {"name": f.name, "version": SCENES[f.name].load().version, **dict(f.overrides)} for f in self.families
            ],
            "seeds": list(self.seeds),
            "modes": list(self.modes),
            "metrics": {name: METRICS[name].version for name in self.metrics},
            "controls": list(self.controls),
            "width": self.width,
            "height": self.height,
            "fps": self.fps,
            "seconds": self.seconds,
        }

    @property
    def hash(self) -> str:
        """The identity of the suite."""
        return hash_of(self.resolved())

    @property
    def id(self) -> str:
        """``name@hash``, shortened to eight digits."""
        return f"{self.name}@{self.hash[:8]}"

    def with_seeds(self, count: int) -> Suite:
        """The same suite with its first ``count`` seeds."""
        if not 1 <= count <= CALIBRATION_SEEDS:
            raise ConfigError(f"--seeds {count}: ask for at least one, and for no more than {CALIBRATION_SEEDS:,}")
        if self.open_ended:
            return self._checked_copy(tuple(range(self.seeds[0], self.seeds[0] + count)))
        if count > len(self.seeds):
            raise ConfigError(f"--seeds {count}: suite {self.name} lists {len(self.seeds)} seeds")
        return self._checked_copy(self.seeds[:count])

    def _checked_copy(self, seeds: tuple[int, ...]) -> Suite:
        _check_seeds(self.name, seeds)
        return replace(self, seeds=seeds)

    def family_of(self, scene_id: str) -> Family:
        """The suite's family that a scene belongs to."""
        for family in self.families:
            if scene_id.startswith(f"{family.name}@"):
                return family
        named = ", ".join(family.name for family in self.families)
        raise ConfigError(f"scene {scene_id!r} belongs to no family of suite {self.name}, which has {named}")


def suite_names() -> tuple[str, ...]:
    """The suites that come with Kinema."""
    folder = resources.files("kinema.bench.suites")
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load_suite(name_or_path: str) -> Suite:
    """Read a suite by its name or from a TOML file.

    Raises:
        ConfigError: the file is malformed, has an unknown key, or asks for seeds that are kept for calibration.
        UnknownName: there is no such suite, family, metric or control.

    Example:
        >>> load_suite("smoke").seeds
        (0, 1)
    """
    path = Path(name_or_path)
    if name_or_path in suite_names():
        text = (resources.files("kinema.bench.suites") / f"{name_or_path}.toml").read_text(encoding="utf-8")
    elif path.suffix == ".toml":
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"cannot read the suite {name_or_path}: {error}") from None
    else:
        near = difflib.get_close_matches(name_or_path, suite_names(), n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There is {', '.join(suite_names())}."
        raise UnknownName(f"no suite named {name_or_path!r}. {hint} A file of yours ends in .toml")
    return _resolve(_parse(text, name_or_path), name_or_path)


def _parse(text: str, where: str) -> SuiteFile:
    try:
        return SuiteFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not TOML: {error}") from None
    except ValidationError as error:
        raise ConfigError(f"{where}: {explain(error, [*SuiteFile.model_fields, *_Seeds.model_fields])}") from None


def _resolve(file: SuiteFile, where: str) -> Suite:
    vary = tuple(sorted((key, tuple(dict.fromkeys(values))) for key, values in file.vary.items()))
    empty = next((key for key, values in vary if not values), None)
    if empty is not None:
        raise ConfigError(f"{where}: vary.{empty} lists no value; give it some, for example style = [\"plain\", \"night\"]")
    tables = [Family(name, vary=vary) for name in file.families]
    tables += [Family(table.name, tuple(sorted((table.model_extra or {}).items())), vary) for table in file.family]
    if not tables:
        raise ConfigError(f"{where}: name at least one family, for example families = [\"drop\"]")
    names = [family.name for family in tables]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{where}: family {twice!r} stands there twice; its scenes would share their ids")
    seeds = tuple(file.seeds) if isinstance(file.seeds, list) else _range(file.seeds)
    _check_seeds(where, seeds)
    load_all()
    metrics = tuple(dict.fromkeys(file.metrics)) if file.metrics is not None else _metrics_for(file.modes, file.features)
    for name in metrics:
        METRICS[name]
    suite = Suite(
        name=file.name,
        families=tuple(tables),
        seeds=seeds,
        modes=tuple(dict.fromkeys(file.modes)),
        metrics=metrics,
        controls=tuple(dict.fromkeys(file.controls)),
        width=file.width,
        height=file.height,
        fps=file.fps,
        seconds=file.seconds,
        open_ended=not isinstance(file.seeds, list),
        vary=vary,
        calibration=file.calibration,
        contrasts=tuple(dict.fromkeys(file.contrasts)),
        features=tuple(Weights(name, given.path, given.sha256) for name, given in sorted(file.features.items())),
    )
    _check_features(suite, where)
    _check_overrides(suite, where)
    _check_contrasts(suite, where)
    return suite


def _metrics_for(modes: Iterable[Mode], features: Iterable[str]) -> tuple[str, ...]:
    """Every metric that has something to say about clips of these modes, but for those by networks that nobody gave."""
    cards = [METRICS[name].load() for name in METRICS]
    lacking = {f"features:{name}" for name in OUTSIDE} - {f"features:{name}" for name in features}
    return tuple(card.name for card in cards if set(card.modes) & set(modes) and not lacking & set(card.needs))


def _check_features(suite: Suite, where: str) -> None:
    for one in suite.features:
        if one.name not in OUTSIDE:
            near = difflib.get_close_matches(one.name, OUTSIDE, n=2)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"There is {', '.join(OUTSIDE)}."
            raise ConfigError(f"{where}: features.{one.name} is no network that Kinema can read. {hint}")


def _range(seeds: _Seeds) -> tuple[int, ...]:
    return tuple(range(seeds.start, seeds.start + seeds.count))


def _check_seeds(where: str, seeds: tuple[int, ...]) -> None:
    if not seeds or len(set(seeds)) < len(seeds):
        raise ConfigError(f"{where}: seeds must be at least one whole number, each once")
    wrong = next((seed for seed in seeds if not 0 <= seed < CALIBRATION_SEEDS), None)
    if wrong is not None:
        raise ConfigError(
            f"{where}: seed {wrong} is not below {CALIBRATION_SEEDS:,}; higher ones are kept for calibration and training"
        )


def _check_overrides(suite: Suite, where: str) -> None:
    """Draw scenes of every family, so that a wrong parameter shows before the run starts: one for every value that is dealt out."""
    count = max((len(values) for _, values in suite.vary), default=1)
    for family in suite.families:
        try:
            for seed in range(count):
                _check_words(family.scene(suite.seeds[0] + seed))
        except KinemaError as error:
            raise type(error)(f"{where}: {error}") from None
        except (TypeError, ValueError, KeyError) as error:
            raise ConfigError(f"{where}: family {family.name!r} cannot be drawn: {error!r}") from None


def _check_contrasts(suite: Suite, where: str) -> None:
    """A factor that no family of the suite has is a mistake; one that only some have is not."""
    if not suite.contrasts:
        return
    known = sorted({factor for family in suite.families for factor in contrasts_of(family.scene(suite.seeds[0]))})
    wrong = next((factor for factor in suite.contrasts if factor not in known), None)
    if wrong is not None:
        near = difflib.get_close_matches(wrong, known, n=2)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"They have {', '.join(known)}."
        raise ConfigError(f"{where}: no family of the suite has a contrast in {wrong!r}. {hint}")


def _check_words(scene: Scene) -> None:
    tables: dict[str, Iterable[str]] = {
        "style": STYLES, "lighting": LIGHTINGS, "room": ROOMS, "floor": FLOORS, "move": MOVES, "world": GRAVITY,
    }  # fmt: skip
    for key, known in tables.items():
        value = getattr(scene, key)
        if value not in set(known):
            near = difflib.get_close_matches(str(value), list(known), n=2)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"There is {', '.join(known)}."
            raise ConfigError(f"{scene.family} has no {key} {value!r}. {hint}")


def explain(error: ValidationError, known: Iterable[str]) -> str:
    """The first fault of a validation as one sentence, with a near miss for an unknown key.

    Example:
        >>> try:
        ...     SuiteFile.model_validate({"name": "mine", "seeds": [1], "widht": 64})
        ... except ValidationError as error:
        ...     explain(error, SuiteFile.model_fields)
        "unknown key 'widht'. Did you mean width?"
    """
    faults = error.errors()
    unknown = next((fault for fault in faults if fault["type"] == "extra_forbidden"), None)
    if unknown is None:
        where = ".".join(str(part) for part in faults[0]["loc"])
        text = faults[0]["msg"].removeprefix("Value error, ")
        return f"{where}: {text[:1].lower()}{text[1:]}" if where else text
    key, known = str(unknown["loc"][-1]), list(known)
    near = difflib.get_close_matches(key, known, n=2)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"Known: {', '.join(known)}."
    return f"unknown key {key!r}. {hint}"

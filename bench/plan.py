"""The plan of a run: every unit of work in order, and the resolved configuration that names the run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import kinema
from kinema.bench.generators import clips
from kinema.bench.generators.spec import Spec, is_control, parse
from kinema.bench.suite import CALIBRATION_SEEDS, Family, Suite, load_suite
from kinema.errors import ConfigError
from kinema.files import hash_of, sha256_of
from kinema.metrics.distribution_metrics import LEAST
from kinema.metrics.features import SINGLE, Weights
from kinema.metrics.metric import METRICS
from kinema.scenes.request import Claim, Mode, Request
from kinema.scenes.scene import Scene, scene_from_id

__all__ = ["OUTSIDE", "Plan", "SceneRef", "Unit", "clips_plan", "request_of", "run_plan", "scene_refs", "sight_hash", "source_hash"]

CLIPS = "clips:"  # the prefix of -g that names a manifest
OUTSIDE = "outside"
SIGHT = (  # of metrics/, what an observation of a faulty clip comes of
    "observe", "faults", "observation.py", "picture_style.py", "clip_corpus.py", "colour_difference.py",
)  # fmt: skip
DEFAULT_SUITE = "smoke"  # gives the size and the scale to scenes of a manifest that is scored without a suite


@dataclass(frozen=True)
class SceneRef:
    """A scene by its id and the parameters that the suite fixes; small enough to send to a worker."""

    id: str
    overrides: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, family: Family, scene: Scene) -> SceneRef:
        """A family's scene, with what the suite fixes for its seed."""
        return cls(scene.id, family.overrides_of(scene.seed))

    def scene(self) -> Scene:
        """The scene itself."""
        return scene_from_id(self.id, **dict(self.overrides))


@dataclass(frozen=True, kw_only=True)
class Unit:
    """One clip to be made (or fetched), observed and scored.

    Attributes:
        number: position in the plan.
        generator: the key in the record.
        spec: how to build the generator; None where the clip comes from a manifest.
        scene: None for a clip from outside.
        file: the clip of a manifest, None where the manifest has none for this scene.
    """

    number: int
    generator: str
    version: str
    scene_id: str
    request: Request
    sample: int
    prompt_id: int | None = None
    spec: Spec | None = None
    scene: SceneRef | None = None
    file: Path | None = None
    shows: clips.Shows | None = None

    @property
    def key(self) -> tuple[str, str, str, int]:
        """What tells the unit from all others in the record."""
        return self.generator, self.scene_id, self.request.mode, self.sample

    @property
    def name(self) -> str:
        """The unit's identity: what it is asked and by which version it is answered."""
        return hash_of([*self.key, self.version, self.request.prompt, self.request.seed], 32)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What a clip from outside claims; a scene's claims come from its truth."""
        return self.shows.claims() if self.shows is not None else ()


@dataclass(frozen=True)
class Plan:
    """Everything that is to be done, in order."""

    suite: Suite
    units: tuple[Unit, ...]
    scenes: tuple[SceneRef, ...]
    name: str
    generators: dict[str, str]  # key in the record -> version
    given: dict[str, Any]
    notes: tuple[str, ...] = ()
    truth: Path | None = None  # a data set to take truths from; the scores are the same without it

    def resolved(self) -> dict[str, Any]:
        """What decides the scores: the same for the same command, whatever the number of workers."""
        return {
            "suite": self.suite.resolved(),
            "scenes": [ref.id for ref in self.scenes],
            "units": hash_of([unit.name for unit in self.units]),
            "generators": self.generators,
            "source": source_hash(),
            "kinema": kinema.__version__,
        }

    @property
    def hash(self) -> str:
        """The identity of the run."""
        return hash_of(self.resolved())

    @property
    def folder(self) -> Path:
        """Where the run goes when nothing else is said."""
        return Path("runs") / f"{self.name}-{self.hash[:8]}"

    @property
    def features(self) -> tuple[Weights, ...] | None:
        """The networks from outside that make vectors beside our own; None where no metric can use any, so that none are made."""
        of_sets = any("features" in METRICS[name].load().needs for name in self.suite.set_metrics) and len(self.scenes) >= LEAST
        needs = {need for name in self.suite.clip_metrics for need in METRICS[name].load().needs}
        used = tuple(one for one in self.suite.features if (f"features:{one.name}" in needs if one.name in SINGLE else of_sets))
        return used if of_sets or used else None

    @property
    def steered(self) -> bool:
        """Whether contrast sets are compared with the truth's own, so that the truth's clips have to be observed too."""
        return bool(self.suite.contrasts) and any("contrasts" in METRICS[name].load().needs for name in self.suite.set_metrics)

    @property
    def scaled(self) -> bool:
        """Whether anything here can stand on the suite's scale."""
        return bool(self.scenes)


@cache
def source_hash() -> str:
    """One hash over the code (and the observer's weights, if it has any) that decides what is true, shown, seen and scored."""
    import kinema.metrics
    import kinema.scenes
    from kinema.metrics.observe.backends import VARIABLE, identity

    homes = [Path(package.__path__[0]) for package in (kinema.scenes, kinema.metrics)]
    files = _hashed(homes)
    return hash_of([*files, [VARIABLE, identity()]] if identity() else files, 32)


@cache
def sight_hash() -> str:
    """One hash over the code, and the observer's weights, that decides what is true, damaged, shown, seen and heard, but not scored."""
    import kinema.metrics
    import kinema.scenes
    from kinema.metrics.observe.backends import VARIABLE, identity

    home = Path(kinema.metrics.__path__[0])
    parts = [Path(kinema.scenes.__path__[0]), *(home / name for name in SIGHT)]
    return hash_of([*_hashed(parts), [VARIABLE, identity()]], 32)


def _hashed(homes: Sequence[Path]) -> list[list[str]]:
    """Every module of these folders and files, by its place, with its hash."""
    files = [(home, file) for home in homes for file in (sorted(home.rglob("*.py")) if home.is_dir() else [home])]
    return [[str(file.relative_to(home if home.is_dir() else home.parent)), sha256_of(file)] for home, file in files]


def run_plan(
    suite: Suite, texts: Sequence[str], *, samples: int = 1, only: Sequence[str] = (), given: dict[str, Any] | None = None
) -> Plan:
    """The plan of ``kinema run``.

    Args:
        suite: what is asked.
        texts: generators as given to ``-g``.
        samples: clips per scene and generator.
        only: scene ids; empty means all of the suite's.
        given: the command as typed, for the record.
    """
    if samples < 1:
        raise ConfigError(f"--samples {samples}: ask for at least one")
    refs = scene_refs(suite, only)
    units: list[Unit] = []
    notes: list[str] = []
    for text in dict.fromkeys(texts):
        if text.startswith(CLIPS):
            manifest = clips.read_manifest(Path(text.removeprefix(CLIPS)))
            found, note = _demanded(manifest, suite, refs, whole=not only)
            units += found
            notes += note
        else:
            units += _generated(text, suite, refs, samples)
    return _plan(suite, refs, units, suite.name, given, notes)


def clips_plan(manifest_path: Path, suite: Suite | None, given: dict[str, Any] | None = None) -> Plan:
    """The plan of ``kinema score``: with a suite all of its scenes are asked for, without one only what the manifest lists."""
    if suite is not None:
        return run_plan(suite, [f"{CLIPS}{manifest_path}"], given=given)
    suite = load_suite(DEFAULT_SUITE)
    manifest = clips.read_manifest(manifest_path)
    ids = dict.fromkeys(entry.scene for entry in manifest.entries if entry.scene is not None)
    refs = tuple(SceneRef(scene_id) for scene_id in ids)
    units = [_listed(entry, manifest, suite, SceneRef(entry.scene) if entry.scene else None) for entry in manifest.entries]
    return _plan(suite, refs, units, "score", given, [])


def _plan(
    suite: Suite, refs: Sequence[SceneRef], units: Sequence[Unit], name: str, given: dict[str, Any] | None, notes: Sequence[str]
) -> Plan:
    keys = [unit.key for unit in units]
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ConfigError(f"generator {twice[0]!r} has two clips for {twice[1]}, sample {twice[3]}; give one of them another name")
    from dataclasses import replace

    numbered = tuple(replace(unit, number=number) for number, unit in enumerate(units))
    versions: dict[str, list[str]] = {}
    for unit in units:
        versions.setdefault(unit.generator, []).append(unit.version)
    named = {key: of[0] if len(set(of)) == 1 else hash_of(of, 12) for key, of in versions.items()}
    return Plan(suite, numbered, tuple(refs), name, named, given or {}, tuple(notes))


def scene_refs(suite: Suite, only: Sequence[str] = ()) -> tuple[SceneRef, ...]:
    """The suite's scenes, or those of them (and of its families' other seeds) that are named."""
    if not only:
        every = ((family, one) for family in suite.families for seed in suite.seeds for one in family.scenes(seed, suite.contrasts))
        return tuple(SceneRef.of(family, one) for family, one in every)
    refs = []
    for scene_id in dict.fromkeys(only):
        family, scene = suite.family_of(scene_id), scene_from_id(scene_id)
        if scene.seed >= CALIBRATION_SEEDS:
            raise ConfigError(f"--scene {scene_id}: seeds from {CALIBRATION_SEEDS:,} on are kept for calibration and training")
        refs.append(SceneRef.of(family, scene))
    return tuple(refs)


def _generated(text: str, suite: Suite, refs: Sequence[SceneRef], samples: int) -> list[Unit]:
    spec = parse(text)
    version = spec.version_of(spec.build())
    return [
        Unit(
            number=0,
            generator=text,
            version=version,
            scene_id=ref.id,
            request=request_of(suite, ref.scene(), mode, sample),
            sample=sample,
            prompt_id=ref.scene().prompt_id,
            spec=spec,
            scene=ref,
        )
        for ref in refs
        for mode in suite.modes
        for sample in range(samples)
    ]


def request_of(suite: Suite, scene: Scene, mode: Mode = "t2v", sample: int = 0) -> Request:
    """What is asked. The seed belongs to scene and sample, so that no two clips of a run share their noise."""
    digest = hashlib.sha256(f"{scene.id}#{sample}".encode()).digest()
    return Request(
        prompt=scene.prompt,
        mode=mode,
        seconds=suite.seconds,
        width=suite.width,
        height=suite.height,
        fps=suite.fps,
        seed=int.from_bytes(digest[:4], "big") >> 1,
    )


def _demanded(
    manifest: clips.Manifest, suite: Suite, refs: Sequence[SceneRef], *, whole: bool
) -> tuple[list[Unit], list[str]]:
    """A manifest against a suite: every scene is asked of every generator in it; what it lacks is lost."""
    by_id = {ref.id: ref for ref in refs}
    units: list[Unit] = []
    for entry in manifest.entries:
        if entry.scene is None or entry.scene in by_id:
            units.append(_listed(entry, manifest, suite, by_id.get(entry.scene or "")))
        elif whole:
            raise ConfigError(f"{manifest.path}: {entry.scene} is no scene of suite {suite.id}; leave the suite out to score it")
    absent = 0
    for generator in dict.fromkeys(entry.generator for entry in manifest.entries if entry.scene is not None):
        have = {entry.scene for entry in manifest.entries if entry.generator == generator}
        lacking = [ref for ref in refs if ref.id not in have]
        absent += len(lacking)
        units += [_absent(ref, generator, suite) for ref in lacking]
    note = f"{manifest.path} has no clip for {absent} of the scenes asked for; they count as lost" if absent else ""
    return units, [note] if note else []


def _absent(ref: SceneRef, generator: str, suite: Suite) -> Unit:
    scene = ref.scene()
    return Unit(
        number=0, generator=generator, version="", scene_id=ref.id, request=request_of(suite, scene, "t2v", 0), sample=0,
        prompt_id=scene.prompt_id, scene=ref,
    )  # fmt: skip


def _listed(entry: clips.Entry, manifest: clips.Manifest, suite: Suite, ref: SceneRef | None) -> Unit:
    scene = ref.scene() if ref is not None else None
    prompt = entry.shows.prompt if entry.shows is not None else ""
    return Unit(
        number=0,
        generator=entry.generator,
        version=manifest.version(entry),
        scene_id=entry.scene_id,
        request=request_of(suite, scene, entry.mode, entry.sample) if scene is not None else Request(prompt=prompt),
        sample=entry.sample,
        prompt_id=scene.prompt_id if scene is not None else None,
        scene=ref,
        file=manifest.file(entry).resolve(),
        shows=entry.shows,
    )


def needs_truth(unit: Unit) -> bool:
    """Whether the unit's generator is a control."""
    return unit.spec is not None and is_control(unit.spec.target)

"""What a metric is: a pure function with a card."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeVar

import numpy as np

from kinema.registry import Registry
from kinema.scenes.prompts import claims_of
from kinema.scenes.request import Claim, Request

if TYPE_CHECKING:
    from kinema.metrics.observation import Observation
    from kinema.scenes.truth import Truth

__all__ = [
    "FOLLOWED", "METRICS", "REGISTERED", "Card", "Case", "Failed", "Metric", "Sample", "Scored", "SetMetric", "Shown", "Unscored",
    "metric", "set_metric",
]  # fmt: skip

REGISTERED = ("i2v", "v2v")  # modes in which camera, place and start are given, so that places can be compared as they are
FOLLOWED = 12  # bodies at most that the observer tracks
CROWD = 2  # bodies of one colour that touch at the start and are still told apart
TOUCHING = 1.05  # of the sum of two radii, apart in the picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A value in the card's unit, and one sentence with numbers that says where it comes from."""

    value: float
    why: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """The truth has nothing to say about this."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Our own code raised; ``error`` is the traceback."""

    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a manifest says of a body in a clip from outside; only the shape is required."""

    shape: str = "ball"
    colour: str | None = None
    diameter_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What was asked and, where it is known, what is true.

    ``truth`` is None for clips from outside; ``shown`` then holds what the manifest says of the bodies (with truth: made from it).
    ``gravity`` is the case's g in m/s^2.
    """

    request: Request
    claims: tuple[Claim, ...] = ()
    truth: Truth | None = None
    shown: tuple[Shown, ...] = ()
    gravity: float = 9.81
    laws: tuple[str, ...] = ()

    @classmethod
    def outside(cls, prompt: str, *shown: Shown, gravity: float = 9.81) -> Self:
        """A clip that nobody simulated."""
        return cls(request=Request(prompt=prompt), shown=shown, gravity=gravity)

    @classmethod
    def of(cls, truth: Truth, request: Request) -> Self:
        """A simulated scene: of its bodies those that are followed by name."""
        scene, truth = truth.scene, truth.of_subjects()
        shown = tuple(Shown(shape=b.shape, colour=b.colour, diameter_m=2 * b.radius) for b in truth.bodies)
        return cls(request=request, claims=claims_of(scene), truth=truth, shown=shown, gravity=truth.gravity, laws=scene.laws)

    @property
    def unfollowed(self) -> str:
        """Why this version's observer cannot follow the bodies, "" where it can."""
        if self.truth is None:
            return ""
        if not self.truth.bodies:
            return "the truth has no body that is followed by name"
        if len(self.truth.bodies) > FOLLOWED:
            return f"the observer follows at most {FOLLOWED} bodies, the truth has {len(self.truth.bodies)}"
        crowd = _crowd(self.truth)
        return "" if crowd <= CROWD else f"{crowd} bodies of one colour touch at the start, and the observer cannot tell them apart"


def _crowd(truth: Truth) -> int:
    """How many bodies of one colour touch one another in the first picture, at most."""
    camera = truth.cameras(truth.times[:1])[0]
    places = camera.project(truth.position[0], 1, 1)
    depth = (truth.position[0] - camera.eye) @ camera.axes[1]
    radii = [b.radius * camera.pixels_per_metre(1, 1) * camera.distance / d for b, d in zip(truth.bodies, depth, strict=True)]
    group = list(range(len(radii)))
    for i, one in enumerate(truth.bodies):
        for j, two in enumerate(truth.bodies[:i]):
            if one.colour == two.colour and np.hypot(*(places[i] - places[j])) < TOUCHING * (radii[i] + radii[j]):
                old, new = group[i], group[j]
                group = [new if k == old else k for k in group]
    return max((group.count(k) for k in group), default=0)


class Sample(NamedTuple):
    """One clip of a set: the id of its scene, what was seen in it, and its case."""

    scene: str
    seen: Observation
    case: Case


Metric = Callable[["Observation", Case], "Scored | Unscored"]
SetMetric = Callable[[Sequence[Sample], Sequence[Sample]], "Scored | Unscored"]
M = TypeVar("M", bound=Metric)
S = TypeVar("S", bound=SetMetric)
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A metric's fixed facts.

    ``worst`` is the value of a lost clip; ``floors`` name the generators whose best mean is 0 on the scale; ``gate`` marks a value in
    [0, 1] that multiplies its axis. ``scaled`` False: printed raw and in no axis. ``summary`` is the first line of the docstring.

    What it is valid for, tried by ``kinema validate``: ``own`` are the faults (names in ``faults.FAULTS``) that it is made to notice, in
    order of dose; ``coupled`` are others that it must notice too, each with the reason, at most four; no other fault may move it.
    ``blind`` are sentences on what it cannot see. ``formula`` is its definition in one line of text, ``source`` where that is from.
    ``over`` says what it is a number of: one clip, or a set of clips. ``legacy``: a peer's number under its own name, for comparison.
    """

    name: str
    version: int
    unit: str
    better: Literal["higher", "lower", "zero"]
    best: float
    worst: float
    modes: tuple[str, ...]
    needs: tuple[str, ...]
    source: str
    floors: tuple[str, ...]
    gate: bool
    scaled: bool
    summary: str
    function: Metric
    formula: str = ""
    own: tuple[str, ...] = ()
    coupled: Mapping[str, str] = field(default_factory=dict)
    blind: tuple[str, ...] = ()
    over: Literal["clip", "set"] = "clip"
    legacy: bool = False

    @property
    def axis(self) -> str:
        """``dynamics``, ``sync``, ``adherence`` or ``realism``."""
        return self.name.split("/")[0]


METRICS: Registry[Card] = Registry("metric")
FLOORS = {
    "dynamics": ("static", "constant_velocity"),
    "sync": ("silent", "click_track"),
    "adherence": ("other_family",),
    "realism": ("degraded",),
}


def metric(
    name: str,
    *,
    version: int,
    unit: str,
    better: Literal["higher", "lower", "zero"],
    best: float,
    worst: float,
    modes: tuple[str, ...] = ("t2v", "i2v", "v2v", "v2a", "a2v"),
    needs: tuple[str, ...] = (),
    source: str,
    formula: str = "",
    own: tuple[str, ...] = (),
    coupled: Mapping[str, str] = NOTHING,
    blind: tuple[str, ...] = (),
    gate: bool = False,
    scaled: bool = True,
    legacy: bool = False,
) -> Callable[[M], M]:
    """Register a function as a metric; the function itself is returned untouched."""

    def register(function: M) -> M:
        facts: dict[str, Any] = {"version": version, "unit": unit, "better": better, "best": best, "worst": worst, "modes": modes}
        facts |= {"needs": needs, "source": source, "formula": formula, "own": own, "coupled": coupled, "blind": blind}
        _add(name, function, gate=gate, scaled=scaled and not gate and not legacy, legacy=legacy, **facts)
        return function

    return register


def set_metric(
    name: str,
    *,
    version: int,
    unit: str,
    better: Literal["higher", "lower", "zero"],
    best: float,
    worst: float,
    modes: tuple[str, ...] = ("t2v", "i2v", "v2v", "v2a", "a2v"),
    needs: tuple[str, ...] = (),
    source: str,
    formula: str = "",
    own: tuple[str, ...] = (),
    coupled: Mapping[str, str] = NOTHING,
    blind: tuple[str, ...] = (),
    legacy: bool = False,
) -> Callable[[S], S]:
    """Register a function of a set of clips and of the truth's own clips as a metric, such as a Frechet distance.

    It is given the generator's samples and the truth's, neither in any order that means something, and gives one ``Scored`` with
    ``details["low"]``, ``details["high"]`` (95 % bootstrap over scenes) and ``details["floor"]`` (its value on the truth's own halves),
    or ``Unscored`` where the set is too small or lacks what it needs. It stands once per generator in the record, with scene ``"*"``.
    """

    def register(function: S) -> S:
        facts: dict[str, Any] = {"version": version, "unit": unit, "better": better, "best": best, "worst": worst, "modes": modes}
        facts |= {"needs": needs, "source": source, "formula": formula, "own": own, "coupled": coupled, "blind": blind}
        _add(name, function, gate=False, scaled=False, over="set", legacy=legacy, **facts)
        return function

    return register


def _add(name: str, function: Any, **facts: Any) -> None:
    floors = FLOORS.get(name.split("/", maxsplit=1)[0], ())
    summary = (function.__doc__ or "").strip().split("\n")[0]
    facts["coupled"] = dict(facts["coupled"])  # cards are copied and sent to other processes
    card = Card(name=name, floors=floors, summary=summary, function=function, **facts)
    home = os.path.realpath(getattr(function, "__code__").co_filename)  # noqa: B009  (a callable object has none: then it is its own home)
    METRICS.add(name, card, home=home, version=card.version)

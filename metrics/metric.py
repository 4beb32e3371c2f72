"""What a metric is: a pure function with a card."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self, TypeVar

import numpy as np

from kinema.registry import Registry
from kinema.scenes.prompts import claims_of
from kinema.scenes.request import Claim, Request
from kinema.scenes.shapes import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation
    from kinema.scenes.truth import Truth

__all__ = [
    "FOLLOWED", "METRICS", "REGISTERED", "Card", "Case", "Failed", "Metric", "Sample", "Scored", "SetMetric", "Shown", "Unscored",
    "metric", "set_metric",
]  # fmt: skip

REGISTERED = ("i2v", "v2v")  # modes in which camera, place and start are given, so that places can be compared as they are
FOLLOWED = 12  # bodies at most that the observer tracks
CROWD, CROWD_OF_BALLS = 2, 3  # bodies of one colour that touch at the start and are still told apart
LEAST_BALL = 7.0  # pixels across, from which balls that touch are told apart
LEAST_WAY = 0.75  # pixels in 64 of the picture that something must move for anything to be found
TURNED = 0.9997  # |cosine| of half an angle: 3 degrees
THIN = 3.0  # pixels: boxes side by side must be as thick
PASSING, CROSSING = 1.1, 12.0  # of the sum of radii at which one is before the other; pixels across that are needed for telling them apart
MOMENTS = 25  # of a truth that are looked at
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
        return "" if self.truth is None else _unfollowed(_Asked(self.truth, self.request.width, self.request.height, self.request.seconds))


class _Asked:
    """A truth and the picture it is asked for; the same as another if the truth is the very same object."""

    def __init__(self, truth: Truth, width: int, height: int, seconds: float) -> None:
        self.truth, self.picture = truth, (width, height, seconds)

    def __hash__(self) -> int:
        return hash((id(self.truth), self.picture))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Asked) and other.truth is self.truth and other.picture == self.picture


@lru_cache(maxsize=8)
def _unfollowed(asked: _Asked) -> str:
    """Why the observer cannot follow the bodies of a truth in a picture of some size, "" where it can."""
    truth, (width, height, seconds) = asked.truth, asked.picture
    if not truth.bodies:
        return "the truth has no body that is followed by name"
    if len(truth.bodies) > FOLLOWED:
        return f"the observer follows at most {FOLLOWED} bodies, the truth has {len(truth.bodies)}"
    places, radii = _discs(truth, width, height, seconds)
    travelled = float(np.ptp(places, axis=0).max())
    if travelled < LEAST_WAY * min(width, height) / 64:
        return f"nothing moves in the truth by more than {travelled:.1f} px, and only what moves is found"
    return _not_told_apart(truth, places, radii)


def _not_told_apart(truth: Truth, places: NDArray[np.float64], radii: NDArray[np.float64]) -> str:
    """Why the observer would take one body for another, "" where it does not."""
    crowd, most = _crowd(truth, places[0], radii[0])
    if crowd > most:
        return f"{crowd} bodies of one colour touch at the start, and the observer cannot tell them apart"
    thin = _thinnest(truth, radii[0])
    if thin < THIN and len(truth.bodies) > 1:
        return f"bodies side by side are {thin:.1f} px thick, and the observer tells them apart from {THIN:g} px on"
    small = _crossing(truth, places, radii)
    if small < CROSSING:
        return f"bodies of one colour and {small:.0f} px pass before one another, and the observer tells them apart from {CROSSING:g} px on"
    return ""


def _discs(truth: Truth, width: int, height: int, seconds: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(moments, bodies, 2) pixels where bodies are in the picture, and (moments, bodies) their radii there."""
    last = min(int(np.searchsorted(truth.times, seconds)), len(truth.times) - 1)
    pick = np.unique(np.linspace(0, last, MOMENTS).astype(int))
    places, radii = [], []
    for i, camera in zip(pick.tolist(), truth.cameras(truth.times[pick]), strict=True):
        depth = (truth.position[i] - camera.eye) @ camera.axes[1]
        ruler = camera.pixels_per_metre(width, height) * camera.distance
        places.append(camera.project(truth.position[i], width, height))
        radii.append([b.radius * ruler / d for b, d in zip(truth.bodies, depth, strict=True)])
    turned = float(np.abs(np.einsum("ibk,bk->ib", truth.orientation[pick], truth.orientation[0])).min())
    found = np.array(places, dtype=float)
    if turned < TURNED:  # what turns on its place moves, too
        found[0] -= float(np.max(radii))
    return found, np.array(radii, dtype=float)


def _crowd(truth: Truth, places: NDArray[np.float64], radii: NDArray[np.float64]) -> tuple[int, int]:
    """How many bodies of one colour touch one another in the first picture, at most; and how many may."""
    group = list(range(len(radii)))
    for i, one in enumerate(truth.bodies):
        for j, two in enumerate(truth.bodies[:i]):
            if one.colour == two.colour and np.hypot(*(places[i] - places[j])) < TOUCHING * (radii[i] + radii[j]):
                old, new = group[i], group[j]
                group = [new if k == old else k for k in group]
    most = max(group, key=group.count)
    balls = all(body.form.kind == "ball" for body, k in zip(truth.bodies, group, strict=True) if k == most)
    return group.count(most), (CROWD_OF_BALLS if 2 * float(radii.min()) >= LEAST_BALL else 1) if balls else CROWD


def _thinnest(truth: Truth, radii: NDArray[np.float64]) -> float:
    """Pixels of the shortest side of any box."""
    sides = [2 * r / b.radius * 0.5 * min(b.form.size) for b, r in zip(truth.bodies, radii, strict=True) if isinstance(b.form, Box)]
    return float(min(sides, default=np.inf))


def _crossing(truth: Truth, places: NDArray[np.float64], radii: NDArray[np.float64]) -> float:
    """Pixels across of the smallest body, but for balls, that another of its colour passes before or behind."""
    found = [np.inf]
    for i, one in enumerate(truth.bodies):
        for j, two in enumerate(truth.bodies[:i]):
            near = np.hypot(*(places[:, i] - places[:, j]).T) < PASSING * (radii[:, i] + radii[:, j])
            if one.colour == two.colour and near.any() and "ball" not in (one.form.kind, two.form.kind):
                found.append(2 * float(min(radii[:, i].min(), radii[:, j].min())))
    return min(found)


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

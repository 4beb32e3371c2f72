"""What a metric's answers to known faults prove: dose and response, specificity, the smallest dose told apart. Statistics alone.

A *response* is how much worse a faulty clip is than the same take without the fault, in the metric's own unit, positive when worse.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.statistics import family_mean

if TYPE_CHECKING:
    from kinema.metrics.faults import Fault
    from kinema.metrics.metric import Card

__all__ = [
    "AXIS_CHECKS", "COUPLED", "LEAST_DOSES", "MONOTONE", "PAIRS", "SPECIFIC", "AxisCheck", "AxisResult", "Curve", "Point", "Reading",
    "Tried", "Validity", "axis_value", "badness", "curve_of", "curve_of_sets", "judged", "least_effect", "monotony", "smallest_told",
]  # fmt: skip

MONOTONE = 0.95  # Spearman's rank correlation of dose and mean response that a metric's own faults must reach
LEAST_DOSES = 7  # besides none
SPECIFIC = 0.05  # of a metric's full response, that any fault which its card does not name may move it by
COUPLED = 4  # faults at most that a card may name as coupled
PAIRS, POWER, LEVEL = 20, 0.95, 0.05  # n, power and two-sided level at which a dose counts as told apart from none
Z95 = 1.959964  # standard errors of a 95 % interval
ENOUGH = 3  # scenes from which on a spread is worth a word


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One faulty clip by one metric: its value, and that of the take without the fault; None where it was not Scored."""

    family: str
    scene: str
    value: float | None
    plain: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """The response at one dose: mean and standard deviation over scenes, and how many there were."""

    dose: float
    mean: float
    sd: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A metric's response to one fault.

    Attributes:
        fault, unit: which, and what its doses are measured in.
        points: by strength.
        spearman: of dose and mean response, dose 0 included; None where nothing was tried.
        told: the smallest dose told apart from none, and all stronger ones with it; None where there is none.
        dropped: clips that were not Scored though their take without the fault was.
    """

    fault: str
    unit: str
    points: tuple[Point, ...]
    spearman: float | None
    told: float | None
    dropped: int = 0

    @property
    def worst(self) -> float:
        """The largest mean response, whatever its sign."""
        return max((abs(point.mean) for point in self.points), default=0.0)

    @property
    def full(self) -> float:
        """The largest mean response for the worse."""
        return max((point.mean for point in self.points), default=0.0)

    @property
    def n(self) -> int:
        """Scenes."""
        return max((point.n for point in self.points), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """All that was measured of one metric, and in what it falls short."""

    metric: str
    version: int
    unit: str
    own: tuple[Curve, ...]
    others: tuple[Curve, ...]
    coupled: tuple[str, ...]
    full: float
    takes_sd: float | None
    misses: tuple[str, ...]
    scored: int
    cost: dict[str, float] = field(default_factory=dict)

    @property
    def stray(self) -> Curve | None:
        """Of the faults that the card does not name the one that moves the metric most."""
        free = [curve for curve in self.others if curve.fault not in self.coupled and curve.points]
        return max(free, key=lambda curve: curve.worst, default=None)

    @property
    def stray_share(self) -> float | None:
        """Its largest response over the metric's full one."""
        stray = self.stray
        return None if stray is None or self.full <= 0 else stray.worst / self.full

    def to_json(self) -> dict[str, Any]:
        """As it stands in ``validity.json``."""
        stray = self.stray
        return {
            "metric": self.metric, "version": self.version, "unit": self.unit, "full": self.full, "takes_sd": self.takes_sd,
            "own": [asdict(curve) for curve in self.own], "others": [asdict(curve) for curve in self.others],
            "coupled": list(self.coupled), "misses": list(self.misses), "scored": self.scored, "cost": self.cost,
            "stray": None if stray is None else {"fault": stray.fault, "share": self.stray_share, "response": stray.worst},
        }  # fmt: skip


def badness(value: float, better: str) -> float:
    """How bad a value is, in the metric's own unit: rising.

    Example:
        >>> badness(3.0, "lower"), badness(3.0, "higher"), badness(-3.0, "zero")
        (3.0, -3.0, 3.0)
    """
    return {"lower": value, "higher": -value, "zero": abs(value)}[better]


def least_effect(pairs: int = PAIRS, power: float = POWER, level: float = LEVEL) -> float:
    """The mean over the standard deviation of differences of pairs that is found with this power: ``(z_(1-a/2) + z_p) / sqrt(n)``.

    The normal approximation of a paired comparison of means (Chow, Shao and Wang, Sample Size Calculations in Clinical Research, 3.1).

    Example:
        >>> round(least_effect(), 3)
        0.806
    """
    from scipy.stats import norm

    return float((norm.ppf(1 - level / 2) + norm.ppf(power)) / math.sqrt(pairs))


def monotony(doses: Sequence[float], means: Sequence[float]) -> float:
    """Spearman's rank correlation of dose and mean response, with no response at dose 0; ties share their ranks.

    Where doses have two signs, the response to negative ones is counted negative: so both sides must rise with strength, and one may
    rise faster than the other. No response at all is 0.

    Example:
        >>> monotony([1, 2, 3], [0.1, 0.2, 0.9]), round(monotony([-2, -1, 1, 2], [5, 2, 1, 3]), 3)
        (1.0, 1.0)
    """
    from scipy.stats import rankdata

    both = min(doses) < 0 < max(doses)
    x = np.array([0.0, *doses])
    y = np.array([0.0, *(math.copysign(1, dose) * mean if both else mean for dose, mean in zip(doses, means, strict=True))])
    a, b = rankdata(x if both else np.abs(x)), rankdata(np.round(y, 9))
    if np.ptp(b) == 0:
        return 0.0
    return round(float(np.corrcoef(a, b)[0, 1]), 6)


def smallest_told(points: Iterable[Point]) -> float | None:
    """The smallest dose that is told apart from none, as all stronger ones of its sign are; of two signs the later one's."""
    found: list[float] = []
    points = list(points)
    for sign in sorted({math.copysign(1, point.dose) for point in points}):
        told = None
        for point in sorted((p for p in points if math.copysign(1, p.dose) == sign), key=lambda p: -abs(p.dose)):
            if point.n < ENOUGH or point.mean <= 0 or point.mean < least_effect() * point.sd:
                break
            told = point.dose
        if told is None:
            return None
        found.append(told)
    return max(found, key=abs, default=None)


def curve_of(fault: Fault, tried: Mapping[float, Sequence[Tried]], better: str) -> Curve:
    """A metric's curve from what was tried of a fault, by dose.

    Of a fault that a clip has or has not (``by_scene``) only the full dose is tried: a share of the scenes responds by that share of it.
    """
    rows = {dose: [badness(t.value, better) - badness(t.plain, better) for t in of if t.value is not None] for dose, of in tried.items()}
    dropped = sum(t.value is None for of in tried.values() for t in of)
    if fault.by_scene:
        points = _shared(fault.doses, np.array(rows.get(1.0, [])))
    else:
        points = tuple(_point(dose, np.array(rows[dose])) for dose in fault.doses if rows.get(dose))
    doses, means = [point.dose for point in points], [point.mean for point in points]
    spearman = monotony(doses, means) if points else None
    return Curve(fault=fault.name, unit=fault.unit, points=points, spearman=spearman, told=smallest_told(points), dropped=dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The value of a set of clips, the larger the worse, with its 95 % interval; how many clips."""

    value: float
    low: float
    high: float
    n: int


def curve_of_sets(fault: Fault, plain: Reading, found: Mapping[float, Reading]) -> Curve:
    """The curve of a metric of sets: value less that without a fault. A dose is told apart where the intervals do not overlap."""
    points, told = [], None
    for dose in fault.doses:
        if (one := found.get(dose)) is not None:
            sd = (one.high - one.low) / (2 * Z95) * math.sqrt(one.n)  # whose interval of the mean is the set's own
            points.append(Point(dose=dose, mean=_short(one.value - plain.value), sd=_short(sd), n=one.n))
    for dose in reversed(fault.doses):
        if dose not in found or found[dose].low <= plain.high:
            break
        told = dose
    means = [point.mean for point in points]
    spearman = monotony([point.dose for point in points], means) if points else None
    return Curve(fault=fault.name, unit=fault.unit, points=tuple(points), spearman=spearman, told=told)


def _point(dose: float, responses: np.ndarray[Any, np.dtype[np.float64]]) -> Point:
    n = len(responses)
    return Point(dose=dose, mean=_short(responses.mean()), sd=_short(responses.std(ddof=1)) if n > 1 else 0.0, n=n)


def _shared(doses: Sequence[float], full: np.ndarray[Any, np.dtype[np.float64]]) -> tuple[Point, ...]:
    """Mean and spread where a share of the scenes responds in full and the others not at all."""
    if not len(full):
        return ()
    mean, square = float(full.mean()), float((full**2).mean())
    spread = [math.sqrt(max(dose * square - (dose * mean) ** 2, 0.0)) for dose in doses]
    return tuple(Point(dose=dose, mean=_short(dose * mean), sd=_short(sd), n=len(full)) for dose, sd in zip(doses, spread, strict=True))


def _short(value: float) -> float:
    """Seven digits: enough to read, and the same on every machine."""
    return float(f"{float(value):.7g}")


def judged(
    card: Card,
    curves: Mapping[str, Curve],
    *,
    scored: int,
    takes_sd: float | None = None,
    cost: Mapping[str, float] | None = None,
    asked: Iterable[str] | None = None,
) -> Validity:
    """What the curves of a metric, by fault, say about it.

    Args:
        card: the metric's.
        curves: of every fault that was tried.
        scored: scenes on which the metric is Scored without any fault.
        takes_sd: standard deviation of the metric over takes of a scene.
        cost: milliseconds per clip.
        asked: the faults that were to be tried; None is all of the card's.
    """
    wanted = [name for name in card.own if asked is None or name in set(asked)]
    own = tuple(curves[name] for name in wanted if name in curves)
    others = tuple(curve for name, curve in curves.items() if name not in card.own)
    full = max((curve.full for curve in own), default=0.0)
    made = Validity(
        metric=card.name, version=card.version, unit=card.unit, own=own, others=others, coupled=tuple(card.coupled), full=full,
        takes_sd=takes_sd, misses=(), scored=scored, cost=dict(cost or {}),
    )  # fmt: skip
    from dataclasses import replace

    return replace(made, misses=tuple(_misses(card, made, wanted)))


def _misses(card: Card, found: Validity, wanted: Sequence[str]) -> Iterable[str]:
    if not card.own:
        yield "its card names no fault of its own"
        return
    if not found.scored:
        yield "it is Scored on none of the scenes"
        return
    known = {curve.fault: curve for curve in found.own}
    for name in wanted:
        curve = known.get(name)
        if curve is None or curve.spearman is None:
            yield f"{name}: no scene where the fault applies and the metric is Scored"
        elif curve.spearman < MONOTONE:
            yield f"{name}: Spearman {curve.spearman:.2f}, and {MONOTONE:g} is asked for"
        elif len(curve.points) < LEAST_DOSES:
            yield f"{name}: {len(curve.points)} doses, and {LEAST_DOSES} are asked for"
    for curve in found.others:
        share = curve.worst / found.full if found.full > 0 else 0.0
        if curve.fault not in card.coupled and share > SPECIFIC:
            yield f"{curve.fault}: moves it by {100 * share:.0f} % of its full response, and its card does not name it"
    dropped = sum(curve.dropped for curve in (*found.own, *found.others))
    if dropped:
        names = ", ".join(curve.fault for curve in (*found.own, *found.others) if curve.dropped)
        yield f"{dropped} faulty clips are not Scored though the takes without the fault are ({names})"
    if len(card.coupled) > COUPLED:
        yield f"its card names {len(card.coupled)} coupled faults, and {COUPLED} are the most"


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisCheck:
    """What the whole axis of dynamics must make of a fault: at least ``low`` or at most ``high`` of 100."""

    name: str
    fault: str
    doses: tuple[float, ...]
    low: float | None = None
    high: float | None = None
    law: str = ""  # only families with this law


AXIS_CHECKS = (
    AxisCheck(name="shifted", fault="shift", doses=(20.0,), low=90.0),
    AxisCheck(name="zoomed", fault="zoom", doses=(-40.0, 20.0), low=90.0),
    AxisCheck(name="panned", fault="pan", doses=(10.0,), low=90.0),
    AxisCheck(name="late by 0.25 s", fault="late_start", doses=(0.25,), low=90.0),
    AxisCheck(name="1.1 times slower", fault="time_stretch", doses=(10.0,), low=90.0),
    AxisCheck(name="sinks at constant speed", fault="constant_velocity", doses=(1.0,), high=40.0),
    AxisCheck(name="vanishes", fault="vanish", doses=(0.67,), high=40.0),
    AxisCheck(name="runs backwards", fault="reversal", doses=(1.0,), high=40.0, law="arrow_of_time"),
    AxisCheck(name="sticks on impact", fault="sticks", doses=(1.0,), high=60.0),
    AxisCheck(name="a quarter of the gravity", fault="gravity", doses=(-2.0,), high=60.0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisResult:
    """What came of one check: the axis with the fault, and without it on the same scenes; means of family means."""

    check: AxisCheck
    value: float | None
    plain: float | None
    n: int

    @property
    def good(self) -> bool | None:
        """Whether it holds; None where nothing was tried."""
        if self.value is None:
            return None
        return (self.check.low is None or self.value >= self.check.low) and (self.check.high is None or self.value <= self.check.high)

    @property
    def asked(self) -> str:
        """The bound in words."""
        return f"at least {self.check.low:g}" if self.check.low is not None else f"at most {self.check.high:g}"

    @classmethod
    def of(cls, check: AxisCheck, rows: Sequence[tuple[str, float, float]]) -> AxisResult:
        """From (family, axis with the fault, axis without) of each clip."""
        if not rows:
            return cls(check=check, value=None, plain=None, n=0)
        value, plain = (family_mean(_by_family(pairs)) for pairs in ([(f, v) for f, v, _ in rows], [(f, p) for f, _, p in rows]))
        return cls(check=check, value=round(value, 2), plain=round(plain, 2), n=len(rows))

    def to_json(self) -> dict[str, Any]:
        """As it stands in ``validity.json``."""
        return {**asdict(self.check), "value": self.value, "plain": self.plain, "n": self.n, "good": self.good, "asked": self.asked}


def _by_family(rows: Iterable[tuple[str, float]]) -> dict[str, list[float]]:
    families: dict[str, list[float]] = {}
    for family, value in rows:
        families.setdefault(family, []).append(value)
    return families


def axis_value(
    values: Mapping[str, float | None], scaled: Callable[[str, float], float | None], gates: Iterable[str], axis: str = "dynamics"
) -> float | None:
    """A clip's axis: the mean of its scaled metrics times its gates; None where no metric of it is scaled.

    Example:
        >>> axis_value({"dynamics/a": 0.5, "dynamics/b": 1.0}, lambda name, value: 80.0 if name.endswith("a") else None, ["dynamics/b"])
        80.0
    """
    mine = {name: value for name, value in values.items() if value is not None and name.startswith(f"{axis}/")}
    points = [point for name, value in mine.items() if (point := scaled(name, value)) is not None]
    if not points:
        return None
    return float(np.mean(points)) * math.prod(mine[gate] for gate in gates if gate in mine)

"""Does changing one factor of the prompt change that, and nothing else? Metrics of a set of clips, over contrast sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Sample, Scored, Unscored, set_metric
from kinema.metrics.steering import NULL, QUANTITIES, measured

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Change", "changes", "steer_direction", "steer_drift", "steer_gain", "steer_order"]

ORDERED = ("gravity", "restitution", "speed", "size", "count", "start", "room")  # factors whose levels have an order
TELLS = 2.0  # standard deviations of the null by which the truth's own change must show
FOLLOWS = 0.1  # -, share of the asked change from which on a clip goes along with it; noise alone does so half the time
FREE = 1.0  # standard deviations by which the truth's own quantity may change and still count as off target
MOST_DRIFT = 10.0  # times the null
FEWEST = 2  # contrast sets
DRAWS, SEED = 500, 20  # of the bootstrap over scenes
Quantities = dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Two neighbouring levels of a factor.

    Attributes:
        scene: id without the factor.
        factor: what was changed.
        gain: the clips' change along the truth's over the truth's; 1 is as asked, 0 none.
        drift: changes of other quantities, which the truth's clips do not show, in standard deviations of the null.
    """

    scene: str
    factor: str
    gain: float
    drift: tuple[float, ...]


def changes(shown: Sequence[Sample], true: Sequence[Sample]) -> list[Change]:
    """Every pair of neighbouring levels in which the truth's own clips differ measurably."""
    ours, theirs = _by_scene(shown), _by_scene(true)
    null = _null(ours, theirs)
    found = []
    for (scene, factor), levels in _sets(theirs).items():
        for one, other in pairwise(levels):
            wanted = _step(_mean(theirs[one]), _mean(theirs[other]), factor, null)
            if wanted is None or np.abs(wanted).max() < TELLS * np.sqrt(2):
                continue
            before, after = _mean(ours.get(one, [])), _mean(ours.get(other, []))
            got = _step(before, after, factor, null)
            gain = 0.0 if got is None else float(got @ wanted / (wanted @ wanted))
            drift = _off(before, after, theirs[one], theirs[other], factor, null)
            found.append(Change(scene=scene, factor=factor, gain=gain, drift=drift))
    return found


def _off(
    before: Quantities, after: Quantities, one: list[Quantities], other: list[Quantities], factor: str, null: Quantities
) -> tuple[float, ...]:
    """Changes of what the truth leaves alone."""
    drift = []
    for name in QUANTITIES:
        truth, step = _step(_mean(one), _mean(other), name, null), _step(before, after, name, null)
        if name != factor and truth is not None and step is not None and np.abs(truth).max() < FREE:
            drift.append(float(min(np.abs(step).max() / np.sqrt(2), MOST_DRIFT)))
    return tuple(drift)


def _by_scene(samples: Sequence[Sample]) -> dict[str, list[Quantities]]:
    found: dict[str, list[Quantities]] = defaultdict(list)
    for sample in samples:
        found[sample.scene].append(measured(sample.seen))
    return dict(found)


def _sets(found: dict[str, list[Quantities]]) -> dict[tuple[str, str], list[str]]:
    """(scene, factor) to the ids of its levels, in the factor's order."""
    from kinema.scenes.contrast import contrasts_of
    from kinema.scenes.scene import scene_from_id

    sets: dict[tuple[str, str], list[str]] = {}
    for name in sorted(found):
        scene, plus, variant = name.partition("+")
        factor = variant.partition("=")[0]
        if plus and factor in QUANTITIES and (scene, factor) not in sets:
            levels = contrasts_of(scene_from_id(scene))[factor].levels
            sets[scene, factor] = [f"{scene}+{factor}={level}" for level in levels if f"{scene}+{factor}={level}" in found]
    return sets


def _null(*sides: dict[str, list[Quantities]]) -> Quantities:
    """For each quantity the spread between clips of one prompt: measured where prompts were shown more than once, else as known."""
    null: Quantities = {name: (spread,) for name, spread in NULL.items()}
    for name in QUANTITIES:
        rest = []
        for values in (one for side in sides for one in side.values()):
            have = np.array([value[name] for value in values if name in value])
            if len(have) > 1:
                rest.append((have - have.mean(axis=0)) * np.sqrt(len(have) / (len(have) - 1)))
        if sum(map(len, rest)) >= 20:
            null[name] = tuple(np.maximum(np.sqrt((np.concatenate(rest) ** 2).mean(axis=0)), 0.2 * NULL[name]).tolist())
    return null


def _mean(values: list[Quantities]) -> Quantities:
    """What several clips of one prompt show on average; what one of them lacks is lacking."""
    if not values:
        return {}
    shared = [name for name in values[0] if all(name in one for one in values)]
    return {name: tuple(np.mean([one[name] for one in values], axis=0).tolist()) for name in shared}


def _step(before: Quantities, after: Quantities, name: str, null: Quantities) -> NDArray[np.float64] | None:
    """The change of a quantity in standard deviations of the null."""
    if name not in before or name not in after:
        return None
    return np.asarray((np.array(after[name]) - np.array(before[name])) / np.array(null[name]), dtype=np.float64)


def _scored(
    shown: Sequence[Sample], true: Sequence[Sample], value_of: Callable[[list[Change]], float | None], words: str, floor: float
) -> Scored | Unscored:
    """A value over all pairs, each factor with its own share, and its interval by bootstrap over scenes."""
    found = changes(shown, true)
    if len({(one.scene, one.factor) for one in found}) < FEWEST:
        return Unscored(reason=f"fewer than {FEWEST} contrast sets are there in which the truth's own clips differ")
    value = _balanced(found, value_of)
    if value is None:
        return Unscored(reason="nothing off target could be measured")
    scenes = sorted({one.scene for one in found})
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in range(DRAWS if len(scenes) > 1 else 0):
        chosen = rng.integers(len(scenes), size=len(scenes))
        draw = _balanced([one for k in chosen for one in found if one.scene == scenes[k]], value_of)
        draws += [] if draw is None else [draw]
    low, high = (float(np.percentile(draws, q)) for q in (2.5, 97.5)) if draws else (value, value)
    by_factor = {name: value_of([one for one in found if one.factor == name]) for name in sorted({one.factor for one in found})}
    said = ", ".join(f"{name} {share:.2f}" for name, share in by_factor.items() if share is not None)
    details = {"low": low, "high": high, "floor": floor, "factors": by_factor, "pairs": len(found)}
    return Scored(value=value, why=f"{words} {value:.2f} over {len(found)} pairs of neighbouring levels: {said}.", details=details)


def _balanced(found: list[Change], value_of: Callable[[list[Change]], float | None]) -> float | None:
    """The mean of the factors' own values: a factor with many levels counts no more than one with few."""
    values = [value_of([one for one in found if one.factor == name]) for name in sorted({one.factor for one in found})]
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def _right(found: list[Change]) -> float | None:
    return float(np.mean([one.gain > FOLLOWS for one in found])) if found else None


def _achieved(found: list[Change]) -> float | None:
    """Mean share of the asked change; what overshoots counts as its inverse, what goes the wrong way as 0."""
    shares = [max(0.0, one.gain) if one.gain <= 1 else 1 / one.gain for one in found]
    return float(np.mean(shares)) if shares else None


def _strayed(found: list[Change]) -> float | None:
    drift = [one for change in found for one in change.drift]
    return float(np.sqrt(np.mean(np.square(drift)))) if drift else None


@set_metric(
    "adherence/steer_direction", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("contrasts",),
    formula="pairs of neighbouring levels whose quantity changes by over 0.1 of the truth's change along it / pairs; mean over factors",
    source="own; PhyAVBench's CPRS asks the same of embeddings and gives .25 to a generator that ignores the prompt",
    blind=("A generator whose clips scatter goes along by chance in up to half of the pairs; see steer_gain and steer_drift.",),
)  # fmt: skip
def steer_direction(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How often a change of the prompt changes what it should, the right way.

    Returns:
        0 to 1, mean over factors; 0 for clips that ignore the prompt. ``Unscored`` without contrast sets.

    Example:
        >>> steer_direction([], []).reason
        "fewer than 2 contrast sets are there in which the truth's own clips differ"
    """
    return _scored(shown, true, _right, "Share of changes the right way is", 1.0)


@set_metric(
    "adherence/steer_gain", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("contrasts",),
    formula="mean of min(g, 1/g), g = (change . truth's change) / |truth's change|^2 in null deviations; g < 0 is 0; mean over factors",
    source="own", blind=("Says how much changes along the asked change alone; what else changes is steer_drift.",),
)  # fmt: skip
def steer_gain(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How much of the asked change is shown; too much counts like too little.

    Returns:
        0 to 1, mean over factors. ``Unscored`` without contrast sets.

    Example:
        >>> steer_gain([], []).reason
        "fewer than 2 contrast sets are there in which the truth's own clips differ"
    """
    return _scored(shown, true, _achieved, "Share of the asked change is", 1.0)


@set_metric(
    "adherence/steer_drift", version=1, unit="sd", better="lower", best=0.0, worst=MOST_DRIFT, needs=("contrasts",),
    formula="rms change of the quantities that the truth leaves alone, in standard deviations between clips of one prompt, over sqrt 2",
    source="own", blind=("A still picture does not drift; read it beside steer_gain.",),
)  # fmt: skip
def steer_drift(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """How much changes that should not, against what changes between clips of one prompt anyway.

    Returns:
        1 where a change of one factor changes the others no more than another seed does; at most 10. ``Unscored`` without contrast sets.

    Example:
        >>> steer_drift([], []).reason
        "fewer than 2 contrast sets are there in which the truth's own clips differ"
    """
    own = _balanced(changes(true, true), _strayed)
    return _scored(shown, true, _strayed, "Change off target, in standard deviations between seeds, is", own if own is not None else 0.0)


@set_metric(
    "adherence/steer_order", version=1, unit="-", better="higher", best=1.0, worst=-1.0, needs=("contrasts",),
    formula="Kendall's tau between the quantity shown and the truth's over the levels of an ordered factor; mean over factors",
    source="Kendall 1938; pairs of levels that the truth's clips do not tell apart are left out",
    blind=("Factors without an order (camera, style, lighting, direction, material) are left out.",),
)  # fmt: skip
def steer_order(shown: Sequence[Sample], true: Sequence[Sample]) -> Scored | Unscored:
    """Whether more of a factor shows as more of it, level by level.

    Returns:
        -1 to 1, mean over factors; 0 for clips that ignore the prompt. ``Unscored`` without contrast sets of ordered factors.

    Example:
        >>> steer_order([], []).reason
        'no contrast set of an ordered factor is there'
    """
    taus = _taus(shown, true)
    if not taus:
        return Unscored(reason="no contrast set of an ordered factor is there")
    by_factor = {name: float(np.mean([tau for factor, tau, _ in taus if factor == name])) for name in sorted({row[0] for row in taus})}
    value = float(np.mean(list(by_factor.values())))
    low, high = _interval(taus)
    said = ", ".join(f"{name} {tau:.2f}" for name, tau in by_factor.items())
    details = {"low": low, "high": high, "floor": 1.0, "factors": by_factor, "sets": len(taus)}
    return Scored(value=value, why=f"Kendall's tau is {value:.2f} over {len(taus)} contrast sets: {said}.", details=details)


def _taus(shown: Sequence[Sample], true: Sequence[Sample]) -> list[tuple[str, float, str]]:
    """(factor, tau, scene) of every contrast set of an ordered factor."""
    ours, theirs = _by_scene(shown), _by_scene(true)
    null = _null(ours, theirs)
    found = []
    for (scene, factor), levels in _sets(theirs).items():
        if factor not in ORDERED:
            continue
        signs = []
        for one, other in combinations(levels, 2):
            wanted = _step(_mean(theirs[one]), _mean(theirs[other]), factor, null)
            if wanted is None or abs(wanted[0]) < TELLS * np.sqrt(2):
                continue
            got = _step(_mean(ours.get(one, [])), _mean(ours.get(other, [])), factor, null)
            signs.append(0.0 if got is None or abs(got[0]) < 1e-9 else float(np.sign(got[0] * wanted[0])))
        if signs:
            found.append((factor, float(np.mean(signs)), scene))
    return found


def _interval(taus: list[tuple[str, float, str]]) -> tuple[float, float]:
    """95 % of the mean over factors, by bootstrap over scenes."""
    scenes = sorted({scene for _, _, scene in taus})
    rng = np.random.default_rng(SEED)
    draws = []
    for _ in range(DRAWS):
        rows = [row for k in rng.integers(len(scenes), size=len(scenes)) for row in taus if row[2] == scenes[k]]
        draws.append(float(np.mean([np.mean([tau for name, tau, _ in rows if name == factor]) for factor in {row[0] for row in rows}])))
    return float(np.percentile(draws, 2.5)), float(np.percentile(draws, 97.5))

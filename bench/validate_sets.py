"""Metrics of sets of clips against their own faults: the vectors of the same clips with and without a fault, in all doses.

A set's value is one number with an interval, so a dose is told apart from none where the two intervals do not overlap. Other faults than a
metric's own are not tried: forty clips of each would take too long.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kinema.bench.plan import SceneRef
from kinema.bench.validate_work import PLAIN, TRUE
from kinema.metrics.faults import FAULTS
from kinema.metrics.metric import METRICS, Card, Case, Sample, Scored
from kinema.metrics.observation import Observation
from kinema.metrics.validity import Curve, Reading, Validity, badness, curve_of_sets, judged

if TYPE_CHECKING:
    from kinema.bench.validate_plan import Plan
    from kinema.bench.validate_run import Work

__all__ = ["set_scenes", "set_verdicts"]

LEAST, MOST = 40, 46  # scenes of a set: what its metrics ask for, and as many as the catalogue has families


def set_scenes(plan: Plan) -> tuple[SceneRef, ...]:
    """The scenes of a set: the first seed of every family, then the next; none where they are too few."""
    rounds: dict[str, int] = {}
    order = []
    for ref in plan.scenes:
        family = ref.id.split("@")[0]
        order.append((rounds.setdefault(family, 0), ref))
        rounds[family] += 1
    chosen = tuple(ref for _, ref in sorted(order, key=lambda pair: pair[0]))[:MOST]
    return chosen if len(chosen) >= LEAST else ()


def set_verdicts(plan: Plan, work: Work) -> list[Validity]:
    """Try every set metric on its own faults."""
    scenes = set_scenes(plan)
    cards = [METRICS[name].load() for name in plan.sets]
    if not scenes or not cards:
        return []
    faults = [name for name in plan.faults if any(name in card.own for card in cards)]
    found = work.features([work.feature_trial(ref, name) for ref in scenes for name in (PLAIN, *faults)])
    return [_verdict(card, plan, found, faults) for card in cards]


def _verdict(card: Card, plan: Plan, found: Mapping[tuple[str, str], Any], faults: Sequence[str]) -> Validity:
    scenes = sorted({scene for scene, _ in found})
    true = {scene: found[scene, PLAIN].get(TRUE) for scene in scenes}
    plain = _reading(card, {scene: found[scene, PLAIN].get("0") for scene in scenes}, true)
    curves: dict[str, Curve] = {}
    for fault in faults:
        if fault not in card.own or plain is None:
            continue
        shown = {d: {s: found.get((s, fault), {}).get(f"{d:g}") for s in scenes if (s, fault) in found} for d in FAULTS[fault].tried}
        readings = {dose: _reading(card, of, true) for dose, of in shown.items()}
        curves[fault] = curve_of_sets(FAULTS[fault], plain, {dose: one for dose, one in readings.items() if one is not None})
    return judged(card, curves, scored=len(scenes) if plain is not None else 0, asked=plan.faults)


def _reading(card: Card, shown: Mapping[str, Any], true: Mapping[str, Any]) -> Reading | None:
    """A metric's value of a set, with its interval; None where it is not Scored. Of one that ends at a bound the number that does not."""
    function: Any = card.function
    result = function(_samples({scene: shown[scene] for scene in shown if true.get(scene)}), _samples({s: true[s] for s in shown}))
    if not isinstance(result, Scored):
        return None
    given = result.details.get("graded", result.details)
    low, value, high = sorted(badness(given.get(name, result.value), card.better) for name in ("low", "value", "high"))
    return Reading(value=value, low=low, high=high, n=len(shown))


def _samples(vectors: Mapping[str, Any]) -> list[Sample]:
    return [
        Sample(scene, Observation(features={name: tuple(vector) for name, vector in of.items()}), Case.outside(""))
        for scene, of in vectors.items()
        if of
    ]

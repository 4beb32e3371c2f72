"""What ``kinema validate`` is to try: which metrics on which faults, in which modes, on how many scenes for the time there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.bench import calibration
from kinema.bench.plan import SceneRef
from kinema.bench.suite import Family, Suite
from kinema.errors import ConfigError, UnknownName
from kinema.metrics.faults import FAULTS
from kinema.metrics.metric import METRICS
from kinema.scenes.camera import MOVES
from kinema.scenes.prompts import LIGHTINGS, ROOMS, STYLES

if TYPE_CHECKING:
    from kinema.scenes.request import Mode

__all__ = ["GIVEN", "USUAL", "Plan", "plan_of"]

LEAST, MOST = 3, 24  # scenes of a fault
GIVEN: Mode = "i2v"  # in which metrics are tried that need a picture to go on from
GIVEN_SHARE = 0.6  # -, of the scenes of a fault that are tried with a given picture
USUAL = {"motion": 1.1, "picture": 0.8, "sound": 0.25, "plain": 3.0}  # CPU s of a clip, of a sound alone, and of a scene with its truths
SLACK = 1.15  # -, that the time may come out above what is planned
SET_S, SET_CLIPS = 0.35, 46  # CPU s of a clip whose vectors alone are asked for, and how many there are of every dose
CIRCUMSTANCES = (("style", STYLES), ("lighting", LIGHTINGS), ("move", MOVES), ("room", ROOMS))
CALIBRATED_S = 1.3  # CPU s of a clip of the scale


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be validated, on what, for how long."""

    suite: Suite
    metrics: tuple[str, ...]
    faults: tuple[str, ...]
    scenes: tuple[SceneRef, ...]
    workers: int
    budget: float
    outside: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()  # metrics of sets of clips

    @property
    def modes(self) -> tuple[Mode, ...]:
        """Text alone, and a given picture where some metric needs one."""
        given = any("t2v" not in METRICS[name].load().modes for name in self.metrics)
        return ("t2v", GIVEN) if given else ("t2v",)

    def of_mode(self, mode: str) -> tuple[str, ...]:
        """The metrics that are tried in a mode: with a given picture only those that need one."""
        cards = {name: METRICS[name].load() for name in self.metrics}
        return tuple(name for name, card in cards.items() if (mode in card.modes and (mode == "t2v" or "t2v" not in card.modes)))

    @property
    def with_axis(self) -> bool:
        """Whether the axis of dynamics can be judged as a whole: all of it is tried."""
        mine = {name for name in self.suite.clip_metrics if name.startswith("dynamics/") and "t2v" in METRICS[name].load().modes}
        return bool(mine) and mine <= set(self.metrics)

    def faults_of(self, mode: str) -> tuple[str, ...]:
        """The faults that are tried in a mode: with a given picture only those that its metrics must notice or may, and a few others."""
        if mode == "t2v":
            return self.faults
        named = {fault for name in self.of_mode(mode) for fault in METRICS[name].load().own}
        return tuple(name for name in self.faults if name in named)

    def scenes_of(self, mode: str) -> tuple[SceneRef, ...]:
        """The scenes that are looked at in a mode: with a given picture the first of every family."""
        if mode == "t2v":
            return self.scenes
        return tuple({ref.id.split("@")[0]: ref for ref in reversed(self.scenes)}.values())[::-1]

    def looked(self) -> int:
        """How many takes are looked at without a fault."""
        return sum(len(self.scenes_of(mode)) for mode in self.modes)

    def share(self, seconds: Mapping[str, float], spent: float = 0.0) -> int:
        """How many scenes every fault gets, so that the budget is kept.

        Args:
            seconds: CPU s of a clip, a sound and a scene without a fault.
            spent: s since the start; looking at the scenes without a fault took at least what it usually takes.
        """
        left = self.budget * self.workers / SLACK - max(seconds["plain"] * self.looked(), spent * self.workers)
        own = {fault for name in self.sets for fault in METRICS[name].load().own if fault in self.faults}
        left -= SET_S * SET_CLIPS * sum(len(FAULTS[name].tried) for name in own)
        if self.with_axis:
            left -= CALIBRATED_S * len(calibration.calibration_scenes(self.suite)) * len(calibration.CONDITIONS)
        costs = [
            len(FAULTS[name].tried) * seconds[FAULTS[name].kind] * (1.0 if mode == "t2v" else GIVEN_SHARE)
            for mode in self.modes
            for name in self.faults_of(mode)
        ]
        return int(np.clip(left / max(sum(costs), 1e-9), LEAST, MOST))

    def share_of(self, each: int, mode: str) -> int:
        """How many scenes a fault gets in a mode."""
        return each if mode == "t2v" else max(LEAST, round(GIVEN_SHARE * each))


def plan_of(
    suite: Suite, *, metrics: Sequence[str] = (), faults: Sequence[str] = (), workers: int, budget: float, scenes: Sequence[SceneRef] = ()
) -> Plan:
    """The plan; names that are left out are all there are. A metric may be ``module:attribute``.

    Raises:
        UnknownName: no such fault or metric.
    """
    unknown = next((name for name in faults if name not in FAULTS), None)
    if unknown is not None:
        raise UnknownName(f"no fault named {unknown!r}; there are {', '.join(FAULTS)}")
    outside = tuple(name for name in metrics if ":" in name)
    named = tuple(_registered(name) if ":" in name else METRICS[name].name for name in metrics)
    cards = [METRICS[name].load() for name in named or suite.clip_metrics]
    if not named:  # also those that the suite's own mode leaves out, but none by networks from outside
        cards = [METRICS[name].load() for name in METRICS]
        cards = [card for card in cards if not any(need.startswith("features:") for need in card.needs)]
    usable = tuple(card.name for card in cards if card.over == "clip" and set(card.modes) & {"t2v", GIVEN})
    sets = tuple(card.name for card in cards if card.over == "set" and card.own)
    if not usable and not sets:
        raise ConfigError("nothing to validate: these metrics name no fault of their own, or work in other modes")
    refs = tuple(scenes) or _spread(suite, workers * budget)
    return Plan(
        suite=suite, metrics=usable, faults=tuple(faults) or tuple(FAULTS), scenes=refs, workers=workers, budget=budget, outside=outside,
        sets=sets,
    )  # fmt: skip


def _registered(address: str) -> str:
    """The name under which a metric from outside registers itself."""
    from kinema.bench.generators.spec import import_attribute

    function = import_attribute(address)
    found = next((name for name in METRICS if METRICS[name].load().function is function), None)
    if found is None:
        raise ConfigError(f"{address} is no metric: give it the decorator @metric(...)")
    return found


def _spread(suite: Suite, cpu: float) -> tuple[SceneRef, ...]:
    """Every family's first seeds: as many as a quarter of the time allows; of two or more the last names one circumstance more."""
    each = int(np.clip(cpu / 4 / (USUAL["plain"] * len(suite.families)), 1, len(suite.seeds)))
    refs = []
    for number, family in enumerate(suite.families):
        last = _dealt(family, number) if each > 1 else family
        of_seed = [family] * (each - 1) + [last]
        refs += [SceneRef.of(one, one.scene(seed)) for one, seed in zip(of_seed, suite.seeds, strict=False)]
    return tuple(refs)


def _dealt(family: Family, number: int) -> Family:
    """The family with one circumstance that prompts name: style, light, camera move and room in turn, each value of each in turn.

    What the suite fixes or deals out itself stays.
    """
    key, table = CIRCUMSTANCES[number % len(CIRCUMSTANCES)]
    values = tuple(table)[1:]  # the first is the usual one, which no prompt names
    if key in dict(family.overrides) or key in dict(family.vary):
        return family
    return replace(family, vary=(*family.vary, (key, (values[number // len(CIRCUMSTANCES) % len(values)],))))

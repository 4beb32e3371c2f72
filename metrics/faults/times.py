"""Time that runs wrongly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.staging import few, lands, longer, retimed, settled
from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.truth import Rub

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Truth

__all__ = ["heard_later"]


def heard_later(truth: Truth, when: Callable[[float], float]) -> Truth:
    """The truth with all that sounds moved in time by a rising function; what each blow sounds like stays."""
    contacts = tuple(replace(c, t=when(c.t)) for c in truth.contacts if when(c.t) >= 0)
    tones = tuple(replace(tone, start=when(tone.start), end=when(tone.end)) for tone in truth.tones)
    said = tuple(
        replace(one, syllables=tuple((when(t), when(t + length) - when(t), vowel, level) for t, length, vowel, level in one.syllables))
        for one in truth.utterances
    )
    return replace(truth, contacts=contacts, tones=tones, utterances=said, rubs=tuple(_rubbed(rub, when) for rub in truth.rubs))


def _rubbed(rub: Rub, when: Callable[[float], float]) -> Rub:
    moved = np.array([when(float(t)) for t in rub.times])
    times = np.arange(moved[0], moved[-1] + 0.5 / TRUTH_RATE, 1 / TRUTH_RATE)
    pace = np.gradient(rub.times, moved) if len(moved) > 1 else np.ones(1)
    rows = {name: np.interp(times, moved, getattr(rub, name) * (pace if name != "load" else 1)) for name in ("slip", "speed", "load")}
    point = np.stack([np.interp(times, moved, rub.point[:, k]) for k in range(3)], axis=-1)
    return replace(rub, times=times, point=point, **rows)


def _lands_slowly(truth: Truth) -> str:
    return lands(truth, pace=1.4)


def _lands_late(truth: Truth) -> str:
    return lands(truth, later=0.25)


@fault("time_stretch", "motion", "%", (-30, -20, -10, -5, 5, 10, 20, 40), unfit=_lands_slowly, both=True)
def time_stretch(shot: Shot, dose: float) -> Clip:
    """All that happens takes so much longer (less), evenly, and is heard when it is seen."""
    factor = 1 + dose / 100
    whole = longer(shot.truth, shot.request.seconds / factor)
    clock = np.arange(len(shot.truth.times)) / TRUTH_RATE / factor
    if factor < 1:  # the picture needs what comes after the clip's end
        slow = retimed(whole, np.minimum(whole.times / factor, whole.seconds))
    else:
        slow = retimed(shot.truth, clock)
    faulty = heard_later(slow, lambda t: t * factor)
    return replace(shot.seen(faulty), sound=shot.samples(faulty))


@fault("pace_drift", "motion", "%", (4, 8, 14, 20, 30, 40, 55), unfit=few)
def pace_drift(shot: Shot, dose: float) -> Clip:
    """The picture begins so much too slow and ends as much too fast, evenly in between; its length stays."""
    t, whole = shot.truth.times, shot.truth.seconds
    share = dose / 100
    return shot.seen(retimed(shot.truth, t * (1 - share) + share * t**2 / whole))


@fault("late_start", "motion", "s", (0.03, 0.06, 0.1, 0.14, 0.18, 0.22, 0.25), unfit=_lands_late, both=True)
def late_start(shot: Shot, dose: float) -> Clip:
    """All that happens, and is heard, happens so much later; until then the first moment stands."""
    faulty = heard_later(retimed(shot.truth, np.maximum(shot.truth.times - dose, 0)), lambda t: t + dose)
    return replace(shot.seen(faulty), sound=shot.samples(faulty))


def _moves_on(truth: Truth) -> str:
    return few(truth) or ("" if settled(truth) < truth.seconds / 2 else "nothing moves in the first half")


@fault("reversal", "motion", "share", (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0), unfit=_moves_on)
def reversal(shot: Shot, dose: float) -> Clip:
    """For the last so much of the clip the picture runs backwards, from where it has come to; at 1 all of it does."""
    whole, t = shot.request.seconds, shot.truth.times
    start = max(0.0, 2 * dose - 1) * whole
    turn = (1 - dose) * whole
    clock: NDArray[np.float64] = np.where(t < turn, start + t, start + 2 * turn - t)
    return shot.seen(retimed(shot.truth, np.maximum(clock, 0)))

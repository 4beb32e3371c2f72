"""Is what touches heard when it is seen to touch?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.metrics.rebound import gap
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kinema.scenes.truth import Truth

__all__ = ["event_f1", "lag", "matches", "offset"]

WINDOW = 0.5  # s, a sound further away belongs to something else
TOGETHER = (
    0.05  # s; about what viewers still take for one event (ITU-R BT.1359: 45 ms early, 125 ms late is when they notice)
)
SURE = 0.5  # confidence of a contact from which on it asks for a sound
RESTING = 0.12  # diameters from where a body touched before: there it may touch again, too lightly to be seen
SUDDEN_S = 0.008  # s before and after an impact
SUDDEN = 0.3  # -, of its approach speed, that a velocity in the picture changes by within that
QUIET_DB = 30.0  # dB below the loudest onset: an echo or a rattle that asks for no contact


@metric(
    "sync/offset", version=1, unit="ms", better="lower", best=0.0, worst=500.0, needs=("contacts", "onsets"),
    source="median of matched onset minus contact times; matching: Hungarian, 500 ms",
)  # fmt: skip
def offset(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the sound of an impact is from its sight, in milliseconds.

    Returns:
        Absolute median lag over matched contacts, 0 when every contact is heard at once, 500 when nothing is heard, or
        when the truth has a contact and none is seen. ``Unscored`` when nothing touches in the truth (without truth:
        in the clip).

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51, 1.01])
        >>> round(offset(seen, Case.outside("a ball bounces")).value, 3)
        10.0
    """
    found = _lags(seen, case)
    if isinstance(found, Unscored):
        return found
    if not found.lags:
        return Scored(value=500.0, why=found.why)
    value = min(500.0, abs(1000 * float(np.median(found.lags))))
    return Scored(value=value, why=found.why, details=found.details)


@metric(
    "sync/lag", version=1, unit="ms", better="zero", best=0.0, worst=500.0, needs=("contacts", "onsets"), scaled=False,
    source="median of matched onset minus contact times; matching: Hungarian, 500 ms",
)  # fmt: skip
def lag(seen: Observation, case: Case) -> Scored | Unscored:
    """How much later than its sight the sound of an impact comes, in milliseconds; negative where it comes first.

    Returns:
        Median lag over matched contacts; 500 when nothing is heard, or when the truth has a contact and none is seen.
        ``Unscored`` when nothing touches in the truth (without truth: in the clip).

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.48, 0.98])
        >>> round(lag(seen, Case.outside("a ball bounces")).value, 3)
        -20.0
    """
    found = _lags(seen, case)
    if isinstance(found, Unscored):
        return found
    if not found.lags:
        return Scored(value=500.0, why=found.why)
    return Scored(value=1000 * float(np.median(found.lags)), why=found.why, details=found.details)


@metric(
    "sync/event_f1", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("contacts", "onsets"),
    source="F1 of contacts and onsets matched within 50 ms",
)  # fmt: skip
def event_f1(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether every impact has its sound and every sound its impact.

    A contact that is only suspected (confidence below one half) may explain a sound but asks for none, and so may a body
    that lies where it has touched before (a rattle too small to be seen). An onset more than 30 dB below the loudest
    asks for no contact.

    Returns:
        F1 of contacts and onsets matched within 50 ms. 1 where nothing is to be heard and nothing is, 0 where the
        truth touches and the clip neither shows nor plays it. ``details`` counts silent impacts and phantom sounds
        apart. ``Unscored`` for a clip without truth in which nothing touches.

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51, 1.40])
        >>> event_f1(seen, Case.outside("a ball bounces")).value
        0.5
    """
    if reason := _no_impacts(case):
        return Unscored(reason=reason)
    if case.truth is not None and case.truth.rubs:
        return Unscored(reason="sliding and rolling are heard here too, and start without an impact")
    silent_truth = case.truth is not None and not _audible(case)
    if case.truth is None and not _sure(seen):
        return Unscored(reason="nothing touches in the clip")
    hits, silent, phantom = _events(seen)
    if silent_truth:
        silent = 0  # where the truth has no contact, a contact that makes no sound asks for none
    details = {"heard": hits, "silent_impacts": silent, "phantom_sounds": phantom}
    if hits + silent + phantom == 0:
        if silent_truth:
            return Scored(value=1.0, why="Nothing is to be heard and nothing is.", details=details)
        return Scored(value=0.0, why="The truth has contacts; none is seen and none is heard.", details=details)
    value = 2 * hits / (2 * hits + silent + phantom)
    why = (
        f"{hits} of {_many(hits + silent, 'contact')} heard within 50 ms; "
        f"{_many(silent, 'silent impact')}, {_many(phantom, 'phantom sound')}."
    )
    return Scored(value=value, why=why, details=details)


@dataclass(frozen=True, slots=True)
class _Lags:
    lags: list[float]  # s
    why: str
    details: dict[str, object]


def _lags(seen: Observation, case: Case) -> _Lags | Unscored:
    contacts, onsets = _sure(seen), [onset.t for onset in seen.onsets]
    reason = _no_impacts(case) or _nothing_touches(case, contacts)
    if reason:
        return Unscored(reason=reason)
    if not contacts:
        return _Lags([], "The truth has contacts; none is seen.", {})
    if not onsets:
        return _Lags([], f"{_many(len(contacts), 'contact')} seen, nothing heard.", {})
    pairs = matches(contacts, onsets, WINDOW)
    found = [float(onsets[j] - contacts[i]) for i, j in pairs]
    details = {"lags_ms": [round(1000 * one, 1) for one in found], "contacts": len(contacts), "onsets": len(onsets)}
    if not found:
        return _Lags([], f"No sound within half a second of any of {_many(len(contacts), 'contact')}.", details)
    middle = 1000 * float(np.median(found))
    late = "late" if middle >= 0 else "early"
    why = f"{len(found)} of {_many(len(contacts), 'contact')} heard; the median is {abs(middle):.0f} ms {late}."
    return _Lags(found, why, details)


def matches(
    first: Sequence[float], second: Sequence[float], window: float, gain: Sequence[float] | None = None
) -> list[tuple[int, int]]:
    """Pairs (i, j) with times at most ``window`` apart: as many as possible, then the least sum of differences.

    Args:
        first: times in seconds.
        second: times in seconds.
        window: seconds.
        gain: how many ordinary matches one of ``first`` is worth, 1 if not given.

    Example:
        >>> matches([0.5, 1.0], [0.9, 1.4], 0.5)
        [(0, 0), (1, 1)]
    """
    if not len(first) or not len(second):
        return []
    apart = np.abs(np.subtract.outer(np.asarray(first), np.asarray(second)))
    allowed = apart <= window + 1e-9
    worth = np.ones(len(first)) if gain is None else np.asarray(gain)
    one_match = window * (
        min(apart.shape) + 1
    )  # more than all differences together, so that the number of matches comes first
    cost = np.where(allowed, apart - one_match * worth[:, None], 0.0)
    rows, columns = linear_sum_assignment(cost)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]


def _sure(seen: Observation) -> list[float]:
    return [contact.t for contact in seen.contacts if contact.confidence >= SURE]


def _no_impacts(case: Case) -> str:
    """Why impacts cannot be judged in this case, "" where they can."""
    if case.truth is not None and (case.truth.tones or case.truth.utterances):
        return "what is heard here is no impact"
    if case.unfollowed:
        return case.unfollowed
    if case.truth is not None and _audible(case) and not _sudden(case, case.truth):
        return "no impact of the truth is sudden to the eye"
    return ""


def _sudden(case: Case, truth: Truth) -> bool:
    """Whether any impact changes a followed body's velocity in the picture at once: a soft landing is heard, but shows no moment."""
    for contact in truth.contacts:
        if SUDDEN_S < contact.t < case.request.seconds - SUDDEN_S:
            before, after = (round((contact.t + side * SUDDEN_S) * TRUTH_RATE) for side in (-1, 1))
            jump = (truth.velocity[after] - truth.velocity[before])[:, [0, 2]]  # right and up
            if np.linalg.norm(jump, axis=-1).max() > SUDDEN * contact.approach_speed:
                return True
    return False


def _nothing_touches(case: Case, contacts: Sequence[float]) -> str:
    if case.truth is not None:
        return "" if _audible(case) else "nothing touches in the truth"
    return "" if contacts else "nothing touches in the clip"


def _audible(case: Case) -> bool:
    assert case.truth is not None
    return any(contact.t < case.request.seconds and contact.approach_speed > 0 for contact in case.truth.contacts)


def _events(seen: Observation) -> tuple[int, int, int]:
    """Contacts heard, silent impacts, phantom sounds."""
    sure = [contact.confidence >= SURE for contact in seen.contacts]
    pairs = matches(
        [c.t for c in seen.contacts], [o.t for o in seen.onsets], TOGETHER, [2.0 if s else 1.0 for s in sure]
    )
    hits = sum(sure[i] for i, _ in pairs)
    explained = {j for _, j in pairs}
    loudest = max((onset.level_db for onset in seen.onsets), default=0.0)
    phantom = sum(
        j not in explained and onset.level_db >= loudest - QUIET_DB and not _rattles(seen, onset.t)
        for j, onset in enumerate(seen.onsets)
    )
    return hits, sum(sure) - hits, phantom


def _rattles(seen: Observation, t: float) -> bool:
    """Whether a body is, at ``t``, as near to what it has touched before as it was then."""
    tracks = {track.id: track for track in seen.tracks}
    for contact in seen.contacts:
        bodies = [tracks[body] for body in contact.bodies if body in tracks]
        if contact.t < t and all(body.t[0] <= t <= body.t[-1] for body in bodies) and bodies:
            moved = gap(bodies, t, contact) - gap(bodies, contact.t, contact)
            if float(np.linalg.norm(moved)) < RESTING * bodies[0].diameter:
                return True
    return False


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

"""Is what touches heard when it is seen to touch? Lags of the sounds that belong to the impacts seen.

What is heard comes d/343 s after it happens. The truth knows the d that was asked for, and that much is taken off every lag, so that a clip
in which sound needs its time through the air has the lag 0; of a clip from outside nobody knows d, and nothing is taken off
(0 to 15 ms for scenes of a few metres).

A few right impacts earn no full marks: from a quarter of the impacts without a sound on, or where equal clicks would fit as well, a value
goes evenly towards its worst (``Pairing.missing``). Impacts count by how surely and how plainly they are seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.metrics.sync_pairs import SURE, Pairing, matches, pair_up
from kinema.metrics.sync_truth import ALMOST_ALL, SOME, audible, no_impacts, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["drift", "jitter", "lag", "matches", "offset", "perceptual"]

WORST_MS = 500.0
WORST_JITTER_MS = 100.0
FURTHEST = 0.3  # s from the common lag within which a left-over sound is a left-over impact's
WORST_DRIFT = 150.0  # ms/s
FEW, OUTLIER = 4, 4.0  # lags from which on one that strays further than so many times their median deviation counts only as that far
SPAN_S = 0.5  # s between the first and the last impact, at least, to speak of a drift
EARLY_MS, LATE_MS = (-90.0, -45.0), (125.0, 185.0)  # ITU-R BT.1359-1: acceptable and detectable, sound before and after the picture
MISSING = "m: how far more than a quarter of the impacts have no sound, or equal clicks fit as well (0 to 1)"
VOTE = (
    "argmax over shift (|.| <= 520 ms) and stretch of the share of impacts and onsets, by strength, that pair under it "
    "(Gaussian, 25 ms; level against speed, 12 dB)"
)
SOURCE = "kernel vote over all onset-contact differences (own); travel d/343 m/s of the truth taken off"
BLIND = (
    "A row of equally strong, evenly spaced knocks that fills the clip cannot be told from itself one knock later.",
    "Without truth the sound's way through the air (3 ms a metre) counts as lag.",
)
APART = ("hover", "pace_drift", "reversal", "shuffled_frames", "damping")  # move what is seen away from what is heard
OTHER = ("shuffled_sound", "click_track")  # the sound of something else
SILENT: Mapping[str, str] = {"silence": "what has no sound has no lag", "noise_sound": "noise covers the impacts"}
UNSEEN: Mapping[str, str] = {
    "constant_velocity": "a body that glides on touches nothing",
    "vanish": "a body that is gone before it touches shows no impact",
}


@metric(
    "sync/offset", version=3, unit="ms", better="lower", best=0.0, worst=WORST_MS, needs=("contacts", "onsets"), source=SOURCE,
    formula=f"(1 - m) |median(onset - contact - d/343)| + 500 m over the pairs of: {VOTE}; {MISSING}",
    own=("sound_delay", "sound_drift", "sound_jitter", "dropped_impact", *OTHER, *APART), coupled={**SILENT, **UNSEEN}, blind=BLIND,
)  # fmt: skip
def offset(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the sound of an impact is from its sight, in milliseconds.

    Returns:
        Absolute median lag over the impacts that have a sound, mixed with 500 as more than a quarter of them have none. 0 when every
        contact is heard at once, 500 when nothing is heard, or when the truth has a contact and none is seen. ``Unscored`` when nothing
        touches in the truth, or not so that it can be seen (without truth: when nothing touches in the clip). Never negative, so that
        clips that are early and clips that are late do not make up for one another; their direction is ``sync/lag``.

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51, 1.01])
        >>> round(offset(seen, Case.outside("a ball bounces")).value, 3)
        10.0
    """
    found = _paired(seen, case)
    if isinstance(found, Unscored):
        return found
    return Scored(value=abs(_lag(found)), why=_why(found), details=_details(found))


@metric(
    "sync/lag", version=3, unit="ms", better="zero", best=0.0, worst=WORST_MS, needs=("contacts", "onsets"), scaled=False, source=SOURCE,
    formula=f"sync/offset with its sign, + where the sound is late: over clips its mean shows what they have in common. Pairs: {VOTE}",
    own=("sound_delay", "sound_drift", "sound_jitter", "dropped_impact", *OTHER, *APART), coupled={**SILENT, **UNSEEN}, blind=BLIND,
)  # fmt: skip
def lag(seen: Observation, case: Case) -> Scored | Unscored:
    """How much later than its sight the sound of an impact comes, in milliseconds; negative where it comes first.

    Returns:
        ``sync/offset`` with its sign: a model whose sound is late as a rule has a mean far from 0, one that is early as often as late
        has not. 500 when nothing is heard, or when the truth has a contact and none is seen. ``Unscored`` when nothing touches in the
        truth, or not so that it can be seen (without truth: in the clip).

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.48, 0.98])
        >>> round(lag(seen, Case.outside("a ball bounces")).value, 3)
        -20.0
    """
    found = _paired(seen, case)
    if isinstance(found, Unscored):
        return found
    return Scored(value=_lag(found), why=_why(found), details=_details(found))


@metric(
    "sync/jitter", version=2, unit="ms", better="lower", best=0.0, worst=WORST_JITTER_MS, needs=("contacts", "onsets"), source=SOURCE,
    formula=f"(1 - m) s + 100 m, s: standard deviation of lags round their line over time (n - 2; of two round their mean); {MISSING}",
    own=("sound_jitter", "dropped_impact", *OTHER, *APART), coupled={**SILENT, **UNSEEN},
    blind=(*BLIND, "A sound more than 300 ms from where the others put it counts as missing, not as jitter."),
)  # fmt: skip
def jitter(seen: Observation, case: Case) -> Scored | Unscored:
    """How unevenly the sounds follow their impacts, in milliseconds: 0 where all come equally late.

    Returns:
        Standard deviation of the lags (of four or more those far off count only as four median deviations); 100 where fewer than two
        impacts are heard though the truth shows two. ``Unscored`` where the truth shows fewer than two impacts one by one (without
        truth: the clip).

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00, 1.50], onsets=[0.60, 1.12, 1.60])
        >>> round(jitter(seen, Case.outside("a ball bounces")).value, 1)
        16.3
    """
    found = _paired(seen, case, least=2, share=ALMOST_ALL)
    if isinstance(found, Unscored):
        return found
    if len(found.pairs) < 2:
        return Scored(value=WORST_JITTER_MS, why=_why(found), details=_details(found))
    at, strays = found.strays(FURTHEST)
    rest = _off_the_line(at, strays)
    spread = min(WORST_JITTER_MS, 1000 * float(np.sqrt((rest**2).sum() / max(1, len(at) - 2))))
    value = (1 - found.missing) * spread + found.missing * WORST_JITTER_MS
    return Scored(value=value, why=f"{_many(len(strays), 'lag')}, {spread:.1f} ms apart (standard deviation).", details=_details(found))


@metric(
    "sync/drift", version=2, unit="ms/s", better="lower", best=0.0, worst=WORST_DRIFT, needs=("contacts", "onsets"), source=SOURCE,
    formula=f"(1 - m) |slope| + 150 m, slope: weighted median of those of all pairs of lags over time (Theil and Sen); {MISSING}",
    own=("sound_drift", "dropped_impact", *OTHER, *APART),
    coupled={**SILENT, "sound_jitter": "a few sounds that stray have a slope", "constant_velocity": UNSEEN["constant_velocity"]},
    blind=(*BLIND, "Where a stretch of sound and of picture agree nothing drifts: that is dynamics/pace."),
)  # fmt: skip
def drift(seen: Observation, case: Case) -> Scored | Unscored:
    """How fast sound and picture run apart, in milliseconds per second.

    Returns:
        Absolute slope of the lag over time; 150 where fewer than two impacts are heard. ``Unscored`` where the truth shows fewer than two
        impacts half a second apart (without truth: the clip).

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00, 1.50], onsets=[0.50, 1.02, 1.54])
        >>> round(drift(seen, Case.outside("a ball bounces")).value, 1)
        40.0
    """
    found = _paired(seen, case, least=2, share=ALMOST_ALL)
    if isinstance(found, Unscored):
        return found
    at = [impact.t for impact in plain(case)] if case.truth is not None else [found.events[k].t for k in found.sure]
    if max(at) - min(at) < SPAN_S:
        return Unscored(reason=f"all impacts are within {SPAN_S:g} s")
    times = np.array([found.events[i].t for i, _ in found.pairs])
    if len(times) < 2 or np.ptp(times) < SPAN_S / 2:
        return Scored(value=WORST_DRIFT, why=_why(found), details=_details(found))
    slope = 1000 * _slope(times, found.lags)
    value = (1 - found.missing) * min(WORST_DRIFT, abs(slope)) + found.missing * WORST_DRIFT
    why = f"Over {np.ptp(times):.2f} s the sound comes {abs(slope):.0f} ms {'later' if slope >= 0 else 'earlier'} every second."
    return Scored(value=value, why=why, details={**_details(found), "slope_ms_per_s": round(slope, 2)})


@metric(
    "sync/perceptual", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("contacts", "onsets"),
    source="thresholds of ITU-R BT.1359-1: detectable from 45 ms early to 125 ms late, acceptable from 90 ms early to 185 ms late",
    formula="mean over impacts of 1 inside [-45, 125] ms, falling evenly to 0 at -90 and 185 ms; 0 without sound or where clicks fit",
    own=("sound_delay", "sound_drift", "sound_jitter", "dropped_impact", "noise_sound", *OTHER, *APART),
    coupled={"silence": "what is cut off has no sound", **UNSEEN, "room": "weak impacts are covered by the room's answer to strong ones"},
    blind=(*BLIND, "What no viewer notices is perfect here: see sync/offset for less than 45 ms."),
)  # fmt: skip
def perceptual(seen: Observation, case: Case) -> Scored | Unscored:
    """Which share of the impacts viewers would take for in time with their sound.

    Returns:
        1 where the sound of every impact comes between 45 ms before and 125 ms after it, 0 where none comes between 90 ms before and
        185 ms after. ``Unscored`` as ``sync/offset``.

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.655, 1.155])
        >>> round(perceptual(seen, Case.outside("a ball bounces")).value, 2)
        0.5
    """
    found = _paired(seen, case)
    if isinstance(found, Unscored):
        return found
    if not found.pairs:
        return Scored(value=0.0, why=_why(found), details=_details(found))
    good = np.interp(1000 * found.lags, [*EARLY_MS, *LATE_MS], [0.0, 1.0, 1.0, 0.0])
    due = max(len(found.sure), len(found.pairs))
    weight = np.array([found.events[i].weight for i, _ in found.pairs])
    value = min(1 - found.lost, 1 - found.chance) * float((weight * good).sum()) / max(float(weight.sum()), 1e-9)
    why = f"{int((good == 1).sum())} of {_many(due, 'impact')} heard between 45 ms before and 125 ms after the sight."
    return Scored(value=value, why=why, details=_details(found))


def _paired(seen: Observation, case: Case, *, least: int = 1, share: float = SOME) -> Pairing | Unscored:
    """The pairs of a clip, or why there is nothing to pair."""
    sure = [contact for contact in seen.contacts if contact.confidence >= SURE]
    if reason := no_impacts(case, least=least, share=share):
        return Unscored(reason=reason)
    if case.truth is not None and not audible(case):
        return Unscored(reason="nothing touches in the truth")
    if case.truth is None and len(sure) < least:
        return Unscored(reason="nothing touches in the clip" if not sure else f"fewer than {least} contacts in the clip")
    return pair_up(seen, case)


def _off_the_line(at: NDArray[np.float64], strays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds by which lags stray from their straight line; of two from their mean."""
    if len(at) < 3 or np.ptp(at) <= 0:
        return np.asarray(strays - strays.mean())
    if len(at) < FEW:
        return np.asarray(strays - np.polyval(np.polyfit(at - at.mean(), strays, 1), at - at.mean()))
    rest = strays - _slope(at, strays) * (at - at.mean())
    rest = rest - np.median(rest)
    furthest = OUTLIER * float(np.median(np.abs(rest)))
    return np.asarray(np.clip(rest, -furthest, furthest))


def _slope(at: NDArray[np.float64], lags: NDArray[np.float64]) -> float:
    """Seconds per second: the median of the slopes of all pairs, by how far they are apart (Theil and Sen, weighted as by Jaeckel 1972)."""
    i, j = np.triu_indices(len(at), 1)
    span = np.abs(at[j] - at[i])
    if not len(i) or span.max() <= 0:
        return 0.0
    slopes = (lags[j] - lags[i])[span > 0] / (at[j] - at[i])[span > 0]
    order = np.argsort(slopes)
    share = np.cumsum(span[span > 0][order])
    low, high = (int(np.searchsorted(share, share[-1] / 2 + e * share[-1])) for e in (-1e-9, 1e-9))
    return float(slopes[order][[low, min(high, len(order) - 1)]].mean())


def _lag(found: Pairing) -> float:
    """Milliseconds; late where most of what is seen has no sound."""
    if not found.pairs:
        return WORST_MS
    heard = float(np.clip(1000 * found.offset, -WORST_MS, WORST_MS))
    return (1 - found.missing) * heard + found.missing * (WORST_MS if heard >= 0 else -WORST_MS)


def _why(found: Pairing) -> str:
    events = _many(len(found.sure), "contact")
    if not found.sure:
        return "The truth has contacts; none is seen."
    if not len(found.onsets):
        return f"{events} seen, nothing heard."
    if not found.pairs:
        return f"No sound belongs to any of {events}."
    middle = 1000 * found.offset
    return f"{len(found.pairs)} of {events} heard; the median is {abs(middle):.0f} ms {'late' if middle >= 0 else 'early'}."


def _details(found: Pairing) -> dict[str, object]:
    return {
        "lags_ms": [round(1000 * float(one), 1) for one in found.lags],
        "contacts": len(found.sure),
        "onsets": len(found.onsets),
        "support": round(found.support, 3),
        "stretch": found.stretch,
    }


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

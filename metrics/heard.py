"""Laws of motion from the sound: how loud an impact is for its speed, and what the rhythm of the bounces says."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.metrics.sound_truth import expected_of, unknown
from kinema.metrics.sync_pairs import matches, pair_up
from kinema.metrics.sync_truth import ALMOST_ALL, SOUND_SPEED, Impact, impacts_of, no_impacts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Onset

__all__ = ["Train", "gravity_heard", "loudness", "restitution_heard", "train_of"]

QUIET_DB = 30.0  # dB below the loudest onset: a rattle or an echo
RANGE_DB = 3.0  # dB between the fastest and the slowest impact, at least, to see a slope
STRAY_DB = 1.0  # dB, by which an impact strays from the law, for equal speeds (takes seen through blur, noise or compression)
BEYOND_DB = 1.5  # dB, by which that range may be left
LEAST = 3  # impacts to see a slope, bounces to see a ratio
WORST_SLOPE = 1.0  # -; a sound whose level does not follow the speed at all is about so far off
TRIED = 14  # onsets, the loudest, among which a row of bounces is looked for
CLOSE = (0.006, 0.03)  # s, and share of the interval, within which a bounce is where the row expects it
LAST = 0.5  # of its weight that a bounce costs which must come after the last one heard: what answers in the room may cover it
SHORTEST = 0.05  # s between bounces that are told apart
LATE_S = 0.3  # s before the clip's end by which the third bounce must have come: takes start up to 0.25 s late
MOST = float(np.log(4.0))  # of |ln g|, as of dynamics/gravity
FREE = 0.04  # share by which the time between two bounces may differ from that of free flight


class _Law(NamedTuple):
    slope: float  # dB of level per dB of speed
    range_db: float  # between the fastest and the slowest impact that it holds for


class Train(NamedTuple):
    """A row of bounces: times in seconds, and the ratio of one interval to the one before."""

    times: tuple[float, ...]
    ratio: float


@metric(
    "sync/loudness", version=2, unit="-", better="lower", best=0.0, worst=WORST_SLOPE, needs=("contacts", "onsets"),
    source="own: rank and slope of level on speed; the truth's own slope from its own sound, heard in the same way",
    formula="|slope(level in dB over 20 log10 of the change of velocity seen) - the same of the truth| less its standard error, 0 to 1",
    own=("level_flat", "clipping", "sticks", "shuffled_sound"),
    coupled={
        "dropped_impact": "what is not heard has no level", "silence": "nor has silence", "noise_sound": "noise covers soft impacts first",
        "reversal": "its impacts are seen when others are heard",
    },
    blind=("Only the change of level with speed counts, not the level itself.", "Loud and soft swapped pairwise may leave a slope."),
)  # fmt: skip
def loudness(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the level of the impacts follows their speed as the truth's own does.

    Returns:
        Difference of the slopes of level over speed (dB per dB), less what it errs by; 1 where fewer than two impacts are heard.
        ``details.rank`` is the rank correlation (Spearman) of level and speed. ``Unscored`` without truth, and where the truth has not
        three impacts of one pair of bodies, at different speeds, that can be seen one by one.

    Example:
        >>> loudness(Observation.of(contacts=[0.5], onsets=[0.5]), Case.outside("a ball bounces")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case) or no_impacts(case, least=LEAST, share=ALMOST_ALL):
        return Unscored(reason=reason)
    law = _law(case)
    if isinstance(law, Unscored):
        return law
    found = pair_up(seen, case)
    if len(found.pairs) < 2:
        return Scored(value=WORST_SLOPE, why=f"{len(found.pairs)} of {len(found.sure)} impacts heard: no slope.")
    speed = 20 * np.log10(np.maximum([found.events[i].strength for i, _ in found.pairs], 1e-6))
    level = np.array([seen.onsets[j].level_db for _, j in found.pairs])
    alike = speed >= speed.max() - law.range_db - BEYOND_DB  # what is slower than any that the truth shows follows another slope
    speed, level = speed[alike], level[alike]
    if len(speed) < 2 or np.ptp(speed) < RANGE_DB / 2:
        return Scored(value=WORST_SLOPE, why=f"The impacts heard are equally fast within {np.ptp(speed):.1f} dB: no slope.")
    slope = _slope(speed, level)
    why = f"Level rises {slope:.2f} dB per dB of speed over {len(level)} impacts; it should {law.slope:.2f}."
    details = {"slope": round(slope, 3), "expected": round(law.slope, 3), "rank": round(_rank(speed, level), 3)}
    return Scored(value=float(np.clip(abs(slope - law.slope) - _noise(speed), 0, WORST_SLOPE)), why=why, details=details)


@metric(
    "sync/restitution_heard", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("onsets",),
    source="ratio of successive bounce intervals, by ear",
    formula="|e heard - e true|, e = (t3 - t2) / (t2 - t1) over the row of bounces heard",
    own=("restitution", "dropped_impact", "sound_jitter", "shuffled_sound"),
    coupled={
        "room": "weak bounces are covered by the room's answer to strong ones", "gravity": "under little of it there are no three bounces",
        "silence": "a clip that ends too soon has no three bounces", "noise_sound": "noise covers the bounces",
    },
    blind=("It listens and does not look: sound that is late as a whole is perfect here.",),
)  # fmt: skip
def restitution_heard(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the rebound is off, by the rhythm of the bounces heard.

    Returns:
        |e heard - e true|, at most 1, which also stands for a clip in which no row of three bounces is heard. ``Unscored`` without truth,
        and where the truth is not one body bouncing at least three times on the floor.

    Example:
        >>> restitution_heard(Observation.of(onsets=[0.5]), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    truth = _bounces(case)
    if isinstance(truth, Unscored):
        return truth
    found = train_of(seen.onsets, _seconds(seen, case))
    if found is None:
        return Scored(value=1.0, why="No row of three bounces is heard.")
    true = _ratio([impact.t for impact in truth])
    why = f"{len(found.times)} bounces heard, each {found.ratio:.3f} of the time of the one before; it should be {true:.3f}."
    return Scored(value=min(1.0, abs(found.ratio - true)), why=why, details={"measured": round(found.ratio, 4)})


@metric(
    "sync/gravity_heard", version=2, unit="-", better="lower", best=0.0, worst=MOST, needs=("onsets",),
    source="own: drop height and the first bounce interval, g = 8 h e^2 / dt^2",
    formula="|ln(g heard / g)|, g heard = 8 h e^2 / (t2 - t1)^2, h the truth's height of fall; at most ln 4",
    own=("gravity", "time_stretch", "sound_drift", "sound_jitter", "dropped_impact", "shuffled_sound"),
    coupled={
        "room": "weak bounces are covered by the room's answer to strong ones", "restitution": "what hardly rebounds has no three bounces",
        "silence": "a clip that ends too soon has no three bounces", "noise_sound": "noise covers the bounces",
    },
    blind=("The height is the truth's: a clip that falls from elsewhere sounds as if under another gravity.",),
)  # fmt: skip
def gravity_heard(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the pull of gravity is off, by the rhythm of the bounces heard and the height that was asked for.

    Returns:
        |ln(g heard / g of the case)|, at most ln 4, which also stands for a clip in which no row of three bounces is heard.
        ``details.measured`` is g heard in m/s^2. ``Unscored`` as ``sync/restitution_heard``.

    Example:
        >>> gravity_heard(Observation.of(onsets=[0.5]), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    truth = _bounces(case)
    if isinstance(truth, Unscored):
        return truth
    found = train_of(seen.onsets, _seconds(seen, case))
    if found is None:
        return Scored(value=MOST, why="No row of three bounces is heard.")
    height = truth[0].speed ** 2 / (2 * case.gravity)
    pull = 8 * height * found.ratio**2 / (found.times[1] - found.times[0]) ** 2
    why = f"From {height:.2f} m the bounces sound like {pull:.2f} m/s^2; it should be {case.gravity:.2f}."
    return Scored(value=min(MOST, abs(float(np.log(pull / case.gravity)))), why=why, details={"measured": round(pull, 3)})


def train_of(onsets: Sequence[Onset], seconds: float) -> Train | None:
    """The row of bounces that explains most of what is heard: each interval is the same share of the one before.

    Args:
        onsets: what is heard, by time.
        seconds: length of the clip.

    Example:
        >>> from kinema.metrics.observation import Onset
        >>> row = train_of([Onset(t=t, level_db=-20) for t in (0.5, 1.3, 1.7, 1.9, 2.4)], 3.0)
        >>> row.times, round(row.ratio, 2)
        ((0.5, 1.3, 1.7, 1.9), 0.5)
    """
    loudest = max((onset.level_db for onset in onsets), default=0.0)
    kept = sorted(sorted((o for o in onsets if o.level_db >= loudest - QUIET_DB), key=lambda o: -o.level_db)[:TRIED], key=lambda o: o.t)
    t, weight = np.array([o.t for o in kept]), np.array([10 ** ((o.level_db - loudest) / 40) for o in kept])
    best, chosen = -np.inf, None
    for i, j, k in combinations(range(len(t)), 3):
        first, ratio = t[j] - t[i], (t[k] - t[j]) / (t[j] - t[i])
        if first < SHORTEST or not 0.15 < ratio < 0.99:
            continue
        score, times = _explained(t, weight, (i, j, k), ratio, seconds)
        if score > best:
            best, chosen = score, times
    return None if chosen is None else Train(tuple(chosen), _ratio(chosen))


def _explained(
    t: NDArray[np.float64], weight: NDArray[np.float64], start: tuple[int, int, int], ratio: float, seconds: float
) -> tuple[float, list[float]]:
    """How much of what is heard a row explains, less what it leaves out or asks for in vain; and the row's own onsets."""
    i, j, k = start
    row, missed, silent, interval, at = [i, j, k], 0.0, 0.0, float(t[k] - t[j]), float(t[k])
    due = float(weight[k])  # of the next bounce: as the root of its speed, like the weight itself
    while interval * ratio >= SHORTEST and at + interval * ratio < seconds:
        interval *= ratio
        due *= ratio**0.5
        near = int(np.argmin(np.abs(t - at - interval)))
        if near > row[-1] and abs(t[near] - at - interval) <= CLOSE[0] + CLOSE[1] * interval:
            row.append(near)
            at, due = float(t[near]), float(weight[near])
            missed, silent = missed + silent, 0.0
        else:
            silent += due
            at += interval
    last = t[row[-1]] + interval
    other = np.delete(np.arange(len(t)), row)
    left = float(weight[other][t[other] <= last].sum())
    return float(weight[row].sum()) - missed - LAST * silent - left, [float(t[n]) for n in row]


def _ratio(times: Sequence[float]) -> float:
    """Of a row of intervals, each to the one before, the long ones counting most."""
    return float((times[-1] - times[1]) / (times[-2] - times[0]))


def _bounces(case: Case) -> list[Impact] | Unscored:
    """The truth's bounces on the floor, at least three in free flight."""
    truth = case.truth
    if truth is None:
        return Unscored(reason="there is no truth to compare with")
    if len(truth.bodies) != 1 or truth.tones or truth.utterances or truth.rubs:
        return Unscored(reason="what is heard here is not one body bouncing")
    found = [impact for impact in impacts_of(case) if impact.t < case.request.seconds - LATE_S]
    pairs = {frozenset(impact.bodies) for impact in found}
    row: list[Impact] = []
    for impact in found:
        if row and impact.t - row[-1].t < SHORTEST:
            break
        row.append(impact)
    if len(row) < LEAST or len(pairs) != 1 or "floor" not in row[0].bodies:
        return Unscored(reason="the truth does not bounce three times on the floor")
    flight = [2 * b.speed / case.gravity / (b.t - a.t) - 1 for a, b in pairwise(row[:3])]
    if max(map(abs, flight)) > FREE:
        return Unscored(reason="between its bounces the body does not fly freely")
    return row


def _law(case: Case) -> _Law | Unscored:
    """The slope of the truth's own level over speed, as it is heard."""
    seen = [impact for impact in impacts_of(case) if impact.plain]
    pairs = {frozenset(impact.bodies) for impact in seen}
    onsets = expected_of(case).onsets
    found = matches([i.t + i.away / SOUND_SPEED for i in seen], [o.t for o in onsets], 0.02)
    speed = 20 * np.log10(np.array([seen[i].speed for i, _ in found]))
    if len(pairs) != 1 or len(found) < LEAST or np.ptp(speed) < RANGE_DB:
        return Unscored(reason="the truth has not three impacts of one pair of bodies at different speeds")
    return _Law(_slope(speed, np.array([onsets[j].level_db for _, j in found])), float(np.ptp(speed)))


def _noise(speed: NDArray[np.float64]) -> float:
    """Standard error of the slope, as levels stray in takes."""
    return STRAY_DB / max(float(np.sqrt(((speed - speed.mean()) ** 2).sum())), 1e-9)


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    return float(np.polyfit(x - x.mean(), y, 1)[0])


def _rank(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    a, b = np.argsort(np.argsort(x)), np.argsort(np.argsort(y))
    return float(np.corrcoef(a, b)[0, 1])


def _seconds(seen: Observation, case: Case) -> float:
    return seen.sound.get("seconds", case.request.seconds)

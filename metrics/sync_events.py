"""Has every impact its sound, and every sound its impact?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.metrics.observe.kinks import Path, paths_of
from kinema.metrics.observe.outline import apart
from kinema.metrics.rebound import gap
from kinema.metrics.sync_pairs import BLIND_FRAMES, SURE, events_of, matches, pair_up
from kinema.metrics.sync_truth import ALMOST_ALL, audible, no_impacts, travel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track
    from kinema.metrics.sync_pairs import Event

    Array = NDArray[np.float64]

__all__ = ["event_f1", "event_f1_25", "event_f1_100", "phantom", "silent"]

TOGETHER = 0.05  # s; about what viewers still take for one event (ITU-R BT.1359: 45 ms early, 125 ms late is when they notice)
RESTING = 0.12  # diameters from where a body touched before: there it may touch again, too lightly to be seen
TOUCHING = 0.12  # of the mean width, by which outlines stand apart and yet touch, too lightly to be seen
QUIET_DB, LOUD_DB = 30.0, 20.0  # dB below the loudest onset: an echo or a rattle asks for no contact; from here on a sound asks in full
SOFTER_DB = 6.0  # dB, at least, by which a touch too light to be seen is softer than the loudest that is seen: half as fast
RECENT = 24  # contacts before a sound among which a body's resting place is looked for
MOST_PAIRS = 20_000  # impacts times onsets beyond which chance is not asked: a clip of many minutes
SHIFTS = 48  # of the sound round the clip's length, for what chance alone would match
HALF = 0.5  # weight from which on a sound is counted
OWN_SHIFT = 0.1  # s; shorter shifts are no chance
WORST_PHANTOM = 4.0  # 1/s; more is a noise, not a number of events
BLIND = (
    "A contact too light or too short to be seen, where bodies lie or touch already, may explain any sound then.",
    "Sounds closer than 30 ms are one.",
)
COVERED = "weak impacts are covered by the room's answer to strong ones"
UNSEEN = "frames out of their order show no contact"
PARTED = ("hover", "pace_drift", "reversal", "damping", "vanish", "constant_velocity")  # what is seen is not what is heard
OWN = (
    "sound_delay", "sound_jitter", "sound_drift", "dropped_impact", "phantom_impact", "noise_sound", "shuffled_sound", "click_track",
    *PARTED,
)  # fmt: skip
COUPLED: Mapping[str, str] = {
    "silence": "what is cut off has no sound", "room": COVERED, "shuffled_frames": UNSEEN,
    "frame_rate": "a frame that is shown again hides when things touch",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Events:
    """How many, and how much they weigh: contacts by how surely they were seen, sounds by how loud they are."""

    heard: int
    silent: int
    phantom: int
    weights: tuple[float, float, float]

    @property
    def f1(self) -> float:
        heard, silent, phantom = self.weights
        return 2 * heard / (2 * heard + silent + phantom) if heard > 0 else 0.0

    @property
    def none(self) -> bool:
        return self.heard + self.silent + self.phantom == 0


@metric(
    "sync/event_f1", version=3, unit="-", better="higher", best=1.0, worst=0.0, needs=("contacts", "onsets"),
    source="F1 of contacts and onsets matched one to one (Hungarian) within 50 ms; null: the sound shifted round the clip",
    formula="2 heard / (2 heard + silent + phantom) by weight (how surely seen, how loud), within 50 ms of contact + d/343",
    own=OWN,
    coupled=COUPLED,
    blind=(*BLIND, "All or nothing at 50 ms: see sync/offset."),
)  # fmt: skip
def event_f1(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether every impact has its sound and every sound its impact, within 50 ms.

    A contact that is only suspected (confidence below one half) may explain a sound but asks for none, and so may a body
    that lies where it has touched before (a rattle too small to be seen) a sound softer than the impact before. An onset more than 30 dB
    below the loudest asks for no contact, one of 20 dB in full. Contacts weigh by how surely and how plainly they are seen.

    Returns:
        F1 of contacts and onsets. 1 where nothing is to be heard and nothing is, 0 where the truth touches and the clip neither shows nor
        plays it. ``details`` counts silent impacts and phantom sounds apart, and says what shifted sound would get (``null``), what is
        left above that (``above_null``) and how often chance does as well (``p``). ``Unscored`` for a clip without truth in which nothing
        touches, and where most of what sounds in the truth cannot be seen.

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51, 1.40])
        >>> event_f1(seen, Case.outside("a ball bounces")).value
        0.5
    """
    answer = _f1(seen, case, TOGETHER)
    if isinstance(answer, Scored) and answer.details["heard"]:
        null = _null(seen, case)
        share = float(np.mean(null >= answer.value - 1e-9)) if len(null) else 0.0
        mean = float(null.mean()) if len(null) else 0.0
        answer.details.update(
            null=round(mean, 3),
            above_null=round((answer.value - mean) / max(1 - mean, 1e-6), 3),
            p=round((share * len(null) + 1) / (len(null) + 1), 3),
        )
    return answer


@metric(
    "sync/event_f1_25", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("contacts", "onsets"), scaled=False,
    source="as sync/event_f1, within 25 ms", formula="2 heard / (2 heard + silent + phantom), matched within 25 ms of contact + d/343",
    own=OWN,
    coupled=COUPLED,
    blind=BLIND,
)  # fmt: skip
def event_f1_25(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether every impact has its sound and every sound its impact, within 25 ms.

    Returns:
        As ``sync/event_f1``.

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51, 1.03])
        >>> event_f1_25(seen, Case.outside("a ball bounces")).value
        0.5
    """
    return _f1(seen, case, 0.025)


@metric(
    "sync/event_f1_100", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("contacts", "onsets"), scaled=False,
    source="as sync/event_f1, within 100 ms", formula="2 heard / (2 heard + silent + phantom), matched within 100 ms of contact + d/343",
    own=OWN,
    coupled=COUPLED,
    blind=BLIND,
)  # fmt: skip
def event_f1_100(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether every impact has its sound and every sound its impact, within 100 ms.

    Returns:
        As ``sync/event_f1``.

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51, 1.08])
        >>> event_f1_100(seen, Case.outside("a ball bounces")).value
        1.0
    """
    return _f1(seen, case, 0.1)


@metric(
    "sync/phantom", version=2, unit="1/s", better="lower", best=0.0, worst=WORST_PHANTOM, needs=("contacts", "onsets"),
    source="false positives of the matching, apart",
    formula="sounds within 30 dB of the loudest that no contact explains once the common lag is taken off, per second; at most 4",
    own=("phantom_impact", "click_track", "reversal", "vanish", "constant_velocity"),
    coupled={
        "sound_jitter": "a sound that strays too far is no impact's", "hover": "impacts that come later are seen after the clip's end",
        "shuffled_frames": UNSEEN, "frame_rate": COUPLED["frame_rate"],
    }, blind=BLIND,
)  # fmt: skip
def phantom(seen: Observation, case: Case) -> Scored | Unscored:
    """How many sounds a second have no impact.

    Returns:
        Sounds per second of the clip without a contact within 50 ms, after the common lag of all is taken off; at most 4. ``Unscored`` for
        a clip without truth in which nothing touches, and where most of what sounds in the truth cannot be seen.

    Example:
        >>> import numpy as np
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51, 1.01, 1.60], times=np.arange(48) / 24)
        >>> round(phantom(seen, Case.outside("a ball bounces")).value, 2)
        0.5
    """
    if reason := _reason(seen, case):
        return Unscored(reason=reason)
    found = _after_lag(seen, case)
    seconds = _seconds(seen, case)
    value = min(WORST_PHANTOM, found.weights[2] / seconds)
    why = f"{_many(found.phantom, 'phantom sound')} in {seconds:.1f} s."
    return Scored(value=value, why=why, details={"phantom_sounds": found.phantom})


@metric(
    "sync/silent", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("contacts", "onsets"),
    source="false negatives of the matching, apart",
    formula="share of the sure contacts without an onset within 50 ms once the common lag is taken off",
    own=("dropped_impact", "noise_sound", "shuffled_sound", "click_track", "shuffled_frames", "pace_drift", "reversal", "hover"),
    coupled={
        "silence": "what is cut off has no sound", "sound_jitter": "a sound that strays too far is no impact's", "room": COVERED,
        "constant_velocity": "a body that glides on touches nothing",
    }, blind=BLIND,
)  # fmt: skip
def silent(seen: Observation, case: Case) -> Scored | Unscored:
    """Which share of the impacts that are seen makes no sound.

    Returns:
        0 where every impact is heard, after the common lag of all is taken off; 1 where none is, and where the truth touches and the clip
        does not show it. ``Unscored`` where nothing touches in the truth, or not so that it can be seen (without truth: in the clip).

    Example:
        >>> seen = Observation.of(contacts=[0.50, 1.00], onsets=[0.51])
        >>> silent(seen, Case.outside("a ball bounces")).value
        0.5
    """
    if reason := no_impacts(case):
        return Unscored(reason=reason)
    if case.truth is not None and not audible(case):
        return Unscored(reason="nothing touches in the truth")
    paired = pair_up(seen, case)
    due = len(paired.sure)
    heard = sum(paired.events[i].sure for i, _ in paired.pairs)
    if due == 0 and case.truth is None:
        return Unscored(reason="nothing touches in the clip")
    if due == 0 and not paired.pairs:
        return Scored(value=1.0, why="The truth has contacts; none is seen.")
    why = f"{heard} of {_many(due, 'impact')} heard." if due else "No impact is sure; one that is suspected is heard."
    return Scored(value=paired.lost, why=why, details={"silent_impacts": due - heard})


def _reason(seen: Observation, case: Case) -> str:
    if reason := no_impacts(case, share=ALMOST_ALL, alone=True):
        return reason
    sure = any(contact.confidence >= SURE for contact in seen.contacts)
    return "nothing touches in the clip" if case.truth is None and not sure else ""


def _f1(seen: Observation, case: Case, window: float) -> Scored | Unscored:
    if reason := _reason(seen, case):
        return Unscored(reason=reason)
    quiet = case.truth is not None and not audible(case)
    found = _count(seen, np.array([onset.t for onset in seen.onsets]) - travel(case), window, quiet=quiet)
    details = {"heard": found.heard, "silent_impacts": found.silent, "phantom_sounds": found.phantom}
    if found.none:
        if quiet:
            return Scored(value=1.0, why="Nothing is to be heard and nothing is.", details=details)
        return Scored(value=0.0, why="The truth has contacts; none is seen and none is heard.", details=details)
    why = (
        f"{found.heard} of {_many(found.heard + found.silent, 'contact')} heard within {1000 * window:.0f} ms; "
        f"{_many(found.silent, 'silent impact')}, {_many(found.phantom, 'phantom sound')}."
    )
    return Scored(value=found.f1, why=why, details=details)


def _count(seen: Observation, onsets: Array, window: float, *, quiet: bool) -> _Events:
    """Contacts heard, silent impacts and phantom sounds; ``quiet``: the truth's contacts ask for no sound."""
    events = events_of(seen)
    pairs = matches([event.t for event in events], onsets.tolist(), window, [2.0 if event.sure else 1.0 for event in events])
    return _weighed(seen, events, onsets, pairs, {j for _, j in pairs}, quiet=quiet)


def _after_lag(seen: Observation, case: Case) -> _Events:
    """The same once the common lag is taken off."""
    found = pair_up(seen, case)
    start = min((found.events[k].t for k in found.sure), default=0.0)
    own = (found.onsets - found.shift + found.stretch * start) / (1 + found.stretch)
    explained = {j for _, j in found.pairs}
    unsure = [event.t for event in found.events if not event.sure]
    explained |= {j for j, t in enumerate(own) if any(abs(t - u) <= TOGETHER for u in unsure)}
    return _weighed(seen, found.events, own, found.pairs, explained, quiet=False)


def _weighed(
    seen: Observation, events: tuple[Event, ...], onsets: Array, pairs: Sequence[tuple[int, int]], explained: set[int], *, quiet: bool
) -> _Events:
    hit = {i for i, _ in pairs if events[i].sure}
    suspected = {i for i, _ in pairs} - hit  # they ask for no sound, but one that they have is theirs
    missed = [] if quiet else [event for i, event in enumerate(events) if event.sure and i not in hit]
    phantoms = _unexplained(seen, onsets, explained, {j: seen.onsets[j].level_db for i, j in pairs if events[i].sure})
    weights = (sum(events[i].weight for i in hit | suspected), sum(event.weight for event in missed), sum(phantoms))
    return _Events(len(hit), len(missed), sum(weight > HALF for weight in phantoms), weights)


def _unexplained(seen: Observation, onsets: Array, explained: set[int], impacts: dict[int, float]) -> list[float]:
    """How much sounds ask for a contact that have none; ``impacts``: level by number of those that have a sure one."""
    levels = [onset.level_db for onset in seen.onsets]
    loudest = max(levels, default=0.0)
    low, high = _seen_between(seen)
    asking = {
        j: float(np.clip((level - loudest + QUIET_DB) / (QUIET_DB - LOUD_DB), 0, 1))
        for j, level in enumerate(levels)
        if j not in explained and level > loudest - QUIET_DB and low < onsets[j] < high
    }
    if not asking:
        return []
    paths = [path for track in seen.tracks for path in paths_of(track, seen.view)] if len(seen.tracks) > 1 else []
    strongest = max(impacts.values(), default=loudest)

    def too_light(j: int) -> bool:
        """Where bodies lie or touch already, a sound softer than the impact before may be a touch that cannot be seen."""
        before = [level for i, level in impacts.items() if onsets[i] < onsets[j]]
        if levels[j] < (before[-1] if before else strongest) and _rattles(seen, float(onsets[j])):
            return True
        return levels[j] < strongest - SOFTER_DB and _touches(paths, float(onsets[j]))

    return [weight for j, weight in asking.items() if not too_light(j)]


def _seen_between(seen: Observation) -> tuple[float, float]:
    """From when to when a contact can be seen: not at the very ends of the picture."""
    if len(seen.times) < 2:
        return -np.inf, np.inf
    edge = BLIND_FRAMES * float(np.median(np.diff(seen.times)))
    return float(seen.times[0]) + edge, float(seen.times[-1]) - edge


def _touches(paths: list[Path], t: float) -> bool:
    """Whether any two bodies touch at a moment."""
    here = [path.outline(t) for path in paths if path.t[0] <= t <= path.t[-1]]
    pairs = [(a, b) for k, a in enumerate(here) for b in here[k + 1 :] if float(np.hypot(*(a.middle - b.middle))) < a.long + b.long]
    return any(apart(a, b)[0] < TOUCHING * (a.width + b.width) / 2 for a, b in pairs)


def _null(seen: Observation, case: Case) -> Array:
    """F1 of the sound shifted round the clip's length, evenly."""
    seconds = _seconds(seen, case)
    onsets = np.array([onset.t for onset in seen.onsets]) - travel(case)
    shifts = [s for s in np.arange(1, SHIFTS) * seconds / SHIFTS if OWN_SHIFT <= s <= seconds - OWN_SHIFT]
    events = events_of(seen)
    times, sure = [event.t for event in events], [event.sure for event in events]
    if len(times) * len(onsets) > MOST_PAIRS:
        return np.zeros(0)
    values = []
    for shift in shifts:
        pairs = matches(times, ((onsets + shift) % seconds).tolist(), TOGETHER, [2.0 if s else 1.0 for s in sure])
        hits = sum(sure[i] for i, _ in pairs)
        values.append(2 * hits / (hits + sum(sure) + len(onsets) - len(pairs)) if hits else 0.0)
    return np.array(values)


def _seconds(seen: Observation, case: Case) -> float:
    """How long the clip is."""
    if len(seen.times) < 2:
        return max(case.request.seconds, 0.1)
    return max(float(seen.times[-1] - seen.times[0]) * len(seen.times) / (len(seen.times) - 1), 0.1)


def _rattles(seen: Observation, t: float) -> bool:
    """Whether a body is, at ``t``, as near to what it has touched before as it was then."""
    tracks: dict[int | str, Track] = {track.id: track for track in seen.tracks}
    before = [contact for contact in seen.contacts if contact.t < t]
    for contact in before[-RECENT:]:
        bodies = [tracks[body] for body in contact.bodies if body in tracks]
        if bodies and all(body.t[0] <= t <= body.t[-1] for body in bodies):
            moved = gap(bodies, t, contact) - gap(bodies, contact.t, contact)
            if float(np.linalg.norm(moved)) < RESTING * bodies[0].diameter:
                return True
    return False


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

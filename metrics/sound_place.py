"""Does it sound from where it is seen, and does a tone that moves bend as it should?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import HEARD_RATE, Observation
from kinema.metrics.sound_truth import expected_of, unknown
from kinema.metrics.sync_truth import ALMOST_ALL, impacts_of, no_impacts, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Heard, Onset, Track
    from kinema.scenes.truth import Contact, Truth

    Array = NDArray[np.float64]

__all__ = ["doppler", "stereo", "tone"]

SPREAD = 0.08  # -, of the picture's width (standard deviation): places nearer than this are one place to the ear
SHOWN = 0.9  # -, correlation of side and place in the truth's own sound from which on the ear can follow
LEAST_EVENTS = 4
LEAST_SEEN = 3  # impacts, at more than one place, whose places are taken from the picture alone
SURE = 0.5  # -, confidence of an impact that is resolved
LEAST_WAY = 0.5  # -, of the truth's variance of place: what moves less than that leaves the sound's way without its own
EDGE = 0.08  # -, of the picture's width: who was last seen so near its edge has left it
SAME_S = 0.02  # s between two like onsets of the truth and of a take, once its start and its pace are allowed for
MOST_PAIRED = 100  # moments, spread over the clip, that are compared with one another
SIDE_DB = 0.25  # dB (standard deviation): less from side to side is not heard
NEAR_S = 0.05  # s between an impact seen and heard
AUDIBLE_DB = 30.0  # below its loudest moment a tone's side is not asked for
ON_COURSE = 0.8  # -, likeness to the truth's way across the picture from which on a body goes it
STARTED = 0.015  # -, of the picture's width that a body has moved once it is off
SETTLED_S = 0.08  # s after that in which its sound is still on the way, and its pitch being measured
PACES = (0.92, 0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06, 1.08)  # -, of a take
LATE_S = 0.3  # s, at most, by which a take may start later or earlier
WORST_CENTS = 1200.0
LEAST_SWING = 20.0  # cents (5th to 95th percentile) of a Doppler shift that is heard
WHOLE = 0.8  # -, of the truth's time in which a tone must be heard to be there throughout
TONAL = 0.5  # -, of the truth's time in which a tone must be heard for its pitch to be followed


@metric(
    "sync/stereo", version=2, unit="-", better="higher", best=1.0, worst=-1.0, needs=("tracks", "onsets"),
    source="level difference of the ears (first difference of the sound, so that what is high counts) against the place in the picture",
    formula="2 b / (1 + b^2), b = min(1, max(-1, median over pairs of (side - side') / (x - x') / k)), k: the same of the truth",
    own=("pan_flip", "mono", "mirror", "order_swap", "noise_sound"),
    coupled={
        "silence": "nothing is heard from anywhere",
        "direction_swap": "what is seen goes the other way, or leaves the picture; what is heard does not",
        "sound_delay": "what sounds late is elsewhere by then",
        "shuffled_sound": "another body is heard elsewhere",
    },
    blind=(
        "What stays in one place (a ball that bounces on the spot) says nothing: the ear knows left from right, not how far.",
        "More than the truth's difference between the ears is not faulted.",
        "Where too few impacts are seen, the bodies that touch in the truth are asked for their places, whenever their pictures touch.",
    ),
)  # fmt: skip
def stereo(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether what moves from side to side is heard to do so: 1 as the truth, 0 not at all, -1 the wrong way round.

    Returns:
        From the slope of the side heard over the place seen, re the truth's own. 0 where the sound is mono, -1 where it is silent or
        nothing is seen to sound. ``Unscored`` where what sounds stays in one place, where its impacts cannot be seen one by one, and in
        rooms that blur the sides.

    Example:
        >>> stereo(Observation.of(), Case.outside("a ball rolls by")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case):
        return Unscored(reason=reason)
    truth = case.truth
    assert truth is not None
    if truth.utterances or truth.rubs:
        return Unscored(reason="voices and rubs are not placed")
    own = _truths_sides(case, truth)
    if own is None:
        return Unscored(reason="nothing in the truth is heard to move from side to side")
    share = (_tone_share if truth.tones else _blow_share)(seen, case, truth, own)
    if share is None:
        return Scored(value=-1.0, why="What is heard in the truth to move from side to side is not seen and heard in the clip.")
    value = float(np.sin(2 * np.arctan(np.clip(share, -1.0, 1.0))))
    return Scored(value=value, why=f"The side that is heard follows the place that is seen {share:.2f} times as much as in the truth.")


@metric(
    "sync/doppler", version=1, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks", "heard"),
    source="pitch over time (autocorrelation, 100 Hz) against f0 c / (c - v_r) of the truth, at the same place of the body in the picture",
    formula="min(1, |1 - <p, p'> / <p', p'>| + rms(p - <p, p'> p' / <p', p'>) / rms(p')), p: cents re its own mean",
    own=("no_doppler", "sound_delay", "silence", "noise_sound"),
    coupled={
        "direction_swap": "what is seen goes the other way: when its pitch should bend is told by where it is",
        "lowpass": "a tone without its partials is harder to follow",
        "shuffled_sound": "another body moves otherwise",
        "click_track": "clicks cover the pitch",
    },
    blind=("The speed towards the camera is the truth's: a clip whose body moves at another speed should bend by as much more.",),
)  # fmt: skip
def doppler(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the pitch of what moves bends as its motion towards and away from the camera asks.

    Returns:
        0 for the truth's own bend, 1 for none at all, for one as large the wrong way, or where no tone is heard. ``Unscored`` where
        no tone moves fast enough.

    Example:
        >>> doppler(Observation.of(), Case.outside("a siren passes")).reason
        'nothing is known of what should be heard'
    """
    if reason := _no_tone(case):
        return Unscored(reason=reason)
    truth = case.truth
    assert truth is not None
    own = _bend(expected_of(case).heard)
    if own is None or float(np.nanpercentile(own, 95) - np.nanpercentile(own, 5)) < LEAST_SWING:
        return Unscored(reason="no tone in the truth moves fast enough towards or away from the camera")
    heard = _bend(seen.heard)
    if heard is None or np.isfinite(heard).sum() < TONAL * np.isfinite(own).sum():
        return Scored(value=1.0, why="The truth's tone bends in pitch; in the clip no tone is heard for long enough.")
    gain, stray = _against(heard, own, *_course(seen, case, truth))
    value = min(1.0, abs(1.0 - gain) + stray)
    why = f"The pitch bends {gain:.2f} times as much as the truth's, with {100 * stray:.0f} % beside it."
    return Scored(value=value, why=why, details={"gain": round(gain, 4), "stray": round(stray, 4)})


@metric(
    "sync/tone", version=1, unit="cents", better="lower", best=0.0, worst=WORST_CENTS, needs=("heard",),
    source="pitch over time (autocorrelation, 100 Hz): the middle of its range, against that of the truth's own sound",
    formula="share * min(1200, |1200 log2(f / f')|) + (1 - share) * 1200, share: of the truth's time in which a tone is heard",
    own=("detune",),
    coupled={
        "silence": "no tone is heard, where one is asked for",
        "noise_sound": "noise covers the tone",
        "click_track": "clicks are no tone",
        "shuffled_sound": "another body sounds at another pitch",
    },
    blind=("The timbre is not judged: a flute at the buzzer's pitch will do.",),
)  # fmt: skip
def tone(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the tone that is asked for is from its pitch, in cents (hundredths of a semitone).

    Returns:
        Difference of the middles of the range of pitch; time in which no tone is heard although the truth's sounds counts 1200 each.
        ``Unscored`` where no tone sounds in the truth.

    Example:
        >>> tone(Observation.of(), Case.outside("a buzzer")).reason
        'nothing is known of what should be heard'
    """
    if reason := _no_tone(case):
        return Unscored(reason=reason)
    own = expected_of(case).heard
    theirs = _middle(own)
    if own is None or theirs is None:
        return Unscored(reason="the truth's tone is covered by other sound")
    middle = _middle(seen.heard)
    if seen.heard is None or middle is None:
        return Scored(value=WORST_CENTS, why="The truth sounds a tone; none is heard in the clip.")
    share = min(1.0, float((seen.heard.pitch_hz > 0).mean() / max((own.pitch_hz > 0).mean(), 0.01)))
    share = min(1.0, share / WHOLE)  # beginnings, ends and passages are not held against it
    cents = 1200 * float(np.log2(middle / theirs))
    value = share * min(abs(cents), WORST_CENTS) + (1 - share) * WORST_CENTS
    why = f"A tone is heard for {100 * share:.0f} % of the time, {abs(cents):.0f} cents {'above' if cents > 0 else 'below'} the truth's."
    return Scored(value=value, why=why, details={"cents": round(cents, 2), "share": round(share, 4)})


def _no_tone(case: Case) -> str:
    if reason := unknown(case):
        return reason
    return "" if case.truth is not None and case.truth.tones else "no tone sounds in the truth"


def _middle(heard: Heard | None) -> float | None:
    """Hz, of the middle of the range in which the pitch mostly lies; None where hardly any is heard."""
    if heard is None:
        return None
    pitch = heard.pitch_hz[heard.pitch_hz > 0]
    if len(pitch) < 10:
        return None
    pitch = pitch[np.abs(np.log2(pitch / np.median(pitch))) < 0.25]
    return float(np.exp(np.log(np.percentile(pitch, [5, 95])).mean()))


def _bend(heard: Heard | None) -> Array | None:
    """Cents re the middle of the range, at ``HEARD_RATE``; NaN where there is no tone, None where there is none at all."""
    middle = _middle(heard)
    if heard is None or middle is None:
        return None
    cents = 1200 * np.log2(np.where(heard.pitch_hz > 0, heard.pitch_hz, middle) / middle)
    bend: Array = np.where((heard.pitch_hz > 0) & (np.abs(cents) < 300), cents, np.nan)
    return bend


def _against(heard: Array, own: Array, later: float, pace: float, start: float) -> tuple[float, float]:
    """How much of the truth's bend there is, and the rms of what is left over it, from ``start`` (s of the clip) on."""
    steps = np.arange(len(own)) / pace + later * HEARD_RATE
    known = np.isfinite(heard)
    moved = np.interp(steps, np.flatnonzero(known), heard[known])
    inside = np.isfinite(own) & (steps >= start * HEARD_RATE) & (steps <= len(heard) - 1)
    if inside.sum() < 10:
        return 0.0, 0.0
    p, q = moved[inside] - moved[inside].mean(), own[inside] - own[inside].mean()
    gain = float(p @ q / max(q @ q, 1e-9))
    return gain, float(np.sqrt(((p - gain * q) ** 2).mean() / max((q * q).mean(), 1e-9)))


def _course(seen: Observation, case: Case, truth: Truth) -> tuple[float, float, float]:
    """Seconds by which the body that sounds goes the truth's way later, how much faster, and s when it starts; 0, 1 and 0 where not."""
    track = _sounding(seen, truth)
    if track is None or len(track.t) < 8 or np.ptp(track.x) < 4:
        return 0.0, 1.0, 0.0
    index = [body.name for body in truth.bodies].index(truth.tones[0].body)
    known = np.arange(0.0, truth.seconds, 0.01)
    own = truth.pixels_at(known, case.request.width, case.request.height)[:, index, 0] / case.request.width
    there = track.x / max(seen.width, 1)
    tries = [(float(later), float(pace)) for pace in PACES for later in np.arange(-LATE_S, LATE_S + 1e-9, 0.02)]
    fits = np.array([_same_way(np.interp((track.t - later) * pace, known, own), there) for later, pace in tries])
    unusual = np.array([0.01 * abs(later) + 0.05 * abs(pace - 1) for later, pace in tries])
    best = int(np.argmax(fits - unusual))
    if fits[best] < ON_COURSE:
        return 0.0, 1.0, 0.0
    held = np.abs(there - there[0]) < STARTED
    start = float(track.t[int(np.argmin(held))]) if held[1] else 0.0
    return (*tries[best], start + SETTLED_S if start > 0 else 0.0)


def _same_way(first: Array, second: Array) -> float:
    """Correlation of two ways, less how far apart they are (rms): 1 for one and the same."""
    p, q = first - first.mean(), second - second.mean()
    both = float(np.sqrt((p @ p) * (q @ q)))
    apart = first - second
    return (float(p @ q) / both if both > 0 else 0.0) - float(np.sqrt(apart @ apart / len(apart)))


def _sounding(seen: Observation, truth: Truth) -> Track | None:
    """The track of the body that sounds by itself: that of its colour, or the surest."""
    if not seen.tracks or not truth.tones:
        return None
    colour = next(body.colour for body in truth.bodies if body.name == truth.tones[0].body)
    return next((track for track in seen.tracks if track.colour == colour), seen.tracks[0])


def _truths_sides(case: Case, truth: Truth) -> tuple[Array, Array] | None:
    """Sides in dB and places (of the width, left positive) of the truth; None where they do not show a motion from side to side."""
    expected = expected_of(case)
    if truth.tones:
        assert expected.heard is not None
        x = _truths_way(case, truth, expected.heard.t)
        loud = expected.heard.level_db > expected.heard.level_db.max() - AUDIBLE_DB
        pair = expected.heard.side_db[loud & (x > 0) & (x < 1)], 0.5 - x[loud & (x > 0) & (x < 1)]
        return pair if _follows(*pair) else None
    touches = [touch for touch in truth.contacts if touch.t < case.request.seconds]
    if not touches or not _told_apart(case, truth):
        return None
    pair = _paired(expected.onsets, np.array([touch.t for touch in touches]), _touched(touches, case, truth))
    return pair if _follows(*pair) and _slope(*pair) is not None else None


def _told_apart(case: Case, truth: Truth) -> bool:
    """Whether a viewer can say what sounds: impacts that stand alone, or some of them and bodies of different colours."""
    colours = [body.colour for body in truth.bodies]
    if len(set(colours)) == len(colours):
        return not no_impacts(case)
    every = [impact.t for impact in impacts_of(case)]
    alone = [impact for impact in plain(case) if sum(abs(t - impact.t) < NEAR_S for t in every) == 1]
    return len(alone) >= LEAST_EVENTS and not no_impacts(case, share=ALMOST_ALL)


def _touched(touches: Sequence[Contact], case: Case, truth: Truth) -> Array:
    """Where in the picture bodies touch, 0 left to 1 right."""
    size = (case.request.width, case.request.height)
    camera = truth.cameras(np.array([touch.t for touch in touches]))
    return np.array([view.project(np.array(touch.point), *size)[0] for view, touch in zip(camera, touches, strict=True)]) / size[0]


def _truths_way(case: Case, truth: Truth, times: Array) -> Array:
    """Where in the picture the body that sounds by itself is at these times, 0 left to 1 right."""
    index = [body.name for body in truth.bodies].index(truth.tones[0].body)
    way: Array = truth.pixels_at(times, case.request.width, case.request.height)[:, index, 0] / case.request.width
    return way


def _follows(side: Array, place: Array) -> bool:
    """Whether side goes with place, and both move enough."""
    if len(side) < LEAST_EVENTS or np.std(place) < SPREAD or np.std(side) < SIDE_DB:
        return False
    return bool(np.corrcoef(side, place)[0, 1] > SHOWN)


def _tone_share(seen: Observation, case: Case, truth: Truth, own: tuple[Array, Array]) -> float | None:
    """How much of the truth's going together of side and place there is; None where the tone or its body is not there.

    A body that has left the picture is held to be at its edge.
    """
    track = _sounding(seen, truth)
    if seen.heard is None or track is None or len(track.t) < 8:
        return None
    times, width = seen.heard.t, max(seen.width, 1)
    loud = (seen.heard.level_db > max(seen.heard.level_db.max() - AUDIBLE_DB, -90.0)) & (times >= track.t[0])
    left = abs(track.x[-1] / width - 0.5) > 0.5 - EDGE
    there = _truths_way(case, truth, np.minimum(times, truth.seconds))
    loud &= (times <= track.t[-1]) | (left & (there > 0) & (there < 1))
    if loud.sum() < 20:
        return None
    place, side = 0.5 - np.interp(times[loud], track.t, track.x) / width, seen.heard.side_db[loud]
    usual = np.cov(*own, bias=True)
    found = np.cov(side, place, bias=True)
    return float(found[0, 1] / max(found[1, 1], LEAST_WAY * usual[1, 1]) * usual[1, 1] / usual[0, 1])


def _blow_share(seen: Observation, case: Case, truth: Truth, own: tuple[Array, Array]) -> float | None:
    """The same of impacts: where they are seen; where too few are, where the bodies are that make those sounds in the truth."""
    sure = _at_contacts(seen, least=SURE)
    for few in (sure, _at_contacts(seen, least=0.0), _by_body(seen, case, truth)):
        if len(few[0]) >= LEAST_SEEN and (slope := _slope(*few)) is not None:
            return slope / _usual(own)
    side, place = sure
    off = np.abs(place) > SPREAD
    middle = float(np.median(own[0] - _usual(own) * own[1]))
    return float(np.median((side[off] - middle) / place[off])) / _usual(own) if off.any() else None


def _at_contacts(seen: Observation, least: float) -> tuple[Array, Array]:
    """Sides and places of the onsets that belong to impacts seen, of at least this confidence."""
    contacts = [contact for contact in seen.contacts if contact.confidence >= least]
    return _paired(seen.onsets, np.array([contact.t for contact in contacts]), np.array([c.x for c in contacts]) / max(seen.width, 1))


def _usual(own: tuple[Array, Array]) -> float:
    slope = _slope(*own)
    assert slope is not None, "what follows is apart"
    return slope


def _by_body(seen: Observation, case: Case, truth: Truth) -> tuple[Array, Array]:
    """Sides of the onsets that have their likes in the truth, and places at that time of the bodies that touch there, told by colour."""
    ours, theirs = (np.array([onset.t for onset in onsets]) for onsets in (expected_of(case).onsets, seen.onsets))
    touches = np.array([touch.t for touch in truth.contacts])
    if not len(theirs) or not len(ours) or not len(touches):
        return np.zeros(0), np.zeros(0)
    tries = [(float(later), pace) for pace in PACES for later in np.arange(-LATE_S, LATE_S + 1e-9, 0.01)]
    fits = [_alike(ours / pace + later, theirs).sum() - abs(later) - abs(pace - 1) for later, pace in tries]
    later, pace = tries[int(np.argmax(fits))]
    at = np.abs((ours / pace + later)[:, None] - theirs[None])
    tracks = {track.colour: track for track in seen.tracks}
    alone = Counter(body.colour for body in truth.bodies)
    found = []
    for k in np.flatnonzero(_alike(ours / pace + later, theirs)):
        onset = seen.onsets[int(at[k].argmin())]
        names = truth.contacts[int(np.abs(touches - ours[k]).argmin())].bodies
        colours = {body.colour for body in truth.bodies if body.name in names and alone[body.colour] == 1} & tracks.keys()
        if colours:
            x = np.mean([np.interp(onset.t, tracks[c].t, tracks[c].x) for c in colours]) / max(seen.width, 1)
            found.append((onset.side_db, 0.5 - x))
    sides, places = np.array(found).reshape(-1, 2).T
    return sides, places


def _alike(ours: Array, theirs: Array) -> NDArray[np.bool_]:
    """Which of these times have one of the others near them."""
    near: NDArray[np.bool_] = np.abs(ours[:, None] - theirs[None]).min(axis=1) < SAME_S
    return near


def _paired(onsets: tuple[Onset, ...], times: Array, places: Array) -> tuple[Array, Array]:
    """Sides and places of the onsets and impacts of which each is the other's nearest, once the usual delay is taken out."""
    heard = np.array([onset.t for onset in onsets])
    sides = np.array([onset.side_db for onset in onsets])
    if not len(heard) or not len(times):
        return np.zeros(0), np.zeros(0)
    apart = heard[:, None] - times[None]
    apart = np.abs(apart - np.median(apart[np.arange(len(heard)), np.abs(apart).argmin(axis=1)]))
    index = apart.argmin(axis=1)
    own = np.arange(len(heard))
    good = (apart[own, index] < NEAR_S) & (apart.argmin(axis=0)[index] == own)
    return sides[good], 0.5 - places[index[good]]


def _slope(side: Array, place: Array) -> float | None:
    """Decibels per width of the picture: the median over all pairs of places that are apart, so that a wrong pair or two do not matter."""
    if len(side) > MOST_PAIRED:
        step = -(-len(side) // MOST_PAIRED)
        side, place = side[::step], place[::step]
    first, second = np.triu_indices(len(side), 1)
    there = place[first] - place[second]
    far = np.abs(there) > SPREAD
    return float(np.median((side[first] - side[second])[far] / there[far])) if far.any() else None

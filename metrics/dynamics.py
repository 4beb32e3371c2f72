"""Does it move as the laws of motion say?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from kinema.metrics import rebound
from kinema.metrics.align import Fit, NoFit, aligned, backwards, lawful, main_tracks, unhurried
from kinema.metrics.flight import AIRBORNE, Arc, arcs
from kinema.metrics.laws.matched import moves_little
from kinema.metrics.laws.parabola import falls_in_flight
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation, Track
from kinema.metrics.presence import gone_over_the_edge, seen_in_truth, shown_counts, to_be_seen
from kinema.metrics.untangle import untangled
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from kinema.scenes.truth import Contact, Truth

__all__ = ["gravity", "law_residual", "permanence", "restitution"]

MOST = float(np.log(4.0))  # -, |ln| of the gravity ratio: four times too much or too little is as wrong as it gets
UPRIGHT = 0.7  # -, of a normal: what points that much upwards is a floor
HEAD_ON = 0.95  # -, approach along the normal over the whole: less is a blow at an angle
ROUGHLY = 0.3  # rms of the fit up to which it says when bodies touch
BESIDE_S, LEAST_BESIDE = 0.2, 4  # s and frames on either side of a blow from which speeds are read
EXTRA = 0.25  # -, what a frame loses for a body too many; the next one costs as much of the rest
ERRS, WELL = 0.15, 0.03  # px that a tracker errs by, and the share of its pull by which a flight may be wrong for it
REBOUND = 0.1  # -, of the approach speed; less is not a rebound
PULLED = frozenset(  # laws of motion that gravity drives
    "acceleration buoyancy circular_motion constant_acceleration drag gravity parabola range spring stability torque wave_speed".split()
)
FALLS = 0.05  # diameters of height that a body gains or loses; less, and gravity shows nowhere


@metric(
    "dynamics/law_residual", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="rms of y_clip(t) = s R y_truth(a t + b) + o over the truth's motion; prior on a (sd .1)",
    formula="sqrt(rms^2 + .01 (ln a / .1)^2), rms^2 = (sum |residual|^2 - jitter^2) / sum |s R (y_truth - mean)|^2",
    own=("gravity", "restitution", "time_stretch", "pace_drift", "damping", "kick", "teleport", "hover", "constant_velocity", "sticks",
         "reversal", "direction_swap", "mass_ratio", "order_swap", "interpenetration", "shuffled_frames"),
    coupled={"mirror": "left and right count where the prompt names a direction",
             "move_swap": "what the camera's own motion leaves behind",
             "count_swap": "one body more may be followed instead",
             "shot_cut": "after a cut nobody knows where the camera stands"},
    blind=("where in the picture, how large, from how far and when it happens", "a pace up to some per cent off costs little",
           "small parts of the motion beside large ones", "turning: see dynamics/rotation",
           "who is who once looks are exchanged: see dynamics/identity"),
)  # fmt: skip
def law_residual(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the motion is from the truth's after the best choice of camera, scale, start and pace.

    Returns:
        0 where the tracks are the truth seen from somewhere, 1 where nothing is explained: no track, no admissible
        fit, or a fit that ends on a bound. ``Unscored`` for clips without truth, and where no body leaves its place.

    Example:
        >>> law_residual(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if case.truth is None:
        return Unscored(reason="there is no truth to compare with")
    if reason := case.unfollowed or moves_little(case):
        return Unscored(reason=reason)
    found = aligned(untangled(seen), case)
    if isinstance(found, NoFit) or found.failed:
        return Scored(value=1.0, why=_sentence(found.failed), details=_fit_details(found))
    pace, scale = f"pace {found.pace:.2f}", f"scale {found.scale:.2f}"
    why = f"After alignment {found.rms:.1%} of the motion is left unexplained; {pace}, {scale}."
    return Scored(value=found.residual, why=why, details=_fit_details(found))


@metric(
    "dynamics/permanence", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="share of the case's frames in which every body is there; a body too many costs a quarter of its frame, each more of the rest",
    formula="min(1, mean min(seen, wanted) / mean visible in the truth) - mean of 1 - .75^e, e bodies too many in a frame",
    own=("vanish", "duplicate", "count_swap"),
    coupled={"shot_cut": "who is not in the next shot is not there", "blur": "a small body blurred by its own size is not to be seen"},
    blind=("bodies that leave the picture over its edge", "who is who: see dynamics/identity"),
)  # fmt: skip
def permanence(seen: Observation, case: Case) -> Scored | Unscored:
    """Which share of the time the bodies are there.

    Returns:
        1 where every body is seen in every frame of the case, 0 where none ever is. What lies beyond the clip's end
        counts as not shown, and while a body is hidden in the truth it need not be seen. ``Unscored`` where neither
        truth nor manifest says how many bodies there are.

    Example:
        >>> from kinema.metrics.metric import Shown
        >>> seen = Observation(times=np.arange(48) / 24, counts=np.array([1] * 16 + [0] * 32))
        >>> round(permanence(seen, Case.outside("a ball", Shown())).value, 3)
        0.333
    """
    wanted = len(case.truth.bodies) if case.truth is not None else len(case.shown)
    if wanted == 0:
        return Unscored(reason=case.unfollowed or "nothing says how many bodies there are")
    if case.unfollowed:
        return Unscored(reason=case.unfollowed)
    wanted = to_be_seen(seen, case, wanted)
    counts = shown_counts(seen, case) + gone_over_the_edge(seen, case, wanted)
    share = float(min(1.0, np.minimum(counts, wanted).mean() / seen_in_truth(case, wanted))) if len(counts) else 0.0
    most = len(case.truth.bodies) if case.truth is not None else wanted
    more = np.maximum(shown_counts(seen, case) - most, 0)
    extra = float((more > 0).mean()) if len(counts) else 0.0
    cost = float((1 - (1 - EXTRA) ** more).mean()) if len(counts) else 0.0
    of_them = "the body is" if wanted == 1 else f"of {wanted} bodies"
    why = f"For {share:.0%} of the time {of_them} there" + (f"; for {extra:.0%} there is one too many." if extra else ".")
    return Scored(value=max(0.0, share - cost), why=why, details={"share": share, "extra": extra})


@metric(
    "dynamics/gravity", version=2, unit="-", better="lower", best=0.0, worst=MOST, needs=("tracks", "contacts"),
    source="|ln(g seen / g of the case)|; parabolas between contacts, or scale * pace^2 of the whole motion; ruler: the size",
    formula="|ln(g seen / g)|; of flights: fall in diameters / s^2; else s a^2 of a fit with a free pace, s by the size",
    own=("gravity", "time_stretch", "pace_drift", "constant_velocity", "order_swap", "damping"),
    coupled={"shuffled_frames": "what is everywhere at once falls nowhere",
             "reversal": "backwards things fall upwards",
             "size_change": "the body's own size is the ruler",
             "interpenetration": "what sinks into the floor turns round later"},
    blind=("motion on a level floor", "bodies that are shown too large or too small for the way they go, which look like another gravity"),
)  # fmt: skip
def gravity(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the pull of gravity is off, as a logarithm: 0.69 is twice too much, or half.

    Returns:
        |ln(g seen / g of the case)|, at most ln 4, which also stands for a clip whose motion fits nothing or does not
        fall. ``details.measured`` is g seen in m/s^2. ``Unscored`` where gravity moves nothing (bodies on a level
        floor) and, without truth, where no diameter is known or nothing flies freely.

    Example:
        >>> gravity(Observation(), Case.outside("a ball bounces")).reason
        'no diameter is known to measure with'
    """
    if case.truth is None:
        return _gravity_outside(seen, case)
    if reason := _no_gravity(case, case.truth):
        return Unscored(reason=reason)
    seen = untangled(seen)
    found = lawful(seen, case)
    if isinstance(found, NoFit) or _runs_backwards(seen, case, found):
        return Scored(value=MOST, why=_sentence(found.failed or "the motion fits only backwards"))
    if "parabola" in case.laws and "spring" not in case.laws:
        return _gravity_of_flight(seen, case, found)
    if "range" in case.laws and len(case.truth.bodies) == 1 and (falls := falls_in_flight(seen, case)):
        return _verdict(float(np.mean(falls)) * 2 * case.truth.bodies[0].radius, case, "while the truth flies freely")
    return _gravity_of_motion(seen, case)


@metric(
    "dynamics/restitution", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks", "contacts"),
    source="|e seen - e true|, e = speed of separation over speed of approach at the first contacts",
    formula="min(1, |e seen - e true|), e over the first two contacts, weighted by the square of the speed of approach",
    own=("restitution", "sticks", "mass_ratio"),
    coupled={"reversal": "backwards a rebound is faster than what it comes of",
             "constant_velocity": "what moves evenly does not rebound",
             "shuffled_frames": "what is everywhere at once strikes nothing",
             "interpenetration": "what sinks in and comes out again is faster there"},
    blind=("contacts after the second", "what is lost along the surface"),
)  # fmt: skip
def restitution(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the rebound is off.

    Returns:
        |e seen - e true|, at most 1, which also stands for a clip that does not rebound where the truth does, or whose
        motion fits nothing. ``details.measured`` is e seen. ``Unscored`` without truth and where nothing touches in it.

    Example:
        >>> restitution(Observation.of(contacts=[0.5]), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if case.truth is None:
        return Unscored(reason="there is no truth to compare with")
    if reason := _no_rebound(case, case.truth):
        return Unscored(reason=reason)
    real = _impacts(case.truth, case.request.seconds)
    seen = untangled(seen)
    found = lawful(seen, case)
    if isinstance(found, NoFit) or _runs_backwards(seen, case, found):
        return Scored(value=1.0, why=_sentence(found.failed or "the motion fits only backwards"))
    true = rebound.of_truth(case.truth, real[0])
    ids = [seen.tracks[k].id for k in found.tracks if k is not None]
    e = rebound.of_clip(seen, ids, pair=all(any(body.name == name for body in case.truth.bodies) for name in real[0].bodies))
    if e is None and found.rms < ROUGHLY:
        e = _rebound_where_expected(seen, case, found, real[0])
    if e is None:
        return Scored(value=1.0, why=f"No contact is seen; the truth rebounds with {true:.2f} of its speed.")
    details = {"measured": e, "unit": "-", "true": true}
    if true > REBOUND >= e:
        return Scored(
            value=1.0,
            why=f"No rebound: {e:.2f} of the speed is left where the truth keeps {true:.2f}.",
            details=details,
        )
    why = f"The rebound keeps {e:.2f} of the speed; the truth keeps {true:.2f}."
    return Scored(value=float(min(1.0, abs(e - true))), why=why, details=details)


def _runs_backwards(seen: Observation, case: Case, found: Fit) -> bool:
    """Whether the clip fits only backwards: then things fall upwards, and the floor throws what lies on it."""
    left = 1.0 if found.failed else found.rms
    if left < ROUGHLY:
        return False
    back = backwards(seen, case)
    return not isinstance(back, NoFit) and not back.failed and back.rms < 0.5 * left


def _rebound_where_expected(seen: Observation, case: Case, found: Fit, contact: Contact) -> float | None:
    """What is left of the speed at a blow on the floor that no kink of the track tells, at the moment at which the fit expects it."""
    assert case.truth is not None
    names = [body.name for body in case.truth.bodies]
    k = found.tracks[names.index(contact.bodies[0])]
    if k is None or contact.bodies[1] in names:
        return None
    track = _steady(seen, seen.tracks[k])
    t = found.clip_time(contact.t)
    next_ = min((found.clip_time(c.t) for c in case.truth.contacts if contact.bodies[0] in c.bodies and c.t > contact.t), default=np.inf)
    speeds = []
    for low, high in ((t - BESIDE_S, t), (t, min(t + BESIDE_S, next_))):
        inside = (track.t > low) & (track.t < high)
        if inside.sum() < LEAST_BESIDE:
            return None
        speeds.append(float(np.polyfit(track.t[inside] - t, track.y[inside], 2)[1]))
    return max(0.0, -speeds[1] / speeds[0]) if speeds[0] > 0 else None


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _fit_details(found: Fit | NoFit) -> dict[str, object]:
    if isinstance(found, NoFit):
        return {}
    return {
        "rms": found.rms, "pace": found.pace, "shift_s": found.shift, "scale": found.scale, "roll": found.roll,
        "mirrored": found.mirrored, "gravity_ratio": found.gravity_ratio, "bound": found.bound,
    }  # fmt: skip


def _swings(case: Case) -> bool:
    """Whether gravity shows in the period of a swing."""
    assert case.truth is not None
    hangs = any(body.rod_to is not None for body in case.truth.bodies)
    return hangs or ({"period", "gravity"} <= set(case.laws) and not case.truth.vertices)


def _no_gravity(case: Case, truth: Truth) -> str:
    """Why gravity cannot be told from this case, "" where it can."""
    if case.unfollowed:
        return case.unfollowed
    if not _swings(case) and not PULLED & set(case.laws):
        return "gravity drives nothing here"
    names = {body.name for body in truth.bodies}
    if "stability" in case.laws and any(set(contact.bodies) <= names for contact in _impacts(truth, case.request.seconds)):
        return "how hard it is struck shows in its fall"
    return "" if _falls(truth, case.request.seconds) else "gravity moves nothing here"


def _no_rebound(case: Case, truth: Truth) -> str:
    """Why there is no rebound to be measured in this case, "" where there is one."""
    if case.unfollowed:
        return case.unfollowed
    if "restitution" not in case.laws:
        return "how much it rebounds is no law of this scene"
    impacts = _impacts(truth, case.request.seconds)
    return _no_way_back(truth, impacts[0]) if impacts else "nothing touches in the truth"


def _no_way_back(truth: Truth, contact: Contact) -> str:
    """Why the speeds in the picture do not tell how much a contact gives back, "" where they do."""
    names = [body.name for body in truth.bodies]
    if contact.bodies[1] not in names:
        return "" if abs(contact.normal[2]) > UPRIGHT else "it strikes something upright, and sideways speeds need not be the normal ones"
    first, second = (names.index(name) for name in contact.bodies)
    k = max(0, round(contact.t * TRUTH_RATE) - 2)
    speed = float(np.linalg.norm(truth.velocity[k, first] - truth.velocity[k, second]))
    return "" if contact.approach_speed > HEAD_ON * speed else "the bodies meet at an angle, and only the part along the normal comes back"


def _falls(truth: Truth, seconds: float) -> bool:
    """Whether anything changes its height within the clip."""
    shown = truth.position[: round(seconds * TRUTH_RATE) + 1, :, 2]
    return bool(np.ptp(shown, axis=0).max() > FALLS * max(2 * body.radius for body in truth.bodies))


def _verdict(measured: float, case: Case, how: str) -> Scored:
    ratio = measured / case.gravity
    value = MOST if ratio <= 0 else float(min(MOST, abs(np.log(ratio))))
    why = f"Gravity is {measured:.2f} m/s^2 {how}; the case has {case.gravity:.2f}."
    return Scored(value=value, why=why, details={"measured": measured, "unit": "m/s^2", "expected": case.gravity})


def _gravity_of_motion(seen: Observation, case: Case) -> Scored:
    """Pace and scale without the prior: g goes with length over time squared, for swings as for ramps."""
    free = unhurried(seen, case)
    if isinstance(free, NoFit) or free.failed:
        return Scored(value=MOST, why=_sentence(free.failed))
    assert case.truth is not None
    if _swings(case) and "spring" not in case.laws:  # by gravity and length, however widely
        return _verdict(free.pace**2 * case.gravity, case, f"by swings of {free.pace:.2f} times the pace")
    how = f"by a motion of {free.pace:.2f} times the pace and {free.scale:.2f} times the size"
    return _verdict(free.gravity_ratio * case.gravity, case, how)


def _gravity_of_flight(seen: Observation, case: Case, found: Fit) -> Scored:
    assert case.truth is not None
    flights: list[tuple[float, float]] = []
    for body, k in zip(case.truth.bodies, found.tracks, strict=True):
        if k is not None:
            track = _steady(seen, seen.tracks[k])
            metres = 2 * body.radius / track.diameter
            flights += [(arc.fall * metres, arc.variance * metres**2) for arc in _chosen(arcs(track, seen.contacts), track)]
    if not flights:
        return _gravity_of_motion(seen, case)
    pulls, variances = np.array(flights).T
    how = f"over {len(flights)} flight{'s' if len(flights) > 1 else ''}"
    return _verdict(float(np.average(pulls, weights=1 / variances)), case, how)


def _chosen(pieces: list[Arc], track: Track) -> list[Arc]:
    """The flights that tell how a body is pulled: the one before anything is struck, where that says it well enough; else all."""
    high = [arc for arc in pieces if arc.parabolic and arc.height >= AIRBORNE * track.diameter]
    first = min(high, key=lambda arc: arc.start, default=None)
    return [first] if first is not None and np.sqrt(first.variance) * ERRS < WELL * abs(first.fall) else high


def _gravity_outside(seen: Observation, case: Case) -> Scored | Unscored:
    """From the flight that is measured best, of a body whose diameter the manifest knows."""
    known = [(k, shown.diameter_m) for k, shown in enumerate(case.shown) if shown.diameter_m is not None]
    if not known:
        return Unscored(reason="no diameter is known to measure with")
    main = main_tracks(seen.tracks, len(case.shown))
    owned = _by_colour(seen, case, main)
    flights = []
    for body, diameter in known:
        k = owned.get(body)
        if k is None:
            continue
        track = _steady(seen, seen.tracks[k])
        for arc in arcs(track, seen.contacts):
            if arc.parabolic and arc.upright and arc.height >= track.diameter:
                flights.append((arc.variance * (diameter / track.diameter) ** 2, arc, diameter / track.diameter))
    if not flights:
        return Unscored(reason="nothing flies freely long enough to measure g")
    _, arc, metres = min(flights, key=lambda flight: flight[0])
    return _verdict(arc.fall * metres, case, f"over the flight from {arc.start:.2f} to {arc.end:.2f} s")


def _by_colour(seen: Observation, case: Case, main: list[int]) -> dict[int, int]:
    """Which track is which of the manifest's bodies: as many of the right colour as can be."""
    if not main:
        return {}
    agree = np.array([[seen.tracks[k].colour == shown.colour for shown in case.shown] for k in main], dtype=float)
    rows, owners = linear_sum_assignment(-agree)
    return {int(owner): main[row] for row, owner in zip(rows, owners, strict=True)}


def _steady(seen: Observation, track: Track) -> Track:
    """A track with the camera's own motion taken out."""
    if seen.view is None:
        return track
    x, y = seen.steady(track)
    return replace(track, x=x, y=y, size=track.size * seen.view.scale[track.frame])


def _impacts(truth: Truth, seconds: float) -> list[Contact]:
    followed = {body.name for body in truth.bodies}
    return [contact for contact in truth.contacts if contact.t < seconds and contact.bodies[0] in followed]

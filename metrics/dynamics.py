"""Does it move as the laws of motion say?"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics import rebound
from kinema.metrics.align import Fit, NoFit, aligned, fit, main_tracks
from kinema.metrics.flight import arcs, mean_fall
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from kinema.scenes.truth import Contact, Truth

__all__ = ["gravity", "law_residual", "permanence", "restitution"]

MOST = float(np.log(4.0))  # -, |ln| of the gravity ratio: four times too much or too little is as wrong as it gets
EXTRA = 0.25  # -, what a frame loses for a body too many
FREE_PACE = (0.3, 3.0)  # -, pace of a swing when its gravity is measured: from a tenth to nine times
REBOUND = 0.1  # -, of the approach speed; less is not a rebound
FALLS = 0.05  # diameters of height that a body gains or loses; less, and gravity shows nowhere


@metric(
    "dynamics/law_residual", version=1, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="rms of y_clip(t) = s R y_truth(a t + b) + o over the truth's motion, with a log-normal prior on a (sd .1)",
)  # fmt: skip
def law_residual(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the motion is from the truth's after the best choice of camera, scale, start and pace.

    Returns:
        0 where the tracks are the truth seen from somewhere, 1 where nothing is explained: no track, no admissible
        fit, or a fit that ends on a bound. ``Unscored`` for clips without truth.

    Example:
        >>> law_residual(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if case.truth is None:
        return Unscored(reason="there is no truth to compare with")
    if case.unfollowed:
        return Unscored(reason=case.unfollowed)
    found = aligned(seen, case)
    if isinstance(found, NoFit) or found.failed:
        return Scored(value=1.0, why=_sentence(found.failed), details=_fit_details(found))
    pace, scale = f"pace {found.pace:.2f}", f"scale {found.scale:.2f}"
    why = f"After alignment {found.rms:.1%} of the motion is left unexplained; {pace}, {scale}."
    return Scored(value=found.residual, why=why, details=_fit_details(found))


@metric(
    "dynamics/permanence", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="share of the case's frames in which every body is there; a body too many costs a quarter of its frame",
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
    counts = shown_counts(seen, case)
    share = float(min(1.0, np.minimum(counts, wanted).mean() / _seen_in_truth(case, wanted))) if len(counts) else 0.0
    extra = float((counts > wanted).mean()) if len(counts) else 0.0
    of_them = "the body is" if wanted == 1 else f"of {wanted} bodies"
    why = f"For {share:.0%} of the time {of_them} there" + (
        f"; for {extra:.0%} there is one too many." if extra else "."
    )
    return Scored(value=max(0.0, share - EXTRA * extra), why=why, details={"share": share, "extra": extra})


@metric(
    "dynamics/gravity", version=1, unit="-", better="lower", best=0.0, worst=MOST, needs=("tracks", "contacts"),
    source="|ln(g seen / g of the case)|; parabolas between contacts, or scale * pace^2 of a swing; ruler: the body's size",
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
    found = aligned(seen, case)
    if isinstance(found, NoFit) or found.failed:
        return Scored(value=MOST, why=_sentence(found.failed))
    if _swings(case.truth):
        return _gravity_of_swing(seen, case, case.truth)
    return _gravity_of_flight(seen, case, found)


@metric(
    "dynamics/restitution", version=1, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks", "contacts"),
    source="|e seen - e true|, e = speed of separation over speed of approach at the first contacts",
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
    found = aligned(seen, case)
    if isinstance(found, NoFit) or found.failed:
        return Scored(value=1.0, why=_sentence(found.failed))
    true = rebound.of_truth(case.truth, real[0])
    ids = [seen.tracks[k].id for k in found.tracks if k is not None]
    e = rebound.of_clip(seen, ids, pair=all(any(body.name == name for body in case.truth.bodies) for name in real[0].bodies))
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


def _seen_in_truth(case: Case, wanted: int) -> float:
    """How many bodies the truth shows, on average over the frames of the case; when does not count, as a clip may start late."""
    if case.truth is None:
        return float(wanted)
    moments = np.asarray((np.arange(case.request.frame_count) + 0.5) / case.request.fps, dtype=np.float64)
    return max(float(case.truth.visible_at(moments).sum(axis=1).mean()), 1e-6)


def shown_counts(seen: Observation, case: Case) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many bodies are visible at each frame time of the case, 0 beyond the clip's end.

    Without truth nothing says how long the clip should be: then at each of its own frames.
    """
    if case.truth is None:
        return np.asarray(seen.counts, dtype=np.int64)
    moments = (np.arange(case.request.frame_count) + 0.5) / case.request.fps
    if not len(seen.times):
        return np.zeros(len(moments), dtype=np.int64)
    period = float(np.median(np.diff(seen.times))) if len(seen.times) > 1 else 1 / case.request.fps
    frame = np.clip(np.searchsorted(seen.times, moments, side="right") - 1, 0, len(seen.times) - 1)
    within = moments < seen.times[-1] + period
    return np.where(within, np.asarray(seen.counts)[frame], 0).astype(np.int64)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def _fit_details(found: Fit | NoFit) -> dict[str, object]:
    if isinstance(found, NoFit):
        return {}
    return {
        "rms": found.rms, "pace": found.pace, "shift_s": found.shift, "scale": found.scale, "roll": found.roll,
        "mirrored": found.mirrored, "gravity_ratio": found.gravity_ratio, "bound": found.bound,
    }  # fmt: skip


def _swings(truth: Truth) -> bool:
    return any(body.rod_to is not None for body in truth.bodies)


def _no_gravity(case: Case, truth: Truth) -> str:
    """Why gravity cannot be told from this case, "" where it can."""
    if case.unfollowed:
        return case.unfollowed
    if not _swings(truth) and "parabola" not in case.laws:
        return "nothing flies freely here"
    return "" if _falls(truth, case.request.seconds) else "gravity moves nothing here"


def _no_rebound(case: Case, truth: Truth) -> str:
    """Why there is no rebound to be measured in this case, "" where there is one."""
    if case.unfollowed:
        return case.unfollowed
    if "restitution" not in case.laws:
        return "how much it rebounds is no law of this scene"
    return "" if _impacts(truth, case.request.seconds) else "nothing touches in the truth"


def _falls(truth: Truth, seconds: float) -> bool:
    """Whether anything changes its height within the clip."""
    shown = truth.position[: round(seconds * TRUTH_RATE) + 1, :, 2]
    return bool(np.ptp(shown, axis=0).max() > FALLS * max(2 * body.radius for body in truth.bodies))


def _verdict(measured: float, case: Case, how: str) -> Scored:
    ratio = measured / case.gravity
    value = MOST if ratio <= 0 else float(min(MOST, abs(np.log(ratio))))
    why = f"Gravity is {measured:.2f} m/s^2 {how}; the case has {case.gravity:.2f}."
    return Scored(value=value, why=why, details={"measured": measured, "unit": "m/s^2", "expected": case.gravity})


def _gravity_of_swing(seen: Observation, case: Case, truth: Truth) -> Scored:
    """Pace and scale without the prior: g goes with length over period squared."""
    free = fit(seen.tracks, truth, prior=False, pace=FREE_PACE)
    if isinstance(free, NoFit) or free.failed:
        return Scored(value=MOST, why=_sentence(free.failed))
    return _verdict(
        free.gravity_ratio * case.gravity,
        case,
        f"by a swing of {free.pace:.2f} times the pace and {free.scale:.2f} times the size",
    )


def _gravity_of_flight(seen: Observation, case: Case, found: Fit) -> Scored:
    assert case.truth is not None
    pulls, pieces = [], 0
    for body, k in zip(case.truth.bodies, found.tracks, strict=True):
        if k is None:
            continue
        track = seen.tracks[k]
        flights = arcs(track, seen.contacts)
        if flights:
            pieces += len(flights)
            pulls.append(mean_fall(flights) * 2 * body.radius / track.diameter)
    if not pulls:
        return Scored(value=MOST, why="Nothing flies long enough to measure g.")
    return _verdict(float(np.mean(pulls)), case, f"over {pieces} flight{'s' if pieces > 1 else ''}")


def _gravity_outside(seen: Observation, case: Case) -> Scored | Unscored:
    """From the flight that is measured best, of a body whose diameter the manifest knows."""
    known = [(k, shown.diameter_m) for k, shown in enumerate(case.shown) if shown.diameter_m is not None]
    if not known:
        return Unscored(reason="no diameter is known to measure with")
    main = main_tracks(seen.tracks, len(case.shown))
    best = None
    for owners in permutations(range(len(case.shown)), len(main)):
        agree = sum(seen.tracks[k].colour == case.shown[owner].colour for k, owner in zip(main, owners, strict=True))
        if best is None or agree > best[0]:
            best = (agree, dict(zip(owners, main, strict=True)))
    flights = []
    for body, diameter in known:
        k = (best[1] if best else {}).get(body)
        if k is None:
            continue
        track = seen.tracks[k]
        for arc in arcs(track, seen.contacts):
            if arc.parabolic and arc.upright and arc.height >= track.diameter:
                flights.append((arc.variance * (diameter / track.diameter) ** 2, arc, diameter / track.diameter))
    if not flights:
        return Unscored(reason="nothing flies freely long enough to measure g")
    _, arc, metres = min(flights, key=lambda flight: flight[0])
    return _verdict(arc.fall * metres, case, f"over the flight from {arc.start:.2f} to {arc.end:.2f} s")


def _impacts(truth: Truth, seconds: float) -> list[Contact]:
    followed = {body.name for body in truth.bodies}
    return [contact for contact in truth.contacts if contact.t < seconds and contact.bodies[0] in followed]

"""Errors against the truth as it stands: for clips that were given the first picture (``i2v``) or the first pictures (``v2v``).

There the camera, the place and the start are given, so nothing may be fitted: a body is where the truth has it or it is not. What is not
shown counts as wrong, never as not measured.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from kinema.metrics.ideal import ideal
from kinema.metrics.metric import REGISTERED, Case, Scored, Unscored, metric
from kinema.metrics.sync import matches

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation, Track

__all__ = [
    "Pair", "acceleration_error", "contact_time_error", "incomparable", "pairs", "rotation_error", "trajectory_error", "velocity_error",
]  # fmt: skip

REACH = {1: 2, 2: 4}  # frames on either side that a velocity, or an acceleration, is fitted over
CLEAR = 0.5  # -, of the fastest contact's speed; slower ones are too close together to be told apart
CAP = 2.0  # -, relative errors beyond this are all the same
SLOW = {1: 0.5, 2: 0.4}  # px a frame (a frame squared), rms: below it tracks that are .35 px off cannot tell
SUDDEN = 0.1  # heights/s: a slower contact is no kink in a track
WINDOW = 0.5  # s, a contact further away is another one
TURNED = 0.2  # rad that something must turn by to be judged
LONG = 1.25  # -, long over short side from which on the outline shows how a body is turned: below, noise decides which side is long
USUALLY = 0.8  # share of its frames in which an outline must show it
ELSEWHERE = ("gravity", "constant_velocity", "late_start", "time_stretch", "teleport", "sticks")
MIRRORED = {"mirror": "what moves sideways moves the other way, and what falls straight as it should"}
TURNS = {"spin": "what turns otherwise has the middle of its outline elsewhere"}
ZOOMS = {"zoom": "speeds grow with the picture, as far as the bodies stay in it"}


class Pair:
    """A body of the truth as a perfect observer sees it, and the clip's track of it; rows are the clip's frames in which it should be seen.

    Attributes:
        name: of the body.
        t: (n,) s.
        true: (n, 2) px, in the clip's picture.
        shown: (n, 2) px; rows of ``missing`` frames mean nothing.
        missing: (n,) bool.
    """

    def __init__(self, name: str, want: Track, got: Track | None) -> None:
        self.name, self.want, self.got = name, want, got
        self.t = want.t
        self.true = np.stack([want.x, want.y], axis=-1)
        self.shown = np.zeros_like(self.true)
        self.missing = np.ones(len(want.t), dtype=bool)
        if got is not None:
            place = {int(frame): k for k, frame in enumerate(got.frame)}
            rows = [(i, place[int(frame)]) for i, frame in enumerate(want.frame) if int(frame) in place]
            for i, k in rows:
                self.shown[i] = got.x[k], got.y[k]
                self.missing[i] = False


def wanted(seen: Observation, case: Case) -> Observation:
    """What a perfect observer sees of the truth at the clip's own rate and size, for as long as was asked."""
    assert case.truth is not None
    period = float(np.median(np.diff(seen.times))) if len(seen.times) > 1 else 1 / case.request.fps
    asked = replace(case.request, width=seen.width, height=seen.height, fps=1 / period, conditioning=None)
    return ideal(case.truth, asked)


def pairs(seen: Observation, want: Observation, case: Case) -> list[Pair]:
    """Every body of the truth with the track that comes nearest to it, none twice."""
    assert case.truth is not None
    if not want.tracks:
        return []
    alone = [Pair("", one, None) for one in want.tracks]
    if not seen.tracks:
        return [_named(case, one, None) for one in want.tracks]
    cost = np.array([[_far(Pair("", one.want, track), seen) for track in seen.tracks] for one in alone])
    rows, columns = linear_sum_assignment(cost)
    chosen = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [_named(case, one, seen.tracks[chosen[k]] if k in chosen else None) for k, one in enumerate(want.tracks)]


def _named(case: Case, want: Track, got: Track | None) -> Pair:
    assert case.truth is not None
    return Pair(case.truth.bodies[want.id].name, want, got)


def _far(pair: Pair, seen: Observation) -> float:
    """Mean distance in picture heights; a frame without the body is one height away."""
    away = np.linalg.norm(pair.shown - pair.true, axis=-1) / seen.height
    return float(np.where(pair.missing, 1.0, np.minimum(away, 1.0)).mean())


def incomparable(case: Case) -> str:
    """Why nothing can be compared place by place in this case, "" where it can."""
    if case.truth is None:
        return "there is no truth to compare with"
    if case.request.mode not in REGISTERED:
        return "only clips that were given the first picture can be compared place by place"
    return case.unfollowed


@metric(
    "dynamics/trajectory_error",
    version=1,
    unit="heights",
    better="lower",
    best=0.0,
    worst=1.0,
    modes=REGISTERED,
    needs=("tracks",),
    scaled=False,
    source="NewtonBench-60K and RigidBench: mean L2 of centres over picture height; here missing frames count as one height",
    formula="mean over bodies and frames of min(1, |p - p_true| / H), 1 where the body is not shown",
    own=(*ELSEWHERE, "shift", "zoom", "vanish", "mirror"),
    coupled=TURNS,
    blind=("A body that is a little late is as wrong as one that falls wrongly.",),
)
def trajectory_error(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the bodies are from where they should be, in picture heights.

    Returns:
        0 where every body is where the truth has it in every frame, 1 where none is shown. ``Unscored`` without truth and for clips made
        from text alone.

    Example:
        >>> trajectory_error(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if reason := incomparable(case):
        return Unscored(reason=reason)
    found = pairs(seen, wanted(seen, case), case)
    if not found:
        return Unscored(reason="no body of the truth is in the picture")
    value = float(np.mean([_far(pair, seen) for pair in found]))
    missing = float(np.mean([pair.missing.mean() for pair in found]))
    why = f"The bodies are {value:.1%} of the picture's height off on average; {missing:.0%} of their frames are not shown."
    return Scored(value=value, why=why, details={"missing": missing})


@metric(
    "dynamics/velocity_error",
    version=1,
    unit="-",
    better="lower",
    best=0.0,
    worst=CAP,
    modes=REGISTERED,
    needs=("tracks",),
    scaled=False,
    source="NewtonBench-60K (velocity RMSE); here relative to the truth's own velocity, fitted over 5 frames",
    formula="rms |v - v_true| / rms |v_true|, a body not shown counting as v = -v_true; capped at 2",
    own=(*ELSEWHERE, "vanish"),
    coupled=TURNS | ZOOMS | MIRRORED,
    blind=("Where a body is does not matter, only how it moves.", "Contacts and the frames round them are left out."),
)
def velocity_error(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the velocities are off, relative to the truth's own: 1 is as wrong as standing still.

    Returns:
        0 for the truth's velocities, 1 for a frozen picture, 2 (the cap) where nothing is shown. ``Unscored`` without truth, for clips
        made from text alone and where nothing moves.

    Example:
        >>> velocity_error(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    return _rates(seen, case, 1, "velocity")


@metric(
    "dynamics/acceleration_error",
    version=1,
    unit="-",
    better="lower",
    best=0.0,
    worst=CAP,
    modes=REGISTERED,
    needs=("tracks",),
    scaled=False,
    source="NewtonBench-60K (acceleration RMSE); here relative to the truth's own acceleration, fitted over 9 frames",
    formula="rms |a - a_true| / rms |a_true|, a body not shown counting as a = -a_true; capped at 2",
    own=("gravity", "constant_velocity", "late_start", "time_stretch", "teleport", "sticks"),
    coupled=TURNS | ZOOMS | MIRRORED | {"vanish": "what is not shown accelerates wrongly, where it should accelerate"},
    blind=("A body that moves evenly has no acceleration to compare.", "Contacts and the frames round them are left out."),
)
def acceleration_error(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the accelerations between contacts are off, relative to the truth's own: 1 is as wrong as gliding evenly.

    Returns:
        0 for the truth's accelerations, 2 (the cap) where nothing is shown. ``Unscored`` without truth, for clips made from text alone and
        where nothing accelerates.

    Example:
        >>> acceleration_error(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    return _rates(seen, case, 2, "acceleration")


def _rates(seen: Observation, case: Case, order: int, noun: str) -> Scored | Unscored:
    if reason := incomparable(case):
        return Unscored(reason=reason)
    want = wanted(seen, case)
    period = float(np.median(np.diff(want.times))) if len(want.times) > 1 else 1.0
    error = own = 0.0
    frames = 0
    for pair in pairs(seen, want, case):
        hits = [contact.t for contact in want.contacts if pair.want.id in contact.bodies]
        true, there = _derivative(pair.t, pair.true, np.ones(len(pair.t), bool), hits, order)
        shown, known = _derivative(pair.t, pair.shown, ~pair.missing, hits, order)
        wrong = np.where(known[:, None], shown - true, 2 * true)
        error += float((wrong[there] ** 2).sum())
        own += float((true[there] ** 2).sum())
        frames += int(there.sum())
    if frames == 0 or np.sqrt(own / frames) < SLOW[order] / period**order:
        return Unscored(reason=f"the truth has no {noun} to speak of between its contacts")
    value = float(min(CAP, np.sqrt(error / own)))
    return Scored(
        value=value, why=f"The {noun} is off by {value:.0%} of what it should be, over {frames} frames.", details={"frames": frames}
    )


def _derivative(
    t: NDArray[np.float64], place: NDArray[np.float64], known: NDArray[np.bool_], hits: list[float], order: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """(n, 2) first or second derivative by a parabola over some frames, and where it is defined: no gap and no contact near."""
    n, reach = len(t), REACH[order]
    rate, defined = np.zeros((n, 2)), np.zeros(n, dtype=bool)
    if n < 2 * reach + 1:
        return rate, defined
    step = float(np.median(np.diff(t)))
    for i in range(reach, n - reach):
        part = slice(i - reach, i + reach + 1)
        clear = all(abs(t[i] - hit) > (reach + 0.5) * step for hit in hits)
        if clear and known[part].all() and t[part][-1] - t[part][0] < (2 * reach + 0.5) * step:
            fit = np.polyfit(t[part] - t[i], place[part], 2)
            rate[i], defined[i] = (fit[1] if order == 1 else 2 * fit[0]), True
    return rate, defined


@metric(
    "dynamics/contact_time_error",
    version=2,
    unit="ms",
    better="lower",
    best=0.0,
    worst=500.0,
    modes=REGISTERED,
    needs=("tracks", "contacts"),
    scaled=False,
    source="VPhysBench (contact time); Hungarian matching within 500 ms",
    formula="median over the truth's visible contacts, weighted by the square of their speed, of |t - t_true|, 500 ms where none matches",
    own=("gravity", "late_start", "time_stretch"),
    coupled={
        "constant_velocity": "it arrives when it arrives, and no blow is seen",
        "vanish": "no contact is seen",
        "teleport": "a jump just before a blow hides it",
        "sticks": "what stops dead touches less hard, or no more",
    },
    blind=("Contacts that the truth does not have are not counted here.",),
)
def contact_time_error(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the visible contacts are off in time, in milliseconds.

    Returns:
        The weighted median over the truth's clear contacts (half of the fastest one's speed or more, and fast enough to be a kink in a
        track), 500 for one that is not shown. ``Unscored`` without truth, for clips made from text alone and where nothing touches visibly.

    Example:
        >>> contact_time_error(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if reason := incomparable(case):
        return Unscored(reason=reason)
    hits = [(contact.t, float(np.hypot(*contact.before))) for contact in wanted(seen, case).contacts]
    least = max(SUDDEN * seen.height, CLEAR * max((speed for _, speed in hits), default=0.0))
    clear = [(t, speed) for t, speed in hits if speed >= least]
    if not clear:
        return Unscored(reason="no contact of the truth is sudden to the eye")
    want = [t for t, _ in clear]
    got = [contact.t for contact in seen.contacts if contact.confidence >= 0.5]
    off = np.full(len(want), 500.0)
    for i, j in matches(want, got, WINDOW):
        off[i] = 1000 * abs(got[j] - want[i])
    found = int((off < 500).sum())
    value = _weighted_median(off, np.array([speed**2 for _, speed in clear]))
    why = f"{found} of {len(want)} contacts are seen; the median is {value:.0f} ms off."
    return Scored(value=value, why=why, details={"contacts": len(want), "seen": found})


def _weighted_median(values: NDArray[np.float64], weight: NDArray[np.float64]) -> float:
    """The least value that half of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(below, 0.5 * below[-1])])


@metric(
    "dynamics/rotation_error",
    version=2,
    unit="rad",
    better="lower",
    best=0.0,
    worst=float(np.pi),
    modes=REGISTERED,
    needs=("tracks",),
    scaled=False,
    source="angle of the outline's long side against the truth's projection",
    formula="rms over bodies and frames of the difference in direction, followed from the first frame on, at most pi; pi where not shown",
    own=("spin", "vanish", "late_start", "time_stretch"),
    coupled={
        "mirror": "a mirrored body turns the other way",
        "sticks": "what stops dead turns no more",
        "constant_velocity": "a body elsewhere is seen from another side",
        "gravity": "what falls faster turns faster",
    },
    blind=("Turning about an axis in the picture plane.", "Marks on round bodies: only outlines are compared."),
)
def rotation_error(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the bodies are turned wrongly in the picture, in radians.

    Returns:
        Root mean square over the frames of all long bodies that turn in the truth; pi where they are not shown. ``Unscored`` without truth,
        for clips made from text alone and where nothing turns by a fifth of a radian.

    Example:
        >>> rotation_error(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if reason := incomparable(case):
        return Unscored(reason=reason)
    squares, frames = 0.0, 0
    for pair in pairs(seen, wanted(seen, case), case):
        shows = pair.want.long >= LONG * pair.want.short
        if len(pair.t) == 0 or shows.mean() < USUALLY or np.ptp(pair.want.angle) < TURNED:
            continue
        frames += int(shows.sum())
        squares += float((_turn_off(pair)[shows] ** 2).sum())
    if frames == 0:
        return Unscored(reason="nothing in the truth turns so that it shows")
    value = float(np.sqrt(squares / frames))
    return Scored(
        value=value, why=f"What turns is off by {np.degrees(value):.0f} degrees, over {frames} frames.", details={"frames": frames}
    )


def _turn_off(pair: Pair) -> NDArray[np.float64]:
    """By how much a body is turned beyond the truth, frame by frame.

    An outline looks the same after half a turn. So what differs is followed from frame to frame, and not the angles themselves: a fast
    turn may pass more than a quarter between two frames.
    """
    off = np.full(len(pair.t), np.pi)
    if pair.got is None:
        return off
    _, i, j = np.intersect1d(pair.want.frame, pair.got.frame, return_indices=True)
    if len(i):
        beyond = np.unwrap(pair.got.angle[j] - pair.want.angle[i], period=np.pi)
        off[i] = np.minimum(np.pi, np.abs(beyond - beyond[0]))
    return off

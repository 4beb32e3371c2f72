"""Who comes first, by how much, and whether bodies obey the same law beside one another."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.metrics.align import FREE_PACE, NoFit, fit
from kinema.metrics.laws.matched import frames_of as frames
from kinema.metrics.laws.matched import in_motion, no_truth, truth_path, worst
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation, Track
from kinema.metrics.rebound import floor_hits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.laws.matched import Match, Matched
    from kinema.scenes.truth import Truth

__all__ = ["order", "ratio", "wave"]

SAME, OTHER = 0.15, 1.15  # -, |ln| of the ratio of two bodies' gravities: what is still 1, and what is 0
LEVEL = 0.5  # -, share of its way at which a body's moment is taken
FITS = 0.3  # rms of a body's own fit up to which it says how it is pulled
LEAST_FRAMES = 6  # of a fall that can be fitted
EDGE_S = 0.1  # s before it lands that are left out
APART_S = 0.08  # s between the moments of two bodies from which on the truth has an order: two frames at 24 a second
LEAD = 0.5  # -, of the truth's time between two bodies: how far apart they come is the concern of other laws
MOVES = 0.02  # of the picture's height that a body moves at least
WAVE = 4  # bodies that a wave runs through at least


@metric(
    "dynamics/order", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="races, falls side by side, rows of dominoes: who is half-way first, and by how much",
    formula="mean over pairs of 1/2 - d seen / d true within [0, 1], d the time between two bodies' half-way moments",
    own=("order_swap",),
    coupled={"constant_velocity": "who moves evenly from start to end is half-way when all are",
             "reversal": "backwards the last one comes first",
             "shuffled_frames": "who is everywhere at once comes first nowhere",
             "kick": "who is pushed out of the way arrives elsewhere"},
    blind=("bodies that the truth sets in motion less than 80 ms apart",),
)  # fmt: skip
def order(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the bodies arrive in the truth's order.

    Returns:
        0 where each pair comes in order and at least half as far apart in time, 0.5 where all come at once, 1 where the order is turned
        round or bodies are missing. ``Unscored`` without truth and where it has no order.

    Example:
        >>> order(Observation(), Case.outside("two balls race")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if "order" not in case.laws:
        return Unscored(reason="who comes first is no law of this scene")
    true = _true_moments(case)
    pairs = [(i, j) for i, j in combinations(sorted(true), 2) if abs(true[i] - true[j]) >= APART_S]
    if not pairs:
        return Unscored(reason="no two bodies come one clearly after the other")
    shown = _moments(seen, case)
    if isinstance(shown, str):
        return worst(1.0, shown)
    rows = []
    for i, j in pairs:
        if i not in shown or j not in shown:
            rows.append(1.0)
            continue
        rows.append(float(np.clip(LEAD - (shown[i] - shown[j]) / (true[i] - true[j]), 0, 1)))
    value = float(np.mean(rows))
    turned = sum(row > 0.5 for row in rows)
    return Scored(
        value=value,
        why=f"{turned} of {len(rows)} pairs of bodies come in the wrong order or not at all; {value:.2f} with how far apart they come.",
    )


@metric(
    "dynamics/wave", version=1, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="the speed of a wave of falling dominoes is even after the first few (Shaw 1978)",
    formula="rms of the bodies' half-way moments round their best straight line in the truth's moments, over these moments' spread",
    own=("shuffled_frames",),
    coupled={"reversal": "the wave runs the other way", "constant_velocity": "all move at once", "vanish": "who is not seen never falls"},
    blind=("the wave's speed itself, which dynamics/law_residual measures",),
)  # fmt: skip
def wave(seen: Observation, case: Case) -> Scored | Unscored:
    """How unevenly a wave runs through a row of bodies, beside the truth's.

    Returns:
        0 where the bodies follow one another as in the truth, at whatever speed, 1 where their moments have nothing to do with it.
        ``Unscored`` without truth and where no wave runs through at least four bodies.

    Example:
        >>> wave(Observation(), Case.outside("dominoes fall")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    if "wave_speed" not in case.laws:
        return Unscored(reason="no wave runs here")
    true = _true_moments(case)
    if len(true) < WAVE:
        return Unscored(reason=f"no wave runs through {WAVE} bodies within the clip")
    shown = _moments(seen, case)
    if isinstance(shown, str):
        return worst(1.0, shown)
    both = sorted(set(true) & set(shown))
    if len(both) < WAVE:
        return worst(1.0, f"the wave runs through {len(both)} of {len(true)} bodies")
    value = _unevenness(np.array([true[k] for k in both]), np.array([shown[k] for k in both]))
    value = float(min(1.0, value + (len(true) - len(both)) / len(true)))
    return Scored(value=value, why=f"The {len(both)} bodies fall with {value:.1%} of the wave's time off the truth's rhythm.")


@metric(
    "dynamics/ratio", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="t1^2 / t2^2 = h1 / h2 for two falls, T1^2 / T2^2 = l1 / l2 for two pendulums: one gravity for both",
    formula="1 - (|ln(g1 / g2)| - .15) / 1, g = s a^2 of each body's own fit y(t) = s R y_truth(a t + b) + o until it lands, without ruler",
    own=("order_swap",),
    coupled={"constant_velocity": "what moves evenly is pulled by nothing",
             "reversal": "what rises from the floor is in no fall",
             "shuffled_frames": "what is everywhere at once falls nowhere",
             "teleport": "a jump in mid-fall lets one of two arrive sooner"},
    blind=("gravity itself, where both have the same wrong one",),
)  # fmt: skip
def ratio(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether two bodies side by side obey the same gravity; no ruler, no unit.

    Returns:
        1 where the gravities that the bodies' own motions imply are within 15 %, 0 where they differ by a factor of 3 or a body fits
        nothing. ``details.measured`` is the factor. ``Unscored`` without truth and where the scene is not about two bodies' times.

    Example:
        >>> ratio(Observation(), Case.outside("two balls fall")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if "ratio" not in case.laws:
        return Unscored(reason="the ratio of two times is no law of this scene")
    found = in_motion(seen, case, looks=True, anyhow=True)
    if isinstance(found, str):
        return worst(0.0, found)
    if len(found.bodies) < len(case.truth.bodies):
        return worst(0.0, "not every body is seen")
    pulls = []
    for match in found.bodies:
        one = fit([_falling(found, match)], _alone(case.truth, match.index), prior=False, pace=FREE_PACE, mirror=found.fit.mirrored)
        if isinstance(one, NoFit) or one.failed or one.rms > FITS:
            left = one.failed if isinstance(one, NoFit) or one.failed else f"{one.rms:.0%} is left unexplained"
            return worst(0.0, f"the {match.body.colour} body alone fits nothing: {left}")
        pulls.append(one.scale * one.ruler * one.pace**2)
    apart = float(np.ptp(np.log(pulls)))
    value = float(1 - np.clip((apart - SAME) / (OTHER - SAME), 0, 1))
    why = f"The gravities that the bodies' own times imply differ by a factor of {np.exp(min(apart, 9.0)):.3f}."
    return Scored(value=value, why=why, details={"measured": float(np.exp(min(apart, 9.0))), "unit": "-"})


def _falling(found: Matched, match: Match) -> Track:
    """A track in the steady picture until it lands: what comes of it then is the concern of other laws."""
    x, y = found.seen.steady(match.track)
    lands = min((c.t for c in floor_hits(found.seen, match.track)), default=np.inf)
    kept = max(int(np.searchsorted(match.track.t, lands - EDGE_S)), LEAST_FRAMES)
    whole, seen = match.track, slice(kept)
    return Track(
        id=whole.id, colour=whole.colour, frame=whole.frame[seen], t=whole.t[seen], x=x[seen], y=y[seen], size=whole.size[seen],
        confidence=whole.confidence[seen],
    )  # fmt: skip


def _alone(truth: Truth, body: int) -> Truth:
    """A truth with one body alone."""
    rows: dict[str, Any] = {name: getattr(truth, name)[:, [body]] for name in ("position", "velocity", "orientation", "spin", "visible")}
    return replace(truth, bodies=(truth.bodies[body],), **rows)


def _true_moments(case: Case) -> dict[int, float]:
    """When each moving body of the truth is half-way within the clip, s."""
    assert case.truth is not None
    least = MOVES * case.truth.camera.view_height
    found = {}
    for body in range(len(case.truth.bodies)):
        moment = _half_way(frames(case), truth_path(case, body), least)
        if moment is not None:
            found[body] = moment
    return found


def _moments(seen: Observation, case: Case) -> dict[int, float] | str:
    """The same of the clip, in the truth's time; or why it shows none."""
    found = in_motion(seen, case, looks=True)
    if isinstance(found, str):
        return found
    assert case.truth is not None
    least = 0.5 * MOVES * case.truth.camera.view_height * found.fit.scale * found.fit.ruler
    rows = {match.index: _half_way(match.path.t, match.path.z, least) for match in found.bodies}
    return {body: found.fit.pace * moment for body, moment in rows.items() if moment is not None}


def _half_way(t: NDArray[np.float64], z: NDArray[np.complex128], least: float) -> float | None:
    """When a body is first half its greatest distance from its start, between frames; None where it hardly moves."""
    away = np.abs(z - z[: max(1, min(3, len(z)))].mean())
    if float(away.max()) < least:
        return None
    k = int(np.argmax(away >= LEVEL * away.max()))
    if k == 0:
        return float(t[0])
    share = (LEVEL * away.max() - away[k - 1]) / max(away[k] - away[k - 1], 1e-9)
    return float(t[k - 1] + share * (t[k] - t[k - 1]))


def _unevenness(true: NDArray[np.float64], shown: NDArray[np.float64]) -> float:
    """Rms of ``shown`` round its best rising straight line in ``true``, over its spread; 1 where it does not rise."""
    u = true - true.mean()
    slope = float(u @ shown / (u @ u))
    if slope <= 0:
        return 1.0
    rest = shown - shown.mean() - slope * u
    return float(np.sqrt(np.mean(rest**2)) / max(float(np.std(shown)), 1e-9))

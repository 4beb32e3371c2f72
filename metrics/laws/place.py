"""Bodies are somewhere, and nowhere else: no jumps, no passing through, no hanging in the air, no pushes from nowhere."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.laws.matched import Match, Matched, frames_of, matched, no_truth, truth_path
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation, VisualContact

__all__ = ["causality", "continuity", "solidity", "support"]

NEAR_S = 0.15  # s round a moment in which the truth may do the same
JUMP = 1.5  # times the truth's own: a step that prediction still explains
GAP = 3.5  # frames: over more than three nobody knows where a body was
ROUGHLY = 0.9  # rms of the fit up to which it says when what happens
JUMPED = 1.4  # sizes beyond that are as bad as it gets; a quarter of one, which trackers err by where bodies dive, costs .006
STEEP = 3  # -, power of that: little jumps hardly count
INSIDE = (0.15, 0.6)  # diameters of one body in another beyond the truth's: what is still 1, and what is 0
FITS = 0.3  # rms of the fit up to which it says where the floor is
UNDER = 0.3  # diameters below the lowest place that the truth shows: still 1
STILL = 0.05  # -, of the truth's greatest speed: slower is still
HIGH = 0.6  # diameters above its lowest place: that is in the air
WAIT_S = 0.1  # s of hanging that a slow apex explains
STARTED = 0.2  # diameters from where it was held
HANGS_S = 0.6  # s beyond that are as bad as it gets
SURE = 0.5  # confidence of a sudden change of velocity
STRONG = 2.0  # times gravity: a pull that turns a body sharply
SUDDEN = 0.5  # times gravity by which a pull changes within 10 ms: what dives into water, or a string that goes taut
UPRIGHT = 0.7  # -, of a normal: what points that much upwards is a floor
CLOSE = 0.6  # diameters within which something is there to push
PUSH = (0.03, 0.4)  # of the truth's greatest speed: pushes from nowhere that are still 1, and that are 0


@metric(
    "dynamics/continuity", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="bodies do not jump: each place against the prediction from the two before",
    formula="1 - (x / 1.4)^3, x = largest |z_i - 2 z_(i-1) + z_(i-2)| in sizes less 1.5 of the truth's within .15 s, most over bodies",
    own=("teleport",),
    coupled={"hover": "what falls and stops dead between two frames has jumped a little",
             "restitution": "a harder rebound is a sharper turn",
             "reversal": "what turns round from one frame to the next has jumped a little"},
    blind=("jumps of less than two fifths of the body's size", "jumps while nobody sees the body",
           "jumps just when the truth turns sharply, or from where a body waits"),
)  # fmt: skip
def continuity(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether no body jumps.

    Returns:
        1 where every step follows from the ones before, or is one that the truth makes too, 0 where a body jumps by its own size more
        than that. ``Unscored`` without truth.

    Example:
        >>> continuity(Observation(), Case.outside("a ball")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    found = matched(seen, case, _any_fit(seen, case))
    if isinstance(found, str):
        return Scored(value=1.0, why="No body is followed, so none jumps.")
    jumps = [_jump(case, match) for match in found.bodies]
    most = max(jumps, default=0.0)
    return Scored(
        value=float(1 - np.clip(most / JUMPED, 0, 1) ** STEEP),
        why=f"The largest jump is {max(most, 0.0):.2f} sizes more than the truth explains.",
    )


@metric(
    "dynamics/solidity", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="two bodies are not in the same place, and none is in the floor; inscribed circles of their outlines",
    formula="1 - (deepest overlap of two bodies, or depth under the truth's lowest place, in diameters, - the truth's own - .15) / .45",
    own=("interpenetration",),
    coupled={"constant_velocity": "what moves evenly passes through what it should strike",
             "direction_swap": "what goes elsewhere may pass before others",
             "kick": "what is pushed may pass before others",
             "shape_swap": "another outline has another reach"},
    blind=("bodies in front of one another by more than the truth's", "what stands still beside them: ramps, walls, tables"),
)  # fmt: skip
def solidity(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether bodies do not pass through one another or the floor.

    Returns:
        1 where no outlines overlap more than the truth's do in its own picture, 0 where one body is more than half in another.
        ``Unscored`` without truth.

    Example:
        >>> solidity(Observation(), Case.outside("a ball")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    found = matched(seen, case)
    if isinstance(found, str):
        return Scored(value=1.0, why="The motion fits nothing, so nothing says what passes through what.")
    depths = [_overlap(first, second) - _true_overlap(case, first, second) for first, second in combinations(found.bodies, 2)]
    if found.fit.rms < FITS:
        depths += [_sunk(case, match) - UNDER + INSIDE[0] for match in found.bodies if match.body.name not in found.truth.vertices]
    most = max(depths, default=0.0)
    value = 1 - np.clip((most - INSIDE[0]) / (INSIDE[1] - INSIDE[0]), 0, 1)
    return Scored(value=float(value), why=f"The deepest overlap is {max(most, 0.0):.2f} diameters more than in the truth.")


@metric(
    "dynamics/support", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="what nothing holds falls",
    formula="1 - (seconds in which a body is still above its lowest place by .6 diameters, - the truth's, - .1) / .6",
    own=("hover",),
    blind=("stops of less than a tenth of a second, and waiting before the start", "a clip that stands still throughout"),
)  # fmt: skip
def support(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether nothing hangs still in mid-air where the truth falls.

    Returns:
        1 where nothing hangs for longer than the truth, but before its start, 0 where something does for .6 s more.
        ``Unscored`` without truth and where nothing flies freely in it.

    Example:
        >>> support(Observation(), Case.outside("a ball")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    if not {"parabola", "range"} & set(case.laws):
        return Unscored(reason="nothing flies freely here")
    found = matched(seen, case, _any_fit(seen, case))
    if isinstance(found, str):
        return Scored(value=1.0, why="No body is followed, so none hangs in the air.")
    excess = max((_hanging(case, match) for match in found.bodies), default=0.0)
    value = 1 - np.clip((excess - WAIT_S) / HANGS_S, 0, 1)
    return Scored(value=float(value), why=f"A body hangs still in mid-air for {max(excess, 0.0):.2f} s longer than in the truth.")


@metric(
    "dynamics/causality", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks", "contacts"), scaled=False,
    source="velocity changes suddenly only where something touches",
    formula="1 - (largest sudden change of velocity with nothing near, over the truth's greatest speed, - .03) / .37",
    own=("kick",),
    coupled={"teleport": "a jump looks like two pushes", "hover": "what stops in mid-air is stopped by nothing"},
    blind=("pushes across the way, which are not seen as contacts: of the kicks tried only the strongest, so that it is no gate",
           "pushes too slight to make a kink in a track", "pushes near the floor or near another body"),
)  # fmt: skip
def causality(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether velocities change suddenly only where something touches.

    Returns:
        1 where each sudden change of velocity happens at another body or where the truth has one, 0 where two fifths of the
        greatest speed come from nowhere. ``Unscored`` without truth.

    Example:
        >>> causality(Observation(), Case.outside("a ball")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    found = matched(seen, case)
    if isinstance(found, str):
        return Scored(value=1.0, why="The motion fits nothing, so nothing says which changes have a cause.")
    pushes = [
        _push(case, found, match, contact) for match in found.bodies for contact in seen.contacts if match.track.id == contact.bodies[0]
    ]
    most = max(pushes, default=0.0)
    value = 1 - np.clip((most - PUSH[0]) / (PUSH[1] - PUSH[0]), 0, 1)
    return Scored(value=float(value), why=f"The largest push from nowhere is {most:.2f} of the greatest speed.")


def _any_fit(seen: Observation, case: Case):  # type: ignore[no-untyped-def]
    """The fit, also one that ends on a bound: roughly where and when is enough here."""
    from dataclasses import replace

    from kinema.metrics.align import NoFit, aligned

    found = aligned(seen, case)
    return found if isinstance(found, NoFit) else replace(found, bound="", rms=min(found.rms, 0.999))


def _jump(case: Case, match: Match) -> float:
    """The largest step that neither prediction nor the truth explains, in sizes, beyond what is allowed."""
    t, z = match.path.t, match.path.z
    if len(t) < 4:
        return 0.0
    known = match.fit.rms < ROUGHLY  # a fit that explains little says nothing about the scale, and when is what
    scale = match.fit.ruler * (match.fit.scale if known else 1.0)
    size = max(match.path.diameter, scale * match.reference.usual_size(match.index, float(t[-1])))
    bend = np.where(np.abs(z[:-2] - z[0]) < STARTED * size, 0.0, _bend(t, z) / size)  # what is let go or thrown starts suddenly
    true_t = frames_of(case)
    half = 0.5 / case.request.fps  # where between two frames the truth turns sharply is chance
    true = _bend(true_t, truth_path(case, match.index))
    true = (
        np.maximum(true, _bend(true_t, match.reference.at(match.index, true_t + half))) * scale / size * min(1.0, match.fit.pace**2 * 1.2)
    )
    moments = match.moments[2:]
    near = np.abs(moments[:, None] - true_t[None, 2:]) < NEAR_S
    allowed = np.where(near, true[None], 0).max(axis=1) if known else np.full(len(moments), true.max())
    return float(np.max(bend - JUMP * allowed))


def _bend(t: NDArray[np.float64], z: NDArray[np.complex128]) -> NDArray[np.float64]:
    """How far each place from the third on is from where the two before lead, px; 0 over a long gap."""
    step = np.diff(t)
    ratio = step[1:] / np.maximum(step[:-1], 1e-9)
    predicted = z[1:-1] + (z[1:-1] - z[:-2]) * ratio
    away: NDArray[np.float64] = np.abs(z[2:] - predicted)
    usual = float(np.median(step))
    away[(step[1:] > GAP * usual) | (step[:-1] > GAP * usual)] = 0.0
    return away


def _radius(match: Match) -> NDArray[np.float64]:
    return 0.5 * np.minimum(match.track.short, match.track.size)


def _overlap(first: Match, second: Match) -> float:
    """The deepest overlap of two inscribed circles, in diameters of the smaller one."""
    _, i, j = np.intersect1d(first.track.frame, second.track.frame, return_indices=True)
    if not len(i):
        return -1.0
    r, s = _radius(first)[i], _radius(second)[j]
    depth = (r + s - np.abs(first.path.z[i] - second.path.z[j])) / np.maximum(2 * np.minimum(r, s), 1e-6)
    return float(np.percentile(depth, 97)) if len(depth) > 2 else float(depth.max())


def _true_overlap(case: Case, first: Match, second: Match) -> float:
    """The same in the truth's own picture; 0 where its outlines never meet."""
    t = frames_of(case)
    reference = first.reference
    r, s = (0.5 * reference.size_at(m.index, t) * np.minimum(1, np.sqrt(reference.slant_at(m.index, t))) for m in (first, second))
    apart = np.abs(truth_path(case, first.index) - truth_path(case, second.index))
    return max(0.0, float(np.max((r + s - apart) / (2 * np.minimum(r, s)))))


def _sunk(case: Case, match: Match) -> float:
    """How far a body comes below the lowest place that the truth ever has it, in diameters."""
    moments = np.linspace(0, case.truth.seconds if case.truth is not None else 0.0, 200)
    lowest = float(match.expected_at(moments).imag.min())
    return (lowest - float(np.percentile(match.path.z.imag, 2))) / match.path.diameter


def _hanging(case: Case, match: Match) -> float:
    """Seconds in which a body is still in mid-air, less the truth's."""
    shown = frames_of(case)
    truth = match.expected_at(shown)
    moments = np.linspace(0, case.truth.seconds if case.truth is not None else 0.0, 200)
    lowest = float(match.expected_at(moments).imag.min())
    fastest = float(np.abs(np.gradient(truth, shown)).max(initial=1e-6))
    size = match.path.diameter
    ours = _still(match.path.t, match.path.z, lowest, size, fastest * match.fit.pace)
    return ours - _still(shown, truth, lowest, size, fastest)


def _still(t: NDArray[np.float64], z: NDArray[np.complex128], lowest: float, size: float, fastest: float) -> float:
    if len(t) < 5:
        return 0.0
    smooth = np.convolve(z, np.ones(3) / 3, mode="valid")
    speed = np.abs(np.gradient(smooth, t[1:-1]))
    still = (speed < STILL * fastest + 0.1 * size) & (smooth.imag > lowest + HIGH * size)
    still &= np.maximum.accumulate(np.abs(smooth - z[0]) > STARTED * size)  # before that it waits
    return float(still.sum() * np.median(np.diff(t)))


def _push(case: Case, found: Matched, match: Match, contact: VisualContact) -> float:
    """A sudden change of velocity over the truth's greatest speed; 0 where something is there to cause it."""
    if contact.confidence < SURE or contact.other_before is not None or not match.path.t[0] < contact.t < match.path.t[-1]:
        return 0.0
    scale = match.fit.scale * match.fit.ruler
    fastest = float(np.abs(np.gradient(truth_path(case, match.index), frames_of(case))).max(initial=1e-6)) * scale * match.fit.pace
    change = float(np.hypot(*np.subtract(contact.after, contact.before)))
    here = complex(np.interp(contact.t, match.path.t, match.path.z.real), np.interp(contact.t, match.path.t, match.path.z.imag))
    if abs(here - match.path.z[0]) < STARTED * match.path.diameter:  # what is let go or thrown starts suddenly
        return 0.0
    return 0.0 if _caused(found, match, contact.t, here) else change / max(fastest, 1e-6)


def _caused(found: Matched, match: Match, t: float, here: complex) -> bool:
    """Whether another body, or a place where the truth is struck too, is near."""
    size = match.path.diameter
    for other in found.bodies:
        if other is match:
            continue
        there = complex(np.interp(t, other.path.t, other.path.z.real), np.interp(t, other.path.t, other.path.z.imag))
        if abs(there - here) < 0.5 * (size + other.path.diameter) + CLOSE * size:
            return True
    mine = [c for c in found.truth.contacts if match.body.name in c.bodies]
    level = np.array([abs(c.normal[2]) > UPRIGHT for c in mine], dtype=bool)
    places = match.expected_at(np.array([c.t for c in mine]))
    away = np.where(level, np.abs(places.imag - here.imag), np.abs(places - here))
    pulled = match.expected_at(_pulled(found, match))
    return bool(min(away.min(initial=np.inf), np.abs(pulled - here).min(initial=np.inf)) < CLOSE * size)


def _pulled(found: Matched, match: Match) -> NDArray[np.float64]:
    """Moments in which the truth's own velocity changes quickly without an impact: on a sheet, at the end of a string, in a bend."""
    truth, stride = found.truth, round(0.01 * TRUTH_RATE)
    velocity = truth.velocity[::stride, match.index]
    pull = np.diff(velocity, axis=0) * TRUTH_RATE / stride
    sharp = np.linalg.norm(pull, axis=1) > STRONG * truth.gravity
    sharp[1:] |= np.linalg.norm(np.diff(pull, axis=0), axis=1) > SUDDEN * truth.gravity
    moments: NDArray[np.float64] = truth.times[::stride][1:][sharp]
    return moments

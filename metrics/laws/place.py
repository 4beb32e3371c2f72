"""Bodies are somewhere, and nowhere else: no jumps, no passing through, no hanging in the air, no pushes from nowhere."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.laws.matched import Match, Matched, frames_of, matched, no_truth, truth_path
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.untangle import untangled
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation

__all__ = ["causality", "continuity", "solidity", "support"]

NEAR_S = 0.15  # s round a moment in which the truth may do the same
JUMP = 1.5  # times the truth's own: a step that prediction still explains
GAP = 3.5  # frames: over more than three nobody knows where a body was
ROUGHLY = 0.9  # rms of the fit up to which it says when what happens
JUMPED = 1.0  # sizes beyond that are as bad as it gets; a quarter of one, which trackers err by where bodies dive, costs .016
LEAST_PLACES = 4  # of a track that can jump
STEEP = 3  # -, power of that: little jumps hardly count
INSIDE = (0.15, 0.6)  # diameters of one body in another beyond the truth's: what is still 1, and what is 0
CLOSELY = 0.1  # rms of the fit up to which it says where the floor is, and how a body turns between blows
RESTS, RESTED = 0.08, 0.15  # share of the clip at whose end a body may rest, and diameters by which it then moves at most
DIPS = 0.3  # share of its frames at most in which it is below that: else it rests on no floor
UNDER = 0.3  # diameters below the lowest place that the truth shows: still 1
STILL = 0.05  # -, of the truth's greatest speed: slower is still
HIGH = 0.6  # diameters above its lowest place: that is in the air
WAIT_S = 0.1  # s of hanging that a slow apex explains
STARTED = 0.2  # diameters from where it was held
HANGS_S = 0.6  # s beyond that are as bad as it gets
FLIES = frozenset({"parabola", "range"})  # laws of what nothing touches
CHANCE = 2.5  # standard deviations of a kink that a tracker's own jitter makes now and then
LEFT = 0.03  # diameters from where it was held, which it then has left
BESIDE = 3  # frames on either side that tell a sudden change of velocity
STRONG = 2.0  # times gravity: a pull that turns a body sharply
SUDDEN = 0.5  # times gravity by which a pull changes within 10 ms: what dives into water, or a string that goes taut
UPRIGHT = 0.7  # -, of a normal: what points that much upwards is a floor
CLOSE = 0.6  # diameters within which something is there to push
PUSH = (0.02, 0.4)  # of the truth's greatest speed: pushes from nowhere that are still 1, and that are 0


@metric(
    "dynamics/continuity", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="bodies do not jump: the way before a moment and the way after it meet between two frames",
    formula="1 - x^3, x = largest min over s in [0, 1] of |z_(i-1) + s u - z_i + (1 - s) w| in sizes, u and w the steps before and after,"
    " less 1.5 of the truth's within .15 s; most over bodies",
    own=("teleport",),
    coupled={"shuffled_frames": "frames in another order are jumps, the first already as far as there are places",
             "shot_cut": "bodies are elsewhere in the next shot, where the cut goes unnoticed",
             "duplicate": "a body may be taken for the copy beside it",
             "count_swap": "among many bodies that look alike nobody knows who is who"},
    blind=("jumps of less than a third of the body's size", "jumps while nobody sees the body", "jumps along the way of what falls fast",
           "jumps just when the truth turns sharply, or from where a body waits"),
)  # fmt: skip
def continuity(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether no body jumps.

    A blow, a stop or a turn changes a velocity: then the ways before and after it still meet. Where they do not, the body was nowhere.

    Returns:
        1 where each way goes on where it was, or as the truth's does, 0 where a body jumps by its own size. Who exchanges looks has not
        jumped: see ``dynamics/identity``. ``Unscored`` without truth.

    Example:
        >>> continuity(Observation(), Case.outside("a ball")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    seen = untangled(seen)
    found = matched(seen, case, _any_fit(seen, case))
    if isinstance(found, str):
        return Scored(value=1.0, why="No body is followed, so none jumps.")
    jumps = [_jump(case, match, seen.cuts) for match in found.bodies]
    most = max(jumps, default=0.0)
    return Scored(
        value=float(1 - np.clip(most / JUMPED, 0, 1) ** STEEP),
        why=f"The largest jump is {max(most, 0.0):.2f} sizes more than the truth explains.",
    )


@metric(
    "dynamics/solidity", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="two bodies are not in the same place, and none is in the floor; inscribed circles of their outlines",
    formula="1 - (deepest overlap of two bodies, or depth under where one rests (or the truth's lowest place), - the truth's - .15) / .45,"
    " in diameters",
    own=("interpenetration",),
    coupled={"constant_velocity": "what moves evenly passes through what it should strike",
             "direction_swap": "what goes elsewhere may pass before others",
             "kick": "what is pushed may pass before others",
             "shot_cut": "from another side one body is seen before the other"},
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
    seen = untangled(seen)
    found = matched(seen, case, _any_fit(seen, case))
    if isinstance(found, str):
        return Scored(value=1.0, why="No body is followed, so none passes through anything.")
    depths = [_overlap(first, second) - _true_overlap(case, first, second) for first, second in combinations(found.bodies, 2)]
    depths += [_sunk(case, match, seen.cuts) for match in found.bodies if match.body.name not in found.truth.vertices]
    most = max(depths, default=0.0)
    value = 1 - np.clip((most - INSIDE[0]) / (INSIDE[1] - INSIDE[0]), 0, 1)
    return Scored(value=float(value), why=f"The deepest overlap is {max(most, 0.0):.2f} diameters more than in the truth.")


@metric(
    "dynamics/support", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="what nothing holds falls",
    formula="1 - (seconds in which a body is still above its lowest place by .6 diameters, - the truth's, - .1) / .6",
    own=("hover",),
    coupled={"frame_rate": "a frame that is held hangs",
             "constant_velocity": "what nearly glides evenly may be slow where the truth is fast",
             "direction_swap": "what goes along the line of sight hardly moves in the picture",
             "reversal": "what runs backwards comes to rest where it was held"},
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
    if not FLIES & set(case.laws):
        return Unscored(reason="nothing flies freely here")
    found = matched(seen, case, _any_fit(seen, case))
    if isinstance(found, str):
        return Scored(value=1.0, why="No body is followed, so none hangs in the air.")
    excess = max((_hanging(case, match) for match in found.bodies), default=0.0)
    value = 1 - np.clip((excess - WAIT_S) / HANGS_S, 0, 1)
    return Scored(value=float(value), why=f"A body hangs still in mid-air for {max(excess, 0.0):.2f} s longer than in the truth.")


@metric(
    "dynamics/causality", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), scaled=False,
    source="velocity changes suddenly only where something touches",
    formula="1 - (largest kink of the way with nothing near, over the truth's greatest speed, - .02) / .38; a kink is the v of"
    " r(t) = p + q t + a t^2 + v max(t, 0) over seven frames, r beside the truth's way where it fits",
    own=("kick",),
    coupled={"teleport": "a jump looks like two pushes", "hover": "what stops in mid-air is stopped by nothing",
             "constant_velocity": "what turns where the floor is not is turned by nothing",
             "shuffled_frames": "frames in another order are pushes to and fro"},
    blind=("pushes too slight to make a kink in a track", "pushes within three frames of the floor, another body, or a push of the truth",
           "held frames and other jumps look like pushes, so that it is no gate"),
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
    seen = untangled(seen)
    found = matched(seen, case, _any_fit(seen, case))
    if isinstance(found, str):
        return Scored(value=1.0, why="No body is followed, so none is pushed.")
    most = max((_push(case, found, match) for match in found.bodies), default=0.0)
    value = 1 - np.clip((most - PUSH[0]) / (PUSH[1] - PUSH[0]), 0, 1)
    return Scored(value=float(value), why=f"The largest push from nowhere is {most:.2f} of the greatest speed.")


def _any_fit(seen: Observation, case: Case):  # type: ignore[no-untyped-def]
    """The fit, also one that ends on a bound: roughly where and when is enough here."""
    from dataclasses import replace

    from kinema.metrics.align import NoFit, aligned

    found = aligned(seen, case)
    return found if isinstance(found, NoFit) else replace(found, bound="", rms=min(found.rms, 0.999))


def _jump(case: Case, match: Match, cuts: tuple[float, ...]) -> float:
    """The largest jump that the truth does not make, in sizes, beyond what is allowed."""
    t, z = match.path.t, match.path.z
    if len(t) < LEAST_PLACES:
        return 0.0
    known = match.fit.rms < ROUGHLY  # a fit that explains little says nothing about the scale, and when is what
    scale = match.fit.ruler * (match.fit.scale if known else 1.0)
    size = max(match.path.diameter, scale * match.reference.usual_size(match.index, float(t[-1])))
    gaps = np.where(np.abs(z[1:-2] - z[0]) < STARTED * size, 0.0, _gaps(t, z) / size)  # what is let go or thrown starts suddenly
    gaps[_between(t, cuts)[1:-1]] = 0.0
    true_t = frames_of(case)
    half = 0.5 / case.request.fps  # where between two frames the truth turns sharply is chance
    moved = np.maximum(_gaps(true_t, truth_path(case, match.index)), _gaps(true_t, match.reference.at(match.index, true_t + half)))
    true = moved * scale / size * max(1.0, match.fit.pace)
    near = np.abs(match.moments[2:-1, None] - true_t[None, 2:-1]) < NEAR_S
    allowed = np.where(near, true[None], 0).max(axis=1, initial=0) if known else np.full(len(gaps), true.max(initial=0))
    return float(np.max(gaps - JUMP * allowed, initial=0.0))


def _gaps(t: NDArray[np.float64], z: NDArray[np.complex128]) -> NDArray[np.float64]:
    """How far the ways before and after each step but the first and the last are from meeting within it, px; 0 over a long gap."""
    step = np.maximum(np.diff(t), 1e-9)
    speed = np.diff(z) / step
    u, w = speed[:-2] * step[1:-1], speed[2:] * step[1:-1]  # what the velocities before and after make of the step
    apart, turn = z[1:-2] - z[2:-1] + w, u - w
    share = np.clip(-(apart * turn.conj()).real / np.maximum(np.abs(turn) ** 2, 1e-12), 0, 1)
    away: NDArray[np.float64] = np.abs(apart + share * turn)
    usual = float(np.median(step))
    away[(step[2:] > GAP * usual) | (step[1:-1] > GAP * usual) | (step[:-2] > GAP * usual)] = 0.0
    return away


def _between(t: NDArray[np.float64], cuts: tuple[float, ...]) -> NDArray[np.bool_]:
    """Which steps lead from one shot to another."""
    shot = np.searchsorted(np.asarray(cuts, dtype=float), t, side="right")
    changes: NDArray[np.bool_] = np.diff(shot) > 0
    return changes


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


def _sunk(case: Case, match: Match, cuts: tuple[float, ...]) -> float:
    """How far a body dips under the floor, in diameters: below where it comes to rest, or else below the lowest place of the truth."""
    last = match.path.t >= max(cuts, default=0.0)
    size = match.reference.usual_size(match.index, case.request.seconds)
    true, shown = _dip(truth_path(case, match.index), size), _dip(match.path.z[last], match.path.diameter)
    if true is not None and shown is not None:
        return shown - true
    if match.fit.rms >= CLOSELY:
        return 0.0
    moments = np.linspace(0, case.truth.seconds if case.truth is not None else 0.0, 200)
    lowest = float(match.expected_at(moments).imag.min())
    return (lowest - float(np.percentile(match.path.z.imag, 2))) / match.path.diameter - UNDER + INSIDE[0]


def _dip(z: NDArray[np.complex128], size: float) -> float | None:
    """How far below the place where it comes to rest a body ever is, in sizes; None where it does not come to rest, or high up."""
    end = z[-max(LEAST_PLACES, round(RESTS * len(z))) :]
    if len(z) < 2 * LEAST_PLACES or np.abs(end - end.mean()).max() > RESTED * size:
        return None
    level = float(end.imag.mean())
    return (level - float(np.percentile(z.imag, 2))) / size if np.mean(z.imag < level - RESTED * size) < DIPS else None


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


def _push(case: Case, found: Matched, match: Match) -> float:
    """The largest sudden change of velocity that nothing causes, over the truth's greatest speed."""
    t, z = match.path.t, match.path.z
    if len(t) <= 2 * BESIDE:
        return 0.0
    step = float(np.median(np.diff(t)))
    known = match.fit.rms < CLOSELY  # a fit that explains little says nothing about the scale, and when is what
    if not known and not FLIES & set(case.laws):  # where it should swing or slide nothing says how evenly it is pulled
        return 0.0
    scale = match.fit.ruler * (match.fit.scale * match.fit.pace if known else 1.0)
    fastest = float(np.abs(np.gradient(truth_path(case, match.index), frames_of(case))).max(initial=1e-6)) * scale
    free = ~_caused(found, match, known=known)
    left = np.maximum.accumulate(np.abs(z - z[0]) > LEFT * match.path.diameter)  # what is let go or thrown starts suddenly
    windows = np.lib.stride_tricks.sliding_window_view
    alone = windows(free, 2 * BESIDE + 1).all(axis=1) & left[1 : len(t) - 2 * BESIDE + 1]
    whole = t[2 * BESIDE :] - t[: -2 * BESIDE] < (2 * BESIDE + 0.5) * step
    kinks = np.abs(windows(z - match.expected if known else z, 2 * BESIDE + 1) @ _kink()) / step
    noise = CHANCE * match.path.noise * float(np.linalg.norm(_kink())) / step
    return max(0.0, float(np.max(kinks[alone & whole], initial=0.0)) - noise) / max(fastest, 1e-6)


def _kink() -> NDArray[np.float64]:
    """Weights of 2 n + 1 places that give the change of velocity in their middle, beside an even acceleration, per step."""
    t = np.arange(-BESIDE, BESIDE + 1.0)
    weights: NDArray[np.float64] = np.linalg.pinv(np.stack([np.ones_like(t), t, t**2, np.maximum(t, 0)], axis=1))[3]
    return weights


def _caused(found: Matched, match: Match, *, known: bool) -> NDArray[np.bool_]:
    """In which of its frames a body is near another one, its own lowest place, or at or under a place where the truth is struck."""
    t, z, size = match.path.t, match.path.z, match.path.diameter
    near = z.imag - np.percentile(z.imag, 2) < CLOSE * size
    for other in found.bodies:
        if other is not match and len(other.path.t):
            there = np.interp(t, other.path.t, other.path.z.real) + 1j * np.interp(t, other.path.t, other.path.z.imag)
            near |= np.abs(there - z) < 0.5 * (size + other.path.diameter) + CLOSE * size
    if not known:
        return near
    mine = [c for c in found.truth.contacts if match.body.name in c.bodies]
    for contact, place in zip(mine, match.expected_at(np.array([c.t for c in mine])), strict=True):
        level = abs(contact.normal[2]) > UPRIGHT
        near |= (z.imag - place.imag < CLOSE * size) if level else np.abs(z - place) < CLOSE * size
    for place in match.expected_at(_pulled(found, match)):
        near |= np.abs(z - place) < CLOSE * size
    return near


def _pulled(found: Matched, match: Match) -> NDArray[np.float64]:
    """Moments in which the truth's own velocity changes quickly without an impact: on a sheet, at the end of a string, in a bend."""
    truth, stride = found.truth, round(0.01 * TRUTH_RATE)
    velocity = truth.velocity[::stride, match.index]
    pull = np.diff(velocity, axis=0) * TRUTH_RATE / stride
    sharp = np.linalg.norm(pull, axis=1) > STRONG * truth.gravity
    sharp[1:] |= np.linalg.norm(np.diff(pull, axis=0), axis=1) > SUDDEN * truth.gravity
    moments: NDArray[np.float64] = truth.times[::stride][1:][sharp]
    return moments

"""What bodies hand on when they touch: momentum, and the rhythm of their bounces."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kinema.metrics.laws.matched import in_motion, no_truth, worst
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.rebound import floor_hits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.laws.matched import Match, Matched
    from kinema.metrics.observation import Observation
    from kinema.scenes.truth import Truth

__all__ = ["bounce_ratio", "momentum"]

WINDOW_S = 0.45  # s before and after a collision in which velocities are read
AWAY_S = 0.03  # s nearest to it that are left out
LATE_S = 0.1  # s by which a collision is seen beside where the fit expects it: farther off it is another one
TOGETHER_S = 0.12  # s, collisions closer than that are one
LEAST_POINTS = 3
BALANCED = 0.04  # -, of the momentum exchanged, that trackers err by
SHARED = 0.2  # -, of the momentum that the truth hands over; less is no collision
FEW = 4  # bodies at most: in a crowd the next collisions come before the first is over
LATEST = 0.75  # -, share of the clip by which the third bounce has come, as a take may start later
FRAMES = 6  # that the second flight lasts at least
RISE = 0.15  # diameters that a body rises at least between two bounces
NEAR = 2.0  # frames from a low within which a blow is this bounce
THREE, SURE = 3, 0.5  # bounces that have a rhythm, and the confidence from which on those alone are counted if there are as many
HARD = 0.3  # -, of the first bounce's speed that the third has at least: so that it is still seen where the clip rebounds less


class Hit(NamedTuple):
    """A collision and the window round it, s of the truth."""

    first: float
    last: float
    start: float
    end: float


@metric(
    "dynamics/momentum", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="conservation of momentum in the first collision, with the masses of the case",
    formula="|sum m dv| / sum m |dv| over the bodies, less the same of the truth in its own picture, less .04",
    own=("mass_ratio",),
    coupled={"constant_velocity": "what moves evenly hands nothing over",
             "pace_drift": "a pace that changes makes what comes later faster",
             "interpenetration": "what passes through hands nothing over",
             "shuffled_frames": "frames in any order show no collision"},
    blind=("how much energy is lost, which dynamics/restitution measures", "collisions that the camera sees from above, by some per cent",
           "pendulums that strike one another"),
)  # fmt: skip
def momentum(seen: Observation, case: Case) -> Scored | Unscored:
    """Which share of the momentum that is exchanged in the first collision comes from nowhere.

    Returns:
        0 where what one body loses others gain, 1 where nothing is handed over, or only one of them changes. ``Unscored`` without
        truth and where no two followed bodies collide in it.

    Example:
        >>> momentum(Observation(), Case.outside("two balls collide")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if "momentum" not in case.laws:
        return Unscored(reason="how momentum is handed on is no law of this scene")
    hit = _first_hit(case, case.truth)
    if hit is None or "period" in case.laws:
        return Unscored(reason="no two followed bodies collide within the clip, but for what hangs, which its string pulls meanwhile")
    found = in_motion(seen, case)
    if isinstance(found, str):
        return worst(1.0, found)
    lost, shared = _balance(_clip_speeds(found, hit), case.truth)
    lost_true, shared_true = _balance(_true_speeds(found, hit), case.truth)
    if shared < SHARED * shared_true:
        return worst(1.0, f"only {shared / max(shared_true, 1e-9):.0%} of the momentum that the truth hands over changes bodies")
    value = float(np.clip(abs(lost - lost_true) - BALANCED, 0.0, 1.0))
    return Scored(value=value, why=f"{value:.1%} of the momentum that is exchanged comes from nowhere.")


@metric(
    "dynamics/bounce_ratio", version=2, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks", "contacts"),
    source="a bouncing ball's flights shorten by its restitution: (t3 - t2) / (t2 - t1) = e",
    formula="|(t3 - t2) / (t2 - t1) seen - the same of the truth|, t of the first three bounces on the floor",
    own=("restitution", "hover", "damping"), scaled=False,
    coupled={"sticks": "what sticks bounces once",
             "constant_velocity": "what does not bounce has no rhythm",
             "gravity": "with a quarter of it the third bounce comes after the end",
             "shuffled_frames": "frames in any order have no rhythm"},
    blind=("anything but the moments of three bounces", "the strength of gravity, which changes both flights alike"),
)  # fmt: skip
def bounce_ratio(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the rhythm of the bounces is off; it needs no ruler and no pace.

    Returns:
        The difference of the ratios of successive flights, at most 1, which also stands for fewer than three bounces. ``Unscored``
        without truth and where no body bounces three times well within the clip.

    Example:
        >>> bounce_ratio(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if "restitution" not in case.laws:
        return Unscored(reason="how much it rebounds is no law of this scene")
    true = _true_bounces(case, case.truth)
    if not true:
        return Unscored(reason="nothing bounces three times well within the clip")
    found = in_motion(seen, case, anyhow=True)
    if isinstance(found, str):
        return worst(1.0, found)
    errors = [min(1.0, abs(_rhythm(found, name) - ratio)) for name, ratio in true.items()]
    value = float(np.mean(errors))
    return Scored(
        value=value, why=f"The second flight over the first is off by {value:.3f}; the truth has {np.mean(list(true.values())):.3f}."
    )


def _true_bounces(case: Case, truth: Truth) -> dict[str, float]:
    """The ratio of the first two flights of each body that bounces three times on the floor."""
    found = {}
    for body in truth.bodies:
        bounces = [c for c in truth.contacts if c.bodies == (body.name, "floor") or (c.bodies[0] == body.name and c.normal[2] > 0.99)]
        if len(bounces) < 3 or bounces[2].t > LATEST * case.request.seconds:
            continue
        flight = bounces[2].t - bounces[1].t
        if bounces[2].approach_speed >= HARD * bounces[0].approach_speed and flight >= FRAMES / case.request.fps:
            found[body.name] = _ratio([c.t for c in bounces])
    return found


def _ratio(t: list[float]) -> float:
    first, second = (late - early for early, late in pairwise(t[:3]))
    return second / max(first, 1e-6)


def _rhythm(found: Matched, name: str) -> float:
    """The same of the clip; infinite where it does not bounce three times."""
    match = found.of(name)
    t = [] if match is None else _bounces(found.seen, match)
    return _ratio(t) if len(t) >= THREE else np.inf


def _bounces(seen: Observation, match: Match) -> list[float]:
    """Moments of the bounces of a body: the blows that were seen, and every low between two highs of its way that shows none."""
    t, height = match.path.t, match.path.z.imag
    hits = floor_hits(seen, match.track)
    sure = [c.t for c in hits if c.confidence >= SURE]
    found = sure if len(sure) >= THREE else [c.t for c in hits]
    step = float(np.median(np.diff(t))) if len(t) > 1 else 0.0
    missed = [low for low in t[_lows(height, RISE * match.path.diameter)].tolist() if all(abs(low - hit) > NEAR * step for hit in found)]
    return sorted(found + missed)


def _lows(height: NDArray[np.float64], rise: float) -> list[int]:
    """Frames in which a body is lowest between falls and rises by ``rise`` at least."""
    lows, low, high = [], 0, 0
    falling = False
    for k, value in enumerate(height):
        if falling:
            low = k if value < height[low] else low
            if value > height[low] + rise:
                lows.append(low)
                falling, high = False, k
        else:
            high = k if value > height[high] else high
            if value < height[high] - rise:
                falling, low = True, k
    return lows


def _first_hit(case: Case, truth: Truth) -> Hit | None:
    """The first collision of two followed bodies, with what follows at once, and its window."""
    if len(truth.bodies) > FEW:
        return None
    names = {body.name for body in truth.bodies}
    hits = [c for c in truth.contacts if set(c.bodies) <= names]
    if not hits or hits[0].t > LATEST * case.request.seconds:
        return None
    first = last = hits[0].t
    for contact in hits[1:]:
        if contact.t - last > TOGETHER_S:
            break
        last = contact.t
    others = [c.t for c in truth.contacts if c.bodies[0] in names]
    before = max((t for t in others if t < first), default=-np.inf)
    after = min((t for t in others if t > last), default=np.inf)
    start, end = max(first - WINDOW_S, before + AWAY_S, 0.0), min(last + WINDOW_S, after - AWAY_S)
    return Hit(first, last, start, end) if first - start > 2 * AWAY_S and end - last > 2 * AWAY_S else None


Speeds = dict[int, tuple[complex, complex]]


def _moments(found: Matched, match: Match, hit: Hit) -> NDArray[np.float64]:
    """Moments of the truth that the frames show, so that the collision is when the clip has it."""
    ids = {match.track.id for match in found.bodies}
    mapped = found.fit.clip_time(hit.first)
    pairs = [c.t for c in found.seen.contacts if len(c.bodies) > 1 and set(c.bodies) <= ids]
    own = min(pairs, key=lambda t: abs(t - mapped), default=mapped)
    late = own - mapped if abs(own - mapped) < LATE_S else 0.0
    return found.fit.moments(match.path.t - late)


def _clip_speeds(found: Matched, hit: Hit) -> Speeds:
    """Velocities before and after, px per second of the truth's time, read round the collision as the clip shows it."""
    return {match.index: _before_and_after(_moments(found, match, hit), match.path.z, hit) for match in found.bodies}


def _true_speeds(found: Matched, hit: Hit) -> Speeds:
    """The same of the truth, in just the moments that the clip shows: what a swing bends meanwhile is then the same in both."""
    rows = {match.index: (_moments(found, match, hit), match) for match in found.bodies}
    return {k: _before_and_after(t, match.reference.at(k, t), hit) for k, (t, match) in rows.items()}


def _before_and_after(t: NDArray[np.float64], z: NDArray[np.complex128], hit: Hit) -> tuple[complex, complex]:
    before = (t >= hit.start) & (t <= hit.first - AWAY_S)
    after = (t >= hit.last + AWAY_S) & (t <= hit.end)
    return _velocity(t[before], z[before]), _velocity(t[after], z[after])


def _velocity(t: NDArray[np.float64], z: NDArray[np.complex128]) -> complex:
    if len(t) < LEAST_POINTS:
        return 0j
    u = t - t.mean()
    return complex((u @ z) / (u @ u))


def _balance(speeds: Speeds, truth: Truth) -> tuple[float, float]:
    """Momentum from nowhere over momentum exchanged, and the exchanged over what there was."""
    changes = [truth.bodies[k].mass * (after - before) for k, (before, after) in speeds.items()]
    had = sum(truth.bodies[k].mass * abs(before) for k, (before, _) in speeds.items())
    exchanged = float(sum(abs(change) for change in changes))
    return float(abs(sum(changes))) / max(exchanged, 1e-9), exchanged / max(had, 1e-9)

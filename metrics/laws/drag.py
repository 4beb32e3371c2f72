"""What falls, sinks or rises against a drag: how its speed grows towards a constant one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.laws.matched import in_motion, no_truth, worst
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.reference import reference_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation

__all__ = ["terminal_speed"]

MOST = float(np.log(3.0))  # -, |ln| of the ratio of growths
STARTED = 0.03  # -, of its whole way that a body has made when it is on its way
EDGE_S = 0.04  # s before the first contact that are left out
LEAST_POINTS = 3  # in each half
PLENTY = 5  # in each half of the truth, so that a frame or two may be missed
GROWS = 1.35  # -, late over early speed from which on there is a growth to be seen
LATEST = 0.9  # -, share of the clip in which the fall is looked at


@metric(
    "dynamics/terminal_speed", version=1, unit="-", better="lower", best=0.0, worst=MOST, needs=("tracks",),
    source="m dv/dt = m g - drag: the speed grows less and less, towards a constant one",
    formula="|ln(G seen / G true)|, G the mean speed in the second half of the fall's time over that in the first",
    own=("constant_velocity", "pace_drift", "damping"),
    coupled={"hover": "what is held up does not fall", "kick": "a push is speed from nowhere", "teleport": "a jump is speed from nowhere"},
    blind=("the speed itself, which dynamics/law_residual and dynamics/gravity measure", "what happens after the landing"),
)  # fmt: skip
def terminal_speed(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the growth of the speed of what falls, sinks or rises against a drag is off.

    Returns:
        |ln| of the growth seen over the truth's, at most ln 3, which also stands for what does not move. ``Unscored`` without truth and
        where nothing moves against a drag for long enough.

    Example:
        >>> terminal_speed(Observation(), Case.outside("a parachute")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if not {"terminal_speed", "drag", "buoyancy"} & set(case.laws) or "period" in case.laws:
        return Unscored(reason="nothing moves against a drag here")
    spans = {body: span for body in range(len(case.truth.bodies)) if (span := _span(case, body)) is not None}
    true = {body: growth for body, span in spans.items() if (growth := _true_growth(case, body, span)) is not None and growth > GROWS}
    if not true:
        return Unscored(reason="the speed does not grow for long enough to be seen")
    found = in_motion(seen, case)
    if isinstance(found, str):
        return worst(MOST, found)
    shown = {match.index: _growth(match.moments, match.path.z, spans[match.index]) for match in found.bodies if match.index in true}
    errors = [min(MOST, abs(float(np.log(max(shown.get(body) or 0.0, 1e-3) / growth)))) for body, growth in true.items()]
    value = float(np.mean(errors))
    grown = " and ".join(f"{shown.get(body) or 0:.2f} (truth {growth:.2f})" for body, growth in true.items())
    return Scored(value=value, why=f"The speed in the second half of the way is {grown} times that in the first.")


def _span(case: Case, body: int) -> tuple[float, float] | None:
    """From when until when a body is on its way, s."""
    truth = case.truth
    assert truth is not None
    last = LATEST * case.request.seconds
    hits = [c.t for c in truth.contacts if truth.bodies[body].name in c.bodies]
    path = truth.position[: int(last * 960), body]
    way = np.linalg.norm(path - path[0], axis=1)
    start = float(truth.times[int(np.argmax(way > STARTED * way.max()))])
    end = min(min((t for t in hits if t > start), default=np.inf) - EDGE_S, last)
    return (start, end) if end > start else None


def _true_growth(case: Case, body: int, span: tuple[float, float]) -> float | None:
    assert case.truth is not None
    t = np.arange(case.request.frame_count) / case.request.fps
    inside = (t >= span[0]) & (t <= span[1])
    return _growth(t, reference_of(case.truth).at(body, t), span) if inside.sum() >= 2 * PLENTY else None


def _growth(t: NDArray[np.float64], z: NDArray[np.complex128], span: tuple[float, float]) -> float | None:
    """Speed in the second half of a span over that in the first, each as the slope of a straight line; None where it is too short."""
    middle = (span[0] + span[1]) / 2
    halves = [(t >= span[0]) & (t <= middle), (t > middle) & (t <= span[1])]
    if min(half.sum() for half in halves) < LEAST_POINTS:
        return None
    first, second = (_slope(t[half], z[half]) for half in halves)
    return abs(second) / abs(first) if abs(first) > 0 else None


def _slope(t: NDArray[np.float64], z: NDArray[np.complex128]) -> complex:
    u = t - t.mean()
    return complex((u @ z) / (u @ u))

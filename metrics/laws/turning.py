"""Whether long and flat bodies turn as the truth does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.align import Fit, NoFit, main_tracks
from kinema.metrics.laws.matched import in_motion, matched, moves_little, no_truth, worst
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.reference import OUTLINE_RATE, reference_of

if TYPE_CHECKING:
    from kinema.metrics.laws.matched import Match
    from kinema.metrics.observation import Observation

__all__ = ["rotation"]

LONG = 0.6  # -, short over long side below which an outline has a direction, in the median
TURN_PACES = np.linspace(0.88, 1.12, 13)  # -, and
TURN_SHIFTS = np.linspace(-0.6, 0.2, 41)  # s, that are tried where a body turns on the spot
TURNS = 0.16  # rad, rms about its mean, that a body turns at least within the clip: an outline errs by a few hundredths


@metric(
    "dynamics/rotation", version=1, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="rigid bodies turn as torque and inertia say; the direction of the outline's long side",
    formula="rms(angle seen - angle of the truth's outline at the same moment, each about its mean) / spread of the truth's",
    own=("spin",),
    coupled={"constant_velocity": "what does not turn has the wrong rotation", "reversal": "it turns the other way",
             "hover": "what stands still does not turn"},
    blind=("bodies that look round, whatever their marks do", "turns about an axis in the picture"),
)  # fmt: skip
def rotation(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the turning of bodies with a long side is from the truth's.

    Returns:
        0 where every outline points where it should, 1 where its turning has nothing to do with it. ``Unscored`` without truth and
        where no body with a long side turns.

    Example:
        >>> rotation(Observation(), Case.outside("a box falls over")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    turning = {body: spread for body in range(len(case.truth.bodies)) if (spread := _spread(case, body)) > 0}
    if not turning:
        return Unscored(reason="no body with a long side turns here")
    on_the_spot = len(case.truth.bodies) == 1 and moves_little(case)
    found = matched(seen, case, _by_turning(seen, case)) if on_the_spot else in_motion(seen, case)
    if isinstance(found, str):
        return worst(1.0, found)
    by_body = {match.index: match for match in found.bodies}
    errors = [min(1.0, _error(by_body[body]) / spread) if body in by_body else 1.0 for body, spread in turning.items()]
    weights = np.array(list(turning.values())) ** 2
    value = float(np.sqrt(np.average(np.square(errors), weights=weights)))
    return Scored(value=value, why=f"{value:.1%} of the turning is off the truth's.")


def _by_turning(seen: Observation, case: Case) -> Fit | NoFit:
    """Start and pace by the turning itself, for the one body of a scene that turns on the spot, so that its path says nothing."""
    assert case.truth is not None
    main = main_tracks(seen.tracks, 1)
    if not main:
        return NoFit(failed="no moving body was tracked")
    still = Fit(rms=0, residual=0, pace=1, shift=0, scale=1, roll=0, mirrored=False, bound="", tracks=(main[0],), offsets=(0j,))
    trials = [replace(still, pace=float(a), shift=float(b)) for a in TURN_PACES for b in TURN_SHIFTS]
    first = matched(seen, case, still)
    assert not isinstance(first, str)
    return min(trials, key=lambda one: _error(replace(first.bodies[0], fit=one)))


def _spread(case: Case, body: int) -> float:
    """Rms of a body's turning about its mean within the clip, rad; 0 where it has no direction or hardly turns."""
    assert case.truth is not None
    reference = reference_of(case.truth)
    shown = slice(0, int(case.request.seconds * OUTLINE_RATE))
    angle = reference.angle[body][shown]
    round_ = float(np.median(reference.slant[body][shown])) > LONG
    return 0.0 if round_ or np.std(angle) < TURNS else float(np.std(angle))


def _error(match: Match) -> float:
    """Rms difference of the angles, each about its mean, rad; half turns do not count, a box has no front."""
    reference = match.reference
    true = np.interp(match.moments * OUTLINE_RATE, np.arange(reference.angle.shape[1]), reference.angle[match.index])
    sign = -1.0 if match.fit.mirrored else 1.0
    apart = np.exp(2j * (match.track.angle - sign * true))
    away = np.angle(apart * np.conj(apart.mean())) / 2
    return float(np.sqrt(np.mean(away**2)))

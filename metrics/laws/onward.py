"""What touches something goes on afterwards: it rebounds, rolls on or hands its motion over, and does not stick."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.laws.matched import Match, matched, no_truth
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.reference import reference_of

if TYPE_CHECKING:
    from kinema.metrics.observation import Observation

__all__ = ["onward"]

AFTER_S = (0.04, 0.5)  # s after the first touch between which the way is measured
LATEST = 0.85  # -, share of the clip by which that begins, as a take may start later
LEAST_FRAMES = 4
LEAST_WAY = 0.5  # diameters that the truth goes on for at least
STEEP = 3  # -, power of the missing share: a fifth, as rocking flakes may differ by, costs .008
FEW = 4  # bodies at most: in a crowd nobody knows who goes where
ROUGHLY = 0.6  # rms of the fit up to which it says when what is touched
SEEN = 0.7  # -, share of the frames in which a body must be seen


@metric(
    "dynamics/onward", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="inertia: what touches something keeps part of its speed",
    formula="1 - (1 - w)^3, w = length of the path from .04 to .5 s after a body's first touch over the truth's, mean over bodies",
    own=("sticks",),
    coupled={"restitution": "what rebounds less goes on more slowly", "mass_ratio": "who is struck is too slow",
             "constant_velocity": "what moves evenly is slow where the truth is fast",
             "hover": "what waits in mid-air before its touch goes on later"},
    blind=("in which direction it goes on", "clips whose motion fits nothing", "bodies that hardly go on in the truth"),
)  # fmt: skip
def onward(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether bodies go on after their first touch, or stick where they land.

    Returns:
        1 where they go the truth's way in the half second after it, 0 where they stay. A clip whose motion fits nothing sticks
        nowhere: 1. ``Unscored`` without truth and where nothing touches anything and goes on.

    Example:
        >>> onward(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    spans = _spans(case)
    if not spans:
        return Unscored(reason="nothing touches something and goes on")
    found = matched(seen, case)
    if isinstance(found, str) or found.fit.rms > ROUGHLY:
        return Scored(value=1.0, why="The motion fits too little to say what goes on after which touch.")
    shares = [share for match in found.bodies if match.index in spans and (share := _share(match, spans[match.index])) is not None]
    share = float(np.mean(shares)) if shares else 1.0
    value = float(1 - np.clip(1 - share, 0, 1) ** STEEP)
    return Scored(value=value, why=f"After their first touch bodies go {share:.0%} of the way that the truth goes.")


def _spans(case: Case) -> dict[int, tuple[float, float]]:
    """From when until when each body goes on after its first touch, s of the truth; only of those that go far enough."""
    truth = case.truth
    assert truth is not None
    found: dict[int, tuple[float, float]] = {}
    if len(truth.bodies) > FEW:
        return found
    last = LATEST * case.request.seconds
    for k, body in enumerate(truth.bodies):
        first = min((c.t for c in truth.contacts if body.name in c.bodies), default=np.inf)
        start, end = first + AFTER_S[0], min(first + AFTER_S[1], last)
        if body.name in truth.vertices or (end - start) * case.request.fps < LEAST_FRAMES:
            continue
        way = _way(reference_of(truth).at(k, np.linspace(start, end, 2 + round((end - start) * case.request.fps))))
        if way >= LEAST_WAY * 2 * body.radius:
            found[k] = (start, end)
    return found


def _share(match: Match, span: tuple[float, float]) -> float | None:
    """The way in the clip over the truth's in the same frames; None where too few of them show the body."""
    inside = (match.moments >= span[0]) & (match.moments <= span[1])
    step = float(np.median(np.diff(match.moments)))
    if inside.sum() < max(LEAST_FRAMES, SEEN * (span[1] - span[0]) / step):
        return None
    return _way(match.path.z[inside]) / max(_way(match.expected[inside]), 1e-9)


def _way(z: np.ndarray[tuple[int], np.dtype[np.complex128]]) -> float:
    return float(np.abs(np.diff(z)).sum())

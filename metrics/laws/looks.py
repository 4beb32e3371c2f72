"""Bodies stay what they are: their looks and their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.metrics.laws.matched import matched, no_truth
from kinema.metrics.metric import Case, Scored, Unscored, metric

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.laws.matched import Match
    from kinema.metrics.observation import Observation, Track

__all__ = ["identity", "rigidity"]

OTHER = 22.0  # CIELAB units in which a colour is another one; shading and compression stay below
DARKER = 0.35  # -, weight of lightness beside hue: bodies pass through light and shade
CLEAR = 0.8  # -, visible share from which on looks and size can be judged
LEAST = 6  # frames in which they must be
USUAL = (0.5, 0.9)  # share of frames like the usual ones: what is 0 and what is 1
SOFT = (0.18, 0.7)  # |ln| of the size: what is still 1, and what is 0
ASPECT = 0.5  # -, weight of the outline's sides beside its size: half the change of ln (short / long) is a squash as large


@metric(
    "dynamics/identity", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="bodies do not change their colour by themselves, nor exchange it",
    formula="share of frames in which the CIELAB colour is within 22 of the commonest, .5 to .9 mapped to 0 to 1, mean over bodies",
    own=("identity_swap",),
    blind=("changes of less than a tenth of the time", "bodies of the same colour that exchange places", "another colour from the start"),
)  # fmt: skip
def identity(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether each body keeps its looks.

    Returns:
        1 where each has one colour throughout, 0 where one has it for half of the time. A clip without tracks changes nothing: 1.
        ``Unscored`` where nothing says which bodies there are.

    Example:
        >>> identity(Observation(), Case.outside("a ball")).reason
        'nothing says how many bodies there are'
    """
    count = len(case.truth.bodies) if case.truth is not None else len(case.shown)
    if count == 0 or case.unfollowed:
        return Unscored(reason=case.unfollowed or "nothing says how many bodies there are")
    main = sorted(seen.tracks, key=lambda track: -float(track.confidence.sum()))[:count]
    shares = [share for track in main if (share := _usual(track)) is not None]
    value = float(np.mean([np.clip((share - USUAL[0]) / (USUAL[1] - USUAL[0]), 0, 1) for share in shares])) if shares else 1.0
    least = min(shares, default=1.0)
    return Scored(value=value, why=f"The body that changes most keeps its colour for {least:.0%} of the time.")


@metric(
    "dynamics/rigidity", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="solid bodies keep their size and outline, but for perspective and turning, which the truth shows too",
    formula="1 - (d - .18) / .52, d: how far percentiles of ln size, or half of ln (short / long), are from the truth's; mean over bodies",
    own=("size_change", "squash"),
    blind=("cloth and jelly", "changes of less than a tenth of the time, and of less than 18 %"),
)  # fmt: skip
def rigidity(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether solid bodies keep their size and outline.

    Returns:
        1 where size and outline are the truth's, up to one scale, 0 where a tenth of the time they are off by a factor of 2. Where the
        motion fits nothing the size is compared with its own median. ``Unscored`` without truth and where all bodies are soft.

    Example:
        >>> rigidity(Observation(), Case.outside("a ball")).reason
        'there is no truth to compare with'
    """
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    solid = {k for k, body in enumerate(case.truth.bodies) if body.name not in case.truth.vertices}
    if not solid:
        return Unscored(reason="all bodies are soft")
    found = matched(seen, case)
    if isinstance(found, str):
        changes = [_change(track.size, track) for track in seen.tracks[: len(solid)]]
    else:
        changes = [_deformed(match) for match in found.bodies if match.index in solid]
    worst = max(changes, default=0.0)
    value = float(np.mean([1 - np.clip((change - SOFT[0]) / (SOFT[1] - SOFT[0]), 0, 1) for change in changes])) if changes else 1.0
    return Scored(value=value, why=f"The outline that changes most is off by {np.expm1(worst):.0%}, beyond perspective and turning.")


def _usual(track: Track) -> float | None:
    """The share of clear frames in which a body has its commonest colour."""
    clear = (track.visible > CLEAR) & (track.confidence > 0.5)
    if clear.sum() < LEAST or not track.rgb.any():
        return None
    lab = cv2.cvtColor((track.rgb[clear] / 255).astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0] * np.array([DARKER, 1, 1])
    near = np.linalg.norm(lab[:, None] - lab[None], axis=-1) < OTHER
    return float(near.sum(axis=1).max() / len(lab))


def _deformed(match: Match) -> float:
    """How far size and sides of a body are off the truth's outline, |ln|, at the 90th percentile."""
    track, moments = match.track, match.moments
    clear = _clear(track)
    if clear.sum() < LEAST:
        return 0.0
    size = np.log(np.maximum(match.path.size[clear], 1e-3))
    sides = np.log(np.maximum(track.short[clear], 1e-3) / np.maximum(track.long[clear], 1e-3))
    true_size = np.log(match.reference.size_at(match.index, moments[clear]))
    true_sides = np.log(match.reference.slant_at(match.index, moments[clear]))
    return max(_apart(size, true_size), ASPECT * _apart(sides, true_sides))


def _apart(seen: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """How far two spreads of values lie apart, each about its median: in which order they come does not count."""
    share = np.array([10.0, 25.0, 75.0, 90.0])
    spreads = [np.percentile(values, share) - np.median(values) for values in (seen, true)]
    return float(np.max(np.abs(spreads[0] - spreads[1])))


def _change(size: NDArray[np.float64], track: Track) -> float:
    clear = _clear(track)
    return _spread(np.log(np.maximum(size[clear], 1e-3)))


def _clear(track: Track) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = (track.visible > CLEAR) & (track.confidence > 0.5)
    return good


def _spread(values: NDArray[np.float64]) -> float:
    return float(np.percentile(np.abs(values - np.median(values)), 90)) if len(values) >= LEAST else 0.0

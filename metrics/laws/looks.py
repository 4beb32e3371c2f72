"""Bodies stay what they are: their looks and their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.metrics.laws.matched import matched, no_truth
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.reference import reference_of
from kinema.metrics.untangle import untangled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.laws.matched import Match
    from kinema.metrics.observation import Observation, Track

__all__ = ["identity", "rigidity"]

OTHER = 22.0  # CIELAB units in which a colour is another one; shading and compression stay below
DARKER = 0.35  # -, weight of lightness beside hue: bodies pass through light and shade
CLEAR = 0.8  # -, visible share from which on looks and size can be judged
LEAST = 6  # frames in which they must be
USUAL = (0.5, 0.98)  # share of frames like the usual ones: what is 0 and what is 1
SOFT = 0.36  # range of ln size, from tenth to ninetieth percentile, beyond the truth's, that is as bad as it gets: half as large again
STEEP = 3  # -, power of that: the tenth that an observer errs by at times hardly counts
ASPECT = 0.5  # -, weight of the outline's sides beside its size: half the change of ln (short / long) is a squash as large
SPREAD = (10.0, 25.0, 50.0, 75.0, 90.0)  # percentiles that two spreads of values are compared by


@metric(
    "dynamics/identity", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="bodies do not change their colour by themselves, nor exchange it",
    formula="share of frames in which the CIELAB colour is within 22 of the commonest, .5 to .98 mapped to 0 to 1, mean over bodies",
    own=("identity_swap",),
    blind=("bodies of the same colour that exchange places", "bodies that exchange looks while they touch",
           "another colour from the start"),
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
    main = sorted(untangled(seen).tracks, key=lambda track: -float(track.confidence.sum()))[:count]
    shares = [share for track in main if (share := _usual(track)) is not None]
    value = float(np.mean([np.clip((share - USUAL[0]) / (USUAL[1] - USUAL[0]), 0, 1) for share in shares])) if shares else 1.0
    least = min(shares, default=1.0)
    return Scored(value=value, why=f"The body that changes most keeps its colour for {least:.0%} of the time.")


@metric(
    "dynamics/rigidity", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",), gate=True,
    source="solid bodies keep their size and outline, but for perspective and turning, which the truth shows too",
    formula="1 - (d / .36)^3, d: by how much ln size, or half of ln (short / long), spreads more than the truth's; mean over bodies",
    own=("size_change", "squash"),
    coupled={"spin": "what turns otherwise shows other sides",
             "direction_swap": "what comes nearer is seen larger",
             "move_swap": "a camera that comes nearer makes bodies grow more than what is behind them",
             "shot_cut": "another camera sees other sides, and stands nearer"},
    blind=("cloth and jelly", "changes of less than a tenth of the time, or from one shot to the next",
           "round bodies flattened by less than 6 %"),
)  # fmt: skip
def rigidity(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether solid bodies keep their size and outline.

    Returns:
        1 where size and outline are the truth's, up to one scale, 0 where a body grows or shrinks by half, or is flattened by 40 % for much
        of the time. Where the motion fits nothing sizes need only spread no more than any body's in the truth. ``Unscored`` without truth
        and where all bodies are soft.

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
    seen = untangled(seen)
    found = matched(seen, case)
    if isinstance(found, str):
        changes = _changes(seen, case, len(solid))
    else:
        changes = [_deformed(match, seen) for match in found.bodies if match.index in solid]
    worst = max(changes, default=0.0)
    value = float(np.mean([1 - min(1.0, change / SOFT) ** STEEP for change in changes])) if changes else 1.0
    return Scored(value=value, why=f"The outline that changes most does so by {np.expm1(worst):.0%} beyond perspective and turning.")


def _usual(track: Track) -> float | None:
    """The share of clear frames in which a body has its commonest colour."""
    clear = (track.visible > CLEAR) & (track.confidence > 0.5)
    if clear.sum() < LEAST or not track.rgb.any():
        return None
    lab = cv2.cvtColor((track.rgb[clear] / 255).astype(np.float32)[None], cv2.COLOR_RGB2LAB)[0] * np.array([DARKER, 1, 1])
    near = np.linalg.norm(lab[:, None] - lab[None], axis=-1) < OTHER
    return float(near.sum(axis=1).max() / len(lab))


def _deformed(match: Match, seen: Observation) -> float:
    """By how much more the size, or half of the sides, of a body's outline spread than the truth's, as ranges of logarithms."""
    track, moments = match.track, match.moments
    clear = _clear(track)
    if clear.sum() < LEAST:
        return 0.0
    size = _in_shot(np.log(np.maximum(match.path.size[clear], 1e-3)), track.t[clear], seen)
    sides = np.log(np.maximum(track.short[clear], 1e-3) / np.maximum(track.long[clear], 1e-3))
    true_size = np.log(match.reference.size_at(match.index, moments[clear]))
    true_sides = np.log(match.reference.slant_at(match.index, moments[clear]))
    return max(_apart(size, true_size), ASPECT * _apart(sides, true_sides))


def _in_shot(values: NDArray[np.float64], t: NDArray[np.float64], seen: Observation) -> NDArray[np.float64]:
    """Values about the median of their own shot: another camera may stand nearer."""
    shot = np.searchsorted(np.asarray(seen.cuts, dtype=float), t, side="right")
    centred = values.copy()
    for one in np.unique(shot):
        centred[shot == one] -= np.median(values[shot == one])
    return centred


def _apart(seen: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """By how much two spreads of values differ, whatever their middles: in which order the values come does not count."""
    return float(np.ptp(np.percentile(seen, SPREAD) - np.percentile(true, SPREAD)))


def _changes(seen: Observation, case: Case, count: int) -> list[float]:
    """Of a clip that fits nothing: by how much more the sizes spread than those of any body of the truth."""
    assert case.truth is not None
    reference = reference_of(case.truth)
    spreads = [_range(np.log(one)) for one in reference.size]
    found = [(np.log(np.maximum(track.size, 1e-3)), track) for track in seen.tracks[:count]]
    return [
        max(0.0, _range(_in_shot(size[_clear(track)], track.t[_clear(track)], seen)) - max(spreads))
        for size, track in found
        if _clear(track).sum() >= LEAST
    ]


def _range(values: NDArray[np.float64]) -> float:
    return float(np.ptp(np.percentile(values, SPREAD)))


def _clear(track: Track) -> NDArray[np.bool_]:
    good: NDArray[np.bool_] = (track.visible > CLEAR) & (track.confidence > 0.5)
    return good

"""Does the clip show what the prompt names?"""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.dynamics import shown_counts
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinema.metrics.observation import Track
    from kinema.scenes.request import Claim

__all__ = ["colour", "count", "direction"]

STARTED = 0.12  # diameters from the start along an axis: then the body surely moves that way
SMOOTH = 3  # frames of the running median that a single bad frame cannot move
SHORT = 0.25  # -, share of the clip's frames; a shorter track is measured as if it were that long: scraps do not win
CANDIDATES = 6  # tracks, the longest, among which bodies are looked for


@metric(
    "adherence/colour", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",),
    source="share of the named bodies' frames whose colour is the claimed one, best assignment of tracks to bodies",
)  # fmt: skip
def colour(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the bodies have the colours that the prompt names.

    Returns:
        Share of the frames of the named bodies' tracks that have the claimed colour, averaged over bodies; a body that
        is not there counts as 0. ``Unscored`` where the prompt names no colour.

    Example:
        >>> colour(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no colour'
    """
    claims = [claim for claim in case.claims if claim.kind == "colour"]
    if not claims:
        return Unscored(reason="the prompt names no colour")
    if case.unfollowed:
        return Unscored(reason=case.unfollowed)
    owners = _assignment(seen, case)
    shares = {}
    for number, claim in enumerate(claims):
        tracks = list(owners.values()) if claim.body is None else [owners[claim.body]] if claim.body in owners else []
        shares[number] = (
            float(np.mean([_share(track, claim.value, len(seen.times)) for track in tracks])) if tracks else 0.0
        )
    found = ", ".join(f"{claim.value} {shares[number]:.0%}" for number, claim in enumerate(claims))
    return Scored(
        value=float(np.mean(list(shares.values()))),
        why=f"Frames in the colour asked for: {found}.",
        details={"tracks": len(owners)},
    )


@metric(
    "adherence/count", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",),
    source="share of the clip's time in which the number of visible bodies is the claimed one",
)  # fmt: skip
def count(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether there are as many bodies as the prompt says.

    Returns:
        Share of the time in which exactly that many are visible; what lies beyond the clip's end counts as none.
        ``Unscored`` where the prompt gives no number.

    Example:
        >>> count(Observation(), Case.outside("a ball bounces")).reason
        'the prompt gives no number'
    """
    claims = [claim for claim in case.claims if claim.kind == "count"]
    if not claims:
        return Unscored(reason="the prompt gives no number")
    if case.unfollowed:
        return Unscored(reason=case.unfollowed)
    wanted = int(claims[0].value)
    counts = shown_counts(seen, case)
    share = float((counts == wanted).mean()) if len(counts) else 0.0
    usual = int(np.median(counts)) if len(counts) else 0
    return Scored(
        value=share, why=f"{wanted} asked for; that many are visible for {share:.0%} of the time, usually {usual}."
    )


@metric(
    "adherence/direction", version=1, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks",),
    source="share of direction claims that hold: where a body first moves by an eighth of its size",
)  # fmt: skip
def direction(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether the bodies first move where the prompt says.

    Returns:
        Share of the direction claims that hold. Left and right are about the horizontal part of the motion alone; down
        and up mean that the body moves so before it moves anywhere else. ``Unscored`` where the prompt names no direction.

    Example:
        >>> direction(Observation(), Case.outside("a ball bounces")).reason
        'the prompt names no direction'
    """
    claims = [claim for claim in case.claims if claim.kind == "direction"]
    if not claims:
        return Unscored(reason="the prompt names no direction")
    if case.unfollowed:
        return Unscored(reason=case.unfollowed)
    owners = _assignment(seen, case)
    holds, said = [], []
    for claim in claims:
        tracks = list(owners.values()) if claim.body is None else [owners[claim.body]] if claim.body in owners else []
        moves = [_moves(track) for track in tracks]
        holds.append(bool(moves) and all(claim.value in move for move in moves))
        said.append(
            f"{claim.value} asked for, {' and '.join('/'.join(move) or 'no motion' for move in moves) or 'no body'} seen"
        )
    return Scored(value=float(np.mean(holds)), why=f"{sum(holds)} of {len(claims)} directions hold: {'; '.join(said)}.")


def _assignment(seen: Observation, case: Case) -> dict[int, Track]:
    """Which track is which of the claims' bodies: by colour, then by direction, then the longest."""
    bodies = sorted({claim.body for claim in case.claims if claim.body is not None})
    if not bodies:
        counts = [int(claim.value) for claim in case.claims if claim.kind == "count"]
        bodies = list(range(counts[0] if counts else 1))
    longest = sorted(seen.tracks, key=lambda track: -float(track.confidence.sum()))[:CANDIDATES]
    frames = max(len(seen.times), 1)
    worth = _worths(case.claims, frames)
    best: tuple[float, dict[int, Track]] = (-1.0, {})
    size = min(len(bodies), len(longest))
    for tracks in permutations(longest, size):
        for some in _placings(bodies, size):
            total = sum(worth(body, track) for body, track in zip(some, tracks, strict=True))
            if total > best[0] + 1e-9:
                best = (total, dict(zip(some, tracks, strict=True)))
    return best[1]


def _placings(bodies: list[int], size: int) -> list[tuple[int, ...]]:
    """The bodies in order, or every choice of as many of them as there are tracks."""
    return [tuple(bodies)] if size == len(bodies) else list(permutations(bodies, size))


def _worths(claims: tuple[Claim, ...], frames: int) -> Callable[[int, Track], float]:
    named = {(claim.kind, claim.body): claim.value for claim in claims}

    def worth(body: int, track: Track) -> float:
        value = 0.01 * min(1.0, len(track.t) / frames)
        if ("colour", body) in named:
            value += _share(track, named["colour", body], frames)
        if ("direction", body) in named and named["direction", body] in _moves(track):
            value += 0.1
        return value

    return worth


def _share(track: Track, name: str, frames: int) -> float:
    """Share of a track's frames that have a colour."""
    own = track.colours or (track.colour or "",) * len(track.t)
    return sum(one == name for one in own) / max(len(own), SHORT * frames, 1)


def _moves(track: Track) -> tuple[str, ...]:
    """Which of left, right, down and up a track does first."""
    if len(track.t) < SMOOTH:
        return ()
    x, y = _steady(track.x), _steady(track.y)
    far = STARTED * track.diameter
    sideways, upright = np.flatnonzero(np.abs(x - x[0]) > far), np.flatnonzero(np.abs(y - y[0]) > far)
    moves = []
    if len(sideways):
        moves.append("right" if x[sideways[0]] > x[0] else "left")
    if len(upright) and (not len(sideways) or upright[0] <= sideways[0]):
        moves.append("down" if y[upright[0]] > y[0] else "up")
    return tuple(moves)


def _steady(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Running median over three frames; the ends keep their own value."""
    middle = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    return np.concatenate([values[:1], middle, values[-1:]])

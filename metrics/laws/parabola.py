"""Constant force, constant acceleration: the path in between is a parabola in time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kinema.metrics.laws.matched import Match, frames_of, in_motion, no_truth, worst
from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation
    from kinema.scenes.truth import Truth

__all__ = ["acceleration", "falls_in_flight", "parabola"]

STEP_S = 0.04  # s, over which the truth's acceleration is taken
CONSTANT = 0.08  # -, of its own size that a constant acceleration changes by
LEAST_POINTS = 5  # a parabola has three parameters
WHOLE = 0.6  # -, share of a piece that must be seen
SPARE = 1.5  # frames more that a piece lasts at least
FEEBLE = 0.01  # of gravity: less is no acceleration
EDGE_S = 0.03  # s on either side of a piece that belong to none
BENT = 0.03  # of the picture's height that a piece departs from a straight line at least
HIGH = 0.5  # diameters of height that a stretch between two blows has at least, to be a flight
CURVED = 0.25  # -, share of the expected curvature, in its direction, that is still one
STRAY = (0.1, 0.6)  # -, shares of the bend that no parabola explains: what is still 1, and what is 0
REACH = 0.85  # -, share of the clip that a piece must lie in, as a take may start later


class Piece(NamedTuple):
    """A stretch of a body's truth with constant acceleration, s."""

    body: int
    start: float
    end: float


@metric(
    "dynamics/parabola", version=2, unit="-", better="higher", best=1.0, worst=0.0, needs=("tracks", "contacts"), gate=True,
    source="free flight: Galileo; measured as the part of the bend that no parabola explains",
    formula="1 - (x - .1) / .5, x = mean over flights of rms(z - parabola) / rms(parabola - chord), 1 where it hardly bends",
    own=("hover", "teleport"),
    coupled={"constant_velocity": "what moves evenly does not bend",
             "sticks": "what sticks flies no more",
             "shuffled_frames": "what is everywhere at once flies nowhere",
             "interpenetration": "what sinks into the floor leaves the parabola before it turns"},
    blind=("how strong the pull is, which dynamics/gravity measures", "flights of less than a sixth of a second"),
)  # fmt: skip
def parabola(seen: Observation, case: Case) -> Scored | Unscored:
    """Whether flight is a parabola.

    Returns:
        1 where a parabola explains nine tenths of the bend of every flight, 0 where it explains less than four tenths or nothing bends
        as it should. ``Unscored`` without truth and where nothing flies long enough in it.

    Example:
        >>> parabola(Observation(), Case.outside("a ball bounces")).reason
        'there is no truth to compare with'
    """
    found = _judged(seen, case, {"parabola", "range"}, "flies freely", "flight", free=True)
    if isinstance(found, Unscored):
        return found
    return replace(found, value=float(1 - np.clip((found.value - STRAY[0]) / (STRAY[1] - STRAY[0]), 0, 1)))


@metric(
    "dynamics/acceleration", version=1, unit="-", better="lower", best=0.0, worst=1.0, needs=("tracks",),
    source="constant force on ramps, under friction and over pulleys; measured like dynamics/parabola",
    formula="mean over stretches of constant force of rms(z - parabola) / rms(parabola - chord), weighted by time",
    own=("constant_velocity", "pace_drift"),
    coupled={"hover": "what stands still does not speed up",
             "direction_swap": "what comes towards the camera hardly moves in the picture",
             "kick": "a push is speed from nowhere",
             "teleport": "a jump is speed from nowhere"},
    blind=("how large the acceleration is, which dynamics/law_residual and dynamics/gravity measure",),
)  # fmt: skip
def acceleration(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the acceleration under a constant force is from constant.

    Returns:
        The share of the bend over time that no constant acceleration explains; 1 where the clip does not speed up or slow down as the
        truth does. ``Unscored`` without truth and where no force is constant for long enough in it.

    Example:
        >>> acceleration(Observation(), Case.outside("a box slides")).reason
        'there is no truth to compare with'
    """
    return _judged(seen, case, {"constant_acceleration", "acceleration"}, "accelerates evenly", "stretch", free=False)


def falls_in_flight(seen: Observation, case: Case) -> list[float]:
    """Downward accelerations in the clip's own picture while the truth flies freely, each in diameters of the body per s^2."""
    found = in_motion(seen, case)
    if isinstance(found, str):
        return []
    by_body = {match.index: match for match in found.bodies}
    falls = []
    for piece in _stretches(case, found.truth, free=True):
        match = by_body.get(piece.body)
        if match is not None:
            inside = (match.moments >= piece.start) & (match.moments <= piece.end)
            if inside.sum() >= LEAST_POINTS:
                falls.append(-_bent(match.path.t[inside], match.path.z[inside])[2].imag / match.path.diameter)
    return falls


def _judged(seen: Observation, case: Case, laws: set[str], what: str, noun: str, *, free: bool) -> Scored | Unscored:
    if reason := no_truth(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if not laws & set(case.laws):
        return Unscored(reason=f"that it {what} is no law of this scene")
    pieces = _pieces(case, case.truth, free=free)
    if not pieces:
        return Unscored(reason=f"nothing {what} for long enough here")
    found = in_motion(seen, case)
    if isinstance(found, str):
        return _flights_anyhow(seen, case, found) if free else worst(1.0, found)
    by_body = {match.index: match for match in found.bodies}
    strays = [(_stray(by_body.get(piece.body), piece, seen), piece.end - piece.start) for piece in pieces]
    rows = [(stray, long) for stray, long in strays if stray is not None]
    if not rows:
        return worst(1.0, f"none of {len(pieces)} {noun}es is seen" if noun == "stretch" else f"none of {len(pieces)} flights is seen")
    value = float(sum(stray * long for stray, long in rows) / sum(long for _, long in rows))
    bad = sum(stray >= 1 for stray, _ in rows)
    lost = f"; {bad} of {len(rows)} do not bend as they should" if bad else ""
    return Scored(
        value=value, why=f"{value:.1%} of the bend over {len(rows)} {noun}{'es' if noun == 'stretch' else 's'} is no parabola{lost}."
    )


def _flights_anyhow(seen: Observation, case: Case, why: str) -> Scored:
    """Where no fit says when what flies: every stretch between two blows, in which what flies bends downwards, like any parabola."""
    found = in_motion(seen, case, anyhow=True)
    if isinstance(found, str):
        return worst(1.0, found)
    rows = [row for match in found.bodies for row in _own_flights(match, found.seen)]
    if not rows:
        return worst(1.0, why)
    value = float(sum(stray * long for stray, long in rows) / sum(long for _, long in rows))
    return Scored(value=value, why=f"{value:.1%} of the bend over {len(rows)} flights of its own is no parabola.")


def _own_flights(match: Match, seen: Observation) -> list[tuple[float, float]]:
    """The share of the bend that is no parabola, and the frames, of each stretch between two blows that is high enough."""
    t, z = match.path.t, match.path.z
    edges = np.array([-np.inf, *sorted(c.t for c in seen.contacts if match.track.id in c.bodies), np.inf])
    rows = []
    for low, high in pairwise(edges):
        inside = (t > low + EDGE_S) & (t < high - EDGE_S)
        if inside.sum() < LEAST_POINTS or np.ptp(z[inside].imag) < HIGH * match.path.diameter:
            continue
        stray, bend, pull = _bent(t[inside], z[inside])
        rows.append((_share(stray, bend, match) if pull.imag < 0 else 1.0, float(inside.sum())))
    return rows


def _pieces(case: Case, truth: Truth, *, free: bool) -> list[Piece]:
    """Stretches of constant acceleration within the clip that show; of free flight alone where ``free``."""
    least = (LEAST_POINTS + SPARE) / case.request.fps + 2 * EDGE_S
    return [piece for piece in _stretches(case, truth, free=free) if piece.end - piece.start >= least and _shows(case, truth, piece)]


def _stretches(case: Case, truth: Truth, *, free: bool) -> list[Piece]:
    last = min(round(REACH * case.request.seconds * TRUTH_RATE), len(truth.times) - 1)
    stride = round(STEP_S * TRUTH_RATE)
    found = []
    for body in range(len(truth.bodies)):
        velocity = truth.velocity[: last + 1 : stride, body]
        change = np.diff(velocity, axis=0) / (stride / TRUTH_RATE)
        good = _steady(change, truth.gravity)
        if free:
            good &= np.abs(change + np.array([0, 0, truth.gravity])).max(axis=1) < 0.05 * truth.gravity
        found += [Piece(body, low * stride / TRUTH_RATE, high * stride / TRUTH_RATE) for low, high in _runs(good)]
    return found


def _steady(change: NDArray[np.float64], gravity: float) -> NDArray[np.bool_]:
    """Where the acceleration is not nothing and the same as in the next step."""
    size = np.linalg.norm(change, axis=1)
    same = np.linalg.norm(np.diff(change, axis=0), axis=1) < CONSTANT * np.maximum(size[:-1], 1e-9)
    strong = size > FEEBLE * gravity
    good: NDArray[np.bool_] = strong & (np.append(same, False) | np.insert(same, 0, False))
    return good


def _runs(good: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    return [(int(low), int(high)) for low, high in edges.reshape(-1, 2)]


def _shows(case: Case, truth: Truth, piece: Piece) -> bool:
    """Whether the bend of a piece is large enough to be seen."""
    from kinema.metrics.reference import reference_of

    t = frames_of(case)
    t = t[(t >= piece.start) & (t <= piece.end)]
    if len(t) < LEAST_POINTS - 1:
        return False
    _, bend, _ = _bent(t, reference_of(truth).at(piece.body, t))
    return bend > BENT * truth.camera.view_height


def _bent(t: NDArray[np.float64], z: NDArray[np.complex128]) -> tuple[float, float, complex]:
    """Rms distance from the best parabola, its rms departure from a straight line, and its acceleration."""
    u = t - t.mean()
    design = np.stack([np.ones_like(u), u, u * u - np.mean(u * u)], axis=1)
    factors, *_ = np.linalg.lstsq(design, z, rcond=None)
    stray = float(np.sqrt(np.sum(np.abs(z - design @ factors) ** 2) / max(len(t) - 3, 1)))
    return stray, float(np.abs(factors[2]) * np.std(u * u)), complex(2 * factors[2])


def _stray(match: Match | None, piece: Piece, seen: Observation) -> float | None:
    """The share of a piece's bend that is no parabola, in the longest part that no contact of the clip interrupts; None: unseen."""
    if match is None:
        return None
    inside = (match.moments >= piece.start + EDGE_S) & (match.moments <= piece.end - EDGE_S)
    if inside.sum() < LEAST_POINTS:
        return None
    t, z, expected = match.path.t[inside], match.path.z[inside], match.expected[inside]
    kept = _longest(t, [c.t for c in seen.contacts if match.track.id in c.bodies])
    if kept.sum() < max(LEAST_POINTS, WHOLE * (piece.end - piece.start - 2 * EDGE_S) / match.fit.pace / np.median(np.diff(match.path.t))):
        return None
    t, z, expected = t[kept], z[kept], expected[kept]
    stray, bend, pull = _bent(t, z)
    _, _, wanted = _bent(t, expected)
    if (pull * np.conj(wanted)).real < CURVED * abs(wanted) ** 2:
        return 1.0
    return _share(stray, bend, match)


def _share(stray: float, bend: float, match: Match) -> float:
    """The share of a bend that is no parabola, less what the tracker errs by."""
    stray = float(np.sqrt(max(stray**2 - match.path.noise**2, 0.0)))
    return float(stray / np.hypot(stray, bend)) if bend > 0 else 1.0


def _longest(t: NDArray[np.float64], hits: list[float]) -> NDArray[np.bool_]:
    """The longest stretch of moments between hits."""
    edges = np.array([-np.inf, *sorted(hits), np.inf])
    place = np.searchsorted(edges, t)
    kept: NDArray[np.bool_] = place == np.bincount(place).argmax()
    if len(hits):
        kept &= np.min(np.abs(t[:, None] - edges[1:-1]), axis=1) >= EDGE_S
    return kept

"""What a prompt asserts, statement by statement, and whether a clip shows it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from kinema.metrics.colour_difference import same_light
from kinema.scenes.palette import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation, Track
    from kinema.scenes.request import Claim

__all__ = ["CHECKS", "MET", "Evidence", "Verdict", "check", "share_of_colour", "steady", "verdicts"]

MET = 0.7  # -, from here on a statement counts as met
CANDIDATES = 24  # tracks, the longest, among which bodies are looked for
SHORT = 0.25  # -, share of the clip's frames; a shorter track is measured as if it were that long: scraps do not win
IN_TURN = 0.02  # -, worth of starting where a body does among others: less than its direction (0.1) and its colour (1)
STARTED = 0.12  # diameters from the start along an axis: then a body surely moves that way
SURE = 0.15  # -, distance to the claimed colour over that to the next one, up to which it surely is it: 95 of 100 true bodies have less
LIKE = 24.0  # CIEDE2000 at equal luminance, beyond which a colour is none of the named ones; named ones are 15 to 90 apart
COLOURLESS = ("film", "sketch")  # styles that show no colours, or hardly any


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A statement of the prompt and its result.

    Attributes:
        claim: the statement.
        holds: 0 to 1; None where it cannot be decided, for a reason that lies in what was asked, never in the clip.
        why: one clause with what was seen.
        off_s: s, seen minus asked, where the statement names a moment and something was seen.
    """

    claim: Claim
    holds: float | None
    why: str
    off_s: float | None = None

    @property
    def met(self) -> bool:
        """Whether it holds well enough to be called met."""
        return self.holds is not None and self.holds >= MET

    def to_json(self) -> dict[str, Any]:
        """The statement with its result."""
        holds = None if self.holds is None else round(self.holds, 4)
        off = {} if self.off_s is None else {"off_s": round(self.off_s, 4)}
        return {"kind": self.claim.kind, "value": self.claim.value, "body": self.claim.body, "holds": holds, "why": self.why} | off


class Evidence:
    """What was seen and asked, and which track is which body; looked up once for all statements."""

    def __init__(self, seen: Observation, case: Case) -> None:
        self.seen, self.case = seen, case

    @cached_property
    def owners(self) -> dict[int, Track]:
        """Which track is which of the claims' bodies: by colour, then by direction and size, then the longest."""
        bodies = self.bodies
        longest = sorted(self.seen.tracks, key=lambda track: -float(track.confidence.sum()))[:CANDIDATES]
        if not bodies or not longest:
            return {}
        worth = np.array([[self._worth(body, track) for track in longest] for body in bodies]) + self._in_turn(bodies, longest)
        rows, columns = linear_sum_assignment(-worth)
        return {bodies[row]: longest[column] for row, column in zip(rows, columns, strict=True)}

    @property
    def bodies(self) -> list[int]:
        """Numbers of the bodies that the prompt speaks of."""
        named = {claim.body for claim in self.case.claims if claim.body is not None}
        if named:
            return sorted(named)
        counts = [int(claim.value) for claim in self.case.claims if claim.kind == "count"]
        return list(range(counts[0] if counts else 1))

    def tracks_of(self, claim: Claim) -> list[Track]:
        """The tracks that a statement is about: of its body, or of all."""
        if claim.body is None:
            return list(self.owners.values())
        return [self.owners[claim.body]] if claim.body in self.owners else []

    @property
    def first_cut(self) -> float:
        """s, the end of the first shot where that is at least half of the clip; else never."""
        times, cuts = self.seen.times, self.seen.cuts
        return float(cuts[0]) if cuts and len(times) and cuts[0] >= times[-1] / 2 else float("inf")

    def missing(self, claim: Claim) -> bool:
        """Whether none of what the statement is about is there."""
        return not self.tracks_of(claim)

    def says(self, kind: str) -> str | None:
        """The value of the first claim of a kind."""
        return next((claim.value for claim in self.case.claims if claim.kind == kind), None)

    def path(self, track: Track) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Places x and y in pixels of the first frame, single outliers taken out."""
        x, y = self.seen.steady(track)
        return steady(np.asarray(x)), steady(np.asarray(y))

    def moves(self, track: Track) -> tuple[str, ...]:
        """Which of left, right, down and up a track does first.

        Left and right are about the horizontal part of the motion alone; down and up mean: before it moves anywhere else.
        """
        if len(track.t) < 3:
            return ()
        x, y = self.path(track)
        far = STARTED * track.diameter
        sideways, upright = np.flatnonzero(np.abs(x - x[0]) > far), np.flatnonzero(np.abs(y - y[0]) > far)
        moves = []
        if len(sideways):
            moves.append("right" if x[sideways[0]] > x[0] else "left")
        if len(upright) and (not len(sideways) or upright[0] <= sideways[0]):
            moves.append("down" if y[upright[0]] > y[0] else "up")
        return tuple(moves)

    def start(self, body: int) -> tuple[float, float] | None:
        """Where a body starts in the truth: share of the picture's width, and metres from the eye; None where nothing is known."""
        truth = self.case.truth
        if truth is None:
            return None
        names = [one.name for one in truth.bodies]
        all_names = [one.name for one in truth.scene.bodies()]
        if body >= len(all_names) or all_names[body] not in names:
            return None
        place = truth.position[0, names.index(all_names[body])]
        return float(truth.camera.project(place, 1, 1)[0]), float((place - truth.camera.eye) @ truth.camera.axes[1])

    def _in_turn(self, bodies: list[int], tracks: list[Track]) -> NDArray[np.float64]:
        """A little for tracks that start from left to right as the bodies do: of bodies of one colour it says which is which."""
        starts = [self.start(body) for body in bodies]
        if len(bodies) != len(tracks) or any(start is None for start in starts):
            return np.zeros((len(bodies), len(tracks)))
        mine = np.argsort(np.argsort([start[0] for start in starts if start is not None]))
        theirs = np.argsort(np.argsort([float(track.x[0]) for track in tracks]))
        return np.asarray(IN_TURN * (1 - np.abs(mine[:, None] - theirs[None]) / len(bodies)))

    def _worth(self, body: int, track: Track) -> float:
        frames = max(len(self.seen.times), 1)
        worth = 0.01 * min(1.0, len(track.t) / frames)
        for claim in self.case.claims:
            if claim.kind == "direction" and claim.value in self.moves(track) and claim.body == body:
                worth += 0.1
            elif claim.kind == "colour" and claim.body == body and self.says("style") not in COLOURLESS:
                worth += share_of_colour(track, claim.value, frames)
        return worth


_last: list[Evidence] = []  # that of the clip looked at last: the metrics of one clip come one after the other and share it


def evidence_of(seen: Observation, case: Case) -> Evidence:
    """What was seen and asked; the same object as before where it is the same clip and case."""
    if not _last or _last[0].seen is not seen or _last[0].case is not case:
        _last[:] = [Evidence(seen, case)]
    return _last[0]


Check = "Callable[[Claim, Evidence], Verdict]"
CHECKS: dict[str, Callable[[Claim, Evidence], Verdict]] = {}
BODILY = ("colour", "count", "direction", "shape", "larger", "event", "order", "stays", "material")  # need bodies that can be followed


def check(*kinds: str) -> Callable[[Callable[[Claim, Evidence], Verdict]], Callable[[Claim, Evidence], Verdict]]:
    """Make a function the check of claims of these kinds."""

    def register(function: Callable[[Claim, Evidence], Verdict]) -> Callable[[Claim, Evidence], Verdict]:
        CHECKS.update(dict.fromkeys(kinds, function))
        return function

    return register


def verdicts(evidence: Evidence, *kinds: str) -> list[Verdict]:
    """The result of every statement of the given kinds (none given: of all), in the prompt's order."""
    return [_judged(claim, evidence) for claim in evidence.case.claims if not kinds or claim.kind in kinds]


def _judged(claim: Claim, evidence: Evidence) -> Verdict:
    if claim.kind not in CHECKS:
        return Verdict(claim=claim, holds=None, why=f"nothing checks a {claim.kind}")
    if evidence.case.unfollowed and (claim.kind in BODILY or claim.kind == "timing") and claim.value != "speaks":
        return Verdict(claim=claim, holds=None, why=evidence.case.unfollowed)
    return CHECKS[claim.kind](claim, evidence)


def share_of_colour(track: Track, name: str, frames: int, short: float = SHORT) -> float:
    """How much of a track has a colour: mean over its frames, of which at least a share ``short`` of the clip's must be there.

    Where colours were measured, by CIEDE2000 at equal luminance: 1 where the claimed one is far nearer than the next named one, falling
    to 0 where another is as near, or where it is further than 24; else by their names.
    """
    own = list(track.colours or (track.colour or "",) * len(track.t))
    if track.rgb.any():
        apart = same_light(track.rgb, np.array(list(COLOURS.values()), dtype=float))
        mine = list(COLOURS).index(name)
        ratio = apart[:, mine] / np.maximum(np.delete(apart, mine, axis=1).min(axis=1), 1e-9)
        sure = np.clip((1 - ratio) / (1 - SURE), 0, 1)
        fits = np.where((apart[:, mine] < LIKE) & (track.rgb.max(axis=1) > 0), sure, 0.0)
    else:
        fits = np.array([one == name for one in own], dtype=float)
    return float(fits.sum()) / max(len(own), short * frames, 1)


def steady(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Running median over three frames; the ends keep their own value.

    Example:
        >>> steady(np.array([0.0, 9.0, 0.0, 1.0])).tolist()
        [0.0, 0.0, 1.0, 1.0]
    """
    if len(values) < 3:
        return values
    middle = np.median(np.stack([values[:-2], values[1:-1], values[2:]]), axis=0)
    return np.concatenate([values[:1], middle, values[-1:]])

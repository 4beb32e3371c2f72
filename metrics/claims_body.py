"""Checks of what the prompt says of bodies: colour, number, shape, size, direction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.claims import COLOURLESS, Evidence, Verdict, check, share_of_colour
from kinema.metrics.presence import gone_over_the_edge, shown_counts

if TYPE_CHECKING:
    from kinema.metrics.observation import Track
    from kinema.scenes.request import Claim

__all__: list[str] = []

ROUND, ANGULAR = ("disc",), ("box", "long", "other")
OUTLINES = {  # what the outline of a thing of that name may look like, from the side or turning
    "ball": ROUND, "box": ANGULAR, "block": ANGULAR, "cube": ANGULAR, "domino": ANGULAR, "door": ANGULAR, "triangle": ANGULAR,
    "pin": ANGULAR, "parachute": ANGULAR, "cloth": ANGULAR, "cup": ANGULAR, "top": ANGULAR,
}  # fmt: skip
EITHER = "rolls or hangs so that its outline may be round or long"  # cylinder, hoop, balloon
GLIMPSE = 0.1  # -, share of the clip's frames in which a body must be seen for its colour to count in full: it may leave the picture
CLEAR = 1.03  # -, ratio of sizes from which one body is surely the larger
SEEN_SHARE = 0.5  # of the truth's tracks must show the same


@check("colour")
def _colour(claim: Claim, evidence: Evidence) -> Verdict:
    style = evidence.says("style")
    if style in COLOURLESS:
        return Verdict(claim=claim, holds=None, why=f"a picture in the style {style!r} shows no colours")
    frames = len(evidence.seen.times)
    shares = [share_of_colour(track, claim.value, frames, GLIMPSE) for track in evidence.tracks_of(claim)]
    holds = float(np.mean(shares)) if shares else 0.0
    said = f"{claim.value} in {holds:.0%} of the frames" if shares else f"no {claim.value} body is seen"
    return Verdict(claim=claim, holds=holds, why=said)


@check("count")
def _count(claim: Claim, evidence: Evidence) -> Verdict:
    wanted = int(claim.value)
    counts = shown_counts(evidence.seen, evidence.case)
    if counts.any():  # who has left the picture over its edge is no fewer
        counts = np.minimum(counts + gone_over_the_edge(evidence.seen, evidence.case, wanted), np.maximum(counts, wanted))
    share = float((counts == wanted).mean()) if len(counts) else 0.0
    near = np.where(counts > 0, 1 / (1.0 + np.abs(counts - wanted)) ** 2, 0.0)
    usual = int(np.median(counts)) if len(counts) else 0
    holds = float(near.mean()) if len(counts) else 0.0
    return Verdict(claim=claim, holds=holds, why=f"{wanted} are visible for {share:.0%} of the time, usually {usual}")


@check("direction")
def _direction(claim: Claim, evidence: Evidence) -> Verdict:
    if "precession" in evidence.case.laws:
        return Verdict(claim=claim, holds=None, why="the side is that of a top's stem, which no track follows")
    moves = [evidence.moves(track) for track in evidence.tracks_of(claim)]
    share = float(np.mean([claim.value in move for move in moves])) if moves else 0.0
    seen = " and ".join("/".join(move) or "no motion" for move in moves[:3]) or "no body"
    return Verdict(claim=claim, holds=share, why=f"{claim.value} asked for, {seen} seen")


@check("shape")
def _shape(claim: Claim, evidence: Evidence) -> Verdict:
    fitting = OUTLINES.get(claim.value)
    if fitting is None:
        return Verdict(claim=claim, holds=None, why=f"a {claim.value} {EITHER}")
    tracks = evidence.tracks_of(claim)
    shapes = [track.shape for track in tracks]
    if tracks and not any(shapes):
        return Verdict(claim=claim, holds=None, why="outlines were not looked at")
    share = float(np.mean([shape in fitting for shape in shapes])) if shapes else 0.0
    return Verdict(claim=claim, holds=share, why=f"a {claim.value} asked for, {' and '.join(shapes[:3]) or 'no body'} seen")


@check("larger")
def _larger(claim: Claim, evidence: Evidence) -> Verdict:
    own, others = evidence.tracks_of(claim), [track for body, track in evidence.owners.items() if body != claim.body]
    if len(own) != 1 or len(others) != 1:
        return Verdict(claim=claim, holds=0.0, why="there are not two bodies to compare")
    measure = {"longer": lowest, "higher": start_height}.get(claim.value, _bulk)
    one, other = measure(own[0], evidence), measure(others[0], evidence)
    ratio = one / max(other, 1e-9)
    return Verdict(claim=claim, holds=float(ratio > CLEAR), why=f"{claim.value} asked for, {ratio:.2f} times the other seen")


def _bulk(track: Track, _: Evidence) -> float:
    return track.diameter


def start_height(track: Track, evidence: Evidence) -> float:
    """Pixels above the lowest place that any body reaches."""
    floor = max(float(evidence.path(one)[1].max()) for one in evidence.owners.values())
    return floor - float(evidence.path(track)[1][0]) + track.diameter


def lowest(track: Track, evidence: Evidence) -> float:
    """Pixels from the top down to the lowest place; of two pendulums on one beam the longer hangs lower."""
    tops = min(float(evidence.path(one)[1].min()) for one in evidence.owners.values())
    return float(evidence.path(track)[1].max()) - tops + track.diameter

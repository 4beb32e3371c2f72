"""Checks of what the prompt says of the picture as a whole: camera, style, light; and of materials as far as they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.claims import MET, Evidence, Verdict, check
from kinema.metrics.picture_style import likely_looks

if TYPE_CHECKING:
    from kinema.metrics.observation import Observation
    from kinema.scenes.request import Claim

__all__ = ["camera_rates", "named_move", "purity"]

SLOW = 0.010  # picture sides per second of pan or tilt that are no move; the slowest that prompts ask for is .06
STEADY_ZOOM = 0.025  # 1/s, of ln scale, that is no zoom; the slowest asked for is .08
STEADY_ROLL = 0.02  # rad/s; an orbit of 11 degrees per second looks like .05
USUAL = {"x": 0.09, "y": 0.085, "zoom": 0.11}  # picture sides per second and 1/s: as fast as the moves that prompts ask for
# Picture sides per second by which near and far part, what is not sure being 0: a floor that grows faster than the wall behind it, and what
# a turn of the head stretches at the sides at most.
NEARER, STRAY = 0.0015, 0.0035


def camera_rates(seen: Observation) -> dict[str, float]:
    """What the camera does, in picture sides (the shorter) per second: ``pan_x``, ``pan_y``, ``zoom`` (ln), ``roll`` (rad), ``parallax``.

    Positive: it looks further to the right, further down, sees more, turns clockwise. All 0 where it stands still.
    """
    view, side = seen.view, max(min(seen.width, seen.height), 1)
    if view is None or len(view.x) < 2 or len(seen.times) != len(view.x):
        return dict.fromkeys(("pan_x", "pan_y", "zoom", "roll", "parallax"), 0.0)
    span = max(float(seen.times[-1] - seen.times[0]), 1e-3)
    middle = view.to_first(np.array([len(view.x) - 1]), np.array([seen.width / 2]), np.array([seen.height / 2]))
    return {
        "pan_x": (float(middle[0][0]) - seen.width / 2) / side / span,
        "pan_y": (float(middle[1][0]) - seen.height / 2) / side / span,
        "zoom": float(np.log(max(view.scale[-1], 1e-6))) / span,
        "roll": float(view.roll[-1]) / span,
        "parallax": seen.camera.get("parallax", float(view.stray[-1])) / side / span,
    }


def named_move(rates: dict[str, float]) -> tuple[str, str]:
    """Which kind of move it is ("static", "pan", "tilt", "zoom", "dolly", "orbit") and which way.

    Example:
        >>> named_move({"pan_x": -0.1, "pan_y": 0.0, "zoom": 0.0, "roll": 0.0, "parallax": 0.0})
        ('pan', 'left')
    """
    if abs(rates["roll"]) > STEADY_ROLL:  # no move that prompts ask for rolls; walking round, near and far go opposite ways, as if it did
        return "orbit", "right" if rates["roll"] < 0 else "left"
    travels = rates["parallax"] > STRAY
    sizes = {"x": abs(rates["pan_x"]) / SLOW, "y": abs(rates["pan_y"]) / SLOW, "zoom": abs(rates["zoom"]) / STEADY_ZOOM}
    most = max(sizes, key=lambda name: sizes[name])
    if sizes[most] < 1:
        return ("orbit", "") if travels else ("static", "")
    if most == "zoom":
        return ("dolly" if rates["parallax"] > NEARER else "zoom", "out" if rates["zoom"] > 0 else "in")
    if most == "y":
        return "tilt", "down" if rates["pan_y"] > 0 else "up"
    return ("orbit" if travels else "pan"), "right" if rates["pan_x"] > 0 else "left"


def purity(rates: dict[str, float]) -> float:
    """How much of what the camera does is its main move: 1 where it does nothing else, 0.5 where another move is as fast.

    Example:
        >>> round(purity({"pan_x": 0.09, "pan_y": 0.085, "zoom": 0.0, "roll": 0.0, "parallax": 0.0}), 2)
        0.5
    """
    least = {"x": SLOW, "y": SLOW, "zoom": STEADY_ZOOM}
    sizes = {"x": abs(rates["pan_x"]), "y": abs(rates["pan_y"]), "zoom": abs(rates["zoom"])}
    extents = [max(0.0, size - least[name]) / (USUAL[name] - least[name]) for name, size in sizes.items()]
    return max(extents) / sum(extents) if sum(extents) > 0 else 1.0


@check("camera")
def _camera(claim: Claim, evidence: Evidence) -> Verdict:
    rates = camera_rates(evidence.seen)
    kind, way = named_move(rates)
    wanted, _, towards = claim.value.partition("_")
    said = f"{kind} {way}".strip()
    holds = float(kind == wanted and way == towards)
    if not holds and {kind, wanted} == {"zoom", "dolly"} and way == towards:
        holds = 0.5  # the same to the eye where nothing stands in front of anything
    share = 1.0 if kind == "orbit" else purity(rates)  # to walk round is to do several at once
    more = f", {share:.0%} of what the camera does" if share < 1 else ""
    return Verdict(claim=claim, holds=holds * share, why=f"{claim.value} asked for, {said} seen{more}")


@check("style", "lighting")
def _look(claim: Claim, evidence: Evidence) -> Verdict:
    vector = evidence.seen.features.get("look")
    if vector is None:
        return Verdict(claim=claim, holds=0.0, why="there is no picture")
    shares = likely_looks(vector)[claim.kind]
    if claim.value not in shares:
        return Verdict(claim=claim, holds=None, why=f"no {claim.kind} is called {claim.value!r}")
    best = max(shares, key=lambda name: shares[name])
    own = shares[claim.value]
    holds = max(own, MET) if best == claim.value else own
    return Verdict(claim=claim, holds=holds, why=f"{claim.value}: {own:.0%} likely, {best} the likest")


@check("material")
def _material(claim: Claim, evidence: Evidence) -> Verdict:
    if claim.value != "jelly":
        return Verdict(claim=claim, holds=None, why=f"whether it is {claim.value} is not decided by looks; sync/material hears it")
    tracks = evidence.tracks_of(claim)
    if not tracks:
        return Verdict(claim=claim, holds=0.0, why="the body is not seen")
    ratio = tracks[0].long / np.maximum(tracks[0].short, 1e-6)
    wobble = float(np.percentile(ratio, 90) / np.percentile(ratio, 10)) if len(ratio) else 1.0
    return Verdict(claim=claim, holds=float(np.clip((wobble - 1.02) / 0.08, 0, 1)), why=f"its outline changes by {wobble - 1:.0%}")

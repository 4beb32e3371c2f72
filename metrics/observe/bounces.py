"""Bounces after the last one that shows as a kink of its own: a flight of three frames has no room for one.

Once floor, pull and rising speed are known, a flight has no other unknown than its own rising speed: two frames tell it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kinema.metrics.observation import VisualContact
    from kinema.metrics.observe.kinks import Kink, Path

__all__ = ["later_bounces"]

SHORT_FLIGHT = 4.5  # frames; a bounce that lasts longer is seen landing
SHORTEST_FLIGHT = 0.03  # s; bounces closer than this are one sound
LIVELIEST = 0.95  # of the falling speed, at most, that a bounce leaves where nothing tells it
SEEN, GUESSED = 0.6, 0.3  # confidence of a bounce whose flight is seen, and of one that must be if it goes on in this way
LEAST_FRAMES = 2  # of a flight that is seen
OFF_FLIGHT = (3.0, 0.01)  # times the noise of places, and diameters: rms by which places may be off a flight; twice as far off the floor


def later_bounces(path: Path, contacts: Sequence[VisualContact], kinks: Sequence[Kink]) -> list[VisualContact]:
    """The bounces on a floor that follow the last contact of a path: those whose flights are seen, then those that must come."""
    last = next((c for c in reversed(contacts) if c.bodies == (path.track, "floor") and c.confidence >= 0.5), None)
    if last is None or any(kink.t > last.t + path.step for kink in kinks if min(kink.sides) >= 3):
        return []
    pull = next((kink.pull for kink in kinks if abs(kink.t - last.t) < path.step), 0.0)
    down, up = last.before[1], -last.after[1]
    if pull <= 0 or down <= 0 or up <= 0:
        return []
    seen = _seen(path, last, pull)
    return seen + _guessed(path, seen[-1] if seen else last, pull)


def _seen(path: Path, last: VisualContact, pull: float) -> list[VisualContact]:
    """Landings after which the next flight is seen."""
    found: list[VisualContact] = []
    fitted = _rising(path, last.t, last.y, -last.after[1], pull)
    if fitted is not None:
        last = replace(last, after=(last.after[0], -fitted))
    while True:
        up = -last.after[1]
        landing = last.t + 2 * up / pull
        rising = _rising(path, landing, last.y, up * _left(last), pull)
        if rising is None or rising >= up:
            return found
        last = replace(last, t=landing, before=(last.after[0], up), after=(last.after[0], -rising), confidence=SEEN)
        found.append(last)


def _rising(path: Path, start: float, floor: float, expected: float, pull: float) -> float | None:
    """The speed (px/s) with which a body leaves the floor, from where it is until it lands again; None where that is no flight."""
    for _ in range(2):
        inside = (path.t > start) & (path.t < start + 2 * expected / pull)
        if inside.sum() < LEAST_FRAMES:
            return None
        s = path.t[inside] - start
        fallen = floor + 0.5 * pull * s * s - path.p[inside, 1]
        expected = float(s @ fallen / (s @ s))
    off = float(np.sqrt(np.mean((fallen - expected * s) ** 2)))
    risen = float(np.sqrt(np.mean((path.p[inside, 1] - floor) ** 2)))
    return expected if off < min(max(OFF_FLIGHT[0] * path.noise(start), OFF_FLIGHT[1] * path.diameter), 0.5 * risen) else None


def _left(contact: VisualContact) -> float:
    """The share of the falling speed that a bounce leaves."""
    return min(LIVELIEST, -contact.after[1] / contact.before[1])


def _guessed(path: Path, last: VisualContact, pull: float) -> list[VisualContact]:
    """Bounces too short for the frame rate."""
    share, up, t, added = _left(last), -last.after[1], last.t, []
    if 2 * up / pull > SHORT_FLIGHT * path.step:  # long enough to be seen landing, and it was not
        return []
    while 2 * up / pull >= SHORTEST_FLIGHT and t + 2 * up / pull < path.t[-1]:
        t += 2 * up / pull
        added.append(replace(last, t=t, before=(last.after[0], up), after=(last.after[0], -share * up), confidence=GUESSED))
        up *= share
    return added

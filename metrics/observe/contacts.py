"""When moving bodies touch something: kinks of their paths, with what stands or moves beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.observation import VisualContact
from kinema.metrics.observe.bounces import later_bounces
from kinema.metrics.observe.kinks import LEAST_Z, Kink, Path, find_kinks, joint_time, paths_of, unbent
from kinema.metrics.observe.outline import apart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track, View

__all__ = ["find_contacts"]

SLIP = 0.35  # of the approach that may be left, since friction turns the push
SMALL = 0.05  # diameters per frame; a lesser change of velocity is sure only where it is very sharp
RESTING = 0.006  # diameters per frame below which a body is at rest
NEAR = (0.45, 0.4)  # of the mean width: how far outlines may overlap (one before the other) and stand apart (seen from aside) and touch
SLACK = 1.0  # px of the outlines that may be wrong
ALONG = 0.7  # cosine between the change of velocity and the line across the gap


def find_contacts(tracks: Sequence[Track], view: View | None = None) -> tuple[VisualContact, ...]:
    """Every sudden change of velocity, in order of time; the camera's own motion is taken out.

    Starting to move from rest is a contact only where another body touches.
    """
    paths = [path for track in tracks for path in paths_of(track, view)]
    kinks = [kink for path in paths for kink in find_kinks(path)]
    contacts = sorted(_meetings(kinks, paths), key=lambda c: c.t)
    for path in paths:
        later = later_bounces(path, contacts, [kink for kink in kinks if kink.path is path])
        contacts = [c for c in contacts if not any(_is_surer(other, c, path) for other in later)] + later
    return tuple(sorted(contacts, key=lambda c: c.t))


def _is_surer(one: VisualContact, other: VisualContact, path: Path) -> bool:
    """Whether one of two contacts at the same time says the same with more confidence."""
    return one.bodies == other.bodies and abs(one.t - other.t) < path.step and one.confidence > other.confidence


def _speed(velocity: NDArray[np.float64], path: Path) -> float:
    """Diameters per frame."""
    return float(np.linalg.norm(velocity)) * path.step / path.diameter


def _meetings(kinks: list[Kink], paths: list[Path]) -> list[VisualContact]:
    """Kinks as contacts: between bodies where another one is adjacent, else with the floor or a wall."""
    contacts: list[VisualContact] = []
    used: set[int] = set()
    for i, kink in enumerate(kinks):
        if i in used:
            continue
        partner = _partner(kink, paths)
        if partner is not None:
            near = 2.6 * kink.path.step  # each path blurs the moment by a frame or so; two blows cannot follow so soon
            twin = next((j for j, o in enumerate(kinks) if j not in used and o.path is partner and abs(o.t - kink.t) < near), None)
            used.update({i} if twin is None else {i, twin})
            contacts.append(_between(kink, partner, None if twin is None else kinks[twin]))
        elif _rebounds(kink) and not _starts_from_rest(kink):
            used.add(i)
            contacts.append(_alone(kink))
    return contacts


def _rebounds(kink: Kink) -> bool:
    """Whether the body came towards what pushed it, and goes on no more: nothing that stands still slows a body and lets it through."""
    push = kink.change / max(float(np.linalg.norm(kink.change)), 1e-9)
    towards, away = -float(kink.before @ push), float(kink.after @ push)
    return towards > 0 and away > -SLIP * towards


def _starts_from_rest(kink: Kink) -> bool:
    before = kink.path.t < kink.t - 0.5 * kink.path.step
    if before.sum() < 2:
        return _speed(kink.before, kink.path) < 5 * RESTING
    last = kink.path.p[before][-4:]
    still = np.ptp(last, axis=0).max() < max(RESTING * len(last) * kink.path.diameter, 6 * kink.path.noise(kink.t))
    return bool(still)


def _partner(kink: Kink, paths: list[Path]) -> Path | None:
    """The other body whose outline touches at a kink and from which the velocity changes away; of several the straightest push."""
    mine = kink.path.outline(kink.t)
    best, chosen = ALONG, None
    for path in paths:
        if path.track == kink.path.track or not path.t[0] - path.step <= kink.t <= path.t[-1] + path.step:
            continue
        other = path.outline(kink.t)
        gap, across = apart(mine, other)
        usual = 0.5 * (mine.width + other.width)
        if not -NEAR[0] * usual - SLACK < gap < NEAR[1] * usual + SLACK:
            continue
        along = float(kink.change @ across) / max(1e-9, float(np.linalg.norm(kink.change)))
        if along > best:
            best, chosen = along, path
    return chosen


def _between(kink: Kink, partner: Path, twin: Kink | None) -> VisualContact:
    t = kink.t if twin is None else joint_time(kink, twin)
    other = twin or unbent(partner, t, kink)
    contact = _alone(replace(kink, t=t))
    return replace(
        contact,
        bodies=(kink.path.track, partner.track),
        other_before=_pair(other.before),
        other_after=_pair(other.after),
        confidence=max(contact.confidence, 0.6) * (0.9 if twin is None else 1.0),
    )


def _alone(kink: Kink) -> VisualContact:
    change = kink.change
    partner = "floor" if -change[1] >= abs(change[0]) else "wall"
    confidence = float(np.clip(1 - np.exp(-kink.z / 6.0), 0, 1))
    small = np.linalg.norm(change) * kink.path.step < SMALL * kink.path.diameter and kink.z < 4 * LEAST_Z
    if min(kink.sides) < 3 or small or kink.lasts > 0:
        confidence = min(confidence, 0.45)
    return VisualContact(
        t=kink.t,
        bodies=(kink.path.track, partner),
        x=float(kink.at[0]),
        y=float(kink.at[1]),
        before=_pair(kink.before),
        after=_pair(kink.after),
        confidence=confidence,
    )


def _pair(v: NDArray[np.float64]) -> tuple[float, float]:
    return float(v[0]), float(v[1])

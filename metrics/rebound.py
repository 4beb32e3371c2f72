"""Rebounds: how much of the speed of approach is left when bodies part, in a truth and in a clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation, Track, VisualContact
    from kinema.scenes.truth import Contact, Truth

__all__ = ["floor_hits", "gap", "of_clip", "of_truth"]

SURE = 0.5  # confidence of a contact from which on its speeds are to be trusted
FIRST_CONTACTS = 2  # later ones are small and less well seen
LEVEL = 0.75  # diameters above its lowest place at which a body touches the floor at most; kinks higher up are no blows on it
ABOUT_S = 0.1  # s on either side of a contact within which bodies are closest: frames that are shown twice hide the very moment
PARTED = 0.15  # diameters that bodies move apart after a contact; less is no rebound, whatever the fitted speeds say


def of_truth(truth: Truth, contact: Contact) -> float:
    """Speed of separation over speed of approach along the normal, extrapolated over two samples on either side."""
    names = [body.name for body in truth.bodies]
    first, second = (names.index(name) if name in names else None for name in contact.bodies)
    velocity = truth.velocity[:, first] - (truth.velocity[:, second] if second is not None else 0.0)
    along = velocity @ np.array(contact.normal)
    k = contact.t * TRUTH_RATE
    before, after = int(np.floor(k)) - 2, int(np.ceil(k)) + 2
    if before < 1 or after + 1 >= len(along):
        return 0.0
    approach = along[before] + (along[before] - along[before - 1]) * (k - before)
    leave = along[after] - (along[after + 1] - along[after]) * (after - k)
    return float(max(0.0, -leave / approach))


def of_clip(seen: Observation, ids: Sequence[int], *, pair: bool) -> float | None:
    """The same in a clip, over the first contacts of the tracks ``ids``; fast ones count most.

    Args:
        seen: the observation.
        ids: of the tracks that are the truth's bodies.
        pair: whether the contact between two of them is meant, not the one with the floor.

    Returns:
        0 where nothing parts after these contacts, None where there is no such contact.
    """
    hits = seen.contacts if pair else [c for track in seen.tracks if track.id in ids for c in floor_hits(seen, track)]
    right_kind = [c for c in sorted(hits, key=lambda c: c.t) if _approach(c, ids, pair=pair) is not None]
    kept = ([c for c in right_kind if c.confidence >= SURE] or right_kind)[: 1 if pair else FIRST_CONTACTS]
    if not kept:
        return None
    kept = [contact for contact in kept if _parts(seen, contact)]
    if not kept:
        return 0.0
    speeds = [_approach(contact, ids, pair=pair) or (0.0, 0.0) for contact in kept]
    total = sum(before * before for before, _ in speeds)
    return float(max(0.0, sum(before * after for before, after in speeds) / total)) if total > 0 else None


def floor_hits(seen: Observation, track: Track) -> list[VisualContact]:
    """The blows of a body on what it falls on, by time: of those that nothing else takes part in the ones near its lowest place."""
    mine = [c for c in seen.contacts if c.bodies[0] == track.id and isinstance(c.bodies[-1], str) and c.before[1] > 0]
    _, y = seen.steady(track)
    heights = [float(y.max() - np.interp(c.t, track.t, y)) for c in mine]
    low = [c for c, height in zip(mine, heights, strict=True) if height < LEVEL * track.diameter]
    return sorted(low or mine, key=lambda c: c.t)


def gap(bodies: Sequence[Track], t: float, contact: VisualContact) -> NDArray[np.float64]:
    """Where a body is along what it touches, px: height over a floor, distance to another body, place at a wall."""
    places = [np.array([np.interp(t, body.t, body.x), np.interp(t, body.t, body.y)]) for body in bodies]
    if len(places) > 1:
        return np.array([np.linalg.norm(places[0] - places[1])])
    return -places[0][1:] if contact.bodies[-1] == "floor" else places[0]


def _approach(contact: VisualContact, ids: Sequence[int], *, pair: bool) -> tuple[float, float] | None:
    """Speeds of approach and of separation, px/s; None where the contact is of another kind."""
    first, second = contact.bodies[0], contact.bodies[-1]
    if not pair:
        floor = first in ids and isinstance(second, str) and contact.before[1] > 0
        return (contact.before[1], -contact.after[1]) if floor else None
    if first not in ids or second not in ids or contact.other_before is None or contact.other_after is None:
        return None
    before, after = np.subtract(contact.before, contact.other_before), np.subtract(contact.after, contact.other_after)
    speed = float(np.linalg.norm(before))
    return (speed, float(-(after @ before)) / speed) if speed > 0 else None


def _parts(seen: Observation, contact: VisualContact) -> bool:
    """Whether the bodies move apart again, by their tracks (True where there are none to ask)."""
    bodies = [track for track in seen.tracks if track.id in contact.bodies]
    if not bodies:
        return True
    about = [contact.t, *(float(t) for t in bodies[0].t if abs(t - contact.t) < ABOUT_S)]
    touching = min(gap(bodies, t, contact)[0] for t in about)
    later = [gap(bodies, float(t), contact)[0] - touching for t in bodies[0].t if t > contact.t]
    return max(later, default=0.0) > PARTED * bodies[0].diameter

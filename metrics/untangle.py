"""Tracks that exchange their bodies are put back: laws of motion follow a body along its way, whatever it looks like by now.

A tracker that goes by looks follows two bodies that exchange them (or look so alike that it mistakes one for the other) from the place
of one to that of the other. Who is who is the concern of ``dynamics/identity``; nothing has left its way for it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation, Track, VisualContact

__all__ = ["untangled"]

FAR = 0.7  # sizes that both bodies jump at least, as they stand and against the prediction from the two frames before
BETTER = 0.5  # times these jumps: as much as they move at most once they are exchanged
BLIND = 3  # frames without sight over which a body is still where it was
BESIDE = 1.5  # frames on either side of an exchange, in which contacts come of the jump alone

Exchange = tuple[int, int, int]  # frame, and the two tracks

_known: list[tuple[Observation, Observation]] = []


def untangled(seen: Observation) -> Observation:
    """The same observation with the tracks put back that exchange places from one frame to the next; itself where none do."""
    for one, other in _known:
        if seen is one or seen is other:
            return other
    exchanges = _exchanges(seen)
    made = _put_back(seen, exchanges) if exchanges else seen
    _known.insert(0, (seen, made))
    del _known[2:]
    return made


def _exchanges(seen: Observation) -> list[Exchange]:
    if len(seen.tracks) < 2 or not all(len(track.t) for track in seen.tracks):
        return []
    places = _places(seen)
    sizes = np.array([track.diameter for track in seen.tracks])
    jumps = np.abs(np.diff(places, axis=0)) > FAR * sizes
    found: list[Exchange] = []
    for frame in (np.flatnonzero(jumps.sum(axis=1) > 1) + 1).tolist():
        for i, j in combinations(np.flatnonzero(jumps[frame - 1]).tolist(), 2):
            if _exchanged(places, frame, i, j, max(sizes[i], sizes[j])):
                places[frame:, [i, j]] = places[frame:, [j, i]]
                found.append((frame, i, j))
                break
    return found


def _places(seen: Observation) -> NDArray[np.complex128]:
    """(frames, tracks): where each body is in the steady picture, held over short gaps; NaN where nobody knows."""
    last = max(int(track.frame[-1]) for track in seen.tracks)
    places = np.full((last + 1, len(seen.tracks)), np.nan + 0j)
    for k, track in enumerate(seen.tracks):
        x, y = seen.steady(track)
        places[track.frame, k] = x + 1j * y
    for _ in range(BLIND):
        gap = np.isnan(places[1:]) & ~np.isnan(places[:-1])
        places[1:][gap] = places[:-1][gap]
    return places


def _exchanged(places: NDArray[np.complex128], frame: int, i: int, j: int, size: float) -> bool:
    """Whether both jump, and neither does once they are exchanged: from where they were, and from where they were bound for."""
    before, now = places[frame - 1, [i, j]], places[frame, [i, j]]
    bound = before + np.nan_to_num(before - places[frame - 2, [i, j]]) if frame > 1 else before
    for start in (before, bound):
        stay, change = np.abs(now - start).min(), np.abs(now[::-1] - start).max()
        if not (stay > FAR * size and change < BETTER * stay):
            return False
    return True


def _put_back(seen: Observation, exchanges: list[Exchange]) -> Observation:
    order = np.arange(len(seen.tracks))
    pieces, low = [], 0
    for frame, i, j in exchanges:
        pieces.append((low, frame, order.copy()))
        order[[i, j]] = order[[j, i]]
        low = frame
    pieces.append((low, 1 << 62, order.copy()))
    tracks = tuple(_joined(seen.tracks, k, pieces) for k in range(len(seen.tracks)))
    return replace(seen, tracks=tracks, contacts=_renamed(seen, exchanges, pieces))


Pieces = list[tuple[int, int, "NDArray[np.int64]"]]  # from frame, until frame, the old track of each new one


def _joined(tracks: tuple[Track, ...], k: int, pieces: Pieces) -> Track:
    """New track ``k`` of pieces of old ones; its name of a colour is that of which it has most."""
    parts = [(tracks[order[k]], slice(*np.searchsorted(tracks[order[k]].frame, (low, high)))) for low, high, order in pieces]
    longest = max(parts, key=lambda one: one[1].stop - one[1].start)[0]
    return replace(tracks[k].joined(parts), colour=longest.colour)


def _renamed(seen: Observation, exchanges: list[Exchange], pieces: Pieces) -> tuple[VisualContact, ...]:
    """Contacts with the ids of the new tracks, without those that are the jumps."""
    step = float(np.median(np.diff(seen.times))) if len(seen.times) > 1 else 0.0
    moments = seen.times[np.minimum([frame for frame, _, _ in exchanges], len(seen.times) - 1)]
    place = {track.id: k for k, track in enumerate(seen.tracks)}
    kept = []
    for contact in seen.contacts:
        mine = {place[body] for body in contact.bodies if body in place}
        if any(mine & {i, j} and abs(contact.t - t) < BESIDE * step for (_, i, j), t in zip(exchanges, moments, strict=True)):
            continue
        order = pieces[int(np.searchsorted(moments, contact.t, side="right"))][2].tolist()
        bodies = tuple(seen.tracks[order.index(place[one])].id if one in place else one for one in contact.bodies)
        kept.append(replace(contact, bodies=bodies))
    return tuple(kept)

"""Bodies of one paint that pass before one another: who is who afterwards, from what is seen of them meanwhile."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.chains import Chain
    from kinema.metrics.observe.segment import Blob

__all__ = ["crossed"]

LIKE_SIZE = 0.3  # ln of the ratio of radii of two bodies that can be taken for one another
BETTER, CLEARLY = 0.7, 0.1  # share of the misfit that is left, and by how many radii it must be less, for two to be exchanged


class _Meeting(NamedTuple):
    """Two chains that are lost at the same time: the numbers of their last blobs before, and the frames in which neither is found."""

    one: int
    two: int
    frames: range


def crossed(chains: Sequence[Chain], found: Sequence[Sequence[Blob]]) -> list[Chain]:
    """Chains whose ends after each meeting are dealt out so that straight ways explain the blob that both make up meanwhile.

    Two that pass before one another are no wider than one of them halfway; two that touch and part stay as wide as both.

    Args:
        chains: each of one body, with gaps.
        found: all blobs by frame.
    """
    own = {id(blob) for chain in chains for blob in chain.blobs}
    free = [[blob for blob in blobs if id(blob) not in own] for blobs in found]
    for one, two in itertools.combinations(chains, 2):
        if one.paint != two.paint or one.paint == 0:
            continue
        after = -1
        while (meeting := _next_meeting(one, two, after)) is not None:
            after = meeting.frames[0]
            _dealt(one, two, meeting, free)
    return list(chains)


def _next_meeting(one: Chain, two: Chain, after: int) -> _Meeting | None:
    """The first after a frame."""
    found = []
    for k, (a, b) in enumerate(itertools.pairwise(one.blobs)):
        for m, (c, d) in enumerate(itertools.pairwise(two.blobs) if b.frame - a.frame > 1 else ()):
            both = range(max(a.frame, c.frame) + 1, min(b.frame, d.frame))
            if both and both[0] > after:
                found.append(_Meeting(k, m, both))
    return min(found, key=lambda meeting: meeting.frames[0], default=None)


def _dealt(one: Chain, two: Chain, meeting: _Meeting, free: Sequence[Sequence[Blob]]) -> None:
    """Exchange the two from a meeting on where that explains what is seen clearly better."""
    k, m, frames = meeting
    a, b, c, d = one.blobs[k], one.blobs[k + 1], two.blobs[m], two.blobs[m + 1]
    if abs(float(np.log(a.radius / c.radius))) > LIKE_SIZE:
        return
    boxes = [_box(blob) for blob in (a, b, c, d)]
    around = np.concatenate([np.min(boxes, axis=0)[:2] - a.radius, np.max(boxes, axis=0)[2:] + a.radius])
    seen = {i: box for i in frames if (box := _union([blob for blob in free[i] if blob.paint == one.paint], around)) is not None}
    if not seen:
        return
    across = max(abs(a.x - c.x), abs(b.x - d.x)) >= max(abs(a.y - c.y), abs(b.y - d.y))
    axis = 0 if across else 1
    kept, exchanged = _misfit(seen, (a, b), (c, d), axis), _misfit(seen, (a, d), (c, b), axis)
    if exchanged < BETTER * kept and exchanged < kept - CLEARLY * a.radius:
        one.blobs[k + 1 :], two.blobs[m + 1 :] = two.blobs[m + 1 :], one.blobs[k + 1 :]


def _box(blob: Blob) -> NDArray[np.float64]:
    """Left, top, right and bottom of a blob's own pixels."""
    x, y, width, height = (0, 0, 0, 0) if blob.part is None else cv2.boundingRect(blob.part)
    left, top = blob.corner[0] + x, blob.corner[1] + y
    return np.array([left, top, left + width, top + height], dtype=float)


def _union(blobs: Sequence[Blob], around: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The box round the blobs with their middles in a box."""
    boxes = [_box(b) for b in blobs if around[0] <= b.x <= around[2] and around[1] <= b.y <= around[3]]
    return np.concatenate([np.min(boxes, axis=0)[:2], np.max(boxes, axis=0)[2:]]) if boxes else None


def _misfit(seen: dict[int, NDArray[np.float64]], first: tuple[Blob, Blob], second: tuple[Blob, Blob], axis: int) -> float:
    """Pixels, mean over frames and both sides along an axis, by which the box round two bodies misses what is seen.

    Both go straight, at one speed, or gathering speed and losing it again, gently or quickly, whichever fits best.
    """
    off = []
    for i, box in seen.items():
        spans = [_span(i, *ends, axis) for ends in (first, second)]
        both = np.stack([np.min([span[0] for span in spans], axis=0), np.max([span[1] for span in spans], axis=0)])
        off.append(np.abs(both - box[[axis, axis + 2], None]).mean(axis=0))
    return float(np.mean(off, axis=0).min())


def _span(frame: int, start: Blob, end: Blob, axis: int) -> NDArray[np.float64]:
    """(2, 3): least and greatest coordinate along an axis, at one speed, eased, and eased once more."""
    s = (frame - start.frame) / (end.frame - start.frame)
    eased = s * s * (3 - 2 * s)
    done = np.array([s, eased, eased * eased * (3 - 2 * eased)])
    sides = [box[[axis, axis + 2], None] for box in (_box(start), _box(end))]
    return np.asarray((1 - done) * sides[0] + done * sides[1])

"""The path of each body through the clip: the best chain of candidates, found by dynamic programming."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.bodies import SAME_TINT
from kinema.metrics.observe.colour import chroma
from kinema.metrics.observe.segment import Blob, blobs_of_mask, body_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.background import Background
    from kinema.metrics.observe.bodies import Body

__all__ = ["Candidate", "candidates_in", "paths"]

LEAST_LIKE = 0.25  # a candidate must have the body's colour or its size
MOST_CANDIDATES = 6  # per frame and body
RESTART = 1.2  # what it costs to jump anywhere; a path of a single stray blob never pays
LONGEST_GAP = 12  # frames a path may skip without being a jump


class Candidate(NamedTuple):
    """A blob that may be a body, and how well it fits (see ``Body.likes``)."""

    blob: Blob
    like: float


def candidates_in(
    frame: NDArray[np.uint8], blobs: Sequence[Blob], number: int, background: Background, bodies: Sequence[Body]
) -> list[list[Candidate]]:
    """For each body, what may be it in this frame: the blobs, and parts of blobs that have its colour or its size."""
    pool = list(blobs)
    lonely = [k for k, body in enumerate(bodies) if max((body.likes(b) for b in blobs), default=0.0) < 0.7]
    if lonely:
        mask = body_mask(frame, background, shadows=True)  # blurred by its speed, a body can look like a shadow
        if mask.any():
            tint, still = chroma(frame), chroma(background.image)
            for k in lonely:
                pool += blobs_of_mask(_of_tint(mask, tint, still, k, bodies), frame, number)
    if len(bodies) > 1:
        pool += [half for blob in blobs for half in _halves(frame, blob, number, background, bodies)]
    liked = [[Candidate(b, like) for b in pool if (like := body.likes(b)) > LEAST_LIKE] for body in bodies]
    return [sorted(some, key=lambda c: -c.like)[:MOST_CANDIDATES] for some in liked]


def _of_tint(
    mask: NDArray[np.uint8], tint: NDArray[np.float32], still: NDArray[np.float32], which: int, bodies: Sequence[Body]
) -> NDArray[np.uint8]:
    """The part of a mask whose chroma is that of one body, nearer to it than to the other's and to the background's."""
    far = [np.hypot(tint[..., 0] - body.tint[0], tint[..., 1] - body.tint[1]) for body in bodies]
    near = far[which] < 1.4 * SAME_TINT
    near &= far[which] < np.hypot(tint[..., 0] - still[..., 0], tint[..., 1] - still[..., 1])
    for k, other in enumerate(far):
        if k != which:
            near &= far[which] <= other
    part = mask * near.astype(np.uint8)
    return np.asarray(cv2.morphologyEx(part, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))))


def _halves(
    frame: NDArray[np.uint8], blob: Blob, number: int, background: Background, bodies: Sequence[Body]
) -> list[Blob]:
    """Two discs that touch, taken apart: two means of the blob's pixels."""
    expected = np.pi * sum(body.radius**2 for body in bodies)
    if not 0.75 * expected < blob.area < 1.4 * expected or blob.roundness > 0.88:
        return []
    mask = body_mask(frame, background)
    _, labels = cv2.connectedComponents(mask, connectivity=4)
    row, column = int(np.clip(blob.y, 0, mask.shape[0] - 1)), int(np.clip(blob.x, 0, mask.shape[1] - 1))
    around = labels[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4]
    ids = around[around > 0]
    if len(ids) == 0:
        return []
    rows, columns = np.nonzero(labels == np.bincount(ids).argmax())
    points = np.stack([columns + 0.5, rows + 0.5], axis=1)
    spread = np.cov(points.T)
    axis = np.linalg.eigh(spread)[1][:, 1]
    side = (points - points.mean(axis=0)) @ axis > 0
    for _ in range(5):
        centres = np.stack([points[side].mean(axis=0), points[~side].mean(axis=0)])
        side = np.linalg.norm(points - centres[0], axis=1) < np.linalg.norm(points - centres[1], axis=1)
        if side.all() or not side.any():
            return []
    halves = []
    for member in (side, ~side):
        x, y = points[member].mean(axis=0)
        area = float(member.sum())
        inner = float(np.sqrt(area / np.pi)) * 0.95
        halves.append(Blob(number, float(x), float(y), area, inner, blob.tint, blob.edge))
    return halves


def paths(candidates: Sequence[Sequence[Sequence[Candidate]]], bodies: Sequence[Body]) -> list[list[Candidate]]:
    """For each body its path: at most one candidate per frame, none shared between bodies.

    Args:
        candidates: per frame and body, as :func:`candidates_in` gives them.
        bodies: the surest first; it chooses first.
    """
    found: list[list[Candidate]] = []
    taken: dict[int, tuple[float, float, float]] = {}
    for k, body in enumerate(bodies):
        free = [[c for c in frame[k] if not _covered(c.blob, taken.get(i))] for i, frame in enumerate(candidates)]
        path = _best_path(free, body)
        taken.update({c.blob.frame: (c.blob.x, c.blob.y, min(c.blob.radius, 1.2 * body.radius)) for c in path})
        found.append(path)
    if len(found) == 2:
        _untangle(found)
    return found


def _covered(blob: Blob, by: tuple[float, float, float] | None) -> bool:
    return by is not None and float(np.hypot(blob.x - by[0], blob.y - by[1])) < 0.6 * by[2]


def _step(a: Candidate, b: Candidate, body: Body) -> float:
    """The cost of going from one candidate to a later one: small below a diameter a frame."""
    gap = b.blob.frame - a.blob.frame
    far = np.hypot(b.blob.x - a.blob.x, b.blob.y - a.blob.y) / (2 * body.radius)
    return float(min(RESTART, 0.1 * far * far / gap + 0.02 * (gap - 1)))


def _best_path(candidates: Sequence[Sequence[Candidate]], body: Body) -> list[Candidate]:
    """Dynamic programming over frames: the sum of likes minus the costs of steps is largest."""
    total: list[list[float]] = []
    back: list[list[tuple[int, int] | None]] = []
    summit: tuple[float, tuple[int, int] | None] = (RESTART, None)  # the first start is free
    summits = [summit]
    for i, here in enumerate(candidates):
        total.append([])
        back.append([])
        for candidate in here:
            best, origin = summits[i][0] - RESTART, summits[i][1]
            for j in range(max(0, i - LONGEST_GAP), i):
                for k, earlier in enumerate(candidates[j]):
                    value = total[j][k] - _step(earlier, candidate, body)
                    if value > best:
                        best, origin = value, (j, k)
            total[i].append(best + candidate.like)
            back[i].append(origin)
        top = max(range(len(here)), key=lambda k: total[-1][k], default=None)
        if top is not None and total[i][top] > summit[0] - (RESTART if summit[1] is None else 0):
            summit = (total[i][top], (i, top))
        summits.append(summit)
    path: list[Candidate] = []
    node = summit[1]
    while node is not None:
        path.append(candidates[node[0]][node[1]])
        node = back[node[0]][node[1]]
    return path[::-1]


def _untangle(found: list[list[Candidate]]) -> None:
    """Swap the tails of two paths wherever that makes both smoother: bodies of one look must not trade places."""
    first = {c.blob.frame: c for c in found[0]}
    second = {c.blob.frame: c for c in found[1]}
    shared = sorted(set(first) & set(second))
    for a, b in itertools.pairwise(shared):
        pairs = [(np.array([m[f].blob.x, m[f].blob.y]), m[f].blob.tint) for f in (a, b) for m in (first, second)]
        (p1, t1), (p2, t2), (q1, _), (q2, _) = pairs
        if np.hypot(t1[0] - t2[0], t1[1] - t2[1]) > 0.5 * SAME_TINT:
            continue
        stay = np.sum((q1 - p1) ** 2) + np.sum((q2 - p2) ** 2)
        swap = np.sum((q2 - p1) ** 2) + np.sum((q1 - p2) ** 2)
        if swap < stay:
            for f in range(b, max(*first, *second) + 1):
                x, y = first.pop(f, None), second.pop(f, None)
                first.update({f: y} if y is not None else {})
                second.update({f: x} if x is not None else {})
    found[0] = [first[f] for f in sorted(first)]
    found[1] = [second[f] for f in sorted(second)]

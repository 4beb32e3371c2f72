"""Where each body is in every frame: as it was found alone, or as its share of a blob with others, or what is to be seen of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.chains import SAME_TINT
from kinema.metrics.observe.colour import chroma
from kinema.metrics.observe.segment import body_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.background import Background
    from kinema.metrics.observe.bodies import Body

__all__ = ["Place", "follow"]

LEAST_SHARE = 0.12  # of a body's usual area that must be seen
WIDE_GATE, GATE = 4.0, 2.5  # standard deviations; the rim of an ellipse lies at two
ROUNDS = 6
MOST_LOST = 4  # frames in a row without a trace before the search is given up beyond the first and the last sure sight
DRAG = 6  # frames over which a speed is taken


class Place(NamedTuple):
    """A body in one frame: rough middle, the pixels that are its own (from ``corner`` x, y), and how sure it is that this is it."""

    x: float
    y: float
    area: float
    corner: tuple[int, int]
    part: NDArray[np.uint8]
    like: float
    sure: bool  # found alone, with nothing of the same colour beside it


class _Form(NamedTuple):
    """The usual spread of a body's pixels, in px^2, and their number."""

    spread: NDArray[np.float64]
    area: float


def follow(
    frames: NDArray[np.uint8], paints: NDArray[np.uint8], background: Background, bodies: Sequence[Body]
) -> list[dict[int, Place]]:
    """For each body its place by frame.

    Args:
        frames: (T, H, W, 3) grey levels.
        paints: (T, H, W) as ``paints_in`` gives them.
        background: what is behind.
        bodies: what was found, with the frames in which each was alone.
    """
    ways = [{i: _place_of(body, i) for i in body.seen} for body in bodies]
    forms = [_form(body) for body in bodies]
    starts = [min(body.seen) for body in bodies]
    ends = [max(body.seen) for body in bodies]
    lost = [0] * len(bodies)
    for i in range(len(frames)):
        here = [k for k in range(len(bodies)) if i not in ways[k] and i > starts[k] and (i < ends[k] or lost[k] < MOST_LOST)]
        _fill(frames, paints, background, i, bodies, forms, ways, here, 1, ends, lost)
    lost = [0] * len(bodies)
    for i in range(len(frames) - 1, -1, -1):
        here = [k for k in range(len(bodies)) if i not in ways[k] and i < starts[k] and lost[k] < MOST_LOST]
        _fill(frames, paints, background, i, bodies, forms, ways, here, -1, starts, lost)
    return [dict(sorted(way.items())) for way in ways]


def _place_of(body: Body, frame: int) -> Place:
    blob = body.seen[frame]
    assert blob.part is not None
    return Place(blob.x, blob.y, blob.area, blob.corner, blob.part, body.likes(blob), True)


def _form(body: Body) -> _Form:
    blobs = sorted((b for b in body.seen.values() if not b.edge), key=lambda b: b.area) or list(body.seen.values())
    part = blobs[len(blobs) // 2].part
    assert part is not None
    if body.round:
        return _Form(np.eye(2) * body.radius**2 / 4, np.pi * body.radius**2)
    rows, columns = np.nonzero(part)
    return _Form(np.cov(np.stack([columns, rows]).astype(float)) + 0.05 * np.eye(2), float(part.sum()))


def _fill(
    frames: NDArray[np.uint8], paints: NDArray[np.uint8], background: Background, i: int, bodies: Sequence[Body], forms: list[_Form],
    ways: list[dict[int, Place]], here: list[int], way: int, ends: list[int], lost: list[int],
) -> None:  # fmt: skip
    """Look for the bodies ``here`` in frame ``i``, each near where it must be."""
    if not here:
        return
    mask = body_mask(frames[i], background.at(i), shadows=True)  # blurred by its speed, a body can look like a shadow
    left = list(here)
    while left:
        k = left[0]
        group = [m for m in left if m == k or _same(bodies[m], bodies[k])]
        left = [m for m in left if m not in group]
        points = _points(frames[i], paints[i], mask, background, i, bodies[k], [ways[m][i] for m in range(len(bodies)) if i in ways[m]])
        expected = [_expected(ways[m], i, way, beyond=(i - ends[m]) * way > 0) for m in group]
        found = _shared(points, expected, [forms[m] for m in group])
        for m, mine in zip(group, found, strict=True):
            lost[m] = 0 if mine is not None else lost[m] + 1
            if mine is not None:
                ways[m][i] = mine


def _same(a: Body, b: Body) -> bool:
    if a.paint or b.paint:
        return a.paint == b.paint
    return bool(np.hypot(a.tint[0] - b.tint[0], a.tint[1] - b.tint[1]) < SAME_TINT)


def _points(
    frame: NDArray[np.uint8], paint: NDArray[np.uint8], mask: NDArray[np.uint8], background: Background, i: int, body: Body,
    others: list[Place],
) -> NDArray[np.float64]:  # fmt: skip
    """(n, 2) pixels x, y that may be the body's, and nobody else's."""
    if body.paint:
        free = (paint == body.paint) & (mask > 0)
    else:
        tint, still = chroma(frame), chroma(background.at(i).image)
        far = np.hypot(tint[..., 0] - body.tint[0], tint[..., 1] - body.tint[1])
        free = (mask > 0) & (far < 1.4 * SAME_TINT) & (far < np.hypot(tint[..., 0] - still[..., 0], tint[..., 1] - still[..., 1]))
    for place in others:
        height, width = place.part.shape
        x, y = place.corner
        free[y : y + height, x : x + width] &= place.part == 0
    opened = cv2.morphologyEx(free.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    rows, columns = np.nonzero(opened)
    return np.asarray(np.stack([columns, rows], axis=1) + 0.5, dtype=float)


def _expected(way: dict[int, Place], i: int, step: int, *, beyond: bool) -> NDArray[np.float64]:
    """(2,) where a body should be in a frame: between two sights on a smooth path, else where its speed brings it."""
    earlier = [j for j in range(i - 1, max(-1, i - 60), -1) if j in way][:DRAG]
    later = [j for j in range(i + 1, i + 60) if j in way][:DRAG]
    if beyond or not earlier or not later:
        known = (earlier if step > 0 else later) or later or earlier or [min(way, key=lambda j: abs(j - i))]
        place, speed = _moving(way, known)
        return place + speed * (i - known[0])
    (a, u), (b, v) = _moving(way, earlier), _moving(way, later)
    span = later[0] - earlier[0]
    s = (i - earlier[0]) / span
    smooth = (1 + 2 * s) * (1 - s) ** 2 * a + s * (1 - s) ** 2 * span * u + s * s * (3 - 2 * s) * b + s * s * (s - 1) * span * v
    return np.asarray(smooth if span <= 2 * DRAG else (1 - s) * a + s * b)


def _moving(way: dict[int, Place], frames: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Place in the first of the frames and speed there, in pixels a frame."""
    where = np.array([(way[j].x, way[j].y) for j in frames])
    if len(frames) < 2:
        return where[0], np.zeros(2)
    few = min(3, len(frames)) - 1
    return where[0], (where[0] - where[few]) / (frames[0] - frames[few])


def _shared(points: NDArray[np.float64], expected: list[NDArray[np.float64]], forms: list[_Form]) -> list[Place | None]:
    """Deal the pixels out among bodies of known size and form, each near where it is expected."""
    if len(points) == 0:
        return [None] * len(forms)
    centres = np.array(expected)
    spreads = [form.spread for form in forms]
    owner = np.full(len(points), -1)
    for turn in range(ROUNDS):
        away = np.stack([_away(points, c, s) for c, s in zip(centres, spreads, strict=True)])
        nearest = away.argmin(axis=0)
        owner = np.where(away.min(axis=0) < (WIDE_GATE if turn < 2 else GATE) ** 2, nearest, -1)
        for m, form in enumerate(forms):
            mine = points[owner == m]
            if len(mine) < 3:
                continue
            centres[m] = mine.mean(axis=0)
            if len(mine) > 0.6 * form.area and turn >= 2:
                spreads[m] = _turned(form.spread, mine)
    if len(forms) == 1:
        owner = _one_piece(points, owner, forms[0])
    return [_dealt(points[owner == m], form) for m, form in enumerate(forms)]


def _one_piece(points: NDArray[np.float64], owner: NDArray[np.int64], form: _Form) -> NDArray[np.int64]:
    """With whatever hangs together with what a lone body owns, unless that is far more than the body."""
    spots = points.astype(int)
    left, top = spots.min(axis=0)
    mask = np.zeros((int(spots[:, 1].max()) - top + 1, int(spots[:, 0].max()) - left + 1), np.uint8)
    mask[spots[:, 1] - top, spots[:, 0] - left] = 1
    label = cv2.connectedComponents(mask, connectivity=4)[1][spots[:, 1] - top, spots[:, 0] - left]
    mine = label[owner == 0]
    if len(mine) == 0:
        return owner
    whole = label == np.bincount(mine).argmax()
    return np.where(whole | (owner == 0), 0, -1) if whole.sum() < 1.5 * form.area else owner


def _away(points: NDArray[np.float64], centre: NDArray[np.float64], spread: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) squared distances in standard deviations."""
    d = points - centre
    inverse = np.linalg.inv(spread)
    square: NDArray[np.float64] = np.einsum("ni,ij,nj->n", d, inverse, d)
    return square


def _turned(spread: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same spread, along the points' own axes."""
    values = np.linalg.eigvalsh(spread)
    if values[1] < 1.3 * values[0]:
        return spread
    axes = np.linalg.eigh(np.cov(points.T))[1]
    return np.asarray(axes @ np.diag(values) @ axes.T)


def _dealt(mine: NDArray[np.float64], form: _Form) -> Place | None:
    if len(mine) < max(4.0, LEAST_SHARE * form.area):
        return None
    left, top = np.floor(mine.min(axis=0)).astype(int)
    right, bottom = np.floor(mine.max(axis=0)).astype(int)
    part = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    part[mine[:, 1].astype(int) - top, mine[:, 0].astype(int) - left] = 1
    x, y = mine.mean(axis=0)
    like = float(np.clip(len(mine) / form.area, 0.0, 1.0))
    return Place(float(x), float(y), float(len(mine)), (int(left), int(top)), part, like, False)

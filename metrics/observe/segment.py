"""From pictures to blobs: what differs from the background, without shadows and without thin things, one colour of paint at a time."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.colour import chroma

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kinema.metrics.observe.background import Background, Still

__all__ = ["Blob", "Forms", "blobs_in", "blobs_of_mask", "body_mask", "filled"]

MOST_BLOBS = 24  # per frame, the largest: where everything moves, nothing is to be found among the rest
LEAST_AREA = 12.0  # pixels: a disc of radius 2
DARKEST_SHADOW = 0.35  # of the light that the background gets
BRIGHTEST_GLOW = 1.25  # the same for light that a body throws
SHADOW_TINT = 0.045  # how much colour, relative to brightness, a shadow may add
PAINTED = 0.5  # share of a part that one paint must cover for the part to be one thing
WORTH = 0.06  # share of a part that a paint must cover to be worth a thing of its own
WAIST = 0.75  # of the lesser radius: discs that touch are no wider than this where they meet, on either side
DISCS = 0.9, 1.15  # of the area of discs: what is covered by a part of nothing but discs
MOST_DISCS = 12
RING = 0.1  # share of an outline that a hole takes; a highlight takes less
RING_ROUND = 0.75  # of the circle round it, that a ring fills with its hole
PALE = 2  # pixels at either end of a gap in a ring: thin sides take the colour of what is behind
NEARLY = 0.8  # share of a part near one paint for the part to be one thing
GROWN = 4  # pixels by which a paint takes what has none beside it: highlights, edges

SQUARE = np.ones((3, 3), np.uint8)
CROSS = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


class Blob(NamedTuple):
    """One connected thing in one frame; lengths in pixels of the picture it was found in, origin top left."""

    frame: int
    x: float
    y: float
    area: float
    inner: float  # radius of the largest disc inside
    tint: tuple[float, float]  # chroma of its core
    edge: bool  # touches the border of the picture
    paint: int = 0  # as ``paints_in`` numbers them
    corner: tuple[int, int] = (0, 0)  # x, y of ``part``
    part: NDArray[np.uint8] | None = None  # which pixels are its own

    @property
    def radius(self) -> float:
        """Radius of the disc of equal area."""
        return float(np.sqrt(self.area / np.pi))

    @property
    def roundness(self) -> float:
        """1 for a disc, less for anything long or ragged."""
        return min(1.0, (self.inner + 0.3) / max(self.radius, 1e-6))


def body_mask(frame: NDArray[np.uint8], background: Background | Still, *, shadows: bool = False) -> NDArray[np.uint8]:
    """1 where a frame differs from the background by more than light and shade."""
    value = frame.astype(np.float32)
    still = background.image
    red, green, blue = cv2.split(cv2.absdiff(value, still))
    mask = cv2.max(cv2.max(red, green), blue) > background.tolerance
    if not shadows and mask.any():
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        where = (slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1))
        mask[where] &= ~_shade(value[where], still[where], background.tolerance[where])
    found: NDArray[np.uint8] = mask.astype(np.uint8)
    return found


def _shade(value: NDArray[np.float32], still: NDArray[np.float32], tolerance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a picture is the background in less light, or a little more."""
    norm = total(still * still) + 1.0
    dot = total(value * still)
    share = dot / norm
    tint = np.sqrt(np.maximum(total(value * value) - share * dot, 0.0))
    allowed = np.maximum(0.7 * tolerance, SHADOW_TINT * np.sqrt(norm))
    shade: NDArray[np.bool_] = (tint < allowed) & (share > DARKEST_SHADOW) & (share < BRIGHTEST_GLOW)
    return shade


def total(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum over the channels; ten times faster than numpy's over a short last axis."""
    return np.asarray(cv2.transform(picture, np.ones((1, 3), np.float32))).reshape(picture.shape[:2])


def blobs_in(
    frame: NDArray[np.uint8], number: int, background: Background | Still, *, paints: NDArray[np.uint8] | None = None
) -> list[Blob]:
    """The blobs of one frame; with the paint of each pixel, things of different paint that touch are taken apart."""
    mask = cv2.morphologyEx(body_mask(frame, background), cv2.MORPH_OPEN, CROSS)
    return blobs_of_mask(mask, frame, number, paints)


class _Form(NamedTuple):
    """What a blob is but for its colour: places and areas from the corner of the part of a mask that it was found in."""

    x: float
    y: float
    area: float
    inner: float
    core: NDArray[np.bool_]
    paint: int
    corner: tuple[int, int]
    size: tuple[int, int]  # height, width
    part: NDArray[np.uint8]


Forms = dict[tuple[tuple[int, ...], int, bytes, bytes], list[_Form]]


def blobs_of_mask(
    mask: NDArray[np.uint8], frame: NDArray[np.uint8], number: int, paints: NDArray[np.uint8] | None = None, known: Forms | None = None
) -> list[Blob]:
    """The connected parts of a mask, each without what is thinner than half of its thickest place, but for its own paint.

    What rests has the same outline in frame after frame: parts that are ``known`` from the last one are not taken apart again.
    """
    height, width = mask.shape
    found: list[Blob] = []
    known = {} if known is None else known
    before = dict(known)
    known.clear()
    for whole, (x0, y0) in _parts(mask):
        h, w = whole.shape
        here = np.zeros((h, w), np.uint8) if paints is None else paints[y0 : y0 + h, x0 : x0 + w] * whole
        for form in _forms(whole, here, before, known):
            left, top = x0 + form.corner[0], y0 + form.corner[1]
            b, r = form.size
            edge = left <= 0 or top <= 0 or left + r >= width or top + b >= height
            tint = chroma(_middle_colour(frame[top : top + b, left : left + r][form.core]))
            where = (form.x + x0, form.y + y0, form.area, form.inner)
            found.append(Blob(number, *where, (float(tint[0]), float(tint[1])), edge, form.paint, (left, top), form.part))
    return sorted(found, key=lambda blob: -blob.area)[:MOST_BLOBS]


def _forms(whole: NDArray[np.uint8], here: NDArray[np.uint8], before: Forms, known: Forms) -> list[_Form]:
    """One part of a mask as bodies of one paint each; ``here`` is the paint of its pixels, ``before`` and ``known`` are earlier parts."""
    key = (whole.shape, -2, whole.tobytes(), here.tobytes())
    if key in before:
        known[key] = before[key]
    if key not in known:
        known[key] = []
        for paint, piece in _of_one_paint(whole, here):
            for part, corner in _parts(piece) if paint >= 0 else [(whole, (0, 0))]:
                own = here[corner[1] : corner[1] + part.shape[0], corner[0] : corner[0] + part.shape[1]] == paint
                known[key] += [_moved(form, corner) for form in _bodies(part, own, paint, before, known)]
    return known[key]


def _bodies(part: NDArray[np.uint8], own: NDArray[np.bool_], paint: int, before: Forms, known: Forms) -> list[_Form]:
    """One part of one paint as discs where it is discs, without what is thin; its pixels of that paint are its ``own``."""
    if paint <= 0:
        return _thick_parts(part, np.zeros(part.shape, bool), (0, 0), 0)
    key = (part.shape, paint, part.tobytes(), own.tobytes())
    if key in before:
        known[key] = before[key]
    if key not in known:
        known[key] = []
        for one, (left, top) in _discs_of(part):
            mine = own[top : top + one.shape[0], left : left + one.shape[1]] & (one > 0)
            known[key] += _thick_parts(one, mine, (left, top), paint)
    return known[key]


def _moved(form: _Form, by: tuple[int, int]) -> _Form:
    return form._replace(x=form.x + by[0], y=form.y + by[1], corner=(form.corner[0] + by[0], form.corner[1] + by[1]))


def _middle_colour(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The median (3,) of colours (n, 3)."""
    half = len(pixels) // 2
    ranked = np.sort(pixels, axis=0)
    low = half if len(pixels) % 2 else half - 1
    return np.asarray(0.5 * (ranked[low].astype(float) + ranked[half]))


def _parts(mask: NDArray[np.uint8]) -> Iterator[tuple[NDArray[np.uint8], tuple[int, int]]]:
    """The connected parts of a mask that are worth looking at, each with its corner."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    for k in range(1, count):
        x0, y0, w, h, area = (int(v) for v in stats[k])
        if area >= LEAST_AREA:
            yield (labels[y0 : y0 + h, x0 : x0 + w] == k).astype(np.uint8), (x0, y0)


def _of_one_paint(whole: NDArray[np.uint8], paints: NDArray[np.uint8]) -> list[tuple[int, NDArray[np.uint8]]]:
    """A part, or its pieces where it shows more than one paint; -1 stands for a part that is one piece."""
    area = int(whole.sum())
    sizes = np.bincount(paints.ravel(), minlength=7)[1:]
    names = [int(k) + 1 for k in np.flatnonzero(sizes >= max(LEAST_AREA, WORTH * area))]
    if not names:
        return [(-1, whole)]
    if len(names) == 1 and sizes[names[0] - 1] >= PAINTED * area:
        return [(names[0], whole)]
    label = np.zeros_like(whole)
    for name in names:
        label[_sure((paints == name).astype(np.uint8), whole) > 0] = name
    for _ in range(GROWN):
        grown = cv2.dilate(label, CROSS)
        label = np.where((label == 0) & (whole > 0), grown, label)
    if len(names) == 1 and int((label > 0).sum()) >= NEARLY * area:  # seen through water, or pale: speckled all over
        return [(names[0], whole)]
    rest = cv2.morphologyEx(((label == 0) & (whole > 0)).astype(np.uint8), cv2.MORPH_OPEN, CROSS)
    pieces = [(name, (label == name).astype(np.uint8)) for name in names]
    return pieces + ([(0, rest)] if rest.sum() >= LEAST_AREA else [])


def _sure(mine: NDArray[np.uint8], whole: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Where a paint is wide enough to be no fringe; and all of it where it is a ring, however thin and pale that is in places."""
    wide = cv2.morphologyEx(mine, cv2.MORPH_OPEN, SQUARE)
    mine = cv2.bitwise_and(cv2.morphologyEx(mine, cv2.MORPH_CLOSE, SQUARE, iterations=PALE), whole)
    if not _ringed(mine) or _ringed(wide):
        return np.asarray(wide)
    count, labels = cv2.connectedComponents(mine, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[np.unique(labels[wide > 0])] = 1
    ring = kept[labels]
    return ring if _ringed(ring) else np.asarray(wide)


def _ringed(mine: NDArray[np.uint8]) -> bool:
    """Whether holes take much of what an outline holds, and it is round: specks and strings hold something between them too."""
    solid = filled(mine)
    area = float(solid.sum())
    if float(mine.sum()) >= (1 - RING) * area:
        return False
    _, radius = cv2.minEnclosingCircle(cv2.findNonZero(solid))
    return area > RING_ROUND * np.pi * float(radius) ** 2


def _discs_of(part: NDArray[np.uint8]) -> list[tuple[NDArray[np.uint8], tuple[int, int]]]:
    """Discs of like size that touch, each by itself with its corner; whatever else a part is stays whole."""
    area = float(part.sum())
    box = float(part.shape[0] * part.shape[1])
    depth = cv2.distanceTransform(cv2.copyMakeBorder(filled(part), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), cv2.DIST_L2, 5)[1:-1, 1:-1]
    thick = float(depth.max())
    if thick < 2.0 or area < 1.5 * np.pi * thick**2 or area > MOST_DISCS * 1.3 * np.pi * (thick + 0.5) ** 2 or area > 0.9 * box:
        return [(part, (0, 0))]
    centres = _peaks(depth)
    radii = np.array([r for *_, r in centres]) + 0.3
    covered = float(np.pi * (radii**2).sum()) / area
    if len(centres) < 2 or radii.min() < 0.75 * radii.max() or not DISCS[0] - 0.3 / thick < covered * 1.05 < DISCS[1] + 0.5 / thick:
        return [(part, (0, 0))]
    rows, columns = np.nonzero(part)
    away = np.stack([np.hypot(columns - x, rows - y) - r for (x, y, _), r in zip(centres, radii, strict=True)])
    if float((away.min(axis=0) > 1.2).mean()) > 0.04:
        return [(part, (0, 0))]
    owner = away.argmin(axis=0)
    found = []
    for k in range(len(centres)):
        mine = owner == k
        left, top = int(columns[mine].min()), int(rows[mine].min())
        piece = np.zeros((int(rows[mine].max()) - top + 1, int(columns[mine].max()) - left + 1), np.uint8)
        piece[rows[mine] - top, columns[mine] - left] = 1
        found.append((piece, (left, top)))
    return found


def _peaks(depth: NDArray[np.float32]) -> list[tuple[float, float, float]]:
    """Middles and radii of the discs inside a part, the deepest first; two have a waist between them."""
    fine = cv2.GaussianBlur(depth, (0, 0), 0.7)
    top = (fine >= cv2.dilate(fine, SQUARE)) & (depth > 0.6 * depth.max())
    count, _, _, middles = cv2.connectedComponentsWithStats(top.astype(np.uint8), connectivity=8)
    spots = [(float(x), float(y), float(depth[round(float(y)), round(float(x))])) for x, y in middles[1:count]]
    kept: list[tuple[float, float, float]] = []
    for x, y, r in sorted(spots, key=lambda spot: -spot[2])[: 3 * MOST_DISCS]:
        if all(_waist(depth, (x, y), (a, b)) < WAIST * min(r, q) + 0.3 for a, b, q in kept):
            kept.append((x, y, r))
    return kept


@lru_cache(maxsize=512)
def _steps(number: int) -> NDArray[np.float64]:
    return np.linspace(0, 1, number)


def _waist(depth: NDArray[np.float32], one: tuple[float, float], two: tuple[float, float]) -> float:
    """The least depth on the way from one point to another."""
    steps = _steps(2 + round(math.hypot(one[0] - two[0], one[1] - two[1])))
    x, y = (np.rint(a + steps * (b - a)).astype(int) for a, b in zip(one, two, strict=True))
    return float(depth[y, x].min())


def _thick_parts(part: NDArray[np.uint8], own: NDArray[np.bool_], corner: tuple[int, int], paint: int) -> list[_Form]:
    """A part without what is thin; several where thin bridges held it together."""
    seen = cv2.copyMakeBorder(part, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    part = filled(seen)
    ring = float(seen.sum()) < (1 - RING) * float(part.sum())
    depth = cv2.distanceTransform(part, cv2.DIST_L2, 5)
    thick = float(depth.max())
    if thick >= 3.0 and part.sum() > 1.15 * np.pi * thick**2:  # something hangs on it: cut off what is thin
        heart = (depth > 0.5 * thick).astype(np.uint8)
        near = cv2.distanceTransform(1 - heart, cv2.DIST_L2, 5) <= 0.5 * thick
        if paint:
            padded = cv2.copyMakeBorder(own.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
            near |= cv2.morphologyEx(padded, cv2.MORPH_CLOSE, CROSS) > 0
        part = part * near.astype(np.uint8)
    count, labels = cv2.connectedComponents(part, connectivity=4)
    found = []
    for k in range(1, count):
        one = labels == k
        area = float(one.sum())
        if area < LEAST_AREA:
            continue
        rows, columns = np.nonzero(one)
        inner = float(depth[one].max())
        core = one & (depth >= min(0.6 * inner, inner - 0.5))
        x, y = float(columns.mean()) - 0.5 + corner[0], float(rows.mean()) - 0.5 + corner[1]
        if ring:
            one = one & (seen > 0)
            inner = float(cv2.distanceTransform(one.astype(np.uint8), cv2.DIST_L2, 5).max())
        mine = one[1:-1, 1:-1].astype(np.uint8)
        found.append(_Form(x, y, area, inner, core[1:-1, 1:-1], paint, corner, mine.shape, mine))
    return found


def filled(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Close the holes: a highlight belongs to the body."""
    outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    solid = np.zeros_like(part)
    cv2.drawContours(solid, outlines, -1, 1, thickness=cv2.FILLED)
    return solid

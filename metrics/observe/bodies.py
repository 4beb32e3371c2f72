"""Which moving things there are: chains of blobs through the clip, gathered into bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kinema.metrics.observe.chains import SAME_TINT, Chain, chains_of, linked, lone_paints, single
from kinema.metrics.observe.colour import chroma
from kinema.metrics.observe.crossing import crossed
from kinema.scenes.palette import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.segment import Blob

__all__ = ["LEAST_ROUND", "MOST_BODIES", "Body", "Hints", "find_bodies"]

MOST_BODIES = 12
LEAST_ROUND = 0.72  # a disc has 1, a hand or an arm less than .7
DISC = 0.86  # from this roundness on an outline is taken for a disc
SQUARE = 0.1  # of its side, by which the box round a disc may be longer than wide
HALO = 2.5  # pixels more of that where colour is carried over the edge of a small one (64 px at CRF 35)
HANGING = 0.5  # of a body's radius, at most that of a thing that hangs on it
NAMES = tuple(COLOURS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the prompt says is to be seen; used only to choose between moving things found without it.

    ``colours`` are names of ``palette.COLOURS``, one for each body. ``masks``: whether masks are wanted, for comparisons pixel by pixel.
    """

    count: int | None = None
    colours: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()
    masks: bool = False


class Body(NamedTuple):
    """How a body looks, and where it was found beyond doubt; lengths in pixels of the searched picture."""

    tint: tuple[float, float]
    paint: int
    radius: float
    inner: float
    round: bool
    seen: dict[int, Blob]

    def likes(self, blob: Blob) -> float:
        """1 for a blob that looks just like the body, below 0 for one that has neither its colour nor its size."""
        hue = np.hypot(blob.tint[0] - self.tint[0], blob.tint[1] - self.tint[1]) / SAME_TINT
        size = abs(np.log(blob.radius / self.radius)) / 0.35
        return float(1.0 - 0.65 * min(1.0, hue * hue) - 0.6 * min(1.0, size * size))


class _Look(NamedTuple):
    """A chain's summary."""

    chain: Chain
    frames: NDArray[np.int64]
    place: NDArray[np.float64]
    tint: NDArray[np.float64]
    paint: int
    radius: float
    inner: float
    roundness: float
    travelled: float  # pixels
    steady: float  # share of blobs within 20 % of the median radius
    inside: float  # share of blobs that do not touch the border
    weight: float


def find_bodies(found: Sequence[Sequence[Blob]], hints: Hints) -> list[Body]:
    """The bodies that move, the surest first; where the prompt gives their number, no more than that."""
    least = min(4, max(2, len(found) // 6))
    lone = lone_paints(found)
    chains = crossed(linked(single([c for c in chains_of(found, lone) if len(c.blobs) >= 2], lone)), found)
    looks = sorted((_look(chain, hints) for chain in chains if len(chain.blobs) >= least), key=lambda look: -look.weight)
    movers = [look for look in looks if _moves(look)]
    taken: list[_Look] = []
    for look in movers:
        if not taken or _is_another(look, taken, len(found), hints):
            taken.append(look)
    standing = [look for look in looks if not _moves(look) and _stands(look, total=len(found))] if taken else []
    for look in standing:  # what never moves is a body only where the prompt asks for one more of its colour
        if len(taken) < (hints.count or 0) and _wanting(look, taken, hints) and not any(_is_part(look, other) for other in taken):
            taken.append(look)
    chosen = _asked(taken, hints)[: hints.count or MOST_BODIES][:MOST_BODIES]
    return [_body(look, [part for part in looks if _hangs(part, look)]) for look in chosen]


def _asked(looks: list[_Look], hints: Hints) -> list[_Look]:
    """Those first whose colours the prompt names, each name as often as it is named; the surest first."""
    wanted = list(hints.colours)
    first, rest = [], []
    for look in looks:
        name = NAMES[look.paint - 1] if look.paint else ""
        if name in wanted:
            wanted.remove(name)
            first.append(look)
        else:
            rest.append(look)
    return first + rest


def _wanting(look: _Look, taken: list[_Look], hints: Hints) -> bool:
    """Whether the prompt names the colour more often than bodies of that colour have been found."""
    name = NAMES[look.paint - 1] if look.paint else ""
    return sum(name == c for c in hints.colours) > sum(look.paint == t.paint for t in taken)


def _stands(look: _Look, total: int) -> bool:
    return look.paint > 0 and len(look.frames) > 0.3 * total and look.roundness > 0.5


def _moves(look: _Look) -> bool:
    return look.travelled > (max(1.2, 0.06 * look.radius) if look.paint else max(2.0, 0.3 * look.radius))


def _look(chain: Chain, hints: Hints) -> _Look:
    blobs = chain.blobs
    place = np.array([[b.x, b.y] for b in blobs])
    radii = np.array([b.radius for b in blobs])
    inside = np.array([not b.edge for b in blobs])
    use = inside if inside.sum() >= 2 else np.ones(len(blobs), bool)
    radius = float(np.median(radii[use]))
    roundness = float(np.median([b.roundness for b, u in zip(blobs, use, strict=True) if u]))
    inner = float(np.median([b.inner for b, u in zip(blobs, use, strict=True) if u]))
    steady = float(np.mean(np.abs(radii / radius - 1) < 0.2))
    tint = np.median(np.array([b.tint for b in blobs])[use], axis=0)
    paint = int(np.bincount([b.paint for b in blobs]).argmax())
    travelled = float(np.linalg.norm(np.percentile(place, 95, axis=0) - np.percentile(place, 5, axis=0)))
    moves = min(1.0, travelled / (2 * radius))
    solid = 1.0 if paint else min(1.0, roundness / 0.9) ** 4
    asked = 1.0
    if hints.colours:
        gaps = [np.linalg.norm(tint - chroma(np.array(COLOURS[name]))) for name in hints.colours if name in COLOURS]
        asked = 1.5 if gaps and min(gaps) < SAME_TINT else 1.0
    weight = use.sum() * solid * (0.2 + steady) * (0.1 + moves) * asked * float(np.sqrt(radius))
    frames = np.array([b.frame for b in blobs])
    return _Look(chain, frames, place, tint, paint, radius, inner, roundness, travelled, steady, float(inside.mean()), float(weight))


def _body(look: _Look, parts: Sequence[_Look]) -> Body:
    tint = (float(look.tint[0]), float(look.tint[1]))
    seen = {b.frame: b for b in look.chain.blobs}
    for part in parts:
        seen |= {b.frame: _together(seen[b.frame], b) for b in part.chain.blobs if b.frame in seen}
    disc = not parts and look.roundness >= DISC and _square(look.chain.blobs)
    return Body(tint, look.paint, look.radius, look.inner, disc, seen)


def _hangs(part: _Look, look: _Look) -> bool:
    """Whether a small thing of a body's paint keeps its place beside it nearly all the time: a payload under its canopy."""
    if part is look or not part.paint or part.paint != look.paint or part.radius > HANGING * look.radius:
        return False
    both, mine, theirs = np.intersect1d(part.frames, look.frames, return_indices=True)
    if len(both) < 0.8 * len(look.frames):
        return False
    apart = part.place[mine] - look.place[theirs]
    near = float(np.median(np.linalg.norm(apart, axis=1))) < 4 * look.radius
    return bool(near and np.std(apart, axis=0).max() < 0.5 + 0.02 * look.travelled and look.travelled > look.radius)


def _together(blob: Blob, part: Blob) -> Blob:
    """A blob with the pixels of another; its place and its area stay."""
    if blob.part is None or part.part is None:
        return blob
    left, top = (min(a, b) for a, b in zip(blob.corner, part.corner, strict=True))
    right, bottom = (max(one.corner[k] + one.part.shape[1 - k] for one in (blob, part) if one.part is not None) for k in (0, 1))
    whole = np.zeros((bottom - top, right - left), np.uint8)
    for (x, y), own in ((blob.corner, blob.part), (part.corner, part.part)):
        whole[y - top : y - top + own.shape[0], x - left : x - left + own.shape[1]] |= own
    return blob._replace(corner=(left, top), part=whole)


def _square(blobs: Sequence[Blob]) -> bool:
    """Whether the box round what is seen is usually as wide as it is high."""
    sides = np.array([b.part.shape for b in blobs if b.part is not None and not b.edge], dtype=float)
    return len(sides) == 0 or float(np.median(sides.max(axis=1) - sides.min(axis=1))) < HALO + SQUARE * float(np.median(sides))


def _is_another(look: _Look, taken: list[_Look], total: int, hints: Hints) -> bool:
    """Whether a chain shows one more body, not more of another one, nor part of it, nor clutter, nor an arm that reaches in."""
    main = taken[0]
    doubt = 1.1 if hints.count == 1 else 1.0
    painted = look.paint > 0
    if not painted and (look.roundness < doubt * LEAST_ROUND or look.steady < doubt * 0.5 or look.inside < 0.5):
        return False
    if len(look.frames) < max(4, 0.1 * total) or not 0.25 < look.radius / max(t.radius for t in taken):
        return False
    if not painted and look.radius > 2.5 * main.radius:
        return False
    for other in taken:
        if _is_part(look, other):
            return False
    kin = [t for t in taken if _kin(look, t)]
    if kin and max(len(np.intersect1d(look.frames, other.frames)) for other in kin) < 4:
        return False
    both = np.intersect1d(look.frames, main.frames)
    return painted or len(both) > 0 or not _kin(look, main)


def _kin(look: _Look, other: _Look) -> bool:
    if look.paint != other.paint:
        return False
    near = np.linalg.norm(look.tint - other.tint) < SAME_TINT or look.paint > 0
    return bool(near and abs(np.log(look.radius / other.radius)) < 0.3)


def _is_part(look: _Look, other: _Look) -> bool:
    """Whether a chain is a piece of another body, or its shadow: it goes wherever that one goes."""
    both, mine, theirs = np.intersect1d(look.frames, other.frames, return_indices=True)
    if len(both) == 0:
        return False
    apart = look.place[mine] - other.place[theirs]
    gap = np.median(np.linalg.norm(apart, axis=1))
    follows = np.std(apart, axis=0).max() < 0.15 * other.travelled + 0.3 and look.radius < 0.7 * other.radius
    if look.paint and other.paint and look.paint != other.paint:
        return False
    if look.paint:
        return bool(follows and gap < 1.6 * (look.radius + other.radius))
    clings = gap < 0.8 * (look.radius + other.radius)
    return bool(clings or follows)

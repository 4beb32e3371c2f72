"""Which moving things there are: chains of blobs through the clip, gathered into at most two bodies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from kinema.metrics.observe.colour import chroma
from kinema.scenes.palette import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.segment import Blob

__all__ = ["Body", "Hints", "find_bodies"]

MOST_BODIES = 2
LONGEST_PAUSE = 3  # frames a chain may skip
SAME_TINT = 0.11  # chroma; neighbours in the palette are .15 apart
JUMP, JUMP_AREA = 0.47, 50.0  # ln of the ratio of areas that one body keeps to from blob to blob; pixels above which that holds
LEAST_ROUND = 0.72  # a disc has 1, a hand or an arm less than .7


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the prompt says is to be seen; used only to choose between moving things found without it.

    ``colours`` are names of ``palette.COLOURS``.
    """

    count: int | None = None
    colours: tuple[str, ...] = ()
    shapes: tuple[str, ...] = ()


class Body(NamedTuple):
    """How a body looks: the chroma of its core, and its radius in pixels of the searched picture."""

    tint: tuple[float, float]
    radius: float
    round: bool

    def likes(self, blob: Blob) -> float:
        """1 for a blob that looks just like the body, below 0 for one that has neither its colour nor its size."""
        hue = np.hypot(blob.tint[0] - self.tint[0], blob.tint[1] - self.tint[1]) / SAME_TINT
        size = abs(np.log(blob.radius / self.radius)) / 0.35
        return float(1.0 - 0.65 * min(1.0, hue * hue) - 0.6 * min(1.0, size * size))


@dataclass(slots=True)
class _Chain:
    blobs: list[Blob] = field(default_factory=list)

    def predicted(self, frame: int) -> tuple[float, float]:
        last = self.blobs[-1]
        if len(self.blobs) == 1:
            return last.x, last.y
        before = self.blobs[-2]
        ahead = (frame - last.frame) / (last.frame - before.frame)
        return last.x + (last.x - before.x) * ahead, last.y + (last.y - before.y) * ahead

    def cost(self, blob: Blob) -> float:
        x, y = self.predicted(blob.frame)
        last = self.blobs[-1]
        size = 2 * last.radius
        stepped = np.hypot(blob.x - last.x, blob.y - last.y)
        missed = min(stepped, np.hypot(blob.x - x, blob.y - y))
        hue = np.hypot(blob.tint[0] - last.tint[0], blob.tint[1] - last.tint[1])
        grown = abs(float(np.log(blob.area / last.area)))
        if grown > JUMP and min(blob.area, last.area) > JUMP_AREA:  # two bodies that meet, or one that lets go
            return np.inf
        pace = stepped / (blob.frame - last.frame)
        return float(missed / (1.2 * size) + 0.3 * pace / size + grown + 4 * hue)


class _Look(NamedTuple):
    """A chain's summary."""

    frames: NDArray[np.int64]
    place: NDArray[np.float64]
    tint: NDArray[np.float64]
    radius: float
    roundness: float
    travelled: float  # pixels
    steady: float  # share of blobs within 20 % of the median radius
    inside: float  # share of blobs that do not touch the border
    weight: float


def find_bodies(found: Sequence[Sequence[Blob]], hints: Hints) -> list[Body]:
    """At most two bodies that move, the surest first."""
    looks = sorted((_look(chain, hints) for chain in _chains(found)), key=lambda look: -look.weight)
    looks = [look for look in looks if len(look.frames) >= min(4, max(2, len(found) // 6))]
    movers = [look for look in looks if look.travelled > max(2.0, 0.3 * look.radius)]
    if not movers:
        return []
    first = _body(movers[0])
    bodies = [first]
    taken = [movers[0]]
    for look in movers[1:]:
        if len(bodies) == MOST_BODIES:
            break
        if _is_another(look, taken, first, len(found), hints):
            bodies.append(_body(look))
        else:
            taken.append(look)
    return bodies


def _chains(found: Sequence[Sequence[Blob]]) -> list[_Chain]:
    done: list[_Chain] = []
    open_chains: list[_Chain] = []
    for number, blobs in enumerate(found):
        done += [c for c in open_chains if number - c.blobs[-1].frame > LONGEST_PAUSE]
        open_chains = [c for c in open_chains if number - c.blobs[-1].frame <= LONGEST_PAUSE]
        new = list(blobs)
        if open_chains and blobs:
            cost = np.array([[chain.cost(blob) for blob in blobs] for chain in open_chains])
            rows, columns = linear_sum_assignment(np.minimum(cost, 50.0))
            for row, column in zip(rows, columns, strict=True):
                if cost[row, column] < 3.0:
                    open_chains[row].blobs.append(blobs[column])
                    new.remove(blobs[column])
        open_chains += [_Chain([blob]) for blob in new]
    return done + open_chains


def _look(chain: _Chain, hints: Hints) -> _Look:
    blobs = chain.blobs
    place = np.array([[b.x, b.y] for b in blobs])
    radii = np.array([b.radius for b in blobs])
    inside = np.array([not b.edge for b in blobs])
    use = inside if inside.sum() >= 2 else np.ones(len(blobs), bool)
    radius = float(np.median(radii[use]))
    roundness = float(np.median([b.roundness for b, u in zip(blobs, use, strict=True) if u]))
    steady = float(np.mean(np.abs(radii / radius - 1) < 0.2))
    tint = np.median(np.array([b.tint for b in blobs])[use], axis=0)
    travelled = float(np.linalg.norm(np.percentile(place, 95, axis=0) - np.percentile(place, 5, axis=0)))
    moves = min(1.0, travelled / (2 * radius))
    asked = 1.0
    if hints.colours:
        gaps = [np.linalg.norm(tint - chroma(np.array(COLOURS[name]))) for name in hints.colours if name in COLOURS]
        asked = 1.5 if gaps and min(gaps) < SAME_TINT else 1.0
    weight = use.sum() * min(1.0, roundness / 0.9) ** 4 * (0.2 + steady) * (0.1 + moves) * asked
    return _Look(np.array([b.frame for b in blobs]), place, tint, radius, roundness, travelled, steady, float(inside.mean()), float(weight))


def _body(look: _Look) -> Body:
    return Body((float(look.tint[0]), float(look.tint[1])), look.radius, look.roundness >= LEAST_ROUND)


def _is_another(look: _Look, taken: list[_Look], body: Body, total: int, hints: Hints) -> bool:
    """Whether a chain shows a second body, not more of the first, nor part of it, nor clutter, nor an arm that reaches in."""
    main = taken[0]
    doubt = 1.1 if hints.count == 1 else 1.0
    if look.roundness < doubt * LEAST_ROUND or look.steady < doubt * 0.5 or look.inside < 0.5:
        return False
    if len(look.frames) < max(4, 0.1 * total) or not 0.4 < look.radius / body.radius < 2.5:
        return False
    alike = np.linalg.norm(look.tint - np.array(body.tint)) < SAME_TINT and abs(np.log(look.radius / body.radius)) < 0.3
    together = max(len(np.intersect1d(look.frames, other.frames)) for other in taken)
    if alike and together < 4:
        return False
    both, mine, theirs = np.intersect1d(look.frames, main.frames, return_indices=True)
    if len(both) == 0:
        return not alike
    apart = np.linalg.norm(look.place[mine] - main.place[theirs], axis=1)
    clings = np.median(apart) < 0.8 * (look.radius + main.radius)
    follows = np.std(look.place[mine] - main.place[theirs], axis=0).max() < 0.15 * main.travelled and look.radius < 0.7 * main.radius
    return not (clings or follows)

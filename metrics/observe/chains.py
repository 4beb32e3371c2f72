"""Chains: blobs of successive frames that continue one another, and what belongs together across gaps."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.segment import Blob

__all__ = ["SAME_TINT", "Chain", "chains_of", "linked", "lone_paints", "single"]

LONGEST_PAUSE = 3  # frames a chain may skip
SAME_TINT = 0.11  # chroma; neighbours in the palette are .15 apart
JUMP, JUMP_AREA = 0.47, 50.0  # ln of the ratio of areas that one body keeps to from blob to blob; pixels above which that holds
MOST_COST = 3.0  # of a step, and of a chain that ends; a diameter off what was expected costs about one
OTHER_PAINT = 10.0  # cost
LETS_GO = 0.1  # ln of the ratio of areas, when one of up to a dozen bodies leaves a blob
PIECE, LONE = 0.15, 0.05  # of the area of the largest, from which a second blob of a paint counts; share of frames that may have one
FITTED = 6  # blobs that foretell the next ones
LINK = 4.0  # most that a link may cost
MOST_NEARER = 0.3  # ln of the ratio of radii at the ends that counts at most: what is half hidden says nothing
FAR = 1.5  # cost of a link however far it leaps


@dataclass(slots=True, eq=False)
class Chain:
    """Blobs by rising frame."""

    blobs: list[Blob] = field(default_factory=list)

    @property
    def first(self) -> Blob:
        """The earliest."""
        return self.blobs[0]

    @property
    def last(self) -> Blob:
        """The latest."""
        return self.blobs[-1]

    @property
    def paint(self) -> int:
        """The commonest of its blobs' paints."""
        return int(np.bincount([b.paint for b in self.blobs]).argmax())

    def foretold(self, frame: int, *, back: bool = False) -> tuple[float, float]:
        """Where it would be in a frame after its end (or before its start), at the acceleration of its last (first) blobs."""
        some = self.blobs[:FITTED] if back else self.blobs[-FITTED:]
        anchor = some[0] if back else some[-1]
        if len(some) < 2:
            return anchor.x, anchor.y
        t = np.array([b.frame - anchor.frame for b in some], dtype=float)
        degree = 1 if len(some) < 5 else 2
        ahead = float(np.clip(frame - anchor.frame, -2.0 * FITTED, 2.0 * FITTED))
        x, y = (float(np.polyval(np.polyfit(t, [getattr(b, name) for b in some], degree), ahead)) for name in ("x", "y"))
        return x, y


def lone_paints(found: Sequence[Sequence[Blob]]) -> frozenset[int]:
    """The paints of which there is hardly ever more than one blob: whatever its outline does, it is one body."""
    seen, twice = Counter[int](), Counter[int]()
    for blobs in found:
        areas: dict[int, list[float]] = {}
        for blob in blobs:
            areas.setdefault(blob.paint, []).append(blob.area)
        seen.update(areas.keys())
        twice.update(paint for paint, some in areas.items() if len(some) > 1 and sorted(some)[-2] > PIECE * max(some))
    return frozenset(paint for paint, number in seen.items() if paint and twice[paint] <= LONE * number)


def chains_of(found: Sequence[Sequence[Blob]], lone: frozenset[int] = frozenset()) -> list[Chain]:
    """Every blob in a chain, frame by frame, by the cheapest assignment; what is ``lone`` may change its size at once."""
    done: list[Chain] = []
    live: list[Chain] = []
    for number, blobs in enumerate(found):
        done += [c for c in live if number - c.last.frame > LONGEST_PAUSE]
        live = [c for c in live if number - c.last.frame <= LONGEST_PAUSE]
        taken: set[int] = set()
        if live and blobs:
            cost = _costs(live, blobs, number, lone)
            rows, columns = linear_sum_assignment(np.minimum(cost, MOST_COST))
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
                if cost[row, column] < MOST_COST:
                    live[row].blobs.append(blobs[column])
                    taken.add(column)
        live += [Chain([blob]) for k, blob in enumerate(blobs) if k not in taken]
    return done + live


def _costs(chains: Sequence[Chain], blobs: Sequence[Blob], frame: int, lone: frozenset[int]) -> NDArray[np.float64]:
    """(chains, blobs): how badly each blob continues each chain."""
    last = np.array([(c.last.x, c.last.y, c.last.area, c.last.tint[0], c.last.tint[1], c.last.paint, c.last.frame) for c in chains])
    ahead = np.array([_step_ahead(c, frame) for c in chains])
    new = np.array([(b.x, b.y, b.area, b.tint[0], b.tint[1], b.paint) for b in blobs])
    size = 2 * np.sqrt(last[:, 2] / np.pi)[:, None]
    stepped = np.hypot(*(new[None, :, :2] - last[:, None, :2]).transpose(2, 0, 1))
    missed = np.minimum(stepped, np.hypot(*(new[None, :, :2] - ahead[:, None]).transpose(2, 0, 1)))
    hue = np.hypot(*(new[None, :, 3:5] - last[:, None, 3:5]).transpose(2, 0, 1))
    grown = np.abs(np.log(new[None, :, 2] / last[:, None, 2]))
    pace = stepped / (frame - last[:, 6])[:, None]
    cost = missed / (1.2 * size) + 0.3 * pace / size + grown + 4 * hue
    cost += OTHER_PAINT * ((new[None, :, 5] != last[:, None, 5]) & (new[None, :, 5] > 0) & (last[:, None, 5] > 0))
    alone = np.isin(new[:, 5], list(lone))
    large = np.minimum(new[None, :, 2], last[:, None, 2]) > JUMP_AREA
    leaps = ~alone & (grown > JUMP) & large  # two bodies that meet, or one that lets go
    return np.where(leaps, np.inf, cost)


def _step_ahead(chain: Chain, frame: int) -> tuple[float, float]:
    last = chain.last
    if len(chain.blobs) == 1:
        return last.x, last.y
    one = chain.blobs[-2]
    ahead = (frame - last.frame) / (last.frame - one.frame)
    vx, vy = last.x - one.x, last.y - one.y
    if len(chain.blobs) > 2 and chain.blobs[-3].frame == one.frame - 1 and last.frame == one.frame + 1:
        two = chain.blobs[-3]
        vx, vy = vx + 0.5 * (vx - (one.x - two.x)), vy + 0.5 * (vy - (one.y - two.y))
    return last.x + vx * ahead, last.y + vy * ahead


def single(chains: Sequence[Chain], lone: frozenset[int] = frozenset()) -> list[Chain]:
    """The chains without those of several bodies in one blob: where one ends, or begins, two smaller ones take its place."""
    sure = [c for c in chains if c.paint in lone]
    chains = _cut([c for c in chains if c.paint not in lone])
    return sure + [c for c in chains if not (_breaks_up(c, chains, after=True) or _breaks_up(c, chains, after=False))]


def _cut(chains: Sequence[Chain]) -> list[Chain]:
    """Each chain in pieces: before and after one of several bodies in a blob lets go, or another joins them."""
    pieces = []
    for chain in chains:
        some: list[Blob] = [chain.first]
        for a, b in itertools.pairwise(chain.blobs):
            grown = float(np.log(b.area / a.area))
            if abs(grown) > LETS_GO and min(a.area, b.area) > JUMP_AREA and _exchanged(chain, a, b, chains, came=grown > 0):
                pieces.append(Chain(some))
                some = []
            some.append(b)
        pieces.append(Chain(some))
    return pieces


def _exchanged(chain: Chain, a: Blob, b: Blob, chains: Sequence[Chain], *, came: bool) -> bool:
    """Whether another chain ends where this one grows, or begins where it shrinks."""
    whole = b if came else a
    beside = [c for c in chains if c is not chain and c.first.frame < chain.last.frame and c.last.frame > chain.first.frame]
    ends = [c.last if came else c.first for c in beside]
    return any(e.paint == whole.paint and abs(e.frame - (a if came else b).frame) <= 2 and _within(e, whole) for e in ends)


def _within(piece: Blob, whole: Blob) -> bool:
    """Whether the middle of a blob lies in the box round a larger one, or close to it."""
    if whole.part is None:
        return False
    height, width = whole.part.shape
    margin = 3 + 0.5 * piece.radius
    x, y = piece.x - whole.corner[0], piece.y - whole.corner[1]
    return bool(-margin <= x <= width + margin and -margin <= y <= height + margin)


def _breaks_up(chain: Chain, chains: Sequence[Chain], *, after: bool) -> bool:
    end = chain.last if after else chain.first
    pieces = []
    for other in chains:
        near = other.first if after else other.last
        gap = near.frame - end.frame if after else end.frame - near.frame
        if other is chain or not 0 < gap <= LONGEST_PAUSE or near.area > 0.85 * end.area or near.area < 0.08 * end.area:
            continue
        if near.paint == end.paint and len(other.blobs) >= 2 and _within(near, end):
            pieces.append(near.area)
    return len(pieces) >= 2 and sum(pieces) > 0.7 * end.area


def linked(chains: Sequence[Chain]) -> list[Chain]:
    """Chains that continue one another across gaps, joined: the cheapest assignment of ends to beginnings."""
    return _joined(_joined(chains, LONGEST_PAUSE), None)


def _joined(chains: Sequence[Chain], most: int | None) -> list[Chain]:
    """Those joined that are at most so many frames apart: short pieces first, so that a whole chain's size speaks across long gaps."""
    order = sorted(chains, key=lambda c: c.first.frame)
    if len(order) < 2:
        return list(order)
    cost = np.full((len(order), len(order)), 1e3)
    for i, a in enumerate(order):
        for j, b in enumerate(order):
            if b.first.frame > a.last.frame and (most is None or b.first.frame - a.last.frame <= most) and _alike(a, b):
                cost[i, j] = _link(a, b)
    following = {int(i): int(j) for i, j in zip(*linear_sum_assignment(cost), strict=True) if cost[i, j] < LINK}
    joined = []
    for start in set(range(len(order))) - set(following.values()):
        chain, k = Chain(list(order[start].blobs)), start
        while k in following:
            k = following[k]
            chain.blobs += order[k].blobs
        joined.append(chain)
    return sorted(joined, key=lambda c: (c.first.frame, c.first.x, c.first.y))


def _alike(a: Chain, b: Chain) -> bool:
    one, two = a.last, b.first
    paint = a.paint
    if paint != b.paint:
        return False
    return paint > 0 or float(np.hypot(one.tint[0] - two.tint[0], one.tint[1] - two.tint[1])) < SAME_TINT


def _link(a: Chain, b: Chain) -> float:
    gap = b.first.frame - a.last.frame
    size = 2 * max(a.last.radius, b.first.radius)
    middle = 0.5 * (a.last.frame + b.first.frame)
    ahead, back = a.foretold(b.first.frame), b.foretold(a.last.frame, back=True)
    half_a, half_b = a.foretold(round(middle)), b.foretold(round(middle), back=True)
    misses = (
        np.hypot(b.first.x - ahead[0], b.first.y - ahead[1]), np.hypot(a.last.x - back[0], a.last.y - back[1]),
        np.hypot(half_a[0] - half_b[0], half_a[1] - half_b[1]), np.hypot(b.first.x - a.last.x, b.first.y - a.last.y),
    )  # fmt: skip
    miss = min(misses) if gap < LONGEST_PAUSE else min(misses[2], 0.5 * (misses[0] + misses[1]))  # what meets for long passes by
    radii = np.median([x.radius for x in a.blobs]), np.median([x.radius for x in b.blobs])
    grown = abs(float(np.log(radii[0] / radii[1])))
    nearer = abs(float(np.log(a.last.radius / b.first.radius)))  # near or far tells likes apart
    if gap <= LONGEST_PAUSE:
        grown = min(grown, nearer)
    off = 0.5 * miss / size
    return float(FAR * off / (FAR + off) + 0.01 * gap + 4.0 * min(nearer, MOST_NEARER) + (2.0 * grown if grown < 1.0 else 10.0))

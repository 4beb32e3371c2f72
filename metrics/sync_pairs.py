"""Which sound belongs to which impact: the one shift (and the one stretch) of the sound under which the two fit best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import linear_sum_assignment

from kinema.metrics.sync_truth import TOGETHER_S, travel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation, VisualContact

__all__ = ["Event", "Pairing", "events_of", "matches", "pair_up"]

SURE = 0.5  # confidence of a contact from which on it asks for a sound
DOUBTFUL, CERTAIN = 0.35, 0.9  # confidence below which a contact says nothing of a lag, and from which on it counts in full
FAINT, PLAIN = 0.05, 0.2  # of the strongest change of velocity in the clip: the same by strength
SPARED = 0.25  # of the impacts, by weight, that may be without a sound: as many are now and then seen wrongly
CHANCE, FITS = 0.2, 0.4  # support that equal clicks reach (.2 to .3), and that takes exceed where half their sounds or contacts are lost
REACH = 0.52  # s, the largest shift that is tried: what is further off is no longer this impact's
KERNEL = 0.025  # s, by how much single sounds stray from the common shift
STRAY = 0.08  # s, the most
LEVEL_DB = 12.0  # dB by which a sound may miss the level that its impact's speed asks for
SOFTEST = 0.1  # -, least weight of an event, the strongest has 1
OVERLAP = 0.9  # of all weight that must lie where the shifted sound and the picture overlap: a few fit everywhere
FAR, SKEW = 0.1, 3.0  # of the score that a shift of one second, and a stretch by one, cost: they break ties
STRETCHES = (0.0, -0.02, 0.02, -0.05, 0.05, -0.08, 0.08, -0.12, 0.12)  # s/s, by which the sound may run late
EXPLAINED = 0.2  # of its weight that a sound keeps where a contact is only suspected
MOST = 24  # events of each kind, the strongest, from which the shift is found
BLIND_FRAMES = 3.0  # frames at both ends of a clip in which no change of velocity can be seen


@dataclass(frozen=True, slots=True)
class Event:
    """Visual contacts that are one to the ear.

    ``strength``: the change of velocity, px/s. ``sure``: it asks for a sound. ``weight``: how much it counts, 0 to 1, by how surely and
    how plainly it was seen.
    """

    t: float
    strength: float
    sure: bool
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Pairing:
    """Impacts and the sounds that belong to them.

    Attributes:
        events: the impacts seen, by time; only sure ones ask for a sound.
        onsets: (n,) s, when their sounds would be seen: the way through the air is taken off.
        pairs: (event, onset) numbers, of sure events, and of doubtful ones that have their sound where the sure ones put it.
        lags: s, onset minus event of each pair.
        stray: s, of each pair from the common shift and stretch.
        shift: s, the common one at the clip's first impact (0 where nothing fits).
        stretch: s/s.
        support: 0 to 1, how much of all that is seen and heard fits under it.
        cut: numbers of the events whose sound would come before the clip's sound begins or after it ends.
    """

    events: tuple[Event, ...]
    onsets: NDArray[np.float64]
    pairs: tuple[tuple[int, int], ...]
    lags: NDArray[np.float64]
    stray: NDArray[np.float64]
    shift: float
    stretch: float
    support: float
    cut: frozenset[int] = frozenset()

    @property
    def sure(self) -> list[int]:
        """Numbers of the events that ask for a sound."""
        return [k for k, event in enumerate(self.events) if event.sure]

    @property
    def offset(self) -> float:
        """Seconds, the median lag of the pairs."""
        return float(np.median(self.lags))

    @property
    def lost(self) -> float:
        """0 to 1, the share by weight of the impacts that have no sound."""
        heard = {i for i, _ in self.pairs}
        due = sum(self.events[k].weight for k in {*self.sure, *heard} - (self.cut - heard))
        return 1.0 - sum(self.events[k].weight for k in heard) / due if due > 0 else float(not heard)

    @property
    def chance(self) -> float:
        """0 to 1, how far equal clicks would fit as well."""
        return float(np.clip((FITS - self.support) / (FITS - CHANCE), 0, 1))

    @property
    def missing(self) -> float:
        """0 where at least three quarters of the impacts have their sound, evenly up to 1 where none has, or chance would fit as well."""
        return max(0.0, (self.lost - SPARED) / (1 - SPARED), self.chance)

    def strays(self, furthest: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """When impacts are, and how far their sounds are from the common shift (s), with those left over that lie within ``furthest``."""
        start = min((self.events[k].t for k in self.sure), default=0.0)
        taken, heard = {i for i, _ in self.pairs}, {j for _, j in self.pairs}
        left = [i for i in self.sure if i not in taken]
        spare = [j for j in range(len(self.onsets)) if j not in heard]
        due = [self.events[i].t + self.shift + self.stretch * (self.events[i].t - start) for i in left]
        more = matches(due, self.onsets[spare].tolist(), furthest)
        at = [self.events[i].t for i, _ in self.pairs] + [self.events[left[a]].t for a, _ in more]
        return np.array(at), np.concatenate([self.stray, np.array([self.onsets[spare[b]] - due[a] for a, b in more])])


def events_of(seen: Observation) -> tuple[Event, ...]:
    """Visual contacts closer than 30 ms as one, at the mean time of those that are as sure as the surest, by strength."""
    groups: list[list[VisualContact]] = []
    for contact in sorted(seen.contacts, key=lambda c: c.t):
        if groups and contact.t - groups[-1][0].t < TOGETHER_S:
            groups[-1].append(contact)
        else:
            groups.append([contact])
    strongest = max((_change(c) for c in seen.contacts if c.confidence >= SURE), default=0.0)
    return tuple(_event(group, strongest) for group in groups)


def _event(group: list[VisualContact], strongest: float) -> Event:
    sure = any(c.confidence >= SURE for c in group)
    mine = [c for c in group if c.confidence >= SURE or not sure]
    strength = np.array([_change(c) for c in mine])
    share = np.maximum(strength, 1e-9) * [c.confidence for c in mine]
    t = float((share * [c.t for c in mine]).sum() / max(float(share.sum()), 1e-12))
    seen = np.clip((max(c.confidence for c in mine) - DOUBTFUL) / (CERTAIN - DOUBTFUL), 0, 1)
    plain = np.clip((float(strength.max()) / max(strongest, 1e-9) - FAINT) / (PLAIN - FAINT), 0, 1)
    return Event(t if len(mine) > 1 else mine[0].t, float(strength.max()), sure, float(seen * plain))


def _change(contact: VisualContact) -> float:
    own = float(np.hypot(*np.subtract(contact.after, contact.before)))
    if contact.other_before is None or contact.other_after is None:
        return own
    return max(own, float(np.hypot(*np.subtract(contact.other_after, contact.other_before))))


def pair_up(seen: Observation, case: Case) -> Pairing:
    """Find the shift and the stretch of the sound that fit best, and the pairs under them.

    Every difference of an onset and an impact is tried. What fits counts by its strength and by how well loudness goes with speed; what
    has no partner though the other's clip covers its moment counts against it. So a row of even knocks is told by its first, its last or
    its loudest.
    """
    events = events_of(seen)
    onsets = np.array([onset.t for onset in seen.onsets]) - travel(case)
    levels = np.array([onset.level_db for onset in seen.onsets])
    doubtful = [k for k, event in enumerate(events) if not event.sure and event.weight > 0]
    asks = np.array([k for k, event in enumerate(events) if event.sure] or doubtful, dtype=int)
    nothing = Pairing(events, onsets, (), np.zeros(0), np.zeros(0), 0.0, 0.0, 0.0)
    if not len(asks) or not len(onsets):
        return nothing
    strongest = asks[np.argsort([-events[k].strength for k in asks], kind="stable")[:MOST]]
    loudest = np.argsort(-levels, kind="stable")[:MOST]
    fit = _Fit(seen, [events[k] for k in strongest], onsets[loudest], levels[loudest], [event.t for event in events if not event.sure])
    shift, stretch, support = fit.best()
    if support <= 0:
        return nothing
    lean = shift + stretch * (np.array([event.t for event in events]) - fit.start)
    apart = onsets[None, :] - np.array([event.t for event in events])[:, None]
    stray = apart - lean[:, None]
    pairs = tuple(sorted(_with_doubtful(_mutual(np.abs(stray), asks), np.abs(stray), doubtful)))
    rows = np.array([[i, j] for i, j in pairs], dtype=int).reshape(-1, 2)
    wanted = np.array([event.t for event in events]) + lean + travel(case)
    cut = frozenset(np.flatnonzero((wanted < fit.sound[0]) | (wanted > fit.sound[1])).tolist())
    return Pairing(events, onsets, pairs, apart[rows[:, 0], rows[:, 1]], stray[rows[:, 0], rows[:, 1]], shift, stretch, support, cut)


def _mutual(stray: NDArray[np.float64], asks: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs that are each other's nearest, within ``STRAY``."""
    found = []
    for i in asks:
        j = int(np.argmin(stray[i]))
        if stray[i, j] <= STRAY and int(asks[np.argmin(stray[asks, j])]) == i:
            found.append((int(i), j))
    return found


def _with_doubtful(pairs: list[tuple[int, int]], stray: NDArray[np.float64], doubtful: Sequence[int]) -> list[tuple[int, int]]:
    """The same with those contacts that are not sure, where a sound that is left over is just where it must be."""
    seen, heard = {i for i, _ in pairs}, {j for _, j in pairs}
    events, left = [k for k in doubtful if k not in seen], [j for j in range(stray.shape[1]) if j not in heard]
    if not events or not left or not pairs:
        return pairs
    near = stray[np.ix_(events, left)]
    more = [(a, int(near[a].argmin())) for a in range(len(events)) if near[a].min() <= KERNEL]
    return pairs + [(events[a], left[b]) for a, b in more if int(near[:, b].argmin()) == a]


class _Fit:
    """How well a shift and a stretch fit."""

    def __init__(
        self, seen: Observation, events: Sequence[Event], onsets: NDArray[np.float64], levels: NDArray[np.float64], unsure: Sequence[float]
    ) -> None:
        self.seen_at, self.heard_at = np.array([event.t for event in events]), onsets
        self.start, self.unsure = float(self.seen_at.min()), np.array(unsure)
        strength = np.array([event.strength for event in events])
        speed_db = 20 * np.log10(np.maximum(strength / max(float(strength.max()), 1e-9), 1e-3))
        quiet_db = levels - levels.max()
        self.seen_weight = np.clip(10 ** (speed_db / 40), SOFTEST, 1)
        self.heard_weight = np.clip(10 ** (quiet_db / 40), SOFTEST, 1)
        self.alike = np.exp(-(((quiet_db[None, :] - speed_db[:, None]) / LEVEL_DB) ** 2) / 2)
        step = float(np.median(np.diff(seen.times))) if len(seen.times) > 1 else 0.0
        last = float(seen.times[-1]) + step if len(seen.times) else np.inf
        self.picture = (BLIND_FRAMES * step, last - BLIND_FRAMES * step)
        self.sound = (0.0, seen.sound.get("seconds", last))

    def best(self) -> tuple[float, float, float]:
        """Shift at the first impact, stretch, and support."""
        apart = self.heard_at[None, :] - self.seen_at[:, None]
        found, top = (0.0, 0.0, 0.0), 0.0
        for stretch in STRETCHES:
            tried = (apart - stretch * (self.seen_at - self.start)[:, None]).ravel()
            tried = np.unique(np.round(tried[np.abs(tried) <= REACH], 4))
            if not len(tried):
                continue
            support = self._support(tried, stretch)
            score = support - FAR * np.abs(tried) - SKEW * abs(stretch)
            k = int(np.argmax(score))
            if score[k] > top + 1e-9:
                found, top = (float(tried[k]), stretch, float(support[k])), float(score[k])
        return found

    def _support(self, shifts: NDArray[np.float64], stretch: float) -> NDArray[np.float64]:
        lean = shifts[:, None] + stretch * (self.seen_at - self.start)[None, :]  # (s, n)
        stray = self.heard_at[None, None, :] - (self.seen_at[None, :] + lean)[:, :, None]  # (s, n, m)
        fit = np.exp(-((stray / KERNEL) ** 2) / 2) * (np.abs(stray) <= STRAY) * (0.5 + 0.5 * self.alike)
        mutual = (fit == fit.max(axis=2, keepdims=True)) & (fit == fit.max(axis=1, keepdims=True)) & (fit > 0)
        gained = (fit * mutual * (self.seen_weight[:, None] + self.heard_weight[None, :]) / 2).sum(axis=(1, 2))
        due = self.seen_at[None, :] + lean
        asked = (((due >= self.sound[0]) & (due <= self.sound[1])) * self.seen_weight).sum(axis=1)
        source = self.heard_at[None, :] - shifts[:, None]
        inside = (source >= self.picture[0]) & (source <= self.picture[1])
        suspected = (np.abs(source[:, :, None] - self.unsure) <= STRAY).any(axis=2) & ~mutual.any(axis=1)
        given = (inside * np.where(suspected, EXPLAINED, 1.0) * self.heard_weight).sum(axis=1)
        least = OVERLAP * (self.seen_weight.sum() + self.heard_weight.sum())
        support: NDArray[np.float64] = 2 * gained / np.maximum(asked + given, least)
        return support


def matches(
    first: Sequence[float], second: Sequence[float], window: float, gain: Sequence[float] | None = None
) -> list[tuple[int, int]]:
    """Pairs (i, j) with times at most ``window`` apart: as many as possible, then the least sum of differences.

    Args:
        first: times in seconds.
        second: times in seconds.
        window: seconds.
        gain: how many ordinary matches one of ``first`` is worth, 1 if not given.

    Example:
        >>> matches([0.5, 1.0], [0.9, 1.4], 0.5)
        [(0, 0), (1, 1)]
    """
    if not len(first) or not len(second):
        return []
    apart = np.abs(np.subtract.outer(np.asarray(first), np.asarray(second)))
    allowed = apart <= window + 1e-9
    worth = np.ones(len(first)) if gain is None else np.asarray(gain)
    one_match = window * (min(apart.shape) + 1)  # more than all differences together, so that the number of matches comes first
    cost = np.where(allowed, apart - one_match * worth[:, None], 0.0)
    rows, columns = linear_sum_assignment(cost)
    return [(int(i), int(j)) for i, j in zip(rows, columns, strict=True) if allowed[i, j]]

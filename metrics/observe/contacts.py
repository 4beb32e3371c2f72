"""When moving bodies touch something: kinks of their paths, timed to a fraction of a frame.

Around a kink the path is ``c + v s + a s^2 / 2 + dv max(0, s)`` with ``s = t - t0``: the force field is the same on both sides,
the velocity is not. A kink counts where this fits better than a smooth quartic, and where ``dv`` stands out of the path's own noise.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.observation import VisualContact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track

__all__ = ["find_contacts"]

SIDE = 5  # frames looked at on each side of a kink
LONGEST_PIECE = 16  # frames in one parabola of the first segmentation
LONGEST_GAP = 3  # frames without the body across which a path is still one
NOISE_SPAN = 45  # frames over which the noise of places is taken to be one
LEAST_NOISE = 0.02  # pixels; what the matte itself is good for
LEAST_Z = 6.0  # standard errors by which a velocity must change
LEAST_BETTER = 1.1  # how many times worse a smooth quartic must fit
CROWDED = 1.1  # the same for kinks judged by their nearest frames alone
SLIP = 0.35  # of the approach that may be left, since friction turns the push
SMALL = 0.05  # diameters per frame; a lesser change of velocity is sure only where it is very sharp
TIGHT = 2.5  # times the curvature before and after: so sharp a bend is a soft contact
RESTING = 0.006  # diameters per frame below which a body is at rest
SHORT_FLIGHT = 4.5  # frames; a bounce that lasts longer shows as a kink of its own
SHORTEST_FLIGHT = 0.03  # s; bounces closer than this are one sound


@dataclass(frozen=True, slots=True)
class _Path:
    """One unbroken stretch of a track."""

    track: int
    t: NDArray[np.float64]
    p: NDArray[np.float64]  # (n, 2)
    diameter: float
    unrest: NDArray[np.float64]  # (n,) standard deviation of a place, pixels
    step: float  # s, between frames

    def noise(self, t: float) -> float:
        """The noise of places around a moment, in pixels per axis."""
        return float(self.unrest[min(int(np.searchsorted(self.t, t)), len(self.t) - 1)])

    def window(self, t0: float, low: float, high: float, side: int = SIDE) -> slice:
        """Up to ``side`` frames on each side of ``t0``, none before ``low`` or after ``high``."""
        middle = int(np.searchsorted(self.t, t0))
        start = max(middle - side, int(np.searchsorted(self.t, low)), 0)
        stop = min(middle + side, int(np.searchsorted(self.t, high)), len(self.t))
        return slice(start, stop)


@dataclass(frozen=True, slots=True)
class _Kink:
    path: _Path
    t: float
    at: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    z: float  # velocity change in standard errors
    better: float  # residual of a smooth quartic over that of the kink
    sides: tuple[int, int]  # frames used before and after
    pull: float  # px/s^2, downward acceleration on both sides

    @property
    def change(self) -> NDArray[np.float64]:
        return self.after - self.before


def find_contacts(tracks: Sequence[Track]) -> tuple[VisualContact, ...]:
    """Every sudden change of velocity, in order of time.

    Starting to move from rest is a contact only where another body touches.
    """
    paths = [path for track in tracks for path in _paths(track)]
    kinks = [kink for path in paths for kink in _kinks(path)]
    contacts = sorted(_meetings(kinks, paths), key=lambda c: c.t)
    for path in paths:
        contacts += _rattle(path, contacts, [kink for kink in kinks if kink.path is path])
    return tuple(sorted(contacts, key=lambda c: c.t))


def _paths(track: Track) -> list[_Path]:
    if len(track.t) < 5:
        return []
    cuts = np.flatnonzero(np.diff(track.frame) > LONGEST_GAP) + 1
    step = float(np.median(np.diff(track.t) / np.diff(track.frame)))
    paths = []
    for part in np.split(np.arange(len(track.t)), cuts):
        if len(part) >= 5:
            place = np.stack([track.x[part], track.y[part]], axis=1)
            paths.append(_Path(track.id, track.t[part], place, track.diameter, _noise(place), step))
    return paths


def _noise(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation per axis around each frame, from third differences: parabolas have none, kinks are too few to move a median."""
    third = np.abs(np.diff(place, n=3, axis=0))
    if len(third) == 0:
        return np.full(len(place), LEAST_NOISE)
    size = min(NOISE_SPAN, len(third))
    around = np.median(np.lib.stride_tricks.sliding_window_view(third, size, axis=0), axis=2)
    local = np.sqrt(np.mean((1.4826 * around) ** 2, axis=1) / 20.0)
    first = (len(place) - len(local)) // 2
    noise: NDArray[np.float64] = np.pad(local, (first, len(place) - len(local) - first), mode="edge")
    return np.maximum(noise, LEAST_NOISE)


def _kinks(path: _Path) -> list[_Kink]:
    """Segment, then drop the weakest break and look again until all that are left stand out."""
    seams = _tightened(path, _segment(path))
    breaks = list(seams)
    while breaks:
        fitted = [_fit_break(path, breaks, seams, k) for k in range(len(breaks))]
        strength = [_strength(kink, fitted) for kink in fitted]
        worst = int(np.argmin(strength))
        if strength[worst] >= 1.0:
            return _with_speeds(_merged([kink for kink in fitted if kink is not None]))
        del breaks[worst]
    return []


def _merged(kinks: list[_Kink]) -> list[_Kink]:
    """A soft contact lasts longer than a frame and leaves two kinks of one direction: take them as one."""
    out: list[_Kink] = []
    for kink in kinks:
        last = out[-1] if out else None
        if last is not None and kink.t - last.t < 1.6 * kink.path.step and float(kink.change @ last.change) > 0:
            weight = np.array([np.linalg.norm(last.change), np.linalg.norm(kink.change)])
            t = float(weight @ [last.t, kink.t] / weight.sum())
            sides = (last.sides[0], kink.sides[1])
            out[-1] = replace(last, t=t, at=(last.at + kink.at) / 2, after=kink.after, z=max(last.z, kink.z), sides=sides)
        else:
            out.append(kink)
    return out


def _with_speeds(kinks: list[_Kink]) -> list[_Kink]:
    """Velocities from as many frames as one acceleration explains, between the neighbouring kinks."""
    out = []
    for k, kink in enumerate(kinks):
        low = kinks[k - 1].t if k > 0 else -np.inf
        high = kinks[k + 1].t if k + 1 < len(kinks) else np.inf
        out.append(_with_speed(kink, low, high))
    return out


def _with_speed(kink: _Kink, low: float, high: float) -> _Kink:
    path = kink.path
    for side in (2 * SIDE, 3 * SIDE // 2):
        where = path.window(kink.t, low, high, side)
        t, p = path.t[where], path.p[where]
        free = 2 * len(t) - 8
        if free < 6:
            continue
        rss, c, _ = _hinge(t, p, kink.t, path.step)
        if rss > 1.6 * free * path.noise(kink.t) ** 2:
            continue
        straight, flat, _ = _hinge(t, p, kink.t, path.step, bends=False)
        if straight < rss + 5 * path.noise(kink.t) ** 2:  # two more unknowns explain no more than noise would
            c = flat
        return replace(kink, before=c[1] / path.step, after=(c[1] + c[3]) / path.step, pull=float(2 * c[2, 1] / path.step**2))
    return kink


def _segment(path: _Path) -> list[float]:
    """Moments between the parabolas of the cheapest piecewise description."""
    n = len(path.t)
    price = 3.5 * np.log(2.0 * n) * 2
    cost = np.full(n + 1, np.inf)
    cost[0] = -price
    back = np.zeros(n + 1, int)
    residual = _residuals(path)
    for end in range(1, n + 1):
        for length in range(1, min(LONGEST_PIECE, end) + 1):
            value = cost[end - length] + price + residual[length][end - length]
            if value < cost[end]:
                cost[end], back[end] = value, end - length
    ends, at = [], n
    while at > 0:
        at = back[at]
        ends.append(at)
    return [float(path.t[k - 1] + path.t[k]) / 2 for k in sorted(ends) if k > 0]


def _tightened(path: _Path, breaks: list[float]) -> list[float]:
    """Short pieces that bend far more sharply than the rest are soft contacts: one break in their middle for the two around them."""
    ends = [0, *(int(np.searchsorted(path.t, b)) for b in breaks), len(path.t)]
    pieces = list(itertools.pairwise(ends))
    bends = [_bend(path, a, b) for a, b in pieces]
    kept = list(breaks)
    for k in range(1, len(pieces) - 1):
        a, b = pieces[k]
        usual = max(bends[j] for j in (k - 1, k + 1))
        limit = max(TIGHT * usual, 6 * path.noise(path.t[a]) / path.step**2)
        if 3 <= b - a <= 5 and bends[k] > limit and not any(_stands_out(path, breaks, j) for j in (k - 1, k)):
            kept = [at for at in kept if at not in (breaks[k - 1], breaks[k])]
            kept.append(float(path.t[a] + path.t[b - 1]) / 2 + 1e-6)
    return sorted(kept)


def _stands_out(path: _Path, breaks: list[float], k: int) -> bool:
    return _strength(_fit_break(path, breaks, breaks, k), ()) >= 1.0


def _bend(path: _Path, a: int, b: int) -> float:
    """The size of the acceleration of a piece, px/s^2."""
    if b - a < 3:
        return 0.0
    s = path.t[a:b] - path.t[a]
    return float(np.linalg.norm(2 * np.polyfit(s, path.p[a:b], 2)[0]))


def _residuals(path: _Path) -> dict[int, NDArray[np.float64]]:
    """For each length and start, the squared residual of a parabola in units of the noise; big steps count less than their square."""
    out: dict[int, NDArray[np.float64]] = {}
    for length in range(1, min(LONGEST_PIECE, len(path.t)) + 1):
        if length <= 3:
            out[length] = np.zeros(len(path.t) - length + 1)
            continue
        times = np.lib.stride_tricks.sliding_window_view(path.t, length)
        s = (times - times.mean(axis=1, keepdims=True)) / path.step
        q, _ = np.linalg.qr(np.stack([np.ones_like(s), s, s * s], axis=2))
        values = np.lib.stride_tricks.sliding_window_view(path.p, length, axis=0).transpose(0, 2, 1)
        values = values - values.mean(axis=1, keepdims=True)
        inside = np.einsum("nlk,nla->nka", q, values)
        out[length] = np.maximum((values**2).sum(axis=(1, 2)) - (inside**2).sum(axis=(1, 2)), 0)
        out[length] /= np.lib.stride_tricks.sliding_window_view(path.unrest, length)[:, length // 2] ** 2
    return out


def _fit_break(path: _Path, breaks: Sequence[float], seams: Sequence[float], k: int) -> _Kink | None:
    """The kink at a break: from the frames up to the breaks beside it, or only up to the seams where those fit no better.

    A seam that is no kink itself may still hide bounces too short to be told apart.
    """
    wide = _fit_between(path, breaks[k], [b for b in breaks if b != breaks[k]])
    if _strength(wide, ()) >= 1.0:
        return wide
    tight = _fit_between(path, breaks[k], [b for b in seams if b != breaks[k]])
    return tight if tight is not None and tight.better > CROWDED and _strength(tight, ()) >= 1.0 else wide


def _fit_between(path: _Path, at: float, others: Sequence[float]) -> _Kink | None:
    low = max((b for b in others if b < at), default=-np.inf)
    high = min((b for b in others if b > at), default=np.inf)
    kink = _fit(path, path.window(at, low, high), at)
    if kink is None:
        return None
    return replace(kink, better=max(_better(path, path.window(kink.t, low, high, side), kink.t) for side in (SIDE, 8)))


def _better(path: _Path, where: slice, t0: float) -> float:
    """The residual of a smooth quartic, which has as many unknowns, over that of a kink; 1 where there are too few frames to tell."""
    t, p = path.t[where], path.p[where]
    if len(t) < 6:
        return 1.0
    s = (t - t0) / path.step
    smooth = _rss(np.stack([s**k for k in range(min(5, len(t) - 3))], axis=1), p)
    floor = (2 * len(t) - 8) * path.noise(t0) ** 2
    return float((smooth + floor) / (_hinge(t, p, t0, path.step)[0] + floor))


def _fit(path: _Path, where: slice, guess: float) -> _Kink | None:
    """The best kink near ``guess``; None where too few frames are left."""
    t, p = path.t[where], path.p[where]
    if len(t) < 4 or (t < guess).sum() < 1 or (t > guess).sum() < 1:
        return None
    grid = guess + path.step * np.linspace(-1.1, 1.1, 45)
    grid = grid[(grid > t[0] + 0.05 * path.step) & (grid < t[-1] - 0.05 * path.step)]
    if len(grid) == 0:
        return None
    cost = _costs(t, p, grid, path.step)
    t0 = _vertex(grid, cost)
    rss, coefficient, covariance = _hinge(t, p, t0, path.step)
    free = max(1, 2 * len(t) - 9)
    sigma = max(path.noise(t0), np.sqrt(rss / free) if len(t) > 5 else 0.0)
    before, after = coefficient[1] / path.step, (coefficient[1] + coefficient[3]) / path.step
    z = float(np.linalg.norm(coefficient[3]) / (sigma * np.sqrt(covariance)))
    sides = (int((t < t0).sum()), int((t >= t0).sum()))
    return _Kink(path, float(t0), coefficient[0], before, after, z, 1.0, sides, float(2 * coefficient[2, 1] / path.step**2))


def _hinge(
    t: NDArray[np.float64], p: NDArray[np.float64], t0: float, step: float, *, bends: bool = True
) -> tuple[float, NDArray[np.float64], float]:
    """Residual, coefficients (4, 2) per frame step, and the variance of the velocity change for unit noise."""
    s = (t - t0) / step
    design = np.stack([np.ones_like(s), s, s * s * bends, np.maximum(0, s)], axis=1)
    prior = np.diag([0, 0, 1e-6, 1e-6])  # keeps short windows solvable
    inverse = np.linalg.inv(design.T @ design + prior)
    coefficient = inverse @ design.T @ p
    return float(((p - design @ coefficient) ** 2).sum()), coefficient, float(inverse[3, 3])


def _costs(t: NDArray[np.float64], p: NDArray[np.float64], grid: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """The residual of :func:`_hinge` for many moments at once."""
    s = (t[None, :] - grid[:, None]) / step
    design = np.stack([np.ones_like(s), s, s * s, np.maximum(0, s)], axis=2)
    square = np.einsum("gni,gnj->gij", design, design) + np.diag([0, 0, 1e-6, 1e-6])
    right = np.einsum("gni,na->gia", design, p)
    miss = p[None] - design @ np.linalg.solve(square, right)
    cost: NDArray[np.float64] = np.einsum("gna,gna->g", miss, miss)
    return cost


def _rss(design: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    coefficient, *_ = np.linalg.lstsq(design, p, rcond=None)
    return float(((p - design @ coefficient) ** 2).sum())


def _vertex(grid: NDArray[np.float64], cost: NDArray[np.float64]) -> float:
    """The minimum of samples, by a parabola through the three lowest neighbours."""
    k = int(np.argmin(cost))
    if k in (0, len(grid) - 1):
        return float(grid[k])
    a, b, c = cost[k - 1 : k + 2]
    bend = a - 2 * b + c
    return float(grid[k] + (0.5 * (a - c) / bend if bend > 0 else 0.0) * (grid[1] - grid[0]))


def _strength(kink: _Kink | None, among: Sequence[_Kink | None]) -> float:
    """1 and more where a kink stands out of the noise, and is no echo of a much sharper one beside it."""
    if kink is None or not np.isfinite(kink.z):
        return 0.0
    moved = np.linalg.norm(kink.change) * kink.path.step
    shortest = min(kink.sides)
    needed = LEAST_Z * (1.0 if shortest >= 3 else 2.5 if shortest == 2 else 5.0)
    seen = moved / max(4 * kink.path.noise(kink.t), 0.012 * kink.path.diameter)
    model = kink.better / LEAST_BETTER if shortest >= 3 else 1.0
    beside = [other.z for other in among if other is not None and 0 < abs(other.t - kink.t) < 3.5 * kink.path.step]
    echo = kink.z / (0.12 * max(beside)) if beside else np.inf
    return min(float(kink.z / needed), float(seen), float(model), float(echo))


def _rattle(path: _Path, contacts: Sequence[VisualContact], kinks: Sequence[_Kink]) -> list[VisualContact]:
    """Bounces after the last one that is resolved, too short for the frame rate: where they must be if it goes on in this way."""
    last = next((c for c in reversed(contacts) if c.bodies == (path.track, "floor") and c.confidence >= 0.5), None)
    if last is None or any(kink.t > last.t + path.step for kink in kinks if min(kink.sides) >= 3):
        return []
    pull = next((kink.pull for kink in kinks if abs(kink.t - last.t) < path.step), 0.0)
    down, up = last.before[1], -last.after[1]
    if pull <= 0 or down <= 0 or up <= 0:
        return []
    share, t, added = min(0.95, up / down), last.t, []
    if 2 * up / pull > SHORT_FLIGHT * path.step:  # long enough to be seen landing, and it was not
        return []
    while 2 * up / pull >= SHORTEST_FLIGHT and t + 2 * up / pull < path.t[-1]:
        t += 2 * up / pull
        added.append(replace(last, t=t, before=(last.after[0], up), after=(last.after[0], -share * up), confidence=0.3))
        up *= share
    return added


def _speed(velocity: NDArray[np.float64], path: _Path) -> float:
    """Diameters per frame."""
    return float(np.linalg.norm(velocity)) * path.step / path.diameter


def _meetings(kinks: list[_Kink], paths: list[_Path]) -> list[VisualContact]:
    """Kinks as contacts: between bodies where another one is adjacent, else with the floor or a wall."""
    contacts: list[VisualContact] = []
    used: set[int] = set()
    for i, kink in enumerate(kinks):
        if i in used:
            continue
        partner = _partner(kink, paths)
        if partner is not None:
            near = 2.6 * kink.path.step  # each path blurs the moment by a frame or so; two blows cannot follow so soon
            twin = next((j for j, o in enumerate(kinks) if j not in used and o.path is partner and abs(o.t - kink.t) < near), None)
            used.update({i} if twin is None else {i, twin})
            contacts.append(_between(kink, partner, None if twin is None else kinks[twin]))
        elif _rebounds(kink) and not _starts_from_rest(kink):
            used.add(i)
            contacts.append(_alone(kink))
    return contacts


def _rebounds(kink: _Kink) -> bool:
    """Whether the body came towards what pushed it, and goes on no more: nothing that stands still slows a body and lets it through."""
    push = kink.change / max(float(np.linalg.norm(kink.change)), 1e-9)
    towards, away = -float(kink.before @ push), float(kink.after @ push)
    return towards > 0 and away > -SLIP * towards


def _starts_from_rest(kink: _Kink) -> bool:
    before = kink.path.t < kink.t - 0.5 * kink.path.step
    if before.sum() < 2:
        return _speed(kink.before, kink.path) < 5 * RESTING
    last = kink.path.p[before][-4:]
    still = np.ptp(last, axis=0).max() < max(RESTING * len(last) * kink.path.diameter, 6 * kink.path.noise(kink.t))
    return bool(still)


def _partner(kink: _Kink, paths: list[_Path]) -> _Path | None:
    """The other body that touches at a kink and from which the velocity changes away."""
    for path in paths:
        if path.track == kink.path.track or not path.t[0] - path.step <= kink.t <= path.t[-1] + path.step:
            continue
        mine = np.array([np.interp(kink.t, kink.path.t, kink.path.p[:, a]) for a in (0, 1)])
        other = np.array([np.interp(kink.t, path.t, path.p[:, a]) for a in (0, 1)])
        line = mine - other
        apart = np.linalg.norm(line) / (0.5 * (kink.path.diameter + path.diameter))
        along = float(kink.change @ line) / max(1e-9, float(np.linalg.norm(kink.change) * np.linalg.norm(line)))
        if 0.6 < apart < 1.4 and along > 0.7:
            return path
    return None


def _between(kink: _Kink, partner: _Path, twin: _Kink | None) -> VisualContact:
    t = kink.t if twin is None else _joint_time(kink, twin)
    other = twin or _unbent(partner, t, kink)
    contact = _alone(replace(kink, t=t))
    return replace(
        contact,
        bodies=(kink.path.track, partner.track),
        other_before=_pair(other.before),
        other_after=_pair(other.after),
        confidence=max(contact.confidence, 0.6) * (0.9 if twin is None else 1.0),
    )


def _unbent(path: _Path, t: float, kink: _Kink) -> _Kink:
    """What a body does around the moment at which another's path has a kink, where its own shows none."""
    where = path.window(t, -np.inf, np.inf)
    c = _hinge(path.t[where], path.p[where], t, path.step)[1]
    guess = replace(kink, path=path, t=t, before=c[1] / path.step, after=(c[1] + c[3]) / path.step)
    return _with_speed(guess, -np.inf, np.inf)


def _joint_time(a: _Kink, b: _Kink) -> float:
    """The moment at which both bodies' kinks fit best together."""
    grid = np.linspace(min(a.t, b.t) - 0.3 * a.path.step, max(a.t, b.t) + 0.3 * a.path.step, 41)
    cost = np.zeros(len(grid))
    for kink in (a, b):
        where = kink.path.window(kink.t, -np.inf, np.inf)
        t, p = kink.path.t[where], kink.path.p[where]
        cost += _costs(t, p, grid, kink.path.step) / kink.path.noise(kink.t) ** 2
    return _vertex(grid, cost)


def _alone(kink: _Kink) -> VisualContact:
    change = kink.change
    partner = "floor" if -change[1] >= abs(change[0]) else "wall"
    confidence = float(np.clip(1 - np.exp(-kink.z / 6.0), 0, 1))
    small = np.linalg.norm(change) * kink.path.step < SMALL * kink.path.diameter and kink.z < 4 * LEAST_Z
    if min(kink.sides) < 3 or small:
        confidence = min(confidence, 0.45)
    return VisualContact(
        t=kink.t,
        bodies=(kink.path.track, partner),
        x=float(kink.at[0]),
        y=float(kink.at[1]),
        before=_pair(kink.before),
        after=_pair(kink.after),
        confidence=confidence,
    )


def _pair(v: NDArray[np.float64]) -> tuple[float, float]:
    return float(v[0]), float(v[1])

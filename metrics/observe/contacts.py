"""When moving bodies touch something: kinks of their paths, timed to a fraction of a frame.

Around a kink the path is ``c + v s + a s^2 / 2 + dv max(0, s)`` with ``s = t - t0``: the force field is the same on both sides,
the velocity is not. A kink counts where this fits better than a smooth cubic, and where ``dv`` stands out of the path's own noise.
"""

from __future__ import annotations

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
LEAST_NOISE = 0.02  # pixels; what the matte itself is good for
LEAST_Z = 6.0  # standard errors by which a velocity must change
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
    noise: float
    step: float  # s, between frames

    def window(self, t0: float, low: float, high: float) -> slice:
        """Up to ``SIDE`` frames on each side of ``t0``, none before ``low`` or after ``high``."""
        middle = int(np.searchsorted(self.t, t0))
        start = max(middle - SIDE, int(np.searchsorted(self.t, low)), 0)
        stop = min(middle + SIDE, int(np.searchsorted(self.t, high)), len(self.t))
        return slice(start, stop)


@dataclass(frozen=True, slots=True)
class _Kink:
    path: _Path
    t: float
    at: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    z: float  # velocity change in standard errors
    better: float  # residual of a smooth cubic over that of the kink
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
            noise = max(LEAST_NOISE, _noise(place))
            paths.append(_Path(track.id, track.t[part], place, track.diameter, noise, step))
    return paths


def _noise(place: NDArray[np.float64]) -> float:
    """Standard deviation per axis from third differences, which a parabola does not have; kinks are too few to move the median."""
    third = np.abs(np.diff(place, n=3, axis=0))
    if len(third) == 0:
        return 0.0
    return float(np.sqrt(np.mean((1.4826 * np.median(third, axis=0)) ** 2) / 20.0))


def _kinks(path: _Path) -> list[_Kink]:
    """Segment, then drop the weakest break and look again until all that are left stand out."""
    breaks = _segment(path)
    while breaks:
        fitted = [_fit_break(path, breaks, k) for k in range(len(breaks))]
        strength = [_strength(kink, fitted) for kink in fitted]
        worst = int(np.argmin(strength))
        if strength[worst] >= 1.0:
            return _merged([kink for kink in fitted if kink is not None])
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
        out[length] = np.maximum((values**2).sum(axis=(1, 2)) - (inside**2).sum(axis=(1, 2)), 0) / path.noise**2
    return out


def _fit_break(path: _Path, breaks: list[float], k: int) -> _Kink | None:
    low = breaks[k - 1] if k > 0 else -np.inf
    high = breaks[k + 1] if k + 1 < len(breaks) else np.inf
    where = path.window(breaks[k], low, high)
    return _fit(path, where, breaks[k])


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
    s = (t - t0) / path.step
    smooth = _rss(np.stack([np.ones_like(s), s, s * s, s**3], axis=1)[:, : min(4, len(t) - 1)], p)
    free = max(1, 2 * len(t) - 9)
    sigma = max(path.noise, np.sqrt(rss / free) if len(t) > 5 else 0.0)
    before, after = coefficient[1] / path.step, (coefficient[1] + coefficient[3]) / path.step
    z = float(np.linalg.norm(coefficient[3]) / (sigma * np.sqrt(covariance)))
    floor = (2 * len(t) - 8) * path.noise**2
    better = float((smooth + floor) / (rss + floor)) if len(t) > 5 else 1.0
    sides = (int((t < t0).sum()), int((t >= t0).sum()))
    return _Kink(path, float(t0), coefficient[0], before, after, z, better, sides, float(2 * coefficient[2, 1] / path.step**2))


def _hinge(t: NDArray[np.float64], p: NDArray[np.float64], t0: float, step: float) -> tuple[float, NDArray[np.float64], float]:
    """Residual, coefficients (4, 2) per frame step, and the variance of the velocity change for unit noise."""
    s = (t - t0) / step
    design = np.stack([np.ones_like(s), s, s * s, np.maximum(0, s)], axis=1)
    prior = np.zeros((4, 4))
    prior[2, 2] = prior[3, 3] = 1e-6  # keeps short windows solvable
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
    seen = moved / max(4 * kink.path.noise, 0.012 * kink.path.diameter)
    model = kink.better / 1.5 if shortest >= 3 else 1.0
    beside = [other.z for other in among if other is not None and 0 < abs(other.t - kink.t) < 3.5 * kink.path.step]
    echo = kink.z / (0.12 * max(beside)) if beside else np.inf
    return float(min(kink.z / needed, seen, model, echo))


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
            near = 1.6 * kink.path.step
            twin = next((j for j, o in enumerate(kinks) if j not in used and o.path is partner and abs(o.t - kink.t) < near), None)
            used.update({i} if twin is None else {i, twin})
            contacts.append(_between(kink, partner, None if twin is None else kinks[twin]))
        elif not _starts_from_rest(kink):
            used.add(i)
            contacts.append(_alone(kink))
    return contacts


def _starts_from_rest(kink: _Kink) -> bool:
    before = kink.path.t < kink.t - 0.5 * kink.path.step
    if before.sum() < 2:
        return _speed(kink.before, kink.path) < 5 * RESTING
    last = kink.path.p[before][-4:]
    still = np.ptp(last, axis=0).max() < max(RESTING * len(last) * kink.path.diameter, 6 * kink.path.noise)
    return bool(still and _speed(kink.before, kink.path) < 0.25 * _speed(kink.after, kink.path))


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
    if twin is None:
        where = partner.window(t, -np.inf, np.inf)
        fit = _hinge(partner.t[where], partner.p[where], t, partner.step)[1]
        other_before, other_after, share = fit[1] / partner.step, (fit[1] + fit[3]) / partner.step, 0.7
    else:
        other_before, other_after, share = twin.before, twin.after, 1.0
    contact = _alone(replace(kink, t=t))
    return replace(
        contact,
        bodies=(kink.path.track, partner.track),
        other_before=_pair(other_before),
        other_after=_pair(other_after),
        confidence=max(contact.confidence, 0.6) * share,
    )


def _joint_time(a: _Kink, b: _Kink) -> float:
    """The moment at which both bodies' kinks fit best together."""
    grid = np.linspace(min(a.t, b.t) - 0.3 * a.path.step, max(a.t, b.t) + 0.3 * a.path.step, 41)
    cost = np.zeros(len(grid))
    for kink in (a, b):
        where = kink.path.window(kink.t, -np.inf, np.inf)
        t, p = kink.path.t[where], kink.path.p[where]
        cost += _costs(t, p, grid, kink.path.step) / kink.path.noise**2
    return _vertex(grid, cost)


def _alone(kink: _Kink) -> VisualContact:
    change = kink.change
    partner = "floor" if -change[1] >= abs(change[0]) else "wall"
    confidence = float(np.clip(1 - np.exp(-kink.z / 6.0), 0, 1))
    if min(kink.sides) < 3:
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

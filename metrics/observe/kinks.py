"""Kinks of a path: where its velocity changes at once, timed to a fraction of a frame.

Around a kink the path is ``c + v s + a s^2 / 2 + dv max(0, s)`` with ``s = t - t0``: the force field is the same on both sides,
the velocity is not. A kink counts where this fits better than a smooth quartic, and where ``dv`` stands out of the path's own noise.
"""

from __future__ import annotations

import itertools
from bisect import bisect
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.observe.hinges import costs, hinge, ramp, rss_of, vertex
from kinema.metrics.observe.paths import SIDE, Path, paths_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LEAST_Z", "Kink", "Path", "find_kinks", "joint_time", "paths_of", "unbent"]

WIDE = (12, 8, SIDE)  # frames on each side that are tried, the most first: as many as one acceleration explains
EXPLAINED = 1.6  # -, of the noise expected: a residual up to this is explained
SOFT = (2.0, 3.0, 4.0)  # frames over which a soft contact is tried to last; light alone smears a sharp one over one
SOFTER = 1.6  # -, times by which that must explain more than a sharp one does
STRAIGHT = 5.0  # noise variances by which an acceleration must lessen the residual to be believed
LONGEST_PIECE = 16  # frames in one parabola of the first segmentation
LEAST_Z = 6.0  # standard errors by which a velocity must change
LEAST_BETTER = 1.1  # how many times worse a smooth quartic must fit
CROWDED = 1.1  # the same for kinks judged by their nearest frames alone
TIGHT = 2.5  # times the curvature before and after: so sharp a bend is a soft contact
GRID = np.linspace(-1.1, 1.1, 45)  # frames round a guess at which a kink is tried


@dataclass(frozen=True, slots=True)
class Kink:
    """A sudden change of velocity; places in pixels, velocities in pixels per second, y down."""

    path: Path
    t: float  # s
    at: NDArray[np.float64]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    z: float  # velocity change in standard errors
    better: float  # residual of a smooth quartic over that of the kink
    sides: tuple[int, int]  # frames used before and after
    pull: float  # px/s^2, downward acceleration on both sides
    lasts: float = 0.0  # s, over which the velocity changes; 0: at once, as far as one can tell

    @property
    def change(self) -> NDArray[np.float64]:
        """Velocity after minus velocity before."""
        return self.after - self.before


Known = dict[tuple[float, float, float], Kink | None]  # what was fitted at a break between two others


def find_kinks(path: Path) -> list[Kink]:
    """Segment, then drop breaks that are weaker than their neighbours and look again until all that are left stand out."""
    seams = _tightened(path, _segment(path))
    breaks = list(seams)
    known: Known = {}
    while breaks:
        fitted = [_fit_break(path, breaks, seams, k, known) for k in range(len(breaks))]
        strength = [_strength(kink, fitted[max(0, k - 3) : k + 4]) for k, kink in enumerate(fitted)]
        if min(strength) >= 1.0:
            return _with_speeds(_merged([kink for kink in fitted if kink is not None]))
        edged = [np.inf, *strength, np.inf]
        weak = [s < 1.0 and s < edged[k] and s <= edged[k + 2] for k, s in enumerate(strength)]
        breaks = [at for at, gone in zip(breaks, weak, strict=True) if not gone]
    return []


def _merged(kinks: list[Kink]) -> list[Kink]:
    """A soft contact lasts longer than a frame and leaves two kinks of one direction: take them as one."""
    out: list[Kink] = []
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


def _with_speeds(kinks: list[Kink]) -> list[Kink]:
    """Velocities from as many frames as one acceleration explains, between the neighbouring kinks."""
    out = []
    for k, kink in enumerate(kinks):
        low = kinks[k - 1].t if k > 0 else -np.inf
        high = kinks[k + 1].t if k + 1 < len(kinks) else np.inf
        found = _with_speed(kink, low, high)
        out.append(replace(found, lasts=_lasts(kink.path, kink.path.window(kink.t, low, high, 8), kink.t)))
    return out


def _with_speed(kink: Kink, low: float, high: float) -> Kink:
    path = kink.path
    for side in (2 * SIDE, 3 * SIDE // 2):
        where = path.window(kink.t, low, high, side)
        t, p = path.t[where], path.p[where]
        free = 2 * len(t) - 8
        if free < 6:
            continue
        rss, c, _ = hinge(t, p, kink.t, path.step)
        if rss > 1.6 * free * path.noise(kink.t) ** 2:
            continue
        straight, flat, _ = hinge(t, p, kink.t, path.step, bends=False)
        if straight < rss + 5 * path.noise(kink.t) ** 2:  # two more unknowns explain no more than noise would
            c = flat
        return replace(kink, before=c[1] / path.step, after=(c[1] + c[3]) / path.step, pull=float(2 * c[2, 1] / path.step**2))
    return kink


def _segment(path: Path) -> list[float]:
    """Moments between the parabolas of the cheapest piecewise description."""
    n = len(path.t)
    price = 3.5 * np.log(2.0 * n) * 2
    cost = np.full(n + 1, np.inf)
    cost[0] = -price
    back = np.zeros(n + 1, int)
    longest = min(LONGEST_PIECE, n)
    residual = np.full((n + 1, longest), np.inf)  # by the end of a piece and its length - 1
    for length, values in _residuals(path).items():
        residual[length:, length - 1] = values
    for end in range(1, n + 1):
        some = min(longest, end)
        values = cost[end - some : end][::-1] + price + residual[end, :some]
        best = int(np.argmin(values))
        cost[end], back[end] = values[best], end - best - 1
    ends, at = [], n
    while at > 0:
        at = back[at]
        ends.append(at)
    return [float(path.t[k - 1] + path.t[k]) / 2 for k in sorted(ends) if k > 0]


def _tightened(path: Path, breaks: list[float]) -> list[float]:
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


def _stands_out(path: Path, breaks: list[float], k: int) -> bool:
    return _strength(_fit_break(path, breaks, breaks, k, {}), ()) >= 1.0


def _bend(path: Path, a: int, b: int) -> float:
    """The size of the acceleration of a piece, px/s^2."""
    if b - a < 3:
        return 0.0
    s = path.t[a:b] - path.t[a]
    return float(np.linalg.norm(2 * np.polyfit(s, path.p[a:b], 2)[0]))


def _residuals(path: Path) -> dict[int, NDArray[np.float64]]:
    """For each length and start, the squared residual of a parabola in units of the noise; big steps count less than their square."""
    out: dict[int, NDArray[np.float64]] = {}
    even = float(np.ptp(np.diff(path.t))) < 1e-6 * path.step  # one parabola's directions do for all
    for length in range(1, min(LONGEST_PIECE, len(path.t)) + 1):
        if length <= 3:
            out[length] = np.zeros(len(path.t) - length + 1)
            continue
        times = path.t[None, :length] if even else np.lib.stride_tricks.sliding_window_view(path.t, length)
        s = (times - times.mean(axis=1, keepdims=True)) / path.step
        q, _ = np.linalg.qr(np.stack([np.ones_like(s), s, s * s], axis=2))
        values = np.lib.stride_tricks.sliding_window_view(path.p, length, axis=0)
        values = values - values.mean(axis=2, keepdims=True)
        inside = values @ q
        out[length] = np.maximum((values**2).sum(axis=(1, 2)) - (inside**2).sum(axis=(1, 2)), 0)
        out[length] /= np.lib.stride_tricks.sliding_window_view(path.unrest, length)[:, length // 2] ** 2
    return out


def _fit_break(path: Path, breaks: Sequence[float], seams: Sequence[float], k: int, known: Known) -> Kink | None:
    """The kink at a break: from the frames up to the breaks beside it, or only up to the seams where those fit no better.

    A seam that is no kink itself may still hide bounces too short to be told apart.
    """
    wide = _fit_between(path, breaks[k], [b for b in breaks if b != breaks[k]], known)
    if _strength(wide, ()) >= 1.0:
        return wide
    tight = _fit_between(path, breaks[k], [b for b in seams if b != breaks[k]], known)
    return tight if tight is not None and tight.better > CROWDED and _strength(tight, ()) >= 1.0 else wide


def _fit_between(path: Path, at: float, others: Sequence[float], known: Known) -> Kink | None:
    """From the widest window in which a kink explains all, at least from ``SIDE`` frames on each side."""
    k = bisect(others, at)
    low, high = others[k - 1] if k else -np.inf, others[k] if k < len(others) else np.inf
    if (at, low, high) not in known:
        known[at, low, high] = _widest(path, at, low, high)
    return known[at, low, high]


def _widest(path: Path, at: float, low: float, high: float) -> Kink | None:
    last = slice(0, 0)
    for side in WIDE:
        where = path.window(at, low, high, side)
        if where == last:
            continue
        last = where
        kink = _fit(path, where, at, explained=side > SIDE)
        if kink is not None:
            better = max(_better(path, path.window(kink.t, low, high, one), kink.t) for one in {SIDE, 8, side})
            return replace(kink, better=better)
    return None


def _lasts(path: Path, where: slice, t0: float) -> float:
    """How long the velocity takes to change, where that is clearly more than a moment: 0, 2, 3 or 4 frames in seconds."""
    t, p = path.t[where], path.p[where]
    if len(t) < 10:
        return 0.0
    noise = path.noise(t0) ** 2
    sharp = min(ramp(t, p, t0 + shift * path.step, path.step, 0.0) for shift in (-0.3, 0.0, 0.3))
    soft = [min(ramp(t, p, t0 + shift * path.step, path.step, width) for shift in (-0.5, 0.0, 0.5)) for width in SOFT]
    k = int(np.argmin(soft))
    clearly = sharp > SOFTER * soft[k] and sharp > soft[k] + 12 * noise
    return SOFT[k] * path.step if clearly else 0.0


def _better(path: Path, where: slice, t0: float) -> float:
    """The residual of a smooth quartic, which has as many unknowns, over that of a kink; 1 where there are too few frames to tell."""
    t, p = path.t[where], path.p[where]
    if len(t) < 6:
        return 1.0
    s = (t - t0) / path.step
    smooth = rss_of(np.stack([s**k for k in range(min(5, len(t) - 3))], axis=1), p)
    floor = (2 * len(t) - 8) * path.noise(t0) ** 2
    return float((smooth + floor) / (hinge(t, p, t0, path.step)[0] + floor))


def _fit(path: Path, where: slice, guess: float, *, explained: bool = False) -> Kink | None:
    """The best kink near ``guess``; None where too few frames are left, or (if asked) where it leaves more than noise."""
    t, p = path.t[where], path.p[where]
    if len(t) < 4 or (t < guess).sum() < 1 or (t > guess).sum() < 1:
        return None
    grid = guess + path.step * GRID
    grid = grid[(grid > t[0] + 0.05 * path.step) & (grid < t[-1] - 0.05 * path.step)]
    if len(grid) == 0:
        return None
    free, noise = max(1, 2 * len(t) - 9), path.noise(guess)
    t0 = vertex(grid, costs(t, p, grid, path.step))
    rss, c, variance = hinge(t, p, t0, path.step)
    if explained and rss > EXPLAINED * free * noise**2:
        return None
    if len(t) > 2 * SIDE:
        other = vertex(grid, costs(t, p, grid, path.step, bends=False))
        straight, flat, less = hinge(t, p, other, path.step, bends=False)
        if straight < rss + STRAIGHT * noise**2:
            t0, rss, c, variance = other, straight, flat, less
    sigma = max(noise, np.sqrt(rss / free) if len(t) > 5 else 0.0)
    before, after = c[1] / path.step, (c[1] + c[3]) / path.step
    z = float(np.linalg.norm(c[3]) / (sigma * np.sqrt(variance)))
    sides = (int((t < t0).sum()), int((t >= t0).sum()))
    return Kink(path, float(t0), c[0], before, after, z, 1.0, sides, float(2 * c[2, 1] / path.step**2))


def _strength(kink: Kink | None, among: Sequence[Kink | None]) -> float:
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


def unbent(path: Path, t: float, kink: Kink) -> Kink:
    """What a body does around the moment at which another's path has a kink, where its own shows none."""
    where = path.window(t, -np.inf, np.inf)
    c = hinge(path.t[where], path.p[where], t, path.step)[1]
    guess = replace(kink, path=path, t=t, before=c[1] / path.step, after=(c[1] + c[3]) / path.step)
    return _with_speed(guess, -np.inf, np.inf)


def joint_time(a: Kink, b: Kink) -> float:
    """The moment at which both bodies' kinks fit best together."""
    grid = np.linspace(min(a.t, b.t) - 0.3 * a.path.step, max(a.t, b.t) + 0.3 * a.path.step, 41)
    cost = np.zeros(len(grid))
    for kink in (a, b):
        where = kink.path.window(kink.t, -np.inf, np.inf)
        t, p = kink.path.t[where], kink.path.p[where]
        cost += costs(t, p, grid, kink.path.step) / kink.path.noise(kink.t) ** 2
    return vertex(grid, cost)

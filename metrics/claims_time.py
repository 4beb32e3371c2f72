"""Checks of what the prompt says of events: that they happen, when, in which order, and what must not happen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.claims import STARTED, Evidence, Verdict, check

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Mouth, Track
    from kinema.scenes.request import Claim

__all__ = ["first_motion"]

NEAR_S = 0.45  # s, of an event from the moment asked for that is as good as none: other takes of the truth differ by .25 s and 5 % of speed
FAR_S = 1.2  # s, from which on it counts as another event
ELSEWHEN = 0.5  # -, what is left for an event that is seen, but not near its time
TILTED = 0.6  # rad, from which on something has toppled or fallen over: 34 degrees
REST = 0.08  # -, of its greatest speed, below which a body has come to rest
LANDED = 0.15  # diameters above the lowest place, from which on a falling body has landed
STRUCK = 0.6  # -, of the way down, from which on a blow from above is a landing: a fast body is lowest between two frames
AGAIN = 0.1  # diameters by which a body that has bounced is higher two frames later
COMMON = 0.8  # -, of the shortest way of several bodies, after which it is seen who is first
EARLIER_S = 0.02  # s, by which one must be first
HELD = 0.35  # diameters that something that stands may sway
ROUND_TURNS = 5.2  # rad, that the way through a loop turns by; one whole turn is 6.3
Moments = Callable[["Evidence", list["Track"]], list[float]]


@check("timing")
def _timing(claim: Claim, evidence: Evidence) -> Verdict:
    moment = first_motion(evidence)
    return _at(claim, [] if moment is None else [moment], "anything moves", missed=0.0)


@check("event")
def _event(claim: Claim, evidence: Evidence) -> Verdict:
    if claim.value not in EVENTS:
        return Verdict(claim=claim, holds=None, why=f"nothing looks for {claim.value!r}")
    if claim.value != "speaks" and evidence.missing(claim):
        return Verdict(claim=claim, holds=0.0, why="the body is not seen")
    return _at(claim, EVENTS[claim.value](evidence, evidence.tracks_of(claim)), claim.value)


def _at(claim: Claim, moments: list[float], what: str, missed: float = ELSEWHEN) -> Verdict:
    """Whether one of the moments is near the one asked for."""
    if not moments:
        return Verdict(claim=claim, holds=0.0, why=f"{what}: not seen")
    if claim.time is None:
        return Verdict(claim=claim, holds=1.0, why=f"{what}: seen at {moments[0]:.2f} s")
    wanted = claim.time
    best = min(moments, key=lambda moment: abs(moment - wanted))
    off = best - wanted
    holds = float(np.clip(1 - (1 - missed) * (abs(off) - NEAR_S) / (FAR_S - NEAR_S), missed, 1))
    return Verdict(claim=claim, holds=holds, why=f"{what}: asked for at {claim.time:.2f} s, seen at {best:.2f} s", off_s=off)


def first_motion(evidence: Evidence) -> float | None:
    """When anything first moves: s of the earliest frame in which a body is an eighth of its size from its start, less the time that takes.

    The way of a body set free grows with the square of time, so it was free ``t - 2 (t - t_half)`` earlier, ``t_half`` being when it was
    a quarter as far.
    """
    moments = [_onset(track, evidence) for track in evidence.owners.values()]
    seen = [moment for moment in moments if moment is not None]
    return min(seen) if seen else None


def _onset(track: Track, evidence: Evidence) -> float | None:
    if len(track.t) < 4:
        return None
    x, y = evidence.path(track)
    away = np.hypot(x - np.median(x[:3]), y - np.median(y[:3]))
    far = max(STARTED * track.diameter, 1.0)
    late = _reached(away, track.t, far)
    if late is None:
        turned = np.abs(track.turn - track.turn[0]) if track.marked else np.abs(track.angle - track.angle[0])
        return _reached(turned, track.t, 0.25)
    early = _reached(away, track.t, far / 4)
    return late if early is None else max(float(track.t[0]), late - min(2 * (late - early), 0.3))


def _reached(values: NDArray[np.float64], t: NDArray[np.float64], level: float) -> float | None:
    """The first moment at which a curve passes a level, between frames."""
    over = np.flatnonzero(values >= level)
    if not len(over):
        return None
    k = int(over[0])
    if k == 0 or values[k] == values[k - 1]:
        return float(t[k])
    share = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(t[k - 1] + share * (t[k] - t[k - 1]))


def _velocity(track: Track, evidence: Evidence) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """px/s at each frame, smoothed over three."""
    x, y = evidence.path(track)
    if len(track.t) < 3:
        return np.zeros(len(track.t)), np.zeros(len(track.t))
    return np.gradient(x, track.t), np.gradient(y, track.t)


# Events ------------------------------------------------------------------------------------------------------------------------------


def _collisions(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Contacts of these bodies; where none was resolved, the moment at which a body that stood still is set moving."""
    mine = {track.id for track in tracks}
    hits = [contact.t for contact in evidence.seen.contacts if mine & set(contact.bodies)]
    if hits or len(tracks) < 2:
        return hits
    starts = sorted(moment for moment in (_onset(track, evidence) for track in tracks) if moment is not None)
    return starts[1:2]


def _bounces(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Contacts from above."""
    mine = {track.id for track in tracks}
    return [contact.t for contact in evidence.seen.contacts if contact.bodies[0] in mine and contact.before[1] > 0]


def _topples(evidence: Evidence, tracks: list[Track]) -> list[float]:
    moments = []
    for track in tracks:
        swing = np.abs(track.turn - track.turn[0]) if track.marked else np.abs(track.angle - track.angle[0])
        when = _reached(swing, track.t, TILTED)
        if when is None:
            y = evidence.path(track)[1]
            when = _reached(y - y[0], track.t, 0.5 * track.diameter)
        if when is not None:
            moments.append(when)
    return moments


def _outs(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Moments at which a body that was hidden is seen again."""
    moments = []
    for track in tracks:
        shown = track.visible > 0.5
        frame = track.frame[shown]
        gaps = np.flatnonzero(np.diff(frame) > 2)
        moments += [float(track.t[shown][k + 1]) for k in gaps]
        if len(frame) and frame[0] > 2:
            moments.append(float(track.t[shown][0]))
    return moments


def _passes(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Moments at which a body crosses the middle of the picture from one side to the other."""
    moments = []
    for track in tracks:
        side = track.x - evidence.seen.width / 2
        moments += [float(track.t[k + 1]) for k in np.flatnonzero(side[:-1] * side[1:] < 0)]
    return moments


def _returns(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Moments at which a body turns round, sideways, and comes back by its own size."""
    moments = []
    for track in tracks:
        x = evidence.path(track)[0]
        way = np.abs(x - x[0])
        k = int(way.argmax())
        if way[k] > 0.5 * track.diameter and way[k] - way[k:].min() > 0.3 * track.diameter:
            moments.append(float(track.t[k]))
    return moments


def _stops(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Moments from which on a body that moved is at rest."""
    moments = []
    for track in tracks:
        speed = np.hypot(*_velocity(track, evidence))
        fast = float(np.percentile(speed, 95)) if len(speed) else 0.0
        going = np.flatnonzero(speed > max(REST * fast, 0.02 * track.diameter))
        if fast > 0.3 * track.diameter and len(going) and going[-1] < len(speed) - 2:
            moments.append(float(track.t[going[-1]]))
    return moments


def _rolls_on(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """The moment from which on the speed hardly changes, of a body that never turns round."""
    moments = []
    for track in tracks:
        vx, _ = _velocity(track, evidence)
        if len(vx) < 6 or _returns(evidence, [track]) or abs(vx[-3:].mean()) < 0.1 * np.abs(vx).max():
            continue
        late = np.flatnonzero(np.abs(vx) > 1.15 * abs(np.median(vx[-6:])))
        moments.append(float(track.t[late[-1]]) if len(late) else float(track.t[0]))
    return moments


def _swaps(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Moments at which two bodies pass each other sideways."""
    moments = []
    for k, one in enumerate(tracks):
        for other in tracks[k + 1 :]:
            _, mine, its = np.intersect1d(one.frame, other.frame, return_indices=True)
            side = one.x[mine] - other.x[its]
            moments += [float(one.t[mine[j + 1]]) for j in np.flatnonzero(side[:-1] * side[1:] < 0)]
    return sorted(moments)


def _speaks(evidence: Evidence, tracks: list[Track]) -> list[float]:
    """Moments at which a voice sets in after a quarter of a second without; where mouths are seen, at which those open: none in silence."""
    heard = evidence.seen.heard
    on = np.flatnonzero(heard.voice > 0.5) if heard is not None else np.zeros(0, dtype=int)
    if heard is None or not len(on):
        return []
    opened = [_opens(mouth) for track in tracks for mouth in _mouths(track, evidence)]
    if opened:
        return sorted(moment for one in opened for moment in one)
    fresh = [k for n, k in enumerate(on) if n == 0 or k - on[n - 1] > 25]
    return [float(heard.t[k]) for k in fresh]


def _mouths(track: Track, evidence: Evidence) -> list[Mouth]:
    """The mouths of a body."""
    return [mouth for mouth in evidence.seen.mouths if abs(mouth.x - float(np.median(track.x))) < 1.5 * track.diameter]


def _opens(mouth: Mouth) -> list[float]:
    """Moments at which a mouth opens after a quarter of a second in which it was shut."""
    wide = mouth.t[mouth.opening > 0.5]
    return [float(t) for n, t in enumerate(wide) if n == 0 or t - wide[n - 1] > 0.25]


EVENTS: dict[str, Moments] = {
    "collision": _collisions, "bounce": _bounces, "topple": _topples, "comes out": _outs, "passes": _passes, "return": _returns,
    "stop": _stops, "roll on": _rolls_on, "swap": _swaps, "speaks": _speaks, "splash": _collisions,
}  # fmt: skip


# Order -------------------------------------------------------------------------------------------------------------------------------


@check("order")
def _order(claim: Claim, evidence: Evidence) -> Verdict:
    if evidence.says("sound") == "voice":
        times = _spoken(evidence)
    else:
        times = {body: _arrival(body, track, evidence) for body, track in evidence.owners.items()}
    mine = times.get(claim.body if claim.body is not None else -1)
    if mine is None:
        return Verdict(claim=claim, holds=0.0, why="the body is not seen to be any")
    others = sorted(np.inf if t is None else t for body, t in times.items() if body != claim.body)
    before = sum(other < mine - EARLIER_S for other in others)
    tied = sum(abs(other - mine) <= EARLIER_S for other in others)
    rank = {"first": 0, "second": 1}.get(claim.value, 0)
    holds = float(before == rank and not tied)
    return Verdict(claim=claim, holds=holds, why=f"{claim.value} asked for, at {mine:.2f} s, after {before} of {len(others)} others")


def _arrival(body: int, track: Track, evidence: Evidence) -> float | None:
    """When a body has arrived: landed where it falls, else as far along as every body gets; what is farther off looks slower."""
    down = [claim for claim in evidence.case.claims if claim.kind == "direction" and claim.value == "down"]
    x, y = evidence.path(track)
    first = track.t < evidence.first_cut
    if down:
        low = float(y[first].max()) if first.any() else float(y.max())
        if low - y[0] < STARTED * track.diameter:
            return None
        deep = y[0] + STRUCK * (low - y[0])
        blows = [t for t in _bounces(evidence, [track]) if np.interp(t, track.t, y) > deep]
        turns = [float(track.t[k]) for k in range(1, len(y) - 2) if y[k] > deep and y[k] - y[k + 1 : k + 3].min() > AGAIN * track.diameter]
        reached = _reached(y, track.t, low - LANDED * track.diameter)
        return min([*blows, *turns[:1], *([] if reached is None else [reached])], default=None)
    common = COMMON * min(_reach(one, evidence) * _far(other, evidence) for other, one in evidence.owners.items()) / _far(body, evidence)
    return _reached(np.hypot(x - x[0], y - y[0]), track.t, common) if common > STARTED * track.diameter else None


def _far(body: int, evidence: Evidence) -> float:
    """Metres from the eye at the start, where the truth is known, else 1."""
    start = evidence.start(body)
    return 1.0 if start is None else start[1]


def _reach(track: Track, evidence: Evidence) -> float:
    """Diagonal of the box round a track's way, pixels."""
    x, y = evidence.path(track)
    return float(np.hypot(np.ptp(x), np.ptp(y)))


def _spoken(evidence: Evidence) -> dict[int, float | None]:
    """When each body's mouth first opens wide; where no mouths are seen, from which side the first voice comes."""
    times: dict[int, float | None] = {}
    for body, track in evidence.owners.items():
        y = evidence.path(track)[1]
        swing = np.abs(y - np.median(y[:3]))
        own = _reached(swing, track.t, 0.5 * float(swing.max())) if swing.max() > 0.02 * track.diameter else None
        near = _mouths(track, evidence)
        times[body] = _reached(near[0].opening, near[0].t, 0.5) if near else own
    return times


# What must not happen ----------------------------------------------------------------------------------------------------------------


@check("stays")
def _stays(claim: Claim, evidence: Evidence) -> Verdict:
    test = STAYS.get(claim.value)
    if test is None:
        return Verdict(claim=claim, holds=None, why=f"nothing tells whether it stays {claim.value!r}")
    if evidence.missing(claim):
        return Verdict(claim=claim, holds=0.0, why="the body is not seen")
    shares = [test(track, evidence) for track in evidence.tracks_of(claim)]
    return Verdict(claim=claim, holds=min(shares), why=f"stays {claim.value}: {sum(share >= 0.5 for share in shares)} of {len(shares)}")


def _stands(track: Track, evidence: Evidence) -> float:
    """Neither away from its place by a third of its size, nor turned over."""
    x, y = evidence.path(track)
    away = float(np.hypot(x - x[0], y - y[0]).max()) / max(track.diameter, 1e-9)
    return float(away < HELD) * _whole(track, evidence)


def _whole(track: Track, evidence: Evidence) -> float:
    """Up to which share of the clip it is seen; 1 where it is to within a fifth of a second of the end."""
    end = float(evidence.seen.times[-1]) if len(evidence.seen.times) else 0.0
    return float(np.clip((float(track.t[-1]) + 0.2) / end, 0, 1)) if end > 0 else 0.0


def _in_bowl(track: Track, evidence: Evidence) -> float:
    """Comes up again after its first lowest place, and never gets far below it or out of reach."""
    x, y = evidence.path(track)
    if len(y) < 8:
        return 0.0
    low = int(y.argmax())
    rises = float(y[low] - y[low:].min()) if low < len(y) - 1 else 0.0
    return float(rises > 0.15 * max(float(y[low] - y[0]), track.diameter * 0.1) and np.ptp(x) > 0) * _whole(track, evidence)


def _in_air(track: Track, evidence: Evidence) -> float:
    """Its mean height falls by less than a quarter of what free fall takes, by its own size."""
    size = next((shown.diameter_m for shown in evidence.case.shown if shown.diameter_m), 0.1)
    span = float(track.t[-1] - track.t[0])
    fall = 0.5 * 9.81 * span**2 * track.diameter / size
    drop = float(evidence.path(track)[1][-1] - evidence.path(track)[1][0])
    return float(abs(drop) < 0.25 * fall) * _whole(track, evidence)


def _afloat(track: Track, evidence: Evidence) -> float:
    """Comes up again after it has dipped, and is there at the end."""
    y = evidence.path(track)[1]
    low = int(y.argmax())
    return float(y[low] - y[low:].min() > 0.04 * track.diameter) * _whole(track, evidence)


def _through_loop(track: Track, evidence: Evidence) -> float:
    """The way turns round once."""
    vx, vy = _velocity(track, evidence)
    fast = np.hypot(vx, vy) > 0.2 * track.diameter
    heading = np.unwrap(np.arctan2(vy[fast], vx[fast]))
    return float(len(heading) > 2 and np.ptp(heading) > ROUND_TURNS) * _whole(track, evidence)


STAYS: dict[str, Callable[[Track, Evidence], float]] = {
    "stands": _stands, "up": _stands, "ball": _in_bowl, "in the air": _in_air, "afloat": _afloat, "on the track": _through_loop,
}  # fmt: skip

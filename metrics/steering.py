"""What each factor of a prompt changes in a clip, as numbers that are measured from an observation alone."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.claims_picture import camera_rates
from kinema.metrics.picture_style import likely_looks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kinema.metrics.observation import Observation, Track

__all__ = ["NULL", "QUANTITIES", "measured"]

WINDOW = 7  # frames over which a velocity and an acceleration are fitted
CLEAR = 1.5  # frames on either side of a contact that are left out
SLOWEST = 0.05  # body sizes per second (squared): slower is rest
MOVED = 0.25  # body sizes, after which it is clear where a body goes
SHORTEST_S = 0.1  # s, of decay; less is none


@lru_cache(maxsize=1024)
def measured(seen: Observation) -> dict[str, tuple[float, ...]]:
    """Every quantity that a clip shows, by the factor that should change it; what cannot be measured is left out."""
    found = {}
    for factor, quantity in QUANTITIES.items():
        value = quantity(seen)
        if value is not None and all(np.isfinite(value)):
            found[factor] = tuple(float(one) for one in value)
    return found


def _fits(seen: Observation, track: Track) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Speeds and accelerations, in body sizes, over windows in which the body touches nothing."""
    x, y = seen.steady(track)
    size = max(track.diameter, 1e-6)
    hits = np.array([contact.t for contact in seen.contacts if track.id in contact.bodies])
    speeds, pulls = [], []
    for k in range(0, len(track.t) - WINDOW + 1, 2):
        t = track.t[k : k + WINDOW]
        step = (t[-1] - t[0]) / (WINDOW - 1)
        if step <= 0 or (len(hits) and (((hits > t[0] - CLEAR * step) & (hits < t[-1] + CLEAR * step)).any())):
            continue
        table = np.stack([np.ones(WINDOW), t - t.mean(), (t - t.mean()) ** 2 / 2], axis=1)
        fit = np.linalg.lstsq(table, np.stack([x[k : k + WINDOW], y[k : k + WINDOW]], axis=1) / size, rcond=None)[0]
        speeds.append(float(np.hypot(*fit[1])))
        pulls.append(float(np.hypot(*fit[2])))
    return np.array(speeds), np.array(pulls)


def _pull(seen: Observation) -> tuple[float, ...] | None:
    """The ln of the upper quartile of the acceleration in body sizes per second squared, of the body that is pulled most."""
    pulls = [float(np.percentile(found, 75)) for found in (_fits(seen, track)[1] for track in seen.tracks) if len(found)]
    return (float(np.log(max(*pulls, SLOWEST))),) if pulls else None


def _speed(seen: Observation) -> tuple[float, ...] | None:
    """The ln of the greatest speed in body sizes per second."""
    speeds = [float(np.percentile(found, 95)) for found in (_fits(seen, track)[0] for track in seen.tracks) if len(found)]
    return (float(np.log(max(*speeds, SLOWEST))),) if speeds else None


def _bounce(seen: Observation) -> tuple[float, ...] | None:
    """Speed of parting over speed of meeting, of the hardest contact."""
    best, found = 0.0, None
    for contact in seen.contacts:
        before = np.array(contact.before) - np.array(contact.other_before or (0.0, 0.0))
        after = np.array(contact.after) - np.array(contact.other_after or (0.0, 0.0))
        kick = float(np.linalg.norm(after - before))
        if kick > best and contact.confidence >= 0.5:
            along = (after - before) / kick
            best, found = kick, -float(after @ along) / min(float(before @ along), -1e-6)
    return None if found is None else (float(np.clip(found, 0, 1.5)),)


def _size(seen: Observation) -> tuple[float, ...] | None:
    """Mean ln of the bodies' sizes in the picture."""
    side = min(seen.width, seen.height)
    return (float(np.mean([np.log(max(track.diameter, 0.1) / side) for track in seen.tracks])),) if seen.tracks else None


def _ring(seen: Observation) -> tuple[float, ...] | None:
    """Of the loudest onset: the middle of its spectrum in octaves, and ln of the decay and octave of its loudest partial."""
    onset = max(seen.onsets, key=lambda one: one.level_db, default=None)
    if onset is None or not onset.bands_db:
        return None
    power = 10 ** (np.array(onset.bands_db) / 10)
    middle = float(power @ np.arange(len(power)) / max(power.sum(), 1e-30))
    if not onset.rings:
        return (middle, float(np.log(0.02)), middle)
    return (middle, float(np.log(max(onset.rings[0].t60, 0.01))), float(np.log2(max(onset.rings[0].frequency, 20.0) / 125)))


def _way(seen: Observation) -> tuple[float, ...] | None:
    """The unit vector along which the body that moves first sets out."""
    starts = [start for start in (_start(seen, track, MOVED) for track in seen.tracks) if start is not None]
    if not starts:
        return None
    _, x, y = min(starts)
    far = float(np.hypot(x, y))
    return (x / far, y / far)


def _start(seen: Observation, track: Track, sizes: float) -> tuple[float, float, float] | None:
    """When, and by how much sideways and down, a body has moved by so many of its sizes."""
    x, y = seen.steady(track)
    x, y = np.asarray(x) - np.median(x[:3]), np.asarray(y) - np.median(y[:3])
    far = np.flatnonzero(np.hypot(x, y) > max(sizes * track.diameter, 1.0))
    if not len(far):
        return None
    return float(track.t[far[0]]), float(x[far[0]]), float(y[far[0]])


def _count(seen: Observation) -> tuple[float, ...] | None:
    """The ln of how many bodies are usually visible."""
    return (float(np.log(max(float(np.median(seen.counts)), 0.5))),) if len(seen.counts) else None


def _first(seen: Observation) -> tuple[float, ...] | None:
    """Seconds by which the first of two bodies, by the names of their colours, is ahead of the other: it lands, or sets out, earlier."""
    named = sorted((track for track in seen.tracks if track.colour), key=lambda track: str(track.colour))
    if len(named) < 2:
        return None
    times = [_lands(seen, track) for track in (named[0], named[-1])]
    return None if times[0] is None or times[1] is None else (float(np.clip(times[1] - times[0], -1, 1)),)


def _lands(seen: Observation, track: Track) -> float | None:
    """When a body first touches something, else when it first moves."""
    hits = [contact.t for contact in seen.contacts if track.id in contact.bodies]
    start = _start(seen, track, 0.1)
    return min(hits) if hits else None if start is None else start[0]


def _delay(seen: Observation) -> tuple[float, ...] | None:
    """Seconds until anything moves."""
    starts = [start[0] for start in (_start(seen, track, 0.1) for track in seen.tracks) if start is not None]
    return (min(starts),) if starts else None


def _decay(seen: Observation) -> tuple[float, ...] | None:
    """The ln of the time in which sound dies away."""
    if not seen.onsets:
        return None
    return (float(np.log(max(seen.room.get("decay_s", SHORTEST_S), SHORTEST_S))),)


def _camera(seen: Observation) -> tuple[float, ...] | None:
    """Pan, tilt, zoom and travel, per second."""
    rates = camera_rates(seen)
    return (rates["pan_x"], rates["pan_y"], rates["zoom"], 5 * rates["parallax"]) if len(seen.times) else None


def _style(seen: Observation) -> tuple[float, ...] | None:
    vector = seen.features.get("look")
    return tuple(likely_looks(vector)["style"].values()) if vector else None


def _lighting(seen: Observation) -> tuple[float, ...] | None:
    vector = seen.features.get("look")
    return tuple(likely_looks(vector)["lighting"].values()) if vector else None


QUANTITIES: dict[str, Callable[[Observation], tuple[float, ...] | None]] = {
    "gravity": _pull, "restitution": _bounce, "speed": _speed, "size": _size, "material": _ring, "direction": _way, "count": _count,
    "order": _first, "start": _delay, "room": _decay, "camera": _camera, "style": _style, "lighting": _lighting,
}  # fmt: skip
NULL = {  # standard deviation of each between takes of one truth, where a set has none of its own
    "gravity": 0.12, "restitution": 0.03, "speed": 0.08, "size": 0.05, "material": 0.3, "direction": 0.08, "count": 0.05, "order": 0.04,
    "start": 0.08, "room": 0.2, "camera": 0.01, "style": 0.1, "lighting": 0.15,
}  # fmt: skip

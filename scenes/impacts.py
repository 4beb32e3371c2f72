"""From what touched in every step of the simulator to impacts and to contacts that last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.truth import Contact, Rub

if TYPE_CHECKING:
    from array import array

    from numpy.typing import NDArray

__all__ = ["FIELDS", "Touches", "impacts", "rubs", "swapped"]

FIELDS = ("step", "first", "second", "x", "y", "z", "nx", "ny", "nz", "distance", "force")  # of one point of touch
REARM = 0.008  # s; blows of the same pair that follow sooner are one impact
GAP = 0.006  # s; a lasting contact may be lost for as long
SHORTEST = 0.02  # s; what lasts less does not rub


@dataclass(frozen=True, slots=True)
class Touches:
    """Points of touch, summed over each pair and step; arrays run along (pair, step).

    Attributes:
        names: of bodies, floor and props.
        rate: Hz, of the steps.
        step, first, second: whole numbers; ``first`` is a body.
        point, normal: (m, 3); the normal pushes the first.
        distance: m, of the deepest point; negative inside.
        load: N.
        approach: m/s along the normal, before the step.
        slip: m/s, across the normal, before the step.
        speed: m/s, of the first body's centre past the second's surface, across the normal.
    """

    names: list[str]
    rate: float
    step: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    point: NDArray[np.float64]
    normal: NDArray[np.float64]
    distance: NDArray[np.float64]
    load: NDArray[np.float64]
    approach: NDArray[np.float64]
    slip: NDArray[np.float64]
    speed: NDArray[np.float64]

    @classmethod
    def of(cls, raw: array[float], names: list[str], states: NDArray[np.float64], rate: float) -> Self:
        """Sum the engine's points up.

        Args:
            raw: rows of ``FIELDS``.
            names: of bodies, then of the floor and the props.
            states: (steps + 1, bodies, 13), see ``world``.
            rate: Hz.
        """
        rows = np.frombuffer(raw, dtype=float).reshape(-1, len(FIELDS)) if len(raw) else np.zeros((0, len(FIELDS)))
        step, first, second = (rows[:, k].astype(np.int64) for k in range(3))
        flip = swapped(first, second, states.shape[1])
        first, second = np.where(flip, second, first), np.where(flip, first, second)
        point, normal, force = rows[:, 3:6], rows[:, 6:9] * np.where(flip, -1.0, 1.0)[:, None], rows[:, 10]
        key = (first * len(names) + second) * (len(states) + 1) + step
        unique, group = np.unique(key, return_inverse=True)
        count = len(unique)
        weight = force + 1e-12
        total = np.bincount(group, weight, count)

        def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.stack([np.bincount(group, weight * values[:, k], count) / total for k in range(3)], axis=-1)

        lead = np.zeros(count, dtype=np.int64)
        lead[group[::-1]] = np.arange(len(rows))[::-1]  # the first row of each group
        deepest = np.full(count, np.inf)
        np.minimum.at(deepest, group, rows[:, 9])
        step, first, second = step[lead], first[lead], second[lead]
        middle, across = mean(point), mean(normal)
        across /= np.maximum(np.linalg.norm(across, axis=-1, keepdims=True), 1e-12)
        load = np.asarray(np.bincount(group, force, count), dtype=float)
        surface_of_second = _surface_velocity(states, step, second, middle)
        past = _surface_velocity(states, step, first, middle) - surface_of_second
        approach = -(past * across).sum(axis=-1)
        slip = past + approach[:, None] * across
        glide = (states[step, first, 3:6] if count else np.zeros((0, 3))) - surface_of_second
        glide = glide - (glide * across).sum(axis=-1, keepdims=True) * across
        return cls(
            names, rate, step, first, second, middle, across, deepest, load, approach,
            np.linalg.norm(slip, axis=-1), np.linalg.norm(glide, axis=-1),
        )  # fmt: skip


def swapped(first: Any, second: Any, bodies: int) -> Any:
    """Whether the engine's pair of numbers is turned round here: a body comes before what stands still, and before later bodies."""
    return (first >= bodies) | ((second < first) & (second < bodies))


def _surface_velocity(
    states: NDArray[np.float64], step: NDArray[np.int64], who: NDArray[np.int64], point: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Velocity (m, 3) of the matter at ``point``; 0 for floor and props."""
    velocity = np.zeros((len(step), 3))
    moving = who < states.shape[1]
    state = states[step[moving], who[moving]]
    velocity[moving] = state[:, 3:6] + np.cross(state[:, 10:13], point[moving] - state[:, 0:3])
    return velocity


def impacts(found: Touches, slowest: float) -> tuple[Contact, ...]:
    """Blows: steps in which a pair that approached faster than ``slowest`` (m/s) pressed on each other."""
    blows = np.flatnonzero((found.approach > slowest) & (found.load > 0))
    last: dict[tuple[int, int], tuple[float, int]] = {}  # pair -> (time of its last blow, place in the list)
    contacts: list[Contact] = []
    for k in blows[np.argsort(found.step[blows], kind="stable")]:
        contact = _contact(found, int(k))
        pair = (int(found.first[k]), int(found.second[k]))
        before = last.get(pair)
        moment = found.step[k] / found.rate
        if before is not None and moment - before[0] < REARM:
            contacts[before[1]] = _merged(contacts[before[1]], contact)
            last[pair] = (moment, before[1])
        else:
            last[pair] = (moment, len(contacts))
            contacts.append(contact)
    return tuple(sorted(contacts, key=lambda contact: contact.t))


def _contact(found: Touches, k: int) -> Contact:
    """Where within the step before ``k`` the gap closed: the engine reacts one step after penetration."""
    speed = float(found.approach[k])
    t = found.step[k] / found.rate + min(float(found.distance[k]), 0.0) / speed
    return Contact(
        t=max(float(t), 0.0),
        bodies=(found.names[found.first[k]], found.names[found.second[k]]),
        point=_vector(found.point[k]),
        normal=_vector(found.normal[k]),
        impulse=float(found.load[k] / found.rate),
        approach_speed=speed,
    )


def _merged(first: Contact, second: Contact) -> Contact:
    """Two blows heard as one: at the first's time, with the impulses of both, at the place of the harder."""
    harder = first if first.approach_speed >= second.approach_speed else second
    return Contact(
        t=first.t,
        bodies=first.bodies,
        point=harder.point,
        normal=harder.normal,
        impulse=first.impulse + second.impulse,
        approach_speed=harder.approach_speed,
    )


def rubs(found: Touches, slowest: float, stride: int) -> tuple[Rub, ...]:
    """Contacts that last and move faster than half of ``slowest`` (m/s) at some time; samples at ``TRUTH_RATE``."""
    pairs = found.first * len(found.names) + found.second
    made = []
    for pair in np.unique(pairs):
        mine = np.flatnonzero(pairs == pair)
        pieces = np.split(mine, np.flatnonzero(np.diff(found.step[mine]) > GAP * found.rate) + 1)
        made += [rub for piece in pieces if (rub := _rub(found, piece, slowest, stride)) is not None]
    return tuple(sorted(made, key=lambda rub: float(rub.times[0])))


def _rub(found: Touches, piece: NDArray[np.int64], slowest: float, stride: int) -> Rub | None:
    """The rows of one unbroken contact as a rub, None where it is too short or does not move."""
    step = found.step[piece]
    low, high = -(-int(step[0]) // stride), int(step[-1]) // stride
    if (step[-1] - step[0]) / found.rate < SHORTEST or max(found.speed[piece].max(), found.slip[piece].max()) < slowest / 2:
        return None
    samples = np.arange(low, high + 1)

    def at(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(samples * stride, step, values)

    edges = (np.append(samples, high + 1) - 0.5) * stride  # the load is the mean over a sample's steps: impulses come in single steps
    load = np.histogram(step, edges, weights=found.load[piece])[0] / stride
    return Rub(
        bodies=(found.names[found.first[piece[0]]], found.names[found.second[piece[0]]]),
        times=samples / TRUTH_RATE,
        slip=at(found.slip[piece]),
        speed=at(found.speed[piece]),
        load=load,
        point=np.stack([at(found.point[piece, k]) for k in range(3)], axis=-1),
    )


def _vector(row: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(row[0]), float(row[1]), float(row[2])

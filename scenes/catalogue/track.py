"""The track of a loop, and how a ball's centre runs along it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["CENTRE", "along", "length_of_path", "loop_path", "roll", "tangents", "turned"]

SUBSTEPS = 8  # of the integrator to a sample of the truth
STEEP = float(np.radians(52.0))  # of the run-up
BEND = 0.16  # -, radius of the bend at the foot of the run-up over the view, for the ball's centre
CENTRE = 0.13  # -, x of the loop's middle over the view


@lru_cache(maxsize=32)
def loop_path(*, view: float, loop: float, height: float, lift: float, shift: float, end: float) -> Array:
    """Path (n, 3) of a ball's centre down a run-up, round a loop and out to the right, in points about 0.0005 of the view apart.

    Args:
        view: m, which the other measures of the track follow.
        loop: m, radius of the loop.
        height: m, of the upper end above the lowest point.
        lift: m, of the lowest point above the floor.
        shift: m, by how much the loop moves the path towards the camera.
        end: m, x of the path's end.

    Example:
        >>> path = loop_path(view=1.0, loop=0.17, height=0.5, lift=0.1, shift=0.1, end=0.4)
        >>> path[0].round(2).tolist(), path[-1].round(2).tolist()
        ([-0.36, 0.05, 0.6], [0.4, -0.05, 0.1])
    """
    step, bend = 0.0005 * view, BEND * view
    middle, foot = CENTRE * view, lift
    # run-up: a straight line of STEEP down to a bend whose lowest point is x0
    drop = bend * (1 - np.cos(STEEP))
    straight = (height - drop) / np.sin(STEEP)
    x0 = middle - 0.02 * view
    u = np.arange(0.0, straight, step)
    corner = np.array([x0 - bend * np.sin(STEEP), foot + drop])
    upper = corner - np.array([np.cos(STEEP), -np.sin(STEEP)]) * straight
    line = upper + u[:, None] * np.array([np.cos(STEEP), -np.sin(STEEP)])
    a = np.linspace(STEEP, 0.0, round(bend * STEEP / step) + 1)
    arc = np.stack([x0 - bend * np.sin(a), foot + bend * (1 - np.cos(a))], axis=-1)
    flat = np.arange(step, 0.02 * view - step / 2, step)
    level = np.stack([x0 + flat, np.full(len(flat), foot)], axis=-1)
    b = np.linspace(0.0, 2 * np.pi, round(2 * np.pi * loop / step) + 1)
    ring = np.stack([middle + loop * np.sin(b), foot + loop * (1 - np.cos(b))], axis=-1)
    out = np.arange(middle + step, end + step / 2, step)
    rest = np.stack([out, np.full(len(out), foot)], axis=-1)
    aside = np.concatenate(
        [
            np.full(len(line) + len(arc) + len(level), shift / 2),
            shift * (0.5 - (b - np.sin(2 * b) / 2) / (2 * np.pi)),  # not at the top, nor where it begins and ends
            np.full(len(rest), -shift / 2),
        ]
    )
    plane = np.concatenate([line, arc, level, ring, rest])
    return np.stack([plane[:, 0], aside, plane[:, 1]], axis=-1)


def length_of_path(path: Array) -> Array:
    """Way (n,) along a path."""
    way: Array = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=0), axis=-1))])
    return way


def tangents(way: Array, path: Array) -> Array:
    """Directions (n, 3) along a path, of about unit length."""
    found: Array = np.gradient(path, way, axis=0)
    return found


def along(way: Array, rows: Array, s: Array) -> Array:
    """Rows (n, 3) at ways ``s``, by linear interpolation."""
    return np.stack([np.interp(s, way, rows[:, k]) for k in range(rows.shape[1])], axis=-1)


def roll(way: Array, z: Array, gravity: float, steps: int) -> tuple[Array, Array, int | None]:
    """Way and rate (steps + 1,) of the bead, and the sample from which on it rests at the end of the path (None: not yet).

    Leapfrog: the pull of a stretch is its mean, so energy is kept to second order and does not drift.
    """
    slope = -5 / 7 * gravity * np.gradient(z, way)
    dt = 1 / (TRUTH_RATE * SUBSTEPS)
    s, rate = np.empty(steps + 1), np.empty(steps + 1)
    here, speed, end = 0.0, 0.0, float(way[-1])
    pull = float(np.interp(here, way, slope))
    for k in range(steps + 1):
        s[k], rate[k] = here, speed
        for _ in range(SUBSTEPS):
            half = speed + dt / 2 * pull
            here += dt * half
            pull = float(np.interp(here, way, slope))
            speed = half + dt / 2 * pull
        if here >= end:
            s[k + 1 :], rate[k + 1 :] = end, 0.0
            return s, rate, k + 1 if k < steps else None
    return s, rate, None


def turned(spin: Array) -> Array:
    """Orientations (n, 4), from no turn on, that follow a spin (n, 3): one small turn after another, each about the mean of both ends."""
    out = np.empty((len(spin), 4))
    q = np.array([0.0, 0.0, 0.0, 1.0])
    out[0] = q
    for k in range(1, len(spin)):
        half = (spin[k - 1] + spin[k]) / (4 * TRUTH_RATE)
        size = float(np.linalg.norm(half))
        small = np.append(half * (np.sin(size) / size if size > 1e-12 else 1.0), np.cos(size))
        v, w = small[:3], small[3]
        q = np.append(w * q[:3] + q[3] * v + np.cross(v, q[:3]), w * q[3] - v @ q[:3])
        q = q / np.linalg.norm(q)
        out[k] = q
    return out

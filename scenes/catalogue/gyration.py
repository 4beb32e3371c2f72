"""How a rigid body turns: Euler's equations, integrated here.

PyBullet is not true enough for this: at 3840 Hz a free body that flips about its middle axis gains 1.2 % of its energy in 3 s and its
angular momentum changes by 0.6 % (15360 Hz: 0.3 % and 0.16 %); spins are cut off at 100 rad/s, and a top's tip would be a contact. Here
quaternion and angular momentum take Runge-Kutta steps of fourth order at 3840 Hz: energy and momentum stay to 1e-10. Only torque and
inertia are put in; precession and flips come out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import rotate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from kinema.scenes.shapes import Quaternion, Vector

    Array = NDArray[np.float64]

__all__ = ["BACK", "spun", "turned"]

SUBSTEPS = 4  # per sample of the truth
BACK = np.array([-1.0, -1.0, -1.0, 1.0])  # a quaternion times it is the turn back


def spun(
    orientation: Quaternion, spin: Vector, inertia: Vector, seconds: float, torque: Callable[[list[float]], Vector] | None = None
) -> tuple[Array, Array]:
    """How a rigid body turns: quaternions (n, 4) and spins (n, 3) in the world's axes, at ``TRUTH_RATE``, both ends included.

    Args:
        orientation: at first, x, y, z, w.
        spin: rad/s about the world's axes, at first.
        inertia: kg m^2 about the body's own axes (principal).
        seconds: how long.
        torque: N m in the world's axes for a quaternion; None is none.

    Example:
        >>> facing, spin = spun((0.0, 0.0, 0.0, 1.0), (0.0, 0.0, np.pi), (1.0, 1.0, 1.0), 1.0)
        >>> (abs(facing[-1]).round(6)).tolist(), spin[-1].round(6).tolist()
        ([0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 3.141593])
    """
    count = round(seconds * TRUTH_RATE)
    step = 1 / TRUTH_RATE / SUBSTEPS
    q = list(orientation)
    own = rotate(np.array(orientation) * BACK, np.array(spin))
    momentum = rotate(np.array(orientation), own * np.array(inertia)).tolist()  # of the world: constant where there is no torque
    facings, spins = np.empty((count + 1, 4)), np.empty((count + 1, 3))
    for k in range(count + 1):
        facings[k], spins[k] = q, _spin_of(q, momentum, inertia)
        if k == count:
            break
        for _ in range(SUBSTEPS):
            q, momentum = _runge_kutta(q, momentum, inertia, step, torque)
    return facings, spins


def _spin_of(q: list[float], momentum: list[float], inertia: Vector) -> Vector:
    """The spin that belongs to an angular momentum, both in the world's axes. In plain numbers: arrays of three are slow."""
    own = turned([-q[0], -q[1], -q[2], q[3]], momentum)
    return turned(q, (own[0] / inertia[0], own[1] / inertia[1], own[2] / inertia[2]))


def turned(q: list[float], v: Vector | list[float]) -> Vector:
    """A vector turned by a quaternion, in plain numbers."""
    x, y, z, w = q
    a, b, c = v
    i, j, k = 2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)
    return (a + w * i + y * k - z * j, b + w * j + z * i - x * k, c + w * k + x * j - y * i)


def _runge_kutta(
    q: list[float], momentum: list[float], inertia: Vector, h: float, torque: Callable[[list[float]], Vector] | None
) -> tuple[list[float], list[float]]:
    """One step of the classical fourth-order rule for ``q' = spin q / 2`` and ``L' = torque``."""

    def slope(state: list[float]) -> list[float]:
        x, y, z, w = state[:4]
        a, b, c = _spin_of(state[:4], state[4:], inertia)
        turning = (a * w + b * z - c * y, b * w + c * x - a * z, c * w + a * y - b * x, -a * x - b * y - c * z)
        return [*(one / 2 for one in turning), *(torque(state[:4]) if torque is not None else (0.0, 0.0, 0.0))]

    start = [*q, *momentum]
    k1 = slope(start)
    k2 = slope([s + h / 2 * k for s, k in zip(start, k1, strict=True)])
    k3 = slope([s + h / 2 * k for s, k in zip(start, k2, strict=True)])
    k4 = slope([s + h * k for s, k in zip(start, k3, strict=True)])
    end = [s + h / 6 * (a + 2 * b + 2 * c + d) for s, a, b, c, d in zip(start, k1, k2, k3, k4, strict=True)]
    length = sum(one * one for one in end[:4]) ** 0.5
    return [one / length for one in end[:4]], end[4:]

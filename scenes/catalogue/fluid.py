"""What air and water do to what moves in them: buoyancy, drag by the square of the speed, and the fluid that is carried along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["AIR", "HELIUM", "SPHERE_DRAG", "WATER", "FromRest", "Immersed", "ball_volume", "descent"]

AIR = 1.20  # kg/m^3, at 20 degrees and sea level; the studio is full of it on every world
HELIUM = 0.166  # kg/m^3, likewise
WATER = 998.0  # kg/m^3, at 20 degrees
SPHERE_DRAG = 0.47  # -, drag coefficient of a smooth ball, Reynolds numbers from 1e3 to 2e5


def ball_volume(radius: float) -> float:
    """Volume in m^3 of a ball of ``radius`` m."""
    return float(4 / 3 * np.pi * radius**3)


@dataclass(frozen=True, slots=True)
class Immersed:
    """A body wholly in a fluid.

    Attributes:
        mass: kg, its own.
        displaced: kg of fluid whose place it takes (0 where the mass is what a balance in the fluid shows).
        carried: kg of fluid that has to be set in motion with it ("added mass"; of a ball half of what it displaces).
        drag: kg/m, force over speed squared: ``density C_d area / 2``.
    """

    mass: float
    displaced: float
    carried: float
    drag: float

    def force(self, velocity: Array, gravity: float) -> Array:
        """What the fluid adds to the weight ``mass * gravity``, N (3,).

        Newton's law for body and carried fluid together, ``(m + m_c) dv/dt = -(m - m_d) g - D |v| v``, solved for the acceleration, and
        turned into the force that gives it to the body alone.
        """
        up = np.array([0.0, 0.0, gravity])
        pull = -(self.mass - self.displaced) * up - self.drag * float(np.linalg.norm(velocity)) * velocity
        force: Array = self.mass * (pull / (self.mass + self.carried) + up)
        return force

    def from_rest(self, gravity: float) -> FromRest:
        """How it moves when let go: down where it is heavier than the fluid, up where it is lighter."""
        excess = abs(self.mass - self.displaced) * gravity
        return FromRest(excess / (self.mass + self.carried), float(np.sqrt(excess / self.drag)))


@dataclass(frozen=True, slots=True)
class FromRest:
    """The closed form of motion from rest under a constant pull and quadratic drag.

    Attributes:
        pull: m/s^2, acceleration at the start.
        terminal: m/s, the speed that it tends to.

    Example:
        >>> fall = FromRest(pull=9.81, terminal=2.0)
        >>> round(fall.distance(fall.time(1.5)), 6), round(fall.speed(10.0), 6)
        (1.5, 2.0)
    """

    pull: float
    terminal: float

    @property
    def length(self) -> float:
        """Way in m within which the speed settles: terminal speed squared over pull."""
        return self.terminal**2 / self.pull

    def speed(self, t: float) -> float:
        """Speed in m/s after ``t`` s: ``v_t tanh(a t / v_t)``."""
        return float(self.terminal * np.tanh(self.pull * t / self.terminal))

    def distance(self, t: float) -> float:
        """Way in m after ``t`` s: ``v_t^2 / a  ln cosh(a t / v_t)``."""
        x = self.pull * t / self.terminal
        return float(self.length * (np.logaddexp(x, -x) - np.log(2)))

    def time(self, distance: float) -> float:
        """Seconds until ``distance`` m are covered."""
        y = distance / self.length
        return float(self.terminal / self.pull * (y + np.log1p(np.sqrt(-np.expm1(-2 * y)))))  # arcosh(e^y)


def descent(height: Array, start: float, target: float, times: Array) -> float:
    """When a trajectory first passes ``start - target`` (falling) or ``start + |target|`` (rising), s; NaN where it never does.

    Args:
        height: (n,) m.
        start: m, where it starts.
        target: m, way down; negative is up.
        times: (n,) s.
    """
    gone = (start - height) * np.sign(target) - abs(target)
    passed = np.flatnonzero(gone >= 0)
    if not len(passed) or passed[0] == 0:
        return float("nan")
    k = int(passed[0])
    share = gone[k - 1] / (gone[k - 1] - gone[k])
    return float(times[k - 1] + share * (times[k] - times[k - 1]))

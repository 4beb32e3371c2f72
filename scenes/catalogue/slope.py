"""A plank that slopes: what slides, rolls and tips on it has the same geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.shapes import Box, Hull, turn
from kinema.scenes.truth import Prop

if TYPE_CHECKING:
    from kinema.scenes.shapes import Quaternion, Vector

__all__ = ["Slope"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """A straight plank; distances run along its upper side from its upper end, downhill.

    Attributes:
        angle: radians above the level.
        side: +1 where it descends to the right, -1 where to the left.
        length: m, of the plank.
        width: m, away from the camera.
        thickness: m, of the plank.
        x: m, the middle of its extent from left to right.
        base: m, how far the lower end's underside is above the floor.

    Example:
        >>> slope = Slope(angle=np.pi / 6, side=1, length=2.0, width=1.0, thickness=0.0, x=0.0)
        >>> [round(c, 3) for c in slope.at(2.0)]
        [0.866, 0.0, 0.0]
    """

    angle: float
    side: int
    length: float
    width: float
    thickness: float
    x: float = 0.0
    base: float = 0.0

    @property
    def down(self) -> Vector:
        """Unit vector downhill."""
        return self.side * float(np.cos(self.angle)), 0.0, -float(np.sin(self.angle))

    @property
    def normal(self) -> Vector:
        """Unit vector out of the plank's upper side."""
        return self.side * float(np.sin(self.angle)), 0.0, float(np.cos(self.angle))

    @property
    def turned(self) -> Quaternion:
        """How what stands on it is turned: its own z becomes the normal."""
        return turn((0.0, 1.0, 0.0), self.side * self.angle)

    def at(self, distance: float, above: float = 0.0, y: float = 0.0) -> Vector:
        """The point ``distance`` metres downhill from the upper end and ``above`` the plank."""
        along = distance - self.length / 2
        middle = self.base + self.thickness * float(np.cos(self.angle)) + self.length / 2 * float(np.sin(self.angle))
        (dx, _, dz), (nx, _, nz) = self.down, self.normal
        return self.x + along * dx + above * nx, y, middle + along * dz + above * nz

    def plank(self, *, material: str = "wood", paint: str = "oak", friction: float = 1.0, restitution: float = 1.0) -> Prop:
        """The plank itself."""
        return Prop(
            name="ramp",
            solid=Box((self.length, self.width, self.thickness)),
            position=self.at(self.length / 2, -self.thickness / 2),
            orientation=self.turned,
            material=material,
            paint=paint,
            friction=friction,
            restitution=restitution,
        )

    def support(self, *, paint: str = "charcoal") -> Prop:
        """The wedge that carries it, a little narrower and reaching into the plank, never touched."""
        low, high = self.at(0.98 * self.length, -0.6 * self.thickness), self.at(0.02 * self.length, -0.6 * self.thickness)
        corners = [(low[0], 0.0), (low[0], low[2]), (high[0], high[2]), (high[0], 0.0)]
        middle = (float(np.mean([x for x, _ in corners])), float(np.mean([z for _, z in corners])))
        half = 0.46 * self.width
        points = tuple((x - middle[0], y, z - middle[1]) for x, z in corners for y in (-half, half))
        return Prop(
            name="support", solid=Hull(points), position=(middle[0], 0.0, middle[1]), material="wood", paint=paint, touchable=False
        )

    def stop(self, distance: float, *, height: float, thick: float, restitution: float = 1.0, friction: float = 0.0) -> Prop:
        """A board across the plank whose uphill face stands at ``distance``."""
        return Prop(
            name="stop",
            solid=Box((thick, self.width, height)),
            position=self.at(distance + thick / 2, height / 2),
            orientation=self.turned,
            material="wood",
            paint="slate",
            restitution=restitution,
            friction=friction,
        )

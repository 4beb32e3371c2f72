"""What scenes with a single ball share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.scenes.materials import CLASSIC, MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, a, length_of, of_material
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CLASSIC_FLOORS", "OneBall", "ball_mass", "draw_looks"]

CLASSIC_FLOORS = ("wood", "stone")


def ball_mass(material: str, radius: float) -> float:
    """Mass of a solid ball in kg."""
    return MATERIALS[material].density * 4 / 3 * np.pi * radius**3


def draw_looks(rng: np.random.Generator) -> dict[str, str]:
    """World, material, colour and floor of the first four families, each as likely as the others of its kind."""
    kinds: dict[str, Iterable[str]] = {"world": GRAVITY, "material": CLASSIC, "colour": COLOURS, "floor": CLASSIC_FLOORS}
    return {name: str(rng.choice(list(choices))) for name, choices in kinds.items()}


@dataclass(frozen=True, kw_only=True)
class OneBall(Scene):
    """A scene with one ball; a pendulum's ball hangs from ``pivot``."""

    colour: str
    material: str
    radius: float  # m

    @property
    def pivot(self) -> tuple[float, float, float] | None:
        """Where a rod holds the ball, m; None for a free one."""
        return None

    def bodies(self) -> tuple[Body, ...]:
        """The ball, with its rod if it has one."""
        mass = ball_mass(self.material, self.radius)
        return (Body(name="ball", colour=self.colour, material=self.material, radius=self.radius, mass=mass, rod_to=self.pivot),)

    def claims_of_ball(self, direction: str) -> tuple[Claim, ...]:
        """One ball of its colour that first moves in that direction."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1"),
            Claim(kind="direction", value=direction, body=0),
        )

    def words(self, **more: Any) -> dict[str, Any]:
        """What every wording is filled in with."""
        ball = f"{of_material(self.material)} ball"
        return {
            "ball": f"{self.colour} {ball}",
            "a_ball": f"{a(self.colour)} {ball}",
            "size": length_of(2 * self.radius),
            "floor": FLOORS[self.floor],
            "world": WORLDS[self.world],
            **more,
        }

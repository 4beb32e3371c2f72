"""Bodies that swing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from scipy.special import ellipk

from kinema.scenes.catalogue.falling import ball_mass
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, length_of, of_material
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup
from kinema.scenes.truth import Body

__all__ = ["Pendulum"]

PERIOD = {"earth": 1.5, "moon": 2.0, "mars": 1.75, "jupiter": 1.25}  # s, typical
ARM = 0.5  # -, the rod's length over the view's height
PIVOT = 0.72  # -, the pivot's height over the view's height


@dataclass(frozen=True, kw_only=True)
class Pendulum(Scene):
    """A ball on a rigid, light rod, let go at rest from one side. It touches nothing, so it makes no sound.

    Closed form: a physical pendulum with moment of inertia ``m (L^2 + 2/5 r^2)`` about the pivot; its period is
    ``4 sqrt(I / (m g L)) K(sin^2(theta0 / 2))`` with the complete elliptic integral K.

    History: 1 = first release.
    """

    family: ClassVar[str] = "pendulum"
    laws: ClassVar[tuple[str, ...]] = ("period", "gravity")

    colour: str
    material: str
    radius: float  # m
    length: float  # m, pivot to the ball's centre
    angle: float  # radians from straight down at release, positive to the right

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world = str(rng.choice(list(GRAVITY)))
        material = str(rng.choice(list(MATERIALS)))
        colour = str(rng.choice(list(COLOURS)))
        floor = str(rng.choice(list(FLOORS)))
        size, slowness, opening = rng.uniform(0.08, 0.10), rng.uniform(0.88, 1.12), rng.uniform(24, 36)
        side = float(rng.choice([-1.0, 1.0]))
        prompt_id = int(rng.integers(len(_PENDULUM)))
        world = overrides.pop("world", world)
        length = overrides.pop("length", round(GRAVITY[world] * (PERIOD[world] * slowness / (2 * np.pi)) ** 2, 3))
        view = overrides.pop("view", length / ARM)
        drawn: dict[str, Any] = {
            "colour": colour,
            "floor": floor,
            "material": material,
            "radius": round(size * view, 4),
            "angle": float(np.radians(round(side * opening, 1))),
            "prompt_id": prompt_id,
            **overrides,
        }
        return cls(seed=seed, world=world, length=length, view=view, **drawn)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another opening angle."""
        return {"angle": self.angle * float(rng.uniform(0.95, 1.05))}

    @property
    def pivot(self) -> tuple[float, float, float]:
        """Where it hangs, m."""
        return (0.0, 0.0, PIVOT * self.view)

    def bodies(self) -> tuple[Body, ...]:
        """The ball and its rod."""
        mass = ball_mass(self.material, self.radius)
        return (
            Body(
                name="ball",
                colour=self.colour,
                material=self.material,
                radius=self.radius,
                mass=mass,
                rod_to=self.pivot,
            ),
        )

    def setup(self) -> Setup:
        """At rest, to one side."""
        x, _, z = self.pivot
        place = (x + self.length * float(np.sin(self.angle)), 0.0, z - self.length * float(np.cos(self.angle)))
        return Setup(
            position=(place,),
            velocity=((0.0, 0.0, 0.0),),
            restitution=(MATERIALS[self.material].restitution,),
            pivot=self.pivot,
        )

    @property
    def period(self) -> float:
        """Closed form, s."""
        inertia = self.length**2 + 0.4 * self.radius**2
        return float(4 * np.sqrt(inertia / (self.gravity * self.length)) * ellipk(np.sin(self.angle / 2) ** 2))

    def prompts(self) -> tuple[str, ...]:
        """Wordings."""
        words = {
            "ball": f"{self.colour} {of_material(self.material)} ball",
            "size": length_of(2 * self.radius),
            "length": length_of(self.length),
            "floor": FLOORS[self.floor],
            "world": WORLDS[self.world],
            "from": "right" if self.angle > 0 else "left",
            "side": "left" if self.angle > 0 else "right",
        }
        return tuple(text.format(**words) for text in _PENDULUM)

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, first moving away from where it was held."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1"),
            Claim(kind="direction", value="left" if self.angle > 0 else "right", body=0),
        )


_PENDULUM = (
    "A single {ball}, {size} across, swings on a thin rod of {length} above {floor} {world}, let "
    "go on the {from} so that it first swings to the {side}. No sound.",
    "One {ball} ({size} wide) hangs from a rod of {length} over {floor} {world}; "
    "released from the {from}, it swings silently to the {side} and back.",
    "A pendulum: a single {ball} of {size} on a rod {length} long, above {floor} "
    "{world}, starts on the {from} and swings to the {side} without a sound.",
    "Fixed camera: one {ball}, {size} in diameter, swings from the {from} to the "
    "{side} on a rod of {length} over {floor} {world}, in silence.",
)

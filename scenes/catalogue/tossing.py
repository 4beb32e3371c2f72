"""A ball that is thrown straight up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import OneBall
from kinema.scenes.catalogue.wording import fine_length
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import Account, length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Setup

if TYPE_CHECKING:
    from kinema.scenes.truth import Truth

__all__ = ["Toss"]

FLIGHT = {"earth": 0.88, "moon": 1.3, "mars": 1.1}  # s, typical, from the hand and back to its height
REACH = 0.56  # -, share of the view that it climbs
LOW = 0.08  # -, height of the throw over the view's
TOSS_MATERIALS = ("rubber", "plastic", "wood", "cork", "leather", "steel", "stone")


@dataclass(frozen=True, kw_only=True)
class Toss(OneBall):
    """A ball thrown straight up on Moon, Mars or Earth; it comes back and bounces. The air is left out.

    Closed form: it is back at its start after ``2 v / g``, highest by ``v^2 / 2 g``, and as fast as it left.

    History: 1 = first release.
    """

    family: ClassVar[str] = "toss"
    laws: ClassVar[tuple[str, ...]] = ("parabola", "restitution", "gravity", "arrow_of_time")
    area: ClassVar[str] = "falling and flight"

    height: float  # m, from the ball's lowest point at the throw to the floor
    speed: float  # m/s, upwards
    restitution: float  # -
    x: float  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world, material, colour, floor = (
            str(rng.choice(list(choices))) for choices in (FLIGHT, TOSS_MATERIALS, COLOURS, ("wood", "stone", "concrete", "ceramic"))
        )
        size, slowness, place, bounce = rng.uniform(0.07, 0.08), rng.uniform(0.9, 1.1), rng.uniform(-0.16, 0.16), rng.uniform(-0.02, 0.02)
        own: dict[str, Any] = {
            "world": world, "material": material, "colour": colour, "floor": floor, "prompt_id": int(rng.integers(6)), **overrides,
        }  # fmt: skip
        g = GRAVITY[own["world"]]
        speed = own.setdefault("speed", round(g * FLIGHT.get(own["world"], 0.8) * slowness / 2, 3))
        view = own.setdefault("view", speed**2 / (2 * g) / REACH)
        own.setdefault("restitution", round(MATERIALS[own["material"]].restitution + bounce, 3))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("height", round(LOW * view, 3))
        own.setdefault("x", round(place * view, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another throw."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05)), "speed": self.speed * float(rng.uniform(0.95, 1.03))}

    @property
    def width(self) -> float:
        """Diameter, m."""
        return 2 * self.radius

    @property
    def climb(self) -> float:
        """Closed form: m from the throw to the highest point."""
        return self.speed**2 / (2 * self.gravity)

    @property
    def landing(self) -> float:
        """Closed form: s from the throw to the first contact."""
        return float((self.speed + np.sqrt(self.speed**2 + 2 * self.gravity * self.height)) / self.gravity)

    def setup(self) -> Setup:
        """At the throw."""
        return Setup(
            position=((self.x, 0.0, self.height + self.radius),),
            velocity=((0.0, 0.0, self.speed),),
            restitution=(self.restitution,),
        )

    def account(self) -> Account:
        """In words."""
        say = self.words(height=length_of(self.height), climb=length_of(self.climb), speed=f"{self.speed:.2f} m/s")
        say["size"] = fine_length(self.width)
        ball, world, floor, size, climb, speed = (say[key] for key in ("ball", "world", "floor", "size", "climb", "speed"))
        return Account(
            short=f"A single {ball}, {size} across, is thrown straight up at {speed} {world}; it rises {climb}, comes back and bounces "
            f"with a thump on {floor}.",
            detailed=f"One {ball}, {size} in diameter, starts {say['height']} above {floor} {world}, thrown straight up at {speed}. It "
            f"slows down, stops for a moment {climb} higher, falls back the same way and bounces on the floor with a thump at every hit.",
            paraphrases=(
                f"{world[0].upper()}{world[1:]}, one {ball} ({size} wide) flies straight up at {speed}, turns round after {climb}, falls "
                f"and bounces on {floor}; each hit is a thump.",
                f"Fixed camera: one {ball} of {size} goes up at {speed} {world}, hangs for an instant {climb} higher, drops back and "
                f"lands on {floor} with a thump.",
                f"Only one ball, {say['a_ball'].lower()} of {size}: tossed vertically up with {speed} {world}, it climbs {climb}, "
                f"returns, and thumps onto {floor}, where it bounces.",
            ),
            beats=(
                (0.0, "the ball is thrown upwards"),
                (self.speed / self.gravity, "it is at its highest point"),
                (2 * self.speed / self.gravity, "it passes its start, as fast as it left"),
                (self.landing, "it hits the floor and bounces"),
            ),
            heard=("a thump at every bounce",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, first going up."""
        return (*self.claims_of_ball("up"), Claim(kind="sound", value="impact", words=("thump",)))

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Flight time, highest point, speed on return, time of landing."""
        z, start, t = truth.position[:, 0, 2], self.height + self.radius, truth.times - self.delay
        gone = np.flatnonzero((z < start) & (t > 0))[0]
        share = (z[gone - 1] - start) / (z[gone - 1] - z[gone])
        back = float(t[gone - 1] + share * (t[gone] - t[gone - 1]))
        speed = float(np.interp(back, t, truth.velocity[:, 0, 2]))
        return (
            Proof(law="flight time", closed_form=2 * self.speed / self.gravity, simulated=back, tolerance=0.005, source="2 v / g"),
            Proof(law="highest point", closed_form=self.climb, simulated=float(z.max()) - start, tolerance=0.005, source="v^2 / 2 g"),
            Proof(law="speed on return", closed_form=self.speed, simulated=-speed, tolerance=0.005, source="v"),
            Proof(
                law="landing", closed_form=self.landing, simulated=truth.contacts[0].t - self.delay, tolerance=0.005,
                source="(v + sqrt(v^2 + 2 g h)) / g",
            ),
            never_rises(energy_of(truth), truth.bodies[0].mass * self.gravity * (self.climb + self.height)),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Faster, larger, of other stuff, more bouncing."""
        by_density = sorted({self.material, "cork", "wood", "steel"}, key=lambda name: MATERIALS[name].density)
        return {
            "speed": tuple(replace(self, speed=round(self.speed * factor, 3)) for factor in (0.7, 0.85, 1.0)),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.86, 1.0, 1.16)),
            "material": tuple(replace(self, material=name) for name in by_density),
        }

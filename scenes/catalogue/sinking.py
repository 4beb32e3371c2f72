"""What sinks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import OneBall
from kinema.scenes.catalogue.fluid import SPHERE_DRAG, WATER, FromRest, Immersed, ball_volume, descent
from kinema.scenes.catalogue.tank import FLOORS_BELOW, WALL, tank
from kinema.scenes.catalogue.wording import fine_length, pull_in_words
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import Account, length_of, of_material
from kinema.scenes.proof import Proof, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import Setup
from kinema.scenes.truth import Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import State
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Sinking"]

SINKERS = ("rubber", "nylon", "phenolic", "glass", "stone")
SINK_LEVEL, SINK_TANK = 0.72, (0.5, 0.4)  # -, of the water; width and depth of the tank: over the view


@dataclass(frozen=True, kw_only=True)
class Sinking(OneBall):
    """A ball is let go just under the surface of water and sinks to the bottom of the tank.

    Closed form: weight less buoyancy against quadratic drag, with half of the displaced water carried along: ``v = v_t tanh(a t / v_t)``,
    ``a = (m - rho V) g / (m + rho V / 2)``, ``v_t = sqrt(2 (m - rho V) g / (rho C_d pi r^2))``. The drag coefficient is held constant.

    History: 1 = first release.
    """

    family: ClassVar[str] = "sinking"
    laws: ClassVar[tuple[str, ...]] = ("buoyancy", "drag")
    area: ClassVar[str] = "water and grains"

    x: float  # m
    cover: float  # m, of water above the ball at release
    restitution: float  # -

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, material, floor = (str(rng.choice(list(choices))) for choices in (COLOURS, SINKERS, FLOORS_BELOW))
        view, size, place, above = rng.uniform(1.0, 1.3), rng.uniform(0.068, 0.076), rng.uniform(-0.1, 0.1), rng.uniform(0.018, 0.03)
        own: dict[str, Any] = {
            "colour": colour, "material": material, "floor": floor, "view": round(view, 3), "prompt_id": int(rng.integers(6)), **overrides,
        }  # fmt: skip
        view = own["view"]
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("x", round(place * view, 3))
        own.setdefault("cover", round(above * view, 4))
        own.setdefault("restitution", round(0.6 * MATERIALS[own["material"]].restitution, 3))  # estimate: some goes into the water between
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"cover": self.cover * float(rng.uniform(0.95, 1.05))}

    @property
    def width(self) -> float:
        """Diameter, m."""
        return 2 * self.radius

    @property
    def depth(self) -> float:
        """Way from the release to the bottom, m."""
        return (SINK_LEVEL - WALL) * self.view - self.cover - 2 * self.radius

    @property
    def in_water(self) -> Immersed:
        """What the water does to it."""
        volume, drag = ball_volume(self.radius), WATER * SPHERE_DRAG * np.pi * self.radius**2 / 2
        mass = self.bodies()[0].mass
        return Immersed(mass=mass, displaced=WATER * volume, carried=WATER * volume / 2, drag=float(drag))

    @property
    def fall(self) -> FromRest:
        """Closed form."""
        return self.in_water.from_rest(self.gravity)

    def props(self) -> tuple[Prop, ...]:
        """The tank."""
        return tank(self.view, SINK_TANK[0] * self.view, SINK_TANK[1] * self.view, SINK_LEVEL * self.view)

    def setup(self) -> Setup:
        """At rest under the surface."""
        place = (self.x, 0.0, SINK_LEVEL * self.view - self.cover - self.radius)
        return Setup(position=(place,), velocity=((0.0, 0.0, 0.0),), restitution=(self.restitution,), erp=0.05)

    def forces(self, state: State) -> tuple[Array, Array]:
        """The water."""
        return self.in_water.force(state.velocity[0], self.gravity)[None], np.zeros((1, 3))

    def account(self) -> Account:
        """In words."""
        say = self.words(depth=length_of(self.depth)) | {"size": fine_length(self.width)}
        ball, size, floor, depth, where = say["ball"], say["size"], say["floor"], say["depth"], pull_in_words(self)
        return Account(
            short=f"A single {ball}, {size} across, let go just under the surface of a glass tank of water{where}, sinks straight down "
            f"{depth} and hits the bottom with a dull knock.",
            detailed=f"One {ball} of {size} is let go at rest just under the surface of the water in a tall glass tank on {floor}{where}. "
            f"It sinks straight down through {depth} of water, held back by buoyancy and drag, hits the glass bottom with a dull knock.",
            paraphrases=(
                f"One {ball} ({size} wide) goes down in a glass tank of water{where}: heavier than water it sinks {depth} to the bottom "
                "and knocks on the glass.",
                f"Fixed camera: in the water of a glass tank on {floor}{where} one {ball}, {size} in diameter, sinks straight down "
                f"{depth}, slower than it would fall in air, until a dull knock on the bottom.",
                f"Sinking: released under water{where}, one {ball} of {size} moves down through {depth} of water, faster at first and "
                "then ever more evenly, and lands on the bottom of the tank with a knock.",
            ),
            beats=(
                (0.0, "the ball is let go under the surface and sinks"),
                (self.fall.time(self.depth / 2), "it is half-way down"),
                (self.fall.time(self.depth), "it hits the bottom of the tank"),
            ),
            heard=("a dull knock on glass under water",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, going down."""
        return (
            *self.claims_of_ball("down"),
            Claim(kind="material", value=self.material, body=0, words=(of_material(self.material),)),
            Claim(kind="sound", value="impact", words=("knock",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Time to half-way and to the bottom, speed there, and energy of ball and water."""
        fall, z, t = self.fall, truth.position[:, 0, 2], truth.times - self.delay
        half = descent(z, z[0], self.depth / 2, t)
        contact = truth.contacts[0]
        speed = float(np.interp(half, t, -truth.velocity[:, 0, 2]))
        tanh = "v_t / a  arcosh exp(a h / v_t^2)"
        water = self.in_water
        moving = (water.mass + water.carried) / 2 * (truth.velocity[:, 0] ** 2).sum(axis=-1)
        energy = (moving + (water.mass - water.displaced) * self.gravity * z)[t >= 0]
        return (
            Proof(law="time to half-way", closed_form=fall.time(self.depth / 2), simulated=half, tolerance=0.01, source=tanh),
            Proof(
                law="time to the bottom", closed_form=fall.time(self.depth), simulated=contact.t - self.delay, tolerance=0.01, source=tanh
            ),
            Proof(
                law="speed half-way", closed_form=fall.speed(fall.time(self.depth / 2)), simulated=speed, tolerance=0.01,
                source="v_t tanh(a t / v_t)",
            ),
            Proof(
                law="speed at the bottom", closed_form=fall.speed(fall.time(self.depth)), simulated=contact.approach_speed, tolerance=0.01,
                source="v_t tanh(a t / v_t)",
            ),
            never_rises(energy, float(np.ptp((water.mass - water.displaced) * self.gravity * z))),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Of denser stuff; larger."""
        return {
            "material": tuple(replace(self, material=name) for name in ("rubber", "phenolic", "glass", "steel")),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.87, 1.0, 1.15)),
        }

"""What floats."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.fluid import WATER
from kinema.scenes.catalogue.tank import FLOORS_BELOW, tank
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, length_of, of_material
from kinema.scenes.proof import Proof, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup
from kinema.scenes.shapes import Box
from kinema.scenes.truth import Body, Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import State
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Floating"]

FLOATERS = ("pine", "cork", "foam")
CARRIED = float(4 / 3 / np.pi**1.5)  # -, estimate: water carried below, of a disc as large, over density times edge cubed
LEVEL, TANK = 0.42, (0.7, 0.46)  # -, of the water; width and depth of the tank: over the view
RATIO = 0.12  # -, estimate: damping of a floating block by waves and friction, over the critical one


@dataclass(frozen=True, kw_only=True)
class Floating(Scene):
    """A block is let go higher in the water than it can float; it bobs and comes to rest with a share of itself under water.

    Closed form (Archimedes): at rest the immersed share of its height is its density over the water's. About that it bobs as a damped
    spring of stiffness ``rho g A``: ``T = 2 pi / sqrt(rho g A / (m + m_c) - gamma^2)``, with carried water ``m_c`` and a damping
    ``gamma = c / (2 (m + m_c))``, both estimates. The level stands still, as in a wide tank; nothing splashes, as the block starts in
    the water and stays in it.

    History: 1 = first release.
    """

    family: ClassVar[str] = "floating"
    laws: ClassVar[tuple[str, ...]] = ("buoyancy", "rest_depth", "period")
    audible: ClassVar[bool] = False
    area: ClassVar[str] = "water and grains"

    colour: str
    material: str
    edge: float  # m, of the square that lies in the water
    thickness: float  # m, its height
    immersion: float  # m, at release
    damping: float  # N s/m
    x: float  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, material, floor = (str(rng.choice(list(choices))) for choices in (COLOURS, FLOATERS, FLOORS_BELOW))
        view, edge, thick, place = rng.uniform(1.0, 1.3), rng.uniform(0.25, 0.28), rng.uniform(0.175, 0.195), rng.uniform(-0.1, 0.1)
        own: dict[str, Any] = {
            "colour": colour, "material": material, "floor": floor, "view": round(view, 3), "prompt_id": int(rng.integers(6)), **overrides,
        }  # fmt: skip
        view = own["view"]
        edge, thick = own.setdefault("edge", round(edge * view, 3)), own.setdefault("thickness", round(thick * view, 3))
        own.setdefault("x", round(place * view, 3))
        rest = thick * MATERIALS[own["material"]].density / WATER
        own.setdefault("immersion", round(0.15 * rest, 4))  # less than any of the three needs, so that it moves down first
        total = WATER * edge**2 * rest + CARRIED * WATER * edge**3
        critical = 2 * np.sqrt(total * WATER * GRAVITY[own.get("world", "earth")] * edge**2)
        own.setdefault("damping", float(f"{RATIO * critical:.4g}"))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another depth at release."""
        return {"immersion": self.immersion * float(rng.uniform(0.95, 1.05))}

    @property
    def share(self) -> float:
        """Closed form: immersed share of the block's height at rest."""
        return MATERIALS[self.material].density / WATER

    @property
    def rest(self) -> float:
        """Closed form: immersed height at rest, m."""
        return self.share * self.thickness

    @property
    def inertia(self) -> float:
        """Mass of the block and of the water that it carries along, kg."""
        return self.bodies()[0].mass + CARRIED * WATER * self.edge**3

    @property
    def period(self) -> float:
        """Closed form, s."""
        stiffness, gamma = WATER * self.gravity * self.edge**2, self.damping / (2 * self.inertia)
        return float(2 * np.pi / np.sqrt(stiffness / self.inertia - gamma**2))

    def bodies(self) -> tuple[Body, ...]:
        """The block."""
        solid = Box((self.edge, self.edge, self.thickness))
        mass = MATERIALS[self.material].density * self.edge**2 * self.thickness
        radius = float(np.sqrt(self.edge * self.thickness / np.pi))
        return (Body(name="block", colour=self.colour, material=self.material, radius=radius, mass=mass, shape="block", solid=solid),)

    def props(self) -> tuple[Prop, ...]:
        """The tank."""
        return tank(self.view, TANK[0] * self.view, TANK[1] * self.view, LEVEL * self.view)

    def setup(self) -> Setup:
        """At rest, ``immersion`` deep in the water."""
        place = (self.x, 0.0, LEVEL * self.view + self.thickness / 2 - self.immersion)
        return Setup(position=(place,), velocity=((0.0, 0.0, 0.0),), restitution=(0.3,))

    def forces(self, state: State) -> tuple[Array, Array]:
        """Buoyancy and damping, with the carried water in the inertia (see :class:`~kinema.scenes.catalogue.fluid.Immersed`)."""
        mass = self.bodies()[0].mass
        deep = float(np.clip(LEVEL * self.view - (state.position[0, 2] - self.thickness / 2), 0.0, self.thickness))
        buoyancy = WATER * self.gravity * self.edge**2 * deep
        drag = self.damping * float(state.velocity[0, 2]) if deep > 0 else 0.0
        carried = self.inertia if deep > 0 else mass
        acceleration = (buoyancy - mass * self.gravity - drag) / carried
        return np.array([[0.0, 0.0, mass * (acceleration + self.gravity)]]), np.zeros((1, 3))

    def account(self) -> Account:
        """In words."""
        block = f"{self.colour} {of_material(self.material)} block"
        wide, tall, rest = (length_of(x) for x in (self.edge, self.thickness, self.rest))
        start = f"{self.immersion * 1000:.0f} mm"
        where, floor = pull_in_words(self), FLOORS[self.floor]
        return Account(
            short=f"A single {block}, {wide} wide and {tall} high, is let go {start} deep in a glass tank of water{where}: it moves down, "
            f"bobs up and down and floats with {rest} of its height under water. No sound.",
            detailed=f"One {block}, {wide} wide and {tall} high, is held {start} deep in the water of a glass tank on {floor}{where} and "
            f"let go. It goes down, bobs up and down a few times, ever less, and stays afloat, upright, with {rest} of its height under "
            "water. Nothing splashes and there is no sound.",
            paraphrases=(
                f"One {block} ({wide} by {tall}) floats in a glass tank of water on {floor}{where}: released {start} deep, it first moves "
                f"down, bobs silently and settles {rest} deep.",
                f"Fixed camera: {start} deep in a tank of water{where} at first, a single {block}, {wide} across and {tall} tall, moves "
                f"down, comes back up, goes down again, and without a sound ends up floating {rest} deep.",
                f"Floating: one {block}, {tall} high and {wide} wide, bobs up and down in a glass tank{where} after it is let go {start} "
                f"deep and moves down; it never goes under and comes to rest with {rest} below the surface, all in silence.",
            ),
            beats=(
                (0.0, "the block is let go and moves down"),
                (self.period / 2, "it is deepest and turns back up"),
                (self.period, "it has bobbed once"),
                (2.5, "it hardly moves any more and floats"),
            ),
            unheard=("no sound at all",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One block of that colour that moves down at first and stays afloat."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1"),
            Claim(kind="direction", value="down", body=0),
            Claim(kind="shape", value="block", body=0),
            Claim(kind="material", value=self.material, body=0, words=(of_material(self.material),)),
            Claim(kind="stays", value="afloat", body=0, words=("float", "afloat")),
            Claim(kind="silence", value="all", words=("no sound", "silen", "without a sound")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Depth at rest and period, from the turning points; what is immersed; energy of block and water."""
        deep = LEVEL * self.view - (truth.position[:, 0, 2] - self.thickness / 2)
        times, depths = _turns(truth.times, deep, truth.velocity[:, 0, 2])
        first, second, third = depths[-3:]
        rest = (first * third - second**2) / (first + third - 2 * second)  # the limit of turns that shrink by one factor
        period = 2 * float(np.mean(np.diff(times)))
        energy, scale = self.energy(truth, deep)
        return (
            Proof(
                law="depth at rest", closed_form=self.rest, simulated=float(rest), tolerance=0.005, source="density / density of water * "
                "height"
            ),
            Proof(
                law="period of bobbing", closed_form=self.period, simulated=period, tolerance=0.005,
                source="2 pi / sqrt(rho g A / (m + m_c) - gamma^2)",
            ),
            Proof(
                law="depth at the end", closed_form=self.rest, simulated=float(deep[truth.times > truth.seconds - self.period].mean()),
                tolerance=0.01, source="density / density of water * height",
                scale=self.thickness,
            ),
            never_rises(energy, scale),
        )  # fmt: skip

    def energy(self, truth: Truth, deep: Array) -> tuple[Array, float]:
        """Energy of block, lifted water and carried water from the release on, J; and that of the first displacement."""
        after = truth.times >= self.delay
        spring = WATER * self.gravity * self.edge**2 * (deep[after] - self.rest) ** 2 / 2
        moving = self.inertia * truth.velocity[after, 0, 2] ** 2 / 2
        return spring + moving, float(spring[0])

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Of denser stuff; thicker; released deeper."""
        return {
            "material": tuple(replace(self, material=name) for name in ("cork", "foam", "pine")),
            "size": tuple(replace(self, thickness=self.thickness * factor) for factor in (0.85, 1.0, 1.15)),
            "depth": tuple(replace(self, immersion=self.immersion + part * (self.rest - self.immersion)) for part in (0.0, 0.25, 0.5)),
        }


def _turns(times: Array, depth: Array, speed: Array) -> tuple[Array, Array]:
    """Moments and depths at which a motion with the upward ``speed`` turns round, after its start."""
    at = np.flatnonzero(speed[:-1] * speed[1:] < 0)
    share = speed[at] / (speed[at] - speed[at + 1])
    step = times[1] - times[0]
    turned: Array = depth[at] - speed[at] * share * step / 2
    return times[at] + share * step, turned

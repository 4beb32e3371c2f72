"""Bodies in a tank of water: what floats and what sinks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import OneBall
from kinema.scenes.catalogue.fluid import SPHERE_DRAG, WATER, FromRest, Immersed, ball_volume, descent
from kinema.scenes.catalogue.wording import fine_length, pull_in_words
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

__all__ = ["Floating", "Sinking", "tank"]

FLOORS_BELOW = ("wood", "stone", "concrete", "ceramic")
WALL = 0.012  # -, thickness of the glass over the view


def tank(view: float, width: float, depth: float, level: float) -> tuple[Prop, ...]:
    """A glass tank on the floor, ``width`` m inside from left to right, ``depth`` m from front to back, with water up to ``level`` m."""
    wall, brim = WALL * view, level + 0.05 * view
    half, back, middle = (width + wall) / 2, (depth + wall) / 2, brim / 2

    def pane(name: str, size: tuple[float, float, float], place: tuple[float, float, float]) -> Prop:
        return Prop(name=name, solid=Box(size), position=place, material="glass", paint="glass", opacity=0.15)

    return (
        pane("bottom", (width + 2 * wall, depth + 2 * wall, wall), (0.0, 0.0, wall / 2)),
        pane("left_wall", (wall, depth, brim - wall), (-half, 0.0, middle + wall / 2)),
        pane("right_wall", (wall, depth, brim - wall), (half, 0.0, middle + wall / 2)),
        pane("front_wall", (width + 2 * wall, wall, brim - wall), (0.0, -back, middle + wall / 2)),
        pane("back_wall", (width + 2 * wall, wall, brim - wall), (0.0, back, middle + wall / 2)),
        Prop(
            name="water", solid=Box((width, depth, level - wall)), position=(0.0, 0.0, (level + wall) / 2), material="glass", paint="water",
            touchable=False, opacity=0.25,
        ),
    )  # fmt: skip


# What floats ---------------------------------------------------------------------------------------------------------------------------

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


# What sinks ----------------------------------------------------------------------------------------------------------------------------

SINKERS = ("rubber", "nylon", "phenolic", "glass", "stone")
SINK_LEVEL, SINK_TANK = 0.72, (0.5, 0.4)  # -, of the water; width and depth of the tank: over the view
COVER = 0.02  # -, water above the ball at release over the view


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

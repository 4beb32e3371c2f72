"""Light things that fall slowly in air."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.fluid import AIR, SPHERE_DRAG, FromRest, Immersed, ball_volume, descent
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, a, length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup
from kinema.scenes.shapes import Lathe
from kinema.scenes.truth import Body, Tie

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import State
    from kinema.scenes.truth import Truth

__all__ = ["Feather", "TerminalSpeed"]

TOP = 0.8  # -, share of the view from the floor to the top of the highest body
SOFT_FLOORS = ("wood", "stone", "concrete", "ceramic", "felt")

# A paper cup ---------------------------------------------------------------------------------------------------------------------------

CUP_BASE, CUP_HEIGHT, CUP_WALL = 0.65, 0.8, 0.05  # -, over the rim's radius
CUP_SILHOUETTE = float(np.sqrt((1 + CUP_BASE) * CUP_HEIGHT / np.pi))  # -, radius of the disc as large as its side view, over the rim's
CUP_SKIN = float(np.pi * (CUP_BASE**2 + (1 + CUP_BASE) * np.hypot(1 - CUP_BASE, CUP_HEIGHT)))  # -, its paper over the rim's radius squared
CUP_DRAG = 0.9  # -, estimate: a blunt base, closed towards the stream
CUP_CARRIED = 3.0  # -, estimate: air in it and before it, over density times radius cubed (a flat disc: 8/3)


def _cup(rim: float) -> Lathe:
    base, half, wall = CUP_BASE * rim, CUP_HEIGHT * rim / 2, CUP_WALL * rim
    return Lathe(
        ((0.0, -half), (base, -half), (rim, half), (rim - wall, half), (base - wall, wall - half), (0.0, wall - half)), smooth=False
    )


@dataclass(frozen=True, kw_only=True)
class TerminalSpeed(Scene):
    """A paper cup that falls upright, base first: it soon falls no faster, because the drag of the air grows to its weight.

    Closed form: ``(m + m_c) dv/dt = m g - D v^2`` with ``D = rho C_d pi r^2 / 2`` and the carried air ``m_c`` has the solution
    ``v = v_t tanh(a t / v_t)``, ``a = m g / (m + m_c)``, ``v_t = sqrt(m g / D)``. Drag coefficient and carried air are estimates;
    the mass is that of the paper.

    History: 1 = first release.
    """

    family: ClassVar[str] = "terminal_speed"
    laws: ClassVar[tuple[str, ...]] = ("drag", "terminal_speed")
    area: ClassVar[str] = "falling and flight"

    colour: str
    rim: float  # m, radius of the upper edge
    mass: float  # kg
    height: float  # m, from the base to the floor
    x: float  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, floor = str(rng.choice(list(COLOURS))), str(rng.choice(list(SOFT_FLOORS)))
        rim, size, place = rng.uniform(0.15, 0.21), rng.uniform(0.105, 0.115), rng.uniform(-0.16, 0.16)
        thickness = rng.uniform(0.022, 0.038)
        own: dict[str, Any] = {"colour": colour, "floor": floor, "rim": round(rim, 3), "prompt_id": int(rng.integers(6)), **overrides}
        view = own.setdefault("view", own["rim"] / size)
        own.setdefault("mass", round(thickness * CUP_SKIN * own["rim"] ** 2, 4))  # kg/m^2, of tissue paper
        own.setdefault("height", round(0.95 * TOP * view - CUP_HEIGHT * own["rim"], 3))
        own.setdefault("x", round(place * view, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    @property
    def width(self) -> float:
        """Diameter in m of the rim."""
        return 2 * self.rim

    @property
    def in_air(self) -> Immersed:
        """What the air does to it."""
        drag = AIR * CUP_DRAG * np.pi * self.rim**2 / 2
        return Immersed(mass=self.mass, displaced=0.0, carried=CUP_CARRIED * AIR * self.rim**3, drag=float(drag))

    @property
    def fall(self) -> FromRest:
        """Closed form."""
        return self.in_air.from_rest(self.gravity)

    def bodies(self) -> tuple[Body, ...]:
        """The cup."""
        radius = CUP_SILHOUETTE * self.rim
        return (Body(name="cup", colour=self.colour, material="paper", radius=radius, mass=self.mass, shape="cup", solid=_cup(self.rim)),)

    def setup(self) -> Setup:
        """At rest, ``height`` above the floor."""
        place = (self.x, 0.0, self.height + CUP_HEIGHT * self.rim / 2)
        return Setup(position=(place,), velocity=((0.0, 0.0, 0.0),), restitution=(0.0,), erp=0.05)

    def forces(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The air."""
        return self.in_air.force(state.velocity[0], self.gravity)[None], np.zeros((1, 3))

    def account(self) -> Account:
        """In words."""
        cup = f"{self.colour} paper cup"
        wide, mass, height, floor = length_of(self.width), f"{self.mass * 1000:.1f} g", length_of(self.height), FLOORS[self.floor]
        where = pull_in_words(self)
        return Account(
            short=f"A single {cup} of {mass}, {wide} wide, falls slowly straight down through the air from {height}{where}, soon at a "
            f"constant speed, and lands on {floor} with a soft tap.",
            detailed=f"One {cup}, open at the top, {wide} wide and weighing only {mass}, is let go upright {height} above {floor}{where}. "
            "It falls straight down, base first; the drag of the air soon balances its weight, so that it comes down at a constant speed "
            "and lands with a soft tap.",
            paraphrases=(
                f"One very light {cup} ({wide} across, {mass}) is dropped from {height}{where}: held back by the air it falls straight "
                f"down without getting faster and touches {floor} with a faint tap.",
                f"Fixed camera: one {cup} that measures {wide} and weighs {mass} comes straight down to {floor} from {height}{where}, "
                "carried by the air at a steady speed, and taps on landing.",
                f"Terminal speed: let go {height} above {floor}{where}, one {cup} of {mass} and {wide} drifts straight down, first faster "
                "and faster, then evenly, until it lands with a tap.",
            ),
            beats=(
                (0.0, "the cup is let go and gets faster"),
                (2 * self.fall.terminal / self.fall.pull, "it falls at a constant speed"),
                (self.fall.time(self.height), "it lands on the floor and stays there"),
            ),
            heard=("one soft tap of paper as it lands",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One cup of that colour, falling down."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1"),
            Claim(kind="direction", value="down", body=0),
            Claim(kind="shape", value="cup", body=0),
            Claim(kind="sound", value="impact", words=("tap",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Way, time and speed against the tanh law; what drag takes is gone."""
        fall, (start,) = self.fall, self.setup().position
        height, speed = truth.position[:, 0, 2], -truth.velocity[:, 0, 2]
        last = descent(height, start[2], 0.98 * self.height, truth.times)
        early = self.delay + fall.terminal / fall.pull
        end, half = (float(np.interp(self.delay + part * (last - self.delay), truth.times, speed)) for part in (1.0, 0.5))
        return (
            Proof(
                law="time of the fall", closed_form=fall.time(0.98 * self.height), simulated=last - self.delay, tolerance=0.01,
                source="v_t / a  arcosh exp(a h / v_t^2)",
            ),
            Proof(
                law="speed after one time constant", closed_form=fall.terminal * float(np.tanh(1.0)),
                simulated=float(np.interp(early, truth.times, speed)), tolerance=0.01, source="v_t tanh(a t / v_t)",
            ),
            Proof(
                law="speed at the end", closed_form=fall.speed(fall.time(0.98 * self.height)), simulated=end, tolerance=0.01,
                source="v_t tanh(a t / v_t)",
            ),
            Proof(  # tanh 2x = 2 tanh x / (1 + tanh^2 x) gives the limit from the speeds at T / 2 and T
                law="terminal speed", closed_form=fall.terminal, simulated=half / float(np.sqrt(2 * half / end - 1)), tolerance=0.01,
                source="sqrt(m g / D)",
            ),
            never_rises(energy_of(truth), self.mass * self.gravity * self.height),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Heavier, wider, higher."""
        return {
            "weight": tuple(replace(self, mass=self.mass * factor) for factor in (0.7, 1.0, 1.5, 2.2)),
            "size": tuple(replace(self, rim=self.rim * factor) for factor in (0.85, 1.0, 1.13)),
            "height": tuple(replace(self, height=self.height * factor) for factor in (0.6, 0.8, 1.0)),
        }


# A parachute beside a stone ------------------------------------------------------------------------------------------------------------

CANOPY_DRAG = 1.4  # -, of a round parachute, over its opening
CANOPY_CARRIED = 2 * np.pi / 3  # -, estimate: half a ball of air under the canopy, over density times radius cubed
RIM_Z, CANOPY, SHELL, LOAD = 0.35, 0.65, 0.05, 0.16  # -, height of the rim, rise and thickness of the canopy, radius of the load: over r
CHUTE_SILHOUETTE = 0.59  # -, radius of the disc as large as its side view, over the canopy's
STRINGS = 6


def _chute(r: float) -> Lathe:
    """The load at the bottom, the canopy at the top; what lies between them on the axis has no thickness. It reaches from -r to r."""
    up = np.linspace(-np.pi / 2, np.pi / 2, 13)
    load = [(LOAD * r * np.cos(t), LOAD * r * (1 + np.sin(t)) - r) for t in up]
    out = np.linspace(0, np.pi / 2, 13)
    inner = [((1 - SHELL) * r * np.sin(t), RIM_Z * r + (CANOPY - SHELL) * r * np.cos(t)) for t in out]
    outer = [(r * np.sin(t), RIM_Z * r + CANOPY * r * np.cos(t)) for t in out[::-1]]
    return Lathe(tuple((max(float(x), 0.0) if x > 1e-9 else 0.0, float(z)) for x, z in (*load, *inner, *outer)))


@dataclass(frozen=True, kw_only=True)
class Feather(Scene):
    """A parachute, light as a feather, and a stone are let go together at one height: the stone lands long before.

    Closed form for both: ``v = v_t tanh(a t / v_t)`` (see :class:`TerminalSpeed`); the stone's terminal speed is far above what it reaches.
    The parachute is rigid; the torque that keeps it upright in air is left out, as nothing turns it.

    History: 1 = first release.
    """

    family: ClassVar[str] = "feather"
    laws: ClassVar[tuple[str, ...]] = ("drag", "terminal_speed", "order")
    area: ClassVar[str] = "falling and flight"

    colour_chute: str
    colour_stone: str
    canopy: float  # m, its radius
    radius: float  # m, of the stone
    mass: float  # kg, of the parachute with its load
    height: float  # m, from the lowest points to the floor
    side: float  # -, 1: the parachute is on the right
    restitution: float  # -, of the stone

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        floor = str(rng.choice(["wood", "stone", "concrete"]))
        chute, stone = map(str, rng.choice(list(COLOURS), 2, replace=False))
        size, view, speed = rng.uniform(0.122, 0.13), rng.uniform(2.1, 2.5), rng.uniform(0.66, 0.74)
        ball, bounce, side = rng.uniform(0.062, 0.07), rng.uniform(0.28, 0.34), float(rng.choice([-1.0, 1.0]))
        own: dict[str, Any] = {
            "floor": floor, "colour_chute": chute, "colour_stone": stone, "view": round(view, 3), "side": side,
            "restitution": round(bounce, 3), "prompt_id": int(rng.integers(6)), **overrides,
        }  # fmt: skip
        view = own["view"]
        r = own.setdefault("canopy", round(size * view, 3))
        own.setdefault("radius", round(ball * view, 3))
        own.setdefault("mass", round(_canopy_drag(r) * speed**2 / GRAVITY["earth"], 4))
        own.setdefault("height", round(TOP * view - 2 * r, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    @property
    def width(self) -> float:
        """Diameter in m of the canopy."""
        return 2 * self.canopy

    @property
    def width_of_stone(self) -> float:
        """Diameter, m."""
        return 2 * self.radius

    @property
    def in_air(self) -> tuple[Immersed, Immersed]:
        """What the air does to parachute and stone."""
        carried = float(CANOPY_CARRIED * AIR * self.canopy**3)
        volume = ball_volume(self.radius)
        area = np.pi * self.radius**2
        return (
            Immersed(mass=self.mass, displaced=0.0, carried=carried, drag=_canopy_drag(self.canopy)),
            Immersed(
                mass=MATERIALS["stone"].density * volume,
                displaced=AIR * volume,
                carried=AIR * volume / 2,
                drag=float(AIR * SPHERE_DRAG * area / 2),
            ),
        )

    @property
    def falls(self) -> tuple[FromRest, FromRest]:
        """Closed forms of parachute and stone."""
        chute, stone = (one.from_rest(self.gravity) for one in self.in_air)
        return chute, stone

    def bodies(self) -> tuple[Body, ...]:
        """The parachute with its load, and the stone."""
        chute, stone = self.in_air
        return (
            Body(
                name="parachute", colour=self.colour_chute, material="paper", radius=CHUTE_SILHOUETTE * self.canopy, mass=chute.mass,
                shape="parachute", solid=_chute(self.canopy),
            ),
            Body(name="stone", colour=self.colour_stone, material="stone", radius=self.radius, mass=stone.mass),
        )  # fmt: skip

    def ties(self) -> tuple[Tie, ...]:
        """Strings from the canopy's rim to its load."""
        angles = np.arange(STRINGS) * 2 * np.pi / STRINGS + np.pi / 12
        rim, knot = 0.98 * self.canopy, (0.0, 0.0, (2 * LOAD - 1) * self.canopy)
        ends = [(float(rim * np.cos(angle)), float(rim * np.sin(angle)), RIM_Z * self.canopy) for angle in angles]
        return tuple(Tie(kind="string", start=("parachute", end), end=("parachute", knot)) for end in ends)

    def setup(self) -> Setup:
        """Both at rest, their lowest points level."""
        x = 0.2 * self.view * self.side
        return Setup(
            position=((x, 0.0, self.height + self.canopy), (-x, 0.0, self.height + self.radius)),
            velocity=((0.0, 0.0, 0.0),) * 2,
            restitution=(0.1, self.restitution),
            erp=0.05,
        )

    def forces(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The air."""
        force = [one.force(state.velocity[i], self.gravity) for i, one in enumerate(self.in_air)]
        return np.array(force), np.zeros((2, 3))

    def account(self) -> Account:
        """In words."""
        chute, stone = f"{self.colour_chute} paper parachute", f"{self.colour_stone} stone ball"
        wide, ball, height, floor = length_of(self.width), length_of(self.width_of_stone), length_of(self.height), FLOORS[self.floor]
        grams, where = f"{self.mass * 1000:.0f} g", pull_in_words(self)
        right, left = (chute, stone) if self.side > 0 else (stone, chute)
        own, other = ("right", "left") if self.side > 0 else ("left", "right")
        slow, fast = (fall.time(self.height) for fall in self.falls)
        return Account(
            short=f"{a(chute)} of {grams}, {wide} wide, and {a(stone).lower()} on its {other}, let go together {height} above "
            f"{floor}{where}, both fall straight down: the stone lands first with a thud, the parachute floats down long after it.",
            detailed=f"{a(left)} on the left and {a(right).lower()} on the right are let go at the same moment, both {height} above "
            f"{floor}{where}. The parachute is {wide} wide and weighs {grams} with its load, the stone is {ball} across. Both fall "
            "straight down; the stone lands first with a loud thud, while the parachute, held back by the air, comes down slowly at a "
            "constant speed.",
            paraphrases=(
                f"Two things drop side by side from {height}{where}: the {stone} ({ball} wide) on the {other} plunges down and hits "
                f"{floor} first with a thud, the {chute} ({wide}, {grams}) floats down slowly.",
                f"Fixed camera: both the {chute} on the {own}, {wide} wide and {grams} light, and the {stone} of {ball} are released "
                f"{height} above {floor}{where} and go down; first the stone lands with a thud, the parachute sinks slowly behind.",
                f"Heavy and light: two bodies are dropped from {height}{where}, {a(stone).lower()} that falls down and thuds on {floor} "
                f"first, and {a(chute).lower()} of {grams} and {wide} that drifts down on the {own} at a steady, slow speed.",
            ),
            beats=(
                (0.0, "both are let go"),
                (fast, "the stone hits the floor, while the parachute is still high"),
                (slow, "the parachute reaches the floor"),
            ),
            heard=("a heavy thud as the stone lands", "a faint tap as the parachute's load touches down"),
        )

    def claims(self) -> tuple[Claim, ...]:
        """Two bodies of those colours; the stone lands first."""
        return (
            Claim(kind="colour", value=self.colour_chute, body=0),
            Claim(kind="colour", value=self.colour_stone, body=1),
            Claim(kind="count", value="2", words=("both", "two")),
            Claim(kind="direction", value="down", body=0),
            Claim(kind="direction", value="down", body=1),
            Claim(kind="shape", value="parachute", body=0),
            Claim(kind="order", value="first", body=1),
            Claim(kind="order", value="second", body=0, words=("parachute floats", "parachute sinks slowly", "slow")),
            Claim(kind="sound", value="impact", words=("thud",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Times of both falls, the parachute's constant speed, the ratio of the times."""
        slow, fast = self.falls
        way = 0.9 * self.height
        start = truth.position[0, :, 2]
        late, early = (descent(truth.position[:, i, 2], start[i], way, truth.times) - self.delay for i in range(2))
        speed = float(np.interp(self.delay + late, truth.times, -truth.velocity[:, 0, 2]))
        scale = sum(body.mass for body in truth.bodies) * self.gravity * self.height
        tanh = "v_t / a  arcosh exp(a h / v_t^2)"
        return (
            Proof(law="time of the parachute", closed_form=slow.time(way), simulated=late, tolerance=0.01, source=tanh),
            Proof(law="time of the stone", closed_form=fast.time(way), simulated=early, tolerance=0.01, source=tanh),
            Proof(
                law="ratio of the times", closed_form=slow.time(way) / fast.time(way), simulated=late / early, tolerance=0.01,
                source="the two times",
            ),
            Proof(law="terminal speed", closed_form=slow.terminal, simulated=speed, tolerance=0.01, source="sqrt(2 m g / (rho C_d A))"),
            never_rises(energy_of(truth), scale),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """A heavier load, a wider canopy, a higher start."""
        return {
            "weight": tuple(replace(self, mass=self.mass * factor) for factor in (1.0, 1.6, 2.5)),
            "size": tuple(replace(self, canopy=self.canopy * factor) for factor in (0.8, 0.9, 1.0)),
            "height": tuple(replace(self, height=self.height * factor) for factor in (0.6, 0.8, 1.0)),
            "direction": tuple(replace(self, side=side) for side in (-1.0, 1.0)),
        }


def _canopy_drag(r: float) -> float:
    """kg/m."""
    return float(AIR * CANOPY_DRAG * np.pi * r**2 / 2)

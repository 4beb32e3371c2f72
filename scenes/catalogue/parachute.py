"""A parachute, light as a feather, beside a stone."""

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

__all__ = ["Feather"]

TOP = 0.8  # -, share of the view from the floor to the top of the highest body
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

    Closed form for both: ``v = v_t tanh(a t / v_t)`` (see :class:`~kinema.scenes.catalogue.air.TerminalSpeed`); the stone's terminal
    speed is far above what it reaches.
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

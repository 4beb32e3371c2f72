"""A paper cup that falls at its terminal speed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.fluid import AIR, FromRest, Immersed, descent
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import Scene, Setup
from kinema.scenes.shapes import Lathe
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import State
    from kinema.scenes.truth import Truth

__all__ = ["TerminalSpeed"]

TOP = 0.8  # -, share of the view from the floor to the top of the highest body
SOFT_FLOORS = ("wood", "stone", "concrete", "ceramic", "felt")

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

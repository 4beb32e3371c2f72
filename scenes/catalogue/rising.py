"""A balloon that is lighter than air."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.fluid import AIR, HELIUM, SPHERE_DRAG, FromRest, Immersed, ball_volume
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, length_of
from kinema.scenes.proof import Proof, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup
from kinema.scenes.shapes import Lathe
from kinema.scenes.truth import Body, Tie

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import State
    from kinema.scenes.truth import Truth

__all__ = ["Balloon"]

TOP = 0.8  # -, share of the view from the floor to the top of the highest body
RISE = 3.1  # s, in which the balloon goes from its start to TOP
SKIN = 0.015  # kg/m^2, estimate: rubber of a toy balloon
STRING, BEAD = 0.55, 0.13  # -, length of the string under the balloon and radius of the bead on it, over the balloon's


def _balloon(r: float) -> Lathe:
    """A ball with a neck; below it, on the axis, the bead."""
    bead_at = -(1.1 + STRING + BEAD) * r
    up = np.linspace(-np.pi / 2, np.pi / 2, 11)
    bead = [(BEAD * r * np.cos(t), bead_at + BEAD * r * np.sin(t)) for t in up]
    neck = [(0.0, -1.1 * r), (0.09 * r, -1.1 * r), (0.04 * r, -1.02 * r)]
    ball = [(r * np.cos(t), r * np.sin(t)) for t in np.linspace(-np.pi / 2 + 0.12, np.pi / 2, 25)]
    return Lathe(tuple((float(x) if x > 1e-9 else 0.0, float(z)) for x, z in (*bead, *neck, *ball)))


@dataclass(frozen=True, kw_only=True)
class Balloon(Scene):
    """A balloon full of helium, nearly held down by a bead on a string, rises through the air.

    Closed form: lift ``W = (rho V - m) g`` against drag, with half of the displaced air carried along:
    ``v = v_t tanh(a t / v_t)`` upwards, ``a = W / (m + rho V / 2)``, ``v_t = sqrt(2 W / (rho C_d pi r^2))``. It touches nothing.

    History: 1 = first release.
    """

    family: ClassVar[str] = "balloon"
    laws: ClassVar[tuple[str, ...]] = ("buoyancy", "drag")
    audible: ClassVar[bool] = False
    area: ClassVar[str] = "water and grains"

    colour: str
    radius: float  # m
    bead: float  # kg, what hangs from it
    height: float  # m, from the bead's lowest point to the floor at release
    x: float  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, floor = str(rng.choice(list(COLOURS))), str(rng.choice(["wood", "stone", "concrete", "felt"]))
        radius, size, low, place, rise = (
            rng.uniform(0.13, 0.17), rng.uniform(0.074, 0.08), rng.uniform(0.04, 0.055), rng.uniform(-0.16, 0.16), rng.uniform(0.98, 1.04),
        )  # fmt: skip
        own: dict[str, Any] = {"colour": colour, "floor": floor, "radius": round(radius, 3), "prompt_id": int(rng.integers(6)), **overrides}
        view = own.setdefault("view", own["radius"] / size)
        own.setdefault("height", round(low * view, 3))
        own.setdefault("x", round(place * view, 3))
        way = TOP * view - own["height"] - _length(own["radius"])
        own.setdefault("bead", round(_bead(own["radius"], way, RISE * rise), 5))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    @property
    def width(self) -> float:
        """Diameter, m."""
        return 2 * self.radius

    @property
    def in_air(self) -> Immersed:
        """What the air does to it."""
        return _immersed(self.radius, self.bead)

    @property
    def rise(self) -> FromRest:
        """Closed form, upwards."""
        return self.in_air.from_rest(self.gravity)

    def bodies(self) -> tuple[Body, ...]:
        """Balloon, gas, string and bead are one body."""
        mass, solid = self.in_air.mass, _balloon(self.radius)
        return (Body(name="balloon", colour=self.colour, material="rubber", radius=self.radius, mass=mass, shape="balloon", solid=solid),)

    def ties(self) -> tuple[Tie, ...]:
        """The string from neck to bead."""
        start, end = -1.1 * self.radius, -(1.1 + STRING) * self.radius
        return (Tie(kind="string", start=("balloon", (0.0, 0.0, start)), end=("balloon", (0.0, 0.0, end))),)

    def setup(self) -> Setup:
        """At rest, the bead just above the floor."""
        place = (self.x, 0.0, self.height + _length(self.radius) - self.radius)
        return Setup(position=(place,), velocity=((0.0, 0.0, 0.0),), restitution=(0.3,))

    def forces(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The air."""
        return self.in_air.force(state.velocity[0], self.gravity)[None], np.zeros((1, 3))

    def account(self) -> Account:
        """In words."""
        balloon = f"{self.colour} balloon"
        wide, bead, floor, where = length_of(self.width), f"{self.bead * 1000:.2f} g", FLOORS[self.floor], pull_in_words(self)
        low = length_of(self.height)
        return Account(
            short=f"A single {balloon} full of helium, {wide} wide, with a bead of {bead} on its string, rises slowly straight up from "
            f"{low} above {floor}{where}, in silence.",
            detailed=f"One {balloon}, {wide} across and filled with helium, is let go with the bead on its string {low} above "
            f"{floor}{where}. The bead weighs {bead}, nearly as much as the balloon can carry, so it rises straight up only slowly, "
            "faster at first and then at an almost constant speed. It touches nothing; there is no sound.",
            paraphrases=(
                f"One helium balloon, {self.colour} and {wide} wide, floats up from {low} above {floor}{where}, carrying a bead of {bead} "
                "on a string; no sound.",
                f"Fixed camera: a single {balloon} of {wide}, let go {low} over {floor}{where}, climbs straight up without a sound, a "
                f"bead of {bead} hanging below it.",
                f"Lighter than air: one {balloon} ({wide}) with a bead of {bead} leaves its place {low} above {floor}{where} and silently "
                "rises straight up.",
            ),
            beats=(
                (0.0, "the balloon is let go just above the floor"),
                (self.rise.terminal / self.rise.pull, "it rises, ever more evenly"),
                (2.6, "it is near the top of the picture"),
            ),
            unheard=("no sound at all",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One balloon of that colour, going up."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1"),
            Claim(kind="direction", value="up", body=0),
            Claim(kind="shape", value="balloon", body=0),
            Claim(kind="silence", value="all", words=("no sound", "silen", "without a sound")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Start, way and speed against the tanh law."""
        rise, z = self.rise, truth.position[:, 0, 2]
        tau, t = rise.terminal / rise.pull, truth.times - self.delay
        late = 2.2
        return (
            Proof(
                law="way in half a time constant", closed_form=rise.distance(tau / 2), simulated=float(np.interp(tau / 2, t, z)) - z[0],
                tolerance=0.01, source="v_t^2 / a  ln cosh(a t / v_t)",
            ),
            Proof(
                law="way in 2.2 s", closed_form=rise.distance(late), simulated=float(np.interp(late, t, z)) - z[0], tolerance=0.01,
                source="v_t^2 / a  ln cosh(a t / v_t)",
            ),
            Proof(
                law="speed after 2.2 s", closed_form=rise.speed(late), simulated=float(np.interp(late, t, truth.velocity[:, 0, 2])),
                tolerance=0.01, source="v_t tanh(a t / v_t)",
            ),
            never_rises(self.energy(truth), self.in_air.displaced * self.gravity * float(np.ptp(z))),
        )  # fmt: skip

    def energy(self, truth: Truth) -> NDArray[np.float64]:
        """Of balloon and air together, J: as it rises, as much air comes down, and some is set in motion."""
        air = self.in_air
        speed = (truth.velocity[:, 0] ** 2).sum(axis=-1)
        high = (air.mass - air.displaced) * self.gravity * truth.position[:, 0, 2]
        total: NDArray[np.float64] = high + (air.mass + air.carried) / 2 * speed
        return total

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """A heavier bead, a higher start."""
        lift = self.in_air.displaced - self.in_air.mass
        return {
            "weight": tuple(replace(self, bead=self.bead + share * lift) for share in (0.0, 0.3, 0.6)),
            "height": tuple(replace(self, height=self.height * factor) for factor in (0.3, 0.65, 1.0)),
        }


def _length(r: float) -> float:
    """m, from the bead's lowest point to the balloon's top."""
    return (2.1 + STRING + 2 * BEAD) * r


def _immersed(r: float, bead: float) -> Immersed:
    volume = ball_volume(r)
    mass = HELIUM * volume + SKIN * 4 * np.pi * r**2 + bead
    return Immersed(mass=float(mass), displaced=AIR * volume, carried=AIR * volume / 2, drag=float(AIR * SPHERE_DRAG * np.pi * r**2 / 2))


def _bead(r: float, way: float, time: float) -> float:
    """The bead, kg, with which the balloon takes ``time`` s for ``way`` m on Earth; found by halving."""
    empty = _immersed(r, 0.0)
    light, heavy = 0.0, empty.displaced - empty.mass
    for _ in range(60):
        middle = (light + heavy) / 2
        light, heavy = (middle, heavy) if _immersed(r, middle).from_rest(GRAVITY["earth"]).time(way) < time else (light, middle)
    return light

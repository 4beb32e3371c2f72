"""Many small balls that make a heap."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.striking import REST
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, capital, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import Scene, Setup
from kinema.scenes.shapes import Box
from kinema.scenes.truth import Body, Prop

if TYPE_CHECKING:
    from kinema.scenes.truth import Truth

__all__ = ["Grains", "angle_of"]

NUMBERS = {60: "sixty", 80: "eighty", 100: "a hundred"}
STUFF = ("stone", "glass", "steel", "wood", "plastic", "ceramic")
WIDE = 5  # grains side by side in the column that is let go
PITCH = 2.04  # radii, between their centres at first: they do not touch
INSIDE = 0.45  # -, half the tank's width over the view's height
STEEP = (10.0, 36.0)  # degrees, between which balls with friction and rolling friction lie
SETTLED = 1.7  # s after the release, when a heap is at rest
LOW_GRAVITY = 3.0  # m/s^2, below which the heap is not yet at rest when a clip ends


@dataclass(frozen=True, kw_only=True)
class Grains(Scene):
    """A column of small balls is let go between two panes of glass and collapses into a heap.

    Closed form: the lowest ones fall freely. Invariants: their number; none below the floor or through the glass; energy never rising;
    a heap at rest, as steep as rough balls lie. The panes leave one layer of them, so that the heap and every grain is seen.

    History: 1 = first release.
    """

    family: ClassVar[str] = "grains"
    laws: ClassVar[tuple[str, ...]] = ("number", "gravity", "repose")
    area: ClassVar[str] = "water and grains"

    colour: str
    material: str
    number: int
    radius: float  # m
    height: float  # m, from the lowest grain's lowest point to the floor
    friction: float  # - of every pair
    rolling: float  # radii: torque that resists rolling over load
    restitution: float = 0.05  # - of every pair

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(STUFF)),
            "floor": str(rng.choice(["wood", "stone", "concrete", "ceramic"])),
            "number": int(rng.choice(list(NUMBERS), p=[0.5, 0.35, 0.15])),
            "view": round(float(rng.uniform(2.0, 2.8)), 3),
        }
        high = rng.uniform(0.10, 0.15)
        own |= {
            "friction": round(float(rng.uniform(0.5, 0.8)), 3),
            "rolling": round(float(rng.uniform(0.12, 0.3)), 3),
            "prompt_id": int(rng.integers(6)),
            **overrides,
        }
        own.setdefault("radius", round(0.185 / np.sqrt(own["number"]) * own["view"], 4))
        own.setdefault("height", round(float(high * own["view"]), 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    def bodies(self) -> tuple[Body, ...]:
        """All grains, the lowest first; none of them is followed by name."""
        mass = ball_mass(self.material, self.radius)
        return tuple(
            Body(name=f"grain{i + 1}", colour=self.colour, material=self.material, radius=self.radius, mass=mass, subject=False)
            for i in range(self.number)
        )

    def setup(self) -> Setup:
        """A column of rows, a little untidy, at rest in the air."""
        pitch, places = PITCH * self.radius, []
        for row in range(self.number):
            wide = WIDE - row % 2
            places += [((k - (wide - 1) / 2) * pitch, 0.87 * row * pitch) for k in range(wide)]
        astray = self.rng(self.seed, 5).uniform(-0.015, 0.015, self.number) * self.radius
        share, bounce = float(np.sqrt(self.friction)), float(np.sqrt(self.restitution))
        return Setup(
            position=tuple(
                (float(x + dx), 0.0, float(self.height + self.radius + z))
                for (x, z), dx in zip(places[: self.number], astray, strict=True)
            ),
            velocity=(REST,) * self.number,
            restitution=(bounce,) * self.number,
            floor_restitution=bounce,
            friction=(share,) * self.number,
            floor_friction=share,
            rolling_friction=(self.rolling * self.radius,) * self.number,
            step_rate=960,
            erp=0.2,
            iterations=30,
        )  # fmt: skip

    def props(self) -> tuple[Prop, ...]:
        """A flat tank: two panes of glass without friction, so close that there is one layer, and its two ends."""
        half, tall, thick = INSIDE * self.view, 0.96 * self.view, 0.012 * self.view
        pane, end = Box((2 * half + 2 * thick, thick, tall)), Box((thick, 2.1 * self.radius, tall))
        panes = [
            Prop(
                name=name, solid=pane, position=(0.0, side * (1.05 * self.radius + thick / 2), tall / 2), material="glass", paint="glass",
                restitution=0.0, friction=0.0, opacity=0.12,
            )
            for name, side in (("front", -1.0), ("back", 1.0))
        ]  # fmt: skip
        ends = [
            Prop(
                name=name, solid=end, position=(side * (half + thick / 2), 0.0, tall / 2), material="glass", paint="glass",
                restitution=0.0, friction=float(np.sqrt(self.friction)), opacity=0.5,
            )
            for name, side in (("left_end", -1.0), ("right_end", 1.0))
        ]  # fmt: skip
        return (*panes, *ends)

    @property
    def landing(self) -> float:
        """Closed form: s from the release until the lowest grains touch the floor."""
        return float(np.sqrt(2 * self.height / self.gravity))

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """The first touch, number, floor, energy, and the heap."""
        end, energy = truth.position[-1], energy_of(truth)
        inside = (np.abs(end[:, 0]) < INSIDE * self.view) & (np.abs(end[:, 1]) < self.radius) & (end[:, 2] > 0)
        sunk = max(1 - float(truth.position[..., 2].min()) / self.radius, 0.0)
        still = (np.linalg.norm(truth.velocity[-1], axis=-1) < 0.02 * np.sqrt(self.gravity * self.view)).sum()
        found = [
            Proof(
                law="first touch", closed_form=self.landing, simulated=truth.contacts[0].t - self.delay, tolerance=0.01,
                source="sqrt(2 h / g)",
            ),
            Proof(
                law="grains in the tank in the end", closed_form=float(self.number), simulated=float(inside.sum()), tolerance=0.001,
                source="number is conserved",
            ),
            Proof(
                law="below the floor by", closed_form=0.0, simulated=sunk, tolerance=0.1, scale=1.0, source="z >= r, at the hardest blow",
            ),
            never_rises(energy, float(energy[0] - energy[-1])),
        ]  # fmt: skip
        if self.gravity > LOW_GRAVITY and truth.seconds - self.delay > SETTLED:
            middle = float(np.mean(STEEP))
            found += [
                Proof(
                    law="grains at rest in the end", closed_form=float(self.number), simulated=float(still), tolerance=0.1,
                    scale=float(self.number), source="friction",
                ),
                Proof(
                    law="slope of the heap, degrees", closed_form=middle, simulated=float(np.degrees(angle_of(end, self.radius))),
                    tolerance=(STEEP[1] - STEEP[0]) / 2 / middle, scale=middle,
                    source="a band: rough balls lie at 10 to 36 degrees",
                ),
            ]  # fmt: skip
        return tuple(found)

    def account(self) -> Account:
        """In words."""
        words = {
            "balls": f"small {self.colour} {of_material(self.material)} balls", "number": NUMBERS[self.number],
            "floor": FLOORS[self.floor] + pull_in_words(self), "size": length_of(2 * self.radius), "height": length_of(self.height),
        }  # fmt: skip
        short, detailed, *others = (capital(text.format(**words)) for text in _GRAINS)
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=(
                (0.0, "the column of balls is let go"),
                (self.landing, "the lowest balls hit the floor"),
                (self.landing + 0.6, "a heap grows, and balls run down its sides"),
            ),
            heard=("a patter of many small knocks that dies away",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """Balls of that colour that fall."""
        return (
            Claim(kind="colour", value=self.colour),
            Claim(kind="direction", value="down", words=("fall", "falls", "falling", "down")),
            Claim(kind="sound", value="impact", words=("patter", "rattle")),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How many, how rough, from which height."""
        rough = (("smooth", 0.3, 0.02), ("rough", 0.6, 0.15), ("very rough", 0.9, 0.45))
        return {
            "count": tuple(replace(self, number=number) for number in NUMBERS),
            "roughness": tuple(
                replace(self, friction=friction, rolling=rolling, note=f"The balls are {word}.") for word, friction, rolling in rough
            ),
            "height": tuple(
                replace(self, height=k * self.view, note=f"The lowest ball is {length_of(k * self.view)} above the floor at first.")
                for k in (0.06, 0.11, 0.16)
            ),
        }


def angle_of(places: np.ndarray[Any, np.dtype[np.float64]], radius: float) -> float:
    """How steep a heap of one layer is, radians: in a triangle medians of height and of distance from the middle are the same share of it.

    Args:
        places: (n, 3) m, centres.
        radius: m, of the grains. A few that ran far away change nothing: these are medians.

    Example:
        >>> x, z = np.meshgrid(np.linspace(-1, 1, 401), np.linspace(0, 1, 201))
        >>> heap = z < 0.4 * (1 - abs(x))
        >>> places = np.stack([x[heap], 0 * x[heap], z[heap]], axis=-1)
        >>> bool(abs(np.degrees(angle_of(places, 0.0)) - np.degrees(np.arctan(0.4))) < 1)
        True
    """
    beside = np.abs(places[:, 0] - np.median(places[:, 0]))
    return float(np.arctan2(np.median(places[:, 2]) - radius, np.median(beside)))


_GRAINS = (
    "A column of {number} {balls} between two panes of glass is let go; with a patter they fall on {floor} and make a heap.",
    "Between two upright panes of glass on {floor} hangs a column of {number} {balls}, {size} each, the lowest {height} above the floor. "
    "Let go all at once, they fall down with a rattle, pile up into a heap, run down its sides and come to rest.",
    "{number} {balls} like grains, falling all at once between panes of glass: a rattle on {floor}, a heap that grows and spreads, and "
    "then rest.",
    "In a flat glass tank on {floor}, {number} {balls} fall down as a column and end as a heap with sloping sides; the rattle dies away.",
    "Like sand: {number} {balls} fall between two panes of glass onto {floor}; a patter, a growing heap, and at last all lie still. None "
    "is lost.",
)

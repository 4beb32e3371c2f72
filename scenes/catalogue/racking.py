"""A triangle of balls is broken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.striking import FLAT, HARD, REST, WORDINGS, from_above, kept, speed_of
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, NUMBERS, Account, a, capital, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE, Scene, Setup
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from kinema.scenes.camera import Camera
    from kinema.scenes.truth import Truth

__all__ = ["RackBreak"]

RUN_UP = 0.2  # -, share of the view between the cue ball and the tip of the triangle, both their centres


@dataclass(frozen=True, kw_only=True)
class RackBreak(Scene):
    """A ball slides into a loose triangle of balls of its kind on a floor without friction. Seen from above.

    Invariants: momentum to the last, energy never rising, every ball still there and none within another. Closed form of the first hit,
    before anything else can touch: ``J = m (1 + e)/2 u cos a``. The triangle is loose, so that hits follow one another.

    History: 1 = first release.
    """

    family: ClassVar[str] = "rack_break"
    laws: ClassVar[tuple[str, ...]] = ("momentum", "number")
    area: ClassVar[str] = "collisions"

    colour: str  # of the one that moves
    colour_rack: str
    material: str  # of all
    rows: int  # of the triangle
    radius: float  # m, of all
    speed: float  # m/s
    side: float  # 1: to the right, -1: to the left
    offset: float  # radii, of the path beside the first ball's centre
    spacing: float = 0.35  # radii, between neighbours
    restitution: float  # - of every pair

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, rack = map(str, rng.choice(list(COLOURS), 2, replace=False))
        own: dict[str, Any] = {
            "colour": colour,
            "colour_rack": rack,
            "material": str(rng.choice(HARD)),
            "floor": str(rng.choice(FLAT)),
            "rows": int(rng.choice([2, 3, 4], p=[0.2, 0.5, 0.3])),
            "radius": round(float(rng.uniform(0.06, 0.10)), 3),
            "offset": round(float(rng.uniform(0.15, 0.5) * rng.choice([-1.0, 1.0])), 2),
            "side": float(rng.choice([-1.0, 1.0])),
            "restitution": round(float(rng.uniform(0.93, 0.99)), 3),
        }
        pace = rng.uniform(0.92, 1.0) * 0.16
        own |= {"prompt_id": int(rng.integers(WORDINGS)), **overrides}
        view = own.setdefault("view", own["radius"] / {2: 0.06, 3: 0.05, 4: 0.043}.get(own["rows"], 0.04))
        own.setdefault("speed", round(pace * view, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another speed."""
        return {"speed": self.speed * float(rng.uniform(0.95, 1.05))}

    def camera(self) -> Camera:
        """From above."""
        return from_above(self)

    @property
    def count(self) -> int:
        """Balls in the triangle."""
        return self.rows * (self.rows + 1) // 2

    def bodies(self) -> tuple[Body, ...]:
        """The one that moves, then the triangle, its tip first."""
        mass = ball_mass(self.material, self.radius)
        painted = [("cue", self.colour), *((f"rack{i + 1}", self.colour_rack) for i in range(self.count))]
        return tuple(Body(name=name, colour=colour, material=self.material, radius=self.radius, mass=mass) for name, colour in painted)

    def setup(self) -> Setup:
        """The triangle with its tip towards the one that comes; no ball stands exactly where it should."""
        pitch, share = (2 + self.spacing) * self.radius, float(np.sqrt(self.restitution))
        tip = -0.155 * self.view
        astray = self.rng(self.seed, 7).uniform(-0.4, 0.4, (15, 2)) * self.spacing * self.radius
        places = [(tip + row * pitch * np.sqrt(0.75), (column - row / 2) * pitch) for row in range(self.rows) for column in range(row + 1)]
        rack = np.array(places) + astray[: self.count]
        rack[0] = places[0]
        cue = (tip - RUN_UP * self.view, self.offset * self.radius)
        return Setup(
            position=tuple((float(x) * self.side, float(y), self.radius) for x, y in (cue, *rack)),
            velocity=((self.speed * self.side, 0.0, 0.0), *[REST] * self.count),
            restitution=(share,) * (self.count + 1),
            floor_restitution=0.0,
        )

    @property
    def impact_angle(self) -> float:
        """Radians between the path and the line of centres at the first hit."""
        return float(np.arcsin(abs(self.offset) / 2))

    @property
    def meeting(self) -> float:
        """Closed form: s from the release to the first hit."""
        return float((RUN_UP * self.view - 2 * self.radius * np.cos(self.impact_angle)) / self.speed)

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """First hit, momentum, energy, number."""
        first, mass = truth.contacts[0], truth.bodies[0].mass
        approach = self.speed * float(np.cos(self.impact_angle))
        after = truth.velocity[int(first.t * TRUTH_RATE) + 2, 0]
        drawn = self.speed - (1 + self.restitution) / 2 * approach * float(np.cos(self.impact_angle))
        low, high = np.triu_indices(len(truth.bodies), 1)
        last = truth.position[::8]
        gap = np.linalg.norm(last[:, low] - last[:, high], axis=-1).min() / (2 * self.radius)
        return (
            Proof(
                law="moment of the first hit", closed_form=self.delay + self.meeting, simulated=first.t, tolerance=0.005,
                source="gap along the path over speed",
            ),
            Proof(
                law="speed left after the first hit", closed_form=drawn, simulated=float(after[0] * self.side), tolerance=0.005,
                scale=self.speed, source="u - (1 + e)/2 u cos^2 a",
            ),
            *kept(truth, mass * self.speed),
            Proof(
                law="balls on the floor at the end", closed_form=self.count + 1.0, tolerance=0.001,
                simulated=float((np.abs(truth.position[-1, :, 2] / self.radius - 1) < 0.01).sum()), source="number is conserved",
            ),
            Proof(
                law="balls within each other by", closed_form=0.0, simulated=max(1 - float(gap), 0.0), tolerance=0.01, scale=1.0,
                source="solid balls: share of the diameter",
            ),
            never_rises(energy_of(truth), mass * self.speed**2 / 2),
        )  # fmt: skip

    def account(self) -> Account:
        """In words."""
        words = {
            "ball": f"{self.colour} ball", "a_ball": a(f"{self.colour} ball").lower(), "rack": f"{self.colour_rack} balls",
            "count": NUMBERS[self.count], "all": NUMBERS[self.count + 1], "side": "right" if self.side > 0 else "left",
            "from": "left" if self.side > 0 else "right", "material": of_material(self.material),
            "floor": FLOORS[self.floor] + " without friction" + pull_in_words(self), "size": length_of(2 * self.radius),
        }  # fmt: skip
        short, detailed, *others = (capital(text.format(**words)) for text in _RACK)
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=(
                (0.0, f"the {self.colour} ball slides to the {words['side']}"),
                (self.meeting, "it hits the tip of the triangle"),
                (self.meeting + 0.4, "the triangle comes apart, its balls scatter"),
            ),
            heard=("a quick run of clacks when the triangle is hit",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """So many balls of those colours, the first moving to that side, a collision."""
        rack = tuple(Claim(kind="colour", value=self.colour_rack, body=i + 1) for i in range(self.count))
        return (
            Claim(kind="colour", value=self.colour, body=0),
            *rack,
            Claim(kind="count", value=str(self.count + 1)),
            Claim(kind="direction", value="right" if self.side > 0 else "left", body=0),
            Claim(kind="event", value="collision", time=self.delay + self.meeting, words=("hits", "breaks")),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Speed, number of balls, direction."""
        speeds = tuple(replace(self, speed=k * self.speed, note=f"It moves at {speed_of(k * self.speed)}.") for k in (0.6, 0.8, 1.0))
        return {
            "speed": speeds,
            "count": tuple(replace(self, rows=rows) for rows in (2, 3, 4)),
            "direction": tuple(replace(self, side=side) for side in (-1.0, 1.0)),
        }


_RACK = (
    "Seen from above: {a_ball} slides to the {side} over {floor} and breaks a loose triangle of {count} {rack}; {all} balls in all.",
    "{all} {material} balls of {size} on {floor}, seen from above: a loose triangle of {count} {rack}, and {a_ball} that comes from the "
    "{from}, moves to the {side} and hits the triangle at its tip. With a run of clacks the triangle comes apart; all {all} balls stay on "
    "the floor.",
    "From a high camera, a break shot on {floor}: {count} {rack} stand in a loose triangle, {a_ball} slides to the {side} and hits them "
    "with a clatter. There are {all} balls, each {size} wide, before and after.",
    "Looking down on {floor}: {count} {rack} at rest in a triangle. From the {from} comes {a_ball}, sliding to the {side}; it hits the "
    "ball at the tip and the others scatter. {all} balls altogether.",
    "A triangle of {count} {rack} on {floor}, from above; {a_ball} moving to the {side} hits its tip, and it comes apart with a clatter. "
    "{all} balls of {size} in all.",
)

"""Two balls that fall from different heights in one picture: what they have in common cancels, a ratio without a unit is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.falling import FALL
from kinema.scenes.catalogue.wording import fine_length
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, Account, a, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from kinema.scenes.truth import Truth

__all__ = ["TwoDrops"]

TOP = 0.8  # -, share of the view from the floor to the top of the highest ball
ASIDE = 0.2  # -, of both balls from the middle, over the view
STUFF = ("rubber", "plastic", "glass", "steel", "stone", "wood", "aluminium", "cork")
UNDER = ("wood", "stone", "concrete", "ceramic")


@dataclass(frozen=True, kw_only=True)
class TwoDrops(Scene):
    """Two equal balls are let go at the same moment from different heights; the lower one lands first.

    Closed form: the times of the two falls are as the square roots of the heights, ``t1 / t2 = sqrt(h1 / h2)``, whatever the gravity, the
    size of the picture or the material; and so are those of all bounces.

    History: 1 = first release.
    """

    family: ClassVar[str] = "two_drops"
    laws: ClassVar[tuple[str, ...]] = ("parabola", "restitution", "gravity", "ratio", "order", "arrow_of_time")
    area: ClassVar[str] = "two of a kind"

    colour_high: str
    colour_low: str
    material: str
    radius: float  # m, of both
    high: float  # m, from the ball's lowest point to the floor
    low: float  # m
    side: float  # -, 1: the higher one is on the right
    restitution: float  # -

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world, material, floor = (str(rng.choice(list(choices))) for choices in (GRAVITY, STUFF, UNDER))
        one, other = map(str, rng.choice(list(COLOURS), 2, replace=False))
        size, slowness, ratio, bounce = rng.uniform(0.07, 0.08), rng.uniform(0.95, 1.15), rng.uniform(2.0, 3.2), rng.uniform(-0.02, 0.02)
        side = float(rng.choice([-1.0, 1.0]))
        own: dict[str, Any] = {
            "world": world, "material": material, "floor": floor, "colour_high": one, "colour_low": other, "side": side,
            "prompt_id": int(rng.integers(6)), **overrides,
        }  # fmt: skip
        own.setdefault("restitution", round(MATERIALS[own["material"]].restitution + bounce, 3))
        high = own.setdefault("high", round(GRAVITY[own["world"]] * (FALL[own["world"]] * slowness) ** 2 / 2, 3))
        view = own.setdefault("view", high / (TOP - 2 * size))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("low", round(high / ratio, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Other heights."""
        return {"high": self.high * float(rng.uniform(0.95, 1.05)), "low": self.low * float(rng.uniform(0.95, 1.05))}

    @property
    def width(self) -> float:
        """Diameter of either ball, m."""
        return 2 * self.radius

    @property
    def ratio(self) -> float:
        """Closed form: the longer fall over the shorter."""
        return float(np.sqrt(self.high / self.low))

    def bodies(self) -> tuple[Body, ...]:
        """The ball that is let go higher up, then the other."""
        mass = ball_mass(self.material, self.radius)
        return tuple(
            Body(name=name, colour=colour, material=self.material, radius=self.radius, mass=mass)
            for name, colour in (("high", self.colour_high), ("low", self.colour_low))
        )

    def setup(self) -> Setup:
        """Both at rest."""
        x = ASIDE * self.view * self.side
        return Setup(
            position=((x, 0.0, self.high + self.radius), (-x, 0.0, self.low + self.radius)),
            velocity=((0.0, 0.0, 0.0),) * 2,
            restitution=(self.restitution,) * 2,
        )

    def account(self) -> Account:
        """In words."""
        stuff, size = f"{of_material(self.material)} ball", fine_length(self.width)
        one, other, high, low = f"{self.colour_high} {stuff}", f"{self.colour_low} {stuff}", fine_length(self.high), fine_length(self.low)
        own, its = ("right", "left") if self.side > 0 else ("left", "right")
        floor, world = FLOORS[self.floor], WORLDS[self.world]
        slow, fast = (float(np.sqrt(2 * h / self.gravity)) for h in (self.high, self.low))
        return Account(
            short=f"Two balls of {size} are let go at once above {floor} {world}, {a(one).lower()} on the {own} from {high} and "
            f"{a(other).lower()} on the {its} from {low}: both fall straight down, the lower one hits the floor first, and both bounce "
            "with a thump.",
            detailed=f"{a(one)} on the {own} and {a(other).lower()} on the {its}, each {size} across, hang above {floor} {world}, the "
            f"{self.colour_high} one higher at {high}, the {self.colour_low} one lower at {low}. They are let go at the same moment and "
            "fall straight down side by side; the lower one hits the floor first. Both bounce, with a thump at every hit.",
            paraphrases=(
                f"Two balls, both {size} wide, fall together {world}: the {one} on the {own} starts higher, {high} above {floor}, the "
                f"{other} only {low} above it, so the {self.colour_low} one comes down first; each bounces with a thump.",
                f"Fixed camera: two balls drop straight down at the same time {world}, each {size} in diameter, {a(one).lower()} on the "
                f"{own} from the higher place, {high}, and {a(other).lower()} from {low}; the latter thumps on {floor} first, and both "
                "bounce.",
                f"Same moment, different heights: both the {one}, {high} up on the {own}, and the {other}, at {low} and not as high, fall "
                f"down onto {floor} {world}; they measure {size}, the {self.colour_low} one lands first, and every hit is a thump. "
                f"Nothing is higher than the {self.colour_high} one.",
            ),
            beats=(
                (0.0, "both balls are let go"),
                (fast, f"the {self.colour_low} one hits the floor first"),
                (slow, f"the {self.colour_high} one hits the floor"),
            ),
            heard=("a thump at every bounce",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """Two balls of those colours, both falling; the lower one lands first."""
        return (
            Claim(kind="colour", value=self.colour_high, body=0),
            Claim(kind="colour", value=self.colour_low, body=1),
            Claim(kind="count", value="2"),
            Claim(kind="direction", value="down", body=0),
            Claim(kind="direction", value="down", body=1),
            Claim(kind="larger", value="higher", body=0, words=("higher", "lower one")),
            Claim(kind="order", value="first", body=1),
            Claim(kind="sound", value="impact", words=("thump",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Ratio of the falls and of the first flights after them, height of the bounces, and the energy."""
        times = [[contact.t - self.delay for contact in truth.contacts if contact.bodies[0] == name] for name in ("high", "low")]
        flights = [mine[1] - mine[0] for mine in times]
        apex = [
            float(truth.position[(truth.times > mine[0] + self.delay) & (truth.times < mine[1] + self.delay), i, 2].max()) - self.radius
            for i, mine in enumerate(times)
        ]
        scale, root = truth.bodies[0].mass * self.gravity * (self.high + self.low), "sqrt(h1 / h2)"
        return (
            Proof(law="ratio of the falls", closed_form=self.ratio, simulated=times[0][0] / times[1][0], tolerance=0.005, source=root),
            Proof(law="ratio of the flights", closed_form=self.ratio, simulated=flights[0] / flights[1], tolerance=0.01, source=root),
            Proof(
                law="ratio of the bounces", closed_form=self.high / self.low, simulated=apex[0] / apex[1], tolerance=0.01, source="h1 / h2"
            ),
            Proof(
                law="time of the longer fall", closed_form=float(np.sqrt(2 * self.high / self.gravity)), simulated=times[0][0],
                tolerance=0.005, source="sqrt(2 h / g)",
            ),
            Proof(law="bounce", closed_form=self.restitution**2, simulated=apex[0] / self.high, tolerance=0.01, source="e^2"),
            never_rises(energy_of(truth), scale),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """The lower ball higher, both larger, of other stuff, sides changed over."""
        others = sorted({"plastic", "steel", "stone", self.material}, key=lambda name: MATERIALS[name].density)
        return {
            "ratio": tuple(replace(self, low=self.low * factor) for factor in (0.8, 1.0, 1.25)),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.86, 1.0, 1.14)),
            "material": tuple(replace(self, material=name) for name in others),
            "order": (self, replace(self, colour_high=self.colour_low, colour_low=self.colour_high)),
            "direction": tuple(replace(self, side=side) for side in (-1.0, 1.0)),
        }

"""A heavy ball and pins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.striking import REST, from_above, speed_of
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, NUMBERS, Account, a, capital, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Scene, Setup
from kinema.scenes.shapes import Lathe, rotate, volume_of
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from kinema.scenes.camera import Camera
    from kinema.scenes.truth import Truth

__all__ = ["Bowling"]

HEAVY = ("stone", "glass", "ceramic", "aluminium")  # balls of about 2.7 g/cm^3, so that every pin falls
PIN = ((0.0, 0.0), (0.117, 0.0), (0.167, 0.30), (0.153, 0.567), (0.093, 0.95), (0.05, 1.0), (0.0, 1.0))  # (radius, z) over its height
TALL, BALL, SPACING = 0.27, 0.067, 0.148  # -, height of a pin, radius of the ball, distance of pins over the view's height
FROUDE = (0.165, 0.185)  # -, speed over sqrt(g view)
ANGLE, BEHIND = np.radians(33.0), np.radians(21.0)  # of the camera above the horizon, and from the side towards behind the ball
RUN_UP = 0.24  # -, share of the view between the ball's centre and the first pin's axis


@dataclass(frozen=True, kw_only=True)
class Bowling(Scene):
    """A heavy ball rolls into pins that stand in a triangle, and all of them fall.

    Closed form: the ball rolls at constant speed until it touches the first pin. Invariants: energy never rises; the momentum along the
    lane that the first blow takes is no more than the floor's friction can take. The pin is convex, so what is touched is what is seen.

    History: 1 = first release.
    """

    family: ClassVar[str] = "bowling"
    laws: ClassVar[tuple[str, ...]] = ("momentum", "topple")
    area: ClassVar[str] = "collisions"
    rubbing: ClassVar[bool] = True

    colour: str  # of the ball
    colour_pins: str
    material: str  # of the ball
    material_pins: str = "pine"
    rows: int = 2  # of pins
    radius: float  # m, of the ball
    tall: float  # m, of a pin
    speed: float  # m/s
    side: float  # 1: to the right, -1: to the left
    offset: float  # radii of the ball, of its path beside the first pin's axis
    friction: float = 0.5  # - of every pair
    restitution: float = 0.1  # - of every pair that does not include the floor

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, pins = map(str, rng.choice(list(COLOURS), 2, replace=False))
        own: dict[str, Any] = {
            "colour": colour,
            "colour_pins": pins,
            "material": str(rng.choice(HEAVY)),
            "floor": str(rng.choice(["wood", "stone", "concrete"])),
            "offset": round(float(rng.uniform(-0.1, 0.1)), 3),
            "side": float(rng.choice([-1.0, 1.0])),
        }
        view, pace = rng.uniform(1.8, 2.4), rng.uniform(*FROUDE)
        own |= {"prompt_id": int(rng.integers(6)), **overrides}
        view = own.setdefault("view", round(float(view), 3))
        own.setdefault("radius", round(BALL * view, 4))
        own.setdefault("tall", round(TALL * view, 4))
        own.setdefault("speed", round(float(pace * np.sqrt(GRAVITY[own.get("world", "earth")] * view)), 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another speed."""
        return {"speed": self.speed * float(rng.uniform(0.95, 1.05))}

    def camera(self) -> Camera:
        """From above and a little from behind the ball, so that no pin hides another."""
        seen = from_above(self, float(ANGLE), 0.09 * self.view)
        return replace(seen, yaw=seen.yaw - self.side * float(BEHIND))

    @property
    def profile(self) -> tuple[tuple[float, float], ...]:
        """(radius, z above the floor) of a pin that stands, m."""
        return tuple((r * self.tall, z * self.tall) for r, z in PIN)

    @property
    def count(self) -> int:
        """Pins."""
        return self.rows * (self.rows + 1) // 2

    def bodies(self) -> tuple[Body, ...]:
        """The ball, then the pins, the first one first."""
        pin = Lathe(tuple((r, z - self.tall / 2) for r, z in self.profile))
        heavy = MATERIALS[self.material_pins].density * volume_of(pin)
        outline = np.array(self.profile)
        as_large = float(np.sqrt(np.trapezoid(2 * outline[:, 0], outline[:, 1]) / np.pi))
        ball = Body(
            name="ball", colour=self.colour, material=self.material, radius=self.radius, mass=ball_mass(self.material, self.radius)
        )  # fmt: skip
        return (
            ball,
            *(
                Body(
                    name=f"pin{i + 1}", colour=self.colour_pins, material=self.material_pins, radius=as_large, mass=heavy, shape="pin",
                    solid=pin,
                )
                for i in range(self.count)
            ),
        )  # fmt: skip

    def setup(self) -> Setup:
        """The ball rolls; the pins stand."""
        gap, first, number = SPACING * self.view, -0.13 * self.view, self.count + 1
        spots = [(first + row * gap * np.sqrt(0.75), (k - row / 2) * gap) for row in range(self.rows) for k in range(row + 1)]
        pins = tuple((float(x) * self.side, float(y), self.tall / 2) for x, y in spots)
        return Setup(
            position=(((first - RUN_UP * self.view) * self.side, self.offset * self.radius, self.radius), *pins),
            velocity=((self.speed * self.side, 0.0, 0.0), *[REST] * self.count),
            spin=((0.0, self.speed * self.side / self.radius, 0.0), *[REST] * self.count),
            restitution=(float(np.sqrt(self.restitution)),) * number,
            friction=(float(np.sqrt(self.friction)),) * number,
            floor_friction=float(np.sqrt(self.friction)),
            floor_restitution=0.0,
            erp=0.05,
            step_rate=1920,
        )

    @property
    def reach(self) -> float:
        """M between the ball's centre and the pin's axis when they touch: the farthest circle that still meets the outline."""
        r, z = (np.interp(np.linspace(0, 6, 4001), range(7), column) for column in zip(*self.profile, strict=True))
        touching = np.abs(z - self.radius) < self.radius
        return float((r[touching] + np.sqrt(self.radius**2 - (z[touching] - self.radius) ** 2)).max())

    @property
    def meeting(self) -> float:
        """Closed form: s from the release to the first blow."""
        along = float(np.sqrt(self.reach**2 - (self.offset * self.radius) ** 2))
        return (RUN_UP * self.view - along) / self.speed

    def standing(self, truth: Truth) -> int:
        """How many pins stand upright in the end."""
        up = rotate(truth.orientation[-1, 1:], np.array([0.0, 0.0, 1.0]))[:, 2]
        return int((up > 0.9).sum())

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """The roll to the first pin, the momentum of the first blow, energy, and the pins that fell."""
        masses = np.array([body.mass for body in truth.bodies])
        along = self.side * (truth.velocity[..., 0] * masses).sum(axis=1)
        first = truth.contacts[0].t
        hit = int(first * TRUTH_RATE)
        blow = [c.impulse for c in truth.contacts if c.bodies[1] == "floor" and abs(c.t - first) < 0.01]
        lost = float(along[hit - 2] - along[hit + 6])
        heavy = truth.bodies[0].mass
        excess = max(lost - self.friction * (sum(blow) + masses.sum() * self.gravity * 0.009), -min(lost, 0.0), 0.0)
        return (
            Proof(
                law="moment of the first blow", closed_form=self.delay + self.meeting, simulated=first, tolerance=0.01,
                source="gap along the lane over speed",
            ),
            Proof(
                law="speed on the way there", closed_form=self.speed, simulated=float(truth.velocity[hit - 2, 0, 0]) * self.side,
                tolerance=0.005, source="rolling keeps its speed",
            ),
            Proof(
                law="momentum lost in the first blow beyond friction", closed_form=0.0, simulated=excess, tolerance=0.005,
                scale=heavy * self.speed, source="|dp| <= mu J",
            ),
            Proof(
                law="pins that fall", closed_form=float(self.count), simulated=float(self.count - self.standing(truth)), tolerance=0.001,
                source="what the prompt says",
            ),
            never_rises(energy_of(truth), 0.7 * heavy * self.speed**2),
        )  # fmt: skip

    def account(self) -> Account:
        """In words."""
        ball = f"{self.colour} {of_material(self.material)} ball"
        words = {
            "ball": ball, "a_ball": a(ball).lower(),
            "pins": f"{NUMBERS[self.count]} {self.colour_pins} pins", "number": NUMBERS[self.count],
            "side": "right" if self.side > 0 else "left", "from": "left" if self.side > 0 else "right",
            "floor": FLOORS[self.floor] + pull_in_words(self), "size": length_of(2 * self.radius), "tall": length_of(self.tall),
            "speed": speed_of(self.speed), "things": NUMBERS[self.count + 1],
        }  # fmt: skip
        short, detailed, *others = (capital(text.format(**words)) for text in _BOWLING)
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=(
                (0.0, f"the {words['ball']} rolls to the {words['side']}"),
                (self.meeting, "it hits the first pin, which falls onto those behind it"),
                (self.meeting + 1.0, f"all {words['number']} pins have fallen"),
            ),
            heard=("the ball rolling", "the clatter of wooden pins"),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One ball and so many pins of those colours; it rolls to that side, hits them, and they fall."""
        pins = tuple(Claim(kind="colour", value=self.colour_pins, body=i + 1) for i in range(self.count))
        return (
            Claim(kind="colour", value=self.colour, body=0),
            *pins,
            Claim(kind="shape", value="pin", body=1, words=("pins",)),
            Claim(kind="count", value=str(self.count + 1), words=(f"{NUMBERS[self.count]} {self.colour_pins} pins",)),
            Claim(kind="direction", value="right" if self.side > 0 else "left", body=0),
            Claim(kind="event", value="collision", time=self.delay + self.meeting, words=("hits", "into")),
            Claim(kind="event", value="topple", body=1, words=("fall", "falls", "down")),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Speed, direction."""
        speeds = tuple(self.speed * k for k in (0.8, 1.0, 1.2))
        return {
            "speed": tuple(replace(self, speed=speed, note=f"The ball rolls at {speed_of(speed)}.") for speed in speeds),
            "direction": tuple(replace(self, side=side) for side in (-1.0, 1.0)),
        }


_BOWLING = (
    "{a_ball} rolls to the {side} over {floor} into {pins}, and all of them fall.",
    "{pins}, {tall} tall, stand in a triangle on {floor}. A heavy {ball} of {size} rolls from the {from} to the {side}, hits the first "
    "pin, and with a clatter all {number} fall.",
    "Bowling seen from above: {a_ball}, {size} wide, comes from the {from}, rolls to the {side} into {pins} on {floor} and knocks "
    "every one of them down.",
    "{pins} stand on {floor}; {a_ball} rolls in from the {from}, moving to the {side}, and hits them. None of the pins is left standing: "
    "all fall.",
    "A strike: {a_ball} rolling to the {side} over {floor} hits {pins} of {tall}, and down they go, all {number}, with a clatter.",
)

"""Bodies on a string over a pulley."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import AXIS, HEAVY, SIDES, account_of, axle, counted, landing_proof, released, seconds_of
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS, ball_mass
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, a, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Joint, Scene, Setup, State
from kinema.scenes.shapes import Cylinder, turn
from kinema.scenes.truth import Body, Prop, Tie

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.shapes import Vector
    from kinema.scenes.truth import Truth

__all__ = ["Atwood"]


@dataclass(frozen=True, kw_only=True)
class Atwood(Scene):
    """Two balls on a string over a pulley: the larger, heavier one sinks until it lands, the other one rises.

    The pulley is a disc on a hinge of PyBullet's; the two sides of the string are very stiff, well damped springs that can only pull
    (forces of the scene's own at 3840 Hz), so neither the acceleration nor the tension is put in. Closed form while both sides are taut:
    ``a = g (m1 - m2) / (m1 + m2 + I / r^2)``.

    History: 1 = first release.
    """

    family: ClassVar[str] = "atwood"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("acceleration", "gravity", "energy")

    colour_left: str
    colour_right: str
    colour_pulley: str
    material: str  # of the balls
    radius_left: float  # m
    radius_right: float  # m
    pulley: float  # m, its radius
    pulley_mass: float  # kg
    height: float  # m, from the lowest point of the heavier ball to the floor
    tail: float  # m, how much higher the heavier ball's middle starts than that of the lighter

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world, floor = str(rng.choice(list(GRAVITY))), str(rng.choice(list(CLASSIC_FLOORS)))
        left, right, pulley = map(str, rng.choice(list(COLOURS), 3, replace=False))
        own: dict[str, Any] = {"world": world, "floor": floor, "colour_left": left, "colour_right": right, "colour_pulley": pulley}
        own["material"] = str(rng.choice(list(HEAVY)))
        slow, size, ratio, load = rng.uniform(0.78, 0.88), rng.uniform(0.072, 0.078), rng.uniform(1.13, 1.2), rng.uniform(2.5, 4.5)
        heavy, tail = str(rng.choice(SIDES)), rng.uniform(0.19, 0.23)
        own |= {"prompt_id": int(rng.integers(len(_ATWOOD) + 1)), **overrides}
        share = (ratio**3 - 1) / (ratio**3 + 1 + load / 2)
        drop = 0.27  # of the view
        view = own.setdefault("view", round(GRAVITY["earth"] * share * slow**2 / 2 / drop, 3))
        own.setdefault("height", round(drop * view, 4))
        own.setdefault("tail", round(tail * view, 4))
        own.setdefault("pulley", round(0.105 * view, 4))
        for side in SIDES:
            own.setdefault(f"radius_{side}", round(size * view * (ratio if side == heavy else 1.0), 4))
        lighter = ball_mass(own["material"], min(own["radius_left"], own["radius_right"]))
        own.setdefault("pulley_mass", float(f"{load * lighter:.4g}"))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Let go from another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    @property
    def heavy(self) -> int:
        """Which side goes down: 0 left, 1 right."""
        return 0 if self.radius_left > self.radius_right else 1

    @property
    def axle(self) -> Vector:
        """The middle of the pulley, m."""
        return (0.0, 0.0, 0.715 * self.view)

    def bodies(self) -> tuple[Body, ...]:
        """The ball on the left, the ball on the right, the pulley."""
        balls = tuple(
            Body(name=side, colour=colour, material=self.material, radius=radius, mass=ball_mass(self.material, radius))
            for side, colour, radius in (
                ("left", self.colour_left, self.radius_left), ("right", self.colour_right, self.radius_right),
            )
        )  # fmt: skip
        disc = Cylinder(self.pulley, 0.05 * self.view)
        return (
            *balls,
            Body(
                name="pulley", colour=self.colour_pulley, material=self.material, radius=self.pulley, mass=self.pulley_mass, shape="pulley",
                solid=disc, subject=False,
            ),
        )  # fmt: skip

    @cached_property
    def taut(self) -> float:
        """Stiffness of either side of the string, N/m: the lighter ball alone would tremble on it at 400 rad/s."""
        return 400.0**2 * min(body.mass for body in self.bodies()[:2])

    def setup(self) -> Setup:
        """At rest, both sides of the string stretched by the balls' weights: it is the pulley that was held."""
        start = self.height + max(self.radius_left, self.radius_right)
        heights = (start, start - self.tail) if self.heavy == 0 else (start - self.tail, start)
        x = self.pulley
        flat = turn((1.0, 0.0, 0.0), np.pi / 2)
        return Setup(
            position=((-x, 0.0, heights[0]), (x, 0.0, heights[1]), self.axle),
            velocity=((0.0, 0.0, 0.0),) * 3,
            restitution=(0.2, 0.2, 0.0),
            orientation=((0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0), flat),
            joints=(Joint(child="pulley", at=self.axle, axis=AXIS),),
            ghosts=("pulley",),
            erp=0.05,
        )

    def props(self) -> tuple[Prop, ...]:
        """A post with an axle behind."""
        return axle(self.view, self.axle, behind=0.16)

    def ties(self) -> tuple[Tie, ...]:
        """The string, on either side of the pulley."""
        _, _, z = self.axle
        return tuple(
            Tie(kind="string", start=(None, (side * self.pulley, 0.0, z)), end=(name, (0.0, 0.0, radius)))
            for name, side, radius in (("left", -1.0, self.radius_left), ("right", 1.0, self.radius_right))
        )

    @cached_property
    def _held(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Heights of the balls at release, and how far their weights stretch the string then, m."""
        begin = np.array([place[2] for place in self.setup().position[:2]])
        return begin, np.array([body.mass for body in self.bodies()[:2]]) * self.gravity / self.taut

    def stretches(self, position: NDArray[np.float64], orientation: NDArray[np.float64]) -> NDArray[np.float64]:
        """(..., 2) m, how far the two sides of the string are stretched; below 0 they hang slack.

        The pulley's angle is told by its quaternion up to whole turns; the balls say which.
        """
        begin, weights = self._held
        sunk = begin - position[..., :2, 2]
        x, y, z, w = np.moveaxis(orientation[..., 2, :], -1, 0)
        turned = 2 * np.arctan2(z - y, w + x)  # the disc lies on its side: its own axis is the world's -y
        guess = (sunk[..., 0] - sunk[..., 1]) / 2 / self.pulley
        turned = turned + 2 * np.pi * np.round((guess - turned) / (2 * np.pi))
        paid = self.pulley * np.stack([turned, -turned], axis=-1)
        slack: NDArray[np.float64] = weights + sunk - paid
        return slack

    def forces(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Either side of the string pulls its ball up and the rim of the pulley down, if it is taut."""
        stretch = self.stretches(state.position, state.orientation)
        rim = -state.spin[2, 1] * self.pulley  # positive: the right side goes up
        rate = -state.velocity[:2, 2] - np.array([rim, -rim])
        damping = 0.3 * self.taut / 400.0
        pull = np.where(stretch > 0, np.maximum(self.taut * stretch + damping * rate, 0.0), 0.0)
        force, torque = np.zeros((3, 3)), np.zeros((3, 3))
        force[:2, 2] = pull
        torque[2, 1] = -self.pulley * (pull[0] - pull[1])
        return force, torque

    @property
    def acceleration(self) -> float:
        """Closed form, m/s^2: g (m1 - m2) / (m1 + m2 + I / r^2)."""
        masses = [body.mass for body in self.bodies()[:2]]
        return float(self.gravity * (max(masses) - min(masses)) / (sum(masses) + self.pulley_mass / 2))

    @property
    def landing(self) -> float:
        """Closed form: seconds from the release until the heavier ball lands."""
        return float(np.sqrt(2 * self.height / self.acceleration))

    def account(self) -> Account:
        """Words."""
        colours, radii = (self.colour_left, self.colour_right), (self.radius_left, self.radius_right)
        low, high, kind = self.heavy, 1 - self.heavy, of_material(self.material)
        words = {
            "large": f"larger {colours[low]} {kind} ball", "small": f"smaller {colours[high]} {kind} ball", "side": SIDES[low],
            "other": SIDES[high], "large_size": length_of(2 * radii[low]), "small_size": length_of(2 * radii[high]),
            "a_pulley": f"{a(self.colour_pulley).lower()} pulley", "height": length_of(self.height), "time": seconds_of(self.landing),
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = (
            (0.0, "the pulley is let go; the larger ball begins to sink, the other one to rise"),
            (self.landing, "the larger ball lands on the floor with a thud; the string goes slack"),
        )
        return account_of(_ATWOOD, words, beats, heard=("a thud as the larger ball lands",), unheard=("no music", "no voices"))

    def claims(self) -> tuple[Claim, ...]:
        """Two balls; the larger goes down, the other one up; a thud."""
        low, high = self.heavy, 1 - self.heavy
        return (
            Claim(kind="colour", value=self.colour_left, body=0),
            Claim(kind="colour", value=self.colour_right, body=1),
            counted(2),
            Claim(kind="larger", value="larger", body=low),
            Claim(kind="direction", value="down", body=low),
            Claim(kind="direction", value="up", body=high),
            Claim(kind="sound", value="impact", words=("thud",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Acceleration, landing, energy."""
        after = released(truth)
        fall = slice(20, round(0.9 * self.landing * TRUTH_RATE))
        clock = np.arange(len(truth.times[after])) / TRUTH_RATE
        seen = [float(np.polyfit(clock[fall], truth.velocity[after][fall, k, 2], 1)[0]) for k in (0, 1)]
        stretch = np.maximum(self.stretches(truth.position[after], truth.orientation[after]), 0)
        kept = energy_of(truth) + self.taut / 2 * (stretch**2).sum(axis=-1)
        scale = self.height * self.gravity * abs(truth.bodies[0].mass - truth.bodies[1].mass)
        source = "g (m1 - m2) / (m1 + m2 + I / r^2)"
        return (
            Proof(law="the heavier sinks", closed_form=self.acceleration, simulated=-seen[self.heavy], tolerance=0.005, source=source),
            Proof(law="the lighter rises", closed_form=self.acceleration, simulated=seen[1 - self.heavy], tolerance=0.005, source=source),
            *landing_proof(truth, "landing", self.landing, "sqrt(2 h / a)"),
            never_rises(kept, scale),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How large the larger ball is, and the side of the heavier ball."""
        name = f"radius_{SIDES[self.heavy]}"
        sizes = tuple(replace(self, **{name: getattr(self, name) * share}) for share in (1.0, 1.05, 1.1))
        swapped = replace(
            self, radius_left=self.radius_right, radius_right=self.radius_left,
            colour_left=self.colour_right, colour_right=self.colour_left,
        )  # fmt: skip
        return {"size": sizes, "direction": (self, swapped) if self.heavy == 0 else (swapped, self)}


_ATWOOD = (
    "Two balls hang on a string over {a_pulley} above {floor} {world}: the {large} ({large_size}) on the {side} goes down and lands with a "
    "thud after {time}, the {small} ({small_size}) goes up.",
    "Two balls hang on the two ends of a string that runs over {a_pulley}, {world}. The {large}, {large_size} across, on the {side} is "
    "{height} above {floor}; the {small}, {small_size} across, is on the {other}. When the pulley is let go the {large} moves down and "
    "lands with a thud after {time}, while the {small} moves up.",
    "An Atwood machine over {floor} {world}: on {a_pulley} hang two balls. Down goes the {large} of {large_size} on the {side}, to land "
    "with a thud after {time}; up goes the {small} of {small_size}.",
    "A string over {a_pulley} joins two balls, {world}. From rest the {large} ({large_size}, {side}) sinks down to {floor} in {time} and "
    "lands with a thud; it pulls the {small} ({small_size}) up on the {other}.",
)

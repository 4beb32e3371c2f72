"""Bodies that hang from one another."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import AXIS, QUIET, account_of, axle, counted, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS, ball_mass
from kinema.scenes.materials import CLASSIC
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Joint, Scene, Setup
from kinema.scenes.truth import Body, Prop, Tie

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.shapes import Vector
    from kinema.scenes.truth import Truth

__all__ = ["DoublePendulum"]


def two_colours(rng: np.random.Generator) -> dict[str, str]:
    """World, floor, and two colours that differ."""
    world, floor = str(rng.choice(list(GRAVITY))), str(rng.choice(list(CLASSIC_FLOORS)))
    first, second = map(str, rng.choice(list(COLOURS), 2, replace=False))
    return {"world": world, "floor": floor, "colour": first, "colour_other": second, "material": str(rng.choice(list(CLASSIC)))}


@dataclass(frozen=True, kw_only=True)
class DoublePendulum(Scene):
    """A ball on a rod that hangs from another ball on a rod: chaotic, so what can be proven is its first instant and its energy.

    Reduced coordinates of PyBullet at 7680 Hz: the rods keep their length by construction. Closed forms: the two angular accelerations
    from rest (Lagrange's equations of two rigid bodies, rod and ball each), and the energy, which stays.

    History: 1 = first release.
    """

    family: ClassVar[str] = "double_pendulum"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("energy", "gravity")
    audible: ClassVar[bool] = False

    colour: str  # of the upper ball
    colour_other: str  # of the lower ball
    material: str
    radius: float  # m, of the upper ball
    radius_other: float  # m
    length: float  # m, of the upper rod, to the ball's centre
    length_other: float  # m, from ball to ball
    angle: float  # radians from straight down, positive to the right
    angle_other: float  # radians

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {**two_colours(rng)}
        upper, lower, fall, opening, bend = (
            rng.uniform(0.062, 0.068), rng.uniform(0.066, 0.074), rng.uniform(0.44, 0.52), rng.uniform(78, 96), rng.uniform(-12, 12),
        )  # fmt: skip
        long, short = rng.uniform(0.185, 0.2), rng.uniform(0.165, 0.175)
        side = float(rng.choice([-1.0, 1.0]))
        own |= {"prompt_id": int(rng.integers(len(_DOUBLE) + 1)), **overrides}
        view = own.setdefault("view", round(GRAVITY["earth"] * fall**2, 3))
        for name, share in (("radius", upper), ("radius_other", lower), ("length", long), ("length_other", short)):
            own.setdefault(name, round(share * view, 4))
        own.setdefault("angle", float(np.radians(round(side * opening, 1))))
        own.setdefault("angle_other", float(np.radians(round(side * (opening + bend), 1))))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Other opening angles."""
        return {name: getattr(self, name) * float(rng.uniform(0.95, 1.05)) for name in ("angle", "angle_other")}

    @property
    def pivot(self) -> Vector:
        """Where it hangs, m."""
        return (0.0, 0.0, 0.52 * self.view)

    def bodies(self) -> tuple[Body, ...]:
        """The upper ball, then the lower one."""
        return tuple(
            Body(name=name, colour=colour, material=self.material, radius=radius, mass=ball_mass(self.material, radius))
            for name, colour, radius in (("upper", self.colour, self.radius), ("lower", self.colour_other, self.radius_other))
        )

    def setup(self) -> Setup:
        """At rest, both rods out to one side."""
        upper = along(self.pivot, self.angle, self.length)
        lower = along(upper, self.angle_other, self.length_other)
        return Setup(
            position=(upper, lower),
            velocity=((0.0, 0.0, 0.0),) * 2,
            restitution=(0.0, 0.0),
            joints=(Joint(child="upper", at=self.pivot, axis=AXIS), Joint(child="lower", parent="upper", at=upper, axis=AXIS)),
            ghosts=("upper", "lower"),
            step_rate=7680,  # at 3840 Hz the energy wanders by up to 0.6 %
            hits=False,
        )

    def props(self) -> tuple[Prop, ...]:
        """A post with an axle behind."""
        return axle(self.view, self.pivot, behind=0.12)

    def ties(self) -> tuple[Tie, ...]:
        """The two rods."""
        start, middle = (None, self.pivot), ("upper", (0.0, 0.0, 0.0))
        return Tie(kind="rod", start=start, end=middle), Tie(kind="rod", start=middle, end=("lower", (0.0, 0.0, 0.0)))

    def accelerations(self) -> tuple[float, float]:
        """Closed form, rad/s^2: how fast the rods begin to turn, from Lagrange's equations at rest."""
        (m1, m2), (r1, r2) = (body.mass for body in self.bodies()), (self.radius, self.radius_other)
        l1, l2, g = self.length, self.length_other, self.gravity
        mixed = m2 * l1 * l2 * np.cos(self.angle - self.angle_other)
        inertia = np.array([[(m1 + m2) * l1**2 + 0.4 * m1 * r1**2, mixed], [mixed, m2 * l2**2 + 0.4 * m2 * r2**2]])
        weight = -g * np.array([(m1 + m2) * l1 * np.sin(self.angle), m2 * l2 * np.sin(self.angle_other)])
        first, second = np.linalg.solve(inertia, weight)
        return float(first), float(second)

    def account(self) -> Account:
        """Words."""
        words = {
            "upper": f"{self.colour} {of_material(self.material)} ball", "lower": f"{self.colour_other} {of_material(self.material)} ball",
            "long": length_of(self.length), "short": length_of(self.length_other), "side": "right" if self.angle > 0 else "left",
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = (
            (0.0, "both rods, held out to the {side}, are let go and both balls fall"),
            (0.9 * np.sqrt(GRAVITY["earth"] / self.gravity), "both have swung to the other side; from now on no two swings are alike"),
        )
        return account_of(_DOUBLE, words, beats)

    def claims(self) -> tuple[Claim, ...]:
        """Two balls of those colours that first fall, in silence."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="colour", value=self.colour_other, body=1),
            counted(2),
            Claim(kind="direction", value="down", body=0),
            Claim(kind="direction", value="down", body=1),
            QUIET,
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """The first instant, and the energy."""
        after = released(truth)
        rates = _rates(self.pivot, truth.position[after][:12], truth.velocity[after][:12])
        seen = [float(np.polyfit(np.arange(12) / TRUTH_RATE, rates[:, k], 2)[1]) for k in (0, 1)]
        told = self.accelerations()
        scale = sum(body.mass * self.gravity * (self.length + self.length_other) for body in self.bodies())
        kept = energy_of(truth)
        return (
            *(
                Proof(
                    law=f"{name} rod starts to turn", closed_form=told[k], simulated=seen[k], tolerance=0.01,
                    source="Lagrange: M a = -dV/dq", scale=abs(told[0]),
                )
                for k, name in enumerate(("upper", "lower"))
            ),
            Proof(
                law="energy kept", closed_form=float(kept[0]), simulated=float(kept[np.abs(kept - kept[0]).argmax()]), tolerance=0.005,
                source="E = const", scale=scale,
            ),
            never_rises(kept, scale),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How long the lower rod is, and the side."""
        lengths = tuple(replace(self, length_other=self.length_other * share) for share in (0.7, 0.85, 1.0))
        sides = tuple(replace(self, angle=s * abs(self.angle), angle_other=s * abs(self.angle_other)) for s in (-1.0, 1.0))
        return {"length": lengths, "direction": sides}


_DOUBLE = (
    "A double pendulum above {floor} {world}: the {upper} swings on a rod of {long}, and from it the {lower} on a rod of {short}. Both "
    "start at rest on the {side} and first move down. It makes no sound.",
    "Two balls form a double pendulum on a post above {floor} {world}: the {upper} hangs on a rod of {long} from an axle, the {lower} on a "
    "rod of {short} from the first. Both rods are held out to the {side} and let go; both balls move down at once and then tumble in no "
    "regular rhythm. There is no sound.",
    "Two balls, linked: the {lower} hangs by a rod of {short} from the {upper}, which hangs by a rod of {long} from an axle over {floor} "
    "{world}. Let go on the {side}, both drop down and tumble on silently.",
    "In silence, two rods swing {world} over {floor}, one of {long} with the {upper} at its end, the other of {short} below it with the "
    "{lower}. They start on the {side}; both balls first go down, then whirl without any rhythm.",
)


def along(start: Vector, angle: float, length: float) -> Vector:
    """The end of a rod that hangs from ``start``."""
    return (start[0] + length * float(np.sin(angle)), 0.0, start[2] - length * float(np.cos(angle)))


def _rates(pivot: Vector, position: NDArray[np.float64], velocity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Angular velocities (n, bodies) of the rods from each body to the next, positive to the right, rad/s."""
    start = np.broadcast_to(np.array(pivot), (len(position), 1, 3))
    along = np.diff(np.concatenate([start, position], axis=1), axis=1)
    speed = np.diff(np.concatenate([np.zeros_like(start), velocity], axis=1), axis=1)
    found: NDArray[np.float64] = (along[..., 0] * speed[..., 2] - along[..., 2] * speed[..., 0]) / (along**2).sum(axis=-1)
    return found

"""Bodies that fall: dropped and thrown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import OneBall, draw_looks
from kinema.scenes.materials import MATERIALS
from kinema.scenes.prompts import Account, length_of, worded
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.scene import GRAVITY, Setup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.request import Claim
    from kinema.scenes.truth import Truth

__all__ = ["Drop", "Projectile", "bounce_times"]

# s, the typical first fall: the weaker the pull, the slower
FALL = {"earth": 0.42, "moon": 0.56, "mars": 0.49, "jupiter": 0.34}
LONGEST = 1.68  # s, by which the second contact must have come: 2 s less the longest start delay and a few frames
TALLEST = 0.8  # -, share of the view's height from the floor to the top of the highest body


def bounce_times(first: float, restitution: float, count: int) -> NDArray[np.float64]:
    """Contact times of a dropped ball: the flight after the k-th contact lasts ``2 first e^k``.

    Example:
        >>> bounce_times(0.5, 0.5, 3).tolist()
        [0.5, 1.0, 1.25]
    """
    flights = 2 * first * restitution ** np.arange(1, count)
    return first + np.concatenate([[0.0], np.cumsum(flights)])


@dataclass(frozen=True, kw_only=True)
class Drop(OneBall):
    """A ball released at rest above a hard floor.

    Ground truth is the closed form (:func:`bounce_times`); the simulator must agree with it.

    History: 1 = first release.
    """

    family: ClassVar[str] = "drop"
    laws: ClassVar[tuple[str, ...]] = ("parabola", "restitution", "gravity", "arrow_of_time")
    area: ClassVar[str] = "falling and flight"

    height: float  # m, from the ball's lowest point to the floor
    restitution: float  # -
    x: float  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {**draw_looks(rng)}
        size, slowness, place, bounce = (
            rng.uniform(0.08, 0.10),
            rng.uniform(0.88, 1.12),
            rng.uniform(-0.16, 0.16),
            rng.uniform(-0.02, 0.02),
        )
        own |= {"prompt_id": int(rng.integers(len(_DROP))), **overrides}
        restitution = own.setdefault("restitution", round(MATERIALS[own["material"]].restitution + bounce, 3))
        fall = min(FALL[own["world"]] * slowness, LONGEST / (1 + 2 * restitution))
        height = own.setdefault("height", round(0.5 * GRAVITY[own["world"]] * fall**2, 3))
        view = own.setdefault("view", height / (TALLEST - 2 * size))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("x", place * view)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    def setup(self) -> Setup:
        """At rest, ``height`` above the floor."""
        return Setup(
            position=((self.x, 0.0, self.height + self.radius),),
            velocity=((0.0, 0.0, 0.0),),
            restitution=(self.restitution,),
        )

    def contact_times(self, count: int) -> NDArray[np.float64]:
        """Closed form, s."""
        return self.delay + bounce_times(float(np.sqrt(2 * self.height / self.gravity)), self.restitution, count)

    def prompts(self) -> tuple[str, ...]:
        """Wordings."""
        return worded(self, self._texts())

    def _texts(self) -> tuple[str, ...]:
        words = self.words(height=length_of(self.height))
        return tuple(text.format(**words) for text in _DROP)

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        detailed, short, *others = self._texts()
        first, second = self.contact_times(2) - self.delay
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=((0.0, "the ball is let go"), (float(first), "it hits the floor"), (float(second), "it hits the floor again")),
            heard=("the ball hitting the floor at every bounce",),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Bounciness, height, size, material."""
        return {
            "restitution": tuple(
                replace(self, restitution=e, note=f"It keeps {e:.0%} of its speed at every bounce.") for e in (0.4, 0.6, 0.8)
            ),
            "height": tuple(replace(self, height=self.height * factor) for factor in (0.4, 0.65, 1.0)),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.6, 0.8, 1.0)),
            "material": tuple(replace(self, material=name) for name in ("rubber", "wood", "steel")),
        }

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Contact times and bounce heights."""
        times = (self.contact_times(2) - self.delay).tolist()
        found = [contact.t - self.delay for contact in truth.contacts[:2]]
        rebound = self.restitution**2 * self.height
        between = (truth.times > self.delay + found[0]) & (truth.times < self.delay + found[1])
        top = truth.position[between, 0, 2].max() - self.radius
        return (
            Proof(law="first contact", closed_form=times[0], simulated=found[0], tolerance=0.01, source="sqrt(2 h / g)"),
            Proof(law="second contact", closed_form=times[1], simulated=found[1], tolerance=0.01, source="sqrt(2 h / g) (1 + 2 e)"),
            Proof(law="height after a bounce", closed_form=rebound, simulated=float(top), tolerance=0.01, source="e^2 h"),
            never_rises(energy_of(truth), truth.bodies[0].mass * self.gravity * self.height),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, falling straight down."""
        return self.claims_of_ball("down")


_DROP = (
    "{a_ball}, {size} across, falls straight down from {height} onto {floor} {world} and bounces. There is only one ball.",
    "One {ball} ({size} wide) is let go {height} above {floor} {world}; it drops straight down, hits the floor and bounces back up.",
    "A single {ball} of {size} drops straight down {height} to {floor}, {world}, and bounces with a sound at every hit.",
    "Fixed camera: one {ball}, {size} in diameter, is dropped from {height} {world}, falls straight down and bounces on {floor}.",
)


@dataclass(frozen=True, kw_only=True)
class Projectile(OneBall):
    """A ball thrown sideways and upwards that lands and bounces on, without friction or spin.

    History: 1 = first release.
    """

    family: ClassVar[str] = "projectile"
    laws: ClassVar[tuple[str, ...]] = ("parabola", "restitution", "gravity", "arrow_of_time")
    area: ClassVar[str] = "falling and flight"

    height: float  # m, from the ball's lowest point at the throw to the floor
    speed_x: float  # m/s, positive to the right
    speed_z: float  # m/s, upwards
    restitution: float  # -

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {**draw_looks(rng)}
        size, slowness, up, reach, bounce = (
            rng.uniform(0.08, 0.10),
            rng.uniform(0.88, 1.12),
            rng.uniform(0.22, 0.38),
            rng.uniform(0.40, 0.52),
            rng.uniform(-0.02, 0.02),
        )
        side = float(rng.choice([-1.0, 1.0]))
        own |= {"prompt_id": int(rng.integers(len(_PROJECTILE))), **overrides}
        own.setdefault("restitution", round(MATERIALS[own["material"]].restitution + bounce, 3))
        g, flight = GRAVITY[own["world"]], 1.6 * FALL[own["world"]] * slowness
        climb, fall = up * flight, (1 - up) * flight
        own.setdefault("speed_z", round(g * climb, 3))
        own.setdefault("height", round(0.5 * g * (fall**2 - climb**2), 3))
        view = own.setdefault("view", 0.5 * g * fall**2 / (TALLEST - 2 * size))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("speed_x", round(side * reach * view / 2, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height and another throw."""
        return {
            "height": self.height * float(rng.uniform(0.95, 1.05)),
            "speed_x": self.speed_x * float(rng.uniform(0.95, 1.05)),
            "speed_z": self.speed_z * float(rng.uniform(0.95, 1.05)),
        }

    def setup(self) -> Setup:
        """At the throw; two seconds of flight lie round the middle of the picture."""
        return Setup(
            position=((-self.speed_x, 0.0, self.height + self.radius),),
            velocity=((self.speed_x, 0.0, self.speed_z),),
            restitution=(self.restitution,),
        )

    @property
    def landing(self) -> float:
        """Closed form: seconds from the throw to the first contact."""
        return float((self.speed_z + np.sqrt(self.speed_z**2 + 2 * self.gravity * self.height)) / self.gravity)

    def prompts(self) -> tuple[str, ...]:
        """Wordings."""
        return worded(self, self._texts())

    def _texts(self) -> tuple[str, ...]:
        side, origin = ("right", "left") if self.speed_x > 0 else ("left", "right")
        words = self.words(height=length_of(self.height), side=side) | {"from": origin}
        return tuple(text.format(**words) for text in _PROJECTILE)

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        detailed, short, *others = self._texts()
        rise = self.speed_z / self.gravity
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=((0.0, "the ball is thrown"), (rise, "it is at its highest"), (self.landing, "it hits the floor and bounces on")),
            heard=("the ball hitting the floor at every bounce",),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Bounciness, throwing speed, direction, size, material."""
        return {
            "restitution": tuple(
                replace(self, restitution=e, note=f"It keeps {e:.0%} of its speed at every bounce.") for e in (0.4, 0.6, 0.8)
            ),
            "speed": tuple(self._at_speed(self.speed_x * factor) for factor in (0.5, 0.75, 1.0)),
            "direction": tuple(replace(self, speed_x=side * abs(self.speed_x)) for side in (-1.0, 1.0)),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.6, 0.8, 1.0)),
            "material": tuple(replace(self, material=name) for name in ("rubber", "wood", "steel")),
        }

    def _at_speed(self, speed_x: float) -> Self:
        return replace(self, speed_x=speed_x, note=f"It moves sideways at {abs(speed_x):.2f} m/s.")

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Landing time, range and greatest height."""
        first = truth.contacts[0]
        start = truth.position[0, 0]
        top = self.height + self.speed_z**2 / (2 * self.gravity)
        along = abs(self.speed_x) * self.landing
        return (
            Proof(
                law="landing", closed_form=self.landing, simulated=first.t - self.delay, tolerance=0.01,
                source="(v + sqrt(v^2 + 2 g h)) / g",
            ),
            Proof(law="range", closed_form=along, simulated=abs(first.point[0] - float(start[0])), tolerance=0.01, source="v_x t"),
            Proof(
                law="greatest height", closed_form=top, simulated=float(truth.position[:, 0, 2].max()) - self.radius, tolerance=0.01,
                source="h + v_z^2 / 2 g",
            ),
            never_rises(energy_of(truth), truth.bodies[0].mass * self.gravity * top),
        )  # fmt: skip

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, flying to that side."""
        return self.claims_of_ball("right" if self.speed_x > 0 else "left")


_PROJECTILE = (
    "{a_ball}, {size} across, is thrown to the {side} from a height of {height} {world}, "
    "flies in an arc, lands on {floor} and bounces on. There is only one ball.",
    "One {ball} ({size} wide) flies from the {from} to the {side} {world}: it rises, falls in an arc and bounces on {floor}.",
    "A single {ball} of {size}, tossed up and to the {side} {world}, curves down onto {floor} and bounces further to the {side}.",
    "Fixed camera: one {ball}, {size} in diameter, is thrown towards the {side} {world} and hits {floor} with an audible bounce.",
)

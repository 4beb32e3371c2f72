"""Bodies that fall: dropped and thrown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import OneBall, draw_looks
from kinema.scenes.materials import MATERIALS
from kinema.scenes.prompts import length_of
from kinema.scenes.scene import GRAVITY, Setup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.request import Claim

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
        words = self.words(height=length_of(self.height))
        return tuple(text.format(**words) for text in _DROP)

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
        side, origin = ("right", "left") if self.speed_x > 0 else ("left", "right")
        words = self.words(height=length_of(self.height), side=side) | {"from": origin}
        return tuple(text.format(**words) for text in _PROJECTILE)

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

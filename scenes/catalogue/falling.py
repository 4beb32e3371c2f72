"""Bodies that fall: dropped and thrown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, a, length_of, of_material
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Drop", "Projectile", "ball_mass", "bounce_times"]

FALL = {
    "earth": 0.42,
    "moon": 0.56,
    "mars": 0.49,
    "jupiter": 0.34,
}  # s, the typical first fall: the weaker the pull, the slower
LONGEST = 1.68  # s, by which the second contact must have come: 2 s less the longest start delay and a few frames
TALLEST = 0.8  # -, share of the view's height from the floor to the top of the highest body


def ball_mass(material: str, radius: float) -> float:
    """Mass of a solid ball in kg."""
    return MATERIALS[material].density * 4 / 3 * np.pi * radius**3


def bounce_times(first: float, restitution: float, count: int) -> NDArray[np.float64]:
    """Contact times of a dropped ball: the flight after the k-th contact lasts ``2 first e^k``.

    Example:
        >>> bounce_times(0.5, 0.5, 3).tolist()
        [0.5, 1.0, 1.25]
    """
    flights = 2 * first * restitution ** np.arange(1, count)
    return first + np.concatenate([[0.0], np.cumsum(flights)])


@dataclass(frozen=True, kw_only=True)
class Drop(Scene):
    """A ball released at rest above a hard floor.

    Ground truth is the closed form (:func:`bounce_times`); the simulator must agree with it.

    History: 1 = first release.
    """

    family: ClassVar[str] = "drop"
    laws: ClassVar[tuple[str, ...]] = ("parabola", "restitution", "gravity", "arrow_of_time")

    colour: str
    material: str
    radius: float  # m
    height: float  # m, from the ball's lowest point to the floor
    restitution: float  # -
    x: float  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world = str(rng.choice(list(GRAVITY)))
        material = str(rng.choice(list(MATERIALS)))
        colour = str(rng.choice(list(COLOURS)))
        floor = str(rng.choice(list(FLOORS)))
        size, slowness, place, bounce = (
            rng.uniform(0.08, 0.10),
            rng.uniform(0.88, 1.12),
            rng.uniform(-0.16, 0.16),
            rng.uniform(-0.02, 0.02),
        )
        prompt_id = int(rng.integers(len(_DROP)))
        world, material = overrides.pop("world", world), overrides.pop("material", material)
        restitution = overrides.pop("restitution", round(MATERIALS[material].restitution + bounce, 3))
        fall = min(FALL[world] * slowness, LONGEST / (1 + 2 * restitution))
        height = overrides.pop("height", round(0.5 * GRAVITY[world] * fall**2, 3))
        view = overrides.pop("view", height / (TALLEST - 2 * size))
        radius = overrides.pop("radius", round(size * view, 4))
        drawn: dict[str, Any] = {
            "colour": colour,
            "floor": floor,
            "x": place * view,
            "prompt_id": prompt_id,
            **overrides,
        }
        return cls(
            seed=seed,
            world=world,
            material=material,
            restitution=restitution,
            height=height,
            view=view,
            radius=radius,
            **drawn,
        )

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    def bodies(self) -> tuple[Body, ...]:
        """The ball."""
        return (
            Body(
                name="ball",
                colour=self.colour,
                material=self.material,
                radius=self.radius,
                mass=ball_mass(self.material, self.radius),
            ),
        )

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
        words = {
            "ball": f"{self.colour} {of_material(self.material)} ball",
            "a_ball": f"{a(self.colour)} {of_material(self.material)} ball",
            "size": length_of(2 * self.radius),
            "height": length_of(self.height),
            "floor": FLOORS[self.floor],
            "world": WORLDS[self.world],
        }
        return tuple(text.format(**words) for text in _DROP)

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, falling straight down."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1"),
            Claim(kind="direction", value="down", body=0),
        )


_DROP = (
    "{a_ball}, {size} across, falls straight down from {height} onto {floor} {world} and bounces. There is only one ball.",
    "One {ball} ({size} wide) is let go {height} above {floor} {world}; it drops straight down, hits the floor and bounces back up.",
    "A single {ball} of {size} drops straight down {height} to {floor}, {world}, and bounces with a sound at every hit.",
    "Fixed camera: one {ball}, {size} in diameter, is dropped from {height} {world}, falls straight down and bounces on {floor}.",
)


@dataclass(frozen=True, kw_only=True)
class Projectile(Scene):
    """A ball thrown sideways and upwards that lands and bounces on, without friction or spin.

    History: 1 = first release.
    """

    family: ClassVar[str] = "projectile"
    laws: ClassVar[tuple[str, ...]] = ("parabola", "restitution", "gravity", "arrow_of_time")

    colour: str
    material: str
    radius: float  # m
    height: float  # m, from the ball's lowest point at the throw to the floor
    speed_x: float  # m/s, positive to the right
    speed_z: float  # m/s, upwards
    restitution: float  # -

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world = str(rng.choice(list(GRAVITY)))
        material = str(rng.choice(list(MATERIALS)))
        colour = str(rng.choice(list(COLOURS)))
        floor = str(rng.choice(list(FLOORS)))
        size, slowness, up, reach, bounce = (
            rng.uniform(0.08, 0.10),
            rng.uniform(0.88, 1.12),
            rng.uniform(0.22, 0.38),
            rng.uniform(0.40, 0.52),
            rng.uniform(-0.02, 0.02),
        )
        side = float(rng.choice([-1.0, 1.0]))
        prompt_id = int(rng.integers(len(_PROJECTILE)))
        world, material = overrides.pop("world", world), overrides.pop("material", material)
        restitution = overrides.pop("restitution", round(MATERIALS[material].restitution + bounce, 3))
        g, flight = GRAVITY[world], 1.6 * FALL[world] * slowness
        climb, fall = up * flight, (1 - up) * flight
        speed_z = overrides.pop("speed_z", round(g * climb, 3))
        height = overrides.pop("height", round(0.5 * g * (fall**2 - climb**2), 3))
        view = overrides.pop("view", 0.5 * g * fall**2 / (TALLEST - 2 * size))
        radius = overrides.pop("radius", round(size * view, 4))
        drawn: dict[str, Any] = {
            "colour": colour,
            "floor": floor,
            "speed_x": round(side * reach * view / 2, 3),
            "prompt_id": prompt_id,
            **overrides,
        }
        return cls(
            seed=seed,
            world=world,
            material=material,
            restitution=restitution,
            height=height,
            speed_z=speed_z,
            view=view,
            radius=radius,
            **drawn,
        )

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height and another throw."""
        return {
            "height": self.height * float(rng.uniform(0.95, 1.05)),
            "speed_x": self.speed_x * float(rng.uniform(0.95, 1.05)),
            "speed_z": self.speed_z * float(rng.uniform(0.95, 1.05)),
        }

    def bodies(self) -> tuple[Body, ...]:
        """The ball."""
        return (
            Body(
                name="ball",
                colour=self.colour,
                material=self.material,
                radius=self.radius,
                mass=ball_mass(self.material, self.radius),
            ),
        )

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
        words = {
            "ball": f"{self.colour} {of_material(self.material)} ball",
            "a_ball": f"{a(self.colour)} {of_material(self.material)} ball",
            "size": length_of(2 * self.radius),
            "height": length_of(self.height),
            "floor": FLOORS[self.floor],
            "world": WORLDS[self.world],
            "side": "right" if self.speed_x > 0 else "left",
            "from": "left" if self.speed_x > 0 else "right",
        }
        return tuple(text.format(**words) for text in _PROJECTILE)

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, flying to that side."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="count", value="1"),
            Claim(kind="direction", value="right" if self.speed_x > 0 else "left", body=0),
        )


_PROJECTILE = (
    "{a_ball}, {size} across, is thrown to the {side} from a height of {height} {world}, "
    "flies in an arc, lands on {floor} and bounces on. There is only one ball.",
    "One {ball} ({size} wide) flies from the {from} to the {side} {world}: it rises, falls in an arc and bounces on {floor}.",
    "A single {ball} of {size}, tossed up and to the {side} {world}, curves down onto {floor} and bounces further to the {side}.",
    "Fixed camera: one {ball}, {size} in diameter, is thrown towards the {side} {world} and hits {floor} with an audible bounce.",
)

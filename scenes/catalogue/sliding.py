"""Bodies that slide: down a slope, and across a floor until friction stops them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import account_of, counted, picture_radius, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS
from kinema.scenes.catalogue.slope import Slope
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Scene, Setup
from kinema.scenes.shapes import Box, volume_of
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Prop, Truth

__all__ = ["FrictionStop", "InclineSlide", "box_of"]

BOXES = ("wood", "pine", "cardboard", "plastic", "stone", "aluminium")  # what boxes are made of
EVEN = ("wood", "stone", "steel", "ceramic", "ice")  # floors to slide on
SETTLED = 0.01  # erp: with a solver that never stops early, what rests or slides stays within 2e-4 of the view and feels mu within 3e-4


def box_of(name: str, colour: str, material: str, size: tuple[float, float, float], shape: str = "box") -> Body:
    """A solid box with edges ``size``, as wide in the picture as its front is."""
    solid = Box(size)
    mass = MATERIALS[material].density * volume_of(solid)
    return Body(
        name=name, colour=colour, material=material, radius=picture_radius(size[0] * size[2]), mass=mass, shape=shape, solid=solid
    )


@dataclass(frozen=True, kw_only=True)
class InclineSlide(Scene):
    """A box that is let go on a slope, slides down and bumps into a board at the lower end.

    Closed form: ``a = g (sin - mu cos)``; it arrives after ``sqrt(2 s / a)``. The blow is without rebound.

    History: 1 = first release.
    """

    family: ClassVar[str] = "incline_slide"
    area: ClassVar[str] = "rolling and sliding"
    laws: ClassVar[tuple[str, ...]] = ("friction", "constant_acceleration", "arrow_of_time")
    rubbing: ClassVar[bool] = True

    colour: str
    material: str
    side: int  # +1: down to the right
    angle: float  # radians
    friction: float  # - of the pair
    run: float  # m, how far it slides
    size: tuple[float, float, float]  # m, along the slope, away from the camera, upright

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "world": str(rng.choice(list(GRAVITY))),
            "floor": str(rng.choice(list(CLASSIC_FLOORS))),
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(list(BOXES))),
            "side": int(rng.choice([-1, 1])),
            "angle": float(np.radians(int(rng.integers(22, 33)))),
        }
        ratio, time, long, tall = rng.uniform(0.5, 0.72), rng.uniform(1.15, 1.65), rng.uniform(0.16, 0.19), rng.uniform(0.11, 0.13)
        own |= {"prompt_id": int(rng.integers(len(_SLIDE) + 1)), **overrides}
        friction = own.setdefault("friction", round(ratio * float(np.tan(own["angle"])), 2))
        pull = GRAVITY[own["world"]] * float(np.sin(own["angle"]) - friction * np.cos(own["angle"]))
        run = own.setdefault("run", round(pull * time**2 / 2, 3))
        view = own.setdefault("view", run / (0.72 - long))
        own.setdefault("size", (round(long * view, 3), round(long * view, 3), round(tall * view, 3)))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another way to slide."""
        return {"run": self.run * float(rng.uniform(0.95, 1.05))}

    @property
    def slope(self) -> Slope:
        """The plank, 0.8 of the view from left to right."""
        length = 0.8 * self.view / float(np.cos(self.angle))
        return Slope(angle=self.angle, side=self.side, length=length, width=0.36 * self.view, thickness=0.025 * self.view)

    @property
    def stop_at(self) -> float:
        """Where the board stands, m from the upper end."""
        return self.slope.length - 0.03 * self.view

    @property
    def pull(self) -> float:
        """Closed form, m/s^2."""
        return self.gravity * float(np.sin(self.angle) - self.friction * np.cos(self.angle))

    @property
    def arrival(self) -> float:
        """Closed form, s from release."""
        return float(np.sqrt(2 * self.run / self.pull))

    def bodies(self) -> tuple[Body, ...]:
        """The box."""
        return (box_of("box", self.colour, self.material, self.size),)

    def setup(self) -> Setup:
        """At rest, ``run`` above the board."""
        start = self.slope.at(self.stop_at - self.run - self.size[0] / 2, self.size[2] / 2)
        return Setup(
            position=(start,),
            velocity=((0.0, 0.0, 0.0),),
            orientation=(self.slope.turned,),
            restitution=(0.0,),
            friction=(self.friction,),
            erp=SETTLED,
            residual=0.0,
        )

    def props(self) -> tuple[Prop, ...]:
        """The plank, what carries it, and the board."""
        board = self.slope.stop(self.stop_at, height=0.06 * self.view, thick=0.025 * self.view)
        return self.slope.plank(), self.slope.support(), board

    def account(self) -> Account:
        """Words."""
        words = {
            "box": f"{self.colour} {of_material(self.material)} box", "side": "right" if self.side > 0 else "left",
            "degrees": f"{np.degrees(self.angle):.0f} degrees", "run": length_of(self.run), "long": length_of(self.size[0]),
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = ((0.0, "the box is let go and begins to slide"), (self.arrival, "it bumps into the board and stays there"))
        return account_of(_SLIDE, words, beats, ("the scraping of the box, faster and faster", "one thump at the board"), UNHEARD)

    def claims(self) -> tuple[Claim, ...]:
        """One box of that colour that slides to that side."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="shape", value="box", body=0),
            Claim(kind="direction", value="right" if self.side > 0 else "left", body=0),
            Claim(kind="event", value="collision", body=0, time=self.delay + self.arrival, words=("bump",)),
            Claim(kind="sound", value="sliding", words=("scrape", "scrapes", "scraping")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Acceleration, speed, arrival, energy."""
        after, t = released(truth), min(0.9 * self.arrival, 0.9 * (truth.seconds - self.delay))
        k = round(t * TRUTH_RATE)
        way = (truth.position[after, 0] - truth.position[0, 0]) @ np.array(self.slope.down)
        speed = truth.velocity[after, 0] @ np.array(self.slope.down)
        drop = truth.bodies[0].mass * self.gravity * self.run * float(np.sin(self.angle))
        law = "g (sin - mu cos)"
        found = [
            Proof(
                law="acceleration", closed_form=self.pull, simulated=2 * float(way[k]) / (k / TRUTH_RATE) ** 2, tolerance=0.01, source=law
            ),
            Proof(
                law="speed", closed_form=self.pull * k / TRUTH_RATE, simulated=float(speed[k]), tolerance=0.01, source=f"{law} t"
            ),
            never_rises(energy_of(truth), drop),
        ]
        blows = [contact.t for contact in truth.contacts if contact.bodies == ("box", "stop")]
        if blows:
            found.append(
                Proof(law="arrival", closed_form=self.arrival, simulated=blows[0] - self.delay, tolerance=0.01, source="sqrt(2 s / a)")
            )
        return tuple(found)

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Friction, steepness, side."""
        steep = tuple(replace(self, angle=self.angle + float(np.radians(more))) for more in (0, 5, 10))
        rough = tuple(
            replace(self, friction=mu, note=f"The coefficient of friction is {mu:.2f}.")
            for mu in (round(self.friction * share, 2) for share in (0.2, 0.6, 1.0))
        )
        return {"angle": steep, "friction": rough, "direction": tuple(replace(self, side=side) for side in (-1, 1))}


UNHEARD = ("no music", "no voices", "no bouncing")

_SLIDE = (
    "One {box} slides down a ramp of {degrees} to the {side} {world}, scraping all the way, and bumps into a board at its foot.",
    "A ramp on {floor} slopes down to the {side} at {degrees}. A single {box}, {long} long, is let go on it {world}. It slides {run} to "
    "the {side}, scraping faster and faster without tumbling, then bumps into a board at the foot of the ramp and stays there.",
    "Down a slope of {degrees} that stands on {floor}, one {box} scrapes {world}: it starts from rest, gains speed to the {side} and bumps "
    "into a board after {run}.",
    "A single {box} is released on a slope of {degrees} {world} and slides to the {side} with a scraping sound that rises until it bumps "
    "into the board below. The ramp stands on {floor}.",
)


@dataclass(frozen=True, kw_only=True)
class FrictionStop(Scene):
    """A box that slides across the floor and is brought to rest by friction alone.

    Closed form: it stops after ``v / (mu g)`` and ``v^2 / (2 mu g)``.

    History: 1 = first release.
    """

    family: ClassVar[str] = "friction_stop"
    area: ClassVar[str] = "rolling and sliding"
    laws: ClassVar[tuple[str, ...]] = ("friction", "constant_acceleration", "arrow_of_time")
    rubbing: ClassVar[bool] = True

    colour: str
    material: str
    side: int  # +1: it slides to the right
    friction: float  # - of the pair
    speed: float  # m/s at the start
    way: float  # m, from where it starts to the middle of the picture
    size: tuple[float, float, float]  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "floor": str(rng.choice(EVEN)),
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(list(BOXES))),
            "side": int(rng.choice([-1, 1])),
        }
        rough, time, long, tall = rng.uniform(-0.04, 0.04), rng.uniform(0.8, 1.2), rng.uniform(0.19, 0.22), rng.uniform(0.12, 0.15)
        own |= {"prompt_id": int(rng.integers(len(_STOP) + 1)), **overrides}
        friction = own.setdefault("friction", round(_pair_friction(own["material"], own["floor"]) + rough, 2))
        speed = own.setdefault("speed", round(friction * GRAVITY["earth"] * time, 3))
        way = speed**2 / (2 * friction * GRAVITY["earth"])
        view = own.setdefault("view", way / (0.76 - long))
        own.setdefault("way", way / 2)
        own.setdefault("size", (round(long * view, 3), round(long * view, 3), round(tall * view, 3)))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another speed."""
        return {"speed": self.speed * float(rng.uniform(0.95, 1.05))}

    @property
    def stopping_time(self) -> float:
        """Closed form, s."""
        return self.speed / (self.friction * self.gravity)

    @property
    def stopping_distance(self) -> float:
        """Closed form, m."""
        return self.speed**2 / (2 * self.friction * self.gravity)

    def bodies(self) -> tuple[Body, ...]:
        """The box."""
        return (box_of("box", self.colour, self.material, self.size),)

    def setup(self) -> Setup:
        """On the floor, moving."""
        return Setup(
            position=((-self.side * self.way, 0.0, self.size[2] / 2),),
            velocity=((self.side * self.speed, 0.0, 0.0),),
            restitution=(0.0,),
            friction=(self.friction,),
            erp=SETTLED,
            residual=0.0,
        )

    def account(self) -> Account:
        """Words."""
        words = {
            "box": f"{self.colour} {of_material(self.material)} box", "side": "right" if self.side > 0 else "left",
            "origin": "left" if self.side > 0 else "right", "long": length_of(self.size[0]), "floor": FLOORS[self.floor],
            "speed": f"{self.speed:.1f} metres per second", "way": length_of(self.stopping_distance),
        }  # fmt: skip
        beats = ((0.0, "the box slides, slower and slower"), (self.stopping_time, "it stops and stays where it is"))
        return account_of(_STOP, words, beats, ("the scraping of the box, slower and slower until it stops",), UNHEARD)

    def claims(self) -> tuple[Claim, ...]:
        """One box of that colour that slides to that side and stops."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="shape", value="box", body=0),
            Claim(kind="direction", value="right" if self.side > 0 else "left", body=0),
            Claim(kind="event", value="stop", body=0, time=self.delay + self.stopping_time, words=("stops", "comes to rest")),
            Claim(kind="sound", value="sliding", words=("scrape", "scrapes", "scraping")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Way and time to the stop, and what is left of the speed half-way in time."""
        after = released(truth)
        x = self.side * truth.position[after, 0, 0]
        v = self.side * truth.velocity[after, 0, 0]
        t, d = self.stopping_time, self.stopping_distance
        fit = np.polyfit(np.arange(round(0.8 * t * TRUTH_RATE)) / TRUTH_RATE, v[: round(0.8 * t * TRUTH_RATE)], 1)
        return (
            Proof(law="stopping distance", closed_form=d, simulated=float(x.max() - x[0]), tolerance=0.01, source="v^2 / (2 mu g)"),
            Proof(law="stopping time", closed_form=t, simulated=float(-fit[1] / fit[0]), tolerance=0.01, source="v / (mu g)"),
            Proof(
                law="stays at rest", closed_form=0.0, simulated=float(abs(x[-1] - x.max())), tolerance=0.005, scale=d, source="x = const"
            ),
            never_rises(energy_of(truth), truth.bodies[0].mass * self.speed**2 / 2),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Friction, speed, direction."""
        rough = tuple(
            replace(self, friction=mu, note=f"The coefficient of friction is {mu:.2f}.")
            for mu in (round(self.friction * share, 2) for share in (1.0, 1.5, 2.2))
        )
        fast = tuple(replace(self, speed=round(self.speed * share, 3)) for share in (0.6, 0.8, 1.0))
        return {"friction": rough, "speed": fast, "direction": tuple(replace(self, side=side) for side in (-1, 1))}


def _pair_friction(material: str, floor: str) -> float:
    """The geometric mean of two materials that slide on each other, not below 0.12: ice would not stop it in the picture."""
    return float(np.sqrt(max(MATERIALS[material].friction * MATERIALS[floor].friction, 0.16**2)))


_STOP = (
    "One {box} slides to the {side} across {floor} at {speed}, scraping, and comes to rest.",
    "A single {box}, {long} long, slides from the {origin} to the {side} across {floor}. It starts at {speed}, friction slows it down "
    "evenly with a scraping sound, and after {way} it stops and stays where it is.",
    "From the {origin}, one {box} scrapes over {floor}, {speed} fast at first; it moves to the {side}, loses its speed steadily and stops "
    "after {way}.",
    "Sent off at {speed}, a single {box} slides to the {side} on {floor}; its scraping fades as it slows, and it stops without tumbling.",
)

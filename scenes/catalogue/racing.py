"""Three shapes that race down a slope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import account_of, counted, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS
from kinema.scenes.catalogue.slope import Slope
from kinema.scenes.materials import CLASSIC, MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, a, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Scene, Setup
from kinema.scenes.shapes import Ball, Cylinder, Lathe, turn, volume_of
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from kinema.scenes.camera import Camera
    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Prop, Truth

__all__ = ["InclineRace"]

UNHEARD = ("no music", "no voices")
SETTLED = 0.01  # erp: what rolls neither sinks nor drifts
RACERS = ("ball", "cylinder", "hoop")  # by their moments of inertia, so in the order of their arrival
WIDE = 0.9  # -, width of cylinder and hoop over their radius
BORE = 0.86  # -, inner over outer radius of the hoop
LANE = 0.26  # -, from lane to lane over the view


@dataclass(frozen=True, kw_only=True)
class InclineRace(Scene):
    """A ball, a cylinder and a hoop of one radius, let go side by side, roll down a slope without slipping.

    Closed form: ``a = g sin / (1 + I / (m r^2))`` with 2/5 for the ball, 1/2 for the cylinder and ``(1 + b^2) / 2`` for a hoop whose inner
    radius is b of the outer. Neither mass nor size counts. The engine lets the hoop roll as a cylinder with the hoop's inertia.

    History: 1 = first release.
    """

    family: ClassVar[str] = "incline_race"
    area: ClassVar[str] = "rolling and sliding"
    laws: ClassVar[tuple[str, ...]] = ("rolling", "order", "constant_acceleration")
    rubbing: ClassVar[bool] = True

    colours: tuple[str, str, str]  # of ball, cylinder and hoop
    material: str
    side: int  # +1: down to the right
    angle: float  # radians
    run: float  # m, how far they roll
    radius: float  # m
    lanes: tuple[int, int, int]  # of ball, cylinder and hoop: -1 is the nearest to the camera, +1 the farthest

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "world": str(rng.choice(list(GRAVITY))),
            "floor": str(rng.choice(list(CLASSIC_FLOORS))),
            "colours": tuple(map(str, rng.choice(list(COLOURS), 3, replace=False))),
            "material": str(rng.choice(list(CLASSIC))),
            "side": int(rng.choice([-1, 1])),
            "angle": float(np.radians(int(rng.integers(8, 14)))),
            "lanes": tuple(int(lane) - 1 for lane in rng.permutation(3)),
        }
        time, size = rng.uniform(1.55, 1.85), rng.uniform(0.07, 0.076)
        own |= {"prompt_id": int(rng.integers(len(_RACE) + 1)), **overrides}
        slowest = GRAVITY[own["world"]] * float(np.sin(own["angle"])) / (1 + (1 + BORE**2) / 2)
        run = own.setdefault("run", round(slowest * time**2 / 2, 3))
        view = own.setdefault("view", run / 0.5)
        own.setdefault("radius", round(size * view, 4))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another way to roll."""
        return {"run": self.run * float(rng.uniform(0.95, 1.05))}

    def camera(self) -> Camera:
        """From higher up, so that the lanes lie one above the other."""
        view = self.view
        return replace(super().camera(), target=(0.0, 0.0, 0.22 * view), eye_height=1.5 * view)

    @property
    def slope(self) -> Slope:
        """The plank, 0.74 of the view from left to right."""
        length = 0.74 * self.view / float(np.cos(self.angle))
        return Slope(angle=self.angle, side=self.side, length=length, width=0.74 * self.view, thickness=0.03 * self.view)

    @property
    def stop_at(self) -> float:
        """Where the board stands, m from the upper end."""
        return self.slope.length - 0.03 * self.view

    def pulls(self) -> tuple[float, float, float]:
        """Closed form, m/s^2: ball, cylinder, hoop."""
        down = self.gravity * float(np.sin(self.angle))
        return down / 1.4, down / 1.5, down / (1 + (1 + BORE**2) / 2)

    def arrivals(self) -> tuple[float, float, float]:
        """Closed form, s from release: ball, cylinder, hoop."""
        first, second, third = (float(np.sqrt(2 * self.run / pull)) for pull in self.pulls())
        return first, second, third

    def bodies(self) -> tuple[Body, ...]:
        """Ball, cylinder, hoop."""
        r, wide, density = self.radius, WIDE * self.radius, MATERIALS[self.material].density
        inner = BORE * r
        profile = ((r, -wide / 2), (r, wide / 2), (inner, wide / 2), (inner, -wide / 2), (r, -wide / 2))
        ring, disc = Lathe(profile, smooth=False), Cylinder(r, wide)
        mass = density * float(np.pi) * (r**2 - inner**2) * wide
        across = mass * ((r**2 + inner**2) / 4 + wide**2 / 12)
        own: dict[str, Any] = {"material": self.material, "radius": r}
        return (
            Body(name="ball", colour=self.colours[0], mass=density * volume_of(Ball(r)), **own),
            Body(name="cylinder", colour=self.colours[1], mass=density * volume_of(disc), shape="cylinder", solid=disc, **own),
            Body(
                name="hoop", colour=self.colours[2], mass=mass, shape="hoop", solid=ring, touch=disc,
                inertia=(across, across, mass * (r**2 + inner**2) / 2), **own,
            ),
        )  # fmt: skip

    def setup(self) -> Setup:
        """At rest side by side, ``run`` above the board."""
        distance = self.stop_at - self.radius - self.run
        lying = turn((1.0, 0.0, 0.0), -np.pi / 2)  # the axis of a wheel lies across the slope
        return Setup(
            position=tuple(self.slope.at(distance, self.radius, lane * LANE * self.view) for lane in self.lanes),
            velocity=((0.0, 0.0, 0.0),) * 3,
            orientation=((0.0, 0.0, 0.0, 1.0), lying, lying),
            restitution=(0.0,) * 3,
            friction=(0.7,) * 3,
            erp=SETTLED,
            residual=0.0,
        )

    def props(self) -> tuple[Prop, ...]:
        """The plank, what carries it, and the board."""
        board = self.slope.stop(self.stop_at, height=0.07 * self.view, thick=0.025 * self.view)
        return self.slope.plank(restitution=0.0), self.slope.support(), board

    def account(self) -> Account:
        """Words."""
        ball, cylinder, hoop = (f"{a(colour).lower()} {name}" for colour, name in zip(self.colours, RACERS, strict=True))
        words = {
            "a_ball": ball, "a_cylinder": cylinder, "a_hoop": hoop, "material": of_material(self.material),
            "size": length_of(2 * self.radius), "side": "right" if self.side > 0 else "left",
            "degrees": f"{np.degrees(self.angle):.0f} degrees",
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        words |= {name: f"{colour} {name}" for colour, name in zip(self.colours, RACERS, strict=True)}
        first, second, third = self.arrivals()
        beats = (
            (0.0, "all three are let go side by side and begin to roll"),
            (first, "the {ball} bumps into the board first"),
            (second, "the {cylinder} arrives second"),
            (third, "the {hoop} arrives last"),
        )
        return account_of(_RACE, words, beats, ("the rumble of rolling", "three bumps at the board, one after the other"), UNHEARD)

    def claims(self) -> tuple[Claim, ...]:
        """Three bodies of those colours and shapes, all to that side, the ball first."""
        return (
            *(Claim(kind="colour", value=colour, body=i) for i, colour in enumerate(self.colours)),
            counted(3),
            *(Claim(kind="shape", value=shape, body=i) for i, shape in enumerate(RACERS)),
            Claim(kind="direction", value="right" if self.side > 0 else "left"),
            Claim(kind="order", value="first", body=0),
            Claim(kind="order", value="second", body=1),
            Claim(kind="sound", value="rolling", words=("rumble",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Acceleration and arrival of each, and the energy."""
        after = released(truth)
        found = []
        for i, (name, pull, arrival) in enumerate(zip(RACERS, self.pulls(), self.arrivals(), strict=True)):
            k = round(min(0.9 * arrival, 0.9 * (truth.seconds - self.delay)) * TRUTH_RATE)
            way = (truth.position[after, i][k] - truth.position[0, i]) @ np.array(self.slope.down)
            found.append(
                Proof(
                    law=f"acceleration of the {name}", closed_form=pull, simulated=2 * float(way) / (k / TRUTH_RATE) ** 2, tolerance=0.01,
                    source="g sin / (1 + I / m r^2)",
                )
            )  # fmt: skip
            blows = [contact.t for contact in truth.contacts if contact.bodies == (name, "stop")]
            if blows:
                found.append(
                    Proof(
                        law=f"arrival of the {name}", closed_form=arrival, simulated=blows[0] - self.delay, tolerance=0.01,
                        source="sqrt(2 s / a)",
                    )
                )  # fmt: skip
        scale = sum(body.mass for body in truth.bodies) * self.gravity * self.run * float(np.sin(self.angle))
        return (*found, never_rises(energy_of(truth), scale))

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Steepness, size, material (the order stays), side."""
        steep = tuple(replace(self, angle=self.angle + float(np.radians(more))) for more in (0, 4, 8))
        sizes = tuple(replace(self, radius=self.radius * share) for share in (0.5, 0.75, 1.0))
        made = tuple(replace(self, material=name) for name in ("rubber", "wood", "steel"))
        return {"angle": steep, "size": sizes, "material": made, "direction": tuple(replace(self, side=side) for side in (-1, 1))}


_RACE = (
    "Three {material} shapes race down a ramp to the {side} {world}, {size} across and {degrees} steep: with a rumble the {ball} arrives "
    "first, the {cylinder} second, the {hoop} last.",
    "On a ramp of {degrees} that stands on {floor} and slopes down to the {side}, {a_ball}, {a_cylinder} and {a_hoop} wait side by side, "
    "all three {material} and {size} across. Let go together {world}, they roll with a rumble and never slip. The {ball} bumps into the "
    "board at the foot first, the {cylinder} comes second and the {hoop} last.",
    "A race of three rolling {material} bodies, each {size} across, down a slope of {degrees} to the {side} {world}: first the {ball}, "
    "second the {cylinder}, last the {hoop}; they rumble down and bump into a board one after the other. The ramp stands on {floor}.",
    "Side by side {a_hoop}, {a_cylinder} and {a_ball}, three {material} things {size} in diameter, rumble down to the {side} {world} on a "
    "ramp of {degrees}; the {ball} is first at the foot, the {cylinder} is second, the {hoop} comes in last.",
)

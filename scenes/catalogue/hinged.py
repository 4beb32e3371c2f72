"""Doors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import SIDES, account_of, counted, landing_proof, picture_radius, released, seconds_of
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE, Joint, Scene, Setup, State
from kinema.scenes.shapes import Box, inertia_of, turn
from kinema.scenes.truth import Body, Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.shapes import Vector
    from kinema.scenes.truth import Truth

__all__ = ["Door"]


@dataclass(frozen=True, kw_only=True)
class Door(Scene):
    """A door that stands open, is given a push, and falls shut against its stop; the hinges rub.

    A hinge of PyBullet's reduced coordinates at 3840 Hz with a Coulomb torque of the scene's own (smoothed below 0.02 rad/s, where it
    holds the door). Closed forms: the angular speed falls by ``t M / I`` on the way, which gives the moment and the speed at the stop;
    after it the door comes back with ``restitution`` times that speed.

    History: 1 = first release.
    """

    family: ClassVar[str] = "door"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("torque", "restitution", "energy")

    colour: str
    material: str
    hinge: str  # the side of its hinges: "left" or "right"
    width: float  # m
    opening: float  # radians from shut, away from the camera
    push: float  # rad/s, at release, towards shut
    rub: float  # rad/s^2, the hinges' torque over the door's moment of inertia
    restitution: float  # - at the stop

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {"floor": str(rng.choice(["wood", "stone", "ceramic", "concrete"])), "colour": str(rng.choice(list(COLOURS)))}
        own |= {"material": str(rng.choice(["wood", "pine", "plastic"])), "hinge": str(rng.choice(SIDES))}
        view, width, opening = rng.uniform(2.4, 2.8), rng.uniform(0.34, 0.38), rng.uniform(62, 78)
        time, loss, bounce = rng.uniform(1.0, 1.3), rng.uniform(0.35, 0.55), rng.uniform(0.2, 0.35)
        own |= {"prompt_id": int(rng.integers(len(_DOOR) + 1)), **overrides}
        view = own.setdefault("view", round(view, 3))
        own.setdefault("width", round(width * view, 3))
        own.setdefault("opening", float(np.radians(round(opening, 1))))
        mean = own["opening"] / time
        own.setdefault("push", round(mean / (1 - loss / 2), 3))
        own.setdefault("rub", round(own["push"] * loss / time, 3))
        own.setdefault("restitution", round(bounce, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another push."""
        return {"push": self.push * float(rng.uniform(0.97, 1.05))}

    @property
    def way(self) -> float:
        """1 where the hinges are on the left, -1 where they are on the right."""
        return 1.0 if self.hinge == "left" else -1.0

    @property
    def size(self) -> Vector:
        """Of the door, m."""
        return (self.width, 0.02 * self.view, 0.72 * self.view)

    def bodies(self) -> tuple[Body, ...]:
        """The door."""
        mass = MATERIALS[self.material].density * float(np.prod(self.size))
        radius = picture_radius(self.size[0] * self.size[2] / 2)  # about as much as is seen of it halfway
        return (
            Body(name="door", colour=self.colour, material=self.material, radius=radius, mass=mass, shape="door", solid=Box(self.size)),
        )

    @cached_property
    def inertia(self) -> float:
        """About the hinges, kg m^2."""
        (body,) = self.bodies()
        return inertia_of(body.form, body.mass)[2] + body.mass * (self.width / 2) ** 2

    @property
    def _edge(self) -> Vector:
        return (-self.way * self.width / 2, 0.0, self.size[2] / 2 + 0.01 * self.view)

    def setup(self) -> Setup:
        """Open, and pushed."""
        x, y, z = self._edge
        c, s = float(np.cos(self.opening)), float(np.sin(self.opening))
        return Setup(
            position=((x + self.way * self.width / 2 * c, y + self.width / 2 * s, z),),
            velocity=((0.0, 0.0, 0.0),),
            restitution=(self.restitution,),
            orientation=(turn((0.0, 0.0, 1.0), self.way * self.opening),),
            joints=(Joint(child="door", at=self._edge, axis=(0.0, 0.0, 1.0), rate=-self.way * self.push),),
        )

    def forces(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What the hinges rub."""
        torque = np.zeros((1, 3))
        torque[0, 2] = -self.inertia * self.rub * np.tanh(state.spin[0, 2] / 0.02)
        return np.zeros((1, 3)), torque

    def props(self) -> tuple[Prop, ...]:
        """The door's frame, and the strip that stops it."""
        _, deep, high = self.size
        thick, top = 0.03 * self.view, high + 0.02 * self.view
        x = self.width / 2 + thick / 2 + 0.004 * self.view
        post, lintel = Box((thick, 2 * deep, top + thick)), Box((2 * x + thick, 2 * deep, thick))
        strip = Box((0.03 * self.view, 0.5 * deep, top))
        return (
            Prop(name="left_jamb", solid=post, position=(-x, 0.0, (top + thick) / 2), paint="oak", touchable=False),
            Prop(name="right_jamb", solid=post, position=(x, 0.0, (top + thick) / 2), paint="oak", touchable=False),
            Prop(name="lintel", solid=lintel, position=(0.0, 0.0, top + thick / 2), paint="oak", touchable=False),
            Prop(name="stop", solid=strip, position=(self.way * (x - 0.025 * self.view), -0.75 * deep, top / 2), paint="oak"),
        )

    @property
    def shut(self) -> float:
        """Closed form: seconds from the push to the stop."""
        return float((self.push - self.speed) / self.rub)

    @property
    def speed(self) -> float:
        """Closed form: angular speed on meeting the stop, rad/s."""
        return float(np.sqrt(self.push**2 - 2 * self.rub * self.opening))

    def account(self) -> Account:
        """Words."""
        words = {
            "door": f"{self.colour} {of_material(self.material)} door", "hinge": self.hinge, "side": "right" if self.way > 0 else "left",
            "time": seconds_of(self.shut), "opening": f"{np.degrees(self.opening):.0f} degrees", "high": length_of(self.size[2]),
            "wide": length_of(self.width), "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = (
            (0.0, "the open door gets a push and swings to the {side}"),
            (self.shut, "it hits its stop with a bang and springs back a little"),
        )
        return account_of(_DOOR, words, beats, ("a bang as the door hits its stop",), ("no music", "no voices", "no creaking"))

    def claims(self) -> tuple[Claim, ...]:
        """One door of that colour that swings shut to that side with a bang."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="shape", value="door", body=0),
            Claim(kind="direction", value="right" if self.way > 0 else "left", body=0),
            Claim(kind="sound", value="impact", words=("bang",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """When and how fast it shuts, how fast it comes back, energy."""
        after = released(truth)
        spin = np.abs(truth.spin[after, 0, 2])
        clock = np.arange(len(spin)) / TRUTH_RATE
        found = landing_proof(truth, "shut after", self.shut, "(w0 - w1) / a")
        kept = never_rises(energy_of(truth), self.inertia * self.push**2 / 2)
        if not found:
            return (kept,)
        moment = found[0].simulated
        k = int(moment * TRUTH_RATE)
        before, behind = (np.polyval(np.polyfit(clock[part], spin[part], 1), moment) for part in (slice(k - 40, k), slice(k + 3, k + 33)))
        return (
            *found,
            Proof(law="speed at the stop", closed_form=self.speed, simulated=float(before), tolerance=0.005, source="w1^2=w0^2-2aq"),
            Proof(
                law="rebound", closed_form=self.restitution, simulated=float(behind / before),
                tolerance=0.005, source="restitution",
            ),
            kept,
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How hard it is pushed, how much its hinges rub, and on which side they are."""
        return {
            "speed": tuple(replace(self, push=self.push * share) for share in (1.0, 1.15, 1.3)),
            "friction": tuple(replace(self, rub=self.rub * share) for share in (0.3, 0.65, 1.0)),
            "direction": tuple(replace(self, hinge=side) for side in ("right", "left")),
        }


_DOOR = (
    "One {door}, {opening} open, gets a push and swings to the {side} about its {hinge} edge; after {time} it shuts with a bang. It stands "
    "on {floor}.",
    "One {door}, {high} high and {wide} wide, stands {opening} open in its frame on {floor}. The hinges are on its {hinge}. Pushed "
    "once, it swings to the {side}, slows down, hits its stop with a bang after {time} and springs back a little.",
    "A single {door} on {floor} is open by {opening}; pushed, it turns about its {hinge} edge, moves to the {side} and falls shut "
    "with a bang after {time}.",
    "With one push a single {door}, hinged on its {hinge} and {opening} open, swings shut to the {side} in {time}; there is a bang. It "
    "stands on {floor}.",
)

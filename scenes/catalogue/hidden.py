"""What goes out of sight, and stays what it is: a ball behind a screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import released
from kinema.scenes.catalogue.ball import OneBall
from kinema.scenes.catalogue.striking import speed_of
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, a, capital, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE, Setup
from kinema.scenes.shapes import Box
from kinema.scenes.truth import Prop

if TYPE_CHECKING:
    from kinema.scenes.truth import Truth

__all__ = ["Screen"]

ROLLERS = ("rubber", "plastic", "glass", "steel", "stone", "wood")


@dataclass(frozen=True, kw_only=True)
class Screen(OneBall):
    """A ball rolls along the floor at constant speed, behind a screen and out again.

    Closed form: it is out of sight from when its trailing edge passes the line of sight over the screen's near edge until its leading edge
    passes the line over the far edge. The two upright edges and the eye make two planes; the ball touches them ``radius`` away.

    History: 1 = first release.
    """

    family: ClassVar[str] = "screen"
    laws: ClassVar[tuple[str, ...]] = ("permanence", "constant_velocity")
    area: ClassVar[str] = "unseen things"
    rubbing: ClassVar[bool] = True

    speed: float  # m/s
    side: float  # 1: to the right, -1: to the left
    width: float  # m, of the screen
    height: float  # m, of the screen

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "material": str(rng.choice(ROLLERS)),
            "colour": str(rng.choice(list(COLOURS))),
            "floor": str(rng.choice(["wood", "stone", "concrete", "ceramic"])),
            "radius": round(float(rng.uniform(0.085, 0.16)), 3),
            "side": float(rng.choice([-1.0, 1.0])),
        }
        size, pace, wide, high = rng.uniform(0.066, 0.076), rng.uniform(0.212, 0.224), rng.uniform(0.22, 0.29), rng.uniform(0.28, 0.36)
        own |= {"prompt_id": int(rng.integers(6)), **overrides}
        view = own.setdefault("view", own["radius"] / size)
        own.setdefault("speed", round(pace * view, 3))
        own.setdefault("width", round(wide * view, 3))
        own.setdefault("height", round(high * view, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another speed."""
        return {"speed": self.speed * float(rng.uniform(0.95, 1.05))}

    @property
    def start(self) -> float:
        """m, the x of the ball's centre at the release."""
        return -0.335 * self.view * self.side

    def setup(self) -> Setup:
        """It rolls already; nothing slows it."""
        return Setup(
            position=((self.start, 0.0, self.radius),),
            velocity=((self.speed * self.side, 0.0, 0.0),),
            spin=((0.0, self.speed * self.side / self.radius, 0.0),),
            restitution=(0.0,),
            friction=(MATERIALS[self.material].friction,),
            floor_restitution=0.0,
            erp=0.05,
            step_rate=960,
        )

    def props(self) -> tuple[Prop, ...]:
        """The screen, in front of the ball's path."""
        thick = 0.02 * self.view
        return (
            Prop(
                name="screen", solid=Box((self.width, thick, self.height)), position=(0.0, self.screen_y - thick / 2, self.height / 2),
                material="wood", paint="slate",
            ),
        )  # fmt: skip

    @property
    def screen_y(self) -> float:
        """m, of the screen's far face."""
        return -0.16 * self.view

    def sight(self) -> tuple[float, float]:
        """Closed form: s from the release until it is wholly out of sight, and until its first bit is seen again."""
        eye = self.camera().eye[:2]
        half = self.width / 2
        thick = 0.02 * self.view
        moments = []
        for edge_x, sign in ((-half * self.side, 1.0), (half * self.side, -1.0)):
            reach = []  # where the ball's centre is when it touches the plane through the eye and this edge; the outer of both faces' edges
            for y in (self.screen_y, self.screen_y - thick):
                along = np.array([edge_x, y]) - eye
                along /= np.linalg.norm(along)
                meets = eye[0] + along[0] / along[1] * (0.0 - eye[1])
                reach.append((meets * self.side + sign * self.radius / abs(along[1]) - self.start * self.side) / self.speed)
            moments.append(min(reach) if sign > 0 else max(reach))
        return float(moments[0]), float(moments[1])

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Constant speed, and the moments of going out of sight and coming out, if the truth lasts until then."""
        rolled = truth.position[released(truth), 0, 0]
        went = (rolled[-1] - rolled[0]) * self.side
        gone, back = (self.delay + moment for moment in self.sight())
        unseen = np.flatnonzero(~truth.visible[:, 0])
        found = [
            Proof(
                law="way rolled", closed_form=float(self.speed * (truth.times[-1] - self.delay)), simulated=float(went), tolerance=0.002,
                source="v t",
            ),
            Proof(
                law="rolling without slip", closed_form=self.speed / self.radius, simulated=float(truth.spin[-1, 0, 1]) * self.side,
                tolerance=0.002, source="v / r",
            ),
            never_rises(energy_of(truth), 0.7 * truth.bodies[0].mass * self.speed**2),
        ]  # fmt: skip
        if len(unseen) and gone < truth.seconds:
            found.append(
                Proof(
                    law="out of sight at", closed_form=gone, simulated=float(unseen[0] / TRUTH_RATE), tolerance=0.01, scale=back,
                    source="plane through the eye and the near edge",
                )
            )  # fmt: skip
        if back < truth.seconds:
            found.append(
                Proof(
                    law="comes out at", closed_form=back, simulated=float((unseen[-1] + 1) / TRUTH_RATE) if len(unseen) else 0.0,
                    tolerance=0.01, source="plane through the eye and the far edge",
                )
            )  # fmt: skip
        return tuple(found)

    def account(self) -> Account:
        """In words."""
        gone, back = self.sight()
        ball = f"{self.colour} {of_material(self.material)} ball"
        words = {
            "ball": ball, "a_ball": a(ball).lower(), "side": "right" if self.side > 0 else "left",
            "from": "left" if self.side > 0 else "right", "floor": FLOORS[self.floor] + pull_in_words(self),
            "size": length_of(2 * self.radius), "speed": speed_of(self.speed), "width": length_of(self.width),
            "height": length_of(self.height), "hidden": f"{back - gone:.1f} s",
        }  # fmt: skip
        short, detailed, *others = (capital(text.format(**words)) for text in _SCREEN)
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=(
                (0.0, f"the {ball} rolls to the {words['side']}"),
                (gone, "it is out of sight behind the screen"),
                (back, f"it comes out on the {words['side']}, as fast as before"),
            ),
            heard=("the steady noise of the ball rolling, behind the screen too",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, rolling to that side, that comes out."""
        back = self.delay + self.sight()[1]
        return (
            *self.claims_of_ball("right" if self.side > 0 else "left"),
            Claim(kind="event", value="comes out", body=0, time=back, words=("comes out", "appears", "reappears")),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Speed, width of the screen, size, direction."""
        return {
            "speed": tuple(replace(self, speed=k * self.speed, note=f"It rolls at {speed_of(k * self.speed)}.") for k in (0.82, 0.91, 1.0)),
            "width": tuple(
                replace(self, width=k * self.view, note=f"The screen is {length_of(k * self.view)} wide.") for k in (0.2, 0.25, 0.3)
            ),
            "size": tuple(
                replace(self, radius=k * self.radius, note=f"The ball measures {length_of(2 * k * self.radius)}.") for k in (0.7, 0.85, 1.0)
            ),
            "direction": tuple(replace(self, side=side) for side in (-1.0, 1.0)),
        }


_SCREEN = (
    "A single {ball} rolls to the {side} over {floor}, disappears behind a screen and comes out on the other side.",
    "One {ball} of {size} rolls from the {from} to the {side} at a steady {speed} over {floor}. It passes behind an upright screen, "
    "{width} wide and {height} tall, is out of sight for {hidden} and comes out again, still rolling at the same speed.",
    "A single {ball}, {size} wide, rolls along {floor} to the {side}; a screen of {width} hides it for {hidden}, then it reappears on the "
    "{side} with its speed unchanged.",
    "On {floor} stands a screen, {height} tall. From the {from} one {ball} rolls to the {side} at {speed}, goes behind the screen, and "
    "after {hidden} it appears at the other edge.",
    "Only one {ball} in the picture: it rolls steadily to the {side} over {floor}, is hidden by a screen on its way, and comes out "
    "{hidden} later on the {side}.",
)

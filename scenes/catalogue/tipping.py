"""A tall box on a slope: it stays, slides or tips."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import account_of, counted, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS
from kinema.scenes.catalogue.sliding import box_of
from kinema.scenes.catalogue.slope import Slope
from kinema.scenes.catalogue.standing import NOTICED, Topple, still_proof, toppling_proofs
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Scene, Setup

if TYPE_CHECKING:
    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Body, Prop, Truth

__all__ = ["Tipping"]

MADE_OF = ("wood", "pine", "cardboard", "plastic", "stone")
SETTLED = 0.02  # erp
OUTCOMES = ("stays", "slides", "tips")


@dataclass(frozen=True, kw_only=True)
class Tipping(Scene):
    """A tall box is let go on a slope: by its friction and its shape it stays, slides or tips.

    With an angle a, a coefficient of friction mu, a width w along the slope and a height h it slides where ``tan a > mu`` and
    ``mu < w / h``; it tips over its lower edge where ``tan a > w / h`` and ``mu > w / h``; else it stays. Closed forms:
    ``g (sin a - mu cos a)`` for sliding; a rigid body turning about an edge (:class:`Topple`) for tipping.

    History: 1 = first release.
    """

    family: ClassVar[str] = "tipping"
    area: ClassVar[str] = "standing and falling over"
    laws: ClassVar[tuple[str, ...]] = ("stability", "friction")
    rubbing: ClassVar[bool] = True

    colour: str
    material: str
    side: int  # +1: down to the right
    angle: float  # radians
    friction: float  # - of the pair
    size: tuple[float, float, float]  # m, along the slope, away from the camera, upright
    start: float  # m from the upper end of the slope to the box's upper edge

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "world": str(rng.choice(list(GRAVITY))),
            "floor": str(rng.choice(list(CLASSIC_FLOORS))),
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(list(MADE_OF))),
            "side": int(rng.choice([-1, 1])),
            "angle": float(np.radians(int(rng.integers(17, 23)))),
        }
        outcome = str(rng.choice(OUTCOMES, p=(0.2, 0.35, 0.45)))
        rough, slim, tall, pace = rng.uniform(0.52, 0.64), rng.uniform(0.86, 0.91), rng.uniform(0.27, 0.3), rng.uniform(0.9, 1.1)
        own |= {"prompt_id": int(rng.integers(5)), **overrides}
        steep = float(np.tan(own["angle"]))
        grip = steep * {"stays": 1.7, "slides": float(rough), "tips": 2.0}[outcome]
        width = steep * (float(slim) if outcome == "tips" else 1.4)
        friction = own.setdefault("friction", round(grip, 2))
        pull = float(np.sin(own["angle"]) - friction * np.cos(own["angle"]))
        time = pace * (1.4 if outcome == "slides" else 0.42)  # s: to slide half the view; or the square root of view over g
        world = GRAVITY[own["world"]]
        view = own.setdefault("view", round(world * time**2 * (pull if outcome == "slides" else 1.0), 3))
        own.setdefault("size", (round(width * tall * view, 4), round(0.6 * tall * view, 4), round(tall * view, 4)))
        own.setdefault("start", 0.14 * view)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """A box of another size and the same shape."""
        share = float(rng.uniform(0.95, 1.05))
        return {"size": tuple(edge * share for edge in self.size)}

    @property
    def slope(self) -> Slope:
        """The plank, 0.74 of the view from left to right."""
        length = 0.74 * self.view / float(np.cos(self.angle))
        return Slope(angle=self.angle, side=self.side, length=length, width=0.36 * self.view, thickness=0.025 * self.view)

    @property
    def outcome(self) -> str:
        """One of ``OUTCOMES``."""
        steep, slim = float(np.tan(self.angle)), self.size[0] / self.size[2]
        if steep > self.friction and self.friction < slim:
            return "slides"
        return "tips" if steep > slim else "stays"

    @property
    def pull(self) -> float:
        """Closed form, m/s^2, of a sliding box."""
        return self.gravity * float(np.sin(self.angle) - self.friction * np.cos(self.angle))

    @property
    def run(self) -> float:
        """How far it can slide until it stands at the board, m."""
        return self.slope.length - 0.03 * self.view - self.start - self.size[0]

    def arrival(self) -> float:
        """Closed form, s: when a sliding box reaches the board."""
        return float(np.sqrt(2 * self.run / self.pull))

    def topple(self) -> Topple:
        """The box turning about its lower edge; only where it tips."""
        wide, _, tall = self.size
        arm = float(np.hypot(wide, tall)) / 2
        lean = self.angle - float(np.arctan2(wide, tall))
        return Topple(arm=arm, lean=lean, gyration=float(np.hypot(wide, tall) / np.sqrt(12)), gravity=self.gravity)

    def bodies(self) -> tuple[Body, ...]:
        """The box."""
        return (box_of("box", self.colour, self.material, self.size),)

    def setup(self) -> Setup:
        """At rest on the slope."""
        return Setup(
            position=(self.slope.at(self.start + self.size[0] / 2, self.size[2] / 2),),
            velocity=((0.0, 0.0, 0.0),),
            orientation=(self.slope.turned,),
            restitution=(0.0,),
            friction=(self.friction,),
            erp=SETTLED,
            residual=0.0,
        )

    def props(self) -> tuple[Prop, ...]:
        """The plank, what carries it, and a board as tall as the box, so that it cannot tip over it."""
        board = self.slope.stop(self.slope.length - 0.03 * self.view, height=1.05 * self.size[2], thick=0.025 * self.view)
        return self.slope.plank(), self.slope.support(), board

    def account(self) -> Account:
        """Words."""
        words = {
            "box": f"{self.colour} {of_material(self.material)} box", "side": "right" if self.side > 0 else "left",
            "degrees": f"{np.degrees(self.angle):.0f} degrees", "tall": length_of(self.size[2]), "wide": length_of(self.size[0]),
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        quiet = ("no music", "no voices")
        if self.outcome == "stays":
            still = ((0.0, "the box stands on the slope"), (1.5, "it still stands where it was"))
            return account_of(_STAYS, words, still)
        if self.outcome == "slides":
            beats = ((0.0, "the box begins to slide upright"), (self.arrival(), "it bumps into the board and stands there"))
            return account_of(_SLIDES, words, beats, ("the scraping of the box", "a thump at the board"), quiet)
        topple = self.topple()
        down = ((0.0, "the box begins to lean downhill"), (topple.time(NOTICED), "it topples"), (self.landing(), "it slams on the slope"))
        return account_of(_TIPS, words, down, ("one slam as the box comes down",), quiet)

    def landing(self) -> float:
        """Closed form, s: when a tipping box lies on its side, had its edge not slipped."""
        return self.topple().time(np.pi / 2)

    def claims(self) -> tuple[Claim, ...]:
        """One box of that colour, and what it does."""
        side = Claim(kind="direction", value="right" if self.side > 0 else "left", body=0)
        own = (Claim(kind="colour", value=self.colour, body=0), counted(1), Claim(kind="shape", value="box", body=0))
        match self.outcome:
            case "stays":
                quiet = Claim(kind="silence", value="all", words=("no sound", "silently", "in silence", "without a sound"))
                return (*own, Claim(kind="stays", value="stands", body=0, words=("stands",)), quiet)
            case "slides":
                bump = Claim(kind="event", value="collision", body=0, time=self.delay + self.arrival(), words=("bump",))
                upright = Claim(kind="stays", value="upright", body=0)
                return (*own, side, upright, bump, Claim(kind="sound", value="sliding", words=("scrape", "scraping")))
            case _:
                moment = self.delay + self.topple().time(NOTICED)
                return (*own, side, Claim(kind="event", value="topple", body=0, time=moment))

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """It stays, slides or tips, as the closed forms say."""
        scale = truth.bodies[0].mass * self.gravity * self.size[2]
        calm = never_rises(energy_of(truth), scale)
        if self.outcome == "stays":
            return (still_proof(truth, self.size[2]), calm)
        if self.outcome == "tips":
            return (*toppling_proofs(truth, 0, self.topple(), self.side), calm)
        after, k = released(truth), round(min(0.9 * self.arrival(), 0.9 * (truth.seconds - self.delay)) * TRUTH_RATE)
        way = float((truth.position[after, 0][k] - truth.position[0, 0]) @ np.array(self.slope.down))
        leaned = float(np.abs(truth.orientation[after, 0][:k] - truth.orientation[0, 0]).max())
        return (
            Proof(
                law="acceleration", closed_form=self.pull, simulated=2 * way / (k / TRUTH_RATE) ** 2, tolerance=0.01,
                source="g (sin a - mu cos a)",
            ),
            Proof(law="stays upright", closed_form=0.0, simulated=leaned, tolerance=0.005, scale=1.0, source="mu < w / h"),
            calm,
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Friction, slimness (at high friction) and side: what it does turns over."""
        _, y, z = self.size
        steep = float(np.tan(self.angle))
        rough = tuple(
            replace(self, friction=mu, note=f"The coefficient of friction is {mu:.2f}.")
            for mu in (round(share * steep, 2) for share in (0.3, 0.6, 2.0))
        )
        slim = tuple(
            replace(self, size=(share * z, y, z), friction=round(2 * steep, 2), note=f"Its base is {share:.0%} of its height wide.")
            for share in (round(part * steep, 2) for part in (0.75, 0.9, 1.4))
        )
        return {"friction": rough, "width": slim, "direction": tuple(replace(self, side=side) for side in (-1, 1))}


_TIPS = (
    "One tall {box} is let go on a ramp of {degrees} that slopes down to the {side} {world}: it does not slide but topples downhill with a "
    "slam.",
    "A single {box}, {tall} tall and {wide} wide, stands on a rough ramp of {degrees} on {floor}. Let go {world}, its lower edge holds and "
    "it tips over that edge to the {side}: the box topples slowly at first, then slams down on the slope and lies there.",
    "On a rough slope of {degrees} down to the {side}, one {box} of {tall} is too slim to stand {world}; it topples over its lower edge "
    "and slams down without sliding. The ramp stands on {floor}.",
    "A ramp on {floor} falls to the {side} at {degrees}. A single tall {box} is set upright on it {world}; it leans, topples downhill and "
    "comes to lie with one slam.",
)
_SLIDES = (
    "One tall {box} is let go on a ramp of {degrees} that slopes down to the {side} {world}: it does not tip but slides, upright and "
    "scraping, until it bumps into a board.",
    "A single {box}, {tall} tall and {wide} wide, stands on a slippery ramp of {degrees} on {floor}. Let go {world}, it slides down to "
    "the {side}, scraping and always upright, then bumps into a tall board at the foot of the ramp and stands there.",
    "On a slippery slope of {degrees} down to the {side}, one {box} of {tall} stays upright and scrapes downhill {world} until it bumps "
    "into a board. The ramp stands on {floor}.",
    "A ramp on {floor} falls to the {side} at {degrees}. A single tall {box} is set upright on it {world}; with a scraping sound it slides "
    "down without falling over and bumps into a board.",
)
_STAYS = (
    "One {box} is let go on a rough ramp of {degrees} that slopes down to the {side} {world}: it stands where it is, without a sound.",
    "A single {box}, {tall} tall and {wide} wide, stands on a rough ramp of {degrees} on {floor} that falls to the {side}. Let go {world}, "
    "it stands still: it neither slides nor tips, and there is no sound.",
    "On a rough slope of {degrees} down to the {side}, one {box} of {tall} neither slides nor topples {world}; it stands still in silence. "
    "The ramp stands on {floor}.",
    "A ramp on {floor} falls to the {side} at {degrees}. A single {box} is set upright on it {world} and stands there without a sound.",
)

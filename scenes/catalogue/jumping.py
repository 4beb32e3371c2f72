"""A ball that rolls off the end of a ramp."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import account_of, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS, OneBall
from kinema.scenes.catalogue.slope import Slope
from kinema.scenes.materials import CLASSIC
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Setup
from kinema.scenes.shapes import Box
from kinema.scenes.truth import Prop

if TYPE_CHECKING:
    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Truth

__all__ = ["RampJump"]

SETTLED = 0.005  # erp: the ball does not sink into the ramp; a bounce gains at most 0.5 % of its speed
KINDS = ("down", "level", "up")


@dataclass(frozen=True, kw_only=True)
class RampJump(OneBall):
    """A ball rolls along a straight ramp that leads down, level or up, leaves its edge and flies to the floor.

    Closed form: it rolls without slipping, so ``v^2`` changes by ``10/7 g`` times the fall along the ramp; from the edge it flies on a
    parabola. It leaves the edge at once, as ``v^2 > g r cos(angle)`` there. On the floor it bounces little, and a board stops it.

    History: 1 = first release.
    """

    family: ClassVar[str] = "ramp_jump"
    area: ClassVar[str] = "rolling and sliding"
    laws: ClassVar[tuple[str, ...]] = ("rolling", "energy", "range")
    rubbing: ClassVar[bool] = True

    side: int  # +1: to the right
    angle: float  # radians, positive where the ramp leads down, negative where it leads up
    speed: float  # m/s, of rolling at the start; 0: let go at rest
    track: float  # m, along the ramp from where it starts to the edge
    height: float  # m, of the edge above the floor
    edge: float  # m, x of the edge
    restitution: float  # - of ball and floor

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "floor": str(rng.choice(list(CLASSIC_FLOORS))),
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(list(CLASSIC))),
            "side": int(rng.choice([-1, 1])),
        }
        kind, view, size = str(rng.choice(KINDS)), rng.uniform(1.3, 1.8), rng.uniform(0.066, 0.074)
        down, up, swift = int(rng.integers(14, 20)), int(rng.integers(12, 17)), rng.uniform(0.95, 1.05)
        own |= {"prompt_id": int(rng.integers(5)), **overrides}
        view = own.setdefault("view", round(float(view), 3))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("angle", float(np.radians({"down": down, "level": 0, "up": -up}[kind])))
        track = own.setdefault("track", 0.3 * view)
        own.setdefault("height", round({"down": 0.36, "level": 0.4, "up": 0.34}[kind] * view, 3))
        own.setdefault("edge", -own["side"] * 0.07 * view)
        unit = float(np.sqrt(GRAVITY["earth"] * view))  # m/s
        wanted = {"down": 0.0, "level": 0.34, "up": 0.43}[kind] * swift * unit
        rise = -track * float(np.sin(own["angle"]))
        own.setdefault("speed", round(float(np.sqrt(wanted**2 + (10 / 7 * GRAVITY["earth"] * rise if kind == "up" else 0.0))), 3))
        own.setdefault("restitution", 0.35)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height of the edge, way and speed."""
        return {name: getattr(self, name) * float(rng.uniform(0.95, 1.05)) for name in ("height", "track", "speed")}

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        return "level" if self.angle == 0 else "down" if self.angle > 0 else "up"

    @property
    def slope(self) -> Slope:
        """The ramp: its lower end is the edge where it leads down, its upper end where it leads up."""
        steep, side = abs(self.angle), self.side if self.angle >= 0 else -self.side
        length, thick = self.track + 1.1 * self.radius, 0.025 * self.view
        low = self.height - thick * float(np.cos(steep))
        base = low if self.angle >= 0 else low - length * float(np.sin(steep))
        middle = self.edge - self.side * length * float(np.cos(steep)) / 2
        return Slope(angle=steep, side=side, length=length, width=0.26 * self.view, thickness=thick, x=middle, base=base)

    @property
    def edge_speed(self) -> float:
        """Closed form, m/s: at the edge."""
        return float(np.sqrt(self.speed**2 + 10 / 7 * self.gravity * self.track * np.sin(self.angle)))

    @property
    def roll_time(self) -> float:
        """Closed form, s: from the start to the edge, at constant acceleration."""
        return 2 * self.track / (self.speed + self.edge_speed)

    @property
    def flight(self) -> float:
        """Closed form, s: from the edge to the floor."""
        drop = self.height + self.radius * float(np.cos(self.angle)) - self.radius
        fall = self.edge_speed * float(np.sin(self.angle))
        return float((-fall + np.sqrt(fall**2 + 2 * self.gravity * drop)) / self.gravity)

    @property
    def range(self) -> float:
        """Closed form, m: from where the centre leaves the ramp to where it lands."""
        return self.edge_speed * float(np.cos(self.angle)) * self.flight

    def setup(self) -> Setup:
        """On the ramp, at rest or rolling."""
        slope = self.slope
        start = slope.length - self.track if self.angle >= 0 else self.track
        along = np.array(slope.down) * (1 if self.angle >= 0 else -1) * self.speed
        return Setup(
            position=(slope.at(start, self.radius),),
            velocity=((float(along[0]), 0.0, float(along[2])),),
            spin=((0.0, self.side * self.speed / self.radius, 0.0),),
            restitution=(self.restitution,),
            friction=(0.6,),
            erp=SETTLED,
            residual=0.0,
        )

    def props(self) -> tuple[Prop, ...]:
        """The ramp, two posts under it, and a board at the far end of the floor."""
        view, slope = self.view, self.slope
        legs = []
        for name, share in (("near_post", 0.1), ("far_post", 0.9)):
            x, _, top = slope.at(share * slope.length, -0.5 * slope.thickness)
            post = Box((0.03 * view, 0.2 * view, top))
            legs.append(Prop(name=name, solid=post, position=(x, 0.0, top / 2), paint="charcoal", touchable=False))
        board = Box((0.03 * view, 0.3 * view, 0.16 * view))
        end = Prop(name="board", solid=board, position=(self.side * 0.455 * view, 0.0, 0.08 * view), paint="slate")
        return slope.plank(restitution=0.0), *legs, end

    def account(self) -> Account:
        """Words."""
        side = "right" if self.side > 0 else "left"
        degrees = f"{abs(np.degrees(self.angle)):.0f} degrees"
        words = self.words(
            side=side, height=length_of(self.height), track=length_of(self.track), range=length_of(self.range),
            ramp={"down": f"down a ramp of {degrees}", "level": "along a level ramp", "up": f"up a ramp of {degrees}"}[self.kind],
            start="From rest" if self.speed == 0 else f"At {self.speed:.1f} metres per second",
        )  # fmt: skip
        beats = (
            (0.0, "the ball rolls {ramp}"),
            (self.roll_time, "it leaves the edge and flies"),
            (self.roll_time + self.flight, "it hits the floor and bounces on"),
        )
        heard = ("the rumble of rolling, until the edge", "silence in flight", "a thud as it lands")
        return account_of(_JUMP, words, beats, heard, ("no music", "no voices"))

    def claims(self) -> tuple[Claim, ...]:
        """One ball of its colour, to that side, that lands."""
        landing = self.delay + self.roll_time + self.flight
        return (
            *self.claims_of_ball("right" if self.side > 0 else "left"),
            Claim(kind="event", value="bounce", body=0, time=landing, words=("lands", "landing", "hits the floor")),
            Claim(kind="sound", value="rolling", words=("rumble", "rumbling")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Speed at the edge, when and where it lands, how high it flies, and the energy."""
        landing = next(contact for contact in truth.contacts if contact.bodies == ("ball", "floor"))
        after, times = released(truth), truth.times[released(truth)] - self.delay
        flying = (times > self.roll_time + 0.02) & (times < self.roll_time + self.flight - 0.01)
        speed = float(np.abs(truth.velocity[after, 0, 0][flying]).mean())
        leaves = self.edge + self.side * self.radius * float(np.sin(self.angle))
        mass = truth.bodies[0].mass
        scale = mass * self.gravity * (self.height + max(self.track * float(np.sin(self.angle)), 0.0)) + 0.7 * mass * self.speed**2
        found = [
            Proof(
                law="level speed in flight", closed_form=self.edge_speed * float(np.cos(self.angle)), simulated=speed, tolerance=0.01,
                source="v^2 + 10/7 g s sin(a)",
            ),
            Proof(law="lands after", closed_form=self.roll_time + self.flight, simulated=landing.t - self.delay, tolerance=0.01,
                  source="2 s / (v0 + v1) + flight"),
            Proof(law="range", closed_form=self.range, simulated=abs(landing.point[0] - leaves), tolerance=0.01, source="v cos(a) t"),
            never_rises(energy_of(truth), scale),
        ]  # fmt: skip
        if self.kind == "up":
            climb = (self.edge_speed * float(np.sin(self.angle))) ** 2 / (2 * self.gravity)
            top = self.height + self.radius * float(np.cos(self.angle)) + climb
            seen = float(truth.position[after, 0, 2].max())
            found.append(Proof(law="highest point", closed_form=top, simulated=seen, tolerance=0.01, source="h + v_z^2 / (2 g)"))
        return tuple(found)

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How high the edge is, how bouncy the floor, and the side."""
        heights = tuple(replace(self, height=round(self.height * share, 3)) for share in (0.8, 0.9, 1.0))
        bounces = tuple(
            replace(self, restitution=e, note=f"It keeps {e:.0%} of its speed at every bounce on the floor.") for e in (0.2, 0.35, 0.5)
        )
        sides = tuple(replace(self, side=side, edge=side * self.side * self.edge) for side in (-1, 1))
        return {"height": heights, "restitution": bounces, "direction": sides}


_JUMP = (
    "One {ball} rolls {ramp} to the {side} with a rumble, flies off its edge {height} above {floor} and lands with a thud.",
    "A ramp stands on posts on {floor}. {start}, a single {ball} of {size} rolls {track} {ramp} to the {side}, rumbling; at the edge, "
    "{height} up, it leaves the ramp, flies through the air in silence, hits the floor with a thud and bounces on.",
    "Rumbling, one {ball}, {size} across, rolls {ramp} towards the {side}; {height} above {floor} the ramp ends and the ball sails off in "
    "an arc, landing with a thud.",
    "A single {ball} shoots off the end of a ramp: it rolls {ramp} to the {side}, rumbling, leaves the edge at {height} above {floor}, "
    "flies a curve and lands with a thud.",
)

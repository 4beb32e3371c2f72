"""Balls on a table, seen from above: an off-centre hit; and what such scenes share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.camera import Camera
from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, a, capital, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE, Scene, Setup
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["FLAT", "HARD", "REST", "WORDINGS", "Oblique", "from_above", "kept", "speed_of"]

HARD = ("steel", "glass", "ceramic", "aluminium", "wood")  # what such balls are made of
FLAT = ("wood", "stone", "steel", "ceramic", "ice")  # floors on which "without friction" is no riddle
ELEVATION = np.radians(55.0)  # how far above the horizon the eye is
WORDINGS = 6  # of these families: short, detailed, three paraphrases, shot list
REST = (0.0, 0.0, 0.0)


def from_above(scene: Scene, elevation: float = ELEVATION, aim: float = 0.0) -> Camera:
    """The camera of :meth:`Scene.camera`, lifted until it looks down on the point ``aim`` metres above the middle of the floor.

    The scale there is the usual one.

    A tilted camera, so that balls stay round: its film is not shifted, hence a target as high as the eye.
    """
    away = 2.26 * scene.view * scene.closeness
    height = aim + away * float(np.sin(elevation))
    return Camera(
        target=(0.0, 0.0, height),
        distance=away * float(np.cos(elevation)),
        yaw=scene.yaw,
        eye_height=height,
        view_height=scene.view * scene.closeness * float(np.cos(elevation)),
        pitch=-elevation,
    )


def speed_of(metres_per_second: float) -> str:
    """A speed as people say it.

    Example:
        >>> speed_of(0.4567)
        '0.46 m/s'
    """
    return f"{metres_per_second:.2f} m/s"


def before_first(truth: Truth) -> int:
    """Index of the last sample safely before the first impact."""
    return max(int(truth.contacts[0].t * TRUTH_RATE) - 2, 0)


def momentum_of(truth: Truth) -> NDArray[np.float64]:
    """Momentum (n, 3) of all bodies together, kg m/s."""
    masses = np.array([body.mass for body in truth.bodies])
    total: NDArray[np.float64] = (truth.velocity * masses[:, None]).sum(axis=1)
    return total


def kept(truth: Truth, scale: float, *, tolerance: float = 0.002) -> tuple[Proof, Proof]:
    """That momentum along the floor is at the end what it was before the first impact, relative to ``scale`` in kg m/s."""
    total = momentum_of(truth)
    before, after = total[before_first(truth)], total[-1]
    return tuple(  # type: ignore[return-value]
        Proof(
            law=f"momentum along {axis}",
            closed_form=float(before[k]),
            simulated=float(after[k]),
            tolerance=tolerance,
            scale=scale,
            source="sum of m v is constant",
        )
        for k, axis in enumerate("xy")
    )


@dataclass(frozen=True, kw_only=True)
class Oblique(Scene):
    """A ball slides into an equal ball at rest, off-centre, on a floor without friction. Seen from above.

    Closed form: only the velocity along the line of centres is exchanged. With the angle of impact ``a`` between that line and the first
    ball's path, the struck ball leaves along the line at ``(1 + e)/2 u cos a``; the angle between the two paths afterwards is
    ``atan(2 tan a / (1 - e))``, the right angle of equal masses where ``e`` is 1.

    History: 1 = first release.
    """

    family: ClassVar[str] = "oblique"
    laws: ClassVar[tuple[str, ...]] = ("momentum", "restitution", "right_angle", "arrow_of_time")
    area: ClassVar[str] = "collisions"

    colour: str  # of the one that moves
    colour_other: str
    material: str  # of both
    radius: float  # m, of both
    speed: float  # m/s, before the collision
    side: float  # 1: to the right, -1: to the left
    depth: float  # 1: the struck ball leaves away from the camera, -1: towards it
    angle: float  # radians, of impact
    restitution: float  # - of the pair

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, other = map(str, rng.choice(list(COLOURS), 2, replace=False))
        own: dict[str, Any] = {
            "colour": colour,
            "colour_other": other,
            "material": str(rng.choice(HARD)),
            "floor": str(rng.choice(FLAT)),
            "radius": round(float(rng.uniform(0.08, 0.16)), 3),
            "angle": float(np.radians(round(float(rng.uniform(28, 48)), 1))),
            "restitution": round(float(rng.uniform(0.93, 1.0)), 3),
        }
        size, pace = rng.uniform(0.064, 0.070), rng.uniform(0.20, 0.235)
        own["side"], own["depth"] = (float(x) for x in rng.choice([-1.0, 1.0], 2))
        own |= {"prompt_id": int(rng.integers(WORDINGS)), **overrides}
        view = own.setdefault("view", own["radius"] / size)
        own.setdefault("speed", round(pace * view, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another speed."""
        return {"speed": self.speed * float(rng.uniform(0.95, 1.05))}

    def camera(self) -> Camera:
        """From above."""
        return from_above(self)

    def bodies(self) -> tuple[Body, ...]:
        """The one that moves, then the one that rests."""
        mass = ball_mass(self.material, self.radius)
        return tuple(
            Body(name=name, colour=colour, material=self.material, radius=self.radius, mass=mass)
            for name, colour in (("striker", self.colour), ("target", self.colour_other))
        )

    def setup(self) -> Setup:
        """One in motion, its path beside the other's centre by ``2 r sin(angle)``."""
        beside = -self.depth * 2 * self.radius * float(np.sin(self.angle))
        middle = -0.4 * beside
        share = float(np.sqrt(self.restitution))  # the engine multiplies the two
        return Setup(
            position=(
                (-0.32 * self.view * self.side, middle + beside, self.radius),
                (-0.125 * self.view * self.side, middle, self.radius),
            ),
            velocity=((self.speed * self.side, 0.0, 0.0), REST),
            restitution=(share, share),
            floor_restitution=0.0,
        )

    @property
    def meeting(self) -> float:
        """Closed form: s from the release to the collision."""
        (x1, _, _), (x2, _, _) = self.setup().position
        return float((abs(x2 - x1) - 2 * self.radius * np.cos(self.angle)) / self.speed)

    def speeds_after(self) -> tuple[float, float]:
        """Closed form, m/s: of the one that moved, of the struck one."""
        along, across = self.speed * np.cos(self.angle), self.speed * np.sin(self.angle)
        return float(np.hypot(along * (1 - self.restitution) / 2, across)), float(along * (1 + self.restitution) / 2)

    @property
    def opening(self) -> float:
        """Closed form: the angle between the two paths after the collision, radians."""
        return float(np.arctan2(2 * np.tan(self.angle), 1 - self.restitution))

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Moment, speeds and angle of the collision; momentum and energy."""
        last = truth.velocity[-1, :, :2]
        speeds = np.linalg.norm(last, axis=-1)
        turned = float(np.arccos(np.clip(last[0] @ last[1] / speeds.prod(), -1, 1)))
        after = self.speeds_after()
        energy = truth.bodies[0].mass * self.speed**2 / 2
        return (
            Proof(
                law="moment of the collision", closed_form=self.delay + self.meeting, simulated=truth.contacts[0].t,
                tolerance=0.005, source="gap along the path over speed",
            ),
            Proof(
                law="angle between the paths", closed_form=self.opening, simulated=turned,
                tolerance=0.005, source="atan(2 tan a / (1 - e))",
            ),
            Proof(law="speed of the striker", closed_form=after[0], simulated=float(speeds[0]), tolerance=0.01, source="tangent kept"),
            Proof(
                law="speed of the struck ball", closed_form=after[1], simulated=float(speeds[1]), tolerance=0.01,
                source="(1 + e)/2 u cos a",
            ),
            *kept(truth, truth.bodies[0].mass * self.speed),
            never_rises(energy_of(truth), energy),
        )  # fmt: skip

    def account(self) -> Account:
        """In words."""
        origin, side = ("left", "right") if self.side > 0 else ("right", "left")
        ball, other = (f"{colour} {of_material(self.material)} ball" for colour in (self.colour, self.colour_other))
        words = {
            "ball": ball, "other": other, "an_other": a(other).lower(), "a_small": a(ball).lower(), "side": side, "from": origin,
            "way": "away from the camera" if self.depth > 0 else "towards the camera",
            "floor": FLOORS[self.floor] + " without friction" + pull_in_words(self),
            "size": length_of(2 * self.radius), "angle": f"{np.degrees(self.opening):.0f} degrees",
        }  # fmt: skip
        short, detailed, *others = (capital(text.format(**words)) for text in _OBLIQUE)
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=(
                (0.0, f"the {ball} slides to the {side}, the {other} rests"),
                (self.meeting, "the two collide off-centre"),
                (self.meeting + 0.4, f"they move apart, their paths {words['angle']} apart"),
            ),
            heard=("one clack as the balls meet",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """Two balls of those colours, one moving to that side, one collision."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            Claim(kind="colour", value=self.colour_other, body=1),
            Claim(kind="count", value="2"),
            Claim(kind="direction", value="right" if self.side > 0 else "left", body=0),
            Claim(kind="event", value="collision", time=self.delay + self.meeting, words=("hit", "hits", "strikes")),
        )

    def _noted(self, note: str, **change: Any) -> Self:
        return replace(self, note=note, **change)

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Speed, offset of the hit, bounciness, size, direction."""
        return {
            "speed": tuple(self._noted(f"It moves at {speed_of(self.speed * k)}.", speed=self.speed * k) for k in (0.6, 0.8, 1.0)),
            "offset": tuple(
                self._noted(f"Its path passes {np.sin(angle):.0%} of a ball's width beside the centre of the other.", angle=float(angle))
                for angle in np.radians((25.0, 38.0, 52.0))
            ),
            "restitution": tuple(
                self._noted(f"Along the line of their centres they part at {e:.0%} of the speed at which they met.", restitution=e)
                for e in (0.4, 0.7, 1.0)
            ),
            "size": tuple(self._noted(f"Both measure {length_of(2 * k * self.radius)}.", radius=k * self.radius) for k in (0.7, 0.85, 1.0)),
            "direction": tuple(replace(self, side=side) for side in (-1.0, 1.0)),
        }


_OBLIQUE = (
    "Seen from above: {a_small} slides to the {side} over {floor} and hits a resting {other} off-centre, sending it off {way}; "
    "the two balls part at {angle} to each other.",
    "Two equal balls of {size} on {floor}, seen from above: the {ball} comes from the {from}, moves to the {side} and strikes the resting "
    "{other} off-centre with one clack. After that the {other} goes off {way}, and the two paths are {angle} apart.",
    "An off-centre hit between two balls of {size} from a high camera, on {floor}: the {ball} moves to the {side} and hits the {other}, "
    "which is at rest and leaves {way}. The angle between their paths is {angle}.",
    "Looking down on {floor}, where {an_other} rests: {a_small} slides to the {side} and hits it off-centre with a clack. The struck one "
    "of the two balls leaves {way}, at {angle} to the path of the other.",
    "Two balls on {floor}, from above. The {ball} slides to the {side}, the {other} lies still; it is hit off-centre and flies off {way} "
    "while the first swerves to the other side, {angle} from it.",
)

"""Bodies that run into each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import CLASSIC_FLOORS, ball_mass
from kinema.scenes.materials import CLASSIC, MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, Account, a, length_of, of_material, worded
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from kinema.scenes.truth import Truth

__all__ = ["Collision"]

SPAN = 0.78  # -, share of the view that the two balls sweep in two seconds, themselves included
MEET = (0.78, 0.95)  # s, when they meet


@dataclass(frozen=True, kw_only=True)
class Collision(Scene):
    """Two balls of one size and unequal mass slide head-on into each other on a floor without friction.

    Closed form: momentum is kept and the speed of separation is ``restitution`` times the speed of approach. The pair's restitution is the
    geometric mean of the two materials'; the floor's is 0, so it plays no part.

    History: 1 = first release.
    """

    family: ClassVar[str] = "collision"
    laws: ClassVar[tuple[str, ...]] = ("momentum", "restitution", "arrow_of_time")
    area: ClassVar[str] = "collisions"

    colour_left: str
    colour_right: str
    material_left: str
    material_right: str
    radius: float  # m, of both
    x_left: float  # m
    x_right: float  # m
    speed_left: float  # m/s, positive to the right
    speed_right: float  # m/s, negative: to the left
    restitution: float  # - of the pair

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world, floor = str(rng.choice(list(GRAVITY))), str(rng.choice(list(CLASSIC_FLOORS)))
        left, right = map(str, rng.choice(list(COLOURS), 2, replace=False))
        heavy, light = _unequal(rng)
        size, radius, meet = rng.uniform(0.08, 0.095), rng.uniform(0.10, 0.20), rng.uniform(*MEET)
        drift = rng.uniform(-0.12, 0.12)
        prompt_id = int(rng.integers(len(_COLLISION)))
        pair = (heavy, light) if rng.random() < 0.5 else (light, heavy)
        own = {
            "world": world,
            "floor": floor,
            "colour_left": left,
            "colour_right": right,
            "material_left": pair[0],
            "material_right": pair[1],
            "radius": round(radius, 3),
            "prompt_id": prompt_id,
            **overrides,
        }
        view = own.setdefault("view", own["radius"] / size)
        e = own.setdefault("restitution", round(_pair_restitution(own["material_left"], own["material_right"]), 3))
        motion = _motion(own, view, float(e), meet, drift)
        return cls(seed=seed, **{**motion, **own})

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Other speeds."""
        return {
            "speed_left": self.speed_left * float(rng.uniform(0.95, 1.05)),
            "speed_right": self.speed_right * float(rng.uniform(0.95, 1.05)),
        }

    def bodies(self) -> tuple[Body, ...]:
        """The ball that starts on the left, then the one that starts on the right."""
        return tuple(
            Body(name=name, colour=colour, material=material, radius=self.radius, mass=ball_mass(material, self.radius))
            for name, colour, material in (
                ("left", self.colour_left, self.material_left),
                ("right", self.colour_right, self.material_right),
            )
        )

    def setup(self) -> Setup:
        """Both on the floor, moving towards each other."""
        share = float(np.sqrt(self.restitution))  # the engine multiplies the two
        return Setup(
            position=((self.x_left, 0.0, self.radius), (self.x_right, 0.0, self.radius)),
            velocity=((self.speed_left, 0.0, 0.0), (self.speed_right, 0.0, 0.0)),
            restitution=(share, share),
            floor_restitution=0.0,
        )

    def speeds_after(self) -> tuple[float, float]:
        """Closed form, m/s: left, right."""
        m1, m2 = (body.mass for body in self.bodies())
        return _after(m1, m2, self.speed_left, self.speed_right, self.restitution)

    def prompts(self) -> tuple[str, ...]:
        """Wordings."""
        return worded(self, self._texts())

    def _texts(self) -> tuple[str, ...]:
        words = {
            "left": f"{self.colour_left} {of_material(self.material_left)} ball",
            "right": f"{self.colour_right} {of_material(self.material_right)} ball",
            "a_left": f"{a(self.colour_left)} {of_material(self.material_left)} ball",
            "size": length_of(2 * self.radius),
            "floor": FLOORS[self.floor],
            "world": WORLDS[self.world],
        }
        return tuple(text.format(**words) for text in _COLLISION)

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        detailed, short, *others = self._texts()
        meet = (self.x_right - self.x_left - 2 * self.radius) / (self.speed_left - self.speed_right)
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=((0.0, "both balls slide towards each other"), (meet, "they hit each other")),
            heard=("one clack as the balls meet",),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Bounciness, and the material of the left ball."""
        return {
            "restitution": tuple(
                replace(self, restitution=e, note=f"They part at {e:.0%} of the speed at which they met.") for e in (0.2, 0.5, 0.8)
            ),
            "material": tuple(replace(self, material_left=name) for name in ("wood", "glass", "steel")),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.6, 0.8, 1.0)),
        }

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Momentum, restitution, and both speeds after the blow."""
        (m1, m2), (v1, v2), (w1, w2) = (body.mass for body in truth.bodies), (self.speed_left, self.speed_right), self.speeds_after()
        after = truth.velocity[-1, :, 0]
        closing = v1 - v2
        return (
            Proof(
                law="momentum", closed_form=m1 * v1 + m2 * v2, simulated=float(m1 * after[0] + m2 * after[1]), tolerance=0.01,
                scale=m1 * abs(v1) + m2 * abs(v2), source="m1 v1 + m2 v2",
            ),
            Proof(
                law="speed of parting", closed_form=self.restitution * closing, simulated=float(after[1] - after[0]), tolerance=0.01,
                source="e (v1 - v2)",
            ),
            Proof(
                law="left speed after", closed_form=w1, simulated=float(after[0]), tolerance=0.01, scale=closing,
                source="v - e c m2 / (m1 + m2)",
            ),
            Proof(
                law="right speed after", closed_form=w2, simulated=float(after[1]), tolerance=0.01, scale=closing,
                source="v + e c m1 / (m1 + m2)",
            ),
            never_rises(energy_of(truth), (m1 * v1**2 + m2 * v2**2) / 2),
        )  # fmt: skip

    def claims(self) -> tuple[Claim, ...]:
        """Two balls of those colours, the one from the left going right, the other left."""
        return (
            Claim(kind="colour", value=self.colour_left, body=0),
            Claim(kind="colour", value=self.colour_right, body=1),
            Claim(kind="count", value="2"),
            Claim(kind="direction", value="right", body=0),
            Claim(kind="direction", value="left", body=1),
        )


def _unequal(rng: np.random.Generator) -> tuple[str, str]:
    """Two materials whose densities differ by at least a third."""
    pairs = [(p, q) for p in CLASSIC for q in CLASSIC if MATERIALS[p].density > 1.33 * MATERIALS[q].density]
    return pairs[int(rng.integers(len(pairs)))]


def _pair_restitution(first: str, second: str) -> float:
    return float(np.sqrt(MATERIALS[first].restitution * MATERIALS[second].restitution))


def _after(m1: float, m2: float, v1: float, v2: float, e: float) -> tuple[float, float]:
    centre, closing = (m1 * v1 + m2 * v2) / (m1 + m2), v1 - v2
    return centre - e * closing * m2 / (m1 + m2), centre + e * closing * m1 / (m1 + m2)


def _motion(own: dict[str, Any], view: float, e: float, meet: float, drift: float) -> dict[str, float]:
    """Starts and speeds such that the balls meet after ``meet`` seconds and fill ``SPAN`` of the view in two seconds.

    In units of the closing speed c: the gap is ``c * meet``; the common drift of the centre of mass is ``drift * c``.
    """
    m1, m2 = (
        MATERIALS[own[f"material_{side}"]].density for side in ("left", "right")
    )  # equal sizes: masses go as densities
    v1, v2 = drift + m2 / (m1 + m2), drift - m1 / (m1 + m2)
    if v1 < 0.1 or v2 > -0.1:  # both must be seen to move: share the closing speed out anew
        v1 = float(np.clip(v1, 0.1, 0.9))
        v2 = v1 - 1.0
    w1, w2 = _after(m1, m2, v1, v2, e)
    rest = 2.0 - meet
    left = min(-v1 * meet, 0.0, w1 * rest)  # leftmost centre of the left ball, seen from where it meets the other
    right = max(-v2 * meet, 0.0, w2 * rest)
    closing = (SPAN * view - 4 * own["radius"]) / (right - left)
    middle = closing * (left + right) / 2
    return {
        "x_left": -own["radius"] - closing * v1 * meet - middle,
        "x_right": own["radius"] - closing * v2 * meet - middle,
        "speed_left": round(closing * v1, 4),
        "speed_right": round(closing * v2, 4),
    }


_COLLISION = (
    "{a_left} slides in from the left and a {right} from the right on {floor} without friction "
    "{world}; both are {size} across, they collide head-on with a clack and bounce apart.",
    "Two balls of {size}: a {left} moving right and a {right} moving left meet head-on on "
    "{floor} without friction {world} and rebound with one sharp sound.",
    "Head-on collision of two balls, each {size} wide, on frictionless {floor} "
    "{world}: the {left} comes from the left, the {right} from the right.",
    "Fixed camera: on {floor} without friction {world}, a {left} going right hits a {right} going left; both measure {size}.",
)

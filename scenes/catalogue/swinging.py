"""Bodies that swing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import ellipk

from kinema.scenes.catalogue.ball import OneBall, draw_looks
from kinema.scenes.materials import MATERIALS
from kinema.scenes.prompts import Account, length_of, worded
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Joint, Setup

if TYPE_CHECKING:
    from kinema.scenes.request import Claim
    from kinema.scenes.truth import Truth

__all__ = ["Pendulum"]

PERIOD = {"earth": 1.5, "moon": 2.0, "mars": 1.75, "jupiter": 1.25}  # s, typical
ARM = 0.5  # -, the rod's length over the view's height
PIVOT = 0.72  # -, the pivot's height over the view's height


@dataclass(frozen=True, kw_only=True)
class Pendulum(OneBall):
    """A ball on a rigid, light rod, let go at rest from one side. It touches nothing, so it makes no sound.

    Closed form: a physical pendulum with moment of inertia ``m (L^2 + 2/5 r^2)`` about the pivot; its period is
    ``4 sqrt(I / (m g L)) K(sin^2(theta0 / 2))`` with the complete elliptic integral K.

    History: 1 = first release.
    """

    family: ClassVar[str] = "pendulum"
    laws: ClassVar[tuple[str, ...]] = ("period", "gravity")
    area: ClassVar[str] = "swing, spring, turn"
    audible: ClassVar[bool] = False

    length: float  # m, pivot to the ball's centre
    angle: float  # radians from straight down at release, positive to the right

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {**draw_looks(rng)}
        size, slowness, opening = rng.uniform(0.08, 0.10), rng.uniform(0.88, 1.12), rng.uniform(24, 36)
        side = float(rng.choice([-1.0, 1.0]))
        own |= {"prompt_id": int(rng.integers(len(_PENDULUM))), **overrides}
        period = PERIOD[own["world"]] * slowness
        length = own.setdefault("length", round(GRAVITY[own["world"]] * (period / (2 * np.pi)) ** 2, 3))
        view = own.setdefault("view", length / ARM)
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("angle", float(np.radians(round(side * opening, 1))))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another opening angle."""
        return {"angle": self.angle * float(rng.uniform(0.95, 1.05))}

    @property
    def pivot(self) -> tuple[float, float, float]:
        """Where it hangs, m."""
        return (0.0, 0.0, PIVOT * self.view)

    def setup(self) -> Setup:
        """At rest, to one side."""
        x, _, z = self.pivot
        place = (x + self.length * float(np.sin(self.angle)), 0.0, z - self.length * float(np.cos(self.angle)))
        return Setup(
            position=(place,),
            velocity=((0.0, 0.0, 0.0),),
            restitution=(MATERIALS[self.material].restitution,),
            joints=(Joint(child="ball", at=self.pivot, axis=(0.0, -1.0, 0.0)),),
        )

    @property
    def period(self) -> float:
        """Closed form, s."""
        inertia = self.length**2 + 0.4 * self.radius**2
        return float(4 * np.sqrt(inertia / (self.gravity * self.length)) * ellipk(np.sin(self.angle / 2) ** 2))

    def prompts(self) -> tuple[str, ...]:
        """Wordings."""
        return worded(self, self._texts())

    def _texts(self) -> tuple[str, ...]:
        origin, side = ("right", "left") if self.angle > 0 else ("left", "right")
        words = self.words(length=length_of(self.length), side=side) | {"from": origin}
        return tuple(text.format(**words) for text in _PENDULUM)

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        detailed, short, *others = self._texts()
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=(
                (0.0, "the ball is let go"),
                (self.period / 4, "it passes its lowest point"),
                (self.period / 2, "it turns round on the other side"),
            ),
            unheard=("no sound at all",),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """The rod's length, the side and the size of the ball."""
        return {
            "length": tuple(replace(self, length=self.length * factor) for factor in (0.5, 0.75, 1.0)),
            "direction": tuple(replace(self, angle=side * abs(self.angle)) for side in (1.0, -1.0)),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.6, 0.8, 1.0)),
        }

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """The period, by the passages of the lowest point, and the energy."""
        x = truth.position[:, 0, 0] - self.pivot[0]
        cross = np.flatnonzero(np.diff(np.sign(x)) != 0)
        exact = (cross + x[cross] / (x[cross] - x[cross + 1])) / TRUTH_RATE
        swing = self.length * (1 - float(np.cos(self.angle)))
        return (
            Proof(
                law="half period", closed_form=self.period / 2, simulated=float(np.diff(exact).mean()), tolerance=0.01,
                source="2 sqrt(I / m g L) K",
            ),
            never_rises(energy_of(truth), truth.bodies[0].mass * self.gravity * swing),
        )  # fmt: skip

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, first moving away from where it was held."""
        return self.claims_of_ball("left" if self.angle > 0 else "right")


_PENDULUM = (
    "A single {ball}, {size} across, swings on a thin rod of {length} above {floor} {world}, let "
    "go on the {from} so that it first swings to the {side}. No sound.",
    "One {ball} ({size} wide) hangs from a rod of {length} over {floor} {world}; "
    "released from the {from}, it swings silently to the {side} and back.",
    "A pendulum: a single {ball} of {size} on a rod {length} long, above {floor} "
    "{world}, starts on the {from} and swings to the {side} without a sound.",
    "Fixed camera: one {ball}, {size} in diameter, swings from the {from} to the "
    "{side} on a rod of {length} over {floor} {world}, in silence.",
)

"""Weights that bob on springs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import QUIET, account_of, counted, crossings, frame, released, seconds_of, turning_points
from kinema.scenes.catalogue.ball import OneBall, draw_looks
from kinema.scenes.prompts import length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Setup, State
from kinema.scenes.truth import Prop, Tie

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Truth

__all__ = ["DampedSpring", "MassOnSpring"]

ANCHOR = 0.79  # -, the beam's height over the view's height
MIDDLE = 0.42  # -, the height at which the weight would rest, over the view's height
LONGEST_SAG = 0.24  # -, how far the weight may stretch the spring at rest, over the view's height
PULL = {"down": 1.0, "up": -1.0}


@dataclass(frozen=True, kw_only=True)
class MassOnSpring(OneBall):
    """A ball that hangs from a spring, let go at rest above or below where it would hang still. It touches nothing: no sound.

    Closed form: ``z = z0 - A cos(2 pi t / T)`` with ``T = 2 pi sqrt(m / k)``, whatever the gravity; gravity only stretches the spring,
    by ``m g / k``, so no prompt speaks of it. The spring's force (Hooke's law) is the
    scene's own, integrated by PyBullet's steps at 3840 Hz.

    History: 1 = first release.

    Example:
        >>> scene = MassOnSpring.draw(3)
        >>> bool(np.isclose(scene.period, 2 * np.pi * (scene.mass / scene.stiffness) ** 0.5))
        True
    """

    family: ClassVar[str] = "mass_on_spring"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("period", "energy")
    audible: ClassVar[bool] = False

    stiffness: float  # N/m
    length: float  # m, of the spring under no load
    amplitude: float  # m, positive: let go below where it would hang still
    resistance: float = 0.0  # N s/m, of the damper beside the spring

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {**draw_looks(rng), "world": "earth"}  # elsewhere the same spring would hang out of the picture
        size, period, reach, view, ratio = (
            rng.uniform(0.075, 0.09), rng.uniform(0.75, 1.05), rng.uniform(0.15, 0.19), rng.uniform(0.9, 1.5), rng.uniform(0.05, 0.11),
        )  # fmt: skip
        side = PULL[str(rng.choice(list(PULL)))]
        own |= {"prompt_id": int(rng.integers(len(cls._texts()) + 1)), **overrides}  # the shot list is one more
        sag = GRAVITY["earth"] * (period / (2 * np.pi)) ** 2
        view = own.setdefault("view", round(max(view, sag / LONGEST_SAG), 3))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("amplitude", round(side * reach * view, 4))
        own.setdefault("stiffness", 1.0)
        scene = cls(seed=seed, **({"length": 1.0} | own))
        if "stiffness" not in overrides:
            scene = replace(scene, stiffness=float(f"{scene.mass * (2 * np.pi / period) ** 2:.4g}"))
        if "length" not in overrides:
            scene = replace(scene, length=round((ANCHOR - MIDDLE) * view - scene.radius - sag, 4))
        return scene._with_resistance(ratio, overrides)

    def _with_resistance(self, ratio: float, overrides: dict[str, Any]) -> Self:
        """Only a damped spring has any."""
        del ratio, overrides
        return self

    @classmethod
    def _texts(cls) -> tuple[str, ...]:
        return _FREE

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Pulled further or less far."""
        return {"amplitude": self.amplitude * float(rng.uniform(0.95, 1.05))}

    @property
    def mass(self) -> float:
        """Kg."""
        return self.bodies()[0].mass

    @property
    def period(self) -> float:
        """Closed form, s: ``2 pi / sqrt(k / m - (c / 2 m)^2)``."""
        return float(2 * np.pi / np.sqrt(self.stiffness / self.mass - (self.resistance / (2 * self.mass)) ** 2))

    @property
    def rest(self) -> float:
        """Height of the ball's centre where it would hang still, m."""
        return ANCHOR * self.view - self.length - self.radius - self.mass * self.gravity / self.stiffness

    def setup(self) -> Setup:
        """At rest, above or below where it would hang still."""
        return Setup(position=((0.0, 0.0, self.rest - self.amplitude),), velocity=((0.0, 0.0, 0.0),), restitution=(0.0,))

    def forces(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Hooke's law from the beam to the top of the ball, and the damper."""
        stretch = ANCHOR * self.view - state.position[0, 2] - self.radius - self.length
        pull = self.stiffness * stretch - self.resistance * state.velocity[0, 2]
        return np.array([[0.0, 0.0, pull]]), np.zeros((1, 3))

    def props(self) -> tuple[Prop, ...]:
        """The frame that the spring hangs from."""
        return frame(self.view, ANCHOR * self.view)

    def ties(self) -> tuple[Tie, ...]:
        """The spring."""
        return (Tie(kind="spring", start=(None, (0.0, 0.0, ANCHOR * self.view)), end=("ball", (0.0, 0.0, self.radius))),)

    def account(self) -> Account:
        """Words."""
        above = self.amplitude < 0
        words = self.words(
            period=seconds_of(self.period), side="down" if above else "up", where="above" if above else "below",
            reach=length_of(abs(self.amplitude)),
            done="lifted" if above else "pulled down",
        )  # fmt: skip
        beats = (
            (0.0, "the ball, {done} by {reach}, is let go and moves {side}"),
            (self.period / 2, "it turns round at the other end of its way"),
            (self.period, "it is back where it began" if self.resistance == 0 else "it turns round, short of where it began"),
            (1.5 * self.period, "it turns round at the other end again"),
        )
        return account_of(self._texts(), words, beats)

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour that first moves up or down, without a sound."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="direction", value="down" if self.amplitude < 0 else "up", body=0),
            QUIET,
        )

    def energy(self, truth: Truth) -> NDArray[np.float64]:
        """Kinetic, of gravity and of the spring, J, from the release on."""
        stretch = ANCHOR * self.view - truth.position[released(truth), 0, 2] - self.radius - self.length
        total: NDArray[np.float64] = energy_of(truth) + self.stiffness / 2 * stretch**2
        return total

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Period, decay, and energy."""
        after = released(truth)
        times, height, rate = truth.times[after], truth.position[after, 0, 2] - self.rest, truth.velocity[after, 0, 2]
        through = crossings(times, height)
        moving = self.stiffness / 2 * self.amplitude**2
        turns = turning_points(times[2:], height[2:], rate[2:])[1]
        decay = float(np.exp(-self.resistance / (2 * self.mass) * self.period / 2))
        return (
            Proof(
                law="period", closed_form=self.period, simulated=float(through[2] - through[0]), tolerance=0.005,
                source="2 pi / sqrt(k/m - (c/2m)^2)",
            ),
            Proof(
                law="swing left after half a period", closed_form=decay, simulated=float(-turns[0] / height[0]),
                tolerance=0.005,
                source="exp(-c T / 4 m)",
            ),
            never_rises(self.energy(truth), moving),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """The stiffness of the spring, and where the ball is let go."""
        return {
            "stiffness": tuple(replace(self, stiffness=self.stiffness * share) for share in (0.8, 1.0, 1.3)),
            "direction": tuple(replace(self, amplitude=side * abs(self.amplitude)) for side in (-1.0, 1.0)),
        }


_FREE = (
    "One {ball} bobs on a spring above {floor}: let go at {reach} {where} its place of rest it first moves {side}; each bob takes "
    "{period}. It makes no sound.",
    "One {ball}, {size} across, hangs from a spring on a wooden frame above {floor}. It is let go {reach} {where} the place where "
    "it would hang still, first moves {side}, and bobs up and down without losing height. One bob takes {period}. There is no sound.",
    "A single {ball} on a coil spring over {floor} is {done} by {reach} and let go: it moves {side} at first, then bobs silently, "
    "once in {period}.",
    "Only one thing moves: one {ball} that hangs from a spring above {floor}. Released {reach} {where} its rest it goes {side}, "
    "turns and comes back after {period}, in silence.",
)


@dataclass(frozen=True, kw_only=True)
class DampedSpring(MassOnSpring):
    """A ball on a spring with a damper beside it: each swing is smaller than the last by the same factor.

    Closed form: ``z = z0 - A exp(-c t / 2 m) cos(2 pi t / T + ...)`` with ``T = 2 pi / sqrt(k / m - (c / 2 m)^2)``; what is left of a
    swing after half a period is ``exp(-c T / 4 m)``.

    History: 1 = first release.
    """

    family: ClassVar[str] = "damped_spring"
    laws: ClassVar[tuple[str, ...]] = ("period", "decay", "energy")

    def _with_resistance(self, ratio: float, overrides: dict[str, Any]) -> Self:
        """A share of the critical one."""
        if "resistance" in overrides:
            return self
        return replace(self, resistance=float(f"{ratio * 2 * np.sqrt(self.stiffness * self.mass):.4g}"))

    @classmethod
    def _texts(cls) -> tuple[str, ...]:
        return _DAMPED

    @property
    def kept(self) -> float:
        """Closed form: the share of a swing that is left one period later."""
        return float(np.exp(-self.resistance / (2 * self.mass) * self.period))

    def account(self) -> Account:
        """Words."""
        told = super().account()
        share = f"{100 * self.kept:.0f} percent"
        said = tuple(text.replace("KEPT", share) for text in (told.short, told.detailed, *told.paraphrases))
        return replace(told, short=said[0], detailed=said[1], paraphrases=said[2:])

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Those of a free spring, and the damper."""
        return super().contrasts() | {"damping": tuple(replace(self, resistance=self.resistance * share) for share in (0.4, 1.0, 2.0))}


_DAMPED = (
    "One {ball} bobs on a damped spring above {floor}: let go at {reach} {where} its place of rest it first moves {side}; each bob "
    "takes {period} and keeps KEPT of the one before. It makes no sound.",
    "One {ball}, {size} across, hangs from a spring with a damper on a wooden frame above {floor}. It is let go {reach} {where} the "
    "place where it would hang still, first moves {side}, and bobs less and less: one bob takes {period} and keeps KEPT of the one before. "
    "There is no sound.",
    "A single {ball} on a damped coil spring over {floor} is {done} by {reach} and let go: it moves {side} at first and bobs "
    "silently, once in {period}, each swing KEPT of the last.",
    "Only one thing moves: one {ball} that hangs from a spring above {floor}. Released {reach} {where} its rest it goes {side}; "
    "its swings of {period} die away, to KEPT each, in silence.",
)

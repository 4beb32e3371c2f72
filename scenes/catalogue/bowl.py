"""A ball in a glass bowl."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import ellipj, ellipk

from kinema.scenes.catalogue.apparatus import released
from kinema.scenes.catalogue.ball import OneBall
from kinema.scenes.catalogue.swinging import PERIOD
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import Account, capital, length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Motion, Setup
from kinema.scenes.shapes import Lathe, turn
from kinema.scenes.truth import Prop, Rub

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["Bowl", "swing"]

HARD = ("steel", "brass", "stone", "glass", "wood")  # balls that are heard on glass


@dataclass(frozen=True, kw_only=True)
class Bowl(OneBall):
    """A ball let go on the inside of a glass bowl, which is part of a sphere, rolls to and fro and stays within it.

    Closed form: rolling without slipping, it is a pendulum of length ``R - r`` in ``5/7`` of the gravity, with the elliptic period.
    The motion is integrated here (Runge-Kutta of the fourth order along the arc), since the engine's bowls are made of flat facets, over
    which a ball rattles. The wall's hold on the ball is in the rub.

    History: 1 = first release.
    """

    family: ClassVar[str] = "bowl"
    laws: ClassVar[tuple[str, ...]] = ("period", "gravity", "permanence")
    area: ClassVar[str] = "unseen things"
    rubbing: ClassVar[bool] = True

    inside: float  # m, radius of the bowl's inner surface
    angle: float  # radians from the lowest point at release, seen from the sphere's centre, positive to the right

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "world": str(rng.choice(list(GRAVITY))),
            "material": str(rng.choice(HARD)),
            "colour": str(rng.choice(list(COLOURS))),
            "floor": str(rng.choice(["wood", "stone", "felt"])),
        }
        slowness, size, opening = rng.uniform(0.78, 0.92), rng.uniform(0.072, 0.085), rng.uniform(38, 55)
        side = float(rng.choice([-1.0, 1.0]))
        own |= {"prompt_id": int(rng.integers(6)), **overrides}
        period = PERIOD[own["world"]] * slowness
        length = GRAVITY[own["world"]] * 5 / 7 * (period / (2 * np.pi)) ** 2
        view = own.setdefault("view", length / (0.40 - size))
        own.setdefault("radius", round(float(size * view), 4))
        own.setdefault("inside", round(float(length + size * view), 4))
        own.setdefault("angle", float(np.radians(round(side * float(opening), 1))))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height of release."""
        return {"angle": self.angle * float(rng.uniform(0.95, 1.05))}

    @property
    def centre(self) -> tuple[float, float, float]:
        """m, of the sphere that the bowl is part of."""
        return (0.0, 0.0, self.inside + self.wall + 0.02 * self.view)

    @property
    def wall(self) -> float:
        """m, thickness of the glass."""
        return 0.022 * self.view

    def props(self) -> tuple[Prop, ...]:
        """The bowl, on a foot."""
        rim = np.radians(80.0)
        angles = np.linspace(0.0, rim, 19)
        outer, inner = self.inside + self.wall, self.inside
        out = [(float(outer * np.sin(x)), float(-outer * np.cos(x))) for x in angles]
        back = [(float(inner * np.sin(x)), float(-inner * np.cos(x))) for x in angles[::-1]]
        wide, low = 0.45 * inner, 0.06 * inner
        foot = Lathe(((0.0, 0.0), (wide, 0.0), (wide, low / 3), (0.2 * inner, low), (0.0, low)), smooth=False)
        return (
            Prop(name="bowl", solid=Lathe((*out, *back)), position=self.centre, material="glass", paint="glass", opacity=0.35),
            Prop(name="foot", solid=foot, position=(0.0, 0.0, 0.0), material="glass", paint="grey", touchable=False),
        )

    def setup(self) -> Setup:
        """At rest on the wall."""
        return Setup(position=(tuple(self._places(np.array([self.angle]))[0].tolist()),), velocity=((0.0, 0.0, 0.0),), restitution=(0.0,))

    def _places(self, angle: NDArray[np.float64]) -> NDArray[np.float64]:
        arm = self.inside - self.radius
        place: NDArray[np.float64] = np.array(self.centre) + arm * np.stack([np.sin(angle), 0 * angle, -np.cos(angle)], axis=-1)
        return place

    def motion(self, seconds: float) -> Motion:
        """The arc, step by step."""
        arm, steps = self.inside - self.radius, max(round(seconds * TRUTH_RATE), 1)
        angle, rate = swing(self.angle, 5 / 7 * self.gravity / arm, steps, 1 / TRUTH_RATE)
        place, along = self._places(angle), np.stack([np.cos(angle), 0 * angle, np.sin(angle)], axis=-1)
        velocity = arm * rate[:, None] * along
        turned = (self.angle - angle) * arm / self.radius  # the ball turns against the way it goes round
        spin = np.zeros((steps + 1, 1, 3))
        spin[:, 0, 1] = arm * rate / self.radius
        facing = np.array([turn((0.0, 1.0, 0.0), -float(x)) for x in turned])[:, None]
        load = self.bodies()[0].mass * (self.gravity * np.cos(angle) + arm * rate**2)
        outward = (place - np.array(self.centre)) / arm
        rub = Rub(
            bodies=("ball", "bowl"),
            times=np.arange(steps + 1) / TRUTH_RATE,
            slip=np.zeros(steps + 1),
            speed=np.abs(rate) * self.inside,
            load=load,
            point=place + self.radius * outward,
        )
        return Motion(position=place[:, None], velocity=velocity[:, None], orientation=facing, spin=spin, rubs=(rub,))

    @property
    def period(self) -> float:
        """Closed form, s."""
        slow = np.sqrt(7 / 5 * (self.inside - self.radius) / self.gravity)
        return float(4 * slow * ellipk(np.sin(self.angle / 2) ** 2))

    def angle_at(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Closed form, radians, ``t`` seconds after release (Jacobi's elliptic functions)."""
        m = float(np.sin(self.angle / 2) ** 2)
        sn, _, dn, _ = ellipj(t * np.sqrt(5 / 7 * self.gravity / (self.inside - self.radius)), m)
        found = 2 * np.arcsin(np.sin(abs(self.angle) / 2) * np.sqrt(1 - sn**2) / dn)
        quarter = np.floor((t + self.period / 4) / (self.period / 2))
        signed: NDArray[np.float64] = found * np.where(quarter % 2 == 0, 1.0, -1.0) * np.sign(self.angle)
        return signed

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Time to the lowest point, greatest speed, path, energy; and that it never comes through the wall."""
        arm = truth.position[:, 0] - np.array(self.centre)
        x = arm[:, 0]
        cross = np.flatnonzero((x[:-1] * x[1:]) < 0)
        exact = (cross + x[cross] / (x[cross] - x[cross + 1])) / TRUTH_RATE
        fastest = float(np.sqrt(10 / 7 * self.gravity * self.climb))
        found = np.arctan2(x, -arm[:, 2])[released(truth)]
        expected = self.angle_at(np.arange(len(found)) / TRUTH_RATE)
        through = float(np.linalg.norm(arm, axis=-1).max()) + self.radius - self.inside
        return (
            Proof(
                law="quarter period", closed_form=self.period / 4, simulated=float(exact[0]) - self.delay, tolerance=0.005,
                source="sqrt(7 (R - r) / 5 g) K(sin^2(a / 2))",
            ),
            Proof(
                law="speed at the lowest point", closed_form=fastest, simulated=float(np.linalg.norm(truth.velocity[:, 0], axis=-1).max()),
                tolerance=0.005, source="sqrt(10/7 g h)",
            ),
            Proof(
                law="where it is, at every moment", closed_form=0.0, simulated=float(np.abs(found - expected).max()), tolerance=0.002,
                scale=abs(self.angle), source="2 asin(sin(a / 2) cd(w t))",
            ),
            Proof(
                law="through the wall by", closed_form=0.0, simulated=max(through, 0.0), tolerance=0.005, scale=self.radius,
                source="|x - c| + r <= R",
            ),
            never_rises(energy_of(truth), truth.bodies[0].mass * self.gravity * self.climb),
        )  # fmt: skip

    def account(self) -> Account:
        """In words."""
        origin, side = ("right", "left") if self.angle > 0 else ("left", "right")
        words = self.words(side=side, inside=length_of(2 * self.inside)) | {"from": origin}
        words["a_ball"] = words["a_ball"].lower()
        short, detailed, *others = (capital(text.format(**words)) for text in _BOWL)
        quarter = self.period / 4
        beats = [(0.0, "the ball is let go"), (quarter, "it runs through the lowest point"), (2 * quarter, f"it turns round on the {side}")]
        beats += [(4 * quarter, f"it is back on the {origin}")] if 4 * quarter < 2.6 else []
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=tuple(beats),
            heard=("the ball rolling on glass, swelling and fading with its speed",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour that first moves to that side and stays in the bowl."""
        return (
            *self.claims_of_ball("left" if self.angle > 0 else "right"),
            Claim(kind="stays", value="ball", body=0, words=("in a glass bowl", "inside a glass bowl")),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Size of the bowl, height of release, side."""
        return {
            "size": tuple(
                replace(self, inside=k * self.inside, note=f"The bowl measures {length_of(2 * k * self.inside)} inside.")
                for k in (0.6, 0.8, 1.0)
            ),
            "height": tuple(self._from_angle(float(np.sign(self.angle) * x)) for x in np.radians((25.0, 40.0, 55.0))),
            "direction": tuple(replace(self, angle=side * abs(self.angle)) for side in (1.0, -1.0)),
        }  # fmt: skip

    @property
    def climb(self) -> float:
        """m, how high the ball is let go above its lowest place."""
        return (self.inside - self.radius) * (1 - float(np.cos(self.angle)))

    def _from_angle(self, angle: float) -> Self:
        one = replace(self, angle=angle)
        return replace(one, note=f"It is let go {length_of(one.climb)} above the lowest point.")


def swing(angle: float, pull: float, steps: int, dt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Angles and their rates (steps + 1,) of ``angle'' = -pull sin(angle)``, let go at rest; Runge-Kutta of the fourth order.

    Example:
        >>> round(float(swing(0.1, (2 * np.pi) ** 2, 500, 0.001)[0][-1]), 3)  # half a period later it is on the other side
        -0.1
    """
    state = np.empty((steps + 1, 2))
    state[0] = angle, 0.0

    def slope(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([x[1], -pull * np.sin(x[0])])

    for k in range(steps):
        here = state[k]
        a = slope(here)
        b = slope(here + dt / 2 * a)
        c = slope(here + dt / 2 * b)
        d = slope(here + dt * c)
        state[k + 1] = here + dt / 6 * (a + 2 * b + 2 * c + d)
    return state[:, 0], state[:, 1]


_BOWL = (
    "A single {ball}, let go on the {from}, rolls to the {side} and to and fro in a glass bowl {world}, and stays in it.",
    "One {ball} of {size} lies high on the {from} of the inner wall of a glass bowl, {inside} wide, on {floor} {world}. Let go, it rolls "
    "to the {side}, up the other wall and back, and so on in a glass bowl that it never leaves or passes through.",
    "Inside a glass bowl on {floor}, one {ball} ({size} wide) rolls from the {from} to the {side} and back again, {world}.",
    "A single {ball} rocks in a glass bowl of {inside} {world}: from the {from} wall it rolls down to the {side}, climbs, stops, and comes "
    "back.",
    "{world}, only one {ball} rolls in a glass bowl: it starts on the {from}, moves to the {side}, and swings to and fro along the wall, "
    "which holds it.",
)

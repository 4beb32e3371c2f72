"""Chains."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.optimize import brentq
from scipy.special import j0, j1, y0, y1

from kinema.scenes.catalogue.apparatus import AXIS, QUIET, account_of, counted, crossings, frame, released, seconds_of
from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.linked import along, two_colours
from kinema.scenes.prompts import FLOORS, NUMBERS, WORLDS, a, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Joint, Scene, Setup
from kinema.scenes.shapes import Cylinder, inertia_of, turn
from kinema.scenes.truth import Body, Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.shapes import Vector
    from kinema.scenes.truth import Truth

__all__ = ["Chain"]


@dataclass(frozen=True, kw_only=True)
class Chain(Scene):
    """A chain with a ball at its end, pulled aside straight and let go.

    The links are rods on hinges, the ball is hinged at its centre, all in PyBullet's reduced coordinates at 3840 Hz: the length stays by
    construction. Closed form for small swings of a hanging chain of mass M and length L with a weight m at its end (Bernoulli; with
    ``s = L m / M`` and ``z(y) = 2 w sqrt((y + s) / g)``): ``w`` is the lowest root of a cross product of Bessel functions of order 0 at
    the top and 1 at the weight; for m = 0 it would be ``1.2024 sqrt(g / L)``. A heavy weight makes it nearly a pendulum, so the period at
    an amplitude ``a`` is longer by ``1 + a^2 / 16``.

    History: 1 = first release.
    """

    family: ClassVar[str] = "chain"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("period", "energy", "length")
    audible: ClassVar[bool] = False

    colour: str  # of the ball
    colour_other: str  # of the links
    material: str  # of the ball
    radius: float  # m, of the ball
    length: float  # m, of the chain: from the beam to the ball's centre
    links: int
    ratio: float  # -, the ball's mass over the chain's
    angle: float  # radians from straight down, positive to the right

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {**two_colours(rng)}
        size, period, opening, ratio = rng.uniform(0.075, 0.09), rng.uniform(1.1, 1.3), rng.uniform(17, 22), rng.uniform(1.5, 4.0)
        side, links = float(rng.choice([-1.0, 1.0])), int(rng.integers(10, 16))
        own |= {"prompt_id": int(rng.integers(len(_CHAIN) + 1)), **overrides}
        length = own.setdefault("length", round(GRAVITY["earth"] * (period / (2 * np.pi)) ** 2, 3))
        view = own.setdefault("view", round(length / 0.52, 3))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("links", links)
        own.setdefault("ratio", round(ratio, 2))
        own.setdefault("angle", float(np.radians(round(side * opening, 1))))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another opening angle."""
        return {"angle": self.angle * float(rng.uniform(0.95, 1.05))}

    @property
    def pivot(self) -> Vector:
        """Where it hangs, m."""
        return (0.0, 0.0, 0.78 * self.view)

    @property
    def mass(self) -> float:
        """Of the ball, kg."""
        return ball_mass(self.material, self.radius)

    def bodies(self) -> tuple[Body, ...]:
        """The links from the top down, then the ball."""
        rod = Cylinder(0.011 * self.view, 0.86 * self.length / self.links)
        mass = self.mass / self.ratio / self.links
        thin = inertia_of(Cylinder(0.0, self.length / self.links), mass)[0]  # the mass is spread over the whole of a link
        across = (thin, thin, mass * rod.radius**2 / 2)
        links = tuple(
            Body(
                name=f"link{k}", colour=self.colour_other, material="steel", radius=rod.radius, mass=mass, shape="link", solid=rod,
                inertia=across, subject=False,
            )
            for k in range(self.links)
        )  # fmt: skip
        return (*links, Body(name="ball", colour=self.colour, material=self.material, radius=self.radius, mass=self.mass))

    def setup(self) -> Setup:
        """At rest, straight, to one side."""
        step = self.length / self.links
        ends = [along(self.pivot, self.angle, k * step) for k in range(self.links + 1)]
        middles = [along(self.pivot, self.angle, (k + 0.5) * step) for k in range(self.links)]
        names = [body.name for body in self.bodies()]
        joints = [
            Joint(child=name, parent=names[k - 1] if k else None, at=ends[k], axis=AXIS) for k, name in enumerate(names)
        ]
        slant = turn((0.0, 1.0, 0.0), -self.angle)
        still = ((0.0, 0.0, 0.0),) * len(names)
        return Setup(
            position=(*middles, ends[-1]),
            velocity=still,
            restitution=(0.0,) * len(names),
            orientation=(*(slant,) * self.links, (0.0, 0.0, 0.0, 1.0)),
            joints=tuple(joints),
            ghosts=tuple(names),
            hits=False,
        )

    def props(self) -> tuple[Prop, ...]:
        """The frame that it hangs from."""
        return frame(self.view, self.pivot[2])

    @property
    def period(self) -> float:
        """Closed form, s."""
        return hanging_period(self.length, self.ratio, self.gravity) * (1 + self.angle**2 / 16)

    def account(self) -> Account:
        """Words."""
        origin, side = ("right", "left") if self.angle > 0 else ("left", "right")
        words = {
            "ball": f"{self.colour} {of_material(self.material)} ball", "chain": a(self.colour_other).lower() + " chain",
            "links": f"{self.colour_other} chain", "number": NUMBERS[self.links],
            "length": length_of(self.length), "size": length_of(2 * self.radius), "side": side, "from": origin,
            "period": seconds_of(self.period), "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = (
            (0.0, "the chain, pulled out straight to the {from}, is let go and the ball swings to the {side}"),
            (self.period / 2, "the ball turns round on the {side}"),
            (self.period, "it is back on the {from}"),
        )
        return account_of(_CHAIN, words, beats)

    def claims(self) -> tuple[Claim, ...]:
        """One ball, first moving away from where it was held, in silence."""
        ball = self.links
        return (
            Claim(kind="colour", value=self.colour, body=ball),
            counted(1),
            Claim(kind="direction", value="left" if self.angle > 0 else "right", body=ball),
            QUIET,
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Period, length and energy."""
        after = released(truth)
        through = crossings(truth.times[after] - self.delay, truth.position[after, -1, 0])
        period = 2 * (through[1] - through[0]) if len(through) > 1 else 4 * through[0]
        scale = self.mass * (1 + 0.5 / self.ratio) * self.gravity * self.length * (1 - np.cos(self.angle))
        return (
            Proof(
                law="period", closed_form=self.period, simulated=float(period), tolerance=0.01,
                source="lowest Bessel root of a loaded hanging chain",
            ),
            Proof(
                law="length of the chain", closed_form=self.length, simulated=float(self.lengths(truth).max()), tolerance=0.001,
                source="inextensible",
            ),
            never_rises(energy_of(truth), scale),
        )  # fmt: skip

    def lengths(self, truth: Truth) -> NDArray[np.float64]:
        """(n,) m, along the links from the beam to the ball, by their centres: joints lie halfway, and at both ends."""
        points = np.concatenate([np.broadcast_to(np.array(self.pivot), (len(truth.times), 1, 3)), truth.position], axis=1)
        along = np.linalg.norm(np.diff(points, axis=1), axis=-1)
        bent = truth.orientation[:, :-2] * truth.orientation[:, 1:-1]  # half the angle between links is the arc cosine of the product
        shrink = np.abs(bent.sum(axis=-1))
        total: NDArray[np.float64] = along[:, 0] + along[:, -1] + (along[:, 1:-1] / shrink).sum(axis=-1)
        return total

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How long the chain is, and the side."""
        return {
            "length": tuple(replace(self, length=self.length * share) for share in (0.7, 0.85, 1.0)),
            "direction": tuple(replace(self, angle=s * abs(self.angle)) for s in (1.0, -1.0)),
        }


_CHAIN = (
    "One {ball} hangs at the end of {chain}, {length} long, over {floor} {world}; let go on the {from}, it first swings to the {side}. "
    "It makes no sound.",
    "One {ball}, {size} across, hangs from a wooden frame at the end of {chain} of {number} links, {length} long, above {floor} "
    "{world}. The chain is pulled out straight to the {from} and let go: the ball swings to the {side} and back in {period}, the chain "
    "bending a little. There is no sound.",
    "A single {ball} swings on {chain}, {length} long, {world}, above {floor}: it starts on the {from}, moves to the {side} and comes "
    "back, silently.",
    "{length} of {links} carry one {ball}, {world}, over {floor}. Released on the {from} it swings to the {side} first, in silence.",
)


def hanging_period(length: float, ratio: float, gravity: float) -> float:
    """Period in s of the slowest small swing of a hanging chain with a weight of ``ratio`` times its mass at its end.

    With ``y`` from the weight up and ``T = (m + M y / L) g``, the modes are ``J0`` and ``Y0`` of ``2 w sqrt((y + s) / g)``; the top stands
    still and the weight feels the chain's slope: ``g u'(0) = -w^2 u(0)``.

    Example:
        >>> bool(abs(hanging_period(1.0, 1e-6, 9.81) - 2 * np.pi / (1.2024 * 9.81**0.5)) < 1e-3)
        True
    """
    s = length * ratio

    def mismatch(w: float) -> float:
        top, low = 2 * w * np.sqrt((length + s) / gravity), 2 * w * np.sqrt(s / gravity)
        slope = w * np.sqrt(gravity / s)  # g times the derivative of 2 w sqrt((y + s) / g) at y = 0
        at_weight = (-slope * j1(low) + w**2 * j0(low), -slope * y1(low) + w**2 * y0(low))
        return float(at_weight[0] * y0(top) - at_weight[1] * j0(top))

    base = float(np.sqrt(gravity / length))
    grid = np.linspace(0.5, 2.0, 301) * base
    signs = np.sign([mismatch(w) for w in grid])
    first = int(np.flatnonzero(np.diff(signs))[0])
    return float(2 * np.pi / brentq(mismatch, grid[first], grid[first + 1]))

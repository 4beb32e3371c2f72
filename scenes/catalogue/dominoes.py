"""A row of dominoes, and a second way to say when each falls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.integrate import solve_ivp

from kinema.scenes.catalogue.apparatus import account_of, counted
from kinema.scenes.catalogue.sliding import box_of
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, NUMBERS, WORLDS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Scene, Setup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Body, Truth

    Array = NDArray[np.float64]

__all__ = ["Dominoes", "chain_hits"]

MADE_OF = ("wood", "plastic", "stone", "ceramic")
SETTLED = 0.02  # erp
RUBBED = 0.2  # -, Coulomb's coefficient between dominoes
GRIP = 0.9  # -, the same of a domino's foot on the floor, so that it does not slip


@lru_cache(maxsize=64)
def chain_hits(count: int, thick: float, gap: float, push: float, friction: float) -> tuple[float, ...]:
    """When each domino of a row strikes the next: a chain of one degree of freedom, not the engine's contact solver.

    Thickness and gap are in units of the height h, times of ``sqrt(h / g)``, the push (the first one's rate) of ``sqrt(g / h)``. Feet do
    not slip, blows are without rebound, and every domino behind the leading one goes on leaning on the one before it, with Coulomb's
    friction where its upper edge slides down the other's back. The geometry (``h sin(a - b) = (s + d) cos b - d`` of a domino tilted by a
    that leans on one tilted by b) and the inelastic chain are those of van Leeuwen, The domino effect, Am. J. Phys. 78 (2010) 721; the
    equations here are derived anew: the moments about all feet, weighted such that the forces between dominoes drop out.

    Example:
        >>> [round(t, 2) for t in chain_hits(4, 0.16, 0.3, 0.4, 0.2)]
        [0.83, 2.04, 2.86]
    """
    row = _Row(thick, gap, friction)
    hits: list[float] = []
    t, rate, leaning = 0.0, push, 1
    while True:
        seconds, rate = row.until_blow(rate, leaning)
        t += seconds
        hits.append(t)
        if len(hits) == count - 1:
            return tuple(hits)
        rate, leaning = row.after_blow(rate, leaning), leaning + 1


@dataclass(frozen=True, slots=True)
class _Row:
    """The chain of :func:`chain_hits`; the state is the leading domino's tilt and rate, arrays run from the rear to the leading one."""

    thick: float
    gap: float
    friction: float

    def tilts(self, lead: float, leaning: int) -> tuple[Array, Array]:
        """Tilts of all that lean on the leading one, and their derivatives by its tilt."""
        pitch = self.gap + self.thick
        tilts, slopes = [lead], [1.0]
        for _ in range(leaning - 1):
            front = tilts[-1]
            between = float(np.arcsin(pitch * np.cos(front) - self.thick))
            tilts.append(front + between)
            slopes.append(slopes[-1] * (1 - pitch * float(np.sin(front)) / float(np.cos(between))))
        return np.array(tilts[::-1]), np.array(slopes[::-1])

    def weights(self, tilts: Array) -> Array:
        """Factors of the moments about each foot with which the forces between neighbours cancel.

        A force F on a back acts with the arm ``high`` on the front domino and ``high'`` on the rear one; friction, along the back against
        the sliding of the rear one's edge, with the arms ``thick`` and ``sin(a - b)``.
        """
        front, between = tilts[1:], tilts[:-1] - tilts[1:]
        pitch = self.gap + self.thick
        height = np.cos(between) - pitch * np.sin(front)
        sliding = np.sign(np.tan(between) * pitch * np.sin(front) - pitch * np.cos(front)) * self.friction
        on_front, on_rear = height + sliding * self.thick, np.cos(between) - sliding * np.sin(between)
        return np.append(np.cumprod((on_front / on_rear)[::-1])[::-1], 1.0)

    def until_blow(self, rate: float, leaning: int) -> tuple[float, float]:
        """Seconds until the leading domino, upright and turning at ``rate``, strikes the next, and its rate then."""
        square, reach = 1 + self.thick**2, float(np.arctan(self.thick))

        def motion(_: float, state: Array) -> list[float]:
            lead, rate = state
            tilts, slopes = self.tilts(lead, leaning)
            step = 1e-6
            bends = (self.tilts(lead + step, leaning)[1] - self.tilts(lead - step, leaning)[1]) / (2 * step)
            moments = 1.5 / np.sqrt(square) * np.sin(tilts - reach)  # over the moment of inertia about the foot, (h^2 + d^2) / 3
            factors = self.weights(tilts)
            return [rate, float((factors @ moments - factors @ bends * rate**2) / (factors @ slopes))]

        def struck(_: float, state: Array) -> float:
            return float(state[0]) - float(np.arcsin(self.gap))

        struck.terminal = True  # type: ignore[attr-defined]
        found = solve_ivp(motion, (0.0, 60.0), [0.0, rate], events=struck, rtol=1e-8, atol=1e-10, max_step=0.1)
        return float(found.t[-1]), float(found.y[1, -1])

    def after_blow(self, rate: float, leaning: int) -> float:
        """The struck domino's rate: weighted moments of momentum are kept, and all lean on one another again."""
        _, slopes = self.tilts(float(np.arcsin(self.gap)), leaning)
        before = np.append(slopes * rate, 0.0)
        tilts, slopes = self.tilts(0.0, leaning + 1)
        factors = self.weights(tilts)
        return float(factors @ before / (factors @ slopes))


@dataclass(frozen=True, kw_only=True)
class Dominoes(Scene):
    """A row of dominoes; the first is pushed, and each knocks over the next.

    Every blow is compared with :func:`chain_hits`, an integration of its own. Dominoes rub on each other, their feet do not slip.

    History: 1 = first release.
    """

    family: ClassVar[str] = "dominoes"
    area: ClassVar[str] = "standing and falling over"
    laws: ClassVar[tuple[str, ...]] = ("order", "wave_speed", "energy")

    colours: tuple[str, str]  # by turns
    material: str
    side: int  # +1: they fall to the right
    count: int
    size: tuple[float, float, float]  # m: thickness, width, height
    gap: float  # m, between two
    push: float  # -, the first one's rate over sqrt(g / height)

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "world": str(rng.choice(list(GRAVITY))),
            "floor": str(rng.choice(list(FLOORS)[:5])),
            "colours": tuple(map(str, rng.choice(list(COLOURS), 2, replace=False))),
            "material": str(rng.choice(list(MADE_OF))),
            "side": int(rng.choice([-1, 1])),
            "count": int(rng.integers(8, 12)),
            "push": round(float(rng.uniform(0.42, 0.6)), 3),
        }
        thick, gap, time = rng.uniform(0.17, 0.21), rng.uniform(0.26, 0.36), rng.uniform(1.25, 1.6)
        own |= {"prompt_id": int(rng.integers(len(_DOMINOES) + 1)), **overrides}
        last = chain_hits(own["count"], round(thick, 3), round(gap, 3), own["push"], RUBBED)[-1]
        tall = own["size"][2] if "size" in own else round(GRAVITY[own["world"]] * (time / last) ** 2, 3)
        own.setdefault("size", (round(thick, 3) * tall, 0.5 * tall, tall))
        own.setdefault("gap", round(gap, 3) * tall)
        own.setdefault("view", tall * ((own["count"] - 1) * (thick + gap) + thick + 1) / 0.84)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another push."""
        return {"push": self.push * float(rng.uniform(0.95, 1.05))}

    def hits(self) -> tuple[float, ...]:
        """When each strikes the next, s from release, by :func:`chain_hits`."""
        thick, _, tall = self.size
        unit = float(np.sqrt(tall / self.gravity))
        shape = (round(thick / tall, 9), round(self.gap / tall, 9))
        return tuple(unit * t for t in chain_hits(self.count, *shape, self.push, RUBBED))

    def bodies(self) -> tuple[Body, ...]:
        """The dominoes in the order in which they fall."""
        return tuple(box_of(f"domino_{i + 1}", self.colours[i % 2], self.material, self.size, "domino") for i in range(self.count))

    def setup(self) -> Setup:
        """Upright; the first turns about its foot."""
        thick, _, tall = self.size
        pitch = thick + self.gap
        first = ((self.count - 1) * pitch + tall) / 2  # the last comes to lie as far beyond its foot as it is tall
        rate = self.side * self.push * float(np.sqrt(self.gravity / tall))
        pushed = (rate * tall / 2, 0.0, self.side * rate * thick / 2)
        return Setup(
            position=tuple((self.side * (i * pitch - first), 0.0, tall / 2) for i in range(self.count)),
            velocity=(pushed, *((0.0, 0.0, 0.0),) * (self.count - 1)),
            spin=((0.0, rate, 0.0), *((0.0, 0.0, 0.0),) * (self.count - 1)),
            restitution=(0.0,) * self.count,
            friction=(float(np.sqrt(RUBBED)),) * self.count,  # the engine multiplies the two
            floor_friction=GRIP / float(np.sqrt(RUBBED)),
            step_rate=1920,
            erp=SETTLED,
            residual=0.0,
            iterations=40,
        )

    def account(self) -> Account:
        """Words."""
        first, second = self.colours
        words = {
            "count": NUMBERS[self.count], "colours": f"{first} and {second} by turns", "material": of_material(self.material),
            "tall": length_of(self.size[2]), "gap": length_of(self.gap), "side": "right" if self.side > 0 else "left",
            "origin": "left" if self.side > 0 else "right", "floor": FLOORS[self.floor], "world": WORLDS[self.world],
            "count_": NUMBERS[self.count].capitalize(),
        }  # fmt: skip
        hits = self.hits()
        beats = (
            (0.0, "the first domino is pushed"),
            (hits[0], "it strikes the second"),
            (hits[len(hits) // 2], "half of the row is down"),
            (hits[-1], "the last is struck and falls"),
        )
        return account_of(_DOMINOES, words, beats, ("a clack each time a domino strikes the next, ever faster",), ("no music", "no voices"))

    def claims(self) -> tuple[Claim, ...]:
        """So many dominoes of those colours that fall to that side, one after the other."""
        last = self.count - 1
        return (
            *(Claim(kind="colour", value=self.colours[i % 2], body=i) for i in range(self.count)),
            counted(self.count),
            Claim(kind="shape", value="domino"),
            Claim(kind="direction", value="right" if self.side > 0 else "left"),
            Claim(kind="order", value="first", body=0),
            Claim(kind="event", value="topple", body=last, time=self.delay + self.hits()[-1], words=("topple", "toppling")),
        )

    def blows(self, truth: Truth) -> list[float]:
        """When each strikes the next in a truth, s from release, as far as they do."""
        first: dict[tuple[str, str], float] = {}
        for contact in truth.contacts:
            first.setdefault(contact.bodies, contact.t - self.delay)
        pairs = [(f"domino_{i}", f"domino_{i + 1}") for i in range(1, self.count)]
        return [first[pair] for pair in pairs if pair in first]

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Every blow in order, and when, against the chain; the energy."""
        found, told = self.blows(truth), self.hits()
        end = truth.seconds - self.delay - 0.05
        shown, seen = sum(t < end for t in told), sum(t < end for t in found)
        scale = sum(body.mass for body in truth.bodies) * self.gravity * self.size[2] / 2
        laws = [
            Proof(law="blows", closed_form=shown, simulated=seen, tolerance=0, source="each knocks over the next"),
            Proof(law="first blow", closed_form=told[0], simulated=found[0], tolerance=0.01, source="a rigid body about its foot"),
        ]
        if shown > 2:
            last = shown - 1
            laws += [
                Proof(
                    law="from the first to the last blow", closed_form=told[last] - told[0], simulated=found[last] - found[0],
                    tolerance=0.01, source="van Leeuwen's chain (chain_hits)",
                ),
                Proof(
                    law="pace of the wave at its end", closed_form=told[last] - told[last - 2], simulated=found[last] - found[last - 2],
                    tolerance=0.01, source="van Leeuwen's chain (chain_hits)",
                ),
            ]  # fmt: skip
        return (*laws, never_rises(energy_of(truth), scale))

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How many, how far apart, how they are made, and where they fall."""
        counts = tuple(replace(self, count=count) for count in (self.count - 4, self.count - 2, self.count))
        gaps = tuple(replace(self, gap=self.gap * share) for share in (0.7, 0.85, 1.0))
        made = tuple(replace(self, material=name) for name in ("plastic", "wood", "stone"))
        return {"count": counts, "gap": gaps, "material": made, "direction": tuple(replace(self, side=side) for side in (-1, 1))}


_DOMINOES = (
    "A row of {count} {material} dominoes, {colours}, {tall} tall and {gap} apart, topples to the {side} on {floor} {world} when the first "
    "is pushed.",
    "{count_} {material} dominoes stand upright in a row on {floor}, {colours}, each {tall} tall with gaps of {gap}. The first, at the "
    "{origin} end, is pushed {world}: it falls to the {side} and strikes the next with a clack, and so on, until the last topples too.",
    "The first of {count} {material} dominoes gets a push; one after the other, {colours}, they topple to the {side} {world}. Each is "
    "{tall} tall and {gap} from the next, on {floor}.",
    "On {floor} {world}, {count} dominoes of {tall} ({material}, {colours}, {gap} apart) fall like a wave to the {side}: the first is "
    "pushed and knocks over the second, and so on until all have toppled with clack after clack.",
)

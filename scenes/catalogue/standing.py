"""Things that stand, or do not: a tower of boxes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.integrate import quad

from kinema.scenes.catalogue.apparatus import account_of, counted, released
from kinema.scenes.catalogue.sliding import box_of
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, NUMBERS, WORLDS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Scene, Setup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Body, Truth

__all__ = ["Topple", "Tower"]

BLOCKS = ("wood", "pine", "plastic", "cardboard", "stone")  # what blocks are made of
SETTLED = 0.05  # erp: boxes that stand on one another creep less than 1e-4 of their height in 3 s
BEGUN = float(np.radians(3.0))  # radians
NOTICED = float(np.radians(10.0))  # radians, a tilt that anyone sees
RUBBED = 0.6  # -, Coulomb's coefficient between blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class Topple:
    """A rigid body that tips over an edge from rest.

    The centre of mass stands ``arm`` from the edge and has already passed the vertical by ``lean``; with energy kept,
    ``w^2 = 2 g r (cos lean - cos(lean + tilt)) / (k^2 + r^2)``.

    Attributes:
        arm: m, from the edge to the centre of mass (r).
        lean: radians past the vertical at the start.
        gyration: m, radius of gyration about the centre of mass (k).
        gravity: m/s^2.

    Example:
        >>> round(Topple(arm=1.0, lean=0.1, gyration=0.5, gravity=9.81).rate(0.2), 3)
        0.789
    """

    arm: float
    lean: float
    gyration: float
    gravity: float

    def rate(self, tilt: float) -> float:
        """rad/s when it has turned by ``tilt`` radians."""
        fallen = self.arm * float(np.cos(self.lean) - np.cos(self.lean + tilt))
        return float(np.sqrt(2 * self.gravity * fallen / (self.gyration**2 + self.arm**2)))

    def time(self, tilt: float) -> float:
        """Seconds until it has turned by ``tilt`` radians: the integral of 1 / rate, in the root of the tilt as it starts from rest."""
        return float(quad(lambda root: 2 * root / self.rate(root**2), 0.0, np.sqrt(tilt))[0])


def tilt_of(truth: Truth, body: int) -> NDArray[np.float64]:
    """How far (n,) a body has turned in the plane of the picture since its release, radians, clockwise positive."""
    turned = truth.orientation[released(truth), body]
    angles = np.unwrap(2 * np.arctan2(turned[:, 1], turned[:, 3]))
    return np.asarray(angles - angles[0])


def toppling_proofs(truth: Truth, body: int, topple: Topple, side: int) -> tuple[Proof, ...]:
    """How a body that tips to ``side`` turns: from 3 to 10 degrees, as the first moments of an unstable balance magnify any touch."""
    tilt, rates = side * tilt_of(truth, body), side * truth.spin[released(truth), body, 1]
    (first, _), (last, rate) = (_passing(tilt, rates, angle) for angle in (BEGUN, NOTICED))
    return (
        Proof(
            law="tilts from 3 to 10 degrees in", closed_form=topple.time(NOTICED) - topple.time(BEGUN), simulated=last - first,
            tolerance=0.01, source="integral of d(tilt) / rate",
        ),
        Proof(
            law="rate of tilting", closed_form=topple.rate(NOTICED), simulated=rate, tolerance=0.01,
            source="sqrt(2 g r (cos a - cos(a + tilt)) / (k^2 + r^2))",
        ),
    )  # fmt: skip


def _passing(tilt: NDArray[np.float64], rates: NDArray[np.float64], angle: float) -> tuple[float, float]:
    """When (s) a tilt first passes ``angle``, and its rate then."""
    k = max(int(np.argmax(tilt > angle)), 1)
    share = (angle - tilt[k - 1]) / (tilt[k] - tilt[k - 1])
    return float((k - 1 + share) / TRUTH_RATE), float(rates[k - 1] + share * (rates[k] - rates[k - 1]))


def still_proof(truth: Truth, size: float) -> Proof:
    """That nothing moves, relative to ``size`` (m)."""
    moved = float(np.abs(truth.position - truth.position[:1]).max())
    return Proof(law="stays where it is", closed_form=0.0, simulated=moved, tolerance=0.005, scale=size, source="sum of torques = 0")


@dataclass(frozen=True, kw_only=True)
class Tower(Scene):
    """Boxes on top of one another, each set off from the one below: the tower stands, or what is above one of them topples.

    At each joint the boxes above stay if their common centre of mass is over the box below (overhang below 1). What does not stay turns
    about the edge as one rigid body (:class:`Topple`).

    History: 1 = first release.
    """

    family: ClassVar[str] = "tower"
    area: ClassVar[str] = "standing and falling over"
    laws: ClassVar[tuple[str, ...]] = ("stability", "energy")

    colours: tuple[str, ...]  # from the bottom up
    material: str
    side: int  # +1: it leans to the right
    overhangs: tuple[float, ...]  # at each joint from the bottom up: how far what is above reaches out, over half a box's width
    size: tuple[float, float, float]  # m, of each box

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "world": str(rng.choice(list(GRAVITY))),
            "floor": str(rng.choice(list(FLOORS)[:5])),
            "material": str(rng.choice(list(BLOCKS))),
            "side": int(rng.choice([-1, 1])),
        }
        count, falls, loose = int(rng.integers(3, 6)), rng.random() < 0.6, int(rng.integers(1, 3))
        own["colours"] = tuple(map(str, rng.choice(list(COLOURS), count, replace=False)))
        stable, over, flat, pace = rng.uniform(0.25, 0.6, 4), rng.uniform(1.06, 1.12), rng.uniform(0.55, 0.7), rng.uniform(0.34, 0.42)
        overhangs = [round(float(ratio), 2) for ratio in stable[: count - 1]]
        if falls:
            joint = count - 1 - (loose if count > 3 else 1)  # of three boxes one topples: two would leave the picture
            overhangs[joint] = round(float(over), 2)
            overhangs[joint + 1 :] = [round(0.3 * ratio, 2) for ratio in overhangs[joint + 1 :]]
        own |= {"overhangs": tuple(overhangs), "prompt_id": int(rng.integers(_WORDINGS)), **overrides}
        view = own.setdefault("view", round(GRAVITY[own["world"]] * pace**2, 3))
        tall = 0.6 / len(own["colours"])
        own.setdefault("size", tuple(round(edge * view, 4) for edge in (tall / flat, 0.8 * tall / flat, tall)))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Boxes of another height, and as much wider."""
        share = float(rng.uniform(0.95, 1.05))
        return {"size": tuple(edge * share for edge in self.size)}

    @property
    def loose(self) -> int:
        """How many boxes at the top topple; 0 where the tower stands."""
        failing = [joint for joint, ratio in enumerate(self.overhangs) if abs(ratio) > 1]
        return len(self.colours) - 1 - failing[-1] if failing else 0

    def places(self) -> NDArray[np.float64]:
        """Where the boxes' centres are at release: x (n,) in m."""
        half, count = self.size[0] / 2, len(self.colours)
        x = np.zeros(count)
        for joint in reversed(range(count - 1)):  # from the top down, below the common centre of all above
            x[joint] = x[joint + 1 :].mean() - self.side * self.overhangs[joint] * half
        foot = -self.side * (0.17 if self.loose else 0.08) * self.view
        return np.asarray(foot + x - x[0])

    def topple(self) -> Topple:
        """The boxes that topple, as one body; only where some do."""
        x, (wide, _, tall) = self.places(), self.size
        count = len(x)
        above, heights = x[count - self.loose :], tall * (np.arange(self.loose) + 0.5)
        edge = x[count - self.loose - 1] + self.side * wide / 2
        reach, rise = self.side * (above.mean() - edge), heights.mean()
        spread = ((above - above.mean()) ** 2 + (heights - rise) ** 2).mean()
        gyration = np.sqrt((wide**2 + tall**2) / 12 + spread)
        return Topple(arm=float(np.hypot(reach, rise)), lean=float(np.arctan2(reach, rise)), gyration=float(gyration), gravity=self.gravity)

    def bodies(self) -> tuple[Body, ...]:
        """The boxes from the bottom up."""
        return tuple(box_of(f"box_{i + 1}", colour, self.material, self.size) for i, colour in enumerate(self.colours))

    def setup(self) -> Setup:
        """At rest on one another."""
        count = len(self.colours)
        return Setup(
            position=tuple((float(x), 0.0, self.size[2] * (i + 0.5)) for i, x in enumerate(self.places())),
            velocity=((0.0, 0.0, 0.0),) * count,
            restitution=(0.0,) * count,
            friction=(float(np.sqrt(RUBBED)),) * count,  # the engine multiplies the two
            erp=SETTLED,
            residual=0.0,
            iterations=40,
        )

    def account(self) -> Account:
        """Words."""
        named = [*self.colours]
        words = {
            "count": NUMBERS[len(named)], "colours": ", ".join(named[:-1]) + " and " + named[-1], "material": of_material(self.material),
            "size": length_of(self.size[0]), "side": "right" if self.side > 0 else "left", "floor": FLOORS[self.floor],
            "world": WORLDS[self.world], "top": f"the {named[-1]} box" if self.loose == 1 else f"the {named[-2]} and the {named[-1]} box",
            "s": "s" if self.loose == 1 else "", "it": "it" if self.loose == 1 else "they",
            "count_": NUMBERS[len(named)].capitalize(), "world_": "I" + WORLDS[self.world][1:],
        }  # fmt: skip
        if not self.loose:
            still = ((0.0, "the tower stands"), (1.5, "the tower still stands, nothing has moved"))
            return account_of(_STANDS, words, still)
        topple = self.topple()
        beats = (
            (0.0, "the tower is let go and {top} begin{s} to lean to the {side}"),
            (topple.time(NOTICED), "{top} topple{s}"),
            (topple.time(NOTICED) + float(np.sqrt(2 * self.size[2] / self.gravity)), "{it} fall{s} down beside the rest"),
        )
        return account_of(_FALLS, words, beats, ("the clatter of what falls",), ("no music", "no voices"))

    def claims(self) -> tuple[Claim, ...]:
        """Boxes of those colours; they stay, or those at the top topple to that side."""
        count = len(self.colours)
        own = (
            *(Claim(kind="colour", value=colour, body=i) for i, colour in enumerate(self.colours)),
            counted(count),
            Claim(kind="shape", value="box", words=("boxes",)),
        )
        if not self.loose:
            quiet = Claim(kind="silence", value="all", words=("no sound", "silently", "in silence", "without a sound"))
            return (*own, Claim(kind="stays", value="stands", words=("stands",)), quiet)
        moment, side = self.delay + self.topple().time(NOTICED), "right" if self.side > 0 else "left"
        return (
            *own,
            Claim(kind="direction", value=side, body=count - 1),
            Claim(kind="event", value="topple", body=count - 1, time=moment),
            Claim(kind="stays", value="stands", body=0, words=("stands",)),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """It stays, or topples as a rigid body does; the lowest box stays."""
        count, height = len(self.colours), self.size[2]
        scale = truth.bodies[0].mass * self.gravity * height * count
        if not self.loose:
            return (still_proof(truth, height), never_rises(energy_of(truth), scale))
        moved = float(np.abs(truth.position[:, 0] - truth.position[0, 0]).max())
        return (
            *toppling_proofs(truth, count - 1, self.topple(), self.side),
            Proof(
                law="the lowest stays", closed_form=0.0, simulated=moved, tolerance=0.02, scale=height, source="its overhang is below 1",
            ),
            never_rises(energy_of(truth), scale),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How far the top reaches out, the size of the boxes, the side."""
        below = tuple(min(ratio, 0.6) for ratio in self.overhangs[:-1])  # only the top joint is to decide
        reach = tuple(replace(self, overhangs=(*below, ratio), note=NOTE.format(ratio)) for ratio in (0.3, 0.8, 1.1))
        x, y, z = self.size
        sizes = tuple(replace(self, size=(share * x, share * y, share * z)) for share in (0.5, 0.75, 1.0))
        return {"overhang": reach, "size": sizes, "direction": tuple(replace(self, side=side) for side in (-1, 1))}


NOTE = "The centre of the top box lies {:.0%} of half a box away from the middle of the box below it."
_WORDINGS = 5
_FALLS = (
    "A tower of {count} {material} boxes, {colours} from the bottom up, each {size} wide, leans too far to the {side} {world}: {top} "
    "topple{s} off with a clatter, the lowest stands.",
    "On {floor}, {count} {material} boxes of {size} are stacked with each one set off from the one below; from the bottom up they are "
    "{colours}. Let go {world}, {top} tip{s} over the edge below, topple{s} to the {side} and fall{s} to the floor; the box at the bottom "
    "stands where it was.",
    "A stack that cannot hold: {count} {material} boxes ({colours}, counted from below), {size} wide, on {floor}. {world_}, {top} "
    "topple{s} to the {side}; the lowest box stands still.",
    "{count_} {material} boxes, {size} wide each, are piled up askew on {floor} {world}: {colours}, from the lowest to the highest. "
    "At once {top} topple{s} towards the {side} and clatter{s} down; the lowest stands.",
)
_STANDS = (
    "A tower of {count} {material} boxes, {colours} from the bottom up, each {size} wide and set off from the one below, leans to the "
    "{side} {world} and yet stands: nothing moves and there is no sound.",
    "On {floor}, {count} {material} boxes of {size} are stacked with each one a little out of line with the one below; from the bottom up "
    "they are {colours}. Let go {world}, the tower stands as it is. There is no sound.",
    "A stack that holds: {count} {material} boxes ({colours}, counted from below), {size} wide, on {floor}. {world_}, it stands "
    "without a sound though it leans to the {side}.",
    "{count_} {material} boxes, {size} wide each, are piled up askew on {floor} {world}: {colours}, from the lowest to the highest. "
    "The pile stands, in silence.",
)

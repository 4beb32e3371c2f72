"""A ball that rolls through a loop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import account_of, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS, OneBall
from kinema.scenes.catalogue.track import CENTRE, along, length_of_path, loop_path, roll, tangents, turned
from kinema.scenes.materials import CLASSIC
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import WORLDS, length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Motion, Setup
from kinema.scenes.shapes import Box, turn
from kinema.scenes.truth import Contact, Prop, Rub

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Loop"]

PIECES = 44  # straight boards that the loop is drawn with
END = 0.44  # -, x of the cushion's face over the view
WORLDS_OF_LOOPS = ("mars", "earth", "jupiter")  # on the Moon it would have to be a toy to be as fast
ASIDE = 1.0  # -, how far the track shifts sideways in the loop, over the ball's diameter


@dataclass(frozen=True, kw_only=True)
class Loop(OneBall):
    """A ball rolls down a steep run-up, through a vertical loop, and into a cushion.

    Rolling without slipping, ``7/10 v^2 + g z`` of its centre is kept, so it stays on the track at the top of the loop (radius R of the
    centre's path) if it starts at least ``2.7 R`` above the lowest point. Contact with a track made of facets or triangles takes energy at
    every edge (a tenth of it in a loop of 400), so the engine is not used: the centre is a bead on its own path, ``s'' = -5/7 g dz/ds``,
    integrated with a symplectic leapfrog, and what the track must push with is checked to stay positive.

    History: 1 = first release.
    """

    family: ClassVar[str] = "loop"
    area: ClassVar[str] = "rolling and sliding"
    laws: ClassVar[tuple[str, ...]] = ("energy", "rolling", "circular_motion")
    rubbing: ClassVar[bool] = True

    side: int  # +1: it rolls to the right
    loop_radius: float  # m, of the centre's path
    height: float  # m, of the centre above the lowest point of its path, at the start

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "world": str(rng.choice(WORLDS_OF_LOOPS)),
            "floor": str(rng.choice(list(CLASSIC_FLOORS))),
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(list(CLASSIC))),
            "side": int(rng.choice([-1, 1])),
        }
        pace, bend, size, spare = rng.uniform(0.36, 0.44), rng.uniform(0.165, 0.18), rng.uniform(0.054, 0.06), rng.uniform(1.12, 1.22)
        own |= {"prompt_id": int(rng.integers(len(_LOOP) + 1)), **overrides}
        view = own.setdefault("view", round(GRAVITY[own["world"]] * pace**2, 3))
        own.setdefault("radius", round(size * view, 4))
        loop = own.setdefault("loop_radius", round(bend * view, 4))
        own.setdefault("height", round(2.7 * loop * spare, 4))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height to start from, high enough to stay on the track."""
        return {"height": self.height * float(rng.uniform(0.97, 1.05))}

    @property
    def lift(self) -> float:
        """How high the lowest point of the centre's path is, m."""
        return self.radius + 0.02 * self.view

    @property
    def shift(self) -> float:
        """How far the track shifts towards the camera in the loop, m."""
        return ASIDE * 2 * self.radius

    def path(self) -> Array:
        """The centre's path (n, 3), finely sampled: run-up, bend, loop, run-out; for side +1, moved to side -1 by its mirror image."""
        points = loop_path(
            view=self.view, loop=self.loop_radius, height=self.height, lift=self.lift, shift=self.shift, end=END * self.view - self.radius
        )
        return np.asarray(points * np.array([self.side, 1.0, 1.0]))

    def setup(self) -> Setup:
        """At rest at the upper end."""
        first = self.path()[0]
        return Setup(position=((float(first[0]), float(first[1]), float(first[2])),), velocity=((0.0, 0.0, 0.0),), restitution=(0.0,))

    def motion(self, seconds: float) -> Motion:
        """The bead on its path, until it meets the cushion, where it rests."""
        way, path = length_of_path(self.path()), self.path()
        steps = round(seconds * TRUTH_RATE)
        s, rate, met = roll(way, path[:, 2], self.gravity, steps)
        position = along(way, path, s)
        tangent = along(way[1:-1], tangents(way, path)[1:-1], s)
        tangent /= np.linalg.norm(tangent, axis=-1, keepdims=True)
        normal = self._normals(way, path, s)
        velocity = rate[:, None] * tangent
        spin = np.cross(normal, velocity) / self.radius
        contacts, rubs = self._touches(position, normal, rate, s, met)
        return Motion(
            position=position[:, None], velocity=velocity[:, None], spin=spin[:, None], orientation=turned(spin)[:, None],
            contacts=contacts, rubs=rubs,
        )  # fmt: skip

    def _normals(self, way: Array, path: Array, s: Array) -> Array:
        """Unit vectors (n, 3) from the track to the centre, across the path and in the plane of the picture."""
        tangent = along(way[1:-1], tangents(way, path)[1:-1], s)
        normal = self.side * np.stack([-tangent[:, 2], np.zeros(len(s)), tangent[:, 0]], axis=-1)
        unit: Array = normal / np.linalg.norm(normal, axis=-1, keepdims=True)
        return unit

    def load(self, s: Array, rate: Array) -> Array:
        """What the track pushes with (n,), over the weight: the curve's share and gravity's."""
        way, path = length_of_path(self.path()), self.path()
        bend = along(way[2:-2], np.gradient(tangents(way, path), way, axis=0)[2:-2], s)
        normal = self._normals(way, path, s)
        pushed: Array = rate**2 / self.gravity * (bend * normal).sum(axis=-1) + normal[:, 2]
        return pushed

    def _touches(
        self, position: Array, normal: Array, rate: Array, s: Array, met: int | None
    ) -> tuple[tuple[Contact, ...], tuple[Rub, ...]]:
        """The blow at the cushion, and the rolling until then."""
        body = self.bodies()[0]
        end = len(s) if met is None else met
        point = position[:end] - self.radius * normal[:end]
        load = body.mass * self.gravity * np.maximum(self.load(s[:end], rate[:end]), 0.0)
        rub = Rub(
            bodies=("ball", "track"), times=np.arange(end) / TRUTH_RATE, slip=np.zeros(end), speed=rate[:end], load=load, point=point
        )
        if met is None:
            return (), (rub,)
        x, y, z = (float(c) for c in position[met])
        speed = float(rate[met - 1])
        blow = Contact(
            t=(met - 1) / TRUTH_RATE + max(float(s[met] - s[met - 1]), 0.0) / speed, bodies=("ball", "cushion"),
            point=(x + self.side * self.radius, y, z), normal=(-float(self.side), 0.0, 0.0), impulse=body.mass * speed,
            approach_speed=speed,
        )  # fmt: skip
        return (blow,), (rub,)

    def props(self) -> tuple[Prop, ...]:
        """The track in straight boards, a post under its upper end, and the cushion."""
        way, path = length_of_path(self.path()), self.path()
        normal = self._normals(way, path, way)
        thick, wide = 0.014 * self.view, 1.5 * self.radius
        cuts = self._cuts(way, path)
        made = []
        for k, (low, high) in enumerate(pairwise(cuts)):
            ends = along(way, path - (self.radius + thick / 2) * normal, np.array([low, high]))
            run = ends[1] - ends[0]
            size = (1.02 * float(np.hypot(run[0], run[2])) + 0.3 * thick, wide, thick)
            middle = ends.mean(axis=0)
            made.append(
                Prop(
                    name="track" if k == 0 else f"track_{k + 1}", solid=Box(size), paint="slate", material="steel", touchable=False,
                    position=(float(middle[0]), float(middle[1]), float(middle[2])),
                    orientation=turn((0.0, 1.0, 0.0), float(np.arctan2(-run[2], run[0]))),
                )
            )  # fmt: skip
        return (*made, *self._stand())

    def _cuts(self, way: Array, path: Array) -> Array:
        """Where one board ends and the next begins: long where the track is straight, ``PIECES`` in the loop."""
        tangent = tangents(way, path)
        turned = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.unwrap(np.arctan2(tangent[:, 2], tangent[:, 0])))))])
        straight = way / way[-1] * 1e-3  # so that it rises everywhere
        count = round(turned[-1] / (2 * np.pi) * PIECES)
        cuts: Array = np.interp(np.linspace(0, turned[-1] + 1e-3, count + 1), turned + straight, way)
        cuts[0], cuts[-1] = way[0], way[-1]
        return cuts

    def _stand(self) -> tuple[Prop, Prop]:
        view, first = self.view, self.path()[0]
        top = float(first[2]) - 1.6 * self.radius
        post = Box((0.025 * view, 1.2 * self.radius, top))
        block = Box((0.05 * view, 3.2 * self.radius, 4 * self.radius))
        at = self.side * (END + 0.025) * view
        return (
            Prop(name="post", solid=post, position=(float(first[0]), float(first[1]), top / 2), paint="charcoal", touchable=False),
            Prop(
                name="cushion", solid=block, position=(at, -self.shift / 2, 2 * self.radius), paint="pale", material="foam",
                touchable=False,
            ),
        )  # fmt: skip

    def account(self) -> Account:
        """Words."""
        words = self.words(
            side="right" if self.side > 0 else "left", high=length_of(self.height), world=WORLDS[self.world],
            wide=length_of(2 * self.loop_radius),
        )  # fmt: skip
        way, path = length_of_path(self.path()), self.path()
        s, _, met = roll(way, path[:, 2], self.gravity, round(2.7 * TRUTH_RATE))
        top = way[int(np.argmax(np.where(way > 0.4 * way[-1], path[:, 2], 0.0)))]
        beats = [(0.0, "the ball is let go and rolls down the run-up"), (_moment(s, top), "it is at the top of the loop, upside down")]
        if met is not None:
            beats.append(((met - 1) / TRUTH_RATE, "it runs into the cushion and rests"))
        heard = ("the rumble of rolling, rising and falling with the speed", "a soft thump at the cushion")
        return account_of(_LOOP, words, tuple(beats), heard, ("no music", "no voices"))

    def claims(self) -> tuple[Claim, ...]:
        """One ball of its colour that starts to that side and stays on the track."""
        return (
            *self.claims_of_ball("right" if self.side > 0 else "left"),
            Claim(kind="stays", value="on the track", body=0, words=("stays on the track",)),
            Claim(kind="sound", value="rolling", words=("rumble", "rumbling")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Speed at the top, the pull of the curve there, energy, and that the track never has to pull."""
        after = released(truth)
        place, velocity = truth.position[after, 0], truth.velocity[after, 0]
        inside = np.abs(place[:, 0] - self.side * CENTRE * self.view) < 0.3 * self.loop_radius
        top = int(np.argmax(np.where(inside, place[:, 2], 0.0)))
        at_top = float(np.sqrt(10 / 7 * self.gravity * (self.height - 2 * self.loop_radius)))
        speed, fall = float(np.linalg.norm(velocity[top])), float(velocity[top - 1, 2] - velocity[top + 1, 2]) * TRUTH_RATE / 2
        weight, energy = truth.bodies[0].mass * self.gravity, energy_of(truth)
        return (
            Proof(law="speed at the top", closed_form=at_top, simulated=speed, tolerance=0.01, source="sqrt(10/7 g (h - 2 R))"),
            Proof(
                law="fall towards the middle at the top", closed_form=at_top**2 / self.loop_radius, simulated=fall, tolerance=0.01,
                source="v^2 / R",
            ),
            Proof(
                law="the track pulls it back by", closed_form=0.0, simulated=max(-self._least_push(velocity), 0.0), tolerance=0.005,
                source="N >= 0", scale=self.gravity,
            ),
            Proof(
                law="energy kept in the loop", closed_form=float(energy[0]), simulated=float(energy[top]), tolerance=0.005,
                scale=weight * self.height, source="7/10 m v^2 + m g z",
            ),
            never_rises(energy, weight * self.height),
        )  # fmt: skip

    def _least_push(self, velocity: Array) -> float:
        """The least that the track pushes with over the mass, m/s^2, from the velocities (n, 3) of a truth while the ball moves."""
        speed = np.linalg.norm(velocity, axis=-1)
        moving = np.flatnonzero(speed > 0.05 * speed.max())
        moving = moving[2:-2]
        pull = (velocity[moving + 1] - velocity[moving - 1]) * TRUTH_RATE / 2 + np.array([0.0, 0.0, self.gravity])
        across = self.side * np.stack([-velocity[moving, 2], np.zeros(len(moving)), velocity[moving, 0]], axis=-1)
        return float(((pull * across).sum(axis=-1) / np.linalg.norm(across, axis=-1)).min())

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How high it starts, how large the ball is, what it is made of, where it rolls to."""
        heights = tuple(replace(self, height=round(2.7 * share * self.loop_radius, 4)) for share in (1.05, 1.18, 1.32))
        made = tuple(replace(self, material=name) for name in ("rubber", "wood", "steel"))
        sizes = tuple(replace(self, radius=self.radius * share) for share in (0.5, 0.75, 1.0))
        return {"height": heights, "material": made, "size": sizes, "direction": tuple(replace(self, side=side) for side in (-1, 1))}


_LOOP = (
    "One {ball}, {size} across, rolls down a run-up {high} high to the {side} {world}, rumbles through a loop {wide} wide without "
    "falling off, and stays on the track all the way to a cushion.",
    "A steel track on {floor} drops steeply to the {side} by {high}, makes a full vertical loop {wide} wide and ends at a cushion. A "
    "single {ball}, {size} across, is let go at the top {world}: rumbling, it rolls down, goes once round the loop, upside down at its "
    "top, stays on the track and comes to rest in the cushion.",
    "Let go {high} up, a single {ball} of {size} rumbles down a track to the {side} {world}, once round a vertical loop of {wide} and on "
    "into a cushion. It is fast enough and stays on the track, which stands on {floor}.",
    "Rumbling, one {ball} of {size} rolls down {high} to the {side} into a looping {wide} wide {world}; it goes over the top upside down, "
    "stays on the track and ends in a cushion on {floor}.",
)


def _moment(s: Array, where: float) -> float:
    return float(np.argmax(s >= where)) / TRUTH_RATE

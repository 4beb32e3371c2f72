"""A cloth that falls over a ball."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import QUIET, account_of, counted, picture_radius, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS
from kinema.scenes.catalogue.lattice import Lattice, ball_touch, floor_touch, motion_of, run, speeds
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, a, length_of, of_material
from kinema.scenes.proof import Proof, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE, Motion, Scene, Setup
from kinema.scenes.shapes import Ball, Cylinder, Sheet
from kinema.scenes.truth import VERTEX_RATE, Body, Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Cloth"]

THREADS = 21  # points along an edge
RATE = 1920  # Hz


@lru_cache(maxsize=8)
def _weave(side: float, mass: float) -> Lattice:
    """A square cloth: stiff threads both ways, weak diagonals, weaker ties over every second point against sharp bends."""
    number = np.arange(THREADS**2).reshape(THREADS, THREADS)
    point = mass / THREADS**2
    thread = 0.2 * RATE**2 * point  # the fastest wave then takes some six steps per turn
    kinds = (
        (number[:, :-1], number[:, 1:], 1.0), (number[:-1], number[1:], 1.0),
        (number[:-1, :-1], number[1:, 1:], 0.04), (number[1:, :-1], number[:-1, 1:], 0.04),
        (number[:, :-2], number[:, 2:], 0.01), (number[:-2], number[2:], 0.01),
    )  # fmt: skip
    pairs = np.concatenate([np.stack([first.ravel(), second.ravel()], axis=-1) for first, second, _ in kinds])
    share = np.concatenate([np.full(first.size, stiff) for first, _, stiff in kinds])
    places = np.linspace(-side / 2, side / 2, THREADS)
    rest = np.stack([*np.meshgrid(places, places, indexing="xy"), np.zeros((THREADS, THREADS))], axis=-1).reshape(-1, 3)
    damping = np.where(share == 1.0, 60.0, 0.0) * point
    smoothing = np.where(share == 1.0, 60.0, 0.0) * point
    return Lattice(rest, pairs, thread * share, damping, smoothing, point)


def _sheet_faces() -> tuple[tuple[int, int, int], ...]:
    """Two triangles for each square of the cloth."""
    number = np.arange(THREADS**2).reshape(THREADS, THREADS)
    a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1]))
    rows = np.concatenate([np.stack([a, b, c], axis=-1), np.stack([a, c, d], axis=-1)]).tolist()
    return tuple((i, j, k) for i, j, k in rows)


@dataclass(frozen=True, kw_only=True)
class Cloth(Scene):
    """A square cloth let go flat above a ball on a stand: it falls, drapes over the ball, and hangs down round it. It makes no sound.

    A lattice of springs of our own (``lattice.py`` says why not PyBullet's deformables): 21 x 21 points at 1920 Hz, friction on the ball,
    no touching of itself. Until it touches the ball it is in free fall: ``t = sqrt(2 h / g)``. After that the proofs are invariants: no
    point is inside the ball or below the floor, no thread stretches by more than some percent, the energy never rises.

    History: 1 = first release.
    """

    family: ClassVar[str] = "cloth"
    area: ClassVar[str] = "soft things"
    laws: ClassVar[tuple[str, ...]] = ("gravity", "stays_outside", "energy")
    audible: ClassVar[bool] = False

    colour: str
    material: str
    side: float  # m
    ball: float  # m, radius
    height: float  # m, from the top of the ball up to the cloth
    friction: float  # - on the ball

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {"world": str(rng.choice(["earth", "earth", "mars", "moon"])), "floor": str(rng.choice(list(CLASSIC_FLOORS)))}
        own |= {"colour": str(rng.choice(list(COLOURS))), "material": str(rng.choice(["cotton", "felt", "leather"]))}
        view, side, ball, height = rng.uniform(1.3, 1.7), rng.uniform(0.55, 0.6), rng.uniform(0.12, 0.14), rng.uniform(0.15, 0.18)
        friction = rng.uniform(0.3, 0.5)
        own |= {"prompt_id": int(rng.integers(len(_CLOTH) + 1)), **overrides}
        view = own.setdefault("view", round(view, 3))
        for name, share in (("side", side), ("ball", ball), ("height", height)):
            own.setdefault(name, round(share * view, 3))
        own.setdefault("friction", round(friction, 2))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Let go from another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    @property
    def gap(self) -> float:
        """Half the cloth's thickness: how far its points stay off the ball, m."""
        return 0.008 * self.view

    @property
    def middle(self) -> Array:
        """Of the ball, m."""
        return np.array([0.0, 0.0, 0.35 * self.view])

    @property
    def _start(self) -> float:
        return float(self.middle[2]) + self.ball + self.gap + self.height

    @property
    def touches(self) -> float:
        """Closed form: seconds from the release until the cloth meets the ball."""
        return float(np.sqrt(2 * self.height / self.gravity))

    def camera(self) -> Camera:
        """From higher up than usual, so that the cloth is never seen on edge."""
        return replace(super().camera(), eye_height=0.95 * self.view)

    @property
    def weave(self) -> Lattice:
        """Its points and springs: 0.3 kg per square metre."""
        return _weave(self.side, 0.3 * self.side**2)

    def bodies(self) -> tuple[Body, ...]:
        """The cloth."""
        return (
            Body(
                name="cloth", colour=self.colour, material=self.material, radius=picture_radius(self.side**2 / 4), shape="cloth",
                mass=0.3 * self.side**2, solid=Sheet(_sheet_faces()),
            ),
        )  # fmt: skip

    def setup(self) -> Setup:
        """Flat and level above the ball."""
        return Setup(position=((0.0, 0.0, self._start),), velocity=((0.0, 0.0, 0.0),), restitution=(0.0,))

    def props(self) -> tuple[Prop, ...]:
        """The ball and its stand."""
        _, _, z = self.middle
        foot = Cylinder(0.05 * self.view, float(z) - 0.9 * self.ball)
        return (
            Prop(name="globe", solid=Ball(self.ball), position=(0.0, 0.0, float(z)), material="stone", paint="slate"),
            Prop(name="stand", solid=foot, position=(0.0, 0.0, foot.length / 2), paint="charcoal", touchable=False),
        )

    def motion(self, seconds: float) -> Motion:
        """Of the lattice; see ``lattice.py`` for why it is not PyBullet's."""

        def touch(x: Array, v: Array, step: float) -> None:
            ball_touch(x, v, step, self.middle, self.ball + self.gap, self.friction)
            floor_touch(x, v, step, self.friction)

        start = self.weave.rest + np.array([0.0, 0.0, self._start])
        return motion_of(run(self.weave, start, self.gravity, seconds, RATE, touch), "cloth")

    def account(self) -> Account:
        """Words."""
        words = {
            "cloth": f"{self.colour} {of_material(self.material)} cloth", "a_cloth": f"{a(self.colour)} {of_material(self.material)} cloth",
            "side": length_of(self.side), "ball": length_of(2 * self.ball), "height": length_of(self.height),
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = (
            (0.0, "the cloth is let go and falls flat"),
            (self.touches, "its middle meets the ball; the rim falls on"),
            (self.touches + 2 * np.sqrt(self.side / self.gravity), "it hangs down round the ball, swaying a little"),
        )
        return account_of(_CLOTH, words, beats)

    def claims(self) -> tuple[Claim, ...]:
        """One cloth that falls and stays on the ball, in silence."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="shape", value="cloth", body=0),
            Claim(kind="direction", value="down", body=0),
            Claim(kind="stays", value="on the ball", body=0, words=("drapes", "draped")),
            QUIET,
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Free fall, what is not entered, threads, energy."""
        after = released(truth)
        fall = slice(2, max(round(0.9 * self.touches * TRUTH_RATE), 12))
        clock = np.arange(len(truth.times[after])) / TRUTH_RATE
        seen = -float(np.polyfit(clock[fall], truth.velocity[after][fall, 0, 2], 1)[0])
        x, v = speeds(truth.vertices["cloth"][round(self.delay * VERTEX_RATE) :])
        inside = self.ball - float(np.linalg.norm(x - self.middle, axis=-1).min())
        threads = self.weave.stiffness == self.weave.stiffness.max()
        pairs, length = self.weave.pairs[threads], self.weave.length[threads]
        stretch = np.linalg.norm(x[:, pairs[:, 1]] - x[:, pairs[:, 0]], axis=-1) / length - 1
        energy = self.weave.energy(x, v, self.gravity)
        scale = truth.bodies[0].mass * self.gravity * (self.height + self.ball)
        return (
            Proof(law="falls freely until it touches", closed_form=self.gravity, simulated=seen, tolerance=0.002, source="g"),
            Proof(law="inside the ball by", closed_form=0.0, simulated=max(inside, 0.0), tolerance=0.0, scale=self.ball, source="|x| >= R"),
            Proof(
                law="below the floor by", closed_form=0.0, simulated=max(-float(x[..., 2].min()), 0.0), tolerance=1e-6, scale=self.side,
                source="z >= 0",
            ),
            Proof(
                law="a thread stretches by", closed_form=0.0, simulated=float(stretch.max()), tolerance=0.08, scale=1.0,
                source="threads are stiff",
            ),
            never_rises(energy, scale),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How large the cloth is, and from how high it falls."""
        return {
            "size": tuple(replace(self, side=self.side * share) for share in (0.7, 0.85, 1.0)),
            "height": tuple(replace(self, height=self.height * share) for share in (0.4, 0.7, 1.0)),
        }


_CLOTH = (
    "One {cloth}, {side} wide, falls flat from {height} straight down onto a ball on a stand above {floor} {world} and drapes over it. It "
    "makes no sound.",
    "One square {cloth} with sides of {side} is let go flat, {height} above a grey ball, {ball} across, that stands on a post on {floor} "
    "{world}. It falls straight down, its middle catches on the ball, its rim falls on, and it drapes over the ball and hangs there. There "
    "is no sound.",
    "A single {cloth} of {side} drops down {height} onto a ball of {ball} over {floor} {world}, drapes over it and stays there, silently.",
    "{height} above a ball {ball} wide one flat {cloth}, {side} along each side, is released {world}; it falls down, folds round the ball "
    "and stays draped over it above {floor}. No sound.",
)

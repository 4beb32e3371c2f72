"""A spinning top."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import QUIET, account_of, centre_of, counted, picture_radius, released, seconds_of
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS
from kinema.scenes.catalogue.gyration import spun, turned
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Motion, Scene, Setup
from kinema.scenes.shapes import Lathe, inertia_of, rotate, turn, volume_of
from kinema.scenes.truth import Body

if TYPE_CHECKING:

    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.shapes import Vector
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["SpinningTop"]


@dataclass(frozen=True, kw_only=True)
class SpinningTop(Scene):
    """A symmetric top that spins fast on its tip, leans, and walks round the upright (precesses) without nodding.

    The tip stays where it is and does not rub (a ball joint in effect), so nothing is heard and nothing is lost. Closed form: with the
    spin ``w3`` about its own axis and the lean ``q``, steady precession solves ``I1 cos(q) W^2 - I3 w3 W + M g l = 0``; its slow root is
    near ``M g l / (I3 w3)`` for a fast top. It starts in exactly that state, which the integrator (``gyration.py``) then has to keep.

    History: 1 = first release.
    """

    family: ClassVar[str] = "spinning_top"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("precession", "energy")
    audible: ClassVar[bool] = False

    colour: str
    material: str
    height: float  # m, from its tip to the end of its stem
    lean: float  # radians from upright
    spin: float  # rad/s about its own axis; positive is counter-clockwise seen from above

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {"world": str(rng.choice(list(GRAVITY))), "floor": str(rng.choice(list(CLASSIC_FLOORS)))}
        own |= {"colour": str(rng.choice(list(COLOURS))), "material": str(rng.choice(["wood", "plastic", "brass", "steel"]))}
        height, lean, rate, side = rng.uniform(0.08, 0.14), rng.uniform(16, 24), rng.uniform(2.0, 2.6), float(rng.choice([-1.0, 1.0]))
        own |= {"prompt_id": int(rng.integers(len(_TOP) + 1)), **overrides}
        own.setdefault("height", round(height, 4))
        own.setdefault("view", round(own["height"] / 0.56, 4))
        own.setdefault("lean", float(np.radians(round(lean, 1))))
        scene = cls(seed=seed, **({"spin": 1.0} | own))
        if "spin" in overrides:
            return scene
        across, along = scene.moments
        pull = GRAVITY["earth"] * scene._lever  # the same top everywhere
        wanted = (across * np.cos(scene.lean) * rate**2 + pull) / (along * rate)
        return replace(scene, spin=round(side * float(wanted), 1))

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another spin."""
        return {"spin": self.spin * float(rng.uniform(0.95, 1.05))}

    @property
    def _shape(self) -> tuple[Lathe, float]:
        """Its solid about its centre of mass, and how far that is above the tip."""
        h = self.height
        raw = Lathe(tuple((r * h, z * h) for r, z in _PROFILE))
        lever = float(centre_of(raw)[2])
        return Lathe(tuple((r, z - lever) for r, z in raw.profile)), lever

    @property
    def _lever(self) -> float:
        return self._shape[1]

    @property
    def moments(self) -> tuple[float, float]:
        """Moments of inertia per mass, m^2: about the tip across its axis, and along it."""
        solid, lever = self._shape
        across, _, along = inertia_of(solid, 1.0)
        return across + lever**2, along

    def bodies(self) -> tuple[Body, ...]:
        """The top."""
        solid, _ = self._shape
        mass = MATERIALS[self.material].density * volume_of(solid)
        across, other, along = inertia_of(solid, mass)
        profile = np.array(solid.profile)
        area = 2 * abs(float(np.sum((profile[1:, 0] + profile[:-1, 0]) / 2 * np.diff(profile[:, 1]))))
        mean = (across + other) / 2  # the facets of the mesh are no exact circle
        return (
            Body(
                name="top", colour=self.colour, material=self.material, radius=picture_radius(area), mass=mass, shape="top", solid=solid,
                inertia=(mean, mean, along),
            ),
        )  # fmt: skip

    @property
    def precession(self) -> float:
        """Closed form, rad/s: the slow root of ``I1 cos(q) W^2 - I3 w3 W + M g l = 0``, positive as the spin is."""
        (across, along), pull = self.moments, self.gravity * self._lever
        spin = abs(self.spin)
        root = np.sqrt((along * spin) ** 2 - 4 * across * np.cos(self.lean) * pull)
        return float(np.sign(self.spin) * 2 * pull / (along * spin + root))

    def setup(self) -> Setup:
        """Leaning towards the camera, in steady precession."""
        way = turn((1.0, 0.0, 0.0), self.lean)
        axis = rotate(way, np.array([0.0, 0.0, 1.0]))
        spin = self.precession * (np.array([0.0, 0.0, 1.0]) - np.cos(self.lean) * axis) + self.spin * axis
        place = self._lever * axis
        speed = np.cross(spin, place)
        return Setup(
            position=((float(place[0]), float(place[1]), float(place[2])),),
            velocity=((float(speed[0]), float(speed[1]), float(speed[2])),),
            restitution=(0.0,),
            orientation=(way,),
            spin=((float(spin[0]), float(spin[1]), float(spin[2])),),
        )

    def motion(self, seconds: float) -> Motion:
        """About the tip, which stays; see ``gyration.py`` for why it is not PyBullet's."""
        setup, (body,) = self.setup(), self.bodies()
        assert body.inertia is not None
        lever, pull = self._lever, body.mass * self.gravity * self._lever
        about_tip = (body.inertia[0] + body.mass * lever**2, body.inertia[1] + body.mass * lever**2, body.inertia[2])

        def weight(q: list[float]) -> Vector:
            axis = turned(q, (0.0, 0.0, 1.0))
            return (-pull * axis[1], pull * axis[0], 0.0)  # lever x (0, 0, -m g)

        facing, spin = spun(setup.orientation[0], setup.spin[0], about_tip, seconds, weight)
        place = lever * rotate(facing, np.array([0.0, 0.0, 1.0]))
        return Motion(position=place[:, None], velocity=np.cross(spin, place)[:, None], orientation=facing[:, None], spin=spin[:, None])

    @property
    def lap(self) -> float:
        """Closed form: seconds for once round."""
        return float(2 * np.pi / abs(self.precession))

    def account(self) -> Account:
        """Words."""
        words = {
            "top": f"{self.colour} {of_material(self.material)} spinning top", "height": length_of(self.height),
            "side": "right" if self.spin > 0 else "left", "clock": "counter-clockwise" if self.spin > 0 else "clockwise",
            "lean": f"{np.degrees(self.lean):.0f} degrees", "lap": seconds_of(self.lap), "rate": f"{abs(self.spin) / (2 * np.pi):.0f}",
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = (
            (0.0, "the top, spinning fast, leans towards the camera; its stem moves to the {side}"),
            (self.lap / 2, "it leans away from the camera, halfway round"),
            (self.lap, "it leans towards the camera again, as far as at first"),
        )
        return account_of(_TOP, words, beats)

    def claims(self) -> tuple[Claim, ...]:
        """One top that first moves to the side of its spin, and does not fall."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="shape", value="top", body=0),
            Claim(kind="direction", value="right" if self.spin > 0 else "left", body=0),
            Claim(kind="stays", value="up", body=0, words=("without falling", "does not fall", "never falls")),
            QUIET,
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Precession, lean, energy."""
        after = released(truth)
        place = truth.position[after, 0]
        around = np.unwrap(np.arctan2(place[:, 1], place[:, 0]))
        rate = float(np.polyfit(np.arange(len(around)) / TRUTH_RATE, around, 1)[0])
        lean = np.arccos(np.clip(place[:, 2] / np.linalg.norm(place, axis=-1), -1, 1))
        scale = truth.bodies[0].mass * self.gravity * self._lever
        furthest = float(lean[np.abs(lean - self.lean).argmax()])
        return (
            Proof(
                law="precession", closed_form=self.precession, simulated=rate, tolerance=0.002,
                source="slow root of I1 cos(q) W^2 - I3 w3 W + M g l = 0",
            ),
            Proof(law="lean stays", closed_form=self.lean, simulated=furthest, tolerance=0.005, source="steady precession does not nod"),
            never_rises(energy_of(truth), scale),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How fast and which way it spins."""
        return {
            "spin": tuple(replace(self, spin=self.spin * share) for share in (0.8, 1.0, 1.3)),
            "direction": tuple(replace(self, spin=side * abs(self.spin)) for side in (-1.0, 1.0)),
        }


_PROFILE = (  # of a top of height 1: radius and height from the tip up
    (0.0, 0.0), (0.03, 0.03), (0.10, 0.11), (0.25, 0.26), (0.335, 0.36), (0.35, 0.41), (0.335, 0.46), (0.25, 0.52), (0.11, 0.565),
    (0.05, 0.60), (0.045, 0.80), (0.05, 0.97), (0.03, 0.995), (0.0, 1.0),
)  # fmt: skip
_TOP = (
    "One {top}, {height} high, spins on its tip on {floor} {world}; leaning, it first moves to the {side} and goes round {clock} once in "
    "{lap} without falling. It makes no sound.",
    "One {top}, {height} high, stands on its tip on {floor} {world}. It spins {clock} seen from above, {rate} times a second, and leans "
    "over by {lean}, at first towards the camera. Its stem moves to the {side} and walks round {clock}, once in {lap}; it does not "
    "fall. There is no sound.",
    "A single {top} of {height} whirls {clock} on {floor} {world}, leaning by {lean}: instead of tipping over it swings to the {side} and "
    "on round in {lap}; it never falls. It is silent.",
    "Silently, one {top} ({height}) turns on its tip {world}, on {floor}. Its axis leans {lean}, moves to the {side} first and precesses "
    "{clock}, a full round in {lap}; it does not fall.",
)

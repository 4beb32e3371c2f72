"""A body that turns over in free fall."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import ellipk

from kinema.scenes.catalogue.apparatus import QUIET, account_of, counted, crossings, picture_radius, released, seconds_of
from kinema.scenes.catalogue.gyration import BACK, spun
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import Motion, Scene, Setup
from kinema.scenes.shapes import Hull, inertia_of, rotate, volume_of
from kinema.scenes.truth import Body

if TYPE_CHECKING:

    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.shapes import Vector
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Tumbling", "flip_time"]


def flip_time(inertia: Vector, spin: Vector) -> float:
    """Seconds between two flips of a free body: half the period of its middle axis, by Jacobi's elliptic functions.

    Args:
        inertia: principal moments, any order but all different.
        spin: rad/s about those axes at some moment.

    ``2 K(k) / p`` with ``p^2 = (I3 - I2)(L^2 - 2 E I1) / (I1 I2 I3)`` and ``k^2 = (I2 - I1)(2 E I3 - L^2) / ((I3 - I2)(L^2 - 2 E I1))``
    for ``L^2 > 2 E I2``, else with 1 and 3 exchanged (Landau and Lifshitz, Mechanics, paragraph 37).

    Example:
        >>> round(flip_time((1.0, 2.0, 3.0), (0.1, 1.0, 0.0)), 2)
        12.76
    """
    order = np.argsort(inertia)
    (i1, i2, i3), w = np.array(inertia)[order], np.array(spin)[order]
    twice_energy = float(i1 * w[0] ** 2 + i2 * w[1] ** 2 + i3 * w[2] ** 2)
    square = float((i1 * w[0]) ** 2 + (i2 * w[1]) ** 2 + (i3 * w[2]) ** 2)
    if square < twice_energy * i2:
        i1, i3 = i3, i1
    rate = np.sqrt((i3 - i2) * (square - twice_energy * i1) / (i1 * i2 * i3))
    modulus = (i2 - i1) * (twice_energy * i3 - square) / ((i3 - i2) * (square - twice_energy * i1))
    return float(2 * ellipk(modulus) / rate)


@dataclass(frozen=True, kw_only=True)
class Tumbling(Scene):
    """A flat triangle that floats in a weightless station, spun about its middle axis: it turns over, and back, again and again.

    There is no gravity here (it overrides :attr:`gravity`), whatever the world. Its angular momentum and its energy stay, and the time
    between two flips is :func:`flip_time`'s elliptic integral, about the axis that points from its base to its tip.

    History: 1 = first release.
    """

    family: ClassVar[str] = "tumbling"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("angular_momentum", "energy")
    audible: ClassVar[bool] = False

    colour: str
    material: str
    size: float  # m, the triangle's base
    aspect: float  # -, its height over its base
    spin: float  # rad/s at first; positive is counter-clockwise seen from above
    askew: float  # radians, by which the first spin misses the middle axis

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {"floor": str(rng.choice(["steel", "concrete", "ceramic"])), "colour": str(rng.choice(list(COLOURS)))}
        own["material"] = str(rng.choice(["wood", "plastic", "aluminium", "steel"]))
        size, aspect, askew, flip = rng.uniform(0.25, 0.45), rng.uniform(0.5, 0.56), rng.uniform(0.03, 0.06), rng.uniform(0.9, 1.2)
        side = float(rng.choice([-1.0, 1.0]))
        own |= {"prompt_id": int(rng.integers(len(_TUMBLING) + 1)), **overrides}
        own.setdefault("size", round(size, 3))
        own.setdefault("aspect", round(aspect, 3))
        own.setdefault("askew", round(askew, 4))
        own.setdefault("view", round(own["size"] / 0.46, 3))
        scene = cls(seed=seed, **({"spin": 1.0} | own))
        if "spin" in overrides:
            return scene
        return replace(scene, spin=round(side * scene.flip / flip, 3))  # the flip's time is inverse to the spin

    @property
    def gravity(self) -> float:
        """None: it floats."""
        return 0.0

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another spin."""
        return {"spin": self.spin * float(rng.uniform(0.95, 1.05))}

    @property
    def tall(self) -> float:
        """From base to tip, m."""
        return self.aspect * self.size

    def bodies(self) -> tuple[Body, ...]:
        """The triangle, its base at the bottom; its own z points at its tip."""
        half, thick = self.size / 2, 0.045 * self.size
        outline = ((-half, -self.tall / 3), (half, -self.tall / 3), (0.0, self.tall * 2 / 3))
        solid = Hull(tuple((x, y, z) for x, z in outline for y in (-thick, thick)))
        mass = MATERIALS[self.material].density * volume_of(solid)
        return (
            Body(
                name="triangle", colour=self.colour, material=self.material, radius=picture_radius(self.size * self.tall / 2), mass=mass,
                shape="triangle", solid=solid,
            ),
        )  # fmt: skip

    def setup(self) -> Setup:
        """Upright in the air, tip up, spinning about the vertical but for a little."""
        own = (float(self.spin * np.sin(self.askew)), 0.0, float(self.spin * np.cos(self.askew)))
        return Setup(position=((0.0, 0.0, 0.4 * self.view),), velocity=((0.0, 0.0, 0.0),), restitution=(0.0,), spin=(own,))

    def motion(self, seconds: float) -> Motion:
        """Free of forces; see ``gyration.py`` for why it is not PyBullet's."""
        setup, (body,) = self.setup(), self.bodies()
        facing, spin = spun((0.0, 0.0, 0.0, 1.0), setup.spin[0], inertia_of(body.form, body.mass), seconds)
        place = np.broadcast_to(np.array(setup.position[0]), (len(facing), 1, 3))
        return Motion(position=place.copy(), velocity=np.zeros_like(place), orientation=facing[:, None], spin=spin[:, None])

    @property
    def flip(self) -> float:
        """Closed form: seconds between two flips."""
        (body,) = self.bodies()
        return flip_time(inertia_of(body.form, body.mass), self.setup().spin[0])

    def account(self) -> Account:
        """Words."""
        words = {
            "thing": f"{self.colour} {of_material(self.material)} triangle", "wide": length_of(self.size), "tall": length_of(self.tall),
            "clock": "counter-clockwise" if self.spin > 0 else "clockwise", "flip": seconds_of(self.flip), "floor": FLOORS[self.floor],
            "rate": f"{abs(self.spin) / (2 * np.pi):.1f}",
        }  # fmt: skip
        beats = (
            (0.0, "the triangle spins {clock} about the axis through its tip, tip up"),
            (self.flip / 2, "it turns over, tip down"),
            (1.5 * self.flip, "it turns over again, tip up"),
            (2.5 * self.flip, "it turns over once more"),
        )
        return account_of(_TUMBLING, words, beats)

    def claims(self) -> tuple[Claim, ...]:
        """One triangle that stays in the air, in silence."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="shape", value="triangle", body=0),
            Claim(kind="stays", value="in the air", body=0, words=("floats", "floating", "weightless")),
            QUIET,
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Flips, angular momentum, energy."""
        after = released(truth)
        inertia = np.array(inertia_of(truth.bodies[0].form, truth.bodies[0].mass))
        facing, spin = truth.orientation[after, 0], truth.spin[after, 0]
        own = rotate(facing * BACK, spin)
        momentum = rotate(facing, own * inertia)
        flips = crossings(truth.times[after], own[:, 2])
        energy = energy_of(truth)
        size = float(np.linalg.norm(momentum[0]))
        off = float(np.linalg.norm(momentum - momentum[0], axis=-1).max())
        between = (
            Proof(
                law="time between flips", closed_form=self.flip, simulated=float(flips[1] - flips[0]), tolerance=0.002,
                source="2 K(k) / p, Jacobi",
            ),
        ) if len(flips) > 1 else ()  # fmt: skip
        return (
            *between,
            Proof(law="angular momentum changes by", closed_form=0.0, simulated=off, tolerance=0.001, scale=size, source="L = const"),
            never_rises(energy, float(energy[0]), tolerance=0.001),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How fast it spins, and how large it is."""
        return {
            "spin": tuple(replace(self, spin=self.spin * share) for share in (0.8, 1.0, 1.25)),
            "size": tuple(replace(self, size=self.size * share) for share in (0.7, 0.85, 1.0)),
        }


_TUMBLING = (
    "One flat {thing}, {wide} wide, floats weightless above {floor} in a space station and spins {clock}; every {flip} it turns over by "
    "itself. It makes no sound.",
    "In a space station without weight one flat {thing}, {wide} wide and {tall} high, floats above {floor}, its tip up. It spins "
    "{clock} seen from above, {rate} times a second, about the axis through its tip, and every {flip} it suddenly turns over, tip down, "
    "then tip up again. It stays where it is. There is no sound.",
    "A single flat {thing} of {wide}, floating in a weightless space station over {floor}, spins {clock} and tumbles: it flips over once "
    "in {flip}, silently.",
    "Silently, one flat {thing} ({wide} wide) spins {clock} in the air of a space station, floating above {floor}; without being "
    "touched it turns upside down and back, every {flip}.",
)

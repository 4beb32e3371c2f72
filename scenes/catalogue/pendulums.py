"""Two pendulums of different length in one picture: what they have in common cancels, a ratio without a unit is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import ellipk

from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.paired import STUFF, UNDER
from kinema.scenes.catalogue.swinging import PERIOD
from kinema.scenes.catalogue.wording import fine_length
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, Account, a, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, Joint, Scene, Setup
from kinema.scenes.truth import Body

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["TwoPendulums"]

PIVOT = 0.74  # -, height of the pivots over the view
ARM = 0.46  # -, the longer rod over the view
HANGS = (-0.17, 0.19)  # -, where the longer and the shorter hang, over the view


@dataclass(frozen=True, kw_only=True)
class TwoPendulums(Scene):
    """Two balls on rods of different length hang side by side and are let go at the same moment from the same angle.

    Closed form: their periods are as the square roots of the lengths (of equivalent simple pendulums: ``l + 2/5 r^2 / l``), whatever the
    gravity and the size of the picture. They touch nothing.

    History: 1 = first release.
    """

    family: ClassVar[str] = "two_pendulums"
    laws: ClassVar[tuple[str, ...]] = ("period", "ratio")
    audible: ClassVar[bool] = False
    area: ClassVar[str] = "two of a kind"

    colour_long: str
    colour_short: str
    material: str
    radius: float  # m, of both
    long: float  # m, from the pivot to the ball's centre
    short: float  # m
    angle: float  # radians from straight down at release, of both; positive to the right
    side: float  # -, 1: the longer one hangs on the left

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world, material, floor = (str(rng.choice(list(choices))) for choices in (GRAVITY, STUFF, UNDER))
        one, other = map(str, rng.choice(list(COLOURS), 2, replace=False))
        size, slowness, ratio, opening = rng.uniform(0.066, 0.074), rng.uniform(0.9, 1.05), rng.uniform(1.9, 2.4), rng.uniform(15, 20)
        side, way = (float(rng.choice([-1.0, 1.0])) for _ in range(2))
        own: dict[str, Any] = {
            "world": world, "material": material, "floor": floor, "colour_long": one, "colour_short": other, "side": side,
            "angle": float(np.radians(round(way * opening, 1))), "prompt_id": int(rng.integers(6)), **overrides,
        }  # fmt: skip
        long = own.setdefault("long", round(GRAVITY[own["world"]] * (PERIOD[own["world"]] * slowness / (2 * np.pi)) ** 2, 3))
        view = own.setdefault("view", long / ARM)
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("short", round(long / ratio, 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another opening angle."""
        return {"angle": self.angle * float(rng.uniform(0.95, 1.05))}

    @property
    def width(self) -> float:
        """Diameter of either ball, m."""
        return 2 * self.radius

    @property
    def pivots(self) -> tuple[tuple[float, float, float], ...]:
        """Where the longer and the shorter hang, m."""
        return tuple((self.side * x * self.view, 0.0, PIVOT * self.view) for x in HANGS)

    @property
    def periods(self) -> tuple[float, float]:
        """Closed form, s: of the longer and the shorter."""
        long, short = (self._period(length) for length in (self.long, self.short))
        return long, short

    def _period(self, length: float) -> float:
        equivalent = length + 0.4 * self.radius**2 / length
        return float(4 * np.sqrt(equivalent / self.gravity) * ellipk(np.sin(self.angle / 2) ** 2))

    def bodies(self) -> tuple[Body, ...]:
        """The ball on the longer rod, then the other."""
        mass = ball_mass(self.material, self.radius)
        return tuple(
            Body(name=name, colour=colour, material=self.material, radius=self.radius, mass=mass, rod_to=pivot)
            for name, colour, pivot in zip(("long", "short"), (self.colour_long, self.colour_short), self.pivots, strict=True)
        )

    def setup(self) -> Setup:
        """Both at rest, at the same angle."""
        along = np.array([np.sin(self.angle), 0.0, -np.cos(self.angle)])
        (x1, _, z1), (x2, _, z2) = np.array(self.pivots) + np.outer((self.long, self.short), along)
        return Setup(
            position=((float(x1), 0.0, float(z1)), (float(x2), 0.0, float(z2))),
            velocity=((0.0, 0.0, 0.0),) * 2,
            restitution=(MATERIALS[self.material].restitution,) * 2,
            joints=tuple(
                Joint(child=name, at=pivot, axis=(0.0, -1.0, 0.0)) for name, pivot in zip(("long", "short"), self.pivots, strict=True)
            ),
        )

    def account(self) -> Account:
        """In words."""
        stuff, size = f"{of_material(self.material)} ball", fine_length(self.width)
        one, other = f"{self.colour_long} {stuff}", f"{self.colour_short} {stuff}"
        long, short = fine_length(self.long), fine_length(self.short)
        own, its = ("left", "right") if self.side > 0 else ("right", "left")
        held, way = ("right", "left") if self.angle > 0 else ("left", "right")
        floor, world = FLOORS[self.floor], WORLDS[self.world]
        return Account(
            short=f"Two pendulums hang side by side {world}, {a(one).lower()} on a longer rod of {long} on the {own} and "
            f"{a(other).lower()} on a rod of {short} on the {its}, each ball {size} wide: let go together, both first swing to the {way}, "
            "the shorter one faster. No sound.",
            detailed=f"{a(one)} hangs on the {own} from a thin rod of {long}, {a(other).lower()} on the {its} from a shorter one of "
            f"{short}, side by side above {floor} {world}; the balls are {size} across. Both are held aside to the {held} at the same "
            f"angle and let go at the same moment: they first swing to the {way} and then to and fro, the one on the longer rod more "
            "slowly. There is no sound.",
            paraphrases=(
                f"Two balls of {size} swing side by side over {floor} {world}: the {one} on the {own} on the longer rod, {long}, and the "
                f"{other} on one of only {short}. Both start to the {way} together, but the {self.colour_short} one is quicker. They are "
                "silent.",
                f"Fixed camera: two pendulums, {a(one).lower()} ({long}, the longer rod, on the {own}) and {a(other).lower()} ({short}), "
                f"with balls {size} wide, released together {world}, swing to the {way} and back at different rates without a sound, "
                f"above {floor}.",
                f"Long and short {world}: both the {one} on the longer rod ({long}, on the {own}) and the {other} on the short one "
                f"({short}) leave for the {way} at the same moment; balls of {size}, over {floor}, in silence, and soon out of step.",
            ),
            beats=(
                (0.0, f"both are let go and swing to the {way}"),
                (self.periods[1] / 2, f"the {self.colour_short} one turns round"),
                (self.periods[0] / 2, f"the {self.colour_long} one turns round"),
                (self.periods[1], f"the {self.colour_short} one is back where it began"),
                (self.periods[0], f"the {self.colour_long} one is back where it began"),
            ),
            unheard=("no sound at all",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """Two balls of those colours, both first moving away from where they were held; the first has the longer rod."""
        way = "left" if self.angle > 0 else "right"
        return (
            Claim(kind="colour", value=self.colour_long, body=0),
            Claim(kind="colour", value=self.colour_short, body=1),
            Claim(kind="count", value="2"),
            Claim(kind="direction", value=way, body=0),
            Claim(kind="direction", value=way, body=1),
            Claim(kind="larger", value="longer", body=0, words=("longer",)),
            Claim(kind="silence", value="all", words=("no sound", "silen", "without a sound")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Ratio of the periods, each of them, and the energy."""
        long, short = (self._measured(truth, i) for i in range(2))
        first, second = self.periods
        drop = truth.bodies[0].mass * self.gravity * (self.long + self.short) * (1 - float(np.cos(self.angle)))
        return (
            Proof(law="ratio of the periods", closed_form=first / second, simulated=long / short, tolerance=0.005, source="sqrt(l1 / l2)"),
            Proof(law="longer period", closed_form=first, simulated=long, tolerance=0.005, source="4 sqrt(l / g) K(sin^2(angle / 2))"),
            Proof(law="shorter period", closed_form=second, simulated=short, tolerance=0.005, source="4 sqrt(l / g) K(sin^2(angle / 2))"),
            never_rises(energy_of(truth), drop),
        )

    def _measured(self, truth: Truth, i: int) -> float:
        """Period in s: twice the mean time between passages through the lowest point."""
        x: NDArray[np.float64] = truth.position[:, i, 0] - self.pivots[i][0]
        at = np.flatnonzero(x[:-1] * x[1:] < 0)
        passages = truth.times[at] + x[at] / (x[at] - x[at + 1]) * (truth.times[1] - truth.times[0])
        return float(2 * np.diff(passages).mean())

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """The shorter rod longer, both balls larger, let go on the other side."""
        return {
            "ratio": tuple(replace(self, short=self.short * factor) for factor in (0.85, 1.0, 1.2)),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.86, 1.0, 1.14)),
            "direction": tuple(replace(self, angle=sign * abs(self.angle)) for sign in (1.0, -1.0)),
        }

"""Things in a row knock on each other: Newton's cradle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.special import ellipk

from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.striking import REST
from kinema.scenes.catalogue.swinging import PERIOD
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, NUMBERS, WORLDS, Account, capital, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Joint, Scene, Setup
from kinema.scenes.shapes import Box, Vector
from kinema.scenes.truth import Body, Prop, Tie

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["Cradle"]

METALS = ("steel", "brass", "glass")  # what the balls are made of
GAP = 0.012  # radii, between neighbours: knocks follow one another, so each is a collision of two
STRINGS = 0.45  # -, length over the view's height
TOP = 0.78  # -, height of the beams over the view's height


@dataclass(frozen=True, kw_only=True)
class Cradle(Scene):
    """Newton's cradle: equal balls in a row, some of them pulled aside and let go. As many leave at the other end.

    Between knocks every ball is a physical pendulum (its two strings let it swing in one plane only), with period
    ``4 sqrt(I / (m g L)) K(sin^2(angle / 2))``, so the first knock comes after a quarter of it and the knock back half a period later.
    Each knock passes on ``(1 + e) / 2`` of the speed.

    History: 1 = first release.
    """

    family: ClassVar[str] = "cradle"
    laws: ClassVar[tuple[str, ...]] = ("momentum", "period", "gravity")
    area: ClassVar[str] = "collisions"

    colour: str  # of those pulled aside
    colour_rest: str
    material: str
    count: int
    raised: int
    side: float  # 1: pulled aside to the right, -1: to the left
    length: float  # m, of the pendulum: beam to a ball's centre
    radius: float  # m
    angle: float  # radians, at release
    restitution: float  # -

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, rest = map(str, rng.choice(list(COLOURS), 2, replace=False))
        own: dict[str, Any] = {
            "world": str(rng.choice(list(GRAVITY))),
            "floor": str(rng.choice(["wood", "stone", "felt"])),
            "colour": colour,
            "colour_rest": rest,
            "material": str(rng.choice(METALS)),
            "count": int(rng.choice([3, 4, 5])),
        }
        raised = int(rng.choice([1, 2], p=[0.6, 0.4]))
        slowness, opening = rng.uniform(0.86, 0.98), rng.uniform(19, 25)
        own |= {
            "side": float(rng.choice([-1.0, 1.0])),
            "restitution": round(float(rng.uniform(0.985, 1.0)), 4),
            "prompt_id": int(rng.integers(6)),
            **overrides,
        }
        own.setdefault("raised", 1 if own["count"] == 3 else raised)
        period = PERIOD[own["world"]] * slowness
        length = own.setdefault("length", round(GRAVITY[own["world"]] * (period / (2 * np.pi)) ** 2, 3))
        view = own.setdefault("view", length / STRINGS)
        own.setdefault("radius", round({3: 0.064, 4: 0.057}.get(own["count"], 0.05) * view, 4))
        own.setdefault("angle", float(np.radians(round(opening, 1))))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another opening angle."""
        return {"angle": self.angle * float(rng.uniform(0.95, 1.05))}

    def bodies(self) -> tuple[Body, ...]:
        """Those pulled aside, from the outermost on, then the others in order."""
        mass = ball_mass(self.material, self.radius)
        return tuple(
            Body(
                name=f"ball{i + 1}",
                colour=self.colour if i < self.raised else self.colour_rest,
                material=self.material,
                radius=self.radius,
                mass=mass,
            )
            for i in range(self.count)
        )

    def _hinge(self, i: int) -> Vector:
        place = ((self.count - 1) / 2 - i) * (2 + GAP) * self.radius
        return (place * self.side, 0.0, TOP * self.view)

    def setup(self) -> Setup:
        """At rest, the first ones pulled aside."""
        places = []
        for i in range(self.count):
            x, y, z = self._hinge(i)
            angle = self.side * self.angle if i < self.raised else 0.0
            places.append((x + self.length * float(np.sin(angle)), y, z - self.length * float(np.cos(angle))))
        return Setup(
            position=tuple(places),
            velocity=(REST,) * self.count,
            restitution=(float(np.sqrt(self.restitution)),) * self.count,
            joints=tuple(Joint(child=f"ball{i + 1}", at=self._hinge(i), axis=(0.0, -1.0, 0.0)) for i in range(self.count)),
            step_rate=7680,
        )

    def props(self) -> tuple[Prop, ...]:
        """The two beams that the strings hang from, and what carries them."""
        half, thick = 0.5 * self.view, 0.022 * self.view
        top = TOP * self.view + thick / 2
        beams = [
            Prop(
                name=f"beam{k + 1}", solid=Box((2 * half, thick, thick)), position=(0.0, y, top), material="aluminium", paint="charcoal",
                touchable=False,
            )
            for k, y in enumerate((-self._spread, self._spread))
        ]  # fmt: skip
        posts = [
            Prop(
                name=f"post{k + 1}", solid=Box((thick, thick, top)), position=(x, self._spread, top / 2), material="aluminium",
                paint="charcoal", touchable=False,
            )
            for k, x in enumerate((-half, half))
        ]  # fmt: skip
        return (*beams, *posts)

    @property
    def _spread(self) -> float:
        return 0.13 * self.view

    def ties(self) -> tuple[Tie, ...]:
        """Two strings to each ball, in a V."""
        return tuple(
            Tie(kind="string", start=(None, (self._hinge(i)[0], y, TOP * self.view)), end=(f"ball{i + 1}", (0.0, 0.0, 0.0)))
            for i in range(self.count)
            for y in (-self._spread, self._spread)
        )

    @property
    def period(self) -> float:
        """Closed form, s, of one ball that swings at the release's angle."""
        inertia = self.length**2 + 0.4 * self.radius**2
        return float(4 * np.sqrt(inertia / (self.gravity * self.length)) * ellipk(np.sin(self.angle / 2) ** 2))

    @property
    def share(self) -> float:
        """Closed form: speed of the last ball over that of the first, after the first pass of one knock through the row."""
        return ((1 + self.restitution) / 2) ** (self.count - 1)

    def turned(self, truth: Truth) -> NDArray[np.float64]:
        """(n, balls) angles from straight down, positive towards the side of release, radians."""
        hinge = np.array([self._hinge(i) for i in range(self.count)])
        arm = truth.position - hinge
        angle: NDArray[np.float64] = np.arctan2(arm[..., 0] * self.side, -arm[..., 2])
        return angle

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """When they knock, how many leave and how fast; what lies beyond the truth's end is not asked."""
        last = [contact.t for contact in truth.contacts if truth.bodies[-1].name in contact.bodies]
        drop = self.length * (1 - float(np.cos(self.angle)))
        found = [never_rises(energy_of(truth), truth.bodies[0].mass * self.raised * self.gravity * drop)]
        if last:
            found.append(
                Proof(
                    law="quarter period to the first knock", closed_form=self.period / 4, simulated=truth.contacts[0].t - self.delay,
                    tolerance=0.01, source="sqrt(I / m g L) K(sin^2(a / 2))",
                )
            )  # fmt: skip
        if len(last) > 1:
            found.append(
                Proof(
                    law="half period between knocks of the far ball", closed_form=self.period / 2, simulated=last[1] - last[0],
                    tolerance=0.01, source="2 sqrt(I / m g L) K(sin^2(a / 2))",
                )
            )  # fmt: skip
        if last and last[0] + 0.3 * self.period < truth.seconds:
            found += self._leaving_proofs(truth, last[0])
        return tuple(found)

    def _leaving_proofs(self, truth: Truth, knock: float) -> list[Proof]:
        """At the turn of the far ball, a quarter of a period after ``knock``."""
        turn = round((knock + self.period / 4) * TRUTH_RATE)
        angles = self.turned(truth)
        farthest = float(np.abs(angles[: round((knock + 0.3 * self.period) * TRUTH_RATE), -1]).max())
        return [
            Proof(
                law="balls that leave", closed_form=float(self.raised), simulated=float((angles[turn] < -self.angle / 2).sum()),
                tolerance=0.001, source="momentum and energy of equal masses",
            ),
            Proof(
                law="speed passed on", closed_form=self.share, simulated=float(np.sin(farthest / 2) / np.sin(self.angle / 2)),
                tolerance=0.01, source="((1 + e) / 2)^(n - 1)",
            ),
        ]  # fmt: skip

    def account(self) -> Account:
        """In words."""
        side, other = ("right", "left") if self.side > 0 else ("left", "right")
        rest = self.count - self.raised
        one = self.raised == 1
        words = {
            "count": NUMBERS[self.count], "raised": NUMBERS[self.raised], "side": side, "far": other,
            "those": f"the {self.colour} ball" if one else f"the {NUMBERS[self.raised]} {self.colour} balls",
"leave": self._leaving,
            "colours": f"{NUMBERS[self.raised]} {self.colour} and {NUMBERS[rest]} {self.colour_rest}",
            "swings": "swings" if one else "swing", "flies": "flies" if one else "fly", "s": "s" if one else "",
            "is": "is" if one else "are", "material": of_material(self.material), "floor": FLOORS[self.floor],
            "length": length_of(self.length), "size": length_of(2 * self.radius), "world": WORLDS[self.world],
        }  # fmt: skip
        short, detailed, *others = (capital(text.format(**words)) for text in _CRADLE)
        beats = [(0.0, f"{words['those']} {words['is']} let go on the {side}")]
        beats += [(self.period / 4, f"the first knock; {words['leave']} {words['flies']} out to the {other}")]
        beats += [(3 * self.period / 4, "they knock back")] if 0.75 * self.period < 2.5 else []
        return Account(
            short=short, detailed=detailed, paraphrases=tuple(others), beats=tuple(beats), heard=("a click at every knock",)
        )  # fmt: skip

    @property
    def _leaving(self) -> str:
        if self.raised == 1:
            return f"the {self.colour_rest} ball at the far end"
        colour = f" {self.colour_rest}" if 2 * self.raised <= self.count else ""
        return f"the last {NUMBERS[self.raised]}{colour} balls of the row"

    def claims(self) -> tuple[Claim, ...]:
        """So many balls of those colours; the ones let go move to the other side; knocks."""
        return (
            *(Claim(kind="colour", value=body.colour, body=i) for i, body in enumerate(self.bodies())),
            Claim(kind="count", value=str(self.count)),
            Claim(kind="direction", value="left" if self.side > 0 else "right", body=0),
            Claim(kind="event", value="collision", time=self.delay + self.period / 4, words=("knock", "knocks", "click", "clicks")),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How many are let go, how high, from which side, on strings of what length."""
        return {
            "count": tuple(replace(self, count=5, raised=number, radius=min(self.radius, 0.05 * self.view)) for number in (1, 2, 3)),
            "angle": tuple(
                replace(self, angle=float(np.radians(degrees)), note=f"They are let go {degrees:.0f} degrees from the vertical.")
                for degrees in (10.0, 16.0, 22.0)
            ),
            "direction": tuple(replace(self, side=side) for side in (1.0, -1.0)),
            "length": tuple(
                replace(self, length=k * self.length, note=f"The balls hang {length_of(k * self.length)} below the beams.")
                for k in (0.6, 0.8, 1.0)
            ),
        }


_CRADLE = (
    "Newton's cradle with {count} {material} balls, {colours}, {world}: {those}, let go on the {side}, {swings} to the {far} and knock{s} "
    "on the row, and {leave} {flies} out to the {far}.",
    "{count} {material} balls of {size}, {colours}, hang side by side on strings, {length} below two beams, over {floor}, {world}. {those} "
    "{is} let go on the {side}, {swings} down to the {far} and knock{s} on the others, which hang still; with a click {leave} {flies} out "
    "to the {far}, {swings} back and knock{s} in turn.",
    "A row of {count} hanging {material} balls, {colours}, {world}: pulled aside to the {side} and let go, {those} {swings} to the "
    "{far}; at the knock {leave} {flies} out, while the others hang still.",
    "{those}, pulled aside to the {side} in a Newton's cradle of {count} balls ({colours}), {swings} to the {far} {world}. It clicks, and "
    "{leave} {flies} up on the {far}: {raised} in, {raised} out.",
    "Click after click: a Newton's cradle of {count} {material} balls, {colours}, over {floor} {world}. {those} come{s} from the {side} "
    "and {swings} to the {far}; at the first knock {leave} {flies} out.",
)

"""Planks that tip about a pivot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import AXIS, HEAVY, SIDES, account_of, counted, landing_proof, picture_radius, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, a, length_of, of_material
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Joint, Scene, Setup
from kinema.scenes.shapes import Box, Hull, inertia_of
from kinema.scenes.truth import Body, Prop

if TYPE_CHECKING:
    from kinema.scenes.prompts import Account
    from kinema.scenes.shapes import Vector
    from kinema.scenes.truth import Truth

__all__ = ["Seesaw"]


@dataclass(frozen=True, kw_only=True)
class Seesaw(Scene):
    """A plank on a pivot with a box on either arm, held level and let go: the side with the larger box goes down and hits the floor.

    A hinge of PyBullet's reduced coordinates at 3840 Hz, the boxes fixed to the plank. Closed forms: the angular acceleration from rest,
    ``g sum(m d) / I`` about the pivot, and the moment the plank's end meets the floor, by ``w^2 = 2 (V(0) - V(angle)) / I``.

    History: 1 = first release.
    """

    family: ClassVar[str] = "seesaw"
    area: ClassVar[str] = "swing, spring, turn"
    laws: ClassVar[tuple[str, ...]] = ("torque", "gravity", "energy")

    colour_left: str
    colour_right: str
    colour_plank: str
    material: str  # of the boxes
    plank: float  # m, its length; of wood
    edge_left: float  # m, of the cube on the left
    edge_right: float  # m
    arm_left: float  # m, from the pivot to the cube's middle
    arm_right: float  # m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        world, floor = str(rng.choice(list(GRAVITY))), str(rng.choice(list(CLASSIC_FLOORS)))
        left, right, plank = map(str, rng.choice(list(COLOURS), 3, replace=False))
        own: dict[str, Any] = {"world": world, "floor": floor, "colour_left": left, "colour_right": right, "colour_plank": plank}
        own["material"] = str(rng.choice(list(HEAVY)))
        fall, edge, ratio = rng.uniform(0.5, 0.6), rng.uniform(0.125, 0.135), rng.uniform(1.16, 1.3)
        heavy = str(rng.choice(SIDES))
        own |= {"prompt_id": int(rng.integers(len(_SEESAW) + 1)), **overrides}
        view = own.setdefault("view", round(GRAVITY["earth"] * fall**2, 3))
        own.setdefault("plank", round(0.74 * view, 3))
        for side in SIDES:
            own.setdefault(f"edge_{side}", round(edge * view * (ratio if side == heavy else 1.0), 4))
            own.setdefault(f"arm_{side}", round(0.27 * view, 4))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Both boxes a little further in or out."""
        share = float(rng.uniform(0.95, 1.05))
        return {"arm_left": self.arm_left * share, "arm_right": self.arm_right * share}

    @property
    def thick(self) -> float:
        """Of the plank, m."""
        return 0.028 * self.view

    @property
    def pivot(self) -> Vector:
        """The middle of the plank, m."""
        return (0.0, 0.0, 0.17 * self.view)

    @property
    def heavy(self) -> int:
        """Which side goes down: 0 left, 1 right."""
        return 0 if self.torque > 0 else 1

    @property
    def torque(self) -> float:
        """Of the weights about the pivot, level, N m; positive raises the right."""
        left, right, _ = (body.mass for body in self.bodies())
        return self.gravity * (left * self.arm_left - right * self.arm_right)

    def bodies(self) -> tuple[Body, ...]:
        """The box on the left, the box on the right, the plank."""
        density = MATERIALS[self.material].density
        boxes = tuple(
            Body(
                name=side, colour=colour, material=self.material, radius=picture_radius(edge**2), mass=density * edge**3, shape="box",
                solid=Box((edge, edge, edge)),
            )
            for side, colour, edge in (
                ("left", self.colour_left, self.edge_left), ("right", self.colour_right, self.edge_right),
            )
        )  # fmt: skip
        size = (self.plank, 0.18 * self.view, self.thick)
        plank = Body(
            name="plank", colour=self.colour_plank, material="wood", radius=picture_radius(size[0] * size[2]), shape="plank",
            mass=MATERIALS["wood"].density * float(np.prod(size)), solid=Box(size), subject=False,
        )  # fmt: skip
        return (*boxes, plank)

    def setup(self) -> Setup:
        """At rest and level."""
        x, y, z = self.pivot
        places = tuple(
            (x + side * arm, y, z + self.thick / 2 + edge / 2)
            for side, arm, edge in ((-1.0, self.arm_left, self.edge_left), (1.0, self.arm_right, self.edge_right))
        )
        return Setup(
            position=(*places, self.pivot),
            velocity=((0.0, 0.0, 0.0),) * 3,
            restitution=(0.0, 0.0, 0.25),
            joints=(
                Joint(child="plank", at=self.pivot, axis=AXIS),
                *(Joint(child=name, parent="plank", kind="fixed", at=place) for name, place in zip(SIDES, places, strict=True)),
            ),
        )

    def props(self) -> tuple[Prop, ...]:
        """The wedge under the plank."""
        _, _, z = self.pivot
        top, half, deep = z - self.thick / 2, 0.07 * self.view, 0.09 * self.view
        points = [(x, y, 0.0) for x in (-half, half) for y in (-deep, deep)] + [(0.0, y, top) for y in (-deep, deep)]
        centred = tuple((px, py, pz - top / 2) for px, py, pz in points)
        return (Prop(name="wedge", solid=Hull(centred), position=(0.0, 0.0, top / 2), paint="charcoal", touchable=False),)

    @property
    def inertia(self) -> float:
        """Of all three about the pivot, kg m^2."""
        left, right, plank = self.bodies()
        total = inertia_of(plank.form, plank.mass)[1]
        for body, arm, edge in ((left, self.arm_left, self.edge_left), (right, self.arm_right, self.edge_right)):
            total += inertia_of(body.form, body.mass)[1] + body.mass * (arm**2 + ((self.thick + edge) / 2) ** 2)
        return total

    @property
    def acceleration(self) -> float:
        """Closed form, rad/s^2, from rest; positive raises the right."""
        return self.torque / self.inertia

    @property
    def landing(self) -> float:
        """Closed form: seconds from the release until the lower end of the plank meets the floor.

        The end's lower edge is ``z - (L/2) sin(q) - (h/2) cos(q)`` above the floor. The boxes' middles lie above the plank, so that they
        push on as it tips: ``I q'' = |torque| cos(q) + g sum(m h) sin(q)``.
        """
        z, last = self.pivot[2], 0.0
        grid = np.linspace(0.0, 1.2, 4001)
        gap = z - self.plank / 2 * np.sin(grid) - self.thick / 2 * np.cos(grid)
        last = float(np.interp(0.0, -gap, grid))
        share = np.sin(np.linspace(0.0, np.pi / 2, 2001)) ** 2  # the speed grows from nothing as the root of the angle
        angle = last * share
        left, right, _ = self.bodies()
        lift = sum(b.mass * (self.thick + e) / 2 for b, e in ((left, self.edge_left), (right, self.edge_right)))
        work = abs(self.torque) * np.sin(angle) + self.gravity * lift * (1 - np.cos(angle))
        rate = np.sqrt(2 * work / self.inertia)
        middle = (angle[1:] + angle[:-1]) / 2
        return float(np.sum(np.diff(angle) / np.interp(middle, angle, rate)))

    def account(self) -> Account:
        """Words."""
        side, other = (SIDES[self.heavy], SIDES[1 - self.heavy])
        colours, edges = (self.colour_left, self.colour_right), (self.edge_left, self.edge_right)
        words = {
            "large": f"larger {colours[self.heavy]} {of_material(self.material)} box", "small":
            f"smaller {colours[1 - self.heavy]} {of_material(self.material)} box", "side": side, "other": other,
            "large_size": length_of(edges[self.heavy]), "small_size": length_of(edges[1 - self.heavy]), "plank": self.colour_plank,
            "a_plank": a(self.colour_plank).lower(), "long": length_of(self.plank),
            "floor": FLOORS[self.floor], "world": WORLDS[self.world],
        }  # fmt: skip
        beats = (
            (0.0, "the level plank is let go; the {side} end begins to sink"),
            (self.landing, "the {side} end of the plank hits the floor; the other box is up"),
        )
        heard = ("a knock as the end of the plank hits the floor",)
        return account_of(_SEESAW, words, beats, heard, ("no music", "no voices"))

    def claims(self) -> tuple[Claim, ...]:
        """Two boxes; the larger goes down, the other up; the plank is heard when it hits the floor."""
        low, high = self.heavy, 1 - self.heavy
        return (
            Claim(kind="colour", value=self.colour_left, body=0),
            Claim(kind="colour", value=self.colour_right, body=1),
            counted(2),
            Claim(kind="shape", value="box", body=0),
            Claim(kind="shape", value="box", body=1),
            Claim(kind="larger", value="larger", body=low),
            Claim(kind="direction", value="down", body=low),
            Claim(kind="direction", value="up", body=high),
            Claim(kind="sound", value="impact", words=("knock", "knocks", "bang", "hits the floor")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Angular acceleration, landing, energy."""
        after = released(truth)
        rate = -truth.spin[after, 2, 1]  # about AXIS
        seen = float(np.polyfit(np.arange(48) / TRUTH_RATE, rate[:48], 2)[1])
        low = truth.bodies[self.heavy].mass * self.gravity * self.arm_left
        return (
            Proof(law="angular acceleration", closed_form=self.acceleration, simulated=seen, tolerance=0.01, source="g sum(m d) / I"),
            *landing_proof(truth, "plank lands", self.landing, "integral of dq / sqrt(2 W(q) / I)"),
            never_rises(energy_of(truth), low),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How large the larger box is, and on which side."""
        name = f"edge_{SIDES[self.heavy]}"
        sizes = tuple(replace(self, **{name: getattr(self, name) * share}) for share in (1.0, 1.09, 1.18))
        swapped = replace(
            self, edge_left=self.edge_right, edge_right=self.edge_left, arm_left=self.arm_right, arm_right=self.arm_left,
            colour_left=self.colour_right, colour_right=self.colour_left,
        )  # fmt: skip
        return {"size": sizes, "direction": (self, swapped) if self.heavy == 0 else (swapped, self)}


_SEESAW = (
    "Two boxes sit on {a_plank} seesaw on {floor} {world}: the {large} ({large_size}) on the {side} goes down until the plank hits the "
    "floor with a knock, and the {small} ({small_size}) goes up.",
    "On {floor} {world} stands a seesaw: {a_plank} wooden plank of {long} on a wedge. Two boxes are fixed to it, the {large}, {large_size} "
    "wide, on the {side} and the {small}, {small_size} wide, on the {other}. Held level and let go, the {side} end moves down and hits the "
    "floor with a knock, while the {small} moves up.",
    "A seesaw with {a_plank} plank, {world}, on {floor}. Of its two boxes the {large} of {large_size} on the {side} sinks down, its end "
    "knocks on the floor, and the {small} of {small_size} rises up.",
    "Let go level, {a_plank} plank with two boxes tips on a wedge on {floor} {world}: down goes the {large} ({large_size}) on the {side}, "
    "up goes the {small} ({small_size}), and the end of the plank hits the floor audibly.",
)

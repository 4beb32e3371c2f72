"""A trampoline: an elastic sheet that acts as a spring."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import OneBall
from kinema.scenes.catalogue.falling import FALL
from kinema.scenes.catalogue.wording import fine_length
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import Account, a, length_of
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Motion, Setup
from kinema.scenes.shapes import Cylinder, Lathe, Sheet
from kinema.scenes.truth import VERTEX_RATE, Body, Contact, Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Trampoline"]

TOP = 0.78  # -, share of the view from the floor to the top of the ball
LEVEL, WIDTH = 0.24, 0.29  # -, height and radius of the sheet over the view
DEPTH = (0.095, 0.11)  # -, how far it gives way, over the view: the ball must clear the floor on Jupiter too
CLOTH = 0.35  # kg/m^2, estimate: a woven mat
STEPS = 16  # of the integrator per sample of the truth
RINGS, AROUND = 14, 36  # of the drawn sheet
CLEARANCE = 0.025  # -, of the drawn sheet from the ball, over its radius: its flat facets must not cut into the ball
BALLS = ("rubber", "plastic", "wood", "leather", "cork", "steel", "stone")


@dataclass(frozen=True, kw_only=True)
class Trampoline(OneBall):
    """A ball dropped on a trampoline: while it is below the sheet's level, the sheet pushes it up with ``stiffness`` times the depth.

    Closed form, with ``w^2 = k / m`` and touching at the speed ``v = sqrt(2 g h)``: the contact lasts ``(pi + 2 atan(g / (w v))) / w``, the
    sheet gives way by ``g / w^2 + sqrt(v^2 / w^2 + g^2 / w^4)``, and every bounce is as high as the one before, as a spring loses nothing.

    The engine has no such contact, and the sheet's form has to follow the ball, so the motion is integrated here (velocity Verlet at
    15,360 Hz). The sheet is drawn as a stretched membrane: with the ball's form where the two touch, a logarithm of the distance beyond.
    What is heard is the blow to the mass of the cloth under the ball; the spring force itself is too slow to be heard.

    History: 1 = first release.
    """

    family: ClassVar[str] = "trampoline"
    laws: ClassVar[tuple[str, ...]] = ("parabola", "gravity", "spring")
    area: ClassVar[str] = "falling and flight"

    sheet_colour: str
    height: float  # m, from the ball's lowest point to the sheet
    level: float  # m, of the sheet above the floor
    sheet_radius: float  # m
    stiffness: float  # N/m

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        material, floor = (str(rng.choice(list(choices))) for choices in (BALLS, ("wood", "stone", "concrete")))
        colour, sheet = map(str, rng.choice(list(COLOURS), 2, replace=False))
        size, slowness, give = rng.uniform(0.066, 0.074), rng.uniform(0.85, 1.0), rng.uniform(*DEPTH)
        own: dict[str, Any] = {
            "material": material, "floor": floor, "colour": colour, "sheet_colour": sheet, "prompt_id": int(rng.integers(6)), **overrides,
        }  # fmt: skip
        world = own.setdefault("world", "earth")
        g = GRAVITY[world]
        height = own.setdefault("height", round(g * (FALL[world] * slowness) ** 2 / 2, 3))
        view = own.setdefault("view", height / (TOP - LEVEL - 2 * size))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("level", round(LEVEL * view, 3))
        own.setdefault("sheet_radius", round(WIDTH * view, 3))
        mass = MATERIALS[own["material"]].density * 4 / 3 * np.pi * own["radius"] ** 3
        depth = give * view
        own.setdefault("stiffness", float(f"{2 * mass * g * (height + depth) / depth**2:.4g}"))  # k d^2 / 2 = m g (h + d)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    @property
    def width(self) -> float:
        """Diameter of the sheet, m."""
        return 2 * self.sheet_radius

    @property
    def rate(self) -> float:
        """Closed form: w of the ball on the sheet, rad/s."""
        return float(np.sqrt(self.stiffness / self.bodies()[0].mass))

    @property
    def touch(self) -> float:
        """Closed form: s from the release to the first contact."""
        return float(np.sqrt(2 * self.height / self.gravity))

    @property
    def contact_time(self) -> float:
        """Closed form: s on the sheet at every bounce."""
        return float((np.pi + 2 * np.arctan(self.gravity / (self.rate * self.gravity * self.touch))) / self.rate)

    @property
    def depth(self) -> float:
        """Closed form: m by which the sheet gives way."""
        sag = self.gravity / self.rate**2
        return float(sag + np.hypot(self.gravity * self.touch / self.rate, sag))

    def bodies(self) -> tuple[Body, ...]:
        """The ball, and the sheet that follows it."""
        (ball,) = super().bodies()
        mass = CLOTH * float(np.pi) * self.sheet_radius**2
        cloth = Body(
            name="sheet", colour=self.sheet_colour, material="cotton", radius=self.sheet_radius, mass=mass, shape="sheet",
            solid=Sheet(_faces()), subject=False,
        )  # fmt: skip
        return ball, cloth

    def props(self) -> tuple[Prop, ...]:
        """A ring on four legs."""
        tube, r = 0.013 * self.view, self.sheet_radius
        turn = np.linspace(0, 2 * np.pi, 17)
        ring = tuple((float(r + tube * np.cos(t)), float(tube * np.sin(t))) for t in turn[:-1])
        legs = [
            Prop(
                name=f"leg{k}", solid=Cylinder(0.8 * tube, self.level), position=(x * r, y * r, self.level / 2), material="steel",
                paint="charcoal", touchable=False,
            )
            for k, (x, y) in enumerate((x, y) for x in (-0.7071, 0.7071) for y in (-0.7071, 0.7071))
        ]  # fmt: skip
        frame = Prop(
            name="frame", solid=Lathe((*ring, ring[0])), position=(0.0, 0.0, self.level), material="steel", paint="charcoal",
            touchable=False,
        )  # fmt: skip
        return (frame, *legs)

    def setup(self) -> Setup:
        """At rest, ``height`` above the sheet."""
        return Setup(
            position=((0.0, 0.0, self.level + self.height + self.radius), (0.0, 0.0, self.level)),
            velocity=((0.0, 0.0, 0.0),) * 2,
            restitution=(1.0, 1.0),
            ghosts=("sheet",),
        )

    def motion(self, seconds: float) -> Motion:
        """The ball by velocity Verlet; the sheet takes the form that the ball gives it."""
        count = round(seconds * TRUTH_RATE) + 1
        z, v, touches = _bounces(self.height, self.gravity, self.rate**2, count)
        still = np.zeros((count, 2, 3))
        position, velocity, facing = still + np.array(self.setup().position), still.copy(), np.zeros((count, 2, 4))
        position[:, 0, 2] = self.level + self.radius + z
        velocity[:, 0, 2] = v
        facing[..., 3] = 1.0
        cloth = CLOTH * np.pi * self.radius**2  # kg under the ball
        contacts = tuple(
            Contact(
                t=t, bodies=("ball", "sheet"), point=(0.0, 0.0, self.level), normal=(0.0, 0.0, 1.0), impulse=float(cloth * speed),
                approach_speed=speed,
            )
            for t, speed in touches
        )  # fmt: skip
        moments = np.arange(int(seconds * VERTEX_RATE) + 1) / VERTEX_RATE
        return Motion(
            position=position, velocity=velocity, orientation=facing, spin=still.copy(), contacts=contacts,
            vertices={"sheet": self._sheet(np.interp(moments, np.arange(count) / TRUTH_RATE, z))},
        )  # fmt: skip

    def _sheet(self, above: Array) -> NDArray[np.float32]:
        """Vertices (n, V, 3) while the ball's lowest point is ``above`` (n,) m over the level."""
        rho = _rings(self.sheet_radius)
        down = _dips(self.radius, self.sheet_radius, np.maximum(-above, 0.0), rho)
        angle = np.arange(AROUND) * 2 * np.pi / AROUND
        sheet = np.empty((len(above), 1 + RINGS * AROUND, 3), dtype=np.float32)
        sheet[:, 0] = 0.0
        sheet[:, 1:, 0] = np.outer(rho[1:], np.cos(angle)).ravel()
        sheet[:, 1:, 1] = np.outer(rho[1:], np.sin(angle)).ravel()
        sheet[:, 0, 2] = self.level - down[:, 0]
        sheet[:, 1:, 2] = self.level - np.repeat(down[:, 1:], AROUND, axis=1)
        return sheet

    def account(self) -> Account:
        """In words."""
        say = self.words(height=length_of(self.height), depth=length_of(self.depth), wide=length_of(self.width))
        say["size"] = fine_length(2 * self.radius)
        ball, size, floor, world, height, depth = (say[key] for key in ("ball", "size", "floor", "world", "height", "depth"))
        cloth = f"{self.sheet_colour} trampoline"
        return Account(
            short=f"A single {ball}, {size} across, falls straight down from {height} onto {a(cloth).lower()} {world}; the sheet gives "
            f"way by {depth} with a soft thump and throws the ball back up just as high, again and again.",
            detailed=f"One {ball} of {size} is let go {height} above the sheet of a round {cloth}, {say['wide']} wide, that stands on "
            f"{floor} {world}. It falls straight down, the elastic sheet gives way by {depth} under it and throws it back up to the "
            "height that it came from, time after time, with a soft thump at every landing.",
            paraphrases=(
                f"One {ball} ({size} wide) is dropped from {height} onto the elastic sheet of {a(cloth).lower()} {world}: down it goes, "
                f"{depth} deep into the sheet with a soft thump, and up to the same height again, over {floor}.",
                f"Fixed camera: one {ball}, {size} in diameter, drops straight down {height} to {a(cloth).lower()} on {floor} {world}, "
                f"which sags by {depth}, thumps softly and sends it back to its old height.",
                f"Only one ball bounces on {a(cloth).lower()} {world}: it is {say['a_ball'].lower()} of {size}, released {height} above "
                f"the sheet; each time it comes down it presses the sheet in by {depth} with a soft thump, and each time it rises as high "
                "as before.",
            ),
            beats=(
                (0.0, "the ball is let go"),
                (self.touch, "it meets the sheet"),
                (self.touch + self.contact_time / 2, "the sheet is pressed in as far as it goes"),
                (self.touch + self.contact_time, "the ball leaves the sheet, as fast as it came"),
                (2 * self.touch + self.contact_time, "it is as high as at the start"),
            ),
            heard=("a soft thump of cloth at every landing",),
        )

    def claims(self) -> tuple[Claim, ...]:
        """One ball of that colour, falling straight down."""
        return (*self.claims_of_ball("down"), Claim(kind="sound", value="impact", words=("thump",)))

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """First touch, duration of the contact, depth, height of the bounce; energy with that of the sheet."""
        z, t = truth.position[:, 0, 2] - self.radius - self.level, truth.times - self.delay
        down, up = (np.flatnonzero(np.diff(np.sign(z)) == sign)[0] for sign in (-2, 2))
        first, last = (float(t[k] + z[k] / (z[k] - z[k + 1]) / TRUTH_RATE) for k in (down, up))
        mass = truth.bodies[0].mass
        energy = energy_of(truth) + self.stiffness * np.minimum(z[truth.times >= self.delay], 0.0) ** 2 / 2
        return (
            Proof(law="first touch", closed_form=self.touch, simulated=first, tolerance=0.005, source="sqrt(2 h / g)"),
            Proof(
                law="time on the sheet", closed_form=self.contact_time, simulated=last - first, tolerance=0.005,
                source="(pi + 2 atan(g / (w v))) / w, w^2 = k / m",
            ),
            Proof(
                law="depth", closed_form=self.depth, simulated=-float(z.min()), tolerance=0.005,
                source="g / w^2 + sqrt(v^2 / w^2 + g^2 / w^4)",
            ),
            Proof(law="height of the bounce", closed_form=self.height, simulated=float(z[up:].max()), tolerance=0.005, source="h"),
            never_rises(energy, mass * self.gravity * (self.height + self.depth)),
        )  # fmt: skip

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Stiffer, higher, larger (and so heavier)."""
        return {
            "stiffness": tuple(replace(self, stiffness=self.stiffness * factor) for factor in (1.0, 1.8, 3.2)),
            "height": tuple(replace(self, height=self.height * factor) for factor in (0.5, 0.75, 1.0)),
            "size": tuple(replace(self, radius=self.radius * factor) for factor in (0.87, 0.94, 1.0)),
        }


def _bounces(height: float, gravity: float, pull: float, count: int) -> tuple[Array, Array, list[tuple[float, float]]]:
    """Height of the lowest point above the sheet and speed at ``TRUTH_RATE``, and (time, speed) of every touch.

    Args:
        height: m, at the start.
        gravity: m/s^2.
        pull: 1/s^2, stiffness over mass.
        count: how many samples.
    """
    dt = 1 / (TRUTH_RATE * STEPS)
    z, v, a = height, 0.0, -gravity
    heights, speeds, touches = np.empty(count), np.empty(count), []
    for k in range((count - 1) * STEPS + 1):
        if k % STEPS == 0:
            heights[k // STEPS], speeds[k // STEPS] = z, v
        then = z + v * dt + a * dt * dt / 2
        after = -gravity - pull * min(then, 0.0)
        if z > 0 >= then:
            share = z / (z - then)
            touches.append(((k + share) * dt, -(v + share * a * dt)))
        z, v, a = then, v + (a + after) * dt / 2, after
    return heights, speeds, touches


def _rings(radius: float) -> Array:
    """Distances of the drawn rings from the middle, m: close together where the ball touches."""
    return radius * np.linspace(0, 1, RINGS + 1) ** 1.3


def _dips(ball: float, sheet: float, depth: Array, rho: Array) -> Array:
    """(n, rings) m by which the sheet lies below its level ``rho`` m from the middle, when a ball is pressed ``depth`` (n,) m into it.

    It follows the ball, a little outside of it, up to some distance, and is a membrane from there to the edge, without a kink.
    """
    depth = depth + np.minimum(CLEARANCE * ball, 0.2 * depth)
    ball *= 1 + CLEARANCE
    edge = np.linspace(0, 0.995 * ball, 400)  # where the two part
    slope = edge / np.sqrt(ball**2 - edge**2)
    beyond = edge * slope
    whole = ball - np.sqrt(ball**2 - edge**2) + beyond * np.log(sheet / np.maximum(edge, 1e-9))
    part = np.interp(depth, whole, edge)[:, None]
    drop = np.interp(depth, whole, beyond)[:, None] * np.log(sheet / np.maximum(rho, 1e-9))[None]
    cap = depth[:, None] - (ball - np.sqrt(np.maximum(ball**2 - rho**2, 0.0)))[None]
    dips: Array = np.where((rho[None] < part) & (depth[:, None] > 0), cap, np.where(depth[:, None] > 0, drop, 0.0))
    return dips


@lru_cache(maxsize=1)
def _faces() -> tuple[tuple[int, int, int], ...]:
    """Triangles of the sheet: a fan round the middle, then rings; counter-clockwise from above."""
    here = np.arange(AROUND)
    there = (here + 1) % AROUND
    faces = [(0, int(1 + one), int(1 + two)) for one, two in zip(here, there, strict=True)]
    for ring in range(RINGS - 1):
        low, high = 1 + ring * AROUND, 1 + (ring + 1) * AROUND
        for one, two in zip(here, there, strict=True):
            faces += [(int(low + one), int(high + one), int(high + two)), (int(low + one), int(high + two), int(low + two))]
    return tuple(faces)

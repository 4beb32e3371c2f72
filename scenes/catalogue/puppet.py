"""What scenes with puppets share: a head in profile, its jaw on a hinge, opened by the loudness of a synthesised voice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from kinema.scenes.materials import MATERIALS
from kinema.scenes.proof import Proof
from kinema.scenes.scene import TRUTH_RATE, Motion, Scene, Setup
from kinema.scenes.shapes import Ball, Box, Cylinder, Hull, volume_of
from kinema.scenes.sound.voice import VOICE_PRESSURE, loudness, syllable_wave
from kinema.scenes.truth import Body, Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.shapes import Solid, Vector
    from kinema.scenes.truth import Truth, Utterance

__all__ = ["OPENING", "Puppet", "Talking"]

OPENING = float(np.radians(34))  # of the jaw at a loudness of 1
# Side view, looking right, in heads: (x, z) from the hinge. The head is 1 tall.
JAW = ((0.0, -0.01), (0.80, -0.01), (0.78, -0.16), (0.45, -0.22), (0.05, -0.17))
SNOUT = ((-0.05, 0.0), (0.82, 0.0), (0.80, 0.20), (0.45, 0.34), (-0.05, 0.40))
JAW_WIDTH, SNOUT_WIDTH = 0.40, 0.44


@dataclass(frozen=True, slots=True, kw_only=True)
class Puppet:
    """A wooden head in profile on a post; only its jaw moves.

    Attributes:
        name: of the puppet, the start of the names of its parts; "" where there is only one.
        colour: of the jaw.
        hinge: m.
        head: m, how tall the head is.
        facing: 1 looks right, -1 left.
    """

    name: str
    colour: str
    hinge: Vector
    head: float
    facing: float

    @property
    def jaw_name(self) -> str:
        """Of the body that moves."""
        return f"{self.name} jaw".strip()

    @property
    def mouth(self) -> Vector:
        """Where the voice leaves it, m: between the lips."""
        x, y, z = self.hinge
        return x + 0.8 * self.facing * self.head, y, z - 0.05 * self.head

    def _prism(self, outline: tuple[tuple[float, float], ...], width: float) -> tuple[Hull, Vector]:
        """The solid of an outline about its own centre, and that centre in the world."""
        flat = np.array(outline) * (self.facing * self.head, self.head)
        middle = _centroid(flat)
        points = tuple((float(x), side * width * self.head / 2, float(z)) for x, z in flat - middle for side in (-1, 1))
        x, y, z = self.hinge
        return Hull(points), (x + float(middle[0]), y, z + float(middle[1]))

    def jaw(self) -> tuple[Body, Vector]:
        """The jaw, and where its centre is while it is shut."""
        solid, centre = self._prism(JAW, JAW_WIDTH)
        mass = MATERIALS["wood"].density * volume_of(solid)
        radius = round(float(np.sqrt(_area(np.array(JAW)) / np.pi)) * self.head, 4)
        return Body(name=self.jaw_name, colour=self.colour, material="wood", radius=radius, mass=mass, shape="jaw", solid=solid), centre

    def props(self) -> tuple[Prop, ...]:
        """Head, eye and post."""
        x, y, z = self.hinge
        s, h = self.facing, self.head
        snout, at = self._prism(SNOUT, SNOUT_WIDTH)
        eye = (x + 0.20 * s * h, y - 0.30 * h, z + 0.50 * h)
        post, behind = z + 0.04 * h, x - 0.14 * s * h
        parts: dict[str, tuple[Solid, Vector, str]] = {
            "skull": (Ball(0.38 * h), (x + 0.02 * s * h, y, z + 0.36 * h), "oak"),
            "snout": (snout, at, "oak"),
            "eye": (Ball(0.105 * h), eye, "white"),
            "pupil": (Ball(0.05 * h), (eye[0] + 0.02 * s * h, eye[1] - 0.075 * h, eye[2]), "charcoal"),
            "post": (Cylinder(0.11 * h, post), (behind, y, post / 2), "slate"),
            "foot": (Box((0.5 * h, 0.5 * h, 0.06 * h)), (behind, y, 0.03 * h), "slate"),
        }
        return tuple(
            Prop(name=f"{self.name} {part}".strip(), solid=solid, position=place, paint=paint, touchable=False)
            for part, (solid, place, paint) in parts.items()
        )

    def move(self, opening: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
        """Position, velocity, orientation and spin (n, 3 or 4) of the jaw that opens by these angles at ``TRUTH_RATE``."""
        turned = self.facing * opening  # about the y axis: positive lowers what is on the right
        rate = np.gradient(turned) * TRUTH_RATE
        arm = np.array(self.jaw()[1]) - self.hinge
        c, s = np.cos(turned), np.sin(turned)
        at = np.stack([c * arm[0] + s * arm[2], np.full_like(c, arm[1]), c * arm[2] - s * arm[0]], axis=-1)
        zero = np.zeros_like(c)
        velocity = np.stack([rate * at[:, 2], zero, -rate * at[:, 0]], axis=-1)
        orientation = np.stack([zero, np.sin(turned / 2), zero, np.cos(turned / 2)], axis=-1)
        return at + self.hinge, velocity, orientation, np.stack([zero, rate, zero], axis=-1)


def _area(outline: NDArray[np.float64]) -> float:
    x, z = outline.T
    return float(abs((x * np.roll(z, -1) - np.roll(x, -1) * z).sum()) / 2)


def _centroid(outline: NDArray[np.float64]) -> NDArray[np.float64]:
    after = np.roll(outline, -1, axis=0)
    cross = outline[:, 0] * after[:, 1] - after[:, 0] * outline[:, 1]
    middle: NDArray[np.float64] = ((outline + after) * cross[:, None]).sum(axis=0) / (3 * cross.sum())
    return middle


@dataclass(frozen=True, kw_only=True)
class Talking(Scene):
    """What scenes with puppets share.

    The jaw's angle is ``OPENING`` times the loudness of the puppet's own voice at that moment (``sound.voice.loudness``), and the voice is
    held to the same loudness: at the mouth neither is ahead of the other. The camera hears it later by distance over 343 m/s.
    """

    area: ClassVar[str] = "sound"

    def puppets(self) -> tuple[Puppet, ...]:
        """Who is there."""
        raise NotImplementedError

    def bodies(self) -> tuple[Body, ...]:
        """The jaws."""
        return tuple(puppet.jaw()[0] for puppet in self.puppets())

    def props(self) -> tuple[Prop, ...]:
        """All that is not a jaw."""
        return tuple(prop for puppet in self.puppets() for prop in puppet.props())

    def setup(self) -> Setup:
        """Jaws shut."""
        count = len(self.puppets())
        return Setup(
            position=tuple(puppet.jaw()[1] for puppet in self.puppets()),
            velocity=((0.0, 0.0, 0.0),) * count,
            restitution=(0.0,) * count,
            ghosts=tuple(puppet.jaw_name for puppet in self.puppets()),
            hits=False,
        )

    def motion(self, seconds: float) -> Motion:
        """Each jaw on its hinge, as wide open as its voice is loud."""
        times = self.delay + np.arange(round(seconds * TRUTH_RATE) + 1) / TRUTH_RATE
        said = {one.body: one.syllables for one in self.utterances()}
        moved = [puppet.move(OPENING * loudness(said[puppet.jaw_name], times)) for puppet in self.puppets()]
        position, velocity, orientation, spin = (np.stack(rows, axis=1) for rows in zip(*moved, strict=True))
        return Motion(position=position, velocity=velocity, orientation=orientation, spin=spin)

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Opening against the level of the voice as it is synthesised, moments of opening, and the lag at the listener."""
        found: list[Proof] = []
        for k, said in enumerate(truth.utterances):
            angle = 2 * np.arcsin(np.abs(truth.orientation[:, k, 1]))
            found.append(_wide_as_loud(said, truth.times, angle))
            opens = truth.times[int(np.argmax(angle > 1e-3 * OPENING))]
            found.append(
                Proof(
                    law=f"{said.body} opens at", closed_form=said.syllables[0][0], simulated=float(opens), tolerance=0.01, scale=1.0,
                    source="start of the first syllable",
                )
            )  # fmt: skip
        return (*found, _heard_late(truth))


def _wide_as_loud(said: Utterance, times: NDArray[np.float64], angle: NDArray[np.float64]) -> Proof:
    """The angle over the voice's level, both as root mean squares over each syllable, as a mean over syllables."""
    ratios = []
    for start, length, vowel, level in said.syllables:
        wave = syllable_wave((start, length, vowel, level), said.speaker, 48_000)
        opened = np.interp(start + np.arange(len(wave)) / 48_000, times, angle)
        ratios.append(np.sqrt((opened**2).sum() / (wave**2).sum()) * VOICE_PRESSURE)
    return Proof(
        law=f"opening of the {said.body} over loudness",
        closed_form=OPENING,
        simulated=float(np.mean(ratios)),
        tolerance=0.02,
        scale=OPENING,
        source="angle = 34 degrees x loudness",
    )


def _heard_late(truth: Truth) -> Proof:
    """How much later than the jaws open the voice is heard: the best match of the two over time, of the first speaker."""
    from kinema.scenes.sound.mix import sound_of

    said = min(truth.utterances, key=lambda one: one.syllables[0][0])
    alone = replace(truth, utterances=(said,), scene=replace(truth.scene, room="outdoors"), contacts=(), rubs=())
    rate = 8_000
    level = np.sqrt(np.convolve((sound_of(alone, truth.seconds, rate) ** 2).sum(axis=0), np.ones(240) / 240, "same"))
    times = np.arange(len(level)) / rate
    lags = np.arange(0.0, 0.08, 0.0005)
    match = [float(np.corrcoef(level, loudness(said.syllables, times - lag))[0, 1]) for lag in lags]
    way = float(np.linalg.norm(np.array(said.point) - truth.camera.eye)) / 343.0
    return Proof(
        law="voice after jaw, at the listener", closed_form=way, simulated=float(lags[int(np.argmax(match))]), tolerance=0.006, scale=1.0,
        source="distance / c",
    )  # fmt: skip

"""What the simulator says: bodies, trajectories, contacts, sources of sound, camera."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.scenes.camera import Camera
from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import NO_TURN, Ball, Quaternion, Solid, Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import Scene

__all__ = ["VERTEX_RATE", "Body", "Contact", "Prop", "Rub", "Tie", "Tone", "Truth", "Utterance"]

VERTEX_RATE = 240.0  # Hz, of the stored vertices of sheets


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A moving body.

    Attributes:
        name: unique among bodies and props, and not ``"floor"``.
        colour: a name of ``palette.COLOURS``.
        material: a name of ``materials.MATERIALS``.
        radius: m; of a ball, or of the ball that covers as much of the nominal picture: the ruler of those who look.
        mass: kg.
        shape: what people call it: "ball", "box", "ring", "domino".
        rod_to: the world point to which a rod joins it (a pendulum's pivot), or None.
        solid: its form; None is a ball of ``radius``.
        inertia: kg m^2 about its own axes, where it is not that of a uniform solid (a hoop that the simulator sees as a cylinder).
        subject: False for what moves along but is not followed by name: the links of a chain, grains of a heap.
        touch: what the engine lets it touch with where that is simpler than its form (a ring that rolls as a cylinder); None: its form.
    """

    name: str
    colour: str
    material: str
    radius: float
    mass: float
    shape: str = "ball"
    rod_to: Vector | None = None
    solid: Solid | None = None
    inertia: Vector | None = None
    subject: bool = True
    touch: Solid | None = None

    @property
    def form(self) -> Solid:
        """Its solid."""
        return self.solid if self.solid is not None else Ball(self.radius)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prop:
    """A part of the scene that stays where it is: a ramp, a table, a screen, a bowl.

    Attributes:
        name: unique among bodies and props.
        solid: its form.
        position: m, of its centre.
        orientation: quaternion x, y, z, w.
        material: a name of ``materials.MATERIALS``: what it sounds like when struck.
        paint: a name of ``palette.PAINTS`` (never a colour that prompts name) - what it looks like.
        restitution, friction: factors on those of the body that touches it (the engine multiplies the two).
        touchable: False for what is only seen: water, a stand.
        opacity: 1, or less for water and glass.
    """

    name: str
    solid: Solid
    position: Vector
    orientation: Quaternion = NO_TURN
    material: str = "wood"
    paint: str = "grey"
    restitution: float = 1.0
    friction: float = 1.0
    touchable: bool = True
    opacity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tie:
    """A thin thing drawn between two points: a rod, a string, a spring. It has no mass and touches nothing.

    An end is (name of a body, or None for the world; point in that body's own frame, or in the world).
    """

    kind: str  # "rod", "string" or "spring"
    start: tuple[str | None, Vector]
    end: tuple[str | None, Vector]
    over: Vector | None = None  # a world point that it runs over on its way (a pulley)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One impact. ``bodies`` are names; the second is ``"floor"`` where a body meets the floor, or a prop's name."""

    t: float  # s, interpolated within the simulator's step
    bodies: tuple[str, str]
    point: tuple[float, float, float]  # m
    normal: tuple[float, float, float]  # unit vector, pushes the first body
    impulse: float  # N s
    approach_speed: float  # m/s, along the normal, just before


@dataclass(frozen=True, slots=True, kw_only=True)
class Rub:
    """A contact that lasts: something slides or rolls on something, between ``times[0]`` and ``times[-1]``.

    Attributes:
        bodies: names, as in a contact.
        times: (m,) s, evenly spaced at 960 Hz.
        slip: (m,) m/s, of the surfaces past each other at the point of contact; 0 is rolling.
        speed: (m,) m/s, of the point of contact along the second body.
        load: (m,) N, normal force.
        point: (m, 3) m.
    """

    bodies: tuple[str, str]
    times: NDArray[np.float64]
    slip: NDArray[np.float64]
    speed: NDArray[np.float64]
    load: NDArray[np.float64]
    point: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """A body that sounds by itself: a buzzer. Sound leaves it from ``start`` to ``end``; motion bends its pitch (Doppler)."""

    body: str
    frequency: float  # Hz, at rest
    start: float  # s
    end: float  # s
    pressure: float = 0.2  # Pa (rms) at 1 m


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What a body says: syllables, one after the other, of a synthesised voice.

    Attributes:
        body: the name of the body whose jaw moves.
        speaker: a name of ``sound.voice.VOICES``.
        syllables: (start in s, length in s, vowel, loudness from 0 to 1) each.
        point: m, where the voice leaves the mouth.
    """

    body: str
    speaker: str
    syllables: tuple[tuple[float, float, str, float], ...]
    point: Vector


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A simulated scene.

    Attributes:
        scene: the data sheet it was made from.
        times: (n,) seconds, evenly spaced at 960 Hz from 0.
        position: (n, bodies, 3) metres, the bodies' centres; x right, y away from the camera, z up.
        velocity: (n, bodies, 3) m/s.
        orientation: (n, bodies, 4) unit quaternions x, y, z, w: from a body's own axes to the world's.
        spin: (n, bodies, 3) rad/s, about the world's axes.
        visible: (n, bodies) bool; False while a body is wholly hidden behind others, or gone (by a fault).
        contacts: in order of time.
        rubs: what slides and rolls.
        tones, utterances: what sounds by itself.
        vertices: for each body that is a sheet, (m, V, 3) float32 metres at ``VERTEX_RATE`` from 0.
        props, ties: the rest of what is seen.
        camera: where it is seen, and heard, from at time 0; see :meth:`cameras`.
        room: numbers of the room, with its measured decay time.
    """

    scene: Scene
    bodies: tuple[Body, ...]
    times: NDArray[np.float64]
    position: NDArray[np.float64]
    velocity: NDArray[np.float64]
    visible: NDArray[np.bool_]
    contacts: tuple[Contact, ...]
    camera: Camera
    gravity: float
    floor: str  # material of the floor
    room: dict[str, float] = field(default_factory=dict)
    orientation: NDArray[np.float64]
    spin: NDArray[np.float64]
    rubs: tuple[Rub, ...] = ()
    tones: tuple[Tone, ...] = ()
    utterances: tuple[Utterance, ...] = ()
    vertices: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    props: tuple[Prop, ...] = ()
    ties: tuple[Tie, ...] = ()

    @property
    def seconds(self) -> float:
        """How long the truth lasts."""
        return float(self.times[-1])

    def at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (len(times), bodies, 3) at any moments, by linear interpolation; held at both ends."""
        wanted = np.clip(np.asarray(times, dtype=float), self.times[0], self.times[-1])
        step = wanted * TRUTH_RATE
        low = np.minimum(step.astype(int), len(self.times) - 2)
        share = (step - low)[:, None, None]
        value: NDArray[np.float64] = self.position[low] * (1 - share) + self.position[low + 1] * share
        return value

    def poses_at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Orientations (len(times), bodies, 4), like :meth:`at`, along the shorter way between two samples."""
        wanted = np.clip(np.asarray(times, dtype=float), self.times[0], self.times[-1])
        step = wanted * TRUTH_RATE
        low = np.minimum(step.astype(int), len(self.times) - 2)
        share = (step - low)[:, None, None]
        first, second = self.orientation[low], self.orientation[low + 1]
        second = np.where((first * second).sum(axis=-1, keepdims=True) < 0, -second, second)
        mixed = first * (1 - share) + second * share
        unit: NDArray[np.float64] = mixed / np.linalg.norm(mixed, axis=-1, keepdims=True)
        return unit

    def vertices_at(self, body: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Vertices (len(times), V, 3) of a sheet in the world, by linear interpolation; held at both ends."""
        held = self.vertices[body]
        step = np.clip(np.asarray(times, dtype=float) * VERTEX_RATE, 0, len(held) - 1)
        low = np.minimum(step.astype(int), len(held) - 2)
        share = (step - low)[:, None, None]
        mixed: NDArray[np.float64] = held[low] * (1 - share) + held[low + 1] * share
        return mixed

    def of_subjects(self) -> Truth:
        """The same truth with those bodies alone that are followed by name; contacts and sound stay."""
        kept = [i for i, body in enumerate(self.bodies) if body.subject]
        if len(kept) == len(self.bodies):
            return self
        rows = {name: getattr(self, name)[:, kept] for name in ("position", "velocity", "orientation", "spin", "visible")}
        return replace(self, bodies=tuple(self.bodies[i] for i in kept), **rows)

    def cameras(self, times: NDArray[np.float64]) -> tuple[Camera, ...]:
        """The camera at each of the moments; one and the same object throughout where it stands still."""
        if self.scene.move == "static":
            return (self.camera,) * len(times)
        return tuple(self.scene.camera_at(float(t)) for t in times)

    def pixels_at(self, times: NDArray[np.float64], width: int, height: int) -> NDArray[np.float64]:
        """Where the bodies' centres are seen: (len(times), bodies, 2) pixels, through the camera of each moment."""
        where = self.at(times)
        if self.scene.move == "static":
            return self.camera.project(where, width, height)
        return np.stack([camera.project(row, width, height) for camera, row in zip(self.cameras(times), where, strict=True)])

    def visible_at(self, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which bodies (len(times), bodies) are there to be seen."""
        index = np.clip(np.round(np.asarray(times) * TRUTH_RATE).astype(int), 0, len(self.times) - 1)
        seen: NDArray[np.bool_] = self.visible[index]
        return seen

    def to_json(self, rate: float = 120.0) -> dict[str, Any]:
        """Trajectories thinned to ``rate`` Hz, contacts and camera in full; the disk cache of ``world.py`` keeps everything."""
        stride = max(1, round(TRUTH_RATE / rate))
        return {
            "schema": 1,
            "scene": self.scene.id,
            "sheet": self.scene.to_json(),
            "gravity": self.gravity,
            "floor": self.floor,
            "room": self.room,
            "bodies": [asdict(body) for body in self.bodies],
            "props": [asdict(prop) for prop in self.props],
            "ties": [asdict(tie) for tie in self.ties],
            "times": np.round(self.times[::stride], 6).tolist(),
            "position": np.round(self.position[::stride], 6).tolist(),
            "velocity": np.round(self.velocity[::stride], 6).tolist(),
            "orientation": np.round(self.orientation[::stride], 6).tolist(),
            "visible": self.visible[::stride].tolist(),
            "contacts": [asdict(contact) for contact in self.contacts],
            "rubs": [{"bodies": rub.bodies, "start": float(rub.times[0]), "end": float(rub.times[-1])} for rub in self.rubs],
            "tones": [asdict(tone) for tone in self.tones],
            "utterances": [asdict(one) for one in self.utterances],
            "camera": self.camera.to_json(),
        }

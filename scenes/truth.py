"""What the simulator says: trajectories, contacts, camera."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.scenes.camera import Camera
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import Scene

__all__ = ["Body", "Contact", "Truth"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A moving body. ``rod_to`` is the world point to which a rod joins it (a pendulum's pivot), or None."""

    name: str
    colour: str
    material: str
    radius: float  # m
    mass: float  # kg
    shape: str = "ball"
    rod_to: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One impact. ``bodies`` are names; the second is ``"floor"`` where a body meets the floor."""

    t: float  # s, interpolated within the simulator's step
    bodies: tuple[str, str]
    point: tuple[float, float, float]  # m
    normal: tuple[float, float, float]  # unit vector, pushes the first body
    impulse: float  # N s
    approach_speed: float  # m/s, along the normal, just before


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A simulated scene.

    Attributes:
        scene: the data sheet it was made from.
        times: (n,) seconds, evenly spaced at 960 Hz from 0.
        position: (n, bodies, 3) metres, the bodies' centres; x right, y away from the camera, z up.
        velocity: (n, bodies, 3) m/s.
        visible: (n, bodies) bool; False while a body is not there to be seen (only a fault makes it so).
        contacts: in order of time.
        camera: where it is seen, and heard, from.
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
            "times": np.round(self.times[::stride], 6).tolist(),
            "position": np.round(self.position[::stride], 6).tolist(),
            "velocity": np.round(self.velocity[::stride], 6).tolist(),
            "contacts": [asdict(contact) for contact in self.contacts],
            "camera": self.camera.to_json(),
        }

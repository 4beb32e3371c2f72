"""From a source to two ears: the direct way, one reflection off the wall behind the scene, and a round head."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.signal import lfilter

from kinema.scenes.sound.modes import SPEED_OF_SOUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["KERNEL_LEAD", "Path", "ear_kernel", "paths"]

HEAD_RADIUS = 0.0875  # m (Woodworth; Brown and Duda 1998)
WALL_REFLECTION = 0.7  # -, of pressure: hard plaster with things hung on it (est); where the truth's room does not say ``wall_reflection``
WALL_DISTANCE = 1.5  # -, of the wall behind y = 0 over the height of the picture; where the truth's room does not say ``wall_y``
KERNEL_LEAD = 16  # samples of the kernel before the moment of arrival
KERNEL_LENGTH = 64  # samples


class Path(NamedTuple):
    """A way from source to listener: the point it seems to come from, and what walls left of it."""

    seen_from: NDArray[np.float64]  # m
    kept: float  # -, share of the pressure


def paths(point: tuple[float, float, float], truth: Truth) -> tuple[Path, Path]:
    """The direct way and the one off the back wall (image source)."""
    source = np.asarray(point, dtype=float)
    wall_y = truth.room.get("wall_y", WALL_DISTANCE * truth.camera.view_height)
    image = source * (1, -1, 1) + (0, 2 * wall_y, 0)
    return Path(source, 1.0), Path(image, truth.room.get("wall_reflection", WALL_REFLECTION))


def ear_kernel(incidence: float, fraction: float, rate: float) -> NDArray[np.float64]:
    """What a round head makes of a click that would arrive ``KERNEL_LEAD + fraction`` samples after the kernel's start at its middle.

    ``incidence`` is the angle between the source and the ear's axis in radians: 0 is straight into the ear. Time: Woodworth's; level:
    the shelf of Brown and Duda (1998), flat below 600 Hz, from +6 dB to -20 dB above.
    """
    travel = HEAD_RADIUS / SPEED_OF_SOUND
    late = -travel * np.cos(incidence) if incidence < np.pi / 2 else travel * (incidence - np.pi / 2)
    offset = np.arange(KERNEL_LENGTH) - KERNEL_LEAD - fraction - late * rate
    window = np.cos(np.pi / 2 * np.clip(offset / KERNEL_LEAD, -1, 1)) ** 2
    click = np.sinc(offset) * window
    shelf = 1.05 + 0.95 * np.cos(incidence * 180 / 150)
    corner = travel / 2 * 2 * rate  # bilinear: s -> 2 rate (1 - 1/z) / (1 + 1/z)
    kernel: NDArray[np.float64] = lfilter([1 + shelf * corner, 1 - shelf * corner], [1 + corner, 1 - corner], click)
    return kernel

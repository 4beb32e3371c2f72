"""A round head with two ears: what arrives when, and how bright, at either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.signal import lfilter

from kinema.scenes.sound.modes import SPEED_OF_SOUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HEAD_TIME", "KERNEL_LEAD", "KERNEL_LENGTH", "ear_kernel", "round_head"]

HEAD_RADIUS = 0.0875  # m (Woodworth; Brown and Duda 1998)
HEAD_TIME = HEAD_RADIUS / SPEED_OF_SOUND / 2  # s, time constant of its shelf
KERNEL_LEAD = 16  # samples of the kernel before the moment of arrival
KERNEL_LENGTH = 64  # samples


def round_head(incidence: Any) -> tuple[Any, Any]:
    """How much later than at the head's middle an ear hears (s, Woodworth), and its gain at high pitch (-, Brown and Duda)."""
    travel = HEAD_RADIUS / SPEED_OF_SOUND
    late = np.where(incidence < np.pi / 2, -travel * np.cos(incidence), travel * (incidence - np.pi / 2))
    return late, 1.05 + 0.95 * np.cos(incidence * 180 / 150)


def ear_kernel(incidence: Any, fraction: Any, rate: float) -> NDArray[np.float64]:
    """What a round head makes of a click that would arrive ``KERNEL_LEAD + fraction`` samples after the kernel's start at its middle.

    ``incidence`` is the angle between the source and the ear's axis in radians: 0 is straight into the ear. Time: Woodworth's; level:
    the shelf of Brown and Duda (1998), flat below 600 Hz, from +6 dB to -20 dB above. Arrays of both give a kernel in each row.
    """
    late, shelf = (x[..., None] for x in round_head(np.asarray(incidence, dtype=float)))
    offset = np.arange(KERNEL_LENGTH) - KERNEL_LEAD - np.asarray(fraction, dtype=float)[..., None] - late * rate
    window = np.cos(np.pi / 2 * np.clip(offset / KERNEL_LEAD, -1, 1)) ** 2
    click = np.sinc(offset) * window
    corner = HEAD_TIME * 2 * rate  # bilinear: s -> 2 rate (1 - 1/z) / (1 + 1/z)
    low, high = lfilter([1, 1], [1 + corner, 1 - corner], click), lfilter([corner, -corner], [1 + corner, 1 - corner], click)
    kernel: NDArray[np.float64] = low + shelf * high
    return kernel

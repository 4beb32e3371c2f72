"""The sound track of a scene: every contact through the room into two ears, at one fixed level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.sound.impact import LEAD, source_of
from kinema.scenes.sound.modes import SPEED_OF_SOUND
from kinema.scenes.sound.room import KERNEL_LEAD, ear_kernel, paths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Contact, Truth

__all__ = ["FULL_SCALE", "sound_of"]

# Pa (peak) at a sample of 1, in every clip, so that the levels of two clips may be compared; the loudest scenes reach -2 dB.
FULL_SCALE = 160.0


def sound_of(truth: Truth, seconds: float, rate: int = 48_000) -> NDArray[np.float32]:
    """The sound (2, n), left then right, heard at the camera; sample ``k`` sounds at ``k / rate``. Nothing is normalised.

    Without contacts it is zero throughout.
    """
    sound = np.zeros((2, round(seconds * rate)))
    for contact in truth.contacts:
        if contact.t < seconds:
            _add(sound, contact, truth, rate)
    return (sound / FULL_SCALE).astype(np.float32)


def _add(sound: NDArray[np.float64], contact: Contact, truth: Truth, rate: int) -> None:
    source = source_of(contact, truth, rate)
    right = truth.camera.axes[0]
    for path in paths(contact.point, truth):
        way = path.seen_from - truth.camera.eye
        distance = float(np.linalg.norm(way))
        arrival = (contact.t + distance / SPEED_OF_SOUND) * rate
        start = int(np.floor(arrival))
        for ear, axis in enumerate((-right, right)):
            incidence = float(np.arccos(np.clip(way @ axis / distance, -1, 1)))
            kernel = ear_kernel(incidence, arrival - start, rate) * (path.kept / distance)
            _place(sound[ear], np.convolve(source, kernel), start - LEAD - KERNEL_LEAD)


def _place(track: NDArray[np.float64], wave: NDArray[np.float64], start: int) -> None:
    """Add ``wave`` to ``track`` from sample ``start``; what lies outside is cut off."""
    first, last = max(start, 0), min(start + len(wave), len(track))
    if first < last:
        track[first:last] += wave[first - start : last - start]

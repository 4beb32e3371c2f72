"""From a source somewhere in the scene to the tracks: every early way into both ears, and what the room keeps for later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import fftconvolve

from kinema.scenes.sound.room import early_answer, sent_share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["LEAD", "place", "tracks"]

LEAD = 16  # samples of a source before the moment it belongs to: room for the ringing of resampling filters


def tracks(seconds: float, rate: int) -> NDArray[np.float64]:
    """Silence (3, n): left and right in Pa at the listener, and, third, in Pa m, all that was sent: the room's late answer is made of it.

    Example:
        >>> tracks(0.5, 16_000).shape
        (3, 8000)
    """
    return np.zeros((3, round(seconds * rate)))


def place(sound: NDArray[np.float64], wave: NDArray[np.float64], point: NDArray[np.float64], t: float, truth: Truth, rate: int) -> None:
    """Add a source to the tracks.

    Args:
        sound: what :func:`tracks` made.
        wave: (n,) pressure times distance in Pa m towards the listener; its sample ``LEAD`` leaves the source at ``t``.
        point: m, where the source is.
        t: s.
        truth: for its room, and its camera at that moment, where the ears are.
        rate: Hz, of both.
    """
    first, early = early_answer((float(point[0]), float(point[1]), float(point[2])), t, truth, rate)
    for ear in (0, 1):
        add(sound[ear], fftconvolve(wave, early[ear]), first - LEAD)
    add(sound[2], wave * sent_share(point), round(t * rate) - LEAD)


def add(track: NDArray[np.float64], wave: NDArray[np.float64], start: int) -> None:
    """Add ``wave`` to ``track`` from sample ``start``; what lies outside is cut off."""
    first, last = max(start, 0), min(start + len(wave), len(track))
    if first < last:
        track[first:last] += wave[first - start : last - start]

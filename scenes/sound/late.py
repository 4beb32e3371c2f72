"""The late part of a room's answer: noise that dies away per octave band, and how a decay time is measured.

Only the reflections up to second order are made one by one (``room.py``). All others are noise with their energy: image sources lie in
space as densely as one per volume of the room, so that after ``t`` seconds their energy arrives at a rate of ``4 pi c / V`` (of a source
of 1 Pa m), times the walls' ``exp(-rate t)``; and of the images at that distance only the share of third and higher order is missing.
So the tail joins the early part without a level of its own, and its decay is exact by construction.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, sosfilt

from kinema.scenes.sound.modes import SPEED_OF_SOUND
from kinema.scenes.sound.surfaces import BANDS, ROOMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MIRRORED", "decay_time", "late_answer"]

MIRRORED = 2  # the highest order of reflections that are made one by one
EARS_APART = 0.175  # m, between two ears in a diffuse field
FADED = 7.0  # -, powers of ten (of energy) after which the tail is cut off
RUN_IN = 4096  # samples of noise before the first, in which the filters settle
SMOOTH = 0.02  # s, the shortest stretch over which the noise of a band is kept at one level
DIRECTIONS = 512


@lru_cache(maxsize=3)
def late_answer(
    room: str, size: tuple[float, float, float], seed: int, rate: int, *, after: float = 0.0, most: int | None = None
) -> NDArray[np.float64]:
    """What a click of 1 Pa m at sample 0 leaves in the two ears (2, n) from the third reflection on, in Pa per sample.

    Args:
        room: a name of ``ROOMS`` with walls.
        size: m, of this very room.
        seed: of the noise.
        rate: Hz.
        after: s, when the nearest image of third order is heard.
        most: samples that are wanted; None is all until the last band has died away. Fewer are the beginning of more.
    """
    kind = ROOMS[room]
    assert kind is not None, f"{room} has no walls"
    decay = kind.decay(size)
    whole = int(FADED * np.log(10) / decay.min() * rate)
    ears = np.zeros((2, whole if most is None else min(whole, most)))
    t = np.arange(ears.shape[1]) / rate
    density = 4 * np.pi * SPEED_OF_SOUND / np.prod(size) * missing_share(size, t) * (t >= after) / rate
    for k, frequency in enumerate(BANDS):
        count = min(int(FADED * np.log(10) / decay[k] * rate), len(t))
        envelope = np.sqrt(density[:count] * np.exp(-decay[k] * t[:count]))
        alike = np.sinc(2 * frequency * EARS_APART / SPEED_OF_SOUND)
        first, second = (_band(np.random.default_rng([zlib.crc32(room.encode()), seed, k, i]), k, count, rate) for i in (0, 1))
        same, other = np.sqrt((1 + alike) / 2) * envelope * first, np.sqrt((1 - alike) / 2) * envelope * second
        ears[:, :count] += same + other, same - other
    return ears


def missing_share(size: tuple[float, float, float], t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the image sources ``c t`` away that are of higher order than ``MIRRORED``, 0 to 1.

    Seen from a room of width W, depth D and height H, an image in the direction ``u`` at the distance ``r`` is of the order
    ``r (|ux| / W + |uy| / D + |uz| / H)``, give or take a half.

    Example:
        >>> missing_share((4.0, 4.0, 4.0), np.array([0.0, 0.2])).tolist()
        [0.0, 1.0]
    """
    k = np.arange(DIRECTIONS) + 0.5  # a spiral of equally spaced directions
    up, round_ = 1 - 2 * k / DIRECTIONS, np.pi * (1 + np.sqrt(5)) * k
    level = np.sqrt(1 - up**2)
    crossed = np.abs(np.stack([level * np.cos(round_), level * np.sin(round_), up], axis=-1)) @ (1 / np.array(size))
    until = (MIRRORED + 1) / (crossed.min() * SPEED_OF_SOUND)
    coarse = np.linspace(0, until, 500)
    share = np.clip(np.outer(coarse * SPEED_OF_SOUND, crossed) - MIRRORED, 0, 1).mean(axis=1)
    found: NDArray[np.float64] = np.interp(t, coarse, share)
    return found


def _band(rng: np.random.Generator, k: int, count: int, rate: int) -> NDArray[np.float64]:
    """The ``k``-th octave (n,) of white noise of variance 1, at one level throughout; the outer ones reach to 0 Hz and half the rate.

    Butterworth's filters that meet at an edge share the energy between them, so that independent octaves add up to white noise.
    """
    stretch = max(int(max(SMOOTH, 16 / BANDS[k]) * rate), 1)
    noise = rng.standard_normal(RUN_IN + count + stretch)
    low, high = (BANDS[k] / np.sqrt(2), BANDS[k] * np.sqrt(2))
    if k > 0:
        noise = sosfilt(butter(4, low, "highpass", fs=rate, output="sos"), noise)
    if k < len(BANDS) - 1:
        noise = sosfilt(butter(4, high, "lowpass", fs=rate, output="sos"), noise)
    level = uniform_filter1d(noise**2, stretch, mode="reflect")
    share = ((rate / 2 if k == len(BANDS) - 1 else high) - (0.0 if k == 0 else low)) / (rate / 2)
    even: NDArray[np.float64] = noise * np.sqrt(share / np.maximum(level, 1e-3 * share))
    return even[RUN_IN : RUN_IN + count]


def decay_time(answer: NDArray[np.float64], rate: float, *, band: float | None = None, low: float = -5.0, high: float = -35.0) -> float:
    """Decay time in seconds of an impulse response (ears, n): Schroeder's backward integral, a line from -5 to -35 dB (T30).

    Args:
        answer: impulse response of the room, silent at its end.
        rate: Hz.
        band: Hz, the middle of the octave that is looked at; None is everything.
        low: dB, where the line begins.
        high: dB, where it ends.

    Returns:
        Seconds in which the level falls by 60 dB; 0 where nothing follows the direct sound.

    Example:
        >>> t = np.arange(48_000) / 48_000
        >>> round(decay_time(np.exp(-6.9078 * t / 0.5) * np.random.default_rng(0).standard_normal((1, 48_000)), 48_000), 2)
        0.5
    """
    heard = np.atleast_2d(answer)
    if band is not None:  # backwards, so that the filter's own ringing comes before what it filters
        octave = butter(3, (band / np.sqrt(2), band * np.sqrt(2)), "bandpass", fs=rate, output="sos")
        heard = sosfilt(octave, heard[:, ::-1])[:, ::-1]
    left = np.cumsum((heard**2).sum(axis=0)[::-1])[::-1]
    level = 10 * np.log10(np.maximum(left, 1e-14 * left[0]) / left[0])
    chosen = np.flatnonzero((level <= low) & (level >= high))
    if len(chosen) < 2 or chosen[-1] - chosen[0] < 1e-3 * rate:
        return 0.0
    slope = np.polyfit(chosen / rate, level[chosen], 1)[0]
    return float(-60 / slope)

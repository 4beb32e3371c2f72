"""The sound as curves: level, side, pitch and how much it is like a voice, a hundred times a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.signal import resample_poly

from kinema.metrics.observation import HEARD_RATE, Heard

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["heard_curves", "pitch_of"]

QUIETEST_DB = -120.0
PITCH_RATE = 16_000  # Hz, about, at which pitch is looked for
WINDOW_S = 0.040  # s, of the stretch whose pitch is found: three periods of the lowest voice
LOWEST, HIGHEST = 70.0, 2000.0  # Hz
CLEAR = 0.60  # -, of the normalised autocorrelation: from here on there is a pitch
FIRST_OF = 0.88  # -, of the highest peak: the first peak this high is the period, later ones are its multiples
AUDIBLE_DB = 45.0  # below the loudest moment no pitch is asked for
VOICE_HZ = (75.0, 450.0)  # Hz
WAVERS_CENTS = (2.0, 8.0)  # between 10 ms steps: a buzzer's and a bar's pitch stands, a voice's never does (est)
SUDDEN_DB = (14.0, 26.0)  # rise in 20 ms: a voice swells, a blow does not
LONGEST_LAG = 0.6  # -, of the window, up to which the autocorrelation is sure


def heard_curves(left: Array, right: Array, rate: int) -> Heard:
    """Curves of a stereo sound (of mono: twice the same).

    Example:
        >>> t = np.arange(48000) / 48000
        >>> tone = 0.1 * np.sin(2 * np.pi * 440 * t)
        >>> heard = heard_curves(tone, tone, 48000)
        >>> round(float(np.median(heard.pitch_hz)), 1), round(float(np.median(heard.level_db)))
        (440.0, -23)
    """
    energy = np.array([_blocks(ear, rate) for ear in (left, right)])
    level = np.maximum(10 * np.log10(energy.mean(axis=0) + 1e-12), QUIETEST_DB)
    bright = [_blocks(np.diff(ear, prepend=ear[:1]), rate) for ear in (left, right)]  # a head shades what is high, not what is low
    side = 10 * np.log10((bright[0] + 1e-14) / (bright[1] + 1e-14))
    pitch, clear = pitch_of((left + right) / 2, rate, len(level))
    pitch = np.where(level > level.max(initial=QUIETEST_DB) - AUDIBLE_DB, pitch, 0.0)
    return Heard(level_db=level, side_db=side, pitch_hz=pitch, voice=_voice(level, pitch, clear))


def _blocks(ear: Array, rate: int) -> Array:
    """Mean square of every step; a last one that is not full counts as it is."""
    edges = np.round(np.arange(0, len(ear) * HEARD_RATE / rate + 1) * rate / HEARD_RATE).astype(int)
    edges = np.minimum(edges[: max(2, int(np.ceil(len(ear) * HEARD_RATE / rate)) + 1)], len(ear))
    energy = np.add.reduceat(np.append(ear * ear, 0.0), edges[:-1])
    mean: Array = energy / np.maximum(np.diff(edges), 1)
    return mean


def pitch_of(mono: Array, rate: int, count: int) -> tuple[Array, Array]:
    """Pitch in Hz (0: none) and how periodic it is (0 to 1) of ``count`` steps: the first high peak of the autocorrelation.

    It is then read at the last multiple of the period that the window holds, so that a pitch is known to a thousandth.
    """
    down = max(1, round(rate / PITCH_RATE))
    slow, fs = (resample_poly(mono, 1, down) if down > 1 else mono), rate / down
    size = round(WINDOW_S * fs)
    middles = np.round((np.arange(count) + 0.5) / HEARD_RATE * fs).astype(int)
    padded = np.concatenate([np.zeros(size), slow, np.zeros(2 * size)])
    starts = np.clip(middles + size - size // 2, 0, len(padded) - size)
    rows = padded[starts[:, None] + np.arange(size)]
    window = np.hanning(size)
    length = next_fast_len(2 * size)
    rows = (rows - rows.mean(axis=1, keepdims=True)) * window
    own = irfft(np.abs(rfft(rows, length, axis=1)) ** 2, length, axis=1)
    longest = int(LONGEST_LAG * size)
    shape = irfft(np.abs(rfft(window, length)) ** 2, length)[:longest]
    auto = own[:, :longest] / np.maximum(own[:, :1], 1e-15) / (shape / shape[0])
    return _first_peak(auto, fs)


def _first_peak(auto: Array, fs: float) -> tuple[Array, Array]:
    shortest, longest = max(2, int(fs / HIGHEST)), min(auto.shape[1] - 2, int(fs / LOWEST))
    inner = auto[:, shortest : longest + 1]
    peaks = (inner >= auto[:, shortest - 1 : longest]) & (inner > auto[:, shortest + 1 : longest + 2])
    value = np.where(peaks, inner, -1.0)
    highest = value.max(axis=1)
    first = np.argmax(value >= FIRST_OF * highest[:, None], axis=1) + shortest
    clear = np.where(highest > 0, np.clip(highest, 0, 1), 0.0)
    lag: Array = _between(auto, first)
    rows = np.arange(len(auto))
    for last in (0.5, 1.0):  # the further multiple is found from the nearer one
        times = np.maximum(np.floor(last * (auto.shape[1] - 4) / lag), 1)
        near: NDArray[np.int64] = np.clip(np.round(times * lag).astype(np.int64), 3, auto.shape[1] - 4)[:, None] + np.arange(-2, 3)
        best = near[rows, np.argmax(np.take_along_axis(auto, near, axis=1), axis=1)]
        lag = _between(auto, best) / times
    return np.where(clear > CLEAR, fs / lag, 0.0), clear


def _between(auto: Array, at: NDArray[np.int64]) -> Array:
    """The peak near ``at`` to a fraction of a sample: a parabola through three."""
    rows = np.arange(len(auto))
    a, b, c = auto[rows, at - 1], auto[rows, at], auto[rows, at + 1]
    bend = a - 2 * b + c
    curved = np.abs(bend) > 1e-12
    return np.asarray(at + np.where(curved, np.clip(0.5 * (a - c) / np.where(curved, bend, 1.0), -0.5, 0.5), 0.0), dtype=np.float64)


def _voice(level: Array, pitch: Array, clear: Array) -> Array:
    """Periodic, of a voice's pitch, which moves a little all the time, and without a blow."""
    if len(level) < 5:
        return np.zeros(len(level))
    there = (pitch > VOICE_HZ[0]) & (pitch < VOICE_HZ[1])
    cents = 1200 * np.log2(np.where(pitch > 0, pitch, 1.0))
    step = np.abs(np.diff(cents, prepend=cents[0]))
    step = np.where((pitch > 0) & (np.concatenate([[0.0], pitch[:-1]]) > 0), np.minimum(step, 60.0), 0.0)
    wavers = uniform_filter1d(step, 9, mode="nearest") / np.maximum(uniform_filter1d((step > 0).astype(float), 9, mode="nearest"), 1e-9)
    rise = np.maximum(level - np.concatenate([[level[0]] * 2, level[:-2]]), 0.0)
    blow = np.clip((rise - SUDDEN_DB[0]) / (SUDDEN_DB[1] - SUDDEN_DB[0]), 0, 1)
    moves = np.clip((wavers - WAVERS_CENTS[0]) / (WAVERS_CENTS[1] - WAVERS_CENTS[0]), 0, 1)
    sure = np.clip((clear - CLEAR) / 0.25, 0, 1)
    like: Array = median_filter(there * moves * sure * (1 - blow), 5)
    return like

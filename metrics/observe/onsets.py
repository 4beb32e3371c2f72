"""When sounds start: rises of the short-time level, in the whole band and above 1 kHz, timed to a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import maximum_filter1d, percentile_filter
from scipy.signal import butter, sosfilt

from kinema.metrics.observation import Onset

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["find_onsets"]

HOP = 0.001  # s
SPAN = 0.002  # s over which energy is summed
HIGH_PASS = 1000.0  # Hz; speech, hum and rumble live below
RISE_DB = 9.0  # a start must stand out of the 20 ms before it by this much
DEEPEST_DB = 50.0  # below the loudest moment nothing is an event
QUIETEST_DB = -75.0  # re full scale: below this is no sound at all
APART = 0.030  # s; of two starts closer than this the louder is kept: the other is its reflection


def find_onsets(sound: NDArray[np.float32], rate: int) -> tuple[Onset, ...]:
    """Starts of sounds in order of time; none in silence.

    Args:
        sound: (channels, n), full scale 1.
        rate: Hz.
    """
    if sound.size == 0 or sound.shape[1] < rate * 0.02:
        return ()
    mono = np.nan_to_num(sound.astype(np.float64)).mean(axis=0)
    if sound.shape[0] > 1 and np.std(mono) < 0.05 * np.std(sound):  # the channels cancel out
        mono = sound[0].astype(np.float64)
    mono = mono - mono.mean()
    bands = [mono]
    if rate > 4 * HIGH_PASS:
        bands.append(sosfilt(butter(4, HIGH_PASS, "highpass", fs=rate, output="sos"), mono))
    picked = [candidate for band in bands for candidate in _starts(band, rate)]
    kept: list[tuple[float, float, float]] = []
    for start in sorted(picked, key=lambda c: -c[1]):
        if all(abs(start[0] - other[0]) >= APART for other in kept):
            kept.append(start)
    return tuple(Onset(t=t, level_db=level, confidence=sure) for t, level, sure in sorted(kept))


def _starts(band: NDArray[np.float64], rate: int) -> list[tuple[float, float, float]]:
    """(time, level in dB, confidence) of one band's starts."""
    hop, span = max(1, round(HOP * rate)), max(1, round(SPAN * rate))
    energy = np.concatenate([[0.0], np.cumsum(band * band)])
    at = np.arange(0, len(band) - span + 1, hop)
    level = 10 * np.log10((energy[at + span] - energy[at]) / span + 1e-12)
    loudest = float(level.max())
    if loudest < QUIETEST_DB:
        return []
    padded = np.concatenate([np.full(20, level[:20].min()), level])
    before = np.lib.stride_tricks.sliding_window_view(padded, 18)[: len(level)]
    novelty = level - np.median(before, axis=1)
    loudness = maximum_filter1d(level, 31, origin=-15)
    ground = percentile_filter(level, 20, size=401)
    peak = (novelty == maximum_filter1d(novelty, 11)) & (novelty > RISE_DB)
    peak &= (loudness > max(loudest - DEEPEST_DB, QUIETEST_DB)) & (loudness > ground + RISE_DB)
    found = []
    for k in np.flatnonzero(peak):
        time = _refined(band, rate, int(k) * hop)
        found.append((time, float(loudness[k]), float(np.clip((novelty[k] - RISE_DB) / 12.0 + 0.4, 0, 1))))
    return found


def _refined(band: NDArray[np.float64], rate: int, around: int) -> float:
    """The first sample near ``around`` that is well above what was before."""
    low, high = max(0, around - round(0.006 * rate)), min(len(band), around + round(0.006 * rate))
    piece = np.abs(band[low:high])
    past = band[max(0, low - round(0.01 * rate)) : low]
    quiet = float(np.sqrt(np.mean(past**2))) if len(past) else 0.0
    top = float(piece.max())
    threshold = min(0.5 * top, max(0.04 * top, 4 * quiet))
    first = int(np.argmax(piece >= threshold))
    return (low + first) / rate

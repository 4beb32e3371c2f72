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
OVER_DB = 3.0  # and out of the loudest of them by this much: low rumble and reverberation waver by less
APART = 0.030  # s; of two starts closer than this the first is kept: the other is its reflection
LOUDER_DB = 10.0  # unless the other is louder by this much
AT_ONCE = 0.003  # s
FARTHEST = 0.30  # s; a wall 50 m away answers after that
ECHO_DB = 6.0  # an answer is weaker than what it answers by this much
SAME_LAG, SAME_DROP = 0.002, 4.0  # s and dB by which delays and levels of the same wall's answers differ

Start = tuple[float, float, float, float]


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
    return tuple(Onset(t=t, level_db=level, confidence=sure) for t, level, sure, _ in _no_echoes(_first_of_each(picked)))


def _first_of_each(starts: list[Start]) -> list[Start]:
    """Of starts that follow each other closely the first: the others are its reflections, if they are not much louder."""
    kept: list[Start] = []
    for start in sorted(starts):
        if kept and start[0] - kept[-1][0] < APART:
            first = kept[-1]
            if start[0] - first[0] < AT_ONCE:  # the same start, heard in both bands; but a whisper just before it is another
                when = start[0] if start[3] > first[3] + LOUDER_DB else first[0]
                kept[-1] = (when, max(first[1], start[1]), max(first[2], start[2]), max(first[3], start[3]))
            elif start[3] > first[3] + LOUDER_DB:
                kept[-1] = start
            continue
        kept.append(start)
    return kept


def _no_echoes(starts: list[Start]) -> list[Start]:
    """Without the weaker starts that follow several stronger ones by the same delay: a far wall answers each of them."""
    t, level = (np.array([start[k] for start in starts]) for k in (0, 1))
    lag, drop = np.subtract.outer(t, t), np.subtract.outer(level, level)  # of row after column
    possible = (lag > 0) & (lag < FARTHEST) & (drop < -ECHO_DB)
    echo = np.zeros(len(starts), dtype=bool)
    for row, column in np.argwhere(possible):
        others = possible & (np.abs(lag - lag[row, column]) < SAME_LAG) & (np.abs(drop - drop[row, column]) < SAME_DROP)
        others[row], others[:, column] = False, False
        echo[row] |= bool(others.any())
    return [start for start, gone in zip(starts, echo, strict=True) if not gone]


def _starts(band: NDArray[np.float64], rate: int) -> list[Start]:
    """(time, level in dB, confidence, level of the first 5 ms) of one band's starts."""
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
    newest = maximum_filter1d(level - before.max(axis=1), 7, origin=3)  # of the last 6 ms: a start swells for some
    loudness, direct = maximum_filter1d(level, 31, origin=-15), maximum_filter1d(level, 6, origin=-3)
    ground = percentile_filter(level, 20, size=401)
    peak = (novelty == maximum_filter1d(novelty, 11)) & (novelty > RISE_DB) & (newest > OVER_DB)
    peak &= (loudness > max(loudest - DEEPEST_DB, QUIETEST_DB)) & (loudness > ground + RISE_DB)
    found = []
    for k in np.flatnonzero(peak):
        time = _refined(band, rate, int(k) * hop)
        found.append((time, float(loudness[k]), float(np.clip((novelty[k] - RISE_DB) / 12.0 + 0.4, 0, 1)), float(direct[k])))
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

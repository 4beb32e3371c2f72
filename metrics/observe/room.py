"""How the sound dies away, and the first thing that is thrown back: what a room, or a body that rings, does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import irfft, rfft
from scipy.ndimage import uniform_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Onset

    Array = NDArray[np.float64]

__all__ = ["DECAY_BANDS", "room_numbers"]

DECAY_BANDS = (500, 1000, 2000, 4000)  # Hz, middles of the octaves whose decay is measured
FRAME_S, HOP_S = 0.0213, 0.005  # s
DIRECT_S = 0.030  # s after an onset that are not yet decay
SHORTEST_S = 0.060  # s of a stretch that is measured
LEAST_DB = 3.0  # it must fall by this much
GROUND_DB = 8.0  # over the quietest moments: below it noise is measured
DEEPEST_DB = 70.0  # below the loudest moment nothing is measured
FALLS = 0.8  # -, correlation of level and time, at least
EARLY_S = (0.0015, 0.075)  # s, of the first reflections
EARLY_WINDOW_S = 0.100  # s
FADE_S = 0.025  # s, in which the window falls to 1/e: what rings on is no echo
EARLY_HZ = (700.0, 14_000.0)  # Hz
STANDS_OUT = 9.0  # -, times the usual height of the cepstrum round it
LEAST_EARLY = 0.17  # -, of the direct sound
CLEAR_OF_ALL = 0.5  # -, of the highest peak: the first that is so high is the first reflection
ONSETS = 12  # strongest


def room_numbers(onsets: tuple[Onset, ...], left: Array, right: Array, rate: int) -> dict[str, float]:
    """Numbers of the room, as far as they can be measured.

    Returns:
        ``decay_500`` to ``decay_4000``: s in which the sound of the octave falls by 60 dB between the onsets, room and bodies together
        (the slower of the two is heard); ``decay_s``: their mean at 500 and 1000 Hz, or the median of those that there are;
        ``early_ms`` and ``early_db``: delay and level of the first clear reflection after the direct sound, re it.

    Example:
        >>> room_numbers((), np.zeros(4800), np.zeros(4800), 48000)
        {}
    """
    if not onsets:
        return {}
    mono = (left + right) / 2
    found = _decays(np.array([onset.t for onset in onsets]), mono, rate)
    middle = [found[name] for name in ("decay_500", "decay_1000") if name in found]
    if found:
        found["decay_s"] = float(np.mean(middle)) if middle else float(np.median(list(found.values())))
    return found | _early(onsets, mono, rate)


def band_levels(mono: Array, rate: int) -> tuple[Array, Array]:
    """Times (n,) in s, and levels (n, bands) in dB of the octaves."""
    frame, hop = round(FRAME_S * rate), round(HOP_S * rate)
    padded = np.concatenate([np.zeros(frame // 2), mono, np.zeros(frame)])
    starts = np.arange(0, len(mono), hop)
    rows = padded[starts[:, None] + np.arange(frame)] * np.hanning(frame)
    length = 1 << int(np.ceil(np.log2(frame)))
    power = np.abs(rfft(rows, length, axis=1)) ** 2
    frequency = np.fft.rfftfreq(length, 1 / rate)
    edges = np.searchsorted(frequency, [band * side for band in DECAY_BANDS for side in (2**-0.5, 2**0.5)]).reshape(-1, 2)
    energy = np.stack([power[:, low:high].sum(axis=1) for low, high in edges], axis=1)
    return starts / rate, 10 * np.log10(energy + 1e-12)


def _decays(onsets: Array, mono: Array, rate: int) -> dict[str, float]:
    times, levels = band_levels(mono, rate)
    starts, ends = onsets + DIRECT_S, np.append(onsets[1:], len(mono) / rate) - FRAME_S / 2
    found = {}
    for k, band in enumerate(DECAY_BANDS):
        if band * 2**0.5 > rate / 2:
            continue
        level = levels[:, k]
        ground = max(float(np.percentile(level, 2)) + GROUND_DB, float(level.max()) - DEEPEST_DB)
        fits = [_fit(times, level, (a, b), ground) for a, b in zip(starts, ends, strict=True) if b - a > SHORTEST_S]
        good = [fit for fit in fits if fit is not None]
        if good:
            found[f"decay_{band}"] = _weighted_median(good)
    return found


def _fit(times: Array, level: Array, stretch: tuple[float, float], ground: float) -> tuple[float, float] | None:
    """Decay time and weight of one stretch, None where it does not fall steadily."""
    inside = np.flatnonzero((times >= stretch[0]) & (times < stretch[1]))
    low = inside[level[inside] < ground]
    if len(low):
        inside = inside[inside < low[0]]
    if len(inside) < SHORTEST_S / HOP_S:
        return None
    t, y = times[inside] - times[inside[0]], level[inside]
    t0, y0 = t - t.mean(), y - y.mean()
    slope = float(t0 @ y0 / (t0 @ t0))
    fall = -slope * float(t[-1])
    if fall < LEAST_DB or -float(t0 @ y0) < FALLS * float(np.sqrt((t0 @ t0) * (y0 @ y0))):
        return None
    return -60.0 / slope, min(fall, 30.0) ** 2 * float(t[-1])


def _weighted_median(pairs: list[tuple[float, float]]) -> float:
    values, weights = np.array(sorted(pairs)).T
    return float(values[np.searchsorted(np.cumsum(weights), weights.sum() / 2)])


def _early(onsets: tuple[Onset, ...], mono: Array, rate: int) -> dict[str, float]:
    """The first peak of the mean cepstrum of the onsets: an echo writes a ripple on the spectrum, whatever the sound."""
    if rate < 2.2 * EARLY_HZ[0]:
        return {}
    length = round(EARLY_WINDOW_S * rate)
    t = np.array([onset.t for onset in sorted(onsets, key=lambda onset: -onset.level_db)[:ONSETS]])
    index = (np.round((t - 0.001) * rate).astype(int))[:, None] + np.arange(length)
    rows = np.where((index >= 0) & (index < len(mono)), mono[np.clip(index, 0, len(mono) - 1)], 0.0)
    rows = rows * np.exp(-np.arange(length) / rate / FADE_S)
    size = 1 << int(np.ceil(np.log2(2 * length)))
    spectrum = np.log(np.abs(rfft(rows, size, axis=1)) ** 2 + 1e-12)
    frequency = np.fft.rfftfreq(size, 1 / rate)
    inside = (frequency > EARLY_HZ[0]) & (frequency < min(EARLY_HZ[1], 0.45 * rate))
    smooth = uniform_filter1d(spectrum, max(3, round(1100 / frequency[1])), axis=1)
    ripple = (spectrum - smooth).mean(axis=0) * inside
    taper = np.zeros_like(ripple)
    taper[inside] = np.hanning(int(inside.sum()))
    cepstrum = irfft(ripple * taper, size) * size / 2 / taper.sum()
    first, last = round(EARLY_S[0] * rate), round(EARLY_S[1] * rate)
    part = cepstrum[first:last]
    usual = float(np.median(np.abs(part))) + 1e-9
    true = part * np.exp(np.arange(first, last) / rate / FADE_S)  # what the window took from the later ones given back
    highest = part == np.maximum.reduce([part, np.roll(part, 1), np.roll(part, -1)])
    top = np.flatnonzero((part > STANDS_OUT * usual) & (true > LEAST_EARLY) & highest)
    if not len(top):
        return {}
    best = top[part[top] > CLEAR_OF_ALL * part[top].max()][0]
    return {"early_ms": 1000 * float(first + best) / rate, "early_db": 20 * float(np.log10(min(true[best], 1.0)))}

"""What is heard right after an onset: its spectrum, the side it comes from, and the partials that ring on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import irfft, rfft

from kinema.metrics.observation import BANDS_HZ, Onset, Ring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

__all__ = ["described"]

BEFORE_S = 0.001  # s before the onset at which a window begins
BANDS_S = 0.030  # s of the octave levels, as ``Onset.bands_db`` says
DIRECT_S = 0.004  # s after the onset that come the straight way: a wall half a metre away answers 3 ms later
MOST_LEAD_S = 0.001  # s between two ears, at most: 0.66 ms for a head
FINER = 8  # times, of the sample step, that the lead is read
SPLIT = ((1 << 12) / 48_000, 0.3)  # s: of the spectrum that tells partials apart, and of the longest ring that is followed
FRAME_S, HOP_S = 0.0213, 0.0053  # s, of the levels along a ring
RINGING = 16  # onsets whose partials are followed: the strongest
PARTIALS = 8  # of each, at most
STANDS_OUT_DB = 10.0  # of a partial out of the spectrum round it
WITHIN_DB = 45.0  # of the strongest partial
SHORTEST_S = 0.035  # s that an onset must ring before the next, and the t60 of the shortest ring that these frames can follow
LONGEST_T60 = 20.0  # s
EMPTY_DB = -120.0


def described(onsets: tuple[Onset, ...], left: Array, right: Array, rate: int) -> tuple[Onset, ...]:
    """The onsets with all that is heard of them.

    Args:
        onsets: by time.
        left: (n,) samples.
        right: (n,) samples.
        rate: Hz.

    Example:
        >>> t = np.arange(48000) / 48000 - 0.25
        >>> struck = np.where(t >= 0, np.exp(-6.91 * t / 0.4) * np.sin(2 * np.pi * 1000 * t), 0.0)
        >>> (one,) = described((Onset(t=0.25, level_db=-3.0),), struck, 0.5 * struck, 48000)
        >>> round(one.side_db, 1), round(one.rings[0].frequency), round(one.rings[0].t60, 1)
        (6.0, 1000, 0.4)
    """
    if not onsets:
        return ()
    t = np.array([onset.t for onset in onsets])
    bands = (_octaves(_windows(left, t, BANDS_S, rate), rate) + _octaves(_windows(right, t, BANDS_S, rate), rate)) / 2
    levels = np.maximum(10 * np.log10(bands + 1e-12), EMPTY_DB)
    ears = [_windows(ear, t, DIRECT_S, rate) for ear in (left, right)]
    energy = [(ear**2).sum(axis=1) + 1e-12 for ear in ears]
    sides = 10 * np.log10(energy[0] / energy[1])
    leads = np.zeros(len(t)) if left is right or np.array_equal(left, right) else _leads(ears[0], ears[1], rate)
    rings = _rings(onsets, (left + right) / 2, rate)
    return tuple(
        replace(onset, bands_db=tuple(levels[k].tolist()), side_db=float(sides[k]), lead_s=float(leads[k]), rings=rings.get(k, ()))
        for k, onset in enumerate(onsets)
    )


def _windows(ear: Array, t: Array, seconds: float, rate: int) -> Array:
    """(onsets, m) samples from just before each onset; beyond the ends it is silent."""
    lead, length = max(1, round(BEFORE_S * rate)), max(4, round((BEFORE_S + seconds) * rate))
    index = (np.round(t * rate).astype(int) - lead)[:, None] + np.arange(length)
    return np.where((index >= 0) & (index < len(ear)), ear[np.clip(index, 0, len(ear) - 1)], 0.0)


def _octaves(rows: Array, rate: int) -> Array:
    """(onsets, bands) mean square within each octave."""
    count = rows.shape[1]
    fade = min(count // 4, round(0.008 * rate))
    window = np.concatenate([np.ones(count - fade), np.cos(np.linspace(0, np.pi / 2, fade)) ** 2])
    length = 1 << int(np.ceil(np.log2(2 * count)))
    power = np.abs(rfft(rows * window, length, axis=1)) ** 2 * 2 / length / count
    frequency = np.fft.rfftfreq(length, 1 / rate)
    edges = np.searchsorted(frequency, [BANDS_HZ[0] / np.sqrt(2), *(band * np.sqrt(2) for band in BANDS_HZ)])
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(power, axis=1)], axis=1)
    return np.maximum(np.diff(total[:, np.minimum(edges, total.shape[1] - 1)], axis=1), 0.0)


def _leads(left: Array, right: Array, rate: int) -> Array:
    """Seconds by which the left ear hears each first: the peak of the cross-correlation with its phases alone (GCC-PHAT)."""
    length = 1 << int(np.ceil(np.log2(2 * left.shape[1])))
    cross = rfft(right, length, axis=1) * np.conj(rfft(left, length, axis=1))
    size = np.abs(cross)
    weight = size > 1e-4 * size.max(axis=1, keepdims=True)  # where there is no sound there is no phase
    even = np.where(weight, cross / np.maximum(size, 1e-15), 0.0)
    fine = irfft(even, length * FINER, axis=1)
    reach = round(MOST_LEAD_S * rate * FINER)
    near = np.concatenate([fine[:, -reach:], fine[:, : reach + 1]], axis=1)
    lead: Array = (np.argmax(near, axis=1) - reach) / (rate * FINER)
    return lead


def _rings(onsets: tuple[Onset, ...], mono: Array, rate: int) -> dict[int, tuple[Ring, ...]]:
    """The partials of the strongest onsets that have the time to ring, by the number of the onset."""
    t = np.array([onset.t for onset in onsets])
    room = np.diff(np.append(t, len(mono) / rate)) - 2 * BEFORE_S
    able = [k for k in np.argsort([-onset.level_db for onset in onsets]) if room[k] > SHORTEST_S + FRAME_S]
    found = {}
    for k in able[:RINGING]:
        first = round((t[k] + 2 * BEFORE_S) * rate)
        wave = mono[first : first + round(min(room[k], SPLIT[1]) * rate)]
        found[int(k)] = _partials(wave, rate)
    return found


def _partials(wave: Array, rate: int) -> tuple[Ring, ...]:
    frame, hop = round(FRAME_S * rate), round(HOP_S * rate)
    size = min(len(wave), round(SPLIT[0] * rate))
    if size < frame + 4 * hop or not np.any(wave):
        return ()
    peaks = _peaks(wave[:size], rate)
    if not len(peaks):
        return ()
    starts = np.arange(0, len(wave) - frame + 1, hop)
    phase = np.exp(-2j * np.pi * np.outer(np.arange(frame), peaks) / rate) * np.hanning(frame)[:, None]
    seen = np.abs(np.lib.stride_tricks.sliding_window_view(wave, frame)[starts] @ phase) * 2 / np.hanning(frame).sum()
    levels = 20 * np.log10(seen + 1e-9)
    times = starts / rate
    rings = []
    for k, frequency in enumerate(peaks):
        slope, start = _fall(times, levels[:, k])
        t60 = -60.0 / slope if slope < 0 else LONGEST_T60
        if t60 >= SHORTEST_S:
            rings.append(Ring(frequency=float(frequency), t60=min(float(t60), LONGEST_T60), level_db=float(start - 3.01)))
    return tuple(sorted(rings, key=lambda ring: -ring.level_db)[:PARTIALS])


def _peaks(wave: Array, rate: int) -> Array:
    """Frequencies (m,) of the partials, loudest first."""
    length = 1 << int(np.ceil(np.log2(2 * len(wave))))
    fade = np.cos(np.linspace(0, np.pi / 2, len(wave))) ** 2
    level = 10 * np.log10(np.abs(rfft(wave * fade, length)) ** 2 + 1e-18)
    low = max(3, int(60 * length / rate))
    inner = level[low:-1]
    width = max(9, int(400 * length / rate))
    around = np.convolve(np.pad(level, width, mode="edge"), np.ones(2 * width + 1) / (2 * width + 1), mode="valid")[low:-1]
    top = (inner > level[low - 1 : -2]) & (inner >= level[low + 1 :]) & (inner > around + STANDS_OUT_DB) & (inner > inner.max() - WITHIN_DB)
    at = np.flatnonzero(top)
    at = at[np.argsort(-inner[at])][:PARTIALS] + low
    a, b, c = level[at - 1], level[at], level[at + 1]
    frequency: Array = (at + 0.5 * (a - c) / np.minimum(a - 2 * b + c, -1e-9)) * rate / length
    return frequency


def _fall(times: Array, level: Array) -> tuple[float, float]:
    """Slope (dB/s) and start (dB) of a line through the levels while they stand out of what is left at the end."""
    ground = level.min() + 6.0
    last = int(np.argmax(level < ground)) if (level < ground).any() else len(level)
    used = slice(0, max(last, 4))
    slope, start = np.polyfit(times[used], level[used], 1)
    return float(slope), float(start)

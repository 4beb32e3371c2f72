"""What is wrong with a recording as such: clipping, a steady part, gaps, a missing upper range."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import resample_poly

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["hygiene"]

BLOCK = 4096  # samples of a spectrum
SPECTRA = 64  # at most, spread over the clip
FLAT = 3  # samples in a row at the same extreme value that are clipping
NEAR = 1e-4  # -, of the peak: as near to it as two clipped samples are
LOUD_PEAK = 0.05  # -, of full scale: what is softer was not cut off by any converter
GAP_S = (0.003, 0.25)  # s, shortest and longest dropout: longer is a pause
BEFORE_S, AFTER_S = 0.0003, 0.002  # s beside a gap in which there must be sound for it to be one: a blow's own end is soft
BESIDE_DB = 40.0  # below the highest peak: what is softer beside a gap, and 20 dB more on its other side, may well be silence
SOFTEST_DB = -85.0  # re full scale: some steps of 16 bits
FLOOR_DB = 60.0  # below the strongest band, what is left of a spectrum is no sound
QUIETEST = 1e-6  # of full scale, -120 dB
LOUDEST_MS = 0.01  # s about each of the highest samples in which the true peak is looked for
PEAKS = 16
LONGEST = 20_000_000  # samples of a channel that are looked at


def hygiene(sound: NDArray[np.float32], rate: int) -> dict[str, float]:
    """Numbers about the sound as a whole.

    Returns:
        ``channels``; ``seconds``; ``peak_db`` (re full scale); and where it is not silent ``true_peak_db`` (of the wave between samples,
        four times oversampled: ITU-R BS.1770), ``clipped`` (share of the samples that are cut off), ``dc`` (share of full scale, the
        larger of the channels), ``dropouts`` (gaps per second that begin or end with a click), ``bandwidth_hz`` (below which 99.99 % of
        the bands are more than 60 dB under the strongest: where the spectrum ends), ``correlation`` (of left and right, 1 for mono).

    Example:
        >>> hygiene(np.zeros((2, 480), np.float32), 48000)
        {'channels': 2.0, 'peak_db': -120.0, 'seconds': 0.01}
    """
    samples = np.nan_to_num(sound[:2, :LONGEST], posinf=0.0, neginf=0.0)
    peak = float(np.abs(samples).max()) if samples.size else 0.0
    seconds = sound.shape[1] / rate if sound.size and rate > 0 else 0.0
    numbers = {"channels": float(sound.shape[0] if sound.size else 0), "peak_db": _db(peak), "seconds": seconds}
    if peak <= QUIETEST:
        return numbers
    ear = samples[int(np.argmax(np.abs(samples).max(axis=1)))]
    return numbers | {
        "true_peak_db": _true_peak(ear, rate, peak),
        "clipped": _clipped(samples, peak),
        "dc": float(np.abs(samples.mean(axis=1, dtype=np.float64)).max()),
        "dropouts": _dropouts(ear, rate) / max(seconds, 0.1),
        "bandwidth_hz": _bandwidth(ear, rate),
        "correlation": _correlation(samples),
    }


def _db(share: float) -> float:
    return 20 * float(np.log10(max(share, QUIETEST)))


def _true_peak(ear: NDArray[np.float32], rate: int, peak: float) -> float:
    """Level of the wave between the samples, near the highest of them."""
    around = max(8, round(LOUDEST_MS * rate / 2))
    blocks = len(ear) // (2 * around)
    if blocks < 2:
        return max(_db(float(np.abs(resample_poly(ear.astype(np.float64), 4, 1)).max())), _db(peak))
    tops = np.abs(ear[: blocks * 2 * around].reshape(blocks, -1)).argmax(axis=1) + np.arange(blocks) * 2 * around
    highest = tops[np.argsort(-np.abs(ear[tops]))[:PEAKS]]
    rows = ear[np.clip(highest[:, None] + np.arange(-around, around), 0, len(ear) - 1)].astype(np.float64)
    fine = np.abs(resample_poly(rows, 4, 1, axis=1))[:, around : 7 * around]
    return _db(max(float(fine.max()), peak))


def _clipped(samples: NDArray[np.float32], peak: float) -> float:
    """Share of the samples in runs of at least ``FLAT`` that stand at the clip's own highest or lowest value."""
    if peak < LOUD_PEAK:
        return 0.0
    total = 0
    for top in (samples >= samples.max() - NEAR * peak, samples <= samples.min() + NEAR * peak):
        run = top[:, : top.shape[1] - FLAT + 1].copy()
        for shift in range(1, FLAT):
            run &= top[:, shift : top.shape[1] - FLAT + 1 + shift]
        inside = np.zeros_like(top)
        for shift in range(FLAT):
            inside[:, shift : top.shape[1] - FLAT + 1 + shift] |= run
        total += int(inside.sum())
    return total / samples.size


def _dropouts(ear: NDArray[np.float32], rate: int) -> int:
    """Stretches of one and the same value amid sound."""
    still = np.concatenate([[False], np.abs(np.diff(ear)) <= 1e-7, [False]])
    edges = np.flatnonzero(np.diff(still.astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    length = ends - starts
    possible = (length >= GAP_S[0] * rate) & (length <= GAP_S[1] * rate) & (starts > 0) & (ends < len(ear) - 1)
    before, after = (max(4, round(span * rate)) for span in (BEFORE_S, AFTER_S))
    top, found = (1 - NEAR) * float(np.abs(ear).max()), 0
    loud, soft = (max(_db(top) - BESIDE_DB - more, SOFTEST_DB) for more in (0.0, 20.0))
    for start, end in zip(starts[possible][:10_000], ends[possible][:10_000], strict=True):
        sides = ear[max(0, start - before) : start], ear[end + 1 : end + 1 + after]
        level = [_db(float(np.sqrt(np.mean((side.astype(np.float64) - ear[start]) ** 2)))) for side in sides]
        found += abs(ear[start]) < top and min(level) > soft and max(level) > loud
    return found


def _bandwidth(ear: NDArray[np.float32], rate: int) -> float:
    """Hz up to which there is sound in any of the loudest stretches."""
    if len(ear) < BLOCK:
        ear = np.pad(ear, (0, BLOCK - len(ear)))
    count = len(ear) // BLOCK
    blocks = ear[: count * BLOCK].reshape(count, BLOCK) - ear.mean(dtype=np.float64)
    loudest = np.argsort(-(blocks.astype(np.float64) ** 2).sum(axis=1))[:SPECTRA]
    power = (np.abs(np.fft.rfft(blocks[loudest] * np.hanning(BLOCK), axis=1)) ** 2).mean(axis=0)
    bands = power[1:].reshape(-1, 16).mean(axis=1)
    there = np.flatnonzero(bands > bands.max() * 10 ** (-FLOOR_DB / 10))
    return float((there[-1] + 1) * 16 * rate / BLOCK) if len(there) else 0.0


def _correlation(samples: NDArray[np.float32]) -> float:
    if len(samples) < 2:
        return 1.0
    left, right = (side.astype(np.float64) - float(side.mean(dtype=np.float64)) for side in samples)
    both = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / both if both > 0 else 0.0

"""Voices: a formant synthesiser of our own, so that who speaks, when and how loudly is known to the sample.

Source and filter (Fant 1960; Klatt 1980): pulses of the glottis (Rosenberg 1971) with a little breath and an unsteady pitch go through five
resonances of the vocal tract. The loudness over time is a function of the syllables alone, :func:`loudness`; the sound is held to it, and a
puppet's jaw opens by it, so that jaw and voice belong together by construction, without a lag at the mouth.

No speech program is called: a voice must be the same bytes on every machine.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from kinema.scenes.sound.place import LEAD, place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["VOICES", "VOICE_PRESSURE", "VOWELS", "Voice", "loudness", "syllable_wave"]

VOWELS = ("a", "e", "i", "o", "u")
VOICE_PRESSURE = 1.0  # Pa (rms) at 1 m at a loudness of 1: 94 dB, a full shout or a small loudspeaker (est)
RISE, FALL = 0.06, 0.09  # s, in which a syllable swells and dies away; together at most its length
BANDWIDTHS = (60.0, 90.0, 150.0, 200.0, 250.0)  # Hz, of the formants (Klatt 1980, rounded)
CLOSED = (220.0, 0.75)  # Hz, and -: the first formant behind closed lips, and what the second has of its own (est)
BLOCK = 0.004  # s, in which the tract keeps its form
OPEN_QUOTIENT, RISING = 0.62, 0.66  # -, share of a period with an open glottis, and of that the share of its opening
BREATH = 0.03  # -, noise over the pulses (est)
UNSTEADY = 0.012  # -, of the pitch (rms), varying at 40 Hz (est: jitter of a healthy voice is about 1 %)
LEVELLED = 0.03  # s, over which the level is held to the loudness, at least two periods


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A speaker.

    Attributes:
        words: what a prompt calls it.
        pitch: Hz, of the glottis.
        formants: Hz, the first three of every vowel (Peterson and Barney 1952: men, women, children).
        upper: Hz, the fourth and fifth (Klatt 1980 for a man; shorter tracts scaled: est).
    """

    words: str
    pitch: float
    formants: Mapping[str, tuple[float, float, float]]
    upper: tuple[float, float]


def _rows(*rows: tuple[float, float, float]) -> dict[str, tuple[float, float, float]]:
    return dict(zip(VOWELS, rows, strict=True))


VOICES: dict[str, Voice] = {
    "low": Voice(
        words="a deep voice",
        pitch=112.0,
        formants=_rows((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240)),
        upper=(3300.0, 3750.0),
    ),
    "middle": Voice(
        words="a medium voice",
        pitch=205.0,
        formants=_rows((850, 1220, 2810), (610, 2330, 2990), (310, 2790, 3310), (590, 920, 2710), (370, 950, 2670)),
        upper=(3850.0, 4400.0),
    ),
    "high": Voice(
        words="a high voice",
        pitch=320.0,
        formants=_rows((1030, 1370, 3170), (690, 2610, 3570), (370, 3200, 3730), (680, 1060, 3180), (430, 1170, 3260)),
        upper=(4300.0, 4900.0),
    ),
}


def loudness(syllables: Sequence[tuple[float, float, str, float]], times: Array) -> Array:
    """How loud the voice is, and how far the mouth is open, at ``times``: 0 to 1.

    Every syllable swells as a squared sine in 60 ms, stays, and dies away in 90 ms; outside it is zero.

    Args:
        syllables: (start in s, length in s, vowel, loudness) each, as in an utterance.
        times: s.

    Example:
        >>> loudness([(0.5, 0.3, "a", 0.8)], np.array([0.4, 0.5, 0.65, 0.9])).round(3).tolist()
        [0.0, 0.0, 0.8, 0.0]
    """
    total = np.zeros(np.shape(times))
    for start, length, _, level in syllables:
        shrink = min(1.0, length / (RISE + FALL))
        inside = np.minimum((times - start) / (RISE * shrink), (start + length - times) / (FALL * shrink))
        total += level * np.sin(np.pi / 2 * np.clip(inside, 0, 1)) ** 2
    return total


def add_utterances(sound: Array, truth: Truth, rate: int) -> None:
    """Add all that is said to the tracks of ``place.tracks``; the ears are where they are when a syllable begins."""
    for number, said in enumerate(truth.utterances):
        for place_in_line, syllable in enumerate(said.syllables):
            if syllable[0] * rate >= sound.shape[1]:
                continue
            seed = (zlib.crc32(said.speaker.encode()), int(truth.scene.seed), number, place_in_line)
            wave = syllable_wave(syllable, said.speaker, rate, seed)
            place(sound, np.concatenate([np.zeros(LEAD), wave]), np.array(said.point), syllable[0], truth, rate)


def syllable_wave(syllable: tuple[float, float, str, float], speaker: str, rate: int, seed: Sequence[int] = (0,)) -> Array:
    """One syllable (n,) as pressure times distance, Pa m; sample 0 is its start.

    Its level, over 30 ms or two periods, is :func:`loudness` times ``VOICE_PRESSURE``.

    Example:
        >>> wave = syllable_wave((0.0, 0.3, "a", 0.5), "low", 48_000)
        >>> round(float(np.sqrt((wave[4800:9600] ** 2).mean())), 1)
        0.5
    """
    _, length, vowel, _ = syllable
    voice, rng = VOICES[speaker], np.random.default_rng(list(seed))
    times = np.arange(round(length * rate)) / rate
    wanted = loudness([(0.0, *syllable[1:])], times)
    wave = _through_tract(_glottis(voice.pitch, times, rng), _formants(voice, vowel, wanted / syllable[3], rate), rate)
    stretch = int(max(LEVELLED, 2 / voice.pitch) * rate)
    level = np.sqrt(np.maximum(uniform_filter1d(wave**2, stretch, mode="nearest"), 0.0))
    held: Array = VOICE_PRESSURE * wanted * wave / np.maximum(level, 1e-9 + 1e-3 * level.max(initial=0.0))
    return held


def _glottis(pitch: float, times: Array, rng: np.random.Generator) -> Array:
    """The changing flow of air through the glottis: steep where it closes, with breath while it is open."""
    share = times / max(float(times[-1]), 1e-6)
    drift = np.interp(times, np.arange(0, float(times[-1]) + 0.05, 0.025), rng.standard_normal(int((times[-1] + 0.05) / 0.025) + 1))
    frequency = pitch * (1.06 - 0.14 * share) * (1 + UNSTEADY * drift)  # it falls by 14 % over a syllable
    phase = np.cumsum(frequency) * (times[1] - times[0]) % 1.0
    opening, closed_at = RISING * OPEN_QUOTIENT, OPEN_QUOTIENT
    rising = phase < opening
    falling = ~rising & (phase < closed_at)
    up = np.sin(np.pi * phase / opening) / opening / 2
    down = -np.sin(np.pi / 2 * (phase - opening) / (closed_at - opening)) / (closed_at - opening) / 2
    flow = np.where(rising, up, np.where(falling, down, 0.0))
    noise: Array = flow + BREATH * rng.standard_normal(len(times)) * (1 + 4 * (rising | falling))
    return noise


def _formants(voice: Voice, vowel: str, openness: Array, rate: int) -> Array:
    """Frequencies (blocks, 5) in Hz: the lower two glide with the mouth's opening."""
    step = max(int(BLOCK * rate), 1)
    open_ = np.minimum(openness[::step], 1.0)[:, None]
    first, second, third = voice.formants[vowel]
    shut = np.array([min(CLOSED[0], first), CLOSED[1] * second, third, *voice.upper])
    glide: Array = shut + (np.array([first, second, third, *voice.upper]) - shut) * open_
    return glide


def _through_tract(source: Array, formants: Array, rate: int) -> Array:
    """The source through second-order resonances in a row, each with a gain of 1 at 0 Hz (Klatt 1980)."""
    step = max(int(BLOCK * rate), 1)
    wave = source
    for k, bandwidth in enumerate(BANDWIDTHS):
        radius = np.exp(-np.pi * bandwidth / rate)
        state, out = np.zeros(2), np.empty_like(wave)
        for i, frequency in enumerate(formants[:, k]):
            back, back2 = -2 * radius * np.cos(2 * np.pi * min(frequency, 0.45 * rate) / rate), radius**2
            part = slice(i * step, (i + 1) * step)
            out[part], state = lfilter([1 + back + back2], [1.0, back, back2], wave[part], zi=state)
        wave = out
    return wave

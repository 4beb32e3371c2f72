"""Voices: as loud as their syllables say, of the pitch and the vowels that belong to the speaker."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import lfilter

from kinema.scenes.sound.voice import VOICE_PRESSURE, VOICES, VOWELS, loudness, syllable_wave

RATE = 48_000


@pytest.mark.parametrize("speaker", VOICES)
@pytest.mark.parametrize("vowel", VOWELS)
def test_a_syllable_is_as_loud_as_it_says(speaker: str, vowel: str) -> None:
    syllable = (0.0, 0.3, vowel, 0.7)
    wave = syllable_wave(syllable, speaker, RATE)
    level = np.sqrt(uniform_filter1d(wave**2, 1440, mode="constant")) / VOICE_PRESSURE
    wanted = np.sqrt(uniform_filter1d(loudness([syllable], np.arange(len(wave)) / RATE) ** 2, 1440, mode="constant"))
    assert len(wave) == 0.3 * RATE
    assert np.corrcoef(level, wanted)[0, 1] > 0.985
    middle = slice(int(0.09 * RATE), int(0.19 * RATE))
    assert level[middle].mean() == pytest.approx(0.7, rel=0.05)
    assert np.abs(wave[0]) < 1e-6
    assert np.abs(wave[-1]) < 1e-2


def pitch_of(wave: np.ndarray) -> float:
    """Hz, by the best match of the wave with itself, between 60 and 500 Hz, after the formants are whitened away."""
    middle = wave[int(0.1 * RATE) : int(0.2 * RATE)]
    match = np.correlate(middle, middle, "full")[len(middle) - 1 :]
    low, high = RATE // 500, RATE // 60
    return RATE / (low + int(np.argmax(match[low:high] / (len(middle) - np.arange(low, high)))))


@pytest.mark.parametrize("speaker", VOICES)
def test_each_voice_has_its_pitch(speaker: str) -> None:
    heard = [pitch_of(syllable_wave((0.0, 0.3, vowel, 1.0), speaker, RATE)) for vowel in VOWELS]
    assert np.median(heard) == pytest.approx(VOICES[speaker].pitch, rel=0.08)


def formants_of(wave: np.ndarray, order: int) -> list[float]:
    """Hz: poles of a linear predictor of the middle of a syllable at 10 kHz, those that are sharp enough."""
    slow = wave[int(0.08 * RATE) : int(0.22 * RATE)]
    slow = np.fft.irfft(np.fft.rfft(slow)[: len(slow) * 5 // 48 + 1], len(slow) * 10 // 48)
    flat = lfilter([1, -0.95], [1], slow) * np.hanning(len(slow))
    match = np.correlate(flat, flat, "full")[len(flat) - 1 :][: order + 1]
    table = match[np.abs(np.subtract.outer(np.arange(order), np.arange(order)))]
    roots = np.roots([1, *-np.linalg.solve(table, match[1:])])
    sharp = roots[(roots.imag > 0) & (-np.log(np.abs(roots)) * 10_000 / np.pi < 500)]
    return sorted(float(f) for f in np.angle(sharp) * 10_000 / (2 * np.pi) if f > 150)


@pytest.mark.parametrize("vowel", VOWELS)
def test_a_low_voice_has_the_vowels_two_formants(vowel: str) -> None:
    """For one with a high voice its partials stand too far apart for a predictor to see between them."""
    found = formants_of(syllable_wave((0.0, 0.3, vowel, 1.0), "low", RATE), 12)
    for formant in VOICES["low"].formants[vowel][:2]:
        assert min(abs(f / formant - 1) for f in found) < 0.15, (vowel, formant, found)


def test_the_same_syllable_is_the_same_bytes_and_another_seed_another_breath() -> None:
    first, again, other = (syllable_wave((0.0, 0.2, "a", 1.0), "middle", RATE, (seed,)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_loudness_is_zero_outside_and_never_above_the_syllables_own() -> None:
    said = [(0.2, 0.2, "a", 0.9), (0.5, 0.05, "e", 0.4), (0.7, 0.3, "i", 1.0)]
    times = np.linspace(0, 1.2, 2401)
    level = loudness(said, times)
    for start, length, _, loud in said:
        inside = (times > start) & (times < start + length)
        assert level[inside].max() == pytest.approx(loud, rel=0.01)
        assert (level[inside] > 0).all()
    outside = np.all([(times <= start) | (times >= start + length) for start, length, _, _ in said], axis=0)
    assert level[outside].max() < 1e-12


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_other_rates_say_the_same(rate: int) -> None:
    wave = syllable_wave((0.0, 0.25, "o", 0.8), "low", rate)
    assert len(wave) == round(0.25 * rate)
    middle = wave[int(0.09 * rate) : int(0.15 * rate)]
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.8 * VOICE_PRESSURE, rel=0.1)

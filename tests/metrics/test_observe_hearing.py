"""What is heard besides onsets: rings, rooms, sides, tones, voices, and the recording's own health."""

from __future__ import annotations

import numpy as np
import pytest

from kinema.metrics.observation import HEARD_RATE, Observation
from kinema.metrics.observe.hearing import hear
from kinema.metrics.observe.hygiene import hygiene
from kinema.metrics.observe.record import from_json, to_json

RATE = 48_000
T = np.arange(2 * RATE) / RATE


def struck(at: float, *partials: tuple[float, float], level: float = 0.3) -> np.ndarray:
    """A blow at ``at`` s whose partials are (Hz, T60 in s)."""
    since = np.maximum(T - at, 0)
    waves = [np.exp(-6.908 * since / t60) * np.sin(2 * np.pi * hz * since) for hz, t60 in partials]
    return np.where(at <= T, level * np.sum(waves, axis=0), 0.0)


def crack(*times: float, t60: float = 0.02, seed: int = 0) -> np.ndarray:
    """Short bursts of noise, each another."""
    grain = 0.3 * np.random.default_rng(seed).standard_normal(len(T))
    return np.asarray(grain * sum(np.where(at <= T, np.exp(-6.908 * np.maximum(T - at, 0) / t60), 0.0) for at in times))


def answered(sound: np.ndarray, seconds: float) -> np.ndarray:
    """The sound in a room of exponential noise that falls by 60 dB in ``seconds``."""
    grain = np.random.default_rng(1).standard_normal(len(T)) * np.exp(-6.908 * T / seconds)
    length = 2 * len(T)
    return sound + 0.05 * np.fft.irfft(np.fft.rfft(sound, length) * np.fft.rfft(grain, length), length)[: len(T)]


def stereo(left: np.ndarray, right: np.ndarray | None = None) -> np.ndarray:
    return np.stack([left, left if right is None else right]).astype(np.float32)


def test_partials_are_found_with_their_decay() -> None:
    (onset,) = hear(stereo(struck(0.4, (620.0, 0.5), (1730.0, 0.2))), RATE)["onsets"]
    found = {round(ring.frequency, -1): ring.t60 for ring in onset.rings[:2]}
    assert found == {620.0: pytest.approx(0.5, rel=0.1), 1730.0: pytest.approx(0.2, rel=0.1)}


def test_octaves_say_where_the_energy_is() -> None:
    (onset,) = hear(stereo(struck(0.4, (2000.0, 0.3))), RATE)["onsets"]
    assert int(np.argmax(onset.bands_db)) == 4
    quieter = hear(0.1 * stereo(struck(0.4, (2000.0, 0.3))), RATE)["onsets"][0]
    assert np.subtract(onset.bands_db, quieter.bands_db)[4] == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize("lead", [-20, 0, 13, 25])
def test_the_ear_that_hears_first_and_louder_is_the_near_one(lead: int) -> None:
    noise = crack(0.4, t60=0.1)
    (onset, *_) = hear(stereo(noise, 0.5 * np.roll(noise, lead)), RATE)["onsets"]
    assert onset.lead_s * RATE == pytest.approx(lead, abs=0.3) and onset.side_db == pytest.approx(6, abs=1.5)


@pytest.mark.parametrize("seconds", [0.3, 0.8, 2.0])
def test_decay_time_of_a_room(seconds: float) -> None:
    room = hear(stereo(answered(crack(0.3, 1.1, t60=0.005), seconds)), RATE)["room"]
    assert room["decay_s"] == pytest.approx(seconds, rel=0.12)


@pytest.mark.parametrize("delay", [0.004, 0.011, 0.03])
def test_the_first_reflection(delay: float) -> None:
    dry = crack(0.3, 0.9, 1.4, t60=0.01)
    later = round(delay * RATE)
    room = hear(stereo(dry + 0.5 * np.roll(dry, later)), RATE)["room"]
    assert room["early_ms"] == pytest.approx(1000 * delay, abs=0.05) and room["early_db"] == pytest.approx(-6, abs=3)
    assert "early_ms" not in hear(stereo(dry), RATE)["room"]


@pytest.mark.parametrize("hertz", [110.0, 440.0, 973.0])
def test_pitch_of_a_tone_to_a_thousandth(hertz: float) -> None:
    tone = sum(np.sin(2 * np.pi * k * hertz * T) / k for k in range(1, 8))
    heard = hear(0.1 * stereo(tone, 0.5 * tone), RATE)["heard"]
    middle = slice(10, -10)
    assert heard.pitch_hz[middle] == pytest.approx(hertz, rel=1e-3)
    assert heard.side_db[middle] == pytest.approx(6.02, abs=0.1) and heard.voice.max() < 0.2
    assert len(heard.t) == pytest.approx(2 * HEARD_RATE, abs=1)


def test_a_voice_is_told_from_a_buzzer_and_a_blow() -> None:
    from kinema.scenes.sound.voice import syllable_wave

    voice = np.zeros(len(T))
    for at in (0.3, 0.8, 1.3):
        wave = syllable_wave((at, 0.25, "a", 0.8), "middle", RATE, (3,))
        voice[round(at * RATE) : round(at * RATE) + len(wave)] += 0.05 * wave
    heard = hear(stereo(voice), RATE)["heard"]
    speaks = np.any([(heard.t > at + 0.05) & (heard.t < at + 0.2) for at in (0.3, 0.8, 1.3)], axis=0)
    assert heard.voice[speaks].mean() > 0.6
    assert heard.voice[~speaks].mean() < 0.1
    assert np.median(heard.pitch_hz[speaks]) == pytest.approx(205, rel=0.05)
    assert hear(stereo(struck(0.4, (205.0, 1.0))), RATE)["heard"].voice.mean() < 0.1


def test_far_walls_are_no_impacts() -> None:
    dry = sum(struck(at, (3000.0, 0.03), level=gain) for at, gain in ((0.2, 0.4), (0.9, 0.3), (1.4, 0.2)))
    both = dry + 0.15 * np.roll(dry, round(0.09 * RATE)) + 0.1 * np.roll(dry, round(0.17 * RATE))
    assert [round(onset.t, 2) for onset in hear(stereo(both), RATE)["onsets"]] == [0.2, 0.9, 1.4]


def test_health_of_a_recording() -> None:
    clean = 0.3 * np.sin(2 * np.pi * 997.3 * T) + 0.001 * np.random.default_rng(4).standard_normal(len(T))
    good = hygiene(stereo(clean), RATE)
    assert good["clipped"] == 0 and good["dropouts"] == 0 and abs(good["dc"]) < 1e-3 and good["correlation"] == pytest.approx(1)
    cut = hygiene(stereo(np.clip(4 * clean, -1, 1)), RATE)
    assert cut["clipped"] > 0.3 and cut["peak_db"] == pytest.approx(0)
    holes = clean.copy()
    for at in (0.4, 1.1):
        holes[round(at * RATE) :][:960] = 0
    assert hygiene(stereo(holes), RATE)["dropouts"] == pytest.approx(1.0)
    assert hygiene(stereo(clean + 0.05), RATE)["dc"] == pytest.approx(0.05, abs=0.001)
    assert hygiene(stereo(clean, -clean), RATE)["correlation"] == pytest.approx(-1)
    between = hygiene(stereo(np.hanning(len(T)) * np.sin(2 * np.pi * RATE / 4 * T + np.pi / 4)), RATE)  # no sample falls on a crest
    assert between["true_peak_db"] - between["peak_db"] == pytest.approx(3.01, abs=0.2)


def test_what_dies_away_by_itself_is_no_gap_and_a_soft_clip_has_gaps_too() -> None:
    blows = sum(struck(at, (3000.0, 0.006), level=0.4) for at in (0.2, 0.35, 0.5, 0.65))
    as_stored = np.round(32767 * blows) / 32768
    offset = np.round(32767 * (blows + 0.05)) / 32768
    assert hygiene(stereo(as_stored), RATE)["dropouts"] == hygiene(stereo(offset), RATE)["dropouts"] == 0
    assert hygiene(stereo(offset), RATE)["bandwidth_hz"] == hygiene(stereo(as_stored), RATE)["bandwidth_hz"]
    soft = 0.003 * np.sin(2 * np.pi * 440 * T)
    soft[round(0.4 * RATE) :][:960] = 0
    assert hygiene(stereo(soft), RATE)["dropouts"] == pytest.approx(0.5)


@pytest.mark.parametrize("top", [3000.0, 8000.0])
def test_bandwidth(top: float) -> None:
    spectrum = np.fft.rfft(np.random.default_rng(5).standard_normal(len(T)))
    spectrum[np.fft.rfftfreq(len(T), 1 / RATE) > top] = 0
    assert hygiene(stereo(0.05 * np.fft.irfft(spectrum)), RATE)["bandwidth_hz"] == pytest.approx(top, rel=0.1)


ODD = {
    "one sample": (np.ones((1, 1)), 48_000),
    "none": (np.zeros((0, 0)), 48_000),
    "no channel": (np.zeros((0, 500)), 48_000),
    "silence": (np.zeros((2, 48_000)), 48_000),
    "seven channels": (0.1 * np.random.default_rng(0).standard_normal((7, 48_000)), 48_000),
    "telephone": (0.1 * np.random.default_rng(1).standard_normal((1, 8_000)), 8_000),
    "no numbers": (np.full((2, 9_600), np.nan), 48_000),
    "infinite": (np.full((2, 9_600), np.inf), 48_000),
    "huge": (1e30 * np.random.default_rng(2).standard_normal((2, 9_600)), 48_000),
    "slow": (0.1 * np.random.default_rng(3).standard_normal((1, 3_000)), 1_000),
    "fast": (0.1 * np.random.default_rng(4).standard_normal((2, 40_000)), 192_000),
    "no rate": (np.ones((1, 4_800)), 0),
}


@pytest.mark.parametrize("name", list(ODD))
def test_odd_sound_is_heard_without_complaint(name: str) -> None:
    with np.errstate(all="raise", under="ignore"):
        found = hear(ODD[name][0].astype(np.float32), ODD[name][1])
    written = to_json(from_json(to_json(Observation(**found))))
    assert "nan" not in repr(written).lower() and "inf" not in repr(written).replace("info", "").lower()


def test_a_long_sound_is_heard_in_chunks() -> None:
    rate, seconds = 8_000, 70
    t = np.arange(seconds * rate) / rate
    times = np.arange(1.0, seconds - 1, 3.1)
    sound = np.zeros(len(t))
    for at in times:
        first = round(at * rate)
        sound[first : first + 800] += 0.3 * np.exp(-np.arange(800) / 100) * np.cos(np.arange(800))
    found = hear(sound[None].astype(np.float32), rate)
    assert [onset.t for onset in found["onsets"]] == pytest.approx(times.tolist(), abs=0.002)
    assert len(found["heard"].level_db) == pytest.approx(seconds * HEARD_RATE, abs=2)

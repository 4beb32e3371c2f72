from __future__ import annotations

import itertools

import numpy as np
import pytest

from kinema.metrics.observe.onsets import find_onsets


def hits(
    times: list[float], *, rate: int = 48_000, seconds: float = 2.0, pitch: float = 2500.0, decay: float = 0.05, noise: float = 1e-4
) -> np.ndarray:
    rng = np.random.default_rng(0)
    sound = noise * rng.standard_normal(round(seconds * rate))
    for k, t in enumerate(times):
        since = np.arange(len(sound)) / rate - t
        sound += np.where(since >= 0, 0.5 * 0.8**k * np.exp(-np.maximum(since, 0) / decay) * np.cos(2 * np.pi * pitch * since), 0)
    return sound.astype(np.float32)


@pytest.mark.parametrize(("rate", "pitch"), [(48_000, 2500.0), (16_000, 2500.0), (44_100, 300.0), (16_000, 150.0)])
def test_hits_are_timed_to_a_millisecond(rate: int, pitch: float) -> None:
    times = [0.2501, 0.8007, 1.2013, 1.45]
    found = find_onsets(hits(times, rate=rate, pitch=pitch)[None], rate)
    assert [round(o.t, 3) for o in found] == pytest.approx(times, abs=0.0015)
    assert all(a.level_db > b.level_db for a, b in itertools.pairwise(found)) and min(o.confidence for o in found) > 0.5


def test_silence_and_nothing_have_no_onsets() -> None:
    assert find_onsets(np.zeros((2, 96_000), np.float32), 48_000) == ()
    assert find_onsets(np.zeros((0, 0), np.float32), 48_000) == ()
    assert find_onsets((1e-5 * np.random.default_rng(0).standard_normal((1, 96_000))).astype(np.float32), 48_000) == ()


def test_steady_sounds_have_no_onsets() -> None:
    t = np.arange(96_000) / 48_000
    hum = 0.2 * np.sin(2 * np.pi * 50 * t) + 0.05 * np.sin(2 * np.pi * 440 * t)
    hiss = 0.05 * np.random.default_rng(1).standard_normal(96_000)
    assert [o for o in find_onsets(hum[None].astype(np.float32), 48_000) if o.t > 0.01] == []
    assert [o for o in find_onsets(hiss[None].astype(np.float32), 48_000) if o.t > 0.01] == []


@pytest.mark.parametrize("delay", [0.003, 0.008, 0.02])
def test_a_reflection_is_no_second_onset(delay: float) -> None:
    dry = hits([0.5], decay=0.004)
    echo = np.zeros_like(dry)
    echo[round(delay * 48_000) :] = 0.6 * dry[: -round(delay * 48_000)]
    found = find_onsets((dry + echo)[None], 48_000)
    assert len(found) == 1 and found[0].t == pytest.approx(0.5, abs=0.001)


def test_gain_and_channels_do_not_matter() -> None:
    sound = hits([0.3, 0.9])
    both = np.stack([sound, 0.3 * sound])
    reference = [o.t for o in find_onsets(sound[None], 48_000)]
    assert [o.t for o in find_onsets(both, 48_000)] == pytest.approx(reference, abs=2e-4)
    assert [o.t for o in find_onsets(0.1 * sound[None], 48_000)] == pytest.approx(reference, abs=2e-4)


def test_channels_that_cancel_are_still_heard() -> None:
    sound = hits([0.4])
    assert len(find_onsets(np.stack([sound, -sound]), 48_000)) == 1

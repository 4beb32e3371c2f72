from __future__ import annotations

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from drawn import Ball, bounce, draw

from kinema.errors import SchemaTooNew
from kinema.files import dumps
from kinema.metrics.observation import Observation
from kinema.metrics.observe import observe
from kinema.metrics.observe.picture import picture_numbers
from kinema.metrics.observe.record import from_json, to_json
from kinema.scenes.clip import Clip


def path(t: np.ndarray) -> np.ndarray:
    return np.stack([64 + 10 * t, 100 - bounce(60, 400, 0.7, t, 0.1)[0]], axis=1)


@pytest.fixture(scope="module")
def clip() -> Clip:
    rng = np.random.default_rng(0)
    sound = 1e-4 * rng.standard_normal((2, 96_000))
    sound[:, 31_000:34_000] += 0.3 * np.exp(-np.arange(3000) / 500) * rng.standard_normal(3000)
    return draw([Ball(path)], sound=sound.astype(np.float32))


@pytest.fixture(scope="module")
def seen(clip: Clip) -> Observation:
    return observe(clip)


def test_what_was_written_reads_back_exactly(seen: Observation) -> None:
    text = dumps(to_json(seen))
    again = from_json(json.loads(text))
    assert dumps(to_json(again)) == text and "NaN" not in text
    assert again.contacts == seen.contacts and again.onsets == seen.onsets and again.picture == seen.picture
    for name in ("frame", "t", "x", "y", "size", "confidence"):
        assert np.array_equal(getattr(again.tracks[0], name), getattr(seen.tracks[0], name))
    assert again.tracks[0].colours == seen.tracks[0].colours and np.array_equal(again.counts, seen.counts)


def test_the_record_has_the_agreed_shape(seen: Observation) -> None:
    value = to_json(seen)
    assert value["schema"] == 1 and value["tracks"][0]["frames"][0].keys() >= {"i", "t", "x", "y", "size", "confidence"}
    assert value["contacts"][0]["bodies"] == [0, "floor"] and value["onsets"][0].keys() >= {"t", "level_db"}
    assert {"camera", "room", "counts", "times", "picture", "sound", "width", "height"} <= value.keys()


def test_newer_records_are_refused() -> None:
    with pytest.raises(SchemaTooNew):
        from_json({"schema": 2})


def test_an_empty_observation_reads_back() -> None:
    assert from_json(to_json(Observation())).tracks == ()


def test_blur_widens_the_edges_far_more_than_noise_does(clip: Clip, seen: Observation) -> None:
    widths = []
    for sigma in (0.0, 1.0, 2.0, 3.0):
        frames = clip.frames if sigma == 0 else np.stack([cv2.GaussianBlur(f, (0, 0), sigma) for f in clip.frames])
        widths.append(picture_numbers(frames, seen.tracks)["sharpness"])
    assert widths[0] < widths[1] < widths[2] < widths[3] and widths[3] > 2.5 * widths[0]
    noisy = draw([Ball(path)], noise=2.0, seed=5)
    assert picture_numbers(noisy.frames, seen.tracks)["sharpness"] == pytest.approx(widths[0], rel=0.2)


def test_flicker_grows_with_flicker_and_not_with_repeats(clip: Clip) -> None:
    rng = np.random.default_rng(2)

    def shaken(dose: float) -> np.ndarray:
        light = dose * rng.standard_normal((len(clip.frames), 1, 1, 1))
        return np.clip(clip.frames + light, 0, 255).astype(np.uint8)

    doses = [picture_numbers(shaken(dose), ())["flicker"] for dose in (0.0, 2.0, 5.0, 10.0)]
    assert doses == sorted(doses) and doses[3] > 5 * doses[0]
    doubled = picture_numbers(np.repeat(clip.frames, 2, axis=0), ())["flicker"]
    assert doubled == pytest.approx(picture_numbers(clip.frames[:32], ())["flicker"], rel=0.2)


def test_the_size_of_the_picture_does_not_matter_to_sharpness() -> None:
    widths = []
    for size in (128, 256):
        clip = draw([Ball(path)], size=size)
        soft = np.stack([cv2.GaussianBlur(f, (0, 0), size / 64) for f in clip.frames])
        widths.append(observe(Clip(soft, clip.times, clip.sound)).picture["sharpness"])
    assert widths[1] == pytest.approx(widths[0], rel=0.2)

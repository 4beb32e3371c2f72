"""Blur widens edges, noise and pumping light flicker, and neither is taken for the other."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from kinema.metrics.metric import Case, Scored, Unscored
from kinema.metrics.observation import Observation
from kinema.metrics.observe import observe
from kinema.metrics.realism import flicker, sharpness
from kinema.metrics.realism_sound import dropouts, true_peak
from kinema.scenes.clip import Clip

CASE = Case.outside("a ball moves")


def film(size: int = 128) -> Clip:
    """A red disc that crosses a wall with a pattern."""
    y, x = np.mgrid[:size, :size] * (128 / size)
    wall = 150 + 30 * np.sin(x / 9) * np.sin(y / 7)
    frames = []
    for i in range(24):
        inside = np.clip(10.5 - np.hypot(x - 24 - 3.3 * i, y - 64), 0, 1)[..., None]
        frames.append(wall[..., None] * (1 - inside) + np.array([206.0, 38, 38]) * inside)
    return Clip(np.round(frames).astype(np.uint8), np.arange(24) / 24, np.zeros((0, 0), np.float32))


def value(metric: object, clip: Clip) -> float:
    answer = metric(observe(clip), CASE)  # type: ignore[operator]
    assert isinstance(answer, Scored)
    return answer.value


def with_noise(clip: Clip, sd: float) -> Clip:
    """The light of the lamp pumps by ``sd`` grey levels from frame to frame."""
    pump = np.random.default_rng(1).normal(0, sd, (len(clip.frames), 1, 1, 1))
    return replace(clip, frames=np.clip(np.round(clip.frames + pump), 0, 255).astype(np.uint8))


def blurred(clip: Clip, sigma: float) -> Clip:
    return replace(clip, frames=np.stack([cv2.GaussianBlur(f, (0, 0), sigma) for f in clip.frames]))


def test_more_blur_is_less_sharp() -> None:
    widths = [value(sharpness, film())] + [value(sharpness, blurred(film(), s)) for s in (1, 2, 3)]
    assert widths == sorted(widths)
    assert widths[3] > 2.5 * widths[0]


def test_more_pumping_is_more_flicker() -> None:
    values = [value(flicker, with_noise(film(), sd)) for sd in (0, 1, 3, 9)]
    assert values == sorted(values)
    assert values[0] < 0.2
    assert values[3] > 2


def test_blur_does_not_flicker_and_flicker_does_not_blur() -> None:
    assert value(flicker, blurred(film(), 3)) == pytest.approx(value(flicker, film()), abs=0.2)
    assert value(sharpness, with_noise(film(), 3)) == pytest.approx(value(sharpness, film()), rel=0.2)


def test_resolution_does_not_matter_much() -> None:
    assert value(sharpness, film(256)) < value(sharpness, film(128))  # a finer picture is sharper in its own height
    assert value(sharpness, blurred(film(256), 6)) == pytest.approx(value(sharpness, blurred(film(128), 3)), rel=0.25)


def test_without_picture_there_is_nothing_to_say() -> None:
    assert isinstance(flicker(Observation(), CASE), Unscored)
    assert isinstance(sharpness(Observation(), CASE), Unscored)


def test_only_what_peaks_above_the_limit_is_too_loud() -> None:
    values = [true_peak(Observation(sound={"true_peak_db": peak}), CASE) for peak in (-40.0, -1.0, -0.5, 0.3, 9.0)]
    assert [round(one.value, 6) for one in values if isinstance(one, Scored)] == [0.0, 0.0, 0.5, 1.3, 3.0]
    assert isinstance(true_peak(Observation(), CASE), Unscored)


def test_gaps_are_counted_and_silence_is_none_where_it_may_be() -> None:
    assert dropouts(Observation(sound={"dropouts": 2.5}), CASE).value == 2.5  # type: ignore[union-attr]
    assert isinstance(dropouts(Observation(), CASE), Unscored)

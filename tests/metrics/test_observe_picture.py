from __future__ import annotations

import cv2
import numpy as np
import pytest

from kinema.metrics.observation import View
from kinema.metrics.observe.picture import picture_numbers


def still(size: int = 128, count: int = 24) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] / size
    picture = np.stack([90 + 60 * x, 110 + 50 * y, 120 + 0 * x], axis=-1)
    picture[size // 2 : size // 2 + 6] -= 40
    return np.repeat(picture[None], count, axis=0)


def level(frames: np.ndarray) -> np.ndarray:
    return np.clip(np.round(frames), 0, 255).astype(np.uint8)


def noisy(dose: float) -> np.ndarray:
    rng = np.random.default_rng(2)
    return level(still() + dose * rng.standard_normal(still().shape))


def flickering(dose: float) -> np.ndarray:
    gain = 1 + dose / 100 * np.clip(np.random.default_rng(2).standard_normal(24), -2, 2)
    return level(still() * gain[:, None, None, None])


def test_flicker_and_noise_follow_their_doses_and_leave_each_other_alone() -> None:
    noise = [picture_numbers(noisy(dose), ()) for dose in (0, 2, 5, 12)]
    flicker = [picture_numbers(flickering(dose), ()) for dose in (0, 2, 5, 12)]
    assert [n["noise"] for n in noise] == sorted(n["noise"] for n in noise) and noise[0]["noise"] == 0
    assert [n["flicker"] for n in flicker] == sorted(n["flicker"] for n in flicker) and flicker[0]["flicker"] == 0
    assert noise[-1]["flicker"] < 0.05 * flicker[-1]["flicker"]
    assert flicker[-1]["noise"] < 0.05 * noise[-1]["noise"]


def test_a_repeated_frame_is_no_stillness() -> None:
    frames = flickering(5)
    assert picture_numbers(np.repeat(frames, 2, axis=0)[:48], ())["flicker"] == pytest.approx(
        picture_numbers(frames, ())["flicker"], rel=0.2
    )


@pytest.mark.parametrize("rate", [0.0, 0.004])
def test_what_moves_with_the_camera_does_not_flicker(rate: float) -> None:
    rng = np.random.default_rng(5)
    wall = cv2.GaussianBlur(rng.normal(120, 60, (260, 260, 3)).astype(np.float32), (0, 0), 2.0)
    step = np.arange(24)
    scale, shift = np.exp(rate * step), 1.7 * step
    frames = [
        cv2.warpAffine(wall, np.array([[s, 0, 40 + x], [0, s, 40.0]]), (128, 128), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
        for s, x in zip(scale, shift, strict=True)
    ]

    view = View(x=shift, y=0 * shift, scale=scale, roll=0 * shift, stray=0 * shift, confidence=1 + 0 * shift)
    blind, seeing = (picture_numbers(level(np.stack(frames)), (), v) for v in (None, view))
    assert seeing["flicker"] < 0.1 * blind["flicker"] and seeing["noise"] < 0.2 * blind["noise"]


@pytest.mark.parametrize("shape", [(1, 64, 64), (2, 1, 1), (3, 7, 200)])
def test_small_pictures_have_numbers_too(shape: tuple[int, ...]) -> None:
    assert all(np.isfinite(v) for v in picture_numbers(np.zeros((*shape, 3), np.uint8), ()).values())

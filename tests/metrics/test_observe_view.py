from __future__ import annotations

import cv2
import numpy as np
import pytest

from kinema.metrics.observation import View
from kinema.metrics.observe.view import camera_numbers, find_view, scaled
from kinema.scenes.render import render
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.world import truth_of

FRAMES = 48
TIMES = np.arange(FRAMES) / 24


def wall(size: int = 400) -> np.ndarray:
    """Planks and joints, and a little noise."""
    rng = np.random.default_rng(4)
    picture = np.full((size, size, 3), 150.0)
    for k in range(0, size, 37):
        picture[:, k : k + 3] -= 35
        picture[(k * 7) % size : (k * 7) % size + 3, :] -= 25
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


def filmed(scale: np.ndarray, x: np.ndarray, y: np.ndarray, *, ball: bool = True, size: int = 128) -> np.ndarray:
    """Frames of the wall, frame i showing ``first = scale p + (x, y)``, with a ball that flies before it."""
    big, corner = wall(), 130.0
    rng = np.random.default_rng(1)
    out = []
    for i in range(len(scale)):
        table = np.array([[scale[i], 0, corner + x[i]], [0, scale[i], corner + y[i]]], np.float32)
        frame = cv2.warpAffine(big, table, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        if ball:
            cv2.circle(frame, (20 + 2 * i, int(100 - 80 * np.sin(np.pi * i / len(scale)))), 11, (200, 40, 30), -1, cv2.LINE_AA)
        out.append(np.clip(frame + rng.normal(0, 1.5, frame.shape), 0, 255).astype(np.uint8))
    return np.stack(out)


def stands(value: float = 0.0) -> np.ndarray:
    return np.full(FRAMES, value)


def test_a_still_camera_is_still_whatever_moves_before_it_and_however_the_light_flickers() -> None:
    frames = filmed(stands(1.0), stands(), stands())
    assert find_view(frames) is None
    light = 1 + 0.08 * np.sin(np.arange(FRAMES) * 2.1)
    assert find_view(np.clip(frames * light[:, None, None, None], 0, 255).astype(np.uint8)) is None


@pytest.mark.parametrize(("right", "down"), [(20.0, 0.0), (-20.0, 0.0), (0.0, 12.0), (9.0, -9.0)])
def test_a_pan_is_followed_to_a_pixel(right: float, down: float) -> None:
    view = find_view(filmed(stands(1.0), right * TIMES, down * TIMES))
    assert view is not None
    assert np.abs(view.x - right * TIMES).max() < 0.7 and np.abs(view.y - down * TIMES).max() < 0.7
    numbers = camera_numbers(view, TIMES, 128, 128)
    assert numbers["pan_x"] == pytest.approx(right, abs=0.5) and numbers["pan_y"] == pytest.approx(down, abs=0.5)


@pytest.mark.parametrize("rate", [0.1, -0.1])
def test_a_zoom_is_a_change_of_scale(rate: float) -> None:
    scale = np.exp(-rate * TIMES)
    view = find_view(filmed(scale, 64 * (1 - scale), 64 * (1 - scale)))
    assert view is not None and np.abs(view.scale - scale).max() < 0.01
    assert camera_numbers(view, TIMES, 128, 128)["zoom"] == pytest.approx(rate, abs=0.01)


def test_a_view_of_a_small_picture_serves_a_large_one() -> None:
    view = View(x=np.ones(2), y=np.ones(2), scale=np.ones(2), roll=np.zeros(2), stray=np.ones(2), confidence=np.ones(2))
    large = scaled(view, 3.0)
    assert large is not None and large.x[0] == 3 and large.scale[0] == 1 and scaled(None, 2.0) is None


@pytest.mark.parametrize("shape", [(1, 64, 64), (40, 4, 4), (20, 8, 300), (3, 64, 64)])
def test_what_shows_nothing_has_no_view(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    assert find_view(np.zeros((*shape, 3), np.uint8)) is None
    assert find_view(rng.integers(0, 255, (*shape, 3), dtype=np.uint8)) is None


def test_noise_alone_is_no_camera() -> None:
    assert find_view(np.random.default_rng(3).integers(0, 255, (40, 96, 96, 3), dtype=np.uint8)) is None


def test_a_moving_background_is_the_same_canvas_for_every_frame_without_the_ball() -> None:
    from kinema.metrics.observe.background import find_background

    frames, empty = (filmed(stands(1.0), 20 * TIMES, stands(), ball=ball) for ball in (True, False))
    view = find_view(frames)
    background = find_background(frames, view)
    for i in (0, 20, 47):
        still = background.at(i)
        off = np.abs(still.image - empty[i].astype(float)).max(axis=2)
        assert np.mean(off > still.tolerance) < 0.02
        ball = np.abs(frames[i].astype(float) - empty[i].astype(float)).max(axis=2) > 60
        assert np.mean(np.abs(frames[i].astype(float) - still.image).max(axis=2)[ball] > still.tolerance[ball]) > 0.8


@pytest.mark.render
@pytest.mark.parametrize("scene", ["collision@1/seed=1", "backspin@1/seed=37"])
def test_balls_on_a_plain_floor_are_no_pan(scene: str) -> None:
    """Two balls that roll past a wall without edges: all that moves sideways is theirs."""
    made = scene_from_id(scene).take(3)
    frames = render(truth_of(made, 2.0), Request(prompt=made.prompt, seconds=2.0, width=128, height=128))
    assert find_view(frames, 24.0) is None

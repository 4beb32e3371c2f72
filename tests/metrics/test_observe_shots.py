from __future__ import annotations

import cv2
import numpy as np
import pytest

from kinema.metrics.observe.held import fresh_frames
from kinema.metrics.observe.observer import see
from kinema.metrics.observe.shots import shots_of
from kinema.scenes.clip import Clip

TIMES = np.arange(48) / 24


def room(seed: int, light: float = 1.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(40, 200, (4, 4, 3)).astype(np.float32)
    return np.clip(cv2.resize(coarse, (96, 96), interpolation=cv2.INTER_CUBIC) * light, 0, 255)


def clip(picture: np.ndarray, *, step: float = 1.5) -> np.ndarray:
    """A ball that moves evenly."""
    frames = np.repeat(picture[None].astype(np.uint8), 48, axis=0)
    for i, frame in enumerate(frames):
        cv2.circle(frame, (round(16 * (12 + step * i)), 16 * 60), 16 * 9, (220, 30, 30), -1, cv2.LINE_AA, 4)
    return frames


def test_an_even_clip_of_one_shot() -> None:
    cuts, timing = shots_of(clip(room(1)), TIMES)
    assert cuts == () and timing["duplicates"] == 0 and timing["rate"] == pytest.approx(24)
    assert timing["pace"] < 0.1 and timing["uneven"] == 0


def test_a_cut_is_found_and_a_flash_a_light_and_a_fast_pan_are_none() -> None:
    one, two = clip(room(1)), clip(room(2))
    assert shots_of(np.concatenate([one[:20], two[20:]]), TIMES)[0] == (TIMES[20],)
    flash = one.copy()
    flash[20:22] = 255
    lamp = np.concatenate([one[:20], clip(room(1, 1.3))[20:]])
    wide = np.concatenate([room(k) for k in range(1, 30)], axis=1).astype(np.uint8)
    pan = np.stack([wide[:, 40 * i : 40 * i + 96] for i in range(48)])
    assert shots_of(flash, TIMES)[0] == shots_of(lamp, TIMES)[0] == shots_of(pan, TIMES)[0] == ()


@pytest.mark.parametrize(("every", "share"), [(2, 0.5), (3, 1 / 3), (5, 0.2)])
def test_repeated_frames_are_counted(every: int, share: float) -> None:
    order = np.arange(48) - (np.arange(48) + 1) // every if every > 2 else np.arange(48) // 2
    timing = shots_of(clip(room(1))[np.clip(order, 0, 47)], TIMES)[1]
    assert timing["duplicates"] == pytest.approx(share, abs=0.06)
    assert timing["rate"] == pytest.approx(24 * (1 - share), abs=2.0)


def test_what_rests_is_no_repetition() -> None:
    frames = clip(room(1))
    frames[20:] = frames[20]
    assert shots_of(frames, TIMES)[1]["duplicates"] == 0


def test_a_jerky_motion_and_uneven_times_show() -> None:
    frames = clip(room(1), step=1.0)
    jerky = frames[np.cumsum(np.tile([0, 2, 1], 16))[:48] % 48]
    order = np.clip(np.cumsum(np.where(np.arange(24) % 2, 3, 1)), 0, 47)
    assert shots_of(frames[order], TIMES[:24])[1]["pace"] > 0.5
    assert shots_of(jerky, TIMES)[1]["duplicates"] > 0.2
    assert shots_of(frames, np.sort(TIMES + np.where(np.arange(48) % 4, 0.0, 0.01)))[1]["uneven"] > 0.2


@pytest.mark.parametrize("shape", [(0, 8, 8), (1, 8, 8), (2, 1, 1), (5, 3, 200)])
def test_nothing_to_see(shape: tuple[int, ...]) -> None:
    cuts, timing = shots_of(np.zeros((*shape, 3), np.uint8), np.arange(shape[0]) / 24)
    assert cuts == () and all(np.isfinite(v) for v in timing.values())


def test_a_clip_from_a_lower_rate_is_measured_in_its_fresh_frames_alone() -> None:
    number = np.arange(48)
    slowing = 3.0 * np.abs(np.cos(np.pi * number[1:] / 24))  # a swing, which slows down before it turns
    assert fresh_frames(slowing).tolist() == number.tolist()
    converted = np.where(number[1:] % 3 == 2, 0.01, slowing + 0.2)
    assert fresh_frames(converted).tolist() == [k for k in range(48) if k % 3 != 2]
    rests = np.where((number[1:] > 20) & (number[1:] < 24), 0.0, 1.0)  # one pause is no conversion
    assert len(fresh_frames(rests)) == 48


def test_a_ball_is_followed_alike_in_a_clip_that_shows_every_third_frame_twice() -> None:
    frames = clip(np.full((96, 96, 3), 190.0), step=1.0)
    held = frames.copy()
    held[2::3] = held[1:-1:3]
    seen = [see(Clip(one, np.arange(48) / 24, np.zeros((1, 100), np.float32), 48_000)) for one in (frames, held)]
    plain, again = (one["tracks"][0] for one in seen)
    assert not set(again.frame.tolist()) & set(range(2, 47, 3))
    same = np.searchsorted(plain.frame, again.frame)
    assert np.abs(plain.x[same] - again.x).max() < 0.2
    assert len(seen[1]["counts"]) == 48
    assert (seen[1]["counts"] == seen[0]["counts"]).all()

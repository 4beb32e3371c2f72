from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from drawn import Ball, bounce, draw

from kinema.metrics.observation import Observation, Track
from kinema.metrics.observe import Hints, observe
from kinema.metrics.observe.background import find_background
from kinema.metrics.observe.colour import name_of
from kinema.metrics.observe.segment import blobs_in
from kinema.scenes.clip import Clip, read_clip, write_clip
from kinema.scenes.palette import COLOURS


def hop(t: np.ndarray) -> np.ndarray:
    """Dropped from 60 px, e = .7, drifting right."""
    return np.stack([64 + 10 * t, 100 - bounce(60, 400, 0.7, t, 0.1)[0]], axis=1)


def land_and_stay(t: np.ndarray) -> np.ndarray:
    return np.stack([64 + 0 * t, 100 - bounce(60, 400, 0.0, t, 0.1)[0]], axis=1)


def swing(t: np.ndarray) -> np.ndarray:
    angle = 0.9 * np.cos(2 * np.pi * t / 1.6)
    return np.stack([64 + 70 * np.sin(angle), 10 + 70 * np.cos(angle)], axis=1)


def striker(t: np.ndarray) -> np.ndarray:
    return np.stack([np.where(t < 1, 20 + 33 * t, 53 - 25 * (t - 1)), 100 + 0 * t], axis=1)


def struck(t: np.ndarray) -> np.ndarray:
    return np.stack([np.where(t < 1, 73 + 0 * t, 73 + 22 * (t - 1)), 100 + 0 * t], axis=1)


def error_of(track: Track, ball: Ball, clip: Clip, scale: float = 1.0) -> np.ndarray:
    return np.stack([track.x, track.y], axis=1) - scale * ball.path(clip.times)[track.frame]


def seen_as(ball: Ball, clip: Clip, seen: Observation, scale: float = 1.0) -> Track:
    return min(seen.tracks, key=lambda track: float(np.abs(error_of(track, ball, clip, scale)).mean()))


@pytest.mark.parametrize("colour", list(COLOURS))
@pytest.mark.parametrize("light", [0.45, 0.8, 1.0, 1.15])
def test_colours_keep_their_names_in_light_and_shade(colour: str, light: float) -> None:
    assert name_of(np.array(COLOURS[colour]) * light) == colour


@pytest.mark.parametrize("rgb", [(128, 128, 128), (200, 150, 120), (164, 128, 92), (230, 225, 220), (40, 190, 200), (20, 20, 20)])
def test_grey_skin_wood_white_cyan_and_black_have_no_name(rgb: tuple[int, int, int]) -> None:
    assert name_of(np.array(rgb, float)) is None


@pytest.mark.parametrize(("size", "fps", "noise", "worst"), [(128, 24.0, 1.0, 0.15), (64, 16.0, 3.0, 0.15), (256, 24.0, 1.0, 0.3)])
def test_a_bouncing_ball_is_measured_to_a_fraction_of_a_pixel(size: int, fps: float, noise: float, worst: float) -> None:
    ball = Ball(hop, colour="orange")
    clip = draw([ball], size=size, fps=fps, noise=noise)
    seen = observe(clip)
    assert len(seen.tracks) == 1 and len(seen.tracks[0].t) == len(clip.times)
    error = error_of(seen.tracks[0], ball, clip, size / 128)
    assert error.std(axis=0).max() < worst and np.abs(error.mean(axis=0)).max() < 2 * worst
    assert seen.tracks[0].diameter == pytest.approx(20 * size / 128, rel=0.03)
    assert seen.tracks[0].colour == "orange" and set(seen.counts) == {1}


def test_a_body_that_rests_most_of_the_time_is_no_background() -> None:
    ball = Ball(land_and_stay, colour="red")
    clip = draw([ball])
    empty = draw([], noise=0.0).frames[0].astype(float)
    background = find_background(clip.frames)
    under = np.hypot(*(np.mgrid[0:128, 0:128] + 0.5 - np.array([100, 64])[:, None, None])) < 9
    assert np.abs(background.image[under] - empty[under]).mean() < 25  # the body itself is over 100 away; some shadow may stay
    seen = observe(clip)
    assert len(seen.tracks[0].t) == len(clip.times)
    assert error_of(seen.tracks[0], ball, clip).std(axis=0).max() < 0.15


def test_a_rod_is_no_part_of_the_bob() -> None:
    ball = Ball(swing, colour="blue", pivot=(64, 10))
    clip = draw([ball])
    seen = observe(clip)
    assert len(seen.tracks) == 1 and error_of(seen.tracks[0], ball, clip).std(axis=0).max() < 0.15
    assert seen.tracks[0].diameter == pytest.approx(20, rel=0.03)


@pytest.mark.parametrize("colours", [("red", "yellow"), ("red", "red")])
def test_two_bodies_stay_two_when_they_touch(colours: tuple[str, str]) -> None:
    balls = [Ball(striker, colour=colours[0]), Ball(struck, colour=colours[1])]
    clip = draw(balls)
    seen = observe(clip)
    assert len(seen.tracks) == 2 and set(seen.counts) == {2}
    for ball in balls:
        track = seen_as(ball, clip, seen)
        assert len(track.t) >= 0.98 * len(clip.times) and track.colour == ball.colour
        assert np.abs(error_of(track, ball, clip)).max() < 1.0 and error_of(track, ball, clip).std(axis=0).max() < 0.2


def test_two_bodies_that_stay_together_after_meeting_stay_two() -> None:
    def left(t: np.ndarray) -> np.ndarray:
        return np.stack([20 + 33 * np.minimum(t, 0.8), 100 + 0 * t], axis=1)

    def right(t: np.ndarray) -> np.ndarray:
        return np.stack([96.4 - 37.5 * np.minimum(t, 0.8), 100 + 0 * t], axis=1)

    balls = [Ball(left, colour="green"), Ball(right, colour="purple")]
    clip = draw(balls)
    seen = observe(clip)
    assert len(seen.tracks) == 2 and (seen.counts == 2).all()
    assert all(np.abs(error_of(seen_as(ball, clip, seen), ball, clip)).max() < 1.0 for ball in balls)
    sure = [c for c in seen.contacts if c.confidence >= 0.5]
    assert len(sure) == 1 and set(sure[0].bodies) == {0, 1} and sure[0].t == pytest.approx(0.8, abs=0.02)


def test_what_a_codec_does_to_colours_does_not_change_the_size(tmp_path: Path) -> None:
    ball = Ball(hop, colour="red")
    clip = draw([ball], noise=0.0)
    write_clip(clip, tmp_path / "clip.mp4")
    read = read_clip(tmp_path / "clip.mp4")
    seen = observe(read)
    assert seen.tracks[0].diameter == pytest.approx(20, rel=0.04)
    assert error_of(seen.tracks[0], ball, read).std(axis=0).max() < 0.25


def test_what_vanishes_is_not_seen_any_more() -> None:
    clip = draw([Ball(hop, colour="green", end=2 / 3)])
    seen = observe(clip)
    gone = clip.times >= 2 / 3
    assert seen.tracks[0].t.max() < 2 / 3 and not seen.counts[gone].any() and (seen.counts[~gone] == 1).all()


def test_a_still_clip_has_no_tracks_and_no_contacts() -> None:
    clip = draw([Ball(lambda t: np.stack([64 + 0 * t, 60 + 0 * t], axis=1))])
    seen = observe(clip)
    assert seen.tracks == () and seen.contacts == () and not seen.counts.any()


def test_shadows_are_no_bodies() -> None:
    clip = draw([Ball(hop, colour="purple")], noise=0.5)
    background = find_background(clip.frames)
    assert all(len(blobs_in(frame, i, background)) == 1 for i, frame in enumerate(clip.frames))


def test_hints_choose_but_do_not_invent() -> None:
    wrong = draw([Ball(hop, colour="green")])
    seen = observe(wrong, Hints(count=2, colours=("red",)))
    assert [track.colour for track in seen.tracks] == ["green"]


def test_a_clip_of_one_frame_or_of_nothing_shows_nothing() -> None:
    one = draw([Ball(hop)], seconds=0.04)
    assert len(one.frames) == 1 and observe(one).tracks == ()


def test_the_same_clip_is_always_seen_alike() -> None:
    clip = draw([Ball(hop)])
    first, second = observe(clip), observe(clip)
    assert all(np.array_equal(a.x, b.x) for a, b in zip(first.tracks, second.tracks, strict=True))
    assert first.contacts == second.contacts and first.picture == second.picture

"""Bodies of any outline, up to a dozen, hidden in part, and what is read off them: angles, mouths, masks."""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from drawn import Ball, draw

from kinema.metrics.metric import FOLLOWED, Case
from kinema.metrics.observation import Track
from kinema.metrics.observe import Hints, observe
from kinema.metrics.observe.background import Still
from kinema.metrics.observe.masks import motion_mask
from kinema.metrics.observe.mouth import find_mouths
from kinema.metrics.observe.paint import paints_in
from kinema.metrics.observe.segment import blobs_in, body_mask
from kinema.scenes.clip import Clip
from kinema.scenes.palette import COLOURS
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.world import truth_of

FPS = 24.0


def shown(frames: np.ndarray) -> Clip:
    rng = np.random.default_rng(5)
    noisy = np.clip(frames + rng.normal(0, 1.0, frames.shape), 0, 255).astype(np.uint8)
    return Clip(noisy, np.arange(len(frames)) / FPS, np.zeros((0, 0), np.float32))


def wall(count: int, size: int = 128) -> np.ndarray:
    plain = np.full((count, size, size, 3), (176, 180, 186), np.uint8)
    plain[:, 96:] = (150, 132, 108)
    return plain


def box(frame: np.ndarray, middle: tuple[float, float], sides: tuple[float, float], angle: float, colour: str) -> None:
    """Paint a box whose long side points ``angle`` radians counter-clockwise from the right, sixteen times finer than pixels."""
    corners = cv2.boxPoints(((middle[0] * 16 - 8, middle[1] * 16 - 8), (sides[0] * 16, sides[1] * 16), -np.degrees(angle)))
    cv2.fillPoly(frame, [np.round(corners).astype(np.int32)[:, None]], COLOURS[colour], lineType=cv2.LINE_AA, shift=4)


def error(track: Track, path: np.ndarray) -> np.ndarray:
    return np.hypot(track.x - path[track.frame, 0], track.y - path[track.frame, 1])


def test_a_box_that_turns_is_measured_with_its_sides_and_its_angle() -> None:
    frames = wall(30)
    path = np.stack([20 + 2.5 * np.arange(30), 60 - 20 * np.sin(np.arange(30) / 10)], axis=1)
    for i, frame in enumerate(frames):
        box(frame, tuple(path[i]), (30, 16), 0.12 * i, "blue")
    (track,) = observe(shown(frames)).tracks
    assert error(track, path).max() < 0.7 and np.median(error(track, path)) < 0.3 and track.shape != "disc"
    assert np.median(track.long) == pytest.approx(30, abs=2.5) and np.median(track.short) == pytest.approx(16, abs=2.5)
    turned = track.angle - track.angle[0]
    assert np.abs(turned - 0.12 * track.frame).max() < 0.06  # counts on past half a turn


def test_eight_boxes_in_a_row_of_two_colours_are_eight_bodies() -> None:
    frames = wall(36)
    for i, frame in enumerate(frames):
        for k in range(8):
            lean = float(np.clip(0.12 * (i - 2 - 3 * k), 0, 0.55))
            foot = 14 + 13.0 * k
            box(frame, (foot + 13 * np.sin(lean), 95 - 13 * np.cos(lean)), (26, 5), np.pi / 2 - lean, ("green", "purple")[k % 2])
    seen = observe(shown(frames), Hints(count=8, colours=("green", "purple") * 4))
    assert len(seen.tracks) == 8 and {t.colour for t in seen.tracks} == {"green", "purple"}
    assert (np.abs(seen.counts - 8) <= 1).mean() > 0.9


def test_a_ball_half_behind_a_screen_keeps_its_middle() -> None:
    ball = Ball(lambda t: np.stack([14 + 70 * t, 70 + 0 * t], axis=1), colour="yellow")
    clip = draw([ball], seconds=1.5, noise=0.0)
    clip.frames[:, 40:96, 58:100] = (70, 74, 80)
    seen = observe(clip)
    track = seen.tracks[0]
    path = ball.path(clip.times)
    off = error(track, path)
    half = (track.visible > 0.3) & (track.visible < 0.9)
    assert half.sum() >= 3 and np.median(off[half]) < 0.6 and np.median(off) < 0.3


def test_one_more_body_raises_the_count_and_one_less_lowers_it() -> None:
    one = Ball(lambda t: np.stack([20 + 40 * t, 60 + 0 * t], axis=1), colour="red")
    two = Ball(lambda t: np.stack([100 - 30 * t, 90 + 0 * t], axis=1), colour="red", start=1.0, end=1.5)
    clip = draw([one, two])
    seen = observe(clip, Hints(count=1, colours=("red",)))
    during = (clip.times >= 1.0) & (clip.times < 1.5)
    assert (seen.counts[during] == 2).all() and (seen.counts[~during] == 1).all()


def test_paint_is_known_by_hue_and_greys_have_none() -> None:
    colours = np.array([*COLOURS.values(), (128, 128, 128), (164, 128, 92)], np.uint8)
    assert paints_in(colours[None, None]).ravel().tolist() == [1, 2, 3, 4, 5, 6, 0, 0]


def test_a_mask_of_one_column_is_no_trouble() -> None:
    from kinema.metrics.observe.background import Still

    still = Still(np.full((8, 8, 3), 100, np.float32), np.full((8, 8), 10, np.float32))
    frame = np.full((8, 8, 3), 100, np.uint8)
    frame[2:6, 3] = 200
    assert body_mask(frame, still).sum() == 4


def test_a_jaw_is_a_mouth_and_what_falls_over_is_none() -> None:
    t = np.arange(72) / FPS
    opening = np.clip(np.sin(2 * np.pi * 2.0 * t), 0, None) * (t > 0.5)

    def jaw(turn: np.ndarray) -> Track:
        angle = -0.5 * turn
        return Track(
            id=0, colour="red", frame=np.arange(72), t=t, x=60 + 30 * np.cos(angle), y=60 - 30 * np.sin(angle), size=np.full(72, 30.0),
            confidence=np.ones(72), long=np.full(72, 60.0), short=np.full(72, 15.0), angle=angle, shape="other",
        )  # fmt: skip

    (mouth,) = find_mouths([jaw(opening)])
    assert np.corrcoef(mouth.opening, opening)[0, 1] > 0.98
    assert find_mouths([jaw(np.clip(t - 0.5, 0, 1))]) == ()


def test_masks_show_the_body_and_what_has_just_moved() -> None:
    ball = Ball(lambda t: np.stack([20 + 40 * t, 60 + 0 * t], axis=1), colour="red", radius=12)
    clip = draw([ball], seconds=1.0)
    assert observe(clip).masks is None
    masks = observe(clip, Hints(masks=True)).masks
    assert masks is not None and masks.bodies.shape == masks.moving.shape == masks.small.shape[:3]
    assert masks.bodies[12].sum() == pytest.approx(np.pi * (12 * masks.bodies.shape[1] / 128) ** 2, rel=0.25)
    assert not masks.moving[0].any() and masks.moving[12].any()


def test_the_motion_mask_is_that_of_its_formula() -> None:
    frames = np.full((4, 40, 40, 3), 100, np.uint8)
    frames[2:, 10:30, 10:30] = 140  # 40 above: at once .7 of it is 28 above the average, then 19.6
    mask = motion_mask(frames)
    assert not mask[:2].any() and mask[2, 20, 20] and mask[3, 20, 20] and not mask[2, 2, 2]


def test_a_crowd_of_one_colour_is_not_followed_and_twelve_others_are() -> None:
    for name, told_apart in (("rack_break", False), ("dominoes", True), ("door", True), ("drop", True)):
        case = Case.of(truth_of(scene_from_id(f"{name}@1/seed=1"), 0.5), Request(prompt=""))
        assert (case.unfollowed == "") is told_apart
    assert FOLLOWED == 12


def test_equal_discs_that_touch_are_two_and_an_oblong_is_one() -> None:
    still = Still(wall(1)[0].astype(np.float32), np.full((128, 128), 12, np.float32))
    for pair in (True, False):
        frame = wall(1)[0]
        if pair:
            cv2.circle(frame, (45, 50), 9, COLOURS["red"], -1)
            cv2.circle(frame, (64, 50), 9, COLOURS["red"], -1)
        else:
            cv2.rectangle(frame, (36, 41), (73, 59), COLOURS["red"], -1)
        found = blobs_in(frame, 0, still, paints=paints_in(frame[None])[0])
        assert sorted(round(b.x) for b in found) == pytest.approx([45, 64] if pair else [55], abs=1)


def test_a_disc_that_goes_behind_a_screen_comes_out_as_itself() -> None:
    frames = wall(60)
    for i, frame in enumerate(frames):
        cv2.circle(frame, (12 + 2 * i - (i > 40), 84), 9, COLOURS["purple"], -1)
        frame[60:100, 52:84] = (60, 64, 70)
    (track,) = observe(shown(frames), Hints(count=1, colours=("purple",))).tracks
    assert track.frame[0] < 3 and track.frame[-1] > 52
    late = track.frame > 48
    assert np.abs(track.x[late] - (12 + 2 * track.frame[late] - 0.5)).max() < 1.5


def test_what_is_unfollowed_depends_on_the_picture() -> None:
    truth = truth_of(scene_from_id("dominoes@1/seed=22"), 1.0)
    assert Case.of(truth, Request(prompt="", seconds=1.0, width=256, height=256)).unfollowed == ""
    assert "thick" in Case.of(truth, Request(prompt="", seconds=1.0, width=64, height=64)).unfollowed

"""Every fault does what it says, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kinema.metrics import faults
from kinema.scenes.clip import Clip
from kinema.scenes.truth import Truth

ClosedForm = Callable[..., Truth]
RATE = 48_000


def clip(seconds: float = 2.0, fps: int = 24) -> Clip:
    """Noise that moves, with a click in each second."""
    rng = np.random.default_rng(2)
    frames = rng.integers(0, 255, (round(seconds * fps), 32, 32, 3), dtype=np.uint8)
    sound = np.zeros((2, round(seconds * RATE)), np.float32)
    sound[:, RATE // 2 :: RATE] = 0.5
    return Clip(frames, np.arange(len(frames)) / fps, sound, RATE)


@pytest.mark.parametrize("family", ["drop", "projectile", "pendulum", "collision"])
def test_faults_of_motion_keep_the_sound_of_the_take(family: str, closed_form: ClosedForm) -> None:
    truth = closed_form(family, 1)
    for fault in (faults.static, faults.constant_velocity, faults.sticks, faults.vanish):
        faulty = fault(truth)
        assert faulty.contacts == truth.contacts
        assert faulty.camera == truth.camera
        assert faulty.position.shape == truth.position.shape


def test_static_is_the_first_moment(closed_form: ClosedForm) -> None:
    truth = closed_form("collision", 1)
    still = faults.static(truth)
    assert (still.position == truth.position[0]).all()
    assert not still.velocity.any()


def test_constant_velocity_ends_where_the_take_ends(closed_form: ClosedForm) -> None:
    truth = closed_form("drop", 1)
    even = faults.constant_velocity(truth, 2.0)
    ends = np.array([0.0, 1.0, 2.0])
    assert even.at(ends)[0] == pytest.approx(truth.at(ends)[0])
    assert even.at(ends)[2] == pytest.approx(truth.at(ends)[2])
    assert even.at(ends)[1] == pytest.approx((truth.at(ends)[0] + truth.at(ends)[2]) / 2)


@pytest.mark.parametrize("family", ["drop", "projectile", "collision"])
def test_sticks_stays_where_it_touched(family: str, closed_form: ClosedForm) -> None:
    truth = closed_form(family, 1)
    stuck = faults.sticks(truth)
    first = truth.contacts[0].t
    before, after = truth.times < first, truth.times > first
    assert (stuck.position[before] == truth.position[before]).all()
    assert np.ptp(stuck.position[after], axis=0).max() == 0
    assert not stuck.velocity[after].any()
    if family != "collision":
        assert stuck.position[-1, 0, 2] == pytest.approx(truth.bodies[0].radius, rel=0.01)


def test_a_pendulum_cannot_stick(closed_form: ClosedForm) -> None:
    truth = closed_form("pendulum", 1)
    assert (faults.sticks(truth).position == truth.position).all()


def test_vanish_takes_two_thirds(closed_form: ClosedForm) -> None:
    gone = faults.vanish(closed_form("drop", 1), 2.0)
    assert gone.visible_at(np.arange(48) / 24).mean() == pytest.approx(1 / 3)


def test_reversed_twice_is_the_clip() -> None:
    whole = clip()
    back = faults.reversed_(whole)
    assert (back.frames == whole.frames[::-1]).all()
    assert (back.sound == whole.sound[:, ::-1]).all()
    twice = faults.reversed_(back)
    assert (twice.frames == whole.frames).all()
    assert twice.times == pytest.approx(whole.times)


def test_reversed_keeps_how_long_each_frame_is_shown() -> None:
    whole = clip()
    times = np.cumsum(np.where(np.arange(48) < 24, 0.02, 0.06)) - 0.02
    back = faults.reversed_(Clip(whole.frames, times, whole.sound, RATE))
    assert np.diff(back.times)[1:] == pytest.approx(np.diff(times)[::-1][:-1])


def test_silent_is_as_long() -> None:
    quiet = faults.silent(clip())
    assert quiet.sound.shape == clip().sound.shape
    assert not quiet.sound.any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_click_track_has_four_equal_clicks_a_second(seed: int) -> None:
    clicks = faults.click_track(clip(), seed)
    assert clicks.sound.shape == clip().sound.shape
    loud = np.flatnonzero(np.abs(clicks.sound[0]) > 0.29)
    starts = loud[np.insert(np.diff(loud) > RATE // 100, 0, True)]
    assert len(starts) == 8
    assert np.diff(starts) == pytest.approx(RATE / 4, abs=1)
    assert (clicks.sound == faults.click_track(clip(), seed).sound).all()
    assert not np.array_equal(clicks.sound, faults.click_track(clip(), seed + 10).sound)


@pytest.mark.parametrize("ms", [0, 40, 250, 2500, -100])
def test_late_sound_moves_the_sound_alone(ms: int) -> None:
    whole, late = clip(), faults.late_sound(clip(), ms)
    assert late.sound.shape == whole.sound.shape
    assert (late.frames == whole.frames).all()
    heard = np.flatnonzero(late.sound[0]) / RATE
    expected = np.flatnonzero(whole.sound[0]) / RATE + ms / 1000
    assert heard == pytest.approx(expected[(expected >= 0) & (expected < 2.0)], abs=1e-4)


def test_shuffled_sound_is_the_others_cut_to_length() -> None:
    whole, other = clip(), faults.click_track(clip(3.0), 4)
    mixed = faults.shuffled_sound(whole, other)
    assert (mixed.sound == other.sound[:, : whole.sound.shape[1]]).all()
    assert (mixed.frames == whole.frames).all()
    short = faults.shuffled_sound(whole, faults.click_track(clip(1.0), 4))
    assert short.sound.shape == whole.sound.shape
    assert not short.sound[:, RATE + RATE // 10 :].any()


@pytest.mark.slow
def test_degraded_loses_detail_and_keeps_length_and_sound() -> None:
    whole = clip()
    poor = faults.degraded(whole)
    assert poor.frames.shape == whole.frames.shape
    assert poor.times == pytest.approx(whole.times, abs=1e-3)
    assert (poor.sound == whole.sound).all()
    assert poor.frames.std() < 0.3 * whole.frames.std()

"""Every fault of the table does what it says on real truths, keeps its promises, and is the same every time."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from kinema.metrics.faults import FAULTS, Fault, Shot
from kinema.metrics.faults.heard import blows
from kinema.metrics.faults.staging import PIXELS
from kinema.scenes.materials import MATERIALS
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, Scene
from kinema.scenes.sound.surfaces import ROOMS
from kinema.scenes.world import truth_of

pytestmark = pytest.mark.render
REQUEST = Request(prompt="", seconds=1.6, width=48, height=48, fps=10.0)
FAMILIES = ("projectile", "two_drops", "collision", "echo", "buzzer", "puppet_duet", "pendulum", "atwood", "jelly", "floating")
LATE_SOUNDS = ("gravity", "restitution", "time_stretch", "late_start")


@lru_cache(maxsize=8)
def shot(family: str) -> Shot:
    scene: Scene = SCENES[family].load().draw(0).take(3)
    return Shot(truth_of(scene, REQUEST.seconds), REQUEST)


@lru_cache(maxsize=128)
def fitting(name: str) -> Shot | None:
    """A shot that the fault can be tried on."""
    return next((shot(family) for family in FAMILIES if FAULTS[name].applies(shot(family).truth)), None)


@pytest.mark.parametrize("name", list(FAULTS))
def test_none_is_nothing_and_all_is_something(name: str) -> None:
    fault, case = FAULTS[name], fitting(name)
    assert case is not None, "no family of the test fits it"
    assert fault(case, 0) is case.clip
    most = fault(case, fault.tried[-1])
    assert most.frames.shape == case.clip.frames.shape
    assert most.sound.shape == case.clip.sound.shape
    assert np.isfinite(most.sound).all()
    picture, sound = (most.frames != case.clip.frames).any(), (most.sound != case.clip.sound).any()
    assert picture == (fault.kind != "sound"), "the picture"
    assert sound == (fault.kind == "sound" or fault.both), "the sound"


@pytest.mark.parametrize("name", list(FAULTS))
def test_a_dose_is_the_same_every_time(name: str) -> None:
    fault, case = FAULTS[name], fitting(name)
    assert case is not None
    dose = fault.tried[len(fault.tried) // 2]
    one, other = fault(case, dose), fault(Shot(case.truth, case.request, {"clip": case.clip}), dose)
    assert (one.frames == other.frames).all()
    assert (one.sound == other.sound).all()


@pytest.mark.parametrize("fault", list(FAULTS.values()), ids=list(FAULTS))
def test_the_table_is_complete(fault: Fault) -> None:
    assert len(fault.doses) >= 7
    assert 0 not in fault.doses
    assert list(fault.doses) == sorted(fault.doses, key=lambda dose: (abs(dose), dose))
    assert fault.meaning.endswith(".")
    assert fault.unit
    assert fault.both <= (fault.name in LATE_SOUNDS)


def test_faults_say_where_they_cannot_be_tried() -> None:
    assert "two" in FAULTS["identity_swap"].unfit(shot("projectile").truth)
    assert "hangs" in FAULTS["teleport"].unfit(shot("pendulum").truth)
    assert "speaks" in FAULTS["mouth_delay"].unfit(shot("projectile").truth)
    assert "room" in FAULTS["room"].unfit(shot("projectile").truth)
    assert "heard" in FAULTS["silence"].unfit(shot("pendulum").truth)


def test_nothing_is_left_behind() -> None:
    materials, rooms = dict(MATERIALS), dict(ROOMS)
    FAULTS["decay"](shot("collision"), 2)
    FAULTS["room"](shot("echo"), 1.2)
    assert materials == MATERIALS
    assert rooms == ROOMS


def test_a_shift_is_in_pixels_of_128() -> None:
    case = fitting("shift")
    assert case is not None
    wide = Shot(case.truth, Request(prompt="", seconds=0.1, width=PIXELS, height=PIXELS, fps=10))
    far = FAULTS["shift"](wide, 16).frames[0].astype(int)
    base = wide.clip.frames[0].astype(int)
    vivid = [np.ptp(frame, axis=-1) > 60 for frame in (base, far)]
    middles = [np.nonzero(mask)[1].mean() for mask in vivid]
    assert abs(middles[1] - middles[0]) == pytest.approx(16, abs=1)


def test_time_stretched_blows_are_heard_later() -> None:
    case = shot("two_drops")
    first = blows(case.truth)[0].t
    slow = FAULTS["time_stretch"](case, 40)

    def onset(sound: np.ndarray) -> float:
        return float(np.argmax(np.abs(sound).max(axis=0) > 0.1 * np.abs(sound).max()) / 48_000)

    assert onset(slow.sound) - onset(case.clip.sound) == pytest.approx(0.4 * first, abs=0.01)


def test_a_quarter_of_the_gravity_takes_twice_the_time() -> None:
    case = shot("two_drops")
    light = FAULTS["gravity"](case, -2)
    start = case.truth.scene.delay
    least = 0.02 * np.abs(case.clip.sound).max()
    heard = [float(np.argmax(np.abs(clip.sound).max(axis=0) > least) / 48_000) for clip in (case.clip, light)]
    assert (heard[1] - start) / (heard[0] - start) == pytest.approx(2.0, abs=0.1)


def test_a_gain_sets_the_peak() -> None:
    peak = float(np.abs(FAULTS["gain"](shot("collision"), 0.5).sound).max())
    assert 20 * np.log10(peak) == pytest.approx(-0.5, abs=1e-3)


def test_every_dropout_is_a_gap_amid_sound() -> None:
    case = shot("puppet_duet")
    holed = FAULTS["dropouts"](case, 3).sound
    gone = (holed == 0).all(axis=0) & (np.abs(case.clip.sound).max(axis=0) > 0)
    starts = np.flatnonzero(np.diff(gone.astype(int), prepend=0) == 1)
    assert gone.sum() == pytest.approx(3 * 0.004 * 48_000, rel=0.1)
    assert (np.abs(holed[:, starts - 2]).max(axis=0) > 0).all()


def test_detuned_tones_keep_their_course() -> None:
    case = shot("buzzer")
    assert FAULTS["detune"](case, 1200).sound.shape == case.clip.sound.shape
    assert (FAULTS["detune"](case, 30).frames == case.clip.frames).all()


def test_more_phantoms_keep_those_that_were_there() -> None:
    case = shot("collision")
    one, two = (FAULTS["phantom_impact"](case, dose).sound - case.clip.sound for dose in (1, 2))
    assert (np.abs(two) > 1e-4).sum() > (np.abs(one) > 1e-4).sum()
    first = np.argmax(np.abs(one).max(axis=0) > 1e-3)
    assert np.abs(two[:, first : first + 200]).max() > 1e-3


def test_another_move_takes_the_place_of_the_one_asked_for() -> None:
    scene: Scene = SCENES["projectile"].load().draw(0, move="pan_left").take(3)
    case = Shot(truth_of(scene, REQUEST.seconds), REQUEST)
    whole, half = (FAULTS["move_swap"](case, dose) for dose in (1.0, 0.5))
    changed = [int((clip.frames != case.clip.frames).any(axis=-1)[-1].sum()) for clip in (half, whole)]
    assert min(changed) > 0
    assert (whole.frames[-1] != half.frames[-1]).any()


def test_the_larger_of_two_becomes_the_smaller() -> None:
    case = shot("atwood")
    assert FAULTS["size_swap"].applies(case.truth)
    assert "larger" in FAULTS["size_swap"].unfit(shot("two_drops").truth)


def test_silence_can_only_be_broken_where_it_is_asked_for() -> None:
    assert "silence" in FAULTS["unasked_sound"].unfit(shot("projectile").truth)
    assert "jelly" in FAULTS["stiffen"].unfit(shot("projectile").truth)

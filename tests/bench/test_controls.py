"""Every control shows the oracle's take with its own fault, and nothing else changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kinema.bench.calibration import FIRST_FAMILIES, stranger_of
from kinema.bench.generators import parse
from kinema.bench.generators.controls import ORACLE_TAKE, next_sounding
from kinema.bench.plan import SceneRef
from kinema.errors import ConfigError
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, scene_from_id
from kinema.scenes.world import simulate

REQUEST = Request(prompt="", seconds=1.5, width=48, height=48, fps=12, seed=11)
SOUND_FAULTS = ("silent", "click_track", "late_sound:ms=250", "shuffled_sound")
PICTURE_FAULTS = ("static", "constant_velocity", "sticks", "vanish")


@pytest.fixture(scope="module")
def truth() -> Any:
    return simulate(scene_from_id("drop@1/seed=5").take(ORACLE_TAKE), REQUEST.seconds)


def made(text: str, truth: Any) -> Any:
    return parse(text).build().generate(REQUEST, truth)


@pytest.mark.render
@pytest.mark.parametrize("text", ["oracle", "reversed", *SOUND_FAULTS, *PICTURE_FAULTS])
def test_a_control_is_as_long_as_asked_and_the_same_twice(text: str, truth: Any) -> None:
    first, again = made(text, truth), made(text, truth)
    assert first.frames.shape == (REQUEST.frame_count, 48, 48, 3)
    assert first.sound.shape == (2, 72_000)
    assert np.array_equal(first.frames, again.frames)
    assert np.array_equal(first.sound, again.sound)


@pytest.mark.render
@pytest.mark.parametrize("text", SOUND_FAULTS)
def test_a_fault_of_the_sound_leaves_the_picture_alone(text: str, truth: Any) -> None:
    oracle, faulty = made("oracle", truth), made(text, truth)
    assert np.array_equal(oracle.frames, faulty.frames)
    assert not np.array_equal(oracle.sound, faulty.sound)


@pytest.mark.render
@pytest.mark.parametrize("text", PICTURE_FAULTS)
def test_a_fault_of_the_motion_leaves_the_sound_alone(text: str, truth: Any) -> None:
    oracle, faulty = made("oracle", truth), made(text, truth)
    assert np.array_equal(oracle.sound, faulty.sound)
    assert not np.array_equal(oracle.frames, faulty.frames)


@pytest.mark.render
def test_clicks_follow_the_requests_seed(truth: Any) -> None:
    from dataclasses import replace

    control = parse("click_track").build()
    one, two = (control.generate(replace(REQUEST, seed=seed), truth) for seed in (1, 2))
    assert not np.array_equal(one.sound, two.sound)


@pytest.mark.render
def test_another_familys_sound_is_heard_even_of_the_silent_pendulum() -> None:
    truth = simulate(scene_from_id("pendulum@1/seed=5").take(ORACLE_TAKE), REQUEST.seconds)
    assert not made("oracle", truth).sound.any()
    assert made("shuffled_sound", truth).sound.any()


def test_a_lag_of_more_than_ten_seconds_is_refused() -> None:
    with pytest.raises(ConfigError, match="no lag"):
        parse("late_sound:ms=20000").build()


def test_the_first_four_families_keep_their_neighbours() -> None:
    """Their scores do not move when families are added."""
    assert [next_sounding(name) for name in ("drop", "projectile", "collision", "pendulum")] == ["projectile", "collision", "drop", "drop"]
    strangers = {name: stranger_of(SceneRef(f"{name}@1/seed=1000000")).id.split("@")[0] for name in FIRST_FAMILIES}
    assert strangers == {"collision": "drop", "drop": "pendulum", "pendulum": "projectile", "projectile": "collision"}


@pytest.mark.parametrize("name", [name for name in SCENES if name not in FIRST_FAMILIES])
def test_every_other_family_has_a_neighbour_that_is_heard(name: str) -> None:
    other = next_sounding(name)
    assert other != name
    assert SCENES[other].load().audible
    assert stranger_of(SceneRef(f"{name}@{SCENES[name].load().version}/seed=1000000")).scene().family != name

"""Errors place by place: zero for the truth, worst for nothing, in between in order of how wrong it is."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from kinema.metrics.ideal import ideal
from kinema.metrics.metric import METRICS, Case, Scored, Unscored
from kinema.metrics.observation import Observation
from kinema.metrics.registered import pairs, wanted
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.truth import Truth
from kinema.scenes.world import truth_of

V2V = Request(prompt="", mode="v2v", seconds=2.0, width=128, height=128, fps=24)
NAMES = ("trajectory_error", "velocity_error", "acceleration_error", "contact_time_error", "rotation_error")
NOTHING = Observation(times=np.arange(48) / 24, counts=np.zeros(48, dtype=int))


@lru_cache(maxsize=8)
def _truth(scene: str) -> Truth:
    return truth_of(scene_from_id(scene), 3.6)


def _value(name: str, seen: Observation, case: Case) -> float | None:
    answer = METRICS[f"dynamics/{name}"].load().function(seen, case)
    assert isinstance(answer, Scored | Unscored)
    return answer.value if isinstance(answer, Scored) else None


@pytest.mark.parametrize("scene", ["drop@1/seed=3", "projectile@1/seed=1", "pendulum@1/seed=2", "two_drops@1/seed=0"])
def test_the_truth_is_right_and_nothing_is_worst(scene: str) -> None:
    case = Case.of(_truth(scene), V2V)
    shown = ideal(_truth(scene), V2V)
    for name in NAMES:
        right, empty = _value(name, shown, case), _value(name, NOTHING, case)
        if right is not None:
            assert right == pytest.approx(0, abs=0.02)
            assert empty == METRICS[f"dynamics/{name}"].load().worst


@pytest.mark.parametrize("name", NAMES[:3])
def test_more_noise_or_a_later_start_is_worse(name: str) -> None:
    truth = _truth("drop@1/seed=3")
    case = Case.of(truth, V2V)
    noisy = [_value(name, ideal(truth, V2V, noise=px), case) for px in (0.2, 1.0, 4.0)]
    assert noisy == sorted(noisy) and noisy[-1] > 4 * noisy[0]
    late = [_value(name, _later(ideal(truth, V2V), frames), case) for frames in (0, 2, 5, 9)]
    assert late == sorted(late) and late[-1] > late[0] + 0.02


def _later(seen: Observation, frames: int) -> Observation:
    """The first picture held for some frames."""
    (track,) = seen.tracks
    index = np.maximum(np.arange(len(track.t)) - frames, 0)
    return replace(seen, tracks=(replace(track, x=track.x[index], y=track.y[index]),))


def test_tracks_find_their_bodies_whatever_their_order() -> None:
    truth = _truth("two_drops@1/seed=0")
    case, seen = Case.of(truth, V2V), ideal(truth, V2V)
    turned = replace(seen, tracks=seen.tracks[::-1])
    assert [pair.got for pair in pairs(turned, wanted(turned, case), case)] == list(seen.tracks)


def test_contacts_that_come_late_are_late_by_that_much() -> None:
    truth = _truth("drop@1/seed=3")
    case, seen = Case.of(truth, V2V), ideal(truth, V2V)
    late = replace(seen, contacts=tuple(replace(contact, t=contact.t + 0.03) for contact in seen.contacts))
    assert _value("contact_time_error", late, case) == pytest.approx(30, abs=0.1)


def test_a_wheel_that_slips_is_turned_wrongly_by_what_it_lags() -> None:
    truth = _truth("tipping@1/seed=0")
    case, seen = Case.of(truth, V2V), ideal(truth, V2V)
    (track,) = seen.tracks
    slow = replace(seen, tracks=(replace(track, angle=0.5 * track.angle),))
    assert _value("rotation_error", seen, case) == pytest.approx(0, abs=1e-6)
    assert (_value("rotation_error", slow, case) or 0) > 0.05


def test_other_sizes_and_rates_give_the_same() -> None:
    truth = _truth("pendulum@1/seed=2")
    small = replace(V2V, width=64, height=64, fps=16)
    values = [_value("velocity_error", _later(ideal(truth, size), shift), Case.of(truth, V2V)) for size, shift in ((V2V, 3), (small, 2))]
    assert values[0] == pytest.approx(values[1], abs=0.05)


def test_clips_from_text_alone_are_not_compared_place_by_place() -> None:
    case = Case.of(_truth("drop@1/seed=3"), replace(V2V, mode="t2v"))
    assert all(_value(name, ideal(_truth("drop@1/seed=3"), V2V), case) is None for name in NAMES)

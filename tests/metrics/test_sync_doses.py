"""Faults of the sound in known doses: each metric of timing answers to its own, and to no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kinema.metrics.heard import gravity_heard, loudness, restitution_heard, train_of
from kinema.metrics.metric import Case, Scored, Unscored
from kinema.metrics.observation import Observation, Onset, VisualContact
from kinema.metrics.sync import drift, jitter, lag, offset, perceptual
from kinema.metrics.sync_events import event_f1, event_f1_25, event_f1_100, phantom, silent
from kinema.metrics.sync_pairs import pair_up
from kinema.scenes.truth import Truth

Look = Callable[..., Observation]
ClosedForm = Callable[..., Truth]
CaseOf = Callable[..., Case]
BALL = Case.outside("a ball bounces")
TIMING = (offset, lag, jitter, drift, perceptual, phantom, silent)


def value(answer: Scored | Unscored) -> float:
    assert isinstance(answer, Scored), answer
    return answer.value


def bounces(*, height: float = 1.0, e: float = 0.8, g: float = 9.81, start: float = 0.1, seconds: float = 3.0) -> np.ndarray:
    """Times of impact of a dropped ball."""
    speed = np.sqrt(2 * g * height)
    times = [start + speed / g]
    while times[-1] < seconds and len(times) < 40:
        speed *= e
        times.append(times[-1] + 2 * speed / g)
    return np.array([t for t in times if t < seconds - 0.15])


def clip(contacts: np.ndarray, onsets: np.ndarray, levels: np.ndarray | None = None, speed: np.ndarray | None = None) -> Observation:
    """Three seconds of picture and sound; speeds and levels fall from bounce to bounce if nothing else is said."""
    speed = 400 * 0.8 ** np.arange(len(contacts)) if speed is None else speed
    levels = -10 - 2.0 * np.arange(len(onsets)) if levels is None else levels
    touches = [
        VisualContact(t=float(t), bodies=(0, "floor"), x=0, y=0, before=(0, float(v)), after=(0, -0.8 * float(v)))
        for t, v in zip(contacts, speed, strict=True)
    ]
    heard = [Onset(t=float(t), level_db=float(db)) for t, db in zip(onsets, levels, strict=True) if 0 <= t < 3]
    return Observation(times=np.arange(72) / 24, contacts=tuple(touches), onsets=tuple(heard), sound={"seconds": 3.0})


@pytest.mark.parametrize("ms", [-500, -320, -200, -100, -50, -21, -5, 5, 21, 50, 100, 200, 320, 500])
def test_a_delay_longer_than_the_gaps_between_bounces_is_recovered(ms: int) -> None:
    for seed in range(6):
        rng = np.random.default_rng(seed)
        times = bounces(height=rng.uniform(0.5, 1.5), e=rng.uniform(0.6, 0.9))
        seen = clip(times + rng.normal(0, 0.003, len(times)), times + ms / 1000)
        assert value(lag(seen, BALL)) == pytest.approx(ms, abs=6)


def test_even_knocks_are_told_by_their_first_and_last() -> None:
    knocks = np.arange(4) * 0.6 + 0.6
    for ms in (-350, -200, 0, 200, 350):
        assert value(lag(clip(knocks, knocks + ms / 1000, np.full(4, -20.0), np.full(4, 100.0)), BALL)) == pytest.approx(ms)


def test_a_lag_stays_with_more_and_with_fewer_sounds() -> None:
    times = bounces()
    for ms in (-200, 0, 150):
        late = times + ms / 1000
        assert value(lag(clip(times, late[1:]), BALL)) == pytest.approx(ms, abs=1)
        more = np.sort(np.concatenate([late, [0.2, 1.9]]))
        levels = np.interp(more, late, -10 - 2.0 * np.arange(len(late)))
        assert value(lag(clip(times, more, levels), BALL)) == pytest.approx(ms, abs=1)


def test_jitter_drift_and_perceptual_sync_follow_their_doses() -> None:
    times = bounces()
    rng = np.random.default_rng(1)
    shake = rng.standard_normal(len(times))
    shaken = [value(jitter(clip(times, times + dose * shake), BALL)) for dose in (0, 0.002, 0.005, 0.01, 0.015, 0.02)]
    assert shaken[0] == pytest.approx(0, abs=1e-6) and all(np.diff(shaken) > 0)
    run = [value(drift(clip(times, times * (1 + dose)), BALL)) for dose in (0, 0.01, 0.03, 0.06, 0.1)]
    assert run == pytest.approx([0, 10, 30, 60, 100], abs=3)
    assert value(drift(clip(times, times * 0.94), BALL)) == pytest.approx(60, abs=3)
    share = [value(perceptual(clip(times, times + dose), BALL)) for dose in (-0.1, -0.07, -0.04, 0, 0.12, 0.15, 0.2)]
    assert share[2:5] == pytest.approx([1, 1, 1]) and 0 < share[1] < 1 and 0 < share[5] < 1 and share[0] == share[-1] == 0


def test_phantoms_and_silent_impacts_do_not_mind_a_delay() -> None:
    times = bounces()
    for ms in (-150, 0, 80, 150):
        seen = clip(times, times + ms / 1000)
        assert value(phantom(seen, BALL)) == 0 and value(silent(seen, BALL)) == 0
    for extra in (1, 2, 4):
        early = times[times < 1.9]
        seen = clip(early, np.concatenate([early, 2.0 + 0.11 * np.arange(extra)]), np.full(len(early) + extra, -15.0))
        assert value(phantom(seen, BALL)) == pytest.approx(extra / 3) and value(silent(seen, BALL)) == 0
    for gone in (1, 2, 3):
        seen = clip(times, times[gone:])
        assert value(silent(seen, BALL)) == pytest.approx(gone / len(times)) and value(phantom(seen, BALL)) == 0


def test_windows_are_nested_and_chance_is_told() -> None:
    times = bounces()
    for ms in (0, 15, 40, 80, 150):
        seen = clip(times, times + ms / 1000)
        narrow, middle, wide = (value(m(seen, BALL)) for m in (event_f1_25, event_f1, event_f1_100))
        assert narrow <= middle <= wide
    answer = event_f1(clip(times, times), BALL)
    assert isinstance(answer, Scored) and answer.details["p"] < 0.05 and 0 <= answer.details["null"] < 0.7
    clicks = np.arange(36) / 12 + 0.02
    chance = event_f1(clip(times, clicks, np.full(36, -20.0)), BALL)
    assert isinstance(chance, Scored) and chance.details["above_null"] < 0.25


@pytest.mark.parametrize("family", ["drop", "projectile", "collision", "pendulum"])
def test_the_worst_of_everything(family: str, closed_form: ClosedForm, case_of: CaseOf) -> None:
    case = case_of(closed_form(family, 0))
    noise = Observation.of(onsets=(np.arange(200) / 100).tolist())
    for metric in (*TIMING, event_f1, event_f1_25, event_f1_100, restitution_heard, gravity_heard):
        for seen in (Observation(), Observation.of(contacts=[0.5]), noise, Observation.of(contacts=[0.1] * 50)):
            answer = metric(seen, case)
            assert isinstance(answer, Unscored) or np.isfinite(answer.value)


def test_the_rhythm_tells_restitution_and_gravity(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 1, restitution=0.6, height=0.5, view=1.0)
    case = case_of(truth)
    assert isinstance(restitution_heard(look(truth), case), Scored), "this drop bounces three times in time"
    height = truth.contacts[0].approach_speed ** 2 / (2 * truth.gravity)
    for e in (0.4, 0.5, 0.6, 0.7, 0.8):
        times = bounces(height=height, e=e, g=truth.gravity)
        seen = clip(times, times)
        assert value(restitution_heard(seen, case)) == pytest.approx(abs(e - 0.6), abs=0.01)
        assert value(gravity_heard(seen, case)) == pytest.approx(0, abs=0.03)
    for factor in (0.25, 0.5, 1.5, 3.0):
        times = bounces(height=height, e=0.6, g=truth.gravity * factor)
        assert value(gravity_heard(clip(times, times), case)) == pytest.approx(abs(np.log(factor)), abs=0.03)
        if len(times) >= 3:
            assert value(restitution_heard(clip(times, times), case)) == pytest.approx(0, abs=0.02)


def test_a_row_is_found_among_other_sounds() -> None:
    times = bounces(e=0.7)
    sounds = [Onset(t=float(t), level_db=-20.0 - k) for k, t in enumerate(times)]
    row = train_of(sorted([*sounds, Onset(t=0.2, level_db=-30.0), Onset(t=2.5, level_db=-28.0)], key=lambda o: o.t), 3.0)
    assert row is not None and row.ratio == pytest.approx(0.7, abs=0.01) and row.times[0] == pytest.approx(times[0])
    assert train_of([Onset(t=0.5, level_db=-20), Onset(t=0.9, level_db=-20)], 3.0) is None and train_of([], 3.0) is None


@pytest.mark.slow
def test_levels_that_follow_nothing_are_told() -> None:
    from kinema.metrics.ideal import ideal
    from kinema.metrics.observe.hearing import hear
    from kinema.scenes.request import Request
    from kinema.scenes.scene import scene_from_id
    from kinema.scenes.sound.mix import sound_of
    from kinema.scenes.world import truth_of

    truth, request = truth_of(scene_from_id("drop@1/seed=201"), 3.0), Request(prompt="", seconds=3.0)
    case, seen = Case.of(truth, request), ideal(truth, request)
    seen = replace(seen, **hear(sound_of(truth, 3.0), 48_000))
    mean = np.mean([onset.level_db for onset in seen.onsets])
    doses = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    flat = [replace(seen, onsets=tuple(replace(o, level_db=o.level_db + d * (mean - o.level_db)) for o in seen.onsets)) for d in doses]
    values = [value(loudness(one, case)) for one in flat]
    assert values[0] < 0.1 and all(np.diff(values) >= -1e-9) and values[-1] > 0.8


def test_pairs_are_found_in_time() -> None:
    many = np.sort(np.random.default_rng(0).uniform(0, 3, 200))
    found = pair_up(clip(many, many, np.full(200, -20.0), np.full(200, 100.0)), BALL)
    assert abs(found.offset) < 0.1


def touch(t: float, speed: float, confidence: float = 1.0) -> VisualContact:
    return VisualContact(t=t, bodies=(0, "floor"), x=0, y=0, before=(0, speed), after=(0, -0.8 * speed), confidence=confidence)


def test_one_doubtful_contact_does_not_turn_timing_over() -> None:
    times = bounces()
    seen = clip(times, times)
    false = replace(seen, contacts=tuple(sorted((*seen.contacts, touch(float(times[0]) - 0.2, 300, 0.6)), key=lambda c: c.t)))
    assert value(offset(false, BALL)) == pytest.approx(0, abs=1)
    assert 0 < value(silent(false, BALL)) < 0.6 / (len(times) + 1)
    doubted = replace(seen, contacts=tuple(replace(c, confidence=0.45) if k == 1 else c for k, c in enumerate(seen.contacts)))
    for metric in (offset, jitter, drift, silent, phantom):
        assert value(metric(doubted, BALL)) == pytest.approx(0, abs=1e-6)
    assert value(event_f1(doubted, BALL)) == pytest.approx(1)


def test_one_lag_far_off_turns_neither_jitter_nor_drift_over() -> None:
    times = bounces()
    late = times + np.where(np.arange(len(times)) == len(times) - 2, 0.06, 0.002 * (-1.0) ** np.arange(len(times)))
    assert value(jitter(clip(times, late), BALL)) < 10
    assert value(drift(clip(times, late), BALL)) < 5


def test_sounds_that_are_lost_count_from_a_quarter_on() -> None:
    times = bounces(height=0.3, e=0.85)[:8]
    assert len(times) == 8
    some = [np.delete(times, np.arange(2, 2 + gone)) for gone in range(6)]
    seen = [clip(times, heard, np.full(len(heard), -20.0), np.full(8, 200.0)) for heard in some]
    values = [value(offset(one, BALL)) for one in seen]
    assert values[:3] == pytest.approx([0, 0, 0], abs=1e-6) and all(np.diff(values[2:]) > 0) and values[-1] > 150
    assert [value(lag(one, BALL)) for one in seen] == pytest.approx(values)


def test_equal_clicks_are_not_in_sync() -> None:
    times = bounces()
    clicks = np.arange(0.03, 3, 1 / 12)
    clicked = clip(times, clicks, np.full(len(clicks), -20.0))
    assert value(offset(clicked, BALL)) > 150 and value(perceptual(clicked, BALL)) < 0.5


def test_a_touch_too_light_to_be_seen_explains_no_loud_sound(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 1, restitution=0.5)
    case, seen = case_of(truth), look(truth)
    lying = float(truth.contacts[-1].t) + 0.1
    loudest = max(o.level_db for o in seen.onsets)
    soft, loud = (replace(seen, onsets=(*seen.onsets, Onset(t=lying, level_db=loudest - down))) for down in (28.0, 0.0))
    assert value(phantom(soft, case)) == 0 < value(phantom(loud, case))


def test_a_row_of_bounces_may_end_early() -> None:
    times = bounces(height=0.9, e=0.7)
    for heard in (4, 5, len(times)):
        row = train_of([Onset(t=float(t), level_db=-20.0 - 3 * k) for k, t in enumerate(times[:heard])], 3.0)
        assert row is not None and row.ratio == pytest.approx(0.7, abs=0.01) and row.times[0] == pytest.approx(times[0])

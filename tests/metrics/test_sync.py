"""Sound and sight: delays in known doses, matched by a solver and by trying everything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest

from kinema.metrics.metric import Case, Scored, Unscored
from kinema.metrics.observation import Observation, Onset, VisualContact
from kinema.metrics.sync import lag, matches, offset
from kinema.metrics.sync_events import event_f1
from kinema.scenes.truth import Truth

Look = Callable[..., Observation]
ClosedForm = Callable[..., Truth]
CaseOf = Callable[..., Case]
BALL = Case.outside("a ball bounces")


def value(answer: Scored | Unscored) -> float:
    assert isinstance(answer, Scored), answer
    return answer.value


@pytest.mark.parametrize("late", [0, 10, 40, 80, 160, 250, 400])
def test_offset_rises_one_to_one(late: int) -> None:
    seen = Observation.of(contacts=[0.4, 1.3], onsets=[0.4 + late / 1000, 1.3 + late / 1000])
    assert value(offset(seen, BALL)) == pytest.approx(late)
    assert value(lag(seen, BALL)) == pytest.approx(late)


def test_sound_that_comes_first_has_a_negative_lag() -> None:
    seen = Observation.of(contacts=[0.5, 1.2], onsets=[0.45, 1.13])
    assert value(lag(seen, BALL)) == pytest.approx(-60)
    assert value(offset(seen, BALL)) == pytest.approx(60)


def test_f1_falls_with_the_delay() -> None:
    values = [value(event_f1(Observation.of(contacts=[0.4, 1.3], onsets=[0.4 + d, 1.3 + 1.5 * d]), BALL)) for d in (0, 0.02, 0.04, 0.1)]
    assert values == [1, 1, 0.5, 0]


def test_silence_and_no_sight_are_the_worst(closed_form: ClosedForm, case_of: CaseOf) -> None:
    case = case_of(closed_form("drop", 0))
    apart = Observation.of(contacts=[0.2], onsets=[1.9])
    for seen in (Observation.of(contacts=[0.5]), Observation.of(onsets=[0.5]), Observation.of(), apart):
        assert value(offset(seen, case)) == 500
        assert value(lag(seen, case)) == 500
        assert value(event_f1(seen, case)) == 0


def test_where_nothing_touches(closed_form: ClosedForm, case_of: CaseOf) -> None:
    case = case_of(closed_form("pendulum", 0))
    quiet, phantom = Observation.of(), Observation.of(onsets=[0.5])
    assert isinstance(offset(quiet, case), Unscored)
    assert isinstance(lag(phantom, case), Unscored)
    assert value(event_f1(quiet, case)) == 1
    assert value(event_f1(phantom, case)) == 0
    assert value(event_f1(Observation.of(contacts=[0.7]), case)) == 1  # a turning point taken for a contact asks for no sound


def test_without_truth_and_contact_there_is_nothing_to_say() -> None:
    for metric in (offset, lag, event_f1):
        assert isinstance(metric(Observation.of(onsets=[0.5]), BALL), Unscored)


def test_phantoms_and_silent_impacts_are_counted_apart() -> None:
    answer = event_f1(Observation.of(contacts=[0.5, 1.0, 1.5], onsets=[0.51, 1.2, 1.3, 1.9]), BALL)
    assert isinstance(answer, Scored)
    assert {"heard": 1, "silent_impacts": 2, "phantom_sounds": 3}.items() <= answer.details.items()
    assert answer.value == pytest.approx(2 / 7)


def test_suspected_contacts_explain_sounds_but_ask_for_none() -> None:
    def touch(t: float, confidence: float) -> VisualContact:
        return VisualContact(t=t, bodies=(0, "floor"), x=0, y=0, before=(0, 1), after=(0, -1), confidence=confidence)

    contacts = (touch(0.5, 1.0), touch(1.2, 0.3), touch(1.3, 0.3))
    heard = Observation(contacts=contacts, onsets=(Onset(t=0.5, level_db=-20), Onset(t=1.21, level_db=-30)))
    assert value(event_f1(heard, BALL)) == 1
    assert value(offset(heard, BALL)) == pytest.approx(0)
    alone = replace(heard, contacts=contacts[1:])
    assert isinstance(event_f1(alone, BALL), Unscored)


def test_far_quieter_sounds_are_no_phantoms() -> None:
    echo = Observation.of(contacts=[0.5], onsets=[0.51])
    for level, expected in ((-25.0, 2 / 3), (-60.0, 1.0)):
        seen = replace(echo, onsets=(*echo.onsets, Onset(t=1.5, level_db=level)))
        assert value(event_f1(seen, BALL)) == pytest.approx(expected)


@pytest.mark.parametrize("family", ["drop", "projectile", "collision"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_takes_are_in_sync(family: str, seed: int, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    seen, case = look(closed_form(family, seed, 3)), case_of(closed_form(family, seed))
    assert value(offset(seen, case)) < 3  # a take is seen and heard from up to a tenth further away
    assert value(event_f1(seen, case)) >= 0.8


def slow_matches(first: list[float], second: list[float], window: float) -> tuple[int, float]:
    """Number of pairs and sum of differences, by trying every pairing."""
    best = (0, 0.0)
    for size in range(1, min(len(first), len(second)) + 1):
        for some in combinations(range(len(first)), size):
            for others in permutations(range(len(second)), size):
                apart = [abs(first[i] - second[j]) for i, j in zip(some, others, strict=True)]
                if max(apart) <= window:
                    best = min(best, (-size, sum(apart)))
    return best


@pytest.mark.parametrize("seed", range(20))
def test_matching_agrees_with_trying_everything(seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.uniform(0, 2, rng.integers(1, 5)).tolist(), rng.uniform(0, 2, rng.integers(1, 5)).tolist()
    found = matches(first, second, 0.5)
    assert (-len(found), sum(abs(first[i] - second[j]) for i, j in found)) == pytest.approx(slow_matches(first, second, 0.5))


def test_gain_and_rate_do_not_matter(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 1)
    case, seen = case_of(truth), look(truth)
    quiet = replace(seen, onsets=tuple(replace(o, level_db=o.level_db - 30) for o in seen.onsets))
    for metric in (offset, lag, event_f1):
        assert value(metric(quiet, case)) == value(metric(seen, case)) == value(metric(look(truth, fps=60), case))


def test_a_rattle_too_small_to_be_seen_is_no_phantom(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 1, restitution=0.5)
    case, seen = case_of(truth), look(truth)
    lying = float(truth.contacts[-1].t) + 0.1
    assert lying < 1.9
    for late, expected in ((lying, 0), (float(truth.contacts[0].t + truth.contacts[1].t) / 2, 1)):
        answer = event_f1(replace(seen, onsets=(*seen.onsets, Onset(t=late, level_db=-30.0))), case)
        assert isinstance(answer, Scored)
        assert answer.details["phantom_sounds"] == expected

"""Each law notices its own fault, in proportion, and no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kinema.metrics import faults
from kinema.metrics.dynamics import gravity, law_residual, permanence, restitution
from kinema.metrics.metric import Case, Scored, Shown, Unscored
from kinema.metrics.observation import Observation, Track, VisualContact
from kinema.scenes.truth import Truth

Look = Callable[..., Observation]
ClosedForm = Callable[..., Truth]
CaseOf = Callable[..., Case]
FAMILIES = ("drop", "projectile", "pendulum", "collision")
LN4 = np.log(4)


def value(answer: Scored | Unscored) -> float:
    assert isinstance(answer, Scored), answer
    return answer.value


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_another_take_obeys_every_law(family: str, seed: int, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    seen, case = look(closed_form(family, seed, 3)), case_of(closed_form(family, seed))
    assert value(law_residual(seen, case)) < 0.08
    assert value(permanence(seen, case)) == 1
    for law, most in ((gravity, 0.06), (restitution, 0.03)):
        answer = law(seen, case)
        assert isinstance(answer, Unscored) or answer.value < most


def test_what_has_nothing_to_say(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    for family, law in (("collision", gravity), ("pendulum", restitution)):
        truth = closed_form(family, 0)
        assert isinstance(law(look(truth), case_of(truth)), Unscored)
        assert isinstance(law(Observation(), case_of(truth)), Unscored)  # a lost clip does not change what the truth can say


@pytest.mark.parametrize("family", ["drop", "projectile", "collision"])
def test_restitution_error_is_the_difference_of_e(family: str, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 1, restitution=0.8)
    for e in (0.8, 0.7, 0.6, 0.5):
        answer = restitution(look(closed_form(family, 1, restitution=e)), case_of(truth))
        assert isinstance(answer, Scored)
        assert answer.value == pytest.approx(0.8 - e, abs=0.02)
        assert answer.details["measured"] == pytest.approx(e, abs=0.02)


@pytest.mark.parametrize("family", ["drop", "projectile", "collision"])
def test_sticking_is_the_worst_rebound_and_nothing_else(family: str, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 2)
    seen, case = look(faults.sticks(truth)), case_of(truth)
    assert value(restitution(seen, case)) == 1
    assert 0.15 < value(law_residual(seen, case)) < 0.8
    assert value(permanence(seen, case)) == 1
    if family != "collision":
        assert value(gravity(seen, case)) < 0.06


@pytest.mark.parametrize("family", ["drop", "projectile", "pendulum"])
def test_gravity_is_the_logarithm_of_the_factor(family: str, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 1)
    case = case_of(truth)
    for pace in (1.0, 0.95, 0.9, 0.8):
        answer = gravity(look(truth, pace=pace), case)
        assert isinstance(answer, Scored)
        assert answer.value == pytest.approx(-2 * np.log(pace), abs=0.06)
        assert answer.details["measured"] == pytest.approx(truth.gravity * pace**2, rel=0.06)


@pytest.mark.parametrize("family", ["drop", "projectile", "pendulum"])
def test_a_quarter_of_gravity_is_the_worst(family: str, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 1)
    assert value(gravity(look(truth, pace=0.5), case_of(truth))) == pytest.approx(LN4, abs=0.1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("fault", [faults.static, lambda t: faults.constant_velocity(t, 2.0)], ids=["static", "constant_velocity"])
def test_the_floors_are_far_off(family: str, fault: Callable[[Truth], Truth], look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 1)
    seen, case = look(fault(truth)), case_of(truth)
    assert value(law_residual(seen, case)) > 0.35
    for law, worst in ((gravity, LN4), (restitution, 1.0)):
        answer = law(seen, case)
        assert isinstance(answer, Unscored) or answer.value == pytest.approx(worst)


@pytest.mark.parametrize("family", ["drop", "projectile"])
def test_backwards_is_worst_everywhere(family: str, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 1)
    seen, case = look(truth, backwards=True), case_of(truth)
    assert [value(law(seen, case)) for law in (law_residual, gravity, restitution)] == [1, LN4, 1]


def test_no_body_is_worst_everywhere(closed_form: ClosedForm, case_of: CaseOf) -> None:
    case, empty = case_of(closed_form("drop", 1)), Observation(times=np.arange(48) / 24, counts=np.zeros(48, dtype=int))
    assert [value(law(empty, case)) for law in (law_residual, gravity, restitution)] == [1, LN4, 1]
    assert value(permanence(empty, case)) == 0


@pytest.mark.parametrize("share", [1.0, 0.75, 0.5, 1 / 3, 0.0])
@pytest.mark.parametrize("family", ["drop", "collision"])
def test_permanence_is_the_share_of_time(share: float, family: str, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 0)
    seen = look(faults.vanish(truth, 2.0, share))
    assert value(permanence(seen, case_of(truth))) == pytest.approx(share, abs=0.02)


def test_vanishing_moves_no_law(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("projectile", 2)
    seen, case = look(faults.vanish(truth, 2.0, 0.6)), case_of(truth)
    assert value(law_residual(seen, case)) < 0.06
    assert value(gravity(seen, case)) < 0.06


def test_a_clip_that_ends_early_does_not_show_the_rest(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 0)
    seen = look(truth)
    short = replace(seen, times=seen.times[:24], counts=seen.counts[:24])
    assert value(permanence(short, case_of(truth))) == pytest.approx(0.5, abs=0.02)


def test_a_body_too_many_costs_a_little(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 0)
    seen = look(truth)
    assert value(permanence(replace(seen, counts=seen.counts + 1), case_of(truth))) == 0.75
    assert value(permanence(replace(seen, counts=seen.counts + (np.arange(48) < 24)), case_of(truth))) == 0.875


@pytest.mark.parametrize("how", [{"fps": 16}, {"fps": 60}, {"size": 720}, {"size": 64}])
@pytest.mark.parametrize("family", FAMILIES)
def test_rate_and_resolution_do_not_matter(family: str, how: dict[str, int], look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    case = case_of(closed_form(family, 4), fps=how.get("fps", 24))
    seen = look(closed_form(family, 4, 2), **how)
    assert value(law_residual(seen, case)) < 0.08
    for law, most in ((gravity, 0.06), (restitution, 0.03)):
        answer = law(seen, case)
        assert isinstance(answer, Unscored) or answer.value < most


def test_sound_does_not_matter(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 5)
    case, good, late = case_of(truth), look(truth), look(truth, late=0.25)
    for law in (law_residual, permanence, gravity, restitution):
        assert value(law(good, case)) == value(law(late, case))


def thrown(fall: float, aside: float = 0.0, n: int = 27) -> Track:
    """A track at 30 Hz that accelerates, px/s^2."""
    t = np.arange(n) / 30
    wiggle = 0.3 * np.sin(7 * np.arange(n))
    x, y = 100 + 300 * t + 0.5 * aside * t**2, 700 - 0.45 * fall * t + 0.5 * fall * t**2 + wiggle
    size, sure = np.full(n, 52.0), np.ones(n)
    return Track(id=0, colour=None, frame=np.arange(n), t=t, x=x, y=y, size=size, confidence=sure)


def test_gravity_of_a_clip_from_outside() -> None:
    """The tennis ball of shared/real: 7780 px/s^2 over 52 px, 6.7 cm across."""
    case = Case.outside("a tennis ball flies in an arc", Shown(diameter_m=0.067))
    answer = gravity(Observation(tracks=(thrown(7780.0),)), case)
    assert isinstance(answer, Scored)
    assert answer.details["measured"] == pytest.approx(7780 / 52 * 0.067, rel=0.01)


def test_gravity_from_outside_needs_a_diameter_and_a_flight() -> None:
    ball = Observation(tracks=(thrown(7780.0),))
    assert isinstance(gravity(ball, Case.outside("a ball", Shown())), Unscored)
    sideways = Observation(tracks=(thrown(500.0, aside=4000.0),))  # what a rope pulls aside is no flight
    assert isinstance(gravity(sideways, Case.outside("a ball", Shown(diameter_m=0.067))), Unscored)
    wavy = thrown(0.0)
    swing = replace(wavy, y=300 + 200 * np.sin(9 * wavy.t))
    assert isinstance(gravity(Observation(tracks=(swing,)), Case.outside("a ball", Shown(diameter_m=0.067))), Unscored)


def test_gravity_from_outside_uses_the_best_flight_between_contacts() -> None:
    t = np.arange(90) / 30
    g, floor = 3000.0, 900.0
    up = np.array([1500.0, 1200.0])
    starts = np.array([0.0, 1.0, 1.8])
    y = np.where(t < 1.0, floor - up[0] * t + g / 2 * t**2, floor - up[1] * (t - 1) + g / 2 * (t - 1) ** 2)
    y = np.where(t > 1.8, floor, y)
    n = len(t)
    track = Track(id=0, colour=None, frame=np.arange(n), t=t, x=np.full(n, 50.0), y=y, size=np.full(n, 60.0), confidence=np.ones(n))
    contacts = tuple(VisualContact(t=s, bodies=(0, "floor"), x=50, y=floor, before=(0, 1), after=(0, -1)) for s in starts[1:])
    answer = gravity(Observation(tracks=(track,), contacts=contacts), Case.outside("a ball", Shown(diameter_m=0.2)))
    assert isinstance(answer, Scored)
    assert answer.details["measured"] == pytest.approx(10.0, rel=0.01)

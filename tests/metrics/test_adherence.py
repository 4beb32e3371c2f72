"""Colour, number and direction, as the prompt has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kinema.metrics.adherence import colour, count, direction
from kinema.metrics.metric import Case, Scored, Unscored
from kinema.metrics.observation import Observation, Track
from kinema.scenes.palette import COLOURS
from kinema.scenes.request import Claim
from kinema.scenes.truth import Truth

Look = Callable[..., Observation]
ClosedForm = Callable[..., Truth]
CaseOf = Callable[..., Case]
FAMILIES = ("drop", "projectile", "pendulum", "collision")


def value(answer: Scored | Unscored) -> float:
    assert isinstance(answer, Scored), answer
    return answer.value


def painted(track: Track, name: str, share: float = 1.0) -> Track:
    """The first ``share`` of the frames in another colour."""
    n = round(share * len(track.t))
    return replace(track, colour=name, colours=(name,) * n + track.colours[n:])


def turned(seen: Observation) -> Observation:
    """Left and right exchanged."""
    return replace(seen, tracks=tuple(replace(track, x=seen.width - track.x) for track in seen.tracks))


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", range(6))
def test_another_take_is_what_was_asked(family: str, seed: int, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    seen, case = look(closed_form(family, seed, 3), noise=0.3), case_of(closed_form(family, seed))
    assert [value(metric(seen, case)) for metric in (colour, count, direction)] == [1, 1, 1]


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 1])
def test_colour_is_the_share_of_frames(share: float, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("drop", 1)
    other = next(name for name in COLOURS if name != truth.bodies[0].colour)
    seen = look(truth)
    mixed = replace(seen, tracks=(painted(seen.tracks[0], other, share),))
    assert value(colour(mixed, case_of(truth))) == pytest.approx(1 - share)


def test_colour_of_two_in_any_order(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("collision", 1)
    seen, case = look(truth), case_of(truth)
    assert value(colour(replace(seen, tracks=seen.tracks[::-1]), case)) == 1
    assert value(direction(replace(seen, tracks=seen.tracks[::-1]), case)) == 1
    lone = replace(seen, tracks=seen.tracks[:1])
    assert value(colour(lone, case)) == 0.5
    assert value(direction(lone, case)) == 0.5


def test_exchanged_colours_are_found_in_the_direction(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form("collision", 1)
    seen, case = look(truth), case_of(truth)
    first, second = seen.tracks
    crossed = replace(seen, tracks=(painted(first, str(second.colour)), painted(second, str(first.colour))))
    assert value(colour(crossed, case)) == 1
    assert value(direction(crossed, case)) == 0


@pytest.mark.parametrize("family", ["projectile", "pendulum", "collision"])
def test_the_other_way(family: str, look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    truth = closed_form(family, 2)
    assert value(direction(turned(look(truth)), case_of(truth))) == 0


def test_down_means_down_first(look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    case = case_of(closed_form("drop", 0))
    for family in ("projectile", "pendulum"):
        assert value(direction(look(closed_form(family, 0)), case)) == 0
    up = look(closed_form("drop", 0), backwards=False)
    upside_down = replace(up, tracks=tuple(replace(t, y=up.height - t.y) for t in up.tracks))
    assert value(direction(upside_down, case)) == 0
    rising = replace(case, claims=(Claim(kind="direction", value="up", body=0),))
    assert value(direction(upside_down, rising)) == 1
    assert value(direction(up, rising)) == 0


@pytest.mark.parametrize("share", [0, 0.25, 0.75, 1])
def test_count_falls_with_the_share_of_time_and_with_how_many_too_many(
    share: float, look: Look, closed_form: ClosedForm, case_of: CaseOf
) -> None:
    truth = closed_form("drop", 1)
    seen = look(truth)
    for more, left in ((-1, 0.0), (1, 1 / 4), (2, 1 / 9), (7, 1 / 64)):
        counts = np.where(np.arange(48) < 48 * share, 1 + more, 1)
        assert value(count(replace(seen, counts=counts), case_of(truth))) == pytest.approx(1 - share * (1 - left))


def test_nothing_seen_is_worst_and_nothing_claimed_unscored(closed_form: ClosedForm, case_of: CaseOf) -> None:
    for metric in (colour, count, direction):
        assert value(metric(Observation(), case_of(closed_form("drop", 0)))) == 0
        assert isinstance(metric(Observation(), Case.outside("a ball")), Unscored)


@pytest.mark.parametrize("how", [{"fps": 16, "size": 64}, {"fps": 60, "size": 720}])
def test_rate_and_resolution_do_not_matter(how: dict[str, int], look: Look, closed_form: ClosedForm, case_of: CaseOf) -> None:
    for family in FAMILIES:
        seen, case = look(closed_form(family, 3, 1), **how), case_of(closed_form(family, 3), fps=how["fps"])
        assert [value(metric(seen, case)) for metric in (colour, count, direction)] == [1, 1, 1]

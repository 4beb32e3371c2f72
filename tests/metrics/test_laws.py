"""Every law on what a perfect observer sees of other takes, and of takes with one fault: its own moves it, in order of dose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from time import process_time
from typing import Any

import numpy as np
import pytest

from kinema.metrics.align import Fit, aligned
from kinema.metrics.dynamics import gravity, law_residual, permanence
from kinema.metrics.ideal import ideal
from kinema.metrics.laws import drag, exchange, looks, onward, order, parabola, place, swing, time, turning
from kinema.metrics.metric import METRICS, Case, Metric, Scored, Shown, Unscored
from kinema.metrics.observation import Observation, Track
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, TRUTH_RATE
from kinema.scenes.truth import Truth
from kinema.scenes.world import simulate

SECONDS = 3.0
GATES = (
    looks.identity, looks.rigidity, place.continuity, place.solidity, place.support, place.causality, time.time_direction,
    parabola.parabola, order.ratio, onward.onward, permanence,
)  # fmt: skip
LAWS = (law_residual, gravity, swing.period, swing.energy, exchange.momentum, exchange.bounce_ratio, parabola.acceleration, order.order)
LAWS += (drag.terminal_speed, turning.rotation)
SLOW = ("incline_slide", "feather", "tipping", "sinking")  # to simulate
OF = {  # family -> what it is scored on beside residual and what holds for all
    "drop": {"gravity", "bounce_ratio", "onward", "parabola", "support", "time_direction"},
    "pendulum": {"gravity", "period", "energy"},
    "collision": {"momentum", "onward", "time_direction"},
    "mass_on_spring": {"period", "energy"},
    "incline_slide": {"gravity", "acceleration", "time_direction"},
    "two_drops": {"gravity", "onward", "ratio", "support", "time_direction"},
    "feather": {"gravity", "onward", "order", "time_direction"},
    "sinking": {"gravity", "terminal_speed", "time_direction"},
    "tipping": {"gravity", "rotation", "time_direction"},
}
FOR_ALL = {"law_residual", "identity", "rigidity", "continuity", "solidity", "causality", "permanence"}


@lru_cache(maxsize=64)
def truth(family: str, take: int = 0) -> Truth:
    return simulate(SCENES[family].load().draw(0).take(take), 1.8 * SECONDS)


@lru_cache(maxsize=16)
def case(family: str) -> Case:
    return Case.of(truth(family), Request(prompt="", seconds=SECONDS))


def look(shown: Truth, noise: float = 0.3) -> Observation:
    return ideal(shown, Request(prompt="", seconds=SECONDS), noise=noise)


def retimed(shown: Truth, moment: Callable[[np.ndarray], np.ndarray]) -> Truth:
    """The truth at other moments."""
    at = np.clip(moment(shown.times), 0, shown.times[-1])
    index = np.round(at * TRUTH_RATE).astype(int)
    rate = np.gradient(at, shown.times)[:, None, None]
    rows = {name: getattr(shown, name)[index] for name in ("position", "orientation", "visible")}
    contacts = tuple(replace(c, t=float(np.interp(c.t, at, shown.times))) for c in shown.contacts if c.t < at[-1])
    return replace(shown, velocity=shown.velocity[index] * rate, spin=shown.spin[index] * rate, contacts=contacts, **rows)


def slower(family: str, factor: float) -> Observation:
    return look(retimed(truth(family, 1), lambda t: t / factor))


def value(law: Metric, seen: Observation, of: Case) -> float:
    answer = law(seen, of)
    assert not of.unfollowed, of.unfollowed
    assert isinstance(answer, Scored), answer
    assert answer.why.endswith(".")
    return answer.value


FAMILIES = [pytest.param(family, marks=pytest.mark.slow if family in SLOW else ()) for family in OF]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("take", [1, 2])
def test_another_take_obeys_every_law(family: str, take: int) -> None:
    seen, of = look(truth(family, take)), case(family)
    assert not of.unfollowed, of.unfollowed
    for law in LAWS:
        answer = law(seen, of)
        assert isinstance(answer, Unscored) or answer.value < 0.1, law.__name__  # type: ignore[attr-defined]
    for gate in GATES:
        answer = gate(seen, of)
        assert isinstance(answer, Unscored) or answer.value > 0.98, gate.__name__


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_family_is_scored_on_follows_from_its_truth(family: str) -> None:
    of = case(family)
    assert not of.unfollowed, of.unfollowed
    for seen in (look(truth(family, 1)), Observation()):
        scored = {law.__name__ for law in (*LAWS, *GATES) if isinstance(law(seen, of), Scored)}  # type: ignore[attr-defined]
        assert scored == OF[family] | FOR_ALL


@pytest.mark.parametrize("family", ["pendulum", "mass_on_spring"])
def test_the_period_is_the_logarithm_of_the_slowness(family: str) -> None:
    for factor in (1.0, 1.1, 1.25, 1.5, 2.0):
        seen = slower(family, factor)
        assert value(swing.period, seen, case(family)) == pytest.approx(np.log(factor), abs=0.03)
        assert value(swing.energy, seen, case(family)) < 0.05


@pytest.mark.parametrize("family", ["pendulum", "mass_on_spring"])
def test_a_swing_that_dies_away_loses_energy(family: str) -> None:
    take = truth(family, 1)
    middle = take.position[: round(SECONDS * TRUTH_RATE)].mean(axis=0)
    found = []
    for rate in (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3):
        kept = np.exp(-rate * take.times)[:, None, None]
        found.append(value(swing.energy, look(replace(take, position=middle + kept * (take.position - middle))), case(family)))
    assert found == sorted(found)
    assert found[0] < 0.03
    assert found[-1] > 0.5


@pytest.mark.parametrize("family", ["two_drops", "pendulum", *(pytest.param(family, marks=pytest.mark.slow) for family in SLOW[:2])])
def test_half_the_pace_is_a_quarter_of_gravity(family: str) -> None:
    assert value(gravity, slower(family, 2.0), case(family)) > 0.8
    assert 0.04 < value(gravity, slower(family, 1.1), case(family)) < 0.28


@pytest.mark.parametrize(("family", "law", "worst"), [
    ("drop", parabola.parabola, 0.0), ("collision", exchange.momentum, 1.0), ("two_drops", order.ratio, 0.0),
    pytest.param("incline_slide", parabola.acceleration, 0.3, marks=pytest.mark.slow),
    pytest.param("sinking", drag.terminal_speed, 0.3, marks=pytest.mark.slow),
    pytest.param("tipping", turning.rotation, 0.5, marks=pytest.mark.slow),
])  # fmt: skip
def test_even_motion_obeys_no_law(family: str, law: Metric, worst: float) -> None:
    take = truth(family, 1)
    last = round(SECONDS * TRUTH_RATE)
    share = np.minimum(np.arange(len(take.times)) / last, 1)[:, None, None]
    still = np.repeat(take.orientation[:1], len(take.times), axis=0)
    even = replace(take, position=take.position[0] + share * (take.position[last] - take.position[0]), orientation=still, contacts=())
    got = value(law, look(even), case(family))
    assert got >= worst if worst else got == 0


def test_momentum_from_nowhere_is_noticed_in_proportion() -> None:
    take = truth("collision", 1)
    hit = next(c.t for c in take.contacts if set(c.bodies) == {"left", "right"})
    found = []
    for extra in (0.0, 0.15, 0.3, 0.5, 0.8, 1.2):
        moved = take.position.copy()
        after = take.times > hit
        change = (take.velocity[round((hit + 0.02) * TRUTH_RATE), 1, 0] - take.velocity[round((hit - 0.02) * TRUTH_RATE), 1, 0]) * extra
        moved[after, 1, 0] += change * (take.times[after] - hit)
        found.append(value(exchange.momentum, look(replace(take, position=moved)), case("collision")))
    assert found[1:] == sorted(found[1:])
    assert found[0] < 0.1
    assert found[-1] > 0.25


@pytest.mark.slow
def test_who_comes_first() -> None:
    take = truth("feather", 1)
    seen = look(take)
    first, second = seen.tracks
    swapped = replace(seen, tracks=(replace(first, t=second.t, y=second.y), replace(second, t=first.t, y=first.y)))
    assert value(order.order, seen, case("feather")) < 0.05
    assert value(order.order, swapped, case("feather")) > 0.9


def test_looks_that_change_midway() -> None:
    seen, of = look(truth("collision", 1)), case("collision")
    first, second = seen.tracks
    found = []
    for share in (0.0, 0.15, 0.25, 0.35, 0.5):
        late = np.arange(len(first.t)) >= (1 - share) * len(first.t)
        pair = [replace(a, rgb=np.where(late[:, None], b.rgb, a.rgb)) for a, b in ((first, second), (second, first))]
        found.append(value(looks.identity, replace(seen, tracks=tuple(pair)), of))
    assert found == sorted(found, reverse=True)
    assert found[0] == 1
    assert found[-1] < 0.05


def test_bodies_that_grow_are_not_rigid() -> None:
    seen, of = look(truth("drop", 1)), case("drop")
    found = []
    for factor in (1.0, 1.2, 1.5, 2.0, 3.0, 4.0):
        track = seen.tracks[0]
        size = track.size * np.linspace(1, factor, len(track.t))
        found.append(value(looks.rigidity, replace(seen, tracks=(replace(track, size=size, long=size, short=size),)), of))
    assert found == sorted(found, reverse=True)
    assert found[0] == 1
    assert found[-1] < 0.2


def test_jumps_are_measured_in_sizes() -> None:
    seen, of = look(truth("drop", 1)), case("drop")
    track = seen.tracks[0]
    found = []
    for sizes in (0.0, 0.2, 0.6, 0.9, 1.2, 2.0):
        x = track.x + (np.arange(len(track.t)) > 60) * sizes * track.diameter
        found.append(value(place.continuity, replace(seen, tracks=(replace(track, x=x),)), of))
    assert found == sorted(found, reverse=True)
    assert min(found[:2]) > 0.99
    assert found[-1] < 0.1


def test_bodies_within_one_another() -> None:
    seen, of = look(truth("collision", 1)), case("collision")
    first, second = seen.tracks
    found = []
    for share in (0.0, 0.2, 0.4, 0.6, 0.8):  # the second is drawn towards the first for the last half second
        near = (np.arange(len(first.t)) > 60) * share
        there = replace(second, x=second.x + near * (first.x - second.x), y=second.y + near * (first.y - second.y))
        close = replace(there, x=np.where(near > 0.7, first.x + first.diameter * 0.3, there.x))
        found.append(place._overlap(*_matches(replace(seen, tracks=(first, close)), of)))
    assert found[-1] == pytest.approx(0.7, abs=0.1)
    assert value(place.solidity, seen, of) == 1


def _matches(seen: Observation, of: Case) -> tuple[place.Match, place.Match]:
    from kinema.metrics.laws.matched import matched

    found = matched(seen, of, replace(aligned(look(truth("collision", 1)), of), bound=""))  # type: ignore[arg-type]
    assert not isinstance(found, str)
    return found.bodies[0], found.bodies[1]


def test_what_hangs_in_the_air_is_held_by_nothing() -> None:
    take = truth("drop", 1)
    start = 0.6 * next(c.t for c in take.contacts) + 0.4 * take.scene.delay
    found = []
    for pause in (0.0, 0.1, 0.25, 0.4, 0.6, 0.9):
        held = retimed(take, lambda t, p=pause: np.where(t < start, t, np.maximum(start, t - p)))  # type: ignore[misc]
        found.append(value(place.support, look(held), case("drop")))
    assert found == sorted(found, reverse=True)
    assert found[0] == 1
    assert found[-1] < 0.3


def test_what_sticks_where_it_lands_does_not_go_on() -> None:
    take = truth("drop", 1)
    first = take.contacts[0].t
    after = (take.times > first)[:, None, None]
    found = []
    for dose in (0.0, 0.1, 0.3, 0.5, 0.7, 0.85, 1.0):
        held = replace(take, position=take.position + after * dose * (take.at(np.array([first])) - take.position))
        found.append(value(onward.onward, look(held, noise=0.1), case("drop")))
    assert found == sorted(found, reverse=True)
    assert min(found[:2]) > 0.98
    assert found[-1] < 0.15


def test_a_push_from_nowhere() -> None:
    seen, of = look(truth("drop", 1)), case("drop")
    track = seen.tracks[0]
    k = int(np.argmax(track.t >= seen.contacts[0].t))
    when = track.t[int(np.argmax(track.y > track.y[0] + 0.2 * (track.y[k] - track.y[0])))]  # three frames from letting go and landing
    found = []
    for push in (0.0, 100.0, 200.0, 300.0, 400.0):
        pushed = replace(track, x=track.x + push * np.maximum(track.t - when, 0))
        found.append(value(place.causality, replace(seen, tracks=(pushed,)), of))
    assert found == sorted(found, reverse=True)
    assert found[0] == 1
    assert found[-1] < 0.3


@pytest.mark.parametrize("family", ["drop", "collision", *(pytest.param(family, marks=pytest.mark.slow) for family in SLOW[:2])])
def test_time_runs_forwards(family: str) -> None:
    take = truth(family, 1)
    back = retimed(take, lambda t: np.maximum(SECONDS - t, 0))
    assert value(time.time_direction, look(take), case(family)) > 0.98
    assert value(time.time_direction, look(replace(back, contacts=())), case(family)) < 0.05


@pytest.mark.slow
def test_many_bodies_find_their_tracks_in_any_order() -> None:
    of = Case.of(truth("dominoes"), Request(prompt="", seconds=SECONDS))
    seen = look(truth("dominoes", 1))
    mixed = [3, 7, 0, 5, 2, 6, 1, 4]
    found = aligned(replace(seen, tracks=tuple(seen.tracks[k] for k in mixed)), of)
    assert isinstance(found, Fit)
    assert [mixed[k] for k in found.tracks if k is not None] == list(range(8))
    assert found.rms < 0.05


@pytest.mark.slow
def test_a_camera_that_pans_leaves_the_motion_alone() -> None:
    take = truth("tipping", 1)
    panned = replace(take, scene=replace(take.scene, move="pan_left"))
    found = aligned(look(panned), case("tipping"))
    assert isinstance(found, Fit)
    assert found.rms < 0.05


def test_what_leaves_over_the_edge_has_not_vanished() -> None:
    seen, of = look(truth("drop", 1), noise=0.0), case("drop")
    track = seen.tracks[0]
    half = len(track.t) // 2
    leaving = replace(track, x=np.linspace(60, seen.width + 2, half), y=track.y[:half], t=track.t[:half], frame=track.frame[:half],
                      size=track.size[:half], confidence=track.confidence[:half])  # fmt: skip
    counts = (np.arange(len(seen.times)) < half).astype(int)
    assert value(permanence, replace(seen, tracks=(leaving,), counts=counts), of) == pytest.approx(1.0, abs=0.03)
    gone = replace(leaving, x=np.full(half, 60.0))
    assert value(permanence, replace(seen, tracks=(gone,), counts=counts), of) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(("family", "most"), [("drop", 0.08), pytest.param("dominoes", 0.25, marks=pytest.mark.slow)])
def test_all_laws_together_are_quick(family: str, most: float) -> None:
    of = Case.of(truth(family), Request(prompt="", seconds=SECONDS))
    cards = [
        METRICS[name].load()
        for name in METRICS
        if METRICS[name].home.endswith(("dynamics.py", "laws/*.py")) or "/laws/" in METRICS[name].home
    ]
    assert len(cards) >= 17
    look(truth(family, 1))
    spent = []
    for noise in (0.2, 0.3, 0.4):  # the first pays for the case's own reference
        seen = look(truth(family, 1), noise=noise)
        start = process_time()
        for card in cards:
            card.function(seen, of)
        spent.append(process_time() - start)
    assert min(spent) < most


def test_who_exchanges_looks_keeps_going_and_is_another() -> None:
    n, t = np.arange(48), np.arange(48) / 24
    red, blue = np.tile([200.0, 30.0, 30.0], (48, 1)), np.tile([30.0, 30.0, 200.0], (48, 1))

    def track(number: int, x: Any, rgb: Any) -> Track:
        return Track(id=number, colour=None, frame=n, t=t, x=x, y=0 * x + 60, size=0 * x + 12, confidence=0 * x + 1, rgb=rgb)

    found = []
    for share in (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5):
        later = n >= round((1 - share) * 48)
        tracks = (track(0, np.where(later, 90.0, 30.0), red), track(1, np.where(later, 30.0, 90.0), blue))
        found.append(value(looks.identity, Observation(tracks=tracks, times=t), Case.outside("two balls", Shown(), Shown())))
    assert found == sorted(found, reverse=True)
    assert found[0] == 1
    assert found[-1] < 0.05


def test_a_turn_is_no_jump_and_a_jump_is_one() -> None:
    t = np.arange(24) / 24
    turn = np.where(np.arange(24) < 12, 5.0 * np.arange(24), 120.0 - 5.0 * np.arange(24)) + 0j
    assert place._gaps(t, turn).max() < 1e-9
    assert place._gaps(t, np.arange(24) * 5.0 + 10j * (np.arange(24) >= 12)).max() == pytest.approx(10)

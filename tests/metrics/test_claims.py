"""Statements of prompts, checked one by one on observations as a perfect observer would write them down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kinema.metrics.adherence import claims, colour, event, order, shape, share_held, size_order, stays, timing
from kinema.metrics.adherence_scene import camera, room, silence, sound
from kinema.metrics.claims import CHECKS, Evidence, verdicts
from kinema.metrics.claims_picture import camera_rates, named_move
from kinema.metrics.ideal import ideal
from kinema.metrics.metric import Case, Scored, Unscored
from kinema.metrics.observation import Heard, Observation, Onset, Track, View, VisualContact
from kinema.scenes.camera import MOVES
from kinema.scenes.palette import COLOURS
from kinema.scenes.request import Claim, Request
from kinema.scenes.truth import Truth

ClosedForm = Callable[..., Truth]
T = np.arange(72) / 24


def value(answer: Scored | Unscored) -> float:
    assert isinstance(answer, Scored), answer
    return answer.value


def asked(*claims_: Claim) -> Case:
    return replace(Case.outside("a prompt"), claims=claims_, request=Request(prompt="a prompt", seconds=3.0))


def track(
    number: int, x: np.ndarray | float = 64.0, y: np.ndarray | float = 64.0, *, colour: str = "red", size: float = 10.0, **more: object
) -> Track:
    ones = np.ones(len(T))
    return Track(
        id=number, colour=colour, frame=np.arange(len(T)), t=T, x=x * ones, y=y * ones, size=size * ones, confidence=ones,
        colours=(colour,) * len(T), **more,
    )  # fmt: skip


def seen_of(*tracks: Track, **more: object) -> Observation:
    return Observation(times=T, counts=np.full(len(T), len(tracks)), tracks=tracks, **more)


def heard(level: np.ndarray, pitch: float = 0.0, voice: float = 0.0) -> Heard:
    n = len(level)
    return Heard(level_db=level, side_db=np.zeros(n), pitch_hz=np.full(n, pitch), voice=np.full(n, voice))


def test_every_kind_of_claim_has_a_check() -> None:
    kinds = {"colour", "shape", "material", "count", "direction", "larger", "event", "order", "stays", "sound", "silence"}
    assert set(CHECKS) == kinds | {"camera", "style", "lighting", "room", "timing"}


@pytest.mark.parametrize("gain", [0.4, 1.0])
def test_colour_in_any_light_by_ciede2000(gain: float) -> None:
    rgb = np.tile(gain * np.array(COLOURS["orange"], dtype=float), (len(T), 1))
    seen = seen_of(track(0, colour="red", rgb=rgb))  # the measured colour counts, not the name beside it
    assert value(colour(seen, asked(Claim(kind="colour", value="orange", body=0)))) == 1
    assert value(colour(seen, asked(Claim(kind="colour", value="red", body=0)))) == 0
    film = asked(Claim(kind="colour", value="red", body=0), Claim(kind="style", value="film"))
    assert isinstance(colour(seen, film), Unscored)


def test_shape_is_round_or_not() -> None:
    ball, box = seen_of(track(0, shape="disc")), seen_of(track(0, shape="box"))
    for name, yes, no in (("ball", ball, box), ("box", box, ball), ("domino", box, ball)):
        assert value(shape(yes, asked(Claim(kind="shape", value=name, body=0)))) == 1
        assert value(shape(no, asked(Claim(kind="shape", value=name, body=0)))) == 0


@pytest.mark.parametrize("ratio", [0.7, 0.9, 1.1, 1.4])
def test_the_larger_of_two(ratio: float) -> None:
    case = asked(
        Claim(kind="colour", value="red", body=0), Claim(kind="colour", value="blue", body=1), Claim(kind="larger", value="larger", body=0)
    )
    assert value(size_order(seen_of(track(0, size=10 * ratio), track(1, colour="blue")), case)) == float(ratio > 1)


def test_timing_is_measured_to_a_frame_and_grows_with_the_delay() -> None:
    case = asked(Claim(kind="timing", value="0.5", time=0.5))
    off = []
    for start in (0.5, 0.75, 1.0, 1.5):
        fall = 60 * np.maximum(T - start, 0) ** 2
        off.append(value(timing(seen_of(track(0, y=20 + fall)), case)))
    assert off == pytest.approx([0, 250, 500, 1000], abs=45)
    assert value(timing(seen_of(track(0)), case)) == 1000


def test_an_event_near_its_time_elsewhen_and_not_at_all() -> None:
    case = asked(Claim(kind="event", value="collision", time=1.0))

    def at(*times: float) -> float:
        hits = tuple(VisualContact(t=t, bodies=(0, 1), x=0, y=0, before=(9, 0), after=(0, 0)) for t in times)
        return value(event(seen_of(track(0), contacts=hits), case))

    assert (at(1.1), at(2.9), at()) == (1, 0.5, 0)
    assert at(0.2, 0.9, 2.0) == 1


def test_who_lands_first() -> None:
    high, low = (np.minimum(20 + 40 * T**2, end) for end in (120.0, 60.0))
    colours = (Claim(kind="colour", value="red", body=0), Claim(kind="colour", value="blue", body=1))
    falls = tuple(Claim(kind="direction", value="down", body=body) for body in (0, 1))
    case = asked(*colours, *falls, Claim(kind="order", value="first", body=1))
    assert value(order(seen_of(track(0, y=high), track(1, y=low, colour="blue")), case)) == 1
    assert value(order(seen_of(track(0, y=low), track(1, y=high, colour="blue")), case)) == 0
    assert value(order(seen_of(track(0, y=low)), case)) == 0


def test_what_stands_stays() -> None:
    case = asked(Claim(kind="stays", value="stands", body=0))
    assert value(stays(seen_of(track(0)), case)) == 1
    assert value(stays(seen_of(track(0, x=64 + 10 * T)), case)) == 0


@pytest.mark.parametrize("move", [move for move in MOVES if not move.startswith("orbit")])
def test_the_camera_moves_are_told_apart(move: str, closed_form: ClosedForm) -> None:
    seen = ideal(closed_form("drop", 1, move=move), Request(prompt="", seconds=2.0))
    kind, way = named_move(camera_rates(seen))
    kind = "dolly" if move.startswith("dolly") and kind == "zoom" else kind  # an ideal background is flat, so a dolly is a zoom to it
    assert f"{kind}_{way}".strip("_") == move


def test_an_orbit_looks_like_a_roll() -> None:
    n = len(T)
    view = View(x=0.1 * T, y=np.zeros(n), scale=np.ones(n), roll=0.05 * T, stray=0.8 * T, confidence=np.ones(n))
    seen = seen_of(view=view)
    assert value(camera(seen, asked(Claim(kind="camera", value="orbit_left")))) == 1
    assert value(camera(seen, asked(Claim(kind="camera", value="orbit_right")))) == 0
    assert value(camera(seen, asked(Claim(kind="camera", value="zoom_in")))) == 0


def test_sounds_by_what_is_heard() -> None:
    quiet, loud = np.full(300, -120.0), np.full(300, -30.0)
    cases = {name: asked(Claim(kind="sound", value=name)) for name in ("impact", "tone", "voice", "sliding")}
    shown = {
        "impact": seen_of(onsets=(Onset(t=1, level_db=-20),)), "tone": seen_of(heard=heard(loud, pitch=440)),
        "voice": seen_of(heard=heard(loud, pitch=120, voice=1)), "sliding": seen_of(heard=heard(loud)),
    }  # fmt: skip
    for name, seen in shown.items():
        assert value(sound(seen, cases[name])) == 1
        assert value(sound(seen_of(heard=heard(quiet)), cases[name])) == 0
    assert value(sound(shown["tone"], cases["voice"])) == 0
    assert value(sound(shown["sliding"], cases["tone"])) == 0


def test_silence_is_none_of_it() -> None:
    case = asked(Claim(kind="silence", value="all"))
    assert value(silence(seen_of(heard=heard(np.full(300, -120.0))), case)) == 1
    assert value(silence(seen_of(heard=heard(np.full(300, -40.0))), case)) == 0
    assert value(silence(seen_of(onsets=(Onset(t=1, level_db=-50),)), case)) == 0


def test_a_room_is_as_live_as_it_should_be() -> None:
    case = asked(Claim(kind="room", value="concert_hall"))
    got = [value(room(seen_of(room={"decay_s": 2.3 * factor}), case)) for factor in (1, 1.4, 1.9, 2.7)]
    assert got[:2] == [1, 1]
    assert got == sorted(got, reverse=True)
    assert got[-1] == 0
    assert value(room(seen_of(), case)) == 0


@pytest.mark.parametrize("family", ["drop", "projectile", "pendulum", "collision"])
def test_all_claims_of_a_take_are_met_and_none_of_nothing(family: str, closed_form: ClosedForm, case_of: Callable[..., Case]) -> None:
    case = case_of(closed_form(family, 2))
    whole = claims(ideal(closed_form(family, 2, 3), case.request), case)
    assert value(whole) == 1
    assert isinstance(whole, Scored)
    assert len(whole.details["claims"]) == len(case.claims)
    assert value(claims(Observation(), case)) == 0
    assert share_held(verdicts(Evidence(Observation(), Case.outside("a ball"))), "nothing said") == Unscored(reason="nothing said")


def fallen(start: float, lands: float) -> np.ndarray:
    """A fall from ``start`` to 100 px that takes ``lands`` s, and a bounce of half the speed."""
    pull = 2 * (100 - start) / lands**2
    after = T - lands
    return np.where(T < lands, start + pull * T**2 / 2, np.minimum(100 - pull * lands / 2 * after + pull * after**2 / 2, 100))


def test_who_lands_first_is_known_where_the_floor_is_met_between_two_frames_and_after_a_cut() -> None:
    colours = (Claim(kind="colour", value="red", body=0), Claim(kind="colour", value="blue", body=1))
    falls = tuple(Claim(kind="direction", value="down", body=body) for body in (0, 1))
    case = asked(*colours, *falls, Claim(kind="order", value="first", body=1))
    for mine, other, first in ((0.21, 0.37, 1.0), (0.37, 0.21, 0.0)):
        low, high = track(1, y=fallen(70.0, mine), colour="blue"), track(0, y=fallen(20.0, other))
        hits = tuple(
            VisualContact(t=t, bodies=(k, "floor"), x=64, y=100, before=(0, 300), after=(0, -150)) for t, k in ((mine, 1), (other, 0))
        )
        assert value(order(seen_of(high, low, contacts=hits), case)) == first
        moved = replace(low, y=np.where(T > 2.0, low.y + 40, low.y))
        assert value(order(seen_of(high, moved, contacts=hits, cuts=(2.0,)), case)) == first


def test_what_the_camera_does_beside_its_move_counts_against_it() -> None:
    n = len(T)
    case, got = asked(Claim(kind="camera", value="pan_right")), []
    for tilt in (0.0, 0.03, 0.06, 0.085, 0.2):
        view = View(x=0.09 * 128 * T, y=tilt * 128 * T, scale=np.ones(n), roll=np.zeros(n), stray=np.zeros(n), confidence=np.ones(n))
        got.append(value(camera(seen_of(view=view), case)))
    assert got[0] == 1
    assert got == sorted(got, reverse=True)
    assert got[3] == pytest.approx(0.5, abs=0.05)
    assert got[4] == 0


def test_a_colour_on_the_way_to_another_counts_less() -> None:
    case = asked(Claim(kind="colour", value="orange", body=0))
    orange, blue = (np.array(COLOURS[name], dtype=float) for name in ("orange", "blue"))
    mixed = [np.tile((1 - share) * orange + share * blue, (len(T), 1)) for share in (0, 0.1, 0.2, 0.3, 0.6)]
    got = [value(colour(seen_of(track(0, rgb=rgb)), case)) for rgb in mixed]
    assert got[0] == 1
    assert got == sorted(got, reverse=True)
    assert got[-1] == 0


def test_what_is_gone_stays_as_long_as_it_is_seen() -> None:
    case = asked(Claim(kind="stays", value="stands", body=0))
    whole = track(0)
    for kept in (12, 36, 60):
        cut = {name: getattr(whole, name)[:kept] for name in ("frame", "t", "x", "y", "size", "confidence")}
        gone = replace(whole, **cut, colours=whole.colours[:kept])
        assert value(stays(seen_of(gone), case)) == pytest.approx(min(1.0, (T[kept - 1] + 0.2) / T[-1]))


@pytest.mark.parametrize("level", [-90.0, -70.0, -50.0, -30.0])
def test_silence_is_heard_by_degrees(level: float) -> None:
    got = value(silence(seen_of(heard=heard(np.full(300, level))), asked(Claim(kind="silence", value="all"))))
    assert got == pytest.approx(float(np.clip((-40 - level) / 40, 0, 1)))

"""What is heard against what the truth sounds like: each metric is perfect on the truth, moved by its own fault, and by no other."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from kinema.metrics.ideal import ideal
from kinema.metrics.metric import METRICS, Case, Scored, Unscored
from kinema.metrics.observation import Mouth, Observation, Onset, Ring
from kinema.metrics.observe.hearing import hear
from kinema.metrics.observe.mouth import find_mouths
from kinema.metrics.sound import decay, doppler, echo, material, mouth, pitch, room_decay, stereo, tone, voice_who
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.sound.mix import sound_of
from kinema.scenes.sound.voice import loudness
from kinema.scenes.truth import Truth
from kinema.scenes.world import truth_of

SECONDS = 2.6
RATE = 48_000
ALL = (decay, doppler, echo, material, mouth, pitch, room_decay, stereo, tone, voice_who)
JUDGED = {  # scene, and what is judged of it
    "drop@1/seed=1000003": {"material", "pitch"},
    "echo@1/seed=1000011": {"material", "room_decay"},
    "whirling_buzzer@1/seed=1000003": {"stereo", "doppler", "tone"},
    "puppet_duet@1/seed=1000003": {"voice_who", "mouth"},
    "drop@1/seed=1000004": {"material", "echo"},  # its floor alone rings, with one partial
    "pendulum@1/seed=1000003": set(),
}
DROP, ROOM, WHIRL, DUET, WALL, _ = JUDGED


@lru_cache(maxsize=16)
def shown(name: str, take: int = 0) -> tuple[Case, Truth, np.ndarray]:
    """The case of a scene, the truth of its take, and its sound."""
    first, scene = truth_of(scene_from_id(name), SECONDS), scene_from_id(name).take(take)
    truth = truth_of(scene, SECONDS)
    request = Request(prompt=first.scene.prompts()[1], seconds=SECONDS)
    return Case.of(first, request), truth, sound_of(truth, SECONDS, RATE)


def observed(name: str, sound: np.ndarray | None = None, take: int = 0, late: float = 0.0) -> Observation:
    """What is seen of a take by a perfect observer, and heard by ours."""
    case, truth, own = shown(name, take)
    seen = ideal(truth, case.request)
    mouths = []
    for said in truth.utterances:
        opening = loudness(said.syllables, seen.times - late)
        x, y = truth.camera.project(np.array(said.point), 128, 128).tolist()
        mouths.append(Mouth(t=seen.times, x=x, y=y, opening=opening / max(opening.max(), 1e-9)))
    return replace(seen, mouths=tuple(mouths), **hear((own if sound is None else sound).astype(np.float32), RATE))


def value(metric: Any, seen: Observation, name: str) -> float:
    found = metric(seen, shown(name)[0])
    assert isinstance(found, Scored), found
    return found.value


@pytest.mark.parametrize("name", list(JUDGED))
def test_the_truth_and_its_takes_are_right_and_silence_is_wrong(name: str) -> None:
    case = shown(name)[0]
    heard, other, silent = observed(name), observed(name, take=1), observed(name, np.zeros((2, RATE)))
    judged = set()
    for metric in ALL:
        card = METRICS[f"sync/{metric.__name__}"].load()
        span = abs(card.worst - card.best)
        found = metric(heard, case)
        if isinstance(found, Unscored):
            continue
        judged.add(metric.__name__)
        assert abs(found.value - card.best) <= 0.1 * span, found
        assert abs(value(metric, other, name) - card.best) <= 0.12 * span
        assert value(metric, silent, name) == card.worst
        assert isinstance(metric(Observation.of(), case), Scored)
    assert judged == JUDGED[name]


@pytest.mark.parametrize("name", [DROP, WHIRL, DUET])
def test_a_gain_moves_nothing(name: str) -> None:
    case, _, sound = shown(name)
    before, after = observed(name), observed(name, 0.2 * sound)
    for metric in ALL:
        first, second = metric(before, case), metric(after, case)
        assert type(first) is type(second)
        if isinstance(first, Scored):
            assert second.value == pytest.approx(first.value, abs=0.05)


def test_other_materials_sound_other() -> None:
    _, truth, sound = shown(DROP)
    rubber = replace(truth, bodies=tuple(replace(body, material="rubber") for body in truth.bodies), floor="felt")
    other = sound_of(rubber, SECONDS, RATE)
    values = [value(material, observed(DROP, (1 - share) * sound + share * other), DROP) for share in (0.0, 0.5, 0.9, 1.0)]
    assert values == sorted(values) and values[-1] > 2


def struck(times: float = 1.0, ring: float = 1.0) -> Observation:
    """The drop with everything that rings ``times`` as high and for ``ring`` as long."""
    seen = observed(DROP)
    changed = [tuple(Ring(frequency=r.frequency * times, t60=r.t60 * ring, level_db=r.level_db) for r in o.rings) for o in seen.onsets]
    return replace(seen, onsets=tuple(replace(onset, rings=rings) for onset, rings in zip(seen.onsets, changed, strict=True)))


@pytest.mark.parametrize("semitones", [-5.0, -1.0, 0.5, 3.0])
def test_pitch_in_semitones(semitones: float) -> None:
    assert value(pitch, struck(2 ** (semitones / 12)), DROP) == pytest.approx(abs(semitones), abs=0.05)


def test_what_fits_at_no_shift_counts_as_far_off() -> None:
    seen = observed(DROP)
    rings = tuple(Ring(frequency=f, t60=0.2, level_db=-10.0) for f in (700.0, 1130.0, 2210.0, 3930.0))
    strange = replace(seen, onsets=tuple(replace(o, rings=rings, level_db=-10.0) for o in seen.onsets))
    assert value(pitch, strange, DROP) > 4


def test_the_prompt_must_give_the_size_for_the_pitch_to_be_known() -> None:
    case = shown(DROP)[0]
    open_ = replace(case, request=replace(case.request, prompt="a ball falls"))
    assert isinstance(pitch(observed(DROP), open_), Unscored)
    assert isinstance(pitch(observed(DROP), replace(open_, request=replace(open_.request, mode="v2a"))), Scored)


def test_decay_is_the_ratio_of_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    case = shown(DROP)[0]
    loss = 0.015  # of the wooden floor
    bell = tuple(Ring(frequency=f, t60=2.2 / (loss * f), level_db=-20.0) for f in (300.0, 700.0))
    own = observed(DROP)
    ringing = replace(own, onsets=tuple(replace(onset, rings=bell, level_db=-15.0) for onset in own.onsets))
    monkeypatch.setattr("kinema.metrics.sound_impacts.expected_of", lambda _: ringing)
    for factor in (0.5, 1.0, 1.5, 3.0):
        rings = tuple(replace(ring, t60=ring.t60 * factor) for ring in bell)
        found = decay(replace(ringing, onsets=tuple(replace(onset, rings=rings) for onset in ringing.onsets)), case)
        assert isinstance(found, Scored) and found.value == pytest.approx(abs(np.log(factor)), abs=1e-6)


def test_the_decay_of_the_room() -> None:
    seen = observed(ROOM)
    longer = replace(seen, room={name: number * (2.0 if name.startswith("decay") else 1.0) for name, number in seen.room.items()})
    assert value(room_decay, longer, ROOM) == pytest.approx(np.log(2), abs=0.1)


def test_the_delay_of_the_wall() -> None:
    seen = observed(WALL)
    later = replace(seen, room=seen.room | {"early_ms": seen.room["early_ms"] + 4.0})
    assert value(echo, later, WALL) == pytest.approx(4.0)


def test_sides_follow_the_picture() -> None:
    sound = shown(WHIRL)[2]
    shares = [value(stereo, observed(WHIRL, (1 - s) * sound + s * sound.mean(axis=0)), WHIRL) for s in (0.0, 0.3, 0.6, 1.0)]
    assert shares == sorted(shares, reverse=True) and shares[-1] == pytest.approx(0, abs=1e-6)
    assert value(stereo, observed(WHIRL, sound[::-1]), WHIRL) == -1
    seen = observed(WHIRL)
    mirrored = replace(seen, tracks=tuple(replace(track, x=seen.width - track.x) for track in seen.tracks))
    assert value(stereo, mirrored, WHIRL) == -1


PAIR = "two_drops@1/seed=1000005"


def exchanged(seen: Observation) -> Observation:
    """Everything on the other side of the picture."""
    contacts = tuple(replace(contact, x=seen.width - contact.x) for contact in seen.contacts)
    return replace(seen, contacts=contacts, tracks=tuple(replace(track, x=seen.width - track.x) for track in seen.tracks))


@pytest.mark.parametrize("kept", [99, 4, 2, 0])
def test_sides_are_told_by_what_is_left_of_the_impacts(kept: int) -> None:
    seen = observed(PAIR)
    fewer = replace(seen, contacts=seen.contacts[:kept])
    assert value(stereo, fewer, PAIR) > 0.9
    assert value(stereo, exchanged(fewer), PAIR) < -0.9


def test_a_wrong_impact_or_two_do_not_turn_the_sides() -> None:
    seen = observed(PAIR)
    wrong = [replace(contact, x=seen.width - contact.x) if k == 1 else contact for k, contact in enumerate(seen.contacts)]
    assert value(stereo, replace(seen, contacts=tuple(wrong)), PAIR) > 0.9


def test_tones_bend_and_have_their_pitch() -> None:
    case, truth, _ = shown(WHIRL)
    seen = observed(WHIRL)
    assert seen.heard is not None
    base = truth.tones[0].frequency
    for share in (0.0, 0.5, 1.0):
        flat = replace(seen, heard=replace(seen.heard, pitch_hz=base * (seen.heard.pitch_hz / base) ** (1 - share)))
        assert value(doppler, flat, WHIRL) == pytest.approx(share, abs=0.02) and value(tone, flat, WHIRL) < 3
    higher = replace(seen, heard=replace(seen.heard, pitch_hz=2 ** (100 / 1200) * seen.heard.pitch_hz))
    assert value(tone, higher, WHIRL) == pytest.approx(100, abs=1) and value(doppler, higher, WHIRL) == pytest.approx(0, abs=0.02)
    half = replace(seen, heard=replace(seen.heard, pitch_hz=np.where(seen.heard.t < SECONDS / 2, seen.heard.pitch_hz, 0.0)))
    assert 300 < tone(half, case).value < 700  # type: ignore[union-attr]


def test_a_jaw_that_is_followed_is_a_mouth() -> None:
    seen = observed(DUET)
    jaws = replace(seen, mouths=find_mouths(seen.tracks))
    assert value(mouth, jaws, DUET) < 20 and value(voice_who, jaws, DUET) > 0.85
    assert value(voice_who, replace(jaws, mouths=jaws.mouths[:1]), DUET) > 0.85
    assert value(mouth, replace(seen, mouths=()), DUET) == 500


def test_jaws_that_exchange_their_looks_are_still_mouths() -> None:
    seen = replace(observed(DUET), mouths=())
    first, second = seen.tracks[:2]
    late = first.t > SECONDS / 2
    names = ("x", "y", "angle", "long", "short", "size")
    pairs = ((first, second), (second, first))
    one, other = ({name: np.where(late, getattr(b, name), getattr(a, name)) for name in names} for a, b in pairs)
    swapped = replace(seen, tracks=(replace(first, **one), replace(second, **other)))
    assert find_mouths(swapped.tracks) == ()
    assert value(mouth, swapped, DUET) < 20 and value(voice_who, swapped, DUET) > 0.85


@pytest.mark.parametrize("late", [-0.3, -0.06, 0.1, 0.4])
def test_mouths_that_are_late(late: float) -> None:
    seen = observed(DUET, late=late)
    assert value(mouth, seen, DUET) == pytest.approx(abs(1000 * late), abs=15)
    assert value(voice_who, seen, DUET) > 0.8  # who speaks is another question


def test_the_wrong_mouth_moves() -> None:
    seen = observed(DUET)
    first, second = seen.mouths
    swapped = replace(seen, mouths=(replace(first, opening=second.opening), replace(second, opening=first.opening)))
    assert value(voice_who, seen, DUET) > 0.9
    assert value(voice_who, swapped, DUET) < 0.1


def test_onsets_without_spectra_are_not_compared() -> None:
    seen = replace(observed(DROP), onsets=(Onset(t=0.4, level_db=-20.0),))
    assert value(material, seen, DROP) == 20.0

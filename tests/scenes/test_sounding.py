"""Families of sound: puppets whose jaw belongs to their voice, buzzers that pass, rooms that can be told by ear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, hilbert, sosfiltfilt

from kinema.scenes import check
from kinema.scenes.catalogue.echoing import Echo
from kinema.scenes.catalogue.puppet import OPENING
from kinema.scenes.catalogue.sounding import Buzzer, WhirlingBuzzer
from kinema.scenes.catalogue.talking import PuppetDuet, TalkingPuppet
from kinema.scenes.contrast import contrasts_of
from kinema.scenes.scene import SCENES, Scene
from kinema.scenes.sound.mix import sound_of
from kinema.scenes.truth import Truth
from kinema.scenes.world import simulate

RATE = 48_000
FAMILIES = (TalkingPuppet, PuppetDuet, Buzzer, WhirlingBuzzer, Echo)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_families_are_registered_and_keep_the_rules(family: type[Scene]) -> None:
    assert SCENES[family.family].load() is family
    for one in (check.prompts_say_what_is_claimed, check.claims_are_true, check.contrasts_change_one_thing, check.takes_stay_close):
        one(family)


@pytest.mark.parametrize("family", FAMILIES)
def test_their_proofs_hold(family: type[Scene]) -> None:
    for seed in range(3):
        scene = family.draw(seed)
        truth = simulate(scene, 2.5)
        for proof in scene.proofs(truth):
            assert proof.holds, f"{scene.id}: {proof.law} is {proof.simulated}, not {proof.closed_form}"


def level_of(sound: np.ndarray, times: np.ndarray, late: float) -> np.ndarray:
    """Level over 30 ms at these moments of the source."""
    power = uniform_filter1d((sound.astype(float) ** 2).sum(axis=0), int(0.03 * RATE))
    return np.sqrt(np.interp(times + late, np.arange(len(power)) / RATE, np.maximum(power, 0)))


def jaw_angles(truth: Truth) -> np.ndarray:
    return 2 * np.arcsin(np.abs(truth.orientation[:, :, 1]))


def travel(truth: Truth, speaker: int) -> float:
    return float(np.linalg.norm(np.array(truth.utterances[speaker].point) - truth.camera.eye)) / 343.0


# Puppets ----------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_the_jaw_opens_as_wide_as_the_voice_is_heard(seed: int) -> None:
    truth = simulate(replace(TalkingPuppet.draw(seed), room="outdoors"), 2.0)
    times = np.arange(0.05, 1.95, 0.005)
    heard = level_of(sound_of(truth, 2.0), times, travel(truth, 0))
    opened = np.interp(times, truth.times, jaw_angles(truth)[:, 0])
    assert np.corrcoef(heard, opened)[0, 1] > 0.96
    assert heard[opened < 1e-3].max() < 0.1 * heard.max()  # what 30 ms reach over


def test_the_jaw_turns_about_its_hinge() -> None:
    truth = simulate(TalkingPuppet.draw(1), 2.0)
    hinge = np.array(truth.scene.puppets()[0].hinge)
    arm = np.linalg.norm(truth.position[:, 0] - hinge, axis=-1)
    assert np.ptp(arm) < 1e-12
    speed = np.gradient(truth.position[:, 0], 1 / 960, axis=0)
    np.testing.assert_allclose(truth.velocity[5:-5, 0], speed[5:-5], atol=0.02 * np.abs(speed).max())
    assert truth.position[:, 0, 2].max() == pytest.approx(truth.position[0, 0, 2], abs=1e-9)  # it only ever hangs lower


def test_syllables_are_heard_when_they_are_said() -> None:
    scene = replace(TalkingPuppet.draw(2), room="outdoors", delay=0.2)
    truth = simulate(scene, 3.0)
    times = np.arange(0, 2.9, 0.001)
    heard = level_of(sound_of(truth, 3.0), times, travel(truth, 0))
    loud = heard > 0.25 * heard.max()
    rises = times[1:][loud[1:] & ~loud[:-1]]
    starts = [syllable[0] for syllable in truth.utterances[0].syllables]
    assert starts[0] == pytest.approx(0.4)
    assert len(rises) == len(starts)
    np.testing.assert_allclose(rises, starts, atol=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_in_a_duet_the_jaw_and_the_side_are_those_of_the_speaker(seed: int) -> None:
    truth = simulate(replace(PuppetDuet.draw(seed), room="outdoors"), 2.5)
    angle, sound = jaw_angles(truth), sound_of(truth, 2.5).astype(float)
    first = truth.scene.first
    begins = [one.syllables[0][0] for one in truth.utterances]
    assert (begins[0] < begins[1]) == (first == "left")
    for k, said in enumerate(truth.utterances):
        for start, length, _, level in said.syllables:
            middle = round((start + length / 2) * 960)
            assert angle[middle, k] == pytest.approx(OPENING * level, rel=1e-3)
            assert angle[middle, 1 - k] == 0
            part = sound[:, int((start + travel(truth, k)) * RATE) : int((start + length) * RATE)]
            balance = np.log((part[1] ** 2).sum() / (part[0] ** 2).sum())
            assert np.sign(balance) == (-1, 1)[k]


def test_contrasts_of_puppets_are_in_the_truth() -> None:
    sets = contrasts_of(TalkingPuppet.draw(0))
    counts = [len(one.utterances()[0].syllables) for one in sets["syllables"].scenes]
    assert counts == [2, 3, 4]
    openings = [jaw_angles(simulate(one, 2.0)).max() for one in sets["loudness"].scenes]
    assert openings[0] < 0.5 * openings[1] * 1.01 < openings[2]
    waits = [np.ptp([one.syllables[0][0] for one in duet.utterances()]) for duet in contrasts_of(PuppetDuet.draw(0))["wait"].scenes]
    assert np.diff(waits) == pytest.approx([0.2, 0.2])


# Buzzers ----------------------------------------------------------------------------------------------------------------------------------


def pitch_of(wave: np.ndarray, about: float) -> np.ndarray:
    near = sosfiltfilt(butter(4, (about * 0.75, about * 1.35), "bandpass", fs=RATE, output="sos"), wave)
    phase = np.unwrap(np.angle(hilbert(near)))
    out = np.full(len(wave), np.nan)
    out[480:-480] = (phase[960:] - phase[:-960]) / 960 * RATE / (2 * np.pi)
    return out


@pytest.mark.parametrize("family", [Buzzer, WhirlingBuzzer])
@pytest.mark.parametrize("seed", range(3))
def test_the_pitch_that_is_heard_is_the_closed_form(family: type[Buzzer] | type[WhirlingBuzzer], seed: int) -> None:
    scene = family.draw(seed)
    truth = simulate(scene, 3.0)
    heard = pitch_of(sound_of(truth, 3.0)[0].astype(float), scene.pitch)
    emitted = np.linspace(0.1, 2.7, 150)
    way = np.linalg.norm(truth.at(emitted)[:, 0] - truth.camera.eye, axis=-1)
    found = heard[np.round((emitted + way / 343.0) * RATE).astype(int)]
    assert np.abs(found / scene.shift(truth, emitted) - 1).max() < 0.005


@pytest.mark.parametrize("seed", range(3))
def test_a_buzzer_is_heard_where_it_is_seen(seed: int) -> None:
    truth = simulate(Buzzer.draw(seed), 3.0)
    left, right = sound_of(truth, 3.0).astype(float)
    times = np.arange(0.2, 2.8, 0.1)
    x = truth.pixels_at(times, 1, 1)[:, 0, 0] - 0.5
    way = np.linalg.norm(truth.at(times)[:, 0] - truth.camera.eye, axis=-1) / 343.0
    at = [slice(int((t + w - 0.02) * RATE), int((t + w + 0.02) * RATE)) for t, w in zip(times, way, strict=True)]
    balance = np.array([np.log((right[k] ** 2).sum() / (left[k] ** 2).sum()) for k in at])
    assert np.corrcoef(balance, x)[0, 1] > 0.9
    clear = np.abs(x) > 0.1
    assert (np.sign(balance[clear]) == np.sign(x[clear])).all()


# Echoes -----------------------------------------------------------------------------------------------------------------------------------


def test_rooms_are_told_by_what_is_left_between_two_bounces() -> None:
    """The louder the tail between contacts, the longer the room's decay time."""
    sets = contrasts_of(Echo.draw(0))["room"].scenes
    left = {}
    for scene in sets:
        truth = simulate(scene, 2.0)
        first, second = (contact.t for contact in truth.contacts[:2])
        sound = sound_of(truth, 2.0).astype(float)
        middle = first + 0.6 * (second - first)
        part, hit = (sound[:, int(t * RATE) : int((t + 0.08) * RATE)] for t in (middle, first))
        left[scene.room] = 10 * np.log10(((part**2).sum() + 1e-30) / (hit**2).sum())
    assert left["closet"] < left["living_room"] < left["concert_hall"]
    assert left["closet"] < left["cathedral"] - 15


@pytest.mark.parametrize("room", ["studio", "outdoors"])
def test_where_nothing_answers_an_echo_has_a_drops_proofs(room: str) -> None:
    scene = replace(Echo.draw(0), room=room)
    truth = simulate(scene, 2.0)
    assert "decay time" not in {proof.law for proof in scene.proofs(truth)}

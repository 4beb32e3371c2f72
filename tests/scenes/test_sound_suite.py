"""The sound of every family beside its truth: each contact alone and in the mix at its moment, silence where nothing sounds."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from scipy.signal import butter, correlate, sosfilt

from kinema.metrics.observe.onsets import find_onsets
from kinema.scenes.scene import SCENES
from kinema.scenes.sound.impact import dry_impact
from kinema.scenes.sound.mix import sound_of
from kinema.scenes.sound.modes import SPEED_OF_SOUND
from kinema.scenes.sound.room import listener
from kinema.scenes.truth import Contact, Truth
from kinema.scenes.world import simulate

pytestmark = pytest.mark.slow

RATE, SECONDS = 48_000, 2.0
SEEDS = (0, 1)
NEAR = 0.060  # s: contacts closer than this are one event to a listener
SLOW = 0.3  # m/s
LATE = 0.001  # s, allowed
EDGE = 0.05  # s before the end of a clip in which nothing is asked


@lru_cache(maxsize=128)  # one simulation for all tests of a scene
def heard(family: str, seed: int) -> tuple[Truth, np.ndarray]:
    truth = simulate(SCENES[family].load().draw(seed), SECONDS)
    return truth, sound_of(truth, SECONDS, RATE)


def arrival(contact: Contact, truth: Truth) -> float:
    return contact.t + float(np.linalg.norm(listener(truth, contact.t).eye - np.array(contact.point))) / SPEED_OF_SOUND


def singled_out(truth: Truth) -> list[Contact]:
    """Contacts above 0.3 m/s, 60 ms from any other, while nothing else sounds over them."""
    if truth.tones or truth.utterances:
        return []
    times = np.array([arrival(contact, truth) for contact in truth.contacts])
    return [
        contact
        for k, contact in enumerate(truth.contacts)
        if contact.approach_speed > SLOW and times[k] < SECONDS - EDGE and (np.abs(np.delete(times, k) - times[k]) > NEAR).all()
    ]


def found_at(contact: Contact, truth: Truth, sound: np.ndarray) -> float:
    """How much later than its arrival a contact's own dry wave is found in the mix, s: the best match within 8 ms above 200 Hz."""
    wave, start = dry_impact(contact, truth, RATE)
    high = butter(2, 200, "highpass", fs=RATE, output="sos")
    reach = round(0.008 * RATE)
    first = round(start * RATE)
    piece = np.pad(sound.mean(axis=0), (reach, len(wave) + reach))[first : first + 2 * reach + 480]
    match = correlate(sosfilt(high, piece), sosfilt(high, wave[:480]), "valid")
    return float((np.argmax(np.abs(match)) - reach) / RATE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("family", list(SCENES))
def test_every_contact_alone_and_dry_is_heard_when_it_arrives(family: str, seed: int) -> None:
    truth, _ = heard(family, seed)
    for contact in truth.contacts:
        wave, start = dry_impact(contact, truth, RATE)
        assert np.isfinite(wave).all()
        first = int(np.argmax(np.abs(wave) > 0.1 * np.abs(wave).max()))
        assert abs(start + first / RATE - arrival(contact, truth)) < LATE, contact


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("family", list(SCENES))
def test_contacts_that_stand_alone_are_heard_in_the_mix_when_they_arrive(family: str, seed: int) -> None:
    truth, sound = heard(family, seed)
    onsets = np.array([onset.t for onset in find_onsets(sound, RATE)])
    for contact in singled_out(truth):
        assert abs(found_at(contact, truth, sound)) < LATE, contact
        if truth.scene.room in ("studio", "outdoors"):  # between walls the detector takes strong echoes for onsets
            assert len(onsets), contact
            assert np.abs(onsets - arrival(contact, truth)).min() < LATE, (contact, onsets)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("family", list(SCENES))
def test_there_is_sound_where_something_sounds_and_none_elsewhere(family: str, seed: int) -> None:
    truth, sound = heard(family, seed)
    assert sound.shape == (2, round(SECONDS * RATE))
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() < 1.0
    source = truth.contacts or truth.tones or truth.utterances or any(rub.slip.any() or rub.speed.any() for rub in truth.rubs)
    if not source:
        assert not sound.any()
    if not truth.scene.audible:
        assert not sound.any(), "the family says that it is silent"
    if truth.contacts and arrival(truth.contacts[0], truth) < SECONDS - EDGE:
        assert np.abs(sound).max() > 10 ** (-80 / 20)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("family", ["drop", "projectile", "two_drops", "toss"])
def test_the_level_of_bounces_follows_their_speed(family: str, seed: int) -> None:
    """Laws: a tone's pressure ~ impulse ~ v; a click's ~ v^1.4 (Hertz). What is heard is both: between the two slopes, within 15 %."""
    truth, _ = heard(family, seed)
    for body in truth.bodies:
        bounces = [contact for contact in truth.contacts if contact.bodies == (body.name, "floor")]
        if len(bounces) < 3:
            continue
        speeds = [contact.approach_speed for contact in bounces]
        peaks = []
        for contact in bounces:
            wave, _ = dry_impact(contact, truth, RATE)
            way = np.linalg.norm(listener(truth, contact.t).eye - np.array(contact.point))
            peaks.append(np.abs(wave).max() * way)
        slope = np.polyfit(np.log(speeds), np.log(peaks), 1)[0]
        assert 0.85 * 1.0 < slope < 1.15 * 1.4, (body.material, slope)

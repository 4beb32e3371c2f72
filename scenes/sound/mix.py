"""The sound track of a scene: every source through the room into two ears, at one fixed level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.sound.impact import source_of
from kinema.scenes.sound.place import place, tracks
from kinema.scenes.sound.room import reverberate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.truth import Contact, Truth

__all__ = ["FULL_SCALE", "audible", "sound_of"]

# Pa (peak) at a sample of 1, in every clip, so that the levels of two clips may be compared; the loudest scenes reach -2 dB.
FULL_SCALE = 160.0
LINEAR = 0.8  # of full scale, below which nothing is bent

MOMENT = 0.055  # s, within which blows are one event
MOST = 120  # impacts that are made of a clip; grains that pour have hundreds, most of them covered by others
COVERED, BEFORE, AFTER = 8.0, 0.003, 0.020  # - and s: how much stronger a blow is that covers those just before and after it (est)


def sound_of(truth: Truth, seconds: float, rate: int = 48_000) -> NDArray[np.float32]:
    """The sound (2, n), left then right, heard at the camera; sample ``k`` sounds at ``k / rate``. Nothing is normalised.

    Where nothing touches, rubs, buzzes or speaks it is zero throughout.
    """
    sound = tracks(seconds, rate)
    add_impacts(sound, truth, rate)
    if truth.rubs:
        from kinema.scenes.sound.friction import add_rubs

        add_rubs(sound, truth, rate)
    if truth.tones:
        from kinema.scenes.sound.tone import add_tones

        add_tones(sound, truth, rate)
    if truth.utterances:
        from kinema.scenes.sound.voice import add_utterances

        add_utterances(sound, truth, rate)
    sound[:2] += reverberate(sound[2], truth, rate)
    return _recorded(sound[:2] / FULL_SCALE).astype(np.float32)


def _recorded(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a microphone makes of shares of full scale: it bends the few peaks above ``LINEAR``, tons that fall on Jupiter, under 1."""
    over = np.maximum(np.abs(share) - LINEAR, 0.0)
    kept: NDArray[np.float64] = np.sign(share) * (np.minimum(np.abs(share), LINEAR) + (1 - LINEAR) * np.tanh(over / (1 - LINEAR)))
    return kept


def add_impacts(sound: NDArray[np.float64], truth: Truth, rate: int) -> None:
    """The contacts of the truth, added to the tracks: all of them, or of a crowd those that can be told apart."""
    for contact in audible([contact for contact in truth.contacts if contact.t * rate < sound.shape[1]]):
        place(sound, source_of(contact, truth, rate), np.asarray(contact.point), contact.t, truth, rate)


def audible(contacts: Sequence[Contact]) -> list[Contact]:
    """The contacts that are made: of more than ``MOST`` the strongest of every moment, then the strongest that none other covers.

    Strength is ``impulse speed^0.4``, as of the click of a compact body: ``J / duration^2`` (Hertz). In order of time, as given.

    Example:
        >>> audible([])
        []
    """
    if len(contacts) <= MOST:
        return list(contacts)
    t = np.array([contact.t for contact in contacts])
    strength = np.array([contact.impulse * max(contact.approach_speed, 0.0) ** 0.4 for contact in contacts])

    def strongest(before: float, after: float) -> NDArray[np.float64]:
        first, last = np.searchsorted(t, t - before), np.searchsorted(t, t + after, side="right")
        return np.array([strength[i:k].max() for i, k in zip(first, last, strict=True)])

    covered = strongest(AFTER, BEFORE) > COVERED * strength
    outdone = strongest(MOMENT, MOMENT) > strength
    order = np.lexsort((-strength, covered, outdone))[:MOST]
    return [contacts[k] for k in sorted(order)]

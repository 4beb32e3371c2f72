"""The sound track of a scene: every source through the room into two ears, at one fixed level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.sound.impact import source_of
from kinema.scenes.sound.place import place, tracks
from kinema.scenes.sound.room import reverberate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["FULL_SCALE", "sound_of"]

# Pa (peak) at a sample of 1, in every clip, so that the levels of two clips may be compared; the loudest scenes reach -2 dB.
FULL_SCALE = 160.0


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
    return (sound[:2] / FULL_SCALE).astype(np.float32)


def add_impacts(sound: NDArray[np.float64], truth: Truth, rate: int) -> None:
    """Every contact of the truth, added to the tracks."""
    for contact in truth.contacts:
        if contact.t * rate < sound.shape[1]:
            place(sound, source_of(contact, truth, rate), np.asarray(contact.point), contact.t, truth, rate)

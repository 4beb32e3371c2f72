"""What a truth sounds like to the same observer that listens to a clip: made once for each truth, and remembered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kinema.metrics.observe.hearing import hear

if TYPE_CHECKING:
    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Heard, Onset
    from kinema.scenes.truth import Truth

__all__ = ["Expected", "expected_of", "strongest", "unknown"]

REMEMBERED = 8  # truths; a suite scores many clips against the same one
RATE = 48_000  # Hz
STRONG_DB = 18.0  # below the loudest onset: what is softer is covered by others, or a rattle
MOST = 8  # onsets that are compared


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """The truth's own sound as it was heard: fields as in an observation."""

    onsets: tuple[Onset, ...] = ()
    heard: Heard | None = None
    room: dict[str, float] = field(default_factory=dict)
    sound: dict[str, float] = field(default_factory=dict)


_remembered: list[tuple[tuple[object, ...], Expected]] = []


def unknown(case: Case) -> str:
    """Why the case's own sound is not known, "" where it is."""
    truth = case.truth
    if truth is None:
        return "nothing is known of what should be heard"
    names = {body.name for body in truth.bodies} | {prop.name for prop in truth.props} | {"floor"}
    sources = [name for touch in truth.contacts for name in touch.bodies] + [name for rub in truth.rubs for name in rub.bodies]
    if not names.issuperset(sources):
        return "some of the sound is made by bodies that are not followed by name"
    early = any(touch.t < case.request.seconds for touch in truth.contacts)
    return "" if early or truth.rubs or truth.tones or truth.utterances else "nothing is to be heard in the truth"


def expected_of(case: Case) -> Expected:
    """What the observer hears of the truth's own sound; asked again about the same truth it answers without computing.

    It costs 0.1 to 0.3 s of one core for 3 s, once for each case. Only where :func:`unknown` has nothing to say.
    """
    from kinema.scenes.sound.mix import sound_of

    truth = case.truth
    assert truth is not None
    key = _key(truth, case.request.seconds)
    for known, expected in _remembered:
        if known == key:
            return expected
    found = hear(sound_of(truth, case.request.seconds, RATE), RATE)
    expected = Expected(onsets=found["onsets"], heard=found["heard"], room=found["room"], sound=found["sound"])
    _remembered.insert(0, (key, expected))
    del _remembered[REMEMBERED:]
    return expected


def _key(truth: Truth, seconds: float) -> tuple[object, ...]:
    """What the sound depends on; a faulty truth of the same scene has other contacts."""
    return (truth.scene, truth.contacts, truth.tones, truth.utterances, seconds)


def strongest(onsets: tuple[Onset, ...]) -> tuple[Onset, ...]:
    """The loudest few, loudest first.

    Example:
        >>> from kinema.metrics.observation import Onset
        >>> [one.t for one in strongest((Onset(t=0.5, level_db=-20), Onset(t=0.7, level_db=-50), Onset(t=0.9, level_db=-10)))]
        [0.9, 0.5]
    """
    ordered = sorted(onsets, key=lambda onset: -onset.level_db)
    return tuple(onset for onset in ordered[:MOST] if onset.level_db > ordered[0].level_db - STRONG_DB)

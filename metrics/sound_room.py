"""Does it sound as in the room: how long it answers, and when its nearest wall does?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.metric import Case, Scored, Unscored, metric
from kinema.metrics.observation import Observation
from kinema.metrics.observe.room import DECAY_BANDS
from kinema.metrics.sound_truth import expected_of, unknown

if TYPE_CHECKING:
    from kinema.scenes.truth import Truth

__all__ = ["echo", "room_decay"]

WORST_DECAY = float(np.log(8))
WORST_MS = 20.0
ITSELF = 0.15  # -, relative difference from the room's own decay time within which the truth's sound shows it
SAME_MS = 0.4  # ms from its own geometry within which the truth's sound shows its first reflection
CLEAR_DB = -8.8  # re the direct sound: what is weaker is not found in every take (measured)


@metric(
    "sync/room_decay", version=1, unit="ln", better="lower", best=0.0, worst=WORST_DECAY, needs=("onsets", "room"),
    source="T60 per octave from the decay of level between onsets, against the T30 measured on the room's impulse response",
    formula="|median over octaves 500..4000 Hz of ln(T60 / T60')|, T60' the room's",
    own=("room",),
    coupled={
        "noise_sound": "noise covers the decay",
        "silence": "where nothing is heard no room is",
        "shuffled_sound": "another clip is heard in another room",
        "dropped_impact": "without any impact no room is heard",
    },
    blind=("Only rooms that answer (not the studio, the default, nor outdoors) are judged.", "What rings longer than the room hides it."),
)  # fmt: skip
def room_decay(seen: Observation, case: Case) -> Scored | Unscored:
    """How much too long or too short the room answers: the logarithm of the ratio of decay times.

    Returns:
        0 for the room's own decay time, ln 2 for half or twice of it, at most ln 8; ln 8 where no decay is heard. ``Unscored`` in the
        studio and outdoors, and where the truth's own sound does not show the room (what rings longer, too little time between bounces).

    Example:
        >>> room_decay(Observation.of(), Case.outside("a ball falls in a cathedral")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    if case.truth.room.get("t60", 0.0) <= 0:
        return Unscored(reason="the truth is heard in no room that answers")
    shown = _shown_octaves(case, case.truth)
    if not shown:
        return Unscored(reason="the truth's own sound does not show how long its room answers")
    ratios = [float(np.log(seen.room[name] / own)) for name, own in shown.items() if seen.room.get(name, 0.0) > 0]
    if not ratios:
        return Scored(value=WORST_DECAY, why="No decay is heard between the onsets of the clip.")
    middle = float(np.median(ratios))
    own = case.truth.room["t60"]
    why = f"The room answers for {own * np.exp(middle):.2f} s; the truth's does for {own:.2f} s."
    return Scored(value=min(abs(middle), WORST_DECAY), why=why, details={"ln_ratios": [round(one, 4) for one in ratios]})


@metric(
    "sync/echo", version=1, unit="ms", better="lower", best=0.0, worst=WORST_MS, needs=("onsets", "room"),
    source="first peak of the mean cepstrum of the onsets (0.7 to 14 kHz), against that of the truth's own rendered sound",
    formula="|tau - tau'|, tau: delay of the first clear reflection after the direct sound, capped at 20 ms",
    own=("echo_delay",),
    coupled={
        "silence": "where nothing is heard nothing is thrown back",
        "dropped_impact": "without any impact nothing is thrown back",
        "click_track": "clicks without a wall",
        "noise_sound": "noise covers what is thrown back",
    },
    blind=("Only one clear first reflection is judged, as of the wall behind the studio's scenes; crowds of them in small rooms are not.",),
)  # fmt: skip
def echo(seen: Observation, case: Case) -> Scored | Unscored:
    """How far the delay of the first reflection is from that of the wall that is seen, in milliseconds.

    Returns:
        Absolute difference, at most 20; 20 where no reflection is heard. ``Unscored`` where the truth's own sound has no clear one.

    Example:
        >>> echo(Observation.of(), Case.outside("a ball falls")).reason
        'nothing is known of what should be heard'
    """
    if reason := unknown(case):
        return Unscored(reason=reason)
    assert case.truth is not None
    own = _first_reflection(case, case.truth)
    if own is None:
        return Unscored(reason="the truth's own sound has no clear first reflection")
    heard = seen.room.get("early_ms")
    if heard is None:
        return Scored(value=WORST_MS, why=f"No reflection is heard; the truth's comes after {own:.1f} ms.")
    value = min(abs(heard - own), WORST_MS)
    return Scored(value=value, why=f"The first reflection comes after {heard:.1f} ms; the truth's after {own:.1f} ms.")


def _shown_octaves(case: Case, truth: Truth) -> dict[str, float]:
    """The room's own decay times, in s, of the octaves in which the truth's sound shows them."""
    found = expected_of(case).room
    octaves = {f"decay_{band}": truth.room.get(f"t60_{band}", 0.0) for band in DECAY_BANDS}
    return {name: own for name, own in octaves.items() if own > 0 and abs(found.get(name, 0.0) / own - 1) < ITSELF}


def _first_reflection(case: Case, truth: Truth) -> float | None:
    """Delay in ms of the truth's first reflection, where its sound shows what its geometry says."""
    from kinema.scenes.sound.room import listener, paths

    found = expected_of(case).room
    touches = [touch for touch in truth.contacts if touch.t < case.request.seconds]
    if "early_ms" not in found or found["early_db"] < CLEAR_DB or not touches or truth.tones or truth.utterances:
        return None
    loudest = max(touches, key=lambda touch: touch.impulse)
    eye = listener(truth, loudest.t).eye
    ways = sorted(float(np.linalg.norm(way.seen_from - eye)) for way in paths(loudest.point, truth))
    if len(ways) < 2:
        return None
    delays = 1000 * (np.array(ways[1:]) - ways[0]) / 343.0
    return found["early_ms"] if np.abs(delays - found["early_ms"]).min() < SAME_MS else None

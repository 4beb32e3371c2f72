"""From sound to an observation: everything that is heard, found once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.metrics.observation import HEARD_RATE, Heard
from kinema.metrics.observe.hygiene import hygiene
from kinema.metrics.observe.onsets import find_onsets
from kinema.metrics.observe.rings import described
from kinema.metrics.observe.room import room_numbers
from kinema.metrics.observe.voice import heard_curves

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observation import Onset

__all__ = ["hear"]

SHORTEST = 0.02  # s; less is no sound to speak of
CHUNK = 30.0  # s that are listened to at once, so that memory does not grow with the clip
OVERLAP = 1.0  # s, of two chunks
DEEPEST_DB = 50.0  # below the loudest moment of all chunks nothing is an event
LOUDEST = 8.0  # of full scale: no recording is louder
LIMITS = (1000, 400_000)  # Hz; a rate beyond is a mistake of the file


def hear(sound: NDArray[np.float32], rate: int) -> dict[str, Any]:
    """What is to be heard.

    Args:
        sound: (channels, n) samples, full scale 1.
        rate: samples a second.

    Returns:
        The fields of an :class:`~kinema.metrics.observation.Observation` that need the sound alone, by their names.

    Example:
        >>> hear(np.zeros((1, 4800), np.float32), 48000)["onsets"]
        ()
    """
    sound = np.atleast_2d(sound)
    numbers = hygiene(sound, rate)
    if sound.size == 0 or not LIMITS[0] <= rate <= LIMITS[1] or sound.shape[1] < SHORTEST * rate:
        return {"onsets": (), "room": {}, "sound": numbers, "heard": None}
    length, step = round(CHUNK * rate), round((CHUNK - OVERLAP) * rate)
    if sound.shape[1] <= length:
        onsets, room, heard = _listen(sound, rate)
        return {"onsets": onsets, "room": room, "sound": numbers, "heard": heard}
    starts = range(0, max(sound.shape[1] - round(OVERLAP * rate), 1), step)
    pieces = [(start, _listen(sound[:, start : start + length], rate)) for start in starts]
    room = _typical([room for _, (_, room, _) in pieces])
    return {"onsets": _all_onsets(pieces, rate), "room": room, "sound": numbers, "heard": _joined(pieces)}


Piece = tuple["tuple[Onset, ...]", dict[str, float], Heard]


def _listen(sound: NDArray[np.float32], rate: int) -> Piece:
    """Onsets, room and curves of a stretch that fits into memory many times over."""
    sound = np.clip(np.nan_to_num(sound, posinf=0.0, neginf=0.0), -LOUDEST, LOUDEST)
    left, right = ears(sound)
    onsets = described(find_onsets(sound, rate), left, right, rate)
    return onsets, room_numbers(onsets, left, right, rate), heard_curves(left, right, rate)


def ears(sound: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Left and right, without their steady part: the first two channels, or twice the only one.

    Example:
        >>> [ear.tolist() for ear in ears(np.array([[1.0, -1.0]], np.float32))]
        [[1.0, -1.0], [1.0, -1.0]]
    """
    two = sound[:2].astype(np.float64)
    two -= two.mean(axis=1, keepdims=True)
    return two[0], two[-1]


def _all_onsets(pieces: list[tuple[int, Piece]], rate: int) -> tuple[Onset, ...]:
    """Those of every chunk once, and none that is far below the loudest of all."""
    half = OVERLAP / 2
    found = []
    for number, (start, (onsets, _, _)) in enumerate(pieces):
        first = 0.0 if number == 0 else half
        last = CHUNK - half if number < len(pieces) - 1 else np.inf
        found += [replace(onset, t=onset.t + start / rate) for onset in onsets if first <= onset.t < last]
    loudest = max((onset.level_db for onset in found), default=0.0)
    return tuple(onset for onset in found if onset.level_db > loudest - DEEPEST_DB)


def _typical(rooms: list[dict[str, float]]) -> dict[str, float]:
    """The median of every number that was measured anywhere."""
    names = sorted({name for room in rooms for name in room})
    return {name: float(np.median([room[name] for room in rooms if name in room])) for name in names}


def _joined(pieces: list[tuple[int, Piece]]) -> Heard:
    """Curves of the chunks, one after the other."""
    keep = round((CHUNK - OVERLAP) * HEARD_RATE)
    curves = [heard if number == len(pieces) - 1 else _first(heard, keep) for number, (_, (_, _, heard)) in enumerate(pieces)]
    names = ("level_db", "side_db", "pitch_hz", "voice")
    return Heard(**{name: np.concatenate([getattr(heard, name) for heard in curves]) for name in names})


def _first(heard: Heard, count: int) -> Heard:
    return Heard(level_db=heard.level_db[:count], side_db=heard.side_db[:count], pitch_hz=heard.pitch_hz[:count], voice=heard.voice[:count])

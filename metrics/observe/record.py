"""Observations as JSON and back: the same numbers, rounded once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from kinema.errors import SchemaTooNew
from kinema.metrics.observation import Observation, Onset, Track, VisualContact

__all__ = ["SCHEMA", "from_json", "to_json"]

SCHEMA = 1
DIGITS = 4  # decimals of pixels, levels and confidences
TIME_DIGITS = 6  # decimals of seconds


def to_json(seen: Observation) -> dict[str, Any]:
    """The observation as a JSON value; see ``architecture.md``, *Run record*. Times in seconds, places in pixels."""
    return {
        "schema": SCHEMA,
        "width": seen.width,
        "height": seen.height,
        "times": [round(float(t), TIME_DIGITS) for t in seen.times],
        "counts": [int(n) for n in seen.counts],
        "tracks": [_track(track) for track in seen.tracks],
        "contacts": [_contact(contact) for contact in seen.contacts],
        "onsets": [{"t": round(o.t, TIME_DIGITS), "level_db": _r(o.level_db), "confidence": _r(o.confidence)} for o in seen.onsets],
        "camera": _numbers(seen.camera),
        "room": _numbers(seen.room),
        "picture": _numbers(seen.picture),
        "sound": _numbers(seen.sound),
    }


def from_json(value: dict[str, Any]) -> Observation:
    """What :func:`to_json` wrote.

    Raises:
        SchemaTooNew: a newer Kinema wrote it.
    """
    if value.get("schema", 1) > SCHEMA:
        raise SchemaTooNew(f"an observation of schema {value['schema']}; this Kinema reads up to {SCHEMA}: install a newer one")
    return Observation(
        width=value["width"],
        height=value["height"],
        times=np.array(value["times"], dtype=float),
        counts=np.array(value["counts"], dtype=int),
        tracks=tuple(_read_track(track) for track in value["tracks"]),
        contacts=tuple(_read_contact(contact) for contact in value["contacts"]),
        onsets=tuple(Onset(**onset) for onset in value["onsets"]),
        camera=dict(value["camera"]),
        room=dict(value["room"]),
        picture=dict(value["picture"]),
        sound=dict(value["sound"]),
    )


def _r(number: float) -> float:
    return round(float(number), DIGITS)


def _numbers(values: dict[str, float]) -> dict[str, float]:
    return {name: _r(number) for name, number in values.items()}


def _track(track: Track) -> dict[str, Any]:
    names = track.colours or ("",) * len(track.t)
    columns = zip(track.frame, track.t, track.x, track.y, track.size, track.confidence, names, strict=True)
    frames = [
        {"i": int(i), "t": round(float(t), TIME_DIGITS), "x": _r(x), "y": _r(y), "size": _r(size), "confidence": _r(sure), "colour": name}
        for i, t, x, y, size, sure, name in columns
    ]
    return {"id": track.id, "colour": track.colour, "frames": frames}


def _read_track(value: dict[str, Any]) -> Track:
    frames = value["frames"]

    def column(name: str) -> Any:
        return np.array([frame[name] for frame in frames], dtype=float)

    return Track(
        id=value["id"],
        colour=value["colour"],
        frame=np.array([frame["i"] for frame in frames], dtype=int),
        t=column("t"),
        x=column("x"),
        y=column("y"),
        size=column("size"),
        confidence=column("confidence"),
        colours=tuple(frame.get("colour", "") for frame in frames),
    )


def _contact(contact: VisualContact) -> dict[str, Any]:
    value = asdict(contact)
    for name in ("before", "after", "other_before", "other_after"):
        value[name] = None if value[name] is None else [_r(v) for v in value[name]]
    value |= {"t": round(contact.t, TIME_DIGITS), "x": _r(contact.x), "y": _r(contact.y), "confidence": _r(contact.confidence)}
    return value | {"bodies": list(contact.bodies)}


def _read_contact(value: dict[str, Any]) -> VisualContact:
    pairs = {name: None if value[name] is None else tuple(value[name]) for name in ("before", "after", "other_before", "other_after")}
    return VisualContact(**(value | pairs | {"bodies": tuple(value["bodies"])}))

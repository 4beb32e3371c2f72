"""Observations as JSON and back: the same numbers, rounded once. What an older Kinema wrote lacks the later fields and is read as it is."""

from __future__ import annotations

import base64
import zlib
from dataclasses import asdict
from typing import Any

import numpy as np

from kinema.errors import SchemaTooNew
from kinema.metrics.observation import Heard, Masks, Mouth, Observation, Onset, Ring, Track, View, VisualContact

__all__ = ["SCHEMA", "from_json", "to_json"]

SCHEMA = 1
DIGITS = 4  # decimals of pixels, levels, angles and confidences
TIME_DIGITS = 6  # decimals of seconds
FEATURE_DIGITS = 6  # decimals of a feature vector's components
LOOKS = ("long", "short", "angle", "turn", "visible", "likeness")
PATH = ("x", "y", "scale", "roll", "stray", "confidence")
CURVES = ("level_db", "side_db", "pitch_hz", "voice")
MOST_BYTES = 1 << 30  # of an unpacked mask


def to_json(seen: Observation) -> dict[str, Any]:
    """The observation as a JSON value; see ``architecture.md``, *Run record*. Times in seconds, places in pixels."""
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "width": seen.width,
        "height": seen.height,
        "times": _times(seen.times),
        "counts": [int(n) for n in seen.counts],
        "tracks": [_track(track) for track in seen.tracks],
        "contacts": [_contact(contact) for contact in seen.contacts],
        "onsets": [_onset(onset) for onset in seen.onsets],
        "camera": _numbers(seen.camera),
        "cuts": _times(seen.cuts),
        "timing": _numbers(seen.timing),
        "room": _numbers(seen.room),
        "picture": _numbers(seen.picture),
        "sound": _numbers(seen.sound),
        "mouths": [{"t": _times(m.t), "x": _r(m.x), "y": _r(m.y), "opening": _list(m.opening)} for m in seen.mouths],
        "features": {name: [round(float(v), FEATURE_DIGITS) for v in vector] for name, vector in seen.features.items()},
    }
    if len(seen.stir):
        value["stir"] = _list(seen.stir, 3)
    if seen.view is not None:
        value["view"] = {name: _list(getattr(seen.view, name), 6 if name in ("scale", "roll") else DIGITS) for name in PATH}
    if seen.heard is not None:
        value["heard"] = {name: _list(getattr(seen.heard, name), 2) for name in CURVES}
    if seen.masks is not None:
        value["masks"] = {name: _packed(getattr(seen.masks, name)) for name in ("bodies", "moving", "small")}
    return value


def from_json(value: dict[str, Any]) -> Observation:
    """What :func:`to_json` wrote.

    Raises:
        SchemaTooNew: a newer Kinema wrote it.
    """
    if value.get("schema", 1) > SCHEMA:
        raise SchemaTooNew(f"an observation of schema {value['schema']}; this Kinema reads up to {SCHEMA}: install a newer one")
    view, heard, masks = value.get("view"), value.get("heard"), value.get("masks")
    return Observation(
        width=value["width"],
        height=value["height"],
        times=_array(value["times"]),
        counts=np.array(value["counts"], dtype=int),
        tracks=tuple(_read_track(track) for track in value["tracks"]),
        contacts=tuple(_read_contact(contact) for contact in value["contacts"]),
        onsets=tuple(_read_onset(onset) for onset in value["onsets"]),
        view=None if view is None else View(**{name: _array(view[name]) for name in PATH}),
        camera=dict(value["camera"]),
        cuts=tuple(value.get("cuts", ())),
        timing=dict(value.get("timing", {})),
        room=dict(value["room"]),
        picture=dict(value["picture"]),
        sound=dict(value["sound"]),
        heard=None if heard is None else Heard(**{name: _array(heard[name]) for name in CURVES}),
        mouths=tuple(Mouth(t=_array(m["t"]), x=m["x"], y=m["y"], opening=_array(m["opening"])) for m in value.get("mouths", ())),
        features={name: tuple(vector) for name, vector in value.get("features", {}).items()},
        stir=_array(value.get("stir", ())),
        masks=None if masks is None else Masks(**{name: _unpacked(masks[name]) for name in ("bodies", "moving", "small")}),
    )


def _r(number: float) -> float:
    return round(float(number), DIGITS)


def _list(values: Any, digits: int = DIGITS) -> list[float]:
    return [round(v, digits) for v in np.asarray(values, dtype=float).tolist()]


def _times(values: Any) -> list[float]:
    return _list(values, TIME_DIGITS)


def _array(values: Any) -> Any:
    return np.array(values, dtype=float)


def _numbers(values: dict[str, float]) -> dict[str, float]:
    return {name: _r(number) for name, number in values.items()}


def _packed(array: Any) -> dict[str, Any]:
    data = np.packbits(array) if array.dtype == bool else array
    return {"shape": list(array.shape), "bits": array.dtype == bool, "zlib": base64.b64encode(zlib.compress(data.tobytes(), 6)).decode()}


def _unpacked(value: dict[str, Any]) -> Any:
    shape = tuple(int(n) for n in value["shape"])
    count = int(np.prod(shape))
    size = (count + 7) // 8 if value["bits"] else count
    if not 0 <= size <= MOST_BYTES:
        raise ValueError(f"a mask of shape {shape} is too large")
    data = np.frombuffer(zlib.decompressobj().decompress(base64.b64decode(value["zlib"]), size), dtype=np.uint8)
    return np.unpackbits(data, count=count).astype(bool).reshape(shape) if value["bits"] else data.reshape(shape)


def _track(track: Track) -> dict[str, Any]:
    names = track.colours or ("",) * len(track.t)
    frames = []
    for k in range(len(track.t)):
        frame: dict[str, Any] = {"i": int(track.frame[k]), "t": round(float(track.t[k]), TIME_DIGITS)}
        frame |= {name: _r(getattr(track, name)[k]) for name in ("x", "y", "size", "confidence")}
        frame |= {"colour": names[k], "rgb": _list(track.rgb[k], 1)}
        frames.append(frame | {name: _r(getattr(track, name)[k]) for name in LOOKS})
    return {"id": track.id, "colour": track.colour, "shape": track.shape, "marked": track.marked, "frames": frames}


def _read_track(value: dict[str, Any]) -> Track:
    frames = value["frames"]
    later = bool(frames) and "long" in frames[0]

    def column(name: str) -> Any:
        return np.array([frame[name] for frame in frames], dtype=float)

    looks = {name: column(name) for name in LOOKS} | {"rgb": column("rgb").reshape(-1, 3)} if later else {}
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
        shape=value.get("shape", ""),
        marked=value.get("marked", False),
        **looks,
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


def _onset(onset: Onset) -> dict[str, Any]:
    rings = [{"frequency": round(ring.frequency, 2), "t60": round(ring.t60, 5), "level_db": _r(ring.level_db)} for ring in onset.rings]
    return {
        "t": round(onset.t, TIME_DIGITS), "level_db": _r(onset.level_db), "confidence": _r(onset.confidence),
        "bands_db": _list(onset.bands_db, 2), "side_db": _r(onset.side_db), "lead_s": round(onset.lead_s, 7), "rings": rings,
    }  # fmt: skip


def _read_onset(value: dict[str, Any]) -> Onset:
    rings = tuple(Ring(**ring) for ring in value.get("rings", ()))
    return Onset(**(value | {"bands_db": tuple(value.get("bands_db", ())), "rings": rings}))

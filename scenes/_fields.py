"""What stands where in a data set: the field table that goes into its ``schema.json``."""

from __future__ import annotations

from typing import Any

__all__ = ["FIELDS", "INDEX", "TOP"]

Row = dict[str, str]


def _row(kind: str, unit: str, about: str) -> Row:
    return {"type": kind, "unit": unit, "about": about}


def _axes(form: str, axes: str, unit: str, about: str) -> dict[str, Row]:
    """The same row for every axis."""
    return {form.format(axis): _row("double", unit, about) for axis in axes}


def _table(about: str, **columns: Row) -> dict[str, Any]:
    return {"format": "Parquet", "about": about, "columns": columns}


def _arrays(about: str, **arrays: tuple[str, list[str], str, str]) -> dict[str, Any]:
    rows = {name: {**_row(kind, unit, told), "shape": shape} for name, (kind, shape, unit, told) in arrays.items()}
    return {"format": "NPZ (NumPy arrays, none of them pickled)", "about": about, "arrays": rows}


def _json(about: str, **keys: str) -> dict[str, Any]:
    return {"format": "JSON", "about": about, "keys": keys}


FRAME = {"frame": _row("int32", "", "number of the frame, from 0"), "t": _row("double", "s", "the moment that the frame shows")}
PAIR = {"first": _row("string", "", "a body"), "second": _row("string", "", "a body, a prop or the floor")}
PICTURE = ["frames", "height", "width"]

FIELDS: dict[str, dict[str, Any]] = {
    "video.mp4": {"format": "MP4: H.264 (4:2:0, BT.709) and AAC", "about": "picture and sound, as people share them"},
    "video.mkv": {"format": "MKV: FFV1 (RGB) and FLAC (24 bit)", "about": "the same without loss; its times are whole milliseconds"},
    "sound.flac": {"format": "FLAC: 24 bit, two channels, 48 kHz", "about": "the sound, from time 0, at the level of the microphones"},
    "depth.npz": _arrays(
        "how far what is seen lies from the lens", depth=("float16", PICTURE, "m", "along the camera's axis; frame, row, column")
    ),
    "instances.npz": _arrays(
        "what is seen at each pixel",
        instances=("uint16", PICTURE, "", "0 is the stage, k is the k-th of the names"),
        names=("str", ["things"], "", "bodies, then props, as in scene.json"),
    ),
    "flow.npz": _arrays(
        "where each pixel goes from one frame to the next",
        flow=("float16", ["frames - 1", "height", "width", "2"], "px", "to the right and downwards, in steps of 1/64"),
    ),
    "tracks.parquet": _table(
        "every body at every frame",
        **FRAME,
        body=_row("string", "", "name, as in scene.json"),
        **_axes("{}", "xyz", "m", "centre: x right, y away from the camera, z up from the floor"),
        **_axes("q{}", "xyzw", "", "orientation: unit quaternion from the body's own axes to the world's"),
        **_axes("v{}", "xyz", "m/s", "velocity"),
        **_axes("w{}", "xyz", "rad/s", "spin about the world's axes"),
        **_axes("pixel_{}", "xy", "px", "where the centre is seen: from the upper left corner, centres of pixels at .5"),
        visible=_row("bool", "", "false while wholly hidden behind other things"),
    ),
    "contacts.parquet": _table(
        "every impact within the clip, in order of time",
        t=_row("double", "s", "the moment, finer than a frame"),
        **PAIR,
        **_axes("{}", "xyz", "m", "point"),
        **_axes("n{}", "xyz", "", "normal: unit vector that pushes the first body"),
        impulse=_row("double", "N s", "along the normal"),
        approach_speed=_row("double", "m/s", "along the normal, just before"),
    ),
    "rubs.parquet": _table(
        "contacts that last: sliding and rolling, 960 samples a second",
        rub=_row("int32", "", "number of the contact, from 0"),
        t=_row("double", "s", "the moment"),
        **PAIR,
        slip=_row("double", "m/s", "of the two surfaces past each other; 0 is rolling"),
        speed=_row("double", "m/s", "of the point of contact along the second"),
        load=_row("double", "N", "normal force"),
        **_axes("{}", "xyz", "m", "point"),
    ),
    "camera.parquet": _table(
        "the camera at every frame",
        **FRAME,
        **_axes("eye_{}", "xyz", "m", "where the lens and the microphones are"),
        **_axes("target_{}", "xyz", "m", "the point that it looks at"),
        yaw=_row("double", "rad", "how far the eye has walked round the target, to the right"),
        pitch=_row("double", "rad", "how far it is tilted upwards"),
        view_height=_row("double", "m", "how much of the target's plane a square picture shows"),
        **{
            f"p{row}{column}": _row("double", "", "of P: (u w, v w, w) = P (x, y, z, 1), with u to the right and v downwards in px")
            for row in range(3)
            for column in range(4)
        },
    ),
    "materials.json": _json(
        "the materials in the scene",
        materials="by name: density in kg/m^3, Young's modulus in Pa, Poisson's ratio, loss factor, restitution, friction, gloss",
    ),
    "scene.json": _json(
        "what was asked for, and of what it consists",
        id="family@version/seed=N, with the parameters in sheet",
        identity="changes when anything that is true of the scene does",
        sheet="the data sheet: every drawn parameter, in SI units",
        prompt="the wording that belongs to the seed",
        prompts="all wordings that a suite asks with",
        forms="the same request short, detailed, as a shot list, in other words, and structured: beats, camera, style, sound",
        claims="what every wording asserts: kind, value, body (its place in bodies)",
        laws="which laws a viewer could check",
        audible="whether anything is to be heard",
        clip="frames, width, height, fps, seconds, sound_rate, channels",
        gravity="m/s^2",
        floor="its material",
        room="numbers of the room: decay times in s, distances in m",
        bodies="what moves: name, colour, rgb, material, radius in m, mass in kg, shape, solid",
        props="what stands still: name, solid, position in m, orientation, material, paint",
        ties="rods, strings and springs that are drawn",
        tones="what sounds by itself",
        utterances="what is said: syllables of (start in s, length in s, vowel, loudness)",
    ),
    "truth.npz": {
        "format": "NPZ (NumPy arrays, none of them pickled)",
        "about": "all that was simulated, 960 samples a second: motion, contacts, rubs, vertices of what changes its form, room",
    },
}
TOP: dict[str, str] = {
    "README.md": "the data card",
    "schema.json": "this table",
    "index.parquet": "one row a scene: id, folder, family, prompt and sizes; index.jsonl holds the same",
    "manifest.json": "what the set was made from, and size and sha256 of every file",
    "scenes/": "a folder for every scene",
    "truth/": "truths of takes that a run compares with (for --truth); NPZ as truth.npz",
}
INDEX: dict[str, str] = {  # the columns of index.parquet, in their order
    "id": "of the scene",
    "take": "0 is the scene itself, others are draws with heights and speeds within 5 %",
    "folder": "where its files are",
    "family": "what kind of scene it is",
    "prompt": "what asks for it",
    "seconds": "how long it lasts",
    "frames": "how many there are",
    "fps": "frames a second",
    "width": "px",
    "height": "px",
    "bodies": "how many things move",
    "contacts": "how many impacts there are within the clip",
    "audible": "whether anything is to be heard",
    "world": "whose gravity",
    "floor": "what it is made of",
    "room": "where it is heard",
    "style": "how it is drawn",
    "lighting": "how it is lit",
    "move": "what the camera does",
}

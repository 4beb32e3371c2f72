"""Truths as plain arrays: for the disk cache, and for a truth folder that lets a machine without PyBullet run a suite.

What the data sheet itself says (bodies, props, sounds, camera) is drawn from it again; only what was simulated is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.errors import ConfigError
from kinema.files import hash_of, write_bytes
from kinema.scenes.dataset import Folder, arrays_of, bytes_of, open_folder
from kinema.scenes.truth import Contact, Rub, Truth

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kinema.scenes.scene import Scene

    Arrays = Mapping[str, NDArray[Any]]

__all__ = ["can_simulate", "holds", "key_of", "load", "lookup", "pack", "restore", "save", "stored", "truth_folder", "use_truth_folder"]

LASTING = ("slip", "speed", "load")  # of a rub, one number per moment


def pack(truth: Truth) -> dict[str, NDArray[Any]]:
    """What was simulated, as arrays that ``numpy.savez`` takes: motion, contacts, rubs, vertices and room.

    Ragged things are stored end to end with their lengths.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import simulate
        >>> truth = simulate(scene_from_id("drop@1/seed=3"), 0.5)
        >>> again = restore(truth.scene, pack(truth))
        >>> again.contacts == truth.contacts, bool(np.all(again.position == truth.position))
        (True, True)
    """
    names = np.array([c.bodies for c in truth.contacts], dtype=np.str_).reshape(-1, 2)
    rows = [[c.t, *c.point, *c.normal, c.impulse, c.approach_speed] for c in truth.contacts]
    return {
        "times": truth.times,
        "position": truth.position,
        "velocity": truth.velocity,
        "orientation": truth.orientation,
        "spin": truth.spin,
        "visible": truth.visible,
        "contacts": np.array(rows, dtype=float).reshape(-1, 9),  # t, point, normal, impulse, approach speed
        "contact_bodies": names,
        **_packed_rubs(truth.rubs),
        **_packed_vertices(truth.vertices),
        "room_keys": np.array(list(truth.room), dtype=np.str_),
        "room_values": np.array(list(truth.room.values()), dtype=float),
    }


def restore(scene: Scene, arrays: Arrays) -> Truth:
    """The truth of a scene from what :func:`pack` made of it.

    Raises:
        ValueError: the arrays do not belong together, or not to this scene.
        KeyError: one is missing.
    """
    bodies = scene.bodies()
    count = len(arrays["times"])
    moving = {name: _shaped(arrays[name], (count, len(bodies), width), name) for name, width in _MOTION.items()}
    known = {"floor", *(body.name for body in bodies), *(prop.name for prop in scene.props())}
    keys, values = arrays["room_keys"], arrays["room_values"]
    return Truth(
        scene=scene,
        bodies=bodies,
        times=_shaped(arrays["times"], (max(count, 2),), "times"),
        visible=_shaped(arrays["visible"], (count, len(bodies)), "visible", kind="b"),
        contacts=_contacts(arrays, known),
        rubs=_rubs(arrays, known),
        vertices=_vertices(arrays, known),
        tones=scene.tones(),
        utterances=scene.utterances(),
        props=scene.props(),
        ties=scene.ties(),
        camera=scene.camera(),
        gravity=scene.gravity,
        floor=scene.floor,
        room={str(key): float(value) for key, value in zip(keys, values, strict=True)},
        **moving,
    )


_MOTION = {"position": 3, "velocity": 3, "orientation": 4, "spin": 3}


def _shaped(array: NDArray[Any], shape: tuple[int, ...], name: str, kind: str = "f") -> NDArray[Any]:
    if array.shape != shape or array.dtype.kind != kind:
        raise ValueError(f"{name} is {array.dtype} {array.shape}, and {kind} {shape} is expected")
    if kind == "f" and not np.all(np.isfinite(array)):
        raise ValueError(f"{name} holds what is no number")
    return array


def _packed_rubs(rubs: tuple[Rub, ...]) -> dict[str, NDArray[Any]]:
    flat = {name: [getattr(rub, name) for rub in rubs] for name in ("times", *LASTING)}
    joined = {f"rub_{name}": np.concatenate(parts) if parts else np.zeros(0) for name, parts in flat.items()}
    return joined | {
        "rub_point": np.concatenate([rub.point for rub in rubs]) if rubs else np.zeros((0, 3)),
        "rub_lengths": np.array([len(rub.times) for rub in rubs], dtype=np.int64),
        "rub_bodies": np.array([rub.bodies for rub in rubs], dtype=np.str_).reshape(-1, 2),
    }


def _pairs(array: NDArray[Any], known: set[str]) -> list[tuple[str, str]]:
    pairs = [(str(row[0]), str(row[1])) for row in _shaped(array, (len(array), 2), "bodies", kind="U")]
    stranger = next((name for pair in pairs for name in pair if name not in known), None)
    if stranger is not None:
        raise ValueError(f"{stranger!r} is no body of the scene")
    return pairs


def _rubs(arrays: Arrays, known: set[str]) -> tuple[Rub, ...]:
    lengths = arrays["rub_lengths"]
    if lengths.dtype.kind != "i" or np.any(lengths < 1):
        raise ValueError("lengths of rubs are whole numbers above 0")
    total = int(lengths.sum())
    columns = {name: _shaped(arrays[f"rub_{name}"], (total,), f"rub_{name}") for name in ("times", *LASTING)}
    columns["point"] = _shaped(arrays["rub_point"], (total, 3), "rub_point")
    ends = np.cumsum(lengths)
    return tuple(
        Rub(bodies=pair, **{name: column[end - length : end] for name, column in columns.items()})
        for pair, length, end in zip(_pairs(arrays["rub_bodies"], known), lengths, ends, strict=True)
    )


def _contacts(arrays: Arrays, known: set[str]) -> tuple[Contact, ...]:
    pairs = _pairs(arrays["contact_bodies"], known)
    rows = _shaped(arrays["contacts"], (len(pairs), 9), "contacts").tolist()
    return tuple(
        Contact(
            t=row[0],
            bodies=pair,
            point=(row[1], row[2], row[3]),
            normal=(row[4], row[5], row[6]),
            impulse=row[7],
            approach_speed=row[8],
        )
        for row, pair in zip(rows, pairs, strict=True)
    )


def _packed_vertices(vertices: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[Any]]:
    held = {f"vertices_{number}": array for number, array in enumerate(vertices.values())}
    return {"vertices": np.array(list(vertices), dtype=np.str_), **held}


def _vertices(arrays: Arrays, known: set[str]) -> dict[str, NDArray[np.float32]]:
    found = {}
    for number, name in enumerate(arrays["vertices"]):
        array = arrays[f"vertices_{number}"]
        if str(name) not in known or array.ndim != 3 or array.shape[2] != 3 or len(array) < 2:
            raise ValueError(f"vertices of {name} {array.shape} belong to no body")
        found[str(name)] = _shaped(array, array.shape, "vertices")
    return found


def key_of(scene: Scene, seconds: float) -> str:
    """The name under which the truth of a data sheet, so many seconds long, is stored."""
    return hash_of([scene.to_json(), round(float(seconds), 6)], 40)


def holds(folder: Folder, scene: Scene, seconds: float) -> bool:
    """Whether a folder has the truth of a scene."""
    return key_of(scene, seconds) in folder.truths


def stored(folder: Folder, scene: Scene, seconds: float) -> Truth | None:
    """The truth of a scene in a folder, or None where it has none for it.

    Raises:
        ConfigError: the file is not what it should be.
    """
    place = folder.truths.get(key_of(scene, seconds))
    if place is None:
        return None
    try:
        return restore(scene, folder.arrays(place))
    except (ValueError, KeyError, TypeError) as problem:
        if isinstance(problem, ConfigError):
            raise
        raise ConfigError(f"{folder.path}: {place} is no truth of {scene.id}: {problem}") from None


def save(truth: Truth, path: Path) -> None:
    """Write a truth into the disk cache."""
    write_bytes(path, bytes_of(pack(truth)))


def load(scene: Scene, path: Path) -> Truth | None:
    """The truth of a scene from the disk cache; None where it is absent, or torn by a crash."""
    try:
        return restore(scene, arrays_of(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _Used:
    """What this process looks truths up in."""

    folder: Folder | None = None


def use_truth_folder(path: Path | str | None) -> Folder | None:
    """Look for truths in this folder first, from now on and in this process; None ends it."""
    _Used.folder = None if path is None else open_folder(path)
    return _Used.folder


def truth_folder() -> Folder | None:
    """The truth folder in use."""
    return _Used.folder


def lookup(scene: Scene, seconds: float) -> Truth | None:
    """The truth of a scene from the truth folder in use; None where there is no folder, or no such truth in it.

    Raises:
        ConfigError: the folder has no such truth, and there is no PyBullet to simulate it with.
    """
    if _Used.folder is None:
        return None
    found = stored(_Used.folder, scene, seconds)
    if found is None and not can_simulate():
        raise ConfigError(
            f"{_Used.folder.path} has no truth of {scene.id} for {seconds:g} s, and PyBullet is not installed; "
            "write the folder with what you run, where PyBullet is: kinema render SUITE -o DIR"
        )
    return found


@lru_cache(maxsize=1)
def can_simulate() -> bool:
    """Whether PyBullet is there."""
    try:
        return find_spec("pybullet") is not None
    except ImportError:
        return False

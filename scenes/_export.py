"""One scene of a data set: its files, from its truth. They can be read without Kinema; ``_fields.py`` says what stands where."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.files import dumps, write_bytes
from kinema.scenes import _encode
from kinema.scenes._fields import FIELDS, INDEX, TOP
from kinema.scenes._store import pack
from kinema.scenes.dataset import bytes_of
from kinema.scenes.forms import forms_of
from kinema.scenes.identity import scene_identity
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import claims_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip
    from kinema.scenes.request import Request
    from kinema.scenes.truth import Body, Truth

    Columns = Mapping[str, Any]

__all__ = ["PARTS", "describe", "schema_json", "tables", "write_index", "write_scene"]

PARTS = {  # what can be left out -> its file
    "video": "video.mp4",
    "lossless": "video.mkv",
    "depth": "depth.npz",
    "instances": "instances.npz",
    "flow": "flow.npz",
}
FLOW_STEPS = 64  # per pixel
CRF = 16.0  # as clips are written that are scored


def write_scene(folder: Path, truth: Truth, request: Request, *, without: Collection[str] = ()) -> None:
    """Write every file of one scene into a folder that exists.

    Args:
        folder: where to.
        truth: what happens, at least as long as the request.
        request: size, rate and length.
        without: keys of ``PARTS`` to leave out.
    """
    from kinema.scenes.render import clip_of

    wanted = set(PARTS) - set(without)
    clip = clip_of(truth, request)
    if "video" in wanted:
        _encode.write_mp4(folder / "video.mp4", clip.frames, clip.times, clip.sound, clip.sound_rate, CRF)
    if "lossless" in wanted:
        _encode.write_mkv(folder / "video.mkv", clip.frames, clip.times, clip.sound, clip.sound_rate)
    _encode.write_flac(folder / "sound.flac", clip.sound, clip.sound_rate)
    _write_buffers(folder, truth, request, wanted)
    for name, columns in tables(truth, request).items():
        _write_table(folder / name, columns)
    (folder / "materials.json").write_text(dumps(_materials(truth)) + "\n", encoding="utf-8")
    (folder / "scene.json").write_text(dumps(describe(truth, request, clip)) + "\n", encoding="utf-8")
    (folder / "truth.npz").write_bytes(bytes_of(pack(truth)))


def describe(truth: Truth, request: Request, clip: Clip) -> dict[str, Any]:
    """``scene.json``."""
    scene = truth.scene
    return {
        "schema": 1,
        "id": scene.id,
        "family": scene.family,
        "identity": scene_identity(scene),
        "sheet": scene.to_json(),
        "prompt": scene.prompt,
        "prompts": list(scene.prompts()),
        "forms": forms_of(scene),
        "claims": [claim.to_json() for claim in claims_of(scene)],
        "laws": list(scene.laws),
        "audible": scene.audible,
        "clip": {
            "frames": len(clip.frames), "width": request.width, "height": request.height, "fps": request.fps,
            "seconds": request.seconds, "sound_rate": clip.sound_rate, "channels": len(clip.sound),
        },
        "gravity": truth.gravity,
        "floor": truth.floor,
        "room": dict(truth.room),
        "bodies": [_body(body) for body in truth.bodies],
        "props": [asdict(prop) for prop in truth.props],
        "ties": [asdict(tie) for tie in truth.ties],
        "tones": [asdict(tone) for tone in truth.tones],
        "utterances": [asdict(one) for one in truth.utterances],
    }  # fmt: skip


def _body(body: Body) -> dict[str, Any]:
    return {**asdict(body), "solid": asdict(body.form), "rgb": list(COLOURS[body.colour]) if body.colour in COLOURS else None}


def _materials(truth: Truth) -> dict[str, Any]:
    used = {truth.floor, *(body.material for body in truth.bodies), *(prop.material for prop in truth.props)}
    return {"schema": 1, "materials": {name: asdict(MATERIALS[name]) for name in sorted(used) if name in MATERIALS}}


def tables(truth: Truth, request: Request) -> dict[str, Columns]:
    """The columns of every Parquet file, by name."""
    times = np.arange(request.frame_count) / request.fps
    return {
        "tracks.parquet": _tracks(truth, request, times),
        "contacts.parquet": _contacts(truth, request.seconds),
        "rubs.parquet": _rubs(truth, request.seconds),
        "camera.parquet": _cameras(truth, request, times),
    }


def _tracks(truth: Truth, request: Request, times: NDArray[np.float64]) -> Columns:
    """Row by row: every body at a frame, then the next frame."""
    count = len(truth.bodies)
    index = np.clip(np.round(times * 960).astype(int), 0, len(truth.times) - 1)
    values = {
        **_named("{}", "xyz", truth.at(times)),
        **_named("q{}", "xyzw", truth.poses_at(times)),
        **_named("v{}", "xyz", truth.velocity[index]),
        **_named("w{}", "xyz", truth.spin[index]),
        **_named("pixel_{}", "xy", truth.pixels_at(times, request.width, request.height)),
    }
    return {
        "frame": np.repeat(np.arange(len(times), dtype=np.int32), count),
        "t": np.repeat(times, count),
        "body": [body.name for body in truth.bodies] * len(times),
        **values,
        "visible": truth.visible_at(times).ravel(),
    }


def _named(form: str, axes: str, array: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    return {form.format(axis): np.ascontiguousarray(array[..., column]).ravel() for column, axis in enumerate(axes)}


def _contacts(truth: Truth, seconds: float) -> Columns:
    shown = [contact for contact in truth.contacts if contact.t <= seconds]
    rows = np.array([[c.t, *c.point, *c.normal, c.impulse, c.approach_speed] for c in shown], dtype=float).reshape(-1, 9)
    names = ("t", "x", "y", "z", "nx", "ny", "nz", "impulse", "approach_speed")
    found: dict[str, Any] = dict(zip(names, rows.T.copy(), strict=True))
    found |= {"first": [c.bodies[0] for c in shown], "second": [c.bodies[1] for c in shown]}
    return {name: found[name] for name in FIELDS["contacts.parquet"]["columns"]}


def _rubs(truth: Truth, seconds: float) -> Columns:
    parts: dict[str, list[Any]] = {name: [] for name in FIELDS["rubs.parquet"]["columns"]}
    for number, rub in enumerate(truth.rubs):
        kept = rub.times <= seconds
        count = int(kept.sum())
        parts["rub"].append(np.full(count, number, np.int32))
        for name, bodies in zip(("first", "second"), rub.bodies, strict=True):
            parts[name].append(np.array([bodies] * count, dtype=object))
        for name, column in {"t": rub.times, "slip": rub.slip, "speed": rub.speed, "load": rub.load}.items():
            parts[name].append(column[kept])
        for name, column in zip("xyz", rub.point.T, strict=True):
            parts[name].append(column[kept])
    return {name: np.concatenate(pieces) if pieces else [] for name, pieces in parts.items()}


def _cameras(truth: Truth, request: Request, times: NDArray[np.float64]) -> Columns:
    cameras = truth.cameras(times)
    matrices = np.array([_projection(camera, request.width, request.height) for camera in cameras])
    eyes = np.array([camera.eye for camera in cameras])
    targets = np.array([camera.target for camera in cameras], dtype=float)
    return {
        "frame": np.arange(len(times), dtype=np.int32),
        "t": times,
        **_named("eye_{}", "xyz", eyes),
        **_named("target_{}", "xyz", targets),
        **{name: np.array([getattr(camera, name) for camera in cameras], dtype=float) for name in ("yaw", "pitch", "view_height")},
        **{f"p{row}{column}": matrices[:, row, column].copy() for row in range(3) for column in range(4)},
    }


def _projection(camera: Any, width: int, height: int) -> NDArray[np.float64]:
    """P (3, 4) of ``Camera.project``: a pinhole whose film is shifted upwards or downwards."""
    right, forward, up = camera.axes
    metre = camera.pixels_per_metre(width, height)
    scale, shift = metre * camera.distance, (camera.eye_height - camera.target[2]) * metre
    turned = np.stack([width / 2 * forward + scale * right, (height / 2 - shift) * forward - scale * up, forward])
    return np.concatenate([turned, -(turned @ camera.eye)[:, None]], axis=1)


def _write_table(path: Path, columns: Columns) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields = FIELDS[path.name]["columns"]
    typed = [pa.field(name, pa.type_for_alias(of["type"]), nullable=False, metadata={"unit": of["unit"]}) for name, of in fields.items()]
    arrays = [pa.array(columns[field.name], field.type) for field in typed]
    pq.write_table(pa.table(arrays, schema=pa.schema(typed)), path, compression="zstd")


def write_index(folder: Path, rows: list[dict[str, Any]]) -> None:
    """``index.jsonl`` and ``index.parquet``: one row a scene."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer, ordered = io.BytesIO(), [{name: row[name] for name in INDEX} for row in rows]
    pq.write_table(pa.Table.from_pylist(ordered), buffer, compression="zstd")
    write_bytes(folder / "index.parquet", buffer.getvalue())
    write_bytes(folder / "index.jsonl", "".join(dumps(row) + "\n" for row in rows).encode())


def schema_json() -> dict[str, Any]:
    """``schema.json``: what stands where, in every file of a data set."""
    return {"schema": 1, "axes": "x to the right, y away from the camera, z up; SI units", "folder": TOP, "index": INDEX, "scene": FIELDS}


def _write_buffers(folder: Path, truth: Truth, request: Request, wanted: set[str]) -> None:
    if not wanted & {"depth", "instances", "flow"}:
        return
    from kinema.scenes.render import buffers_of

    seen = buffers_of(truth, request)
    names = [body.name for body in truth.bodies] + [prop.name for prop in truth.props]
    if "depth" in wanted:
        (folder / "depth.npz").write_bytes(bytes_of({"depth": seen.depth.astype(np.float16)}))
    if "instances" in wanted:
        numbers = np.asarray(seen.instances).astype(np.uint16)
        (folder / "instances.npz").write_bytes(bytes_of({"instances": numbers, "names": np.array(names, dtype=np.str_)}))
    if "flow" in wanted:
        steps = np.round(seen.flow * FLOW_STEPS) / FLOW_STEPS  # what is finer would only be noise to the packer: a tenth of the bytes
        (folder / "flow.npz").write_bytes(bytes_of({"flow": steps.astype(np.float16)}))

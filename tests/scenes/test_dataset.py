"""Truths come back from arrays to the last bit, data sets vouch for their files, and identities follow what is true."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema.errors import ConfigError
from kinema.files import dumps, write_json
from kinema.scenes import _store, identity
from kinema.scenes._export import tables, write_scene
from kinema.scenes._fields import FIELDS
from kinema.scenes._store import holds, key_of, lookup, pack, restore, use_truth_folder
from kinema.scenes.clip import Clip, read_clip, write_clip
from kinema.scenes.dataset import KIND, MANIFEST, arrays_of, bytes_of, open_folder
from kinema.scenes.identity import plain_source, scene_identity
from kinema.scenes.request import Request
from kinema.scenes.scene import Scene, scene_from_id
from kinema.scenes.truth import Contact, Rub, Truth

REQUEST = Request(prompt="", seconds=0.5, width=48, height=40, fps=12)


def made(scene: Scene, samples: int = 481) -> Truth:
    """A truth with something in every field, without a simulator."""
    rng, bodies = np.random.default_rng(3), scene.bodies()
    names, count = [body.name for body in bodies], len(bodies)
    moving = {name: rng.normal(size=(samples, count, width)) for name, width in (("position", 3), ("velocity", 3), ("spin", 3))}
    turned = rng.normal(size=(samples, count, 4))
    touch = Contact(t=0.1, bodies=(names[0], "floor"), point=(0.1, 0.2, 0.0), normal=(0.0, 0.0, 1.0), impulse=0.3, approach_speed=1.1)
    rubs = []
    for n in (5, 2):
        slip, speed, load = rng.random((3, n))
        rubs.append(Rub(bodies=(names[0], "floor"), times=np.arange(n) / 960, slip=slip, speed=speed, load=load, point=rng.random((n, 3))))
    return Truth(
        scene=scene, bodies=bodies, times=np.arange(samples) / 960, visible=rng.random((samples, count)) > 0.5,
        contacts=(touch, replace(touch, t=0.2)), camera=scene.camera(), gravity=scene.gravity, floor=scene.floor,
        room={"wall_y": 1.25, "t60": 0.4}, orientation=turned / np.linalg.norm(turned, axis=-1, keepdims=True), rubs=tuple(rubs),
        vertices={names[-1]: rng.normal(size=(6, 7, 3)).astype(np.float32)}, props=scene.props(), ties=scene.ties(), **moving,
    )  # fmt: skip


@pytest.fixture(name="truth")
def _truth() -> Truth:
    return made(scene_from_id("collision@1/seed=3"))


def same(first: Any, second: Any) -> bool:
    if isinstance(first, np.ndarray):
        return first.dtype == second.dtype and np.array_equal(first, second)
    if isinstance(first, dict):
        return list(first) == list(second) and all(same(first[key], second[key]) for key in first)
    if isinstance(first, tuple) and first and isinstance(first[0], Rub):
        return len(first) == len(second) and all(
            same(getattr(a, field.name), getattr(b, field.name)) for a, b in zip(first, second, strict=True) for field in fields(Rub)
        )
    return bool(first == second)


def test_every_field_of_a_truth_comes_back(truth: Truth) -> None:
    again = restore(truth.scene, arrays_of(bytes_of(pack(truth))))
    for field in fields(Truth):
        assert same(getattr(truth, field.name), getattr(again, field.name)), field.name


def test_the_same_truth_gives_the_same_bytes(truth: Truth) -> None:
    assert bytes_of(pack(truth)) == bytes_of(pack(restore(truth.scene, pack(truth))))


@pytest.mark.parametrize(
    "wrong",
    [
        {"position": np.zeros((3, 2, 3))},
        {"velocity": np.full((481, 2, 3), np.nan)},
        {"visible": np.zeros((481, 2))},
        {"contacts": np.zeros((1, 9))},
        {"contact_bodies": np.array([["left", "nobody"], ["left", "floor"]])},
        {"rub_lengths": np.array([8, -1])},
        {"rub_slip": np.zeros(3)},
        {"vertices": np.array(["nobody"])},
        {"times": np.zeros(1)},
    ],
)
def test_arrays_that_do_not_belong_together_are_no_truth(truth: Truth, wrong: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        restore(truth.scene, pack(truth) | wrong)


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def npy(array: Any, shape: tuple[int, ...] | None = None) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": np.lib.format.dtype_to_descr(array.dtype), "fortran_order": False, "shape": shape or array.shape}
    )
    return buffer.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04 and no more",
        zipped("a.npy", b"not an array"),
        zipped("a.npy", npy(np.zeros(4), shape=(1 << 50,))),  # promises a petabyte
        zipped("a.npy", npy(np.zeros(4), shape=(2,))),
        zipped("a.npy", bytes(1 << 22)),
    ],
)
def test_what_is_no_plain_array_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        arrays_of(content)


def test_objects_and_bombs_are_refused() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([{"an": "object"}], dtype=object))
    with pytest.raises(ValueError, match="plain array"):
        arrays_of(buffer.getvalue())
    bomb = bytes_of({"zeros": np.zeros(1 << 20)})
    assert len(bomb) < 1 << 14
    with pytest.raises(ValueError, match="unpacks to more"):
        arrays_of(bomb, most_bytes=1 << 20)


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, truth: Truth) -> Path:
    """A data set of one truth."""
    content = bytes_of(pack(truth))
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "one.npz").write_bytes(content)
    entry = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    manifest = {"schema": 1, "kind": KIND, "files": {"truth/one.npz": entry}, "truths": {key_of(truth.scene, 0.5): "truth/one.npz"}}
    write_json(tmp_path / MANIFEST, manifest)
    return tmp_path


def test_a_truth_folder_is_looked_up_by_sheet_and_length(folder: Path, truth: Truth, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        use_truth_folder(folder)
        found = lookup(truth.scene, 0.5)
        assert found is not None
        assert np.array_equal(found.position, truth.position)
        assert lookup(truth.scene, 0.6) is None
        assert lookup(truth.scene.take(1), 0.5) is None
        monkeypatch.setattr(_store, "can_simulate", lambda: False)
        with pytest.raises(ConfigError, match=r"no truth of collision@1/seed=3 for 0\.6 s, and PyBullet is not installed"):
            lookup(truth.scene, 0.6)
    finally:
        use_truth_folder(None)
    assert lookup(truth.scene, 0.5) is None


def test_files_must_be_those_that_the_manifest_lists(folder: Path, truth: Truth) -> None:
    opened = open_folder(folder)
    assert holds(opened, truth.scene, 0.5)
    assert not holds(opened, truth.scene, 0.6)
    (folder / "truth" / "one.npz").write_bytes(bytes_of(pack(made(truth.scene, 490))))
    with pytest.raises(ConfigError, match="is not the file that the manifest lists"):
        _store.stored(opened, truth.scene, 0.5)
    (folder / "truth" / "one.npz").unlink()
    with pytest.raises(ConfigError, match="cannot read"):
        _store.stored(opened, truth.scene, 0.5)
    for outside in ("../secret", "/etc/passwd", "truth/../../x", "unlisted"):
        with pytest.raises(ConfigError, match="no file of this data set"):
            open_folder(folder).read(outside)


def test_another_scenes_truth_is_refused(folder: Path, truth: Truth) -> None:
    drop = scene_from_id("drop@1/seed=3")
    manifest = open_folder(folder).manifest
    write_json(folder / MANIFEST, manifest | {"truths": {key_of(drop, 0.5): "truth/one.npz"}})
    with pytest.raises(ConfigError, match="is no truth of drop@1/seed=3"):
        _store.stored(open_folder(folder), drop, 0.5)


@pytest.mark.parametrize(
    "text",
    [
        "no json", "[]", "{}", '{"schema":1,"kind":"kinema/dataset"}', "[" * 100_000,
        dumps({"schema": 2, "kind": KIND, "files": {}, "truths": {}}),
        dumps({"schema": 1, "kind": KIND, "files": {"a": 1}, "truths": {}}),
        dumps({"schema": 1, "kind": KIND, "files": {}, "truths": {"a": 1}}),
        dumps({"schema": 1, "kind": KIND, "files": {}, "truths": {}, "config": []}),
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_said_in_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(ConfigError) as caught:
        open_folder(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("shape", [(24, 64, 48, 3), (7, 33, 31, 3), (1, 2, 2, 3)])
def test_matroska_keeps_every_pixel_and_every_sample(tmp_path: Path, shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, shape, dtype=np.uint8)
    sound = rng.uniform(-1, 1, (2, 2000 * shape[0])).astype(np.float32)
    clip = Clip(frames, np.arange(shape[0]) / 24, sound)
    write_clip(clip, tmp_path / "a.mkv")
    first = (tmp_path / "a.mkv").read_bytes()
    assert not (tmp_path / "a.flac").exists()
    back = read_clip(tmp_path / "a.mkv")
    assert np.array_equal(back.frames, frames)
    assert np.array_equal(back.sound, (np.rint(sound.astype(float) * 2**23).clip(-(2**23), 2**23 - 1) / 2**23).astype(np.float32))
    assert back.times == pytest.approx(clip.times, abs=0.0006)
    write_clip(clip, tmp_path / "a.mkv")
    assert (tmp_path / "a.mkv").read_bytes() == first


def test_columns_are_those_of_the_field_table(truth: Truth) -> None:
    for name, columns in tables(truth, REQUEST).items():
        assert list(columns) == list(FIELDS[name]["columns"]), name
        assert len({len(column) for column in columns.values()}) == 1, name


@pytest.mark.parametrize("move", ["static", "tilt_up", "orbit_left", "zoom_in"])
def test_the_projection_matrix_is_the_camera(truth: Truth, move: str) -> None:
    moving = replace(truth, scene=replace(truth.scene, move=move))
    columns = tables(moving, REQUEST)["camera.parquet"]
    times = np.arange(REQUEST.frame_count) / REQUEST.fps
    points = np.concatenate([moving.at(times) * 0.1, np.ones((len(times), 2, 1))], axis=-1)
    matrix = np.array([[columns[f"p{row}{column}"] for column in range(4)] for row in range(3)])
    seen = np.einsum("rct,tbc->tbr", matrix, points)
    wanted = [camera.project(row[:, :3], REQUEST.width, REQUEST.height) for camera, row in zip(moving.cameras(times), points, strict=True)]
    assert seen[..., :2] / seen[..., 2:] == pytest.approx(np.array(wanted), abs=1e-6)


@pytest.mark.render
def test_a_scenes_files_say_what_its_truth_says(tmp_path: Path) -> None:
    import pandas as pd

    from kinema.scenes.world import simulate

    truth = simulate(scene_from_id("collision@1/seed=3"), REQUEST.seconds)
    write_scene(tmp_path, truth, REQUEST)
    assert {path.name for path in tmp_path.iterdir()} == set(FIELDS)
    tracks = pd.read_parquet(tmp_path / "tracks.parquet")
    times = np.arange(REQUEST.frame_count) / REQUEST.fps
    assert np.array_equal(tracks[["x", "y", "z"]].to_numpy().reshape(len(times), 2, 3), truth.at(times))
    assert np.array_equal(tracks[tracks.body == "left"].t.to_numpy(), times)
    assert read_clip(tmp_path / "video.mkv").frames.shape == (6, 40, 48, 3)
    with np.load(tmp_path / "instances.npz") as held:
        assert held["instances"].shape == (6, 40, 48)
        assert held["names"].tolist()[:2] == ["left", "right"]
        left = held["instances"][0] == 1
    with np.load(tmp_path / "depth.npz") as held:
        eye = truth.camera.eye
        away = float((truth.position[0, 0] - eye) @ truth.camera.axes[1])
        assert held["depth"][0][left].min() == pytest.approx(away - truth.bodies[0].radius, rel=0.02)
    with np.load(tmp_path / "flow.npz") as held:
        flow = held["flow"].astype(float)
        assert flow.shape == (5, 40, 48, 2)
        wanted = truth.pixels_at(times, REQUEST.width, REQUEST.height)[:2, 0]
        assert np.median(flow[0][left], axis=0) == pytest.approx(wanted[1] - wanted[0], abs=0.5)
    assert same(restore(truth.scene, arrays_of((tmp_path / "truth.npz").read_bytes())).position, truth.position)


# Identity -------------------------------------------------------------------------------------------------------------------------------

SOURCE = '''"""About."""
X = 1  # why


class A:
    """What."""

    def f(self, a: str = "# no comment  \\u00e9") -> str:
        \'\'\'Two

        lines.\'\'\'
        return f"{a} # nor this"   # é
'''


def test_comments_docstrings_and_blank_space_are_no_code() -> None:
    bare = 'X = 1\nclass A:\n    def f(self, a: str = "# no comment  \\u00e9") -> str:\n        return f"{a} # nor this"'
    assert plain_source(SOURCE) == bare
    assert plain_source(bare) == bare
    assert plain_source(SOURCE.replace("X = 1", "X = 2")) != bare
    assert plain_source(SOURCE.replace("no comment  ", "no comment ")) != bare


@pytest.fixture(name="copy")
def _copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the scenes' code that identities are taken from."""
    copy = tmp_path / "scenes"
    shutil.copytree(identity.HERE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    real = identity._source_of.__wrapped__
    monkeypatch.setattr(identity, "_source_of", lambda file, home: real(copy / file.relative_to(home), copy))
    return copy


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    identity._digest.cache_clear()
    identity._imports.cache_clear()


def test_an_identity_follows_the_code_that_decides_the_truth(copy: Path) -> None:
    drop, pendulum = scene_from_id("drop@1/seed=3"), scene_from_id("pendulum@1/seed=3")
    first, other = scene_identity(drop), scene_identity(pendulum)
    falling = copy / "catalogue" / "falling.py"
    changed(falling, "class Drop", "# a remark\n\n\nclass Drop")
    changed(copy / "world.py", '"""', '"""Another word. ')
    changed(copy / "clip.py", "CRF = 16.0", "CRF = 17.0")
    assert scene_identity(drop) == first
    changed(falling, "0.", "1.")
    assert scene_identity(drop) != first
    assert scene_identity(pendulum) == other
    changed(copy / "materials.py", "1100", "1101")
    assert scene_identity(pendulum) != other


def test_an_identity_follows_the_sheet() -> None:
    scene = scene_from_id("drop@1/seed=3")
    assert scene_identity(scene) == scene_identity(scene_from_id("drop@1/seed=3"))
    assert scene_identity(scene) != scene_identity(replace(scene, floor="ice"))
    assert scene_identity(scene) != scene_identity(replace(scene, style="night"))

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kinema.bench.generators.clips import read_manifest
from kinema.errors import ConfigError

SHOWS = {"prompt": "a ball falls", "bodies": [{"shape": "ball", "colour": "red", "diameter_m": 0.067}]}


def manifest(folder: Path, *lines: Any) -> Path:
    path = folder / "clips.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_a_line_needs_only_a_path_and_what_it_is(tmp_path: Path) -> None:
    read = read_manifest(manifest(tmp_path, {"path": "a.mp4", "scene": "drop@1/seed=3"}, "", {"path": "sub/b.mov", "shows": SHOWS}))
    first, second = read.entries
    assert (first.generator, first.sample, first.mode, first.scene_id) == ("clips", 0, "t2v", "drop@1/seed=3")
    assert second.scene_id == "outside/sub/b.mov"
    assert second.shows is not None
    assert second.shows.gravity == 9.81
    assert [claim.kind for claim in second.shows.claims()] == ["count", "colour"]
    assert read_manifest(manifest(tmp_path, {"path": "a.mp4", "shows": {"prompt": "wind", "bodies": [{"shape": "box"}]}}))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "not JSON"),
        ("[]", "line 2"),
        ({"path": "a.mp4"}, "exactly one of scene and shows"),
        ({"path": "a.mp4", "scene": "drop@1/seed=3", "shows": SHOWS}, "exactly one of scene and shows"),
        ({"scene": "drop@1/seed=3"}, "path"),
        ({"path": "a.mp4", "scene": "drop@1/seed=3", "sampel": 1}, "sampel.*sample"),
        ({"path": "a.mp4", "shows": {"prompt": "x", "bodis": []}}, "bodis.*bodies"),
        ({"path": "a.mp4", "shows": {"bodies": []}}, "prompt"),
        ({"path": "a.mp4", "shows": {"prompt": "x", "bodies": [{}]}}, "shape"),
        ({"path": "a.mp4", "shows": {"prompt": "x", "gravity": -1}}, "gravity"),
        ({"path": "a.mp4", "scene": "dorp@1/seed=3"}, "drop"),
        ({"path": "a.mp4", "scene": "drop"}, "family@version/seed=N"),
        ({"path": "a.mp4", "scene": "drop@1/seed=1000000"}, "calibration"),
        ({"path": "/etc/passwd", "scene": "drop@1/seed=3"}, "leads out"),
        ({"path": "../a.mp4", "scene": "drop@1/seed=3"}, "leads out"),
        ({"path": "sub/../../a.mp4", "scene": "drop@1/seed=3"}, "leads out"),
        ({"path": "link/a.mp4", "scene": "drop@1/seed=3"}, "leads out"),
        ({"path": "good.mp4", "scene": "drop@1/seed=3", "sha256": "0" * 64}, "another sha256"),
        ({"path": "good.mp4", "scene": "drop@1/seed=3", "sha256": "abc"}, "sha256"),
        ({"path": "good.mp4", "scene": "drop@1/seed=3", "sample": -1}, "sample"),
        ({"path": "good.mp4", "scene": "drop@1/seed=3", "mode": "t2w"}, "mode"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: Any, words: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "a.mp4").write_bytes(b"outside")
    (home / "good.mp4").write_bytes(b"clip")
    (home / "link").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match=words) as caught:
        read_manifest(manifest(home, {"path": "first.mp4", "shows": {"prompt": "fine"}}, line))
    assert "line 2" in str(caught.value)
    assert caught.value.exit_code == 2


def test_the_right_sha256_is_accepted_in_either_case(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"clip")
    digest = hashlib.sha256(b"clip").hexdigest().upper()
    read = read_manifest(manifest(tmp_path, {"path": "a.mp4", "scene": "drop@1/seed=3", "sha256": digest}))
    assert read.version(read.entries[0])


def test_the_same_clip_twice_needs_another_generator_or_sample(tmp_path: Path) -> None:
    line = {"path": "a.mp4", "shows": SHOWS}
    with pytest.raises(ConfigError, match="twice"):
        read_manifest(manifest(tmp_path, line, line))
    read = read_manifest(manifest(tmp_path, line, line | {"sample": 1}, line | {"generator": "other"}))
    assert len(read.entries) == 3


def test_an_empty_or_absent_manifest_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no line"):
        read_manifest(manifest(tmp_path))
    with pytest.raises(ConfigError, match="cannot read"):
        read_manifest(tmp_path / "absent.jsonl")


def test_identity_follows_the_clips(tmp_path: Path) -> None:
    path = manifest(tmp_path, {"path": "a.mp4", "scene": "drop@1/seed=3"})
    missing = read_manifest(path).hash
    (tmp_path / "a.mp4").write_bytes(b"one")
    one = read_manifest(path).hash
    (tmp_path / "a.flac").write_bytes(b"its sound")
    assert len({missing, one, read_manifest(path).hash}) == 3

"""``kinema render``: what it writes, that it goes on, and that nobody needs Kinema to read it."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kinema.bench.cli import _exit_code
from kinema.bench.render import rendering, truths_of_run
from kinema.bench.suite import load_suite
from kinema.scenes._fields import FIELDS, INDEX, TOP

ROOT = Path(__file__).resolve().parents[2]
TINY = """
name = "tiny"
families = ["drop", "pendulum"]
seeds = { start = 3, count = 2 }
calibration = 1
width = 48
height = 48
fps = 12.0
seconds = 0.5
controls = ["oracle", "shuffled_sound"]
"""


def kinema(capfd: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = _exit_code(list(words))
    return code, *capfd.readouterr()


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(name="suite")
def _suite(tmp_path: Path) -> str:
    (tmp_path / "tiny.toml").write_text(TINY)
    return str(tmp_path / "tiny.toml")


def test_a_dry_run_counts_and_writes_nothing(suite: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = kinema(capfd, "render", suite, "-o", str(tmp_path / "data"), "--takes", "2", "--dry-run")
    assert code == 0
    assert "8 scene folders" in out
    assert not (tmp_path / "data").exists()
    code, out, _ = kinema(capfd, "render", suite, "-o", "data", "--scene", "drop@1/seed=9", "--without", "run", "--dry-run", "--json")
    assert json.loads(out)["scenes"] == ["drop@1/seed=9"]
    assert json.loads(out)["truths"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["render", "smoke"], "say where to"),
        (["render", "smok", "-o", "x"], "Did you mean smoke"),
        (["render", "smoke", "-o", "x", "--takes", "0"], "at least one"),
        (["render", "smoke", "-o", "x", "--without", "pictures"], "'pictures' is not one of"),
        (["render", "smoke", "-o", "x", "--scene", "tower@1/seed=0"], "belongs to no family"),
    ],
)
def test_what_cannot_be_rendered_is_said(words: list[str], said: str, capfd: pytest.CaptureFixture[str]) -> None:
    code, _, error = kinema(capfd, *words)
    assert code == 2
    assert said in error


def test_a_run_needs_no_other_truths_than_these() -> None:
    smoke = load_suite("smoke")
    truths = truths_of_run(smoke, rendering(smoke).scenes, samples=1)
    assert len(set(truths)) == len(truths)
    takes = {(ref.id, take) for ref, take, _ in truths}
    assert {("drop@1/seed=0", 3), ("projectile@1/seed=1", 3), ("pendulum@1/seed=1000002", 2)} <= takes


@pytest.mark.render
@pytest.mark.slow
def test_a_data_set_is_whole_repeatable_and_goes_on(suite: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    import pandas as pd
    import pyarrow.parquet as pq

    data = tmp_path / "data"
    command = ["render", suite, "--workers", "2", "-o"]
    code, out, _ = kinema(capfd, *command, str(data))
    assert (code, out.strip()) == (0, str(data))
    first = hashes(data)
    assert {name.split("/")[0] for name in first} >= {"README.md", "schema.json", "index.parquet", "manifest.json", "scenes", "truth"}
    manifest = json.loads((data / "manifest.json").read_text())
    assert {name: entry["sha256"] for name, entry in manifest["files"].items()} | {"manifest.json": first["manifest.json"]} == first
    assert set(manifest["truths"].values()) <= set(first)
    schema = json.loads((data / "schema.json").read_text())
    assert schema["scene"] == FIELDS
    index = pd.read_parquet(data / "index.parquet")
    assert list(index.columns) == list(INDEX)
    assert index.id.tolist() == ["drop@1/seed=3", "drop@1/seed=4", "pendulum@1/seed=3", "pendulum@1/seed=4"]
    for folder in index.folder:
        assert {path.name for path in (data / folder).iterdir()} == set(FIELDS)
        for name, fields in FIELDS.items():
            if "columns" in fields:
                found = pq.read_schema(data / folder / name)
                assert {field.name: str(field.type) for field in found} == {key: row["type"] for key, row in fields["columns"].items()}
    assert all(f"`{name}`" in (data / "README.md").read_text() for name in (*TOP, *FIELDS))

    times = {path: path.stat().st_mtime_ns for path in data.rglob("*") if path.is_file()}
    assert kinema(capfd, *command, str(data))[0] == 0
    assert {path: path.stat().st_mtime_ns for path in times} == times

    (data / "scenes" / "drop@1_seed=3" / "flow.npz").unlink()  # and what is lost is made again
    assert kinema(capfd, *command, str(data))[0] == 0
    assert hashes(data) == first

    code, _, error = kinema(capfd, *command, str(data), "--without", "flow")
    assert code == 2
    assert "data set of another config (without differ)" in error

    other = tmp_path / "other"  # begun by another command that was stopped, and by one worker
    assert kinema(capfd, "render", suite, "-o", str(other), "--workers", "1", "--json")[0] == 0
    assert hashes(other) == first


@pytest.mark.render
@pytest.mark.slow
def test_an_interrupted_command_goes_on(suite: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    without = ["--without", "run", "--without", "lossless", "--workers", "1"]
    assert kinema(capfd, "render", suite, "-o", str(whole), *without)[0] == 0
    command = [sys.executable, "-m", "kinema.bench", "render", suite, "-o", str(torn), *without]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not list((torn / ".parts").glob("*@*.json")):
            assert process.poll() is None
        process.kill()
    assert not (torn / "manifest.json").exists()
    code, _, error = kinema(capfd, "render", suite, "-o", str(torn), *without)
    assert code == 0, error
    assert hashes(torn) == hashes(whole)


@pytest.mark.render
@pytest.mark.slow
def test_the_example_of_the_docs_runs(suite: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "smoke_data"
    assert kinema(capfd, "render", suite, "-o", str(data), "--seeds", "1", "--without", "run")[0] == 0
    for text, place in ((ROOT / "docs" / "dataset.md").read_text(), tmp_path), ((data / "README.md").read_text(), data):
        example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
        assert example is not None
        assert "kinema" not in example[1].lower()
        done = subprocess.run([sys.executable, "-c", example[1]], cwd=place, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("drop@1/seed=3 "), done.stdout


def test_the_docs_name_every_file_and_option() -> None:
    from kinema.bench.cli_data import LEFT_OUT, render

    text = (ROOT / "docs" / "dataset.md").read_text()
    assert all(name in text for name in (*FIELDS, *TOP))
    assert all(f"`{name}`" in text for name in LEFT_OUT)
    options = [option.opts[-1] for option in render.params if option.opts[-1].startswith("--")]
    assert all(name in text for name in options if name != "--out")

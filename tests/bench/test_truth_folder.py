"""A machine without PyBullet runs a suite from a data set, with the same scores to the last byte."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kinema.bench.cli import _exit_code
from kinema.bench.plan import SceneRef, run_plan
from kinema.bench.suite import load_suite
from kinema.bench.truth_folder import with_truth
from kinema.errors import ConfigError
from kinema.files import read_json, write_json

TINY = """
name = "tiny"
families = ["drop", "pendulum"]
seeds = [3]
calibration = 1
width = 64
height = 64
fps = 12.0
seconds = 1.0
controls = ["oracle", "static", "shuffled_sound"]
metrics = ["dynamics/law_residual", "sync/offset", "realism/sharpness"]
"""
BLOCK = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "pybullet":
            raise ModuleNotFoundError("No module named 'pybullet'", name="pybullet")

sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture(name="suite", scope="module")
def _suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "tiny.toml"
    path.write_text(TINY)
    return path


@pytest.fixture(name="data", scope="module")
def _data(suite: Path) -> Path:
    """The suite's truths, and little else."""
    data = suite.parent / "data"
    left_out = [word for part in ("video", "lossless", "depth", "instances", "flow") for word in ("--without", part)]
    assert _exit_code(["render", str(suite), "-o", str(data), "--workers", "2", *left_out]) == 0
    return data


def kinema(folder: Path, cache: str, *words: str, blocked: bool) -> subprocess.CompletedProcess[str]:
    """A command with a cache of its own; PyBullet cannot be imported where it is blocked, in workers neither."""
    block = folder / "block"
    block.mkdir(exist_ok=True)
    (block / "sitecustomize.py").write_text(BLOCK)
    paths = [str(block), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = os.environ | {"KINEMA_CACHE": str(folder / cache)} | ({"PYTHONPATH": os.pathsep.join(paths)} if blocked else {})
    line = [sys.executable, "-m", "kinema.bench", *words]
    return subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=600, check=False, env=env)


@pytest.mark.render
@pytest.mark.slow
def test_scores_are_the_same_without_pybullet(suite: Path, data: Path, tmp_path: Path) -> None:
    command = ["run", str(suite), "-g", "oracle", "-g", "static", "-g", "shuffled_sound", "--no-report", "--workers", "2", "-o"]
    assert kinema(tmp_path, "one", *command, "with", blocked=False).returncode == 0
    told = kinema(tmp_path, "two", *command, "without", "--truth", str(data), blocked=True)
    assert told.returncode == 0, told.stderr
    for name in ("scores.jsonl", "summary.json", "requests.jsonl"):
        assert (tmp_path / "with" / name).read_bytes() == (tmp_path / "without" / name).read_bytes(), name
    assert not (tmp_path / "two" / "truth").exists()

    told = kinema(tmp_path, "two", *command, "other", "--samples", "2", "--truth", str(data), blocked=True)
    assert told.returncode == 4  # sample 1 shows a take that is not in the folder
    assert "PyBullet is not installed" in (tmp_path / "other" / "scores.jsonl").read_text()


@pytest.mark.render
@pytest.mark.slow
def test_clips_are_scored_without_pybullet(suite: Path, data: Path, tmp_path: Path) -> None:
    assert kinema(tmp_path, "one", "run", str(suite), "-g", "oracle", "--no-report", "-o", "run", blocked=False).returncode == 0
    clip = sorted((tmp_path / "run" / "clips").glob("*.mp4"))[0]
    (tmp_path / "clips.jsonl").write_text(f'{{"path": "run/clips/{clip.name}", "scene": "drop@1/seed=3"}}\n')
    command = ["score", "clips.jsonl", "--suite", str(suite), "--no-report", "-o"]
    first = kinema(tmp_path, "one", *command, "a", blocked=False)
    again = kinema(tmp_path, "two", *command, "b", "--truth", str(data), blocked=True)
    assert first.returncode == again.returncode == 4  # the pendulum's clip is missing, so lost
    assert (tmp_path / "a" / "scores.jsonl").read_bytes() == (tmp_path / "b" / "scores.jsonl").read_bytes()


@pytest.mark.render
@pytest.mark.slow
def test_a_folder_of_something_else_is_refused(suite: Path, data: Path, tmp_path: Path) -> None:
    plan = run_plan(load_suite(str(suite)), ["oracle"])
    assert with_truth(plan, None) is plan
    assert with_truth(plan, data).truth == data.resolve()
    with pytest.raises(ConfigError, match="is no data set of Kinema"):
        with_truth(plan, tmp_path)
    with pytest.raises(ConfigError, match=r"holds the truth of tiny@\w{8}, which lacks drop@1/seed=1 as smoke@"):
        with_truth(run_plan(load_suite("smoke"), ["oracle"]), data)
    heavier = replace(plan, scenes=(SceneRef("drop@1/seed=3", (("world", "moon"),)),))
    with pytest.raises(ConfigError, match="which lacks drop@1/seed=3"):
        with_truth(heavier, data)
    manifest = read_json(data / "manifest.json")
    manifest["config"]["sources"]["drop"] = "0" * 40
    write_json(tmp_path / "manifest.json", manifest)
    with pytest.raises(ConfigError, match="made by other code than this Kinema's for family drop"):
        with_truth(plan, tmp_path)

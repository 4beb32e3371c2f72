"""Every command in the README works as it stands there."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kinema.scenes.clip import Clip, write_clip
from kinema.scenes.render import clip_of
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, scene_from_id
from kinema.scenes.world import simulate

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ELSEWHERE = ("make bench", "make test", "python3 -m venv", ".venv/bin/pip", ".venv/bin/python -m pytest")  # .ci/run and make do these

MODEL = """
import numpy as np
import kinema

class MyGenerator:
    def generate(self, request):
        frames = np.full((request.frame_count, request.height, request.width, 3), 90, np.uint8)
        for i in range(len(frames)):
            frames[i, i : i + 12, 40:52] = (200, 30, 30)
        times = np.arange(len(frames)) / request.fps
        return kinema.Clip(frames, times, np.zeros((1, int(16000 * request.seconds)), np.float32), 16000)
"""


def commands() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(kinema run [^`]+)`", README)
    return [line for line in (*lines, *inline) if line and not line.startswith(ELSEWHERE)]


def test_make_and_ci_do_what_the_readme_says() -> None:
    makefile, ci = (ROOT / "Makefile").read_text(), (ROOT / ".ci" / "run").read_text()
    assert 'pytest -m ""' in makefile
    assert "kinema run smoke" in makefile
    assert "-e '.[dev]'" in makefile
    assert "make test" in ci
    assert "make check" in ci


def test_the_readme_counts_the_families_there_are() -> None:
    assert re.findall(r"(\d+) families", README) == [str(len(SCENES))]


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (ROOT / target).exists(), target


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Path:
    """A user's folder: two clips, the README's manifest over them, and a model."""
    scene = scene_from_id("drop@1/seed=3")
    request = Request(prompt=scene.prompt)
    clip = clip_of(simulate(scene.take(3), 2.0), request)
    write_clip(clip, tmp_path / "drop3.mp4")
    write_clip(Clip(clip.frames, clip.times, np.zeros((1, 96_000), np.float32)), tmp_path / "holiday.mp4")
    manifest = re.search(r"```json\n(.*?)```", README, re.DOTALL)
    assert manifest is not None
    (tmp_path / "clips.jsonl").write_text(manifest[1])
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "my_module.py").write_text(MODEL)
    return tmp_path


@pytest.mark.slow
@pytest.mark.render
def test_every_command_of_the_readme_runs(place: Path) -> None:
    runs: dict[str, str] = {}
    seen = []
    for command in commands():
        words = shlex.split(command.removeprefix(".venv/bin/"))
        for word, stand_in in (("RUN_A", "oracle"), ("RUN_B", "mine"), ("BASELINE", "oracle"), ("CANDIDATE", "oracle")):
            if word in words:
                if not runs:
                    for name, generator in (("oracle", "oracle"), ("mine", "my_package.my_module:MyGenerator")):
                        _kinema(place, ["run", "smoke", "-g", generator, "-o", name, "--no-report"], {0})
                        runs[name] = name
                words[words.index(word)] = stand_in
        if words == ["kinema", "run", "smoke"]:
            continue  # make bench; the whole of it is too long for a test
        _kinema(place, words[1:], {0})
        seen.append(words[1])
    assert set(seen) == {"list", "run", "score", "report", "gate", "show", "render", "check"}
    assert (place / "comparison" / "index.html").is_file()
    summary = next(place.glob("runs/*/summary.json"))
    assert json.loads(summary.read_text())["schema"] == 1


def test_the_extension_page_shows_its_examples_as_they_are() -> None:
    page = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    shown = re.findall(r"\[examples/(\w+\.py)\].*?```python\n(.*?)```", page, re.DOTALL)
    files = sorted((ROOT / "docs" / "examples").glob("*.py"))
    assert sorted(name for name, _ in shown) == [file.name for file in files]
    for name, code in shown:
        assert code == (ROOT / "docs" / "examples" / name).read_text(encoding="utf-8")
        assert code.count("\n") < 55


@pytest.mark.slow
@pytest.mark.parametrize("page", ["extending.md", "ground_truth.md"])
def test_every_command_of_a_page_runs(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lines = [line.split("#")[0].strip() for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith("kinema ")]
    assert commands
    for words in commands:
        assert "ok" in (out := _kinema(ROOT / "docs" / "examples", words[1:], {0})) or words[1] == "show", out


def _kinema(place: Path, words: list[str], codes: set[int]) -> str:
    line = [sys.executable, "-m", "kinema.bench", *words]
    done = subprocess.run(line, cwd=place, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode in codes, (words, done.stdout, done.stderr)
    return done.stdout


def test_a_machine_without_venv_is_told_what_to_install(tmp_path: Path) -> None:
    stub = tmp_path / "python-without-venv"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    done = subprocess.run(["make", "bench", f"PYTHON={stub}"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stdout
    assert not (tmp_path / ".venv").exists()


def test_every_metric_is_on_the_page_of_metrics_as_its_card_says() -> None:
    from kinema.metrics import load_all
    from kinema.metrics.metric import METRICS

    load_all()
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    ours = [card for card in (METRICS[name].load() for name in METRICS) if "/metrics/" in METRICS[card.name].home]
    assert [card.name for card in ours if f"| `{card.name}` | {card.summary} | {card.unit} |" not in page] == []


def test_the_example_of_a_training_loop_works(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8"), re.DOTALL)
    scene = scene_from_id("drop@1/seed=3")
    clip = clip_of(simulate(scene, 2.0), Request(prompt=scene.prompt, seconds=2.0, width=64, height=64))
    exec(compile(example, "metrics.md", "exec"), {"clip": clip})
    assert float(capsys.readouterr().out) < 10

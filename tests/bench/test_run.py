"""Runs from end to end: resumed, killed, with one worker and two, with clips that are lost."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from kinema.bench.cli import _exit_code
from kinema.bench.suite import load_suite
from kinema.metrics import load_all
from kinema.metrics.metric import METRICS
from kinema.record import AXES, read_lines, read_run

load_all()
pytestmark = [pytest.mark.slow, pytest.mark.render]

SUITE = """
name = "tiny"
families = ["drop", "pendulum"]
seeds = [5]
width = 64
height = 64
fps = 16.0
seconds = 1.5
"""
GENERATORS = ["-g", "oracle", "-g", "silent", "-g", "late_sound:ms=250", "-g", "static", "-g", "tiny_model:Still"]
MODEL = """
import os
import numpy as np
from kinema.scenes.clip import Clip

class Still:
    version = "still-1"
    frames = 24
    def generate(self, request):
        noise = np.random.default_rng(request.seed).integers(0, 255, (32, 32, 3), dtype=np.uint8)
        frames = np.repeat(noise[None], self.frames, axis=0)
        return Clip(frames, np.arange(self.frames) / 16, np.zeros((1, 24000), np.float32), 16000)

class Short(Still):
    frames = 3

class Brief(Still):
    frames = 5

class Raises(Still):
    def generate(self, request):
        raise RuntimeError("out of ideas")

class Nonsense(Still):
    def generate(self, request):
        return "a film"

class Dies(Still):
    def generate(self, request):
        os._exit(9)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small suite and a model, whose cache all tests here share."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "tiny.toml").write_text(SUITE)
    (folder / "tiny_model.py").write_text(MODEL)
    return folder


@pytest.fixture(autouse=True)
def _there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("KINEMA_CACHE", str(home / "cache"))
    monkeypatch.syspath_prepend(str(home))


@pytest.fixture(scope="module")
def whole(home: Path) -> Path:
    """A run with one worker that nobody disturbed."""
    out = home / "whole"
    found = kinema_process(home, "run", "tiny.toml", *GENERATORS, "-o", str(out), "--workers", "1", "--no-report").communicate()
    assert (out / "summary.json").exists(), found
    return out


def kinema_process(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kinema.bench", *arguments],
        cwd=home, env=os.environ | {"KINEMA_CACHE": str(home / "cache")}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=_hear_interrupts,  # noqa: PLW1509  (nothing has started threads that hold locks here)
    )  # fmt: skip


def _hear_interrupts() -> None:
    """Whoever started the tests in the background has them ignore SIGINT, and that is inherited."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def scores(folder: Path) -> bytes:
    return (folder / "scores.jsonl").read_bytes()


def test_the_record_is_complete(whole: Path) -> None:
    run = read_run(whole)
    suite = load_suite("tiny.toml")
    assert len(run.scores) == 5 * (2 * len(suite.clip_metrics) + len(suite.set_metrics))
    of_sets = [line for line in run.scores if line["scene"] == "*"]
    assert run.scores[-len(of_sets) :] == of_sets
    assert {(line["status"], line["clip"]) for line in of_sets} == {("unscored", None)}  # two scenes are no set
    assert run.generators == ("oracle", "silent", "late_sound:ms=250", "static", "tiny_model:Still")
    assert [row["scene"] for row in run.requests] == ["drop@1/seed=5", "pendulum@1/seed=5"]
    for line in run.scores[: -len(of_sets)]:
        assert line["schema"] == 1
        assert (whole / "clips" / f"{line['clip']}.mp4").exists()
        assert json.loads((whole / "observations" / f"{line['clip']}.json").read_text())["schema"] == 1
        assert line["why"]
        assert line["status"] in {"scored", "unscored"}
    for scene in ("drop@1/seed=5", "pendulum@1/seed=5"):
        assert json.loads((whole / "truth" / f"{scene}.json").read_text())["scene"] == scene
        assert (whole / "truth" / f"{scene}.mp4").exists()
    assert (whole / "truth" / "drop@1/seed=5.flac").exists()
    assert len(run.info["times"]) == 10
    assert set(run.info["times"][0]["seconds"]) >= {"generate", "write", "read", "observe", "score"}
    assert not (whole / ".work").exists()
    assert not (whole / "times.jsonl").exists()


def test_the_summary_ranks_what_it_must(whole: Path) -> None:
    generators = read_run(whole).summary["generators"]
    axes = {name: {axis: entry["axes"][axis]["value"] for axis in AXES} for name, entry in generators.items()}
    assert axes["oracle"]["dynamics"] > 80
    assert axes["static"]["dynamics"] < 20
    assert axes["silent"]["dynamics"] == axes["late_sound:ms=250"]["dynamics"] == axes["oracle"]["dynamics"]
    assert axes["tiny_model:Still"]["dynamics"] < 20


def test_scores_hold_no_times_and_no_places(whole: Path, home: Path) -> None:
    text = scores(whole).decode()
    assert str(home) not in text
    assert "/tmp" not in text
    assert os.uname().nodename not in text


def test_two_workers_and_another_run_give_the_same_bytes(whole: Path, home: Path) -> None:
    out = home / "two"
    assert _exit_code(["run", "tiny.toml", *GENERATORS, "-o", str(out), "--workers", "2", "--no-report"]) == 0
    assert scores(out) == scores(whole)
    assert (out / "summary.json").read_bytes() == (whole / "summary.json").read_bytes()


@pytest.mark.parametrize("lines", [0, 1, 20, 50, 100])
def test_a_run_killed_at_any_moment_ends_the_same(whole: Path, home: Path, lines: int) -> None:
    out = home / f"killed-{lines}"
    command = ("run", "tiny.toml", *GENERATORS, "-o", str(out), "--workers", "2", "--no-report")
    process = kinema_process(home, *command)
    while process.poll() is None:
        if (out / "run.json").exists() and (lines == 0 or len(_lines(out)) >= lines):
            break
        time.sleep(0.005)
    process.kill()
    process.communicate()
    assert not (out / "summary.json").exists()
    if lines == 20:  # and torn in the middle of a line
        with (out / "scores.jsonl").open("ab") as file:
            file.write(b'{"schema":1,"scene":"drop@1/se')
    if lines == 50:  # and a unit that is written in part
        (out / "scores.jsonl").write_bytes(scores(out)[: -len(_lines(out)[-1]) - 1])
    assert _exit_code(list(command)) == 0
    assert scores(out) == scores(whole)
    assert sorted(p.name for p in (out / "clips").iterdir()) == sorted(p.name for p in (whole / "clips").iterdir())


def _lines(out: Path) -> list[bytes]:
    return scores(out).splitlines() if (out / "scores.jsonl").exists() else []


def test_an_interrupt_flushes_and_exits_130(whole: Path, home: Path) -> None:
    out = home / "interrupted"
    command = ("run", "tiny.toml", *GENERATORS, "-o", str(out), "--workers", "1", "--no-report")
    process = kinema_process(home, *command)
    while process.poll() is None and not _lines(out):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out_text, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out_text == ""
    assert "goes on where this one stopped" in err
    assert 0 < len(list(read_lines(out / "scores.jsonl"))) < len(_lines(whole))
    assert _exit_code(list(command)) == 0
    assert scores(out) == scores(whole)


def test_a_finished_run_prints_again_and_touches_nothing(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in whole.rglob("*.json*")}
    capfd.readouterr()
    assert _exit_code(["run", "tiny.toml", *GENERATORS, "-o", str(whole), "--no-report", "--json"]) == 0
    out, _ = capfd.readouterr()
    assert json.loads(out) == read_run(whole).summary
    assert {path: path.stat().st_mtime_ns for path in whole.rglob("*.json*")} == before
    assert _exit_code(["run", "tiny.toml", *GENERATORS, "-o", str(whole), "--no-report"]) == 0
    out, _ = capfd.readouterr()
    assert "late_sound:ms=250" in out
    assert out.index("oracle") < out.index("late_sound") < out.index("static")


def test_another_config_in_the_same_folder_is_refused(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = scores(whole)
    capfd.readouterr()
    assert _exit_code(["run", "tiny.toml", "-g", "oracle", "-o", str(whole)]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "another config" in err
    assert scores(whole) == before


def test_one_process_at_a_time(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with FileLock(whole / ".lock"):
        assert _exit_code(["run", "tiny.toml", *GENERATORS, "-o", str(whole)]) == 2
    assert "another process" in capfd.readouterr().err


DROP_IS_SCORED_ON = {
    "dynamics/law_residual", "dynamics/permanence", "dynamics/gravity", "dynamics/restitution", "sync/offset", "sync/event_f1",
    "adherence/colour", "adherence/count", "adherence/claims", "realism/sharpness", "realism/flicker",
}  # fmt: skip


def test_lost_clips_count_worst_and_do_not_end_the_run(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = home / "lost"
    names = ["Short", "Brief", "Raises", "Nonsense", "Dies"]
    asked = [word for name in ["Still", *names] for word in ("-g", f"tiny_model:{name}")]
    command = ["run", "tiny.toml", *asked, "-o", str(out), "--no-report"]
    assert _exit_code(command) == 4
    capfd.readouterr()
    summary = read_run(out).summary["generators"]
    assert {name: entry["lost"] for name, entry in summary.items()} == {"tiny_model:Still": 0, **{f"tiny_model:{n}": 2 for n in names}}
    reasons = {}
    lines = read_run(out).scores
    could = {(line["scene"], line["metric"]): line["status"] for line in lines if line["generator"] == "tiny_model:Still"}
    assert {metric for scene, metric in could if scene.startswith("drop") and could[scene, metric] == "scored"} >= DROP_IS_SCORED_ON
    for line in lines:
        if line["generator"] == "tiny_model:Still" or line["scene"] == "*":
            assert "lost" not in line["details"]
            continue
        if line["scene"].startswith("pendulum") and line["metric"] in ("sync/offset", "sync/lag", "dynamics/restitution"):
            assert line["status"] == "unscored"  # nothing touches there, so losing the clip loses nothing here
        if line["status"] == "unscored":  # only what says nothing of this scene says nothing of a lost clip of it
            assert could[line["scene"], line["metric"]] == "unscored", (line["scene"], line["metric"])
            continue
        assert line["value"] == pytest.approx(METRICS[line["metric"]].load().worst, abs=1e-6)
        assert line["scaled"] in (None, 0.0)
        reasons[line["generator"].split(":")[1]] = line["details"]["lost"]
    assert "3 frames" in reasons["Short"]
    assert "0.31 s of the 1.5 s" in reasons["Brief"]
    assert "RuntimeError: out of ideas" in reasons["Raises"]
    assert "no clip" in reasons["Nonsense"]
    assert "exit code 9" in reasons["Dies"]
    assert str(home) not in scores(out).decode()
    assert _exit_code(command) == 4  # again, from the record


def test_a_metric_that_raises_is_failed_with_its_traceback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kinema.bench.work import scored
    from kinema.metrics.metric import Case, Failed
    from kinema.metrics.observation import Observation

    def broken(seen: Observation, case: Case) -> None:
        raise ZeroDivisionError("by nothing")

    card = METRICS["sync/offset"].load()
    object.__setattr__(card, "function", broken)
    try:
        result = scored(Observation(), Case.outside("a ball"), ("sync/offset",))["sync/offset"]
    finally:
        from kinema.metrics.sync import offset

        object.__setattr__(card, "function", offset)
    assert isinstance(result, Failed)
    assert "ZeroDivisionError: by nothing" in result.error
    assert "/" not in result.error.split("in broken")[0].split("\n")[-1]


def manifest(folder: Path, *lines: dict[str, Any]) -> Path:
    path = folder / "clips.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_clips_made_elsewhere_are_scored_as_those_made_here(whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [line for line in read_run(whole).scores if line["generator"] == "oracle"]
    lines = []
    for scene in ("drop@1/seed=5", "pendulum@1/seed=5"):
        clip = next(row["clip"] for row in rows if row["scene"] == scene)
        for part in (whole / "clips").glob(f"{clip}.*"):
            shutil.copy(part, tmp_path / part.name)
        lines.append({"path": f"{clip}.mp4", "scene": scene, "sha256": clip})
    path = manifest(tmp_path, *lines)
    capfd.readouterr()
    assert _exit_code(["score", str(path), "--suite", "tiny.toml", "-o", str(tmp_path / "run"), "--no-report", "--json"]) == 0
    summary = json.loads(capfd.readouterr().out)
    assert list(summary["generators"]) == ["clips"]
    again = {(line["scene"], line["metric"]): line for line in read_run(tmp_path / "run").scores}
    for row in rows:
        found = again[row["scene"], row["metric"]]
        assert {key: found[key] for key in ("value", "scaled", "why", "clip", "status")} == {
            key: row[key] for key in ("value", "scaled", "why", "clip", "status")
        }


def test_missing_and_broken_clips_are_lost_and_outside_ones_unscaled(
    whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    oracle = next(line["clip"] for line in read_run(whole).scores if line["generator"] == "oracle")
    for part in (whole / "clips").glob(f"{oracle}.*"):
        shutil.copy(part, tmp_path / f"good{part.suffix}")
    (tmp_path / "broken.mp4").write_bytes(b"not a film")
    shows = {"prompt": "a ball falls", "bodies": [{"shape": "ball", "diameter_m": 0.2}]}
    path = manifest(
        tmp_path,
        {"path": "good.mp4", "shows": shows},
        {"path": "broken.mp4", "shows": shows},
        {"path": "absent.mp4", "shows": shows, "generator": "other"},
    )
    assert _exit_code(["score", str(path), "-o", str(tmp_path / "run"), "--no-report", "--workers", "1"]) == 4
    _, err = capfd.readouterr()
    assert "2 clips lost" in err
    run = read_run(tmp_path / "run")
    of: dict[str, dict[str, Any]] = {"good": {}, "broken": {}, "absent": {}}
    for line in run.scores:
        if line["scene"] != "*":
            of[Path(line["scene"]).stem][line["metric"]] = line
    assert all(line["scaled"] is None for lines in of.values() for line in lines.values())
    assert of["good"]["dynamics/law_residual"]["status"] == "unscored"
    assert of["good"]["dynamics/gravity"]["status"] == "scored"
    assert of["broken"]["dynamics/gravity"]["value"] == pytest.approx(METRICS["dynamics/gravity"].load().worst, abs=1e-6)
    assert of["broken"]["dynamics/law_residual"]["status"] == "unscored"
    assert "missing" in of["absent"]["sync/offset"]["details"]["lost"]
    assert of["absent"]["sync/offset"]["clip"] is None
    assert run.summary["generators"]["other"]["lost"] == 1


def test_a_run_against_itself_passes_the_gate_or_is_undecided(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert _exit_code(["gate", str(whole), str(whole)]) == 3  # two scenes are too few
    assert capfd.readouterr().out.splitlines()[-1] == "undecided"


def test_the_report_opens_from_disk(whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert _exit_code(["report", str(whole), "-o", str(tmp_path / "page")]) == 0
    page = Path(capfd.readouterr().out.strip())
    assert page.name == "index.html"
    assert "late_sound:ms=250" in page.read_text()

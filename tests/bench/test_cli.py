"""The command line as a user meets it: output, messages and exit codes. What draws pictures is in test_run.py."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from kinema.bench import cli
from kinema.bench.cli import _exit_code

WriteRun = Callable[..., Path]
BASE = [10.0, 20.0, 15.0, 12.0, 18.0, 30.0, 22.0, 14.0, 9.0, 11.0]


def kinema(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = _exit_code(list(arguments))
    out, err = capfd.readouterr()
    return code, out, err


@pytest.mark.parametrize("kind", ["scenes", "metrics", "generators", "suites"])
def test_list_prints_names_and_versions_and_nothing_else(capfd: pytest.CaptureFixture[str], kind: str) -> None:
    code, out, err = kinema(capfd, "list", kind)
    assert (code, err) == (0, "")
    for line in out.splitlines():
        name, _, version = line.partition("@")
        assert name
        assert version
        assert " " not in line


def test_everything_that_is_listed_can_be_shown(capfd: pytest.CaptureFixture[str]) -> None:
    for kind in ("scenes", "metrics", "generators", "suites"):
        for name in kinema(capfd, "list", kind)[1].split():
            code, out, _ = kinema(capfd, "show", name)
            assert code == 0, name
            assert len(out.splitlines()) > 3, name
    code, out, _ = kinema(capfd, "show", "drop@1/seed=3")
    assert "prompt" in out


def test_every_command_teaches_by_example(capfd: pytest.CaptureFixture[str]) -> None:
    assert "kinema run smoke" in kinema(capfd, "--help")[1]
    for name, command in cli.cli.commands.items():
        code, out, _ = kinema(capfd, name, "--help")
        assert code == 0
        assert f"kinema {name}" in out.split("Example", 1)[1], name
        assert all(option.help for option in command.params if isinstance(option, click.Option)), name


def test_version(capfd: pytest.CaptureFixture[str]) -> None:
    import kinema as package

    assert kinema(capfd, "--version")[1].strip().endswith(package.__version__)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rnu"], "run"),
        (["run"], "SUITE"),
        (["run", "smok"], "Did you mean smoke"),
        (["run", "smoke", "-g", "oracel"], "Did you mean oracle"),
        (["run", "smoke", "-g", "oracle", "--scene", "drop@1"], "family@version/seed=N"),
        (["run", "smoke", "-g", "oracle", "--samples", "0"], "at least one"),
        (["run", "smoke", "-g", "clips:absent.jsonl"], "cannot read the manifest"),
        (["score", "absent.jsonl"], "cannot read the manifest"),
        (["show", "sync/ofset"], "sync/offset"),
        (["list", "planets"], "planets"),
        (["report", "absent", "-o", "page"], "absent"),
        (["gate", "absent", "absent"], "no finished run"),
    ],
)
def test_input_errors_are_two_with_one_sentence_and_an_empty_stdout(
    capfd: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, out, err = kinema(capfd, *arguments)
    assert (code, out) == (2, "")
    assert words in err
    assert "Traceback" not in err


def test_a_dry_run_says_what_and_where_and_does_nothing(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = kinema(capfd, "run", "smoke", "-g", "oracle", "-g", "silent", "--dry-run")
    assert code == 0
    assert "16 clips of 8 scenes" in out
    value = json.loads(kinema(capfd, "run", "smoke", "-g", "oracle", "--seeds", "3", "--dry-run", "--json")[1])
    assert value["clips"] == {"oracle": 12}
    assert value["out"].startswith("runs/smoke-")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_is_left_alone(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    code, _, err = kinema(capfd, "run", "smoke", "-g", "oracle", "-o", str(tmp_path))
    assert code == 2
    assert "thesis.tex" in err
    assert [item.name for item in tmp_path.iterdir()] == ["thesis.tex"]


def test_gate_prints_its_verdict(capfd: pytest.CaptureFixture[str], tmp_path: Path, write_run: WriteRun) -> None:
    a, b = write_run(tmp_path / "a", {"model": BASE}), write_run(tmp_path / "b", {"model": [v + 12 for v in BASE]})
    config = tmp_path / "gate.toml"
    config.write_text('[gate."sync/offset"]\nmargin = 5.0\n')
    for candidate, expected, verdict in ((a, 0, "pass"), (b, 1, "regressed")):
        code, out, err = kinema(capfd, "gate", str(a), str(candidate), "--config", str(config))
        assert (code, err) == (expected, "")
        assert out.splitlines()[-1] == verdict
        code, out, _ = kinema(capfd, "gate", str(a), str(candidate), "--config", str(config), "--json")
        assert (code, json.loads(out)["verdict"]) == (expected, verdict)
    code, out, err = kinema(capfd, "gate", str(a), str(tmp_path / "absent"), "--json")
    assert (code, json.loads(out)["verdict"]) == (2, "usage")
    assert "no finished run" in err


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def interrupted(kind: str) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("kinema.bench.catalogue.names", interrupted)
    code, out, err = kinema(capfd, "list", "scenes")
    assert (code, out) == (130, "")
    assert "interrupted" in err


def test_a_fault_of_ours_keeps_its_traceback_and_never_reads_as_regressed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(kind: str) -> list[str]:
        raise RuntimeError("a fault")

    monkeypatch.setattr("kinema.bench.catalogue.names", broken)
    code, _, err = kinema(capfd, "list", "scenes")
    assert code == 4
    assert "RuntimeError: a fault" in err


def test_debug_shows_the_traceback_of_an_input_error(capfd: pytest.CaptureFixture[str]) -> None:
    code, _, err = kinema(capfd, "--debug", "run", "smok")
    assert code == 2
    assert "Traceback" in err


def test_the_module_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "kinema.bench", "list", "suites"], capture_output=True, text=True, check=True)
    assert "smoke@" in done.stdout


def test_help_stays_light() -> None:
    """Help must not wait for numerical libraries."""
    code = "import sys; import kinema.bench.cli; print(sorted({'torch', 'cv2', 'scipy', 'pybullet', 'av'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_train_passes_its_options_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = {}

    def fake(out: Path, **options: object) -> Path:
        seen.update(options, out=out)
        options["progress"]("flow", 0.5, "step 3")  # type: ignore[operator]
        return out / "weights"

    monkeypatch.setattr("kinema.reference_model.train.train", fake)
    found = CliRunner().invoke(cli.cli, ["train", "--out", str(tmp_path), "--clips", "12", "--minutes", "1.5", "--anew"])
    assert found.exit_code == 0, found.output
    assert (seen["out"], seen["clips"], seen["minutes"], seen["resume"]) == (tmp_path, 12, 1.5, False)
    assert str(tmp_path / "weights") in found.stdout

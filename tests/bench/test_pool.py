"""The pool's own behaviour, with handlers that die, raise and tell where they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from kinema.bench.pool import Died, Pool, Raised

HANDLERS = """
import os, signal, time
from pathlib import Path

def where(task):
    time.sleep(0.02)
    return os.getpid()

def threads(task):
    return os.environ["OMP_NUM_THREADS"]

def dies_once(task):
    mark = Path(task)
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "survived"

def dies(task):
    if task == "bad":
        os._exit(7)
    return task

def raises(task):
    raise ValueError(task)
"""


@pytest.fixture
def handlers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pool_handlers.py").write_text(textwrap.dedent(HANDLERS))
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_every_task_is_answered_once() -> None:
    with Pool(2, "builtins:abs") as pool:
        found = sorted(answer.value for answer in pool.run([[-1, -2, -3], [-4], [], [-5, -6]]))
        assert found == [1, 2, 3, 4, 5, 6]
        assert [answer.value for answer in pool.run([[-9]])] == [9]
        assert list(pool.run([])) == []


@pytest.mark.usefixtures("handlers")
def test_a_group_stays_on_one_worker() -> None:
    with Pool(2, "pool_handlers:where") as pool:
        answers = list(pool.run([[("a", k) for k in range(6)], [("b", k) for k in range(6)]]))
    workers = {name: {answer.value for answer in answers if answer.task[0] == name} for name in "ab"}
    assert min(len(found) for found in workers.values()) == 1
    assert len(workers["a"] | workers["b"]) == 2


@pytest.mark.usefixtures("handlers")
def test_thread_counts_are_fixed_and_the_parents_own_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    with Pool(1, "pool_handlers:threads") as pool:
        assert [answer.value for answer in pool.run([[0]])] == ["1"]
    assert os.environ["OMP_NUM_THREADS"] == "5"


def test_a_task_whose_worker_dies_is_tried_again_alone(handlers: Path) -> None:
    with Pool(2, "pool_handlers:dies_once") as pool:
        assert [answer.value for answer in pool.run([[str(handlers / "mark")]])] == ["survived"]


@pytest.mark.usefixtures("handlers")
def test_a_task_that_kills_twice_does_not_end_the_run() -> None:
    with Pool(2, "pool_handlers:dies") as pool:
        answers = {answer.task: answer.value for answer in pool.run([["one", "bad", "two"], ["three"]])}
    assert answers["bad"] == Died(7)
    assert {answers[name] for name in ("one", "two", "three")} == {"one", "two", "three"}
    assert "exit code 7" in str(answers["bad"])
    assert "SIGKILL" in str(Died(-signal.SIGKILL))


@pytest.mark.usefixtures("handlers")
def test_what_a_handler_raises_comes_back_as_a_trace() -> None:
    with Pool(1, "pool_handlers:raises") as pool:
        (answer,) = pool.run([["oops"]])
    assert isinstance(answer.value, Raised)
    assert "ValueError: oops" in answer.value.trace


def test_workers_end_with_a_parent_that_was_killed(handlers: Path) -> None:
    script = handlers / "parent.py"
    script.write_text(
        "from kinema.bench.pool import Pool\n"
        "if __name__ == '__main__':\n"
        "    with Pool(1, 'time:sleep') as pool:\n"
        "        (first,) = pool.run([[0]])\n"
        "        print(pool._workers[0].process.pid, flush=True)\n"
        "        list(pool.run([[60]]))\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(100):
        if not Path(f"/proc/{worker}").exists() or "Z" in Path(f"/proc/{worker}/stat").read_text().split(")")[1][:3]:
            break
        time.sleep(0.1)
    else:
        os.kill(worker, signal.SIGKILL)
        pytest.fail("the worker outlived its parent")

"""Worker processes that may die without taking the run along.

Unlike the standard pool this one knows which task a dead worker had, and keeps tasks of one group on one worker, so that what a worker has
drawn for one control is at hand for the next.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, Self, TypeVar, cast

__all__ = ["THREADS", "Answer", "Died", "Pool", "Raised"]

THREADS = 1  # of every numerical library in a worker, whatever the machine: sums in another order are other sums
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
_WATCH_SECONDS = 0.5  # how often a worker looks whether its parent is still there
T = TypeVar("T")


@dataclass(frozen=True)
class Died:
    """The worker died twice over this task, the second time with nothing else to do."""

    exit_code: int | None

    def __str__(self) -> str:
        if self.exit_code is not None and self.exit_code < 0:
            return f"the worker was killed twice by signal {signal.Signals(-self.exit_code).name}; out of memory?"
        return f"the worker ended twice with exit code {self.exit_code}"


@dataclass(frozen=True)
class Raised:
    """The handler itself raised: a fault of ours that no boundary inside it caught."""

    trace: str


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What came back for a task."""

    task: T
    value: Any


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, handler: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        with _fixed_threads():
            self.process: BaseProcess = context.Process(target=_serve, args=(theirs, handler), name="kinema-worker")
            self.process.start()
        theirs.close()  # else the end of the process would not be the end of the pipe
        self.task: Any = None
        self.group: deque[Any] | None = None

    def give(self, task: Any) -> None:
        self.task = task
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a dead worker shows when its answer is awaited
            self.pipe.send(task)

    def stop(self) -> int | None:
        self.pipe.close()
        self.process.join(0.2)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join(2)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        return self.process.exitcode


class Pool:
    """``workers`` processes that answer tasks with ``handler``, the address ``"module:function"`` of a function of one argument.

    Example:
        >>> with Pool(2, "builtins:abs") as pool:
        ...     sorted(answer.value for answer in pool.run([[-1, -2], [-3]]))
        [1, 2, 3]
    """

    def __init__(self, workers: int, handler: str) -> None:
        self._handler = handler
        self._wanted = max(1, workers)
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def run(self, groups: Sequence[Sequence[T]]) -> Iterator[Answer[T]]:
        """Answers in the order in which they are ready. Tasks of a group run in their order, on one worker while there is enough to do.

        A task whose worker dies is tried once more at the end, alone; dying again is its answer (:class:`Died`).
        """
        queue = [deque(group) for group in groups if group]
        again: list[T] = []
        yield from self._drain(queue, again)
        for task in again:
            yield from self._alone(task)

    def _drain(self, queue: list[deque[T]], again: list[T]) -> Iterator[Answer[T]]:
        left = sum(map(len, queue))
        while len(self._workers) < min(self._wanted, left):
            self._workers.append(_Worker(self._handler))
        for worker in self._workers:
            _feed(worker, queue, self._workers)
        while busy := {worker.pipe: worker for worker in self._workers if worker.task is not None}:
            for pipe in wait(list(busy)):
                worker = busy[cast("Connection[Any, Any]", pipe)]
                task, worker.task = worker.task, None
                try:
                    answer = worker.pipe.recv()
                except (EOFError, OSError):
                    worker = self._replace(worker)
                    again.append(task)
                else:
                    yield Answer(task, answer)
                _feed(worker, queue, self._workers)

    def _alone(self, task: T) -> Iterator[Answer[T]]:
        worker = self._workers[0]
        worker.give(task)
        try:
            answer = worker.pipe.recv()
        except (EOFError, OSError):
            answer = Died(worker.stop())
            self._workers[0] = _Worker(self._handler)
        yield Answer(task, answer)

    def _replace(self, dead: _Worker) -> _Worker:
        dead.stop()
        fresh = _Worker(self._handler)
        fresh.group = dead.group
        self._workers[self._workers.index(dead)] = fresh
        return fresh


def _feed(worker: _Worker, queue: list[deque[T]], busy: Sequence[_Worker]) -> None:
    """Give the worker the next task: of its own group, else of the next untouched one, else of the longest that others work on."""
    if not worker.group:
        waiting = [group for group in queue if group]
        untouched = [group for group in waiting if not any(other.group is group for other in busy)]
        worker.group = untouched[0] if untouched else max(waiting, key=len, default=None)
    if worker.group:
        worker.give(worker.group.popleft())


def _serve(pipe: Connection[Any, Any], handler: str) -> None:
    """A worker's life: until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.dup2(2, 1)  # what libraries print belongs to the messages, stdout carries the result alone
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()
    module, _, name = handler.partition(":")
    function = getattr(importlib.import_module(module), name)
    with contextlib.suppress(EOFError, OSError):
        while True:
            task = pipe.recv()
            try:
                answer = function(task)
            except Exception:
                answer = Raised(traceback.format_exc())
            pipe.send(answer)


def _watch(parent: int) -> None:
    """End with the parent, even if it was killed without a chance to say so."""
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)


@contextlib.contextmanager
def _fixed_threads() -> Iterator[None]:
    """Set for the child before it imports anything: the libraries read these once."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(THREADS)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

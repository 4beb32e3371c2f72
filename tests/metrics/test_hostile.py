"""Whatever a clip is, it is observed and scored: nothing raises, nothing is NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import BrokenClip
from kinema.files import dumps
from kinema.metrics import load_all
from kinema.metrics.look import case_of, case_of_clip, look
from kinema.metrics.metric import METRICS, Case, Scored, Unscored
from kinema.metrics.observe.record import to_json
from kinema.scenes.clip import Clip, read_clip, write_clip
from kinema.scenes.request import Request

REAL = Path(__file__).parents[3] / "shared" / "real"
RATE = 48_000


def _clip(frames: np.ndarray, fps: float = 24.0, *, sound: np.ndarray | None = None, times: np.ndarray | None = None) -> Clip:
    when = np.arange(len(frames)) / fps if times is None else times
    if sound is None:
        sound = np.random.default_rng(1).normal(0, 0.1, (2, round(len(frames) / fps * RATE))).astype(np.float32)
    return Clip(frames, when, sound, RATE)


def _ball(n: int, side: int, fps: float = 24.0) -> np.ndarray:
    """A red disc that falls and bounces once before a grey wall."""
    y, x = np.mgrid[:side, :side]
    frames = np.full((n, side, side, 3), 128, np.uint8)
    for i in range(n):
        fallen = 0.2 + 0.6 * abs(1 - 2 * ((i / fps) % 1.0) ** 2)
        frames[i][(x - 0.5 * side) ** 2 + (y - fallen * side) ** 2 < (0.08 * side) ** 2] = (200, 30, 30)
    return frames


def _noise(n: int, side: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


HARD: dict[str, Callable[[], Clip]] = {
    "black": lambda: _clip(np.zeros((48, 64, 64, 3), np.uint8), sound=np.zeros((2, 2 * RATE), np.float32)),
    "one frame": lambda: _clip(_ball(1, 64)),
    "no frame": lambda: _clip(np.zeros((0, 64, 64, 3), np.uint8), sound=np.zeros((2, 100), np.float32)),
    "no sound": lambda: _clip(_ball(48, 64), sound=np.zeros((0, 0), np.float32)),
    "white noise": lambda: _clip(_noise(48, 96)),
    "8 fps": lambda: _clip(_ball(16, 64, 8.0), 8.0),
    "120 fps": lambda: _clip(_ball(240, 64, 120.0), 120.0),
    "variable rate": lambda: _clip(_ball(40, 64), times=np.cumsum(np.random.default_rng(2).uniform(0.01, 0.2, 40))),
    "tiny": lambda: _clip(_ball(24, 2)),
    "wide": lambda: _clip(np.tile(_ball(24, 16), (1, 1, 40, 1))),
    "mono": lambda: _clip(_ball(24, 64), sound=np.random.default_rng(3).normal(0, 0.1, (1, RATE)).astype(np.float32)),
    "seven channels": lambda: _clip(_ball(24, 64), sound=np.random.default_rng(3).normal(0, 0.1, (7, RATE)).astype(np.float32)),
    "sound that is no number": lambda: _clip(_ball(24, 64), sound=np.full((2, RATE), np.nan, np.float32)),
    "loud beyond full scale": lambda: _clip(_ball(24, 64), sound=np.full((2, RATE), 50.0, np.float32)),
    "a single sample": lambda: _clip(_ball(24, 64), sound=np.ones((2, 1), np.float32)),
}
LARGE: dict[str, Callable[[], Clip]] = {
    "4K": lambda: _clip(np.repeat(np.repeat(_ball(24, 216), 10, axis=1), 18, axis=2)),
    "ten minutes": lambda: _clip(_ball(14_400, 48)),
}
SCENES = ("drop@1/seed=3", "collision@1/seed=3", "rack_break@1/seed=0", "talking_puppet@1/seed=0")


def _all_answer(clip: Clip, case: Case) -> None:
    load_all()
    seen = look(clip, case)
    dumps(to_json(seen))
    for name in METRICS:
        card = METRICS[name].load()
        if card.over == "set":
            continue
        answer = card.function(seen, case)
        assert isinstance(answer, Scored | Unscored), name
        if isinstance(answer, Scored):
            assert math.isfinite(answer.value), (name, answer)
            dumps(answer.details)


@pytest.mark.parametrize("name", list(HARD))
def test_every_metric_answers_on(name: str) -> None:
    clip = HARD[name]()
    request = Request(prompt="", seconds=2.0, width=64, height=64)
    for scene in SCENES:
        _all_answer(clip, case_of(scene, request))
    _all_answer(clip, Case.outside("a red ball falls and bounces"))


@pytest.mark.slow
@pytest.mark.parametrize("name", list(LARGE))
def test_every_metric_answers_on_large(name: str) -> None:
    _all_answer(LARGE[name](), case_of("drop@1/seed=3", Request(prompt="", seconds=2.0)))


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the clips that nobody here made are not beside the project")
@pytest.mark.parametrize("file", sorted(REAL.rglob("*.mp4")) if REAL.is_dir() else [], ids=lambda file: file.name)
def test_every_metric_answers_on_real(file: Path) -> None:
    try:
        clip = read_clip(file)
    except BrokenClip as problem:
        assert str(problem), "a clip that cannot be read says why"
        return
    _all_answer(clip, case_of_clip("a ball falls and bounces", clip))


@pytest.mark.slow
def test_what_was_written_and_read_answers_too(tmp_path: Path) -> None:
    for name, clip in (("fast", _clip(_ball(120, 64, 120.0), 120.0)), ("odd", _clip(_ball(24, 63)))):
        write_clip(clip, tmp_path / f"{name}.mp4")
        _all_answer(read_clip(tmp_path / f"{name}.mp4"), case_of("projectile@1/seed=1", Request(prompt="", seconds=1.0)))

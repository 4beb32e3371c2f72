"""What every generator must keep, ours or anyone's: public checks that each say in one sentence what is wrong.

A check takes the text of ``-g``, asks for small clips and raises ``AssertionError``. ``kinema check`` runs them all.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.bench.generators.controls import ORACLE_TAKE
from kinema.bench.generators.spec import is_control, parse
from kinema.errors import BrokenClip
from kinema.scenes.clip import Clip, read_clip, write_clip
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["GENERATOR_CHECKS"]

SCENES = ("drop@1/seed=3", "collision@1/seed=4")
LEAST_SHARE = 0.25  # of the seconds asked for; a run counts what is shorter as lost
MOST_LEVEL = 1.0  # full scale


def it_can_be_built(text: str) -> None:
    """The name or the address gives an object with generate(request), and a version that is text."""
    spec = parse(text)
    assert spec.version_of(_built(text)), f"{text}: its version is empty"


def it_gives_clips(text: str) -> None:
    """Frames (T, H, W, 3) uint8 at times that rise from 0, sound (channels, n) float32 of finite samples within full scale."""
    for scene in SCENES:
        clip = _made(text, scene)
        assert isinstance(clip, Clip), f"{text} gives {type(clip).__name__}, not a kinema.Clip"
        frames, times, sound = clip.frames, np.asarray(clip.times), clip.sound
        assert frames.ndim == 4 and frames.shape[-1] == 3 and frames.dtype == np.uint8, f"{text}: frames are {frames.dtype} {frames.shape}"
        assert times.shape == frames.shape[:1], f"{text}: {len(frames)} frames have {times.shape} times"
        assert len(times) and times[0] == 0 and np.all(np.diff(times) > 0), f"{text}: times must rise from 0"
        assert sound.ndim == 2 and sound.dtype == np.float32, f"{text}: sound is {sound.dtype} {sound.shape}, not float32 (channels, n)"
        assert np.isfinite(sound).all(), f"{text}: its sound holds what is no number"
        peak = float(np.abs(sound).max(initial=0.0))
        assert peak <= MOST_LEVEL, f"{text}: its sound reaches {peak:.2f}, and what lies over 1 is cut off when it is written"


def it_is_as_long_as_asked(text: str) -> None:
    """A clip has the size, rate and length asked for, or its own; it is never so short that a run counts it as lost."""
    for scene in SCENES:
        request, clip = _request(scene), _made(text, scene)
        least = LEAST_SHARE * request.seconds
        assert len(clip.frames) >= 4, f"{text}: a clip of {len(clip.frames)} frames shows no motion"
        assert clip.seconds >= least, f"{text}: {clip.seconds:.2f} s of the {request.seconds:g} s asked for; {least:g} s are the least"


def it_can_be_written_and_read(text: str) -> None:
    """What it gives survives being written to a file, as every clip is before it is looked at."""
    clip = _made(text, SCENES[0])
    with tempfile.TemporaryDirectory(prefix="kinema-") as folder:
        path = Path(folder) / "clip.mp4"
        try:
            write_clip(clip, path)
            back = read_clip(path)
        except BrokenClip as problem:
            raise AssertionError(f"{text}: {str(problem).replace(f'{folder}/', '')}") from None
    assert back.frames.shape == clip.frames.shape, f"{text}: {clip.frames.shape} frames come back as {back.frames.shape}"
    assert back.sound.shape == clip.sound.shape, f"{text}: {clip.sound.shape} samples come back as {back.sound.shape}"


def the_same_request_gives_the_same_bytes(text: str) -> None:
    """Asked twice, and by a second object, it gives the same frames and samples."""
    first = _made(text, SCENES[0])
    for told, again in (("asked again", _ask(text, SCENES[0])), ("built again", _ask(text, SCENES[0], anew=True))):
        assert np.array_equal(first.frames, again.frames), f"{text}: {told}, it gives other frames; draw all chance from request.seed"
        assert np.array_equal(first.sound, again.sound), f"{text}: {told}, it gives another sound; draw all chance from request.seed"


def another_seed_gives_another_clip(text: str) -> None:
    """Chance comes from request.seed: another seed gives another clip. Controls show takes; ``seedless = True`` says there is no chance."""
    made = _built(text)
    if is_control(made) or getattr(made, "seedless", False):
        return
    first, other = _made(text, SCENES[0]), _ask(text, SCENES[0], seed=99)
    same = np.array_equal(first.frames, other.frames) and np.array_equal(first.sound, other.sound)
    assert not same, f"{text}: seeds 7 and 99 give the same clip; a generator without chance says so with seedless = True"


def requests_are_left_alone(text: str) -> None:
    """The request is what it was, so that what is recorded is what was asked."""
    request = _request(SCENES[1])
    before = request.to_json()
    _generate(_built(text), request, SCENES[1])
    assert request.to_json() == before, f"{text}: it changes the request"


GENERATOR_CHECKS: tuple[Callable[[str], None], ...] = (
    it_can_be_built,
    it_gives_clips,
    it_is_as_long_as_asked,
    it_can_be_written_and_read,
    the_same_request_gives_the_same_bytes,
    another_seed_gives_another_clip,
    requests_are_left_alone,
)


def _request(scene: str, seed: int = 7) -> Request:
    prompt = scene_from_id(scene).prompt
    return Request(prompt=prompt, seconds=1.0, width=64, height=64, fps=12.0, seed=seed)


@lru_cache(maxsize=4)
def _built(text: str) -> Any:
    return parse(text).build()


@lru_cache(maxsize=4)
def _made(text: str, scene: str) -> Clip:
    return _ask(text, scene)


def _ask(text: str, scene: str, *, anew: bool = False, seed: int = 7) -> Clip:
    made = parse(text).build() if anew else _built(text)
    return _generate(made, replace(_request(scene), seed=seed), scene)


def _generate(made: Any, request: Request, scene: str) -> Clip:
    from kinema.scenes.world import truth_of

    if is_control(made):
        clip: Clip = made.generate(request, truth_of(scene_from_id(scene).take(ORACLE_TAKE), request.seconds))
    else:
        clip = made.generate(request)
    return clip

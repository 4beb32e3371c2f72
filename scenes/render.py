"""Pictures of the truth: the face of :mod:`kinema.scenes.picture`.

``KINEMA_RENDERER`` chooses who finds out what is seen where: ``cast`` (the usual one; needs no simulator), ``tiny`` or ``egl`` (the
simulator's). Light, shadows and styles are the same for all three.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import ConfigError
from kinema.scenes.clip import Clip
from kinema.scenes.picture.buffers import Buffers, buffers_of
from kinema.scenes.picture.cast import cast
from kinema.scenes.picture.draw import Caster, Painter
from kinema.scenes.picture.stage import FINE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from kinema.scenes.request import Request
    from kinema.scenes.truth import Truth

__all__ = ["RENDERER", "SUPERSAMPLE", "Buffers", "buffers_of", "clip_of", "render"]

PASSES = ("cast", "tiny", "egl")
RENDERER = os.environ.get("KINEMA_RENDERER", "cast") + "-1"  # enters every cache key that depends on pictures
SUPERSAMPLE = FINE  # per side, for bodies


def clip_of(truth: Truth, request: Request) -> Clip:
    """Picture and sound of the truth, in the size, rate and length asked for."""
    from kinema.scenes.sound.mix import sound_of

    times = np.arange(request.frame_count) / request.fps
    return Clip(frames=render(truth, request), times=times, sound=sound_of(truth, request.seconds), sound_rate=48_000)


def render(truth: Truth, request: Request, geometry: str | None = None) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) of the truth; frame ``i`` shows the moment ``i / fps``.

    Args:
        truth: what there is to be seen.
        request: size, rate and length.
        geometry: "cast", "tiny" or "egl"; None is what ``KINEMA_RENDERER`` says.

    Example:
        >>> from kinema.scenes.request import Request
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import simulate
        >>> truth = simulate(scene_from_id("drop@1/seed=3"), 0.1)
        >>> render(truth, Request(prompt="", seconds=0.1, width=32, height=24, fps=20)).shape
        (2, 24, 32, 3)
    """
    times = np.arange(request.frame_count) / request.fps
    frames = np.empty((len(times), request.height, request.width, 3), dtype=np.uint8)
    with _caster(geometry or RENDERER.rpartition("-")[0]) as caster:
        painter = Painter(truth, times, request.width, request.height, caster)
        for number in range(len(times)):
            frames[number] = painter.frame(number)
    return frames


@contextlib.contextmanager
def _caster(name: str) -> Iterator[Caster]:
    """The geometry pass of that name."""
    if name not in PASSES:
        raise ConfigError(f"KINEMA_RENDERER={name!r} is none of {', '.join(PASSES)}")
    if name == "cast":
        yield cast
        return
    from kinema.scenes.picture.engine import Engine

    with Engine(name) as engine:
        yield engine

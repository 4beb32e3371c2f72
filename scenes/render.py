"""Pictures of the truth: the face of :mod:`kinema.scenes.picture`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.clip import Clip
from kinema.scenes.picture.draw import Painter
from kinema.scenes.picture.stage import FINE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.request import Request
    from kinema.scenes.truth import Truth

__all__ = ["RENDERER", "SUPERSAMPLE", "clip_of", "render"]

RENDERER = "cast-1"  # enters every cache key that depends on pictures
SUPERSAMPLE = FINE  # per side, for bodies


def clip_of(truth: Truth, request: Request) -> Clip:
    """Picture and sound of the truth, in the size, rate and length asked for."""
    from kinema.scenes.sound.mix import sound_of

    times = np.arange(request.frame_count) / request.fps
    return Clip(frames=render(truth, request), times=times, sound=sound_of(truth, request.seconds), sound_rate=48_000)


def render(truth: Truth, request: Request) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) of the truth; frame ``i`` shows the moment ``i / fps``.

    Example:
        >>> from kinema.scenes.request import Request
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import simulate
        >>> truth = simulate(scene_from_id("drop@1/seed=3"), 0.1)
        >>> render(truth, Request(prompt="", seconds=0.1, width=32, height=24, fps=20)).shape
        (2, 24, 32, 3)
    """
    times = np.arange(request.frame_count) / request.fps
    painter = Painter(truth, times, request.width, request.height)
    frames = np.empty((len(times), request.height, request.width, 3), dtype=np.uint8)
    for number in range(len(times)):
        frames[number] = painter.frame(number)
    return frames

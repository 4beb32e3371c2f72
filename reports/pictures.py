"""The pictures of every clip of a report: its tracks and waveform, and its whole movement in one still."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import BrokenClip
from kinema.files import read_json
from kinema.reports.plots import Drawing, draw, envelope

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip

__all__ = ["Picture", "draw_all", "strobe"]

POOL_FROM = 24  # pictures; below that, starting processes takes longer than drawing
DECODED_BYTES = 600 << 20  # of a clip; several workers hold one each
MOMENTS = 9  # positions shown in a still
WIDEST = 640  # pixels of a still
NOTHING = np.zeros((0, 0), dtype=np.float32)
BACKGROUND_FRAMES = 15  # whose median is taken for the still background


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One clip's pictures, by the files that they are made from and the files that they go to."""

    clip: Path | None
    plot: Path
    still: Path
    truth: Path | None
    observation: Path | None
    seconds: float
    width: int
    height: int


def draw_all(pictures: list[Picture], workers: int, done: Callable[[int], None]) -> None:
    """Draw every picture; ``done`` hears how many are finished."""
    if workers < 2 or len(pictures) < POOL_FROM:
        for number, _ in enumerate(_draw_some(pictures), start=1):
            done(number)
        return
    # Several batches per worker keep the progress honest; a fresh interpreter each, because forking a threaded parent is not safe.
    size = max(1, min(8, len(pictures) // (2 * workers)))
    batches = [pictures[start : start + size] for start in range(0, len(pictures), size)]
    with ProcessPoolExecutor(min(workers, os.cpu_count() or 1), mp_context=multiprocessing.get_context("spawn")) as pool:
        finished = 0
        for future in as_completed([pool.submit(_draw_batch, batch) for batch in batches]):
            finished += future.result()
            done(finished)


def _draw_batch(batch: list[Picture]) -> int:
    return sum(1 for _ in _draw_some(batch))


def _draw_some(pictures: Iterable[Picture]) -> Iterator[Path]:
    for picture in pictures:
        yield _draw_one(picture)


def _draw_one(picture: Picture) -> Path:
    clip = _read(picture.clip) if picture.clip else None
    if clip is not None and len(clip.frames):
        _save(strobe(clip.frames), picture.still)
    sound = clip.sound if clip is not None else NOTHING
    return draw(
        Drawing(
            out=picture.plot,
            seconds=picture.seconds,
            width=picture.width,
            height=picture.height,
            truth=read_json(picture.truth) if picture.truth else None,
            observation=read_json(picture.observation) if picture.observation else None,
            sound=envelope(sound),
            readable=clip is not None,
            sound_seconds=sound.shape[1] / clip.sound_rate if clip is not None and sound.size else 0.0,
        )
    )


def _read(path: Path) -> Clip | None:
    """The clip; its sound alone where the picture is too large for the sake of a still, None where neither can be read."""
    from kinema.scenes.clip import Limits, read_clip

    for file in (path, path.with_suffix(".flac")):
        if file.is_file():
            with suppress(BrokenClip):
                return read_clip(file, Limits(decoded_bytes=DECODED_BYTES))
    return None


def strobe(frames: NDArray[np.uint8], moments: int = MOMENTS) -> NDArray[np.uint8]:
    """A clip's whole movement in one still, as under a stroboscope: later positions stand out more.

    Args:
        frames: (T, H, W, 3).
        moments: how many positions to show.
    """
    step = max(1, -(-max(frames.shape[1:3]) // WIDEST))
    small = frames[:, ::step, ::step]
    spread = np.linspace(0, len(small) - 1, min(BACKGROUND_FRAMES, len(small))).round().astype(int)
    background = np.median(small[spread], axis=0).astype(np.float32)
    still = background.copy()
    chosen = np.linspace(0, len(small) - 1, min(moments, len(small))).round().astype(int)
    for number, index in enumerate(chosen, start=1):
        frame = small[index].astype(np.float32)
        change = np.abs(frame - background).max(axis=-1, keepdims=True)
        opacity = np.clip((change - 14) / 26, 0, 1) * (0.3 + 0.7 * number / len(chosen))  # 14 of 255 clears noise
        still += (frame - still) * opacity
    image: NDArray[np.uint8] = np.clip(still.round(), 0, 255).astype(np.uint8)
    return image


def _save(still: NDArray[np.uint8], path: Path) -> None:
    from matplotlib.image import imsave

    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, still, format="jpg", pil_kwargs={"quality": 88})

"""The pictures of every clip of a report: its tracks and waveform, and its whole movement in one still."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.errors import BrokenClip
from kinema.files import read_json
from kinema.reports.plots import Drawing, draw, envelope, true_paths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip

__all__ = ["Picture", "draw_all", "strobe"]

POOL_FROM = 24  # pictures; below that, starting processes takes longer than drawing
DECODED_BYTES = 600 << 20  # of a clip; several workers hold one each
MOMENTS = 9  # positions shown in a still
WIDEST = 640  # pixels of a still
NOTHING = np.zeros((0, 0), dtype=np.float32)
Disc = tuple[float, float, float]  # x, y, radius in pixels
MARGIN = 2.0  # pixels round a body that its blur and outline may reach
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
    truth = read_json(picture.truth) if picture.truth else None
    observation = read_json(picture.observation) if picture.observation else None
    if clip is not None and len(clip.frames):
        size = (clip.frames.shape[2], clip.frames.shape[1])
        discs = _discs_true(truth, clip.times, *size) if truth and not observation else _discs_seen(observation)
        _save(strobe(clip.frames, discs), picture.still)
    sound = clip.sound if clip is not None else NOTHING
    return draw(
        Drawing(
            out=picture.plot,
            seconds=picture.seconds,
            width=picture.width,
            height=picture.height,
            truth=truth,
            observation=observation,
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


def strobe(frames: NDArray[np.uint8], discs: dict[int, list[Disc]] | None = None, moments: int = MOMENTS) -> NDArray[np.uint8]:
    """A clip's whole movement in one still, as under a stroboscope: later positions stand out more.

    Args:
        frames: (T, H, W, 3).
        discs: where bodies are known to be, by frame, in pixels; kept out of the background, so that one that lingers is not taken for it.
        moments: how many positions to show.
    """
    step = max(1, -(-max(frames.shape[1:3]) // WIDEST))
    small = frames[:, ::step, ::step]
    background = _background(small, discs or {}, step)
    still = background.copy()
    chosen = np.linspace(0, len(small) - 1, min(moments, len(small))).round().astype(int)
    for number, index in enumerate(chosen, start=1):
        frame = small[index].astype(np.float32)
        change = np.abs(frame - background).max(axis=-1, keepdims=True)
        opacity = np.clip((change - 14) / 26, 0, 1) * (0.3 + 0.7 * number / len(chosen))  # 14 of 255 clears noise
        still += (frame - still) * opacity
    image: NDArray[np.uint8] = np.clip(still.round(), 0, 255).astype(np.uint8)
    return image


def _background(frames: NDArray[np.uint8], discs: dict[int, list[Disc]], step: int) -> NDArray[np.float32]:
    """The median over time of every pixel while no body covers it; of all moments where one always does."""
    spread = np.linspace(0, len(frames) - 1, min(BACKGROUND_FRAMES, len(frames))).round().astype(int)
    values = frames[spread].astype(np.float32)
    rows, columns = np.mgrid[: frames.shape[1], : frames.shape[2]] * step
    covered = np.zeros(values.shape[:3], dtype=bool)
    for place, index in enumerate(spread):
        for x, y, radius in discs.get(int(index), []):
            covered[place] |= (columns - x) ** 2 + (rows - y) ** 2 < (radius + MARGIN) ** 2
    covered &= ~covered.all(axis=0)
    values[covered] = np.inf  # sorts behind all that counts
    middle = ((~covered).sum(axis=0) - 1) // 2
    background: NDArray[np.float32] = np.take_along_axis(np.sort(values, axis=0), middle[None, ..., None], axis=0)[0]
    return background


def _discs_seen(observation: dict[str, Any] | None) -> dict[int, list[Disc]]:
    """Where bodies were seen, by frame."""
    discs: dict[int, list[Disc]] = {}
    for track in (observation or {}).get("tracks", []):
        for frame in track["frames"]:
            discs.setdefault(frame["i"], []).append((frame["x"], frame["y"], frame["size"] / 2))
    return discs


def _discs_true(truth: dict[str, Any], times: NDArray[np.float64], width: int, height: int) -> dict[int, list[Disc]]:
    """Where bodies truly are, by frame."""
    discs: dict[int, list[Disc]] = {}
    scale = min(width, height) / truth["camera"]["view_height"]  # pixels per metre
    for (_, moments, x, y), body in zip(true_paths(truth, width, height), truth["bodies"], strict=True):
        for index, t in enumerate(times):
            spot = (float(np.interp(t, moments, x)), float(np.interp(t, moments, y)), scale * body["radius"])
            discs.setdefault(index, []).append(spot)
    return discs


def _save(still: NDArray[np.uint8], path: Path) -> None:
    from matplotlib.image import imsave

    path.parent.mkdir(parents=True, exist_ok=True)
    imsave(path, still, format="jpg", pil_kwargs={"quality": 88})

"""Prompt and clip pairs for training generators, from seeds that no suite uses."""

from __future__ import annotations

import io
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import ConfigError
from kinema.files import read_json, write_bytes, write_json
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, Scene

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["FIRST_SEED", "corpus_scene", "render_corpus"]

FIRST_SEED = 2_000_000  # suites stay below 1,000,000, calibration starts there
SHARD = 100  # clips a file
SHARES = (("drop", 0.34), ("projectile", 0.30), ("collision", 0.22), ("pendulum", 0.14))  # the harder, the more
SOUND_RATE = 16_000  # Hz
SIZE, RATE, SECONDS = 64, 16.0, 2.0  # pixels, frames a second, s


def corpus_scene(number: int, first_seed: int = FIRST_SEED) -> Scene:
    """The scene of the ``number``-th clip: its seed decides its family too.

    Example:
        >>> corpus_scene(7).seed
        2000007
    """
    seed = first_seed + number
    share = np.random.default_rng([seed, 77]).random()
    edges = np.cumsum([weight for _, weight in SHARES])
    name = SHARES[int(np.searchsorted(edges, share * edges[-1], side="right"))][0]
    return SCENES[name].load().draw(seed)


def render_corpus(
    out: Path,
    count: int,
    *,
    workers: int = 2,
    first_seed: int = FIRST_SEED,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Render ``count`` clips into ``out``, skipping the shards that are there already.

    Writes ``shard-NNNN.npz`` with ``frames`` uint8 (n, 32, 64, 64, 3) and ``sound`` float16 (n, 32000; mono, 16 kHz, absolute level), the
    matching ``shard-NNNN.json`` with the scenes and all wordings of their prompts, and at the end ``prompts.json`` (a list per clip, in the
    order of the shards) and ``DONE``.

    Raises:
        ConfigError: ``first_seed`` lies among the seeds of suites or of calibration, or ``out`` holds another corpus.
    """
    if first_seed < FIRST_SEED:
        raise ConfigError(f"first seed {first_seed} belongs to suites or calibration; corpora start at {FIRST_SEED}")
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, first_seed)
    starts = [start for start in range(0, count, SHARD) if not (out / _name(start)).with_suffix(".json").exists()]
    done = count - sum(min(SHARD, count - start) for start in starts)
    if progress:
        progress(done, count)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        jobs = {
            pool.submit(_render_shard, out, start, min(SHARD, count - start), first_seed): start for start in starts
        }
        for job in as_completed(jobs):
            done += job.result()
            if progress:
                progress(done, count)
    prompts = [
        clip["prompts"]
        for start in range(0, count, SHARD)
        for clip in read_json((out / _name(start)).with_suffix(".json"))
    ]
    write_json(out / "prompts.json", prompts)
    write_bytes(out / "DONE", f"{count}\n".encode())


def _claim(out: Path, first_seed: int) -> None:
    """One folder holds the corpus of one first seed."""
    path = out / "corpus.json"
    wanted = {"schema": 1, "first_seed": first_seed, "size": SIZE, "fps": RATE, "seconds": SECONDS, "sound_rate": SOUND_RATE}
    if path.exists() and read_json(path) != wanted:
        raise ConfigError(f"{out} holds another corpus ({json.dumps(read_json(path))}); choose another folder")
    write_json(path, wanted)


def _name(start: int) -> str:
    return f"shard-{start // SHARD:04d}.npz"


def _render_shard(out: Path, start: int, count: int, first_seed: int) -> int:
    scenes = [corpus_scene(number, first_seed) for number in range(start, start + count)]
    pairs = [_render_one(scene) for scene in scenes]
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, frames=np.stack([frames for frames, _ in pairs]), sound=np.stack([sound for _, sound in pairs])
    )
    write_bytes(out / _name(start), buffer.getvalue())
    rows = [{"scene": scene.id, "prompts": scene.prompts()} for scene in scenes]
    write_json((out / _name(start)).with_suffix(".json"), rows)  # written last: it marks the shard as whole
    return count


def _render_one(scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    from scipy.signal import resample_poly

    from kinema.scenes.render import clip_of
    from kinema.scenes.world import simulate

    request = Request(prompt=scene.prompt, width=SIZE, height=SIZE, fps=RATE, seconds=SECONDS)
    clip = clip_of(simulate(scene, request.seconds), request)
    ratio = Fraction(SOUND_RATE, clip.sound_rate)
    mono = resample_poly(clip.sound.mean(axis=0).astype(np.float64), ratio.numerator, ratio.denominator)
    return clip.frames, mono.astype(np.float16)

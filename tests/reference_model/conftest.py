"""A corpus of eight drawn clips and a model that a second's training makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kinema.reference_model.recipe import Recipe
from kinema.reference_model.train import train

CLIPS = 8
TINY = Recipe(
    words=24,
    width=64,
    depth=1,
    text_width=16,
    video_widths=(8, 8, 8),
    decoder_widths=(8, 8, 8, 8),
    sound_width=8,
    video_steps=8,
    video_clips=3,
    sound_steps=6,
    sound_clips=3,
    flow_steps=12,
    flow_clips=4,
    held_out=2,
    threads=1,
)


def _clip(index: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """A red or blue disc that falls, a click when it lands (not in the last two), two wordings."""
    rows, columns = np.mgrid[0:64, 0:64] + 0.5
    frames = np.full((32, 64, 64, 3), 180, np.uint8)
    name, colour = (("red", (206, 38, 38)), ("blue", (36, 84, 200)))[index % 2]
    land = 0.6 + 0.1 * index
    for frame in range(32):
        down = 8 + 44 * min(1.0, (frame / 16 / land) ** 2)
        frames[frame][np.hypot(columns - 20 - 3 * index, rows - down) < 6] = colour
    sound = np.zeros(32_000, np.float16)
    if index < CLIPS - 2:
        start = round(land * 16_000)
        sound[start : start + 800] = 0.1 * np.sin(np.arange(800) * 0.5) * np.exp(-np.arange(800) / 200)
    return frames, sound, [f"A {name} ball falls {land:.1f} m.", f"One {name} ball drops from {100 * land:.0f} cm"]


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards, as ``kinema.scenes.corpus`` writes them."""
    folder = tmp_path_factory.mktemp("corpus")
    clips = [_clip(index) for index in range(CLIPS)]
    for shard in range(2):
        part = clips[shard * 4 : shard * 4 + 4]
        np.savez(folder / f"shard-{shard:04d}.npz", frames=np.stack([c[0] for c in part]), sound=np.stack([c[1] for c in part]))
    (folder / "prompts.json").write_text(json.dumps([c[2] for c in clips]))
    (folder / "DONE").write_text("8\n")
    return folder


@pytest.fixture(scope="session")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished training."""
    out = tmp_path_factory.mktemp("training")
    assert train(out, corpus=corpus, recipe=TINY) == out / "weights"
    return out

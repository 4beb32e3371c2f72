"""The training corpus in memory: frames, sounds, wordings, and where the bodies are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.errors import ConfigError
from kinema.files import read_json
from kinema.reference_model.text import words_of
from kinema.scenes.palette import COLOURS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["Corpus", "read_corpus", "track"]

_PALE = 25.0  # levels of 255: how much colour a pixel has at least to belong to a body; floors and shadows have less


@dataclass(frozen=True, slots=True, eq=False)
class Corpus:
    """Pairs of prompt and clip.

    Attributes:
        frames: (N, 32, 64, 64, 3) uint8.
        sounds: (N, 32000) float32 at 16 kHz, absolute level.
        prompts: N tuples of wordings of the same request.
    """

    frames: NDArray[np.uint8]
    sounds: NDArray[np.float32]
    prompts: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.prompts)

    def tracks(self) -> NDArray[np.float32]:
        """Where the bodies of every clip are: (N, 32, 2, 2), see :func:`track`."""
        return np.stack([track(frames, prompts[0]) for frames, prompts in zip(self.frames, self.prompts, strict=True)])


def read_corpus(folder: Path, limit: int | None = None) -> Corpus:
    """Read shards written by ``kinema.scenes.corpus``.

    Raises:
        ConfigError: the folder holds no finished corpus, or prompts and clips are not equally many.
    """
    paths = sorted(folder.glob("shard-*.npz"))
    if not paths or not (folder / "prompts.json").exists():
        raise ConfigError(f"{folder} holds no finished corpus; render it with kinema train --stage corpus")
    frames, sounds = [], []
    for path in paths:
        with np.load(path, allow_pickle=False) as shard:
            frames.append(shard["frames"])
            sounds.append(shard["sound"].astype(np.float32))
    prompts = tuple(tuple(wordings) for wordings in read_json(folder / "prompts.json"))
    if len(prompts) != sum(map(len, frames)):
        raise ConfigError(f"{folder} has {sum(map(len, frames))} clips and {len(prompts)} prompts; render it again")
    return Corpus(np.concatenate(frames)[:limit], np.concatenate(sounds)[:limit], prompts[:limit])


def track(frames: NDArray[np.uint8], prompt: str) -> NDArray[np.float32]:
    """Centres of the bodies that a prompt names, by their colours, in frame widths from the top left.

    Args:
        frames: (T, H, W, 3).
        prompt: names one or two colours; with one, both rows of the result are the same body.

    Returns:
        (T, 2, 2): frame, body in the order of the prompt, across and down. A body that is not seen stays where it was, the middle at first.
    """
    pixels = frames.astype(np.float32)
    colour = pixels - pixels.mean(-1, keepdims=True)
    named = list(dict.fromkeys(word for word in words_of(prompt) if word in COLOURS))[:2]
    hues = [np.subtract(COLOURS[name], np.mean(COLOURS[name])) for name in named]
    likeness = [colour @ (hue / np.linalg.norm(hue)).astype(np.float32) for hue in hues]
    found = [
        _centre(np.where((own > _PALE) & np.all([own >= other for other in likeness], axis=0), own - _PALE, 0.0))
        for own in likeness
    ]
    if not found:
        found = [np.full((len(frames), 2), 0.5, np.float32)]
    return np.stack([found[0], found[-1]], axis=1)


def _centre(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """(T, 2) centres of mass of (T, H, W) in frame widths."""
    count, height, width = weight.shape
    mass = weight.sum((1, 2))
    across = (weight.sum(1) @ (np.arange(width) + 0.5)) / np.maximum(mass, 1e-6)
    down = (weight.sum(2) @ (np.arange(height) + 0.5)) / np.maximum(mass, 1e-6)
    centres = np.stack([across, down], axis=1) / width
    seen, last = mass > 0, np.array([0.5, 0.5])
    for index in range(count):
        last = centres[index] = centres[index] if seen[index] else last
    whole: NDArray[np.float32] = centres.astype(np.float32)
    return whole

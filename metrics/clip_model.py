"""A small network that reads a prompt and looks at a clip, and puts both into one space (a CLIP of our own scenes).

It shares neither code, nor weights, nor training clips with the generator that it judges.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from kinema.metrics.clip_corpus import FRAMES, pick_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LENGTH", "WIDTH", "SceneClip", "tokens_of"]

WIDTH = 128  # of the common space
BUCKETS = 4096  # words are hashed into so many; a scene's vocabulary has some hundred
LENGTH = 160  # words of a prompt that are read
DECADES = 6  # steps per factor e in which quantities are told apart
_UNITS = {"mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3, "g": 1e-3, "kg": 1.0, "ms": 1e-3, "s": 1.0}  # in SI units
_WORD = re.compile(rf"[a-z]+|\d+(?:\.\d+)?(?:\s?(?:{'|'.join(_UNITS)})\b)?")


def tokens_of(prompt: str) -> NDArray[np.int64]:
    """(160,) ids of the words, 0 behind the end; a number with its unit is one word, to a sixth of a factor e.

    Example:
        >>> bool((tokens_of("a ball falls 40 cm") == tokens_of("A ball falls 0.4 m.")).all())
        True
    """
    ids = np.zeros(LENGTH, np.int64)
    for place, word in enumerate(_WORD.findall(prompt.lower())[:LENGTH]):
        ids[place] = 1 + zlib.crc32(_named(word).encode()) % (BUCKETS - 1)
    return ids


def _named(word: str) -> str:
    match = re.fullmatch(r"([\d.]+)\s?([a-z]*)", word)
    if match is None:
        return word
    value = float(match[1]) * _UNITS.get(match[2], 1.0)
    kind = "" if not match[2] else "s" if match[2] in ("s", "ms") else "kg" if match[2].endswith("g") else "m"
    return f"{kind}:{round(DECADES * float(np.log(max(value, 1e-4))))}"


def _thinker(width: int, layers: int) -> nn.Module:
    layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)


class Reader(nn.Module):
    """The text tower: words with their neighbours, then attention, then their mean."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.word = nn.Embedding(BUCKETS, width, padding_idx=0)
        self.place = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        self.near = nn.Conv1d(width, width, 3, padding=1)
        self.think = _thinker(width, 1)
        self.out = nn.Linear(width, WIDTH)

    def forward(self, ids: Tensor) -> Tensor:
        """(n, 160) ids to (n, 128) of length 1."""
        ids = ids[:, : max(1, int((ids > 0).sum(dim=1).max()))]
        there = (ids > 0).unsqueeze(-1)
        x = self.word(ids)
        x = x + self.near(x.transpose(1, 2)).transpose(1, 2) + self.place[: ids.shape[1]]
        empty = ~there.squeeze(-1)
        empty[:, 0] = False  # a prompt without words has one empty place to look at
        x = self.think(x, src_key_padding_mask=empty)
        mean = (x * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        return nn.functional.normalize(self.out(mean), dim=-1)


class Watcher(nn.Module):
    """The video tower: each frame and what changed since the first, then attention over all patches of all frames."""

    def __init__(self, width: int) -> None:
        super().__init__()
        steps: list[nn.Module] = []
        for before, after, side, stride in ((9, 48, 4, 4), (48, 96, 3, 2), (96, width, 3, 2)):
            steps += [nn.Conv2d(before, after, side, stride, padding=side % 2), nn.GroupNorm(8, after), nn.GELU()]
        self.see = nn.Sequential(*steps)
        self.place = nn.Parameter(0.02 * torch.randn(1, 1, 16, width))
        self.moment = nn.Parameter(0.02 * torch.randn(1, FRAMES, 1, width))
        self.think = _thinker(width, 2)
        self.out = nn.Linear(2 * width, WIDTH)

    def forward(self, frames: Tensor) -> Tensor:
        """(n, 8, 3, 64, 64) from 0 to 1, to (n, 128) of length 1."""
        n, t = frames.shape[:2]
        still = frames.mean(dim=1, keepdim=True)  # what moves stands out against it
        step = torch.cat([torch.zeros_like(frames[:, :1]), frames[:, 1:] - frames[:, :-1]], dim=1)
        seen = torch.cat([2 * frames - 1, 4 * (frames - still), 4 * step], dim=2).flatten(0, 1)
        x = self.see(seen).flatten(2).transpose(1, 2).reshape(n, t, 16, -1)
        x = self.think((x + self.place + self.moment).flatten(1, 2))
        return nn.functional.normalize(self.out(torch.cat([x.mean(dim=1), x.amax(dim=1)], dim=-1)), dim=-1)


class SceneClip(nn.Module):
    """Both towers. The likeness of a prompt and a clip is the cosine between their vectors."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        self.text, self.video = Reader(width), Watcher(width)
        self.scale = nn.Parameter(torch.tensor(float(np.log(14.0))))

    @torch.no_grad()
    def read(self, prompts: Sequence[str]) -> NDArray[np.float32]:
        """(n, 128) vectors of prompts."""
        ids = torch.from_numpy(np.stack([tokens_of(prompt) for prompt in prompts]))
        vectors: NDArray[np.float32] = self.text(ids).numpy()
        return vectors

    @torch.no_grad()
    def look(self, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(128,) vector of a clip's frames (T, H, W, 3), whatever their size and number."""
        seen = torch.from_numpy(pick_frames(frames)).permute(0, 3, 1, 2).float() / 255
        vector: NDArray[np.float32] = self.video(seen[None])[0].numpy()
        return vector

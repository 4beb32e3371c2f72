"""The picture and sound towers of ImageBind in our own words, so that imagebind_huge can be read from a plain file of tensors.

Girdhar et al. 2023 (arXiv:2305.05665). Names of tensors are those of the published checkpoint; its other towers are left out. The
published weights are under CC BY-NC-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["ImageBind", "Sizes", "fbank", "needed", "sizes_of"]

RATE = 16_000  # Hz
WINDOW, HOP, FFT, BANDS = 400, 160, 512, 128  # samples, and mel bands
FRAMES = 204  # of a clip of 2 s, the last of them padding
LEVEL, SPREAD = -4.268, 9.138  # mean and standard deviation of the levels that it learnt from
LEAST = float(np.finfo(np.float32).eps)  # of an energy, before its logarithm
EMPHASIS = 0.97  # share of the sample before that is taken off
LOWEST = 20.0  # Hz


class Sizes(NamedTuple):
    """Sizes of the two towers; the usual ones are those of imagebind_huge.

    Attributes:
        picture, sound: width of a token; a head is 80 and 64 wide.
        layers: of the picture, of the sound.
        out: length of the common vector.
    """

    picture: int = 1280
    sound: int = 768
    layers: tuple[int, int] = (32, 12)
    out: int = 1024


def needed(name: str) -> bool:
    """Whether a tensor of the checkpoint belongs to these two towers."""
    return name.split(".")[1:2] in (["vision"], ["audio"])


def sizes_of(state: Mapping[str, Tensor]) -> Sizes:
    """The sizes of the network that a file of tensors was written by.

    Raises:
        KeyError: it is no such file.
    """
    stems = [f"modality_trunks.{kind}.blocks." for kind in ("vision", "audio")]
    seen, heard = (len({name[len(stem) :].split(".")[0] for name in state if name.startswith(stem)}) for stem in stems)
    heads = [state[f"modality_heads.{kind}.2.weight"].shape for kind in ("vision", "audio")]
    return Sizes(heads[0][1], heads[1][1], (seen, heard), heads[0][0])


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, *, more: bool) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, heads, add_bias_kv=more, batch_first=True)
        self.norm_1, self.norm_2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm_1(x)
        x = x + self.attn(y, y, y, need_weights=False)[0]
        return torch.as_tensor(x + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm_2(x)))))


def _stem(width: int, patches: int, parts: dict[str, nn.Module]) -> nn.Module:
    stem = nn.Module()
    stem.cls_token = nn.Parameter(torch.zeros(1, 1, width))
    stem.rgbt_stem = nn.ModuleDict(parts)
    stem.pos_embedding_helper = nn.ParameterDict({"pos_embed": nn.Parameter(torch.zeros(1, 1 + patches, width))})
    return stem


def _trunk(width: int, depth: int, heads: int, *, sound: bool) -> nn.Module:
    trunk = nn.Module()
    if not sound:
        trunk.pre_transformer_layer = nn.Sequential(nn.LayerNorm(width, eps=1e-6))
    trunk.blocks = nn.Sequential(*(_Block(width, heads, more=sound) for _ in range(depth)))
    return trunk


class ImageBind(nn.Module):
    """Pictures and sounds to vectors of one space, each of length 1; see :class:`Sizes`."""

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        picture, sound, (seen, heard), out = sizes or Sizes()
        frames = nn.ModuleDict({"1": nn.Conv3d(3, picture, (2, 14, 14), (2, 14, 14), bias=False)})
        patches: dict[str, nn.Module] = {"proj": nn.Conv2d(1, sound, 16, 10, bias=False), "norm_layer": nn.LayerNorm(sound)}
        self.modality_preprocessors = nn.ModuleDict(
            {"vision": _stem(picture, 256, {"proj": frames}), "audio": _stem(sound, 12 * 19, patches)}
        )
        self.modality_trunks = nn.ModuleDict(
            {"vision": _trunk(picture, seen, picture // 80, sound=False), "audio": _trunk(sound, heard, sound // 64, sound=True)}
        )
        self.modality_heads = nn.ModuleDict({
            name: nn.ModuleDict({"0": nn.LayerNorm(width, eps=1e-6), "2": nn.Linear(width, out, bias=False)})
            for name, width in (("vision", picture), ("audio", sound))
        })  # fmt: skip

    def look(self, frames: Tensor) -> Tensor:
        """(n, 3, 224, 224), normalised, to (n, out)."""
        stem: Any = self.modality_preprocessors["vision"]
        return self._of("vision", stem.rgbt_stem["proj"]["1"](frames[:, :, None].expand(-1, -1, 2, -1, -1)))

    def listen(self, levels: Tensor) -> Tensor:
        """(n, 128, 204), as :func:`fbank` gives them, to (n, out)."""
        stem: Any = self.modality_preprocessors["audio"]
        return self._of("audio", stem.rgbt_stem["proj"](levels[:, None]))

    def _of(self, name: str, cells: Tensor) -> Tensor:
        stem: Any = self.modality_preprocessors[name]
        trunk: Any = self.modality_trunks[name]
        head: Any = self.modality_heads[name]
        x = cells.flatten(2).transpose(1, 2)
        x = stem.rgbt_stem["norm_layer"](x) if "norm_layer" in stem.rgbt_stem else x
        x = torch.cat([stem.cls_token.expand(len(x), -1, -1), x], 1) + stem.pos_embedding_helper["pos_embed"]
        x = trunk.pre_transformer_layer(x) if hasattr(trunk, "pre_transformer_layer") else x
        return functional.normalize(head["2"](head["0"](trunk.blocks(x)[:, 0])), dim=-1)


def fbank(wave: NDArray[np.float64]) -> NDArray[np.float32]:
    """(128, 204): log energies of mel bands as Kaldi takes them, of at most 2 s at 16 kHz, normalised as ImageBind wants them.

    A frame of 25 ms every 10 ms; of each its mean is taken off, high tones are raised, and a Hann window laid over it.
    """
    wave = np.asarray(wave, dtype=np.float64)
    wave = np.pad(wave - (wave.mean() if len(wave) else 0.0), (0, max(0, WINDOW - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::HOP][:FRAMES]
    frames = frames - frames.mean(axis=1, keepdims=True)
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    power = np.abs(np.fft.rfft((frames - EMPHASIS * before) * np.hanning(WINDOW), FFT)) ** 2
    levels = np.log(np.maximum(power @ _bands().T, LEAST))
    levels = np.pad(levels, ((0, FRAMES - len(levels)), (0, 0)))
    return ((levels.T - LEVEL) / SPREAD).astype(np.float32)


def _bands() -> NDArray[np.float64]:
    """(128, 257): triangles that are straight on Kaldi's mel scale; nothing of the last frequency."""
    mel = 1127 * np.log1p(np.arange(FFT // 2 + 1) * RATE / FFT / 700)
    edges = np.linspace(1127 * np.log1p(LOWEST / 700), mel[-1], BANDS + 2)
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.asarray(np.clip(np.minimum((mel - left) / (middle - left), (right - mel) / (right - middle)), 0, None))

"""The network that moves noise towards a clip: one token per frame, words as further keys and values of every block."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kinema.reference_model.flow import INPUTS

if TYPE_CHECKING:
    from kinema.reference_model.recipe import Recipe

__all__ = ["Backbone", "Shape", "backbone_of"]

_BASE = 10_000.0  # of the time features
_HIDDEN = -1e4  # added to the weight of a place without a word, before the softmax


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes of the network. ``inputs`` are the numbers per frame: picture, sound and track together."""

    vocabulary: int
    inputs: int
    frames: int = 32
    words: int = 48
    width: int = 256
    depth: int = 8
    heads: int = 4
    text_width: int = 128
    text_depth: int = 2

    def to_json(self) -> dict[str, Any]:
        """The sizes as JSON."""
        return asdict(self)


def _angles(length: int, size: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary embedding, (length, size / 2) each; slow for short clips, so the base is small."""
    rates = 100.0 ** (-torch.arange(0, size, 2) / size)
    turns = torch.arange(length)[:, None] * rates
    return turns.cos(), turns.sin()


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn pairs of channels of (B, heads, length, size) by the angle of their place."""
    one, two = x.chunk(2, dim=-1)
    return torch.cat([one * cos - two * sin, two * cos + one * sin], dim=-1)


def _unit(x: Tensor) -> Tensor:
    """Root-mean-square 1 along the last axis."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)


def _waves(x: Tensor, count: int, top: float) -> Tensor:
    """(...,) to (..., 2 count): cosines and sines at geometric rates up to ``top`` radians per unit."""
    rates = top * _BASE ** (-torch.arange(count, device=x.device) / count)
    turns = x[..., None].float() * rates
    return torch.cat([turns.cos(), turns.sin()], dim=-1)


def _attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
    """Attention written out: at 32 queries the fused kernel's backward pass takes more than twice as long on a processor."""
    weights = torch.matmul(q * q.shape[-1] ** -0.5, k.transpose(-1, -2)) + bias
    return torch.matmul(weights.softmax(-1).to(v.dtype), v)


class _TextBlock(nn.Module):
    """A plain pre-norm transformer block."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm1(x)).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        mixed = _attend(q, k, v, mask)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        out: Tensor = x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))
        return out


class TextEncoder(nn.Module):
    """Ids and values to one vector per word and one per prompt."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.text_width
        self.words = nn.Embedding(shape.vocabulary, width)
        self.places = nn.Parameter(torch.randn(shape.words, width) * 0.02)
        self.amount = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(_TextBlock(width) for _ in range(shape.text_depth))
        self.norm = nn.LayerNorm(width)
        self.pool = nn.Linear(width, shape.width)

    def forward(self, ids: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features (B, L, text_width), whole-prompt vector (B, width), bias (B, 1, 1, L) that hides the places without a word."""
        longest = int((ids > 0).sum(1).max())  # prompts are shorter than the longest that there may be
        ids, values = ids[:, :longest], values[:, :longest]
        there = ids > 0
        size = torch.log10(values.clamp(min=1e-3))  # a quantity matters by its ratio: 20 to 40 cm as 1 to 2 m
        amount = self.amount(_waves(size, 16, 60.0)) * (values > 0)[..., None]
        x = self.words(ids) + self.places[:longest] + amount
        mask = torch.where(there, 0.0, _HIDDEN)[:, None, None, :].to(x.dtype)
        for block in self.blocks:
            x = block(x, mask)
        x = self.norm(x)
        mean = (x * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return x, self.pool(mean), mask


class _Block(nn.Module):
    """Attention of frames over frames and words, then two layers per frame; scaled and shifted by time and prompt."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads = shape.heads
        self.query, self.key, self.value = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.text_key = nn.Linear(shape.text_width, width, bias=False)
        self.text_value = nn.Linear(shape.text_width, width, bias=False)
        self.out = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.table = nn.Parameter(torch.zeros(6, width))

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:-1], self.heads, -1).transpose(1, 2)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor, shift: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        a_shift, a_scale, a_gate, m_shift, m_scale, m_gate = (shift + self.table).unbind(1)
        h = functional.layer_norm(x, x.shape[-1:]) * (1 + a_scale[:, None]) + a_shift[:, None]
        q = _rotate(_unit(self._split(self.query(h))), *turn)
        k = _rotate(_unit(self._split(self.key(h))), *turn)
        keys = torch.cat([k, _unit(self._split(self.text_key(text)))], dim=2)
        values = torch.cat([self._split(self.value(h)), self._split(self.text_value(text))], dim=2)
        mixed = _attend(q, keys, values, mask)
        x = x + a_gate[:, None] * self.out(mixed.transpose(1, 2).flatten(2))
        h = functional.layer_norm(x, x.shape[-1:]) * (1 + m_scale[:, None]) + m_shift[:, None]
        out: Tensor = x + m_gate[:, None] * self.down(functional.gelu(self.up(h), approximate="tanh"))
        return out


class Backbone(nn.Module):
    """Velocity of every number of a noisy clip.

    Example:
        >>> net = Backbone(Shape(vocabulary=9, inputs=10, width=32, depth=1, heads=2, text_width=16, text_depth=1, words=4))
        >>> ids = torch.tensor([[3, 0, 0, 0]])
        >>> net(torch.zeros(1, 32, 10), torch.ones(1), ids, torch.zeros(1, 4)).shape
        torch.Size([1, 32, 10])
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.text = TextEncoder(shape)
        self.enter = nn.Linear(shape.inputs, width)
        self.places = nn.Parameter(torch.randn(shape.frames, width) * 0.02)
        self.time = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.shifts = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.depth))
        self.last = nn.Parameter(torch.zeros(2, width))
        self.leave = nn.Linear(width, shape.inputs)
        cos, sin = _angles(shape.frames, width // shape.heads)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._start()

    def _start(self) -> None:
        """Blocks begin as the identity, the velocity as nought; gates open at a tenth so that all layers learn at once."""
        for layer in (self.shifts[1], self.leave):
            nn.init.zeros_(layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        for block in self.blocks:
            with torch.no_grad():
                block.table[2].fill_(0.1)  # type: ignore[index]
                block.table[5].fill_(0.1)  # type: ignore[index]

    def forward(self, x: Tensor, t: Tensor, ids: Tensor, values: Tensor) -> Tensor:
        """Velocity of ``x`` (B, frames, inputs) at ``t`` (B,), 1 for pure noise, given ids and values (B, words)."""
        text, whole, there = self.text(ids, values)
        state = self.time(_waves(t, 32, 1000.0)) + whole
        shift = self.shifts(state).unflatten(-1, (6, -1))
        mask = torch.cat([there.new_zeros(*there.shape[:-1], self.shape.frames), there], dim=-1)
        h = self.enter(x) + self.places
        for block in self.blocks:
            h = block(h, text, mask, shift, (self.cos, self.sin))
        h = functional.layer_norm(h, h.shape[-1:])
        velocity: Tensor = self.leave(h * (1 + self.last[0]) + self.last[1])
        return velocity.float()


def backbone_of(recipe: Recipe, words: int) -> Backbone:
    """A fresh backbone of a recipe, for a vocabulary of so many ids."""
    torch.manual_seed(recipe.seed + 1)
    return Backbone(
        Shape(
            vocabulary=words,
            inputs=INPUTS,
            words=recipe.words,
            width=recipe.width,
            depth=recipe.depth,
            heads=max(1, recipe.width // 64),
            text_width=recipe.text_width,
        )
    )

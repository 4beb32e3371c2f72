"""Synchformer in our own words, so that the published weights can be read from a plain file of tensors.

Iashin et al. 2024 (arXiv:2401.16423): a picture tower (Motionformer with divided attention, arXiv:2106.05392), a sound tower (AST,
arXiv:2104.01778), each pooled over space or frequency, and three layers over both that choose one of 21 offsets. Names of tensors are those
of the published checkpoint, without ``module.``; what it holds besides (``patch_embed``, never used) is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["OFFSETS", "PARTS", "Sizes", "Synchformer", "sizes_of"]

OFFSETS = 21  # classes, evenly from -2 s to 2 s
PARTS = 14  # segments that are judged together
FINE = 1e-6  # of the layer norms of Motionformer


class Sizes(NamedTuple):
    """Sizes of the network; the usual ones are the published ones.

    Attributes:
        width: of a token; a head of the towers is 64 wide, one of the last layers 96.
        picture, sound, both: layers of the two towers and of what follows them.
    """

    width: int = 768
    picture: int = 12
    sound: int = 12
    both: int = 3


def sizes_of(state: Mapping[str, Tensor]) -> Sizes:
    """The sizes of the network that a file of tensors was written by.

    Raises:
        KeyError: it is no such file.
    """
    stems = ("vfeat_extractor.blocks.", "afeat_extractor.ast.encoder.layer.", "transformer.blocks.")
    counts = [len({name[len(stem) :].split(".")[0] for name in state if name.startswith(stem)}) for stem in stems]
    return Sizes(state["transformer.OFF_tok"].shape[-1], *counts)


def _attend(q: Tensor, k: Tensor, v: Tensor, heads: int) -> Tensor:
    """Attention of (B, n, D) to (B, m, D)."""
    q, k, v = (torch.unflatten(x, -1, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)


class _Mlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.fc2(functional.gelu(self.fc1(x))))


class Divided(nn.Module):
    """Attention of patches along one axis alone, each also to the first token, which itself sees everything."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // 64
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, frames: int, *, over_time: bool) -> Tensor:
        """(B, 1 + frames * places, D) to the same."""
        q, k, v = self.qkv(x).chunk(3, -1)
        first = _attend(q[:, :1], k, v, self.heads)

        def group(y: Tensor) -> Tensor:  # (B * groups, members, D)
            cells = torch.unflatten(y[:, 1:], 1, (frames, -1))
            return (cells.transpose(1, 2) if over_time else cells).flatten(0, 1)

        q_, k_, v_ = group(q), group(k), group(v)
        ahead = [y[:, :1].repeat_interleave(len(q_) // len(q), 0) for y in (k, v)]
        out = _attend(q_, torch.cat([ahead[0], k_], 1), torch.cat([ahead[1], v_], 1), self.heads)
        out = torch.unflatten(out, 0, (len(x), -1))
        out = (out.transpose(1, 2) if over_time else out).flatten(1, 2)
        return torch.as_tensor(self.proj(torch.cat([first, out], 1)))


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(width, eps=FINE) for _ in range(3))
        self.attn, self.timeattn, self.mlp = Divided(width), Divided(width), _Mlp(width)

    def forward(self, x: Tensor, frames: int) -> Tensor:
        x = x + self.timeattn(self.norm3(x), frames, over_time=True)
        x = x + self.attn(self.norm1(x), frames, over_time=False)
        return torch.as_tensor(x + self.mlp(self.norm2(x)))


class _Pool(nn.TransformerEncoderLayer):
    """What a first token makes of (B, n, D): (B, D)."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width // 64, 4 * width, 0.0, nn.GELU(), layer_norm_eps=FINE, batch_first=True, norm_first=True)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))

    def pooled(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self(torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)))[:, 0]


class PictureTower(nn.Module):
    """Segments (S, 3, 16, 224, 224) from -1 to 1 to (S, 8, D)."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        self.patch_embed_3d = nn.ModuleDict({"proj": nn.Conv3d(3, width, (2, 16, 16), (2, 16, 16))})
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 197, width))
        self.temp_embed = nn.Parameter(torch.zeros(1, 8, width))
        self.blocks = nn.ModuleList(_Block(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width, eps=FINE)
        self.spatial_attn_agg = _Pool(width)

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of each pair of frames."""
        cells = self.patch_embed_3d["proj"](x).flatten(3).permute(0, 2, 3, 1)  # (S, 8, 196, D)
        cells = cells + self.pos_embed[:, None, 1:] + self.temp_embed[:, :, None]
        first = (self.cls_token + self.pos_embed[:, :1]).expand(len(x), -1, -1)
        x = torch.cat([first, cells.flatten(1, 2)], 1)
        for block in self.blocks:
            x = block(x, cells.shape[1])
        x = torch.unflatten(self.norm(x[:, 1:]), 1, cells.shape[1:3])
        return torch.unflatten(self.spatial_attn_agg.pooled(x.flatten(0, 1)), 0, x.shape[:2])


class _Attention(nn.Module):
    """Attention with a matrix each for queries, keys and values; ``last``: the one that follows is inside too."""

    def __init__(self, width: int, heads: int, *, last: bool) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.proj = nn.Linear(width, width) if last else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return torch.as_tensor(self.proj(_attend(self.query(x), self.key(x), self.value(x), self.heads)))


class _Layer(nn.Module):
    """A layer of AST, with the names that transformers gave its tensors in 2023."""

    def __init__(self, width: int) -> None:
        super().__init__()
        dense = {"dense": nn.Linear(width, width)}
        self.attention = nn.ModuleDict({"attention": _Attention(width, width // 64, last=False), "output": nn.ModuleDict(dense)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, 4 * width)})
        self.output = nn.ModuleDict({"dense": nn.Linear(4 * width, width)})
        self.layernorm_before, self.layernorm_after = (nn.LayerNorm(width, eps=1e-12) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        parts: Any = self.attention
        x = x + parts["output"]["dense"](parts["attention"](self.layernorm_before(x)))
        return torch.as_tensor(x + self.output["dense"](functional.gelu(self.intermediate["dense"](self.layernorm_after(x)))))


class SoundTower(nn.Module):
    """Segments (S, 66, 128) of mel levels to (S, 6, D)."""

    def __init__(self, width: int, depth: int) -> None:
        super().__init__()
        embeddings = nn.Module()
        embeddings.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        embeddings.distillation_token = nn.Parameter(torch.zeros(1, 1, width))
        embeddings.position_embeddings = nn.Parameter(torch.zeros(1, 2 + 12 * 6, width))
        embeddings.patch_embeddings = nn.ModuleDict({"projection": nn.Conv2d(1, width, 16, 10)})
        layers = nn.ModuleList(_Layer(width) for _ in range(depth))
        norm = nn.LayerNorm(width, eps=1e-12)
        self.ast = nn.ModuleDict({"embeddings": embeddings, "encoder": nn.ModuleDict({"layer": layers}), "layernorm": norm})
        self.freq_attn_agg = _Pool(width)

    def tokens(self, x: Tensor) -> Tensor:
        """(S, 2 + 72, D), as AST gives them: two tokens of the whole, then the patches, frequency by frequency."""
        ast: Any = self.ast
        given = ast["embeddings"]
        cells = given.patch_embeddings["projection"](x.transpose(1, 2)[:, None]).flatten(2).transpose(1, 2)
        first = [one.expand(len(x), -1, -1) for one in (given.cls_token, given.distillation_token)]
        x = torch.cat([*first, cells], 1) + given.position_embeddings
        for layer in ast["encoder"]["layer"]:
            x = layer(x)
        return torch.as_tensor(ast["layernorm"](x))

    def forward(self, x: Tensor) -> Tensor:
        """Tokens of each moment."""
        cells = torch.unflatten(self.tokens(x)[:, 2:], 1, (12, 6)).transpose(1, 2)  # (S, 6, 12, D)
        return torch.unflatten(self.freq_attn_agg.pooled(cells.flatten(0, 1)), 0, cells.shape[:2])


class _Both(nn.Module):
    """A layer over tokens of both."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn = _Attention(width, width // 96, last=True)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))
        return torch.as_tensor(x + self.mlp(self.ln2(x)))


class Synchformer(nn.Module):
    """From 14 segments of picture and sound to 21 logits; see :class:`Sizes`."""

    def __init__(self, sizes: Sizes | None = None) -> None:
        super().__init__()
        width, picture, sound, both = sizes or Sizes()
        self.vfeat_extractor, self.afeat_extractor = PictureTower(width, picture), SoundTower(width, sound)
        self.vproj, self.aproj = nn.Linear(width, width), nn.Linear(width, width)
        joint = nn.Module()
        joint.vis_in_lnorm, joint.aud_in_lnorm, joint.ln_f = (nn.LayerNorm(width) for _ in range(3))
        joint.OFF_tok, joint.MOD_tok = (nn.Parameter(torch.zeros(1, 1, width)) for _ in range(2))
        joint.pos_emb_cfg = nn.ParameterDict({"pos_emb": nn.Parameter(torch.zeros(1, 2 + PARTS * (8 + 6), width))})
        joint.blocks = nn.Sequential(*(_Both(width) for _ in range(both)))
        joint.off_head = nn.Linear(width, OFFSETS)
        self.transformer = joint

    def logits(self, picture: Tensor, sound: Tensor) -> Tensor:
        """(14, 8, D) and (14, 6, D), by the towers, to (21,)."""
        joint: Any = self.transformer
        seen, heard = joint.vis_in_lnorm(self.vproj(picture)).flatten(0, 1), joint.aud_in_lnorm(self.aproj(sound)).flatten(0, 1)
        x = torch.cat([joint.OFF_tok[0], seen, joint.MOD_tok[0], heard])[None] + joint.pos_emb_cfg["pos_emb"]
        return torch.as_tensor(joint.off_head(joint.ln_f(joint.blocks(x))[0, 0]))

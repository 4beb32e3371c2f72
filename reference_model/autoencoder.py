"""Small autoencoders: a frame as 4 x 4 x 8 numbers, a second and a bit of sound as 16 numbers per 31 ms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["FRAME_NUMBERS", "SOUND_NUMBERS", "SoundDecoder", "SoundEncoder", "VideoDecoder", "VideoEncoder"]

SIZE = 64  # pixels
_GRID, _CHANNELS = 4, 8
FRAME_NUMBERS = _GRID * _GRID * _CHANNELS
SOUND_NUMBERS = 32  # per video frame: two steps of 16
_SOUND_CHANNELS = 16
_REACH = 3.0  # latents stay within +-3


def squash(latent: Tensor) -> Tensor:
    """Keep latents within +-3, so that noise of a known size means something."""
    return _REACH * torch.tanh(latent / _REACH)


class _Block2(nn.Module):
    """Two 3 x 3 convolutions around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.second(nn.functional.silu(self.first(nn.functional.silu(self.norm(x)))))
        return out


class VideoEncoder(nn.Module):
    """(B, 3, 64, 64) in [-1, 1] to (B, 128)."""

    def __init__(self, widths: tuple[int, int, int] = (64, 128, 160)) -> None:
        super().__init__()
        b, c, d = widths
        self.body = nn.Sequential(
            nn.PixelUnshuffle(4),
            nn.Conv2d(48, b, 3, padding=1),
            _Block2(b),
            nn.Conv2d(b, c, 4, stride=2, padding=1),
            _Block2(c),
            nn.Conv2d(c, d, 4, stride=2, padding=1),
            _Block2(d),
            nn.GroupNorm(8, d),
            nn.SiLU(),
            nn.Conv2d(d, _CHANNELS, 1),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Latents within +-3."""
        return squash(self.body(frames).float()).flatten(1)


class VideoDecoder(nn.Module):
    """(B, 128) to (B, 3, 64, 64) in [-1, 1]."""

    def __init__(self, widths: tuple[int, int, int, int] = (32, 64, 96, 160)) -> None:
        super().__init__()
        a, b, c, d = widths
        self.body = nn.Sequential(
            nn.Conv2d(_CHANNELS, d, 3, padding=1),
            _Block2(d),
            nn.Conv2d(d, 4 * c, 1),
            nn.PixelShuffle(2),
            _Block2(c),
            nn.Conv2d(c, 4 * b, 1),
            nn.PixelShuffle(2),
            _Block2(b),
            nn.Conv2d(b, 4 * a, 1),
            nn.PixelShuffle(2),
            _Block2(a),
            nn.GroupNorm(8, a),
            nn.SiLU(),
            nn.Conv2d(a, 12, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Frames; nothing clamps them."""
        frames: Tensor = self.body(latents.view(-1, _CHANNELS, _GRID, _GRID))
        return frames.float()


class _Block1(nn.Module):
    """Two convolutions along time around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, width)
        self.first = nn.Conv1d(width, width, 3, padding=1)
        self.second = nn.Conv1d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.second(nn.functional.silu(self.first(nn.functional.silu(self.norm(x)))))
        return out


class SoundEncoder(nn.Module):
    """(B, 64, 256) levels to (B, 32, 32): 16 numbers per 31 ms, packed two and two to match the frames."""

    def __init__(self, width: int = 160) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(64, width, 3, padding=1),
            _Block1(width),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            _Block1(width),
            nn.Conv1d(width, width, 4, stride=2, padding=1),
            _Block1(width),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv1d(width, _SOUND_CHANNELS, 1),
        )

    def forward(self, levels: Tensor) -> Tensor:
        """Latents within +-3."""
        latent = squash(self.body(levels).float()).transpose(1, 2)
        return latent.reshape(len(latent), -1, SOUND_NUMBERS)


class SoundDecoder(nn.Module):
    """(B, 32, 32) to (B, 64, 256) levels."""

    def __init__(self, width: int = 160) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv1d(_SOUND_CHANNELS, width, 3, padding=1),
            _Block1(width),
            nn.ConvTranspose1d(width, width, 4, stride=2, padding=1),
            _Block1(width),
            nn.ConvTranspose1d(width, width, 4, stride=2, padding=1),
            _Block1(width),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv1d(width, 64, 3, padding=1),
        )

    def forward(self, latents: Tensor) -> Tensor:
        """Levels; nothing clamps them."""
        levels: Tensor = self.body(latents.reshape(len(latents), -1, _SOUND_CHANNELS).transpose(1, 2))
        return levels.float()

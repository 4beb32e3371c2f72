"""The corpus as the flow sees it: one vector per frame of picture, sound and track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from kinema.reference_model.autoencoder import FRAME_NUMBERS, SOUND_NUMBERS
from kinema.reference_model.flow import INPUTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinema.reference_model.autoencoder import SoundEncoder, VideoEncoder
    from kinema.reference_model.shards import Corpus

__all__ = ["Scale", "encode", "pixels_of"]

_CENTRE, _REACH = 0.5, 0.25  # frame widths: a track's place in units that are about 1
TRACK_GAIN = 3.0  # the track stands out of the noise before the picture does, so that the picture follows the track
_CLIPS = 8  # encoded at once


def pixels_of(frames: Tensor) -> Tensor:
    """(..., H, W, 3) uint8 to (..., 3, H, W) between -1 and 1."""
    return frames.movedim(-1, -3).float() / 127.5 - 1.0


class Scale(nn.Module):
    """Brings every number of a frame to mean 0 and size about 1, and back."""

    mean: Tensor
    size: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(INPUTS))
        self.register_buffer("size", torch.ones(INPUTS))

    @torch.no_grad()
    def measure(self, picture: Tensor, sound: Tensor) -> None:
        """Mean of each number; size of each channel, the same at all places of the picture."""
        flat = picture.float().flatten(0, -2)
        self.mean[:FRAME_NUMBERS] = flat.mean(0)
        spread = (flat - flat.mean(0)).view(len(flat), 8, -1).square().mean((0, 2)).sqrt()
        self.size[:FRAME_NUMBERS] = spread.repeat_interleave(FRAME_NUMBERS // 8) + 1e-4
        flat = sound.float().flatten(0, -2)
        half = SOUND_NUMBERS // 2  # the two halves are the same channels at two moments
        both = flat.reshape(-1, half)
        middle = slice(FRAME_NUMBERS, FRAME_NUMBERS + SOUND_NUMBERS)
        self.mean[middle] = both.mean(0).repeat(2)
        self.size[middle] = both.std(0).repeat(2) + 1e-4
        self.mean[FRAME_NUMBERS + SOUND_NUMBERS :] = _CENTRE
        self.size[FRAME_NUMBERS + SOUND_NUMBERS :] = _REACH / TRACK_GAIN

    def forward(self, picture: Tensor, sound: Tensor, track: Tensor) -> Tensor:
        """One vector per frame."""
        return (torch.cat([picture.float(), sound.float(), track.float()], dim=-1) - self.mean) / self.size

    def back(self, x: Tensor) -> Tensor:
        """What ``forward`` was given, side by side."""
        return x * self.size + self.mean


@torch.no_grad()
def encode(
    corpus: Corpus,
    video: VideoEncoder,
    sound: SoundEncoder,
    progress: Callable[[str, float, str], None],
) -> dict[str, Tensor]:
    """Encode every clip.

    Returns:
        ``picture`` (N, 32, 128) float16, ``sound`` (N, 32, 32) float16, ``track`` (N, 32, 4) float32.
    """
    from kinema.reference_model.vocoder import levels_of

    pictures, sounds = [], []
    for start in range(0, len(corpus), _CLIPS):
        frames = pixels_of(torch.from_numpy(corpus.frames[start : start + _CLIPS]))
        with torch.autocast("cpu", torch.bfloat16):
            pictures.append(video(frames.flatten(0, 1)).unflatten(0, frames.shape[:2]).half())
            sounds.append(sound(levels_of(torch.from_numpy(corpus.sounds[start : start + _CLIPS]))).half())
        if start // _CLIPS % 20 == 0:
            progress("latents", start / len(corpus), f"{start} of {len(corpus)} clips")
    track = torch.from_numpy(corpus.tracks()).flatten(2)
    return {"picture": torch.cat(pictures), "sound": torch.cat(sounds), "track": track}

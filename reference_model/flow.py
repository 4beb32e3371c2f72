"""Rectified flow: straight lines from clips to noise, learned backwards.

At ``t`` a noisy clip is ``(1 - t) clip + t noise`` and the network predicts the velocity ``noise - clip``
(Liu et al. 2022; Lipman et al. 2022). Picture, sound and track of a frame travel in one vector and are denoised together.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch

from kinema.reference_model.autoencoder import FRAME_NUMBERS, SOUND_NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

__all__ = ["INPUTS", "TRACK_NUMBERS", "Losses", "losses_of", "sample", "split", "time_of"]

TRACK_NUMBERS = 4  # two bodies: across and up
INPUTS = FRAME_NUMBERS + SOUND_NUMBERS + TRACK_NUMBERS
_SHARES = (1.0, 0.5, 0.2)  # of picture, sound and track in the loss
_STEADY = 0.5  # share of the error's change from frame to frame: what jitters costs more than what is off
_MIDDLE, _SPREAD = 0.4, 1.0  # of the logit of t while training; above 0 is towards noise
_EARLY, _EARLY_MIDDLE = 0.35, 3.0  # share of clips whose t lies close to noise, and the middle of its logit: there alone the words decide
_SHIFT = 2.0  # sampling spends more of its steps near noise, where trajectories are decided


class Losses(NamedTuple):
    """Mean squared velocity errors."""

    total: Tensor
    picture: Tensor
    sound: Tensor
    track: Tensor


def split(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Picture, sound and track of (..., INPUTS)."""
    both = FRAME_NUMBERS + SOUND_NUMBERS
    return x[..., :FRAME_NUMBERS], x[..., FRAME_NUMBERS:both], x[..., both:]


def time_of(count: int, generator: torch.Generator) -> Tensor:
    """Times to train at: a mixture of two logit-normals.

    What stays the same over 32 frames (a colour, a direction) shows through much noise: at t = 0.9 it can be read off the noisy clip, and
    a model trained there never learns to read it off the prompt. So a share of the clips is trained close to t = 1.
    """
    middle = torch.where(torch.rand(count, generator=generator) < _EARLY, _EARLY_MIDDLE, _MIDDLE)
    return torch.sigmoid(torch.randn(count, generator=generator) * _SPREAD + middle)


def losses_of(velocity: Tensor, clip: Tensor, noise: Tensor) -> Losses:
    """How far the predicted velocity is from the true one."""
    error = velocity - (noise - clip)
    change = error.diff(dim=1)
    square = error.square() + _STEADY * 0.5 * torch.nn.functional.pad(change.square(), (0, 0, 0, 1))
    total = error.new_zeros(())
    for share, part in zip(_SHARES, split(square), strict=True):
        total = total + share * part.mean()
    picture, sound, track = (part.square().mean().detach() for part in split(error))
    return Losses(total, picture, sound, track)


def _grid(steps: int) -> list[float]:
    """Times from 1 to 0."""
    even = [1.0 - index / steps for index in range(steps + 1)]
    return [_SHIFT * t / (1.0 + (_SHIFT - 1.0) * t) for t in even]


@torch.no_grad()
def sample(velocity: Callable[[Tensor, Tensor], Tensor], noise: Tensor, steps: int) -> Tensor:
    """Follow the velocity from noise to a clip with Heun's second-order steps.

    Args:
        velocity: of a noisy clip at times (B,).
        noise: (B, frames, inputs).
        steps: each costs two evaluations, the last one.
    """
    x, grid = noise, _grid(steps)
    for now, after in pairwise(grid):
        times = x.new_full((x.shape[0],), now)
        slope = velocity(x, times)
        guess = x + (after - now) * slope
        if after > 0.0:
            slope = 0.5 * (slope + velocity(guess, times * 0 + after))
        x = x + (after - now) * slope
    return x

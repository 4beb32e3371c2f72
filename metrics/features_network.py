"""Two small networks that turn a clip into short vectors, and how a clip is laid before them.

They share nothing with any generator: no weights, no clips, no code. See ``features_training.py`` for how they are made.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip

__all__ = ["SIZES", "Ears", "Eyes", "mel_of", "patches_of", "window_of"]

SIZES = {"picture": 16, "motion": 16, "sound": 16}  # components of each vector
SIDE, RATE, FRAMES = 64, 8.0, 24  # pixels, frames a second, frames: how a clip is shown to the eyes
PATCH, PATCHES, LOOKS = 48, 4, 4  # pixels of a close look, looks per moment, moments
CLOSE = 256  # pixels, shorter side of the picture at which close looks are taken; larger pictures are made smaller
EAR_RATE, WINDOW, HOP, FFT, BANDS = 16_000, 400, 160, 512, 64  # Hz, samples, samples, samples, mel bands
SHORTEST = 48  # steps: what is shorter is followed by silence
QUIET_DB, SIDE_DB = 80.0, 20.0  # dB below the loudest at which sound ends; dB of left over right that count as one


def window_of(clip: Clip) -> NDArray[np.uint8]:
    """The first three seconds at eight frames a second, 64 x 64 pixels, whatever the clip's size and rate; fewer where it is shorter.

    Example:
        >>> from kinema.scenes.clip import Clip
        >>> clip = Clip(np.zeros((48, 90, 120, 3), np.uint8), np.arange(48) / 24, np.zeros((1, 0), np.float32), 16_000)
        >>> window_of(clip).shape
        (16, 64, 64, 3)
    """
    count = int(np.clip(round(clip.seconds * RATE), 2, FRAMES))
    index = np.clip(np.searchsorted(clip.times, np.arange(count) / RATE + 1e-6, side="right") - 1, 0, len(clip.frames) - 1)
    return np.stack([cv2.resize(clip.frames[i], (SIDE, SIDE), interpolation=cv2.INTER_AREA) for i in index])


def patches_of(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Close looks (n, 2, 48, 48, 3): where there is most to see, at four moments, each with the frame after it."""
    moments = np.unique(np.linspace(0, max(0, len(frames) - 2), LOOKS).astype(int))
    shrink = max(1.0, min(frames.shape[1:3]) / CLOSE)
    found = []
    for i in moments:
        pair = [_close(frames[min(k, len(frames) - 1)], shrink) for k in (i, i + 1)]
        found += [np.stack([frame[y : y + PATCH, x : x + PATCH] for frame in pair]) for y, x in _places(pair[0])]
    return np.stack(found)


def _close(frame: NDArray[np.uint8], shrink: float) -> NDArray[np.uint8]:
    height, width = (max(PATCH, round(side / shrink)) for side in frame.shape[:2])
    if (height, width) == frame.shape[:2]:
        return frame
    return np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _places(frame: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Corners of the cells with most contrast."""
    ys, xs = (np.unique(np.linspace(0, side - PATCH, 1 + -(-(side - PATCH) // PATCH)).astype(int)) for side in frame.shape[:2])
    cells = [(int(y), int(x)) for y in ys for x in xs]
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
    order = sorted(cells, key=lambda cell: -float(grey[cell[0] : cell[0] + PATCH, cell[1] : cell[1] + PATCH].std()))
    return order[:PATCHES]


def mel_of(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """(2, 64, frames): level of 64 mel bands under the loudest, 0 to 1, and left over right, -1 to 1; of the first three seconds.

    How loud the whole is does not matter. Silence is all zeros.
    """
    wave = np.nan_to_num(np.asarray(sound, dtype=np.float32))[:, : int(rate * FRAMES / RATE)]
    if wave.shape[0] == 0 or wave.shape[1] < 2:
        wave = np.zeros((1, 2), np.float32)
    if rate != EAR_RATE:
        wave = _resampled(wave, rate)
    pair = np.stack([wave[0], wave[min(1, len(wave) - 1)]])
    pair = np.pad(pair, ((0, 0), (0, max(0, WINDOW + SHORTEST * HOP - pair.shape[1]))))
    power = torch.stft(
        torch.from_numpy(np.ascontiguousarray(pair)), FFT, HOP, WINDOW, torch.hann_window(WINDOW), center=False, return_complex=True
    )
    left, right = (_filters() @ (power.abs() ** 2).numpy()).astype(np.float64)
    both = 10 * np.log10(left + right + 1e-12)
    top = float(both.max())
    if top < -90:  # below what 16 bits can hold
        return np.zeros((2, *both.shape), np.float32)
    level = np.clip(1 + (both - top) / QUIET_DB, 0, 1)
    side = np.clip(10 * np.log10((left + 1e-12) / (right + 1e-12)) / SIDE_DB, -1, 1) * (level > 0)
    return np.stack([level, side]).astype(np.float32)


def _resampled(wave: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    from fractions import Fraction

    from scipy.signal import resample_poly

    ratio = Fraction(EAR_RATE, int(rate)).limit_denominator(1000)
    return np.asarray(resample_poly(wave, ratio.numerator, ratio.denominator, axis=1), dtype=np.float32)


@lru_cache(maxsize=1)
def _filters() -> NDArray[np.float32]:
    """Triangles evenly spaced on the mel scale (O'Shaughnessy 1987: 2595 log10(1 + f / 700)) from 50 Hz to 8 kHz."""
    mel = np.linspace(2595 * np.log10(1 + 50 / 700), 2595 * np.log10(1 + EAR_RATE / 2 / 700), BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    f = np.arange(FFT // 2 + 1) * EAR_RATE / FFT
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.asarray(np.clip(np.minimum((f - low) / (middle - low), (high - f) / (high - middle)), 0, None), dtype=np.float32)


def _block(inward: int, outward: int, stride: int = 2) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inward, outward, stride + 1, stride, stride // 2), nn.GroupNorm(4, outward), nn.ReLU())


class Eyes(nn.Module):
    """Frames to ``picture`` (what it looks like, and how well) and ``motion`` (what moves how).

    Each frame is seen with its change from the one before; order and pace are seen by convolutions over time, fine grain by close looks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.frame = nn.Sequential(_block(6, 32, 4), _block(32, 64), _block(64, 96))
        self.place = nn.Linear(96 * 16, 128)
        self.close = nn.Sequential(_block(6, 24), _block(24, 40), _block(40, 48))
        self.time = nn.Sequential(
            nn.Conv1d(128, 96, 3, padding=1), nn.GELU(), nn.Conv1d(96, 96, 3, padding=2, dilation=2), nn.GELU(),
            nn.Conv1d(96, 96, 3, padding=4, dilation=4), nn.GELU(),
        )  # fmt: skip
        self.picture = nn.Linear(128 + 96, SIZES["picture"])
        self.motion = nn.Linear(192, SIZES["motion"])

    def forward(self, frames: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, 3, 64, 64) and (B, P, 6, 48, 48), 0 to 1, to (B, 16) and (B, 16)."""
        b, t = frames.shape[:2]
        change = torch.cat([torch.zeros_like(frames[:, :1]), frames[:, 1:] - frames[:, :-1]], 1)
        seen = self.frame(torch.cat([frames - 0.5, 4 * change], 2).flatten(0, 1))
        rows = nn.functional.gelu(self.place(seen.flatten(1))).view(b, t, -1)
        fine = self.close(_with_change(patches).flatten(0, 1)).flatten(2)
        grain = torch.cat([fine.mean(2), fine.amax(2)], 1).view(b, patches.shape[1], -1).mean(1)
        course = self.time(rows.transpose(1, 2))
        picture = self.picture(torch.cat([rows.mean(1), grain], 1))
        return picture, self.motion(torch.cat([course.mean(2), course.amax(2)], 1))


def _with_change(patches: Tensor) -> Tensor:
    """Two frames of a close look as the first one and what changes."""
    return torch.cat([patches[:, :, :3] - 0.5, 8 * (patches[:, :, 3:] - patches[:, :, :3])], 2)


class Ears(nn.Module):
    """Mel levels (B, 2, 64, n) to ``sound``."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(_block(2, 20), _block(20, 32), _block(32, 48), _block(48, 64))
        self.sound = nn.Linear(64 * 4 * 2 + 64, SIZES["sound"])

    def forward(self, mel: Tensor) -> Tensor:
        """Levels to (B, 16): averages and peaks over time in each of four ranges of pitch, and the changes over time."""
        seen = self.net(mel)
        change = (seen[..., 1:] - seen[..., :-1]).abs().mean(2).amax(2)
        return torch.as_tensor(self.sound(torch.cat([seen.mean(3).flatten(1), seen.amax(3).flatten(1), change], 1)))

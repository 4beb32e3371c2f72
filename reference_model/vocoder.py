"""Sound as a picture of levels in bands, and back to samples by Griffin-Lim."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["BANDS", "COLUMNS", "FLOOR_DB", "RATE", "SAMPLES", "levels_of", "samples_of"]

RATE = 16_000  # Hz
SAMPLES = 32_000  # two seconds
BANDS = 64  # mel bands
HOP = 125  # samples: 7.8 ms, so that eight columns pass per picture at 16 frames a second
COLUMNS = SAMPLES // HOP
FLOOR_DB = -100.0  # dB re a full-scale sine; everything below is silence
_TOP_DB = 0.0
_GATE_DB = 8.0  # a decoded level within so much of the floor is silence
_FFT = 512  # bins 31.25 Hz apart
_WINDOW = 400  # samples: 25 ms
_LOWEST, _HIGHEST = 40.0, 8_000.0  # Hz


def _mel(frequency: Tensor) -> Tensor:
    """O'Shaughnessy's mel scale."""
    return 2595.0 * torch.log10(1.0 + frequency / 700.0)


@lru_cache(maxsize=1)
def _bank() -> Tensor:
    """(BANDS, _FFT // 2 + 1) triangles that sum the power of neighbouring bins, at least one bin wide."""
    bins = torch.linspace(0, RATE / 2, _FFT // 2 + 1)
    low, high = _mel(torch.tensor([_LOWEST, _HIGHEST])).tolist()
    edges = 700.0 * (10.0 ** (torch.linspace(low, high, BANDS + 2) / 2595.0) - 1.0)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    width = RATE / _FFT
    rise = (bins - left) / torch.clamp(centre - left, min=width)
    fall = (right - bins) / torch.clamp(right - centre, min=width)
    return torch.clamp(torch.minimum(rise, fall), min=0.0) + 1e-8


@lru_cache(maxsize=1)
def _window() -> Tensor:
    return torch.hann_window(_WINDOW)


def _spectrum(samples: Tensor) -> Tensor:
    """(B, n) samples to (B, bins, columns + 1) complex, scaled so that a full-scale sine is 1."""
    return torch.stft(samples, _FFT, HOP, _WINDOW, _window(), return_complex=True, pad_mode="constant") * (4.0 / _WINDOW)


def levels_of(samples: Tensor) -> Tensor:
    """Levels in bands.

    Args:
        samples: (B, 32000) float at 16 kHz, absolute level.

    Returns:
        (B, 64, 256) between -1 (silence) and 1 (full scale); column ``k`` is centred on sample ``125 k``.
    """
    power = _spectrum(samples)[:, :, :COLUMNS].abs().square()
    level = 10.0 * torch.log10(torch.matmul(_bank(), power) + 1e-12)
    return torch.clamp((level - FLOOR_DB) / (_TOP_DB - FLOOR_DB), 0.0, 1.2) * 2.0 - 1.0


def _magnitudes(levels: Tensor) -> Tensor:
    """(B, 64, 256) levels to (B, bins, 257) magnitudes: multiplicative non-negative inverse of the bank."""
    decibel = (levels + 1.0) * 0.5 * (_TOP_DB - FLOOR_DB) + FLOOR_DB
    power = torch.where(decibel < FLOOR_DB + _GATE_DB, torch.zeros(()), 10.0 ** (decibel / 10.0))
    bank = _bank()
    guess = torch.matmul(bank.T, power) / bank.sum(0)[:, None]
    target = torch.matmul(bank.T, power)
    for _ in range(30):
        guess = guess * target / (torch.matmul(bank.T, torch.matmul(bank, guess)) + 1e-14)
    magnitude = guess.clamp(min=0.0).sqrt()
    return torch.cat([magnitude, magnitude[:, :, -1:]], dim=2)


def samples_of(levels: Tensor, seed: int = 0, rounds: int = 32, momentum: float = 0.99) -> Tensor:
    """Samples whose levels are those given: Griffin and Lim's iteration with momentum (Perraudin et al. 2013).

    Args:
        levels: (B, 64, 256) as from ``levels_of``.
        seed: of the first guess of the phases.
        rounds: iterations.
        momentum: of the fast variant.

    Returns:
        (B, 32000) float32; exact zeros where everything lies below the floor's gate.
    """
    magnitude = _magnitudes(levels.float())
    if not bool((magnitude > 0).any()):
        return torch.zeros(levels.shape[0], SAMPLES)
    generator = torch.Generator().manual_seed(seed)
    phase = torch.polar(torch.ones_like(magnitude), torch.rand(magnitude.shape, generator=generator) * 6.2831853)
    before = torch.zeros_like(phase)
    for _ in range(rounds):
        now = _spectrum(_inverse(magnitude * phase))
        ahead = now + momentum * (now - before)
        phase = ahead / (ahead.abs() + 1e-12)
        before = now
    out = _inverse(magnitude * phase)
    quiet = (magnitude.amax(1) <= 0)[:, :-1].repeat_interleave(HOP, dim=1)  # what the window smears into silence
    return torch.where(quiet, torch.zeros(()), out)


def _inverse(spectrum: Tensor) -> Tensor:
    return torch.istft(spectrum * (_WINDOW / 4.0), _FFT, HOP, _WINDOW, _window(), length=SAMPLES)

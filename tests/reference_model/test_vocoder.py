from __future__ import annotations

import numpy as np
import pytest
import torch

from kinema.reference_model.vocoder import COLUMNS, RATE, SAMPLES, levels_of, samples_of


def _ring(start_s: float, level: float, frequency: float = 1000.0) -> torch.Tensor:
    times = torch.arange(SAMPLES) / RATE - start_s
    return torch.where(times >= 0, level * torch.exp(-times * 12) * torch.sin(6.2831853 * frequency * times), torch.zeros(()))[None]


def test_silence_stays_silent() -> None:
    levels = levels_of(torch.zeros(1, SAMPLES))
    assert (levels == -1).all()
    assert (samples_of(levels) == 0).all()


def test_what_lies_near_the_floor_is_silence() -> None:
    assert (samples_of(torch.full((1, 64, COLUMNS), -0.9)) == 0).all()


def test_full_scale_is_the_top_of_the_range() -> None:
    tone = torch.sin(6.2831853 * 1000 * torch.arange(SAMPLES) / RATE)[None]
    assert levels_of(tone)[0, :, 100].max() == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("level", [0.003, 0.03, 0.3])
def test_level_survives_the_way_there_and_back(level: float) -> None:
    sound = _ring(0.5, level)
    back = samples_of(levels_of(sound))
    energy = 10 * np.log10(float(back.square().sum() / sound.square().sum()))
    assert abs(energy) < 1.5  # dB


def test_a_sound_comes_back_at_its_moment() -> None:
    back = samples_of(levels_of(_ring(0.75, 0.2)))[0].abs()
    first = int((back > 0.1 * back.max()).nonzero()[0])
    assert first / RATE == pytest.approx(0.75, abs=0.015)
    assert (back[: int(0.7 * RATE)] == 0).all()


def test_the_same_levels_give_the_same_samples() -> None:
    levels = levels_of(_ring(0.3, 0.1))
    assert torch.equal(samples_of(levels, seed=4), samples_of(levels, seed=4))
    assert not torch.equal(samples_of(levels, seed=4), samples_of(levels, seed=5))

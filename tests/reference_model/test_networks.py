from __future__ import annotations

import torch

from kinema.reference_model.autoencoder import SoundDecoder, SoundEncoder, VideoDecoder, VideoEncoder
from kinema.reference_model.backbone import Backbone, Shape
from kinema.reference_model.flow import INPUTS, losses_of, sample, time_of
from kinema.reference_model.latents import Scale
from kinema.reference_model.muon import orthogonal


def test_autoencoders_keep_shapes_and_reach() -> None:
    latent = VideoEncoder((8, 8, 8))(9 * torch.randn(3, 3, 64, 64))
    assert latent.shape == (3, 128)
    assert latent.abs().max() <= 3
    assert VideoDecoder((8, 8, 8, 8))(latent).shape == (3, 3, 64, 64)
    packed = SoundEncoder(8)(torch.randn(2, 64, 256))
    assert packed.shape == (2, 32, 32)
    assert SoundDecoder(8)(packed).shape == (2, 64, 256)


def _small(words: int = 6) -> Backbone:
    torch.manual_seed(0)
    net = Backbone(Shape(vocabulary=9, inputs=5, width=64, depth=2, heads=2, text_width=16, text_depth=1, words=words))
    for parameter in net.parameters():  # away from the start, where everything is nought
        torch.nn.init.normal_(parameter, std=0.05)
    return net


def test_words_that_are_not_there_change_nothing() -> None:
    net, x, t = _small(), torch.randn(1, 32, 5), torch.tensor([0.5])
    short = net(x, t, torch.tensor([[4, 5, 0, 0, 0, 0]]), torch.zeros(1, 6))
    beside = net(x.expand(2, -1, -1), t.expand(2), torch.tensor([[4, 5, 0, 0, 0, 0], [4, 5, 6, 7, 8, 4]]), torch.zeros(2, 6))
    assert torch.allclose(short[0], beside[0], atol=1e-5)


def test_prompt_order_quantity_and_time_matter() -> None:
    net, x = _small(), torch.randn(1, 32, 5)

    def velocity(ids: list[int], values: list[float], t: float = 0.5) -> torch.Tensor:
        return net(x, torch.tensor([t]), torch.tensor([ids]), torch.tensor([values]))

    plain = velocity([4, 5, 2], [0, 0, 1.0])
    assert not torch.allclose(plain, velocity([5, 4, 2], [0, 0, 1.0]), atol=1e-5)
    assert not torch.allclose(plain, velocity([4, 5, 2], [0, 0, 2.0]), atol=1e-5)
    assert not torch.allclose(plain, velocity([4, 5, 2], [0, 0, 1.0], 0.9), atol=1e-5)


def test_a_true_velocity_leads_to_the_clip() -> None:
    clip, noise = torch.randn(1, 32, INPUTS), torch.randn(1, 32, INPUTS)
    assert torch.allclose(sample(lambda x, t: noise - clip, noise, 4), clip, atol=1e-5)
    assert losses_of(noise - clip, clip, noise).total == 0


def test_second_order_steps_beat_first_order() -> None:
    ends = [float(sample(lambda x, t: x, torch.ones(1, 1, 1), steps)) for steps in (4, 8)]
    truth = float(torch.exp(torch.tensor(-1.0)))  # dx/dt = x from 1 at t = 1
    assert abs(ends[1] - truth) < 0.4 * abs(ends[0] - truth)


def test_jitter_costs_more_than_an_offset() -> None:
    clip = torch.zeros(1, 32, INPUTS)
    offset = torch.ones(1, 32, INPUTS)
    jitter = offset * torch.tensor([1.0, -1.0]).repeat(16)[None, :, None]
    assert losses_of(jitter, clip, clip).total > 1.5 * losses_of(offset, clip, clip).total


def test_times_cover_the_middle_and_the_neighbourhood_of_noise() -> None:
    times = time_of(8000, torch.Generator().manual_seed(0))
    assert 0.2 < float((times > 0.93).float().mean()) < 0.35
    assert 0.2 < float((times < 0.5).float().mean()) < 0.35
    assert 0 < times.min() < times.max() < 1


def test_scale_is_undone() -> None:
    scale = Scale()
    picture, sound, track = torch.randn(6, 32, 128) * 2 + 1, torch.randn(6, 32, 32) - 3, torch.rand(6, 32, 4)
    scale.measure(picture, sound)
    x = scale(picture, sound, track)
    assert torch.allclose(scale.back(x), torch.cat([picture, sound, track], dim=-1), atol=1e-4)
    assert abs(float(x[..., :160].std()) - 1) < 0.1


def test_orthogonal_means_singular_values_near_one() -> None:
    values = torch.linalg.svdvals(orthogonal(torch.randn(2, 32, 64), rounds=5))
    assert 0.6 < values.min() < values.max() < 1.4

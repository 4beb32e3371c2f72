"""Networks from outside whose vectors metrics of sets can compare: by path and sha256, never downloaded, tensors only.

A suite names them:

    [features.i3d]
    path = "/models/i3d.safetensors"
    sha256 = "..."

``i3d``, ``vggish`` and ``panns`` are one safetensors file each; ``videomae``, ``vjepa2``, ``clip`` and ``clap`` are folders as transformers
writes them (``config.json`` beside ``model.safetensors``); the sha256 is that of the safetensors file. Nothing here decides a score of its
own: ``realism/frechet_NAME`` is a legacy column, "not run" where nobody gave the weights.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
import torch

from kinema.errors import ConfigError
from kinema.files import sha256_of
from kinema.metrics.features import BACKBONES, Weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from torch import Tensor

    from kinema.scenes.clip import Clip

__all__ = ["OPENAI", "features_by", "mel_bands", "mono", "power_of", "read_backbone", "weights_file"]

FRAMES = 16  # of a clip, evenly spread, where the network's own config names no number
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # mean and standard deviation of the channels
OPENAI = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
LONGEST = 10.0  # s of sound that are heard


class Backbone(NamedTuple):
    """A network and what turns a clip into its vector."""

    net: Any
    vector: Callable[[Any, Clip], Tensor]


def features_by(weights: Weights, clip: Clip) -> tuple[float, ...]:
    """The vector of a clip by one of the networks."""
    backbone = read_backbone(weights)
    torch.set_num_threads(1)
    with torch.no_grad():
        return tuple(backbone.vector(backbone.net, clip).double().flatten().tolist())


def weights_file(weights: Weights) -> Path:
    """The safetensors file of a network.

    Raises:
        ConfigError: it is missing, or another one than was meant.
    """
    path = Path(weights.path)
    file = path / "model.safetensors" if path.is_dir() else path
    if not file.is_file() or file.suffix != ".safetensors":
        raise ConfigError(f"{weights.name}: {path} is no safetensors file, and no folder with model.safetensors in it")
    if sha256_of(file) != weights.sha256:
        raise ConfigError(f"{weights.name}: {file} has sha256 {sha256_of(file)}, and {weights.sha256} was meant")
    return file


@lru_cache(maxsize=4)
def read_backbone(weights: Weights) -> Backbone:
    """A network with its weights.

    Raises:
        ConfigError: the name is unknown, the file is missing or another one than was meant, or its tensors do not fit the network.
    """
    if weights.name not in BACKBONES:
        raise ConfigError(f"no network named {weights.name!r}; there is {', '.join(BACKBONES)}")
    file = weights_file(weights)
    try:
        made = _plain(weights.name, file) if weights.name in PLAIN else _transformers(weights.name, file.parent)
    except (RuntimeError, OSError, ValueError, KeyError) as problem:
        raise ConfigError(f"{weights.name}: {file} cannot be read as this network: {str(problem).splitlines()[0]}") from None
    return made


# Networks of our own writing ------------------------------------------------------------------------------------------------------------


def _plain(name: str, file: Path) -> Backbone:
    from safetensors.torch import load_file

    from kinema.metrics import backbones_own

    state = {key: value.float() for key, value in load_file(file).items()}
    net: Any = getattr(backbones_own, PLAIN[name])()
    own = net.state_dict()
    lacking = [key for key in own if key not in state and not key.endswith("num_batches_tracked")]
    if lacking:
        raise KeyError(f"it lacks {lacking[0]}")
    net.load_state_dict({key: state[key] for key in own if key in state}, strict=False)
    if name == "panns":
        net.mel = state.get("logmel_extractor.melW", torch.from_numpy(mel_bands(32_000, 1024, 50.0, 14_000.0).T))
    return Backbone(net.eval(), {"i3d": _i3d, "vggish": _vggish, "panns": _panns}[name])


PLAIN = {"i3d": "I3D", "vggish": "Vggish", "panns": "Cnn14"}


def _i3d(net: Any, clip: Clip) -> Tensor:
    return torch.as_tensor(net(2 * _frames(clip, FRAMES, 224).transpose(1, 2) - 1)).mean(0)


def _vggish(net: Any, clip: Clip) -> Tensor:
    wave = mono(clip, 16_000)
    power = power_of(wave, 400, 160, 512)
    levels = torch.log(power.sqrt().T @ torch.from_numpy(mel_bands(16_000, 512, 125.0, 7500.0).T) + 0.01)
    levels = torch.nn.functional.pad(levels, (0, 0, 0, max(0, 96 - len(levels))))
    patches = torch.stack([levels[k : k + 96] for k in range(0, len(levels) - 95, 96)])
    return torch.as_tensor(net(patches[:, None])).mean(0)


def _panns(net: Any, clip: Clip) -> Tensor:
    power = power_of(mono(clip, 32_000), 1024, 320, 1024)
    levels = 10 * torch.log10((power.T @ net.mel).clamp_min(1e-10))
    levels = torch.nn.functional.pad(levels, (0, 0, 0, max(0, 64 - len(levels))), value=-100.0)
    return torch.as_tensor(net(levels[None, None]))[0]


# Networks of transformers ---------------------------------------------------------------------------------------------------------------


def _transformers(name: str, folder: Path) -> Backbone:
    import transformers

    classes = {"videomae": "VideoMAEModel", "vjepa2": "VJEPA2Model", "clip": "CLIPVisionModelWithProjection", "clap": "ClapModel"}
    model = getattr(transformers, classes[name])
    net = model.from_pretrained(str(folder), local_files_only=True, use_safetensors=True, torch_dtype=torch.float32).eval()
    return Backbone(net, {"videomae": _videomae, "vjepa2": _vjepa2, "clip": _clip, "clap": _clap}[name])


def _videomae(net: Any, clip: Clip) -> Tensor:
    pixels = _normal(_frames(clip, net.config.num_frames, net.config.image_size), IMAGENET)
    return torch.as_tensor(net(pixels).last_hidden_state).mean((0, 1))


def _vjepa2(net: Any, clip: Clip) -> Tensor:
    count = min(FRAMES, int(getattr(net.config, "frames_per_clip", FRAMES)))
    pixels = _normal(_frames(clip, count, int(getattr(net.config, "crop_size", 256))), IMAGENET)
    return torch.as_tensor(net(pixel_values_videos=pixels, skip_predictor=True).last_hidden_state).mean((0, 1))


def _clip(net: Any, clip: Clip) -> Tensor:
    pixels = _normal(_frames(clip, FRAMES, net.config.image_size), OPENAI)[0]
    return torch.as_tensor(net(pixels).image_embeds).mean(0)


def _clap(net: Any, clip: Clip) -> Tensor:
    from transformers import ClapFeatureExtractor

    wave = mono(clip, 48_000).numpy()
    given = ClapFeatureExtractor(truncation="rand_trunc")(wave, sampling_rate=48_000, return_tensors="pt")
    found = net.get_audio_features(input_features=given["input_features"])
    return torch.as_tensor(getattr(found, "pooler_output", found))[0]


# What they are shown --------------------------------------------------------------------------------------------------------------------


def _frames(clip: Clip, count: int, side: int) -> Tensor:
    """(1, count, 3, side, side), 0 to 1: frames evenly spread over the clip, the whole picture."""
    index = np.linspace(0, len(clip.frames) - 1, count).round().astype(int)
    shown = np.stack([cv2.resize(clip.frames[i], (side, side), interpolation=cv2.INTER_AREA) for i in index])
    return torch.from_numpy(shown.transpose(0, 3, 1, 2).astype(np.float32) / 255)[None]


def _normal(frames: Tensor, of: tuple[tuple[float, ...], tuple[float, ...]]) -> Tensor:
    mean, spread = (torch.tensor(values).view(1, 1, 3, 1, 1) for values in of)
    return (frames - mean) / spread


def mono(clip: Clip, rate: int) -> Tensor:
    """Samples of the first ten seconds, both sides together; a second of silence where there is no sound."""
    from fractions import Fraction

    from scipy.signal import resample_poly

    wave = np.nan_to_num(clip.sound).mean(axis=0) if clip.sound.size else np.zeros(clip.sound_rate, np.float32)
    wave = wave[: int(LONGEST * clip.sound_rate)]
    ratio = Fraction(rate, clip.sound_rate).limit_denominator(1000)
    return torch.from_numpy(resample_poly(wave.astype(np.float64), ratio.numerator, ratio.denominator).astype(np.float32))


def power_of(wave: Tensor, window: int, hop: int, size: int) -> Tensor:
    """(frequencies, frames) of the power spectrum."""
    wave = torch.nn.functional.pad(wave, (0, max(0, window - len(wave))))
    found = torch.stft(wave, size, hop, window, torch.hann_window(window), center=len(wave) > size, return_complex=True)
    return found.abs() ** 2


def mel_bands(rate: int, size: int, low: float, high: float, bands: int = 64) -> NDArray[np.float32]:
    """(bands, frequencies): triangles evenly spaced on the mel scale."""
    mel = np.linspace(2595 * np.log10(1 + low / 700), 2595 * np.log10(1 + high / 700), bands + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    f = np.arange(size // 2 + 1) * rate / size
    left, middle, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    return np.asarray(np.clip(np.minimum((f - left) / (middle - left), (right - f) / (right - middle)), 0, None), dtype=np.float32)

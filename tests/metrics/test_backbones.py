"""Networks from outside are read by path and sha256 alone; tiny random weights stand in for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from kinema.errors import ConfigError
from kinema.files import sha256_of
from kinema.metrics import backbones_own
from kinema.metrics.backbones import features_by
from kinema.metrics.features import BACKBONES, Weights
from kinema.scenes.clip import Clip

PLAIN = {"i3d": ("I3D", 400), "vggish": ("Vggish", 128), "panns": ("Cnn14", 2048)}
SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture(scope="module")
def clip() -> Clip:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (12, 40, 48, 3)).astype(np.uint8)
    return Clip(frames, np.arange(12) / 12, rng.normal(0, 0.1, (2, 24_000)).astype(np.float32), 24_000)


def folder_of(name: str, out: Path) -> Path:
    """A folder as transformers writes one, with a tiny random model in it."""
    import transformers as t

    torch.manual_seed(0)
    audio = {"hidden_size": 32, "depths": [1, 1], "num_attention_heads": [1, 1], "patch_embeds_hidden_size": 16, "num_classes": 2,
             "window_size": 8, "enable_fusion": False, "num_hidden_layers": 2}  # fmt: skip
    text = {"vocab_size": 20, "pad_token_id": 1, **SMALL}
    made = {
        "videomae": lambda: t.VideoMAEModel(t.VideoMAEConfig(image_size=32, num_frames=4, **SMALL)),
        "vjepa2": lambda: t.VJEPA2Model(t.VJEPA2Config(crop_size=32, frames_per_clip=4, pred_hidden_size=12, pred_num_hidden_layers=1,
                                                       pred_num_attention_heads=1, hidden_size=24, num_hidden_layers=1,
                                                       num_attention_heads=2)),
        "clip": lambda: t.CLIPVisionModelWithProjection(t.CLIPVisionConfig(image_size=32, patch_size=16, projection_dim=8, **SMALL)),
        "clap": lambda: t.ClapModel(t.ClapConfig(text_config=text, audio_config=audio, projection_dim=8)),
    }  # fmt: skip
    made[name]().save_pretrained(out, safe_serialization=True)
    return out


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(BACKBONES) - set(PLAIN)))
def test_networks_of_transformers_give_a_vector(name: str, clip: Clip, tmp_path: Path) -> None:
    folder = folder_of(name, tmp_path / name)
    weights = Weights(name, str(folder), sha256_of(folder / "model.safetensors"))
    vector = features_by(weights, clip)
    assert len(vector) >= 8
    assert np.isfinite(vector).all()
    assert vector == features_by(weights, clip)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PLAIN))
def test_networks_of_one_file_give_a_vector(name: str, clip: Clip, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, length = PLAIN[name]
    path = tmp_path / "net.safetensors"
    save_file(getattr(backbones_own, network)().state_dict(), path)
    vector = features_by(Weights(name, str(path), sha256_of(path)), clip)
    assert len(vector) == length
    assert np.isfinite(vector).all()


def test_another_file_than_was_meant_is_refused(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(ConfigError, match="was meant"):
        features_by(Weights("panns", str(path), "0" * 64), clip)
    with pytest.raises(ConfigError, match="cannot be read as this network"):
        features_by(Weights("panns", str(path), sha256_of(path)), clip)
    with pytest.raises(ConfigError, match="no safetensors file"):
        features_by(Weights("panns", str(tmp_path / "net.pth"), "0" * 64), clip)
    with pytest.raises(ConfigError, match="there is i3d"):
        features_by(Weights("resnet", str(path), "0" * 64), clip)

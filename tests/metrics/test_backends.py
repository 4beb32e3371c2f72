"""Learned observers: loaded from a folder by path and sha256, tried on tiny random weights made here."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ConfigError
from kinema.metrics.ideal import ideal
from kinema.metrics.observation import Track
from kinema.metrics.observe import backends
from kinema.metrics.observe.backends import Points, Sam2, backend_from, chosen
from kinema.scenes.clip import Clip
from kinema.scenes.render import clip_of
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.world import truth_of

Weights = tuple[Path, str]
Seen = tuple[Clip, tuple[Track, ...]]
REQUEST = Request(prompt="", seconds=0.25, width=64, height=64, fps=24)


def _saved(model: object, folder: Path) -> str:
    model.save_pretrained(folder)  # type: ignore[attr-defined]
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def sam2(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A SAM 2 of toy size with random weights, written as transformers writes it."""
    import torch
    from transformers import Sam2VideoConfig, Sam2VideoModel

    torch.manual_seed(0)
    trunk = {
        "model_type": "sam2_hiera_det_model", "hidden_size": 8, "num_attention_heads": 1, "image_size": [64, 64],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [8, 16, 32, 64], "num_attention_heads_per_stage": [1, 1, 2, 2], "window_size_per_stage": [8, 4, 8, 4],
        "global_attention_blocks": [3], "window_positional_embedding_background_size": [4, 4],
    }  # fmt: skip
    vision = {
        "backbone_config": trunk, "backbone_channel_list": [64, 32, 16, 8], "backbone_feature_sizes": [[16, 16], [8, 8], [4, 4]],
        "fpn_hidden_size": 128,
    }  # fmt: skip
    config = Sam2VideoConfig(
        vision_config=vision, image_size=64,
        prompt_encoder_config={"hidden_size": 128, "image_size": 64, "patch_size": 16, "mask_input_channels": 8},
        mask_decoder_config={"hidden_size": 128, "mlp_dim": 32, "iou_head_hidden_dim": 32, "num_attention_heads": 2},
        memory_attention_hidden_size=128, memory_attention_feed_forward_hidden_size=32, memory_attention_num_layers=1,
        memory_attention_rope_feat_sizes=[4, 4], memory_encoder_hidden_size=128, memory_encoder_output_channels=64,
        mask_downsampler_embed_dim=128,
        memory_fuser_embed_dim=128, memory_fuser_intermediate_dim=32, memory_fuser_num_layers=1, max_object_pointers_in_encoder=4,
        num_maskmem=3,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("sam2")
    return folder, _saved(Sam2VideoModel(config), folder)


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A matcher of toy size with random weights."""
    import torch
    from transformers import EfficientLoFTRConfig, EfficientLoFTRForKeypointMatching

    torch.manual_seed(0)
    config = EfficientLoFTRConfig(
        stage_num_blocks=[1, 1, 1, 1], out_features=[16, 16, 32, 64], hidden_size=64, num_attention_layers=1, num_attention_heads=8,
        coarse_matching_threshold=0.0,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("points")
    return folder, _saved(EfficientLoFTRForKeypointMatching(config), folder)


@pytest.fixture(scope="module")
def fall() -> tuple[Clip, tuple[Track, ...]]:
    """Six frames of a drop, and a perfect observer's tracks of it."""
    truth = truth_of(scene_from_id("drop@1/seed=3"), 0.25)
    return clip_of(truth, REQUEST), ideal(truth, REQUEST).tracks


def test_sam2_is_loaded_by_its_digest_and_gives_a_mask_for_every_frame(sam2: Weights, fall: Seen) -> None:
    folder, digest = sam2
    clip, tracks = fall
    model = backend_from(f"sam2:{folder},sha256={digest}")
    assert isinstance(model, Sam2)
    masks = model.masks(clip, tracks[0])
    assert masks.shape == (6, 64, 64) and masks.dtype == bool
    assert np.array_equal(masks, model.masks(clip, tracks[0])), "the same clip gives the same masks"
    (track,) = model.follow(clip, tracks)
    assert track.id == tracks[0].id and len(track.frame) == masks.any(axis=(1, 2)).sum()
    assert np.isfinite(track.x).all() and np.isfinite(track.angle).all()


def test_a_mask_of_the_body_is_measured_as_the_body_is(fall: Seen) -> None:
    """Whatever the network says, masks become places and sizes in the same pixels as tracks."""
    clip, (track,) = fall
    masks = np.stack([backends._ellipse(track, k, 64, 64) > 0 for k in range(len(track.t))])
    measured = backends._from_masks(track, clip, masks)
    assert np.abs(measured.x - track.x).max() < 0.35 and np.abs(measured.y - track.y).max() < 0.35
    assert np.abs(measured.size / track.size - 1).max() < 0.15


def test_matched_points_move_a_body_by_the_similarity_that_they_show(points: Weights, fall: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, digest = points
    clip, tracks = fall
    model = backend_from(f"points:{folder},sha256={digest}")
    assert isinstance(model, Points)
    start, end = model.matches(clip.frames[0], clip.frames[3])
    assert start.shape == end.shape and start.shape[1] == 2
    grid = np.stack(np.meshgrid(np.arange(0.5, 64), np.arange(0.5, 64)), axis=-1).reshape(-1, 2).astype(np.float32)
    monkeypatch.setattr(model, "matches", lambda first, second: (grid, grid + np.float32([3, 2])))
    (track,) = model.follow(clip, tracks)
    best = backends._best(tracks[0])
    other = np.arange(len(track.t)) != best
    assert np.allclose(track.x[other], tracks[0].x[best] + 3, atol=0.01) and np.allclose(track.y[other], tracks[0].y[best] + 2, atol=0.01)
    assert np.allclose(track.turn, 0, atol=1e-4)


def test_wrong_weights_and_wrong_words_are_refused(sam2: Weights, tmp_path: Path) -> None:
    folder, digest = sam2
    with pytest.raises(ConfigError, match="has sha256"):
        backend_from(f"sam2:{folder},sha256={'0' * 64}")
    with pytest.raises(ConfigError, match=r"has no config\.json"):
        backend_from(f"sam2:{tmp_path},sha256={digest}")
    with pytest.raises(ConfigError, match="say classical"):
        chosen("sam3:somewhere")
    assert backend_from("classical") is None

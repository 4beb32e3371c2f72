"""Clips for the metrics' own networks, how a clip is laid before them, and that training them goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ConfigError
from kinema.files import sha256_of
from kinema.metrics import corpus, features_training
from kinema.metrics.corpus import FIRST_SEED, Shard, read_shards, render_clips, scene_and_take
from kinema.metrics.features import OWN, SHIPPED, SHIPPED_SHA256, features_of, features_of_nothing, read_networks, vectors_of
from kinema.metrics.features_damage import HEARD, SEEN, damaged_picture, damaged_sound
from kinema.metrics.features_network import SIZES, mel_of, patches_of, window_of
from kinema.metrics.features_training import Recipe, train_features
from kinema.scenes.clip import Clip
from kinema.scenes.scene import SCENES


def film(n: int = 24, height: int = 64, width: int = 64, rate: float = 8.0, seconds: float = 3.0, sound_rate: int = 16_000) -> Clip:
    rng = np.random.default_rng(0)
    frames = np.repeat(rng.integers(0, 255, (1, 8, 8, 3)), n, axis=0).repeat(height // 8, 1).repeat(width // 8, 2).astype(np.uint8)
    for i in range(n):
        frames[i, 10:20, (2 * i) % (width - 12) : (2 * i) % (width - 12) + 10] = (250, 20, 20)
    ring = np.sin(np.arange(int(seconds * sound_rate)) * 0.3) * np.exp(-np.arange(int(seconds * sound_rate)) / 3000)
    return Clip(frames, np.arange(n) / rate, np.stack([ring, 0.5 * ring]).astype(np.float32), sound_rate)


def test_training_seeds_are_nobody_elses_and_every_family_has_its_turn() -> None:
    first = [scene_and_take(k) for k in range(len(SCENES))]
    assert {scene.family for scene, _ in first} == set(SCENES)
    assert min(scene.seed for scene, _ in first) == FIRST_SEED == 3_000_000
    assert {take for _, take in first} == {0, 1, 2}
    assert len({(scene.style, scene.room) for scene, _ in first}) > 10


def test_other_peoples_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belongs to suites"):
        render_clips(tmp_path, 1, first_seed=2_000_000)


def test_a_shard_is_read_back_and_not_made_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "SCENES", {"drop": SCENES["drop"]})
    made: list[int] = []
    one = (np.zeros((24, 64, 64, 3), np.uint8), np.zeros((2, 48_000), np.float16), {"family": "drop"})
    monkeypatch.setattr(corpus, "_render_one", lambda *_: made.append(1) or one)
    render_clips(tmp_path, 2)
    render_clips(tmp_path, 3)
    assert len(made) == 3
    shards = list(read_shards(tmp_path, 2))
    assert [len(shard.rows) for shard in shards] == [1, 1]
    assert shards[0].sound.shape == (1, 2, 48_000)
    with pytest.raises(ConfigError, match="other clips"):
        render_clips(tmp_path, 1, first_seed=FIRST_SEED + 1)


@pytest.mark.parametrize("clip", [film(), film(72, 96, 128, 24.0), film(4, 480, 640, 8.0, 0.5), film(1, 64, 64, 8.0, 0.1, 48_000)])
def test_any_clip_gives_vectors_of_the_same_length(clip: Clip) -> None:
    found = features_of(clip)
    assert {name: len(vector) for name, vector in found.items()} == SIZES
    assert all(np.isfinite(vector).all() for vector in found.values())
    assert found == features_of(clip)


def test_nothing_is_a_clip_too() -> None:
    assert set(features_of_nothing()) == set(OWN)
    empty = Clip(np.zeros((0, 8, 8, 3), np.uint8), np.zeros(0), np.zeros((0, 0), np.float32))
    assert set(vectors_of(empty, *read_networks(SHIPPED, SHIPPED_SHA256))) == {"sound"}


def test_the_sound_vector_does_not_know_how_loud_a_clip_is() -> None:
    clip = film()
    soft = Clip(clip.frames, clip.times, 0.1 * clip.sound, clip.sound_rate)
    np.testing.assert_allclose(features_of(clip)["sound"], features_of(soft)["sound"], atol=2e-3)


def test_shipped_weights_are_small_and_the_ones_meant(tmp_path: Path) -> None:
    assert SHIPPED.stat().st_size < 5_000_000
    assert sha256_of(SHIPPED) == SHIPPED_SHA256
    with pytest.raises(ConfigError, match="was meant"):
        read_networks(SHIPPED, "0" * 64)
    with pytest.raises(ConfigError, match="kinema train features"):
        read_networks(tmp_path / "none.safetensors", "0" * 64)


def test_what_is_laid_before_the_networks() -> None:
    assert window_of(film(72, 90, 120, 24.0)).shape == (24, 64, 64, 3)
    assert patches_of(film(10, 512, 1024).frames).shape[1:] == (2, 48, 48, 3)
    assert mel_of(np.zeros((1, 100), np.float32), 16_000).max() == 0
    level = mel_of(film().sound, 16_000)[0]
    assert level.max() == pytest.approx(1, abs=1e-6)


def test_damage_keeps_shape_and_says_its_dose() -> None:
    clip = film()
    for seed in range(12):
        frames, seen = damaged_picture(clip.frames, np.random.default_rng(seed))
        sound, heard = damaged_sound(clip.sound, np.random.default_rng(seed))
        assert frames.shape == clip.frames.shape and frames.dtype == np.uint8
        assert sound.shape == clip.sound.shape and np.isfinite(sound).all()
        assert set(seen) == set(SEEN) and set(heard) == set(HEARD)
        assert all(0 <= dose <= 1 for dose in (*seen.values(), *heard.values()))


@pytest.mark.slow
def test_training_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = {"family": "drop", "style": "plain", "lighting": "studio", "room": "studio", "move": "static", "bodies": [{"material": "wood"}],
           "speed": 0.5, "view_m": 1.0, "contacts": [[0.5, 1.0, 0.1]], "decay_s": 0.2}  # fmt: skip
    clip = film()
    frames = np.stack([np.roll(clip.frames, k, axis=2) for k in range(24)])
    shard = Shard(frames, np.repeat(clip.sound[None], 24, axis=0).astype(np.float16), tuple([row] * 24))
    monkeypatch.setattr(features_training, "render_clips", lambda *_, **__: None)
    monkeypatch.setattr(features_training, "read_shards", lambda *_: iter([shard]))
    recipe = Recipe(clips=24, steps=3, batch=4, held_out=6)
    whole = train_features(tmp_path / "whole", recipe, progress=lambda *_: None)
    moments = iter([0.0, 0.0, 1e9])
    monkeypatch.setattr(features_training.time, "monotonic", lambda: next(moments, 1e9))
    assert train_features(tmp_path / "parts", recipe, minutes=1, progress=lambda *_: None) is None
    monkeypatch.undo()
    monkeypatch.setattr(features_training, "render_clips", lambda *_, **__: None)
    monkeypatch.setattr(features_training, "read_shards", lambda *_: iter([shard]))
    parts = train_features(tmp_path / "parts", recipe, progress=lambda *_: None)
    assert whole is not None and parts is not None
    assert whole.read_bytes() == parts.read_bytes()
    with pytest.raises(ConfigError, match="another recipe"):
        train_features(tmp_path / "parts", Recipe(clips=24, steps=4), progress=lambda *_: None)

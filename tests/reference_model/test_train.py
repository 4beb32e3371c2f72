from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from kinema.errors import ConfigError
from kinema.files import read_json
from kinema.reference_model.recipe import Recipe
from kinema.reference_model.train import train


def _recipe(trained: Path) -> Recipe:
    return Recipe.from_json(read_json(trained / "recipe.json"))


def _rows(out: Path, stage: str) -> list[dict[str, float]]:
    return [row for row in map(json.loads, (out / "loss.jsonl").read_text().splitlines()) if row["stage"] == stage]


def test_losses_fall(corpus: Path, trained: Path, tmp_path: Path) -> None:
    train(tmp_path, corpus=corpus, stage="video", recipe=replace(_recipe(trained), video_steps=60))
    losses = [row["loss"] for row in _rows(tmp_path, "video")]
    assert len(losses) == 3
    assert losses[-1] < 0.6 * losses[0]


def test_a_broken_off_training_ends_with_the_same_weights(corpus: Path, trained: Path, tmp_path: Path) -> None:
    calls = 0
    while train(tmp_path, corpus=corpus, recipe=_recipe(trained), minutes=0.0) is None:  # one step a call
        calls += 1
        assert calls < 60
    assert calls > 20
    for name in ("flow.safetensors", "video_decoder.safetensors", "config.json", "vocabulary.json"):
        assert (tmp_path / "weights" / name).read_bytes() == (trained / "weights" / name).read_bytes(), name
    assert [row["step"] for row in _rows(tmp_path, "flow")] == [12]


def test_another_seed_gives_other_weights(corpus: Path, trained: Path, tmp_path: Path) -> None:
    train(tmp_path, corpus=corpus, seed=1, stage="sound", recipe=_recipe(trained))
    assert (tmp_path / "sound.safetensors").read_bytes() != (trained / "sound.safetensors").read_bytes()


def test_a_checkpoint_of_another_plan_is_refused(corpus: Path, trained: Path, tmp_path: Path) -> None:
    recipe = _recipe(trained)
    train(tmp_path, corpus=corpus, stage="sound", recipe=recipe)
    with pytest.raises(ConfigError, match="another plan or corpus"):
        train(tmp_path, corpus=corpus, stage="sound", recipe=replace(recipe, sound_clips=2))
    train(tmp_path, corpus=corpus, stage="sound", recipe=replace(recipe, sound_clips=2), resume=False)


def test_stages_need_those_before_them(corpus: Path, trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="run the stage video first"):
        train(tmp_path, corpus=corpus, stage="latents", recipe=_recipe(trained))
    with pytest.raises(ConfigError, match="no training stage named 'dance'"):
        train(tmp_path, corpus=corpus, stage="dance")


def test_held_out_clips_are_watched(trained: Path) -> None:
    last = _rows(trained, "flow")[-1]
    assert {"loss", "picture", "sound", "track", "held_picture", "held_sound", "held_track"} <= set(last)

"""The small CLIP: words and frames as it reads them, its training from nothing, its metrics, and checkpoints from outside."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from kinema.errors import ConfigError
from kinema.metrics import clip_corpus, clip_train
from kinema.metrics.clip_corpus import FRAMES, SIZE, group_of, pick_frames
from kinema.metrics.clip_model import SceneClip, tokens_of
from kinema.metrics.clip_outside import LACKS, retrieval_outside, similarity_outside
from kinema.metrics.clip_score import DISTRACTORS, SHIPPED, clip_vector, retrieval, similarity
from kinema.metrics.clip_train import train_clip
from kinema.metrics.features import Weights
from kinema.metrics.look import look
from kinema.metrics.metric import Case, Scored, Unscored
from kinema.metrics.observation import Observation
from kinema.scenes.clip import Clip


def test_words_quantities_and_their_order() -> None:
    assert (tokens_of("A ball, 40 cm up") == tokens_of("a ball 0.4 m up")).all()
    assert (tokens_of("a ball 40 cm") != tokens_of("a ball 80 cm")).any()
    assert tokens_of("").max() == 0
    assert len(tokens_of("word " * 500)) == len(tokens_of(""))


@pytest.mark.parametrize("shape", [(1, 20, 30, 3), (8, 64, 64, 3), (300, 36, 64, 3)])
def test_any_number_and_size_of_frames(shape: tuple[int, ...]) -> None:
    assert pick_frames(np.zeros(shape, np.uint8)).shape == (FRAMES, SIZE, SIZE, 3)


def test_members_of_a_group_differ_in_one_factor() -> None:
    for number in range(4):
        (_, first), *rest = group_of(number)
        assert first.seed >= clip_corpus.FIRST_SEED
        assert {factor for factor, _ in rest} >= {"style", "lighting", "camera"}
        for factor, scene in rest:
            name = {"camera": "move"}.get(factor, factor)
            if name in ("style", "lighting", "move"):
                assert replace(scene, **{name: getattr(first, name)}) == first


def test_seeds_of_suites_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belongs to suites"):
        clip_corpus.render_groups(tmp_path, 1, first_seed=7)


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_corpus, "SHARD", 3)
    monkeypatch.setattr(clip_train, "GROUPS_A_STEP", 2)
    once = train_clip(tmp_path / "a", groups=3, steps=4)
    assert once is not None
    again = tmp_path / "b"
    again.mkdir()
    (again / "groups").symlink_to(tmp_path / "a" / "groups")
    assert train_clip(again, groups=3, steps=4, minutes=0.0) is None
    while (twice := train_clip(again, groups=3, steps=4, minutes=0.0)) is None:
        pass
    assert (once / "clip.safetensors").read_bytes() == (twice / "clip.safetensors").read_bytes()
    with pytest.raises(ConfigError, match="belongs to another training"):
        train_clip(again, groups=3, steps=5)


def test_vectors_have_length_one_and_padding_does_not_matter() -> None:
    net = SceneClip().eval()
    short, long = "a red ball falls", "a long prompt of many words " * 9
    assert net.read([short])[0] == pytest.approx(net.read([short, long])[0], abs=1e-5)
    assert np.linalg.norm(net.look(np.zeros((3, 9, 9, 3), np.uint8))) == pytest.approx(1, abs=1e-5)


def test_metrics_without_prompt_or_network_are_unscored() -> None:
    for metric in (similarity, retrieval):
        assert isinstance(metric(Observation(features={"clip": (1.0,)}), Case.outside(" ")), Unscored)
        assert isinstance(metric(Observation(), Case.outside("a ball")), Unscored)


@pytest.mark.skipif(not SHIPPED.exists(), reason="no trained weights yet")
def test_the_shipped_network_is_small_and_scores() -> None:
    assert SHIPPED.stat().st_size < 5e6
    seen = Observation(features={"clip": clip_vector(np.full((24, 64, 64, 3), 90, np.uint8))})
    for metric in (similarity, retrieval):
        answer = metric(seen, Case.outside("One red ball falls onto a wooden floor."))
        assert isinstance(answer, Scored)
        assert 0 <= answer.value <= 1


def test_a_checkpoint_of_open_clip_by_path_and_sha256(tmp_path: Path) -> None:
    open_clip = pytest.importorskip("open_clip")
    from safetensors.torch import save_file

    tiny = {
        "embed_dim": 16, "vision_cfg": {"image_size": 32, "layers": 1, "width": 16, "head_width": 8, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }  # fmt: skip
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"model_cfg": tiny, "preprocess_cfg": {}}))
    made = open_clip.create_model(f"local-dir:{tmp_path}", load_weights=False)
    file = tmp_path / "open_clip_model.safetensors"
    save_file({name: value.contiguous() for name, value in made.state_dict().items()}, file)
    weights = Weights("open_clip", str(tmp_path), hashlib.sha256(file.read_bytes()).hexdigest())
    clip = Clip(np.full((5, 40, 60, 3), 90, np.uint8), np.arange(5) / 24, np.zeros((1, 3200), np.float32), 16_000)
    case = Case.outside("a red ball")
    seen = look(clip, case, [weights])
    assert len(seen.features["open_clip"]) == 1 + DISTRACTORS
    for metric in (similarity_outside, retrieval_outside):
        answer = metric(seen, case)
        assert isinstance(answer, Scored)
        assert 0 <= answer.value <= 1
    with torch.no_grad():  # the same by open_clip alone
        prepare = open_clip.image_transform(32, is_train=False)
        picture = made.eval().encode_image(prepare(Image.fromarray(clip.frames[0]))[None])
        words = made.encode_text(open_clip.tokenize(["a red ball"]))
    assert seen.features["open_clip"][0] == pytest.approx(float(torch.cosine_similarity(picture, words)), abs=1e-4)
    assert similarity_outside(replace(seen, features={}), case) == Unscored(reason=LACKS)
    with pytest.raises(ConfigError, match="was meant"):
        look(clip, case, [replace(weights, sha256="0" * 64)])
    with pytest.raises(ConfigError, match="is no folder with"):
        look(clip, case, [replace(weights, path=str(tmp_path / "none"))])

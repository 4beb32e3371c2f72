"""Networks of picture and sound together: their parts against second implementations, files of tiny ones, and the columns from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from kinema.errors import ConfigError
from kinema.files import sha256_of
from kinema.metrics import imagebind as ib
from kinema.metrics import synchformer as sf
from kinema.metrics.backbones_pair import judged_by, mel_of_segments, window_scores, windows_of
from kinema.metrics.features import Weights, features_of
from kinema.metrics.metric import METRICS, Case, Scored, Unscored
from kinema.metrics.observation import Observation
from kinema.metrics.sync_networks import desync, imagebind, javis_score
from kinema.scenes.clip import Clip

CASE = Case.outside("a ball bounces")
TOYS = {"synchformer": lambda: sf.Synchformer(sf.Sizes(192, 1, 1, 1)), "imagebind": lambda: ib.ImageBind(ib.Sizes(80, 64, (1, 1), 8))}


def drawn(net: torch.nn.Module) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: torch.randn(value.shape, generator=generator) / 10 for name, value in net.state_dict().items()}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Weights]:
    found = {}
    for name, make in TOYS.items():
        path = tmp_path_factory.mktemp("toys") / f"{name}.safetensors"
        more = {"vfeat_extractor.patch_embed.proj.bias": torch.zeros(3), "modality_trunks.text.blocks.0.norm_1.bias": torch.zeros(3)}
        save_file(drawn(make()) | more, path)
        found[name] = Weights(name, str(path), sha256_of(path))
    return found


def clip_of(seconds: float, fps: float = 12.0, rate: int = 24_000) -> Clip:
    rng = np.random.default_rng(0)
    count = round(seconds * fps)
    frames = rng.integers(0, 255, (count, 40, 48, 3)).astype(np.uint8)
    return Clip(frames, np.arange(count) / fps, rng.normal(0, 0.1, (2, round(seconds * rate))).astype(np.float32), rate)


# Parts, against others' ------------------------------------------------------------------------------------------------------------------


@pytest.mark.slow  # for the import of transformers
def test_the_sound_tower_is_ast_by_transformers() -> None:
    from transformers import ASTConfig, ASTModel

    torch.manual_seed(0)
    tower = sf.SoundTower(128, 2).eval()
    tower.load_state_dict(drawn(tower))
    theirs = ASTModel(ASTConfig(hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=512, max_length=66)).eval()
    renamed = {}
    old = {"encoder.layer.": "layers.", "attention.attention.query": "attention.q_proj", "attention.attention.key": "attention.k_proj",
           "attention.attention.value": "attention.v_proj", "attention.output.dense": "attention.o_proj",
           "intermediate.dense": "mlp.fc1", "output.dense": "mlp.fc2"}  # fmt: skip
    for name, value in tower.ast.state_dict().items():
        for was, now in old.items():
            name = name.replace(was, now)  # noqa: PLW2901
        renamed[name] = value
    theirs.load_state_dict(renamed)
    x = torch.randn(2, 66, 128)
    with torch.no_grad():
        assert torch.allclose(tower.tokens(x), theirs(x).last_hidden_state, atol=1e-4)


@pytest.mark.parametrize("over_time", [True, False])
def test_divided_attention_is_attention_of_each_patch_by_itself(over_time: bool) -> None:
    torch.manual_seed(0)
    part = sf.Divided(64).eval()
    x = torch.randn(2, 1 + 3 * 4, 64)  # 3 frames of 4 places, one head
    with torch.no_grad():
        found = part(x, 3, over_time=over_time)
        q, k, v = part.qkv(x).chunk(3, -1)
        for token in range(13):
            frame, place = divmod(token - 1, 4)
            line = [1 + f * 4 + place for f in range(3)] if over_time else [1 + frame * 4 + p for p in range(4)]
            to = [0, *line] if token else list(range(13))
            weight = torch.softmax(q[:, token : token + 1] @ k[:, to].mT / 8, -1)
            assert torch.allclose(found[:, token], part.proj(weight @ v[:, to])[:, 0], atol=1e-5)


@pytest.mark.filterwarnings("ignore:At least one mel filter")  # as it is in the original
def test_energies_are_kaldis() -> None:
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    wave = np.random.default_rng(1).normal(0, 0.1, 32_000)
    bands = mel_filter_bank(257, 128, 20, 8000, 16_000, None, "kaldi", triangularize_in_mel_space=True)
    levels = spectrogram(
        wave - wave.mean(), window_function(400, "hann", periodic=False), 400, 160, 512, 2.0, center=False, preemphasis=0.97,
        mel_filters=bands, log_mel="log", mel_floor=1.192092955078125e-07, remove_dc_offset=True,
    )  # fmt: skip
    found = ib.fbank(wave)
    assert found.shape == (128, 204)
    assert levels.shape[1] == 198
    assert np.allclose(found[:, :198], (levels + 4.268) / 9.138, atol=1e-3)
    assert np.allclose(found[:, 198:], 4.268 / 9.138)
    assert np.isfinite(ib.fbank(np.zeros(0))).all()


def test_segments_have_66_frames_of_mel_levels() -> None:
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    wave = np.random.default_rng(1).normal(0, 0.1, 10_240)
    bands = mel_filter_bank(513, 128, 0, 8000, 16_000, None, "htk")
    window = np.pad(window_function(400, "hann"), (312, 312))
    levels = np.log(spectrogram(wave, window, 1024, 160, 1024, 2.0, mel_filters=bands, mel_floor=0.0) + 1e-6)
    found = mel_of_segments(torch.from_numpy(wave).float()).numpy()
    assert found.shape == (66, 128)
    assert np.allclose(found[:65], (levels.T + 4.2677393) / (2 * 4.5689974), atol=1e-3)


# Files -----------------------------------------------------------------------------------------------------------------------------------


def test_names_and_shapes_are_those_of_the_published_files() -> None:
    with torch.device("meta"):
        sync, bind = sf.Synchformer().state_dict(), ib.ImageBind().state_dict()
    for name, shape in {
        "vfeat_extractor.patch_embed_3d.proj.weight": (768, 3, 2, 16, 16), "vfeat_extractor.blocks.11.timeattn.qkv.weight": (2304, 768),
        "vfeat_extractor.spatial_attn_agg.self_attn.in_proj_weight": (2304, 768), "vfeat_extractor.temp_embed": (1, 8, 768),
        "afeat_extractor.ast.embeddings.position_embeddings": (1, 74, 768),
        "afeat_extractor.ast.encoder.layer.11.attention.attention.query.weight": (768, 768),
        "afeat_extractor.ast.encoder.layer.0.intermediate.dense.weight": (3072, 768),
        "afeat_extractor.freq_attn_agg.cls_token": (1, 1, 768),
        "transformer.pos_emb_cfg.pos_emb": (1, 198, 768), "transformer.blocks.2.mlp.2.weight": (768, 3072),
        "transformer.blocks.0.attn.proj.weight": (768, 768), "transformer.off_head.weight": (21, 768), "aproj.weight": (768, 768),
    }.items():  # fmt: skip
        assert tuple(sync[name].shape) == shape, name
    for name, shape in {
        "modality_preprocessors.vision.rgbt_stem.proj.1.weight": (1280, 3, 2, 14, 14),
        "modality_preprocessors.vision.pos_embedding_helper.pos_embed": (1, 257, 1280),
        "modality_preprocessors.audio.rgbt_stem.proj.weight": (768, 1, 16, 16),
        "modality_preprocessors.audio.rgbt_stem.norm_layer.weight": (768,),
        "modality_preprocessors.audio.pos_embedding_helper.pos_embed": (1, 229, 768),
        "modality_trunks.vision.pre_transformer_layer.0.weight": (1280,),
        "modality_trunks.vision.blocks.31.attn.in_proj_weight": (3840, 1280), "modality_trunks.audio.blocks.11.attn.bias_k": (1, 1, 768),
        "modality_heads.vision.2.weight": (1024, 1280), "modality_heads.audio.0.weight": (768,),
    }.items():  # fmt: skip
        assert tuple(bind[name].shape) == shape, name


def test_a_clip_is_judged_by_the_files_that_were_given(given: dict[str, Weights]) -> None:
    clip = clip_of(1.0)
    found = features_of(clip, tuple(given.values()))
    assert found == features_of(clip, tuple(given.values()))
    assert len(found["desync"]) == 42
    assert found["desync_segments"] == (2.0,)
    assert np.allclose(np.reshape(found["desync"], (2, 21)).sum(axis=1), 1, atol=1e-4)
    assert found["desync"][:21] == found["desync"][21:]  # fewer than 14 segments: the first are the last
    assert np.linalg.norm(found["imagebind_sound"]) == pytest.approx(1, abs=1e-4)
    seen = Observation(features=found)
    for metric in (desync, javis_score, imagebind):
        assert isinstance(metric(seen, CASE), Scored)


def test_odd_clips_are_judged(given: dict[str, Weights]) -> None:
    empty = Clip(np.zeros((0, 8, 8, 3), np.uint8), np.zeros(0), np.zeros((0, 0), np.float32))
    one = Clip(np.zeros((1, 8, 200, 3), np.uint8), np.zeros(1), np.zeros((0, 0), np.float32))
    for clip in (empty, one):
        seen = Observation(features=judged_by(given["synchformer"], clip) | judged_by(given["imagebind"], clip))
        assert all(np.isfinite(vector).all() for vector in seen.features.values())
        late = desync(seen, CASE)
        assert isinstance(late, Scored)
        assert late.value == 2.0


def test_another_network_is_refused(given: dict[str, Weights]) -> None:
    bind, clip = given["imagebind"], clip_of(0.5)
    with pytest.raises(ConfigError, match="cannot be read as this network"):
        judged_by(Weights("synchformer", bind.path, bind.sha256), clip)
    with pytest.raises(ConfigError, match="was meant"):
        judged_by(Weights("imagebind", bind.path, "0" * 64), clip)


# Columns ---------------------------------------------------------------------------------------------------------------------------------


def test_without_weights_nothing_is_scored_and_it_is_said_what_to_do() -> None:
    for metric in (desync, javis_score, imagebind):
        answer = metric(Observation(), CASE)
        assert isinstance(answer, Unscored)
        assert "path and sha256" in answer.reason


def test_they_are_columns_beside_the_score() -> None:
    for name in ("sync/desync", "sync/javis_score", "sync/imagebind"):
        card = METRICS[name].load()
        assert card.legacy
        assert not card.scaled
        assert card.blind
        assert card.formula


def test_desync_is_the_mean_size_of_the_likeliest_offsets() -> None:
    values = []
    for away in range(11):
        chances = np.full((2, 21), 0.01)
        chances[0, 10 - away] = chances[1, 10 + away] = 0.8
        answer = desync(Observation(features={"desync": tuple(chances.ravel()), "desync_segments": (8.0,)}), CASE)
        assert isinstance(answer, Scored)
        assert "repeated" in answer.why
        values.append(answer.value)
    assert np.allclose(values, np.arange(11) / 5)


def test_windows_take_their_least_alike_frames() -> None:
    assert windows_of(1.0) == [0.0]
    assert windows_of(2.6) == [0.0, 0.5, 0.6]
    times = np.arange(10) / 5
    cosines = np.arange(10.0)[:, None] / 10
    assert window_scores(cosines, times, [0.0]) == pytest.approx((0.15,))  # of 0, .1, .2, .3
    assert window_scores(cosines[:1], times[:1], [0.0]) == (0.0,)


def test_a_run_uses_what_its_metrics_ask_for_and_a_lost_clip_is_worst(given: dict[str, Weights], tmp_path: Path) -> None:
    from kinema.bench.plan import Plan, SceneRef, Unit, request_of
    from kinema.bench.suite import load_suite
    from kinema.bench.work import ClipTask, handle

    tables = "".join(f'[features.{one.name}]\npath = "{one.path}"\nsha256 = "{one.sha256}"\n' for one in given.values())
    text = 'name = "mine"\nfamilies = ["drop"]\nseeds = [3]\nwidth = 32\nheight = 32\nfps = 8\nseconds = 1\nmetrics = ["sync/{}"]\n'
    plans = {}
    for name in ("desync", "offset"):
        (tmp_path / f"{name}.toml").write_text(text.format(name) + tables)
        plans[name] = Plan(load_suite(str(tmp_path / f"{name}.toml")), (), (), "mine", {}, {})
    assert plans["desync"].features == (given["synchformer"],)
    assert plans["offset"].features is None
    suite = plans["desync"].suite
    scene = suite.scenes[0]
    asked = request_of(suite, scene)
    unit = Unit(number=0, generator="x", version="", scene_id=scene.id, request=asked, sample=0, scene=SceneRef(scene.id))
    for features, status in ((plans["desync"].features, Scored), (None, Unscored)):
        task = ClipTask(unit, ("sync/desync",), tmp_path, lost="none was there", features=features)
        answer = handle(task).results["sync/desync"]
        assert isinstance(answer, status)
        assert getattr(answer, "value", 2.0) == 2.0


def test_a_suite_names_them_or_leaves_them_out() -> None:
    from kinema.bench.suite import _metrics_for

    mine = {"sync/desync", "sync/javis_score", "sync/imagebind"}
    assert not mine & set(_metrics_for(["t2v"], ()))
    assert mine & set(_metrics_for(["t2v"], ("synchformer",))) == {"sync/desync"}
    assert mine <= set(_metrics_for(["t2v"], ("synchformer", "imagebind")))

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ConfigError
from kinema.reference_model.sample import ReferenceGenerator
from kinema.reference_model.weights import SHIPPED, load
from kinema.scenes.clip import Clip
from kinema.scenes.request import Request

_BLOCKED = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        bad = ("kinema.scenes.world", "kinema.scenes.render", "kinema.scenes.sound", "kinema.scenes.corpus",
               "kinema.scenes.catalogue", "kinema.metrics", "pybullet", "pybullet_data")
        if any(name == one or name.startswith(one + ".") for one in bad):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Block())
from kinema.reference_model.sample import ReferenceGenerator
from kinema.scenes.request import Request
clip = ReferenceGenerator(weights=sys.argv[1] or None, steps=2).generate(Request(prompt="A red ball falls 1.1 m.", seed=3))
import hashlib
print(clip.frames.shape, clip.sound.shape, hashlib.sha256(clip.frames.tobytes() + clip.sound.tobytes()).hexdigest())
"""


def _same(one: Clip, other: Clip) -> bool:
    return np.array_equal(one.frames, other.frames) and np.array_equal(one.sound, other.sound)


def _request(prompt: str = "A red ball falls 1.1 m.", seed: int = 3) -> Request:
    return Request(prompt=prompt, seed=seed)


def test_a_clip_has_its_own_size_rate_and_length(trained: Path) -> None:
    clip = ReferenceGenerator(trained / "weights", steps=2).generate(_request())
    assert clip.frames.shape == (32, 64, 64, 3)
    assert clip.frames.dtype == np.uint8
    assert np.allclose(clip.times, np.arange(32) / 16)
    assert clip.sound.shape == (1, 32_000)
    assert clip.sound.dtype == np.float32
    assert clip.sound_rate == 16_000
    assert np.isfinite(clip.sound).all()


def test_seed_and_prompt_decide_and_nothing_else(trained: Path) -> None:
    weights = trained / "weights"
    first = ReferenceGenerator(weights, steps=3).generate(_request())
    other = ReferenceGenerator(weights, steps=3)
    assert not _same(first, other.generate(_request(seed=4)))
    assert not _same(first, other.generate(_request("A blue ball drops from 60 cm")))
    assert _same(first, other.generate(_request()))  # whatever was made before


def test_without_text_the_prompt_is_not_read(trained: Path) -> None:
    generator = ReferenceGenerator(trained / "weights", text=False, steps=2)
    assert _same(generator.generate(_request()), generator.generate(_request("A blue ball drops from 60 cm")))


def test_it_works_with_simulator_renderer_and_metrics_out_of_reach(trained: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _BLOCKED, str(trained / "weights")], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    again = ReferenceGenerator(trained / "weights", steps=2).generate(_request())
    import hashlib

    digest = hashlib.sha256(again.frames.tobytes() + again.sound.tobytes()).hexdigest()
    assert run.stdout.split()[-1] == digest  # another process, the same bytes


def test_unknown_words_are_named(trained: Path) -> None:
    assert ReferenceGenerator(trained / "weights").unknown_words("A red zebra falls") == ("zebra",)


def test_other_modes_and_options_are_refused(trained: Path) -> None:
    with pytest.raises(ConfigError, match="not v2a"):
        ReferenceGenerator(trained / "weights").generate(Request(prompt="a ball", mode="v2a"))
    with pytest.raises(ConfigError, match="steps=0"):
        ReferenceGenerator(steps=0)


def test_weights_with_another_hash_are_refused(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(trained / "weights", folder)
    assert len(load(folder).version) == 12
    path = folder / "sound_decoder.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ConfigError, match="is missing or not the file"):
        load(folder)
    with pytest.raises(ConfigError, match="holds no weights"):
        load(tmp_path / "nowhere")


def test_the_version_names_the_weights(trained: Path, tmp_path: Path) -> None:
    from kinema.files import read_json, write_json
    from kinema.reference_model.weights import version_of

    config = read_json(trained / "weights" / "config.json")
    assert config["version"] == version_of(config["files"]) == ReferenceGenerator(trained / "weights").version
    shutil.copytree(trained / "weights", tmp_path / "weights")
    write_json(tmp_path / "weights" / "config.json", {**config, "version": "0" * 12})
    with pytest.raises(ConfigError, match="version"):
        load(tmp_path / "weights")


shipped = pytest.mark.skipif(not (SHIPPED / "config.json").exists(), reason="no weights in reference_model/weights yet")


@shipped
def test_shipped_weights_are_small_and_whole() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 20e6
    assert load().version == ReferenceGenerator().version


@shipped
def test_a_clip_takes_less_than_three_seconds() -> None:
    generator = ReferenceGenerator()
    generator.generate(_request())
    start = time.process_time()
    generator.generate(_request())
    assert time.process_time() - start < 3.0


@shipped
def test_a_pendulum_is_silent_and_a_drop_is_not() -> None:
    generator = ReferenceGenerator()
    swing = (
        "A single blue steel ball, 20 cm across, swings on a thin rod of 60 cm above a wooden floor in the gravity of Earth, "
        "let go on the left so that it first swings to the right. No sound."
    )
    drop = (
        "A blue steel ball, 20 cm across, falls straight down from 80 cm onto a wooden floor in the gravity of Earth and bounces. "
        "There is only one ball."
    )
    quiet, loud = (generator.generate(_request(text, seed=1)).sound for text in (swing, drop))
    assert np.abs(loud).max() > 1e-3
    assert np.abs(quiet).max() < 0.1 * np.abs(loud).max()

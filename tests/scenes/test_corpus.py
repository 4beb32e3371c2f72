"""The training corpus: seeds of its own, resumable, readable without pickle."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ConfigError
from kinema.scenes import corpus


def test_seeds_of_suites_and_calibration_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="1999999"):
        corpus.render_corpus(tmp_path, 1, first_seed=1_999_999)


def test_families_come_in_their_shares() -> None:
    names = [corpus.corpus_scene(number).family for number in range(600)]
    for name, share in corpus.SHARES:
        assert names.count(name) / 600 == pytest.approx(share, abs=0.06)


@pytest.mark.render
@pytest.mark.slow
def test_a_corpus_is_resumed_shard_by_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    corpus.render_corpus(tmp_path, 3, workers=1, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (3, 3)
    with np.load(tmp_path / "shard-0000.npz", allow_pickle=False) as shard:
        assert shard["frames"].shape == (3, 32, 64, 64, 3)
        assert shard["sound"].shape == (3, 32_000)
        assert np.isfinite(shard["sound"].astype(float)).all()
    prompts = json.loads((tmp_path / "prompts.json").read_text())
    assert [len(set(wordings)) for wordings in prompts] == [4, 4, 4]
    stamp = (tmp_path / "shard-0000.npz").stat().st_mtime_ns
    corpus.render_corpus(tmp_path, 3, workers=1)
    assert (tmp_path / "shard-0000.npz").stat().st_mtime_ns == stamp

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinema.errors import ConfigError
from kinema.reference_model.shards import read_corpus, track


def test_a_corpus_is_read_whole_or_in_part(corpus: Path) -> None:
    whole = read_corpus(corpus)
    assert whole.frames.shape == (8, 32, 64, 64, 3)
    assert whole.sounds.dtype == np.float32
    assert len(read_corpus(corpus, 5)) == 5


def test_no_corpus_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no finished corpus"):
        read_corpus(tmp_path)


def test_a_body_is_found_where_it_is(corpus: Path) -> None:
    found = read_corpus(corpus).tracks()
    assert found.shape == (8, 32, 2, 2)
    down = (8 + 44 * np.minimum(1.0, (np.arange(32) / 16 / 0.9) ** 2)) / 64
    assert np.abs(found[3, :, 0, 0] - 29 / 64).max() < 0.01
    assert np.abs(found[3, :, 0, 1] - down).max() < 0.01
    assert np.array_equal(found[:, :, 0], found[:, :, 1])  # one body: both rows are it


def test_two_bodies_keep_the_order_of_the_prompt() -> None:
    frames = np.full((2, 64, 64, 3), 170, np.uint8)
    frames[:, 10:20, 5:15] = (206, 38, 38)
    frames[:, 40:50, 45:55] = (36, 84, 200)
    places = track(frames, "a blue ball meets a red ball")
    assert places[0] == pytest.approx(np.array([[50 / 64, 45 / 64], [10 / 64, 15 / 64]]))


def test_a_body_that_leaves_stays_where_it_was() -> None:
    frames = np.full((3, 64, 64, 3), 170, np.uint8)
    frames[1, 10:20, 5:15] = (206, 38, 38)
    places = track(frames, "a red ball")[:, 0]
    assert places[0].tolist() == [0.5, 0.5]
    assert places[2].tolist() == places[1].tolist()

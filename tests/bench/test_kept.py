from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinema.bench.kept import kept
from kinema.bench.plan import SceneRef, request_of
from kinema.bench.suite import load_suite
from kinema.bench.validate_work import _base
from kinema.metrics.observation import Observation


def test_what_was_seen_is_looked_at_once_and_again_where_the_file_is_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kinema.bench.kept.cache_folder", lambda: tmp_path)
    looks: list[int] = []

    def look() -> tuple[Observation, dict[str, float]]:
        looks.append(1)
        return Observation(width=8, height=6, times=np.arange(3) / 24, counts=np.zeros(3, dtype=int)), {"see": 2.5}

    first, again = kept(["a", 1], look), kept(["a", 1], look)
    assert (len(looks), first[1], again[1]) == (1, {"see": 2.5}, {"see": 2.5})
    assert (again[0].width, again[0].times.tolist()) == (8, first[0].times.tolist())
    kept(["a", 2], look)
    assert len(looks) == 2
    for file in (tmp_path / "seen").iterdir():
        file.write_bytes(b"half a fi")
    kept(["a", 1], look)
    assert len(looks) == 3


@pytest.mark.slow
def test_how_a_clip_fits_a_prompt_is_kept_beside_how_it_looks(tmp_path: Path) -> None:
    suite = load_suite("smoke")
    ref = SceneRef.of(suite.families[0], suite.families[0].scene(suite.seeds[0]))
    base = _base(ref, request_of(suite, ref.scene(), "t2v"), tmp_path, True)
    assert {"look", "clip"} <= set(base.seen["features"])

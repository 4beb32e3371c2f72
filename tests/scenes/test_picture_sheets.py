"""Contact sheets: one picture per family, and a page that shows them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from kinema.scenes.scene import SCENES, scene_from_id
from kinema.scenes.sheets import sheet_of, write_sheets

pytestmark = pytest.mark.render


def test_a_sheet_shows_a_scene_over_time_and_in_every_style() -> None:
    scene = scene_from_id("drop@1/seed=1", prompt_id=0)
    sheet = sheet_of(scene, size=64)
    assert sheet.shape[1] == 6 * 64 + 5 * 4
    over_time, styles = sheet[-2 * 68 : -68 - 4], sheet[-68:-4]
    frames = [over_time[:, k * 68 : k * 68 + 64].astype(float) for k in range(6)]
    assert all(np.abs(one - other).mean() > 0.3 for one, other in pairwise(frames[:3]))
    drawn = [styles[:, k * 68 : k * 68 + 64].astype(float) for k in range(6)]
    for i in range(6):
        for j in range(i):
            assert np.abs(drawn[i] - drawn[j]).mean() > 3
    assert (sheet[: -2 * 68] < 120).any()  # the caption


def test_sheets_are_jpegs_that_the_index_shows(tmp_path: Path) -> None:
    written = write_sheets(tmp_path / "sheets", ["drop", "pendulum"], seed=2, size=48)
    assert [path.name for path in written] == ["drop.jpg", "pendulum.jpg", "index.md"]
    index = written[-1].read_text(encoding="utf-8")
    for family in ("drop", "pendulum"):
        path = tmp_path / "sheets" / f"{family}.jpg"
        assert cv2.imread(str(path)).shape[1] == 6 * 48 + 5 * 4
        assert f"({family}.jpg)" in index
        assert SCENES[family].load().draw(2).prompt in index
    again = write_sheets(tmp_path / "again", ["drop"], seed=2, size=48)
    assert again[0].read_bytes() == written[0].read_bytes()

"""The pages of a validation, from figures of one's choosing."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from kinema.metrics.faults import FAULTS
from kinema.reports.curves import curve_svg, matrix_svg
from kinema.reports.validity import file_of, pages


def curve(fault: str, height: float) -> dict[str, Any]:
    doses = FAULTS[fault].doses
    points = [{"dose": dose, "mean": height * k / len(doses), "sd": 0.1, "n": 9} for k, dose in enumerate(doses, 1)]
    return {"fault": fault, "unit": FAULTS[fault].unit, "points": points, "spearman": 1.0, "told": doses[2], "dropped": 0}


def found() -> dict[str, Any]:
    facts = ("kind", "unit", "doses", "by_scene", "meaning")
    metric = {
        "metric": "sync/made_up", "version": 1, "unit": "ms", "full": 2.0, "takes_sd": 0.1, "own": [curve("sound_delay", 2.0)],
        "others": [curve("blur", 0.01), curve("noise", 1.0)], "coupled": [], "misses": ["noise: moves it <by> much"], "scored": 9,
        "cost": {"metric": 1.0, "see": 300.0, "hear": 50.0}, "stray": {"fault": "noise", "share": 0.5, "response": 1.0},
    }  # fmt: skip
    axis = {"name": "shifted", "value": None, "plain": None, "n": 0, "good": None, "asked": "at least 90"}
    faults = {name: {fact: getattr(FAULTS[name], fact) for fact in facts} | {"scenes": ["a"]} for name in ("sound_delay", "blur", "noise")}
    return {
        "schema": 1, "suite": "made@1", "clips": 90, "faults": faults, "metrics": {"sync/made_up": metric}, "axis": [axis],
        "misses": ["sync/made_up: noise: moves it <by> much"],
    }  # fmt: skip


def test_there_is_a_page_per_metric_and_one_for_all(tmp_path: Path) -> None:
    index = pages(found(), tmp_path)
    text = index.read_text()
    assert f'href="{file_of("sync/made_up")}"' in text
    assert "&lt;by&gt;" in text
    assert "not tried" in text
    page = (tmp_path / file_of("sync/made_up")).read_text()
    assert page.count("<svg class=\"curve\"") == 3
    assert FAULTS["noise"].meaning.split(",")[0] in page
    assert "50.0 %" in page
    assert (tmp_path / "assets" / "style.css").exists()


def test_a_curve_is_well_formed_and_says_its_numbers() -> None:
    svg = ET.fromstring(curve_svg(curve("sound_delay", 2.0), "ms", full=3.0))
    titles = [title.text or "" for title in svg.iter("title")]
    assert len(titles) == len(FAULTS["sound_delay"].doses) + 1
    assert any(text.startswith("-500 ms") for text in titles)


def test_a_response_of_nothing_can_be_drawn() -> None:
    ET.fromstring(curve_svg(curve("blur", 0.0), "", full=0.0))


def test_the_matrix_tells_own_from_stray() -> None:
    svg = matrix_svg(list(found()["metrics"].values()), ["sound_delay", "blur", "noise"])
    assert [kind for kind in ("own", "stray", "quiet", "coupled") if f"cell {kind}" in svg] == ["own", "stray", "quiet"]
    ET.fromstring(svg)

"""The pictures show what they are given, where it happened."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kinema.reports.pictures import strobe
from kinema.reports.plots import HEIGHT, LEFT, RIGHT, WIDTH, Drawing, draw, envelope


def svg_of(tmp_path: Path, **values: Any) -> str:
    return draw(Drawing(out=tmp_path / "plot.svg", seconds=2.0, width=64, height=64, **values)).read_text()


def place_of(seconds: float) -> float:
    """Where a moment lies across a picture of two seconds, in SVG points."""
    return 72 * WIDTH * (LEFT + (RIGHT - LEFT) * seconds / 2.0)


def test_contacts_and_sounds_stand_at_their_times(tmp_path: Path) -> None:
    seen = {"tracks": [], "contacts": [{"t": 0.5, "confidence": 0.9}], "onsets": [{"t": 1.5}]}
    svg = svg_of(tmp_path, observation=seen)
    blue, orange = (re.findall(rf' x="([\d.]+)"[^>]*style="[^"]*var\(--{name}\)', svg) for name in ("seen", "heard"))
    assert blue, "a triangle for the contact"
    assert [float(x) for x in blue] == pytest.approx([place_of(0.5)] * 2, abs=0.02)
    assert orange, "a dot for the sound"
    assert [float(x) for x in orange] == pytest.approx([place_of(1.5)], abs=0.02)


def test_a_second_picture_keeps_nothing_of_the_first(tmp_path: Path) -> None:
    frames = [{"i": i, "t": i / 10, "x": 20.0, "y": 30.0} for i in range(10)]
    empty = svg_of(tmp_path)
    full = svg_of(tmp_path, observation={"tracks": [{"colour": "red", "frames": frames}], "contacts": [{"t": 1.0}], "onsets": [{"t": 1.0}]})
    assert len(full) > len(empty)
    assert svg_of(tmp_path) == empty


def test_gaps_in_a_track_stay_gaps(tmp_path: Path) -> None:
    def strokes(missing: set[int]) -> int:
        frames = [{"i": i, "t": i / 10, "x": 20.0 + i, "y": 30.0} for i in range(10) if i not in missing]
        svg = svg_of(tmp_path, observation={"tracks": [{"colour": "red", "frames": frames}]})
        lines = [text for text in re.findall(r'<path d="([^"]*)"[^>]*>', svg, re.DOTALL) if text.count("L") >= 5]
        return max((text.count("M") for text in lines), default=0)

    assert strokes(set()) == 1
    assert strokes({4, 5}) == 2


def test_silence_is_said(tmp_path: Path) -> None:
    sound = np.zeros((2, 640), np.float32)
    assert "no sound" in svg_of(tmp_path)
    assert "silent" in svg_of(tmp_path, sound=sound, sound_seconds=2.0)
    sound[1, 100] = 0.1
    assert "peak −20 dB" in svg_of(tmp_path, sound=sound, sound_seconds=2.0)
    assert " dB" not in svg_of(tmp_path, readable=False)


def test_envelope_holds_every_peak() -> None:
    sound = np.random.default_rng(3).normal(size=(2, 48_001)).astype(np.float32)
    low, high = envelope(sound, bins=100)
    assert high.max() == sound.max()
    assert low.min() == sound.min()
    assert len(low) == 100
    assert envelope(np.zeros((0, 0), np.float32)) is None


def test_strobe_shows_the_ball_at_every_chosen_moment() -> None:
    frames = np.full((30, 40, 120, 3), 200, np.uint8)
    for i in range(30):
        frames[i, 15:25, 4 * i : 4 * i + 4] = (200, 20, 20)
    still = strobe(frames, moments=4)
    red = (still[20, :, 1] < 160).reshape(30, 4).all(axis=1)
    assert red.sum() == 4, "four positions, thirty frames"
    assert red[[0, 29]].all(), "the first and the last"
    assert still[20, 117, 1] < still[20, 1, 1], "the last stands out most"
    assert (still[5] == 200).all(), "the background is untouched"


def test_a_body_that_lingers_is_no_background() -> None:
    frames = np.full((30, 40, 60, 3), 200, np.uint8)
    where = [20] * 24 + [40] * 6
    for frame, x in zip(frames, where, strict=True):
        frame[15:25, x - 5 : x + 5] = (200, 20, 20)
    discs = {i: [(float(x), 20.0, 7.0)] for i, x in enumerate(where)}
    holes = strobe(frames)[20, 20, 1]
    whole = strobe(frames, discs)
    assert holes > 100, "by the median alone, the ball's first place looks empty"
    assert whole[20, 20, 1] < 60
    assert whole[20, 40, 1] < 60
    assert (whole[20, 50:] == 200).all()


def test_size_of_a_plot_is_what_the_page_reserves(tmp_path: Path) -> None:
    assert f'viewBox="0 0 {72 * WIDTH:g} {72 * HEIGHT:g}"' in svg_of(tmp_path)
    assert round(640 * HEIGHT / WIDTH) == 350

"""Clips that nobody here made: phones, hands, busy walls. See ``README.md`` beside the clips."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinema.metrics.observation import Observation
from kinema.metrics.observe import Hints, observe
from kinema.scenes.clip import Clip, read_clip

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "real"
SEEN = [0.64, 1.37, 2.07, 2.77, 3.44, 4.11, 4.78, 5.38, 5.98, 6.55, 7.05, 7.55, 7.99]  # s, wall hits in necro_ball.mp4, by eye

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not REAL.is_dir(), reason=f"no clips in {REAL}")]


def look(name: str, hints: Hints | None = None) -> tuple[Clip, Observation]:
    clip = read_clip(REAL / name)
    return clip, observe(clip, hints)


@pytest.mark.parametrize("hints", [None, Hints(count=1, colours=("red",), shapes=("ball",))], ids=["unprompted", "prompted"])
def test_a_ball_on_a_rope_swings_into_a_wall(hints: Hints | None) -> None:
    clip, seen = look("physics/necro_ball.mp4", hints)
    ball = seen.tracks[0]
    asked = np.flatnonzero((clip.times >= 0.7) & (clip.times <= 8.1))
    assert ball.colour == "red" and np.isin(asked, ball.frame).mean() >= 0.9
    hits = np.array([c.t for c in seen.contacts if c.confidence >= 0.5 and 0 in c.bodies and 0.55 < c.t < 8.15])
    frame = float(np.median(np.diff(clip.times)))
    found = [float(np.abs(hits - t).min()) < 1.5 * frame for t in SEEN]
    extra = [t for t in hits if np.abs(np.array(SEEN) - t).min() >= 1.5 * frame]
    assert sum(found) >= 12 and len(extra) <= 1
    onsets = np.array([o.t for o in seen.onsets])
    lags = [float(onsets[np.abs(onsets - t - 0.1).argmin()] - t) for t in hits]
    assert np.median(lags) == pytest.approx(0.097, abs=0.015)


def test_a_tennis_ball_before_a_busy_picture_falls_at_g() -> None:
    clip, seen = look("physics/lucaoflaif_ball.mp4", Hints(count=1, colours=("yellow",)))
    ball = seen.tracks[0]
    assert len(ball.t) >= 0.9 * len(clip.times)
    sure = ball.confidence > 0.5
    bend = 2 * np.polyfit(ball.t[sure], ball.y[sure], 2)[0]
    assert bend * 0.067 / ball.diameter == pytest.approx(10.0, rel=0.1)
    assert [c for c in seen.contacts if c.confidence >= 0.5] == [] and seen.onsets == ()


def test_a_thrown_ball_is_told_from_the_hand() -> None:
    _, seen = look("physics/trflorian_ball.mp4", Hints(count=1, colours=("green",)))
    ball = seen.tracks[0]
    flight = (ball.t > 0.6) & (ball.t < 1.05)
    assert flight.sum() >= 8 and ball.diameter == pytest.approx(40, rel=0.2)
    bend = 2 * np.polyfit(ball.t[flight], ball.y[flight], 2)[0]
    assert bend == pytest.approx(10_200, rel=0.12)


@pytest.mark.parametrize("name", ["apple_falls_and_bounces", "paper_streamer_descends", "pushpin_skates"])
def test_generated_clips_are_observed_without_a_crash(name: str) -> None:
    clip, seen = look(f"generated/{name}.mp4")
    assert len(seen.counts) == len(clip.times) and all(np.isfinite(track.x).all() for track in seen.tracks)

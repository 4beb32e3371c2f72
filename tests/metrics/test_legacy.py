"""Peers' numbers must be the peers': their formulas on cases that can be worked out by hand, and their known faults."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from kinema.metrics import legacy, legacy_bodies
from kinema.metrics.ideal import ideal
from kinema.metrics.legacy import Terms
from kinema.metrics.metric import METRICS, Case, Scored, Unscored
from kinema.metrics.observation import Masks, Observation
from kinema.metrics.observe.masks import motion_mask
from kinema.scenes.request import Request
from kinema.scenes.scene import scene_from_id
from kinema.scenes.world import truth_of

SECONDS, FPS = 5.0, 24
WIDTH, HEIGHT = 320, 180
I2V = Request(prompt="", mode="i2v", seconds=2.0, width=64, height=64, fps=24)
NAMES = ("pisa_l2", "pisa_iou", "rigidbench_l2", "rigidbench_iou", "phyworld_velocity", "physics_iq", "physics_iq_verified")


def _toy(height: np.ndarray, x: float = 160.0) -> np.ndarray:
    """A dark ball of 8 px before a textured ground, at ``height`` px above where it lands, frame by frame."""
    rng = np.random.default_rng(0)
    ground = cv2.GaussianBlur(rng.uniform(120, 220, (HEIGHT, WIDTH, 3)).astype(np.float32), (0, 0), 2).astype(np.uint8)
    frames = np.repeat(ground[None], len(height), axis=0)
    for frame, up in zip(frames, height, strict=True):
        if np.isfinite(up):
            cv2.circle(frame, (round(x * 16), round((160 - up) * 16)), 8 * 16, (30, 30, 30), -1, cv2.LINE_AA, 4)
    return frames


def _fall(t: np.ndarray, *, e: float = 0.7) -> np.ndarray:
    """130 px in .9 s after half a second of waiting, then rebounds."""
    g = 2 * 130 / 0.9**2
    out, start, up, speed = np.full(len(t), 130.0), 0.5, 130.0, 0.0
    while start < t[-1]:
        landing = start + (speed + np.sqrt(speed**2 + 2 * g * up)) / g
        flying = t >= start
        out[flying] = (up + speed * (t - start) - g * (t - start) ** 2 / 2)[flying]
        speed, up, start = e * np.sqrt(speed**2 + 2 * g * up), 0.0, landing
        if speed < 20:
            out[t >= start] = 0.0
            break
    return out


def _score(frames: np.ndarray, true: np.ndarray, retake: np.ndarray) -> float:
    real, masks = motion_mask(true), motion_mask(frames)
    again = motion_mask(retake)
    return legacy.physics_iq_score(
        legacy.physics_iq_terms(masks, real, frames, true), legacy.physics_iq_terms(again, real, retake, true)
    )


def test_a_perfect_fall_shown_elsewhere_scores_no_better_than_a_frozen_picture_for_physics_iq() -> None:
    """A toy run: 100 for a second take, 12.9 frozen, 12.0 shifted, 63 for sinking at constant speed."""
    t = np.arange(round(SECONDS * FPS)) / FPS
    true, retake = _toy(_fall(t)), _toy(_fall(t, e=0.68))
    shifted = _score(_toy(_fall(t), x=185.0), true, retake)
    frozen = _score(np.repeat(true[:1], len(t), axis=0), true, retake)
    sinking = _score(_toy(np.clip(130 * (1 - t / 4.5), 0, 130)), true, retake)
    assert _score(true, true, retake) == 100
    assert shifted < frozen + 3 < sinking - 25


def test_nothing_moves_in_a_still_clip_and_noise_below_ten_levels_is_no_motion() -> None:
    still = np.full((6, 24, 24, 3), 90, np.uint8)
    assert not motion_mask(still).any()
    assert not motion_mask(still + np.random.default_rng(1).integers(0, 5, still.shape, dtype=np.uint8)).any()


def test_the_two_scores_by_hand() -> None:
    model, take = Terms(0.2, 0.4, 0.3, 0.012), Terms(0.4, 0.8, 0.6, 0.002)
    assert legacy.physics_iq_score(model, take) == pytest.approx(100 * (0.5 - 0.01))
    assert legacy.physics_iq_verified_score(model, take) == pytest.approx(100 * (0.5 * 3 + 0.002 / 0.012) / 4, abs=0.01)


def test_velocities_by_hand() -> None:
    shown, true = np.array([[0, 0], [1, 0], [3, 0.0]]), np.array([[0, 0], [1, 0], [2, 0.0]])
    assert legacy_bodies.velocity_errors(shown, true, 0.1) == pytest.approx((0 + 10 + 0 + 0) / 4)


@pytest.fixture(scope="module")
def fall() -> tuple[Case, Observation]:
    """A drop asked for with its first picture, and a perfect view of it with the masks of its own clip."""
    truth = truth_of(scene_from_id("drop@1/seed=3"), 3.6)
    case = Case.of(truth, I2V)
    return case, _with_masks(ideal(truth, I2V), truth)


def _with_masks(seen: Observation, truth: object) -> Observation:
    from kinema.scenes.render import buffers_of, render

    frames = render(truth, I2V)  # type: ignore[arg-type]
    labels = buffers_of(truth, I2V).instances  # type: ignore[arg-type]
    bodies = np.where(labels == 1, 1, 0).astype(np.uint8)
    return replace(seen, masks=Masks(bodies=bodies, moving=motion_mask(frames), small=frames[..., ::-1].copy()))


def _value(name: str, seen: Observation, case: Case) -> float:
    answer = METRICS[f"dynamics/{name}"].load().function(seen, case)
    assert isinstance(answer, Scored), answer
    return answer.value


def test_the_truth_itself_is_perfect_by_all_of_them(fall: tuple[Case, Observation]) -> None:
    case, seen = fall
    assert {name: _value(name, seen, case) for name in NAMES} == pytest.approx(
        dict(zip(NAMES, (0, 1, 0, 1, 0, 100, 100), strict=True)), abs=1e-6
    )


def test_a_ball_that_vanishes_is_perfect_for_pisa_and_rigidbench(fall: tuple[Case, Observation]) -> None:
    """Their fault, kept because it is theirs, and said on the cards."""
    case, seen = fall
    (track,) = seen.tracks
    columns = ("frame", "t", "x", "y", "size", "confidence", "long", "short", "rgb", "angle", "turn", "visible", "likeness")
    gone = replace(track, **{name: getattr(track, name)[:16] for name in columns})
    clip = replace(seen, tracks=(gone,))
    assert _value("pisa_l2", clip, case) == pytest.approx(0)
    assert _value("rigidbench_l2", clip, case) == pytest.approx(0)
    assert _value("phyworld_velocity", clip, case) > 0.3
    for name in ("pisa_l2", "rigidbench_l2"):
        assert any("vanishes" in spot for spot in METRICS[f"dynamics/{name}"].load().blind)


def test_nothing_of_the_kind_for_clips_from_text_alone(fall: tuple[Case, Observation]) -> None:
    case, seen = fall
    text = replace(case, request=replace(I2V, mode="t2v"))
    for name in NAMES:
        card = METRICS[f"dynamics/{name}"].load()
        assert isinstance(card.function(seen, text), Unscored)
        assert card.legacy and not card.scaled

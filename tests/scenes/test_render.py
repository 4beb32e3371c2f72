"""Pictures agree with the geometry that they show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from kinema.scenes.render import clip_of, render
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, scene_from_id
from kinema.scenes.world import simulate

pytestmark = pytest.mark.render


def disc(frames: np.ndarray, empty: np.ndarray, near: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Centroid and diameter of what differs from the empty stage round ``near`` (which keeps the shadow out)."""
    changed = np.abs(frames.astype(float) - empty).max(axis=-1) > 14
    rows, columns = np.indices(empty.shape[:2]) + 0.5
    inside = np.hypot(columns - near[:, 0, None, None], rows - near[:, 1, None, None]) < reach
    mask = changed & inside
    area = mask.sum((1, 2))
    x, y = (mask * columns).sum((1, 2)) / area, (mask * rows).sum((1, 2)) / area
    return np.stack([x, y], -1), 2 * np.sqrt(area / np.pi)


@pytest.mark.parametrize("take", [0, 1, 2])
@pytest.mark.parametrize("size", [(128, 128), (320, 180)])
def test_the_ball_is_drawn_where_the_camera_projects_it(take: int, size: tuple[int, int]) -> None:
    width, height = size
    scene = scene_from_id("drop@1/seed=1").take(take)
    truth = simulate(scene, 0.4)  # in the air, clear of its shadow
    request = Request(prompt="", seconds=0.4, width=width, height=height, fps=15)
    frames = render(truth, request)
    hidden = render(replace(truth, visible=np.zeros_like(truth.visible)), request)[0].astype(float)
    expected = truth.camera.project(truth.at(np.arange(len(frames)) / 15)[:, 0], width, height)
    wanted = 2 * scene.bodies()[0].radius * truth.camera.pixels_per_metre(width, height)
    centre, diameter = disc(frames, hidden, expected, 0.75 * wanted)
    assert np.abs(centre - expected).max() < 0.35
    assert np.median(diameter) == pytest.approx(wanted, rel=0.06)


def test_a_disc_is_round() -> None:
    truth = simulate(scene_from_id("drop@1/seed=1"), 0.1)
    request = Request(prompt="", seconds=0.1, width=512, height=512, fps=10)
    empty = render(replace(truth, visible=np.zeros_like(truth.visible)), request)[0].astype(float)
    mask = np.abs(render(truth, request)[0] - empty).max(axis=-1) > 14
    mask[300:] = False  # the shadow
    rows, columns = np.nonzero(mask)
    assert np.ptp(rows) == pytest.approx(np.ptp(columns), abs=2)
    area, box = mask.sum(), (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    assert area / box == pytest.approx(np.pi / 4, rel=0.02)


def test_the_floor_below_a_ball_is_in_shadow() -> None:
    scene = scene_from_id("drop@1/seed=1")
    truth = simulate(scene, 2.0)
    request = Request(prompt="", seconds=2.0, fps=24)
    frames = render(truth, request).astype(float)
    contact = truth.contacts[0]
    frame = round(contact.t * 24)
    x, y = truth.camera.project(np.array(contact.point), 128, 128)
    beneath = frames[frame, int(y) + 1 : int(y) + 4, int(x) - 2 : int(x) + 6].mean()
    before = frames[0, int(y) + 1 : int(y) + 4, int(x) - 2 : int(x) + 6].mean()
    assert beneath < 0.85 * before


@pytest.mark.parametrize("name", list(SCENES))
def test_same_truth_same_bytes(name: str) -> None:
    truth = simulate(SCENES[name].load().draw(1), 0.5)
    request = Request(prompt="", seconds=0.5, width=64, height=64, fps=8)
    assert np.array_equal(render(truth, request), render(truth, request))


def test_a_clip_has_picture_and_sound_of_the_length_asked_for() -> None:
    request = Request(prompt="", seconds=1.0, width=48, height=64, fps=30)
    clip = clip_of(simulate(scene_from_id("drop@1/seed=2"), 1.0), request)
    assert clip.frames.shape == (30, 64, 48, 3)
    assert clip.times[-1] == pytest.approx(29 / 30)
    assert clip.sound.shape == (2, 48_000)

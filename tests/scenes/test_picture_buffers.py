"""Depth, masks and flow say the same as the trajectories and the camera."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from kinema.scenes.picture.buffers import Buffers, buffers_of
from kinema.scenes.request import Request
from kinema.scenes.shapes import Box, Sheet, rotate
from kinema.scenes.truth import Body, Prop, Tie, Truth

REQUEST = Request(prompt="", seconds=0.5, width=128, height=128, fps=12)
FRAMES = np.arange(6) / 12
Build = Callable[..., Truth]
Named = Callable[..., Body]


def rolling(staged: Build, body_of: Named, move: str) -> Truth:
    """A ball and a box that move to the right and turn."""

    def place(t: np.ndarray) -> np.ndarray:
        return np.stack([np.stack([x + 0.5 * t, 0.0 * t - y, z - 0.2 * t], -1) for x, y, z in ((-0.3, 0.1, 0.5), (-0.2, 0.0, 0.25))], 1)

    def turned(t: np.ndarray) -> np.ndarray:
        ball = np.stack([0 * t, np.sin(2 * t), 0 * t, np.cos(2 * t)], -1)
        box = np.stack([np.sin(t) * 0.6, 0 * t, np.sin(t) * 0.8, np.cos(t)], -1)
        return np.stack([ball, box], 1)

    bodies = [body_of("ball", radius=0.1), body_of("box", "blue", Box((0.2, 0.16, 0.12)), 0.1)]
    return staged(bodies, place, turned, move=move)


def spots(buffers: Buffers, frame: int, number: int) -> np.ndarray:
    """Pixels (n, 2) of an instance that are well inside it."""
    mask = buffers.instances[frame] == number
    inner = mask.copy()
    for axis in (0, 1):
        inner &= np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    return np.argwhere(inner)


@pytest.mark.parametrize("move", ["static", "orbit_left", "pan_right", "tilt_up", "dolly_in", "zoom_out"])
def test_flow_leads_every_point_of_a_turning_body_to_where_the_camera_projects_it_next(
    staged: Build, body_of: Named, move: str
) -> None:
    truth = rolling(staged, body_of, move)
    buffers = buffers_of(truth, REQUEST)
    cameras, place, pose = truth.cameras(FRAMES), truth.at(FRAMES), truth.poses_at(FRAMES)
    for frame in (0, 3):
        camera, after = cameras[frame], cameras[frame + 1]
        for k in range(3):  # 0 is the stage
            rows, columns = spots(buffers, frame, k)[::7].T
            where = np.stack([columns, rows], -1) + 0.5
            depth = buffers.depth[frame, rows, columns].astype(float)
            right, forward, up = camera.axes
            scale = camera.pixels_per_metre(128, 128) * camera.distance
            shift = (camera.eye_height - camera.target[2]) * camera.pixels_per_metre(128, 128)
            u, v = (where[:, 0] - 64) / scale, (64 - shift - where[:, 1]) / scale
            point = camera.eye + depth[:, None] * (forward + u[:, None] * right + v[:, None] * up)
            if k:
                own = rotate(pose[frame, k - 1] * [-1, -1, -1, 1], point - place[frame, k - 1])
                point = place[frame + 1, k - 1] + rotate(pose[frame + 1, k - 1], own)
            expected = after.project(point, 128, 128) - where
            assert len(rows) > 10
            assert np.abs(buffers.flow[frame, rows, columns] - expected).max() < 0.1


def test_the_mean_flow_of_a_ball_is_its_track(staged: Build, body_of: Named) -> None:
    """Its surface is nearer than its centre, so it runs a little faster: by 2 % of 4 pixels here."""
    truth = staged([body_of("ball", radius=0.05)], lambda t: np.stack([0.4 * t - 0.1, 0 * t, 0.5 - 0.3 * t], -1)[:, None])
    buffers, track = buffers_of(truth, REQUEST), truth.pixels_at(FRAMES, 128, 128)[:, 0]
    for frame in range(5):
        mask = buffers.instances[frame] == 1
        step = buffers.flow[frame][mask].mean(axis=0)
        assert np.abs(step - (track[frame + 1] - track[frame])).max() < 0.1
        rows, columns = np.nonzero(mask)
        assert np.abs([columns.mean() + 0.5, rows.mean() + 0.5] - track[frame]).max() < 0.25  # whole pixels
        assert not buffers.flow[frame][buffers.instances[frame] == 0].any()


def test_masks_of_all_frames_together_lie_where_the_camera_projects_the_bodies(staged: Build, body_of: Named) -> None:
    request = Request(prompt="", seconds=1.0, width=128, height=128, fps=48)
    truth = staged([body_of("ball", radius=0.06)], lambda t: np.stack([0.5 * t - 0.25, 0 * t, 0.7 - 0.45 * t], -1)[:, None])
    instances, track = buffers_of(truth, request).instances, truth.pixels_at(np.arange(48) / 48, 128, 128)[:, 0]
    middles = np.array([np.argwhere(mask == 1).mean(axis=0)[::-1] + 0.5 for mask in instances])
    assert np.abs((middles - track).mean(axis=0)).max() < 0.05


def test_depth_of_the_stage_is_that_of_two_planes(staged: Build, body_of: Named) -> None:
    truth = staged([body_of("ball")], [[0.0, 0.0, 0.5]])
    depth, camera = buffers_of(truth, REQUEST).depth[0], truth.camera
    assert depth[0].max() == pytest.approx(0.9 + camera.distance, rel=1e-6)  # the wall, 0.9 m behind the plane of motion
    rows = np.arange(118, 128)
    shift = (camera.eye_height - camera.target[2]) * camera.pixels_per_metre(128, 128)
    down = (rows + 0.5 - 64 + shift) / (camera.pixels_per_metre(128, 128) * camera.distance)
    assert np.allclose(depth[118:, 64], camera.eye_height / down, rtol=1e-5)


def test_flow_of_a_sheet_and_of_a_string_is_that_of_their_ends(staged: Build, body_of: Named) -> None:
    x, z = np.meshgrid(np.linspace(-0.15, 0.15, 6), np.linspace(0.3, 0.6, 6))
    faces = tuple(f for i in range(5) for j in range(5) for a in [6 * i + j] for f in ((a, a + 1, a + 6), (a + 1, a + 7, a + 6)))
    rest = np.stack([x, 0 * x, z], -1).reshape(-1, 3)
    cloth = np.stack([rest + np.array([0.4 * t, 0, -0.1 * t]) for t in np.arange(241) / 240]).astype(np.float32)
    weight = body_of("weight", radius=0.03)
    truth = staged(
        [body_of("cloth", solid=Sheet(faces)), weight],
        lambda t: np.stack([np.zeros((len(t), 3)), np.stack([0.3 + 0 * t, 0 * t, 0.3 + 0.2 * t], -1)], 1),
        vertices={"cloth": cloth},
        ties=(Tie(kind="rod", start=("weight", (0.0, 0.0, 0.03)), end=("weight", (0.0, 0.0, 0.3))),),
    )
    buffers, scale = buffers_of(truth, REQUEST), truth.camera.pixels_per_metre(128, 128)
    mask = buffers.instances[2] == 1
    assert mask.sum() > 1000
    assert np.allclose(buffers.flow[2][mask], [0.4 * scale / 12, 0.1 * scale / 12], atol=0.02)
    at = truth.camera.project(np.array([0.3, 0.0, 0.3 + 0.2 * 2 / 12 + 0.15]), 128, 128).astype(int)
    assert buffers.instances[2, at[1], at[0]] == 0
    assert np.allclose(buffers.flow[2, at[1], at[0]], [0, -0.2 * scale / 12], atol=0.1)


def test_props_follow_the_bodies_and_one_sees_through_glass(staged: Build, body_of: Named) -> None:
    screen = Prop(name="screen", solid=Box((0.2, 0.02, 0.2)), position=(0.2, -0.2, 0.3))
    pane = Prop(name="pane", solid=Box((0.3, 0.02, 0.3)), position=(-0.2, -0.2, 0.3), opacity=0.3)
    truth = staged([body_of("a"), body_of("b")], [[-0.2, 0.0, 0.3], [0.2, 0.0, 0.3]], props=(screen, pane))
    instances = buffers_of(truth, REQUEST).instances[0]
    assert set(np.unique(instances)) == {0, 1, 3}  # the second body is behind the screen, the pane is not there
    assert instances.dtype == np.uint8

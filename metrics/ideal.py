"""What a perfect observer would write down of a truth: for trying metrics on, and as the measure of the real observer.

Nothing here looks at a picture. What is given is what :mod:`kinema.metrics.observe` should find in the truth's own clip: tracks, contacts,
onsets of impacts, and the camera's motion; of the sound nothing but the onsets' times and levels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.metrics.observation import Observation, Onset, Track, View, VisualContact
from kinema.scenes.palette import COLOURS
from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import mesh_of, rotate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.request import Request
    from kinema.scenes.truth import Body, Contact, Truth

__all__ = ["ideal"]

SOUND_SPEED = 343.0  # m/s
NEAR_S = 0.008  # s before and after a contact at which velocities are taken
SUDDEN = 0.3  # -, of the approach speed, that the velocity in the picture changes by; less is no contact to the eye
SLOWEST = 0.05  # m/s, approach of a contact that is worth a word
FULL_SCALE = 1.0  # N s, the impulse that is 0 dB
STILL = 12  # points of the background along each side, from which the camera's motion is read


def ideal(truth: Truth, request: Request, *, noise: float = 0.0, seed: int = 7) -> Observation:
    """The observation of a clip that shows the truth as asked.

    Args:
        truth: of all bodies, or of those that are followed by name alone; only these become tracks, in their order.
        request: size, rate and length of the clip.
        noise: px, standard deviation added to places.
        seed: of the noise.

    Example:
        >>> from kinema.scenes.request import Request
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import truth_of
        >>> seen = ideal(truth_of(scene_from_id("collision@1/seed=3"), 2.0), Request(prompt="", seconds=2.0))
        >>> len(seen.tracks), seen.contacts[0].bodies
        (2, (0, 1))
    """
    truth = truth.of_subjects()
    times = np.arange(request.frame_count) / request.fps
    cameras = truth.cameras(times)
    rng = np.random.default_rng(seed)
    tracks = [_track(truth, k, times, cameras, request, rng.normal(0, noise, (len(times), 2))) for k in range(len(truth.bodies))]
    counts = np.zeros(len(times), dtype=int)
    for track in tracks:
        counts[track.frame] += 1
    struck = [contact for contact in truth.contacts if contact.t < times[-1] and contact.approach_speed > SLOWEST]
    return Observation(
        width=request.width,
        height=request.height,
        times=times,
        counts=counts,
        tracks=tuple(track for track in tracks if len(track.t)),
        contacts=tuple(seen for seen in (_contact(truth, contact, request) for contact in struck) if seen is not None),
        onsets=tuple(_onset(truth, contact) for contact in struck),
        view=None if truth.scene.move == "static" else _view(truth, cameras, request),
    )


def _outline(body: Body, corners: NDArray[np.float64], camera: Camera, size: tuple[int, int]) -> NDArray[np.float32]:
    """(n, 2) pixels: the convex outline of a body whose surface points are ``corners`` in the world."""
    seen = camera.project(corners, *size).astype(np.float32)
    hull: NDArray[np.float32] = cv2.convexHull(seen)[:, 0]
    return hull


def _track(
    truth: Truth, k: int, times: NDArray[np.float64], cameras: Sequence[Camera], request: Request, shake: NDArray[np.float64]
) -> Track:
    body, size = truth.bodies[k], (request.width, request.height)
    where, pose = truth.at(times)[:, k], truth.poses_at(times)[:, k]
    ball = body.form.kind == "ball"
    sheet = body.name in truth.vertices
    still = np.zeros((0, 3)) if ball or sheet else mesh_of(body.form).vertices
    corners = truth.vertices_at(body.name, times) if sheet else None
    rows: list[tuple[float, ...]] = []
    for i, camera in enumerate(cameras):
        if ball:
            x, y = camera.project(where[i], *size)
            depth = float((where[i] - camera.eye) @ camera.axes[1])
            across = 2 * body.radius * camera.pixels_per_metre(*size) * camera.distance / depth
            rows.append((x, y, across, across, across, 0.0))
            continue
        points = corners[i] if corners is not None else where[i] + rotate(pose[i], still)
        hull = _outline(body, points, camera, size)
        moments = cv2.moments(hull)
        area = max(moments["m00"], 1e-6)
        (_, (w, h), degrees) = cv2.minAreaRect(hull)
        angle = -np.radians(degrees if w >= h else degrees + 90)
        rows.append((moments["m10"] / area, moments["m01"] / area, 2 * np.sqrt(area / np.pi), max(w, h), min(w, h), angle))
    table = np.array(rows)
    inside = (table[:, :2] > 0).all(axis=1) & (table[:, 0] < size[0]) & (table[:, 1] < size[1])
    kept = np.flatnonzero(inside & truth.visible_at(times)[:, k])
    table, where_seen = table[kept], table[kept, :2] + shake[kept]
    n = len(kept)
    name = body.colour if body.colour in COLOURS else None
    return Track(
        id=k, colour=name, frame=kept, t=times[kept], x=where_seen[:, 0], y=where_seen[:, 1], size=table[:, 2], confidence=np.ones(n),
        colours=(name or "",) * n, rgb=np.tile(np.array(COLOURS[name], dtype=float) if name else np.zeros(3), (n, 1)),
        long=table[:, 3], short=table[:, 4], angle=np.unwrap(table[:, 5], period=np.pi) if n else table[:, 5],
        turn=_turn(pose, cameras)[kept], marked=True, shape="disc" if ball else "other",
    )  # fmt: skip


def _turn(pose: NDArray[np.float64], cameras: Sequence[Camera]) -> NDArray[np.float64]:
    """(T,) radians turned about the line of sight since the first frame: the twist of each step, added up."""
    turns = np.zeros(len(pose))
    for i in range(1, len(pose)):
        x, y, z, w = pose[i]
        a, b, c, d = pose[i - 1]  # the step is pose[i] times the inverse of pose[i - 1]
        step = np.array([-w * a + x * d - y * c + z * b, -w * b + x * c + y * d - z * a, -w * c - x * b + y * a + z * d])
        real = w * d + x * a + y * b + z * c
        towards = -cameras[i].axes[1]  # seen from there, turning about it is counter-clockwise
        turns[i] = 2 * np.arctan2(step @ towards, real)
    turns = (turns + np.pi) % (2 * np.pi) - np.pi
    total: NDArray[np.float64] = np.cumsum(turns)
    return total


def _contact(truth: Truth, contact: Contact, request: Request) -> VisualContact | None:
    """A contact as the eye sees it, None where none of the followed bodies changes its velocity in the picture."""
    size = (request.width, request.height)
    names = [body.name for body in truth.bodies]
    taking = [names.index(name) for name in contact.bodies if name in names]
    if not taking or contact.t < NEAR_S:
        return None
    at = np.array([contact.t - NEAR_S, contact.t + NEAR_S])
    camera = truth.cameras(np.array([contact.t]))[0]
    speeds = [_velocity(truth, k, at, camera, size) for k in taking]
    ruler = camera.pixels_per_metre(*size)
    if max(float(np.linalg.norm(after - before)) for before, after in speeds) < SUDDEN * contact.approach_speed * ruler:
        return None
    x, y = camera.project(truth.at(np.array([contact.t]))[0, taking[0]], *size).tolist()
    second: int | str = taking[1] if len(taking) > 1 else "floor" if abs(contact.normal[2]) > 0.7 else "wall"
    (before, after), other = speeds[0], speeds[1] if len(taking) > 1 else None
    return VisualContact(
        t=contact.t, bodies=(taking[0], second), x=x, y=y, before=_pair(before), after=_pair(after),
        other_before=None if other is None else _pair(other[0]), other_after=None if other is None else _pair(other[1]),
    )  # fmt: skip


def _pair(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values[0]), float(values[1])


def _velocity(
    truth: Truth, k: int, at: NDArray[np.float64], camera: Camera, size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Velocities in the picture (px/s) before and after, as a still camera sees them."""
    index = np.clip(np.round(at * TRUTH_RATE).astype(int), 0, len(truth.times) - 1)
    step = 1e-3
    before, after = (
        (camera.project(truth.position[i, k] + step * truth.velocity[i, k], *size) - camera.project(truth.position[i, k], *size)) / step
        for i in index
    )
    return before, after


def _onset(truth: Truth, contact: Contact) -> Onset:
    away = float(np.linalg.norm(np.array(contact.point) - truth.cameras(np.array([contact.t]))[0].eye))
    level = 20 * float(np.log10(max(abs(contact.impulse), 1e-6) / FULL_SCALE / max(away, 0.1)))
    return Onset(t=contact.t + away / SOUND_SPEED, level_db=min(level, 0.0))


def _view(truth: Truth, cameras: Sequence[Camera], request: Request) -> View:
    """The similarity that brings points of the scene's own plane, seen in each frame, to where they were at first."""
    size, first = (request.width, request.height), cameras[0]
    right, _, up = first.axes
    half = first.view_height / 2
    u, v = (grid.ravel() for grid in np.meshgrid(np.linspace(-half, half, STILL), np.linspace(-half, half, STILL)))
    world = np.array(first.target) + u[:, None] * right + v[:, None] * up
    goal = first.project(world, *size)
    rows = []
    for camera in cameras:
        now = camera.project(world, *size)
        p, q = now @ np.array([1, 1j]), goal @ np.array([1, 1j])
        factor = np.vdot(p - p.mean(), q - q.mean()) / np.vdot(p - p.mean(), p - p.mean())
        shift = q.mean() - factor * p.mean()
        stray = float(np.sqrt(np.mean(np.abs(factor * p + shift - q) ** 2)))
        rows.append((shift.real, shift.imag, abs(factor), np.angle(factor), stray))
    x, y, scale, roll, stray_of = np.array(rows).T
    return View(x=x, y=y, scale=scale, roll=roll, stray=stray_of, confidence=np.ones(len(rows)))

"""What a truth looks like in the plane of its own first picture: the paths that the tracks of a clip are compared with.

A body's path is that of the middle of its outline, as a tracker sees it, not of its centre of mass: the two differ for doors, jaws and
boxes that fall over. Points of the plane are complex numbers (right + i * up) in metres at the camera's target.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import mesh_of, rotate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.truth import Body, Truth

__all__ = ["Reference", "reference_of"]

OUTLINE_RATE = 30.0  # Hz, of outlines; between them the middle's distance from the body's centre changes evenly
REMEMBERED = 4  # truths; a suite scores many clips against the same one
UNIT = 4096  # pixels of the picture that outlines are drawn in: fine enough for cv2's float32


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The bodies of a truth through its first camera.

    Attributes:
        plane: (bodies, samples) at 960 Hz: right + i * up, metres.
        size: (bodies, frames) metres, diameter of the disc of equal area, at ``OUTLINE_RATE``.
        slant: (bodies, frames) short over long side of the outline, at ``OUTLINE_RATE``; 1 for a disc.
        angle: (bodies, frames) radians, of the outline's long side from the right, counter-clockwise, unwrapped, at ``OUTLINE_RATE``.
        visible: (bodies, samples) at 960 Hz.
    """

    plane: NDArray[np.complex128]
    size: NDArray[np.float64]
    slant: NDArray[np.float64]
    angle: NDArray[np.float64]
    visible: NDArray[np.bool_]

    def at(self, body: int, times: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Path of a body at any moments, held at both ends."""
        step = np.clip(times * TRUTH_RATE, 0, self.plane.shape[1] - 1.001)
        low = step.astype(np.int64)
        share = step - low
        path = self.plane[body]
        value: NDArray[np.complex128] = path[low] * (1 - share) + path[low + 1] * share
        return value

    def size_at(self, body: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Size of a body's outline at any moments, metres."""
        return np.asarray(np.interp(times * OUTLINE_RATE, np.arange(self.size.shape[1]), self.size[body]))

    def usual_size(self, body: int, seconds: float) -> float:
        """The median size of a body's outline in the first ``seconds``, metres."""
        return max(float(np.median(self.size[body, : max(1, round(seconds * OUTLINE_RATE))])), 1e-9)

    def slant_at(self, body: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Short over long side of a body's outline at any moments."""
        return np.asarray(np.interp(times * OUTLINE_RATE, np.arange(self.slant.shape[1]), self.slant[body]))


_remembered: list[tuple[Truth, Reference]] = []


def reference_of(truth: Truth) -> Reference:
    """The reference of a truth; asked again about the same object it answers without computing."""
    for known, reference in _remembered:
        if known is truth:
            return reference
    reference = _made(truth)
    _remembered.insert(0, (truth, reference))
    del _remembered[REMEMBERED:]
    return reference


def _made(truth: Truth) -> Reference:
    camera = truth.cameras(np.zeros(1))[0]
    plane = _plane(camera, truth.position).T.copy()
    times = np.arange(int(truth.seconds * OUTLINE_RATE) + 2) / OUTLINE_RATE
    size, slant = np.ones((2, len(truth.bodies), len(times)))
    angle = np.zeros_like(size)
    for k, body in enumerate(truth.bodies):
        if body.form.kind == "ball" and body.name not in truth.vertices:
            depth = (truth.at(times)[:, k] - camera.eye) @ camera.axes[1]
            size[k] = 2 * body.radius * camera.distance / depth
            continue
        middle, size[k], slant[k], angle[k] = _outlines(truth, k, times, camera)
        away = middle - _plane(camera, truth.at(times)[:, k])
        moments = truth.times
        plane[k] += np.interp(moments, times, away.real) + 1j * np.interp(moments, times, away.imag)
    return Reference(plane=plane, size=size, slant=slant, angle=angle, visible=truth.visible.T)


def _plane(camera: Camera, points: NDArray[np.float64]) -> NDArray[np.complex128]:
    seen = camera.project(points, 1, 1) * camera.view_height
    plane: NDArray[np.complex128] = seen[..., 0] - 1j * seen[..., 1]
    return plane


def _outlines(
    truth: Truth, k: int, times: NDArray[np.float64], camera: Camera
) -> tuple[NDArray[np.complex128], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Middle, size, slant and angle of a body's convex outline at ``times``."""
    corners = _corners(truth, truth.bodies[k], k, times)
    seen = (camera.project(corners, UNIT, UNIT)).astype(np.float32)
    rows = np.array([_measured(points) for points in seen])
    metre = camera.view_height / UNIT
    return (rows[:, 0] - 1j * rows[:, 1]) * metre, rows[:, 2] * metre, rows[:, 3], np.unwrap(rows[:, 4], period=np.pi)


def _corners(truth: Truth, body: Body, k: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(times, points, 3): enough points of a body's surface to know its outline by."""
    if body.name in truth.vertices:
        return truth.vertices_at(body.name, times)
    points = np.asarray(mesh_of(body.form).vertices, dtype=float)
    points = points[_outermost(points)]
    turned = np.stack([rotate(pose, points) for pose in truth.poses_at(times)[:, k]])
    where: NDArray[np.float64] = truth.at(times)[:, k, None, :] + turned
    return where


def _outermost(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """The corners of the convex hull: the others never show in a convex outline."""
    from scipy.spatial import ConvexHull, QhullError

    try:
        corners: NDArray[np.int64] = ConvexHull(points).vertices
    except QhullError:  # flat
        return np.arange(len(points))
    return corners


def _measured(points: NDArray[np.float32]) -> tuple[float, float, float, float, float]:
    hull = cv2.convexHull(points)
    moments = cv2.moments(hull)
    area = max(moments["m00"], 1e-6)
    (_, (w, h), degrees) = cv2.minAreaRect(hull)
    size, slant = 2 * float(np.sqrt(area / np.pi)), min(w, h) / max(w, h, 1e-6)
    return moments["m10"] / area, moments["m01"] / area, size, slant, -float(np.radians(degrees if w >= h else degrees + 90))

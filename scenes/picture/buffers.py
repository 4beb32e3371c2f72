"""What belongs to every pixel beside its colour: how far, which thing, and where it goes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.picture.cast import Seen, cast
from kinema.scenes.picture.lens import Lens
from kinema.scenes.picture.stage import hit
from kinema.scenes.picture.things import Things

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.request import Request
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Buffers", "buffers_of"]


@dataclass(frozen=True, slots=True)
class Buffers:
    """Truth by the pixel, each at the pixel's centre.

    Attributes:
        depth: (T, H, W) float32, m along the camera's axis (not along the ray).
        instances: (T, H, W) uint8 or uint16: 0 is floor, wall, strings and rods; then the bodies from 1, in order; then the props.
        flow: (T - 1, H, W, 2) float32, pixels to the right and down: where the point of the surface seen at a pixel of frame i is in frame
            i + 1, less where it is now. It is given whether or not something hides the point by then.
    """

    depth: NDArray[np.float32]
    instances: NDArray[np.uint8] | NDArray[np.uint16]
    flow: NDArray[np.float32]


def buffers_of(truth: Truth, request: Request) -> Buffers:
    """Depth, instance masks and optical flow of the frames of :func:`~kinema.scenes.render.render`.

    What one sees through (water, glass) is not there for any of the three: they belong to what is behind it.

    Example:
        >>> from kinema.scenes.request import Request
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import simulate
        >>> truth = simulate(scene_from_id("drop@1/seed=3"), 0.1)
        >>> buffers = buffers_of(truth, Request(prompt="", seconds=0.1, width=32, height=24, fps=20))
        >>> buffers.depth.shape, buffers.flow.shape, buffers.instances.max()
        ((2, 24, 32), (1, 24, 32, 2), np.uint8(1))
    """
    times = np.arange(request.frame_count) / request.fps
    things, cameras = Things(truth, times), truth.cameras(times)
    shape = (len(times), request.height, request.width)
    most = max((thing.mask for thing in things.all), default=0)
    depth = np.empty(shape, np.float32)
    instances = np.zeros(shape, np.uint8 if most < 256 else np.uint16)
    flow = np.zeros((max(len(times) - 1, 0), *shape[1:], 2), np.float32)
    masks = np.array([thing.mask for thing in things.all])
    for i in range(len(times)):
        lens = Lens.of(cameras[i], request.width, request.height)
        seen = cast(lens, things.shapes(i, moving=False) + things.shapes(i, moving=True), shares=True)
        depth[i] = hit(lens, truth.room["wall_y"])[0]
        depth[i].ravel()[seen.cell] = 1 / seen.inverse
        instances[i].ravel()[seen.cell] = masks[seen.index]
        if i + 1 < len(times):
            ahead = Lens.of(cameras[i + 1], request.width, request.height)
            flow[i] = _flow(things, i, lens, ahead, seen, depth[i])
    return Buffers(depth, instances, flow)


def _flow(things: Things, frame: int, lens: Lens, ahead: Lens, seen: Seen, depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pixels (H, W, 2) to where the points of one frame are in the next."""
    points = _points(lens, depth)
    now = np.stack(np.meshgrid(np.arange(lens.width) + 0.5, np.arange(lens.height) + 0.5), axis=-1)
    if np.array_equal(lens.axes, ahead.axes) and np.array_equal(lens.eye, ahead.eye) and lens.focal == ahead.focal:
        flow = np.zeros((lens.height, lens.width, 2))
    else:
        flow = ahead.cells_of(points) - now
    flat = flow.reshape(-1, 2)
    here, where = points.reshape(-1, 3), now.reshape(-1, 2)
    for k in np.unique(seen.index):
        if things.moves(things.all[k]):
            rows = np.flatnonzero(seen.index == k)
            cell = seen.cell[rows]
            flat[cell] = ahead.cells_of(_next(things, frame, int(k), here[cell], seen, rows)) - where[cell]
    return flow.astype(np.float32)


def _points(lens: Lens, depth: NDArray[np.float32]) -> Array:
    """World points (H, W, 3), in double precision, so that a flow of a hundredth of a pixel is right."""
    x = ((np.arange(lens.width) + 0.5 - lens.centre[0]) / lens.focal)[None, :] * depth
    y = ((lens.centre[1] - np.arange(lens.height) - 0.5) / lens.focal)[:, None] * depth
    return np.stack([lens.eye[k] + x * lens.axes[0, k] + y * lens.axes[1, k] + depth * lens.axes[2, k] for k in range(3)], axis=-1)


def _next(things: Things, frame: int, k: int, points: Array, seen: Seen, rows: NDArray[np.int64]) -> Array:
    """Where points of a thing are in the next frame: they turn and move with it, or lie between the same vertices."""
    thing = things.all[k]
    if thing.solid is not None:
        centre, matrix = things.pose(frame, k)
        later, turned = things.pose(frame + 1, k)
        step = turned @ matrix.T
        away = points - centre
        return np.asarray(later + away[:, :1] * step[:, 0] + away[:, 1:2] * step[:, 1] + away[:, 2:] * step[:, 2])
    now, then = things.shape(frame, k), things.shape(frame + 1, k)
    assert now.vertices is not None and then.vertices is not None and now.faces is not None
    face, share = now.faces[seen.face[rows]], seen.share[rows].astype(float)
    move = (then.vertices - now.vertices)[face]
    first = 1 - share.sum(axis=-1, keepdims=True)
    return np.asarray(points + first * move[:, 0] + share[:, :1] * move[:, 1] + share[:, 1:] * move[:, 2])

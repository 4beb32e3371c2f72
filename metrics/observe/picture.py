"""Numbers about the picture as a whole: how still the still parts are, and how crisp the edges."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.metrics.observe.grain import banding_in, warping_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track, View

__all__ = ["picture_numbers"]

MOST_FRAMES = 64  # looked at for noise and flicker
MOST_POINTS = 85  # pixels from top to bottom at which noise is measured
MOST_EDGES, ALL_EDGES = 24, 48  # outlines of a body that are measured, in as many frames, and of all bodies together
LEAST_STEP = 25.0  # grey levels (over three channels) across an outline that can be measured


def picture_numbers(frames: NDArray[np.uint8], tracks: Sequence[Track], view: View | None = None) -> dict[str, float]:
    """``flicker``, ``noise``, ``sharpness``, and what ``grain.py`` finds: ``banding`` and ``warping``.

    Args:
        frames: (T, H, W, 3) grey levels.
        tracks: of the bodies, in pixels of these frames.
        view: the camera's motion in pixels of these frames; what moves with it does not flicker.

    Returns:
        ``flicker``: % of full scale, how much a still patch of 1/32 of the picture's height changes its grey level from frame to frame,
        median over patches and root mean square over frames; repeated frames are left out, moving bodies do not matter.
        ``noise``: % of full scale, the same for single pixels, against their patch.
        ``sharpness``: % of the picture's height over which the outlines of what is seen rise from 10 to 90 %; LOWER is crisper. From the
        bodies' outlines where there are bodies, else from the scene's strongest edges.
    """
    flicker, noise = _unrest(frames, view)
    return {
        "flicker": flicker,
        "noise": noise,
        "sharpness": _rise(frames, tracks),
        "banding": banding_in(frames),
        "warping": warping_in(frames),
    }


def _grey(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.asarray(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY))


def _unrest(frames: NDArray[np.uint8], view: View | None) -> tuple[float, float]:
    """Flicker and noise: the steps of patches, and those of single pixels against their patch."""
    grey = (_grey(frame) for frame in frames[:MOST_FRAMES])
    height, width = frames.shape[1:3]
    cell = max(1, height // 32)
    rows, columns = max(1, height // cell), max(1, width // cell)
    apart = max(3, height // MOST_POINTS)
    y, x = np.arange(0, rows * cell, apart), np.arange(0, columns * cell, apart)
    patches, points = [], []
    for i, (before, after) in enumerate(itertools.pairwise(grey)):
        if np.array_equal(before, after):  # a repeated frame is no stillness
            continue
        now = after if view is None else _brought_back(after, before, view, i)
        step = cv2.subtract(now, before, dtype=cv2.CV_32F)
        coarse = cv2.resize(step[: rows * cell, : columns * cell], (columns, rows), interpolation=cv2.INTER_AREA)
        patches.append(coarse)
        points.append(step[y[:, None], x] - coarse[(y // cell)[:, None], x // cell])
    if not patches:
        return 0.0, 0.0
    noise = _typical(np.stack(points))
    flicker = _typical(np.stack(patches))
    return float(np.sqrt(max(0.0, flicker**2 - (noise / cell) ** 2))), noise


def _brought_back(after: NDArray[np.uint8], before: NDArray[np.uint8], view: View, i: int) -> NDArray[np.uint8]:
    """Frame ``i + 1`` in the pixels of frame ``i``; what it does not show is taken from there."""
    ratio = view.scale[i] / view.scale[i + 1] * np.exp(1j * (view.roll[i] - view.roll[i + 1]))
    turn = view.scale[i + 1] * np.exp(1j * view.roll[i + 1])
    shift = complex(view.x[i] - view.x[i + 1], view.y[i] - view.y[i + 1]) / turn + (0.5 + 0.5j) * (ratio - 1)
    table = np.array([[ratio.real, -ratio.imag, shift.real], [ratio.imag, ratio.real, shift.imag]], dtype=np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (after.shape[1], after.shape[0])
    return np.asarray(cv2.warpAffine(after, table, size, before.copy(), flags=flags, borderMode=cv2.BORDER_TRANSPARENT))


def _typical(steps: NDArray[np.float32]) -> float:
    """Per cell the robust size of a step (its 68th percentile), the median over the cells, in % of full scale per frame."""
    rank = int(0.68 * len(steps))
    size = np.partition(np.abs(steps), rank, axis=0)[rank]
    return float(np.median(size)) / 255.0 * 100.0


def _rise(frames: NDArray[np.uint8], tracks: Sequence[Track]) -> float:
    height = frames.shape[1]
    widths: list[float] = []
    most = min(MOST_EDGES, -(-ALL_EDGES // max(1, len(tracks))))
    for track in tracks:
        sure = np.flatnonzero(track.confidence > 0.5)
        for k in sure[:: max(1, len(sure) // most)]:
            widths += _outline(frames[track.frame[k]], track.x[k], track.y[k], track.size[k] / 2)
    if len(widths) < 20:
        widths = _scene_edges(frames[len(frames) // 2])
    return float(np.median(widths)) / height * 100.0 if widths else 100.0


def _outline(frame: NDArray[np.uint8], x: float, y: float, radius: float) -> list[float]:
    """Rise distances, in pixels, along 24 spokes across a disc's outline."""
    reach = max(4.0, 0.7 * radius)
    along = np.arange(-reach, reach + 0.25, 0.25)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    px = x - 0.5 + (radius + along[None, :]) * np.cos(angle)[:, None]
    py = y - 0.5 + (radius + along[None, :]) * np.sin(angle)[:, None]
    spokes = cv2.remap(frame, px.astype(np.float32), py.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = (px > 0).all(axis=1) & (py > 0).all(axis=1) & (px < frame.shape[1] - 1).all(axis=1) & (py < frame.shape[0] - 1).all(axis=1)
    return [float(width) for width in _edge_widths(spokes[inside].astype(np.float32), 0.25)]


def _edge_widths(profiles: NDArray[np.float32], pitch: float) -> NDArray[np.float32]:
    """80 % of the height of the step along each profile (n, samples, 3) over its steepest slope; profiles without a step are left out."""
    n = profiles.shape[1] // 4
    step = profiles[:, -n:].mean(axis=1) - profiles[:, :n].mean(axis=1)
    height = np.sqrt(np.einsum("nc,nc->n", step, step))
    ramp = np.einsum("nsc,nc->ns", profiles, step / np.maximum(height, 1e-6)[:, None])
    slope = (ramp[:, 3:] - ramp[:, :-3])[:, n:-n].max(axis=1, initial=0.0) / (3 * pitch)
    clear = (height > LEAST_STEP) & (slope > 0)
    widths: NDArray[np.float32] = 0.8 * height[clear] / slope[clear]
    return widths


def _scene_edges(frame: NDArray[np.uint8]) -> list[float]:
    """Local contrast over slope at the strongest hundredth of the gradients, in pixels."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 8)
    around = np.ones((9, 9), np.uint8)
    contrast = cv2.dilate(grey, around) - cv2.erode(grey, around)
    strong = (slope >= np.percentile(slope, 99)) & (contrast > 10)
    return [float(v) for v in (0.8 * contrast[strong] / np.maximum(slope[strong], 1e-3))]

"""Numbers about the picture as a whole: how still the still parts are, and how crisp the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.metrics.observe.grain import banding_in, warping_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track

__all__ = ["picture_numbers"]

MOST_FRAMES = 64  # looked at for noise and flicker
MOST_EDGES = 24  # frames in which the bodies' outlines are measured
LEAST_STEP = 25.0  # grey levels (over three channels) across an outline that can be measured


def picture_numbers(frames: NDArray[np.uint8], tracks: Sequence[Track]) -> dict[str, float]:
    """``flicker``, ``noise``, ``sharpness``, and what ``grain.py`` finds: ``banding`` and ``warping``.

    Returns:
        ``flicker``: % of full scale, how much a still patch of 1/32 of the picture's height changes its grey level from frame to frame,
        median over patches and root mean square over frames; repeated frames are left out, moving bodies do not matter.
        ``noise``: % of full scale, the same for single pixels.
        ``sharpness``: % of the picture's height over which the outlines of what is seen rise from 10 to 90 %; LOWER is crisper. From the
        bodies' outlines where there are bodies, else from the scene's strongest edges.
    """
    flicker, noise = _unrest(frames)
    grain = {"banding": banding_in(frames), "warping": warping_in(frames)}
    return {"flicker": flicker, "noise": noise, "sharpness": _rise(frames, tracks)} | grain


def _unrest(frames: NDArray[np.uint8]) -> tuple[float, float]:
    grey = np.stack([cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames[:MOST_FRAMES]]).astype(np.float32)
    steps = np.diff(grey, axis=0)
    steps = steps[np.abs(steps).mean(axis=(1, 2)) > 0]  # a repeated frame is no stillness
    if len(steps) == 0:
        return 0.0, 0.0
    cell = max(1, frames.shape[1] // 32)
    size = (max(1, frames.shape[2] // cell), max(1, frames.shape[1] // cell))
    coarse = np.stack([cv2.resize(step, size, interpolation=cv2.INTER_AREA) for step in steps])
    return _typical(coarse), _typical(steps[:, ::3, ::3])


def _typical(steps: NDArray[np.float32]) -> float:
    """Per cell the robust size of a step (its 68th percentile), the median over the cells, in % of full scale per frame."""
    rank = int(0.68 * len(steps))
    size = np.partition(np.abs(steps), rank, axis=0)[rank]
    return float(np.median(size)) / 255.0 * 100.0


def _rise(frames: NDArray[np.uint8], tracks: Sequence[Track]) -> float:
    height = frames.shape[1]
    widths: list[float] = []
    for track in tracks:
        sure = np.flatnonzero(track.confidence > 0.5)
        for k in sure[:: max(1, len(sure) // MOST_EDGES)]:
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

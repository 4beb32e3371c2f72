"""Numbers about the picture as a whole: how still the still parts are, and how crisp the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import Track

__all__ = ["picture_numbers"]

MOST_FRAMES = 64  # looked at for noise and flicker
MOST_EDGES = 24  # frames in which the bodies' outlines are measured


def picture_numbers(frames: NDArray[np.uint8], tracks: Sequence[Track]) -> dict[str, float]:
    """``flicker``, ``noise`` and ``sharpness``.

    Returns:
        ``flicker``: % of full scale, how much a still patch of 1/32 of the picture's height changes its grey level from frame to frame,
        median over patches and root mean square over frames; repeated frames are left out, moving bodies do not matter.
        ``noise``: % of full scale, the same for single pixels.
        ``sharpness``: % of the picture's height over which the outlines of what is seen rise from 10 to 90 %; LOWER is crisper. From the
        bodies' outlines where there are bodies, else from the scene's strongest edges.
    """
    flicker, noise = _unrest(frames)
    return {"flicker": flicker, "noise": noise, "sharpness": _rise(frames, tracks)}


def _unrest(frames: NDArray[np.uint8]) -> tuple[float, float]:
    grey = np.stack([cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames[:MOST_FRAMES]]).astype(np.float32)
    steps = np.diff(grey, axis=0)
    steps = steps[np.abs(steps).mean(axis=(1, 2)) > 0]  # a repeated frame is no stillness
    if len(steps) == 0:
        return 0.0, 0.0
    cell = max(1, frames.shape[1] // 32)
    size = (max(1, frames.shape[2] // cell), max(1, frames.shape[1] // cell))
    coarse = np.stack([cv2.resize(step, size, interpolation=cv2.INTER_AREA) for step in steps])
    return _typical(coarse), _typical(steps[:, ::2, ::2])


def _typical(steps: NDArray[np.float32]) -> float:
    """Per cell the robust size of a step (its 68th percentile), the median over the cells, in % of full scale per frame."""
    size = np.percentile(np.abs(steps), 68, axis=0)
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
    return [w for spoke, ok in zip(spokes.astype(float), inside, strict=True) if ok and (w := _edge_width(spoke, 0.25)) > 0]


def _edge_width(profile: NDArray[np.float64], pitch: float) -> float:
    """Steepest-slope width: 80 % of the height of the step over its steepest slope; 0 where there is no step."""
    n = len(profile) // 4
    step = profile[-n:].mean(axis=0) - profile[:n].mean(axis=0)
    height = float(np.linalg.norm(step))
    if height < 25:
        return 0.0
    ramp = profile @ (step / height)
    middle = ramp[n : len(ramp) - n] if len(ramp) > 4 * n else ramp
    smooth = np.convolve(np.diff(middle), np.ones(3) / 3, "valid")
    slope = float(smooth.max()) / pitch if len(smooth) else 0.0
    return 0.8 * height / slope if slope > 0 else 0.0


def _scene_edges(frame: NDArray[np.uint8]) -> list[float]:
    """Local contrast over slope at the strongest hundredth of the gradients, in pixels."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(grey, cv2.CV_32F, 0, 1) / 8)
    around = np.ones((9, 9), np.uint8)
    contrast = cv2.dilate(grey, around) - cv2.erode(grey, around)
    strong = (slope >= np.percentile(slope, 99)) & (contrast > 10)
    return [float(v) for v in (0.8 * contrast[strong] / np.maximum(slope[strong], 1e-3))]

"""Grain of the picture: steps where there should be a slope, and what is left when each frame is moved onto the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["banding_in", "warping_in"]

FRAMES = 3  # looked at for banding
REACH = 9  # pixels, side of the window in which a slope is told from an edge
STEEP, FLAT = 3.0, 0.05  # grey levels per pixel: above it is an edge, below it nothing changes and nothing can be banded
LEAST = 200  # pixels on slopes, without which there is nothing to judge
SPREAD = 8.0  # levels over which a histogram is smoothed
LEAST_SIDE = 32  # pixels; the flow dies on smaller pictures, and takes the process with it
PAIRS = 8  # pairs of frames looked at for warping
SIDE = 128  # pixels, longer side of the pictures that are warped
COVERED = 0.9  # share of the pixels that count: the worst tenth may lie behind something in one of the two frames


def banding_in(frames: NDArray[np.uint8]) -> float:
    """How many times fewer levels a channel uses on gentle slopes than even use would: 1.5 in good pictures, 3 in bands.

    Levels are counted as the exponential of the entropy of their histogram, against that of the same histogram smoothed over eight levels:
    bands leave a comb. Median over channels and frames. Noise fills the comb, blur hardly changes it.

    Example:
        >>> slope = np.tile(np.linspace(60, 160, 128), (128, 1))
        >>> film = np.repeat(np.repeat(slope[None, ..., None], 3, axis=3), 2, axis=0)
        >>> [round(banding_in((np.round(film / k) * k).astype(np.uint8))) for k in (1, 12, 25)]
        [1, 13, 26]
    """
    if len(frames) == 0 or min(frames.shape[1:3]) < 2 * REACH:
        return 0.0
    found = []
    for i in np.unique(np.linspace(0, len(frames) - 1, FRAMES).astype(int)):
        ratios = [_comb(np.ascontiguousarray(frames[i, ..., channel])) for channel in range(3)]
        found += [float(np.median(ratios))] if all(ratios) else []
    return float(np.median(found)) if found else 0.0


def _comb(channel: NDArray[np.uint8]) -> float:
    """The ratio of one channel; 0 where too little of it lies on gentle slopes."""
    wide = cv2.blur(channel.astype(np.float32), (2 * REACH, 2 * REACH))
    slope = np.maximum(np.abs(cv2.Sobel(wide, cv2.CV_32F, 1, 0)), np.abs(cv2.Sobel(wide, cv2.CV_32F, 0, 1))) / 8
    gentle = (slope > FLAT) & (cv2.dilate(slope, np.ones((REACH, REACH), np.uint8)) < STEEP)
    counts = np.bincount(channel[gentle], minlength=256).astype(float)
    return _levels(gaussian_filter1d(counts, SPREAD, mode="constant")) / _levels(counts) if counts.sum() >= LEAST else 0.0


def _levels(counts: NDArray[np.float64]) -> float:
    """How many levels are used, as the exponential of the entropy."""
    share = counts[counts > 0] / counts.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def warping_in(frames: NDArray[np.uint8]) -> float:
    """% of full scale by which a frame differs from the next one moved back along the optical flow between them, occlusions left out.

    Lai et al. 2018 (arXiv:1808.00449), with DIS flow in place of a network's.
    """
    if len(frames) < 2 or min(frames.shape[1:3]) < 16:
        return 0.0
    scale = min(1.0, SIDE / max(frames.shape[1:3]))
    size = max(LEAST_SIDE, round(frames.shape[2] * scale)), max(LEAST_SIDE, round(frames.shape[1] * scale))
    flow_of = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    x, y = np.meshgrid(np.arange(size[0], dtype=np.float32), np.arange(size[1], dtype=np.float32))
    errors = []
    for i in np.unique(np.linspace(0, len(frames) - 2, PAIRS).astype(int)):
        first, second = (cv2.cvtColor(cv2.resize(frames[k], size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY) for k in (i, i + 1))
        flow = flow_of.calc(first, second, None)
        back = cv2.remap(second, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        off = np.sort(np.abs(back.astype(np.float32) - first.astype(np.float32)).ravel())
        errors.append(float(off[: int(COVERED * len(off))].mean()))
    return float(np.median(errors)) / 255 * 100

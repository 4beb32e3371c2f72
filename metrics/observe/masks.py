"""Masks for comparisons pixel by pixel: where each body is seen, and where anything moves as Physics-IQ has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.metrics.observation import Masks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["masks_of", "motion_mask"]

FINEST, QUARTER = 128, 4  # pixels of a side below which nothing is divided; by which both sides are divided at most
FINER = 4  # times as fine as the mask, for outlines
MOST_SIDE = 256  # pixels of a mask; a larger picture is divided further
KEPT, NEW = 0.7, 0.3  # running average of Physics-IQ
CHANGED = 10.0  # grey levels


def motion_mask(frames: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(T, H, W): the motion mask of Physics-IQ (``generate_mask`` of its repository): what differs from a running average.

    ``A <- .7 A + .3 G`` of the grey picture under a 5 x 5 Gaussian, updated before the difference; ``|G - round(A)| > 10``, opened and
    closed with 5 x 5 ones; the first frame has none.
    """
    block = np.ones((5, 5), np.uint8)
    out = np.zeros(frames.shape[:3], bool)
    average: NDArray[np.float32] | None = None
    for i, frame in enumerate(frames):
        grey = cv2.GaussianBlur(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), (5, 5), 0)
        if average is None:
            average = grey.astype(np.float32)
            continue
        average = np.asarray(cv2.addWeighted(average, KEPT, grey.astype(np.float32), NEW, 0), dtype=np.float32)
        differs = (cv2.absdiff(grey, cv2.convertScaleAbs(average)) > CHANGED).astype(np.uint8)
        out[i] = cv2.morphologyEx(cv2.morphologyEx(differs, cv2.MORPH_OPEN, block), cv2.MORPH_CLOSE, block) > 0
    return out


def masks_of(frames: NDArray[np.uint8], outlines: Sequence[dict[int, NDArray[np.float64]]]) -> Masks:
    """All three masks.

    Args:
        frames: (T, H, W, 3) sRGB.
        outlines: for each track, by frame, the outline (n, 2) in pixels of the frames.
    """
    total, height, width = frames.shape[:3]
    less = max(1, min(QUARTER, min(height, width) // FINEST), int(np.ceil(max(height, width) / MOST_SIDE)))
    h, w = max(1, height // less), max(1, width // less)
    small = np.empty((total, h, w, 3), np.uint8)
    moving = np.zeros((total, h, w), bool)
    for i, mask in enumerate(_moving(frames)):
        small[i] = cv2.resize(frames[i], (w, h))[..., ::-1]
        moving[i] = cv2.resize(mask, (w, h)) > 127
    bodies = np.zeros((total, h, w), np.uint8)
    scale = np.array([w / width, h / height])
    for k, outline in enumerate(outlines):
        for i, rim in outline.items():
            bodies[i][_filled(rim * scale, h, w)] = k + 1
    return Masks(bodies=bodies, moving=moving, small=small)


def _filled(rim: NDArray[np.float64], height: int, width: int) -> NDArray[np.bool_]:
    """The pixels half covered by an outline (n, 2); drawn finer, because a filled polygon keeps every pixel that it touches."""
    fine = np.zeros((FINER * height, FINER * width), np.uint8)
    points = np.round((FINER * rim - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(fine, [points[:, None]], 255, shift=4)
    covered: NDArray[np.bool_] = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA) >= 128
    return covered


def _moving(frames: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The motion masks as pictures of 0 and 255."""
    return [mask.astype(np.uint8) * 255 for mask in motion_mask(frames)]

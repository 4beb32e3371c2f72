"""From pictures to blobs: what differs from the background, without shadows and without thin things."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.colour import chroma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observe.background import Background

__all__ = ["Blob", "blobs_in", "blobs_of_mask", "body_mask"]

MOST_BLOBS = 12  # per frame, the largest: where everything moves, nothing is to be found among the rest
LEAST_AREA = 12.0  # pixels: a disc of radius 2
DARKEST_SHADOW = 0.35  # of the light that the background gets
BRIGHTEST_GLOW = 1.25  # the same for light that a body throws
SHADOW_TINT = 0.045  # how much colour, relative to brightness, a shadow may add


class Blob(NamedTuple):
    """One connected thing in one frame; lengths in pixels of the picture it was found in, origin top left."""

    frame: int
    x: float
    y: float
    area: float
    inner: float  # radius of the largest disc inside
    tint: tuple[float, float]  # chroma of its core
    edge: bool  # touches the border of the picture

    @property
    def radius(self) -> float:
        """Radius of the disc of equal area."""
        return float(np.sqrt(self.area / np.pi))

    @property
    def roundness(self) -> float:
        """1 for a disc, less for anything long or ragged."""
        return min(1.0, (self.inner + 0.3) / max(self.radius, 1e-6))


def body_mask(frame: NDArray[np.uint8], background: Background, *, shadows: bool = False) -> NDArray[np.uint8]:
    """1 where a frame differs from the background by more than light and shade."""
    value = frame.astype(np.float32)
    still = background.image
    red, green, blue = cv2.split(cv2.absdiff(value, still))
    mask = cv2.max(cv2.max(red, green), blue) > background.tolerance
    if not shadows:
        norm = total(still * still) + 1.0
        dot = total(value * still)
        share = dot / norm
        tint = cv2.sqrt(cv2.max(total(value * value) - share * dot, 0.0))
        allowed = cv2.max(0.7 * background.tolerance, SHADOW_TINT * cv2.sqrt(norm))
        mask &= ~((tint < allowed) & (share > DARKEST_SHADOW) & (share < BRIGHTEST_GLOW))
    found: NDArray[np.uint8] = mask.astype(np.uint8)
    return found


def total(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum over the channels; ten times faster than numpy's over a short last axis."""
    return np.asarray(cv2.transform(picture, np.ones((1, 3), np.float32)))


def blobs_in(frame: NDArray[np.uint8], number: int, background: Background, *, shadows: bool = False) -> list[Blob]:
    """The blobs of one frame."""
    mask = body_mask(frame, background, shadows=shadows)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    return blobs_of_mask(mask, frame, number)


def blobs_of_mask(mask: NDArray[np.uint8], frame: NDArray[np.uint8], number: int) -> list[Blob]:
    """The connected parts of a mask, each without what is thinner than half of its thickest place."""
    height, width = mask.shape
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    found: list[Blob] = []
    for k in range(1, count):
        x0, y0, w, h, area = (int(v) for v in stats[k])
        if area < LEAST_AREA:
            continue
        part = np.zeros((h + 2, w + 2), np.uint8)
        part[1:-1, 1:-1] = labels[y0 : y0 + h, x0 : x0 + w] == k
        edge = x0 <= 0 or y0 <= 0 or x0 + w >= width or y0 + h >= height
        found += _thick_parts(part, frame[y0 : y0 + h, x0 : x0 + w], (x0, y0), number, edge)
    return sorted(found, key=lambda blob: -blob.area)[:MOST_BLOBS]


def _thick_parts(
    part: NDArray[np.uint8], pixels: NDArray[np.uint8], corner: tuple[int, int], number: int, edge: bool
) -> list[Blob]:
    part = _filled(part)
    depth = cv2.distanceTransform(part, cv2.DIST_L2, 5)
    thick = float(depth.max())
    if thick >= 3.0 and part.sum() > 1.15 * np.pi * thick**2:  # something hangs on it: cut off what is thin
        heart = (depth > 0.5 * thick).astype(np.uint8)
        near = cv2.distanceTransform(1 - heart, cv2.DIST_L2, 5)
        part = part * (near <= 0.5 * thick).astype(np.uint8)
    count, labels = cv2.connectedComponents(part, connectivity=4)
    found = []
    for k in range(1, count):
        one = labels == k
        area = float(one.sum())
        if area < LEAST_AREA:
            continue
        rows, columns = np.nonzero(one)
        inner = float(depth[one].max())
        core = one & (depth >= min(0.6 * inner, inner - 0.5))
        colour = np.median(pixels[core[1:-1, 1:-1]], axis=0)
        tint = chroma(colour)
        x, y = float(columns.mean()) - 0.5 + corner[0], float(rows.mean()) - 0.5 + corner[1]
        found.append(Blob(number, x, y, area, inner, (float(tint[0]), float(tint[1])), edge))
    return found


def _filled(part: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Close the holes: a highlight belongs to the body."""
    outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    solid = np.zeros_like(part)
    cv2.drawContours(solid, outlines, -1, 1, thickness=cv2.FILLED)
    return solid

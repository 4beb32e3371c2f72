"""Where a body is to a fraction of a pixel, and how large: a soft matte around a rough position."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.segment import total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observe.background import Background

__all__ = ["Disc", "Measured", "colour_spread", "measure"]

PRIOR = 3.0  # of 255 in linear light: how strongly body and background are held to add up to the whole light
_CODE = np.arange(256) / 255.0
LINEAR = (255.0 * np.where(_CODE <= 0.04045, _CODE / 12.92, ((_CODE + 0.055) / 1.055) ** 2.4)).astype(np.float32)  # IEC 61966-2-1

SPREAD = 1.0  # pixels by which a diameter comes out too large where colours have soft edges (4:2:0 at 64 to 256 px: 0.8 to 1.5)
CRISP = 0.75  # second over first differences of colour at its strongest edges: above 1 as rendered, 0.4 to 0.7 after 4:2:0


class Disc(NamedTuple):
    """A rough position, in pixels of the picture given with it."""

    x: float
    y: float
    radius: float


class Measured(NamedTuple):
    """A refined position.

    ``size`` is the diameter of the disc of equal area, ``colour`` the sRGB of the core; ``whole`` is False where the border cuts it.
    """

    x: float
    y: float
    size: float
    colour: NDArray[np.float64]
    whole: bool


def measure(frame: NDArray[np.uint8], background: Background, disc: Disc, others: tuple[Disc, ...] = ()) -> Measured | None:
    """Refine a disc; ``others`` are discs of other bodies, whose pixels are left to them."""
    place = disc
    result: Measured | None = None
    for _ in range(2):
        result = _once(frame, background, place, others)
        if result is None or np.hypot(result.x - place.x, result.y - place.y) < 0.5:
            break
        place = Disc(result.x, result.y, disc.radius)
    return result


def colour_spread(frames: NDArray[np.uint8]) -> float:
    """Pixels to take off every diameter: codecs keep colour at half the resolution of brightness, and so carry it over the edges."""
    few = frames[:: max(1, len(frames) // 8)].astype(np.float32)
    light = few @ np.array([0.299, 0.587, 0.114], np.float32)
    ratios = []
    for channel in (0, 2):
        colour = few[..., channel] - light
        first = np.abs(colour[:, :, 1:] - colour[:, :, :-1])
        second = np.abs(colour[:, :, 2:] - 2 * colour[:, :, 1:-1] + colour[:, :, :-2])
        ratios.append(_top(second) / max(_top(first), 1e-3))
    return SPREAD * float(np.clip((CRISP + 0.05 - np.mean(ratios)) / 0.1, 0, 1))


def _top(values: NDArray[np.float32]) -> float:
    """The value that 3 in 1000 exceed."""
    rank = int(0.997 * values.size)
    return float(np.partition(values, rank, axis=None)[rank])


def _once(frame: NDArray[np.uint8], background: Background, disc: Disc, others: tuple[Disc, ...]) -> Measured | None:
    height, width = frame.shape[:2]
    reach = int(np.ceil(1.5 * disc.radius + 4))
    x0, x1 = max(0, int(disc.x) - reach), min(width, int(disc.x) + reach + 1)
    y0, y1 = max(0, int(disc.y) - reach), min(height, int(disc.y) + reach + 1)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    value = frame[y0:y1, x0:x1].astype(np.float32)
    still = background.image[y0:y1, x0:x1]
    px = np.arange(x0, x1, dtype=np.float32)[None, :] + 0.5
    py = np.arange(y0, y1, dtype=np.float32)[:, None] + 0.5
    far = np.hypot(px - disc.x, py - disc.y)
    mine = np.ones(far.shape, bool)
    for other in others:
        mine &= far / disc.radius <= np.hypot(px - other.x, py - other.y) / other.radius
    red, green, blue = cv2.split(cv2.absdiff(value, still))
    seen = cv2.max(cv2.max(red, green), blue) > background.tolerance[y0:y1, x0:x1]
    core = (far < max(1.5, 0.65 * disc.radius)) & mine & seen
    if core.sum() < 4:
        return None
    light, dark = LINEAR[frame[y0:y1, x0:x1]], LINEAR[np.clip(np.rint(still), 0, 255).astype(np.uint8)]
    around = mine & (far < 1.45 * disc.radius + 2.5)
    solid = _solid(_share(light, dark, core, 0.4 * disc.radius) * around, disc, (x0, y0))
    heart = cv2.distanceTransform(cv2.copyMakeBorder(solid, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)[1:-1, 1:-1]
    heart = heart > np.clip(0.25 * disc.radius, 1.2, 2.5)
    if heart.sum() < 4:
        return None
    share = _soft(_share(light, dark, heart, max(1.0, 0.12 * disc.radius)) * around, solid)
    whole = float(share.sum())
    if whole < 4.0:
        return None
    x, y = float((share * px).sum()) / whole, float((share * py).sum()) / whole
    size = 2 * float(np.sqrt(whole / np.pi))
    pixels = value[core]
    vivid = pixels.max(axis=1) - pixels.min(axis=1)
    colour = np.median(pixels[vivid >= np.median(vivid)], axis=0).astype(float)
    return Measured(x, y, size, colour, min(x, y, width - x, height - y) >= 0.48 * size)


def _share(value: NDArray[np.float32], still: NDArray[np.float32], core: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """How much of each pixel the body covers, from ``value = light * (share * body + (1 - share) * background)``.

    The light is free, so a shadow on the background is not taken for body, nor a body's own dark side for background.
    """
    weight = core.astype(np.float32)
    blurred = cv2.GaussianBlur(weight, (0, 0), sigma)
    body = cv2.GaussianBlur(value * weight[..., None], (0, 0), sigma) / np.maximum(blurred, 1e-6)[..., None]
    mean = value[core].mean(axis=0)
    body = np.where((blurred > 1e-3)[..., None], body, mean)
    body = np.ascontiguousarray(body, dtype=np.float32)
    ff = total(body * body) + PRIOR**2
    bb = total(still * still) + PRIOR**2
    fb = total(body * still) + PRIOR**2
    vf = total(value * body) + PRIOR**2
    vb = total(value * still) + PRIOR**2
    determinant = np.maximum(ff * bb - fb * fb, 1e-3)
    a = np.clip((vf * bb - vb * fb) / determinant, 0, None)
    b = np.clip((vb * ff - vf * fb) / determinant, 0, None)
    share: NDArray[np.float32] = a / np.maximum(a + b, 1e-3)
    return share


def _solid(share: NDArray[np.float32], disc: Disc, corner: tuple[int, int]) -> NDArray[np.uint8]:
    """The thick part that lies on the disc, without holes."""
    solid = (share > 0.5).astype(np.uint8)
    wide = 2 * max(1, round(0.35 * disc.radius)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
    padded = cv2.copyMakeBorder(solid, wide, wide, wide, wide, cv2.BORDER_REPLICATE)
    solid = cv2.morphologyEx(padded, cv2.MORPH_OPEN, kernel)[wide:-wide, wide:-wide]
    count, labels, stats, centres = cv2.connectedComponentsWithStats(np.ascontiguousarray(solid), connectivity=4)
    if count < 2:
        return np.zeros_like(solid)
    away = np.hypot(centres[1:, 0] + 0.5 + corner[0] - disc.x, centres[1:, 1] + 0.5 + corner[1] - disc.y)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA] / (1 + (away / disc.radius) ** 2)))
    part: NDArray[np.uint8] = (labels == best).astype(np.uint8)
    outlines, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(part, outlines, -1, 1, thickness=cv2.FILLED)
    return part


def _soft(share: NDArray[np.float32], solid: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A matte that is full inside, and ends two pixels outside."""
    ring = cv2.dilate(solid, np.ones((5, 5), np.uint8))
    inside = cv2.erode(solid, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    kept: NDArray[np.float32] = np.where(inside > 0, 1.0, share * ring).astype(np.float32)
    return kept

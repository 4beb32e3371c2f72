"""Where a body is to a fraction of a pixel, and how large: a soft matte around a rough position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.circle import Circle, laid_on
from kinema.metrics.observe.segment import filled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.observe.background import Still

__all__ = ["Disc", "Measured", "colour_spread", "measure", "window_of"]

PRIOR = 3.0  # of 255 in linear light: how strongly body and background are held to add up to the whole light
_CODE = np.arange(256) / 255.0
LINEAR = (255.0 * np.where(_CODE <= 0.04045, _CODE / 12.92, ((_CODE + 0.055) / 1.055) ** 2.4)).astype(np.float32)  # IEC 61966-2-1

FAR = 1e-4  # weight of the core as a whole in what its colour is at a place, of that of what surrounds the place
THREE = np.array([1, 1, 1, 0], np.float32)
GRAIN = 0.06  # of a pixel's share: as much is noise, above none and below all
SPREAD = 1.0  # pixels by which a diameter comes out too large where colours have soft edges (4:2:0 at 64 to 256 px: 0.8 to 1.5)
LINES = 96  # of the picture that are looked at for that
AGREES = (0.9, 1.4)  # of the size by brightness, that by colour: less is a part, more are two
HALO = 2.0  # pixels by which colour, carried over a rim, may draw a matte aside
CRISP = 0.75  # second over first differences of colour at its strongest edges: above 1 as rendered, 0.4 to 0.7 after 4:2:0


class Disc(NamedTuple):
    """A rough position, in pixels of the picture given with it; ``corner`` and ``part`` are the body's own pixels where it is no disc."""

    x: float
    y: float
    radius: float
    inner: float = 0.0  # radius of the largest disc inside; 0: the disc's own
    corner: tuple[int, int] = (0, 0)
    part: NDArray[np.uint8] | None = None


class Measured(NamedTuple):
    """A refined position.

    ``size`` is the diameter of the disc of equal area, ``colour`` the sRGB of the core; ``whole`` is False where the border cuts it.
    ``long``, ``short`` and ``angle`` are those of the smallest box round the outline; ``rim`` are points (n, 2) of the outline;
    ``visible`` is the share of the body that is seen; ``rim_fit``: the circle that was taken, by the step of
    brightness, which no codec carries over an edge.
    """

    x: float
    y: float
    size: float
    colour: NDArray[np.float64]
    whole: bool
    long: float = 0.0
    short: float = 0.0
    angle: float = 0.0
    rim: NDArray[np.float64] | None = None
    visible: float = 1.0
    rim_fit: Circle | None = None


class _Region(NamedTuple):
    """The part of the picture round a body: corner, middles of the pixels, and which of them may be the body's."""

    x0: int
    y0: int
    px: NDArray[np.float32]
    py: NDArray[np.float32]
    far: NDArray[np.float32]  # from the disc's middle, over its radius; or from the part, in such units that its rim is at 1
    mine: NDArray[np.bool_]


def measure(frame: NDArray[np.uint8], background: Still, disc: Disc, others: tuple[Disc, ...] = ()) -> Measured | None:
    """Refine a disc; ``others`` are discs of other bodies, whose pixels are left to them."""
    place = disc
    result: Measured | None = None
    for _ in range(2):
        result = _once(frame, background, place, others)
        if result is None or disc.part is not None or np.hypot(result.x - place.x, result.y - place.y) < 0.5 + 0.05 * disc.radius:
            break
        place = disc._replace(x=result.x, y=result.y)
    return result if result is None or disc.part is not None else _on_rim(frame, background, result, others)


def _on_rim(frame: NDArray[np.uint8], background: Still, found: Measured, others: tuple[Disc, ...]) -> Measured:
    """A disc with the circle on which brightness has its step, where that agrees with the matte."""
    beside = [(other.x, other.y, other.radius) for other in others]
    circle = laid_on(frame, background.image, LINEAR, Circle(found.x, found.y, found.size / 2), beside)
    if circle is None or not found.whole:
        return found
    size = 2 * circle.radius
    if not AGREES[0] < found.size / size < AGREES[1] or np.hypot(circle.x - found.x, circle.y - found.y) > max(HALO, 0.1 * size):
        return found
    return found._replace(x=circle.x, y=circle.y, size=size, long=size, short=size, rim_fit=circle)


def colour_spread(frames: NDArray[np.uint8]) -> float:
    """Pixels to take off every diameter: codecs keep colour at half the resolution of brightness, and so carry it over the edges."""
    few = frames[:: max(1, len(frames) // 8), :: max(1, frames.shape[1] // LINES)]
    lines = few.reshape(-1, few.shape[2], 3).astype(np.float32)
    ratios = []
    for channel in (0, 2):
        less_light = np.array([[-0.299, -0.587, -0.114]], np.float32) + np.eye(3, dtype=np.float32)[channel]
        colour = cv2.transform(lines, less_light)
        first = cv2.absdiff(colour[:, 1:], colour[:, :-1])
        second = cv2.absdiff(colour[:, 2:] + colour[:, :-2], 2 * colour[:, 1:-1])
        ratios.append(_top(second) / max(_top(first), 1e-3))
    return SPREAD * float(np.clip((CRISP + 0.05 - np.mean(ratios)) / 0.1, 0, 1))


def _top(values: NDArray[Any]) -> float:
    """The value that 3 in 1000 exceed; a histogram tells which few of them have to be sorted."""
    flat = np.ascontiguousarray(values).ravel()
    rank = int(0.997 * flat.size)
    counts = cv2.calcHist([flat.reshape(1, -1)], [0], None, [4096], [0.0, 2048.0]).ravel()
    least = 0.5 * int(np.searchsorted(np.cumsum(counts.astype(np.int64)), rank, side="right"))
    few = flat[flat >= least]
    return float(np.partition(few, rank - (flat.size - few.size))[rank - (flat.size - few.size)])


def window_of(shape: tuple[int, ...], disc: Disc) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of the picture that is looked at to measure a disc."""
    height, width = shape[:2]
    if disc.part is None:
        reach = int(np.ceil(1.5 * disc.radius + 4))
        x0, x1, y0, y1 = int(disc.x) - reach, int(disc.x) + reach + 1, int(disc.y) - reach, int(disc.y) + reach + 1
    else:
        reach = int(np.ceil(0.5 * (disc.inner or disc.radius) + 4))
        (x0, y0), (h, w) = disc.corner, disc.part.shape
        x0, x1, y0, y1 = x0 - reach, x0 + w + reach, y0 - reach, y0 + h + reach
    return max(0, x0), max(0, y0), min(width, x1), min(height, y1)


def _region(shape: tuple[int, ...], disc: Disc, others: tuple[Disc, ...]) -> _Region | None:
    thick = disc.inner or disc.radius
    x0, y0, x1, y1 = window_of(shape, disc)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return None
    px = np.arange(x0, x1, dtype=np.float32)[None, :] + 0.5
    py = np.arange(y0, y1, dtype=np.float32)[:, None] + 0.5
    window = (x0, y0, x1, y1)
    own = _distance(px, py, disc) - disc.radius if disc.part is None else _outside(_drawn(window, (disc,)))
    mine = np.ones(own.shape, bool)
    solid = tuple(other for other in others if disc.part is not None or other.part is not None)
    for other in others:
        if disc.part is None and other.part is None:
            mine &= (own + disc.radius) / disc.radius <= _distance(px, py, other) / other.radius
    if solid and (theirs := _drawn(window, solid)).any():
        mine &= own <= _outside(theirs)
    return _Region(x0, y0, px, py, (1.0 + own / thick).astype(np.float32), mine)


def _distance(px: NDArray[np.float32], py: NDArray[np.float32], disc: Disc) -> NDArray[np.float32]:
    """Pixels from the middle of a disc."""
    return np.sqrt((px - np.float32(disc.x)) ** 2 + (py - np.float32(disc.y)) ** 2)


def _drawn(window: tuple[int, int, int, int], discs: tuple[Disc, ...]) -> NDArray[np.uint8]:
    """1 where bodies are, in a window of the picture."""
    x0, y0, x1, y1 = window
    own = np.zeros((y1 - y0, x1 - x0), np.uint8)
    for disc in discs:
        if disc.part is None:
            middle = (round(16 * (disc.x - x0 - 0.5)), round(16 * (disc.y - y0 - 0.5)))
            cv2.circle(own, middle, round(16 * disc.radius), 1, -1, cv2.LINE_8, 4)
            continue
        (left, top), (h, w) = disc.corner, disc.part.shape
        a, b, c, d = max(left, x0), max(top, y0), min(left + w, x1), min(top + h, y1)
        if a < c and b < d:
            own[b - y0 : d - y0, a - x0 : c - x0] |= disc.part[b - top : d - top, a - left : c - left]
    return own


def _outside(own: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels from the border of what is 1, negative inside."""
    if not own.any():
        return np.full(own.shape, 1e6, np.float32)
    padded = cv2.copyMakeBorder(own, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    inside = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(cv2.distanceTransform(1 - own, cv2.DIST_L2, 5) - inside, dtype=np.float32)


def _once(frame: NDArray[np.uint8], background: Still, disc: Disc, others: tuple[Disc, ...]) -> Measured | None:
    height, width = frame.shape[:2]
    thick = disc.inner or disc.radius
    region = _region(frame.shape, disc, others)
    if region is None:
        return None
    (y1, x1), (x0, y0) = region.far.shape, (region.x0, region.y0)
    where = (slice(y0, y0 + y1), slice(x0, x0 + x1))
    mine, far = region.mine, region.far
    value = frame[where].astype(np.float32)
    still = background.image[where]
    red, green, blue = cv2.split(cv2.absdiff(value, still))
    seen = cv2.max(cv2.max(red, green), blue) > background.tolerance[where]
    core = (far < max(1.5 / thick, 0.65)) & mine & seen
    if core.sum() < 4:
        return None
    light = _light_of(frame[where], still)
    around = mine & (far < 1.45 + 2.5 / thick)
    solid = _solid(_share(light, core, 0.4 * thick) * around, disc, (x0, y0))
    heart = cv2.distanceTransform(cv2.copyMakeBorder(solid, 1, 1, 1, 1, cv2.BORDER_REPLICATE), cv2.DIST_L2, 5)[1:-1, 1:-1]
    heart = heart > np.clip(0.25 * thick, 1.2, 2.5)
    if heart.sum() < 4:
        return None
    share = _soft(_share(light, heart, max(1.0, 0.12 * thick)) * around, solid)
    whole = float(share.sum())
    if whole < 4.0:
        return None
    x, y = float((share * region.px).sum()) / whole, float((share * region.py).sum()) / whole
    size = 2 * float(np.sqrt(whole / np.pi))
    inside = min(x, y, width - x, height - y) >= 0.48 * size if disc.part is None else _inside(solid, (x0, y0), (height, width))
    found = Measured(x, y, size, _lit(frame[where], core), inside, size, size)
    return _with_box(found, share, (x0, y0), disc, _limbs(solid, (x0, y0), disc))


def _limbs(solid: NDArray[np.uint8], corner: tuple[int, int], disc: Disc) -> NDArray[np.float32]:
    """(n, 2) middles of a body's own pixels that lie off its thick part: a stem, a corner of a cloth, what hangs on it."""
    if disc.part is None:
        return np.zeros((0, 2), np.float32)
    height, width = solid.shape
    own = _drawn((corner[0], corner[1], corner[0] + width, corner[1] + height), (disc,))
    away = cv2.distanceTransform(1 - solid, cv2.DIST_L2, 5) * own
    _, labels = cv2.connectedComponents((away > LIMB / 2).astype(np.uint8), connectivity=8)
    long = np.unique(labels[away > max(LIMB, 0.6 * (disc.inner or disc.radius))])
    rows, columns = np.nonzero(np.isin(labels, long[long > 0]))
    return np.stack([columns + corner[0] + 0.5, rows + corner[1] + 0.5], axis=1).astype(np.float32)


def _inside(solid: NDArray[np.uint8], corner: tuple[int, int], shape: tuple[int, int]) -> bool:
    """Whether a body's pixels keep off the picture's border."""
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    x0, y0 = corner
    return bool(x0 + columns[0] > 0 and y0 + rows[0] > 0 and x0 + columns[-1] < shape[1] - 1 and y0 + rows[-1] < shape[0] - 1)


def _lit(frame: NDArray[np.uint8], core: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The sRGB of the more vivid half of the core."""
    red, green, blue = pixels = frame[core].T.copy()
    vivid = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return _middle(pixels[:, vivid >= _middle(vivid)])


def _middle(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The median along the last axis."""
    low, high = (values.shape[-1] - 1) // 2, values.shape[-1] // 2
    ranked = np.sort(values, axis=-1)
    return np.asarray(0.5 * (ranked[..., low].astype(float) + ranked[..., high]))


LIMB = 4.0  # pixels by which what is thin must reach out to be a limb, and not the rim itself
FINER = 4  # times by which a matte is enlarged to draw its outline


def _with_box(
    found: Measured, share: NDArray[np.float32], corner: tuple[int, int], disc: Disc, limbs: NDArray[np.float32]
) -> Measured:
    """The outline where half of a pixel is covered, and for what is no disc the smallest box and the middle of its convex hull."""
    x0, y0, w, h = cv2.boundingRect((share > 0).view(np.uint8))
    padded = cv2.copyMakeBorder(share[y0 : y0 + h, x0 : x0 + w], 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    fine = cv2.resize(padded, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_LINEAR) > 0.5
    outlines, _ = cv2.findContours(fine.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return found
    rim = max(outlines, key=len)[:, 0].astype(np.float32)
    rim = (rim + 0.5) / FINER - 1 + np.array((corner[0] + x0, corner[1] + y0), np.float32)
    if disc.part is None:
        return _with_sides(found._replace(rim=rim.astype(float)), rim)
    hull = cv2.convexHull(np.concatenate([rim, limbs]))
    ((_, _), (a, b), degrees) = cv2.minAreaRect(hull)
    grow = 1.0 / FINER  # an outline runs along the middles of its own fine pixels
    moments = cv2.moments(hull)
    if moments["m00"] <= 1e-3:
        return found
    long, short, angle = (a, b, degrees) if a >= b else (b, a, degrees + 90)
    plain = cv2.moments(rim.reshape(-1, 1, 2))
    x = found.x + moments["m10"] / moments["m00"] - plain["m10"] / max(plain["m00"], 1e-3)
    y = found.y + moments["m01"] / moments["m00"] - plain["m01"] / max(plain["m00"], 1e-3)
    size = found.size * float(np.sqrt(moments["m00"] / max(plain["m00"], 1e-3)))
    return found._replace(x=x, y=y, size=size, long=long + grow, short=short + grow, angle=-float(np.radians(angle)), rim=rim.astype(float))


def _with_sides(found: Measured, rim: NDArray[np.float32]) -> Measured:
    """The sides of a disc that is not quite one: axes of the ellipse with its outline's second moments, of the disc's own area."""
    m = cv2.moments(rim.reshape(-1, 1, 2))
    if m["m00"] <= 1.0:
        return found
    middle, apart = 0.5 * (m["mu20"] + m["mu02"]), float(np.hypot(0.5 * (m["mu20"] - m["mu02"]), m["mu11"]))
    least = middle - apart
    if least <= 0.04 * middle:  # five times as long as wide: no disc at all
        return found
    stretch = float(((middle + apart) / least) ** 0.25)
    angle = -0.5 * float(np.arctan2(2 * m["mu11"], m["mu20"] - m["mu02"]))
    return found._replace(long=found.size * stretch, short=found.size / stretch, angle=angle)


class _Light(NamedTuple):
    """A window of a picture and of its background in linear light, with a fourth channel of ones; and sums over the three channels."""

    value: NDArray[Any]
    still: NDArray[Any]
    squared: NDArray[Any]  # of the background, with the prior
    along: NDArray[Any]  # picture times background, with the prior


def _light_of(frame: NDArray[np.uint8], still: NDArray[np.float32]) -> _Light:
    value = cv2.cvtColor(cv2.LUT(frame, LINEAR), cv2.COLOR_RGB2RGBA)
    dark = cv2.cvtColor(cv2.LUT(cv2.add(still, 0.0, dtype=cv2.CV_8U), LINEAR), cv2.COLOR_RGB2RGBA)
    return _Light(value, dark, _dot(dark, dark) + PRIOR**2, _dot(value, dark) + PRIOR**2)


def _dot(one: NDArray[Any], two: NDArray[Any]) -> NDArray[Any]:
    """The sum over the three channels of colour of a product."""
    return np.asarray((cv2.multiply(one, two).reshape(-1, 4) @ THREE).reshape(one.shape[:2]))


def _spread(picture: NDArray[Any], sigma: float) -> NDArray[Any]:
    """A Gaussian blur, a broad one on a smaller copy."""
    factor = int(min(sigma / 2, min(picture.shape[:2]) / 8))
    if factor < 2:
        return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma))
    height, width = picture.shape[:2]
    size = (-(-width // factor), -(-height // factor))
    whole = cv2.copyMakeBorder(picture, 0, size[1] * factor - height, 0, size[0] * factor - width, cv2.BORDER_CONSTANT, value=0)
    small = cv2.GaussianBlur(cv2.resize(whole, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / factor)
    return np.asarray(cv2.resize(small, (whole.shape[1], whole.shape[0]), interpolation=cv2.INTER_LINEAR)[:height, :width])


def _share(light: _Light, core: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """How much of each pixel the body covers, from ``value = light * (share * body + (1 - share) * background)``.

    The light is free, so a shadow on the background is not taken for body, nor a body's own dark side for background. The body's colour
    is that of the core nearby, far from it that of all of the core.
    """
    own = core.view(np.uint8)
    near = _spread(cv2.copyTo(light.value, own), sigma)
    near = cv2.add(near, tuple(FAR * v for v in cv2.mean(light.value, own)))
    once = 1.0 / cv2.extractChannel(near, 3)
    ff = _dot(near, near) * (once * once) + PRIOR**2
    fb = _dot(near, light.still) * once + PRIOR**2
    vf = _dot(near, light.value) * once + PRIOR**2
    bb, vb = light.squared, light.along
    a = cv2.max(vf * bb - vb * fb, 0.0)
    b = cv2.max(vb * ff - vf * fb, 0.0)
    determinant = cv2.max(ff * bb - fb * fb, 1e-3)
    return np.asarray(a / cv2.max(a + b, 1e-3 * determinant), dtype=np.float32)


def _opened(solid: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    """Without what is thinner than a disc; by distances where the disc is large."""
    wide = 2 * radius + 1
    left, top, width, height = cv2.boundingRect(solid)
    if width == 0:
        return solid
    right, bottom = left + width, top + height
    sides = (top, solid.shape[0] - bottom, left, solid.shape[1] - right)  # nothing but holes: as wide a rim of them is as good
    padded = cv2.copyMakeBorder(solid[top:bottom, left:right], wide, wide, wide, wide, cv2.BORDER_REPLICATE)
    for rim, free in zip((padded[:wide], padded[-wide:], padded[:, :wide], padded[:, -wide:]), sides, strict=True):
        if free > 0:
            rim[:] = 0
    if radius <= 3:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (wide, wide))
        near = cv2.morphologyEx(padded, cv2.MORPH_OPEN, kernel)
    else:
        beyond = cv2.distanceTransform(padded, cv2.DIST_L2, 5) <= radius
        near = (cv2.distanceTransform(beyond.view(np.uint8), cv2.DIST_L2, 5) <= radius).view(np.uint8)
    found = np.zeros_like(solid)
    found[top:bottom, left:right] = near[wide:-wide, wide:-wide]
    return found


def _solid(share: NDArray[np.float32], disc: Disc, corner: tuple[int, int]) -> NDArray[np.uint8]:
    """The thick part that lies on the disc, without holes."""
    solid = filled((share > 0.5).astype(np.uint8))  # a highlight is no hole: opened, it would bite into the rim
    solid = _opened(solid, max(1, round((0.35 if disc.part is None else 0.15) * (disc.inner or disc.radius))))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(np.ascontiguousarray(solid), connectivity=4)
    if count < 2:
        return np.zeros_like(solid)
    away = np.hypot(centres[1:, 0] + 0.5 + corner[0] - disc.x, centres[1:, 1] + 0.5 + corner[1] - disc.y)
    best = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA] / (1 + (away / disc.radius) ** 2)))
    part: NDArray[np.uint8] = (labels == best).astype(np.uint8)
    return filled(part)


def _soft(share: NDArray[np.float32], solid: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A matte that is full inside, and ends two pixels outside."""
    ring = cv2.dilate(solid, np.ones((5, 5), np.uint8))
    inside = cv2.erode(solid, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    clean = np.clip((share - GRAIN) / (1 - 2 * GRAIN), 0, 1)
    kept: NDArray[np.float32] = np.where(inside > 0, 1.0, clean * ring).astype(np.float32)
    return kept

"""Painted pixels: which of the palette's colours each shows, whatever the light, and a background without what is painted and moves."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.background import Background, Still, _fill
from kinema.metrics.observe.colour import nearest_names
from kinema.metrics.observe.ranks import median
from kinema.scenes.palette import COLOURS

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

__all__ = ["Bare", "bared_of_paint", "paints_in", "unpainted"]

LEVELS = 32  # per channel of the table of colours
LEAST_BRIGHT = 30  # grey levels of the brightest channel; below, a hue says nothing
SAMPLES = 48  # frames that are looked at for the background
LEAST_STANDING, MOST_STANDING = 30, 0.1  # pixels, and share of the picture, of a body that never moves
FREE = 2  # frames in which a pixel must show no paint to be known as background
EDGE = np.ones((5, 5), np.uint8)  # how far paint tinges what is beside it
SPECK = np.ones((3, 3), np.uint8)  # a patch that is nowhere as wide is noise: wood at the edge of orange
RIM = 0.2  # share of a still core's rim that must come and go for the core to be part of a body that moves


@cache
def _table() -> NDArray[np.uint8]:
    """For each colour (5 bits a channel) the number of the palette's name, 0 for none."""
    level = (np.arange(LEVELS) + 0.5) * 256 / LEVELS
    rgb = np.stack(np.meshgrid(level, level, level, indexing="ij"), axis=-1).reshape(-1, 3)
    return np.where(rgb.max(axis=1) >= LEAST_BRIGHT, nearest_names(rgb) + 1, 0).astype(np.uint8)


def paints_in(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(T, H, W): for each pixel 1 + the number of its name in ``palette.COLOURS``, 0 where it has none."""
    table = _table()
    out = np.empty(frames.shape[:3], np.uint8)
    for i, frame in enumerate(frames):
        red, green, blue = cv2.split(frame)
        code = (red >> 3).astype(np.uint16) << 10 | (green >> 3).astype(np.uint16) << 5 | blue >> 3
        np.take(table, code, out=out[i])
    return out


class Bare(NamedTuple):
    """Where painted things come and go, and what is to be seen there without them."""

    where: NDArray[np.bool_]
    colours: NDArray[np.uint8]  # (n, 3), of these pixels
    never: NDArray[np.bool_]  # those that never show anything but paint


def bared_of_paint(frames: NDArray[np.uint8], paints: NDArray[np.uint8], asked: Collection[str] = ()) -> Bare | None:
    """What a still camera sees without the painted things that come and go, however long they rest; None where there are none.

    Rooms are plain and what prompts ask for is vivid: where a pixel shows paint in some frames and none in others, the latter are the
    background. A core that shows paint throughout belongs to what comes and goes round it; behind it the surroundings are continued.
    So they are, where anything moves, behind what has a colour that is ``asked`` for, whether it moves or not.
    """
    pick = np.unique(np.linspace(0, len(frames) - 1, min(len(frames), SAMPLES)).round().astype(np.intp))
    some = np.stack([_without_specks(paint) for paint in paints[pick]])
    number = (some == 0).sum(axis=0)
    comes = (number >= FREE) & (number <= len(pick) - FREE)
    if not comes.any():
        return None
    core = _cores(some[len(some) // 2], number < FREE, comes, {1 + k for k, name in enumerate(COLOURS) if name in asked})
    comes = cv2.dilate((comes | core).astype(np.uint8), EDGE) > 0
    free = np.stack([cv2.dilate(np.minimum(paint, 1), EDGE)[comes] for paint in some]) == 0
    never = np.zeros_like(comes)
    never[comes] = free.sum(axis=0) < FREE
    return Bare(comes, median(np.stack([frames[i][comes] for i in pick]), free), never)


def unpainted(background: Background, bare: Bare | None) -> Background:
    """A still camera's background with what is bare of paint; what never is continues its surroundings."""
    if bare is None:
        return background
    image = background.image.copy()
    image[bare.where] = bare.colours
    if bare.never.any():
        image[bare.never] = _fill(image, (~bare.never).astype(np.float32))[bare.never]
    return Background(Still(image, background.tolerance))


def _cores(
    paint: NDArray[np.uint8], always: NDArray[np.bool_], comes: NDArray[np.bool_], asked: Collection[int]
) -> NDArray[np.bool_]:
    """Parts that show paint throughout and whose rim comes and goes, or whose paint is asked for."""
    cores = np.zeros_like(always)
    near = cv2.dilate(comes.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    for name in np.unique(paint[always]):
        if name == 0:
            continue
        count, labels, stats, _ = cv2.connectedComponentsWithStats((always & (paint == name)).astype(np.uint8), connectivity=4)
        for k in range(1, count):
            x, y, w, h, area = (int(v) for v in stats[k])
            part = labels[y : y + h, x : x + w] == k
            rim = part & (cv2.erode(np.pad(part.astype(np.uint8), 1), np.ones((3, 3), np.uint8))[1:-1, 1:-1] == 0)
            stands = name in asked and LEAST_STANDING < area < MOST_STANDING * paint.size and min(w, h) ** 2 > 0.1 * area
            if area >= 4 and (stands or (rim & near[y : y + h, x : x + w]).sum() >= RIM * rim.sum()):
                cores[y : y + h, x : x + w] |= part
    return cores


def _without_specks(paint: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paint in patches that are somewhere as wide as a thing."""
    wide = cv2.morphologyEx((paint > 0).astype(np.uint8), cv2.MORPH_OPEN, SPECK)
    count, labels = cv2.connectedComponents((paint > 0).astype(np.uint8), connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[np.unique(labels[wide > 0])] = 1
    whole: NDArray[np.uint8] = paint * kept[labels]
    return whole

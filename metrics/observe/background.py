"""The background behind what moves, and how noisy it is: one picture for a still camera, one for each frame of a moving one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.ranks import median

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import View

__all__ = ["Background", "Canvas", "Cover", "MovingBackground", "Still", "find_background", "uncovered"]

SAMPLES = 48  # frames that are looked at, spread over the clip
MODES = 3  # temporal modes kept of a pixel
LEAST_TOLERANCE = 10.0  # grey levels; what codecs and light do to a still pixel
MOST_TOLERANCE = 35.0  # grey levels; even in a restless picture a body is to be found
FITS = 22.0  # grey levels (over three channels) within which the most frequent mode continues its surroundings
UNSEEN = 50.0  # grey levels (over three channels) by which every mode must miss the surroundings to be no background
LARGEST_ISLAND = 0.05  # of the picture's area
MOSAIC = 24  # frames that a moving camera's canvas is made of
KEPT = 4  # parts of it that are kept at a time
MOST_STRAY = 3.0  # pixels by which things at other depths may lie elsewhere
EDGE = 0.6  # of the change within that reach is tolerated
FAINT, BROAD = 12.0, 0.12  # grey levels, and the share of the picture's height, of light that stays with the lens


Cover = tuple[float, float, float]  # x, y, radius in pixels


class Still(NamedTuple):
    """``image`` (H, W, 3) float32 grey levels; ``tolerance`` (H, W) float32: how far a still pixel may stray from it."""

    image: NDArray[np.float32]
    tolerance: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Background:
    """What is behind the bodies: the same picture in every frame of a still camera."""

    still: Still

    def at(self, frame: int) -> Still:
        """The background as frame number ``frame`` sees it, in that frame's own pixels."""
        return self.still

    @property
    def image(self) -> NDArray[np.float32]:
        """The picture of a still camera's background."""
        return self.still.image

    @property
    def tolerance(self) -> NDArray[np.float32]:
        """The tolerance of a still camera's background."""
        return self.still.tolerance


@dataclass(frozen=True, slots=True)
class Canvas:
    """A picture large enough for all that a moving camera sees, in pixels of the first frame: its left upper corner and its size."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def of(cls, view: View, shape: tuple[int, ...]) -> Canvas:
        """Room for every frame, but for no more than three pictures by three."""
        total, height, width = shape[:3]
        number = np.arange(total)
        corners = [view.to_first(number, np.full(total, float(x)), np.full(total, float(y))) for x in (0, width) for y in (0, height)]
        x = np.clip(np.concatenate([c[0] for c in corners]), -width, 2 * width)
        y = np.clip(np.concatenate([c[1] for c in corners]), -height, 2 * height)
        left, top = int(np.floor(x.min())), int(np.floor(y.min()))
        return cls(left, top, max(1, int(np.ceil(x.max())) - left), max(1, int(np.ceil(y.max())) - top))

    def to_frame(self, view: View, i: int) -> NDArray[np.float32]:
        """(2, 3): from places of this canvas to places of frame ``i``, both counted in whole pixels as OpenCV does."""
        c, s = np.cos(view.roll[i]) / view.scale[i], np.sin(view.roll[i]) / view.scale[i]
        turn = np.array([[c, s], [-s, c]])
        shift = turn @ np.array([self.left + 0.5 - view.x[i], self.top + 0.5 - view.y[i]]) - 0.5
        return np.hstack([turn, shift[:, None]]).astype(np.float32)

    def laid(
        self, frames: NDArray[np.uint8], pick: NDArray[np.intp], view: View, times: NDArray[np.intp] | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Frames ``pick`` on the canvas, and where each of them shows anything; ``times``: the frames' own numbers, where others."""
        pictures = np.zeros((len(pick), self.height, self.width, *frames.shape[3:]), np.uint8)
        shown = np.zeros((len(pick), self.height, self.width), np.uint8)
        full = np.ones(frames.shape[1:3], np.uint8)
        size = (self.width, self.height)
        for k, i in enumerate(pick):
            table = self.to_frame(view, int(i if times is None else times[k]))
            flags = cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR
            pictures[k] = cv2.warpAffine(frames[i], table, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
            shown[k] = cv2.warpAffine(full, table, size, flags=cv2.WARP_INVERSE_MAP | cv2.INTER_NEAREST)
        return pictures, shown.astype(bool)


@dataclass(frozen=True, slots=True)
class MovingBackground(Background):
    """What is behind the bodies where the camera moves: a canvas of all frames, of which each sees a part.

    What lies nearer or farther than the rest does not stay in its place on the canvas: near its edges more is tolerated. Light that
    stays with the lens (dark corners) is taken over from the frame itself where it is broad and faint.
    """

    canvas: Canvas
    view: View
    frames: NDArray[np.uint8]
    kept: dict[int, Still] = field(default_factory=dict)

    def at(self, frame: int) -> Still:
        """The part of the canvas that a frame sees, in that frame's own pixels."""
        if frame not in self.kept:
            while len(self.kept) >= KEPT:
                self.kept.pop(next(iter(self.kept)))
            self.kept[frame] = self._seen(frame)
        return self.kept[frame]

    def _seen(self, frame: int) -> Still:
        height, width = self.frames.shape[1:3]
        table, size = self.canvas.to_frame(self.view, frame), (width, height)
        image = cv2.warpAffine(self.still.image, table, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        tolerance = cv2.warpAffine(self.still.tolerance, table, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        faint = np.clip(self.frames[frame].astype(np.float32) - image, -FAINT, FAINT)
        image = image + cv2.GaussianBlur(faint, (0, 0), BROAD * min(height, width), borderType=cv2.BORDER_REPLICATE)
        reach = 2 * round(1 + min(MOST_STRAY, float(self.view.stray[frame]) / 2)) + 1
        around = np.ones((reach, reach), np.uint8)
        spread = cv2.dilate(image, around) - cv2.erode(image, around)
        widest = spread.max(axis=2)
        return Still(image.astype(np.float32), (tolerance + EDGE * widest).astype(np.float32))


def find_background(frames: NDArray[np.uint8], view: View | None = None) -> Background:
    """What each pixel shows when nothing is in front of it.

    Where a pixel has several temporal modes (a body that rests for most of the clip is the most frequent one), the mode
    that best continues its surroundings is taken.

    Args:
        frames: (T, H, W, 3) grey levels.
        view: the camera's motion in pixels of these frames; None where it stands still.
    """
    pick = _sampled(len(frames))
    if view is not None:
        canvas = Canvas.of(view, frames.shape)
        sample, shown = canvas.laid(frames, pick[:: -(-len(pick) // MOSAIC)], view)
        return MovingBackground(_still(_padded(sample, shown)), canvas, view, frames)
    return Background(_still(frames[pick]))


def _still(sample: NDArray[np.uint8]) -> Still:
    """What pictures that lie on each other show when nothing is in front of it."""
    middle = median(sample)
    tolerance = _tolerance(sample)
    unsafe = _often(sample, middle, tolerance)
    image = middle.astype(np.float32)
    if unsafe.any():
        moved = cv2.dilate(unsafe.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        doubtful = moved | _islands(moved)
        image[doubtful] = _choose(sample, image, doubtful, tolerance)
    return Still(image, tolerance)


def _often(sample: NDArray[np.uint8], middle: NDArray[np.uint8], tolerance: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where at least two pictures are off the middle."""
    once = np.zeros(middle.shape[:2], np.uint8)
    twice = once.copy()
    near = tolerance.astype(np.uint8)
    for frame in sample:
        off = cv2.compare(_greatest(cv2.absdiff(frame, middle)), near, cv2.CMP_GT)
        twice |= once & off
        once |= off
    return twice > 0


def _padded(sample: NDArray[np.uint8], shown: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The same with the median in the place of what a picture does not show."""
    middle = median(sample, shown)
    return np.where(shown[..., None], sample, middle)


def uncovered(
    frames: NDArray[np.uint8], background: Background, covers: Sequence[Sequence[Cover]], view: View | None = None
) -> Background:
    """The background once it is known where bodies are: each pixel's median over the frames in which none covers it.

    Args:
        frames: (T, H, W, 3) grey levels.
        background: a first idea of it.
        covers: for each frame the discs (x, y, radius) in which a body hides what is behind.
        view: the camera's motion in pixels of these frames; None where it stands still.
    """
    pick = _sampled(len(frames))
    if view is not None and isinstance(background, MovingBackground):
        pick = pick[:: -(-len(pick) // MOSAIC)]
        sample, shown = background.canvas.laid(frames, pick, view)
        hidden, _ = background.canvas.laid(255 * _hidden(frames.shape, pick, covers), np.arange(len(pick)), view, pick)
        return replace(background, still=_bared(sample, (~shown | (hidden > 0)).astype(np.uint8), background.still), kept={})
    return Background(_bared(frames[pick], _hidden(frames.shape, pick, covers), background.still))


def _hidden(shape: tuple[int, ...], pick: NDArray[np.intp], covers: Sequence[Sequence[Cover]]) -> NDArray[np.uint8]:
    """(n, H, W): 1 where a body hides what is behind."""
    hidden = np.zeros((len(pick), *shape[1:3]), np.uint8)
    for k, i in enumerate(pick):
        for x, y, radius in covers[i]:
            cv2.circle(hidden[k], (round(16 * (x - 0.5)), round(16 * (y - 0.5))), round(16 * radius), 1, -1, cv2.LINE_8, 4)
    return hidden


def _bared(sample: NDArray[np.uint8], hidden: NDArray[np.uint8], still: Still) -> Still:
    """Each pixel's median over the pictures in which it is not hidden."""
    ever = hidden.any(axis=0)
    free = hidden[:, ever] == 0
    number = free.sum(axis=0)
    image = still.image.copy()
    image[ever] = median(sample[:, ever], free)
    never = np.zeros_like(ever)
    never[ever] = number == 0
    if never.any():
        image[never] = _fill(image, (~never).astype(np.float32))[never]
    return Still(image, still.tolerance)


def _sampled(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(count, SAMPLES)).round().astype(np.intp))


def _islands(moved: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Small still areas enclosed by moving ones: the heart of a body that moves by less than its size, or bare background."""
    wide = max(3, min(moved.shape) // 18)
    closed = cv2.morphologyEx(moved.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((wide, wide), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    height, width = moved.shape
    x, y, w, h, area = stats[1:].T
    inner = (x > 0) & (y > 0) & (x + w < width) & (y + h < height) & (area < LARGEST_ISLAND * height * width)
    islands = np.isin(labels, 1 + np.flatnonzero(inner)) if count > 1 else np.zeros_like(moved)
    changed: NDArray[np.bool_] = islands | (closed > 0)
    return changed


def _difference(frames: NDArray[np.uint8], image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(T, H, W): the largest difference over the channels."""
    out = np.empty(frames.shape[:3], np.uint8)
    for i, frame in enumerate(frames):
        out[i] = _greatest(cv2.absdiff(frame, image))
    return out


def _greatest(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    r, g, b = cv2.split(picture)
    return np.asarray(cv2.max(cv2.max(r, g), b))


def _tolerance(sample: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Five standard deviations of a pixel's own flicker, from its median step in time: bodies that pass or rest do not move that."""
    steps = np.stack([_greatest(cv2.absdiff(a, b)) for a, b in itertools.pairwise(sample)])
    middle = median(steps).astype(np.float32)
    sigma = cv2.blur(np.minimum(middle, 12.0), (9, 9)) / 1.7  # the median of the largest of 3 normal steps is 1.7 sd
    tolerance: NDArray[np.float32] = np.clip(5.0 * sigma, LEAST_TOLERANCE, MOST_TOLERANCE)
    return tolerance


def _choose(
    sample: NDArray[np.uint8], image: NDArray[np.float32], doubtful: NDArray[np.bool_], tolerance: NDArray[np.float32]
) -> NDArray[np.float32]:
    """For the doubtful pixels, the mode that fits the surroundings best, or the surroundings continued where none does."""
    known = (~doubtful).astype(np.float32)
    rough = _roughness(image, known)
    stray = _size(image - _fill(image, known))[doubtful]
    odd = np.zeros_like(doubtful)
    odd[doubtful] = _box(doubtful, stray) > FITS + rough[doubtful]
    chosen = image.copy()
    known = np.where(odd, 0.0, np.where(doubtful, 0.3, 1.0)).astype(np.float32)
    if not odd.any():
        return chosen[doubtful]
    values, support = _modes(sample[:, odd], tolerance[odd])
    for _ in range(2):
        expected = _fill(chosen, known)[odd]
        far = _size(values - expected[None])
        cost = np.stack([_box(odd, row) for row in far]) + 20.0 * (1 - support) + np.where(support > 0, 0, 1e6)
        best = np.argmin(cost, axis=0)
        lowest, second = np.sort(cost, axis=0)[:2]
        unseen = lowest > UNSEEN + 2.0 * rough[odd]  # the background was never in view
        chosen[odd] = np.where(unseen[:, None], expected, values[best, np.arange(values.shape[1])])
        known[odd] = np.where(unseen | (lowest > 60), 0, np.clip((second - lowest) / 120.0, 0, 0.5))
    return chosen[doubtful]


def _size(colours: NDArray[np.float32]) -> NDArray[np.float32]:
    """The length of each colour, over three channels."""
    r, g, b = np.moveaxis(colours, -1, 0)
    return np.asarray(np.sqrt(r * r + g * g + b * b), dtype=np.float32)


def _roughness(image: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far known pixels stray from their surroundings, spread into the unknown: a busy picture continues nothing well."""
    low = cv2.GaussianBlur(known, (0, 0), 4.0)
    mean = cv2.GaussianBlur(image * known[..., None], (0, 0), 4.0) / np.maximum(low, 1e-3)[..., None]
    stray = _size(image - mean)
    return np.asarray(_fill(stray[..., None], known)[..., 0], dtype=np.float32)


def _modes(values: NDArray[np.uint8], tolerance: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Peel off the most frequent colour of each pixel, again and again: values (MODES, P, 3) and their share of the time."""
    frames, pixels, _ = values.shape
    near = tolerance.astype(np.uint8)
    left = np.ones((frames, pixels), bool)
    found = np.zeros((MODES, pixels, 3), np.float32)
    support = np.zeros((MODES, pixels), np.float32)
    for k in range(MODES):
        more = np.flatnonzero(left.sum(axis=0) >= 2)
        if k > 0:
            found[k] = found[0]
        if len(more) == 0:
            continue
        some, rest = (values, left) if len(more) == pixels else (values[:, more], left[:, more])
        middle = median(some, None if k == 0 else rest)
        far = np.where(rest, _difference(some[:, None], middle[None])[:, 0], np.uint8(255))
        nearest = np.take_along_axis(some, far.argmin(axis=0)[None, :, None], axis=0)[0]
        member = rest & (_difference(some[:, None], nearest[None])[:, 0] <= near[more])
        size = member.sum(axis=0)
        total = np.zeros((1, len(more), 3), np.float32)
        for frame, own in zip(some, member, strict=True):
            cv2.accumulate(frame[None], total, own[None].view(np.uint8))
        mean = total[0] / np.maximum(size, 1)[:, None]
        enough = size >= 2
        found[k, more] = np.where(enough[:, None], mean, found[0, more])
        support[k, more] = np.where(enough, size / frames, 0)
        left[:, more] &= ~member
    return found, support


def _box(where: NDArray[np.bool_], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over 5 x 5 pixels, of those pixels alone that are ``where``."""
    full = np.zeros(where.shape, np.float32)
    full[where] = np.minimum(values, 442.0)
    weight = cv2.blur(where.astype(np.float32), (5, 5))
    mean: NDArray[np.float32] = cv2.blur(full, (5, 5))[where] / weight[where]
    return mean


def _fill(image: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Continue the known pixels into the unknown ones, from coarse to fine."""
    if min(weight.shape) <= 4 or weight.min() >= 1:
        mean = (image * weight[..., None]).sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6)
        return np.where(weight[..., None] > 0, image, mean).astype(np.float32)
    down = cv2.pyrDown(weight)
    known = image * weight[..., None]
    small = cv2.pyrDown(known).reshape(*down.shape, -1) / np.maximum(down, 1e-6)[..., None]
    size = (image.shape[1], image.shape[0])
    coarse = cv2.pyrUp(_fill(small, np.minimum(1.0, 4 * down)), dstsize=size).reshape(image.shape)
    filled: NDArray[np.float32] = known + coarse * (1 - weight[..., None])
    return filled

"""The background behind what moves, and how noisy it is: one picture for a still camera, one for each frame of a moving one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import View

__all__ = ["Background", "Cover", "Still", "find_background", "uncovered"]

SAMPLES = 48  # frames that are looked at, spread over the clip
MODES = 3  # temporal modes kept of a pixel
LEAST_TOLERANCE = 10.0  # grey levels; what codecs and light do to a still pixel
MOST_TOLERANCE = 35.0  # grey levels; even in a restless picture a body is to be found
FITS = 22.0  # grey levels (over three channels) within which the most frequent mode continues its surroundings
UNSEEN = 50.0  # grey levels (over three channels) by which every mode must miss the surroundings to be no background
LARGEST_ISLAND = 0.05  # of the picture's area


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


def find_background(frames: NDArray[np.uint8], view: View | None = None) -> Background:
    """What each pixel shows when nothing is in front of it.

    Where a pixel has several temporal modes (a body that rests for most of the clip is the most frequent one), the mode
    that best continues its surroundings is taken.

    Args:
        frames: (T, H, W, 3) grey levels.
        view: the camera's motion in pixels of these frames; None where it stands still.
    """
    sample = frames[_sampled(len(frames))]
    middle = _ranked(sample, np.intp(len(sample) // 2))
    tolerance = _tolerance(sample)
    unsafe = (_difference(sample, middle) > tolerance).sum(axis=0) >= 2
    image = middle.astype(np.float32)
    if unsafe.any():
        moved = cv2.dilate(unsafe.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
        doubtful = moved | _islands(moved)
        image[doubtful] = _choose(sample, image, doubtful, tolerance)
    return Background(Still(image, tolerance))


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
    height, width = frames.shape[1:3]
    hidden = np.zeros((len(pick), height, width), np.uint8)
    for k, i in enumerate(pick):
        for x, y, radius in covers[i]:
            cv2.circle(hidden[k], (round(16 * (x - 0.5)), round(16 * (y - 0.5))), round(16 * radius), 1, -1, cv2.LINE_8, 4)
    ever = hidden.any(axis=0)
    free = hidden[:, ever] == 0
    number = free.sum(axis=0)
    image = background.image.copy()
    image[ever] = _ranked(frames[pick][:, ever], (number // 2)[:, None], free[..., None])
    never = np.zeros_like(ever)
    never[ever] = number == 0
    if never.any():
        image[never] = _fill(image, (~never).astype(np.float32))[never]
    return Background(Still(image, background.tolerance))


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


def _ranked(values: NDArray[np.uint8], rank: NDArray[np.intp] | np.intp, use: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """The value of a rank along the first axis (0 is the smallest), bit by bit: five times faster than sorting bytes."""
    found = np.zeros(values.shape[1:], np.uint8)
    for bit in (128, 64, 32, 16, 8, 4, 2, 1):
        trial = found + np.uint8(bit)
        less = values < trial if use is None else (values < trial) & use
        found = np.where(less.sum(axis=0, dtype=np.uint8) <= rank, trial, found)
    return found


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
    middle = _ranked(steps, np.intp(len(steps) // 2)).astype(np.float32)
    sigma = cv2.blur(np.minimum(middle, 12.0), (9, 9)) / 1.7  # the median of the largest of 3 normal steps is 1.7 sd
    tolerance: NDArray[np.float32] = np.clip(5.0 * sigma, LEAST_TOLERANCE, MOST_TOLERANCE)
    return tolerance


def _choose(
    sample: NDArray[np.uint8], image: NDArray[np.float32], doubtful: NDArray[np.bool_], tolerance: NDArray[np.float32]
) -> NDArray[np.float32]:
    """For the doubtful pixels, the mode that fits the surroundings best, or the surroundings continued where none does."""
    known = (~doubtful).astype(np.float32)
    rough = _roughness(image, known)
    stray = np.linalg.norm(image - _fill(image, known), axis=2)[doubtful]
    odd = np.zeros_like(doubtful)
    odd[doubtful] = _box(doubtful, stray) > FITS + rough[doubtful]
    chosen = image.copy()
    known = np.where(odd, 0.0, np.where(doubtful, 0.3, 1.0)).astype(np.float32)
    if not odd.any():
        return chosen[doubtful]
    values, support = _modes(sample[:, odd], tolerance[odd])
    for _ in range(2):
        expected = _fill(chosen, known)[odd]
        far = np.linalg.norm(values - expected[None], axis=2)
        cost = np.stack([_box(odd, row) for row in far]) + 20.0 * (1 - support) + np.where(support > 0, 0, 1e6)
        best = np.argmin(cost, axis=0)
        lowest, second = np.sort(cost, axis=0)[:2]
        unseen = lowest > UNSEEN + 2.0 * rough[odd]  # the background was never in view
        chosen[odd] = np.where(unseen[:, None], expected, values[best, np.arange(values.shape[1])])
        known[odd] = np.where(unseen | (lowest > 60), 0, np.clip((second - lowest) / 120.0, 0, 0.5))
    return chosen[doubtful]


def _roughness(image: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far known pixels stray from their surroundings, spread into the unknown: a busy picture continues nothing well."""
    low = cv2.GaussianBlur(known, (0, 0), 4.0)
    mean = cv2.GaussianBlur(image * known[..., None], (0, 0), 4.0) / np.maximum(low, 1e-3)[..., None]
    stray = np.linalg.norm(image - mean, axis=2)
    filled: NDArray[np.float32] = _fill(np.repeat(stray[..., None], 3, axis=2), known)[..., 0]
    return filled


def _modes(values: NDArray[np.uint8], tolerance: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Peel off the most frequent colour of each pixel, again and again: values (MODES, P, 3) and their share of the time."""
    frames, pixels, _ = values.shape
    near = tolerance.astype(np.uint8)
    left = np.ones((frames, pixels), bool)
    found = np.zeros((MODES, pixels, 3), np.float32)
    support = np.zeros((MODES, pixels), np.float32)
    for k in range(MODES):
        middle = _ranked(values, (left.sum(axis=0) // 2)[:, None], left[..., None])
        far = np.where(left, _difference(values[:, None], middle[None])[:, 0], np.uint8(255))
        nearest = np.take_along_axis(values, far.argmin(axis=0)[None, :, None], axis=0)[0]
        member = left & (_difference(values[:, None], nearest[None])[:, 0] <= near)
        size = member.sum(axis=0)
        mean = np.einsum("tpc,tp->pc", values.astype(np.float32), member.astype(np.float32)) / np.maximum(size, 1)[:, None]
        enough = size >= 2
        found[k] = np.where(enough[:, None], mean, found[0])
        support[k] = np.where(enough, size / frames, 0)
        left &= ~member
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
    small = cv2.pyrDown(image * weight[..., None]) / np.maximum(down, 1e-6)[..., None]
    size = (image.shape[1], image.shape[0])
    coarse = cv2.pyrUp(_fill(small, np.minimum(1.0, 4 * down)), dstsize=size)
    filled: NDArray[np.float32] = image * weight[..., None] + coarse * (1 - weight[..., None])
    return filled

"""Pictures of a clip laid on each other as if the camera moved at a constant rate: what is background then agrees, whatever passes.

Two pictures a third of a second apart show a slow camera's move as a pixel; the whole clip shows ten. The middle value of the pile is the
background under that motion, and the middle value of the pile as it is that of a camera at rest: whichever of the two explains each
picture better, part by part of the picture, tells which motion it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observe.ranks import ranked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]
    Motion = NDArray[np.float64]  # growth and turn (pixels at the border), shift right and down (pixels) per gap

__all__ = ["NARROW", "WIDE", "Pile", "gains", "moving", "parted", "pile_of", "power", "settled", "strength", "thinned"]

WIDE, NARROW = 0.7, 0.5  # residuals (1 is an edge's contrast) at which a pixel counts no more: while searching, and at the end
STRONG = 2.0  # over the levelled contrast, squared: at half of an edge's contrast a pixel counts in full
TILES = 8  # along each side
HIDDEN = 1e4  # what a picture does not show
FEWEST_SHOWN = 3  # pictures that must show a pixel
STEPS = 6
KINKS = (-0.3, 0.0, 0.2, 0.4)  # of half the longer side below the middle: where a wall may end and a floor begin
SURE = 2.5  # standard errors


class Pile(NamedTuple):
    """Levelled pictures with their times.

    Attributes:
        pictures: (T, H, W).
        layers: (T, H, W, 3): the picture, what standing still leaves of it unexplained, and how much each pixel counts.
        times: (T,) gaps from the middle picture on.
        unrest: 0 to 1, how much of what is strong standing still leaves unexplained in all pictures together.
    """

    pictures: NDArray[np.float32]
    layers: NDArray[np.float32]
    times: NDArray[np.float64]
    unrest: float


def strength(picture: Picture) -> Picture:
    """0 to 1: how much each pixel counts, from the contrast around it."""
    near = cv2.GaussianBlur(picture * picture, (0, 0), 3.0 * max(picture.shape) / 64)
    return np.asarray(cv2.min(near * STRONG, 1.0) ** 2, dtype=np.float32)


def moving(picture: Picture) -> Picture:
    """(4, pixels): a picture's change with each part of a motion."""
    height, width = picture.shape
    across, down = cv2.Sobel(picture, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(picture, cv2.CV_32F, 0, 1) / 8
    reach = max(height, width) / 2
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :] / reach
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None] / reach
    change = np.stack([across * x + down * y, down * x - across * y, across, down]).reshape(4, -1)
    return np.asarray(change, dtype=np.float32)


def _tiled(picture: NDArray[Any]) -> NDArray[np.float32]:
    """Means over the tiles."""
    return np.asarray(cv2.resize(picture.astype(np.float32), (TILES, TILES), interpolation=cv2.INTER_AREA))


def pile_of(pictures: NDArray[np.float32], times: NDArray[np.float64]) -> Pile:
    """The pile of pictures (T, H, W) taken at ``times`` (gaps)."""
    stack = np.ascontiguousarray(pictures, dtype=np.float32)
    rest = stack - ranked(stack, len(stack) // 2)
    count = np.stack([strength(picture) for picture in stack])
    unrest = float((_loss(rest, NARROW) * count).sum()) / max(float(count.sum()), 1e-6)
    return Pile(stack, np.stack([stack, rest, count], axis=-1), times, unrest)


def thinned(pile: Pile) -> Pile:
    """Every second picture of a pile: enough to search with."""
    return Pile(pile.pictures[::2], pile.layers[::2], pile.times[::2], pile.unrest)


def power(motion: Motion, times: NDArray[np.float64], reach: float) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """What a motion per gap has done after each of ``times`` gaps: by what it has turned and enlarged, and how far it has shifted.

    Example:
        >>> whole, shift = power(np.array([0.0, 0.0, 1.0, 0.0]), np.array([2.5]), 32.0)
        >>> complex(whole[0]), complex(shift[0])
        ((1+0j), (2.5+0j))
    """
    ratio, shift = 1 + complex(motion[0], motion[1]) / reach, complex(motion[2], motion[3])
    whole = np.asarray(np.exp(times * np.log(ratio)), dtype=np.complex128)
    gone = times + 0j if abs(ratio - 1) < 1e-6 else (whole - 1) / (ratio - 1)
    return whole, np.asarray(shift * gone, dtype=np.complex128)


def _tables(motion: Motion, times: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """(T, 2, 3): where a picture's pixels have gone, as OpenCV writes it."""
    whole, shift = power(motion, times, max(height, width) / 2)
    middle = complex((width - 1) / 2, (height - 1) / 2)
    to = shift + middle - whole * middle
    return np.moveaxis(np.array([[whole.real, -whole.imag, to.real], [whole.imag, whole.real, to.imag]]), -1, 0)


def _loss(residual: Picture, wide: float) -> Picture:
    part = np.minimum(np.abs(residual), wide) / wide
    return np.asarray(part * part, dtype=np.float32)


def _stacked(pile: Pile, motion: Motion, layers: NDArray[np.float32]) -> NDArray[np.float32]:
    """All pictures as the middle one's camera would have seen them; what is not shown is by turns far above and far below."""
    height, width = layers.shape[1:3]
    stack = np.empty_like(layers)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for i, table in enumerate(_tables(motion, pile.times, height, width)):
        value = (HIDDEN if i % 2 else -HIDDEN, 0.0, 0.0, 0.0)
        cv2.warpAffine(layers[i], table, (width, height), stack[i], flags, cv2.BORDER_CONSTANT, value)
    return stack


def settled(pile: Pile, start: Motion, free: tuple[int, ...] = (0, 1, 2, 3), steps: int = STEPS) -> Motion:
    """Gauss and Newton with Tukey's weights against the pile's own middle value, from wide to narrow."""
    motion, total = np.array(start, dtype=float), len(pile.times)
    times = pile.times.astype(np.float32)
    some = np.ix_(free, free)
    for k in range(steps):
        wide = max(NARROW, WIDE - 0.1 * k)
        stack = _stacked(pile, motion, pile.pictures).reshape(total, -1)
        middle = ranked(stack, total // 2)
        shown = np.abs(stack) < HIDDEN / 2
        residual = np.where(shown, stack - middle, wide)
        known = (shown.sum(axis=0) >= FEWEST_SHOWN) & (np.abs(middle) < HIDDEN / 2)
        picture = np.where(known, middle, 0).reshape(pile.pictures.shape[1:])
        change = moving(picture)
        part = np.clip(1 - (residual / wide) ** 2, 0, None)
        weight = part * part * (strength(picture).ravel() * known)
        normal = np.eye(4) * 0.3 + (change * (times**2 @ weight)) @ change.T
        pull = change @ (times @ (weight * residual))
        step = np.zeros(4)
        step[list(free)] = np.linalg.solve(normal[some], pull[list(free)])
        motion = motion - step
        if np.abs(step).max() < 0.005:
            break
    return motion


def parted(pile: Pile, motion: Motion) -> float:
    """Share of the picture's longer side (rms, per gap) by which its lower part moves otherwise than the rest, where that is sure.

    A camera that travels past a floor shears it, one that comes nearer makes it grow faster the nearer it is; a wall behind it does
    neither. Where floor and wall meet is tried out.
    """
    total, (height, width) = len(pile.times), pile.pictures.shape[1:]
    reach, times = max(height, width) / 2, pile.times.astype(np.float32)
    stack = _stacked(pile, motion, pile.pictures).reshape(total, -1)
    middle = ranked(stack, total // 2)
    shown = np.abs(stack) < HIDDEN / 2
    known = (shown.sum(axis=0) >= FEWEST_SHOWN) & (np.abs(middle) < HIDDEN / 2)
    picture = np.where(known, middle, 0).reshape(height, width)
    residual = np.where(shown, stack - middle, 1.0)
    weight = np.clip(1 - residual**2, 0, None) ** 2 * (strength(picture).ravel() * known)
    x = np.tile((np.arange(width, dtype=np.float32) - (width - 1) / 2) / reach, height)
    y = np.repeat((np.arange(height, dtype=np.float32) - (height - 1) / 2) / reach, width)
    change, far, pull = moving(picture), times**2 @ weight, times @ (weight * residual)
    parts = [_parts(change, far, pull, x, y, kink, float(motion[0])) for kink in KINKS]
    return float(max(parts, key=lambda one: one[0])[1] / max(height, width))


def _parts(change: Picture, far: Picture, pull: Picture, x: Picture, y: Picture, kink: float, growth: float) -> tuple[float, float]:
    """How much better it is explained that all below a row parts from the rest, and by how many pixels (rms over the picture) per gap."""
    below = np.maximum(y - kink, 0)
    fields = np.stack([[below, 0 * below], [x * below, (y - kink) * below]])
    every = np.concatenate([change, fields[:, 0] * change[2] + fields[:, 1] * change[3]])
    normal, right = (every * far) @ every.T + np.eye(6), every @ pull
    found, alone = -np.linalg.solve(normal, right), -np.linalg.solve(normal[:4, :4], right[:4])
    error = np.sqrt(np.diag(np.linalg.inv(normal))[4:])
    sure = np.abs(found[4:]) > SURE * error
    sure[1] &= found[5] * growth > 0  # who comes nearer makes near things grow more, never less
    flow = np.einsum("k,kcp->cp", found[4:] * sure, fields)
    return float(right[:4] @ alone - right @ found), float(np.sqrt((flow**2).sum(axis=0).mean()))


def gains(pile: Pile, motion: Motion) -> NDArray[np.float32]:
    """(T, TILES, TILES): how much better a motion explains each part of each picture than standing still does."""
    stack = _stacked(pile, motion, pile.layers)
    laid, still, count = np.moveaxis(stack, -1, 0)  # what is left is laid before it is squared: interpolation makes any noise less
    middle = ranked(np.ascontiguousarray(laid), len(stack) // 2)
    shown = np.abs(laid) < HIDDEN / 2
    known = shown & (shown.sum(axis=0) >= FEWEST_SHOWN) & (np.abs(middle) < HIDDEN / 2)
    count = np.where(known, count, 0)
    moved = _loss(laid - middle, NARROW)
    return np.stack([_tiled(vote) for vote in count * (_loss(still, NARROW) - moved)])

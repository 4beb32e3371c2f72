"""The camera's own motion, read off the background: what strong edges do that bodies do not.

A motion at a constant rate is sought that explains the steps between many pairs of frames at once: bodies pass, stop and turn, so
they never agree with each other for long. Standing still is one of the motions tried, and wins wherever another is not clearly better.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observation import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Picture = NDArray[np.float32]
    Motion = NDArray[np.float64]  # growth and turn (pixels at the border), shift right and down (pixels): from one frame to a later one

__all__ = ["camera_numbers", "find_view", "scaled"]

SIZE = 64  # pixels, longer side of the pictures that are compared: hatching, grain and blocks of codecs are averaged away
FINE = 128  # the same once the motion is known, for every frame
GAP_S = 1 / 3  # s between the two frames of a pair: the slowest move of a prompt makes a pixel of it
SURE = 0.1  # pixels per pair between top and middle of the picture that parts may seem to shear by
PAIRS = 8
LEAST_FRAMES = 8
SHARPEST = 0.8  # share of the picture whose local contrast stays below what counts as an edge: weak textures may lie on the lens
LEAST_CONTRAST = 2.0  # grey levels, of an edge
STRONG = 2.0  # over the levelled contrast, squared: at half of an edge's contrast a pixel counts in full
WIDE, NARROW = 0.7, 0.5  # residuals (1 is an edge's contrast) at which a pixel counts no more: while searching, and at the end
TILES = 8  # along each side
GAINED, MOST_GAINED = 0.01, 0.05  # cost by which a tile counts as explained better; one body may not outvote the rest
LEAST_SCORE, LEAST_BETTER = 0.0015, 6  # mean gain, and tiles explained better, that make a camera move
FEWEST, SHARE, AGREEING = 3, 1.2, 0.8  # tiles better, and better for each that is worse, in this share of the pairs: a body pauses
MORE = 2.4  # tiles better for each that is worse, in all pairs together: one body that passes reaches 3.7, two that are in the rim too 2.1
# Of the outermost tiles so many are explained better, and so many for each that is worse: large bodies are in the middle.
LEAST_RIM, MORE_RIM, FAINTLY = 5, 2.6, 0.4
MOST_LEFT = 0.5  # of what is strong may stay unexplained
LEAST_MOVE = 0.3  # pixels per pair (rms over the picture)
# Which parts of a motion are free: a lens, a turn of the head, both, anything.
KINDS: tuple[tuple[int, ...], ...] = ((0,), (2, 3), (0, 2, 3), (0, 1, 2, 3))
LENS = 1.05  # a lens explains with one number what a turn takes two for
SIMPLE = 0.9  # of the gain of the freest kind, with which a simpler one is believed
TRUST = 0.5  # of a pair's information: how strongly a single frame is held to the motion of all
_STARTS = [(0.0, 0.0, 0.0, 0.0)] + [
    tuple(float(sign * size * (k == axis)) for k in range(4)) for axis, sizes in ((2, (1, 2)), (3, (1, 2)), (0, (0.8, 1.6)))
    for size in sizes for sign in (1, -1)
]  # fmt: skip


class _Key(NamedTuple):
    """A picture to which others are aligned, its change (4, pixels) with each part of a motion, and how much each pixel counts."""

    picture: Picture
    change: Picture
    weight: Picture


def find_view(frames: NDArray[np.uint8], rate: float = 24.0) -> View | None:
    """How the camera moves, in pixels of the frames given; None where it stands still, or where nothing shows that it does not.

    Args:
        frames: (T, H, W, 3) grey levels.
        rate: Hz, of the frames.
    """
    total, height, width = frames.shape[:3]
    gap = int(np.clip(round(rate * GAP_S), 1, max(1, total // 3)))
    if total < LEAST_FRAMES or min(height, width) < SIZE // 2 or max(height, width) > 4 * min(height, width):
        return None
    starts = np.unique(np.linspace(0, total - 1 - gap, PAIRS).round().astype(int))
    used = sorted({*starts.tolist(), *(starts + gap).tolist()})
    pictures, contrast = _levelled([frames[i] for i in used], SIZE)
    at = dict(zip(used, pictures, strict=True))
    pairs = [(_key(at[i]), at[i + gap]) for i in starts.tolist()]
    found = _common(pairs)
    if found is None:
        return None
    motion, free = found
    return _followed(frames, motion, free, gap, contrast, _unexplained(pairs, motion))


def scaled(view: View | None, factor: float) -> View | None:
    """The same view in pixels of a picture ``factor`` times as large."""
    if view is None or factor == 1:
        return view
    return View(
        x=view.x * factor, y=view.y * factor, scale=view.scale, roll=view.roll, stray=view.stray * factor, confidence=view.confidence
    )


def camera_numbers(view: View | None, times: NDArray[np.float64], width: int, height: int) -> dict[str, float]:
    """The camera's motion as rates per second.

    Returns:
        ``pan_x``, ``pan_y``: px of the first frame by which the middle of the picture wanders right and down; ``zoom``: natural logarithm
        by which things grow; ``roll``: rad by which the camera turns clockwise about its line of sight; ``parallax``: px rms by which near
        and far things part, so that no turning and no lens explains it. All 0 where the camera stands still.

    Example:
        >>> camera_numbers(None, np.arange(3.0), 128, 128)
        {'pan_x': 0.0, 'pan_y': 0.0, 'zoom': 0.0, 'roll': 0.0, 'parallax': 0.0}
    """
    names = ("pan_x", "pan_y", "zoom", "roll", "parallax")
    if view is None or len(times) < 2 or times[-1] <= times[0]:
        return dict.fromkeys(names, 0.0)
    middle = np.full(len(times), 0.5)
    x, y = view.to_first(np.arange(len(times)), width * middle, height * middle)
    curves = np.stack([x, y, -np.log(view.scale), view.roll, view.stray])
    return dict(zip(names, np.polyfit(np.asarray(times) - times[0], curves.T, 1)[0].tolist(), strict=True))


# Pictures -----------------------------------------------------------------------------------------------------------------------------


def _levelled(frames: Sequence[NDArray[np.uint8]], size: int, contrast: float | None = None) -> tuple[list[Picture], float]:
    """Small pictures in which every strong edge counts alike, weak ones less, and light and shade not; and what a strong edge has."""
    far, vary = [], []
    for frame in frames:
        factor = min(1.0, size / max(frame.shape[:2]))
        small = cv2.resize(frame, (round(frame.shape[1] * factor), round(frame.shape[0] * factor)), interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.8 * size / SIZE)
        far.append(grey - cv2.GaussianBlur(grey, (0, 0), 3.0 * size / SIZE))
        vary.append(cv2.GaussianBlur(far[-1] * far[-1], (0, 0), 3.0 * size / SIZE))
    if contrast is None:
        contrast = max(LEAST_CONTRAST, float(np.sqrt(np.percentile(np.stack(vary), 100 * SHARPEST))))
    return [np.asarray(d / cv2.sqrt(v + contrast**2), dtype=np.float32) for d, v in zip(far, vary, strict=True)], contrast


def _key(picture: Picture) -> _Key:
    height, width = picture.shape
    across, down = cv2.Sobel(picture, cv2.CV_32F, 1, 0) / 8, cv2.Sobel(picture, cv2.CV_32F, 0, 1) / 8
    reach = max(height, width) / 2
    x = (np.arange(width, dtype=np.float32) - (width - 1) / 2)[None, :] / reach
    y = (np.arange(height, dtype=np.float32) - (height - 1) / 2)[:, None] / reach
    change = np.stack([across * x + down * y, down * x - across * y, across, down]).reshape(4, -1)
    strong = cv2.GaussianBlur(picture * picture, (0, 0), 3.0 * reach / SIZE * 2)
    return _Key(picture, change.astype(np.float32), cv2.min(strong * STRONG, 1.0).ravel() ** 2)


def _residual(key: _Key, other: Picture, motion: Motion) -> tuple[Picture, NDArray[np.bool_]]:
    """What differs once ``other`` is brought back over the key, and which pixels it shows."""
    height, width = key.picture.shape
    grow, turn, right, down = (float(v) for v in motion)
    reach, cx, cy = max(height, width) / 2, (width - 1) / 2, (height - 1) / 2
    a, b = 1 + grow / reach, turn / reach
    table = np.array([[a, -b, right + cx - a * cx + b * cy], [b, a, down + cy - b * cx - a * cy]], dtype=np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    back = cv2.warpAffine(other, table, (width, height), flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=1e4)
    residual = (back - key.picture).ravel()
    return residual, np.abs(residual) < 50


# One motion for all pairs -------------------------------------------------------------------------------------------------------------


def _common(pairs: Sequence[tuple[_Key, Picture]]) -> tuple[Motion, tuple[int, ...]] | None:
    """The motion that explains all pairs best and which of its parts are free, None where that is none."""
    starts = [np.array(start) for start in _STARTS]
    first = np.array([_score(_votes(pairs, start, WIDE)) for start in starts])
    found = [_refined(pairs, starts[0])]
    if first[1:].max() < -LEAST_SCORE and _length(found[0]) < LEAST_MOVE:
        return None
    found += [_refined(pairs, starts[k]) for k in 1 + np.argsort(-first[1:], kind="stable")[:2]]
    scores = [_score(_votes(pairs, one, NARROW)) for one in found]
    motion, best, free = found[int(np.argmax(scores))], max(scores), KINDS[-1]
    for kinds in (KINDS[:2], KINDS[2:3]):
        simple = [_refined(pairs, motion * np.isin(range(4), kind), free=kind) for kind in kinds]
        scores = [_score(_votes(pairs, one, NARROW)) for one in simple]
        k = int(np.argmax(scores * np.array([LENS, 1.0])[: len(kinds)]))
        if scores[k] > SIMPLE * best:
            motion, free = simple[k], kinds[k]
            break
    votes = _votes(pairs, motion, NARROW)
    better, worse = (votes > GAINED).sum(axis=(1, 2)), (votes < -GAINED).sum(axis=(1, 2))
    agree = (better >= np.maximum(FEWEST, SHARE * worse)).mean()
    if _length(motion) < LEAST_MOVE or agree < AGREEING or better.mean() < LEAST_BETTER or best < LEAST_SCORE:
        return None
    if better.sum() < MORE * worse.sum():
        return None
    if _left(pairs, motion) > MOST_LEFT:
        return None
    rim = votes.mean(axis=0)
    rim[1:-1, 1:-1] = 0.0
    if (rim > FAINTLY * GAINED).sum() < max(LEAST_RIM, MORE_RIM * (rim < -FAINTLY * GAINED).sum()):
        return None
    return motion, free


def _left(pairs: Sequence[tuple[_Key, Picture]], motion: Motion) -> float:
    """0 to 1: how much of what is strong a motion leaves unexplained; noise always has most of it left."""
    loss, number = 0.0, 1e-6
    for key, other in pairs:
        residual, shown = _residual(key, other, motion)
        weight = key.weight * shown
        loss += float(weight @ _loss(residual, NARROW))
        number += float(weight.sum())
    return loss / number


def _score(votes: Picture) -> float:
    return float(np.clip(votes, -MOST_GAINED, MOST_GAINED).mean())


def _length(motion: Motion) -> float:
    """Pixels (rms over the picture) by which a motion moves it."""
    return float(np.sqrt(motion[2] ** 2 + motion[3] ** 2 + 0.6 * (motion[0] ** 2 + motion[1] ** 2)))


def _loss(residual: Picture, wide: float) -> Picture:
    part = cv2.min(np.abs(residual), wide).ravel() / wide
    return np.asarray(part * part, dtype=np.float32)


def _votes(pairs: Sequence[tuple[_Key, Picture]], motion: Motion, wide: float) -> Picture:
    """(pairs, TILES, TILES): how much better a motion explains each tile than standing still does."""
    rows = []
    for key, other in pairs:
        still, here = _residual(key, other, np.zeros(4))
        moved, there = _residual(key, other, motion)
        gain = (key.weight * np.where(here & there, _loss(still, wide) - _loss(moved, wide), 0)).reshape(key.picture.shape)
        rows.append(_tiled(gain))
    return np.stack(rows)


def _tiled(picture: NDArray[Any]) -> Picture:
    """Means over the tiles."""
    return np.asarray(cv2.resize(picture.astype(np.float32), (TILES, TILES), interpolation=cv2.INTER_AREA))


def _refined(
    pairs: Sequence[tuple[_Key, Picture]], start: Motion, prior: float = 0.0, steps: int = 6, free: tuple[int, ...] = (0, 1, 2, 3)
) -> Motion:
    """Gauss and Newton with Tukey's weights, from wide to narrow; ``prior`` is the information (of all pairs) that speaks for the start."""
    motion = np.array(start, dtype=float)
    for k in range(steps):
        wide = max(NARROW, WIDE - 0.1 * k) if prior == 0 else NARROW
        normal, pull = np.eye(4) * 0.3, np.zeros(4)
        for key, other in pairs:
            residual, shown = _residual(key, other, motion)
            weight = key.weight * np.where(shown, np.clip(1 - (residual / wide) ** 2, 0, None) ** 2, 0).astype(np.float32)
            weighted = key.change * weight
            normal += weighted @ key.change.T
            pull += weighted @ np.where(shown, residual, 0)
        held = prior * np.diag(np.diag(normal))
        step, some = np.zeros(4), np.ix_(free, free)
        step[list(free)] = np.linalg.solve((normal + held)[some], (pull + held @ (motion - start))[list(free)])
        motion = motion - step
        if np.abs(step).max() < 0.005:
            break
    return motion


def _unexplained(pairs: Sequence[tuple[_Key, Picture]], motion: Motion) -> float:
    """Share of the picture's longer side (rms, per pair) by which its upper and lower parts move otherwise: they are farther and nearer.

    A camera that travels past a floor shears it, one that comes nearer makes its lower part grow faster: two numbers for all pairs.
    """
    height, width = pairs[0][0].picture.shape
    reach = max(height, width) / 2
    x = np.tile((np.arange(width) - (width - 1) / 2) / reach, height).astype(np.float32)
    y = np.repeat((np.arange(height) - (height - 1) / 2) / reach, width).astype(np.float32)
    normal, pull = np.eye(6) * 3.0, np.zeros(6)
    for key, other in pairs:
        residual, shown = _residual(key, other, motion)
        weight = key.weight * np.where(shown, np.clip(1 - residual**2, 0, None) ** 2, 0).astype(np.float32)
        across, down = key.change[2], key.change[3]
        change = np.concatenate([key.change, np.stack([across * y, across * x * y + down * y * y])])
        normal += (change * weight) @ change.T
        pull += (change * weight) @ np.where(shown, residual, 0)
    shear, deeper = -np.linalg.solve(normal, pull)[4:]
    deeper = deeper if deeper * motion[0] > 0 else 0.0  # who comes nearer makes near things grow more, never less
    shear = max(0.0, abs(shear) - SURE)
    apart = np.hypot(shear * y.std(), deeper * np.hypot((x * y).std(), (y * y).std()))
    return float(apart / max(height, width))


# From pairs to every frame ------------------------------------------------------------------------------------------------------------


def _followed(frames: NDArray[np.uint8], motion: Motion, free: tuple[int, ...], gap: int, contrast: float, stray: float) -> View:
    """The motion frame by frame: key frames one after the other, and each frame in between from the key before it."""
    total, height, width = frames.shape[:3]
    keys = list(range(0, total - 1, gap))
    steps = [*keys, total - 1]
    factor, fine = min(1.0, FINE / max(height, width)), FINE / SIZE
    pictures = dict(zip(steps, _levelled([frames[i] for i in steps], FINE, contrast)[0], strict=True))
    grow = min(1.0, fine * SIZE / max(height, width)) / min(1.0, SIZE / max(height, width))  # from small to fine pixels
    rate = motion * grow / gap
    z = np.zeros(total, dtype=complex)  # first = m z + s, from the picture's middle, in fine pixels
    m = np.ones(total, dtype=complex)
    reach = max(pictures[0].shape) / 2
    for start, end in itertools.pairwise(steps):
        key = _key(pictures[start])
        between, _ = _levelled([frames[i] for i in range(start + 1, end)], FINE, contrast)
        for i, picture in zip(range(start + 1, end + 1), [*between, pictures[end]], strict=True):
            guess = rate * (i - start)
            last = _refined([(key, picture)], guess, prior=TRUST, steps=3, free=free)
            factor_back = 1 / (1 + (last[0] + 1j * last[1]) / reach)
            m[i] = m[start] * factor_back
            z[i] = z[start] - m[i] * (last[2] + 1j * last[3])
    middle = complex(width / 2, height / 2)
    shift = middle - m * middle + z / factor
    far = stray * max(height, width) * np.arange(total) / gap
    return View(x=shift.real, y=shift.imag, scale=np.abs(m), roll=np.unwrap(np.angle(m)), stray=far, confidence=np.ones(total))

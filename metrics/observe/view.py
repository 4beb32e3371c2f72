"""The camera's own motion, read off the background: what strong edges do that bodies do not.

A motion at a constant rate is sought that explains the whole clip at once (``pile.py``): bodies pass, stop and turn, so they never agree
with each other for long. Standing still is one of the motions tried, and wins wherever another is not clearly better.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observation import View
from kinema.metrics.observe.pile import NARROW, STEPS, WIDE, gains, moving, parted, pile_of, settled, strength, thinned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.pile import Pile

    Picture = NDArray[np.float32]
    Motion = NDArray[np.float64]  # growth and turn (pixels at the border), shift right and down (pixels): from one frame to a later one

__all__ = ["camera_numbers", "find_view", "scaled"]

SIZE = 64  # pixels, longer side of the pictures that are compared: hatching, grain and blocks of codecs are averaged away
FINE = 128  # the same once the motion is known, for every frame
GAP_S = 1 / 3  # s between the two frames of a pair: the slowest move of a prompt makes a pixel of it
PAIRS = 8
LEAST_FRAMES = 8
RESTS = 0.2  # of what is strong may be unexplained where the camera certainly stands still
GAINED, MOST_GAINED = 0.01, 0.05  # cost by which a tile counts as explained better; one body may not outvote the rest
HINTED, HINTS, MOST_HINTS = 0.0018, 2, 3  # mean gain with which a motion is looked at further, after so many steps; and how many are
LEAST_SCORE = 0.0022  # mean gain that makes a camera move
FEWEST, SHARE, AGREEING = 3, 1.2, 0.6  # tiles better, and better for each that is worse, in this share of the frames: a body pauses
MORE = 1.4  # tiles better for each that is worse, in all frames together
LEAST_RIM, FAINTLY = 3, 0.4  # of the outermost tiles so many are explained better, by this share of what counts elsewhere
LEAST_MOVE = 0.3  # pixels per pair (rms over the picture)
# Which parts of a motion are free: a lens, a turn of the head, both, anything.
KINDS: tuple[tuple[int, ...], ...] = ((0,), (2,), (3,), (2, 3), (0, 2, 3), (0, 1, 2, 3))
PLAIN, SIMPLE = 0.7, 0.9  # of the gain of the best, with which a motion of a single part and one of fewer parts are believed
MUCH_THE_SAME = 0.6  # of the best motion's length, by which that of a single part may differ from it
COSTS = 0.1  # of the least gain, more for each further part that is free
TRUST = 0.5  # of a pair's information: how strongly a single frame is held to the motion of all
# Moves that a prompt may ask for, per pair: those of one part each are tried from here, all others from what pairs of pictures say.
STARTS: dict[tuple[int, ...], tuple[tuple[float, ...], ...]] = {
    (0,): ((1.0, 0.0, 0.0, 0.0), (-1.0, 0.0, 0.0, 0.0)),
    (2,): ((0.0, 0.0, 2.0, 0.0), (0.0, 0.0, -2.0, 0.0)),
    (3,): ((0.0, 0.0, 0.0, 1.4), (0.0, 0.0, 0.0, -1.4)),
}


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
    places = [(used.index(i), used.index(i + gap)) for i in starts.tolist()]
    seen = _contrasts([frames[i] for i in used], SIZE)
    for level in LEVELS:
        pictures, contrast = _levelled(seen, level)
        pile = pile_of(pictures, (np.array(used) - used[len(used) // 2]) / gap)
        if not RESTS <= pile.unrest <= level.most:
            return None
        pairs = [(_key(pictures[i]), pictures[k]) for i, k in places]
        hints = _hints(pile, pairs)
        if hints[0].score < HINTED:
            return None
        found = _common(pile, hints, level.rim)
        if found is not None:
            faint = pile if level is LEVELS[-1] else pile_of(_levelled(seen, LEVELS[-1])[0], pile.times)
            return _followed(frames, *found, gap, contrast, parted(faint, found[0]))
    return None


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


class _Level(NamedTuple):
    """What counts as an edge.

    Attributes:
        below: share of the picture whose local contrast stays below it.
        least: grey levels, its least contrast.
        rim: of the outermost tiles so many must be explained better for each that is worse: large bodies are in the middle.
        most: unrest beyond which all is noise to it.
    """

    below: float
    least: float
    rim: float
    most: float


# First strong edges alone, for weak textures may lie on the lens, as paper and hatching do; where these do not tell, a floor's texture.
# In clips of still cameras the latter speaks against every motion (58 clips: a mean gain of .0025 at most), so that its rim need not.
LEVELS = (_Level(0.8, 2.0, 1.5, 1.0), _Level(0.4, 1.0, 1.0, 0.5))


def _contrasts(frames: Sequence[NDArray[np.uint8]], size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Small pictures without light and shade, and how much each of them varies around each pixel, squared."""
    far, vary = [], []
    for frame in frames:
        factor = min(1.0, size / max(frame.shape[:2]))
        small = cv2.resize(frame, (round(frame.shape[1] * factor), round(frame.shape[0] * factor)), interpolation=cv2.INTER_AREA)
        grey = cv2.GaussianBlur(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.8 * size / SIZE)
        far.append(grey - cv2.GaussianBlur(grey, (0, 0), 3.0 * size / SIZE))
        vary.append(cv2.GaussianBlur(far[-1] * far[-1], (0, 0), 3.0 * size / SIZE))
    return np.stack(far), np.stack(vary)


def _levelled(seen: tuple[NDArray[np.float32], NDArray[np.float32]], level: _Level | float) -> tuple[NDArray[np.float32], float]:
    """Pictures in which every strong edge counts alike and weak ones less; and the contrast of a strong edge, unless it is given."""
    far, vary = seen
    strong = level if isinstance(level, float) else max(level.least, float(np.sqrt(np.percentile(vary, 100 * level.below))))
    return far / np.sqrt(vary + np.float32(strong**2)), strong


def _key(picture: Picture) -> _Key:
    return _Key(picture, moving(picture), strength(picture).ravel())


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


# One motion for all frames ------------------------------------------------------------------------------------------------------------


def _common(pile: Pile, hints: Sequence[_Explained], rim: float) -> tuple[Motion, tuple[int, ...]] | None:
    """The motion that explains all frames best and which of its parts are free, None where that is none."""
    found = [_explained(pile, one.motion * np.isin(range(4), free), free) for one in hints for free in KINDS if _related(free, one.free)]
    best = max(found, key=lambda one: one.score)
    if best.score < LEAST_SCORE:
        return None
    one = _simplest(found, best)
    least = LEAST_SCORE * (1 + COSTS * (len(one.free) - 1))
    return (one.motion, one.free) if one.score > least and _length(one.motion) > LEAST_MOVE and _agreed(one.votes, rim) else None


def _simplest(found: Sequence[_Explained], best: _Explained) -> _Explained:
    """Of what explains nearly as much as the best: a move of one part that is much the same, else whatever has fewest parts.

    Where little is seen but a horizon, a lens and a turn explain the same: then that at the rate at which prompts ask for it.
    """
    near = [one for one in found if len(one.free) == 1 and one.score >= PLAIN * best.score and _alike(one, best)]
    if near:
        most = max(one.score for one in near)
        heads = [max((one for one in near if one.free == free), key=lambda one: one.score, default=None) for free in STARTS]
        return min((one for one in heads if one is not None and one.score >= PLAIN * most), key=_unusual)
    return min((one for one in found if one.score >= SIMPLE * best.score), key=lambda one: len(one.free))


def _alike(one: _Explained, best: _Explained) -> bool:
    return one.score >= SIMPLE * best.score or _length(one.motion - best.motion) <= MUCH_THE_SAME * _length(best.motion)


def _unusual(one: _Explained) -> float:
    """How far from its usual rate, as a logarithm, a move of a single part is."""
    return abs(float(np.log(max(_length(one.motion), 1e-6) / _length(np.array(STARTS[one.free][0])))))


def _hints(pile: Pile, pairs: Sequence[tuple[_Key, Picture]]) -> list[_Explained]:
    """Where to search further, the best first: what a prompt may ask for, and, where that is no rest, what explains pairs of pictures."""
    thin = thinned(pile)
    slow = _refined(pairs, np.zeros(4))
    starts = [(np.array(start), free) for free, sizes in STARTS.items() for start in sizes]
    if _length(slow) > LEAST_MOVE / 2:
        starts += [(slow * np.isin(range(4), free), free) for free in (*STARTS, *KINDS[-3:])]
    hints = [_explained(thin, start, free, HINTS) for start, free in starts]
    across, along = (max((one for one in hints if one.free == free), key=lambda one: one.score) for free in ((2,), (3,)))
    if max(across.score, along.score) > 0:
        hints.append(_explained(thin, across.motion + along.motion, (2, 3), HINTS))
    return _apart(sorted(hints, key=lambda one: -one.score))[:MOST_HINTS]


def _apart(hints: Sequence[_Explained]) -> list[_Explained]:
    """Those that are not much the same as an earlier one."""
    kept: list[_Explained] = []
    for hint in hints:
        if all(_length(hint.motion - other.motion) > LEAST_MOVE for other in kept):
            kept.append(hint)
    return kept


def _related(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return set(one) <= set(other) or set(one) >= set(other)


class _Explained(NamedTuple):
    """A motion of which some parts are free, how much better each part of each picture is explained by it, and the mean of that."""

    motion: Motion
    free: tuple[int, ...]
    votes: Picture
    score: float


def _explained(pile: Pile, start: Motion, free: tuple[int, ...], steps: int = STEPS) -> _Explained:
    motion = settled(pile, start, free, steps)
    votes = gains(pile, motion)
    return _Explained(motion, free, votes, _score(votes))


def _agreed(votes: Picture, more: float) -> bool:
    """Whether most of the picture is explained better most of the time, and its rim as well."""
    better, worse = (votes > GAINED).sum(axis=(1, 2)), (votes < -GAINED).sum(axis=(1, 2))
    agree = (better >= np.maximum(FEWEST, SHARE * worse)).mean()
    rim = votes.mean(axis=0)
    rim[1:-1, 1:-1] = 0.0
    along, against = (rim > FAINTLY * GAINED).sum(), (rim < -FAINTLY * GAINED).sum()
    return bool(agree >= AGREEING and better.sum() >= MORE * worse.sum() and along >= max(LEAST_RIM, more * against))


def _score(votes: Picture) -> float:
    return float(np.clip(votes, -MOST_GAINED, MOST_GAINED).mean())


def _length(motion: Motion) -> float:
    """Pixels (rms over the picture) by which a motion moves it."""
    return float(np.sqrt(motion[2] ** 2 + motion[3] ** 2 + 0.6 * (motion[0] ** 2 + motion[1] ** 2)))


def _loss(residual: Picture, wide: float) -> Picture:
    part = cv2.min(np.abs(residual), wide).ravel() / wide
    return np.asarray(part * part, dtype=np.float32)


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


# From pairs to every frame ------------------------------------------------------------------------------------------------------------


def _followed(frames: NDArray[np.uint8], motion: Motion, free: tuple[int, ...], gap: int, contrast: float, stray: float) -> View:
    """The motion frame by frame: key frames one after the other, and each frame in between from the key before it."""
    total, height, width = frames.shape[:3]
    keys = list(range(0, total - 1, gap))
    steps = [*keys, total - 1]
    factor, fine = min(1.0, FINE / max(height, width)), FINE / SIZE
    pictures = dict(zip(steps, _levelled(_contrasts([frames[i] for i in steps], FINE), contrast)[0], strict=True))
    grow = min(1.0, fine * SIZE / max(height, width)) / min(1.0, SIZE / max(height, width))  # from small to fine pixels
    rate = motion * grow / gap
    z = np.zeros(total, dtype=complex)  # first = m z + s, from the picture's middle, in fine pixels
    m = np.ones(total, dtype=complex)
    reach = max(pictures[0].shape) / 2
    for start, end in itertools.pairwise(steps):
        key = _key(pictures[start])
        between = [_levelled(_contrasts([frames[i]], FINE), contrast)[0][0] for i in range(start + 1, end)]
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

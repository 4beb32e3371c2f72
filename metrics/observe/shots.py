"""Where a clip is cut, and how evenly it plays: repeated frames, jerks, and times that are not even."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Steps", "shots_of", "steps_of"]

SMALL = 32  # pixels, longer side of the pictures that are compared for cuts
FINE = 128  # the same for repeated frames
NOISE = 3.0  # grey levels that a codec may change of a frame that is repeated
REPEATED = 0.15  # of the neighbouring steps: a smooth motion never slows down and picks up so suddenly
LONGEST_HOLD = 3  # frames: what stands still for longer rests
CUT = 9.0  # grey levels by which the whole picture changes, light taken out
ALONE = 4.0  # times the largest change nearby: a fast pan changes as much in every step
AROUND = 5  # frames before and after that count as nearby
LASTS = 0.6  # of the change must still be there three frames later: a flash is over then
ALIKE = 0.7  # correlation of the pictures before and after, above which only colours could tell a cut
OTHER_COLOURS = 14.0  # grey levels of the mean change of colour that tell one all the same
UNEVEN = 0.1  # of the usual interval by which one deviates to count as uneven
LEAST_STEPS = 6  # clear steps of motion, for their evenness to be told


class Steps(NamedTuple):
    """(T, h, w, 3) tiny pictures, and for each step (T - 1,) how much of the picture changes by more than a codec does."""

    tiny: NDArray[np.uint8]
    change: NDArray[np.float64]


def shots_of(
    frames: NDArray[np.uint8], times: NDArray[np.float64], steps: Steps | None = None
) -> tuple[tuple[float, ...], dict[str, float]]:
    """The first moment (s) of every shot after the first, and numbers about the timing.

    Args:
        frames: (T, H, W, 3) grey levels.
        times: (T,) s.
        steps: of the frames, where they are known.

    Returns:
        Cuts, and ``duplicates``: share of the frames that repeat the one before while things move; ``rate``: distinct frames a second;
        ``pace``: natural logarithm by which a step of the motion typically differs from its neighbours, 0 for an even motion, .7 where
        every other step is twice as long; ``uneven``: share of the intervals between frames that differ from the usual one by over 10 %.

    Example:
        >>> frames = np.zeros((10, 16, 16, 3), np.uint8)
        >>> shots_of(frames, np.arange(10) / 5)
        ((), {'duplicates': 0.0, 'rate': 5.0, 'pace': 0.0, 'uneven': 0.0})
    """
    total = len(frames)
    if total < 2:
        return (), {"duplicates": 0.0, "rate": 0.0, "pace": 0.0, "uneven": 0.0}
    tiny, change = steps or steps_of(frames)
    cuts = _cuts(tiny)
    change = change.copy()
    change[cuts] = 0.0
    again = _repeated(change)
    intervals = np.diff(times)
    usual = float(np.median(intervals))
    numbers = {
        "duplicates": float(again.mean()) * (total - 1) / total,
        "rate": float((len(again) - again.sum()) / max(times[-1] - times[0], 1e-6)),
        "pace": _unevenness(change[~again]),
        "uneven": float(np.mean(np.abs(intervals - usual) > UNEVEN * usual)),
    }
    return tuple(float(times[k + 1]) for k in cuts), numbers


def steps_of(frames: NDArray[np.uint8]) -> Steps:
    """What changes from frame to frame (T, H, W, 3), in one pass."""
    height, width = frames.shape[1:3]
    fine, tiny = (
        (max(1, round(width * f)), max(1, round(height * f))) for f in (min(1.0, size / max(height, width)) for size in (FINE, SMALL))
    )
    pictures = np.empty((len(frames), tiny[1], tiny[0], 3), np.uint8)
    steps = np.zeros(max(len(frames) - 1, 0))
    before = None
    for i, frame in enumerate(frames):
        now = cv2.resize(frame, fine, interpolation=cv2.INTER_AREA)
        pictures[i] = cv2.resize(now, tiny, interpolation=cv2.INTER_AREA)
        if before is not None:
            steps[i - 1] = cv2.mean(cv2.subtract(cv2.absdiff(now, before), (NOISE, NOISE, NOISE, 0)))[1]
        before = now
    return Steps(pictures, steps)


def _cuts(pictures: NDArray[np.uint8]) -> list[int]:
    """Steps in which all of the picture changes at once, for good, and not its light alone."""
    total = len(pictures)
    change = np.array([_apart(pictures[i], pictures[i + 1]) for i in range(total - 1)])
    found: list[int] = []
    for k in np.flatnonzero(change > CUT).tolist():
        near = np.delete(change[max(0, k - AROUND) : k + AROUND + 1], min(k, AROUND))
        if change[k] < ALONE * near.max(initial=0.0):
            continue
        before, after = pictures[max(0, k - 2)], pictures[min(total - 1, k + 3)]
        if _apart(before, after) > LASTS * change[k] and _differ(pictures[k], pictures[k + 1]):
            found.append(k)
    return found


def _apart(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """Mean change in grey levels once the second has the first's mean light."""
    a, b = one.astype(np.float32), two.astype(np.float32)
    return float(np.abs(b - a - (b.mean() - a.mean())).mean())


def _differ(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> bool:
    a, b = one.astype(np.float32), two.astype(np.float32)
    first, second = a.mean(axis=2).ravel(), b.mean(axis=2).ravel()
    first, second = first - first.mean(), second - second.mean()
    size = float(np.linalg.norm(first) * np.linalg.norm(second))
    alike = float(first @ second) / size if size > 0 else 1.0
    colour = float(np.abs((b - b.mean(axis=2, keepdims=True)) - (a - a.mean(axis=2, keepdims=True))).mean())
    return alike < ALIKE or colour > OTHER_COLOURS


def _repeated(steps: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Steps in which nothing changes although it did just before and does again soon."""
    moving = np.flatnonzero(steps > 0)
    again = np.zeros(len(steps), dtype=bool)
    if len(moving) < 2:
        return again
    for k in range(len(steps)):
        before, after = steps[max(0, k - LONGEST_HOLD) : k], steps[k + 1 : k + 1 + LONGEST_HOLD]
        again[k] = min(before.max(initial=0.0), after.max(initial=0.0)) * REPEATED > steps[k]
    return again


def _unevenness(steps: NDArray[np.float64]) -> float:
    """How much a step typically differs from those before and after it, among clear ones."""
    if len(steps) < 3:
        return 0.0
    middle = np.sqrt(steps[:-2] * steps[2:])
    clear = (middle > 0.1 * steps.max()) & (steps[1:-1] > 0) & (steps.max() > 0.02)
    if clear.sum() < LEAST_STEPS:
        return 0.0
    return float(np.median(np.abs(np.log(steps[1:-1][clear] / middle[clear]))))

"""The value of a rank over many pictures, by a network of comparisons of whole pictures: four times faster than sorting pixels."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["median", "ranked"]

Number = TypeVar("Number", np.uint8, np.float32)

CHUNK = 1 << 16  # pixels at a time: pictures that stay in the cache


class _Step(NamedTuple):
    """Two places of which the first is to hold the smaller value; which of the two is asked for later."""

    low: int
    high: int
    low_used: bool
    high_used: bool


@lru_cache(maxsize=64)
def _network(count: int, rank: int) -> tuple[_Step, ...]:
    """Batcher's odd-even merge sort (1968), without what the value of one rank does not depend on."""
    size = 1 << max(0, count - 1).bit_length()
    pairs: list[tuple[int, int]] = []
    block = 1
    while block < size:
        step = block
        while step >= 1:
            for start in range(step % block, size - step, 2 * step):
                for one in range(start, min(start + step, size - step)):
                    if one // (2 * block) == (one + step) // (2 * block):
                        pairs.append((one, one + step))
            step //= 2
        block *= 2
    used, steps = {rank}, []
    for low, high in reversed([pair for pair in pairs if pair[1] < count]):  # what is beyond the last is larger than everything
        if low in used or high in used:
            steps.append(_Step(low, high, low in used, high in used))
            used |= {low, high}
    return tuple(reversed(steps))


def ranked(values: NDArray[Number], rank: int) -> NDArray[Number]:
    """The value of a rank along the first axis; 0 is the smallest. For bytes and for float32.

    Example:
        >>> ranked(np.array([[3, 9], [1, 8], [2, 7]], np.uint8), 1).tolist()
        [2, 8]
    """
    count = len(values)
    flat = values.reshape(count, -1)
    found = np.empty(flat.shape[1], values.dtype)
    for start in range(0, flat.shape[1], CHUNK):
        rows = [flat[k, start : start + CHUNK].copy()[None] for k in range(count)]
        spare = np.empty_like(rows[0])
        for low, high, low_used, high_used in _network(count, rank):
            one, two = rows[low], rows[high]
            if low_used and high_used:
                cv2.min(one, two, spare)
                cv2.max(one, two, two)
                rows[low], spare = spare, one
            elif low_used:
                cv2.min(one, two, one)
            else:
                cv2.max(one, two, two)
        found[start : start + CHUNK] = rows[rank][0]
    return found.reshape(values.shape[1:])


def median(values: NDArray[np.uint8], use: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """The upper median along the first axis, of those values alone that are to be used; 255 where there are none.

    Args:
        values: (n, ...) or, with ``use``, (n, ..., channels).
        use: (n, ...).

    Example:
        >>> median(np.array([[[3]], [[1]], [[2]]], np.uint8), np.array([[True], [False], [True]])).tolist()
        [[3]]
    """
    middle = len(values) // 2
    if use is None:
        return ranked(values, middle)
    hidden = ~use
    low = middle - use.sum(axis=0) // 2  # so many hidden ones are made 0, the others 255: the middle of all is that of the used ones
    kind = np.uint8 if len(values) < 256 else np.int32
    fill = (np.cumsum(hidden, axis=0, dtype=kind) > low.astype(kind)).view(np.uint8) * np.uint8(255)
    return ranked(np.where(use[..., None], values, fill[..., None]), middle)

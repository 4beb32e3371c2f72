"""Damage done to training clips in known doses, so that the networks learn to see quality, order and pace.

Every dose is a number from 0, none, to 1; a clip carries the doses as further labels. Written for training alone: the faults that metrics
are tried on are others (``faults.py``), made of whole clips and truths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["HEARD", "SEEN", "damaged_picture", "damaged_sound"]

CLEAN = 0.25  # share of clips that stay as they are
CHANCE = 0.22  # of each damage on one that does not


def _blur(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    sigma = 0.3 + 2.2 * dose
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in frames])


def _noise(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    grain = rng.normal(0, 1 + 50 * dose**1.5, frames.shape if rng.random() < 0.7 else (1, *frames.shape[1:]))
    return _bytes(frames + grain)


def _compression(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(60 - 56 * dose)]
    squeezed = [cv2.imdecode(cv2.imencode(".jpg", frame, quality)[1], cv2.IMREAD_COLOR) for frame in frames]
    return np.stack([frame for frame in squeezed if frame is not None])


def _downscale(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    height, width = frames.shape[1:3]
    small = max(8, round(width / (1.2 + 3 * dose))), max(8, round(height / (1.2 + 3 * dose)))
    back = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST]))
    return np.stack([cv2.resize(cv2.resize(f, small, interpolation=cv2.INTER_AREA), (width, height), interpolation=back) for f in frames])


def _flicker(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    gain = 1 + rng.normal(0, 0.01 + 0.25 * dose, (len(frames), 1, 1, 1))
    return _bytes(frames * gain)


def _banding(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    step = 256 / (32 - 28 * dose)
    return _bytes((np.floor(frames / step) + 0.5) * step)


def _shuffled(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    order, moved = np.arange(len(frames)), rng.random(len(frames)) < dose
    order[moved] = rng.permutation(order[moved])
    return frames[order]


def _reversed(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    return frames[::-1]


def _slower(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    return np.asarray(frames[(np.arange(len(frames)) / (1 + 2 * dose)).astype(int)])


def _frozen(frames: NDArray[np.uint8], dose: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    length = max(2, round(dose * len(frames)))
    start = int(rng.integers(0, max(1, len(frames) - length + 1)))
    return frames[[start if start <= i < start + length else i for i in range(len(frames))]]


def _bytes(values: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.round(values), 0, 255), dtype=np.uint8)


def _hiss(sound: NDArray[np.float32], dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    level = max(float(np.sqrt((sound**2).mean())), 1e-4) * 10 ** ((-40 + 60 * dose) / 20)
    return np.asarray(sound + rng.normal(0, level, sound.shape), dtype=np.float32)


def _dull(sound: NDArray[np.float32], dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    from scipy.signal import butter, sosfilt

    return np.asarray(sosfilt(butter(6, 7000 * 10 ** (-1.3 * dose), fs=16_000, output="sos"), sound, axis=1), dtype=np.float32)


def _clipped(sound: NDArray[np.float32], dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    bound = float(np.abs(sound).max()) * 10 ** (-2 * dose)
    return np.clip(sound, -bound, bound)


def _gaps(sound: NDArray[np.float32], dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    cells = rng.random(150) >= 0.6 * dose  # of 20 ms
    return sound * np.repeat(cells, -(-sound.shape[1] // 150))[: sound.shape[1]]


def _mixed(sound: NDArray[np.float32], dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    parts = np.array_split(sound, 2 + round(14 * dose), axis=1)
    return np.concatenate([parts[i] for i in rng.permutation(len(parts))], axis=1)


def _backwards(sound: NDArray[np.float32], dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    return np.ascontiguousarray(sound[:, ::-1])


def _higher(sound: NDArray[np.float32], dose: float, rng: np.random.Generator) -> NDArray[np.float32]:
    length = sound.shape[1]
    at = np.minimum(np.arange(length) * (1 + dose), length - 1)
    return np.stack([np.interp(at, np.arange(length), channel) for channel in sound]).astype(np.float32)


SEEN: dict[str, Callable[[NDArray[np.uint8], float, np.random.Generator], NDArray[np.uint8]]] = {
    "shuffled": _shuffled, "reversed": _reversed, "slower": _slower, "frozen": _frozen, "flicker": _flicker, "downscale": _downscale,
    "blur": _blur, "noise": _noise, "banding": _banding, "compression": _compression,
}  # fmt: skip
HEARD: dict[str, Callable[[NDArray[np.float32], float, np.random.Generator], NDArray[np.float32]]] = {
    "mixed": _mixed, "backwards": _backwards, "higher": _higher, "hiss": _hiss, "dull": _dull, "clipped": _clipped, "gaps": _gaps,
}  # fmt: skip


def damaged_picture(frames: NDArray[np.uint8], rng: np.random.Generator) -> tuple[NDArray[np.uint8], dict[str, float]]:
    """Frames with some damage, in the order of ``SEEN``, and the dose of each."""
    doses = _doses(list(SEEN), rng)
    for name, dose in doses.items():
        if dose > 0:
            frames = SEEN[name](frames, dose, rng)
    return frames, doses


def damaged_sound(sound: NDArray[np.float32], rng: np.random.Generator) -> tuple[NDArray[np.float32], dict[str, float]]:
    """Sound (channels, n) at 16 kHz with some damage, in the order of ``HEARD``, and the dose of each."""
    doses = _doses(list(HEARD), rng)
    for name, dose in doses.items():
        if dose > 0:
            sound = HEARD[name](sound, dose, rng)
    return sound, doses


def _doses(names: list[str], rng: np.random.Generator) -> dict[str, float]:
    doses = dict.fromkeys(names, 0.0)
    if rng.random() < CLEAN:
        return doses
    for name in names:
        if rng.random() < CHANCE:
            doses[name] = 1.0 if name in ("reversed", "backwards") else float(rng.uniform(0.02, 1))
    return doses

"""Small clips drawn from formulas, so that the observer can be tested without the renderer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kinema.scenes.clip import Clip
from kinema.scenes.palette import COLOURS

Path2 = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Ball:
    """A shaded ball; ``path`` gives (n, 2) pixels (x right, y down) in a 128-pixel picture; visible from ``start`` to ``end``."""

    path: Path2
    radius: float = 10.0
    colour: str = "red"
    pivot: tuple[float, float] | None = None
    start: float = 0.0
    end: float = 1e9


def coverage(x: NDArray[np.float64], y: NDArray[np.float64], cx: float, cy: float, r: float) -> NDArray[np.float64]:
    """Share of each pixel inside a disc, to about a hundredth."""
    share: NDArray[np.float64] = np.clip(r - np.hypot(x - cx, y - cy) + 0.5, 0, 1)
    return share


def backdrop(size: int, floor_y: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """A grey-blue gradient above a mottled wooden floor."""
    y, x = np.mgrid[0:size, 0:size] / size
    wall = np.array([150.0, 160, 172]) + 50 * (0.5 - y[..., None])
    grain = 10 * np.sin(40 * x + 9 * np.sin(11 * y)) + 6 * rng.standard_normal((size, size))
    floor = np.array([164.0, 128, 92]) * (0.8 + 0.4 * y[..., None]) + grain[..., None]
    return np.where(y[..., None] * 128 < floor_y - 10, wall, floor)


def draw(
    balls: Sequence[Ball],
    *,
    size: int = 128,
    fps: float = 24.0,
    seconds: float = 2.0,
    floor_y: float = 110.0,
    noise: float = 1.0,
    seed: int = 0,
    sound: NDArray[np.float32] | None = None,
) -> Clip:
    """A clip of balls that move in front of a still background, with soft shadows on the floor."""
    rng = np.random.default_rng(seed)
    times = np.arange(round(seconds * fps)) / fps
    scene = backdrop(size, floor_y, rng)
    scale = size / 128
    py, px = np.mgrid[0:size, 0:size] + 0.5
    frames = np.empty((len(times), size, size, 3), np.uint8)
    paths = [ball.path(times) * scale for ball in balls]
    for i, t in enumerate(times):
        picture = scene.copy()
        shown = [(b, p[i]) for b, p in zip(balls, paths, strict=True) if b.start <= t < b.end]
        for ball, (cx, cy) in shown:
            height = max(0.0, floor_y * scale - cy) / (128 * scale)
            wide = ball.radius * scale * (1 + 0.6 * height)
            gone = np.hypot((px - cx) / wide, (py - floor_y * scale) / (0.3 * wide))
            picture *= 1 - (0.5 / (1 + 3 * height)) * np.clip(1.2 - gone, 0, 1)[..., None]
        for ball, (cx, cy) in shown:
            if ball.pivot is not None:
                picture = _rod(picture, px, py, np.array(ball.pivot) * scale, np.array([cx, cy]), 0.9 * scale)
            r = ball.radius * scale
            share = coverage(px, py, cx, cy, r)[..., None]
            light = 0.75 + 0.3 * (-(px - cx) * 0.4 - (py - cy) * 0.8)[..., None] / r
            spot = 70 * np.exp(-(((px - cx + 0.35 * r) ** 2 + (py - cy + 0.4 * r) ** 2) / (0.05 * r**2)))[..., None]
            picture = picture * (1 - share) + share * (np.array(COLOURS[ball.colour], float) * light + spot)
        frames[i] = np.clip(np.rint(picture + noise * rng.standard_normal(picture.shape)), 0, 255)
    quiet = np.zeros((0, 0), np.float32)
    return Clip(frames=frames, times=times, sound=quiet if sound is None else sound, sound_rate=48_000)


def _rod(
    picture: NDArray[np.float64],
    px: NDArray[np.float64],
    py: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    width: float,
) -> NDArray[np.float64]:
    along = b - a
    share = np.clip(((px - a[0]) * along[0] + (py - a[1]) * along[1]) / (along @ along), 0, 1)
    far = np.hypot(px - a[0] - share * along[0], py - a[1] - share * along[1])
    cover = np.clip(width - far + 0.5, 0, 1)[..., None]
    drawn: NDArray[np.float64] = picture * (1 - cover) + cover * 110
    return drawn


def bounce(
    height: float, gravity: float, restitution: float, times: NDArray[np.float64], delay: float = 0.0
) -> tuple[NDArray[np.float64], list[float]]:
    """Height above the floor of a body dropped from ``height``, and when it lands (all after ``delay``)."""
    fall = np.sqrt(2 * height / gravity)
    landings, speed, t = [], gravity * fall, delay + fall
    for _ in range(60):
        landings.append(t)
        speed *= restitution
        t += 2 * speed / gravity
        if speed < 1e-3 * gravity:
            break
    values = np.maximum(height - 0.5 * gravity * np.maximum(times - delay, 0) ** 2, 0)
    speed = gravity * fall
    for start in landings:
        speed *= restitution
        since = times - start
        inside = (since > 0) & (since < 2 * speed / gravity)
        values[inside] = (speed * since - 0.5 * gravity * since**2)[inside]
    return values, [t for t in landings if t < times[-1]]

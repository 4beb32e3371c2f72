"""Where the rim of a disc is to a tenth of a pixel: a circle laid on the step of brightness along many rays.

A matte goes by colour, and codecs keep colour at half the resolution of brightness (4:2:0). Where a body turns its dark side to a bright
room, what little colour they carry over its rim outshines the body's own, and the matte reaches a pixel too far: down, as light comes
from above. Brightness has no such fault, and along a rim it nearly always has a step somewhere; where it has none, the matte remains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Circle", "laid_on"]

RAYS = 48
STEP = 0.5  # pixels between the samples of a ray
REACHES = (2.5, 1.5)  # pixels on either side within which the step is looked for: first widely, then as sharp steps are
LEVEL = 1.0  # pixels beyond that in which the brightness on either side is taken
CLEAR = 1.5  # pixels beyond the rim where nothing of the body is seen any more
SMALLEST = 3.0  # pixels, radius; less has no inside to speak of
FAINT = 10.0  # grey levels of a step that counts half
SETTLED = 0.7  # pixels; a guess as near is good enough to look for sharp steps at once
ROUNDS = 4  # of taking the say of what strays
TIGHT = 0.35  # pixels off the circle at which a ray loses half of its say
HELD = 0.03  # of all rays: the say of the matte
LEAST_RAYS = 0.3  # of the rays must have a step
WITHIN, LEAST_WITHIN = 0.9, 0.6  # of the reach: a step beyond is none; and of all steps: fewer are none of this rim
STRAY = 0.6  # pixels rms round the circle; more is no circle
COLOUR = 0.15  # what a step of colour says of one of brightness: 4:2:0 keeps it half as sharp
SHADED = 0.7, 0.9  # of the background's brightness beside a rim: below, a shadow hides the dark rim; above, there is none
DARK = 0.5  # of the body's bright sides: a side darker than this before a bright floor may be its shadow
TO_YCC = np.array([[0.2126, 0.7152, 0.0722], [-0.1146, -0.3854, 0.5], [0.5, -0.4542, -0.0458]], np.float32)  # ITU-R BT.709

_TURN = (np.arange(RAYS) + 0.5) * (2 * np.pi / RAYS)
_AWAY = np.stack([np.cos(_TURN), np.sin(_TURN), np.ones(RAYS)], axis=1)
_SQUARES = (_AWAY[:, :, None] * _AWAY[:, None, :]).reshape(RAYS, 9)
_HELD = HELD * RAYS * np.diag([0.5, 0.5, 0.0]) + 1e-9 * np.eye(3)


class Circle(NamedTuple):
    """Middle and radius in pixels; how far x and y would go if the radius were a pixel more; and the share of the rim that tells it."""

    x: float
    y: float
    radius: float
    along: tuple[float, float] = (0.0, 0.0)
    clear: float = 0.0


def laid_on(
    frame: NDArray[np.uint8], still: NDArray[np.float32], curve: NDArray[np.float32], guess: Circle,
    others: Sequence[tuple[float, float, float]] = (),
) -> Circle | None:  # fmt: skip
    """The circle on whose rim the picture changes.

    Args:
        frame: (H, W, 3) grey levels.
        still: (H, W, 3) grey levels of what is behind.
        curve: (256,) the light of each grey level.
        guess: a circle to within two pixels.
        others: x, y, radius of what hides parts of the rim.

    Returns:
        None where too little of a rim is seen, or where it is no circle.
    """
    near = _once(frame, still, curve, guess, others, REACHES[1])
    if near is not None and max(abs(near.x - guess.x), abs(near.y - guess.y), abs(near.radius - guess.radius)) < SETTLED:
        return near
    wide = _once(frame, still, curve, guess, others, REACHES[0])
    return wide and _once(frame, still, curve, wide, others, REACHES[1])


def _once(
    frame: NDArray[np.uint8], still: NDArray[np.float32], curve: NDArray[np.float32], guess: Circle,
    others: Sequence[tuple[float, float, float]], reach: float,
) -> Circle | None:  # fmt: skip
    """The circle, where every step is looked for within reach of the guess."""
    if guess.radius < SMALLEST:
        return None
    reach = min(reach, 0.5 * guess.radius)
    step, weight = _steps(frame, still, curve, guess, reach)
    weight[_hidden(guess, others)] = 0.0
    within = np.abs(step) < WITHIN * reach
    if (weight * within).sum() < max(LEAST_RAYS * RAYS, LEAST_WITHIN * weight.sum()):
        return None
    weight *= within
    move, along, stray = _moved(step, weight)
    if stray > STRAY * max(1.0, reach / REACHES[1]):
        return None
    return Circle(guess.x + float(move[0]), guess.y + float(move[1]), guess.radius + float(move[2]), along, float(weight.mean()))


def _steps(
    frame: NDArray[np.uint8], still: NDArray[np.float32], curve: NDArray[np.float32], circle: Circle, reach: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each ray how far outside the circle the picture has its step (px), and how much that says (0 to 1)."""
    wide = min(REACHES[0], 0.5 * circle.radius)
    side = int(np.ceil((wide + LEVEL) / STEP))
    off = np.asarray(np.arange(-side, side + 1) * STEP, dtype=np.float64)
    far = (circle.radius + off).astype(np.float32)
    x, y = circle.x + _AWAY[:, :1] * far, circle.y + _AWAY[:, 1:2] * far
    x0, y0 = max(0, int(x.min()) - 2), max(0, int(y.min()) - 2)
    where = (slice(y0, int(y.max()) + 3), slice(x0, int(x.max()) + 3))
    if min(frame[where].shape[:2]) < 3:
        return np.zeros(RAYS), np.zeros(RAYS)
    at = (x - x0 - 0.5).astype(np.float32), (y - y0 - 0.5).astype(np.float32)
    seen = cv2.remap(cv2.transform(frame[where].astype(np.float32), TO_YCC), *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = curve[np.clip(seen[..., 0] + 0.5, 0, 255).astype(np.uint8)]
    by_light, bright, inner, outer = _step(light, off, reach, slope=wide >= reach + LEVEL)
    by_colour, vivid, _, _ = _step(seen[..., 1:], off, wide)
    coded = bright * np.float32(np.sqrt(255.0)) / (np.sqrt(inner) + np.sqrt(outer) + np.float32(1e-3))  # grey levels
    say = np.column_stack([coded**2, COLOUR * vivid**2])
    total = say.sum(axis=1) + np.float32(1e-6)
    step = (say * np.column_stack([by_light, by_colour])).sum(axis=1) / total
    beyond = off >= CLEAR
    at = (np.ascontiguousarray(at[0][:, beyond]), np.ascontiguousarray(at[1][:, beyond]))
    behind = cv2.remap(cv2.transform(still[where], TO_YCC[:1]), *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lit = (seen[:, beyond, 0] / np.maximum(behind, 1.0)).min(axis=1)
    open_floor = np.clip((lit - SHADED[0]) / (SHADED[1] - SHADED[0]), 0, 1)
    open_floor *= np.where(inner < outer, np.clip(inner / (DARK * np.partition(inner, -RAYS // 8)[-RAYS // 8] + 1e-3), 0.1, 1), 1)
    shown = (x > 0) & (y > 0) & (x < frame.shape[1]) & (y < frame.shape[0])
    weight = shown.all(axis=1) * total / (total + FAINT**2) * open_floor
    return step.astype(float), weight.astype(float)


def _step(seen: NDArray[np.float32], off: NDArray[np.float64], reach: float, *, slope: bool = False) -> tuple[NDArray[np.float32], ...]:
    """Where the step of each ray is (px), from the area under it, how high it is at the rim, and the levels inside and outside.

    With ``slope`` the level inside goes on as it changes towards the rim.
    """
    between, beside = np.abs(off) <= reach, np.abs(off) <= reach + LEVEL
    inner, outer = (seen[:, ~between & beside & near].mean(axis=1, keepdims=True) for near in (off < 0, off > 0))
    body = inner
    if slope:
        rise = inner - seen[:, (off < -reach - LEVEL) & (off >= -reach - 2 * LEVEL)].mean(axis=1, keepdims=True)
        body = np.maximum(inner + rise / np.float32(LEVEL) * (np.minimum(off[between], 0) + reach + LEVEL / 2).astype(np.float32), 0)
        inner = body[:, -1:]
    height = np.where(np.abs(body - outer) < 1e-3, np.float32(1e-3), body - outer)
    share = np.clip((seen[:, between] - outer) / height, 0.0, 1.0)
    step = (share.sum(axis=1) - 0.5 * np.float32(between.sum())) * np.float32(STEP)
    return step, np.abs(inner - outer)[:, 0], inner[:, 0], outer[:, 0]


def _hidden(circle: Circle, others: Sequence[tuple[float, float, float]]) -> NDArray[np.bool_]:
    """Which rays meet the rim beside or behind another disc."""
    gone = np.zeros(RAYS, bool)
    rim = np.array([circle.x, circle.y]) + circle.radius * _AWAY[:, :2]
    for x, y, radius in others:
        gone |= np.hypot(rim[:, 0] - x, rim[:, 1] - y) < radius + REACHES[-1] + LEVEL
    return gone


def _moved(step: NDArray[np.float64], weight: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[float, float], float]:
    """How the middle and the radius must change for the steps to be on the circle, how the middle hangs on the radius, and what is left.

    Single rays may stray; the last is a root mean square.
    """
    say = weight
    move, square, off = np.zeros(3), np.eye(3), step
    for _ in range(ROUNDS):
        square = (say @ _SQUARES).reshape(3, 3) + _HELD
        move = np.linalg.solve(square, (say * step) @ _AWAY)
        off = step - _AWAY @ move
        say = weight / (1 + (off / TIGHT) ** 2)
    along = -np.linalg.solve(square[:2, :2], square[:2, 2])
    return move, (float(along[0]), float(along[1])), float(np.sqrt((weight * np.minimum(off**2, 4.0)).sum() / weight.sum()))

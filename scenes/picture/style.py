"""Ways to draw one and the same truth: what they change of surfaces, and what they make of the finished light."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.scenes.picture.colour import encode, luminance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.float32]
    Bytes = NDArray[np.uint8]
    Mask = NDArray[np.bool_]

__all__ = ["STYLE_LOOKS", "Sheet", "Style", "seed_of"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One frame before its style has the last word.

    Attributes:
        light: (H, W, 3) linear light.
        lines: (H, W) 0 to 1, where outlines run; None for styles without.
        tint: (H, W, 3) the bodies' own paint times how much of the pixel they cover; None likewise.
        cover: (H, W) that share.
        seed: of the scene.
        number: of the frame.
    """

    light: Picture
    lines: Picture | None
    tint: Picture | None
    cover: Picture | None
    seed: int
    number: int


def _as_it_is(colour: Picture, _: Mask) -> Picture:
    return colour


def _plain(sheet: Sheet) -> Bytes:
    return encode(sheet.light)


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a style changes.

    Attributes:
        finish: makes bytes of a sheet.
        stage: makes another colour of the floor and wall; told which pixels are floor.
        body, rest: RGB factors of the light from bodies, and from props and ties.
        gloss: factor on every gloss.
        bump: how strongly surfaces are dented.
        bands: whether tones are flat.
        lines: whether outlines are wanted.
        shadow: factor on the strength of shadows.
    """

    finish: Callable[[Sheet], Bytes] = _plain
    stage: Callable[[Picture, Mask], Picture] = _as_it_is
    body: tuple[float, float, float] = (1.0, 1.0, 1.0)
    rest: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gloss: float = 1.0
    bump: float = 0.0
    bands: bool = False
    lines: bool = False
    shadow: float = 1.0


@lru_cache(maxsize=4)
def _corners(height: int, width: int) -> Picture:
    """How far each pixel is from the middle: 0 there, 1 in the corners."""
    y, x = (np.arange(height) + 0.5) / height * 2 - 1, (np.arange(width) + 0.5) / width * 2 - 1
    return np.asarray((x[None, :] ** 2 + y[:, None] ** 2) / 2, dtype=np.float32)


# Night and film ------------------------------------------------------------------------------------------------------------------------


def _dark_stage(colour: Picture, _: Mask) -> Picture:
    dark: Picture = colour * np.array([0.06, 0.08, 0.14], np.float32)
    return dark


def _night(sheet: Sheet) -> Bytes:
    return encode(sheet.light * (1 - 0.45 * _corners(*sheet.light.shape[:2]))[..., None])


def _film(sheet: Sheet) -> Bytes:
    height, width = sheet.light.shape[:2]
    bright = np.sqrt(np.clip(luminance(sheet.light), 0, 1))
    tone = np.asarray(np.clip((bright - 0.08) / 0.84, 0, 1) ** 1.15, dtype=np.float32)
    tone = tone * (1 - 0.42 * _corners(height, width) ** 1.5)
    tone += 0.011 * _film_grain(height, width, sheet.seed, sheet.number)
    grey: Bytes = (np.clip(tone, 0, 1) * 255 + 0.5).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=-1)


def _film_grain(height: int, width: int, seed: int, number: int) -> Picture:
    """Grains of about one pixel, new in every frame."""
    rng = np.random.default_rng([seed, 77, number])
    raw = rng.standard_normal((height, width), dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(raw, (3, 3), 0.6), dtype=np.float32) * np.float32(1.6)


# Clay and toon -------------------------------------------------------------------------------------------------------------------------


def _clay_stage(colour: Picture, floor: Mask) -> Picture:
    """A table and a wall of modelling clay: no pattern, an edge between them, some dents."""
    height, width = colour.shape[:2]
    soft = cv2.blur(colour, (2 * (width // 10) + 1, 2 * (height // 40) + 1))
    tint = np.where(floor[..., None], [0.98, 0.90, 0.78], [1.0, 0.97, 0.90])
    return np.asarray(soft * (1 + 0.03 * _dents(height, width))[..., None] * tint, dtype=np.float32)


@lru_cache(maxsize=4)
def _dents(height: int, width: int) -> Picture:
    """Light and dark of a surface that thumbs have pressed, fixed in the picture."""
    rng = np.random.default_rng(20)
    unit = height / 128
    coarse = cv2.GaussianBlur(rng.standard_normal((height, width), dtype=np.float32), (0, 0), 2.6 * unit)
    fine = cv2.GaussianBlur(rng.standard_normal((height, width), dtype=np.float32), (0, 0), 1.0 * unit)
    return np.asarray(0.7 * coarse / coarse.std() + 0.4 * fine / fine.std(), dtype=np.float32)


def _flat_stage(colour: Picture, floor: Mask) -> Picture:
    """One tone for the wall, one for the floor, and a darker one where the floor has joints."""
    bright = luminance(colour)
    near = cv2.blur(bright, (15, 5))
    joint = floor & (bright < 0.93 * near)
    tint = cv2.blur(colour, (31, 9)) / np.maximum(near, 1e-3)[..., None]
    tone = np.where(floor, np.where(joint, 0.24, 0.37), 0.62)
    return np.asarray(np.clip(tint, 0.3, 2.0) * tone[..., None], dtype=np.float32)


def _toon(sheet: Sheet) -> Bytes:
    assert sheet.lines is not None
    return encode(sheet.light * (1 - 0.96 * sheet.lines)[..., None])


# Sketch --------------------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4)
def _strokes(height: int, width: int) -> tuple[Picture, ...]:
    """Three layers of pencil strokes (0 paper, 1 lead) and the paper's grain, fixed in the picture."""
    rng = np.random.default_rng(30)
    unit = max(height / 128, 1.0)
    wobble = cv2.GaussianBlur(rng.standard_normal((height, width), dtype=np.float32), (0, 0), 7 * unit)
    wobble = wobble / wobble.std() * 0.8
    tooth = cv2.GaussianBlur(rng.standard_normal((height, width), dtype=np.float32), (0, 0), 0.7 * unit)
    tooth = tooth / tooth.std()
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    layers = []
    for angle, period in ((0.85, 3.4), (2.25, 3.6), (0.15, 3.1)):
        phase = (x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / (period * unit)) + wobble
        layers.append(np.clip(0.5 + 0.6 * np.sin(phase) + 0.16 * tooth, 0, 1).astype(np.float32))
    return (*layers, tooth.astype(np.float32))


def _sketch(sheet: Sheet) -> Bytes:
    """Hatching as dense as the light is dark, outlines, and a coloured pencil where bodies are."""
    assert sheet.lines is not None and sheet.tint is not None and sheet.cover is not None
    first, second, third, tooth = _strokes(*sheet.light.shape[:2])
    tone = np.sqrt(np.clip(luminance(sheet.light), 0, 1))
    ink = np.zeros_like(tone)
    for layer, start, weight in ((first, 0.68, 0.34), (second, 0.46, 0.34), (third, 0.28, 0.40)):
        ink = np.maximum(ink, weight * layer * np.clip((start - tone) * 4, 0, 1)) + 0.25 * np.minimum(ink, weight * layer)
    ink *= 1 - 0.45 * sheet.cover
    paper = 0.94 + 0.012 * tooth
    page = paper[..., None] * np.array([1.0, 0.985, 0.95], np.float32)
    crayon = np.sqrt(sheet.tint / np.maximum(sheet.cover, 1e-3)[..., None])  # as bytes would have it, about
    press = (sheet.cover * (0.70 + 0.16 * first + 0.03 * tooth))[..., None]
    page = page * (1 - press) + np.clip(crayon * 0.9 + 0.10, 0, 1) * press
    page *= (1 - np.clip(ink, 0, 0.9))[..., None]
    page *= (1 - 0.80 * sheet.lines * np.clip(0.88 + 0.10 * tooth, 0, 1))[..., None]
    drawn: Bytes = (np.clip(page, 0, 1) * 255 + 0.5).astype(np.uint8)
    return drawn


STYLE_LOOKS: dict[str, Style] = {  # by the names of prompts.STYLES
    "plain": Style(),
    "night": Style(finish=_night, stage=_dark_stage, body=(0.44, 0.46, 0.52), rest=(0.17, 0.20, 0.28)),
    "film": Style(finish=_film, body=(0.24, 0.24, 0.24), gloss=0.3, shadow=0.45),  # old film saw colours dark: bodies stand out
    "clay": Style(stage=_clay_stage, gloss=0.12, bump=0.22),
    "toon": Style(finish=_toon, stage=_flat_stage, gloss=0.0, bands=True, lines=True),
    "sketch": Style(finish=_sketch, gloss=0.3, lines=True),
}


def seed_of(scene_id: str) -> int:
    """A number that belongs to a scene.

    Example:
        >>> seed_of("drop@1/seed=3") == seed_of("drop@1/seed=3")
        True
    """
    return zlib.crc32(scene_id.encode())

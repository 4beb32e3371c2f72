"""Contact sheets: what every family looks like over time, and one moment of it in every style."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from kinema.scenes.picture.draw import Painter
from kinema.scenes.prompts import STYLES
from kinema.scenes.scene import SCENES, Scene

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

    Image = NDArray[np.uint8]

__all__ = ["sheet_of", "write_sheets"]

FRAMES = 6  # over time, the first and the last moment among them
MOMENT = 0.45  # -, of the clip: the one that is shown in every style
GAP = 4  # pixels between pictures
LINE = 17  # pixels per line of the caption
QUALITY = 82  # of the JPEG


def sheet_of(scene: Scene, *, size: int = 168, seconds: float = 2.0) -> Image:
    """One scene over time, below it one moment of it in every style, above it which scene it is and what its prompt says: RGB.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> sheet_of(scene_from_id("drop@1/seed=3"), size=48, seconds=0.5).shape[1]
        308
    """
    from kinema.scenes.world import simulate

    truth = simulate(scene, seconds)
    moments = np.linspace(0, truth.seconds, FRAMES)
    over_time = _drawn(truth, moments, size)
    moment = np.array([MOMENT * truth.seconds])
    styled = [_drawn(replace(truth, scene=replace(scene, style=style)), moment, size)[0] for style in STYLES]
    rows = [_row(over_time), _row(styled)]
    return _joined([_caption(_words(scene), rows[0].shape[1]), *rows])


def _drawn(truth: Truth, times: NDArray[np.float64], size: int) -> list[Image]:
    painter = Painter(truth, times, size, size)
    return [painter.frame(number) for number in range(len(times))]


def _row(pictures: list[Image]) -> Image:
    gap = np.full((pictures[0].shape[0], GAP, 3), 255, np.uint8)
    parts = [part for picture in pictures for part in (gap, picture)]
    return np.concatenate(parts[1:], axis=1)


def _joined(rows: list[Image]) -> Image:
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    return np.concatenate([part for row in rows for part in (row, gap)], axis=0)


def _words(scene: Scene) -> list[str]:
    return [f"{scene.id}   above: 2 s; below: {', '.join(STYLES)}", scene.prompt]


def _caption(words: list[str], width: int) -> Image:
    """Black on white, broken into lines that fit."""
    whole = _ascii(" ".join(words))
    long = cv2.getTextSize(whole, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)[0][0]
    letters = max(int(0.93 * width * len(whole) / long), 20)
    lines = [line for text in words for line in textwrap.wrap(_ascii(text), letters)]
    image = np.full((LINE * len(lines) + GAP, width, 3), 255, np.uint8)
    for number, line in enumerate(lines):
        cv2.putText(image, line, (3, LINE * number + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    return image


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()


def write_sheets(folder: Path | str, families: Iterable[str] | None = None, *, seed: int = 1, size: int = 168) -> list[Path]:
    """One JPEG per family, and ``index.md`` that shows them all.

    Args:
        folder: made where it is missing.
        families: names of registered scenes; None is all of them.
        seed: of the scenes.
        size: pixels of each picture on them.

    Returns:
        The files, the index last.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    written, lines = [], ["# Contact sheets", "", f"Made by `kinema render --sheets`; seed {seed}.", ""]
    for family in sorted(SCENES if families is None else families):
        scene = SCENES[family].load().draw(seed)
        image = sheet_of(scene, size=size)
        done, data = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        assert done, f"{family}: no JPEG"
        path = folder / f"{family}.jpg"
        path.write_bytes(data.tobytes())
        written.append(path)
        heading = f"## {family}" + (f" ({type(scene).area})" if type(scene).area else "")
        lines += [heading, "", scene.prompt, "", f"![{family} over time and in six styles]({path.name})", ""]
    index = folder / "index.md"
    index.write_text("\n".join(lines), encoding="utf-8")
    return [*written, index]

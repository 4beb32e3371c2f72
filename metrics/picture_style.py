"""Which style and which light a picture has, by simple statistics of a few small frames."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.clip_corpus import pick_frames
from kinema.metrics.colour_difference import lab_of, light_of
from kinema.scenes.prompts import LIGHTINGS, STYLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["LOOKS", "fit_looks", "likely_looks", "look_of"]

LOOKS = tuple((style, light) for style in STYLES for light in LIGHTINGS)
TABLE = Path(__file__).parent / "weights" / "looks.safetensors"
VIVID = 0.3  # CIELAB chroma over 100: what is painted in a colour that has a name
SHRINK = 0.02  # of the covariance towards its diagonal


def look_of(frames: NDArray[np.uint8]) -> tuple[float, ...]:
    """Numbers about lightness, colour, edges and grain of frames (T, H, W, 3), all at 64 x 64, so that size and rate do not matter."""
    if not len(frames):
        return ()
    small = pick_frames(frames)[[0, 3, 7]]
    lab = lab_of(light_of(small))
    light, a, b = lab[..., 0] / 100, lab[..., 1] / 100, lab[..., 2] / 100
    chroma = np.hypot(a, b)
    grid = light.mean(axis=0).reshape(4, 16, 4, 16).mean(axis=(1, 3))
    tint = [float(band.mean()) for one in (a, b) for band in (one[:, :40], one[:, 40:])]
    rise_x, rise_y = np.abs(np.diff(light, axis=2)), np.abs(np.diff(light, axis=1))
    inner = light[:, 1:-1, 1:-1]
    around = (light[:, :-2, 1:-1] + light[:, 2:, 1:-1] + light[:, 1:-1, :-2] + light[:, 1:-1, 2:]) / 4
    bump = inner - around
    grain = np.abs(np.diff(light, axis=0))
    return (
        *(float(v) for v in grid.ravel()), *tint,
        *(float(v) for v in np.percentile(light, (1, 10, 50, 90, 99))), float(light.std()),
        *(float(v) for v in np.percentile(chroma, (50, 90, 99))), float(chroma.mean()),
        float(rise_x.mean()), float(rise_y.mean()), float(np.percentile(rise_x, 98)), float(np.percentile(rise_y, 98)),
        float(np.abs(bump).mean()), float((bump < -0.06).mean()), float((bump > 0.06).mean()), float(np.percentile(np.abs(bump), 50)),
        float(np.median(grain)), float(np.percentile(grain, 75)), *_sides(light, chroma),
    )  # fmt: skip


def _sides(light: NDArray[np.float64], chroma: NDArray[np.float64]) -> tuple[float, ...]:
    """Where the light comes from: which way bodies (what is vivid) and soft shadows grow lighter, and on which side bodies throw theirs."""
    across, down = (light[:, :, 2:] - light[:, :, :-2])[:, 1:-1], (light[:, 2:] - light[:, :-2])[:, :, 1:-1]
    body = (chroma[:, 1:-1, 1:-1] > VIVID) & (np.abs(across) < 0.25) & (np.abs(down) < 0.25)
    soft = (np.abs(across) > 0.015) & (np.abs(across) < 0.12) & ~body
    many = max(int(body.sum()), 1)
    shaded = [float((one * body).sum()) / many for one in (across, down, np.sign(across), np.sign(down))]
    edges = [float((np.sign(across) * soft).mean()), *(float((np.sign(one) * one**2).mean()) * 100 for one in (across, down))]
    thrown = float(np.mean([_thrown(one, vivid > VIVID) for one, vivid in zip(light, chroma, strict=True)]))
    return (*shaded, *edges, float(body.mean()), thrown)


def _thrown(light: NDArray[np.float64], body: NDArray[np.bool_]) -> float:
    """Lightness to the right of the bodies' feet less that to the left."""
    y, x = np.nonzero(body)
    if len(x) < 4:
        return 0.0
    left, right, foot = int(np.percentile(x, 5)), int(np.percentile(x, 95)) + 1, int(np.percentile(y, 95))
    wide = max(3, (right - left) // 2)
    rows = light[max(0, foot - 2) : foot + 4]
    before, after = rows[:, max(0, left - wide) : left], rows[:, right : right + wide]
    return float(after.mean() - before.mean()) if before.size and after.size else 0.0


def likely_looks(vector: Sequence[float]) -> dict[str, dict[str, float]]:
    """How likely each style and each light is, given the numbers of :func:`look_of`."""
    weight, bias, middle, spread = _table()
    score = (np.asarray(vector, dtype=float) - middle) / spread @ weight + bias
    share = np.exp(score - score.max())
    share = (share / share.sum()).reshape(len(STYLES), len(LIGHTINGS))
    return {
        "style": dict(zip(STYLES, share.sum(axis=1).tolist(), strict=True)),
        "lighting": dict(zip(LIGHTINGS, share.sum(axis=0).tolist(), strict=True)),
    }


@cache
def _table() -> tuple[NDArray[np.float64], ...]:
    from safetensors.numpy import load_file

    held = load_file(TABLE)
    return tuple(held[name].astype(float) for name in ("weight", "bias", "middle", "spread"))


def fit_looks(vectors: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, NDArray[np.float32]]:
    """Linear discriminants of the thirty looks from (n, k) numbers and (n,) places in ``LOOKS``."""
    middle, spread = vectors.mean(axis=0), np.maximum(vectors.std(axis=0), 1e-4)
    x = (vectors - middle) / spread
    means = np.stack([x[labels == k].mean(axis=0) for k in range(len(LOOKS))])
    rest = x - means[labels]
    cover = rest.T @ rest / len(x)
    cover = (1 - SHRINK) * cover + SHRINK * np.diag(np.diag(cover)) + 1e-4 * np.eye(len(cover))
    weight = np.linalg.solve(cover, means.T)
    bias = -0.5 * np.einsum("ij,ji->i", means, weight)
    parts = {"weight": weight, "bias": bias, "middle": middle, "spread": spread}
    return {name: value.astype(np.float32) for name, value in parts.items()}

"""Curves of dose and response, and the matrix of all metrics and faults, as SVG that follows the page's colours."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

__all__ = ["curve_svg", "matrix_svg"]

WIDTH, HEIGHT = 360, 200  # px of a curve
LEFT, RIGHT, TOP, BOTTOM = 54, 12, 12, 38  # px around it
CELL, ROW = 16, 17  # px of a cell of the matrix
NAMES_LEFT, NAMES_TOP, NAMES_OVER = 210, 112, 64  # px for the names of metrics and of faults, which lean to the right
Z95 = 1.96  # standard errors of a 95 % interval


def curve_svg(curve: dict[str, Any], unit: str, *, full: float = 0.0) -> str:
    """One curve: mean response with its 95 % interval over doses by rank, none (0) among them.

    Args:
        curve: a curve of ``validity.json``.
        unit: the metric's.
        full: the metric's full response, marked where it is above 0 (5 % of it is what a fault that is not named may do).
    """
    points = [(0.0, 0.0, 0.0), *((p["dose"], p["mean"], Z95 * p["sd"] / max(p["n"], 1) ** 0.5) for p in curve["points"])]
    points.sort()
    tops, lows = [m + e for _, m, e in points], [m - e for _, m, e in points]
    high, low = max([*tops, 0.06 * full, 1e-9]), min([*lows, 0.0])
    span = float(high - low) or 1.0

    def x(k: int) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (k + 0.5) / len(points)

    def y(value: float) -> float:
        return float(TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / span)

    parts = [f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(0):.1f}" y2="{y(0):.1f}" class="zero"/>']
    if full > 0:
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(0.05 * full):.1f}" y2="{y(0.05 * full):.1f}" class="bound"/>')
    parts.append('<polyline class="way" points="' + " ".join(f"{x(k):.1f},{y(m):.1f}" for k, (_, m, _) in enumerate(points)) + '"/>')
    for k, (dose, mean, error) in enumerate(points):
        parts.append(f'<line x1="{x(k):.1f}" x2="{x(k):.1f}" y1="{y(mean - error):.1f}" y2="{y(mean + error):.1f}" class="error"/>')
        said = f"{dose:g} {curve['unit']}: {mean:.4g} {unit} worse, 95 % interval {mean - error:.4g} to {mean + error:.4g}"
        told = " told" if curve["told"] is not None and abs(dose) >= abs(curve["told"]) else ""
        parts.append(f'<circle cx="{x(k):.1f}" cy="{y(mean):.1f}" r="3.4" class="dot{told}"><title>{escape(said)}</title></circle>')
        parts.append(f'<text x="{x(k):.1f}" y="{HEIGHT - 22}" class="tick">{_plain(dose)}</text>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 5}" class="tick">{escape(curve["unit"])}</text>')
    shown = [0.0, *(v for v in (low, high) if abs(v) > 0.08 * span)]  # no two labels on top of each other
    parts += [f'<text x="{LEFT - 6}" y="{y(v) + 4:.1f}" class="tick end">{_plain(v)}</text>' for v in shown]
    label = escape(f"Response to {curve['fault']} by dose")
    return f'<svg class="curve" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def matrix_svg(metrics: Sequence[dict[str, Any]], faults: Sequence[str]) -> str:
    """Every metric (row) and fault (column): the largest response in per cent of the metric's full one; own faults framed."""
    width, height = NAMES_LEFT + CELL * len(faults) + NAMES_OVER, NAMES_TOP + ROW * len(metrics) + 8
    parts = []
    for k, fault in enumerate(faults):
        x, y = NAMES_LEFT + CELL * (k + 0.5) + 4, NAMES_TOP - 6
        parts.append(f'<text transform="translate({x:.0f} {y}) rotate(-60)" class="label">{escape(fault)}</text>')
    for i, metric in enumerate(metrics):
        y = NAMES_TOP + ROW * i
        parts.append(f'<text x="{NAMES_LEFT - 6}" y="{y + 12}" class="label end">{escape(metric["metric"])}</text>')
        own = {curve["fault"] for curve in metric["own"]}
        for curve in (*metric["own"], *metric["others"]):
            if curve["fault"] in faults and curve["points"]:
                parts.append(_cell(metric, curve, NAMES_LEFT + CELL * faults.index(curve["fault"]), y, curve["fault"] in own))
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg class="matrix" {size} role="img" aria-label="Specificity">{"".join(parts)}</svg>'


def _cell(metric: dict[str, Any], curve: dict[str, Any], x: int, y: int, own: bool) -> str:
    worst = max(abs(point["mean"]) for point in curve["points"])
    share = worst / metric["full"] if metric["full"] > 0 else 0.0
    kind = "own" if own else "coupled" if curve["fault"] in metric["coupled"] else "stray" if share > 0.05 else "quiet"
    said = f"{metric['metric']}, {curve['fault']}: {100 * share:.1f} % of its full response ({kind})"
    depth = min(1.0, max(0.0, share)) ** 0.5
    box = f'x="{x}" y="{y}" width="{CELL - 2}" height="{ROW - 2}"'
    return f'<rect {box} class="cell {kind}" style="fill-opacity:{depth:.2f}"><title>{escape(said)}</title></rect>'


def _plain(value: float) -> str:
    """A number of at most three figures."""
    return f"{value:.3g}".replace("-", "−")

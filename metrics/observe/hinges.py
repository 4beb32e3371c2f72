"""The model of a kink: places where the velocity changes at a moment, and how well it fits.

Around a kink the path is ``c + v s + a s^2 / 2 + dv max(0, s)`` with ``s = t - t0``: the force field is the same on both sides,
the velocity is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["costs", "hinge", "ramp", "rss_of", "vertex"]

SOLVABLE = np.diag([0, 0, 1e-6, 1e-6])  # keeps short windows solvable


def hinge(
    t: NDArray[np.float64], p: NDArray[np.float64], t0: float, step: float, *, bends: bool = True
) -> tuple[float, NDArray[np.float64], float]:
    """Residual, coefficients (4, 2) per frame step, and the variance of the velocity change for unit noise."""
    design = _bent((t - t0) / step, bends)
    inverse = np.linalg.inv(design.T @ design + SOLVABLE)
    coefficient = inverse @ (design.T @ p)
    miss = p - design @ coefficient
    return float((miss * miss).sum()), coefficient, float(inverse[3, 3])


def _bent(s: NDArray[np.float64], bends: bool) -> NDArray[np.float64]:
    """(..., 4): place, velocity, half the acceleration, and a change of velocity at 0."""
    design = np.ones((*s.shape, 4))
    design[..., 1] = s
    design[..., 2] = s * s * bends
    design[..., 3] = np.maximum(0, s)
    return design


def costs(
    t: NDArray[np.float64], p: NDArray[np.float64], grid: NDArray[np.float64], step: float, *, bends: bool = True
) -> NDArray[np.float64]:
    """The residual of :func:`hinge` for many moments at once."""
    design = _bent((t[None, :] - grid[:, None]) / step, bends)
    square = design.transpose(0, 2, 1) @ design + SOLVABLE
    right = design.transpose(0, 2, 1) @ p
    miss = p[None] - design @ np.linalg.solve(square, right)
    cost: NDArray[np.float64] = (miss * miss).sum(axis=(1, 2))
    return cost


def ramp(t: NDArray[np.float64], p: NDArray[np.float64], t0: float, step: float, width: float) -> float:
    """The residual where the velocity changes evenly over ``width`` frames round ``t0``."""
    s = (t - t0) / step
    inside = np.clip(s + width / 2, 0, max(width, 1e-9))
    change = inside**2 / (2 * max(width, 1e-9)) + np.maximum(0, s - width / 2)
    return rss_of(np.stack([np.ones_like(s), s, s * s, change], axis=1), p)


def rss_of(design: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    """The residual of least squares."""
    coefficient, *_ = np.linalg.lstsq(design, p, rcond=None)
    return float(((p - design @ coefficient) ** 2).sum())


def vertex(grid: NDArray[np.float64], cost: NDArray[np.float64]) -> float:
    """The minimum of samples, by a parabola through the three lowest neighbours."""
    k = int(np.argmin(cost))
    if k in (0, len(grid) - 1):
        return float(grid[k])
    a, b, c = cost[k - 1 : k + 2]
    bend = a - 2 * b + c
    return float(grid[k] + (0.5 * (a - c) / bend if bend > 0 else 0.0) * (grid[1] - grid[0]))

"""How a free solid vibrates: Rayleigh's and Ritz' method in powers of the coordinates (Visscher et al. 1991), no mesh needed.

A displacement is written as a sum of ``x^l y^m z^n`` over the solid's own half-lengths; what minimises elastic over kinetic energy are
its modes. Mirror symmetry splits the sum into eight that know nothing of each other, which makes it fast. Only proportions and Poisson's
ratio count: solids of one form share a solution, which scales with the speed of sound in them over their length.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh
from scipy.special import gamma

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.materials import Material

__all__ = ["FreeModes", "free_modes"]

MAX_MODES = 48  # -, lowest first: more are no longer told apart by ear
SMALLEST = 1e-11  # -, of the largest: directions of the sum that powers near to each other cannot tell apart
SLENDER = 0.3  # -, below this share of the longest an axis is thin: low powers along it say all
POWERS = {0: (7, 0), 1: (9, 2), 2: (15, 2)}  # thin axes: (sum of powers along the others, sum of powers along the thin ones)
GAMMA = np.concatenate([[np.inf], gamma(np.arange(1, 160) / 2)])  # of half the index
AXES = np.eye(3, dtype=np.int64)

Half = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class FreeModes:
    """Modes of a free solid of unit mass.

    Attributes:
        half: m, half-lengths along the solid's own axes.
        powers: (p, 3), of the coordinates over ``half``.
        frequency: (modes,) Hz, ascending, without the six ways to move as a whole.
        shape: (3, p, modes), of the displacement; its square integrates to one over the mass.
        surface: (modes,), mean square over the surface of the displacement across it.
    """

    half: NDArray[np.float64]
    powers: NDArray[np.int64]
    frequency: NDArray[np.float64]
    shape: NDArray[np.float64]
    surface: NDArray[np.float64]

    def at(self, point: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacement (3, modes), of unit mass, at a point (3,) in the solid's own frame, m; the nearest of a box round it counts."""
        share = np.clip(np.asarray(point) / self.half, -1, 1)
        moved: NDArray[np.float64] = np.einsum("p,ipm->im", np.prod(share**self.powers, axis=-1), self.shape)
        return moved


def free_modes(form: str, half: Half, material: Material, highest: float = 16_000.0) -> FreeModes:
    """The modes of a free solid of one material.

    Args:
        form: "box", "cylinder" (along z) or "ball" (or ellipsoid).
        half: m, half its lengths along x, y and z.
        material: of which Young's modulus (stiffened as in an impact), Poisson's ratio and density count.
        highest: Hz, no modes above it.

    Example:
        >>> from kinema.scenes.materials import MATERIALS
        >>> round(free_modes("box", (0.15, 0.01, 0.0025), MATERIALS["aluminium"]).frequency[0])
        289
    """
    longest = max(half)
    x, y, z = (float(f"{length / longest:.4g}") for length in half)  # so that like solids share a solution
    unit = _unit_modes(form, (x, y, z), material.poisson)
    speed = np.sqrt(material.stiffening * material.youngs_modulus / material.density)
    frequency = unit.frequency * speed / longest
    kept = frequency < highest
    return FreeModes(np.array(half), unit.powers, frequency[kept], unit.shape[..., kept], unit.surface[kept])


@lru_cache(maxsize=512)
def _unit_modes(form: str, half: Half, poisson: float) -> FreeModes:
    """Modes of a solid of unit density and Young's modulus whose longest half-length is 1."""
    powers = _powers(half)
    mass, stretch = _integrals(form, half, powers)
    shear = 1 / (2 * (1 + poisson))
    squeeze = 2 * shear * poisson / (1 - 2 * poisson)
    parts = [_solve(mass, stretch, powers, shear, squeeze, parity) for parity in product((0, 1), repeat=3)]
    square = np.concatenate([found[0] for found in parts])
    order = np.argsort(square, kind="stable")[6 : 6 + MAX_MODES]  # the first six move as a whole
    shape = np.concatenate([found[1] for found in parts], axis=-1)[..., order]
    frequency = np.sqrt(square[order]) / (2 * np.pi)
    return FreeModes(np.array(half), powers, frequency, shape, _surface_motion(form, half, powers, shape))


def _powers(half: Half) -> NDArray[np.int64]:
    """Powers (p, 3) that suit the solid's proportions."""
    thin = np.array(half) < SLENDER * max(half)
    long_sum, thin_sum = POWERS[int(thin.sum())]
    every = np.array(list(product(range(max(long_sum, thin_sum) + 1), repeat=3)))
    kept: NDArray[np.int64] = every[(every[:, ~thin].sum(axis=1) <= long_sum) & (every[:, thin].sum(axis=1) <= thin_sum)]
    return kept


def _moment(form: str, a: NDArray[np.int64]) -> NDArray[np.float64]:
    """Integral of ``x^a0 y^a1 z^a2`` over the unit form; ``a`` is (..., 3) and at least 0."""
    x, y, z = (a[..., k] + 1 for k in range(3))
    match form:
        case "box":
            value = 8 / (x * y * z)
        case "cylinder":  # the disk's integral in polar coordinates, times the height's
            value = 4 * GAMMA[x] * GAMMA[y] / (GAMMA[x + y] * (x + y) * z)
        case _:
            value = GAMMA[x] * GAMMA[y] * GAMMA[z] / GAMMA[x + y + z + 2]
    return np.where(((x & y & z) & 1) == 1, value, 0.0)  # odd powers cancel out


def _integrals(form: str, half: Half, powers: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mass (p, p), and integrals (3, 3, p, p) of the products of derivatives along every two axes; for a solid of unit mass."""
    total = powers[:, None] + powers[None, :]
    whole = _moment(form, np.zeros(3, dtype=np.int64))
    stretch = np.zeros((3, 3, len(powers), len(powers)))
    for i, k in product(range(3), repeat=2):
        factor = powers[:, None, i] * powers[None, :, k]
        left = total - AXES[i] - AXES[k]
        value = _moment(form, np.maximum(left, 0)) * ((left >= 0).all(axis=-1))
        stretch[i, k] = factor * value / (half[i] * half[k])
    return _moment(form, total) / whole, stretch / whole


def _solve(
    mass: NDArray[np.float64],
    stretch: NDArray[np.float64],
    powers: NDArray[np.int64],
    shear: float,
    squeeze: float,
    parity: tuple[int, ...],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Squares of angular frequencies and shapes (3, p, modes) of one symmetry: ``u_x`` is odd in x where the others are even, and so on."""
    own = [np.flatnonzero((powers % 2 == (np.array(parity) + axis) % 2).all(axis=1)) for axis in AXES]
    trace = stretch[0, 0] + stretch[1, 1] + stretch[2, 2]
    elastic = [[squeeze * stretch[i, k] + shear * (stretch[k, i] + (i == k) * trace) for k in range(3)] for i in range(3)]
    stiff = np.block([[elastic[i][k][np.ix_(own[i], own[k])] for k in range(3)] for i in range(3)])
    place = np.cumsum([0, *map(len, own)])
    heavy = np.zeros_like(stiff)
    for rows, first, last in zip(own, place, place[1:], strict=False):
        heavy[first:last, first:last] = mass[np.ix_(rows, rows)]
    scale = 1 / np.sqrt(np.diag(heavy))
    weight, basis = _by_rotation(heavy * np.outer(scale, scale))
    kept = weight > SMALLEST * weight[-1]
    white = scale[:, None] * basis[:, kept] / np.sqrt(weight[kept])
    square, mixed = _by_rotation(white.T @ stiff @ white)
    column = white @ mixed
    shape = np.zeros((3, len(powers), len(square)))
    for axis, (rows, first, last) in enumerate(zip(own, place, place[1:], strict=False)):
        shape[axis, rows] = column[first:last]
    return square, shape


def _by_rotation(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Eigenvalues and vectors by the plain QR iteration: dividing and conquering wakes threads, which small matrices only wait for."""
    value, vector = eigh(matrix, driver="ev", check_finite=False)
    return value, vector


def _surface_motion(form: str, half: Half, powers: NDArray[np.int64], shape: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean square (modes,) over the surface of the displacement across it."""
    points, normals, weights = _surface(form, half)
    table = points[:, :, None] ** np.arange(powers.max() + 1)
    value = table[:, 0, powers[:, 0]] * table[:, 1, powers[:, 1]] * table[:, 2, powers[:, 2]]
    across = sum(normals[:, i, None] * (value @ shape[i]) for i in range(3))
    mean: NDArray[np.float64] = weights @ np.asarray(across) ** 2 / weights.sum()
    return mean


def _surface(form: str, half: Half) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Points (n, 3) over the half-lengths, normals (n, 3) and areas (n,) that stand for the surface."""
    node, area = np.polynomial.legendre.leggauss(8)
    u, v = (grid.ravel() for grid in np.meshgrid(node, node))
    if form == "ball":  # of a ball, not of an ellipsoid
        ring, angle = np.sqrt(1 - u**2), np.pi * v
        globe = np.stack([ring * np.cos(angle), ring * np.sin(angle), u], axis=-1)
        return globe, globe, np.outer(area, area).ravel()
    points: list[NDArray[np.float64]] = []
    normals: list[NDArray[np.float64]] = []
    weights: list[NDArray[np.float64]] = []
    for axis in (2,) if form == "cylinder" else (0, 1, 2):
        b, c = (axis + 1) % 3, (axis + 2) % 3
        share = np.sqrt(1 - v**2 / 2) if form == "cylinder" else np.ones(len(u))  # a square bent into a disk
        other = np.sqrt(1 - u**2 / 2) if form == "cylinder" else np.ones(len(u))
        for side in (-1.0, 1.0):
            face = np.zeros((len(u), 3))
            face[:, axis], face[:, b], face[:, c] = side, u * share, v * other
            points.append(face)
            normals.append(np.tile(side * AXES[axis], (len(u), 1)))
            weights.append(np.outer(area, area).ravel() * half[b] * half[c] * (np.pi / 4 if form == "cylinder" else 1.0))
    if form == "cylinder":
        angle = np.pi * u
        points.append(np.stack([np.cos(angle), np.sin(angle), v], axis=-1))
        normals.append(np.stack([np.cos(angle), np.sin(angle), 0 * v], axis=-1))
        weights.append(np.outer(area, area).ravel() * np.pi * half[0] * half[2])
    return np.concatenate(points), np.concatenate(normals), np.concatenate(weights)

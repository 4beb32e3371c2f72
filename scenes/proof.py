"""Proofs: a closed form beside what the simulator gave, with the error that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.shapes import inertia_of, rotate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["Proof", "energy_of", "never_rises"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One law held against one simulated truth.

    Attributes:
        law: what is compared, as a table's row calls it: "period", "range of the throw".
        closed_form: what the formula says.
        simulated: what was measured on the trajectories.
        tolerance: of the relative error.
        scale: what the error is relative to; None is the closed form itself.
        source: the formula, in one line.

    Example:
        >>> Proof(law="period", closed_form=2.0, simulated=2.01, tolerance=0.01, source="2 pi sqrt(l / g)").holds
        True
    """

    law: str
    closed_form: float
    simulated: float
    tolerance: float
    source: str
    scale: float | None = None

    @property
    def error(self) -> float:
        """Relative error."""
        scale = abs(self.closed_form) if self.scale is None else self.scale
        return abs(self.simulated - self.closed_form) / scale

    @property
    def holds(self) -> bool:
        """Whether the error is within the tolerance (a NaN is not)."""
        return self.error <= self.tolerance


def energy_of(truth: Truth) -> NDArray[np.float64]:
    """Kinetic and potential energy of all bodies together, J, from the release on (before it they are held)."""
    total = np.zeros(len(truth.times))
    for i, body in enumerate(truth.bodies):
        total += body.mass * truth.gravity * truth.position[:, i, 2]
        total += body.mass / 2 * (truth.velocity[:, i] ** 2).sum(axis=-1)
        if body.form.kind != "sheet":
            back = truth.orientation[:, i] * np.array([-1, -1, -1, 1])
            own = rotate(back, truth.spin[:, i])
            total += (own**2 @ np.array(body.inertia or inertia_of(body.form, body.mass))) / 2
    return total[truth.times >= truth.scene.delay]


def never_rises(energy: NDArray[np.float64], scale: float, *, tolerance: float = 0.005) -> Proof:
    """That an undriven scene gains no energy: the largest rise over any lower value before it.

    Args:
        energy: (n,) J.
        scale: J, what the rise is relative to: the energy that moves, such as m g times the height that is fallen through.
        tolerance: of the rise over ``scale``.
    """
    rise = float((energy - np.minimum.accumulate(energy)).max())
    return Proof(law="energy rises by", closed_form=0.0, simulated=rise, tolerance=tolerance, scale=scale, source="dE/dt <= 0")

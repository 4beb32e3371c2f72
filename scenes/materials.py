"""What things are made of.

Sources: ``E``, ``nu``, ``density`` and loss factors from DiffSound's and Modia3D's tables, loss factors ``eta`` are effective
values for a supported body (Cremer; Irvine), restitution against a hard floor from the Physics Factbook's collection. A value marked *est*
is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLASSIC", "MATERIALS", "Material"]

CLASSIC = ("rubber", "plastic", "glass", "steel", "stone", "wood")  # what the first four families draw from


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One row of the table, in SI units."""

    name: str
    adjective: str  # as in "a wooden ball"
    density: float  # kg/m^3
    youngs_modulus: float  # Pa
    poisson: float  # -
    loss_factor: float  # -, eta: T60 = 2.2 / (eta f)
    restitution: float  # -, against a hard floor
    gloss: float  # -, share of mirror-like reflection in the picture, 0 to 1 (est)
    stiffening: float = 1.0  # -, Young's modulus at the rate of an impact over the static one (est)


MATERIALS: dict[str, Material] = {
    m.name: m
    for m in (
        Material(
            name="rubber",
            adjective="rubber",
            density=1100,
            youngs_modulus=5e6,
            poisson=0.49,
            loss_factor=0.2,
            restitution=0.82,
            gloss=0.10,
            stiffening=10,
        ),
        Material(
            name="plastic",
            adjective="plastic",
            density=1100,
            youngs_modulus=1.4e9,
            poisson=0.35,
            loss_factor=3e-2,
            restitution=0.72,
            gloss=0.45,
        ),
        Material(
            name="glass",
            adjective="glass",
            density=2600,
            youngs_modulus=6.2e10,
            poisson=0.20,
            loss_factor=3e-3,
            restitution=0.66,
            gloss=0.90,
        ),
        Material(
            name="steel",
            adjective="steel",
            density=7850,
            youngs_modulus=2.0e11,
            poisson=0.29,
            loss_factor=2e-3,
            restitution=0.60,
            gloss=0.80,
        ),
        Material(
            name="stone",
            adjective="stone",
            density=2700,
            youngs_modulus=5.0e10,
            poisson=0.25,
            loss_factor=6e-3,
            restitution=0.55,
            gloss=0.15,
        ),
        Material(
            name="wood",
            adjective="wooden",
            density=750,
            youngs_modulus=1.1e10,
            poisson=0.30,
            loss_factor=1.5e-2,
            restitution=0.48,
            gloss=0.20,
        ),
    )
}

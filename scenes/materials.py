"""What things are made of: one table in SI units, with the source of every number beside it.

``MATERIALS[name].sources`` says for each field where it comes from, ``estimated`` which fields are estimates; ``docs/materials.md`` is
the same table for people, made by :func:`as_markdown`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

__all__ = ["CLASSIC", "MATERIALS", "REFERENCES", "Material", "as_markdown"]

CLASSIC = ("rubber", "plastic", "glass", "steel", "stone", "wood")  # what the first four families draw from

REFERENCES = {
    "D": "DiffSound (Jin et al. 2024), table of materials",
    "M": "Modia3D, palette of solid materials",
    "T": "ThreeDWorld, table of physical audio materials (friction: its dynamic coefficient)",
    "X": "MatSet, the lineage of tables behind modal sound synthesis",
    "F": "The Physics Factbook, coefficients of restitution",
    "K": "Physics Fundamentals (open textbook), appendix A, coefficients of sliding friction, against steel or itself",
    "h": "common handbook value, not looked up",
    "s": "estimate for a body on its support, above the loss factor in free flight (Cremer and Heckl; Irvine; NPTEL)",
    "e": "estimate",
}
ESTIMATES = ("s", "e")


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One row of the table, in SI units.

    Example:
        >>> MATERIALS["steel"].density, MATERIALS["steel"].sources["density"]
        (7850.0, 'D')
        >>> "roughness" in MATERIALS["steel"].estimated
        True
    """

    name: str
    adjective: str  # as in "a wooden ball"
    density: float  # kg/m^3
    youngs_modulus: float  # Pa
    poisson: float  # -
    loss_factor: float  # -, eta: T60 = 2.2 / (eta f)
    friction: float = 0.4  # -, Coulomb's, sliding dry on a hard floor
    restitution: float  # -, against a hard floor, at a few m/s
    gloss: float  # -, share of mirror-like reflection in the picture, 0 to 1
    stiffening: float = 1.0  # -, Young's modulus at the rate of an impact over the static one
    roughness: float = 1e-5  # m (rms), height of the surface
    grain: float = 5e-4  # m, the shortest wavelength of that roughness which a touch of it can feel
    colour: tuple[int, int, int] = (150, 150, 150)  # sRGB, natural: for when a prompt names no colour
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)  # field to key of REFERENCES

    @property
    def estimated(self) -> tuple[str, ...]:
        """Names of the fields whose values are estimates."""
        return tuple(name for name, source in self.sources.items() if source in ESTIMATES)


# A cell is value:source; without a source it is an estimate. The first six rows are those of the first four families and stay.
TABLE = """
name      adjective  density youngs_modulus poisson loss_factor friction restitution gloss stiffening roughness grain  colour
rubber    rubber     1100:T  5e6            .49:T   .2:s        .75:T    .82:F       .10   10         2e-5      1e-3   3c3c3e
plastic   plastic    1100:D  1.4e9:D        .35:D   3e-2:s      .30:T    .72         .45   1          3e-6      4e-4   d8d4c8
glass     glass      2600:D  6.2e10:D       .20:D   3e-3:s      .65:T    .66:F       .90   1          2e-7      2e-4   bcd6d2
steel     steel      7850:D  2.0e11:D       .29:D   2e-3:s      .43:T    .60:F       .80   1          1e-6      2e-4   b4b8bc
stone     stone      2700:X  5.0e10:X       .25:X   6e-3:s      .70:T    .55         .15   1          4e-5      6e-4   8e8a84
wood      wooden     750:D   1.1e10:D       .30     1.5e-2:s    .35:T    .48         .20   1          2e-5      5e-4   a87848
aluminium aluminium  2700:M  6.9e10:M       .33:M   2e-3:s      .47:K    .60         .70   1          1e-6      2e-4   ccced2
brass     brass      8500:X  1.0e11:X       .33:X   3e-3:s      .44:K    .50         .75   1          1e-6      2e-4   c8a44e
iron      iron       7300:D  1.3e11:X       .28:D   5e-3:s      .43:T    .50         .35   1          1e-5      3e-4   4c4c50
lead      lead       11340:h 1.6e10:h       .44:h   3e-2:s      .43      .15         .25   1          5e-6      4e-4   6a6c74
ceramic   ceramic    2700:D  7.2e10:D       .19:D   3e-3:s      .47:T    .60         .70   1          1e-6      3e-4   e8e2d6
concrete  concrete   2300:X  2.7e10:X       .20:X   1.5e-2:s    .70:T    .45         .05   1          1.5e-4    1e-3   a6a49e
ice       icy        917:h   9.0e9:h        .33:h   1e-2:s      .03:K    .45         .85   1          3e-6      6e-4   cfe4ee
pine      pine       400:T   8.0e9          .30     2e-2:s      .35:T    .45         .12   1          4e-5      6e-4   d8b478
cork      cork       180:h   2.0e7:h        .05     1.3e-1      .45      .55         .03   2          1e-4      1e-3   b48a5c
cardboard cardboard  698:T   2.0e9          .30     5e-2:s      .45:T    .30         .04   1          2e-5      8e-4   b48c5a
paper     paper      800:h   2.0e9          .30     4e-2:s      .47:T    .20         .05   1          5e-6      5e-4   f2f0ea
leather   leather    860:T   1.0e8          .40     5e-2:s      .40:T    .35         .25   2          3e-5      8e-4   7a4a2c
felt      felt       200     2.0e6          .10     2.5e-1      .50      .15         .00   1          4e-4      2e-3   6c7a6a
cotton    cotton     1540:T  5.0e6          .30     1.5e-1      .65:T    .10         .02   1          2e-4      1.5e-3 e6e0d4
foam      foam       285:T   1.0e6          .30     3e-1        .45:T    .30         .02   1          3e-4      2e-3   d6d2a6
jelly     jelly      1030    5.0e4          .49     3e-1        .20      .30         .60   2          1e-5      3e-3   b04858
nylon     nylon      1140:h  2.7e9:h        .39:h   3e-2:s      .25      .70         .35   1          3e-6      4e-4   e4e2da
phenolic  phenolic   1768:M  5.4e9:M        .34:M   1e-2:s      .20      .85:F       .85   1          5e-7      3e-4   e8dcc0
"""


def _rows(table: str) -> dict[str, Material]:
    """The rows of a table of cells ``value:source``."""
    head, *lines = (line.split() for line in table.strip().splitlines())
    made = {}
    for line in lines:
        cells = dict(zip(head, line, strict=True))
        name, adjective, colour = cells.pop("name"), cells.pop("adjective"), bytes.fromhex(cells.pop("colour"))
        pairs = {key: cell.partition(":") for key, cell in cells.items()}
        made[name] = Material(
            name=name,
            adjective=adjective,
            colour=(colour[0], colour[1], colour[2]),
            sources={key: source or "e" for key, (_, _, source) in pairs.items()} | {"colour": "e"},
            **{key: float(value) for key, (value, _, _) in pairs.items()},
        )
    return made


MATERIALS: dict[str, Material] = _rows(TABLE)

UNITS = {
    "density": "kg/m^3",
    "youngs_modulus": "Pa",
    "poisson": "",
    "loss_factor": "",
    "friction": "",
    "restitution": "",
    "gloss": "",
    "stiffening": "",
    "roughness": "m rms",
    "grain": "m",
    "colour": "sRGB",
}


def as_markdown() -> str:
    """The table with its sources, as ``docs/materials.md`` has it.

    Example:
        >>> as_markdown().splitlines()[0]
        '# Materials'
    """
    columns = [one.name for one in fields(Material) if one.name in UNITS]
    head = [f"{name} ({UNITS[name]})" if UNITS[name] else name for name in columns]
    lines = [
        "# Materials",
        "",
        "Made by `kinema.scenes.materials.as_markdown()`; a test keeps it so. Behind every value stands its source; *e* and *s* are",
        "estimates. Restitution and friction are against a hard floor; a scene may say otherwise.",
        "",
        "| material | " + " | ".join(head) + " |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for one in MATERIALS.values():
        cells = [f"{_shown(getattr(one, name))} {one.sources[name]}" for name in columns]
        lines.append(f"| {one.name} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- **{key}**: {text}" for key, text in REFERENCES.items()), ""]
    return "\n".join(lines)


def _shown(value: float | tuple[int, int, int]) -> str:
    return "#" + bytes(value).hex() if isinstance(value, tuple) else f"{value:.4g}"

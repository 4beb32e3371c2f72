"""Rooms and what their walls are made of: one table of surfaces, one of rooms.

Absorption coefficients are shares of the energy that a wall takes at each reflection, per octave band. ``ESTIMATED`` names those that are
our estimates; the others are the usual textbook values (as in Vorländer, Auralization, 2008, annex; Kuttruff, Room Acoustics).
``docs/rooms.md`` is the same for people, made by :func:`as_markdown`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.sound.modes import SPEED_OF_SOUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AIR", "BANDS", "ESTIMATED", "FACES", "ROOMS", "SURFACES", "Room", "absorption", "as_markdown"]

BANDS = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)  # Hz, middles of octave bands
SURFACES: dict[str, tuple[float, ...]] = {  # -, per band of BANDS
    "concrete": (0.02, 0.03, 0.03, 0.03, 0.04, 0.07, 0.07),  # rough, unpainted
    "plaster": (0.02, 0.02, 0.03, 0.03, 0.04, 0.05, 0.05),  # on masonry
    "tile": (0.01, 0.01, 0.01, 0.02, 0.02, 0.02, 0.02),
    "wood": (0.18, 0.12, 0.10, 0.09, 0.08, 0.07, 0.07),  # panels of 16 mm
    "glass": (0.10, 0.05, 0.04, 0.03, 0.03, 0.03, 0.03),  # windows
    "plasterboard": (0.15, 0.10, 0.06, 0.04, 0.04, 0.05, 0.05),  # on studs
    "carpet": (0.07, 0.31, 0.49, 0.81, 0.66, 0.54, 0.48),
    "curtain": (0.30, 0.45, 0.65, 0.56, 0.59, 0.71, 0.71),
    "acoustic_tile": (0.30, 0.69, 0.95, 0.81, 0.66, 0.62, 0.62),  # perforated gypsum on felt
    "stone": (0.02, 0.02, 0.02, 0.03, 0.04, 0.05, 0.05),  # est: marble with joints, weathered
    "sheet_metal": (0.25, 0.15, 0.10, 0.08, 0.06, 0.05, 0.05),  # est: cladding that swings along at low pitch
    "clothes": (0.45, 0.60, 0.75, 0.80, 0.80, 0.80, 0.80),  # est: above a curtain, because hung deep
    "seats": (0.40, 0.50, 0.58, 0.61, 0.58, 0.50, 0.50),  # est: lightly upholstered, empty (after Beranek)
    "furniture": (0.15, 0.22, 0.30, 0.35, 0.40, 0.40, 0.40),  # est: sofa, shelves, desks and who sits there
    "towels": (0.12, 0.22, 0.35, 0.42, 0.45, 0.45, 0.45),  # est: towels, mat, shower curtain
    "pews": (0.30, 0.28, 0.26, 0.25, 0.25, 0.25, 0.25),  # est: wooden benches, chapels and vaults that hold sound back
    "grass": (0.10, 0.15, 0.25, 0.40, 0.50, 0.60, 0.60),  # est: at the slant at which a listener hears it
}
ESTIMATED = ("stone", "sheet_metal", "clothes", "seats", "furniture", "towels", "pews", "grass")
# 1/m, of energy, per band: ISO 9613-2 table 2, 20 degrees Celsius, 70 % humidity (0.3 1.1 2.8 5.0 9.0 22.9 76.6 dB/km)
AIR = np.array([0.3, 1.1, 2.8, 5.0, 9.0, 22.9, 76.6]) / 1000 / (10 * np.log10(np.e))
FACES = ("left", "right", "near", "far", "floor", "ceiling")

Mixture = tuple[tuple[str, float], ...]  # surfaces and their shares of a face


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A box-shaped room.

    Attributes:
        size: m, width (x), depth (y) and height (z); it grows where a scene and its camera need more.
        walls: surfaces of the four walls.
        floor, ceiling: surfaces of the others.
        contents: what stands about; the share is its absorbing area over the floor's. It absorbs, but mirrors nothing.
    """

    size: tuple[float, float, float]
    walls: Mixture
    floor: Mixture
    ceiling: Mixture
    contents: Mixture = ()

    def face(self, name: str) -> NDArray[np.float64]:
        """Absorption (bands,) of one of ``FACES``."""
        return absorption({"floor": self.floor, "ceiling": self.ceiling}.get(name, self.walls))

    def decay(self, size: tuple[float, float, float]) -> NDArray[np.float64]:
        """Rate (bands,) in 1/s at which the energy decays in a room of that size (Eyring, with the air's own absorption).

        ``c (-S ln(1 - a) / 4 V + m)``; the decay time is ``ln(10^6)`` over it.

        Example:
            >>> room = ROOMS["cathedral"]
            >>> bool(4 < 13.8155 / room.decay(room.size)[3] < 8)
            True
        """
        w, d, h = size
        areas = np.array([d * h, d * h, w * h, w * h, w * d, w * d])
        taken = areas @ np.array([self.face(name) for name in FACES])
        inside = sum(share for _, share in self.contents) * w * d
        taken = taken + absorption(self.contents) * w * d
        surface = areas.sum() + inside
        rate: NDArray[np.float64] = SPEED_OF_SOUND * (-surface * np.log(1 - taken / surface) / (4 * w * d * h) + AIR)
        return rate


def absorption(mixture: Mixture) -> NDArray[np.float64]:
    """Absorption (bands,) of surfaces side by side, each times its share.

    Example:
        >>> absorption((("tile", 0.5), ("carpet", 0.5))).round(3).tolist()
        [0.04, 0.16, 0.25, 0.415, 0.34, 0.28, 0.25]
    """
    total = np.zeros(len(BANDS))
    for surface, share in mixture:
        total += share * np.array(SURFACES[surface])
    return total


ROOMS: dict[str, Room | None] = {  # sizes: est, of the usual kind; None has no walls. The studio is one wall behind the scene, see room.py
    "studio": None,
    "closet": Room(
        size=(2.0, 2.4, 2.4),
        walls=(("clothes", 0.35), ("plasterboard", 0.65)),
        floor=(("carpet", 0.5), ("wood", 0.5)),
        ceiling=(("plasterboard", 1.0),),
        contents=(("clothes", 0.35),),
    ),
    "bathroom": Room(
        size=(2.4, 3.0, 2.5),
        walls=(("tile", 0.7), ("wood", 0.3)),
        floor=(("tile", 1.0),),
        ceiling=(("plasterboard", 1.0),),
        contents=(("towels", 0.6),),
    ),
    "living_room": Room(
        size=(5.0, 6.5, 2.6),
        walls=(("plasterboard", 0.75), ("glass", 0.15), ("curtain", 0.1)),
        floor=(("wood", 0.6), ("carpet", 0.4)),
        ceiling=(("plasterboard", 1.0),),
        contents=(("furniture", 0.7),),
    ),
    "classroom": Room(
        size=(7.5, 9.5, 3.2),
        walls=(("plaster", 0.7), ("glass", 0.3)),
        floor=(("wood", 1.0),),
        ceiling=(("plaster", 0.7), ("acoustic_tile", 0.3)),
        contents=(("furniture", 0.3),),
    ),
    "warehouse": Room(
        size=(30.0, 48.0, 9.0),
        walls=(("concrete", 0.5), ("sheet_metal", 0.5)),
        floor=(("concrete", 1.0),),
        ceiling=(("sheet_metal", 0.8), ("acoustic_tile", 0.2)),  # some of the roof is lined
    ),
    "concert_hall": Room(
        size=(24.0, 42.0, 16.0),
        walls=(("wood", 0.3), ("plaster", 0.7)),
        floor=(("wood", 0.2), ("seats", 0.8)),
        ceiling=(("plaster", 1.0),),
        contents=(("seats", 0.6),),
    ),
    "cathedral": Room(
        size=(28.0, 90.0, 25.0),
        walls=(("stone", 0.85), ("glass", 0.15)),
        floor=(("stone", 1.0),),
        ceiling=(("stone", 1.0),),
        contents=(("pews", 1.2),),
    ),
    "outdoors": None,
}


def as_markdown() -> str:
    """Both tables, as ``docs/rooms.md`` has them.

    Example:
        >>> as_markdown().splitlines()[0]
        '# Rooms'
    """
    octaves = " | ".join(f"{band:.0f} Hz" for band in BANDS)
    lines = [
        "# Rooms",
        "",
        "Made by `kinema.scenes.sound.surfaces.as_markdown()`; a test keeps it so.",
        "",
        "A room is a box. Reflections up to second order are mirror images with their own delay, distance and colour; all",
        "others are a tail of noise with the energy that these leave out, which dies away per octave as Eyring's formula and the",
        "air's absorption say. The table has a room's own size and those decay times; a scene that needs more space moves the",
        "walls apart. The decay time that is stored with a scene is not this one: it is measured on the rendered impulse",
        "response of its very room. The studio, the default, is one wall behind the scene; outdoors there is only the ground.",
        "",
        f"| room | width x depth x height (m) | walls | floor | ceiling | contents | decay time (s): {octaves} |",
        "|---" * (6 + len(BANDS)) + "|",
    ]
    for name, room in ROOMS.items():
        if room is not None:
            made = " | ".join(_mixed(mixture) or "-" for mixture in (room.walls, room.floor, room.ceiling, room.contents))
            times = " | ".join(f"{seconds:.2f}" for seconds in np.log(1e6) / room.decay(room.size))
            lines.append(f"| {name} | {' x '.join(f'{edge:g}' for edge in room.size)} | {made} | {times} |")
    lines += ["", f"| absorption | {octaves} |", "|---" * (1 + len(BANDS)) + "|"]
    for name, row in SURFACES.items():
        lines.append(f"| {name}{' (e)' if name in ESTIMATED else ''} | " + " | ".join(f"{share:.2f}" for share in row) + " |")
    lines += [
        "",
        "*(e)* is our estimate; the others are the usual textbook values. All sizes and shares of surfaces are estimates.",
        "",
    ]
    return "\n".join(lines)


def _mixed(mixture: Mixture) -> str:
    """Surfaces and their shares, in words."""
    return ", ".join(f"{surface} {share:.0%}" for surface, share in mixture)

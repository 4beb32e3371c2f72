"""Rooms and what their walls are made of: one table of surfaces, one of rooms.

Absorption coefficients are shares of the energy that a wall takes at each reflection, per octave band. Where a row says ``est`` it is our
estimate; the others are the usual textbook values (as in Vorländer, Auralization, 2008, annex; Kuttruff, Room Acoustics).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.sound.modes import SPEED_OF_SOUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["AIR", "BANDS", "FACES", "ROOMS", "SURFACES", "Room", "absorption"]

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
        ceiling=(("sheet_metal", 1.0),),
        contents=(("furniture", 0.5),),
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

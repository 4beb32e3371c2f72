"""The colours that prompts name."""

from __future__ import annotations

__all__ = ["COLOURS", "PAINTS"]

COLOURS: dict[str, tuple[int, int, int]] = {  # sRGB of the painted surface under white light
    "red": (206, 38, 38),
    "orange": (240, 130, 20),
    "yellow": (238, 208, 40),
    "green": (44, 150, 62),
    "blue": (36, 84, 200),
    "purple": (128, 52, 168),
}

PAINTS: dict[str, tuple[int, int, int]] = {  # sRGB of props: colours that no prompt names
    "grey": (136, 140, 146),
    "charcoal": (58, 60, 64),
    "white": (226, 226, 224),
    "pale": (190, 184, 172),
    "oak": (160, 126, 90),
    "slate": (96, 106, 116),
    "water": (116, 164, 180),
    "glass": (206, 222, 222),
}

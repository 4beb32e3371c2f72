"""The colours that prompts name."""

from __future__ import annotations

__all__ = ["COLOURS"]

COLOURS: dict[str, tuple[int, int, int]] = {  # sRGB of the painted surface under white light
    "red": (206, 38, 38),
    "orange": (240, 130, 20),
    "yellow": (238, 208, 40),
    "green": (44, 150, 62),
    "blue": (36, 84, 200),
    "purple": (128, 52, 168),
}

"""A glass tank of water."""

from __future__ import annotations

from kinema.scenes.shapes import Box
from kinema.scenes.truth import Prop

__all__ = ["FLOORS_BELOW", "WALL", "tank"]

FLOORS_BELOW = ("wood", "stone", "concrete", "ceramic")
WALL = 0.012  # -, thickness of the glass over the view


def tank(view: float, width: float, depth: float, level: float) -> tuple[Prop, ...]:
    """A glass tank on the floor, ``width`` m inside from left to right, ``depth`` m from front to back, with water up to ``level`` m."""
    wall, brim = WALL * view, level + 0.05 * view
    half, back, middle = (width + wall) / 2, (depth + wall) / 2, brim / 2

    def pane(name: str, size: tuple[float, float, float], place: tuple[float, float, float]) -> Prop:
        return Prop(name=name, solid=Box(size), position=place, material="glass", paint="glass", opacity=0.15)

    return (
        pane("bottom", (width + 2 * wall, depth + 2 * wall, wall), (0.0, 0.0, wall / 2)),
        pane("left_wall", (wall, depth, brim - wall), (-half, 0.0, middle + wall / 2)),
        pane("right_wall", (wall, depth, brim - wall), (half, 0.0, middle + wall / 2)),
        pane("front_wall", (width + 2 * wall, wall, brim - wall), (0.0, -back, middle + wall / 2)),
        pane("back_wall", (width + 2 * wall, wall, brim - wall), (0.0, back, middle + wall / 2)),
        Prop(
            name="water", solid=Box((width, depth, level - wall)), position=(0.0, 0.0, (level + wall) / 2), material="glass", paint="water",
            touchable=False, opacity=0.25,
        ),
    )  # fmt: skip

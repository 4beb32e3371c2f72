"""Phrases that several families share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kinema.scenes.prompts import WORLDS, length_of

if TYPE_CHECKING:
    from kinema.scenes.scene import Scene

__all__ = ["fine_length", "pull_in_words"]


def pull_in_words(scene: Scene) -> str:
    """A phrase such as " in the gravity of Mars", empty on Earth: for families that are drawn on Earth alone."""
    return "" if scene.world == "earth" else f" {WORLDS[scene.world]}"


def fine_length(metres: float) -> str:
    """A length as people say it, in millimetres below ten centimetres, so that sizes 15 % apart are told apart.

    Example:
        >>> fine_length(0.0473), fine_length(0.42)
        ('47 mm', '42 cm')
    """
    return f"{metres * 1000:.0f} mm" if metres < 0.0995 else length_of(metres)

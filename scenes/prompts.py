"""Words that every prompt is made of."""

from __future__ import annotations

from kinema.scenes.materials import MATERIALS

__all__ = ["FLOORS", "WORLDS", "a", "length_of", "of_material"]

WORLDS = {  # the studio has air, so that there is sound everywhere; only the pull changes
    "earth": "in the gravity of Earth",
    "moon": "in the gravity of the Moon",
    "mars": "in the gravity of Mars",
    "jupiter": "in the gravity of Jupiter",
}
FLOORS = {"wood": "a wooden floor", "stone": "a stone floor"}


def of_material(name: str) -> str:
    """The adjective: ``wood`` makes "wooden"."""
    return MATERIALS[name].adjective


def a(word: str) -> str:
    """The word with its indefinite article, to begin a sentence.

    Example:
        >>> a("orange")
        'An orange'
    """
    return ("An " if word[0] in "aeiou" else "A ") + word


def length_of(metres: float) -> str:
    """A length as people say it, true to the digits shown.

    Example:
        >>> length_of(0.0873), length_of(0.42), length_of(1.384)
        ('9 cm', '42 cm', '1.4 m')
    """
    return f"{metres * 100:.0f} cm" if metres < 0.995 else f"{metres:.1f} m"

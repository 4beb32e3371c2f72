"""Words that every prompt is made of, and how they are put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinema.scenes.camera import MOVES
from kinema.scenes.materials import MATERIALS

if TYPE_CHECKING:
    from kinema.scenes.scene import Scene

__all__ = [
    "FLOORS",
    "LIGHTINGS",
    "NUMBERS",
    "ROOMS",
    "STYLES",
    "WORLDS",
    "Account",
    "a",
    "length_of",
    "of_material",
    "wordings",
]

WORLDS = {  # the studio has air, so that there is sound everywhere; only the pull changes
    "earth": "in the gravity of Earth",
    "moon": "in the gravity of the Moon",
    "mars": "in the gravity of Mars",
    "jupiter": "in the gravity of Jupiter",
}
FLOORS = {
    "wood": "a wooden floor",
    "stone": "a stone floor",
    "concrete": "a concrete floor",
    "steel": "a steel floor",
    "ceramic": "a tiled floor",
    "felt": "a carpeted floor",
    "ice": "a floor of ice",
}
STYLES = {  # "plain" is never said
    "plain": "a plain studio picture",
    "night": "a picture taken at night",
    "film": "an old black-and-white film",
    "clay": "a clay animation",
    "toon": "a cartoon with dark outlines",
    "sketch": "a pencil sketch on paper",
}
LIGHTINGS = {  # "studio" is never said
    "studio": "soft studio light from the upper left",
    "evening": "low, warm evening light from the left",
    "overcast": "even light without hard shadows",
    "spot": "a single hard spotlight from above",
    "right": "soft light from the upper right",
}
ROOMS = {  # "studio" is never said; sizes and walls are in sound/room.py
    "studio": "a studio",
    "closet": "a closet full of clothes",
    "bathroom": "a tiled bathroom",
    "living_room": "a living room",
    "classroom": "a classroom",
    "warehouse": "an empty warehouse",
    "concert_hall": "a concert hall",
    "cathedral": "a cathedral",
    "outdoors": "an open field outdoors",
}
NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What happens in a scene, in words that a stranger would understand.

    Every one of the sentences must state every claim of the scene, and nothing that is false of its truth: no other colour, material,
    length or side. Say the gravity (``WORLDS``) where it is not Earth's.

    Attributes:
        short: one sentence.
        detailed: two or three, with sizes, heights, materials, floor and gravity.
        paraphrases: at least two more ways to say as much.
        beats: (moment in s after release, what happens then), in order, as closed forms or the sheet have them.
        heard: what is heard, as noun phrases: "a thud at every bounce".
        unheard: what must not be heard: "no music", "no sound at all".
    """

    short: str
    detailed: str
    paraphrases: tuple[str, ...]
    beats: tuple[tuple[float, str], ...]
    heard: tuple[str, ...] = ()
    unheard: tuple[str, ...] = ("no music", "no voices")


def wordings(scene: Scene) -> tuple[str, ...]:
    """Short, detailed, the paraphrases, and a shot list last; each with what is special about camera, style, light, room and start."""
    account = scene.account()
    assert account is not None, f"{scene.family} has neither an account nor prompts of its own"
    told = (account.short, account.detailed, *account.paraphrases)
    more = _circumstances(scene)
    return (*(" ".join([text, *more]) for text in told), _shot_list(scene, account))


def _circumstances(scene: Scene) -> list[str]:
    """A sentence for each circumstance that is not the usual one."""
    said = []
    if scene.delay > 0:
        said.append(f"Nothing moves for the first {scene.delay:.2g} s; then it starts.")
    if scene.style != "plain":
        said.append(f"It looks like {STYLES[scene.style]}.")
    if scene.lighting != "studio":
        said.append(f"The scene is lit by {LIGHTINGS[scene.lighting]}.")
    if scene.room != "studio":
        said.append(f"It is heard in {ROOMS[scene.room]}.")
    if scene.move != "static":
        said.append(_sentence(MOVES[scene.move]))
    return said


def _shot_list(scene: Scene, account: Account) -> str:
    beats = [f"{scene.delay + t:.1f} s: {text}" for t, text in account.beats]
    if scene.delay > 0:
        beats.insert(0, "0.0 s: nothing moves yet")
    where = "" if scene.room == "studio" else f", heard in {ROOMS[scene.room]}"
    lines = [
        f"Shot: {account.detailed}",
        f"Beats: {'; '.join(beats)}.",
        _sentence("Camera: " + MOVES[scene.move]),
        _sentence("Style: " + STYLES[scene.style] + ", " + LIGHTINGS[scene.lighting]),
        _sentence("Sound: " + (", ".join(account.heard) or "silence") + where),
        _sentence("Not to be heard: " + ", ".join(text.removeprefix("no ") for text in account.unheard)),
    ]
    return " ".join(lines)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


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

"""Words that every prompt is made of, and how they are put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kinema.scenes.camera import MOVES
from kinema.scenes.materials import MATERIALS
from kinema.scenes.request import Claim

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
    "capital",
    "claims_of",
    "length_of",
    "of_material",
    "shot_list",
    "worded",
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
FIXED = "Fixed camera: "  # how some of the first families' wordings begin
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
    return (*worded(scene, (account.short, account.detailed, *account.paraphrases)), shot_list(scene))


def worded(scene: Scene, texts: tuple[str, ...]) -> tuple[str, ...]:
    """Each text with what is special about this scene's camera, style, light, room and start; as it is where nothing is."""
    more = _circumstances(scene)
    if scene.move != "static":
        texts = tuple(capital(text.removeprefix(FIXED)) for text in texts)
    return tuple(" ".join([text, *more]) for text in texts)


def _circumstances(scene: Scene) -> list[str]:
    """A sentence for each circumstance that is not the usual one."""
    said = [scene.note] if scene.note else []
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


def shot_list(scene: Scene) -> str:
    """The scene as a director would write it down: beats with their times, camera, style, sound, and what must not be heard."""
    account = scene.account()
    beats = [f"{scene.delay + t:.1f} s: {text}" for t, text in account.beats]
    if scene.delay > 0:
        beats.insert(0, f"0.0 s: nothing moves for the first {scene.delay:.2g} s")
    unheard = ["anything" if text == "no sound at all" else text.removeprefix("no ") for text in account.unheard]
    where = "" if scene.room == "studio" else f", heard in {ROOMS[scene.room]}"
    lines = [
        f"Shot: {capital(account.detailed.removeprefix(FIXED))}",
        *([scene.note] if scene.note else []),
        f"Beats: {'; '.join(beats)}.",
        _sentence("Camera: " + MOVES[scene.move]),
        _sentence("Style: " + STYLES[scene.style] + ", " + LIGHTINGS[scene.lighting]),
        _sentence("Sound: " + (", ".join(account.heard) or "silence") + where),
        _sentence("Not to be heard: " + ", ".join(unheard)),
    ]
    return " ".join(lines)


def capital(text: str) -> str:
    """The text with a capital letter at its start and after every full stop.

    Example:
        >>> capital("ten balls. six of them move.")
        'Ten balls. Six of them move.'
    """
    return ". ".join(part[:1].upper() + part[1:] for part in text.split(". "))


def _sentence(text: str) -> str:
    return capital(text) + "."


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


def claims_of(scene: Scene) -> tuple[Claim, ...]:
    """All that the prompts of a scene assert: the family's own claims, and its circumstances where they are not the usual ones."""
    more = []
    if scene.delay > 0:
        more.append(Claim(kind="timing", value=f"{scene.delay:.2g}", time=scene.delay))
    named = (("style", scene.style, STYLES), ("lighting", scene.lighting, LIGHTINGS), ("room", scene.room, ROOMS))
    more += [Claim(kind=kind, value=value, words=(words[value],)) for kind, value, words in named if value != next(iter(words))]
    if scene.move != "static":
        more.append(Claim(kind="camera", value=scene.move, words=(MOVES[scene.move],)))
    return (*scene.claims(), *more)

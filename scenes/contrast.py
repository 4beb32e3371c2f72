"""Contrast sets: one scene and the same scene with exactly one factor changed, each with its own truth and prompt.

Every scene of a set has an id of its own, ``drop@1/seed=3+gravity=moon``, and can be asked for by it wherever an id is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kinema.errors import ConfigError
from kinema.scenes.prompts import LIGHTINGS, ROOMS, STYLES, WORLDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kinema.scenes.scene import Scene

__all__ = ["Contrast", "contrasts_of", "variant_of"]

WORLDS_BY_PULL = ("moon", "mars", "earth", "jupiter")
STARTS = (0.0, 0.5, 1.0)  # s until anything moves
ECHOES = ("closet", "living_room", "concert_hall", "cathedral")  # by their decay times
MOVES_SHOWN = ("pan_left", "static", "pan_right", "dolly_in", "dolly_out", "orbit_left", "orbit_right", "zoom_in", "zoom_out")
TILTS = ("tilt_up", "tilt_down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One factor and the scenes that differ in it alone.

    Attributes:
        factor: what is changed: "gravity", "restitution", "style".
        scenes: at least two, in order of the factor where it has one.
    """

    factor: str
    scenes: tuple[Scene, ...]

    @property
    def levels(self) -> tuple[str, ...]:
        """The level of each scene, as its id has it."""
        return tuple(scene.variant.split("=", 1)[1] for scene in self.scenes)


def contrasts_of(scene: Scene) -> dict[str, Contrast]:
    """Every contrast set of a scene: those of all families, and its family's own.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> contrasts_of(scene_from_id("drop@1/seed=3"))["gravity"].levels
        ('moon', 'mars', 'earth', 'jupiter')
    """
    plain = replace(scene, variant="", note="")
    sets = {**_general(plain), **{factor: _numbered(scenes) for factor, scenes in plain.contrasts().items()}}
    return {
        factor: Contrast(factor=factor, scenes=tuple(replace(one, variant=f"{factor}={level}") for level, one in levels))
        for factor, levels in sets.items()
    }


def _general(scene: Scene) -> dict[str, list[tuple[str, Scene]]]:
    """Factors of every family; gravity only where the prompts speak of it."""
    sets: dict[str, list[tuple[str, Scene]]] = {}
    if all(WORLDS[scene.world] in text for text in scene.prompts()):
        sets["gravity"] = [(world, replace(scene, world=world)) for world in WORLDS_BY_PULL]
    sets["start"] = [(f"{start:g}", replace(scene, delay=start)) for start in STARTS]
    sets["camera"] = [(move, replace(scene, move=move)) for move in (*MOVES_SHOWN, *TILTS)]
    sets["style"] = [(style, replace(scene, style=style)) for style in STYLES]
    sets["lighting"] = [(light, replace(scene, lighting=light)) for light in LIGHTINGS]
    if scene.audible:
        sets["room"] = [(room, replace(scene, room=room)) for room in (*ECHOES, *(r for r in ROOMS if r not in ECHOES))]
    return sets


def _numbered(scenes: Iterable[Scene]) -> list[tuple[str, Scene]]:
    """A family's own levels by their place: 1 is the lowest."""
    return [(str(number), scene) for number, scene in enumerate(scenes, 1)]


def variant_of(scene: Scene, variant: str) -> Scene:
    """The scene of a contrast set that ``factor=level`` names.

    Raises:
        ConfigError: the family has no such factor, or the factor no such level.
    """
    factor, _, level = variant.partition("=")
    sets = contrasts_of(scene)
    if factor not in sets:
        raise ConfigError(f"{scene.family} has no contrast in {factor!r}; it has {', '.join(sets)}")
    levels = sets[factor].levels
    if level not in levels:
        raise ConfigError(f"{scene.family} has no {factor} {level!r}; it has {', '.join(levels)}")
    return sets[factor].scenes[levels.index(level)]

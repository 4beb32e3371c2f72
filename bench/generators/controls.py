"""Controls: generators made from the truth, each with one known fault. They prove the scale.

Every control is the very take that ``oracle`` shows, with one fault of ``metrics/faults.py`` added.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from kinema.bench.generators.spec import generator
from kinema.errors import ConfigError
from kinema.files import hash_of
from kinema.metrics import faults
from kinema.scenes.clip import Clip
from kinema.scenes.scene import SCENES

if TYPE_CHECKING:
    from kinema.scenes.request import Request
    from kinema.scenes.scene import Scene
    from kinema.scenes.truth import Truth

__all__ = ["ORACLE_TAKE", "neighbour_of", "next_sounding", "shown"]

ORACLE_TAKE = 3  # takes 1 and 2 make the scale; sample k of a control is take 3 + k
FIRST = ("drop", "projectile", "collision")  # the sounding ones of the first four families; what they were given stays as it is
_HELD = 4  # takes whose picture is kept: several controls in a row damage the same one
_pictures: OrderedDict[str, Clip] = OrderedDict()


def shown(truth: Truth, request: Request) -> Clip:
    """The unfaulted truth as a clip. The last few are kept, because all controls of a scene start from the same one."""
    from kinema.scenes.render import clip_of

    size = [request.width, request.height, request.fps, request.seconds]
    key = hash_of([type(truth.scene).__qualname__, truth.scene.to_json(), size])
    if key not in _pictures:
        _pictures[key] = clip_of(truth, request)
        while len(_pictures) > _HELD:
            _pictures.popitem(last=False)
    _pictures.move_to_end(key)
    return _pictures[key]


class _Control:
    needs_truth: ClassVar[bool] = True


@generator("oracle")
@dataclass(frozen=True)
class Oracle(_Control):
    """Another take of the truth with nothing wrong: what a perfect generator would score."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Show the take."""
        return shown(truth, request)


@generator("static")
@dataclass(frozen=True)
class Static(_Control):
    """The first moment, held. The sound goes on."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Freeze the motion."""
        return _drawn(faults.static(truth), request)


@generator("constant_velocity")
@dataclass(frozen=True)
class ConstantVelocity(_Control):
    """Bodies glide in a straight line from where they start to where they end."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Straighten the motion."""
        return _drawn(faults.constant_velocity(truth, request.seconds), request)


@generator("sticks")
@dataclass(frozen=True)
class Sticks(_Control):
    """Bodies stay where they land."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Stop the motion at the first contact."""
        return _drawn(faults.sticks(truth), request)


@generator("vanish")
@dataclass(frozen=True)
class Vanish(_Control):
    """Bodies are gone from one third of the clip on."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Hide the bodies."""
        return _drawn(faults.vanish(truth, request.seconds), request)


@generator("reversed")
@dataclass(frozen=True)
class Reversed(_Control):
    """Picture and sound run backwards."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Turn time round."""
        return faults.reversed_(shown(truth, request))


@generator("silent")
@dataclass(frozen=True)
class Silent(_Control):
    """The picture without its sound."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Mute it."""
        return faults.silent(shown(truth, request))


@generator("click_track")
@dataclass(frozen=True)
class ClickTrack(_Control):
    """Four clicks a second, whatever is seen."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Replace the sound."""
        return faults.click_track(shown(truth, request), request.seed)


@generator("late_sound")
@dataclass(frozen=True)
class LateSound(_Control):
    """The sound comes ``ms`` milliseconds late (early where negative)."""

    ms: float = 250.0

    def __post_init__(self) -> None:
        if abs(self.ms) > 10_000:
            raise ConfigError(f"late_sound:ms={self.ms:g}: more than ten seconds is no lag")

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Delay the sound."""
        return faults.late_sound(shown(truth, request), self.ms)


@generator("shuffled_sound")
@dataclass(frozen=True)
class ShuffledSound(_Control):
    """The sound of a scene of another family."""

    def generate(self, request: Request, truth: Truth) -> Clip:
        """Swap the sound."""
        return faults.shuffled_sound(shown(truth, request), _heard_elsewhere(truth, request))


def _drawn(faulty: Truth, request: Request) -> Clip:
    """A faulty truth as a clip: a fault of the motion keeps the contacts, and so the take's own sound."""
    from kinema.scenes.render import clip_of

    return clip_of(faulty, request)


def _heard_elsewhere(truth: Truth, request: Request) -> Clip:
    """The sound of the next sounding family's scene of the same seed, without a picture."""
    import numpy as np

    from kinema.scenes.sound.mix import sound_of
    from kinema.scenes.world import truth_of

    other = neighbour_of(truth.scene).take(ORACLE_TAKE)
    sound = sound_of(truth_of(other, request.seconds), request.seconds)
    return Clip(np.zeros((0, 0, 0, 3), np.uint8), np.zeros(0), sound, 48_000)


def neighbour_of(scene: Scene) -> Scene:
    """The scene whose sound ``shuffled_sound`` takes: that of the same seed in the next sounding family."""
    neighbour: Scene = SCENES[next_sounding(scene.family)].load().draw(scene.seed)
    return neighbour


def next_sounding(family: str) -> str:
    """The family after this one, in the order of the table, of which something is heard.

    Example:
        >>> next_sounding("drop"), next_sounding("pendulum")
        ('projectile', 'drop')
    """
    if family in FIRST:
        return FIRST[(FIRST.index(family) + 1) % len(FIRST)]
    if family == "pendulum":
        return FIRST[0]
    names = list(SCENES)
    start = names.index(family) + 1 if family in SCENES else 0
    return next(name for name in (*names[start:], *names[:start]) if name != family and SCENES[name].load().audible)

"""What a fault is: a name, a unit, doses in order of strength, and a function that damages a shot of the truth by one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from kinema.scenes.clip import Clip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.request import Request
    from kinema.scenes.truth import Truth

__all__ = ["BY_SCENE", "FAULTS", "Fault", "Kind", "Shot", "fault"]

Kind = Literal["motion", "sound", "picture"]
SOUND_RATE = 48_000  # Hz
BY_SCENE = (0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 1.0)  # shares of the scenes, of a fault that a clip has or has not


@dataclass(frozen=True, eq=False)
class Shot:
    """A truth and what is asked, with the clip that shows it; what several doses need is made once and kept.

    Example:
        >>> from kinema.scenes.request import Request
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import simulate
        >>> request = Request(prompt="", seconds=0.2, width=32, height=32, fps=10)
        >>> shot = Shot(simulate(scene_from_id("drop@1/seed=3"), 0.2), request)
        >>> FAULTS["blur"](shot, 0) is shot.clip
        True
    """

    truth: Truth
    request: Request
    kept: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What ``make`` gave when ``name`` was first asked for."""
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]

    @property
    def clip(self) -> Clip:
        """The unfaulted clip."""
        from kinema.scenes.render import clip_of

        clip: Clip = self.once("clip", lambda: clip_of(self.truth, self.request))
        return clip

    def seen(self, faulty: Truth) -> Clip:
        """The picture of a faulty truth with the sound of the unfaulted one."""
        return self.shown(self.pictures(faulty))

    def pictures(self, faulty: Truth) -> NDArray[np.uint8]:
        """Frames of a faulty truth."""
        from kinema.scenes.render import render

        return render(faulty, self.request)

    def shown(self, frames: NDArray[np.uint8]) -> Clip:
        """Other frames with the unfaulted sound."""
        return replace(self.clip, frames=np.ascontiguousarray(frames))

    def heard(self, faulty: Truth) -> Clip:
        """The unfaulted picture with the sound of a faulty truth."""
        return self.sounding(self.samples(faulty))

    def samples(self, faulty: Truth) -> NDArray[np.float32]:
        """The sound (2, n) of a faulty truth."""
        from kinema.scenes.sound.mix import sound_of

        return sound_of(faulty, self.request.seconds, SOUND_RATE)

    def sounding(self, sound: NDArray[Any]) -> Clip:
        """The unfaulted picture with another sound."""
        return replace(self.clip, sound=np.ascontiguousarray(sound, dtype=np.float32))

    def rng(self, *more: int) -> np.random.Generator:
        """The random stream that belongs to this scene, whatever the dose."""
        return np.random.default_rng([0xFA17, int(self.truth.scene.seed), *more])


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One known fault.

    Attributes:
        name: as cards have it.
        kind: "motion" and "picture" faults change the frames, "sound" faults the samples alone; of the motion faults those with ``both``
            change the sound with the motion.
        unit: of a dose.
        doses: at least seven, without 0, from slight to gross; those of a fault with two signs have both, by size.
        meaning: what a dose of 1 unit does, in one sentence.
        make: from a shot and a dose to the faulty clip.
        unfit: why the fault cannot be tried on a truth, "" where it can.
        both: whether the sound changes with the picture.
        by_scene: the fault is there or not: a dose is the share of scenes that have it, and only the full dose is made.
    """

    name: str
    kind: Kind
    unit: str
    doses: tuple[float, ...]
    meaning: str
    make: Callable[[Shot, float], Clip]
    unfit: Callable[[Truth], str]
    both: bool = False
    by_scene: bool = False

    def __call__(self, shot: Shot, dose: float) -> Clip:
        """The faulty clip; dose 0 is the unfaulted one."""
        return shot.clip if dose == 0 else self.make(shot, dose)

    def applies(self, truth: Truth) -> bool:
        """Whether the fault can be tried on a truth."""
        return not self.unfit(truth)

    @property
    def two_signed(self) -> bool:
        """Whether its doses have both signs."""
        return min(self.doses) < 0 < max(self.doses)

    @property
    def tried(self) -> tuple[float, ...]:
        """The doses that clips are made of."""
        return (1.0,) if self.by_scene else self.doses


FAULTS: dict[str, Fault] = {}


def anything(truth: Truth) -> str:
    """Every truth will do."""
    del truth
    return ""


def fault(
    name: str, kind: Kind, unit: str, doses: tuple[float, ...] = BY_SCENE, *, unfit: Callable[[Truth], str] = anything, both: bool = False
) -> Callable[[Callable[[Shot, float], Clip]], Callable[[Shot, float], Clip]]:
    """Register a function of a shot and a dose as a fault; doses that are left out mean that it is there or not."""

    def register(make: Callable[[Shot, float], Clip]) -> Callable[[Shot, float], Clip]:
        meaning = " ".join((make.__doc__ or "").split())
        by_scene = doses is BY_SCENE
        ordered = tuple(sorted(doses, key=lambda dose: (abs(dose), dose)))
        FAULTS[name] = Fault(
            name=name, kind=kind, unit=unit, doses=ordered, meaning=meaning, make=make, unfit=unfit, both=both, by_scene=by_scene
        )
        return make

    return register

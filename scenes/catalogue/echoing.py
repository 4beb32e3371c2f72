"""Rooms that answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.falling import Drop
from kinema.scenes.prompts import ROOMS, a, of_material
from kinema.scenes.proof import Proof
from kinema.scenes.request import Claim

if TYPE_CHECKING:
    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Truth

__all__ = ["Echo"]

ANSWERING = ("closet", "bathroom", "living_room", "classroom", "warehouse", "concert_hall", "cathedral")


@dataclass(frozen=True, kw_only=True)
class Echo(Drop):
    """A ball dropped in a room that can be told by ear: from a closet, which swallows every bounce, to a cathedral.

    Closed form: the bounces as in ``drop``; the sound of each dies away in the room's own time, as measured on its impulse response.

    History: 1 = first release.
    """

    family: ClassVar[str] = "echo"
    area: ClassVar[str] = "sound"

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """A drop of something that does not ring by itself, on Earth; see :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed, 7)
        own = {
            "room": str(rng.choice(ANSWERING)),
            "material": str(rng.choice(["plastic", "wood"])),
            "world": "earth",
            **overrides,
        }
        return super().draw(seed, **own)

    def claims(self) -> tuple[Claim, ...]:
        """As a drop, and that its bounces are heard."""
        return (*super().claims(), Claim(kind="sound", value="impact", words=("bounce",)))

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """As a drop; and the room's decay time, measured once more, at the ears of this scene."""
        if not truth.room.get("t60"):
            return super().proofs(truth)
        from kinema.scenes.sound.late import decay_time
        from kinema.scenes.sound.room import early_answer, reverberate

        rate, count = 16_000, int(1.2 * truth.room["t60"] * 16_000) + 4_000
        click = np.zeros(count)
        click[800] = 1.0
        heard = reverberate(click, truth, rate)
        start, early = early_answer((0.0, 0.0, 0.0), 0.05, truth, rate)
        shown = early[:, : max(count - start, 0)]
        heard[:, start : start + shown.shape[1]] += shown
        found = float(np.mean([decay_time(heard, rate, band=band) for band in (500.0, 1000.0)]))
        decay = Proof(
            law="decay time", closed_form=truth.room["t60"], simulated=found, tolerance=0.1, scale=truth.room["t60"],
            source="T30 of the room's impulse response",
        )  # fmt: skip
        return (*super().proofs(truth), decay)

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """As a drop, and the floor."""
        return {**super().contrasts(), "ground": tuple(replace(self, floor=floor) for floor in ("wood", "stone", "steel"))}

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        heard = f"{a(of_material(self.material)).lower()} bounce and what {ROOMS[self.room]} makes of it, at every hit"
        return replace(super().account(), heard=(heard,))

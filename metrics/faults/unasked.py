"""What is heard where the prompt asks for silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.heard import FULL_NOISE

if TYPE_CHECKING:
    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Truth

__all__: list[str] = []


def _noisy(truth: Truth) -> str:
    quiet = any(claim.kind == "silence" and claim.value == "all" for claim in truth.scene.claims())
    return "" if quiet else "the prompt does not ask for silence"


@fault("unasked_sound", "sound", "dB", (10, 20, 30, 40, 50, 60, 70), unfit=_noisy)
def unasked_sound(shot: Shot, dose: float) -> Clip:
    """White noise so far above -90 dB of full scale (rms), the same in both channels, is heard where silence is asked for."""
    grain = shot.once("unasked_sound", lambda: shot.rng(13).standard_normal(shot.clip.sound.shape[1]))
    return shot.sounding(np.clip(10 ** ((FULL_NOISE + dose) / 20) * grain * np.ones((len(shot.clip.sound), 1)), -1, 1))

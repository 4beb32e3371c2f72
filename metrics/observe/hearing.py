"""From sound to an observation: everything that is heard, found once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.metrics.observe.onsets import find_onsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["hear"]


def hear(sound: NDArray[np.float32], rate: int) -> dict[str, Any]:
    """What is to be heard.

    Args:
        sound: (channels, n) samples, full scale 1.
        rate: samples a second.

    Returns:
        The fields of an :class:`~kinema.metrics.observation.Observation` that need the sound alone, by their names.

    Example:
        >>> hear(np.zeros((1, 4800), np.float32), 48000)["onsets"]
        ()
    """
    return {"onsets": find_onsets(sound, rate), "sound": _numbers(sound, rate)}


def _numbers(sound: NDArray[np.float32], rate: int) -> dict[str, float]:
    peak = float(np.abs(np.nan_to_num(sound)).max()) if sound.size else 0.0
    seconds = sound.shape[1] / rate if sound.size else 0.0
    return {"channels": float(sound.shape[0]), "peak_db": 20 * float(np.log10(max(peak, 1e-6))), "seconds": seconds}

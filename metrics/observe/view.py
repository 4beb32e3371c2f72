"""The camera's own motion, read off the background."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kinema.metrics.observation import View

__all__ = ["find_view"]


def find_view(frames: NDArray[np.uint8]) -> View | None:
    """How the camera moves, in pixels of the frames given; None where it stands still.

    Args:
        frames: (T, H, W, 3) grey levels.
    """
    return None

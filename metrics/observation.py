"""What was seen and heard in a clip, found once and shared by every metric."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Observation", "Onset", "Track", "VisualContact"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """One moving body through the clip; arrays have one entry per frame in which it was seen.

    Attributes:
        frame: (n,) frame numbers, rising.
        t: (n,) seconds.
        x: (n,) pixels, from the left.
        y: (n,) pixels, from the top.
        size: (n,) pixels, diameter of the disc of equal area.
        confidence: (n,) 0 to 1.
        colour: the nearest name of ``palette.COLOURS``, or None where none is near.
        colours: (n,) the same for every frame alone, "" where none is near.
    """

    id: int
    colour: str | None
    frame: NDArray[np.int64]
    t: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    size: NDArray[np.float64]
    confidence: NDArray[np.float64]
    colours: tuple[str, ...] = ()

    @property
    def diameter(self) -> float:
        """Pixels: the median of ``size``, weighted by confidence above one half."""
        good = self.confidence > 0.5
        return float(np.median(self.size[good] if good.any() else self.size))


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualContact:
    """A sudden change of velocity: where two smooth pieces of a track (or of two tracks) meet.

    ``bodies``: track ids; ``"floor"``/``"wall"`` as second where no other track takes part. Velocities are those of the first body, in
    pixels per second, x right and y DOWN; ``other_before``/``other_after`` those of the second body where it is a track.
    ``confidence`` below .5 means: touching is likely but not resolved (a small late bounce, rattling, resting), so it may explain a
    sound but asks for none.
    """

    t: float
    bodies: tuple[int | str, ...]
    x: float
    y: float
    before: tuple[float, float]
    after: tuple[float, float]
    other_before: tuple[float, float] | None = None
    other_after: tuple[float, float] | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """The sudden start of a sound."""

    t: float  # s
    level_db: float  # dB re full scale, peak of the following 30 ms
    confidence: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """Everything that metrics may look at.

    Attributes:
        width, height: pixels.
        times: (T,) seconds of the frames.
        counts: (T,) how many moving bodies are visible in each frame.
        picture: numbers about the picture as a whole (``flicker``, ``sharpness``, ``noise``).
        sound: numbers about the sound as a whole (``channels``, ``peak_db``, ``seconds``).
    """

    width: int = 128
    height: int = 128
    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=int))
    tracks: tuple[Track, ...] = ()
    contacts: tuple[VisualContact, ...] = ()
    onsets: tuple[Onset, ...] = ()
    camera: dict[str, float] = field(default_factory=dict)
    room: dict[str, float] = field(default_factory=dict)
    picture: dict[str, float] = field(default_factory=dict)
    sound: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, *, contacts: Sequence[float] = (), onsets: Sequence[float] = (), **more: Any) -> Self:
        """An observation from bare contact and onset times, for examples and tests.

        Example:
            >>> Observation.of(contacts=[0.5], onsets=[0.51]).onsets[0].t
            0.51
        """
        return cls(
            contacts=tuple(
                VisualContact(t=t, bodies=(0, "floor"), x=0, y=0, before=(0, 1), after=(0, -1)) for t in contacts
            ),
            onsets=tuple(Onset(t=t, level_db=-20.0) for t in onsets),
            **more,
        )

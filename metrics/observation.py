"""What was seen and heard in a clip, found once and shared by every metric."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["BANDS_HZ", "HEARD_RATE", "Heard", "Masks", "Mouth", "Observation", "Onset", "Ring", "Track", "View", "VisualContact"]

BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16000.0)  # Hz, middles of the octave bands of ``Onset.bands_db``
HEARD_RATE = 100.0  # Hz, of the curves of ``Heard``


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Track:
    """One moving body through the clip; arrays have one entry per frame in which it was seen.

    Places are pixels of the picture as shown, origin top left, y down; :meth:`Observation.steady` takes the camera's own motion out.

    Attributes:
        frame: (n,) frame numbers, rising.
        t: (n,) seconds.
        x: (n,) pixels, from the left, of the middle of the body, hidden parts included.
        y: (n,) pixels, from the top.
        size: (n,) pixels, diameter of the disc of equal area, hidden parts included.
        confidence: (n,) 0 to 1.
        colour: the nearest name of ``palette.COLOURS``, or None where none is near.
        colours: (n,) the same for every frame alone, "" where none is near.
        rgb: (n, 3) sRGB 0 to 255 of the body's lit core.
        long, short: (n,) pixels, sides of the smallest box round the outline; equal for a disc. Not given: ``size``.
        angle: (n,) radians, direction of the long side from the right, counter-clockwise as seen, unwrapped over time so that it counts
            turns; says nothing where long and short are nearly equal. Not given: 0.
        turn: (n,) radians, how far the body's marks have turned in the picture since the first entry, counter-clockwise, unwrapped; all
            0 where it has no marks (``marked`` False).
        marked: whether ``turn`` was measured.
        visible: (n,) share of the body that is neither hidden behind something nor outside the picture. Not given: 1.
        likeness: (n,) 0 to 1, how much it looks like its usual self in colour, size and outline. Not given: 1.
        shape: what the outline looks like: "disc", "box", "long" or "other"; "" where nobody looked.
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
    rgb: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 3)))
    long: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    short: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    angle: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    turn: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    marked: bool = False
    visible: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    likeness: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    shape: str = ""

    def __post_init__(self) -> None:
        """Fill in what was not measured."""
        n = len(self.t)
        usual = {
            "rgb": np.zeros((n, 3)), "long": self.size, "short": self.size, "angle": np.zeros(n), "turn": np.zeros(n),
            "visible": np.ones(n), "likeness": np.ones(n),
        }  # fmt: skip
        for name, value in usual.items():
            if len(getattr(self, name)) != n:
                object.__setattr__(self, name, np.asarray(value, dtype=float))

    @property
    def diameter(self) -> float:
        """Pixels: the median of ``size``, weighted by confidence above one half."""
        good = self.confidence > 0.5
        return float(np.median(self.size[good] if good.any() else self.size))

    def joined(self, parts: Sequence[tuple[Track, Any]]) -> Track:
        """This track with other entries: those of parts of tracks, one part after the other.

        Args:
            parts: tracks, each with what chooses its entries: a slice, numbers or a mask.

        Example:
            >>> one = Track(id=0, colour=None, **{name: np.arange(3) for name in ("frame", "t", "x", "y", "size", "confidence")})
            >>> one.joined([(one, slice(2, None)), (one, [0])]).x.tolist()
            [2, 0]
        """
        columns = [one.name for one in fields(self) if isinstance(getattr(self, one.name), np.ndarray)]
        arrays: dict[str, Any] = {name: np.concatenate([getattr(track, name)[which] for track, which in parts]) for name in columns}
        named = all(len(track.colours) == len(track.t) for track, _ in parts)
        colours = [np.array(track.colours, dtype=object)[which] for track, which in parts] if named else []
        return replace(self, colours=tuple(one for part in colours for one in part), **arrays)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisualContact:
    """A sudden change of velocity: where two smooth pieces of a track (or of two tracks) meet.

    ``bodies``: track ids; ``"floor"``/``"wall"`` as second where no other track takes part. Velocities are those of the first body, in
    pixels per second with the camera's motion taken out, x right and y DOWN; ``other_before``/``other_after`` those of the second body
    where it is a track. ``confidence`` below .5 means: touching is likely but not resolved (a small late bounce, rattling, resting), so
    it may explain a sound but asks for none.
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
class Ring:
    """One ringing partial after an onset: a mode of what was struck."""

    frequency: float  # Hz
    t60: float  # s, until it has fallen by 60 dB
    level_db: float  # dB re full scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """The sudden start of a sound.

    Attributes:
        t: s.
        level_db: dB re full scale, peak of the following 30 ms, the louder channel.
        confidence: 0 to 1.
        bands_db: dB re full scale (rms over the following 30 ms, both channels) in the octave bands of ``BANDS_HZ``; empty: not measured.
        side_db: dB, left over right level of the direct sound; positive: from the left; 0 for mono.
        lead_s: s, by how much the left channel comes first (peak of the cross-correlation within 1 ms); 0 for mono.
        rings: the partials that ring on, loudest first, at most eight.
    """

    t: float
    level_db: float
    confidence: float = 1.0
    bands_db: tuple[float, ...] = ()
    side_db: float = 0.0
    lead_s: float = 0.0
    rings: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Heard:
    """The sound as curves at ``HEARD_RATE``; entry k is the stretch from k to k + 1 steps.

    Attributes:
        level_db: (n,) dB re full scale (rms, both channels), at least -120.
        side_db: (n,) dB, left over right; 0 for mono.
        pitch_hz: (n,) Hz of the strongest steady tone or voice pitch, 0 where there is none.
        voice: (n,) 0 to 1, how much it sounds like a voice (harmonics of a pitch, slowly changing level).
    """

    level_db: NDArray[np.float64]
    side_db: NDArray[np.float64]
    pitch_hz: NDArray[np.float64]
    voice: NDArray[np.float64]

    @property
    def t(self) -> NDArray[np.float64]:
        """(n,) s, the middles of the stretches."""
        return np.asarray((np.arange(len(self.level_db)) + 0.5) / HEARD_RATE)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mouth:
    """Something that opens and closes: a part that moves against the body it belongs to.

    Attributes:
        t: (n,) s.
        x, y: pixels, its middle.
        opening: (n,) 0 closed to 1 as wide as it ever gets.
    """

    t: NDArray[np.float64]
    x: float
    y: float
    opening: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """The camera's own motion, as the background shows it: a similarity per frame from its pixels to those of the first frame.

    ``p_first = scale * R(roll) p + (x, y)``, with p = (x right, y down) and a roll that turns x towards y.

    Attributes:
        x, y: (T,) pixels.
        scale: (T,) above 1 where the camera sees more than at first (it has moved out).
        roll: (T,) radians.
        stray: (T,) pixels, rms of the background's points round this similarity.
        confidence: (T,) 0 to 1.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    scale: NDArray[np.float64]
    roll: NDArray[np.float64]
    stray: NDArray[np.float64]
    confidence: NDArray[np.float64]

    def to_first(self, frame: NDArray[np.int64], x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Pixels of frames ``frame`` as pixels of the first frame."""
        c, s, scale = np.cos(self.roll[frame]), np.sin(self.roll[frame]), self.scale[frame]
        across: NDArray[Any] = scale * (c * x - s * y) + self.x[frame]
        down: NDArray[Any] = scale * (s * x + c * y) + self.y[frame]
        return across, down


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Masks:
    """Where what is, for comparisons pixel by pixel (``i2v`` and ``v2v``); at most 256 px a side.

    Attributes:
        bodies: (T, h, w) uint8, 0 background, k + 1 where track number k (its place in ``Observation.tracks``) is seen.
        moving: (T, h, w) bool, the motion mask of Physics-IQ.
        small: (T, h, w, 3) uint8 BGR, the picture itself.
    """

    bodies: NDArray[np.uint8]
    moving: NDArray[np.bool_]
    small: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """Everything that metrics may look at.

    Attributes:
        width, height: pixels.
        times: (T,) seconds of the frames.
        counts: (T,) how many moving bodies are visible in each frame.
        tracks: the moving bodies, the surest first.
        contacts: by time.
        onsets: by time.
        view: the camera's own motion; None where it stands still.
        camera: numbers about the camera: rates per second ``pan_x``, ``pan_y`` (px of the first frame), ``zoom`` (ln), ``roll`` (rad), and
            ``parallax`` (px rms that no similarity explains; large: it travels); ``move`` is not here: naming it is the metric's part.
        cuts: s, the first moment of every shot after the first.
        timing: ``duplicates`` (share of frames equal to the one before), ``rate`` (distinct frames a second), ``pace`` (see the observer).
        room: ``decay_s`` (time to fall by 60 dB after the last clear event), ``early_ms``/``early_db`` (delay and level of the first clear
            reflection after the direct sound, re it); a key is missing where it cannot be measured.
        picture: numbers about the picture as a whole (``flicker``, ``sharpness``, ``noise``, ``banding``, ``warping``).
        sound: numbers about the sound as a whole (``channels``, ``peak_db``, ``seconds``, ``clipped``, ``dc``, ``dropouts``,
            ``bandwidth_hz``, ``true_peak_db``, ``correlation``).
        heard: the sound as curves; None where there is no sound.
        mouths: what opens and closes.
        features: vectors by the name of the network that made them (``picture``, ``motion``, ``sound``, ``clip``; those from
            outside: see ``backbones.py`` and ``backbones_pair.py``).
        masks: only for modes that are compared pixel by pixel.
        stir: (T,) px, mean flow of the whole picture into each frame, for AV-Align; empty where it was not measured.
    """

    width: int = 128
    height: int = 128
    times: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=int))
    tracks: tuple[Track, ...] = ()
    contacts: tuple[VisualContact, ...] = ()
    onsets: tuple[Onset, ...] = ()
    view: View | None = None
    camera: dict[str, float] = field(default_factory=dict)
    cuts: tuple[float, ...] = ()
    timing: dict[str, float] = field(default_factory=dict)
    room: dict[str, float] = field(default_factory=dict)
    picture: dict[str, float] = field(default_factory=dict)
    sound: dict[str, float] = field(default_factory=dict)
    heard: Heard | None = None
    mouths: tuple[Mouth, ...] = ()
    features: dict[str, tuple[float, ...]] = field(default_factory=dict)
    masks: Masks | None = None
    stir: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def steady(self, track: Track) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Place of a track in pixels of the first frame: what is left of its motion once the camera's own is taken out."""
        return (track.x, track.y) if self.view is None else self.view.to_first(track.frame, track.x, track.y)

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

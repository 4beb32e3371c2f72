"""From a source to two ears: the direct way, the reflections one by one up to the second, a tail for all others, and a round head.

A source's wave is convolved with :func:`early_answer`, and added to a mono track of everything that sounds; that track goes through
:func:`reverberate` once at the end. In the studio, the default, there is one wall behind the scene and no tail.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.fft import irfft, rfft
from scipy.signal import fftconvolve

from kinema.scenes.camera import moved
from kinema.scenes.sound.ears import KERNEL_LEAD, KERNEL_LENGTH, ear_kernel
from kinema.scenes.sound.late import MIRRORED, decay_time, late_answer
from kinema.scenes.sound.modes import SPEED_OF_SOUND
from kinema.scenes.sound.surfaces import AIR, BANDS, FACES, ROOMS, SURFACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.scene import Scene
    from kinema.scenes.truth import Truth

__all__ = [
    "KERNEL_LEAD",
    "ROOMS",
    "Path",
    "ear_kernel",
    "early_answer",
    "listener",
    "paths",
    "reverberate",
    "room_of",
    "sent_share",
]

WALL = 0.9  # -, distance of the backdrop behind the plane of motion over the view's height
WALL_REFLECTION = 0.7  # -, of pressure: hard plaster with things hung on it (est); where the truth's room does not say ``wall_reflection``
WALL_DISTANCE = 1.5  # -, of the wall behind y = 0 over the height of the picture; where the truth's room does not say ``wall_y``
SPAN = 128  # samples of the kernel of a reflection, with the walls' colouring
MID = BANDS.index(1000.0)
# m; what sounds lower has no image in the floor: the struck floor sounds into the half space above it, its image is part of the source.
ON_THE_FLOOR = 0.05
MARGIN = 0.3  # m, between a wall and the scene or the camera
LONGEST = 6.0  # s, for which a moving camera stays within the walls
PLACES = (  # of source and ears, over the room's size, where its decay is measured
    ((0.42, 0.62, 0.10), (0.55, 0.33, 0.55)),
    ((0.55, 0.58, 0.30), (0.44, 0.20, 0.45)),
    ((0.47, 0.68, 0.01), (0.47, 0.22, 0.35)),
)
STANDS = (0.47, 0.45)  # -, where the middle of the scene and its camera stand in the room, over its width and depth


class Path(NamedTuple):
    """A way from source to listener: the point it seems to come from, and what walls left of it."""

    seen_from: NDArray[np.float64]  # m
    kept: float  # -, share of the pressure, at 1 kHz where the walls colour it
    bands: tuple[float, ...] = ()  # -, the same per band of surfaces.BANDS over that at 1 kHz; empty: all alike


def room_of(scene: Scene) -> dict[str, float]:
    """The room's numbers, as they stand in the truth.

    ``wall_y`` is the backdrop of the picture; in the studio it is also the one wall that is heard. Other rooms have ``width``, ``depth``
    and ``height`` (m; true lengths whatever the picture's scale, but as large as the scene and the camera's way need), ``left`` and
    ``near`` (x and y of the left wall and of the wall behind the camera, m; the floor is 0), ``t60`` (s, measured on the rendered
    impulse response between two places in the room: T30, mean of the octaves at 500 and 1000 Hz; 0 outdoors), ``t60_250`` to
    ``t60_4000`` (the same of each octave) and ``first_reflection_s``: s after the direct sound, for what hits the floor at the origin.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> sorted(room_of(scene_from_id("drop@1/seed=3")))
        ['wall_reflection', 'wall_y']
    """
    backdrop = {"wall_y": WALL * scene.view}
    if scene.room == "studio":
        return backdrop | {"wall_reflection": WALL_REFLECTION}
    walls = _fitted(scene)
    if not walls:
        return backdrop | {"t60": 0.0}
    eye = scene.camera().eye
    far = sorted(float(np.linalg.norm(way.seen_from - eye)) for way in _images(np.zeros(3), scene.room, walls))
    decay = _measured(scene.room, (walls["width"], walls["depth"], walls["height"]))
    octaves = {f"t60_{band:.0f}": seconds for band, seconds in decay.items()}
    mid = (decay[500.0] + decay[1000.0]) / 2
    return backdrop | walls | {"t60": mid} | octaves | {"first_reflection_s": (far[1] - far[0]) / SPEED_OF_SOUND}


def _fitted(scene: Scene) -> dict[str, float]:
    """Walls round the scene: those of the room's own size, moved apart where scene and camera need more (in steps of 0.1 m)."""
    kind = ROOMS[scene.room]
    if kind is None:
        return {}
    camera = scene.camera()
    eyes = np.array([moved(camera, scene.move, t).eye for t in np.linspace(0, LONGEST, 13)])
    reach = 0.7 * scene.view
    low = np.minimum(eyes.min(axis=0), (-reach, -reach, 0.0)) - MARGIN
    high = np.maximum(eyes.max(axis=0), (reach, reach, scene.view)) + MARGIN
    share = np.array(STANDS)
    needed = np.append((high - low)[:2] / 2 / share, high[2])
    width, depth, height = (float(x) for x in np.maximum(np.ceil(needed * 10) / 10, kind.size))
    left, near = (float(x) for x in (low + high)[:2] / 2 - share * (width, depth))
    return {"width": width, "depth": depth, "height": height, "left": left, "near": near}


@lru_cache(maxsize=64)
def _measured(room: str, size: tuple[float, float, float]) -> dict[float, float]:
    """T30 in s, per octave, of the room as it is rendered: the mean of a few places of source and listener."""
    rate = 16_000  # enough for the octaves that count
    walls = dict(zip(("width", "depth", "height", "left", "near"), (*size, 0.0, 0.0), strict=True))
    found = []
    for source, ear in np.array(PLACES) * size:
        start, early = _heard(_images(source, room, walls), ear, np.array([1.0, 0.0, 0.0]), 0.0, rate)
        answer = late_answer(room, size, 0, rate, after=_first_missing(source, ear, walls)).copy()
        shown = early[:, : answer.shape[1] - start]
        answer[:, start : start + shown.shape[1]] += shown
        found.append([decay_time(answer, rate, band=band) for band in BANDS[1:6]])
    return dict(zip(BANDS[1:6], (float(x) for x in np.mean(found, axis=0)), strict=True))


def paths(point: tuple[float, float, float] | NDArray[np.float64], truth: Truth) -> tuple[Path, ...]:
    """The direct way first, then the reflections that are made one by one (image sources; Allen and Berkley 1979).

    In the studio there is one, off the back wall; outdoors one, off the ground; between walls those of first and second order. What
    sounds from beyond a wall is mirrored as if it stood before it. Several points (n, 3) of one source's way give paths whose
    ``seen_from`` are (n, 3).
    """
    source = np.asarray(point, dtype=float)
    name = getattr(truth.scene, "room", "studio")
    if name != "studio":
        return _images(source, name, truth.room)
    wall_y = truth.room.get("wall_y", WALL_DISTANCE * truth.camera.view_height)
    image = source * (1, -1, 1) + (0, 2 * wall_y, 0)
    return Path(source, 1.0), Path(image, truth.room.get("wall_reflection", WALL_REFLECTION))


def _images(source: NDArray[np.float64], room: str, walls: dict[str, float]) -> tuple[Path, ...]:
    direct = Path(source, 1.0)
    on_floor = bool(np.all(source[..., 2] < ON_THE_FLOOR))
    kind = ROOMS[room]
    if kind is None:  # an open field
        ground = np.sqrt(1 - np.array(SURFACES["grass"]))
        return (direct,) if on_floor else (direct, _coloured(source * (1, 1, -1), ground))
    corner, size = _box(walls)
    inside = np.clip(source - corner, 0.01, size - 0.01)
    heard = [(cell, kept) for cell, kept in _cells(room) if not (on_floor and cell[2] in (-1, 2))]
    return (direct, *(_coloured(corner + _mirrored(inside, cell, size), kept) for cell, kept in heard))


def _mirrored(inside: NDArray[np.float64], cell: NDArray[np.int64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a point of the room is seen in a mirror room, both from the room's corner."""
    seen: NDArray[np.float64] = np.where(cell % 2, (cell + 1) * size - inside, cell * size + inside)
    return seen


def _first_missing(source: NDArray[np.float64], ear: NDArray[np.float64], walls: dict[str, float]) -> float:
    """When the nearest image that is not made one by one is heard, in s after it was sent."""
    corner, size = _box(walls)
    far = [np.linalg.norm(corner + _mirrored(source - corner, cell, size) - ear) for cell in _mirrors(MIRRORED + 1)]
    return float(round(min(far) / SPEED_OF_SOUND, 5))


def _box(walls: dict[str, float]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The room's lower, left, near corner, and its size."""
    return np.array([walls["left"], walls["near"], 0.0]), np.array([walls["width"], walls["depth"], walls["height"]])


@lru_cache(maxsize=4)
def _mirrors(order: int) -> tuple[NDArray[np.int64], ...]:
    """Mirror rooms of just that order."""
    span = range(-order, order + 1)
    return tuple(np.array((i, j, k)) for i in span for j in span for k in span if abs(i) + abs(j) + abs(k) == order)


@lru_cache(maxsize=len(ROOMS))
def _cells(room: str) -> tuple[tuple[NDArray[np.int64], NDArray[np.float64]], ...]:
    """Mirror rooms up to ``MIRRORED``: which one, and what share of the pressure (bands,) is left of a ray that comes from there."""
    kind = ROOMS[room]
    assert kind is not None
    thrown_back = [np.sqrt(1 - kind.face(name)) for name in FACES]
    cells = [cell for order in range(1, MIRRORED + 1) for cell in _mirrors(order)]
    met = [[times for n in cell for times in _met(int(n))] for cell in cells]  # per face, in the order of FACES
    kept = [np.prod([share**times for share, times in zip(thrown_back, hits, strict=True)], axis=0) for hits in met]
    return tuple(zip(cells, kept, strict=True))


def _met(n: int) -> tuple[int, int]:
    """How often a ray to the ``n``-th mirror room meets the lower and the upper one of two opposite walls."""
    return (abs(n) // 2, (abs(n) + 1) // 2) if n > 0 else ((abs(n) + 1) // 2, abs(n) // 2)


def _coloured(seen_from: NDArray[np.float64], kept: NDArray[np.float64]) -> Path:
    return Path(seen_from, float(kept[MID]), tuple(float(x) for x in np.round(kept / kept[MID], 4)))


@lru_cache(maxsize=512)
def _wall_spectrum(bands: tuple[float, ...], rate: float) -> NDArray[np.complex128]:
    """Spectrum of the shortest filter (minimum phase) that keeps these shares of the bands, for ``SPAN`` samples."""
    count = 1024
    frequency = np.fft.rfftfreq(count, 1 / rate)
    level = np.interp(np.log2(np.maximum(frequency, 1.0)), np.log2(BANDS), np.log(bands))
    fold = irfft(level, count)
    fold[1 : count // 2] *= 2
    fold[count // 2 + 1 :] = 0
    spectrum: NDArray[np.complex128] = rfft(irfft(np.exp(rfft(fold)), count)[: SPAN - KERNEL_LENGTH], SPAN)
    return spectrum


def listener(truth: Truth, t: float) -> Camera:
    """The camera, which is where the ears are, at a moment of the clip."""
    if getattr(truth.scene, "move", "static") == "static":
        return truth.camera
    return truth.cameras(np.array([t]))[0]


def early_answer(point: tuple[float, float, float], t: float, truth: Truth, rate: int) -> tuple[int, NDArray[np.float64]]:
    """What the two ears hear of a click of 1 Pa m, directly and by way of the near walls.

    Args:
        point: m, where it is sent from.
        t: s, when; the ears are where they are at that moment.
        truth: for the room and the camera.
        rate: Hz.

    Returns:
        The sample of the track at which it begins, and (2, m) Pa: left and right. Convolve a source's wave with it.
    """
    camera = listener(truth, t)
    return _heard(paths(point, truth), camera.eye, camera.axes[0], t, rate)


def _heard(
    ways: tuple[Path, ...], eye: NDArray[np.float64], right: NDArray[np.float64], t: float, rate: int
) -> tuple[int, NDArray[np.float64]]:
    """:func:`early_answer`, of ways that are known, for a head at ``eye``."""
    ray = np.array([way.seen_from for way in ways]) - eye
    distance = np.linalg.norm(ray, axis=-1)
    arrival = (t + distance / SPEED_OF_SOUND) * rate
    whole = np.floor(arrival).astype(int)
    side = np.array([-right, right]) @ ray.T / distance
    level = np.array([way.kept for way in ways]) / distance
    kernels = ear_kernel(np.arccos(np.clip(side, -1, 1)), arrival - whole, rate) * level[:, None]
    coloured = any(way.bands for way in ways)
    if coloured:
        spectra = np.array([_colour(way, far, rate) for way, far in zip(ways, distance, strict=True)])
        kernels = irfft(rfft(kernels, SPAN) * spectra, SPAN)
    begin = int(whole.min())
    answer = np.zeros((2, int(whole.max()) - begin + kernels.shape[-1]))
    for k, start in enumerate(whole - begin):
        answer[:, start : start + kernels.shape[-1]] += kernels[:, k]
    return begin - KERNEL_LEAD, answer


def _colour(way: Path, distance: float, rate: int) -> NDArray[np.complex128]:
    """What walls, and the air on the detour, do to a reflection; nothing is done to the direct way."""
    if not way.bands:
        return np.ones(SPAN // 2 + 1, dtype=complex)
    air = np.exp(-AIR * round(distance / 5) * 5 / 2)
    return _wall_spectrum(tuple(float(x) for x in np.round(np.array(way.bands) * air, 4)), rate)


def sent_share(point: tuple[float, float, float] | NDArray[np.float64]) -> float:
    """What of a source's wave feeds the tail: all, or half the energy of one on the floor, which fills only the half space above it."""
    return float(np.sqrt(0.5)) if point[2] < ON_THE_FLOOR else 1.0


def reverberate(sends: NDArray[np.float64], truth: Truth, rate: int) -> NDArray[np.float64]:
    """The late tail of everything that sounds.

    Args:
        sends: (n,) Pa m, the waves of all sources added up at their own moments: sample ``k`` leaves its source at ``k / rate``. What
            one source sends at ``t`` with a lead of some samples belongs to ``sends[round(t * rate) - lead :]``, times :func:`sent_share`.
        truth: for the room and the seed of its noise.
        rate: Hz.

    Returns:
        (2, n) Pa, to be added to the sound; zero in the studio and outdoors.
    """
    name = getattr(truth.scene, "room", "studio")
    if ROOMS[name] is None or not sends.any():
        return np.zeros((2, len(sends)))
    size = (truth.room["width"], truth.room["depth"], truth.room["height"])
    after = _first_missing(np.zeros(3), truth.camera.eye, truth.room)
    tail = late_answer(name, size, int(truth.scene.seed), rate, after=after, most=len(sends))
    heard: NDArray[np.float64] = fftconvolve(tail, sends[None], axes=1)[:, : len(sends)]
    return heard

"""From a clip to an observation: the only way in which metrics get to know a clip."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kinema.metrics.observation import Observation, Track
from kinema.metrics.observe.background import find_background, uncovered
from kinema.metrics.observe.bodies import LEAST_ROUND, Hints, find_bodies
from kinema.metrics.observe.colour import name_of
from kinema.metrics.observe.contacts import find_contacts
from kinema.metrics.observe.hearing import hear
from kinema.metrics.observe.matte import Disc, colour_spread, measure
from kinema.metrics.observe.picture import picture_numbers
from kinema.metrics.observe.record import from_json, to_json
from kinema.metrics.observe.segment import blobs_in
from kinema.metrics.observe.track import candidates_in, paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observe.background import Background, Cover
    from kinema.metrics.observe.bodies import Body
    from kinema.metrics.observe.matte import Measured
    from kinema.metrics.observe.segment import Blob
    from kinema.metrics.observe.track import Candidate
    from kinema.scenes.clip import Clip

__all__ = ["hear", "observe", "see"]

SEARCH_SIZE = 320  # pixels, longer side of the picture in which bodies are searched
SIZE_SPREAD = 0.3  # natural logarithm of size over the usual at which confidence has fallen to 1/e
FINE_RADIUS = 8.0  # pixels: a body of this radius is large enough to be measured well


def observe(clip: Clip, hints: Hints | None = None) -> Observation:
    """What is to be seen and heard in a clip, from its pixels and samples alone.

    Args:
        clip: frames, times and sound.
        hints: what the prompt names; only chooses between moving things that are found without it.

    Returns:
        At most two tracks (pixels, seconds), visual contacts, sound onsets and numbers about picture and sound, rounded as they are
        written, so that what is read back is the same.
    """
    return from_json(to_json(Observation(**see(clip, hints), **hear(clip.sound, clip.sound_rate))))


def see(clip: Clip, hints: Hints | None = None) -> dict[str, Any]:
    """What is to be seen in a clip: the fields of an observation that need the pictures alone, by their names."""
    cv2.setNumThreads(1)
    tracks, counts = _tracks(clip, hints or Hints())
    height, width = clip.frames.shape[1:3]
    return {
        "width": width,
        "height": height,
        "times": np.asarray(clip.times, dtype=float),
        "counts": counts,
        "tracks": tracks,
        "contacts": find_contacts(tracks),
        "picture": picture_numbers(clip.frames, tracks),
    }


def _smaller(frames: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Every ``factor`` x ``factor`` pixels as one; what does not fill a whole one at the right and bottom is cut off."""
    if factor == 1:
        return frames
    height, width = frames.shape[1] // factor, frames.shape[2] // factor
    out = np.empty((len(frames), height, width, 3), np.uint8)
    for i, frame in enumerate(frames):
        out[i] = cv2.resize(frame[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)
    return out


def _tracks(clip: Clip, hints: Hints) -> tuple[tuple[Track, ...], NDArray[np.int64]]:
    total = len(clip.frames)
    nothing = np.zeros(total, dtype=int)
    if total < 2:
        return (), nothing
    factor = max(1, round(max(clip.frames.shape[1:3]) / SEARCH_SIZE))
    small = _smaller(clip.frames, factor)
    background = find_background(small)
    blobs = [blobs_in(frame, i, background) for i, frame in enumerate(small)]
    bodies = find_bodies(blobs, hints)
    if not bodies:
        return (), nothing
    ways = _ways(small, background, blobs, bodies)
    background = uncovered(small, background, _covers(total, bodies, ways, 1.0))
    blobs = [blobs_in(frame, i, background) for i, frame in enumerate(small)]
    bodies = find_bodies(blobs, hints)
    if not bodies:
        return (), nothing
    ways = _ways(small, background, blobs, bodies)
    fine = int(np.clip(min(b.radius for b in bodies) * factor // FINE_RADIUS, 1, factor))
    corner = (0, 0)
    if fine != factor:
        covers = _covers(total, bodies, ways, float(factor))
        left, top, right, bottom = _frame_around(covers, clip.frames.shape, fine)
        corner = (left, top)
        small = _smaller(clip.frames[:, top:bottom, left:right], fine)
        inside = [[((x - left) / fine, (y - top) / fine, radius / fine) for x, y, radius in discs] for discs in covers]
        background = uncovered(small, find_background(small), inside)
    measured = _measure(small, background, _places(bodies, ways, factor, fine, corner))
    tracks = tuple(_track(k, clip, ways[k], measured[k], fine, corner) for k in range(len(bodies)) if len(measured[k]) >= 2)
    return tracks, nothing + [_count(blobs[i], bodies, ways, i) for i in range(total)]


def _ways(frames: NDArray[np.uint8], background: Background, blobs: list[list[Blob]], bodies: list[Body]) -> list[list[Candidate]]:
    return paths([candidates_in(frame, blobs[i], i, background, bodies) for i, frame in enumerate(frames)], bodies)


def _covers(total: int, bodies: list[Body], ways: list[list[Candidate]], scale: float) -> list[list[Cover]]:
    """For each frame the discs that hide the background, a little larger than the bodies."""
    covers: list[list[Cover]] = [[] for _ in range(total)]
    for body, way in zip(bodies, ways, strict=True):
        for candidate in way:
            blob = candidate.blob
            radius = max(body.radius, min(blob.radius, 1.5 * body.radius))
            covers[blob.frame].append((blob.x * scale, blob.y * scale, (1.2 * radius + 1.5) * scale))
    return covers


def _frame_around(covers: list[list[Cover]], shape: tuple[int, ...], fine: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of the picture where bodies are, with some background around, in whole fine pixels."""
    discs = np.array([disc for frame in covers for disc in frame])
    x, y, margin = discs[:, 0], discs[:, 1], 2.5 * discs[:, 2].max()
    left, top = (max(0, int((v.min() - margin) // fine) * fine) for v in (x, y))
    right, bottom = (min(size, int((v.max() + margin) // fine) * fine) for v, size in ((x, shape[2]), (y, shape[1])))
    return left, top, right, bottom


def _places(
    bodies: list[Body], ways: list[list[Candidate]], factor: int, fine: int, corner: tuple[int, int]
) -> list[dict[int, Disc]]:
    """For each body its rough place by frame, in fine pixels from the corner."""
    scale, left, top = factor / fine, corner[0] / fine, corner[1] / fine
    return [
        {c.blob.frame: Disc(c.blob.x * scale - left, c.blob.y * scale - top, body.radius * scale) for c in way}
        for body, way in zip(bodies, ways, strict=True)
    ]


def _measure(frames: NDArray[np.uint8], background: Background, places: list[dict[int, Disc]]) -> list[dict[int, Measured]]:
    """Each body's refined places by frame."""
    spread = colour_spread(frames)
    results: list[dict[int, Measured]] = []
    for k, mine in enumerate(places):
        found = {}
        for i, disc in mine.items():
            others = tuple(place[i] for m, place in enumerate(places) if m != k and i in place)
            got = measure(frames[i], background, disc, others)
            if got is not None:
                found[i] = got._replace(size=max(got.size - spread, 0.5 * got.size))
        results.append(found)
    return results


def _track(number: int, clip: Clip, way: Sequence[Candidate], measured: dict[int, Measured], scale: int, corner: tuple[int, int]) -> Track:
    frames = sorted(measured)
    likes = {c.blob.frame: c.like for c in way}
    got = [measured[i] for i in frames]
    names = tuple(name_of(m.colour) or "" for m in got)
    sizes = np.array([m.size for m in got])
    whole = np.array([m.whole for m in got])
    usual = float(np.median(sizes[whole] if whole.any() else sizes))
    fits = np.exp(-((np.log(sizes / usual) / SIZE_SPREAD) ** 2)) * np.where(whole, 1.0, 0.4)
    most = Counter(n for n in names if n).most_common(1)
    colour = most[0][0] if most and most[0][1] >= 0.3 * len(names) else None
    return Track(
        id=number,
        colour=colour,
        frame=np.array(frames, dtype=int),
        t=np.asarray(clip.times, dtype=float)[frames],
        x=corner[0] + scale * np.array([m.x for m in got]),
        y=corner[1] + scale * np.array([m.y for m in got]),
        size=scale * sizes,
        confidence=fits * np.clip([0.3 + likes[i] for i in frames], 0, 1),
        colours=names,
    )


def _count(blobs: Sequence[Blob], bodies: Sequence[Body], ways: Sequence[Sequence[Candidate]], frame: int) -> int:
    """Tracked bodies in a frame, and anything else there that looks like one of them in size, roundness and vividness."""
    here = [c.blob for way in ways for c in way if c.blob.frame == frame]
    more = 0
    for blob in blobs:
        free = all(np.hypot(blob.x - b.x, blob.y - b.y) > blob.radius + 0.6 * b.radius for b in here)
        similar = any(0.6 < blob.radius / body.radius < 1.6 for body in bodies)
        more += free and similar and blob.roundness > LEAST_ROUND and not blob.edge
    return len(here) + more

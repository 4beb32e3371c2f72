"""From a clip to an observation: the only way in which metrics get to know a clip."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from kinema.metrics.observation import Observation, Track
from kinema.metrics.observe.backends import backend
from kinema.metrics.observe.background import Still, find_background, uncovered
from kinema.metrics.observe.bodies import LEAST_ROUND, Hints, find_bodies
from kinema.metrics.observe.colour import names_of
from kinema.metrics.observe.contacts import find_contacts
from kinema.metrics.observe.hearing import hear
from kinema.metrics.observe.held import fresh_frames, last_fresh
from kinema.metrics.observe.hidden import completed, of_one_size
from kinema.metrics.observe.masks import masks_of
from kinema.metrics.observe.matte import Disc, colour_spread, measure, window_of
from kinema.metrics.observe.mouth import find_mouths
from kinema.metrics.observe.paint import bared_of_paint, paints_in, unpainted
from kinema.metrics.observe.picture import picture_numbers
from kinema.metrics.observe.record import from_json, to_json
from kinema.metrics.observe.segment import CROSS, SQUARE, blobs_of_mask, body_mask
from kinema.metrics.observe.shots import shots_of, steps_of
from kinema.metrics.observe.stir import stir_of
from kinema.metrics.observe.track import follow
from kinema.metrics.observe.view import camera_numbers, find_view, scaled
from kinema.metrics.picture_style import look_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from kinema.metrics.observation import View
    from kinema.metrics.observe.background import Background, Cover
    from kinema.metrics.observe.bodies import Body
    from kinema.metrics.observe.matte import Measured
    from kinema.metrics.observe.segment import Blob, Forms
    from kinema.metrics.observe.track import Place
    from kinema.scenes.clip import Clip

__all__ = ["hear", "observe", "see"]

SEARCH_SIZE = 320  # pixels, longer side of the picture in which bodies are searched
SIZE_SPREAD = 0.3  # natural logarithm of size over the usual at which confidence has fallen to 1/e
SINK = 0.3  # of the spread of colours, by which a matte lies too low: what is lit from above is dark below, and spilt colour outshines it
RESTING, SAME = 0.5, 3.0  # pixels, and grey levels of any pixel around, by which a body at rest may change: a 30th of a pixel at its edge
FINE_RADIUS = 8.0  # pixels: a body of this radius is large enough to be measured well


def observe(clip: Clip, hints: Hints | None = None) -> Observation:
    """What is to be seen and heard in a clip, from its pixels and samples alone.

    Args:
        clip: frames, times and sound.
        hints: what the prompt names; only chooses between moving things that are found without it.

    Returns:
        At most twelve tracks (pixels, seconds), visual contacts, the camera's motion, cuts, onsets and numbers about picture and sound,
        rounded as they are written, so that what is read back is the same.
    """
    return from_json(to_json(Observation(**see(clip, hints), **hear(clip.sound, clip.sound_rate))))


def see(clip: Clip, hints: Hints | None = None) -> dict[str, Any]:
    """What is to be seen in a clip: the fields of an observation that need the pictures alone, by their names."""
    cv2.setNumThreads(1)
    hints = hints or Hints()
    times = np.asarray(clip.times, dtype=float)
    height, width = clip.frames.shape[1:3]
    if not len(clip.frames):
        return {"width": width, "height": height}
    steps = steps_of(clip.frames)
    fresh = fresh_frames(steps.change)
    shown = clip if len(fresh) == len(times) else replace(clip, frames=clip.frames[fresh], times=times[fresh])
    seen = _look(shown, hints)
    learned = backend()
    if learned is not None:
        seen = seen._replace(tracks=learned.follow(shown, seen.tracks))
    if shown is not clip:
        seen = _held(seen, fresh, len(times))
    cuts, timing = shots_of(clip.frames, times, steps)
    masks = {"masks": masks_of(clip.frames, seen.outlines)} if hints.masks else {}
    return masks | {
        "width": width,
        "height": height,
        "times": times,
        "counts": seen.counts,
        "tracks": seen.tracks,
        "contacts": find_contacts(seen.tracks, seen.view),
        "mouths": find_mouths(seen.tracks, seen.view),
        "view": seen.view,
        "camera": camera_numbers(seen.view, times, width, height),
        "cuts": cuts,
        "timing": timing,
        "picture": picture_numbers(clip.frames, seen.tracks, seen.view),
        "stir": stir_of(clip.frames),
        "features": {"look": look_of(clip.frames)},
    }


class _Seen(NamedTuple):
    """Tracks, how many bodies there are in each frame, the camera's motion, and each track's outlines by frame; in the clip's pixels."""

    tracks: tuple[Track, ...]
    counts: NDArray[np.int64]
    view: View | None
    outlines: list[dict[int, NDArray[np.float64]]]


def _held(seen: _Seen, fresh: NDArray[np.int64], total: int) -> _Seen:
    """What was seen in the fresh frames of a clip, by the numbers of all its frames: one that is shown again is not measured anew."""
    shows = last_fresh(fresh, total)
    view = seen.view and replace(seen.view, **{part.name: getattr(seen.view, part.name)[shows] for part in fields(seen.view)})
    tracks = tuple(replace(track, frame=fresh[track.frame]) for track in seen.tracks)
    outlines = [{i: of[int(k)] for i, k in enumerate(shows) if int(k) in of} for of in seen.outlines]
    return _Seen(tracks, seen.counts[shows], view, outlines)


def _smaller(frames: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Every ``factor`` x ``factor`` pixels as one; what does not fill a whole one at the right and bottom is cut off."""
    if factor == 1:
        return frames
    height, width = frames.shape[1] // factor, frames.shape[2] // factor
    out = np.empty((len(frames), height, width, 3), np.uint8)
    for i, frame in enumerate(frames):
        out[i] = cv2.resize(frame[: height * factor, : width * factor], (width, height), interpolation=cv2.INTER_AREA)
    return out


class _Found(NamedTuple):
    """The bodies of a clip in the picture in which they were searched."""

    background: Background
    blobs: list[list[Blob]]
    bodies: list[Body]
    ways: list[dict[int, Place]]


def _find(frames: NDArray[np.uint8], hints: Hints, view: View | None) -> _Found | None:
    """Bodies and their rough places: a first background shows the bodies, and without them it is known better."""
    paints = paints_in(frames)
    background = find_background(frames, view)
    bare = bared_of_paint(frames, paints, hints.colours) if view is None else None
    background = unpainted(background, bare)
    found: _Found | None = None
    masks = np.zeros(frames.shape[:3], np.uint8)
    blobs: list[list[Blob]] = [[] for _ in frames]
    known: Forms = {}
    for last in (False, True):
        before = found.background.at(0) if found is not None and view is None else None
        others = list(_masked(frames, masks, background, before))
        if found is not None and not others:
            return found._replace(background=background)
        for i in others:
            blobs[i] = blobs_of_mask(cv2.morphologyEx(masks[i], cv2.MORPH_OPEN, CROSS), frames[i], i, paints[i], known)
        bodies = find_bodies(blobs, hints)
        if not bodies:
            return None
        ways = follow(frames, paints, background, bodies)
        found = _Found(background, blobs, bodies, ways)
        if last:
            break
        again = uncovered(frames, background, _covers(len(frames), bodies, ways, 1.0), view)
        again = unpainted(again, bare)
        if view is None and _alike(background, again):
            return found
        background = again
    return found


def _masked(frames: NDArray[np.uint8], masks: NDArray[np.uint8], background: Background, before: Still | None) -> Iterator[int]:
    """Lay the masks over those of a background ``before`` (None: there is none) where more than rims change; the frames of these."""
    still = background.at(0)
    x, y, w, h = 0, 0, frames.shape[2], frames.shape[1]
    if before is not None:
        x, y, w, h = cv2.boundingRect((still.image != before.image).any(axis=2).view(np.uint8))
    where = (slice(y, y + h), slice(x, x + w))
    for i, frame in enumerate(frames):
        still = background.at(i)
        mask = body_mask(frame[where], Still(still.image[where], still.tolerance[where]))
        if before is None or cv2.erode(cv2.absdiff(mask, masks[i][where]), SQUARE).any():
            masks[i][where] = mask
            yield i


def _alike(one: Background, two: Background) -> bool:
    """Whether nothing would look different before two backgrounds of a still camera."""
    first, second = one.at(0), two.at(0)
    differs = np.abs(first.image - second.image).max(axis=2) > first.tolerance
    return int(differs.sum()) < 12


def _look(clip: Clip, hints: Hints) -> _Seen:
    total = len(clip.frames)
    nothing = np.zeros(total, dtype=int)
    if total < 2:
        return _Seen((), nothing, None, [])
    factor = max(1, round(max(clip.frames.shape[1:3]) / SEARCH_SIZE))
    small = _smaller(clip.frames, factor)
    view = find_view(small, 1.0 / max(float(np.median(np.diff(clip.times))), 1e-3))
    found = _find(small, hints, view)
    if found is None:
        return _Seen((), nothing, scaled(view, factor), [])
    bodies, ways, background = found.bodies, found.ways, found.background
    fine = int(np.clip(min(b.inner for b in bodies) * factor // FINE_RADIUS, 1, factor)) if view is None else factor
    corner = (0, 0)
    if fine != factor:
        covers = _covers(total, bodies, ways, float(factor))
        left, top, right, bottom = _frame_around(covers, clip.frames.shape, fine)
        corner = (left, top)
        small = _smaller(clip.frames[:, top:bottom, left:right], fine)
        inside = [[((x - left) / fine, (y - top) / fine, radius / fine) for x, y, radius in discs] for discs in covers]
        background = uncovered(small, find_background(small), inside)
    measured = _measure(small, background, _places(bodies, ways, factor, fine, corner))
    kept = [k for k in range(len(bodies)) if len(measured[k]) >= 2]
    tracks = tuple(_track(n, clip, ways[k], measured[k], bodies[k], fine, corner) for n, k in enumerate(kept))
    outlines = [{i: m.rim * fine + corner for i, m in measured[k].items() if m.rim is not None} for k in kept]
    counts = nothing + [_count(found.blobs[i], bodies, ways, i) for i in range(total)]
    return _Seen(tracks, counts, scaled(view, factor), outlines)


def _covers(total: int, bodies: list[Body], ways: list[dict[int, Place]], scale: float) -> list[list[Cover]]:
    """For each frame discs that hide the background, a little larger than the bodies: one for a round body, several for any other."""
    covers: list[list[Cover]] = [[] for _ in range(total)]
    for body, way in zip(bodies, ways, strict=True):
        for i, place in way.items():
            if body.round:
                radius = max(body.radius, min(float(np.sqrt(place.area / np.pi)), 1.5 * body.radius))
                covers[i].append((place.x * scale, place.y * scale, (1.2 * radius + 1.5) * scale))
                continue
            pitch = max(2, round(0.7 * body.inner))
            rows, columns = np.nonzero(place.part[pitch // 2 :: pitch, pitch // 2 :: pitch])
            radius = (0.8 * pitch + 3.5) * scale
            x, y = (((v * pitch + pitch // 2 + c + 0.5) * scale).tolist() for v, c in zip((columns, rows), place.corner, strict=True))
            covers[i] += [(a, b, radius) for a, b in zip(x, y, strict=True)]
    return covers


def _frame_around(covers: list[list[Cover]], shape: tuple[int, ...], fine: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of the part of the picture where bodies are, with some background around, in whole fine pixels."""
    discs = np.array([disc for frame in covers for disc in frame])
    x, y, margin = discs[:, 0], discs[:, 1], 2.5 * discs[:, 2].max()
    left, top = (max(0, int((v.min() - margin) // fine) * fine) for v in (x, y))
    right, bottom = (min(size, int((v.max() + margin) // fine) * fine) for v, size in ((x, shape[2]), (y, shape[1])))
    return left, top, right, bottom


def _places(
    bodies: list[Body], ways: list[dict[int, Place]], factor: int, fine: int, corner: tuple[int, int]
) -> list[dict[int, Disc]]:
    """For each body its rough place by frame, in fine pixels from the corner."""
    scale, shift = factor / fine, (corner[0] / fine, corner[1] / fine)
    return [{i: _disc(body, place, scale, shift) for i, place in way.items()} for body, way in zip(bodies, ways, strict=True)]


def _disc(body: Body, place: Place, scale: float, shift: tuple[float, float]) -> Disc:
    x, y = place.x * scale - shift[0], place.y * scale - shift[1]
    if body.round:
        return Disc(x, y, body.radius * scale)
    part, (left, top) = place.part, place.corner
    if scale != 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST)
    where = (round(left * scale - shift[0]), round(top * scale - shift[1]))
    return Disc(x, y, float(np.sqrt(place.area / np.pi)) * scale, body.inner * scale, where, part)


def _measure(frames: NDArray[np.uint8], background: Background, places: list[dict[int, Disc]]) -> list[dict[int, Measured]]:
    """Each body's refined places by frame."""
    spread = colour_spread(frames)
    results: list[dict[int, Measured]] = []
    for k, mine in enumerate(places):
        found: dict[int, Measured] = {}
        last: _Rest | None = None
        for i, disc in mine.items():
            if last is not None and last.got is not None and _rests(last, frames, disc, i, background):
                found[i] = last.got
                continue
            others = tuple(place[i] for m, place in enumerate(places) if m != k and i in place and _near(disc, place[i]))
            got = measure(frames[i], background.at(i), disc, others)
            last = _Rest(i, disc, got)
            if got is not None:
                found[i] = got
        if mine and next(iter(mine.values())).part is None:
            found = completed(of_one_size(found), _beside(places, k), frames.shape[1:3])
        results.append({i: _without_spill(got, spread) for i, got in found.items()})
    return results


class _Rest(NamedTuple):
    """When and as what a body was measured last."""

    frame: int
    disc: Disc
    got: Measured | None


def _rests(last: _Rest, frames: NDArray[np.uint8], disc: Disc, i: int, background: Background) -> bool:
    """Whether a body and all around it look as they did when it was measured last."""
    if background.at(i) is not background.at(last.frame) or max(abs(disc.x - last.disc.x), abs(disc.y - last.disc.y)) > RESTING:
        return False
    left, top, right, bottom = window_of(frames.shape[1:], last.disc)
    where = (slice(top, bottom), slice(left, right))
    return right > left and bottom > top and cv2.norm(frames[i][where], frames[last.frame][where], cv2.NORM_INF) <= SAME


def _without_spill(got: Measured, spread: float) -> Measured:
    """Take off what codecs add by carrying colour over the edges."""
    if got.rim_fit is not None:
        return got
    less = max(1 - spread / got.size, 0.5)
    long, short = got.long - spread, max(got.short - spread, 0.5 * got.short)
    return got._replace(y=got.y - SINK * spread, size=got.size * less, long=long, short=short)


def _beside(places: list[dict[int, Disc]], which: int) -> dict[int, list[Disc]]:
    """For each frame the other bodies."""
    return {i: [place[i] for m, place in enumerate(places) if m != which and i in place] for i in places[which]}


def _near(one: Disc, two: Disc) -> bool:
    """Whether two bodies may touch."""
    reach = [disc.radius if disc.part is None else 0.5 * float(np.hypot(*disc.part.shape)) for disc in (one, two)]
    return float(np.hypot(one.x - two.x, one.y - two.y)) < 1.6 * sum(reach) + 8


def _track(
    number: int, clip: Clip, way: dict[int, Place], measured: dict[int, Measured], body: Body, scale: int, corner: tuple[int, int]
) -> Track:
    frames = sorted(measured)
    got = [measured[i] for i in frames]
    names = names_of(np.array([m.colour for m in got], dtype=float))
    sizes = np.array([m.size for m in got])
    whole = np.array([m.whole and m.visible > 0.9 for m in got])
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
        confidence=fits * np.clip([0.3 + way[i].like for i in frames], 0, 1),
        colours=names,
        rgb=np.array([m.colour for m in got]),
        long=scale * np.array([m.long if m.long else m.size for m in got]),
        short=scale * np.array([m.short if m.short else m.size for m in got]),
        visible=np.array([m.visible for m in got]),
        angle=np.unwrap([m.angle for m in got], period=np.pi),
        shape="disc" if body.round else "other",
    )


def _count(blobs: Sequence[Blob], bodies: Sequence[Body], ways: Sequence[dict[int, Place]], frame: int) -> int:
    """Tracked bodies in a frame, and anything else there that looks like one of them in size, form and colour."""
    here = [(way[frame], body) for way, body in zip(ways, bodies, strict=True) if frame in way]
    more = 0
    for blob in blobs:
        free = all(np.hypot(blob.x - p.x, blob.y - p.y) > blob.radius + 0.6 * body.radius for p, body in here)
        similar = any(0.6 < blob.radius / body.radius < 1.6 and body.paint == blob.paint for body in bodies)
        more += free and similar and (blob.roundness > LEAST_ROUND or blob.paint > 0) and not blob.edge
    return len(here) + more

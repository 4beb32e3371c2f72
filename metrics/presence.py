"""Who should be there, and who is: how many bodies a clip shows beside how many its truth does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.align import main_tracks
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.metrics.metric import Case
    from kinema.metrics.observation import Observation, Track
    from kinema.scenes.truth import Truth

__all__ = ["gone_over_the_edge", "seen_in_truth", "shown_counts", "to_be_seen"]

STIRS = 0.02  # diameters a frame: less is no way out
MOVES = 0.25  # diameters: what moves less is hard to tell from the background
HALF_HIDDEN_S = 0.2  # s, at most, for which a body that comes out from behind something may go unseen
EDGE = (0.35, 1.5)  # diameters and frames from the picture's edge: who is last seen there, going out, has left, not vanished


def to_be_seen(seen: Observation, case: Case, wanted: int) -> int:
    """How many bodies must be there: those that move in the truth, and of the others as many as the clip shows most of the time."""
    if case.truth is None:
        return wanted
    shown = case.truth.position[: round(case.request.seconds * TRUTH_RATE) + 1]
    way = np.linalg.norm(np.ptp(shown, axis=0), axis=1)
    moving = int(sum(way[k] > MOVES * 2 * body.radius for k, body in enumerate(case.truth.bodies)))
    usual = int(np.percentile(seen.counts, 90)) if len(seen.counts) else wanted
    return int(np.clip(usual, max(moving, 1), wanted))


def seen_in_truth(case: Case, wanted: int) -> float:
    """How many bodies the truth shows, on average over the frames of the case; when does not count, as a clip may start late."""
    if case.truth is None:
        return float(wanted)
    moments = np.asarray((np.arange(case.request.frame_count) + 0.5) / case.request.fps, dtype=np.float64)
    clear = replace(case.truth, visible=_wholly_visible(case.truth)).visible_at(moments)
    return max(float(np.minimum(clear.sum(axis=1), wanted).mean()), 1e-6)


def _wholly_visible(truth: Truth) -> NDArray[np.bool_]:
    """Where each body is visible and not half hidden: for as long as it takes to come out by its radius it need not be seen."""
    clear = truth.visible.copy()
    for body, k in zip(*np.nonzero(np.diff(truth.visible, axis=0).T), strict=True):
        speed = float(np.linalg.norm(truth.velocity[k, body]))
        reach = round(min(HALF_HIDDEN_S, truth.bodies[body].radius / max(speed, 1e-6)) * TRUTH_RATE)
        clear[max(0, k - reach + 1) : k + reach + 1, body] = False
    return clear


def gone_over_the_edge(seen: Observation, case: Case, wanted: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many of the bodies are out of the picture at each frame time of the case because they left it over its edge."""
    if case.truth is None:
        return np.zeros(len(seen.counts), dtype=np.int64)
    moments = (np.arange(case.request.frame_count) + 0.5) / case.request.fps
    gone = np.zeros(len(moments), dtype=np.int64)
    if not len(seen.times):
        return gone
    period = float(np.median(np.diff(seen.times))) if len(seen.times) > 1 else 1 / case.request.fps
    for k in main_tracks(seen.tracks, wanted):
        track = seen.tracks[k]
        out = _at_the_edge(track, seen)
        for start, end in _absences(track, float(seen.times[-1]) + period, period):
            if out[0 if start < 0 else start]:
                low = -np.inf if start < 0 else track.t[start] + period
                gone += ((moments >= low) & (moments < end)).astype(np.int64)
    return gone


def _at_the_edge(track: Track, seen: Observation) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """At which entries a body is about to leave the picture, or has just come in."""
    found = np.zeros(len(track.t), dtype=bool)
    for place, end in ((track.x, seen.width), (track.y, seen.height)):
        step = np.abs(np.gradient(place)) if len(place) > 1 else np.zeros(1)
        near = EDGE[0] * track.diameter + EDGE[1] * step
        found |= (np.minimum(place, end - place) < near) & (step > STIRS * track.diameter)
    return found


def _absences(track: Track, end: float, period: float) -> list[tuple[int, float]]:
    """Stretches in which a track is not seen: the index of the entry before (-1: none), and the time until which it lasts."""
    holes = [(int(k), float(track.t[k + 1])) for k in np.flatnonzero(np.diff(track.t) > 1.5 * period)]
    before = [(-1, float(track.t[0]))] if track.t[0] > 0.5 * period else []
    after = [(len(track.t) - 1, end)] if track.t[-1] < end - 1.5 * period else []
    return before + holes + after


def shown_counts(seen: Observation, case: Case) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many bodies are visible at each frame time of the case, 0 beyond the clip's end.

    Without truth nothing says how long the clip should be: then at each of its own frames.
    """
    if case.truth is None:
        return np.asarray(seen.counts, dtype=np.int64)
    moments = (np.arange(case.request.frame_count) + 0.5) / case.request.fps
    if not len(seen.times):
        return np.zeros(len(moments), dtype=np.int64)
    period = float(np.median(np.diff(seen.times))) if len(seen.times) > 1 else 1 / case.request.fps
    frame = np.clip(np.searchsorted(seen.times, moments, side="right") - 1, 0, len(seen.times) - 1)
    within = moments < seen.times[-1] + period
    return np.where(within, np.asarray(seen.counts)[frame], 0).astype(np.int64)

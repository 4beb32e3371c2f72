"""Known faults in known doses. Controls are made of them, and every metric must notice its own and no other.

A fault of the motion turns a truth into a faulty one whose contacts, and so whose sound, stay those of the unfaulted
take: one fault at a time. A fault of the clip turns a clip into a faulty clip of the same length.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.clip import Clip
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = [
    "click_track",
    "constant_velocity",
    "degraded",
    "late_sound",
    "reversed_",
    "shuffled_sound",
    "silent",
    "static",
    "sticks",
    "vanish",
    "worn",
]

CLICKS_PER_SECOND = 4.0
CLICK_HZ, CLICK_DECAY_S, CLICK_LEVEL = 2000.0, 0.004, 0.3  # a short wooden tick, peak -10 dB of full scale
BLUR_PX = 3.0  # standard deviation
FLICKER = 0.06  # -, standard deviation of the picture's brightness from frame to frame
CUT = 6.0  # -, how far the sound would rise above full scale
GAPS_PER_SECOND, GAP_SHARE = 8, 0.24  # of 30 ms each
CRF = 45  # constant rate factor of the H.264 encoder; 51 is the worst there is


def static(truth: Truth) -> Truth:
    """The first moment, frozen."""
    return replace(
        truth, position=np.repeat(truth.position[:1], len(truth.times), axis=0), velocity=np.zeros_like(truth.velocity)
    )


def constant_velocity(truth: Truth, seconds: float | None = None) -> Truth:
    """Each body moves evenly along a straight line from its start to where it is after ``seconds`` (the end)."""
    last = _index(truth, seconds)
    share = np.minimum(np.arange(len(truth.times)) / last, 1.0)[:, None, None]
    way = truth.position[last] - truth.position[0]
    speed = np.where(share < 1, way * TRUTH_RATE / last, 0.0)
    return replace(truth, position=truth.position[0] + share * way, velocity=speed)


def sticks(truth: Truth) -> Truth:
    """Each body stays where it first touches something. What touches nothing is left as it is."""
    position, velocity = truth.position.copy(), truth.velocity.copy()
    for column, body in enumerate(truth.bodies):
        first = min((contact.t for contact in truth.contacts if body.name in contact.bodies), default=None)
        if first is None or first > truth.seconds:
            continue
        position[:, column][truth.times > first] = truth.at(np.array([first]))[0, column]
        velocity[:, column][truth.times > first] = 0.0
    return replace(truth, position=position, velocity=velocity)


def vanish(truth: Truth, seconds: float | None = None, share: float = 1 / 3) -> Truth:
    """Every body is gone from ``share`` of ``seconds`` on."""
    gone = truth.times >= share * float(truth.times[_index(truth, seconds)]) - 1e-9
    return replace(truth, visible=truth.visible & ~gone[:, None])


def reversed_(clip: Clip) -> Clip:
    """Picture and sound played backwards."""
    shown = np.diff(clip.times)
    last = float(np.median(shown)) if len(shown) else 0.0
    ends = np.cumsum(np.append(shown, last)[::-1])
    times = np.concatenate([[0.0], ends[:-1]]) + float(clip.times[0])
    whole = (
        _fitted(clip.sound, round((float(clip.times[-1]) + last) * clip.sound_rate)) if clip.sound.size else clip.sound
    )
    return replace(
        clip, frames=np.ascontiguousarray(clip.frames[::-1]), times=times, sound=np.ascontiguousarray(whole[:, ::-1])
    )


def silent(clip: Clip) -> Clip:
    """A sound track of zeros."""
    return replace(clip, sound=np.zeros_like(clip.sound))


def click_track(clip: Clip, seed: int) -> Clip:
    """Four equal clicks a second, in a phase that belongs to the seed, instead of the sound."""
    phase = float(np.random.default_rng([0xC11C, seed]).uniform(0, 1 / CLICKS_PER_SECOND))
    length = clip.sound.shape[1]
    t = np.arange(round(8 * CLICK_DECAY_S * clip.sound_rate)) / clip.sound_rate
    click = CLICK_LEVEL * np.cos(2 * np.pi * CLICK_HZ * t) * np.exp(-t / CLICK_DECAY_S)
    one = np.zeros(length + len(click))
    for start in np.round(np.arange(phase, length / clip.sound_rate, 1 / CLICKS_PER_SECOND) * clip.sound_rate).astype(
        int
    ):
        one[start : start + len(click)] += click
    return replace(clip, sound=np.repeat(one[None, :length], clip.sound.shape[0], axis=0).astype(np.float32))


def late_sound(clip: Clip, ms: float) -> Clip:
    """The sound comes ``ms`` milliseconds later (earlier where negative); the clip stays as long as it is."""
    by = round(abs(ms) / 1000 * clip.sound_rate)
    length = clip.sound.shape[1]
    gap = np.zeros((clip.sound.shape[0], min(by, length)), dtype=np.float32)
    kept = clip.sound[:, : max(length - by, 0)] if ms >= 0 else clip.sound[:, by:]
    return replace(clip, sound=np.concatenate([gap, kept] if ms >= 0 else [kept, gap], axis=1))


def shuffled_sound(clip: Clip, other: Clip) -> Clip:
    """The sound of another clip, cut or padded with silence to this one's length."""
    length = round(clip.sound.shape[1] / clip.sound_rate * other.sound_rate)
    return replace(clip, sound=_fitted(other.sound, length), sound_rate=other.sound_rate)


def degraded(clip: Clip, blur: float = BLUR_PX, crf: int = CRF) -> Clip:
    """The picture blurred by a Gaussian and squeezed through the H.264 encoder; the sound is left alone."""
    import cv2

    from kinema.scenes.clip import read_clip, write_clip

    soft = np.stack([cv2.GaussianBlur(frame, (0, 0), blur) for frame in clip.frames]) if blur > 0 else clip.frames
    with tempfile.TemporaryDirectory(prefix="kinema-") as folder:
        path = Path(folder) / "degraded.mp4"
        write_clip(Clip(soft, clip.times, np.zeros((0, 0), np.float32), clip.sound_rate), path, crf=crf)
        squeezed = read_clip(path)
    return replace(clip, frames=squeezed.frames, times=squeezed.times)


def worn(clip: Clip) -> Clip:
    """The whole picture flickers, and the sound is cut off and full of gaps: beside what :func:`degraded` does, the floor of realism.

    Example:
        >>> clip = Clip(np.full((24, 8, 8, 3), 90, np.uint8), np.arange(24) / 24, np.sin(np.arange(48000) / 9)[None].astype(np.float32))
        >>> poor = worn(clip)
        >>> bool(poor.frames.std() > 2), float(np.abs(poor.sound).max()), float((poor.sound == 0).mean().round(2))
        (True, 0.75, 0.24)
    """
    gain = 1 + FLICKER * np.random.default_rng(5).standard_normal((len(clip.frames), 1, 1, 1))
    frames = np.clip(np.round(clip.frames * gain), 0, 255).astype(np.uint8)
    peak = float(np.abs(clip.sound).max()) if clip.sound.size else 0.0
    if peak == 0:
        return replace(clip, frames=frames)
    cut = np.clip(clip.sound * (CUT / peak), -0.75, 0.75)
    gaps = (np.arange(cut.shape[1]) * GAPS_PER_SECOND / clip.sound_rate) % 1 < GAP_SHARE
    return replace(clip, frames=frames, sound=np.where(gaps, 0.0, cut).astype(np.float32))


def _index(truth: Truth, seconds: float | None) -> int:
    """The stored sample at ``seconds``, or the last one."""
    last = len(truth.times) - 1
    return last if seconds is None else max(1, min(last, round(seconds * TRUTH_RATE)))


def _fitted(sound: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Cut, or padded with zeros at the end."""
    kept = sound[:, :length]
    return np.pad(kept, ((0, 0), (0, length - kept.shape[1])))

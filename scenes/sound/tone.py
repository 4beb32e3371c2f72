"""Bodies that sound by themselves: buzzers, whose motion bends their pitch, level and place.

What is heard at a moment left the source earlier, by just the time that it took. That relation is solved exactly for every way and either
ear, and the source's own phase is read at the moment of leaving: Doppler's shift, for a source and for a camera that moves, needs no
formula of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.sound.ears import HEAD_TIME, round_head
from kinema.scenes.sound.modes import SPEED_OF_SOUND
from kinema.scenes.sound.room import paths
from kinema.scenes.sound.surfaces import BANDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.sound.room import Path
    from kinema.scenes.truth import Tone, Truth

    Array = NDArray[np.float64]

__all__ = ["add_tones", "heard_frequency"]

PARTIALS = 10  # of a buzz; the k-th has 1/k of the first one's pressure, as a saw's
RAMP = 0.01  # s, in which a tone swells at its start and dies away at its end
TABLE = 8192  # samples of one period; read in between by straight lines, 100 dB below the tone
EYE_RATE = 120  # Hz, at which a moving camera is looked up
PLACED = 960  # Hz, at least, at which moving sources are looked up


def add_tones(sound: Array, truth: Truth, rate: int) -> None:
    """Add every tone of the truth to the tracks: left, right, and what was sent (``place.tracks``).

    Example:
        >>> from types import SimpleNamespace
        >>> add_tones(np.zeros((3, 10)), SimpleNamespace(tones=()), 48_000)
    """
    for tone in truth.tones:
        if tone.start * rate >= sound.shape[1]:
            continue
        times, points = _way(tone, truth, sound.shape[1] / rate)
        eyes, rights = _ears(truth, times)
        strengths = _partials(tone, rate)
        for path in paths(points, truth):
            _add_path(sound, tone, path, (times, eyes, rights), strengths, rate)
        sent = np.arange(sound.shape[1]) / rate
        sound[2] += _swell(tone, sent) * _read(_round(strengths), tone.frequency * (sent - tone.start))


def heard_frequency(tone: Tone, truth: Truth, times: Array) -> Array:
    """The pitch in Hz that arrives directly at the middle of the head at ``times``: ``f0`` times the rate at which emission passes."""
    emitted, points = _way(tone, truth)
    arrival = _arrival(points, emitted, _ears(truth, emitted)[0])
    return tone.frequency * np.interp(times, (arrival[1:] + arrival[:-1]) / 2, np.diff(emitted) / np.diff(arrival))


def _way(tone: Tone, truth: Truth, until: float = np.inf) -> tuple[Array, Array]:
    """Moments (n,) from the tone's start to its end, or to ``until``, and where its body is then (n, 3)."""
    index = [body.name for body in truth.bodies].index(tone.body)
    last = min(tone.end, until)
    count = max(int(np.ceil((last - tone.start) * PLACED - 1e-6)), 1)
    times = np.minimum(tone.start + np.arange(count + 1) / PLACED, last)
    return times, truth.at(times)[:, index]


def _ears(truth: Truth, times: Array) -> tuple[Array, Array]:
    """Where the head is (n, 3), and its axis to the right (n, 3)."""
    coarse = np.linspace(times[0], times[-1] + 0.5, max(int((times[-1] + 0.5 - times[0]) * EYE_RATE), 2))
    if getattr(truth.scene, "move", "static") == "static":
        eye, right = truth.camera.eye, truth.camera.axes[0]
        return np.tile(eye, (len(times), 1)), np.tile(right, (len(times), 1))
    cameras = truth.cameras(coarse)
    pairs = np.array([[camera.eye, camera.axes[0]] for camera in cameras])
    both = np.stack([[np.interp(times, coarse, pairs[:, k, axis]) for axis in range(3)] for k in (0, 1)])
    return both[0].T, both[1].T


def _arrival(points: Array, times: Array, eyes: Array) -> Array:
    """When what leaves ``points`` at ``times`` reaches the head, which moves on while the sound is under way."""
    arrival: Array = times + np.linalg.norm(points - eyes, axis=-1) / SPEED_OF_SOUND
    speed = np.gradient(eyes, times, axis=0)
    for _ in range(2):
        there = eyes + speed * (arrival - times)[:, None]
        arrival = times + np.linalg.norm(points - there, axis=-1) / SPEED_OF_SOUND
    return arrival


def _partials(tone: Tone, rate: float) -> Array:
    """Amplitude (k,) in Pa m of each partial, of the tone's own pressure (rms) together; none above what the rate can hold."""
    numbers = np.arange(1, PARTIALS + 1)
    heard = numbers * tone.frequency < 0.45 * rate
    strength = heard / numbers
    level: Array = tone.pressure * np.sqrt(2) * strength / np.linalg.norm(strength)
    return level


def _swell(tone: Tone, times: Array) -> Array:
    """Its loudness over time, 0 to 1."""
    inside = np.clip(np.minimum(times - tone.start, tone.end - times) / RAMP, 0, 1)
    swell: Array = np.sin(np.pi / 2 * inside) ** 2
    return swell


def _round(weights: Array | NDArray[np.complex128]) -> Array:
    """One period (``TABLE`` + 1,) of the partials with these weights; sines, so that a tone begins at zero."""
    spectrum = np.zeros(TABLE // 2 + 1, dtype=complex)
    spectrum[1 : len(weights) + 1] = -1j * np.asarray(weights) * TABLE / 2
    wave = np.fft.irfft(spectrum, TABLE)
    return np.append(wave, wave[0])


def _read(table: Array, turns: Array) -> Array:
    """The wave of a period after so many turns."""
    place = (turns % 1.0) * TABLE
    low = place.astype(int)
    value: Array = table[low] + (place - low) * (table[low + 1] - table[low])
    return value


def _add_path(sound: Array, tone: Tone, path: Path, where: tuple[Array, Array, Array], strengths: Array, rate: int) -> None:
    times, eyes, rights = where
    arrival = _arrival(path.seen_from, times, eyes)
    ray = path.seen_from - eyes
    distance = np.linalg.norm(ray, axis=-1)
    frequency = tone.frequency * np.arange(1, len(strengths) + 1)
    colour = np.interp(np.log2(frequency), np.log2(BANDS), path.bands or np.ones(len(BANDS)))
    pole = 2j * np.pi * frequency * HEAD_TIME
    low, high = (_round(strengths * colour * part / (1 + pole)) for part in (1.0, pole))  # the head's shelf: low + shelf * high
    for ear, side in enumerate((-1, 1)):
        cosine = side * np.einsum("ij,ij->i", ray, rights) / distance
        late, shelf = round_head(np.arccos(np.clip(cosine, -1, 1)))
        heard_at = arrival + late
        first, last = max(int(heard_at[0] * rate) + 1, 0), min(int(heard_at[-1] * rate), sound.shape[1] - 1)
        if first > last:
            continue
        left_at = np.interp(np.arange(first, last + 1) / rate, heard_at, times)
        turns = tone.frequency * (left_at - tone.start)
        gain = np.interp(left_at, times, path.kept / distance) * _swell(tone, left_at)
        wave = _read(low, turns) + np.interp(left_at, times, shelf) * _read(high, turns)
        sound[ear, first : last + 1] += gain * wave

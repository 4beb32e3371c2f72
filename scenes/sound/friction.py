"""The noise of what slides and rolls: a rough surface run past at some speed, heard through the things that it shakes.

A surface of shortest wavelength ``grain`` run past at ``slip`` makes a force that wavers up to ``slip / grain`` Hz and grows as
``slip sqrt(load)``: the tips that touch are as many as the load presses together, and none knows of the others. Larger things take less
of that force: of two alike, the one twice as long has a mobility of a quarter and eight times the mass that must swing, but four times
the surface that sends, so pressure ~ ``length^-1.5`` (power that a force leaves in a plate, Cremer and Heckl). The constant is an
estimate. What rolls feels only what is longer than the patch on which it stands, and, not being quite round, waxes and wanes once per
revolution.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import uniform_filter1d

from kinema.scenes.materials import MATERIALS, Material
from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import Ball, Cylinder, Lathe
from kinema.scenes.sound.modes import Modes, slab_modes
from kinema.scenes.sound.place import LEAD, place
from kinema.scenes.sound.ringing import body_modes, prop_modes
from kinema.scenes.sound.touch import box_round, size_of, touch_of
from kinema.scenes.truth import Contact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Rub, Truth

__all__ = ["add_rubs", "levels", "rub_source"]

LOUDNESS = 0.06  # Pa (rms) at 1 m, 70 dB: a kilogram of wood on wood at 1 m/s (est)
LOAD, SIZE = 10.0, 0.068  # N and m: of that kilogram, its weight and the radius of a ball of its volume
ROUGHNESS, STIFFNESS = 2e-5, 1.1e10  # m and Pa: of wood
ROLLING = 0.4  # -, of what sliding at the same speed makes (est)
PATCH = 5.0  # -, length of the patch on which a thing rolls, over the grain (est)
WOBBLE = 0.5  # -, depth of the waxing and waning of a roll, once per revolution (est)
SLOWEST = 2e-3  # m/s; slower is the simulator's unrest, not motion
HARDEST = 4.0, 8.0  # -, of the mean load, and of the body's weight: what presses harder for a moment is a blow, and heard as one
SMOOTH = 15  # samples of the truth (16 ms) over which the load is taken
FRAME = 1024  # samples at 48 kHz between changes of colour
HIGHEST, LOWEST = 24_000.0, 80.0  # Hz, of what is sent; things of these sizes send no deeper noise
BODY = 0.5  # -, share of the colour that is the bare noise; the rest is what resonates
BLUNT = 100.0  # 1/s, added to the decay of what resonates, which the rubbing itself damps (est)
STEP, SHORTEST, LONGEST = 0.05, 0.04, 0.4  # m and s: how far and how long a source is taken to stand still
MOST, FAINTEST = 16, 3e-3  # how many rubs are heard at once in a clip, and how much weaker than the loudest one is not


def add_rubs(sound: NDArray[np.float64], truth: Truth, rate: int) -> None:
    """Everything that slides or rolls, added to the tracks; what is far weaker than the loudest is left out."""
    strength = np.array([float(np.hypot(*levels(rub, truth)).max(initial=0.0)) for rub in truth.rubs])
    if not (strength > 0).any():
        return
    heard = [k for k in np.argsort(-strength, kind="stable")[:MOST] if strength[k] > FAINTEST * strength.max()]
    for k in sorted(heard):
        if truth.rubs[k].times[0] * rate < sound.shape[1]:
            _add(sound, truth.rubs[k], truth, rate)


def _add(sound: NDArray[np.float64], rub: Rub, truth: Truth, rate: int) -> None:
    """One rub, in overlapping pieces, each from where it then is."""
    wave = rub_source(rub, truth, rate)
    pace = float(np.linalg.norm(np.diff(rub.point, axis=0), axis=-1).max(initial=0.0)) * TRUTH_RATE
    hop = max(1, round(float(np.clip(STEP / max(pace, 1e-9), SHORTEST, LONGEST)) * rate))
    rise = np.sin(np.pi / 2 * (np.arange(hop) + 0.5) / hop) ** 2
    for start in range(0, len(wave) + hop, hop):
        t = float(rub.times[0]) + start / rate
        middle = int(np.clip(round((t - rub.times[0]) * TRUTH_RATE), 0, len(rub.times) - 1))
        piece = np.zeros(2 * hop)  # from one hop before ``start`` to one after
        first = max(start - hop, 0)
        kept = wave[first : start + hop]
        piece[first - (start - hop) : first - (start - hop) + len(kept)] = kept
        if piece.any():
            piece *= np.concatenate([rise, rise[::-1]])
            place(sound, piece, rub.point[middle], t - (hop - LEAD) / rate, truth, rate)


def levels(rub: Rub, truth: Truth) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pressure times distance in Pa m (rms), (m,) each, of what slides and of what rolls, at the rub's times.

    ``LOUDNESS slip sqrt(load / LOAD) (size / SIZE)^-1.5``, times the square root of the rougher side's roughness and the fourth root of
    the softer side's stiffness, both over those of wood (est).
    """
    body = next(body for body in truth.bodies if body.name in rub.bodies)
    sides = _sides(rub, truth)
    rough = max(side.roughness for side in sides)
    stiff = min(side.youngs_modulus * side.stiffening for side in sides)
    factor = LOUDNESS * (size_of(body) / SIZE) ** -1.5 * np.sqrt(rough / ROUGHNESS) * (stiff / STIFFNESS) ** 0.25
    load = np.clip(rub.load, 0.0, min(HARDEST[0] * float(rub.load.mean()), HARDEST[1] * body.mass * truth.gravity))
    pressed = factor * uniform_filter1d(np.sqrt(load / LOAD), SMOOTH, mode="reflect")
    slip = np.where(rub.slip > SLOWEST, rub.slip, 0.0)
    roll = np.where(rub.speed - rub.slip > SLOWEST, rub.speed - rub.slip, 0.0)
    return pressed * slip, pressed * roll * ROLLING * _wobble(rub, truth)


def _sides(rub: Rub, truth: Truth) -> tuple[Material, Material]:
    made = {body.name: body.material for body in truth.bodies} | {prop.name: prop.material for prop in truth.props}
    first, second = (MATERIALS[made.get(name, truth.floor)] for name in rub.bodies)
    return first, second


def _wobble(rub: Rub, truth: Truth) -> NDArray[np.float64]:
    """Around 1, once per revolution of the first body that is round."""
    forms = {body.name: body.form for body in truth.bodies}
    for name in rub.bodies:
        form = forms.get(name)
        if isinstance(form, Ball | Cylinder | Lathe):
            radius = float(box_round(form)[1][0])
            return np.asarray(1 + WOBBLE * np.cos(np.cumsum(rub.speed) / (TRUTH_RATE * radius)))
    return np.ones(len(rub.times))


def rub_source(rub: Rub, truth: Truth, rate: int = 48_000) -> NDArray[np.float64]:
    """Pressure times distance (n,) in Pa m that a rub sends; sample 0 leaves at its first moment. The noise belongs to the scene's id."""
    count = int((rub.times[-1] - rub.times[0]) * rate) + 1
    grain = max(_sides(rub, truth), key=lambda side: side.roughness).grain
    answer = _answer(rub, truth)
    at = rub.times[0] + np.arange(count) / rate
    rng = np.random.default_rng([zlib.crc32(text.encode()) for text in (truth.scene.id, *rub.bodies)] + [round(rub.times[0] * TRUTH_RATE)])
    wave = np.zeros(count)
    for level, pace, wavelength in zip(levels(rub, truth), (rub.slip, rub.speed), (grain, PATCH * grain), strict=True):
        if level.any():
            corner = np.interp(at, rub.times, np.maximum(pace, SLOWEST)) / wavelength
            wave += np.interp(at, rub.times, level) * _coloured_noise(corner, answer, rng, rate)
    edge = min(count // 2, round(0.002 * rate))
    if edge:
        ramp = np.arange(edge) / edge
        wave[:edge] *= ramp
        wave[-edge:] *= ramp[::-1]
    return wave


def _coloured_noise(
    corner: NDArray[np.float64], answer: Modes, rng: np.random.Generator, rate: int
) -> NDArray[np.float64]:
    """Noise (n,) of unit power below ``HIGHEST`` whose upper end follows ``corner`` (n,) Hz."""
    hop = max(1, round(FRAME * rate / 48_000))
    width = rate / (4 * hop)
    fine, whole = (np.linspace(0, count * width, count + 1) for count in (2 * hop, int(HIGHEST / width)))
    spread, heard = _resonance(whole, answer), _resonance(fine, answer)
    count = len(corner)
    noise = rng.standard_normal(count + 3 * hop)
    window = np.sin(np.pi / 2 * (np.arange(hop) + 0.5) / hop) ** 2
    window = np.concatenate([window, window[::-1]])
    sound = np.zeros(count + 6 * hop)
    for start in range(0, count + hop, hop):  # a frame in the middle of twice its length: its filter rings to either side
        edge = float(corner[min(start, count - 1)])
        power = float(((_passed(whole, edge) * spread) ** 2).sum()) * width
        gain = _passed(fine, edge) * heard * np.sqrt(rate / 2 / power)
        frame = np.zeros(4 * hop)
        frame[hop : 3 * hop] = noise[start : start + 2 * hop] * window
        sound[start : start + 4 * hop] += np.fft.irfft(np.fft.rfft(frame) * gain, 4 * hop)
    return sound[2 * hop : 2 * hop + count]


def _passed(frequency: NDArray[np.float64], corner: float) -> NDArray[np.float64]:
    """One pole down from ``corner``, and two up from ``LOWEST``."""
    up = (frequency / LOWEST) ** 2
    return np.asarray(up / (1 + up) / np.sqrt(1 + (frequency / corner) ** 2))


def _resonance(frequency: NDArray[np.float64], answer: Modes) -> NDArray[np.float64]:
    """How the things that are shaken colour the noise: bare noise and their tones, blunted, in equal parts."""
    if not len(answer.gain):
        return np.ones(len(frequency))
    decay = (answer.decay if answer.resting is None else answer.resting) + BLUNT
    strong = np.argsort(-np.abs(answer.gain) / decay, kind="stable")[:120]
    f, k, d = frequency[:, None] + 1e-3, answer.frequency[strong], decay[strong]
    width = d / np.pi
    power = ((answer.gain[strong] * f) ** 2 / ((k**2 - f**2) ** 2 + (width * f) ** 2)).sum(axis=1)
    between = (frequency > 100) & (frequency < 8000)
    return np.asarray(BODY + (1 - BODY) * np.sqrt(power / power[between].mean()))


def _answer(rub: Rub, truth: Truth) -> Modes:
    """The tones of both sides, struck in the middle of the rub's time."""
    middle = len(rub.times) // 2
    x, y, z = (float(value) for value in rub.point[middle])
    push = Contact(t=float(rub.times[middle]), bodies=rub.bodies, point=(x, y, z), normal=(0.0, 0.0, 1.0), impulse=0.0, approach_speed=1.0)
    modes = Modes.none()
    names = [body.name for body in truth.bodies]
    props = {prop.name: prop for prop in truth.props}
    for name in rub.bodies:
        if name in names:
            modes += body_modes(touch_of(push, names.index(name), truth), 1.0)
        elif name in props:
            modes += prop_modes(props[name], rub.point[middle])
        else:
            modes += slab_modes(MATERIALS[truth.floor], truth.scene.view, (0.37, 0.41))
    return modes

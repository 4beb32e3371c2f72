"""The sound of one impact, dry: how long two bodies touch, how hard they press, and what that makes the air do."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import fftconvolve, firwin, lfilter
from scipy.special import betainc

from kinema.scenes.materials import MATERIALS, Material
from kinema.scenes.sound.modes import AIR_DENSITY, LOWEST_DIRECTIVITY, SPEED_OF_SOUND, Modes, slab_modes
from kinema.scenes.sound.place import LEAD
from kinema.scenes.sound.ringing import affordable, body_modes, prop_modes, rests_from
from kinema.scenes.sound.room import listener
from kinema.scenes.sound.touch import Surface, flat, size_of, touch_of, touch_of_ball, touch_of_prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Body, Contact, Prop, Truth

__all__ = ["LEAD", "contact_time", "dry_impact", "force_pulse", "source_of"]

FINE_RATE = 192_000  # Hz, at which pulse and acceleration noise are made
LONGEST_CONTACT = 6e-3  # s; what presses longer is not heard but felt (est)
VIBRATION = 0.02  # -, of the energy of a blow that may go into the tones of a body, at most (est; 1 % in Hunter 1957, more in thin things)
RISE, RELEASE = 0.5, 1.5  # exponents of the force pulse, see force_pulse


def contact_time(first: Body, second: Body | Material, speed: float) -> float:
    """How long two bodies touch, in seconds (Hertz), at most 6 ms.

    Args:
        first: a ball.
        second: another ball, or the material of a flat floor that does not move.
        speed: m/s, of approach.

    Example:
        >>> from kinema.scenes.truth import Body
        >>> ball = Body(name="a", colour="red", material="steel", radius=0.02, mass=0.263)
        >>> round(contact_time(ball, MATERIALS["steel"], 3.0) * 1000, 2)
        0.11
    """
    return _hertz((touch_of_ball(first).surface, flat(second) if isinstance(second, Material) else touch_of_ball(second).surface), speed)


def _hertz(sides: tuple[Surface, Surface], speed: float) -> float:
    """How long two surfaces touch, in seconds."""
    mass = 1 / sum(1 / side.mass for side in sides if side.mass)
    radius = 1 / sum(1 / side.radius for side in sides if side.radius)
    softness = sum((1 - s.material.poisson**2) / (s.material.youngs_modulus * s.material.stiffening) for s in sides)
    hertz = 2.868 * (mass**2 * softness**2 / (radius * max(speed, 1e-3))) ** 0.2
    return float(min(hertz, LONGEST_CONTACT))


def force_pulse(impulse: float, duration: float, rate: float) -> NDArray[np.float64]:
    """The force in newtons during a contact, averaged over each sample; its area is ``impulse``.

    It rises as the square root of time, as the force between lossy spheres does (Kuwabara and Kono 1987), and is released as Hertz'
    3/2 power: ``F ~ t^.5 (duration - t)^1.5``.
    """
    edges = np.arange(int(np.ceil(duration * rate)) + 1) / (duration * rate)
    share = betainc(RISE + 1, RELEASE + 1, np.minimum(edges, 1.0))
    force: NDArray[np.float64] = impulse * rate * np.diff(share)
    return force


def _acceleration_noise(force: NDArray[np.float64], body: Body, cosine: float, rate: float) -> NDArray[np.float64]:
    """Far pressure times distance (Pa m) of a rigid ball that a force sets moving, at an angle of ``cosine`` from it.

    ``P / A = rho a^2 cos x / (2 + 2 x + x^2)`` with ``x = s a / c``: the rigid sphere's dipole (Chadwick et al. 2012), far from it.
    Another solid counts as the ball of its volume.
    """
    radius = size_of(body)
    q = 2 * rate * radius / SPEED_OF_SOUND  # bilinear: x -> q (1 - 1/z) / (1 + 1/z)
    tail = np.zeros(int(4 * q))  # exp(-8), -70 dB
    acceleration = np.concatenate([force / body.mass, tail])
    noise: NDArray[np.float64] = lfilter([q, 0, -q], [q * q + 2 * q + 2, 4 - 2 * q * q, q * q - 2 * q + 2], acceleration)
    return AIR_DENSITY * radius**2 * max(abs(cosine), LOWEST_DIRECTIVITY) * noise


def source_of(contact: Contact, truth: Truth, rate: int = 48_000) -> NDArray[np.float64]:
    """Pressure times distance (Pa m) that a contact sends towards the listener; sample ``LEAD`` is the moment of touch."""
    touches = [touch_of(contact, index, truth) for index in _struck_bodies(contact, truth)]
    prop = next((prop for prop in truth.props if prop.name in contact.bodies), None)
    second = touches[1].surface if len(touches) > 1 else touch_of_prop(prop) if prop is not None else flat(MATERIALS[truth.floor])
    duration = _hertz((touches[0].surface, second), contact.approach_speed)
    towards = listener(truth, contact.t).eye - np.asarray(contact.point)
    cosine = float(towards @ np.asarray(contact.normal) / np.linalg.norm(towards))

    steps = max(1, round(FINE_RATE / rate))
    force = force_pulse(contact.impulse, duration, rate * steps)
    noises = [_acceleration_noise(force, touch.body, cosine, rate * steps) for touch in touches]
    noise = np.zeros(max(map(len, noises)))
    for one in noises:
        noise[: len(one)] += one

    tones = [body_modes(touch, cosine) for touch in touches]
    afford = [affordable(modes, force, rate * steps, VIBRATION * contact.impulse * contact.approach_speed / 2) for modes in tones]
    ringing = fftconvolve(_ringing(contact, truth, tones, afford, prop, rate), _coarse(force, steps) / rate)
    sound = np.zeros(max(len(ringing), len(noise) // steps + 2 * LEAD))
    direct = _coarse(noise, steps)[: len(sound)]
    sound[: len(ringing)] += ringing
    sound[: len(direct)] += direct
    return sound


def _struck_bodies(contact: Contact, truth: Truth) -> list[int]:
    """Numbers of the one or two bodies that meet."""
    numbers = {body.name: index for index, body in enumerate(truth.bodies)}
    return [numbers[name] for name in contact.bodies if name in numbers]


def _ringing(
    contact: Contact, truth: Truth, tones: list[Modes], afford: list[float], prop: Prop | None, rate: int
) -> NDArray[np.float64]:
    """The tones (n,) in Pa m that a unit impulse leaves in all that is struck; those of a body end when it comes to rest."""
    waves, lasting = [], Modes.none()
    for index, modes, factor in zip(_struck_bodies(contact, truth), tones, afford, strict=True):
        if modes.resting is None:
            lasting += modes
        elif len(modes.gain):
            waves.append(factor * modes.ring(rate, rests_from(truth, index, contact.t) - contact.t))
    if prop is not None:
        lasting += prop_modes(prop, np.asarray(contact.point))
    elif len(tones) == 1:
        lasting += slab_modes(MATERIALS[truth.floor], truth.scene.view, _struck(contact, truth))
    waves.append(lasting.ring(rate))
    sound = np.zeros(max(map(len, waves)))
    for wave in waves:
        sound[: len(wave)] += wave
    return sound


def _coarse(fine: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Every ``steps``-th sample, without what lies above half the coarse rate; sample ``LEAD`` is the first of ``fine``."""
    smooth = fftconvolve(fine, _low_pass(steps))
    coarse: NDArray[np.float64] = smooth[::steps]
    return coarse


@lru_cache
def _low_pass(steps: int) -> NDArray[np.float64]:
    """A filter of ``LEAD`` coarse samples on either side of its middle."""
    taps: NDArray[np.float64] = firwin(2 * LEAD * steps + 1, 0.94 / steps, window=("kaiser", 6.0))
    return taps


def _struck(contact: Contact, truth: Truth) -> tuple[float, float]:
    """The struck point as shares of the slab, whose middle lies a little behind the picture's."""
    size, target = truth.scene.view, truth.camera.target
    along = 0.5 + (contact.point[0] - target[0]) / (1.3 * size)
    across = 0.41 + (contact.point[1] - target[1]) / (1.1 * size)
    return float(np.clip(along, 0.04, 0.96)), float(np.clip(across, 0.04, 0.96))


def dry_impact(contact: Contact, truth: Truth, rate: int = 48_000) -> tuple[NDArray[np.float64], float]:
    """One contact alone, without room, at the middle of the listener's head.

    Returns:
        Pressure in pascals, and the time in seconds at which its sample 0 sounds: contact plus travel time, less ``LEAD`` samples.
    """
    eye = listener(truth, contact.t).eye
    distance = float(np.linalg.norm(eye - np.asarray(contact.point)))
    return source_of(contact, truth, rate) / distance, contact.t + distance / SPEED_OF_SOUND - LEAD / rate

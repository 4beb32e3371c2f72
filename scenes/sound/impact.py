"""The sound of one impact, dry: how long two bodies touch, how hard they press, and what that makes the air do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import fftconvolve, firwin, lfilter
from scipy.special import betainc

from kinema.scenes.materials import MATERIALS, Material
from kinema.scenes.sound.modes import AIR_DENSITY, LOWEST_DIRECTIVITY, SPEED_OF_SOUND, slab_modes, sphere_modes
from kinema.scenes.sound.place import LEAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Body, Contact, Truth

__all__ = ["LEAD", "contact_time", "dry_impact", "force_pulse", "source_of"]

FINE_RATE = 192_000  # Hz, at which pulse and acceleration noise are made
LONGEST_CONTACT = 6e-3  # s; what presses longer is not heard but felt (est)
RISE, RELEASE = 0.5, 1.5  # exponents of the force pulse, see force_pulse


@dataclass(frozen=True, slots=True)
class Surface:
    """What one side of a contact is to Hertz: ``radius`` None is flat, ``mass`` None does not yield."""

    material: Material
    radius: float | None
    mass: float | None


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
    sides = [_side(first), _side(second)]
    mass = 1 / sum(1 / side.mass for side in sides if side.mass)
    radius = 1 / sum(1 / side.radius for side in sides if side.radius)
    softness = sum((1 - s.material.poisson**2) / (s.material.youngs_modulus * s.material.stiffening) for s in sides)
    hertz = 2.868 * (mass**2 * softness**2 / (radius * max(speed, 1e-3))) ** 0.2
    return float(min(hertz, LONGEST_CONTACT))


def _side(thing: Body | Material) -> Surface:
    if isinstance(thing, Material):
        return Surface(thing, None, None)
    return Surface(MATERIALS[thing.material], thing.radius, thing.mass)


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
    """
    q = 2 * rate * body.radius / SPEED_OF_SOUND  # bilinear: x -> q (1 - 1/z) / (1 + 1/z)
    tail = np.zeros(int(4 * q))  # exp(-8), -70 dB
    acceleration = np.concatenate([force / body.mass, tail])
    noise: NDArray[np.float64] = lfilter([q, 0, -q], [q * q + 2 * q + 2, 4 - 2 * q * q, q * q - 2 * q + 2], acceleration)
    return AIR_DENSITY * body.radius**2 * max(abs(cosine), LOWEST_DIRECTIVITY) * noise


def source_of(contact: Contact, truth: Truth, rate: int = 48_000) -> NDArray[np.float64]:
    """Pressure times distance (Pa m) that a contact sends towards the listener; sample ``LEAD`` is the moment of touch."""
    bodies = {body.name: body for body in truth.bodies}
    balls = [bodies[name] for name in contact.bodies if name in bodies]
    floor = MATERIALS[truth.floor] if len(balls) == 1 else None
    duration = contact_time(balls[0], floor or balls[1], contact.approach_speed)
    towards = truth.camera.eye - np.asarray(contact.point)
    cosine = float(towards @ np.asarray(contact.normal) / np.linalg.norm(towards))

    steps = max(1, round(FINE_RATE / rate))
    force = force_pulse(contact.impulse, duration, rate * steps)
    noises = [_acceleration_noise(force, ball, cosine, rate * steps) for ball in balls]
    noise = np.zeros(max(map(len, noises)))
    for one in noises:
        noise[: len(one)] += one

    modes = sphere_modes(MATERIALS[balls[0].material], balls[0].radius, balls[0].mass, cosine)
    for ball in balls[1:]:
        modes += sphere_modes(MATERIALS[ball.material], ball.radius, ball.mass, cosine)
    if floor is not None:
        modes += slab_modes(floor, truth.scene.view, _struck(contact, truth))
    ringing = fftconvolve(modes.ring(rate), _coarse(force, steps) / rate)
    sound = np.zeros(max(len(ringing), len(noise) // steps + 2 * LEAD))
    direct = _coarse(noise, steps)[: len(sound)]
    sound[: len(ringing)] += ringing
    sound[: len(direct)] += direct
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
    distance = float(np.linalg.norm(truth.camera.eye - np.asarray(contact.point)))
    return source_of(contact, truth, rate) / distance, contact.t + distance / SPEED_OF_SOUND - LEAD / rate

"""What rings when a body or a prop is struck: its tones by form and material, and when they are choked."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.materials import MATERIALS
from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import Ball, Box, Cylinder, Hull, Lathe, Sheet, bounding_radius, rotate
from kinema.scenes.sound.modes import (
    AIR_DENSITY,
    SLOWEST_DECAY,
    SPEED_OF_SOUND,
    Modes,
    plate_modes,
    sphere_modes,
    sphere_radiation,
)
from kinema.scenes.sound.ritz import Half, free_modes
from kinema.scenes.sound.touch import box_round, solid_volume

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.materials import Material
    from kinema.scenes.sound.touch import Touch
    from kinema.scenes.truth import Prop, Truth

__all__ = ["affordable", "body_modes", "prop_modes", "rests_from"]

FREE = 0.4  # -, loss factor in free flight over that on a support, which the table has (est; Cremer's free ones are .1 to .6 of it)
AIR = 3.0  # 1/s, what sound that is sent and rubbing air take (est)
SUPPORT = 0.02  # -, loss factor that lying on something adds (est)
HOLLOW = 0.6  # -, a turned solid that fills less of its outline is a vessel
PROP_MASS, PROP_LOSS = 3.0, 0.03  # of what a prop stands on, see plate_modes (est)
STILL = 0.05  # m/s, of the fastest point: slower is at rest
HELD = 24  # samples of the truth (25 ms) that a rest must last, unlike the top of a flight
FAINTEST = 1e-3  # -, of the strongest tone; weaker ones are not made
ORDERS = np.arange(2, 8)  # -, of a ring's modes


def body_modes(touch: Touch, cosine: float) -> Modes:
    """The tones of a body struck where it is touched, at a distance in the direction whose cosine from the blow's is given."""
    body, solid = touch.body, touch.body.form
    material = MATERIALS[body.material]
    if isinstance(solid, Ball):
        return sphere_modes(material, body.radius, body.mass, cosine)
    if isinstance(solid, Sheet):
        return Modes.none()
    if isinstance(solid, Lathe) and (vessel := _vessel(solid)) is not None:
        return _vessel_modes(touch, material, *vessel)
    return _solid_modes(touch, material)


def _solid_modes(touch: Touch, material: Material) -> Modes:
    """Of a free box or cylinder of the same proportions, by Rayleigh and Ritz; it radiates as a double source of its volume."""
    solid = touch.body.form
    assert isinstance(solid, Box | Cylinder | Lathe | Hull)
    form, half = _likeness(solid)
    free = free_modes(form, half, material)
    if not len(free.frequency):
        return Modes.none()
    centre, around = box_round(solid)
    share = (touch.point - centre) / around
    pushed = np.abs(touch.normal @ free.at(share * free.half))  # in step: where it is struck it moves first
    x, y, z = (2 * length for length in half)
    area = 2 * (x * y + y * z + x * z) if form == "box" else np.pi * x * (x / 2 + z)
    ka = 2 * np.pi * free.frequency / SPEED_OF_SOUND * (3 / (4 * np.pi) * solid_volume(solid)) ** (1 / 3)
    efficiency = ka**4 / (4 + ka**4)
    gain = AIR_DENSITY * SPEED_OF_SOUND * pushed * np.sqrt(efficiency * area * free.surface / (4 * np.pi)) / touch.body.mass
    return _decaying(free.frequency, gain, material, pushed**2 / (2 * touch.body.mass))


@lru_cache(maxsize=256)
def _likeness(solid: Box | Cylinder | Lathe | Hull) -> tuple[str, Half]:
    """A box or cylinder of the same volume and length, and its half-lengths."""
    _, (x, y, z) = box_round(solid)
    if isinstance(solid, Cylinder | Lathe):
        radius = float(np.sqrt(solid_volume(solid) / (2 * np.pi * z)))
        return "cylinder", (radius, radius, float(z))
    share = float((solid_volume(solid) / (8 * x * y * z)) ** (1 / 3))
    return "box", (float(x) * share, float(y) * share, float(z) * share)


@lru_cache(maxsize=256)
def _vessel(solid: Lathe) -> tuple[float, float, float] | None:
    """Mean radius, thickness of the wall and height, in m, of a ring or a hollow thing; None of a solid one."""
    profile = np.array(solid.profile)
    (_, (outer, _, half)), volume = box_round(solid), solid_volume(solid)
    if np.allclose(profile[0], profile[-1]):
        inner = float(profile[:, 0].min())
        return (float(outer) + inner) / 2, float(outer) - inner, 2 * float(half)
    first, second = profile[:-1], profile[1:]
    levels = np.linspace(profile[:, 1].min(), profile[:, 1].max(), 66)[1:-1, None]
    rise = second[:, 1] - first[:, 1]
    share = (levels - first[:, 1]) / np.where(np.abs(rise) < 1e-12, np.inf, rise)
    crossed = (levels >= np.minimum(first[:, 1], second[:, 1])) & (levels <= np.maximum(first[:, 1], second[:, 1]))
    outline = np.where(crossed, first[:, 0] + share * (second[:, 0] - first[:, 0]), 0.0).max(axis=1)
    if volume > HOLLOW * 2 * float(half) * np.pi * float((outline**2).mean()):
        return None
    length = float(np.hypot(*np.diff(profile, axis=0).T).sum()) / 2  # there along the outside, back along the inside
    radius = float(outline.mean())
    return radius, volume / (2 * np.pi * radius * length), 2 * float(half)


def _vessel_modes(touch: Touch, material: Material, radius: float, wall: float, height: float) -> Modes:
    """Of a ring, or of a vessel as a ring of its wall: bending in its plane, ``n (n^2 - 1) / sqrt(n^2 + 1)`` (Love)."""
    speed = np.sqrt(material.stiffening * material.youngs_modulus / material.density)
    frequency = ORDERS * (ORDERS**2 - 1) / np.sqrt(ORDERS**2 + 1) * wall * speed / (np.sqrt(12) * 2 * np.pi * radius**2)
    mass = touch.body.mass / 2 * (1 + 1 / ORDERS**2)
    pushed = max(float(np.hypot(*touch.normal[:2])), 0.3) / mass  # also a blow along the axis shakes it (est)
    area = 2 * np.pi * radius * (height + wall)
    radiation = sphere_radiation(ORDERS, 2 * np.pi * frequency * radius / SPEED_OF_SOUND)
    gain = AIR_DENSITY * SPEED_OF_SOUND * pushed * radiation * np.sqrt(area / (8 * np.pi))
    return _decaying(frequency, gain, material, pushed**2 * mass / 2)


def _decaying(
    frequency: NDArray[np.float64], gain: NDArray[np.float64], material: Material, uptake: NDArray[np.float64]
) -> Modes:
    """Tones with the decay of a body in flight and at rest, without those that nobody hears."""
    heard = np.abs(gain) > FAINTEST * np.abs(gain).max()
    frequency, gain = frequency[heard], gain[heard]
    flying = np.pi * FREE * material.loss_factor * frequency + AIR
    resting = np.pi * (material.loss_factor + SUPPORT) * frequency + SLOWEST_DECAY
    return Modes(frequency, flying, gain, resting, uptake[heard])


def affordable(modes: Modes, force: NDArray[np.float64], rate: float, energy: float) -> float:
    """The factor, at most 1, by which tones must be weaker so as not to take more of a blow's energy than it has to give.

    Args:
        modes: with their ``uptake``.
        force: N, over time.
        rate: Hz, of the force.
        energy: J, that the blow may leave in vibrations.
    """
    if modes.uptake is None or not len(modes.uptake):
        return 1.0
    count = 1 << max(len(force) * 4, 4096).bit_length()
    spectrum = np.abs(np.fft.rfft(force, count)) / rate
    taken = float(modes.uptake @ np.interp(modes.frequency, np.arange(len(spectrum)) * rate / count, spectrum) ** 2)
    return float(min(1.0, np.sqrt(energy / taken))) if taken > 0 else 1.0


def prop_modes(prop: Prop, point: NDArray[np.float64]) -> Modes:
    """The tones of a prop struck at a point of the world: those of a plate of its two greater lengths.

    Example:
        >>> from kinema.scenes.truth import Prop
        >>> table = Prop(name="table", solid=Box((1.0, 0.6, 0.02)), position=(0.0, 0.0, 0.7))
        >>> float(prop_modes(table, np.array([0.1, 0.0, 0.71])).frequency[0].round())
        138.0
    """
    back = np.asarray(prop.orientation) * np.array([-1, -1, -1, 1])
    centre, half = box_round(prop.solid)
    share = np.clip((rotate(back, point - np.asarray(prop.position)) - centre) / (2 * half) + 0.5, 0.04, 0.96)
    long, wide, thin = np.argsort(-half, kind="stable")
    size = 2 * float(half[long]), 2 * float(half[wide]), 2 * float(min(half[thin], 0.35 * half[wide]))
    return plate_modes(MATERIALS[prop.material], size, (float(share[long]), float(share[wide])), PROP_MASS, PROP_LOSS)


def rests_from(truth: Truth, index: int, t: float) -> float:
    """The first moment after ``t`` from which body number ``index`` lies still or rubs, for 25 ms or longer; infinite if never.

    A body on a hinge or a slider is held by it all the time.
    """
    first = int(np.ceil(t * TRUTH_RATE)) + 1
    body = truth.bodies[index]
    setup = getattr(truth.scene, "setup", None)
    if setup is not None and any(joint.child == body.name for joint in setup().joints):
        return t
    pace = np.linalg.norm(truth.velocity[first:, index], axis=-1)
    if truth.spin.shape[1] > index:
        pace = pace + bounding_radius(body.form) * np.linalg.norm(truth.spin[first:, index], axis=-1)
    held = pace < STILL
    for rub in truth.rubs:
        if body.name in rub.bodies:
            start, end = (round(float(rub.times[k]) * TRUTH_RATE) - first for k in (0, -1))
            held[max(start, 0) : max(end + 1, 0)] = True
    if len(held) < HELD:
        return float("inf")
    total = np.concatenate([[0], np.cumsum(held)])
    whole = np.flatnonzero(total[HELD:] - total[:-HELD] == HELD)
    return float((first + whole[0]) / TRUTH_RATE) if len(whole) else float("inf")

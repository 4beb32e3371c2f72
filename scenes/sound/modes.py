"""What rings after an impact: the struck slab and the balls themselves, as decaying tones.

Every tone is given by the pressure, times distance, that a unit impulse (1 N s) leaves behind in the listener's direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import eval_legendre, spherical_jn, spherical_yn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.materials import Material

__all__ = [
    "AIR_DENSITY",
    "LOWEST_DIRECTIVITY",
    "SLOWEST_DECAY",
    "SPEED_OF_SOUND",
    "Modes",
    "plate_modes",
    "slab_modes",
    "sphere_modes",
    "sphere_radiation",
]

AIR_DENSITY = 1.2  # kg/m^3, at 20 degrees Celsius
SPEED_OF_SOUND = 343.0  # m/s, at 20 degrees Celsius
HIGHEST_PITCH = 16_000.0  # Hz, tones above are not heard and not made
LOWEST_DIRECTIVITY = 0.5  # -, of a ball: the floor's mirror image fills the directions in which it would be silent

# Free solid sphere, Poisson's ratio .3, spheroidal modes of order l: (l, 2 pi f R / c_t, m / effective mass at the struck pole).
# Rayleigh-Ritz in powers x^l y^m z^n up to degree 9 (Visscher 1991); l = 2 is 2.645 in closed form. Other ratios move them by < 1 %.
SPHERE = ((2, 2.646, 3.38), (3, 3.937, 6.38), (4, 5.046, 9.69), (5, 6.087, 13.43))

BEDDING_MASS = 12.0  # -, the slab and the ground that moves along, over the slab alone (est)
BEDDING_LOSS = 0.04  # -, loss factor that the slab's bed adds (est)
SLOWEST_DECAY = 27.6  # 1/s, -60 dB in .25 s: what joints and carpets of a room leave of a slab's or ball's lowest tones (est)
MAX_SLAB_MODES = 400  # -, lowest first; more are no longer told apart by ear


@dataclass(frozen=True, slots=True)
class Modes:
    """Tones side by side.

    Attributes:
        frequency: Hz.
        decay: 1/s; the amplitude falls by e in ``1 / decay``.
        gain: Pa m per N s, signed: the amplitude at 1 m right after a unit impulse.
        resting: 1/s; the decay once the thing lies or rubs on another, which chokes it. None: as ``decay``.
        uptake: 1/kg, energy that a unit impulse leaves in the tone; None where nobody asks.
    """

    frequency: NDArray[np.float64]
    decay: NDArray[np.float64]
    gain: NDArray[np.float64]
    resting: NDArray[np.float64] | None = None
    uptake: NDArray[np.float64] | None = None

    @classmethod
    def none(cls) -> Modes:
        """Of what does not ring."""
        return cls(np.zeros(0), np.zeros(0), np.zeros(0))

    def __add__(self, other: Modes) -> Modes:
        """Both together."""
        return Modes(
            np.concatenate([self.frequency, other.frequency]),
            np.concatenate([self.decay, other.decay]),
            np.concatenate([self.gain, other.gain]),
            np.concatenate([one.decay if one.resting is None else one.resting for one in (self, other)]),
        )

    def ring(self, rate: float, rests: float = np.inf) -> NDArray[np.float64]:
        """The sound (n,) in Pa m of a unit impulse at sample 0, until every tone has fallen by 70 dB.

        Args:
            rate: Hz.
            rests: s after the impulse from which on the tones decay as at rest.
        """
        heard = self.frequency < min(HIGHEST_PITCH, 0.45 * rate)
        if not heard.any():
            return np.zeros(1)
        frequency, decay, gain = self.frequency[heard], self.decay[heard], self.gain[heard]
        pole = np.asarray((-decay + 2j * np.pi * frequency) / rate, dtype=np.complex128)
        # The velocity of a damped oscillator: it swings back to where it was, so nothing is left at 0 Hz.
        velocity = gain * (1 - 1j * pole.real / pole.imag)
        sound = _side_by_side(velocity, pole)
        sound[0] /= 2  # the jump from silence lies on this sample: half counts, as in the trapezium rule
        last = rests * rate
        if self.resting is None or last >= len(sound):
            return sound
        count = max(1, round(last))
        choked = np.asarray((-self.resting[heard] + 2j * np.pi * frequency) / rate, dtype=np.complex128)
        return np.concatenate([sound[:count], _side_by_side(velocity * np.exp(pole * count), choked)])


def _side_by_side(velocity: NDArray[np.complex128], pole: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Sum of ``Re velocity exp(pole k)``; tones that last about as long as each other are made together."""
    decay: NDArray[np.float64] = -pole.real
    speed = np.floor(np.log2(decay / decay.min()) / 2)
    waves = [_tones(velocity[speed == one], pole[speed == one]) for one in np.unique(speed)]
    sound = np.zeros(max(map(len, waves)))
    for wave in waves:
        sound[: len(wave)] += wave
    return sound


def _tones(gain: NDArray[np.complex128], pole: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Sum of ``Re gain exp(pole k)`` over tones, for samples ``k`` until the last tone has fallen by 70 dB, faded out at the end."""
    count = int(np.log(10**3.5) / -pole.real.max()) + 1
    block = int(np.sqrt(count)) + 1
    # exp(pole (i block + j)) = exp(pole i block) exp(pole j): a product of two thin matrices instead of count x tones exponentials.
    coarse = gain * np.exp(np.outer(np.arange(block) * block, pole))
    fine = np.exp(np.outer(pole, np.arange(block)))
    sound: NDArray[np.float64] = (coarse.real @ fine.real - coarse.imag @ fine.imag).ravel()[:count]
    fade = count // 8 + 1
    sound[-fade:] *= np.linspace(1, 0, fade)
    return sound


def slab_modes(material: Material, size: float, where: tuple[float, float]) -> Modes:
    """The tones of the floor: a simply supported slab on a bed.

    Args:
        material: of the slab.
        size: m, of the scene; the slab is 1.3 by 1.1 sizes, and .06 thick.
        where: the struck point as shares of length and width, 0 to 1.
    """
    return plate_modes(material, (1.3 * size, 1.1 * size, 0.06 * size), where, BEDDING_MASS, BEDDING_LOSS)


def plate_modes(
    material: Material, size: tuple[float, float, float], where: tuple[float, float], bedding: float, loss: float
) -> Modes:
    """The tones of a simply supported plate.

    Args:
        material: of the plate.
        size: m, length, width and thickness.
        where: the struck point as shares of length and width, 0 to 1.
        bedding: mass that moves over the plate's own.
        loss: loss factor that what it lies on adds.
    """
    a, b, h = size
    wave = np.sqrt(material.youngs_modulus / (material.density * (1 - material.poisson**2)))  # m/s, of compression in a plate
    m, n = (grid.ravel() for grid in np.meshgrid(np.arange(1, 41), np.arange(1, 41), indexing="ij"))
    frequency = np.pi / 2 * h * wave / np.sqrt(12) * ((m / a) ** 2 + (n / b) ** 2)
    lowest = np.argsort(frequency, kind="stable")[:MAX_SLAB_MODES]
    m, n, frequency = m[lowest], n[lowest], frequency[lowest]
    shape = np.sin(m * np.pi * where[0]) * np.sin(n * np.pi * where[1])
    mass = bedding * material.density * h * a * b / 4
    # A panel radiates the power rho c S sigma <v^2> into the half space above it; <v^2> of a mode is an eighth of its amplitude squared.
    coincidence = SPEED_OF_SOUND**2 / (1.81 * h * wave)
    efficiency = 1 / (1 + (coincidence / frequency) ** 2)
    gain = AIR_DENSITY * SPEED_OF_SOUND * np.sqrt(efficiency * a * b / (8 * np.pi)) * shape / mass
    return Modes(frequency, np.pi * (material.loss_factor + loss) * frequency + SLOWEST_DECAY, gain)


def sphere_modes(material: Material, radius: float, mass: float, cosine: float) -> Modes:
    """The tones of a solid ball struck at a pole, heard at an angle of the given cosine from that pole's axis."""
    order, root, mobility = (np.array(column) for column in zip(*SPHERE, strict=True))
    shear_wave = np.sqrt(material.stiffening * material.youngs_modulus / (2 * material.density * (1 + material.poisson)))
    frequency = root * shear_wave / (2 * np.pi * radius)
    ka = 2 * np.pi * frequency * radius / SPEED_OF_SOUND
    pattern = np.maximum(np.abs(eval_legendre(order, cosine)), LOWEST_DIRECTIVITY)
    gain = AIR_DENSITY * SPEED_OF_SOUND * radius * mobility / mass * pattern * sphere_radiation(order, ka)
    return Modes(frequency, np.pi * material.loss_factor * frequency + SLOWEST_DECAY, gain)


def sphere_radiation(order: NDArray[np.int64], ka: NDArray[np.float64]) -> NDArray[np.float64]:
    """Far pressure of a ball whose surface moves in a spherical harmonic, over what the same velocity would make of a plane wave."""
    slope = spherical_jn(order, ka, derivative=True) - 1j * spherical_yn(order, ka, derivative=True)
    share: NDArray[np.float64] = 1 / (ka * np.abs(slope))
    return share

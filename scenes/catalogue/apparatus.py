"""What several families share: what things hang from, how their words are put together, how their swings are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.scenes.prompts import NUMBERS, Account
from kinema.scenes.proof import Proof
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import Box, mesh_of
from kinema.scenes.truth import Prop

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.shapes import Solid, Vector
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = [
    "AXIS", "HEAVY", "QUIET", "SIDES",
    "account_of", "axle", "centre_of", "counted", "crossings", "frame", "landing_proof", "picture_radius", "released",
    "seconds_of", "turning_points",
]  # fmt: skip

AXIS = (0.0, -1.0, 0.0)  # of hinges that turn in the picture's plane: with a positive angle what hangs down swings to the right
SIDES = ("left", "right")
HEAVY = ("wood", "plastic", "stone", "steel")  # materials of boxes and balls that weigh something
QUIET = Claim(kind="silence", value="all", words=("no sound", "silent", "silently", "in silence", "without a sound"))


def frame(view: float, height: float, half: float = 0.38) -> tuple[Prop, ...]:
    """Two posts and a beam to hang things from; the beam's lower side is ``height`` metres above the floor, ``half`` is of the view."""
    thick, x = 0.028 * view, half * view
    top = Box((2 * x + thick, thick, thick))
    post = Box((thick, thick, height))
    return (
        Prop(name="beam", solid=top, position=(0.0, 0.0, height + thick / 2), paint="oak", touchable=False),
        Prop(name="left_post", solid=post, position=(-x, 0.0, height / 2), paint="oak", touchable=False),
        Prop(name="right_post", solid=post, position=(x, 0.0, height / 2), paint="oak", touchable=False),
    )


def axle(view: float, at: Vector, *, behind: float = 0.14) -> tuple[Prop, ...]:
    """A post behind the plane of motion that carries an axle at ``at``; things turn in front of it. ``behind`` is of the view."""
    thick, y = 0.03 * view, behind * view
    x, _, z = at
    post = Box((thick, thick, z + thick))
    pin = Box((0.5 * thick, y, 0.5 * thick))
    return (
        Prop(name="post", solid=post, position=(x, y, (z + thick) / 2), paint="charcoal", touchable=False),
        Prop(name="axle", solid=pin, position=(x, y / 2, z), paint="charcoal", touchable=False),
    )


def counted(number: int) -> Claim:
    """The claim that there are so many bodies."""
    words = {1: ("one", "single"), 2: ("two", "both")}.get(number, (NUMBERS[number],))
    return Claim(kind="count", value=str(number), words=words)


def account_of(
    texts: tuple[str, ...],
    words: dict[str, Any],
    beats: tuple[tuple[float, str], ...],
    heard: tuple[str, ...] = (),
    unheard: tuple[str, ...] = ("no sound at all",),
) -> Account:
    """Short, detailed and paraphrases filled in with ``words``; the beats in order of time, those later than 2.7 s left out."""
    short, detailed, *others = (text.format(**words) for text in texts)
    told = tuple(sorted((t, text.format(**words)) for t, text in beats if t <= 2.7))
    return Account(short=short, detailed=detailed, paraphrases=tuple(others), beats=told, heard=heard, unheard=unheard)


def seconds_of(time: float) -> str:
    """A duration as prompts say it.

    Example:
        >>> seconds_of(0.8649)
        '0.86 seconds'
    """
    return f"{time:.2f} seconds"


def picture_radius(area: float) -> float:
    """Radius of the ball that covers as much of the picture as ``area`` (m^2)."""
    return float(np.sqrt(area / np.pi))


def released(truth: Truth) -> slice:
    """The samples from the moment of release on."""
    return slice(round(truth.scene.delay * TRUTH_RATE), None)


def crossings(times: Array, values: Array) -> Array:
    """Moments at which ``values`` change their sign, by linear interpolation.

    Example:
        >>> crossings(np.array([0.0, 1.0, 2.0]), np.array([-1.0, 3.0, 1.0])).tolist()
        [0.25]
    """
    k = np.flatnonzero(np.signbit(values[:-1]) != np.signbit(values[1:]))
    found: Array = times[k] + (times[k + 1] - times[k]) * values[k] / (values[k] - values[k + 1])
    return found


def turning_points(times: Array, values: Array, rates: Array) -> tuple[Array, Array]:
    """Moments at which ``rates`` (the derivative of ``values``) change sign, and the values there."""
    moments = crossings(times, rates)
    return moments, np.interp(moments, times, values)


def centre_of(solid: Solid) -> Array:
    """Centre of mass (3,) of a solid's mesh: bodies are given about it.

    Example:
        >>> centre_of(Box((1.0, 1.0, 1.0))).round(6).tolist()
        [0.0, 0.0, 0.0]
    """
    mesh = mesh_of(solid)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    six = np.einsum("fi,fi->f", a, np.cross(b, c))
    centre: Array = (six[:, None] * (a + b + c)).sum(axis=0) / (4 * six.sum())
    return centre + 0.0


def landing_proof(truth: Truth, law: str, closed_form: float, source: str) -> tuple[Proof, ...]:
    """When the first contact comes after the release; nothing to prove where it comes after the truth's end."""
    if not truth.contacts:
        return ()
    return (Proof(law=law, closed_form=closed_form, simulated=truth.contacts[0].t - truth.scene.delay, tolerance=0.005, source=source),)

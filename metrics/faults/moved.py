"""Motion that breaks a law where it happens: kicks, jumps, bodies that sink in or hang in the air. The sound stays the unfaulted take's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.simple import constant_velocity as straight
from kinema.metrics.faults.staging import across, diameter, displaced, few, free, inward, main, metre, quiet, retimed, settled, subjects
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__: list[str] = []

LEAST_FLIGHT = 0.25  # s without support in which a body may be made to hang
SUNK_FOR = 0.06  # s, standard deviation of the time for which a body is sunk in
LEAST_STUCK = 6.0  # px of 128 that a body moves after its first touch, below which nobody sees that it sticks
APART = 0.1  # s between blows into which a body sinks


def _inside(truth: Truth) -> str:
    """Unfit where the fault would come too early or too late to be seen."""
    if free(truth):
        return free(truth)
    t = quiet(truth, main(truth))
    return "" if 0.2 < t < truth.seconds - 0.3 else "there is no quiet moment in the clip"


@fault("kick", "motion", "px/s of 128", (5, 10, 20, 35, 55, 80, 120), unfit=_inside)
def kick(shot: Shot, dose: float) -> Clip:
    """The body that moves most gains so much speed sideways, towards the picture's middle, when nothing touches it, and keeps it."""
    truth = shot.truth
    body = main(truth)
    t = quiet(truth, body)
    way = np.maximum(truth.times - t, 0)[:, None] * dose * metre(truth) * inward(truth, body, t) * across(truth)
    return shot.seen(displaced(truth, way, [body]))


@fault("teleport", "motion", "px of 128", (1, 2, 4, 7, 11, 16, 24), unfit=_inside)
def teleport(shot: Shot, dose: float) -> Clip:
    """The body that moves most jumps so far sideways from one frame to the next and goes on from there."""
    truth = shot.truth
    body = main(truth)
    t = quiet(truth, body)
    jump = (truth.times >= t)[:, None] * dose * metre(truth) * inward(truth, body, t) * across(truth)
    position = truth.position.copy()
    position[:, body] += jump
    return shot.seen(replace(truth, position=position))


def _struck(truth: Truth) -> str:
    if few(truth):
        return few(truth)
    names = {truth.bodies[i].name for i in subjects(truth)}
    hit = any(c.t < truth.seconds - 0.1 and c.approach_speed > 0.1 and names & set(c.bodies) for c in truth.contacts)
    return "" if hit else "nothing is struck"


@fault("interpenetration", "motion", "diameters", (0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0), unfit=_struck)
def interpenetration(shot: Shot, dose: float) -> Clip:
    """At every blow the body that strikes sinks so deep into what it meets, within a tenth of a second, and comes out again."""
    truth = shot.truth
    names = {body.name: i for i, body in enumerate(truth.bodies) if body.subject}
    shift = np.zeros((len(truth.times), len(truth.bodies), 3))
    last = dict.fromkeys(names, -1.0)
    for contact in truth.contacts:
        first = next((name for name in contact.bodies if name in names), None)
        if first is None or contact.approach_speed < 0.1 or contact.t - last[first] < APART:
            continue
        last[first] = contact.t
        sign = -1.0 if contact.bodies[0] == first else 1.0
        deep = dose * diameter(truth, names[first]) * np.exp(-(((truth.times - contact.t) / SUNK_FOR) ** 2) / 2)
        shift[:, names[first]] += sign * deep[:, None] * np.array(contact.normal)
    return shot.seen(displaced(truth, shift, list(range(len(truth.bodies)))))


def _flight(truth: Truth, body: int) -> tuple[float, float]:
    """Start and end of the longest stretch in which a body falls freely."""
    pull = np.gradient(truth.velocity[:, body, 2], 1 / TRUTH_RATE)
    falls = np.abs(pull + truth.gravity) < 0.1 * truth.gravity
    edges = np.flatnonzero(np.diff(np.concatenate([[0], falls.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts):
        return 0.0, 0.0
    k = int(np.argmax(ends - starts))
    return float(starts[k] / TRUTH_RATE), float(ends[k] / TRUTH_RATE)


def _flies(truth: Truth) -> str:
    if free(truth):
        return free(truth)
    start, end = _flight(truth, main(truth))
    return "" if end - start >= LEAST_FLIGHT else "nothing falls freely"


@fault("hover", "motion", "s", (0.05, 0.1, 0.17, 0.25, 0.4, 0.6, 0.9), unfit=_flies)
def hover(shot: Shot, dose: float) -> Clip:
    """The body that moves most stands still in mid-air for so long, in the middle of its longest flight, and then goes on."""
    truth = shot.truth
    body = main(truth)
    t = float(np.mean(_flight(truth, body)))
    clock = np.where(truth.times < t, truth.times, np.maximum(t, truth.times - dose))
    return shot.seen(retimed(truth, clock, [body]))


@fault("constant_velocity", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), unfit=few)
def constant_velocity(shot: Shot, dose: float) -> Clip:
    """The path of every body lies so far between the right one (0) and an even glide in a straight line from its start to its end (1)."""
    truth = shot.truth
    even = straight(truth, shot.request.seconds)
    which = subjects(truth)
    return shot.seen(displaced(truth, dose * (even.position - truth.position)[:, which], which))


def _stuck(truth: Truth, dose: float) -> Array:
    """(T, bodies, 3) m, from where each body is to where it would be if so much of its motion after its first touch were missing."""
    shift = np.zeros_like(truth.position)
    for column, body in enumerate(truth.bodies):
        first = min((c.t for c in truth.contacts if body.name in c.bodies), default=None)
        if first is not None and first < truth.seconds:
            later = truth.times > first
            shift[later, column] = dose * (truth.at(np.array([first]))[0, column] - truth.position[later, column])
    return shift


def _sticking(truth: Truth) -> str:
    if _struck(truth):
        return _struck(truth)
    farthest = float(np.linalg.norm(_stuck(truth, 1.0), axis=-1).max())
    return "" if farthest > LEAST_STUCK * metre(truth) else "what is struck hardly moves afterwards"


@fault("sticks", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), unfit=_sticking)
def sticks(shot: Shot, dose: float) -> Clip:
    """After a body's first touch so much of its motion is missing; at 1 it stays where it first touched."""
    truth = shot.truth
    return shot.seen(displaced(truth, _stuck(truth, dose), list(range(len(truth.bodies)))))


@fault("vanish", "motion", "share", (0.05, 0.1, 0.17, 0.25, 0.4, 0.55, 0.67), unfit=few)
def vanish(shot: Shot, dose: float) -> Clip:
    """Every body is gone for the last so much of the clip."""
    gone = shot.truth.times >= (1 - dose) * shot.request.seconds - 1e-9
    visible = shot.truth.visible.copy()
    visible[:, subjects(shot.truth)] &= ~gone[:, None]
    return shot.seen(replace(shot.truth, visible=visible))


def _meets(truth: Truth) -> str:
    if free(truth):
        return free(truth)
    return "" if _first_blow(truth) is not None else "no two of the bodies meet"


def _first_blow(truth: Truth) -> tuple[float, int] | None:
    """When two subjects first meet, and which of them is faster afterwards."""
    names = {truth.bodies[i].name: i for i in subjects(truth)}
    for contact in truth.contacts:
        if contact.t < truth.seconds - 0.3 and set(contact.bodies) <= set(names) and contact.approach_speed > 0.05:
            after = min(len(truth.times) - 1, round(contact.t * TRUTH_RATE) + 8)
            pair = [names[name] for name in contact.bodies]
            return contact.t, max(pair, key=lambda i: float(np.linalg.norm(truth.velocity[after, i])))
    return None


@fault("mass_ratio", "motion", "%", (-60, -40, -25, -12, 12, 25, 40, 60), unfit=_meets)
def mass_ratio(shot: Shot, dose: float) -> Clip:
    """After a collision the faster of the two bodies is so much faster (slower) than momentum allows, as if it were of another mass."""
    truth = shot.truth
    blow = _first_blow(truth)
    assert blow is not None, "unfit says where no two bodies meet"
    t, body = blow
    later = (truth.times > t)[:, None]
    way = dose / 100 * (truth.position[:, body] - truth.at(np.array([t]))[0, body]) * later
    return shot.seen(displaced(truth, way, [body]))


@fault("spin", "motion", "turns/s", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), unfit=few)
def spin(shot: Shot, dose: float) -> Clip:
    """Every body turns so fast about the line of sight, beside what it should."""
    from kinema.scenes.shapes import turn

    truth = shot.truth
    angle = 2 * np.pi * dose * np.maximum(truth.times - settled(truth), 0)
    x, y, z, _ = turn(truth.camera.axes[1].tolist(), np.pi)  # sin(pi / 2) times the axis
    half = angle / 2
    more = np.stack([np.sin(half) * x, np.sin(half) * y, np.sin(half) * z, np.cos(half)], axis=-1)
    orientation = truth.orientation.copy()
    for i in subjects(truth):
        orientation[:, i] = _product(more, orientation[:, i])
    return shot.seen(replace(truth, orientation=orientation))


def _product(p: Array, q: Array) -> Array:
    """Quaternions (n, 4) x, y, z, w: first ``q``, then ``p``."""
    a, b = p[:, :3], q[:, :3]
    vector = p[:, 3:] * b + q[:, 3:] * a + np.cross(a, b)
    return np.concatenate([vector, p[:, 3:] * q[:, 3:] - (a * b).sum(axis=1, keepdims=True)], axis=1)

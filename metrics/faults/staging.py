"""Tools of the faults of motion: which body, which way, when nothing touches; and truths with columns moved, added or exchanged."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.scenes.scene import TRUTH_RATE
from kinema.scenes.shapes import Ball, Box, Cylinder, Hull, Lathe
from kinema.scenes.truth import VERTEX_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.scene import Scene
    from kinema.scenes.shapes import Solid
    from kinema.scenes.truth import Body, Truth

    Array = NDArray[np.float64]

__all__ = [
    "PIXELS", "across", "added", "clear_side", "diameter", "displaced", "few", "free", "inward", "lands", "longer", "main", "metre",
    "multiplied", "quiet", "retimed", "room_for", "settled", "subjects", "with_members",
]  # fmt: skip

PIXELS = 128  # doses in pixels are of a picture of so many, whatever its real size
MOST = 6  # subjects of a scene of which one is damaged: among more it would not be missed
LAST = 0.3  # s before the clip's end in which a touch may go unseen
MOVING = 0.1  # -, of its greatest speed, from which on a body moves
MARGIN = 3.0  # px of 128 that a body keeps from the picture's edge


def subjects(truth: Truth) -> list[int]:
    """The numbers of the bodies that are followed by name."""
    return [i for i, body in enumerate(truth.bodies) if body.subject]


def few(truth: Truth) -> str:
    """Unfit where there is no body to damage, too many, or one that changes its form."""
    count = len(subjects(truth))
    if not 1 <= count <= MOST:
        return f"{count} bodies are followed by name"
    if any(truth.bodies[i].name in truth.vertices for i in subjects(truth)):
        return "the body is a sheet"
    return ""


def free(truth: Truth) -> str:
    """Unfit where bodies hang from something or stand among props."""
    names = {end[0] for tie in truth.ties for end in (tie.start, tie.end)}
    if any(body.rod_to is not None or body.name in names for body in truth.bodies) or truth.scene.setup().joints:
        return "a body hangs from something"
    return few(truth) or ("props stand in the way" if truth.props else "")


def main(truth: Truth) -> int:
    """The number of the subject that moves most."""
    way = np.abs(np.diff(truth.position, axis=0)).sum(axis=(0, 2))
    return max(subjects(truth), key=lambda i: (float(way[i]), -i))


def metre(truth: Truth) -> float:
    """Metres per pixel of 128, in the target's plane."""
    return truth.camera.view_height / PIXELS


def diameter(truth: Truth, body: int) -> float:
    """Metres across a body."""
    return 2 * truth.bodies[body].radius


def across(truth: Truth) -> Array:
    """The unit vector that points to the picture's right."""
    return truth.camera.axes[0]


def inward(truth: Truth, body: int, t: float) -> float:
    """+1 where the picture's middle lies to the right of a body at ``t``, else -1."""
    return 1.0 if truth.pixels_at(np.array([t]), PIXELS, PIXELS)[0, body, 0] <= PIXELS / 2 else -1.0


def room_for(truth: Truth, low: float, high: float) -> str:
    """Unfit where bodies that are moved by ``low`` to ``high`` px of 128 sideways would leave the picture."""
    if few(truth):
        return few(truth)
    x = truth.pixels_at(np.arange(0, truth.seconds, 1 / 24), PIXELS, PIXELS)[:, subjects(truth), 0]
    radius = max(truth.bodies[i].radius for i in subjects(truth)) / metre(truth)
    if x.min() + low < radius + MARGIN or x.max() + high > PIXELS - radius - MARGIN:
        return "a body would leave the picture"
    return ""


def lands(truth: Truth, pace: float = 1.0, later: float = 0.0) -> str:
    """Unfit where the first touch of the clip, ``later`` and ``pace`` times as slow, would come after the clip's end."""
    first = min((contact.t for contact in truth.contacts if contact.t < truth.seconds), default=None)
    if first is None or settled(truth) + later + (first - settled(truth)) * pace < truth.seconds - LAST:
        return ""
    return "nothing would touch within the clip"


def settled(truth: Truth) -> float:
    """Seconds until anything moves."""
    return float(truth.scene.delay)


def quiet(truth: Truth, body: int) -> float:
    """The middle of the longest stretch, from the release to the end, in which a body moves and nothing touches it."""
    name = truth.bodies[body].name
    hits = [c.t for c in truth.contacts if name in c.bodies and c.t < truth.seconds]
    edges = np.array([settled(truth), *hits, truth.seconds])
    middles = (edges[1:] + edges[:-1]) / 2
    speed = np.linalg.norm(truth.velocity[:, body], axis=-1)
    moving = speed[np.clip(np.round(middles * TRUTH_RATE).astype(int), 0, len(speed) - 1)] > MOVING * speed.max()
    return float(middles[int(np.argmax(np.diff(edges) * np.where(moving, 1.0, 1e-3)))])


def clear_side(truth: Truth, body: int, way: float) -> float:
    """+1 or -1: on which side there is more room for a copy ``way`` metres beside a body, from other bodies and the picture's edges."""

    def room(side: float) -> float:
        copy = truth.position[::40, body] + side * way * across(truth)
        others = [np.linalg.norm(copy - truth.position[::40, i], axis=-1).min() for i in subjects(truth) if i != body]
        x = truth.camera.project(copy, PIXELS, PIXELS)[:, 0]
        return float(min([*others, x.min() * metre(truth), (PIXELS - x.max()) * metre(truth)]))

    return max((1.0, -1.0), key=room)


def displaced(truth: Truth, offset: Array, which: list[int] | None = None) -> Truth:
    """Bodies moved by ``offset`` (n, 3) m, or (n, bodies, 3) of those in ``which``; velocities follow."""
    which = subjects(truth) if which is None else which
    shift = np.broadcast_to(offset[:, None] if offset.ndim == 2 else offset, (len(truth.times), len(which), 3))
    position, velocity = truth.position.copy(), truth.velocity.copy()
    position[:, which] += shift
    velocity[:, which] += np.gradient(shift, 1 / TRUTH_RATE, axis=0)
    return replace(truth, position=position, velocity=velocity)


def retimed(truth: Truth, clock: Array, which: list[int] | None = None) -> Truth:
    """What bodies did at the seconds ``clock`` (n,), shown at the truth's own times; contacts stay where they are."""
    which = list(range(len(truth.bodies))) if which is None else which
    rate = np.gradient(clock, 1 / TRUTH_RATE)[:, None, None]
    index = np.clip(np.round(clock * TRUTH_RATE).astype(int), 0, len(truth.times) - 1)
    rows: dict[str, Any] = {name: getattr(truth, name).copy() for name in ("position", "velocity", "orientation", "spin", "visible")}
    rows["position"][:, which] = truth.at(clock)[:, which]
    rows["orientation"][:, which] = truth.poses_at(clock)[:, which]
    rows["velocity"][:, which] = truth.velocity[index][:, which] * rate
    rows["spin"][:, which] = truth.spin[index][:, which] * rate
    rows["visible"][:, which] = truth.visible[index][:, which]
    steps = np.interp(np.arange(round(truth.seconds * VERTEX_RATE) + 1) / VERTEX_RATE, truth.times, clock)
    sheets = {name: truth.vertices_at(name, steps).astype(np.float32) for name in truth.vertices}
    return replace(truth, **rows, vertices=sheets)


def longer(truth: Truth, seconds: float) -> Truth:
    """The same truth for longer."""
    if truth.seconds >= seconds - 1e-6:
        return truth
    from kinema.scenes.world import truth_of

    return truth_of(truth.scene, round(seconds, 6))


def added(truth: Truth, body: Body, like: int, offset: Array, visible: NDArray[np.bool_]) -> Truth:
    """One more body that goes where body ``like`` goes, ``offset`` (3,) or (n, 3) m beside it, seen where ``visible`` (n,) says."""
    column = truth.position[:, like : like + 1] + np.broadcast_to(offset, (len(truth.times), 3))[:, None]
    alike = {name: getattr(truth, name) for name in ("velocity", "orientation", "spin")}
    rows: dict[str, Any] = {name: np.concatenate([of, of[:, like : like + 1]], axis=1) for name, of in alike.items()}
    there = (truth.visible[:, like] & visible)[:, None]
    return replace(
        truth,
        bodies=(*truth.bodies, body),
        position=np.concatenate([truth.position, column], axis=1),
        visible=np.concatenate([truth.visible, there], axis=1),
        **rows,
    )


def multiplied(solid: Solid, by: Array) -> Solid:  # noqa: PLR0911  (one return a form)
    """A solid stretched along its own axes; a ball that is squashed becomes a turned body."""
    x, y, z = (float(one) for one in by)
    match solid:
        case Ball(radius):
            if x == y == z:
                return Ball(radius * x)
            turns = np.linspace(-np.pi / 2, np.pi / 2, 25)
            return Lathe(tuple((float(radius * x * np.cos(a)), float(radius * z * np.sin(a))) for a in turns))
        case Box(size):
            return Box((size[0] * x, size[1] * y, size[2] * z))
        case Cylinder(radius, length):
            return Cylinder(radius * x, length * z)
        case Lathe(profile, smooth):
            return Lathe(tuple((r * x, h * z) for r, h in profile), smooth)
        case Hull(points):
            return Hull(tuple((a * x, b * y, c * z) for a, b, c in points))
        case _:
            return solid


def with_members(scene: Scene, **members: Any) -> Scene:
    """The same scene, of a class of its own in which some methods or properties are others: another gravity, another camera."""
    changed = {name: members.pop(name) for name in list(members) if name in {f.name for f in fields(scene)}}
    one: Scene = type(type(scene).__name__, (type(scene),), members)(**{f.name: getattr(scene, f.name) for f in fields(scene)} | changed)
    return one

"""Who is hidden behind what: rays from the eye to points all over a body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.shapes import Ball, Box, Cylinder, Hull, Solid, bounding_radius, mesh_of, rotate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.truth import Body, Prop

    Array = NDArray[np.float64]
    Mask = NDArray[np.bool_]

__all__ = ["hidden_bodies"]

POINTS = 24  # on each body
INSET = 0.98  # -, points lie just within the surface, so that what touches a body does not hide it there
AT_ONCE = 2_000_000  # ray and facet pairs held in memory


def hidden_bodies(
    bodies: Sequence[Body], props: Sequence[Prop], position: Array, orientation: Array, cameras: Sequence[Camera]
) -> Mask:
    """Which bodies are wholly hidden from the camera by opaque props or by other bodies; (n, bodies).

    Each body stands for 24 points on it (a ball: on the outline that the eye sees, and within it). It is hidden when the line from the eye
    to every one of them meets something else first. Sheets hide nothing and are never hidden; what leaves the picture is not hidden.

    Args:
        bodies: the moving bodies.
        props: what stands still; those with an opacity below 1 hide nothing.
        position: (n, bodies, 3) m.
        orientation: (n, bodies, 4) quaternions x, y, z, w.
        cameras: n of them.

    Example:
        >>> from kinema.scenes.camera import Camera
        >>> from kinema.scenes.truth import Body, Prop
        >>> ball = Body(name="ball", colour="red", material="wood", radius=0.1, mass=1.0)
        >>> screen = Prop(name="screen", solid=Box((0.5, 0.02, 0.5)), position=(0.0, -0.5, 0.3))
        >>> eye = Camera(target=(0, 0, 0.3), distance=2, yaw=0, eye_height=0.3, view_height=1)
        >>> place = np.array([[[0.0, 0.0, 0.3]], [[0.6, 0.0, 0.3]]])
        >>> hidden_bodies([ball], [screen], place, np.tile([0.0, 0.0, 0.0, 1.0], (2, 1, 1)), [eye, eye]).ravel().tolist()
        [True, False]
    """
    eyes = np.stack([camera.eye for camera in cameras])
    hidden = np.zeros(position.shape[:2], dtype=bool)
    for i, body in enumerate(bodies):
        if body.form.kind == "sheet":
            continue
        points = _points_on(body.form, position[:, i], orientation[:, i], eyes)
        rows = np.arange(len(eyes))
        for some in (slice(0, None, 8), slice(None)):  # most bodies are seen by one of the first three points
            closed = _all_closed(i, bodies, props, position[rows], orientation[rows], eyes[rows], points[rows, some])
            rows = rows[closed]
        hidden[rows, i] = True
    return hidden


def _all_closed(
    i: int, bodies: Sequence[Body], props: Sequence[Prop], position: Array, orientation: Array, eyes: Array, points: Array
) -> Mask:
    """(n,) whether every line from the eye to the points on body ``i`` meets something."""
    open_lines = np.ones(points.shape[:2], dtype=bool)
    for prop in props:
        if prop.opacity >= 1:
            still = np.broadcast_to(np.array(prop.position), (len(eyes), 3))
            turned = np.broadcast_to(np.array(prop.orientation), (len(eyes), 4))
            _close(open_lines, prop.solid, still, turned, eyes, points)
    for j, other in enumerate(bodies):
        if j != i and other.form.kind != "sheet" and _may_cover(other.form, position[:, j], bodies[i].form, position[:, i], eyes):
            _close(open_lines, other.form, position[:, j], orientation[:, j], eyes, points)
    return np.asarray(~open_lines.any(axis=1))


def _points_on(solid: Solid, centre: Array, turned: Array, eyes: Array) -> Array:
    """(n, POINTS, 3) points of a solid in the world."""
    if isinstance(solid, Ball):
        return _disc(solid.radius * INSET, centre, eyes)
    own = _spread(INSET * mesh_of(solid).vertices, POINTS)
    return centre[:, None] + rotate(turned[:, None], own)


def _disc(radius: float, centre: Array, eyes: Array) -> Array:
    """Two rings and the middle of the disc that the eye sees of a ball."""
    away = centre - eyes
    reach = np.linalg.norm(away, axis=-1, keepdims=True)
    away = away / reach
    side = np.cross(away, [0.0, 0.0, 1.0])
    side /= np.maximum(np.linalg.norm(side, axis=-1, keepdims=True), 1e-9)
    up = np.cross(side, away)
    angle = np.concatenate([np.arange(16) * np.pi / 8, np.arange(POINTS - 16) * np.pi / 4])
    share = np.repeat([1.0, 0.55], [16, POINTS - 16])[:, None]
    offset = np.cos(angle)[:, None] * side[:, None] + np.sin(angle)[:, None] * up[:, None]
    rim = radius * np.sqrt(np.maximum(1 - (radius / reach) ** 2, 0))[:, None]  # the tangent cone's circle
    points: Array = (centre - away * radius**2 / reach)[:, None] + rim * share * offset
    return points


def _spread(points: Array, count: int) -> Array:
    """``count`` of the points, far from each other (the farthest from all chosen ones comes next)."""
    points = np.unique(np.round(points, 9), axis=0)
    chosen = [int(np.argmax(np.linalg.norm(points, axis=-1)))]
    gap = np.linalg.norm(points - points[chosen[0]], axis=-1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(np.argmax(gap)))
        gap = np.minimum(gap, np.linalg.norm(points - points[chosen[-1]], axis=-1))
    corners = points[chosen]
    missing = count - len(corners)
    between = [(corners[a % len(corners)] + corners[(a * 5 + 3) % len(corners)]) / 2 for a in range(missing)]
    return np.concatenate([corners, np.array(between).reshape(-1, 3)])


def _close(open_lines: Mask, solid: Solid, centre: Array, turned: Array, eyes: Array, points: Array) -> None:
    """Mark in place the lines from the eyes to the points that meet the solid on their way."""
    rows, columns = np.nonzero(open_lines & _near(solid, centre, eyes, points))
    if not len(rows):
        return
    back = turned[rows] * np.array([-1.0, -1.0, -1.0, 1.0])
    start = rotate(back, eyes[rows] - centre[rows])
    along = rotate(back, points[rows, columns] - eyes[rows])
    hit = np.empty(len(rows), dtype=bool)
    size = max(AT_ONCE // _facets(solid), 1)
    for first in range(0, len(rows), size):
        part = slice(first, first + size)
        hit[part] = _meets(solid, start[part], along[part])
    open_lines[rows[hit], columns[hit]] = False


def _may_cover(solid: Solid, centre: Array, behind: Solid, there: Array, eyes: Array) -> bool:
    """Whether the ball round one solid ever reaches the lines of sight to the ball round another."""
    along, to = there - eyes, centre - eyes
    share = np.clip((along * to).sum(axis=-1) / (along**2).sum(axis=-1), 0, 1)
    gap = np.linalg.norm(along * share[:, None] - to, axis=-1)
    return bool((gap < bounding_radius(solid) + bounding_radius(behind)).any())


def _near(solid: Solid, centre: Array, eyes: Array, points: Array) -> Mask:
    """Which lines pass the ball that holds the solid."""
    along = points - eyes[:, None]
    to = (centre - eyes)[:, None]
    share = np.clip((along * to).sum(axis=-1) / (along**2).sum(axis=-1), 0, 1)
    near: Mask = ((along * share[..., None] - to) ** 2).sum(axis=-1) < bounding_radius(solid) ** 2
    return near


def _facets(solid: Solid) -> int:
    return 1 if isinstance(solid, Ball) else len(mesh_of(solid).faces)


def _meets(solid: Solid, start: Array, along: Array) -> Mask:
    """Whether the lines from ``start`` to ``start + along``, in the solid's own frame, meet it."""
    match solid:
        case Ball(radius):
            share = np.clip(-(start * along).sum(axis=-1) / (along**2).sum(axis=-1), 0, 1)
            met: Mask = ((start + share[:, None] * along) ** 2).sum(axis=-1) < radius**2
            return met
        case Box() | Cylinder() | Hull():
            return _meets_convex(solid, start, along)
        case _:
            return _meets_triangles(solid, start, along)


def _meets_convex(solid: Solid, start: Array, along: Array) -> Mask:
    """The line is cut by the plane of every facet; something must be left of it."""
    mesh = mesh_of(solid)
    corner = mesh.vertices[mesh.faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    height = (start[:, None] - corner[None, :, 0]) * normal
    above, rate = height.sum(axis=-1), (along[:, None] * normal).sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = -above / rate
    enter = np.where(rate < 0, cut, -np.inf).max(axis=1)
    leave = np.where(rate > 0, cut, np.inf).min(axis=1)
    outside = ((rate == 0) & (above > 0)).any(axis=1)
    met: Mask = (np.maximum(enter, 0) < np.minimum(leave, 1)) & ~outside
    return met


def _meets_triangles(solid: Solid, start: Array, along: Array) -> Mask:
    """Moeller and Trumbore's test against every facet."""
    mesh = mesh_of(solid)
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    across = np.cross(along[:, None], (c - a)[None])
    scale = (across * (b - a)).sum(axis=-1)
    safe = np.where(np.abs(scale) < 1e-15, np.inf, scale)
    offset = start[:, None] - a
    u = (offset * across).sum(axis=-1) / safe
    other = np.cross(offset, (b - a)[None])
    v = (along[:, None] * other).sum(axis=-1) / safe
    t = ((c - a) * other).sum(axis=-1) / safe
    inside = (u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0) & (t < 1) & np.isfinite(safe)
    met: Mask = inside.any(axis=1)
    return met

"""Other geometry passes: the simulator's software renderer ("tiny") and OpenGL without a window ("egl").

They answer the same question as :func:`~kinema.scenes.picture.cast.cast`, which is the usual one as it is the fastest and needs no
simulator. They are here to check it, and for machines where they pay: ``KINEMA_RENDERER=tiny`` or ``egl``.

Measured (2 shared cores, OpenGL by Mesa without a GPU; processor time of whole frames, 6 of them with the start): 2 balls at 128 pixels
3 ms cast, 9 ms tiny, 99 ms egl; 16 boxes 16, 41, 115 ms; 16 boxes at 384 pixels 66, 176, 254 ms. So ``cast`` is not replaced where OpenGL
works, as it does not pay there. Pictures of the three differ by .2 to .3 levels on average, at edges; the test allows 1.
"""

from __future__ import annotations

import importlib.util
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from kinema.errors import ConfigError
from kinema.scenes.picture.cast import Seen, Shape
from kinema.scenes.shapes import Ball, Solid, mesh_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.spatial import cKDTree

    from kinema.scenes.picture.lens import Lens

    Floats = NDArray[np.float32]

__all__ = ["Engine"]

AWAY = [0.0, 0.0, -1e3]  # m, out of sight
SAMPLES = 6000  # of a surface, to look up normals


class Engine:
    """A geometry pass by PyBullet: call it as :func:`~kinema.scenes.picture.cast.cast`, close it at the end.

    Args:
        kind: "tiny" or "egl".

    Raises:
        ConfigError: OpenGL does not work here.
    """

    def __init__(self, kind: str) -> None:
        import pybullet

        self.p: Any = pybullet
        self.client = pybullet.connect(pybullet.DIRECT)
        self.kind, self.plugin = kind, -1
        if kind == "egl":  # before any body is there, or the picture is empty
            found = importlib.util.find_spec("eglRenderer")
            if found is not None and found.origin is not None:
                self.plugin = pybullet.loadPlugin(found.origin, "_eglRendererPlugin", physicsClientId=self.client)
            if self.plugin < 0:
                pybullet.disconnect(self.client)
                raise ConfigError("OpenGL without a window (EGL) does not work on this machine; use KINEMA_RENDERER=cast")
        self.renderer = pybullet.ER_BULLET_HARDWARE_OPENGL if kind == "egl" else pybullet.ER_TINY_RENDERER
        self.rigid: dict[tuple[int, Solid], int] = {}
        self.folder, self.files = tempfile.TemporaryDirectory(prefix="kinema-"), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the simulator."""
        if self.plugin >= 0:
            self.p.unloadPlugin(self.plugin, physicsClientId=self.client)
        self.p.disconnect(self.client)
        self.folder.cleanup()

    def __call__(self, lens: Lens, shapes: Sequence[Shape], behind: Floats | None = None) -> Seen:
        """See :func:`~kinema.scenes.picture.cast.cast`; faces and shares are not filled in."""
        window = _window(lens, shapes)
        if window is None:
            return _gather(lens, shapes, *(np.zeros(0, kind) for kind in (np.int64, np.float32, np.int64)))
        handles, passing = self._pose(shapes)
        segment, inverse = self._shoot(lens, window)
        for handle in passing:
            self.p.removeBody(handle, physicsClientId=self.client)
        which = np.full(max([*handles, int(segment.max(initial=0))]) + 2, -1)
        which[handles] = np.arange(len(shapes))
        row, column = np.nonzero(segment >= 0)
        cell = (row + window[1]) * lens.width + column + window[0]
        found, near = which[segment[row, column]], inverse[row, column]
        kept = found >= 0 if behind is None else (found >= 0) & (near > behind[cell])
        return _gather(lens, shapes, cell[kept], near[kept], found[kept])

    def _pose(self, shapes: Sequence[Shape]) -> tuple[list[int], list[int]]:
        """Put everything in its place: a body per shape, and which of them are gone after this picture."""
        handles, passing = [], []
        for handle in self.rigid.values():
            self.p.resetBasePositionAndOrientation(handle, AWAY, [0, 0, 0, 1], physicsClientId=self.client)
        for shape in shapes:
            if shape.solid is None:
                handles.append(self._body(shape.vertices, shape.normals, shape.faces, twice=shape.two_sided))
                passing.append(handles[-1])
                continue
            key = (shape.index, shape.solid)
            if key not in self.rigid:
                mesh = mesh_of(shape.solid)
                self.rigid[key] = self._body(mesh.vertices, mesh.normals, mesh.faces, twice=False)
            handles.append(self.rigid[key])
            turn = _quaternion(shape.matrix)
            self.p.resetBasePositionAndOrientation(handles[-1], shape.centre.tolist(), turn, physicsClientId=self.client)
        return handles, passing

    def _body(self, vertices: Any, normals: Any, faces: Any, *, twice: bool) -> int:
        if twice:  # the software renderer leaves out what turns its back
            faces = np.concatenate([faces, faces[:, ::-1] + len(vertices)])
            vertices, normals = np.concatenate([vertices, vertices]), np.concatenate([normals, -normals])
        if self.kind == "egl":  # it knows no meshes but those of files
            self.files += 1
            path = Path(self.folder.name) / f"{self.files}.obj"
            path.write_text(_as_obj(vertices, normals, faces), encoding="ascii")
            how: dict[str, Any] = {"fileName": str(path)}
        else:
            how = {"vertices": vertices.tolist(), "indices": faces.ravel().tolist(), "normals": normals.tolist()}
        shape = self.p.createVisualShape(self.p.GEOM_MESH, **how, physicsClientId=self.client)
        return int(self.p.createMultiBody(0, -1, shape, physicsClientId=self.client))

    def _shoot(self, lens: Lens, window: tuple[int, int, int, int]) -> tuple[NDArray[np.int64], Floats]:
        """Handles (-1 where there is nothing) and inverse depths in the window's cells."""
        left, top, right, bottom = window
        reach = float(np.linalg.norm(lens.eye)) + 1.0
        near, far = 0.02 * reach, 4 * reach
        half = 0.5 if self.kind == "tiny" else 0.0  # it samples cells at their lower left corners
        x, y, scale = lens.centre[0] - half, lens.centre[1] + half, near / lens.focal
        film = ((left - x) * scale, (right - x) * scale, (y - bottom) * scale, (y - top) * scale)
        project = self.p.computeProjectionMatrix(*film, near, far)
        look = self.p.computeViewMatrix(lens.eye.tolist(), (lens.eye + lens.axes[2]).tolist(), lens.axes[1].tolist())
        width, height = right - left, bottom - top
        *_, depth, segment = self.p.getCameraImage(
            width, height, look, project, shadow=0, renderer=self.renderer, physicsClientId=self.client
        )
        raw = np.asarray(depth, dtype=np.float32).reshape(height, width)
        return np.asarray(segment, dtype=np.int64).reshape(height, width), (far - (far - near) * raw) / np.float32(far * near)


def _as_obj(vertices: Any, normals: Any, faces: Any) -> str:
    """A mesh as Wavefront's text."""
    lines = [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in vertices]
    lines += [f"vn {x:.5g} {y:.5g} {z:.5g}" for x, y, z in normals]
    lines += [f"f {a}//{a} {b}//{b} {c}//{c}" for a, b, c in faces + 1]
    return "\n".join(lines) + "\n"


def _window(lens: Lens, shapes: Sequence[Shape]) -> tuple[int, int, int, int] | None:
    """Cells that hold all shapes: left, top, right, bottom."""
    corners = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
    points = [shape.centre + 1.05 * shape.radius * corners if shape.vertices is None else shape.vertices for shape in shapes]
    if not points:
        return None
    own = lens.own(np.concatenate(points))
    own[:, 2] = np.maximum(own[:, 2], 0.02)
    cells = lens.on_film(own)
    low = np.clip(np.floor(cells.min(axis=0)) - 2, 0, [lens.width, lens.height]).astype(int)
    high = np.clip(np.ceil(cells.max(axis=0)) + 2, 0, [lens.width, lens.height]).astype(int)
    return None if (high <= low).any() else (int(low[0]), int(low[1]), int(high[0]), int(high[1]))


def _gather(lens: Lens, shapes: Sequence[Shape], cell: Any, inverse: Any, found: Any) -> Seen:
    """Points, and normals that are looked up on each shape's surface."""
    depth = np.asarray(1 / inverse, dtype=np.float32)
    u, v = lens.u[cell % lens.width], lens.v[cell // lens.width]
    point = lens.turned(u * depth, v * depth, depth) + lens.eye.astype(np.float32)
    normal = np.zeros((len(cell), 3), np.float32)
    for k in np.unique(found):
        rows = found == k
        normal[rows] = _normals(shapes[k], point[rows].astype(float), lens.eye)
    index = np.array([shape.index for shape in shapes], np.int32)[found] if len(shapes) else np.zeros(0, np.int32)
    order = np.argsort(cell, kind="stable")
    none = np.full(len(cell), -1, np.int64)
    return Seen(cell[order], inverse[order], index[order], normal[order], point[order], none, np.zeros((len(cell), 2), np.float32))


def _normals(shape: Shape, points: Any, eye: Any) -> Any:
    """Of a ball from its centre; of all else those of the nearest of many points on the surface."""
    if isinstance(shape.solid, Ball):
        away = points - shape.centre
        return away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-12)
    if shape.solid is not None:
        assert shape.matrix is not None
        tree, normals = _surface(shape.solid)
        own = np.einsum("ni,ij->nj", points - shape.centre, shape.matrix)
        return np.einsum("ij,nj->ni", shape.matrix, normals[tree.query(own)[1]])
    tree, normals = _samples(shape.vertices, shape.normals, shape.faces)
    found = normals[tree.query(points)[1]]
    return np.where(((eye - points) * found).sum(axis=-1, keepdims=True) < 0, -found, found) if shape.two_sided else found


@lru_cache(maxsize=64)
def _surface(solid: Solid) -> tuple[cKDTree, Any]:
    mesh = mesh_of(solid)
    return _samples(mesh.vertices, mesh.normals, mesh.faces)


def _samples(vertices: Any, normals: Any, faces: Any) -> tuple[cKDTree, Any]:
    """Points spread evenly over triangles, with their normals."""
    from scipy.spatial import cKDTree

    rng = np.random.default_rng(0)
    corner, normal = vertices[faces], normals[faces]
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=-1)
    chosen = rng.choice(len(faces), SAMPLES, p=area / area.sum())
    a, b = rng.uniform(size=(2, SAMPLES))
    a, b = np.where(a + b > 1, 1 - a, a), np.where(a + b > 1, 1 - b, b)
    share = np.stack([1 - a - b, a, b], axis=-1)[..., None]
    return cKDTree((corner[chosen] * share).sum(axis=1)), (normal[chosen] * share).sum(axis=1)


def _quaternion(matrix: Any) -> list[float]:
    from scipy.spatial.transform import Rotation

    return [0.0, 0.0, 0.0, 1.0] if matrix is None else [float(x) for x in Rotation.from_matrix(matrix).as_quat()]

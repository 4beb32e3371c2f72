"""Pictures of the truth.

PyBullet's software renderer says which body is seen where and how far away (segmentation and depth, supersampled, only in the window that
the bodies fill). Shading, the stage behind them and soft shadows are computed here, because the renderer's own are coarse. Everything is in
linear light until the last step. All lengths of the stage follow ``scene.view``, so that a large and a small world look alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import cv2
import numpy as np

from kinema.scenes.clip import Clip
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.request import Request
    from kinema.scenes.truth import Body, Truth

    Picture = NDArray[np.float32]

__all__ = ["RENDERER", "clip_of", "render"]

RENDERER = "tiny+deferred-1"  # enters every cache key that depends on pictures
SUN = np.array([-0.36, -0.44, 0.82]) / np.linalg.norm([-0.36, -0.44, 0.82])  # towards the light: above, left, in front
SUN_RADIUS = 0.11  # tangent of the lamp's angular radius: a studio softbox
SUPERSAMPLE = 3  # per side, for bodies
ROD = 0.012  # -, radius of a pendulum's rod over the view's height
GREY = (0.20, 0.21, 0.23)  # linear RGB of rods
DARK = (0.035, 0.037, 0.042)  # linear RGB of the hanger that holds a rod


def clip_of(truth: Truth, request: Request) -> Clip:
    """Picture and sound of the truth, in the size, rate and length asked for."""
    from kinema.scenes.sound.mix import sound_of

    times = np.arange(request.frame_count) / request.fps
    return Clip(frames=render(truth, request), times=times, sound=sound_of(truth, request.seconds), sound_rate=48_000)


def render(truth: Truth, request: Request) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) of the truth; frame ``i`` shows the moment ``i / fps``.

    Example:
        >>> from kinema.scenes.request import Request
        >>> from kinema.scenes.scene import scene_from_id
        >>> from kinema.scenes.world import simulate
        >>> truth = simulate(scene_from_id("drop@1/seed=3"), 0.1)
        >>> render(truth, Request(prompt="", seconds=0.1, width=32, height=24, fps=20)).shape
        (2, 24, 32, 3)
    """
    times = np.arange(request.frame_count) / request.fps
    places, visible = truth.at(times), truth.visible_at(times)
    stage = _stage(truth.camera, truth.floor, truth.room["wall_y"], truth.scene.view, request.width, request.height)
    frames = np.empty((len(times), request.height, request.width, 3), dtype=np.uint8)
    with _Studio(truth, request.width, request.height) as studio:
        still = studio.with_hanger(stage.colour)
        for i, (place, seen) in enumerate(zip(places, visible, strict=True)):
            light = still * _shadow(stage, truth.bodies, place, seen)[..., None]
            studio.draw(light, place, seen)
            frames[i] = _encode(light)
    return frames


def _encode(light: Picture) -> NDArray[np.uint8]:
    """Linear light to sRGB bytes (IEC 61966-2-1)."""
    x = np.clip(light, 0, 1)
    srgb = np.where(x <= 0.0031308, 12.92 * x, 1.055 * np.power(np.maximum(x, 1e-6), 1 / 2.4) - 0.055)
    out: NDArray[np.uint8] = (srgb * 255 + 0.5).astype(np.uint8)
    return out


def _linear(rgb: tuple[int, int, int]) -> Picture:
    x = np.array(rgb, dtype=np.float32) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


# The stage: floor and backdrop -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Stage:
    colour: Picture  # (H, W, 3) linear light without any body
    floor: Picture  # (H, W, 3) world points of the floor or backdrop seen at each pixel's centre
    normal_up: NDArray[np.bool_]  # (H, W) floor, not backdrop


@lru_cache(maxsize=8)
def _stage(camera: Camera, floor: str, wall_y: float, view: float, width: int, height: int) -> _Stage:
    fine = 3
    points, up = _hit(camera, wall_y, width * fine, height * fine)
    colour = np.where(up[..., None], _FLOOR_LOOKS[floor](points / view), _backdrop(points / view))
    corner = np.where(
        up, (wall_y - points[..., 1]) / view, points[..., 2] / view
    )  # distance to where floor and backdrop meet
    colour = colour * (1 - 0.28 * np.exp(-np.maximum(corner, 0) / 0.10))[..., None]
    colour = cv2.resize(colour.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    centre_points, centre_up = _hit(camera, wall_y, width, height)
    return _Stage(colour, centre_points.astype(np.float32), centre_up)


def _hit(camera: Camera, wall_y: float, width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Where the ray through each pixel's centre meets the floor or the backdrop: world points, and whether it is the floor."""
    right, forward, up = camera.axes
    metre = 1 / camera.pixels_per_metre(width, height)
    u = (np.arange(width) + 0.5 - width / 2) * metre
    v = (height / 2 - np.arange(height) - 0.5) * metre + camera.target[2] - camera.eye_height
    ray = camera.distance * forward + u[None, :, None] * right + v[:, None, None] * up
    eye = camera.eye
    with np.errstate(divide="ignore"):
        to_floor = np.where(ray[..., 2] < 0, -eye[2] / ray[..., 2], np.inf)
        to_wall = (wall_y - eye[1]) / ray[..., 1]
    on_floor = to_floor < to_wall
    return eye + np.minimum(to_floor, to_wall)[..., None] * ray, on_floor


def _noise(x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Smooth value noise in [-1, 1] with unit grid."""
    table = np.random.default_rng(seed).uniform(-1, 1, (64, 64))
    i, j = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - i, y - j
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    i0, i1, j0, j1 = i % 64, (i + 1) % 64, j % 64, (j + 1) % 64
    low = table[i0, j0] * (1 - fx) + table[i1, j0] * fx
    high = table[i0, j1] * (1 - fx) + table[i1, j1] * fx
    value: NDArray[np.float64] = low * (1 - fy) + high * fy
    return value


def _tinted(shade: NDArray[np.float64], *rgb: float) -> NDArray[np.float64]:
    colour: NDArray[np.float64] = shade[..., None] * np.array(rgb)
    return colour


def _wood(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pale planks that run from left to right."""
    x, y = p[..., 0], p[..., 1] + 7.03
    plank = np.floor(y / 0.21)
    tint = 0.07 * np.sin(plank * 12.9898 + 1.3)
    grain = 0.05 * _noise(x * 3 + plank * 5.7, y * 60, 1) + 0.03 * _noise(x * 9 + plank * 3.1, y * 150, 2)
    inside = np.abs(y / 0.21 - plank - 0.5)
    seam = 1 - 0.35 * np.clip((inside - 0.475) / 0.02, 0, 1)
    shade = (1 + tint + grain) * seam
    return _tinted(shade, 0.45, 0.355, 0.265)


def _stone(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grey square tiles."""
    x, y = p[..., 0] + 5.17, p[..., 1] + 5.06
    i, j = np.floor(x / 0.34), np.floor(y / 0.34)
    tint = 0.06 * np.sin(i * 12.9898 + j * 78.233)
    cloud = 0.07 * _noise(x * 9, y * 9, 3) + 0.04 * _noise(x * 31, y * 31, 4)
    edge = np.maximum(np.abs(x / 0.34 - i - 0.5), np.abs(y / 0.34 - j - 0.5))
    joint = 1 - 0.30 * np.clip((edge - 0.478) / 0.015, 0, 1)
    shade = (1 + tint + cloud) * joint
    return _tinted(shade, 0.36, 0.37, 0.385)


def _backdrop(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """A painted wall, lighter towards the top and the middle."""
    x, z = p[..., 0], p[..., 2]
    glow = np.clip(0.62 + 0.20 * z - 0.10 * x**2, 0.2, 1.0)
    return _tinted(glow, 0.66, 0.71, 0.76)


_FLOOR_LOOKS = {"wood": _wood, "stone": _stone}


def _shadow(stage: _Stage, bodies: tuple[Body, ...], place: NDArray[np.float64], seen: NDArray[np.bool_]) -> Picture:
    """How much light reaches each point of the stage: soft shadows of the lamp, and what a ball near the floor takes from the sky."""
    light = np.ones(stage.colour.shape[:2], dtype=np.float32)
    sun = SUN.astype(np.float32)
    normal = np.where(stage.normal_up[..., None], np.array([0, 0, 1], np.float32), np.array([0, -1, 0], np.float32))
    for body, centre, there in zip(bodies, place, seen, strict=True):
        if not there:
            continue
        to = centre.astype(np.float32) - stage.floor
        square = np.einsum("hwc,hwc->hw", to, to)
        along = to @ sun
        beside = np.sqrt(np.maximum(square - along**2, 0))
        soft = np.maximum(along, 0) * SUN_RADIUS + 0.06 * body.radius
        covered = np.clip((body.radius + soft - beside) / (2 * soft), 0, 1) * (along > 0)
        covered = covered * covered * (3 - 2 * covered) * np.minimum(1.0, (body.radius / soft) ** 2)
        facing = np.maximum(np.einsum("hwc,hwc->hw", to, normal), 0)
        hidden = np.minimum(facing * body.radius**2 / np.maximum(square, body.radius**2) ** 1.5, 1)
        light *= (1 - 0.52 * covered) * (1 - 0.55 * hidden)
    return light


# The bodies ----------------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _ball_mesh() -> tuple[list[list[float]], list[int], list[list[float]]]:
    """A unit sphere of 64 x 32 facets: vertices, triangles, normals."""
    around, down = np.meshgrid(np.linspace(0, 2 * np.pi, 65), np.linspace(0, np.pi, 33))
    points = np.stack([np.sin(down) * np.cos(around), np.sin(down) * np.sin(around), np.cos(down)], -1).reshape(-1, 3)
    first = (np.arange(32)[:, None] * 65 + np.arange(64)).ravel()
    faces = np.stack([first, first + 65, first + 1, first + 1, first + 65, first + 66], -1).ravel()
    return points.tolist(), faces.tolist(), points.tolist()


class _Studio:
    """The simulator's renderer with the bodies in it."""

    def __init__(self, truth: Truth, width: int, height: int) -> None:
        self.truth, self.camera, self.width, self.height = truth, truth.camera, width, height
        self.paint = [_linear(COLOURS[body.colour]) for body in truth.bodies]
        self.gloss = [MATERIALS[body.material].gloss for body in truth.bodies]

    def __enter__(self) -> Self:
        import pybullet

        self.p: Any = pybullet
        self.client = pybullet.connect(pybullet.DIRECT)
        vertices, faces, normals = _ball_mesh()
        self.balls, self.rods = [], []
        for body in self.truth.bodies:
            mesh = self.p.createVisualShape(
                self.p.GEOM_MESH,
                vertices=vertices,
                indices=faces,
                normals=normals,
                meshScale=[body.radius] * 3,
                physicsClientId=self.client,
            )
            self.balls.append(self.p.createMultiBody(0, -1, mesh, physicsClientId=self.client))
            self.rods.append(self._rod(body))
        return self

    def _rod(self, body: Body) -> int | None:
        if body.rod_to is None:
            return None
        length = float(np.linalg.norm(np.array(body.rod_to) - self.truth.position[0, 0]))
        shape = self.p.createVisualShape(
            self.p.GEOM_CYLINDER, radius=ROD * self.truth.scene.view, length=length, physicsClientId=self.client
        )
        return int(self.p.createMultiBody(0, -1, shape, physicsClientId=self.client))

    def with_hanger(self, colour: Picture) -> Picture:
        """The stage with what a pendulum hangs from: it never moves, so it is drawn once."""
        pivots = [body.rod_to for body in self.truth.bodies if body.rod_to is not None]
        colour = colour.copy()
        for pivot in pivots:
            view = self.truth.scene.view
            shape = self.p.createVisualShape(
                self.p.GEOM_CYLINDER, radius=2.2 * ROD * view, length=view, physicsClientId=self.client
            )
            top = [pivot[0], pivot[1], pivot[2] + 0.49 * view]
            hanger = self.p.createMultiBody(0, -1, shape, basePosition=top, physicsClientId=self.client)
            self._pose(np.zeros((len(self.balls), 3)), np.zeros(len(self.balls), dtype=bool))
            pixel = self.camera.project(np.array([pivot]), self.width, self.height)[0]
            reach = int(0.06 * self.height) + 2
            window = (
                max(int(pixel[0]) - reach, 0),
                0,
                min(int(pixel[0]) + reach, self.width),
                min(int(pixel[1]) + reach, self.height),
            )
            segment, _ = self._shoot(window)
            cover = (segment == hanger).astype(np.float32)
            size = (window[2] - window[0], window[3] - window[1])
            cover = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)[..., None]
            part = colour[window[1] : window[3], window[0] : window[2]]
            part *= 1 - cover
            part += cover * np.array(DARK, np.float32)
            self.p.removeBody(hanger, physicsClientId=self.client)
        return colour

    def __exit__(self, *_: object) -> None:
        self.p.disconnect(self.client)

    def draw(self, light: Picture, place: NDArray[np.float64], seen: NDArray[np.bool_]) -> None:
        """Paint the bodies over the stage, in place."""
        window = self._window(place, seen)
        if window is None:
            return
        left, top, right, bottom = window
        self._pose(place, seen)
        segment, depth = self._shoot(window)
        colour, cover = self._shade(segment, depth, window, place)
        size = (right - left, bottom - top)
        colour = cv2.resize(colour, size, interpolation=cv2.INTER_AREA)
        cover = cv2.resize(cover, size, interpolation=cv2.INTER_AREA)
        view = light[top:bottom, left:right]
        view *= 1 - cover[..., None]
        view += colour

    def _window(self, place: NDArray[np.float64], seen: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
        """Whole pixels that hold every body: left, top, right, bottom."""
        if not seen.any():
            return None
        points = [
            place[i] + sign * axis * body.radius
            for i, body in enumerate(self.truth.bodies)
            if seen[i]
            for axis in np.eye(3)
            for sign in (-1.5, 1.5)
        ]
        points += [
            np.array(body.rod_to) for i, body in enumerate(self.truth.bodies) if seen[i] and body.rod_to is not None
        ]
        pixel = self.camera.project(np.array(points), self.width, self.height)
        left, top = np.floor(pixel.min(axis=0)).astype(int) - 2
        right, bottom = np.ceil(pixel.max(axis=0)).astype(int) + 2
        left, right = int(np.clip(left, 0, self.width)), int(np.clip(right, 0, self.width))
        top, bottom = int(np.clip(top, 0, self.height)), int(np.clip(bottom, 0, self.height))
        return (left, top, right, bottom) if right > left and bottom > top else None

    def _pose(self, place: NDArray[np.float64], seen: NDArray[np.bool_]) -> None:
        away = np.array([0.0, 0.0, -1e3])  # out of sight
        for i, body in enumerate(self.truth.bodies):
            at = place[i] if seen[i] else away
            self.p.resetBasePositionAndOrientation(
                self.balls[i], at.tolist(), [0, 0, 0, 1], physicsClientId=self.client
            )
            rod = self.rods[i]
            if rod is not None and body.rod_to is not None:
                arm = np.array(body.rod_to) - place[i]
                tilt = float(np.arctan2(arm[0], arm[2]))
                middle = place[i] + arm / 2 if seen[i] else away
                turn = [0.0, float(np.sin(tilt / 2)), 0.0, float(np.cos(tilt / 2))]
                self.p.resetBasePositionAndOrientation(rod, middle.tolist(), turn, physicsClientId=self.client)

    def _shoot(self, window: tuple[int, int, int, int]) -> tuple[NDArray[np.int32], Picture]:
        """Body numbers and depths (metres along the optical axis) in the window, supersampled."""
        left, top, right, bottom = window
        metre = 1 / self.camera.pixels_per_metre(self.width, self.height)
        near, far = 0.3 * self.camera.distance, 3 * self.camera.distance
        scale = near / self.camera.distance
        lift = self.camera.target[2] - self.camera.eye_height
        project = self.p.computeProjectionMatrix(
            (left - self.width / 2) * metre * scale,
            (right - self.width / 2) * metre * scale,
            ((self.height / 2 - bottom) * metre + lift) * scale,
            ((self.height / 2 - top) * metre + lift) * scale,
            near,
            far,
        )
        eye = self.camera.eye
        look = self.p.computeViewMatrix(eye.tolist(), (eye + self.camera.axes[1]).tolist(), [0, 0, 1])
        width, height = (right - left) * SUPERSAMPLE, (bottom - top) * SUPERSAMPLE
        _, _, _, depth, segment = self.p.getCameraImage(
            width, height, look, project, shadow=0, renderer=self.p.ER_TINY_RENDERER, physicsClientId=self.client
        )
        raw = np.asarray(depth, dtype=np.float32).reshape(height, width)
        return np.asarray(segment, dtype=np.int32).reshape(height, width), far * near / (far - (far - near) * raw)

    def _shade(
        self, segment: NDArray[np.int32], depth: Picture, window: tuple[int, int, int, int], place: NDArray[np.float64]
    ) -> tuple[Picture, Picture]:
        """Linear light times cover (h, w, 3), and cover (h, w)."""
        cover = (segment >= 0).astype(np.float32)
        colour = np.zeros((*segment.shape, 3), dtype=np.float32)
        for i, body in enumerate(self.truth.bodies):
            rows, columns = np.nonzero(segment == self.balls[i])
            if len(rows):
                points, rays = self._points(rows, columns, depth, window)
                normal = points - place[i]
                normal /= np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9)
                colour[rows, columns] = _lit(
                    self.paint[i], self.gloss[i], normal, rays, float(place[i][2] / body.radius)
                )
            if self.rods[i] is not None:
                colour[segment == self.rods[i]] = GREY
        return colour, cover

    def _points(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], depth: Picture, window: tuple[int, int, int, int]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """World points under supersampled pixels, and unit vectors from the eye to them."""
        right, forward, up = self.camera.axes
        metre = 1 / self.camera.pixels_per_metre(self.width, self.height)
        u = ((columns + 0.5) / SUPERSAMPLE + window[0] - self.width / 2) * metre
        v = (
            (self.height / 2 - (rows + 0.5) / SUPERSAMPLE - window[1]) * metre
            + self.camera.target[2]
            - self.camera.eye_height
        )
        ray = self.camera.distance * forward + u[:, None] * right + v[:, None] * up
        points = self.camera.eye + ray * (depth[rows, columns] / self.camera.distance)[:, None]
        return points, ray / np.linalg.norm(ray, axis=-1, keepdims=True)


def _lit(
    paint: Picture, gloss: float, normal: NDArray[np.float64], ray: NDArray[np.float64], height: float
) -> NDArray[np.float64]:
    """Lamp, sky and floor on a painted surface (Lambert, Blinn-Phong, Schlick's Fresnel); ``height`` over the floor in radii."""
    lamp = np.clip(normal @ SUN * 0.88 + 0.12, 0, 1)  # a softbox wraps a little round the edge
    sky = 0.5 + 0.5 * normal[:, 2]
    near_floor = np.clip(1.6 - 0.3 * height, 0.15, 1.0)
    diffuse = (0.80 * lamp + 0.30 * sky + 0.09 * near_floor * (1 - sky))[:, None] * paint
    half = SUN - ray
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    shine = gloss * np.clip(np.einsum("nc,nc->n", normal, half), 0, 1) ** (12 + 110 * gloss)
    facing = np.clip(-np.einsum("nc,nc->n", normal, ray), 0, 1)
    rim = 0.25 * gloss * (1 - facing) ** 4 * sky
    colour: NDArray[np.float64] = diffuse + (0.75 * shine + rim)[:, None]
    return colour

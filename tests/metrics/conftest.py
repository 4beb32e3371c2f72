"""Truths in closed form, and observations as a perfect observer would write them down.

No simulator and no renderer runs here: what the metrics must find in them is known from the formulas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from kinema.metrics.metric import Case
from kinema.metrics.observation import Observation, Onset, Track, VisualContact
from kinema.scenes.catalogue.colliding import Collision
from kinema.scenes.catalogue.swinging import Pendulum
from kinema.scenes.request import Request
from kinema.scenes.scene import SCENES, TRUTH_RATE, Scene
from kinema.scenes.truth import Contact, Truth

SECONDS = 2.0
SOUND_SPEED = 343.0  # m/s
TIMES = np.arange(round(3.6 * TRUTH_RATE) + 1) / TRUTH_RATE
Motion = tuple[np.ndarray, np.ndarray, tuple[Contact, ...]]  # (n, bodies, 3) metres and m/s, contacts


def _bounces(scene: Scene, t: np.ndarray) -> Motion:
    """Drop and projectile: parabola after parabola."""
    setup, (body,) = scene.setup(), scene.bodies()
    (x, _, z), (vx, _, vz), e, g = setup.position[0], setup.velocity[0], setup.restitution[0], scene.gravity
    height, up, contacts = z - body.radius, vz, []
    since, speed, start = height + up * t - g * t * t / 2, up - g * t, 0.0
    for _ in range(40):
        landing = (up + np.sqrt(up**2 + 2 * g * height)) / g
        start, hit, height = start + landing, np.sqrt(up**2 + 2 * g * height), 0.0
        up = e * hit
        if hit < 0.05 * np.sqrt(g * scene.view):
            break
        later = t >= start
        since[later], speed[later] = (up * (t - start) - g * (t - start) ** 2 / 2)[later], (up - g * (t - start))[later]
        contacts.append(
            Contact(
                t=start, bodies=("ball", "floor"), point=(x + vx * start, 0, 0), normal=(0, 0, 1), impulse=body.mass * (1 + e) * hit,
                approach_speed=hit,
            )
        )
    since, speed = np.where(t >= start, 0.0, since), np.where(t >= start, 0.0, speed)
    zeros = np.zeros_like(t)
    position = np.stack([x + vx * t, zeros, body.radius + since], axis=-1)[:, None]
    return position, np.stack([zeros + vx, zeros, speed], axis=-1)[:, None], tuple(contacts)


def _swing(scene: Pendulum, t: np.ndarray) -> Motion:
    """The equation of motion, integrated by leapfrog."""
    (body,) = scene.bodies()
    pull = scene.gravity * scene.length / (scene.length**2 + 0.4 * body.radius**2)
    theta, rate = np.empty_like(t), np.empty_like(t)
    angle, speed, step = scene.angle, 0.0, 1 / TRUTH_RATE
    for k in range(len(t)):
        theta[k], rate[k] = angle, speed
        speed -= 0.5 * step * pull * np.sin(angle)
        angle += step * speed
        speed -= 0.5 * step * pull * np.sin(angle)
    out = np.stack([np.sin(theta), np.zeros_like(t), -np.cos(theta)], axis=-1)
    along = np.stack([np.cos(theta), np.zeros_like(t), np.sin(theta)], axis=-1)
    return (np.array(scene.pivot) + scene.length * out)[:, None], (scene.length * rate[:, None] * along)[:, None], ()


def _collide(scene: Collision, t: np.ndarray) -> Motion:
    closing = scene.speed_left - scene.speed_right
    meet = (scene.x_right - scene.x_left - 2 * scene.radius) / closing
    x, v = [], []
    starts, speeds = (scene.x_left, scene.x_right), (scene.speed_left, scene.speed_right)
    for start, before, after in zip(starts, speeds, scene.speeds_after(), strict=True):
        x.append(start + before * np.minimum(t, meet) + after * np.maximum(t - meet, 0))
        v.append(np.where(t < meet, before, after))
    zeros = np.zeros((len(t), 2))
    position = np.stack([np.stack(x, 1), zeros, zeros + scene.radius], axis=-1)
    velocity = np.stack([np.stack(v, 1), zeros, zeros], axis=-1)
    m1, m2 = (body.mass for body in scene.bodies())
    impulse = (1 + scene.restitution) * closing * m1 * m2 / (m1 + m2)
    touch = Contact(
        t=meet, bodies=("left", "right"), point=(x[0][-1], 0, scene.radius), normal=(-1, 0, 0), impulse=impulse, approach_speed=closing
    )
    return position, velocity, (touch,)


@lru_cache(maxsize=256)
def closed_form(family: str, seed: int, take: int = 0, **overrides: object) -> Truth:
    """The truth of a scene's take, long enough for a case."""
    scene = SCENES[family].load().draw(seed, **overrides).take(take)
    held = round(scene.delay * TRUTH_RATE)
    move: Callable[..., Motion] = {"pendulum": _swing, "collision": _collide}.get(family, _bounces)
    position, velocity, contacts = move(scene, TIMES[: len(TIMES) - held])
    position = np.concatenate([np.repeat(position[:1], held, axis=0), position])
    velocity = np.concatenate([np.zeros((held, *velocity.shape[1:])), velocity])
    return Truth(
        scene=scene, bodies=scene.bodies(), times=TIMES, position=position, velocity=velocity,
        orientation=np.broadcast_to([0.0, 0.0, 0.0, 1.0], (*position.shape[:2], 4)), spin=np.zeros_like(position),
        visible=np.ones(position.shape[:2], dtype=bool), contacts=tuple(replace(c, t=c.t + held / TRUTH_RATE) for c in contacts),
        camera=scene.camera(), gravity=scene.gravity, floor=scene.floor,
    )  # fmt: skip


def case_of(truth: Truth, fps: float = 24.0) -> Case:
    """The case that a truth makes."""
    return Case.of(truth, Request(prompt=truth.scene.prompt, seconds=SECONDS, fps=fps))


def look(
    truth: Truth,
    *,
    fps: float = 24.0,
    size: int = 128,
    pace: float = 1.0,
    noise: float = 0.1,
    late: float = 0.0,
    backwards: bool = False,
) -> Observation:
    """What a perfect observer sees and hears of a truth in the first two seconds.

    ``pace`` 0.5 shows it at half the speed, ``noise`` is in pixels of a picture 128 high, ``late`` shifts the sound (seconds).
    """
    t = np.arange(round(SECONDS * fps)) / fps
    shown, visible = truth.at(t * pace), truth.visible_at(t * pace)
    order = slice(None, None, -1) if backwards else slice(None)
    rng = np.random.default_rng(5)
    tracks = []
    for k, body in enumerate(truth.bodies):
        xy = truth.camera.project(shown[order, k], size, size) + rng.normal(0, noise * size / 128, (len(t), 2))
        there = visible[order, k]
        n = int(there.sum())
        diameter = 2 * body.radius * truth.camera.pixels_per_metre(size, size)
        tracks.append(
            Track(
                id=k, colour=body.colour, frame=np.flatnonzero(there), t=t[there], x=xy[there, 0], y=xy[there, 1],
                size=np.full(n, diameter), confidence=np.ones(n), colours=(body.colour,) * n,
            )
        )
    within = [c for c in truth.contacts if c.t < SECONDS * pace - 0.05 and truth.visible_at(np.array([c.t])).all()]
    heard = [c.t / pace + late + float(np.linalg.norm(np.array(c.point) - truth.camera.eye)) / SOUND_SPEED for c in truth.contacts]
    contacts = tuple(c for c in (_contact(truth, one, size, pace) for one in within) if c is not None)
    if backwards:
        contacts = tuple(replace(c, t=SECONDS - c.t, before=_minus(c.after), after=_minus(c.before)) for c in contacts[::-1])
        heard = [SECONDS - one for one in heard]
    return Observation(
        width=size, height=size, times=t, counts=visible[order].sum(axis=1), tracks=tuple(tracks), contacts=contacts,
        onsets=tuple(Onset(t=one, level_db=-20.0) for one in heard if 0 < one < SECONDS),
    )  # fmt: skip


def _minus(pair: tuple[float, float]) -> tuple[float, float]:
    return (-pair[0], -pair[1])


def _contact(truth: Truth, contact: Contact, size: int, pace: float) -> VisualContact | None:
    """The contact as it looks in the (maybe faulty) trajectories; None where no velocity changes."""
    scale = truth.camera.pixels_per_metre(size, size) * pace * np.array([1.0, -1.0])
    before, after = round(contact.t * TRUTH_RATE) - 3, round(contact.t * TRUTH_RATE) + 3
    names = [body.name for body in truth.bodies]
    columns = [names.index(name) for name in contact.bodies if name in names]
    speeds = [tuple(tuple(truth.velocity[k, c, [0, 2]] * scale) for k in (before, after)) for c in columns]
    change = max(np.hypot(*np.subtract(*pair)) for pair in speeds)
    if change < 0.05 * contact.approach_speed * abs(scale[0]):
        return None
    point = truth.camera.project(np.array(contact.point), size, size)
    other = speeds[1] if len(speeds) > 1 else (None, None)
    return VisualContact(
        t=contact.t / pace, bodies=tuple(columns) if len(columns) > 1 else (columns[0], "floor"), x=float(point[0]), y=float(point[1]),
        before=speeds[0][0], after=speeds[0][1], other_before=other[0], other_after=other[1],
    )  # fmt: skip


@pytest.fixture(name="closed_form")
def _closed_form() -> Callable[..., Truth]:
    return closed_form


@pytest.fixture(name="look")
def _look() -> Callable[..., Observation]:
    return look


@pytest.fixture(name="case_of")
def _case_of() -> Callable[..., Case]:
    return case_of

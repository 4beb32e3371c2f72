"""The only file that calls PyBullet's physics, with every engine parameter set every time.

Why these settings: Bullet makes contacts before bodies touch (``contactBreakingThreshold``) and turns penetration into speed (``erp``), so
its defaults are not ground truth; see docs/ground_truth.md for what was measured.
"""

from __future__ import annotations

import io
import itertools
from dataclasses import replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.files import cache_folder, hash_of, sha256_of, write_bytes
from kinema.scenes.scene import TRUTH_RATE, Scene, Setup
from kinema.scenes.truth import Body, Contact, Truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["STEP_RATE", "simulate", "truth_of"]

STEP_RATE = 3840  # Hz; a whole multiple of 16, 24, 30, 48, 60 and of TRUTH_RATE
RESOLVED_SPEED = 0.02  # -, impacts slower than this share of sqrt(g * view) are resting, not bouncing

ENGINE: dict[str, Any] = {
    "fixedTimeStep": 1 / STEP_RATE,
    "numSubSteps": 0,
    "numSolverIterations": 100,
    "erp": 0.0,
    "contactERP": 0.0,
    "frictionERP": 0.0,
    "contactBreakingThreshold": 1e-6,
    "restitutionVelocityThreshold": 0.0,
    "deterministicOverlappingPairs": 1,
    "enableConeFriction": 0,
    "warmStartingFactor": 0.0,
    "useSplitImpulse": 0,
    "globalCFM": 0.0,
    "contactSlop": 0.0,  # the default 1e-5 m makes a rebound up to 1e-5 m per step too slow
}


def simulate(scene: Scene, seconds: float) -> Truth:
    """What happens in a scene: trajectories at 960 Hz and contacts with sub-step times.

    The bodies are held still for ``scene.delay`` seconds and then released.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> truth = simulate(scene_from_id("drop@1/seed=3"), 2.0)
        >>> len(truth.times), len(truth.contacts) >= 2
        (1921, True)
    """
    setup, bodies = scene.setup(), scene.bodies()
    steps = max(round((seconds - scene.delay) * STEP_RATE), 1)
    position, velocity = _integrate(setup, bodies, scene.gravity, steps)
    contacts = _contacts(position, velocity, bodies, scene)
    stride = round(STEP_RATE / TRUTH_RATE)
    held = round(scene.delay * TRUTH_RATE)
    held_at = np.repeat(position[:1], held, axis=0)
    kept = np.concatenate([held_at, position[::stride]])
    speeds = np.concatenate([np.zeros_like(held_at), velocity[::stride]])
    return Truth(
        scene=scene,
        bodies=bodies,
        times=np.arange(len(kept)) / TRUTH_RATE,
        position=kept,
        velocity=speeds,
        visible=np.ones(kept.shape[:2], dtype=bool),
        contacts=contacts,
        camera=scene.camera(),
        gravity=scene.gravity,
        floor=scene.floor,
        room=_room(scene),
    )


WALL = 0.9  # -, distance of the backdrop behind the plane of motion over the view's height
WALL_REFLECTION = 0.7  # -, pressure thrown back by the backdrop (est)


def _room(scene: Scene) -> dict[str, float]:
    return {"wall_y": WALL * scene.view, "wall_reflection": WALL_REFLECTION}


def _integrate(
    setup: Setup, bodies: tuple[Body, ...], gravity: float, steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions and velocities (steps + 1, bodies, 3)."""
    import pybullet as p

    client = p.connect(p.DIRECT)
    try:
        p.resetSimulation(physicsClientId=client)
        p.setPhysicsEngineParameter(**ENGINE, physicsClientId=client)
        p.setGravity(0, 0, -gravity, physicsClientId=client)
        if setup.pivot is not None:
            return _swing(p, client, setup, bodies[0], steps)
        return _fly(p, client, setup, bodies, steps)
    finally:
        p.disconnect(client)


def _fly(
    p: Any, client: int, setup: Setup, bodies: tuple[Body, ...], steps: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Free balls over a floor without friction."""
    still = {
        "linearDamping": 0.0,
        "angularDamping": 0.0,
        "lateralFriction": 0.0,
        "rollingFriction": 0.0,
        "spinningFriction": 0.0,
    }
    plane = p.createCollisionShape(p.GEOM_PLANE, physicsClientId=client)
    floor = p.createMultiBody(0, plane, physicsClientId=client)
    p.changeDynamics(
        floor, -1, restitution=setup.floor_restitution, contactProcessingThreshold=0, physicsClientId=client, **still
    )
    handles = []
    for body, at, speed, restitution in zip(bodies, setup.position, setup.velocity, setup.restitution, strict=True):
        shape = p.createCollisionShape(p.GEOM_SPHERE, radius=body.radius, physicsClientId=client)
        handle = p.createMultiBody(body.mass, shape, basePosition=at, physicsClientId=client)
        p.changeDynamics(
            handle,
            -1,
            restitution=restitution,
            contactProcessingThreshold=0,
            activationState=p.ACTIVATION_STATE_DISABLE_SLEEPING,
            physicsClientId=client,
            **still,
        )
        p.resetBaseVelocity(handle, speed, [0, 0, 0], physicsClientId=client)
        handles.append(handle)
    position = np.empty((steps + 1, len(handles), 3))
    velocity = np.empty_like(position)
    step, where, speed_of = p.stepSimulation, p.getBasePositionAndOrientation, p.getBaseVelocity
    for k in range(steps + 1):
        for i, handle in enumerate(handles):
            position[k, i] = where(handle, client)[0]
            velocity[k, i] = speed_of(handle, client)[0]
        if k < steps:
            step(client)
    return position, velocity


def _swing(p: Any, client: int, setup: Setup, bob: Body, steps: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """One ball on a massless rod, turning about the y axis through the pivot."""
    pivot = np.array(setup.pivot)
    arm = np.array(setup.position[0]) - pivot
    length = float(np.hypot(arm[0], arm[2]))
    angle = float(np.arctan2(arm[0], -arm[2]))  # from straight down, positive to the right
    shape = p.createCollisionShape(p.GEOM_SPHERE, radius=bob.radius, physicsClientId=client)
    body = p.createMultiBody(
        baseMass=0,
        basePosition=pivot.tolist(),
        linkMasses=[bob.mass],
        linkCollisionShapeIndices=[shape],
        linkVisualShapeIndices=[-1],
        linkPositions=[[0, 0, 0]],
        linkOrientations=[[0, 0, 0, 1]],
        linkInertialFramePositions=[[0, 0, -length]],
        linkInertialFrameOrientations=[[0, 0, 0, 1]],
        linkParentIndices=[0],
        linkJointTypes=[p.JOINT_REVOLUTE],
        linkJointAxis=[[0, -1, 0]],
        physicsClientId=client,
    )
    inertia = 0.4 * bob.mass * bob.radius**2  # a link's own default is 2/3 m r^2, which no solid ball has
    p.changeDynamics(body, 0, localInertiaDiagonal=[inertia] * 3, physicsClientId=client)
    p.changeDynamics(body, 0, linearDamping=0, angularDamping=0, jointDamping=0, physicsClientId=client)
    p.changeDynamics(body, -1, linearDamping=0, angularDamping=0, physicsClientId=client)
    p.setJointMotorControl2(body, 0, p.VELOCITY_CONTROL, force=0, physicsClientId=client)
    p.resetJointState(body, 0, angle, 0, physicsClientId=client)
    swing = np.empty((steps + 1, 2))
    for k in range(steps + 1):
        swing[k] = p.getJointState(body, 0, client)[:2]
        if k < steps:
            p.stepSimulation(client)
    theta, rate = swing.T
    out = np.stack([np.sin(theta), np.zeros_like(theta), -np.cos(theta)], axis=-1)
    along = np.stack([np.cos(theta), np.zeros_like(theta), np.sin(theta)], axis=-1)
    return (pivot + length * out)[:, None], (length * rate[:, None] * along)[:, None]


def _contacts(
    position: NDArray[np.float64], velocity: NDArray[np.float64], bodies: tuple[Body, ...], scene: Scene
) -> tuple[Contact, ...]:
    """Impacts: steps in which a velocity jumps by more than gravity can."""
    if scene.setup().pivot is not None:
        return ()
    threshold = RESOLVED_SPEED * np.sqrt(scene.gravity * scene.view)
    jump = np.diff(velocity, axis=0)
    jump[..., 2] += scene.gravity / STEP_RATE
    found = []
    for i, body in enumerate(bodies):
        hits = np.flatnonzero((jump[:, i, 2] > threshold * 0.1) & (-velocity[:-1, i, 2] > threshold))
        found += [_floor_contact(int(k), i, body, position, velocity, jump) for k in hits]
    for i, j in itertools.combinations(range(len(bodies)), 2):
        near = (
            np.linalg.norm(position[:-1, i] - position[:-1, j], axis=-1) < (bodies[i].radius + bodies[j].radius) * 1.001
        )
        pushed = np.linalg.norm(jump[:, i, :2], axis=-1) > 1e-3 * np.linalg.norm(velocity[0, i] - velocity[0, j])
        found += [
            _pair_contact(int(k), (i, j), bodies, position, velocity, jump) for k in np.flatnonzero(near & pushed)
        ]
    return tuple(sorted((_later(c, scene.delay) for c in found), key=lambda c: c.t))


def _vector(row: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(row[0]), float(row[1]), float(row[2])


def _later(contact: Contact, delay: float) -> Contact:
    return replace(contact, t=contact.t + delay)


def _floor_contact(
    k: int, i: int, body: Body, position: NDArray[np.float64], velocity: NDArray[np.float64], jump: NDArray[np.float64]
) -> Contact:
    """Where within the step before ``k`` the gap closed: the engine reacts one step after penetration."""
    speed = float(-velocity[k, i, 2])
    t = k / STEP_RATE - (body.radius - float(position[k, i, 2])) / speed
    x, y, _ = position[k, i]
    return Contact(
        t=t,
        bodies=(body.name, "floor"),
        point=(float(x), float(y), 0.0),
        normal=(0.0, 0.0, 1.0),
        impulse=body.mass * float(jump[k, i, 2]),
        approach_speed=speed,
    )


def _pair_contact(
    k: int,
    pair: tuple[int, int],
    bodies: tuple[Body, ...],
    position: NDArray[np.float64],
    velocity: NDArray[np.float64],
    jump: NDArray[np.float64],
) -> Contact:
    i, j = pair
    apart = position[k, i] - position[k, j]
    distance = float(np.linalg.norm(apart))
    normal = apart / distance
    speed = float(-(velocity[k, i] - velocity[k, j]) @ normal)
    t = k / STEP_RATE - (bodies[i].radius + bodies[j].radius - distance) / speed
    point = position[k, j] + normal * bodies[j].radius
    return Contact(
        t=t,
        bodies=(bodies[i].name, bodies[j].name),
        point=_vector(point),
        normal=_vector(normal),
        impulse=bodies[i].mass * float(jump[k, i] @ normal),
        approach_speed=speed,
    )


@lru_cache(maxsize=1)
def _source() -> str:
    """What the cached truth depends on beside the scene: this code, the catalogue, and the engine's build."""
    here = Path(__file__).resolve().parent
    files = [
        Path(__file__),
        here / "scene.py",
        here / "truth.py",
        here / "camera.py",
        *sorted((here / "catalogue").glob("*.py")),
    ]
    try:
        engine = metadata.version("pybullet")
    except metadata.PackageNotFoundError:
        engine = "arm64-" + metadata.version("pybullet-arm64")
    return hash_of([engine, *(sha256_of(file) for file in files)])


def truth_of(scene: Scene, seconds: float) -> Truth:
    """:func:`simulate` through the disk cache; the same truth to the last bit."""
    key = hash_of([_source(), type(scene).__qualname__, scene.to_json(), seconds])
    path = cache_folder() / "truth" / f"{key}.npz"
    try:
        with np.load(path, allow_pickle=False) as held:
            return _restore(scene, held)
    except (OSError, ValueError, KeyError):  # absent, or torn by a crash: simulate again
        truth = simulate(scene, seconds)
    buffer = io.BytesIO()
    rows = np.array([[c.t, *c.point, *c.normal, c.impulse, c.approach_speed] for c in truth.contacts]).reshape(-1, 9)
    names = np.array([c.bodies for c in truth.contacts], dtype="U32").reshape(-1, 2)
    np.savez_compressed(
        buffer, times=truth.times, position=truth.position, velocity=truth.velocity, contacts=rows, names=names
    )
    write_bytes(path, buffer.getvalue())
    return truth


def _restore(scene: Scene, held: Any) -> Truth:
    contacts = tuple(
        Contact(
            t=float(row[0]),
            bodies=(str(name[0]), str(name[1])),
            point=_vector(row[1:4]),
            normal=_vector(row[4:7]),
            impulse=float(row[7]),
            approach_speed=float(row[8]),
        )
        for row, name in zip(held["contacts"], held["names"], strict=True)
    )
    return Truth(
        scene=scene,
        bodies=scene.bodies(),
        times=held["times"],
        position=held["position"],
        velocity=held["velocity"],
        visible=np.ones(held["position"].shape[:2], dtype=bool),
        contacts=contacts,
        camera=scene.camera(),
        gravity=scene.gravity,
        floor=scene.floor,
        room=_room(scene),
    )

"""The only file that calls PyBullet's physics, with every engine parameter set every time.

Why these settings: Bullet makes contacts before bodies touch (``contactBreakingThreshold``) and turns penetration into speed (``erp``), so
its defaults are not ground truth; see docs/ground_truth.md for what was measured.
"""

from __future__ import annotations

import contextlib
from array import array
from dataclasses import replace
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.files import cache_folder, hash_of, sha256_of
from kinema.scenes.impacts import FIELDS, Touches, impacts, rubs, swapped
from kinema.scenes.scene import TRUTH_RATE, Joint, Motion, Scene, Setup, State
from kinema.scenes.shapes import NO_TURN, Ball, Box, Cylinder, Hull, Lathe, Solid, inertia_of, mesh_of
from kinema.scenes.truth import Body, Prop, Truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["STEP_RATE", "simulate", "truth_of"]

STEP_RATE = 3840  # Hz, the usual step; a whole multiple of 16, 24, 30, 48, 60 and of TRUTH_RATE
RESOLVED_SPEED = 0.02  # -, impacts slower than this share of sqrt(g * view) are resting, not bouncing

ENGINE: dict[str, Any] = {
    "numSubSteps": 0,
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
    after = max(seconds - scene.delay, 1 / TRUTH_RATE)
    motion = scene.motion(after)
    if motion is None:
        motion = _integrate(scene, after)
    return _truth(scene, motion)


def _truth(scene: Scene, motion: Motion) -> Truth:
    """A motion after release, with the time before it, and all else that the sheet says."""
    held = round(scene.delay * TRUTH_RATE)

    def late(rows: NDArray[np.float64], still: bool) -> NDArray[np.float64]:
        first = np.repeat(rows[:1], held, axis=0)
        return np.concatenate([np.zeros_like(first) if still else first, rows])

    position = late(motion.position, False)
    truth = Truth(
        scene=scene,
        bodies=scene.bodies(),
        times=np.arange(len(position)) / TRUTH_RATE,
        position=position,
        velocity=late(motion.velocity, True),
        orientation=late(motion.orientation, False),
        spin=late(motion.spin, True),
        visible=np.ones(position.shape[:2], dtype=bool),
        contacts=tuple(replace(contact, t=contact.t + scene.delay) for contact in motion.contacts),
        rubs=tuple(replace(rub, times=rub.times + scene.delay) for rub in motion.rubs),
        vertices=_later_vertices(motion, scene.delay),
        tones=scene.tones(),
        utterances=scene.utterances(),
        props=scene.props(),
        ties=scene.ties(),
        camera=scene.camera(),
        gravity=scene.gravity,
        floor=scene.floor,
        room=_room(scene),
    )
    return replace(truth, visible=_visible(truth)) if truth.props else truth


def _later_vertices(motion: Motion, delay: float) -> dict[str, NDArray[np.float32]]:
    """Vertices on a grid that begins with the clip, not with the release, which may lie between two of its samples."""
    from kinema.scenes.truth import VERTEX_RATE

    late = delay * VERTEX_RATE
    found = {}
    for name, rows in (motion.vertices or {}).items():
        step = np.clip(np.arange(len(rows) + int(late)) - late, 0, len(rows) - 1)
        low = np.minimum(step.astype(int), len(rows) - 2)
        share = (step - low).astype(np.float32)[:, None, None]
        found[name] = rows[low] + share * (rows[low + 1] - rows[low])  # what stands still stays where it is, to the last bit
    return found


SEEN_RATE = 120  # Hz, at which it is asked who hides whom


def _visible(truth: Truth) -> NDArray[np.bool_]:
    """(n, bodies): False while a body is wholly hidden by props or by other bodies."""
    from kinema.scenes.visibility import hidden_bodies

    stride = round(TRUTH_RATE / SEEN_RATE)
    moments = truth.times[::stride]
    hidden = hidden_bodies(
        truth.bodies, truth.props, truth.position[::stride], truth.orientation[::stride], truth.cameras(moments)
    )
    seen: NDArray[np.bool_] = ~np.repeat(hidden, stride, axis=0)[: len(truth.times)]
    return seen


def _room(scene: Scene) -> dict[str, float]:
    from kinema.scenes.sound.room import room_of

    return room_of(scene)


# The engine ----------------------------------------------------------------------------------------------------------------------------

STILL = {"linearDamping": 0.0, "angularDamping": 0.0, "spinningFriction": 0.0}


def _integrate(scene: Scene, seconds: float) -> Motion:
    """Let PyBullet run for ``seconds``."""
    setup, bodies = scene.setup(), scene.bodies()
    with _client(scene, setup) as (p, client):
        engine = _Engine(p, client, scene, setup, bodies)
        states, touches = engine.run(max(round(seconds * setup.step_rate), 1))
    stride = setup.step_rate // round(TRUTH_RATE)
    found = Touches.of(touches, engine.names, states, setup.step_rate)
    slowest = RESOLVED_SPEED * float(np.sqrt(max(scene.gravity, 0.1) * scene.view))
    kept = states[::stride]
    return Motion(
        position=kept[..., 0:3].copy(),
        velocity=kept[..., 3:6].copy(),
        orientation=kept[..., 6:10].copy(),
        spin=kept[..., 10:13].copy(),
        contacts=impacts(found, slowest) if setup.hits else (),
        rubs=rubs(found, slowest, stride) if scene.rubbing else (),
    )


@contextlib.contextmanager
def _client(scene: Scene, setup: Setup) -> Iterator[tuple[Any, int]]:
    """An empty world with every parameter set."""
    import pybullet as p

    if setup.step_rate % round(TRUTH_RATE):
        raise ValueError(f"{scene.family}: step rate {setup.step_rate} is no multiple of {TRUTH_RATE:.0f} Hz")
    client = p.connect(p.DIRECT)
    try:
        p.resetSimulation(physicsClientId=client)
        p.setPhysicsEngineParameter(
            **ENGINE,
            fixedTimeStep=1 / setup.step_rate,
            numSolverIterations=setup.iterations,
            solverResidualThreshold=setup.residual,
            erp=setup.erp,
            contactERP=setup.erp,
            frictionERP=setup.erp,
            physicsClientId=client,
        )
        p.setGravity(0, 0, -scene.gravity, physicsClientId=client)
        yield p, client
    finally:
        p.disconnect(client)


class _Engine:
    """The bodies, props and floor of one scene inside PyBullet."""

    def __init__(self, p: Any, client: int, scene: Scene, setup: Setup, bodies: tuple[Body, ...]) -> None:
        self.p, self.client, self.scene, self.setup, self.bodies = p, client, scene, setup, bodies
        self.props = scene.props()
        self.names = [body.name for body in bodies] + ["floor"] + [prop.name for prop in self.props]
        self.number = {name: i for i, name in enumerate(self.names)}
        self.handles: dict[str, tuple[int, int]] = {}  # name -> (multibody, link); link -1 is its base
        self._add_floor()
        for prop in self.props:
            if prop.touchable:
                self._add_prop(prop)
        jointed = {joint.child: joint for joint in setup.joints}
        for i, body in enumerate(bodies):
            if body.name not in jointed:
                self._add_free(i, body)
        for tree in _trees(setup.joints):
            self._add_tree(tree)
        self.who = {handle: self.number[name] for name, handle in self.handles.items()}

    def _value(self, values: tuple[Any, ...], i: int, default: Any) -> Any:
        return values[i] if values else default

    def _add_floor(self) -> None:
        p, client = self.p, self.client
        plane = p.createCollisionShape(p.GEOM_PLANE, physicsClientId=client)
        floor = p.createMultiBody(0, plane, physicsClientId=client)
        self._surface(floor, -1, self.setup.floor_restitution, self.setup.floor_friction, 0.0)
        self.handles["floor"] = (floor, -1)

    def _add_prop(self, prop: Prop) -> None:
        shape = self._shape(prop.solid, fixed=True)
        handle = self.p.createMultiBody(
            0, shape, basePosition=prop.position, baseOrientation=prop.orientation, physicsClientId=self.client
        )
        self._surface(handle, -1, prop.restitution, prop.friction, 0.0)
        self._bare(handle, -1, prop.solid)
        self.handles[prop.name] = (handle, -1)

    def _add_free(self, i: int, body: Body) -> None:
        p, client, setup = self.p, self.client, self.setup
        ghost = body.name in setup.ghosts or body.form.kind == "sheet"
        shape = -1 if ghost else self._shape(body.touch or body.form)
        handle = p.createMultiBody(
            body.mass,
            shape,
            basePosition=setup.position[i],
            baseOrientation=self._value(setup.orientation, i, NO_TURN),
            physicsClientId=client,
        )
        self._rub_of(handle, -1, i)
        self._inertia(handle, -1, body, ghost)
        p.resetBaseVelocity(handle, setup.velocity[i], self._value(setup.spin, i, (0.0, 0.0, 0.0)), physicsClientId=client)
        self.handles[body.name] = (handle, -1)

    def _add_tree(self, joints: list[Joint]) -> None:
        """Bodies on joints as one multibody whose base is the world; all frames are the world's where the joints are at zero."""
        p, client, setup = self.p, self.client, self.setup
        order = [joint.child for joint in joints]
        kinds = {"hinge": p.JOINT_REVOLUTE, "slider": p.JOINT_PRISMATIC, "fixed": p.JOINT_FIXED}
        index = [self.number[name] for name in order]
        starts = {joint.child: np.array(joint.at) for joint in joints}
        centres = [np.array(setup.position[i]) - starts[name] for i, name in zip(index, order, strict=True)]
        turns = [self._value(setup.orientation, i, NO_TURN) for i in index]
        shapes = [
            -1 if name in setup.ghosts else self._shape(self.bodies[i].touch or self.bodies[i].form, at=centre, turn=turn)
            for i, name, centre, turn in zip(index, order, centres, turns, strict=True)
        ]
        parents = [0 if joint.parent is None else order.index(joint.parent) + 1 for joint in joints]
        places = [
            starts[joint.child] - (starts[joint.parent] if joint.parent is not None else np.zeros(3)) for joint in joints
        ]
        handle = p.createMultiBody(
            baseMass=0,
            basePosition=[0, 0, 0],
            linkMasses=[self.bodies[i].mass for i in index],
            linkCollisionShapeIndices=shapes,
            linkVisualShapeIndices=[-1] * len(order),
            linkPositions=[place.tolist() for place in places],
            linkOrientations=[NO_TURN] * len(order),
            linkInertialFramePositions=[centre.tolist() for centre in centres],
            linkInertialFrameOrientations=turns,
            linkParentIndices=parents,
            linkJointTypes=[kinds[joint.kind] for joint in joints],
            linkJointAxis=[joint.axis for joint in joints],
            physicsClientId=client,
        )
        for link, (joint, i) in enumerate(zip(joints, index, strict=True)):
            body = self.bodies[i]
            own = body.inertia or inertia_of(body.form, body.mass)  # a link's own default is 2/3 m r^2, which no solid ball has
            p.changeDynamics(handle, link, localInertiaDiagonal=own, physicsClientId=client)
            self._rub_of(handle, link, i)
            p.changeDynamics(handle, link, jointDamping=joint.damping, maxJointVelocity=1e4, physicsClientId=client)
            if joint.kind != "fixed":
                p.setJointMotorControl2(handle, link, p.VELOCITY_CONTROL, force=0, physicsClientId=client)
                p.resetJointState(handle, link, 0.0, joint.rate, physicsClientId=client)
            self.handles[joint.child] = (handle, link)
        p.changeDynamics(handle, -1, linearDamping=0, angularDamping=0, physicsClientId=client)

    def _shape(self, solid: Solid, *, fixed: bool = False, at: Any = (0.0, 0.0, 0.0), turn: Any = NO_TURN) -> int:
        """A collision shape. Convex, except where a fixed solid of revolution may be hollow."""
        p = self.p
        where = {"collisionFramePosition": list(at), "collisionFrameOrientation": list(turn), "physicsClientId": self.client}
        match solid:
            case Ball(radius):
                return int(p.createCollisionShape(p.GEOM_SPHERE, radius=radius, **where))
            case Box(size):
                return int(p.createCollisionShape(p.GEOM_BOX, halfExtents=[edge / 2 for edge in size], **where))
            case Cylinder(radius, length):
                return int(p.createCollisionShape(p.GEOM_CYLINDER, radius=radius, height=length, **where))
            case Lathe() | Hull():
                mesh = mesh_of(solid)
                vertices = mesh.vertices.tolist()
                if fixed and isinstance(solid, Lathe):
                    faces = mesh.faces.ravel().tolist()
                    flags = p.GEOM_FORCE_CONCAVE_TRIMESH
                    return int(p.createCollisionShape(p.GEOM_MESH, vertices=vertices, indices=faces, flags=flags, **where))
                points = np.unique(np.round(mesh.vertices, 9), axis=0).tolist()
                return int(p.createCollisionShape(p.GEOM_MESH, vertices=points, **where))
            case _:
                raise TypeError("a sheet touches nothing in the engine; its family computes its motion")

    def _surface(self, handle: int, link: int, restitution: float, friction: float, rolling: float) -> None:
        # Bullet adds, for each of two that meet, its rolling friction times the friction of the other: floor and props have none
        self.p.changeDynamics(
            handle,
            link,
            restitution=restitution,
            contactProcessingThreshold=0,
            lateralFriction=friction,
            rollingFriction=rolling,
            physicsClientId=self.client,
            **STILL,
        )

    def _bare(self, handle: int, link: int, solid: Solid) -> None:
        """Without the skin of 1 mm that the engine puts round meshes: with it a box was lifted and slid 5 % too far."""
        if isinstance(solid, Lathe | Hull):
            self.p.changeDynamics(handle, link, collisionMargin=0.0, physicsClientId=self.client)

    def _rub_of(self, handle: int, link: int, i: int) -> None:
        """What a moving body's surface is like, and that it never falls asleep."""
        setup, body = self.setup, self.bodies[i]
        self._bare(handle, link, body.touch or body.form)
        self._surface(
            handle, link, setup.restitution[i], self._value(setup.friction, i, 0.0), self._value(setup.rolling_friction, i, 0.0)
        )
        self.p.changeDynamics(
            handle, link, activationState=self.p.ACTIVATION_STATE_DISABLE_SLEEPING, physicsClientId=self.client
        )

    def _inertia(self, handle: int, link: int, body: Body, ghost: bool) -> None:
        if body.solid is None and body.inertia is None and not ghost:
            return  # a uniform ball: the engine's own
        own = body.inertia or inertia_of(body.form, body.mass)
        self.p.changeDynamics(handle, link, localInertiaDiagonal=own, physicsClientId=self.client)

    def run(self, steps: int) -> tuple[NDArray[np.float64], array[float]]:
        """States (steps + 1, bodies, 13: position, velocity, quaternion, spin) and everything that touched (see ``impacts.FIELDS``)."""
        p, client = self.p, self.client
        states = np.empty((steps + 1, len(self.bodies), 13))
        touched = array("d")
        forced = type(self.scene).forces is not Scene.forces
        listening = self.setup.hits or self.scene.rubbing
        handles = [self.handles[body.name] for body in self.bodies]
        for k in range(steps + 1):
            self._read(handles, states[k])
            if k == steps:
                break
            if forced:
                self._push(handles, states[k], k / self.setup.step_rate)
            p.stepSimulation(client)
            if listening:
                self._touches(k, touched)
        return states, touched

    def _read(self, handles: list[tuple[int, int]], row: NDArray[np.float64]) -> None:
        p, client = self.p, self.client
        for i, (handle, link) in enumerate(handles):
            if link < 0:
                place, facing = p.getBasePositionAndOrientation(handle, client)
                speed, spin = p.getBaseVelocity(handle, client)
            else:
                state = p.getLinkState(handle, link, 1, 1, client)
                place, facing, speed, spin = state[0], state[1], state[6], state[7]
            row[i] = (*place, *speed, *facing, *spin)

    def _push(self, handles: list[tuple[int, int]], row: NDArray[np.float64], t: float) -> None:
        """The scene's own forces, at the centres of mass."""
        p, client = self.p, self.client
        found = self.scene.forces(State(t, row[:, 0:3], row[:, 3:6], row[:, 6:10], row[:, 10:13]))
        if found is None:
            return
        force, torque = found
        for i, (handle, link) in enumerate(handles):
            if force[i].any():
                p.applyExternalForce(handle, link, force[i].tolist(), row[i, 0:3].tolist(), p.WORLD_FRAME, client)
            if torque[i].any():
                p.applyExternalTorque(handle, link, torque[i].tolist(), p.WORLD_FRAME, client)

    def _touches(self, k: int, touched: array[float]) -> None:
        who = self.who
        for point in self.p.getContactPoints(physicsClientId=self.client):
            a, b = who.get((point[1], point[3])), who.get((point[2], point[4]))
            if a is not None and b is not None:
                on_second = point[5] if swapped(a, b, len(self.bodies)) else point[6]
                touched.extend((k, a, b, *on_second, *point[7], point[8], point[9]))


assert len(FIELDS) == 11  # what _touches writes


def _trees(joints: tuple[Joint, ...]) -> list[list[Joint]]:
    """Joints that hang together, roots first."""
    trees: list[list[Joint]] = []
    for joint in joints:
        home = next((tree for tree in trees if any(other.child == joint.parent for other in tree)), None)
        if joint.parent is not None and home is None:
            raise ValueError(f"joint of {joint.child!r}: its parent {joint.parent!r} must be listed before it")
        if home is None:
            trees.append([joint])
        else:
            home.append(joint)
    return trees


# The cache -----------------------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _source() -> str:
    """What the cached truth depends on beside the scene: this code, the catalogue, and the engine's build."""
    here = Path(__file__).resolve().parent
    names = ("world", "impacts", "scene", "truth", "camera", "shapes", "materials", "visibility")
    files = [*(here / f"{name}.py" for name in names), *sorted((here / "catalogue").glob("*.py")), *sorted((here / "sound").glob("*.py"))]
    try:
        engine = metadata.version("pybullet")
    except metadata.PackageNotFoundError:
        engine = "arm64-" + metadata.version("pybullet-arm64")
    return hash_of([engine, *(sha256_of(file) for file in files if file.exists())])


def truth_of(scene: Scene, seconds: float) -> Truth:
    """:func:`simulate` through the disk cache; the same truth to the last bit."""
    from kinema.scenes import _store

    given = _store.lookup(scene, seconds)
    if given is not None:
        return given
    key = hash_of([_source(), type(scene).__qualname__, scene.to_json(), seconds])
    path = cache_folder() / "truth" / f"{key}.npz"
    held = _store.load(scene, path)
    if held is not None:
        return held
    truth = simulate(scene, seconds)
    _store.save(truth, path)
    return truth

"""A jelly that lands and wobbles."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.linalg import eigh, lu_factor, lu_solve

from kinema.scenes.catalogue.apparatus import account_of, counted, crossings, landing_proof, picture_radius, seconds_of
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS
from kinema.scenes.catalogue.lattice import Course, Lattice, floor_touch, motion_of, run, speeds
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS, length_of
from kinema.scenes.proof import Proof, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Motion, Scene, Setup
from kinema.scenes.shapes import Sheet
from kinema.scenes.truth import VERTEX_RATE, Body, Contact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Truth

    Array = NDArray[np.float64]

__all__ = ["Jelly"]

NODES = 6  # points along an edge
RATE = 1920  # Hz


@lru_cache(maxsize=8)
def _cube(edge: float, mass: float, pitch: float) -> Lattice:
    """A cube of points joined to all their neighbours, its volume kept by pressure.

    Args:
        edge: m.
        mass: kg.
        pitch: rad/s, of the slowest wave up and down a rod of it that stands on the floor: ``(pi / 2 edge) sqrt(E / rho)``.
    """
    places = np.stack(np.meshgrid(*[np.arange(NODES)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    number = {tuple(place): i for i, place in enumerate(places.tolist())}
    ways = [(x, y, z) for x in (-1, 0, 1) for y in (-1, 0, 1) for z in (-1, 0, 1) if (x, y, z) > (0, 0, 0)]
    pairs = np.array([
        (i, number[there]) for i, place in enumerate(places.tolist()) for way in ways
        if (there := tuple(p + w for p, w in zip(place, way, strict=True))) in number
    ])  # fmt: skip
    cell, point = edge / (NODES - 1), mass / NODES**3
    rest = np.asarray(places, dtype=float) * cell - edge / 2
    modulus = (2 * edge * pitch / np.pi) ** 2 * mass / edge**3
    stiffness = np.full(len(pairs), 0.25 * modulus * cell)
    damping = 0.2 / pitch * stiffness
    return Lattice(rest, pairs, stiffness, damping, np.zeros(len(pairs)), point, np.array(_cube_faces()), 4 * modulus)


def _cube_faces() -> tuple[tuple[int, int, int], ...]:
    """Triangles of the surface of the cube of points, counter-clockwise from outside."""
    number = np.arange(NODES**3).reshape(NODES, NODES, NODES)
    found = []
    for axis in range(3):
        for end in (0, -1):
            side = np.take(number, end, axis=axis)
            a, b, c, d = (part.ravel() for part in (side[:-1, :-1], side[1:, :-1], side[1:, 1:], side[:-1, 1:]))
            outwards = (end == -1) == (axis != 1)  # x cross z points to -y
            for first, second, third in ((a, b, c), (a, c, d)):
                corner = (first, second, third) if outwards else (first, third, second)
                found.append(np.stack(corner, axis=-1))
    return tuple((i, j, k) for i, j, k in np.concatenate(found).tolist())


@lru_cache(maxsize=1)
def _skin() -> tuple[NDArray[np.int64], tuple[tuple[int, int, int], ...]]:
    """What is seen of the cube: each side has its points for itself, after those of the lattice, so that its edges are sharp.

    Returns:
        Which point of the lattice each further vertex copies, and triangles between these further vertices.
    """
    faces = np.array(_cube_faces())
    sides = np.split(faces, 6)
    copied = [np.unique(side) for side in sides]
    starts = NODES**3 + np.cumsum([0, *(len(points) for points in copied[:-1])])
    shown = [start + np.searchsorted(points, side) for start, points, side in zip(starts, copied, sides, strict=True)]
    return np.concatenate(copied), tuple((i, j, k) for i, j, k in np.concatenate(shown).tolist())


@dataclass(frozen=True, kw_only=True)
class Jelly(Scene):
    """A cube of jelly dropped flat on the floor: it squashes, springs back, and wobbles until it stands still.

    A lattice of springs of our own with a pressure that keeps its volume (``lattice.py`` says why not PyBullet's deformables): 6 x 6 x 6
    points at 1920 Hz. Closed forms: the moment it lands, ``sqrt(2 h / g)``, and the period of its last, small wobble: that of the slowest
    mode of the lumped model up and down (eigenvalues of its stiffness about its rest on the floor). Invariants: volume and energy.

    History: 1 = first release.
    """

    family: ClassVar[str] = "jelly"
    area: ClassVar[str] = "soft things"
    laws: ClassVar[tuple[str, ...]] = ("gravity", "period", "energy")

    colour: str
    edge: float  # m
    height: float  # m, from its lower side to the floor
    pitch: float  # rad/s, how stiff it is: of a rod of it, see _cube

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {"world": str(rng.choice(["earth", "earth", "mars", "moon"])), "floor": str(rng.choice(list(CLASSIC_FLOORS)))}
        own["colour"] = str(rng.choice(list(COLOURS)))
        edge, share, height, sag = rng.uniform(0.32, 0.42), rng.uniform(0.28, 0.32), rng.uniform(0.55, 0.7), rng.uniform(0.036, 0.044)
        own |= {"prompt_id": int(rng.integers(len(_JELLY) + 1)), **overrides}
        edge = own.setdefault("edge", round(edge, 3))
        own.setdefault("view", round(edge / share, 3))
        own.setdefault("height", round(height * edge, 3))
        own.setdefault("pitch", round(float(np.pi / 2 * np.sqrt(GRAVITY["earth"] / (2 * sag * edge))), 2))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Dropped from another height."""
        return {"height": self.height * float(rng.uniform(0.95, 1.05))}

    @property
    def mass(self) -> float:
        """Kg."""
        return 1030.0 * self.edge**3

    @property
    def cube(self) -> Lattice:
        """Its points and springs."""
        return _cube(self.edge, self.mass, self.pitch)

    @property
    def landing(self) -> float:
        """Closed form: seconds from the release until it lands."""
        return float(np.sqrt(2 * self.height / self.gravity))

    def bodies(self) -> tuple[Body, ...]:
        """The jelly."""
        return (
            Body(
                name="jelly", colour=self.colour, material="jelly", radius=picture_radius(self.edge**2), mass=self.mass, shape="cube",
                solid=Sheet(_skin()[1]),
            ),
        )  # fmt: skip

    def setup(self) -> Setup:
        """At rest above the floor."""
        return Setup(position=((0.0, 0.0, self.height + self.edge / 2),), velocity=((0.0, 0.0, 0.0),), restitution=(0.0,))

    def motion(self, seconds: float) -> Motion:
        """Of the lattice; see ``lattice.py`` for why it is not PyBullet's."""

        def touch(x: Array, v: Array, step: float) -> None:
            floor_touch(x, v, step, 0.9)

        start = self.cube.rest + np.array([0.0, 0.0, self.height + self.edge / 2])
        course = run(self.cube, start, self.gravity, seconds, RATE, touch)
        shown = replace(course, vertices=np.concatenate([course.vertices, course.vertices[:, _skin()[0]]], axis=1))
        return motion_of(shown, "jelly", self._landings(course))

    def _landings(self, course: Course) -> tuple[Contact, ...]:
        """Each time that it comes down after having left the floor for 20 ms."""
        down = course.lowest < 1e-9
        found = []
        for k in (np.flatnonzero(down[1:] & ~down[:-1]) + 1).tolist():
            before = down[max(k - round(0.02 * TRUTH_RATE), 0) : k]
            speed = float((course.lowest[k - 2] - course.lowest[k - 1]) * TRUTH_RATE) if k > 1 else 0.0
            if before.any() or speed <= 0:
                continue
            t = (k - 1) / TRUTH_RATE + float(course.lowest[k - 1]) / speed  # between two samples
            later = min(int(k) + round(0.25 * 2 * np.pi / self.pitch * TRUTH_RATE), len(course.drift) - 1)
            gained = float(course.drift[later, 2] - course.drift[k - 1, 2]) + self.gravity * (later - k + 1) / TRUTH_RATE
            x, y, _ = course.centre[k]
            found.append(Contact(
                t=t, bodies=("jelly", "floor"), point=(float(x), float(y), 0.0), normal=(0.0, 0.0, 1.0),
                impulse=max(self.mass * gained, 1e-9), approach_speed=speed,
            ))  # fmt: skip
        return tuple(found)

    def account(self) -> Account:
        """Words."""
        words = {
            "jelly": f"{self.colour} jelly cube", "edge": length_of(self.edge), "height": length_of(self.height),
            "floor": FLOORS[self.floor], "world": WORLDS[self.world], "time": seconds_of(self.landing),
        }  # fmt: skip
        beats = (
            (0.0, "the jelly is let go and falls"),
            (self.landing, "it lands flat with a soft plop, squashes and bulges"),
            (self.landing + 0.5, "it hops and wobbles up and down, less and less"),
        )
        return account_of(_JELLY, words, beats, ("a soft plop whenever the jelly lands",), ("no music", "no voices"))

    def claims(self) -> tuple[Claim, ...]:
        """One cube that falls and is heard as it lands."""
        return (
            Claim(kind="colour", value=self.colour, body=0),
            counted(1),
            Claim(kind="shape", value="cube", body=0),
            Claim(kind="material", value="jelly", body=0),
            Claim(kind="direction", value="down", body=0),
            Claim(kind="sound", value="impact", words=("plop",)),
        )

    def wobble(self, standing: Array) -> tuple[float, float]:
        """Closed form: period in s of the lumped model's slowest mode up and down, and the height of its top at rest, m.

        Args:
            standing: (V, 3) m, the points as they stand on the floor, nearly at rest.
        """
        cube, x = self.cube, standing.copy()
        free = np.flatnonzero(x[:, 2] > 1e-4 * self.edge)
        factors = lu_factor(cube.stiffness_at(x, free))
        for _ in range(5):  # Newton's method with one slope, to where all forces balance
            force = cube.forces(x, np.zeros_like(x))[free]
            force[:, 2] -= cube.mass * self.gravity
            x[free] += lu_solve(factors, force.ravel()).reshape(-1, 3)
        squares, modes = eigh(cube.stiffness_at(x, free) / cube.mass, subset_by_index=(0, 30))
        mode = int(np.abs(modes[2::3].sum(axis=0)).argmax())  # the one that lifts the whole furthest
        moving = np.zeros_like(x)
        moving[free] = 1e-3 * modes[:, mode].reshape(-1, 3)
        drag = float(((cube.forces(x, 0 * x) - cube.forces(x, moving))[free].ravel() @ modes[:, mode]) / (1e-3 * cube.mass))
        return float(2 * np.pi / np.sqrt(squares[mode] - (drag / 2) ** 2)), float(x[self._top, 2].mean())

    @property
    def _top(self) -> NDArray[np.int64]:
        return np.arange(NODES - 1, NODES**3, NODES)

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Landing, wobble, volume, energy."""
        x, v = speeds(truth.vertices["jelly"][round(self.delay * VERTEX_RATE) :, : NODES**3])
        energy = self.cube.energy(x, v, self.gravity)
        volume = self.cube.volume(x) / float(self.cube.volume(self.cube.rest))
        return (
            *landing_proof(truth, "landing", self.landing, "sqrt(2 h / g)"),
            *self._wobble_proof(x),
            Proof(
                law="volume changes by", closed_form=0.0, simulated=float(np.abs(volume - 1).max()), tolerance=0.08, scale=1.0,
                source="pressure keeps it",
            ),
            never_rises(energy, self.mass * self.gravity * self.height),
        )  # fmt: skip

    def _wobble_proof(self, x: Array) -> tuple[Proof, ...]:
        """The period of the last wobbles, where it has come to stand."""
        standing = np.flatnonzero(x[:, : NODES**2 * NODES : NODES, 2].max(axis=1) > 1e-4 * self.edge)
        first = int(standing[-1]) + 1 if len(standing) else 0
        if len(x) - first < 0.35 * VERTEX_RATE:
            return ()
        period, level = self.wobble(x[-1])
        height = x[first:, self._top, 2].mean(axis=1) - level
        through = crossings(np.arange(len(height)) / VERTEX_RATE, height)[-9:]
        if len(through) < 5:
            return ()
        seen = 2 * float(through[-1] - through[0]) / (len(through) - 1)
        source = "eigenvalues of K / m at rest, damped"
        return (Proof(law="period of the wobble", closed_form=period, simulated=seen, tolerance=0.01, source=source),)

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How large the cube is, and from how high it falls."""
        return {
            "size": tuple(replace(self, edge=self.edge * share) for share in (0.7, 0.85, 1.0)),
            "height": tuple(replace(self, height=self.height * share) for share in (0.5, 0.75, 1.0)),
        }


_JELLY = (
    "One {jelly}, {edge} wide, falls straight down from {height} onto {floor} {world}, lands with a soft plop and wobbles.",
    "One {jelly} with edges of {edge} is let go flat, {height} above {floor} {world}. It falls straight down, lands with a soft plop after "
    "{time}, squashes and bulges at its sides, hops a little and wobbles, less and less, until it stands still.",
    "A single {jelly} of {edge} drops down {height} to {floor} {world}; there is a plop, it flattens, stretches and trembles.",
    "Dropped {world} from {height}, one soft {jelly} ({edge} wide) falls down flat on {floor} with a plop, hops and quivers until it is at "
    "rest.",
)

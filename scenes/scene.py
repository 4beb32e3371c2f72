"""The data sheet of a scene, and the table of families."""

from __future__ import annotations

import re
import zlib
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.errors import ConfigError
from kinema.registry import Registry
from kinema.scenes.camera import Camera, moved
from kinema.scenes.shapes import Quaternion, Vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.proof import Proof
    from kinema.scenes.request import Claim
    from kinema.scenes.truth import Body, Contact, Prop, Rub, Tie, Tone, Truth, Utterance

__all__ = ["GRAVITY", "SCENES", "Joint", "Motion", "Scene", "Setup", "State", "scene_from_id"]

TRUTH_RATE = 960.0  # Hz, of stored trajectories
GRAVITY = {
    "earth": 9.81,
    "moon": 1.62,
    "mars": 3.71,
    "jupiter": 24.79,
}  # m/s^2 at the surface (NASA planetary fact sheet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """What holds a body to another one or to the world. Where it stands in ``setup`` is its zero.

    Joints make a tree: every body has at most one parent, listed before it.
    """

    child: str
    parent: str | None = None  # None is the world
    kind: str = "hinge"  # "hinge" turns about the axis, "slider" moves along it, "fixed" does neither
    at: Vector = (0.0, 0.0, 0.0)  # m, a world point of the axis at release
    axis: Vector = (0.0, 1.0, 0.0)  # in the world at release; a hinge turns counter-clockwise about it
    rate: float = 0.0  # rad/s or m/s at release
    damping: float = 0.0  # N m s or N s/m


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the simulator is given at the moment of release; tuples run along ``Scene.bodies()``, an empty one stands for its default.

    Bullet multiplies restitution and friction of the two bodies that meet, so the floor's and a prop's are 1 where a body's own is the
    pair's, and 0 where the floor must not throw anything back.
    """

    position: tuple[Vector, ...]  # m, centres
    velocity: tuple[Vector, ...]  # m/s; of a body on a joint the joint's rate counts instead
    restitution: tuple[float, ...]
    floor_restitution: float = 1.0
    orientation: tuple[Quaternion, ...] = ()  # default: the body's own axes are the world's
    spin: tuple[Vector, ...] = ()  # rad/s about the world's axes; default: none
    friction: tuple[float, ...] = ()  # Coulomb's coefficient; default: 0
    rolling_friction: tuple[float, ...] = ()  # m, torque per load; default: 0
    floor_friction: float = 1.0
    joints: tuple[Joint, ...] = ()
    ghosts: tuple[str, ...] = ()  # bodies that touch nothing
    step_rate: int = 3840  # Hz, a multiple of 960
    erp: float = 0.0  # share of a penetration that is corrected per step: above 0 only where bodies rest for long and do not bounce
    iterations: int = 100  # of the contact solver
    residual: float = 1e-7  # m/s, at which the solver stops early; 0 where bodies rest or slide, or they feel false friction
    hits: bool = True  # False: contacts are not reported as impacts


@dataclass(slots=True)
class State:
    """What the forces of a scene may depend on, ``t`` seconds after release."""

    t: float
    position: NDArray[np.float64]  # (bodies, 3)
    velocity: NDArray[np.float64]  # (bodies, 3)
    orientation: NDArray[np.float64]  # (bodies, 4)
    spin: NDArray[np.float64]  # (bodies, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """What happened after release: samples at ``TRUTH_RATE``, times counted from the release."""

    position: NDArray[np.float64]  # (n, bodies, 3)
    velocity: NDArray[np.float64]  # (n, bodies, 3)
    orientation: NDArray[np.float64]  # (n, bodies, 4)
    spin: NDArray[np.float64]  # (n, bodies, 3)
    contacts: tuple[Contact, ...] = ()
    rubs: tuple[Rub, ...] = ()
    vertices: dict[str, NDArray[np.float32]] | None = None  # at VERTEX_RATE


@dataclass(frozen=True, kw_only=True)
class Scene(ABC):
    """One seeded physical situation. SI units; x right, y away from the camera, z up; the floor is ``z = 0``."""

    family: ClassVar[str]
    version: ClassVar[int] = 1
    laws: ClassVar[tuple[str, ...]] = ()  # which laws a viewer can check: see metrics/dynamics.py
    audible: ClassVar[bool] = True  # False: nothing is to be heard
    rubbing: ClassVar[bool] = False  # True: sliding and rolling contacts are recorded, and heard
    area: ClassVar[str] = ""  # of physics, as a table's heading calls it

    seed: int
    world: str = "earth"
    floor: str = "wood"
    view: float = 1.0  # m, how much of the plane of motion the nominal picture shows from bottom to top
    yaw: float = 0.0  # radians, camera
    closeness: float = 1.0  # -, camera distance over the nominal one
    delay: float = 0.0  # s, everything is held still until then
    prompt_id: int = 0
    room: str = "studio"  # of sound.room.ROOMS: where it is heard
    style: str = "plain"  # of prompts.STYLES: how it is drawn
    lighting: str = "studio"  # of prompts.LIGHTINGS
    move: str = "static"  # of camera.MOVES
    variant: str = ""  # "factor=level" of a contrast set that this scene belongs to
    note: str = ""  # a sentence that every prompt says too: what a contrast set changes and the wordings leave open

    @property
    def id(self) -> str:
        """``family@version/seed=N``, or ``family@version/seed=N+factor=level`` for a scene of a contrast set."""
        return f"{self.family}@{self.version}/seed={self.seed}" + (f"+{self.variant}" if self.variant else "")

    @property
    def gravity(self) -> float:
        """m/s^2."""
        return GRAVITY[self.world]

    @classmethod
    def rng(cls, seed: int, *more: int) -> np.random.Generator:
        """The random stream that belongs to a seed of this family."""
        return np.random.default_rng([zlib.crc32(cls.family.encode()), cls.version, seed, *more])

    @classmethod
    @abstractmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """The scene that belongs to a seed; ``overrides`` fix single parameters before the others are drawn."""

    @abstractmethod
    def bodies(self) -> tuple[Body, ...]:
        """The moving bodies."""

    @abstractmethod
    def setup(self) -> Setup:
        """Positions and velocities at the moment of release."""

    def camera(self) -> Camera:
        """Where it is seen from: a lens of 25 degrees, the floor's line 12 % above the lower edge."""
        return Camera(
            target=(0.0, 0.0, 0.38 * self.view),
            distance=2.26 * self.view * self.closeness,  # 1 / (2 tan 12.5 degrees)
            yaw=self.yaw,
            eye_height=0.62 * self.view,
            view_height=self.view * self.closeness,
        )

    def camera_at(self, t: float) -> Camera:
        """The camera at ``t`` seconds of the clip: :meth:`camera`, moved."""
        return moved(self.camera(), self.move, t)

    def props(self) -> tuple[Prop, ...]:
        """What stands still: ramps, tables, screens."""
        return ()

    def ties(self) -> tuple[Tie, ...]:
        """Rods, strings and springs to be drawn."""
        return ()

    def forces(self, state: State) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Forces in N and torques in N m, (bodies, 3) each, in the world's axes, beside gravity: drag, springs, buoyancy. None: none."""
        del state
        return None

    def motion(self, seconds: float) -> Motion | None:
        """The motion where the engine is not to compute it (``seconds`` after release, both ends included); None: it is."""
        del seconds
        return None

    def tones(self) -> tuple[Tone, ...]:
        """Bodies that sound by themselves."""
        return ()

    def utterances(self) -> tuple[Utterance, ...]:
        """What bodies say."""
        return ()

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Closed forms or invariants beside what this truth, simulated from this scene, says."""
        del truth
        return ()

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Factors that this family can be steered in beyond those of every family: at least three scenes each, in order of the factor.

        Each scene differs from this one in that factor alone (one of the scenes may be this one). See ``scenes/contrast.py``.
        """
        return {}

    @abstractmethod
    def account(self) -> Account:
        """What happens, in words; the prompts are made of it."""

    def prompts(self) -> tuple[str, ...]:
        """At least four wordings of the same request, the first of them short, the second in detail."""
        from kinema.scenes.prompts import wordings

        return wordings(self)

    @abstractmethod
    def claims(self) -> tuple[Claim, ...]:
        """What every one of the prompts asserts."""

    @abstractmethod
    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Heights and speeds within 5 % of this scene's own: what a take redraws of the physics."""

    @property
    def prompt(self) -> str:
        """The wording that belongs to this seed."""
        return self.prompts()[self.prompt_id]

    def take(self, number: int) -> Self:
        """Another draw of the same scene; number 0 is the scene itself.

        Heights and speeds +-5 %, camera yaw +-5 degrees, distance +-10 %, start delay 0-0.25 s.
        """
        if number == 0:
            return self
        rng = self.rng(self.seed, 1, number)
        return replace(
            self,
            **self.vary(rng),
            yaw=float(np.radians(rng.uniform(-5, 5))),
            closeness=float(rng.uniform(0.9, 1.1)),
            delay=self.delay + round(float(rng.uniform(0, 0.25)) * TRUTH_RATE) / TRUTH_RATE,
        )

    def to_json(self) -> dict[str, Any]:
        """Every parameter, with the id."""
        return {"id": self.id, **asdict(self)}


SCENES: Registry[type[Scene]] = Registry("scene")
_CATALOGUE = {  # family -> class, by area; new families at the end of their area
    # the first four
    "drop": "falling:Drop",
    "projectile": "falling:Projectile",
    "pendulum": "swinging:Pendulum",
    "collision": "colliding:Collision",
    # falling and flight
    "terminal_speed": "air:TerminalSpeed",
    "feather": "parachute:Feather",
    "toss": "tossing:Toss",
    "trampoline": "springy:Trampoline",
    # rolling and sliding
    "incline_slide": "sliding:InclineSlide",
    "friction_stop": "sliding:FrictionStop",
    "incline_race": "racing:InclineRace",
    "backspin": "rolling:Backspin",
    "ramp_jump": "jumping:RampJump",
    "loop": "looping:Loop",
    # collisions
    "oblique": "striking:Oblique",
    "rack_break": "racking:RackBreak",
    "cradle": "knocking:Cradle",
    "bowling": "bowling:Bowling",
    # swing, spring, turn
    "double_pendulum": "linked:DoublePendulum",
    "mass_on_spring": "springs:MassOnSpring",
    "damped_spring": "springs:DampedSpring",
    "chain": "chains:Chain",
    "seesaw": "levers:Seesaw",
    "door": "hinged:Door",
    "atwood": "pulley:Atwood",
    "spinning_top": "spinning:SpinningTop",
    "tumbling": "tumbling:Tumbling",
    # standing and falling over
    "tower": "standing:Tower",
    "tipping": "tipping:Tipping",
    "dominoes": "dominoes:Dominoes",
    # unseen things
    "screen": "hidden:Screen",
    "bowl": "bowl:Bowl",
    "shell_game": "shells:ShellGame",
    # water and grains
    "floating": "water:Floating",
    "sinking": "sinking:Sinking",
    "balloon": "rising:Balloon",
    "grains": "grains:Grains",
    # soft things
    "cloth": "soft:Cloth",
    "jelly": "jelly:Jelly",
    # two of a kind
    "two_drops": "paired:TwoDrops",
    "two_pendulums": "pendulums:TwoPendulums",
    # sound
    "talking_puppet": "talking:TalkingPuppet",
    "puppet_duet": "talking:PuppetDuet",
    "buzzer": "sounding:Buzzer",
    "whirling_buzzer": "sounding:WhirlingBuzzer",
    "echo": "echoing:Echo",
}
for _name, _where in _CATALOGUE.items():
    SCENES.add(_name, f"kinema.scenes.catalogue.{_where}", home=f"kinema.scenes.catalogue.{_where}")


def scene_from_id(text: str, **overrides: Any) -> Scene:
    """The scene that an id names.

    Raises:
        ConfigError: the text is no id, or names another version than the installed one.
        UnknownName: no such family.
    """
    match = re.fullmatch(r"([a-z_]+)@(\d+)/seed=(\d{1,9})(?:\+([a-z_]+=[A-Za-z0-9_.-]+))?", text)
    if match is None:
        raise ConfigError(f"{text!r} is not a scene; write family@version/seed=N, for example drop@1/seed=3")
    cls = SCENES[match[1]].load()
    if int(match[2]) != cls.version:
        raise ConfigError(f"{text!r}: this Kinema has {match[1]}@{cls.version}")
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(overrides) - known)
    if unknown:
        raise ConfigError(f"{match[1]} has no parameter {unknown[0]!r}; it has {', '.join(sorted(known))}")
    scene = cls.draw(int(match[3]), **overrides)
    if match[4] is None:
        return scene
    from kinema.scenes.contrast import variant_of

    return variant_of(scene, match[4])

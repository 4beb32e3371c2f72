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
from kinema.scenes.camera import Camera

if TYPE_CHECKING:
    from kinema.scenes.request import Claim
    from kinema.scenes.truth import Body

__all__ = ["GRAVITY", "SCENES", "Scene", "Setup", "scene_from_id"]

TRUTH_RATE = 960.0  # Hz, of stored trajectories
GRAVITY = {
    "earth": 9.81,
    "moon": 1.62,
    "mars": 3.71,
    "jupiter": 24.79,
}  # m/s^2 at the surface (NASA planetary fact sheet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the simulator is given at the moment of release.

    Bullet multiplies the restitutions of the two bodies that meet, so the floor's is 1 where a body's own is the pair's, and 0 where the
    floor must not throw anything back.
    """

    position: tuple[tuple[float, float, float], ...]  # m, centres
    velocity: tuple[tuple[float, float, float], ...]  # m/s
    restitution: tuple[float, ...]
    floor_restitution: float = 1.0
    pivot: tuple[float, float, float] | None = None  # m; the only body hangs from it on a massless rod


@dataclass(frozen=True, kw_only=True)
class Scene(ABC):
    """One seeded physical situation. SI units; x right, y away from the camera, z up; the floor is ``z = 0``."""

    family: ClassVar[str]
    version: ClassVar[int] = 1
    laws: ClassVar[tuple[str, ...]] = ()  # which laws a viewer can check: see metrics/dynamics.py

    seed: int
    world: str = "earth"
    floor: str = "wood"
    view: float = 1.0  # m, how much of the plane of motion the nominal picture shows from bottom to top
    yaw: float = 0.0  # radians, camera
    closeness: float = 1.0  # -, camera distance over the nominal one
    delay: float = 0.0  # s, everything is held still until then
    prompt_id: int = 0

    @property
    def id(self) -> str:
        """``family@version/seed=N``."""
        return f"{self.family}@{self.version}/seed={self.seed}"

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

    @abstractmethod
    def prompts(self) -> tuple[str, ...]:
        """At least four wordings of the same request."""

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
            delay=round(float(rng.uniform(0, 0.25)) * TRUTH_RATE) / TRUTH_RATE,
        )

    def to_json(self) -> dict[str, Any]:
        """Every parameter, with the id."""
        return {"id": self.id, **asdict(self)}


SCENES: Registry[type[Scene]] = Registry("scene")
for _name, _where in {
    "drop": "falling:Drop",
    "projectile": "falling:Projectile",
    "pendulum": "swinging:Pendulum",
    "collision": "colliding:Collision",
}.items():
    SCENES.add(_name, f"kinema.scenes.catalogue.{_where}", home=f"kinema.scenes.catalogue.{_where}")


def scene_from_id(text: str, **overrides: Any) -> Scene:
    """The scene that an id names.

    Raises:
        ConfigError: the text is no id, or names another version than the installed one.
        UnknownName: no such family.
    """
    match = re.fullmatch(r"([a-z_]+)@(\d+)/seed=(\d{1,9})", text)
    if match is None:
        raise ConfigError(f"{text!r} is not a scene; write family@version/seed=N, for example drop@1/seed=3")
    cls = SCENES[match[1]].load()
    if int(match[2]) != cls.version:
        raise ConfigError(f"{text!r}: this Kinema has {match[1]}@{cls.version}")
    known = {field.name for field in fields(cls)}
    unknown = sorted(set(overrides) - known)
    if unknown:
        raise ConfigError(f"{match[1]} has no parameter {unknown[0]!r}; it has {', '.join(sorted(known))}")
    return cls.draw(int(match[3]), **overrides)

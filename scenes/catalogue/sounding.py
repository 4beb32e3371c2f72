"""Bodies that sound while they move."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.camera import Camera
from kinema.scenes.catalogue.ball import OneBall
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, Account, length_of, of_material
from kinema.scenes.proof import Proof
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE, Motion, Setup
from kinema.scenes.sound.modes import SPEED_OF_SOUND
from kinema.scenes.sound.tone import heard_frequency
from kinema.scenes.truth import Tone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.truth import Truth

__all__ = ["Buzzer", "WhirlingBuzzer"]

BUZZ = 6.0  # Pa (rms) at 1 m: 110 dB, a horn (est)
PASSES = 1.4  # s after release, when the passing one is nearest


@dataclass(frozen=True, kw_only=True)
class Buzzing(OneBall):
    """What scenes with one buzzing ball share: its tone from the first to the last moment, and its pitch as it is heard."""

    area: ClassVar[str] = "sound"
    laws: ClassVar[tuple[str, ...]] = ()

    pitch: float  # Hz, at rest

    def tones(self) -> tuple[Tone, ...]:
        """It buzzes all the time."""
        return (Tone(body="ball", frequency=self.pitch, start=0.0, end=10.0, pressure=BUZZ),)

    def path(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Positions and velocities (n, 3), ``times`` seconds after release: the closed form."""
        raise NotImplementedError

    def setup(self) -> Setup:
        """At release."""
        place, speed = (tuple(float(x) for x in row[0]) for row in self.path(np.zeros(1)))
        return Setup(position=(place,), velocity=(speed,), restitution=(0.0,), hits=False)  # type: ignore[arg-type]

    def motion(self, seconds: float) -> Motion:
        """The closed form at every moment."""
        times = np.arange(round(seconds * TRUTH_RATE) + 1) / TRUTH_RATE
        position, velocity = self.path(times)
        turn = np.zeros((len(times), 1, 4))
        turn[..., 3] = 1.0
        return Motion(position=position[:, None], velocity=velocity[:, None], orientation=turn, spin=np.zeros((len(times), 1, 3)))

    def shift(self, truth: Truth, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Closed form of the pitch heard when what leaves at ``times`` arrives: ``f0 c / (c - v)``, ``v`` towards the camera."""
        position, velocity = self.path(times - self.delay)
        way = truth.camera.eye - position
        closing = (way * velocity).sum(axis=-1) / np.linalg.norm(way, axis=-1)
        pitch: NDArray[np.float64] = self.pitch * SPEED_OF_SOUND / (SPEED_OF_SOUND - closing)
        return pitch

    def pitch_proofs(self, truth: Truth, **moments: float) -> tuple[Proof, ...]:
        """The pitch at named moments of leaving: Doppler's formula beside the exact time of travel along the simulated way.

        None where the camera moves: the formula is that of ears at rest.
        """
        if self.move.startswith(("dolly", "orbit")):
            return ()
        found = []
        for name, t in moments.items():
            way = float(np.linalg.norm(truth.camera.eye - truth.at(np.array([t]))[0, 0]))
            heard = heard_frequency(truth.tones[0], truth, np.array([t + way / SPEED_OF_SOUND]))[0]
            shifted = float(self.shift(truth, np.array([t]))[0])
            law = f"pitch {name.replace('_', ' ')}"
            found.append(Proof(law=law, closed_form=shifted, simulated=float(heard), tolerance=0.0005, source="f0 c / (c - v)"))
        return tuple(found)

    def claims(self) -> tuple[Claim, ...]:
        """One ball of its colour that first moves to its side, and a tone."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Buzzer(Buzzing):
    """A large buzzing ball glides past at a constant speed over ice, so near that its pitch falls as it passes.

    Closed form: x = side v (t - t0); the pitch heard is ``f0 c / (c - v_r)`` with the speed ``v_r`` towards the camera at the moment of
    leaving, so f0 itself when it is nearest.

    History: 1 = first release.
    """

    family: ClassVar[str] = "buzzer"

    speed: float  # m/s, positive to the right

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(["plastic", "rubber", "steel"])),
            "speed": round(float(rng.uniform(9, 13) * rng.choice([-1.0, 1.0])), 1),
            "pitch": float(round(rng.uniform(300, 900) / 10) * 10),
            "floor": "ice",
            "room": "outdoors",
            "prompt_id": int(rng.integers(5)),
        }
        own |= overrides
        own.setdefault("view", 3.3 * abs(own["speed"]))
        own.setdefault("radius", round(0.05 * own["view"], 2))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another speed."""
        return {"speed": self.speed * float(rng.uniform(0.95, 1.05))}

    def camera(self) -> Camera:
        """Low, and nearer than usual through a wider lens, so that the ball comes and goes."""
        wide = self.view * self.closeness
        return Camera(
            target=(0.0, 0.0, 0.16 * self.view), distance=0.7 * wide, yaw=self.yaw, eye_height=0.25 * self.view, view_height=wide
        )

    def path(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See :class:`Buzzing`; until the release it stands."""
        since = np.maximum(times, 0.0) - PASSES
        still, flat = np.zeros_like(times), np.full_like(times, self.radius)
        return np.stack([self.speed * since, still, flat], axis=-1), np.stack([np.full_like(times, self.speed), still, still], axis=-1)

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """Constant speed; the pitch early, late and when it is nearest."""
        start = self.delay
        moving = truth.position[round(start * TRUTH_RATE) :, 0, 0]
        found = float(abs(moving[-1] - moving[0]) * TRUTH_RATE / (len(moving) - 1))
        speed = Proof(law="speed", closed_form=abs(self.speed), simulated=found, tolerance=0.001, source="x = v (t - t0)")
        return (speed, *self.pitch_proofs(truth, coming=start + 0.1, at_the_nearest=start + PASSES, going=start + 2.4))

    def claims(self) -> tuple[Claim, ...]:
        """See :class:`Buzzing`."""
        side = "right" if self.speed > 0 else "left"
        return (
            *self.claims_of_ball(side),
            Claim(kind="event", value="passes", body=0, time=self.delay + PASSES, words=("past the camera", "passes the camera")),
            Claim(kind="sound", value="tone", words=("buzz",)),
        )

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        ball = f"{self.colour} {of_material(self.material)} ball"
        size, fast, hertz = length_of(2 * self.radius), f"{abs(self.speed):.1f} m/s", f"{self.pitch:.0f} Hz"
        side, origin = ("right", "left") if self.speed > 0 else ("left", "right")
        floor = FLOORS[self.floor]
        return Account(
            short=f"One {ball} that buzzes at {hertz} glides past the camera to the {side} at {fast}; its pitch falls as it passes.",
            detailed=f"One {ball}, {size} across, glides over {floor} from the {origin} to the {side} at a constant {fast}. "
            f"It buzzes loudly at {hertz} all the time. As it goes past the camera, the pitch that is heard slides from above that to "
            f"below it, the buzz is loudest when it is nearest, and moves from the {origin} ear to the {side} one.",
            paraphrases=(
                f"From the {origin}, a single {ball} of {size} passes the camera at {fast} towards the {side}, buzzing at {hertz}: "
                "higher while it comes, lower once it is past.",
                f"A single {ball}, {size} wide, moves to the {side} at {fast} on {floor} and passes the camera; its buzz of {hertz} "
                "drops in pitch, as a passing siren's does.",
            ),
            beats=(
                (0.0, f"it comes from the {origin}, its buzz above {hertz}"),
                (PASSES, f"it is nearest, at {hertz}"),
                (PASSES + 0.6, "it goes away, its buzz lower"),
            ),
            heard=(f"a buzz of {hertz} whose pitch falls as the ball passes",),
            unheard=("no music", "no voices", "no impacts"),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """Speed, pitch and direction."""
        return {
            "speed": tuple(replace(self, speed=self.speed * factor) for factor in (0.5, 0.75, 1.0)),
            "pitch": tuple(replace(self, pitch=pitch) for pitch in (300.0, 500.0, 800.0)),
            "direction": tuple(replace(self, speed=side * abs(self.speed)) for side in (-1.0, 1.0)),
        }


@dataclass(frozen=True, kw_only=True)
class WhirlingBuzzer(Buzzing):
    """A buzzing ball runs round in a level circle at a constant speed: its pitch rises as it comes nearer and falls as it goes.

    Closed form: a circle of radius R about the origin, angle w t; the pitch heard is ``f0 c / (c - v_r)``, which swings about f0 once a
    turn, and f0 itself is heard when the ball is nearest and farthest.

    History: 1 = first release.
    """

    family: ClassVar[str] = "whirling_buzzer"

    turns: float  # per second, positive is counter-clockwise seen from above: the near side moves to the right
    reach: float  # m, radius of the circle
    start: float  # radians, where it starts: 0 is on the right

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        way = float(rng.choice([-1.0, 1.0]))
        own: dict[str, Any] = {
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(["plastic", "rubber", "wood"])),
            "turns": round(way * float(rng.uniform(0.8, 1.1)), 2),
            "reach": round(float(rng.uniform(1.2, 1.8)), 2),
            "start": float(np.radians(rng.uniform(-100, -80))),
            "pitch": float(round(rng.uniform(300, 900) / 10) * 10),
            "floor": "ice",
            "room": "outdoors",
            "prompt_id": int(rng.integers(5)),
        }
        own |= overrides
        own.setdefault("view", own["reach"] / 0.36)
        own.setdefault("radius", round(0.06 * own["view"], 3))
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another pace."""
        return {"turns": self.turns * float(rng.uniform(0.95, 1.05))}

    def camera(self) -> Camera:
        """From above the circle, so that it is seen as an ellipse."""
        return Camera(
            target=(0.0, 0.0, 0.12 * self.view),
            distance=1.6 * self.view * self.closeness,
            yaw=self.yaw,
            eye_height=0.85 * self.view,
            view_height=self.view * self.closeness,
        )

    def path(self, times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """See :class:`Buzzing`."""
        rate = 2 * np.pi * self.turns
        angle = self.start + rate * np.maximum(times, 0.0)
        c, s = self.reach * np.cos(angle), self.reach * np.sin(angle)
        position = np.stack([c, s, np.full_like(c, self.radius)], axis=-1)
        return position, np.stack([-rate * s, rate * c, np.zeros_like(c)], axis=-1)

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """The time of a turn; the pitch at a few places of the circle."""
        held = round(self.delay * TRUTH_RATE)
        angle = np.unwrap(np.arctan2(truth.position[held:, 0, 1], truth.position[held:, 0, 0]))
        found = float(abs(angle[-1] - angle[0]) / (2 * np.pi) * TRUTH_RATE / (len(angle) - 1))
        turn = 1 / abs(self.turns)
        once = Proof(law="turns per second", closed_form=abs(self.turns), simulated=found, tolerance=0.001, source="angle = w t")
        moments = {"after_a_quarter": 0.25, "after_a_half": 0.5, "after_three_quarters": 0.75}
        return (once, *self.pitch_proofs(truth, **{name: self.delay + share * turn for name, share in moments.items()}))

    def claims(self) -> tuple[Claim, ...]:
        """See :class:`Buzzing`."""
        side = "right" if self.turns > 0 else "left"  # it starts on the near side
        return (*self.claims_of_ball(side), Claim(kind="sound", value="tone", words=("buzz",)))

    def account(self) -> Account:
        """See :class:`~kinema.scenes.prompts.Account`."""
        ball = f"{self.colour} {of_material(self.material)} ball"
        size, reach, hertz = length_of(2 * self.radius), length_of(self.reach), f"{self.pitch:.0f} Hz"
        pace, side = f"{abs(self.turns):.2f} turns a second", "right" if self.turns > 0 else "left"
        sense, floor = "counter-clockwise" if self.turns > 0 else "clockwise", FLOORS[self.floor]
        return Account(
            short=f"One {ball} that buzzes at {hertz} circles at {pace}, setting off to the {side}; its pitch wavers once a turn.",
            detailed=f"One {ball}, {size} across, runs over {floor} in a level circle with a radius of {reach}, {sense} seen from above, "
            f"at a constant {pace}; it starts at the near side and first moves to the {side}. It buzzes at {hertz} all the time; the pitch "
            "that is heard is higher while it comes nearer and lower while it goes away, and the buzz moves from ear to ear.",
            paraphrases=(
                f"A single {ball} of {size} goes round and round on {floor}, {pace}, starting towards the {side}; its buzz of {hertz} "
                "rises and falls a little with every round.",
                f"Round a circle of {reach} radius, one {ball} runs {sense}, first to the {side}, at {pace}, and buzzes at {hertz}, "
                "a little higher while it comes and a little lower while it goes.",
            ),
            beats=(
                (0.0, f"it starts at the near side, to the {side}"),
                (0.5 / abs(self.turns), "it is at the far side"),
                (1.0 / abs(self.turns), "it is back at the near side"),
            ),
            heard=(f"a buzz of {hertz} whose pitch wavers",),
            unheard=("no music", "no voices", "no impacts"),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How fast it turns, its pitch, and the sense."""
        return {
            "speed": tuple(replace(self, turns=self.turns * factor) for factor in (0.5, 0.75, 1.0)),
            "pitch": tuple(replace(self, pitch=pitch) for pitch in (300.0, 500.0, 800.0)),
            "direction": tuple(replace(self, turns=side * abs(self.turns)) for side in (-1.0, 1.0)),
        }

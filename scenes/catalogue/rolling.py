"""A ball that is thrown with backspin: it slips, then it rolls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.apparatus import account_of, released
from kinema.scenes.catalogue.ball import CLASSIC_FLOORS, OneBall
from kinema.scenes.materials import CLASSIC
from kinema.scenes.palette import COLOURS
from kinema.scenes.proof import Proof, energy_of, never_rises
from kinema.scenes.request import Claim
from kinema.scenes.scene import GRAVITY, TRUTH_RATE, Setup

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.prompts import Account
    from kinema.scenes.truth import Truth

__all__ = ["Backspin"]

UNHEARD = ("no music", "no voices")
SETTLED = 0.01  # erp: what rolls neither sinks nor drifts (0 and 0.05 both let a slow ball gain or lose speed)
STILL = 0.02  # -, a ball whose speed of rolling is less than this share of its first stands still
SPUN = (1.4, 2.5, 3.6)  # rim speed over speed: it rolls on, stops, comes back


@dataclass(frozen=True, kw_only=True)
class Backspin(OneBall):
    """A ball that is thrown along the floor spinning backwards: it slips until friction has made it roll, onwards or back again.

    Closed form: with ``u = v + r w``, it slips for ``2 u / (7 mu g)`` and then rolls at ``(5 v - 2 r w) / 7``, whatever the friction; it
    comes back where ``r w > 5/2 v``.

    History: 1 = first release.
    """

    family: ClassVar[str] = "backspin"
    area: ClassVar[str] = "rolling and sliding"
    laws: ClassVar[tuple[str, ...]] = ("friction", "rolling", "angular_momentum")
    rubbing: ClassVar[bool] = True

    side: int  # +1: thrown to the right
    friction: float  # - of the pair
    speed: float  # m/s at the start
    rim_speed: float  # m/s, radius times the backspin at the start
    start: float  # m, x at the start

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        own: dict[str, Any] = {
            "floor": str(rng.choice(list(CLASSIC_FLOORS))),
            "colour": str(rng.choice(list(COLOURS))),
            "material": str(rng.choice(list(CLASSIC))),
            "side": int(rng.choice([-1, 1])),
            "friction": round(float(rng.uniform(0.18, 0.3)), 2),
        }
        returns, strong, weak = rng.random() < 0.6, rng.uniform(3.2, 4.0), rng.uniform(0.9, 1.5)
        time, size = rng.uniform(0.5, 0.65), rng.uniform(0.075, 0.085)
        own |= {"prompt_id": int(rng.integers(len(_BACK) + 1)), **overrides}
        speed = own.setdefault("speed", round(own["friction"] * GRAVITY["earth"] * time, 3))
        own.setdefault("rim_speed", round(speed * (strong if returns else weak), 3))
        low, high = _reach(cls(seed=seed, **{"view": 1.0, "radius": 1.0, "start": 0.0, **own}))
        view = own.setdefault("view", (high - low) / (0.88 - 2 * size))
        own.setdefault("radius", round(size * view, 4))
        own.setdefault("start", -own["side"] * (low + high) / 2)
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another throw, with as many turns to the metre."""
        share = float(rng.uniform(0.95, 1.05))
        return {"speed": self.speed * share, "rim_speed": self.rim_speed * share}

    @property
    def slip_time(self) -> float:
        """Closed form, s."""
        return 2 * (self.speed + self.rim_speed) / (7 * self.friction * self.gravity)

    @property
    def final_speed(self) -> float:
        """Closed form, m/s, positive where it still goes on the way it was thrown."""
        return (5 * self.speed - 2 * self.rim_speed) / 7

    @property
    def outcome(self) -> str:
        """What becomes of it: "return", "stop" or "roll on"."""
        if abs(self.final_speed) < STILL * self.speed:
            return "stop"
        return "return" if self.final_speed < 0 else "roll on"

    @property
    def turning_time(self) -> float:
        """Closed form, s: when its centre stands still, if it does not roll on."""
        return self.speed / (self.friction * self.gravity)

    def way(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Closed form, m from the start, along the throw."""
        slipping = np.minimum(times, self.slip_time)
        far: NDArray[np.float64] = self.speed * slipping - self.friction * self.gravity * slipping**2 / 2
        return far + self.final_speed * (times - slipping)

    def setup(self) -> Setup:
        """On the floor, moving one way and spinning the other."""
        return Setup(
            position=((self.start, 0.0, self.radius),),
            velocity=((self.side * self.speed, 0.0, 0.0),),
            spin=((0.0, -self.side * self.rim_speed / self.radius, 0.0),),
            restitution=(0.0,),
            friction=(self.friction,),
            erp=SETTLED,
            residual=0.0,
        )

    def account(self) -> Account:
        """Words."""
        side, other = ("right", "left") if self.side > 0 else ("left", "right")
        end = {"return": f"comes back to the {other}", "roll on": f"rolls on to the {side}", "stop": "stops for good"}[self.outcome]
        words = self.words(
            side=side, end=end, turns=f"{self.rim_speed / (2 * np.pi * self.radius):.1f} turns a second",
            speed=f"{self.speed:.2f} metres per second",
        )  # fmt: skip
        beats = [(0.0, "the ball slides to the {side} while it spins backwards"), (self.slip_time, "it no longer slips and {end}")]
        if self.outcome == "return":
            beats.append((self.turning_time, "it stands still for a moment, still spinning backwards"))
        return account_of(_BACK, words, tuple(beats), ("the scraping of the slipping ball", "then the soft rumble of its rolling"), UNHEARD)

    def claims(self) -> tuple[Claim, ...]:
        """One ball of its colour, to that side at first, and what becomes of it."""
        words = {"return": ("comes back",), "roll on": ("rolls on",), "stop": ("stops for good",)}[self.outcome]
        moment = self.turning_time if self.outcome == "return" else self.slip_time
        return (
            *self.claims_of_ball("right" if self.side > 0 else "left"),
            Claim(kind="event", value=self.outcome, body=0, time=self.delay + moment, words=words),
            Claim(kind="sound", value="sliding", words=("scrape", "scraping")),
        )

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """When it stops slipping, how fast it rolls then, how far it gets, and the energy that friction takes."""
        after = released(truth)
        x, v = (self.side * rows[after, 0, 0] for rows in (truth.position, truth.velocity))
        slip = v - self.side * self.radius * truth.spin[after, 0, 1]
        part = round(0.9 * self.slip_time * TRUTH_RATE)
        fit = np.polyfit(np.arange(part) / TRUTH_RATE, slip[:part], 1)
        rolled = round((self.slip_time + 0.1) * TRUTH_RATE)
        energy, first = energy_of(truth), self.speed + self.rim_speed
        lost = truth.bodies[0].mass * first**2 / 7  # half the reduced mass 2/7 m times the slip's square
        speed = float(np.mean(v[rolled:]))
        rest = truth.bodies[0].mass * self.gravity * self.radius
        found = [
            Proof(
                law="slips for", closed_form=self.slip_time, simulated=float(-fit[1] / fit[0]), tolerance=0.01,
                source="2 (v + r w) / (7 mu g)",
            ),
            Proof(
                law="speed of rolling", closed_form=self.final_speed, simulated=speed, tolerance=0.01, source="(5 v - 2 r w) / 7",
                scale=self.speed,
            ),
            Proof(
                law="energy lost", closed_form=lost, simulated=float(energy[0] - energy[-1]), tolerance=0.01, source="m (v + r w)^2 / 7",
            ),
            never_rises(energy, float(energy[0]) - rest),
        ]  # fmt: skip
        if self.outcome == "return":
            far = self.speed**2 / (2 * self.friction * self.gravity)
            seen = float(x.max() - x[0])
            found.append(Proof(law="farthest point", closed_form=far, simulated=seen, tolerance=0.01, source="v^2 / (2 mu g)"))
        return tuple(found)

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How much backspin, how rough the floor is, how fast it is thrown, and where to."""
        spun = tuple(replace(self, rim_speed=round(self.speed * share, 3)) for share in SPUN)
        rough = tuple(
            replace(self, friction=mu, note=f"The coefficient of friction is {mu:.2f}.")
            for mu in (round(self.friction * share, 2) for share in (1.0, 1.5, 2.0))
        )
        fast = tuple(replace(self, speed=round(self.speed * s, 3), rim_speed=round(self.rim_speed * s, 3)) for s in (0.6, 0.8, 1.0))
        sides = tuple(replace(self, side=side, start=side * self.side * self.start) for side in (-1, 1))
        return {"spin": spun, "friction": rough, "speed": fast, "direction": sides}


def _reach(scene: Backspin) -> tuple[float, float]:
    """How far (m) it goes back and forth along the throw: in 3 s, thrown 5 % faster, and in 2 s with the other spins of the contrast."""
    times = np.linspace(0, 3, 301)
    fast = replace(scene, speed=1.05 * scene.speed, rim_speed=1.05 * scene.rim_speed)
    ways = np.concatenate([fast.way(times), *(replace(scene, rim_speed=s * scene.speed).way(times[:201]) for s in SPUN)])
    return float(ways.min()), float(ways.max())


_BACK = (
    "One {ball} is thrown along {floor} to the {side} at {speed} with a backspin of {turns}; it slips with a scraping sound and {end}.",
    "A single {ball}, {size} across, starts on {floor} at {speed} to the {side} while it spins backwards at {turns}. It slips with a "
    "scraping sound until friction has made it roll; then it {end}.",
    "Thrown to the {side} at {speed} with a backspin of {turns}, one {ball} of {size} slides over {floor}, scraping, until it no longer "
    "slips; then it {end}.",
    "Backspin: a single {ball} moves to the {side} on {floor} at {speed}, turning the wrong way round at {turns} with a scraping noise; "
    "friction ends the slipping and it {end}.",
)

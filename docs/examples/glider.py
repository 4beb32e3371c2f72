"""A family of scenes of your own: a ball that glides along a floor without friction."""

from dataclasses import dataclass, replace

from kinema.scenes.prompts import Account
from kinema.scenes.proof import Proof
from kinema.scenes.request import Claim
from kinema.scenes.scene import Scene, Setup
from kinema.scenes.truth import Body


@dataclass(frozen=True, kw_only=True)
class Glider(Scene):
    """A ball glides to the right at constant speed on a floor without friction. Closed form: x = v t."""

    family, area, audible = "glider", "rolling and sliding", False
    speed: float  # m/s
    colour: str

    @classmethod
    def draw(cls, seed, **overrides):
        rng = cls.rng(seed)
        own = {"speed": rng.uniform(0.15, 0.25), "colour": str(rng.choice(["red", "blue"])), "prompt_id": int(rng.integers(5))}
        return cls(seed=seed, **{**own, **overrides})

    def vary(self, rng):
        return {"speed": self.speed * rng.uniform(0.95, 1.05)}

    def bodies(self):
        return (Body(name="ball", colour=self.colour, material="steel", radius=0.08, mass=16.8),)

    def setup(self):
        return Setup(position=((-0.35, 0, 0.08),), velocity=((self.speed, 0, 0),), restitution=(0,), floor_restitution=0, hits=False)

    def account(self):
        ball = f"one {self.colour} steel ball glides to the right at {self.speed:.2f} m/s"
        said = (f"Silently {ball}.", f"On a wooden floor without friction {ball}.", f"Look: {ball}.", f"Without a sound {ball}.")
        return Account(short=said[0], detailed=said[1], paraphrases=said[2:], beats=((0.0, "it moves"),), unheard=("no sound at all",))

    def claims(self):
        colour, right = Claim(kind="colour", value=self.colour, body=0), Claim(kind="direction", value="right", body=0)
        return (colour, right, Claim(kind="count", value="1"))

    def proofs(self, truth):
        way, time = truth.position[-1, 0, 0] - truth.position[0, 0, 0], truth.seconds - self.delay
        return (Proof(law="way", closed_form=self.speed * time, simulated=float(way), tolerance=0.001, source="v t"),)

    def contrasts(self):
        return {"speed": tuple(replace(self, speed=self.speed * factor) for factor in (0.5, 0.75, 1.0))}

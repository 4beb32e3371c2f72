"""The shell game: a ball under one of three cups."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from kinema.scenes.catalogue.ball import ball_mass
from kinema.scenes.catalogue.cups import APART, BALL, BOARD, CUP, MOUTH, TOP, board_of, cup_of, smooth
from kinema.scenes.catalogue.striking import from_above
from kinema.scenes.catalogue.wording import pull_in_words
from kinema.scenes.materials import MATERIALS
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, NUMBERS, Account, a, capital, of_material
from kinema.scenes.proof import Proof
from kinema.scenes.request import Claim
from kinema.scenes.scene import TRUTH_RATE, Motion, Scene, Setup
from kinema.scenes.shapes import NO_TURN, volume_of
from kinema.scenes.truth import Body, Contact, Prop, Rub

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.camera import Camera
    from kinema.scenes.truth import Truth

__all__ = ["ShellGame"]

PLACES = ("left", "middle", "right")
SWAPS = ((0, 1), (1, 2), (0, 2))  # places that change, as drawn
BALLS = ("rubber", "wood", "plastic", "cork", "foam")
CUPS = ("plastic", "ceramic", "wood", "cardboard")
LIFT = 0.24  # -, how high a cup is held over the view's height
LOWER, LOWERING, FIRST, PAUSE, LIFTING = 0.25, 0.25, 0.62, 0.10, 0.30  # s: one cup is lowered, the first swap starts, ..., it is lifted
TOUCH = 0.92  # -, share of a smooth motion after which the cup meets the board, so that it is set down with a little speed


@dataclass(frozen=True, kw_only=True)
class ShellGame(Scene):
    """A cup is put over a ball, cups change places two by two along half-circles, and the cup with the ball is lifted.

    Hands that are not seen move the cups, so nothing here is left to the engine: each motion has the smooth profile of
    :func:`smooth` (least jerk), and the ball goes where its cup goes. Closed form: the permutation of the places.

    History: 1 = first release.
    """

    family: ClassVar[str] = "shell_game"
    laws: ClassVar[tuple[str, ...]] = ("permanence", "number")
    area: ClassVar[str] = "unseen things"
    rubbing: ClassVar[bool] = True

    colour: str  # of the ball
    colour_cups: str
    material: str  # of the ball
    material_cups: str
    start: int  # of PLACES, where the ball is
    swaps: tuple[tuple[int, int], ...]  # pairs of places, in order
    swap_time: float  # s, each

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        """See :class:`~kinema.scenes.scene.Scene`."""
        rng = cls.rng(seed)
        colour, cups = map(str, rng.choice(list(COLOURS), 2, replace=False))
        own: dict[str, Any] = {
            "colour": colour,
            "colour_cups": cups,
            "material": str(rng.choice(BALLS)),
            "material_cups": str(rng.choice(CUPS)),
            "floor": str(rng.choice(list(FLOORS))),
            "start": int(rng.integers(3)),
            "view": round(float(rng.uniform(0.6, 1.1)), 3),
            "swap_time": round(float(rng.uniform(0.36, 0.42)), 3),
        }
        number, picks = int(rng.choice([1, 2, 3], p=[0.3, 0.45, 0.25])), rng.integers(3, size=3)
        own |= {"prompt_id": int(rng.integers(6)), **overrides}
        own.setdefault("swaps", _unlike(own["start"], [int(k) for k in picks])[:number])
        return cls(seed=seed, **own)

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        """Another pace."""
        return {"swap_time": self.swap_time * float(rng.uniform(0.95, 1.05))}

    def camera(self) -> Camera:
        """From a little above."""
        return from_above(self, float(np.radians(24.0)), 0.14 * self.view)

    @property
    def end(self) -> int:
        """Closed form: of PLACES, where the ball is in the end."""
        place = self.start
        for one, other in self.swaps:
            place = {one: other, other: one}.get(place, place)
        return place

    @property
    def reveal(self) -> float:
        """S from the release until the cup begins to rise."""
        return FIRST + len(self.swaps) * self.swap_time + PAUSE

    def bodies(self) -> tuple[Body, ...]:
        """The ball, then the cups from left to right as they stand at first."""
        v, cup = self.view, cup_of(self.view)
        heavy = MATERIALS[self.material_cups].density * volume_of(cup)
        as_large = float(np.sqrt((MOUTH + TOP) * CUP / np.pi)) * v
        ball = Body(
            name="ball", colour=self.colour, material=self.material, radius=BALL * v, mass=ball_mass(self.material, BALL * v)
        )  # fmt: skip
        cups = (
            Body(
                name=f"cup{k + 1}", colour=self.colour_cups, material=self.material_cups, radius=as_large, mass=heavy, shape="cup",
                solid=cup,
            )
            for k in range(3)
        )  # fmt: skip
        return (ball, *cups)

    def props(self) -> tuple[Prop, ...]:
        """The board on which it is played."""
        return (board_of(self.view),)

    def setup(self) -> Setup:
        """The ball in its place, its cup held above it."""
        place = self._course(np.zeros(1))[0][0]
        return Setup(position=tuple(tuple(row) for row in place.tolist()), velocity=((0.0, 0.0, 0.0),) * 4, restitution=(0.0,) * 4)

    def _course(self, t: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], list[int]]:
        """Places (n, 4, 3) and velocities at moments after release, and which cup is in which place in the end."""
        v = self.view
        at = np.zeros((len(t), 4, 3))
        speed = np.zeros_like(at)
        at[:, 1:, 0] = (np.arange(3) - 1) * APART * v
        at[:, 1:, 2] = (BOARD + CUP / 2) * v
        held = list(range(3))  # cups by place
        mine = 1 + self.start
        down, rate = smooth((t - LOWER) / LOWERING * TOUCH)
        whole = smooth(np.array([TOUCH]))[0][0]
        landed = t >= LOWER + LOWERING
        at[:, mine, 2] += LIFT * v * np.where(landed, 0.0, 1 - down / whole)
        speed[:, mine, 2] -= np.where(landed, 0.0, LIFT * v * rate / whole * TOUCH / LOWERING)
        for k, (one, other) in enumerate(self.swaps):
            begin = FIRST + k * self.swap_time
            turned, rate = smooth((t - begin) / self.swap_time)
            middle, reach = (one + other - 2) / 2 * APART * v, (other - one) / 2 * APART * v
            way = 1.0 if k % 2 == 0 else -1.0
            for place, sign in ((one, -1.0), (other, 1.0)):
                cup = 1 + held[place]
                on = t >= begin
                c, s = np.cos(np.pi * turned), np.sin(np.pi * turned)
                at[on, cup, 0] = (middle + sign * reach * c)[on]
                at[on, cup, 1] = (sign * way * reach * s)[on]
                pace = sign * reach * np.pi * rate / self.swap_time
                speed[on, cup, 0] = (-pace * s)[on]
                speed[on, cup, 1] = (way * pace * c)[on]
            held[one], held[other] = held[other], held[one]
        up, rate = smooth((t - self.reveal) / LIFTING)
        at[:, mine, 2] += LIFT * v * up
        speed[:, mine, 2] += LIFT * v * rate / LIFTING
        at[:, 0, :2], speed[:, 0, :2] = at[:, mine, :2], speed[:, mine, :2]
        at[:, 0, 2] = (BOARD + BALL) * v
        return at, speed, held

    def motion(self, seconds: float) -> Motion:
        """What the hands do."""
        t = np.arange(max(round(seconds * TRUTH_RATE), 1) + 1) / TRUTH_RATE
        at, speed, _ = self._course(t)
        return Motion(
            position=at,
            velocity=speed,
            orientation=np.broadcast_to(np.array(NO_TURN), (len(t), 4, 4)).copy(),
            spin=np.zeros((len(t), 4, 3)),
            contacts=self._set_down() if t[-1] > LOWER + LOWERING else (),
            rubs=self._rubs(t, at, speed),
        )

    def _set_down(self) -> tuple[Contact, ...]:
        """The tap of the cup on the board."""
        moment = LOWER + LOWERING
        fast = -float(self._course(np.array([moment - 1e-6]))[1][0, 1 + self.start, 2])
        cup = self.bodies()[1 + self.start]
        point = ((self.start - 1) * APART * self.view, -MOUTH * self.view, BOARD * self.view)
        return (
            Contact(
                t=moment, bodies=(cup.name, "board"), point=point, normal=(0.0, 0.0, 1.0), impulse=cup.mass * fast,
                approach_speed=fast,
            ),
        )  # fmt: skip

    def _rubs(self, t: NDArray[np.float64], at: NDArray[np.float64], speed: NDArray[np.float64]) -> tuple[Rub, ...]:
        """Cups that slide on the board."""
        made = []
        held = list(range(3))
        for k, (one, other) in enumerate(self.swaps):
            begin = FIRST + k * self.swap_time
            span = np.flatnonzero((t >= begin) & (t <= begin + self.swap_time))
            for place in (one, other) if len(span) > 20 else ():
                cup = self.bodies()[1 + held[place]]
                pace = np.linalg.norm(speed[span, 1 + held[place]], axis=-1)
                point = at[span, 1 + held[place]] * [1, 1, 0] + [0, 0, BOARD * self.view]
                load = np.full(len(span), cup.mass * self.gravity)
                made.append(Rub(bodies=(cup.name, "board"), times=t[span], slip=pace, speed=pace, load=load, point=point))
            held[one], held[other] = held[other], held[one]
        return tuple(made)

    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        """How far a cup goes, that the ball is neither seen nor left behind on the way, and where it is in the end."""
        v, (one, other) = self.view, self.swaps[0]
        begin, after, rise = (round((self.delay + t) * TRUTH_RATE) for t in (FIRST, FIRST + self.swap_time, self.reveal))
        way = float(np.linalg.norm(np.diff(truth.position[begin : after + 1, 1 + one], axis=0), axis=-1).sum())
        beside = np.linalg.norm(truth.position[:, 0, :2] - truth.position[:, 1 + self.start, :2], axis=-1).max()
        found = [
            Proof(
                law="way of a cup in a swap", closed_form=np.pi * (other - one) / 2 * APART * v, simulated=way, tolerance=0.002,
                source="pi R",
            ),
            Proof(
                law="share of the swaps in which the ball is hidden", closed_form=1.0, tolerance=0.001,
                simulated=float((~truth.visible[begin:rise, 0]).mean()), source="it is under a cup",
            ),
            Proof(
                law="ball off its cup's axis", closed_form=0.0, simulated=float(beside), tolerance=0.002, scale=v, source="carried along",
            ),
        ]  # fmt: skip
        if truth.seconds > self.delay + self.reveal:
            found.append(
                Proof(
                    law="place of the ball in the end", closed_form=(self.end - 1) * APART * v, simulated=float(truth.position[-1, 0, 0]),
                    tolerance=0.002, scale=v, source="product of the swaps",
                )
            )  # fmt: skip
        if truth.seconds > self.delay + self.reveal + LIFTING:
            found.append(
                Proof(
                    law="share of the bodies seen in the end", closed_form=1.0, tolerance=0.001, simulated=float(truth.visible[-1].mean()),
                    source="nothing is lost",
                )
            )  # fmt: skip
        return tuple(found)

    def account(self) -> Account:
        """In words."""
        steps = [f"{_pair(swap)} cup change places" for swap in self.swaps]
        words = {
            "cups": f"three {self.colour_cups} {of_material(self.material_cups)} cups", "ball": f"{self.colour} ball",
            "a_ball": a(f"{self.colour} ball").lower(), "first": PLACES[self.start], "last": PLACES[self.end],
            "swaps": ", then ".join(steps), "times": {1: "once", 2: "twice", 3: "three times"}[len(self.swaps)],
            "floor": FLOORS[self.floor] + pull_in_words(self), "number": NUMBERS[len(self.swaps)],
        }  # fmt: skip
        short, detailed, *others = (capital(text.format(**words)) for text in _SHELLS)
        beats = [(LOWER, f"the {words['first']} cup is put down over the {self.colour} ball")]
        beats += [(FIRST + k * self.swap_time, step) for k, step in enumerate(steps)]
        beats += [(self.reveal, f"the {words['last']} cup is lifted, and the ball is there")]
        return Account(
            short=short,
            detailed=detailed,
            paraphrases=tuple(others),
            beats=tuple(beats),
            heard=("a tap as the cup is put down", "cups sliding on wood"),
        )

    def claims(self) -> tuple[Claim, ...]:
        """A ball and three cups of their colours, the swaps in order, and the ball under the right cup."""
        swaps = (
            Claim(kind="event", value="swap", time=self.delay + FIRST + k * self.swap_time, words=(_pair(swap),))
            for k, swap in enumerate(self.swaps)
        )
        return (
            Claim(kind="colour", value=self.colour, body=0),
            *(Claim(kind="colour", value=self.colour_cups, body=k + 1) for k in range(3)),
            Claim(kind="shape", value="cup", body=1, words=("cups",)),
            Claim(kind="count", value="4", words=(f"three {self.colour_cups} {of_material(self.material_cups)} cups",)),
            Claim(kind="direction", value="down", body=1 + self.start, words=("down",)),
            *swaps,
            Claim(kind="event", value="comes out", body=0, time=self.delay + self.reveal, words=("lifted",)),
        )

    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        """How many swaps, how fast, from which place, in which order."""
        three = _unlike(self.start, [0, 1, 2])
        return {
            "count": tuple(replace(self, swaps=three[:number]) for number in (1, 2, 3)),
            "speed": tuple(
                replace(self, swap_time=s, note=f"Each change of places takes {s:.2f} s.") for s in (0.44, 0.38, 0.32)
            ),
            "place": tuple(replace(self, start=place) for place in range(3)),
            "order": tuple(replace(self, swaps=swaps) for swaps in (((0, 1), (1, 2)), ((1, 2), (0, 1)))),
        }  # fmt: skip


def _pair(swap: tuple[int, int]) -> str:
    return f"the {PLACES[swap[0]]} and the {PLACES[swap[1]]}"


def _unlike(start: int, picks: list[int]) -> tuple[tuple[int, int], ...]:
    """Swaps after the picks; the first one moves the ball, and none undoes the one before it."""
    first = picks[0] if start in SWAPS[picks[0]] else (picks[0] + 1) % 3
    chosen = [first]
    for pick in picks[1:]:
        chosen.append(pick if pick != chosen[-1] else (pick + 1) % 3)
    return tuple(SWAPS[k] for k in chosen)


_SHELLS = (
    "Shell game with {cups}: the {first} one goes down over {a_ball}; {swaps}; then the {last} cup is lifted and the ball is under it.",
    "{cups} on a wooden board, on {floor}, seen from a little above. The {first} one is held over {a_ball} and goes down over it with a "
    "tap. The cups slide and change places {times}: {swaps}. At last the {last} cup is lifted, and there is the ball.",
    "One ball, {cups}. Down comes the {first} cup over the {ball}; after that {swaps}; when the {last} cup is lifted the ball shows up.",
    "On a board, {cups}, upside down. The {ball} is on the {first}, and its cup comes down over it. Now {swaps}. The {last} cup, lifted, "
    "shows the ball.",
    "Keep an eye on the {ball}: the {first} one of {cups} moves down and hides it. Changes of places: {number}. Now {swaps}. The {last} "
    "cup is lifted, and the ball is found there.",
)

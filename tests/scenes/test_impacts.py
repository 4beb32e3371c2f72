"""From touches to impacts and lasting contacts, and the parts of the engine that no single family shows."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from kinema.scenes.impacts import Touches, impacts, rubs
from kinema.scenes.prompts import Account
from kinema.scenes.proof import energy_of
from kinema.scenes.request import Claim
from kinema.scenes.scene import Joint, Scene, Setup, State
from kinema.scenes.shapes import Box, Hull, Solid, rotate, turn
from kinema.scenes.truth import Body, Prop
from kinema.scenes.world import simulate

NAMES = ["a", "b", "floor", "wall"]
RATE = 3840.0


def touches(*rows: tuple[float, ...], states: np.ndarray) -> Touches:
    return Touches.of(array("d", [value for row in rows for value in row]), NAMES, states, RATE)


def still(steps: int) -> np.ndarray:
    states = np.zeros((steps + 1, 2, 13))
    states[..., 9] = 1
    return states


def test_a_blow_is_where_the_gap_closed_and_pushes_the_first() -> None:
    states = still(10)
    states[:, 0, 5] = -2.0  # a falls
    found = touches((4, 2, 0, 0, 0, 0, 0, 0, -1, -1e-4, 1000.0), states=states)  # the engine's order: floor first
    (contact,) = impacts(found, 0.1)
    assert contact.bodies == ("a", "floor")
    assert contact.normal == (0, 0, 1)
    assert contact.t == pytest.approx(4 / RATE - 1e-4 / 2.0)
    assert contact.impulse == pytest.approx(1000 / RATE)
    assert contact.approach_speed == pytest.approx(2.0)


def test_corners_that_touch_together_are_one_impact() -> None:
    states = still(60)
    states[:, 0, 5] = -1.0
    corners = [(4, 0, 2, x, 0, 0, 0, 0, 1, 0, 300.0) for x in (-0.1, 0.1)]
    later = (20, 0, 2, 0.1, 0, 0, 0, 0, 1, 0, 300.0)  # 4 ms on
    (contact,) = impacts(touches(*corners, later, states=states), 0.1)
    assert contact.impulse == pytest.approx(900 / RATE)
    assert contact.point[0] == pytest.approx(0.0)
    much_later = (50, 0, 2, 0.1, 0, 0, 0, 0, 1, 0, 300.0)  # 12 ms on
    assert len(impacts(touches(*corners, much_later, states=states), 0.1)) == 2


def test_what_rests_is_no_impact() -> None:
    assert impacts(touches(*[(k, 0, 2, 0, 0, 0, 0, 0, 1, 0, 9.81) for k in range(50)], states=still(50)), 0.1) == ()


def test_spin_moves_the_surface() -> None:
    states = still(400)
    states[:, 0, 2] = 0.1  # a ball of .1 m on the floor
    states[:, 0, 3] = 1.0
    states[:, 0, 11] = 10.0  # rolls: spin times radius is its speed
    rows = [(k, 0, 2, 0, 0, 0, 0, 0, 1, 0, 9.81) for k in range(400)]
    (rub,) = rubs(touches(*rows, states=states), 0.1, 4)
    assert rub.slip.max() < 1e-9
    assert rub.speed == pytest.approx(np.ones(len(rub.speed)))
    assert rub.load[5:-5] == pytest.approx(np.full(len(rub.load) - 10, 9.81))
    states[:, 0, 11] = 0.0  # slides
    (slid,) = rubs(touches(*rows, states=states), 0.1, 4)
    assert slid.slip == pytest.approx(np.ones(len(slid.slip)))


def test_a_gap_ends_a_rub_and_what_does_not_move_is_none() -> None:
    states = still(1000)
    states[:, 0, 3] = 1.0
    rows = [(k, 0, 2, 0, 0, 0, 0, 0, 1, 0, 1.0) for k in range(1000) if not 400 < k < 500]
    assert len(rubs(touches(*rows, states=states), 0.1, 4)) == 2
    assert rubs(touches(*rows, states=still(1000)), 0.1, 4) == ()


@dataclass(frozen=True, kw_only=True)
class Workbench(Scene):
    """Whatever a test puts on it."""

    family: ClassVar[str] = "workbench"
    rubbing: ClassVar[bool] = True
    what: Setup
    things: tuple[Body, ...]
    around: tuple[Prop, ...] = ()
    push: tuple[tuple[float, ...], tuple[float, ...]] | None = None

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        return cls(seed=seed, **overrides)

    def setup(self) -> Setup:
        return self.what

    def bodies(self) -> tuple[Body, ...]:
        return self.things

    def props(self) -> tuple[Prop, ...]:
        return self.around

    def forces(self, state: State) -> tuple[np.ndarray, np.ndarray] | None:
        return None if self.push is None else (np.array([self.push[0]]), np.array([self.push[1]]))

    def claims(self) -> tuple[Claim, ...]:
        return ()

    def account(self) -> Account:
        raise NotImplementedError

    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        return {}


def body(name: str, solid: Solid | None = None, mass: float = 1.0) -> Body:
    return Body(name=name, colour="red", material="steel", radius=0.05, mass=mass, solid=solid)


def test_a_double_pendulum_hangs_together_and_keeps_its_energy() -> None:
    joints = (
        Joint(child="upper", at=(0, 0, 1.0), axis=(0, 1, 0)),
        Joint(child="lower", parent="upper", at=(0.3, 0, 1.0), axis=(0, 1, 0), rate=2.0),
    )
    what = Setup(position=((0.3, 0, 1.0), (0.3, 0, 0.7)), velocity=((0, 0, 0),) * 2, restitution=(0, 0), joints=joints)
    truth = simulate(Workbench(seed=0, what=what, things=(body("upper"), body("lower", Box((0.1, 0.1, 0.3))))), 1.0)
    top = truth.position[:, 1] + rotate(truth.orientation[:, 1], np.array([0, 0, 0.3]))
    assert np.abs(top - truth.position[:, 0]).max() < 1e-9
    energy = energy_of(truth)
    assert np.ptp(energy) < 0.002 * 9.81


def test_a_jointed_body_is_hit_where_it_is() -> None:
    hinge = Joint(child="plank", at=(0, 0, 0.5))
    what = Setup(position=((0, 0, 0.5), (0.4, 0, 1.0)), velocity=((0, 0, 0),) * 2, restitution=(0.5, 0.5), joints=(hinge,))
    truth = simulate(Workbench(seed=0, what=what, things=(body("plank", Box((1.0, 0.2, 0.04)), 2.0), body("ball"))), 0.5)
    first = truth.contacts[0]
    assert first.bodies == ("plank", "ball")
    assert first.t == pytest.approx(np.sqrt(2 * (0.5 - 0.02 - 0.05) / 9.81), rel=0.001)
    assert first.point == pytest.approx((0.4, 0, 0.52), abs=1e-3)


def test_forces_and_torques_are_the_worlds() -> None:
    what = Setup(position=((0, 0, 0.5),), velocity=((0, 0, 0),), restitution=(0,), orientation=(turn((0, 0, 1), np.pi / 2),))
    plank = body("plank", Box((1.0, 0.2, 0.04)), 2.0)
    truth = simulate(Workbench(seed=0, what=what, things=(plank,), push=((0, 0, 2 * 9.81), (0.1, 0, 0))), 1.0)
    assert truth.position[-1, 0] == pytest.approx((0, 0, 0.5), abs=1e-6)
    assert truth.spin[-1, 0, 0] == pytest.approx(0.1 / (2 * (1.0**2 + 0.04**2) / 12), rel=1e-4)  # its long side lies along y


def test_a_box_slides_down_a_wedge_as_the_closed_form_says() -> None:
    angle, friction = np.radians(30), 0.3
    wedge = Hull(tuple((x, y, z) for y in (-0.3, 0.3) for x, z in ((-1.0, 0.0), (1.0, 0.0), (-1.0, 2 * np.tan(angle)))))
    facing = turn((0, 1, 0), angle)
    start = np.array([-0.6, 0, 1.6 * np.tan(angle)]) + 0.05 * np.array([np.sin(angle), 0, np.cos(angle)])
    what = Setup(
        position=(tuple(start),), velocity=((0, 0, 0),), restitution=(0,), orientation=(facing,), friction=(friction,), erp=0.05
    )  # type: ignore[arg-type]
    scene = Workbench(
        seed=0, what=what, things=(body("box", Box((0.2, 0.2, 0.1))),), around=(Prop(name="wedge", solid=wedge, position=(0, 0, 0)),)
    )
    truth = simulate(scene, 0.6)
    along = np.linalg.norm(truth.position[-1, 0] - truth.position[0, 0])
    assert along == pytest.approx(0.5 * 9.81 * (np.sin(angle) - friction * np.cos(angle)) * 0.6**2, rel=0.01)
    (rub,) = truth.rubs
    assert rub.bodies == ("box", "wedge")
    assert float(np.mean(rub.load[20:-20])) == pytest.approx(9.81 * np.cos(angle), rel=0.03)


def test_a_joint_without_its_parent_is_one_sentence() -> None:
    what = Setup(position=((0, 0, 1),), velocity=((0, 0, 0),), restitution=(0,), joints=(Joint(child="a", parent="nobody"),))
    with pytest.raises(ValueError, match="nobody"):
        simulate(Workbench(seed=0, what=what, things=(body("a"),)), 0.1)

"""A body is hidden when nothing of it can be seen, and only then."""

from __future__ import annotations

import numpy as np
import pytest

from kinema.scenes.camera import Camera
from kinema.scenes.shapes import Ball, Box, Cylinder, Hull, Lathe, Solid, turn
from kinema.scenes.truth import Body, Prop
from kinema.scenes.visibility import hidden_bodies

EYE = Camera(target=(0.0, 0.0, 0.3), distance=2.0, yaw=0.0, eye_height=0.3, view_height=1.0)
UPRIGHT = (0.0, 0.0, 0.0, 1.0)


def hidden(body: Body, prop: Prop, xs: list[float], orientation: tuple[float, ...] = UPRIGHT) -> list[bool]:
    place = np.array([[[x, 0.0, 0.3]] for x in xs])
    turned = np.tile(np.array(orientation), (len(xs), 1, 1))
    return hidden_bodies([body], [prop], place, turned, [EYE] * len(xs))[:, 0].tolist()


def ball(radius: float = 0.1, solid: Solid | None = None) -> Body:
    return Body(name="ball", colour="red", material="wood", radius=radius, mass=1.0, solid=solid)


@pytest.mark.parametrize(
    ("solid", "half_width"),
    [
        (Box((0.6, 0.02, 0.6)), 0.3),
        (Hull(tuple((x, y, z) for x in (-0.3, 0.3) for y in (-0.01, 0.01) for z in (-0.3, 0.3))), 0.3),
        (Lathe(((0.0, -0.3), (0.3, -0.3), (0.3, 0.3), (0.0, 0.3)), smooth=False), 0.3),
        (Cylinder(0.3, 0.6), 0.3),
    ],
)
def test_a_screen_hides_a_ball_as_long_as_its_shadow_from_the_eye_covers_it(solid: Solid, half_width: float) -> None:
    """The edge's line of sight is at x = half_width * 2 / 1.5 where the ball is; the ball's tangent line lies .1 / cos(angle) beside it."""
    screen = Prop(name="screen", solid=solid, position=(0.0, -0.5, 0.3))
    edge = half_width / 1.5
    if isinstance(solid, Lathe | Cylinder):
        edge = float(np.tan(np.arcsin(0.3 / 1.5)))
    last = 2 * edge - 0.1 * np.hypot(1, edge)
    assert hidden(ball(), screen, [0.0, last - 0.01, last + 0.01, 0.9]) == [True, True, False, False]


def test_glass_hides_nothing_and_what_lies_behind_hides_nothing() -> None:
    pane = Prop(name="pane", solid=Box((0.6, 0.02, 0.6)), position=(0.0, -0.5, 0.3), opacity=0.3)
    wall = Prop(name="wall", solid=Box((0.6, 0.02, 0.6)), position=(0.0, 0.5, 0.3))
    assert hidden(ball(), pane, [0.0]) == [False]
    assert hidden(ball(), wall, [0.0]) == [False]


def test_the_wall_of_a_bowl_hides_what_lies_in_it_and_a_ring_shows_what_is_behind_its_hole() -> None:
    cup = Lathe(((0.0, -0.2), (0.2, -0.2), (0.2, 0.2), (0.18, 0.2), (0.18, -0.18), (0.0, -0.18)), smooth=False)
    assert hidden(ball(0.05), Prop(name="cup", solid=cup, position=(0.0, 0.0, 0.3)), [0.0, 0.5]) == [True, False]
    ring = Lathe(((0.25, -0.02), (0.3, -0.02), (0.3, 0.02), (0.25, 0.02), (0.25, -0.02)), smooth=False)
    facing = Prop(name="ring", solid=ring, position=(0.0, -0.5, 0.3), orientation=turn((1, 0, 0), np.pi / 2))
    assert hidden(ball(), facing, [0.0]) == [False]


def test_bodies_hide_each_other_and_a_long_one_is_seen_by_its_ends() -> None:
    near, far = ball(0.1), Body(name="far", colour="blue", material="wood", radius=0.05, mass=1.0)
    place = np.array([[[0.0, -0.5, 0.3], [0.0, 0.5, 0.3]]])
    turned = np.tile([0.0, 0.0, 0.0, 1.0], (1, 2, 1))
    assert hidden_bodies([near, far], [], place, turned, [EYE]).tolist() == [[False, True]]
    stick = ball(0.1, Box((0.05, 0.05, 0.9)))
    post = Prop(name="post", solid=Box((0.4, 0.02, 0.4)), position=(0.0, -0.5, 0.3))
    assert hidden(stick, post, [0.0]) == [False]
    wide = Prop(name="wide", solid=Box((0.1, 0.02, 0.9)), position=(0.0, -0.5, 0.3))
    assert hidden(stick, wide, [0.0]) == [True]
    assert hidden(stick, wide, [0.0], turn((0, 1, 0), np.pi / 2)) == [False]


def test_balls_and_touching_bodies_are_told_apart_exactly() -> None:
    resting = ball(0.1, Box((0.2, 0.2, 0.2)))
    shelf = Prop(name="shelf", solid=Ball(0.1), position=(0.0, 0.0, 0.1))
    assert hidden(resting, shelf, [0.0]) == [False]

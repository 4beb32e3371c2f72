"""Truths put together by hand, so that pictures are tested without the simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kinema.scenes.scene import TRUTH_RATE, scene_from_id
from kinema.scenes.shapes import Solid
from kinema.scenes.truth import Body, Truth

UPRIGHT = (0.0, 0.0, 0.0, 1.0)


def body_of(name: str, colour: str = "red", solid: Solid | None = None, radius: float = 0.06, material: str = "wood") -> Body:
    """A body of no particular mass."""
    return Body(name=name, colour=colour, material=material, radius=radius, mass=1.0, solid=solid)


def staged(
    bodies: Sequence[Body],
    place: Callable[[np.ndarray], np.ndarray] | Sequence[Sequence[float]],
    turned: Callable[[np.ndarray], np.ndarray] | None = None,
    *,
    seconds: float = 1.0,
    vertices: dict[str, np.ndarray] | None = None,
    **more: Any,
) -> Truth:
    """Bodies on given ways: ``place(t)`` is (n, bodies, 3), ``turned(t)`` (n, bodies, 4); other names go to the scene or the truth."""
    of_truth = {name: more.pop(name) for name in ("props", "ties") if name in more}
    scene = replace(scene_from_id("drop@1/seed=1"), **{"view": 1.0, "floor": "stone", "world": "earth", **more})
    t = np.arange(round(seconds * TRUTH_RATE) + 1) / TRUTH_RATE
    position = place(t) if callable(place) else np.repeat(np.array(place, dtype=float)[None], len(t), axis=0)
    orientation = turned(t) if turned is not None else np.broadcast_to(UPRIGHT, (*position.shape[:2], 4))
    return Truth(
        scene=scene, bodies=tuple(bodies), times=t, position=position, velocity=np.zeros_like(position), orientation=orientation,
        spin=np.zeros_like(position), visible=np.ones(position.shape[:2], dtype=bool), contacts=(), camera=scene.camera(),
        gravity=9.81, floor=scene.floor, room={"wall_y": 0.9}, vertices=vertices or {}, **of_truth,
    )  # fmt: skip


@pytest.fixture(name="staged")
def _staged() -> Callable[..., Truth]:
    return staged


@pytest.fixture(name="body_of")
def _body_of() -> Callable[..., Body]:
    return body_of

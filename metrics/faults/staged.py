"""Worlds with other laws: the scene is simulated anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.staging import few, lands, with_members
from kinema.scenes.scene import Scene

if TYPE_CHECKING:
    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Truth

__all__: list[str] = []

PULLED = {"gravity", "parabola"}  # laws of families in which gravity shows
PULLED_TOO = ("pendulum", "two_pendulums", "incline_slide", "ramp_jump", "friction_stop")
LOWEST, HIGHEST = 0.36, 0.79  # restitutions to which every dose may be added


def _anew(shot: Shot, scene: Scene, *, sounding: bool) -> Clip:
    """Another scene simulated, seen, and heard if ``sounding``, through this one's camera."""
    from kinema.scenes.world import simulate

    other = replace(simulate(scene, shot.truth.seconds), scene=shot.truth.scene)
    return replace(shot.seen(other), sound=shot.samples(other)) if sounding else shot.seen(other)


def _pulled(truth: Truth) -> str:
    if few(truth):
        return few(truth)
    scene = truth.scene
    if not (PULLED & set(scene.laws) or scene.family in PULLED_TOO):
        return "gravity does not show"
    return lands(truth, pace=2.0)  # at a quarter of it


@fault("gravity", "motion", "octaves", (-2, -1.3, -0.7, -0.3, 0.3, 0.7, 1.3, 2), unfit=_pulled, both=True)
def gravity(shot: Shot, dose: float) -> Clip:
    """Gravity is 2 to the dose times what it should be, and the scene is simulated, seen and heard anew: -2 is a quarter."""
    pull = shot.truth.gravity * 2.0**dose
    return _anew(shot, with_members(shot.truth.scene, gravity=property(lambda _: pull)), sounding=True)


def _bounces(truth: Truth) -> str:
    if few(truth):
        return few(truth)
    value: Any = getattr(truth.scene, "restitution", None)
    if value is None or not LOWEST <= value <= HIGHEST:
        return "there is no restitution that could be as much lower or higher"
    return "" if any(c.t < truth.seconds - 0.2 for c in truth.contacts) else "nothing bounces"


@fault("restitution", "motion", "1", (-0.35, -0.2, -0.1, -0.05, 0.05, 0.1, 0.15, 0.2), unfit=_bounces, both=True)
def restitution(shot: Shot, dose: float) -> Clip:
    """The coefficient of restitution is so much higher (lower), and the scene is simulated, seen and heard anew."""
    scene: Any = shot.truth.scene
    return _anew(shot, replace(scene, restitution=scene.restitution + dose), sounding=True)


def _driven_by_forces(truth: Truth) -> str:
    if few(truth):
        return few(truth)
    return "" if type(truth.scene).motion is Scene.motion else "the family moves by a law of its own"


@fault("damping", "motion", "1/s", (-0.4, -0.25, -0.15, -0.08, 0.08, 0.2, 0.4, 0.8), unfit=_driven_by_forces)
def damping(shot: Shot, dose: float) -> Clip:
    """A drag takes such a share of every body's speed away per second (adds it, where negative), as if energy leaked (grew)."""
    scene = shot.truth.scene
    mass = np.array([body.mass for body in scene.bodies()])[:, None]

    def forces(self: Scene, state: Any) -> Any:
        own = type(scene).forces(self, state)
        force, torque = own if own is not None else (np.zeros_like(state.velocity), np.zeros_like(state.velocity))
        return force - dose * mass * state.velocity, torque

    return _anew(shot, with_members(scene, forces=forces), sounding=False)

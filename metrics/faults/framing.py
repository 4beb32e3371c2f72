"""A right scene seen by another camera: none of this may cost a text-only clip anything but what the prompt asks of the camera."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.staging import PIXELS, across, few, metre, room_for, subjects, with_members
from kinema.scenes.camera import MOVES, PAN, Camera, moved

if TYPE_CHECKING:
    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Truth

__all__: list[str] = []

FARTHEST = 20.0  # px of 128 that a picture is shifted
CLOSEST = 20.0  # % that it is enlarged
FASTEST = 10.0  # px/s of 128 of the pan
ROUND, NEARER = np.radians(30), 0.8  # of a second shot: how far the camera has walked round, and how near it stands
OTHERS = ("pan_left", "pan_right", "zoom_in", "zoom_out", "dolly_in", "dolly_out")  # moves that a camera makes instead of its own


def _still(truth: Truth) -> str:
    return "" if truth.scene.move == "static" else "the camera moves already"


def _shiftable(truth: Truth) -> str:
    return _still(truth) or min((room_for(truth, low, high) for low, high in ((0, FARTHEST), (-FARTHEST, 0))), key=len)


@fault("shift", "motion", "px of 128", (1, 3, 5, 8, 12, 16, 20), unfit=_shiftable)
def shift(shot: Shot, dose: float) -> Clip:
    """The camera stands so far to one side that what happens is seen so many pixels farther to the other, where there is room."""
    truth = shot.truth
    side = -1.0 if room_for(truth, 0, FARTHEST) == "" else 1.0
    target = np.array(truth.camera.target) + side * dose * metre(truth) * across(truth)
    x, y, z = (float(one) for one in target)
    return shot.seen(replace(truth, camera=replace(truth.camera, target=(x, y, z))))


def _zoomable(truth: Truth) -> str:
    if _still(truth) or few(truth):
        return _still(truth) or few(truth)
    places = truth.pixels_at(np.arange(0, truth.seconds, 1 / 24), PIXELS, PIXELS)[:, subjects(truth)]
    far = np.abs(places - PIXELS / 2).max() * (1 + CLOSEST / 100)
    return "" if far < PIXELS / 2 - 4 else "a body would leave the picture"


@fault("zoom", "motion", "%", (-40, -25, -15, -5, 5, 10, 15, 20), unfit=_zoomable)
def zoom(shot: Shot, dose: float) -> Clip:
    """Everything is seen so much larger (smaller): the camera stands nearer (farther)."""
    camera = shot.truth.camera
    factor = 1 / (1 + dose / 100)
    nearer = replace(camera, distance=camera.distance * factor, view_height=camera.view_height * factor)
    return shot.seen(replace(shot.truth, camera=nearer))


def _pannable(truth: Truth) -> str:
    reach = FASTEST * truth.seconds / 2
    return _still(truth) or room_for(truth, -reach, reach)


@fault("pan", "motion", "px/s of 128", (1, 2, 3, 4.5, 6, 8, 10), unfit=_pannable)
def pan(shot: Shot, dose: float) -> Clip:
    """The camera pans so fast from one side to the other; midway it looks where it should."""
    truth, middle = shot.truth, shot.request.seconds / 2
    per_second = dose * metre(truth) / truth.camera.distance / PAN  # of the usual pan

    def camera_at(_: object, t: float) -> Camera:
        return moved(truth.camera, "pan_right", per_second * (t - middle))

    return shot.seen(replace(truth, scene=with_members(truth.scene, move="pan_right", camera_at=camera_at)))


@fault("shot_cut", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8), unfit=_still)
def shot_cut(shot: Shot, dose: float) -> Clip:
    """For the last so much of the clip the picture is cut to another shot: from farther round, and from nearer."""
    camera = shot.truth.camera
    other = replace(camera, yaw=camera.yaw + ROUND, distance=camera.distance * NEARER, view_height=camera.view_height * NEARER)
    cut = shot.once("shot_cut", lambda: shot.pictures(replace(shot.truth, camera=other)))
    frames = shot.clip.frames.copy()
    first = round((1 - dose) * len(frames))
    frames[first:] = cut[first:]
    return shot.shown(frames)


@fault("move_swap", "motion", "share", (0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0))
def move_swap(shot: Shot, dose: float) -> Clip:
    """The camera makes so much of another move than is asked for, and so much less of that; 1 is as fast as where a prompt asks for it.

    A camera that should stand still makes a move that it should not; one that should move makes another move or stands still.
    """
    truth = shot.truth
    asked = truth.scene.move
    others = [name for name in (*OTHERS, "static") if name != asked]
    move = others[int(shot.rng(2, list(MOVES).index(asked)).integers(len(others)))]

    def camera_at(_: object, t: float) -> Camera:
        return moved(moved(truth.camera, asked, (1 - dose) * t), move, dose * t)

    shown = move if asked == "static" else asked  # whose name says that the camera moves at all
    return shot.seen(replace(truth, scene=with_members(truth.scene, move=shown, camera_at=camera_at)))

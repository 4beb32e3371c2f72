"""Motion that is right in itself and not what was asked for: another direction, another order, or seen in a mirror."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.staging import displaced, few, free, metre, retimed, settled, subjects
from kinema.scenes.scene import TRUTH_RATE

if TYPE_CHECKING:
    from kinema.scenes.clip import Clip
    from kinema.scenes.truth import Truth

__all__: list[str] = []

LEAST_WAY = 25.0  # px of 128 that a body must go sideways for its direction to be told


def _goes_sideways(truth: Truth) -> str:
    if free(truth):
        return free(truth)
    if len(subjects(truth)) > 1:
        return "bodies that meet have no direction of their own"
    way = truth.position[:, subjects(truth)] - truth.position[0, subjects(truth)]
    return "" if np.abs(way @ truth.camera.axes[0]).max() / metre(truth) > LEAST_WAY else "nothing goes sideways"


@fault("direction_swap", "motion", "degrees", (15, 30, 50, 80, 110, 145, 180), unfit=_goes_sideways)
def direction_swap(shot: Shot, dose: float) -> Clip:
    """The path is turned so far about the vertical through its start, towards the camera; at 180 it goes the other way."""
    truth = shot.truth
    which = subjects(truth)
    way = truth.position[:, which] - truth.position[0, which]
    angle = np.radians(dose) * (-1.0 if way[-1, 0, 0] > 0 else 1.0)
    c, s = np.cos(angle), np.sin(angle)
    turned = np.stack([c * way[..., 0] - s * way[..., 1], s * way[..., 0] + c * way[..., 1], way[..., 2]], axis=-1)
    return shot.seen(displaced(truth, turned - way, which))


@fault("mirror", "motion", "share of scenes")
def mirror(shot: Shot, dose: float) -> Clip:
    """The picture is shown left for right; the sound keeps its sides."""
    del dose
    return shot.shown(shot.clip.frames[:, :, ::-1])


def _ordered(truth: Truth) -> str:
    if few(truth):
        return few(truth)
    if sum(claim.kind == "order" for claim in truth.scene.claims()) == 0:
        return "the prompt asks for no order"
    return "" if _firsts(truth) is not None else "no two bodies touch something for the first time, one after the other"


def _firsts(truth: Truth) -> tuple[tuple[int, float], tuple[int, float]] | None:
    """The two subjects that are first to touch something, and when."""
    first: dict[int, float] = {}
    for contact in truth.contacts:
        for i in subjects(truth):
            if truth.bodies[i].name in contact.bodies and contact.t > settled(truth) + 0.1:
                first.setdefault(i, contact.t)
    rows = sorted(first.items(), key=lambda row: row[1])
    return (rows[0], rows[1]) if len(rows) > 1 and rows[1][1] - rows[0][1] > 0.08 and rows[1][1] < truth.seconds else None


@fault("order_swap", "motion", "share of scenes", unfit=_ordered)
def order_swap(shot: Shot, dose: float) -> Clip:
    """Of the two bodies that are first to land each lands when the other should: one is slower, the other faster."""
    del dose
    faulty, start = shot.truth, settled(shot.truth)
    pair = _firsts(faulty)
    assert pair is not None, "unfit says where nothing lands"
    (one, early), (other, late) = pair
    t = np.arange(len(faulty.times)) / TRUTH_RATE
    for body, rate in ((one, (early - start) / (late - start)), (other, (late - start) / (early - start))):
        faulty = retimed(faulty, np.where(t < start, t, np.minimum(start + (t - start) * rate, faulty.seconds)), [body])
    return shot.seen(faulty)

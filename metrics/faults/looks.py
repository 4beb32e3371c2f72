"""Bodies that look wrong or change their looks: colour, size, form, number."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from kinema.metrics.faults.fault import Shot, fault
from kinema.metrics.faults.staging import across, added, clear_side, diameter, few, main, multiplied, settled, subjects
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import LIGHTINGS, STYLES
from kinema.scenes.shapes import Ball, Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kinema.scenes.clip import Clip
    from kinema.scenes.shapes import Solid
    from kinema.scenes.truth import Body, Truth

    Array = NDArray[np.float64]

__all__: list[str] = []

STEPS = 12  # sizes that a growing body goes through: at most 4 % of its own between two at the largest dose
LEVELS = 5  # forms that a wobbling body goes through
WOBBLES = 2.0  # Hz
SPACING = 1.5  # diameters between copies
PLACES = ((1, 0), (-1, 0), (1, 1), (-1, 1), (0, 1), (2, 0), (-2, 0))  # of copies, in spacings to the right and up


def _coloured(truth: Truth) -> str:
    return few(truth) or ("" if all(truth.bodies[i].colour in COLOURS for i in subjects(truth)) else "a body has no colour of its own")


def _mixed(first: NDArray[np.uint8], second: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """So much of the second picture in the first."""
    mixed: NDArray[np.uint8] = np.round(first * (1 - share) + second.astype(np.float32) * share).astype(np.uint8)
    return mixed


def _looking(truth: Truth, **looks: dict[int, Any]) -> Truth:
    """Some bodies with other facts: ``colour={0: "red"}``."""
    bodies = [replace(body, **{name: of[i] for name, of in looks.items() if i in of}) for i, body in enumerate(truth.bodies)]
    return replace(truth, bodies=tuple(bodies))


def _farthest(colour: str, taken: set[str]) -> str:
    """The colour that is least like this one, and no other body's as long as there are enough."""
    left = [name for name in COLOURS if name not in taken] or [name for name in COLOURS if name != colour]
    far = {name: float(np.linalg.norm(np.subtract(COLOURS[name], COLOURS[colour]))) for name in left}
    return max(far, key=lambda name: far[name])


@fault("colour_swap", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), unfit=_coloured)
def colour_swap(shot: Shot, dose: float) -> Clip:
    """Every body's hue lies so far between its own (0) and that of the palette which is least like it (1), throughout.

    Lightness and chroma go the same way, but never through grey, which could not be told from a floor.
    """
    truth = shot.truth
    taken = {body.colour for body in truth.bodies}
    other: dict[int, str] = {}
    for i in subjects(truth):
        other[i] = _farthest(truth.bodies[i].colour, taken | set(other.values()))
    painted = shot.once("colour_swap", lambda: shot.pictures(_looking(truth, colour=other)))
    return shot.shown(_turned(shot.clip.frames, painted, dose))


def _turned(first: NDArray[np.uint8], second: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """Pictures (T, H, W, 3) whose pixels lie so far between two, by lightness, chroma and hue (CIELAB), all hues turning the same way."""
    other = (first != second).any(axis=-1)
    if not other.any():
        return first
    (light, chroma, hue), (light2, chroma2, hue2) = _lch(first[other]), _lch(second[other])
    turn = np.angle(np.exp(1j * (hue2 - hue)))
    usual = np.angle((np.minimum(chroma, chroma2) * np.exp(1j * turn)).sum())
    turn = usual + np.angle(np.exp(1j * (turn - usual)))
    light, chroma, hue = light + share * (light2 - light), chroma + share * (chroma2 - chroma), hue + share * turn
    lab = np.stack([light, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1).astype(np.float32)
    mixed = first.copy()
    mixed[other] = np.round(255 * np.clip(cv2.cvtColor(lab[None], cv2.COLOR_Lab2RGB)[0], 0, 1)).astype(np.uint8)
    return mixed


def _lch(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Lightness, chroma and hue (radians) of pixels (n, 3) of sRGB."""
    lab = cv2.cvtColor((pixels[None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[0].astype(float)
    return lab[:, 0], np.hypot(lab[:, 1], lab[:, 2]), np.arctan2(lab[:, 2], lab[:, 1])


def _two(truth: Truth) -> str:
    if _coloured(truth):
        return _coloured(truth)
    colours = [truth.bodies[i].colour for i in subjects(truth)]
    return "" if len(colours) == 2 and len(set(colours)) == 2 else "there are not two bodies of two colours"


@fault("identity_swap", "motion", "share", (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5), unfit=_two)
def identity_swap(shot: Shot, dose: float) -> Clip:
    """For the last so much of the clip the two bodies have exchanged their looks; half is midway."""
    truth = shot.truth
    a, b = subjects(truth)
    one, two = truth.bodies[a], truth.bodies[b]
    looks = _looking(truth, colour={a: two.colour, b: one.colour}, material={a: two.material, b: one.material})
    exchanged = shot.once("identity_swap", lambda: shot.pictures(looks))
    frames = shot.clip.frames.copy()
    first = round((1 - dose) * len(frames))
    frames[first:] = exchanged[first:]
    return shot.shown(frames)


@fault("style_swap", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0))
def style_swap(shot: Shot, dose: float) -> Clip:
    """The picture is so much drawn in another style than is asked for (a mixture of the two pictures)."""
    scene = shot.truth.scene
    names = [name for name in STYLES if name != scene.style]
    other = names[int(shot.rng(1).integers(len(names)))]
    drawn = shot.once("style_swap", lambda: shot.pictures(replace(shot.truth, scene=replace(scene, style=other))))
    return shot.shown(_mixed(shot.clip.frames, drawn, dose))


@fault("light_swap", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0))
def light_swap(shot: Shot, dose: float) -> Clip:
    """The picture is so much lit by another light than is asked for (a mixture of the two pictures)."""
    scene = shot.truth.scene
    names = [name for name in LIGHTINGS if name != scene.lighting]
    other = names[int(shot.rng(12).integers(len(names)))]
    lit = shot.once("light_swap", lambda: shot.pictures(replace(shot.truth, scene=replace(scene, lighting=other))))
    return shot.shown(_mixed(shot.clip.frames, lit, dose))


@fault("shape_swap", "motion", "share of scenes", unfit=few)
def shape_swap(shot: Shot, dose: float) -> Clip:
    """Every ball is a box of the same area in the picture, and everything else a ball."""
    del dose
    bodies = shot.truth.bodies
    edge = {i: float(bodies[i].radius * np.sqrt(np.pi)) for i in subjects(shot.truth)}
    round_ = {i: bodies[i].form.kind == "ball" for i in edge}
    solid = {i: Box((e, e, e)) if round_[i] else Ball(bodies[i].radius) for i, e in edge.items()}
    return shot.seen(_looking(shot.truth, solid=solid, shape={i: "box" if round_[i] else "ball" for i in edge}))


@fault("duplicate", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), unfit=few)
def duplicate(shot: Shot, dose: float) -> Clip:
    """For so much of the clip, round its middle, the body that moves most is there twice, one and six tenths of its diameter apart."""
    truth = shot.truth
    body = main(truth)
    way = 1.6 * diameter(truth, body)
    beside = way * clear_side(truth, body, way) * across(truth)
    there = np.abs(truth.times / shot.request.seconds - 0.5) <= dose / 2
    return shot.seen(added(truth, _copy(truth.bodies[body], 1), body, beside, there))


@fault("count_swap", "motion", "bodies", (1, 2, 3, 4, 5, 6, 7), unfit=few)
def count_swap(shot: Shot, dose: float) -> Clip:
    """So many more bodies go beside and above the one that moves most, in the same way, throughout."""
    truth = shot.truth
    body = main(truth)
    step = SPACING * diameter(truth, body)
    side = clear_side(truth, body, step)
    for number, (right, up) in enumerate(PLACES[: round(dose)]):
        offset = step * (right * side * across(truth) + np.array([0, 0, up]))
        truth = added(truth, _copy(truth.bodies[body], number + 1), body, offset, np.ones(len(truth.times), bool))
    return shot.seen(truth)


@fault("size_change", "motion", "%", (-40, -25, -15, -8, 8, 15, 30, 50), unfit=few)
def size_change(shot: Shot, dose: float) -> Clip:
    """Every body grows (shrinks) evenly through the clip, so much by its end."""
    truth = shot.truth
    step = np.clip((truth.times / shot.request.seconds * STEPS).astype(int), 0, STEPS - 1)
    scale = 1 + dose / 100 * np.arange(STEPS) / (STEPS - 1)
    for i in subjects(truth):
        forms = [(multiplied(truth.bodies[i].form, np.full(3, s)), float(s)) for s in scale]
        truth = _changing(truth, i, forms, step)
    return shot.seen(truth)


def _compared(truth: Truth) -> str:
    if few(truth):
        return few(truth)
    larger = any(claim.kind == "larger" and claim.value == "larger" for claim in truth.scene.claims())
    return "" if larger and len(subjects(truth)) == 2 else "the prompt does not say which of two bodies is the larger"


@fault("size_swap", "motion", "share of scenes", unfit=_compared)
def size_swap(shot: Shot, dose: float) -> Clip:
    """The two bodies have exchanged their sizes; each stands where it stood and goes where it went."""
    del dose
    truth = shot.truth
    a, b = subjects(truth)
    radius = {i: truth.bodies[j].radius for i, j in ((a, b), (b, a))}
    by = {i: radius[i] / truth.bodies[i].radius for i in (a, b)}
    solid = {i: multiplied(truth.bodies[i].form, np.full(3, by[i])) for i in (a, b)}
    return shot.seen(_looking(truth, solid=solid, radius=radius))


def _jelly(truth: Truth) -> str:
    soft = any(claim.kind == "material" and claim.value == "jelly" for claim in truth.scene.claims())
    return "" if soft and truth.vertices else "the prompt asks for no jelly"


@fault("stiffen", "motion", "share", (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0), unfit=_jelly)
def stiffen(shot: Shot, dose: float) -> Clip:
    """What is soft changes its form by so much less than it should; at 1 it keeps that of the start."""
    held = {}
    for name, points in shot.truth.vertices.items():
        middle = points.mean(axis=1, keepdims=True)
        form = points - middle
        held[name] = (middle + form + dose * (form[:1] - form)).astype(np.float32)
    return shot.seen(replace(shot.truth, vertices=held))


@fault("squash", "motion", "%", (3, 6, 10, 15, 21, 29, 40), unfit=few)
def squash(shot: Shot, dose: float) -> Clip:
    """Every body is flattened, and as much wider, by so much and back, twice a second; its volume stays."""
    truth = shot.truth
    phase = (1 - np.cos(2 * np.pi * WOBBLES * np.maximum(truth.times - settled(truth), 0))) / 2
    step = np.round(phase * (LEVELS - 1)).astype(int)
    flat = [1 - dose / 100 * k / (LEVELS - 1) for k in range(LEVELS)]
    for i in subjects(truth):
        forms = [(multiplied(truth.bodies[i].form, np.array([s**-0.5, s**-0.5, s])), 1.0) for s in flat]
        truth = _changing(truth, i, forms, step, upright=truth.bodies[i].form.kind == "ball")
    return shot.seen(truth)


def _changing(truth: Truth, index: int, forms: list[tuple[Solid, float]], step: NDArray[np.int64], *, upright: bool = False) -> Truth:
    """A body that has the form (and the scale of its radius) ``forms[step]`` at each of the truth's times.

    Forms that it does not have just then stand behind the camera: within the one that it has they would count as hidden by it, and what
    is hidden among props is drawn.
    """
    body = truth.bodies[index]
    orientation = truth.orientation.copy()
    if upright:
        orientation[:, index] = (0.0, 0.0, 0.0, 1.0)
    changed = replace(truth, orientation=orientation)
    behind = truth.camera.eye - np.array(truth.camera.target) - truth.position[:, index] + truth.camera.eye
    for k, (solid, scale) in enumerate(forms):
        one = replace(_copy(body, k + 1), solid=solid, radius=body.radius * scale, rod_to=None)
        changed = added(changed, one, index, np.where((step == k)[:, None], 0.0, behind), step == k)
    visible, position = changed.visible.copy(), changed.position.copy()
    visible[:, index] = False
    position[:, index] += behind
    return replace(changed, visible=visible, position=position)


def _copy(body: Body, number: int) -> Body:
    return replace(body, name=f"{body.name} copy {number}")

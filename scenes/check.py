"""What every family must keep, ours or anyone's: public checks that each say in one sentence what is wrong.

A check takes a class of scenes, draws a few of them and raises ``AssertionError``. ``kinema check NAME|MODULE:ATTR`` runs them all.
"""

from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from kinema.scenes.contrast import contrasts_of
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, NUMBERS, ROOMS, STYLES, WORLDS, claims_of
from kinema.scenes.scene import Scene
from kinema.scenes.world import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from kinema.scenes.request import Claim
    from kinema.scenes.truth import Truth

__all__ = ["SCENE_CHECKS", "SECONDS", "differences", "false_words", "lengths_in", "says"]

SEEDS = (0, 1, 2)
SECONDS = 3.0  # what is checked of each truth
INSIDE = 0.9  # share of the time that each followed body must be within the picture
TAKE_SHARE = 0.0501  # heights and speeds may differ by as much between takes
ROUNDING = 0.006  # of lengths in prompts: "1.4 m" for 1.384 m is off by less than half a digit


@lru_cache(maxsize=12)
def _truth(cls: type[Scene], seed: int, take: int = 0) -> Truth:
    return simulate(cls.draw(seed).take(take), SECONDS)


def the_sheet_is_complete(cls: type[Scene]) -> None:
    """A family has a name, a version, an area, and a docstring that says what is true of it."""
    assert re.fullmatch(r"[a-z_]+", getattr(cls, "family", "")), f"family must be lower-case letters, not {getattr(cls, 'family', None)!r}"
    assert cls.version >= 1, "version counts from 1"
    assert cls.area, f"{cls.family}: area names the part of physics that a table puts it under"
    assert cls.__doc__ and len(cls.__doc__) > 60, f"{cls.family}: the docstring must say what happens and which closed form holds"


def a_seed_is_a_scene(cls: type[Scene]) -> None:
    """The same seed draws the same scene, another seed another one; the sheet is plain JSON."""
    for seed in SEEDS:
        first, again = cls.draw(seed), cls.draw(seed)
        assert first == again, f"{first.id} drawn twice differs in {', '.join(sorted(differences(first, again)))}"
        json.dumps(first.to_json(), allow_nan=False)
    assert differences(cls.draw(0), cls.draw(1)) - {"seed"}, f"{cls.family}: seeds 0 and 1 draw the same scene"


def truth_is_repeated(cls: type[Scene]) -> None:
    """Simulating twice gives the same numbers to the last bit."""
    scene = cls.draw(1)
    first, again = simulate(scene, 0.5), simulate(scene, 0.5)
    for name in ("position", "velocity", "orientation", "spin", "visible"):
        assert np.array_equal(getattr(first, name), getattr(again, name)), f"{scene.id}: {name} differs between two simulations"
    assert first.contacts == again.contacts, f"{scene.id}: contacts differ between two simulations"


def truth_is_well_formed(cls: type[Scene]) -> None:
    """Arrays are finite and of one length, quaternions have length 1, contacts are in order, within the time, and push."""
    for seed in SEEDS:
        truth = _truth(cls, seed)
        shape = (len(truth.times), len(truth.bodies))
        for name, width in (("position", 3), ("velocity", 3), ("orientation", 4), ("spin", 3)):
            array = getattr(truth, name)
            assert array.shape == (*shape, width), f"{truth.scene.id}: {name} has shape {array.shape}, not {(*shape, width)}"
            assert np.isfinite(array).all(), f"{truth.scene.id}: {name} is not finite"
        assert np.allclose(np.linalg.norm(truth.orientation, axis=-1), 1, atol=1e-6), f"{truth.scene.id}: quaternions of another length"
        names = [body.name for body in truth.bodies] + [prop.name for prop in truth.props]
        assert len(set(names)) == len(names), f"{truth.scene.id}: two things share a name"
        assert "floor" not in names, f'{truth.scene.id}: "floor" is the floor\'s name'
        _check_contacts(truth, {*names, "floor"})


def _check_contacts(truth: Truth, names: set[str]) -> None:
    times = [contact.t for contact in truth.contacts]
    assert times == sorted(times), f"{truth.scene.id}: contacts are out of order"
    for contact in truth.contacts:
        where = f"{truth.scene.id}: the contact of {' and '.join(contact.bodies)} at {contact.t:.3f} s"
        assert set(contact.bodies) <= names, f"{where} names nobody"
        assert truth.scene.delay - 1e-6 <= contact.t <= truth.seconds + 1e-6, f"{where} lies outside the truth"
        assert abs(np.linalg.norm(contact.normal) - 1) < 1e-6, f"{where} has a normal that is no unit vector"
        assert contact.impulse > 0, f"{where} does not push"
        assert contact.approach_speed > 0, f"{where} does not close in"


def sound_is_where_it_is_said_to_be(cls: type[Scene]) -> None:
    """A silent family touches and says nothing; an audible one does."""
    sources = 0
    for seed in SEEDS:
        truth = _truth(cls, seed)
        sources += len(truth.contacts) + len(truth.rubs) + len(truth.tones) + len(truth.utterances)
    if cls.audible:
        assert sources, f"{cls.family} is audible, but nothing touches, rubs or sounds in seeds {SEEDS}"
    else:
        assert not sources, f"{cls.family} is not audible, but {sources} things touch, rub or sound in seeds {SEEDS}"


def takes_stay_close(cls: type[Scene]) -> None:
    """A take is another draw of the same scene: heights and speeds within 5 %, the same words, the camera near."""
    scene = cls.draw(2)
    assert scene.take(0) == scene, f"{scene.id}: take 0 must be the scene itself"
    allowed = set(scene.vary(scene.rng(0))) | {"yaw", "closeness", "delay"}
    for number in range(1, 6):
        take = scene.take(number)
        changed = differences(scene, take)
        assert changed <= allowed, f"{scene.id}: take {number} changes {', '.join(sorted(changed - allowed))}"
        for name in changed - {"yaw", "closeness", "delay"}:
            numbers = np.asarray(getattr(scene, name)).dtype.kind in "if"
            assert numbers, f"{scene.id}: take {number} changes {name}, which is neither a height nor a speed"
            before, after = np.asarray(getattr(scene, name), dtype=float), np.asarray(getattr(take, name), dtype=float)
            off = float(np.abs(after - before).max() / max(np.abs(before).max(), 1e-12))
            assert off <= TAKE_SHARE, f"{scene.id}: take {number} changes {name} by {off:.1%}"
        told, again = replace(scene, delay=take.delay).claims(), take.claims()
        same = [(c.kind, c.value, c.body) for c in told] == [(c.kind, c.value, c.body) for c in again]
        assert same, f"{scene.id}: take {number} makes other claims"


def it_happens_inside_the_picture(cls: type[Scene]) -> None:
    """Followed bodies stay within the picture for nearly all of the time, in takes too."""
    for seed in SEEDS:
        for number in (0, 1, 2):
            truth = _truth(cls, seed, number)
            times = np.arange(0, SECONDS, 1 / 24)
            pixels = truth.pixels_at(times, 1, 1)
            for i, body in enumerate(truth.bodies):
                if body.subject:
                    radius = 0.5 * body.radius / truth.camera.view_height
                    within = ((pixels[:, i] > radius) & (pixels[:, i] < 1 - radius)).all(axis=-1).mean()
                    assert within >= INSIDE, f"{truth.scene.id}, take {number}: {body.name} is in the picture for {within:.0%} of the time"


def prompts_say_what_is_claimed(cls: type[Scene]) -> None:
    """Every wording states every claim, and no other colour, floor, gravity or length than the scene's own."""
    for seed in (*SEEDS, 3, 4):
        scene = cls.draw(seed)
        wordings = scene.prompts()
        assert len(set(wordings)) >= 4, f"{scene.id} has {len(set(wordings))} wordings; four are the least"
        assert scene.prompt in wordings
        for text in wordings:
            for claim in claims_of(scene):
                assert says(text, claim), f"{scene.id}: {text!r} does not say {claim.kind} {claim.value!r}"
            wrong = false_words(scene, text)
            assert not wrong, f"{scene.id}: {text!r} says {wrong}, which is false"


def claims_are_true(cls: type[Scene]) -> None:
    """What can be read off the truth agrees with the claims: colours, counts, first directions, moments."""
    for seed in SEEDS:
        truth = _truth(cls, seed)
        for claim in truth.scene.claims():
            problem = _untrue(truth, claim)
            assert not problem, f"{truth.scene.id}: the claim {claim.kind} {claim.value!r} is not true: {problem}"


def proofs_hold(cls: type[Scene]) -> None:
    """Closed forms and invariants hold within their tolerance, over five seeds and a take."""
    for seed, take in ((0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (0, 1)):
        truth = _truth(cls, seed, take)
        proofs = truth.scene.proofs(truth)
        assert proofs, f"{cls.family} proves nothing: give it a closed form or an invariant"
        for proof in proofs:
            assert proof.holds, (
                f"{truth.scene.id}, take {take}: {proof.law} is {proof.simulated:.6g}, the closed form {proof.source} says "
                f"{proof.closed_form:.6g}; off by {proof.error:.2%}, allowed {proof.tolerance:.2%}"
            )


def contrasts_change_one_thing(cls: type[Scene]) -> None:
    """Each contrast set has distinct levels, an id for every scene, and prompts that tell them apart."""
    scene = cls.draw(0)
    for factor, contrast in contrasts_of(scene).items():
        least = 2 if factor in ("direction", "order") else 3
        assert len(contrast.scenes) >= least, f"{scene.id}: contrast {factor} has {len(contrast.scenes)} levels; {least} are the least"
        sheets = {json.dumps({**one.to_json(), "id": "", "variant": ""}, sort_keys=True) for one in contrast.scenes}
        assert len(sheets) == len(contrast.scenes), f"{scene.id}: two levels of contrast {factor} are the same scene"
        told = {one.prompt for one in contrast.scenes}
        assert len(told) == len(contrast.scenes), f"{scene.id}: the prompts of contrast {factor} do not tell its levels apart"
    assert scene.contrasts(), f"{cls.family} has no factor of its own to be steered in"


SCENE_CHECKS: tuple[Callable[[type[Scene]], None], ...] = (
    the_sheet_is_complete,
    a_seed_is_a_scene,
    truth_is_repeated,
    truth_is_well_formed,
    sound_is_where_it_is_said_to_be,
    takes_stay_close,
    it_happens_inside_the_picture,
    prompts_say_what_is_claimed,
    claims_are_true,
    proofs_hold,
    contrasts_change_one_thing,
)


def differences(first: Scene, second: Scene) -> set[str]:
    """Names of the parameters in which two scenes of a family differ, leaving out what names a variant.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> moon, mars = (scene_from_id(f"drop@1/seed=3+gravity={world}") for world in ("moon", "mars"))
        >>> differences(moon, mars)
        {'world'}
    """
    names = {field.name for field in fields(first)} - {"variant", "note"}
    return {name for name in names if getattr(first, name) != getattr(second, name)}


def lengths_in(text: str) -> list[tuple[float, float]]:
    """Every length that a text names, with the value of its last digit, in metres.

    Example:
        >>> lengths_in("a ball, 9 cm wide, from 1.4 m")
        [(0.09, 0.01), (1.4, 0.1)]
    """
    units = {"m": 1.0, "cm": 0.01, "mm": 0.001}
    found = re.findall(r"(\d+(?:\.(\d+))?) (cm|mm|m)\b(?!/)", text)
    return [(round(float(number) * units[unit], 6), round(units[unit] / 10 ** len(digits), 6)) for number, digits, unit in found]


def says(text: str, claim: Claim) -> bool:
    """Whether a prompt states a claim, in one of the claim's own words or the usual ones of its kind."""
    if claim.words:
        return any(word.lower() in text.lower() for word in claim.words)
    match claim.kind:
        case "count":
            number = int(claim.value)
            words = [NUMBERS[number] if number < len(NUMBERS) else claim.value, claim.value]
            words += ["a single", "single", "only one", "an? "] if number == 1 else ["both", "pair"] if number == 2 else []
        case "direction":
            words = [rf"{claim.value}(?:wards)?", *({"down": ["falls", "sinks", "drops"], "up": ["rises", "climbs"]}.get(claim.value, []))]
        case "timing":
            words = [rf"{claim.value} s"]
        case _:
            words = [re.escape(claim.value)]
    return any(re.search(rf"\b{word}", text, re.IGNORECASE) for word in words)


def false_words(scene: Scene, text: str) -> str:
    """The first thing that a prompt says and that is not so; "" where there is none."""
    own_colours = {body.colour for body in scene.bodies()}
    for colour in COLOURS:
        if colour not in own_colours and re.search(rf"\b{colour}\b", text, re.IGNORECASE):
            return f"the colour {colour}"
    for table, own in ((WORLDS, scene.world), (FLOORS, scene.floor), (ROOMS, scene.room), (STYLES, scene.style)):
        for name, words in table.items():
            if name != own and re.search(rf"\b{re.escape(words)}\b", text, re.IGNORECASE) and words not in table[own]:
                return words
    known = _lengths_of(scene)
    for length, digit in lengths_in(text):
        if not any(abs(length - one) <= 0.5 * digit + ROUNDING * one for one in known):
            return f"the length {length:g} m"
    return ""


def _lengths_of(scene: Scene) -> list[float]:
    """Numbers of the sheet that may be lengths in metres, the sizes of bodies and props, and their doubles (radius and diameter)."""
    numbers: list[float] = []
    for field in fields(scene):
        value = getattr(scene, field.name)
        values = value if isinstance(value, tuple) else (value,)
        numbers += [abs(float(one)) for one in values if isinstance(one, int | float) and not isinstance(one, bool)]
    for solid in (*(body.form for body in scene.bodies()), *(prop.solid for prop in scene.props())):
        for name in ("size", "radius", "length"):
            own = getattr(solid, name, ())
            numbers += [float(one) for one in (own if isinstance(own, tuple) else (own,))]
    numbers += [body.radius for body in scene.bodies()]
    numbers += [value for name in dir(type(scene)) if isinstance(getattr(type(scene), name), property) for value in _number(scene, name)]
    return sorted({*numbers, *(2 * one for one in numbers)})


def _number(scene: Scene, name: str) -> list[float]:
    value = getattr(scene, name)
    return [abs(float(value))] if isinstance(value, int | float) and not isinstance(value, bool) else []


def _untrue(truth: Truth, claim: Claim) -> str:
    """Why a claim does not agree with the truth, "" where it does or where nothing can be read off."""
    subjects = [i for i, body in enumerate(truth.bodies) if body.subject]
    if claim.kind == "count":
        return "" if int(claim.value) == len(subjects) else f"{len(subjects)} bodies are followed"
    if claim.kind == "colour" and claim.body is not None:
        return "" if truth.bodies[claim.body].colour == claim.value else f"it is {truth.bodies[claim.body].colour}"
    if claim.kind == "material" and claim.body is not None:
        return "" if truth.bodies[claim.body].material == claim.value else f"it is {truth.bodies[claim.body].material}"
    if claim.kind == "direction":
        return _untrue_direction(truth, claim, subjects)
    if claim.time is not None and not 0 <= claim.time <= SECONDS:
        return f"{claim.time:.2f} s is not within the clip"
    return ""


def _untrue_direction(truth: Truth, claim: Claim, subjects: list[int]) -> str:
    axis, sign = {"left": (0, -1), "right": (0, 1), "down": (2, -1), "up": (2, 1)}[claim.value]
    for i in subjects if claim.body is None else [claim.body]:
        way = (truth.position[:, i, axis] - truth.position[0, i, axis]) * sign
        far = np.flatnonzero(np.abs(way) > 0.1 * truth.bodies[i].radius)
        if not len(far):
            return f"{truth.bodies[i].name} does not move that way at all"
        if way[far[0]] < 0:
            return f"{truth.bodies[i].name} first moves the other way"
    return ""

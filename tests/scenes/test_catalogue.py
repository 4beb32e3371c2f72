"""The first four families: seeds, takes, framing, prompts. What every family must keep is in test_conformance.py."""

from __future__ import annotations

import re

import numpy as np
import pytest

from kinema.errors import ConfigError, UnknownName
from kinema.scenes.palette import COLOURS
from kinema.scenes.prompts import FLOORS, WORLDS
from kinema.scenes.scene import SCENES, Scene, scene_from_id
from kinema.scenes.world import simulate

FAMILIES = ("drop", "projectile", "pendulum", "collision")
FRAMING_SEEDS = range(6)


def draw(name: str, seed: int) -> Scene:
    return SCENES[name].load().draw(seed)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_same_seed_is_the_same_scene(name: str) -> None:
    assert draw(name, 11) == draw(name, 11)
    assert draw(name, 11) != draw(name, 12)
    assert scene_from_id(draw(name, 11).id) == draw(name, 11)
    assert np.array_equal(simulate(draw(name, 11), 0.5).position, simulate(draw(name, 11), 0.5).position)


@pytest.mark.parametrize("name", FAMILIES)
def test_takes_differ_within_bounds(name: str) -> None:
    scene = draw(name, 5)
    assert scene.take(0) == scene
    assert scene.take(1) != scene.take(2)
    for number in range(1, 8):
        take = scene.take(number)
        assert abs(np.degrees(take.yaw)) <= 5
        assert 0.9 <= take.closeness <= 1.1
        assert 0 <= take.delay <= 0.25
        for parameter in scene.vary(scene.rng(0)):
            assert getattr(take, parameter) == pytest.approx(getattr(scene, parameter), rel=0.0501)


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("seed", FRAMING_SEEDS)
def test_everything_happens_large_enough_and_inside_the_picture(name: str, seed: int) -> None:
    for number in range(4):
        scene = draw(name, seed).take(number)
        truth = simulate(scene, 2.0)
        times = [contact.t for contact in truth.contacts]
        for i, body in enumerate(truth.bodies):
            radius = body.radius / truth.camera.view_height
            assert radius >= 0.07
            pixel = truth.camera.project(truth.position[:, i], 1, 1)
            assert pixel.min() - radius > 0
            assert pixel.max() + radius < 1
        match name:
            case "drop":
                assert len(times) >= 2
                assert times[1] < 1.95
            case "projectile":
                assert times[0] < 1.5
            case "collision":
                assert len(times) == 1
                assert 0.5 <= times[0] <= 1.5
            case "pendulum":
                assert times == []
                assert scene.delay + scene.period / 2 < 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("seed", range(8))
def test_every_prompt_says_what_its_claims_check(name: str, seed: int) -> None:
    scene = draw(name, seed)
    prompts = scene.prompts()
    assert len(set(prompts)) >= 4
    assert scene.prompt in prompts
    counts = {"1": r"\b(one|a single|only one|one ball|single)\b", "2": r"\b(two balls|both|each)\b"}
    for prompt in prompts:
        assert "{" not in prompt
        for claim in scene.claims():
            word = counts[claim.value] if claim.kind == "count" else rf"\b{claim.value}\b"
            if claim.kind == "direction" and name == "collision":
                word = r"\b(from the left|moving right|going right|from the right|moving left|going left)\b"
            assert re.search(word, prompt, re.IGNORECASE), (claim, prompt)
        named = {colour for colour in COLOURS if re.search(rf"\b{colour}\b", prompt, re.IGNORECASE)}
        assert named == {body.colour for body in scene.bodies()}  # nothing false: no other colour,
        assert WORLDS[scene.world] in prompt  # its own gravity,
        assert FLOORS[scene.floor].removeprefix("a ") in prompt  # its own floor


def test_masses_are_density_times_volume() -> None:
    body = scene_from_id("collision@1/seed=0", material_left="steel", radius=0.1).bodies()[0]
    assert body.mass == pytest.approx(7850 * 4 / 3 * np.pi * 0.001)


@pytest.mark.parametrize(("text", "error"), [("drop", ConfigError), ("drop@9/seed=1", ConfigError), ("dorp@1/seed=1", UnknownName)])
def test_a_wrong_id_is_one_sentence(text: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        scene_from_id(text)
    assert "\n" not in str(caught.value)


def test_an_unknown_parameter_is_named() -> None:
    with pytest.raises(ConfigError, match="hight"):
        scene_from_id("drop@1/seed=1", hight=2)


def test_directions_are_true() -> None:
    for seed in range(6):
        for name, axis in (("projectile", 0), ("pendulum", 0), ("collision", 0)):
            scene = draw(name, seed)
            truth = simulate(scene, 0.3)
            for claim in (claim for claim in scene.claims() if claim.kind == "direction"):
                moved = truth.position[-1, claim.body, axis] - truth.position[0, claim.body, axis]
                assert (moved > 0) == (claim.value == "right")

"""Every family through every public check, and each check against a family that breaks what it guards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from kinema.scenes import check
from kinema.scenes.catalogue.falling import Drop
from kinema.scenes.catalogue.swinging import Pendulum
from kinema.scenes.contrast import contrasts_of
from kinema.scenes.forms import forms_of
from kinema.scenes.prompts import claims_of
from kinema.scenes.proof import Proof
from kinema.scenes.request import Claim
from kinema.scenes.scene import SCENES, Scene, Setup, scene_from_id
from kinema.scenes.truth import Body, Truth


@pytest.mark.slow
@pytest.mark.parametrize("name", list(SCENES))
@pytest.mark.parametrize("one", check.SCENE_CHECKS, ids=lambda one: one.__name__)
def test_family(name: str, one: Callable[[type[Scene]], None]) -> None:
    one(SCENES[name].load())


class Nameless(Drop):
    area: ClassVar[str] = ""


class Seedless(Drop):
    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        return replace(super().draw(0, **overrides), seed=seed)


class Restless(Drop):
    """Draws from a stream that nobody seeded."""

    @classmethod
    def draw(cls, seed: int, **overrides: Any) -> Self:
        return replace(super().draw(seed, **overrides), height=float(np.random.default_rng().uniform(1, 2)))


class Silenced(Drop):
    audible: ClassVar[bool] = False


class Talkative(Pendulum):
    audible: ClassVar[bool] = True


class Fidgety(Drop):
    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"height": self.height * 1.3}


class Recoloured(Drop):
    def vary(self, rng: np.random.Generator) -> dict[str, Any]:
        return {"colour": "red" if self.colour != "red" else "blue"}


class Astray(Drop):
    def setup(self) -> Setup:
        return replace(super().setup(), position=((3 * self.view, 0.0, self.height + self.radius),))


class Mute(Drop):
    def claims(self) -> tuple[Claim, ...]:
        return (*super().claims(), Claim(kind="event", value="splash"))


class Boastful(Drop):
    def _texts(self) -> tuple[str, ...]:
        return tuple(f"{text} It is 99.9 m high." for text in super()._texts())


class Upward(Drop):
    def claims(self) -> tuple[Claim, ...]:
        return (*super().claims(), Claim(kind="direction", value="up", body=0, words=("ball",)))


class Wrong(Drop):
    def proofs(self, truth: Truth) -> tuple[Proof, ...]:
        return (Proof(law="g", closed_form=9.81, simulated=9.0, tolerance=0.01, source="g"),)


class Unsteerable(Drop):
    def contrasts(self) -> dict[str, tuple[Self, ...]]:
        return {"size": (self, self, self)}


class Twins(Drop):
    def bodies(self) -> tuple[Body, ...]:
        return super().bodies() * 2

    def setup(self) -> Setup:
        one = super().setup()
        x, y, z = one.position[0]
        return replace(one, position=((x, y, z), (x + 3 * self.radius, y, z)), velocity=one.velocity * 2, restitution=one.restitution * 2)


@pytest.mark.parametrize(
    ("family", "guard", "word"),
    [
        (Nameless, check.the_sheet_is_complete, "area"),
        (Seedless, check.a_seed_is_a_scene, "same scene"),
        (Restless, check.a_seed_is_a_scene, "height"),
        (Twins, check.truth_is_well_formed, "share a name"),
        (Silenced, check.sound_is_where_it_is_said_to_be, "not audible"),
        (Talkative, check.sound_is_where_it_is_said_to_be, "nothing touches"),
        (Fidgety, check.takes_stay_close, "30.0%"),
        (Recoloured, check.takes_stay_close, "colour"),
        (Astray, check.it_happens_inside_the_picture, "in the picture for 0%"),
        (Mute, check.prompts_say_what_is_claimed, "splash"),
        (Boastful, check.prompts_say_what_is_claimed, "99.9 m"),
        (Upward, check.claims_are_true, "up"),
        (Wrong, check.proofs_hold, "off by 8.26%"),
        (Unsteerable, check.contrasts_change_one_thing, "size"),
    ],
)
def test_a_check_notices_what_it_guards(family: type[Scene], guard: Callable[[type[Scene]], None], word: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=word):
        guard(family)


@dataclass(frozen=True, kw_only=True)
class Shaky(Drop):
    """Simulates something else every time."""

    calls: ClassVar[list[int]] = []

    def setup(self) -> Setup:
        self.calls.append(1)
        return replace(super().setup(), velocity=((0.001 * len(self.calls), 0.0, 0.0),))


def test_a_truth_that_changes_is_noticed() -> None:
    with pytest.raises(AssertionError, match="two simulations"):
        check.truth_is_repeated(Shaky)


def test_a_contrast_has_an_id_that_leads_back_to_it() -> None:
    scene = Drop.draw(3)
    for contrast in contrasts_of(scene).values():
        for one in contrast.scenes:
            assert scene_from_id(one.id) == one
    with pytest.raises(Exception, match="it has moon, mars"):
        scene_from_id("drop@1/seed=3+gravity=venus")


def test_a_later_start_stays_late_in_takes() -> None:
    late = scene_from_id("drop@1/seed=3+start=1")
    assert 1.0 <= late.take(4).delay <= 1.25
    assert late.take(4).prompt.count("Nothing moves for the first") == 1


@pytest.mark.parametrize("name", ["drop", "cradle", "talking_puppet"])
def test_every_wording_of_every_level_says_its_own_claims(name: str) -> None:
    for contrast in contrasts_of(SCENES[name].load().draw(0)).values():
        for one in contrast.scenes:
            for text in (*one.prompts(), forms_of(one)["shot_list"]):
                unsaid = [claim for claim in claims_of(one) if not check.says(text, claim)]
                assert not unsaid, (one.id, text, unsaid)
                assert not check.false_words(one, text), (one.id, text)

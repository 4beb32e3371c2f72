from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kinema.bench.generators import GENERATORS, is_control, parse
from kinema.errors import ConfigError, KinemaError, UnknownName

CONTROLS = {
    "oracle", "static", "constant_velocity", "silent", "click_track", "reversed", "sticks", "vanish", "late_sound", "shuffled_sound",
}  # fmt: skip


def test_all_controls_and_the_bundled_model_are_registered() -> None:
    assert set(GENERATORS) >= CONTROLS | {"reference"}
    assert all(is_control(GENERATORS[name].load()) for name in CONTROLS)
    assert not is_control(GENERATORS["reference"].load())


def test_options_are_typed() -> None:
    assert parse("late_sound:ms=120").build().ms == 120.0
    assert parse("late_sound").build().ms == 250.0
    assert parse("reference:text=no,steps=4").options == (("steps", 4), ("text", False))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("late_sound:m=3", "did you mean ms"),
        ("late_sound:ms", "k=v"),
        ("late_sound:ms=1,ms=2", "each once"),
        ("late_sound:ms=soon", "must be a number"),
        ("late_sound:ms=nan", "must be a number"),
        ("late_sound:ms=inf", "must be a number"),
        ("oracle:ms=1", "unknown option"),
        ("reference:text=perhaps", "yes or no"),
        ("reference:steps=1.5", "whole number"),
    ],
)
def test_a_bad_option_is_an_input_error(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(text)


def test_unknown_names_suggest_near_ones() -> None:
    with pytest.raises(UnknownName, match="Did you mean oracle"):
        parse("oracel")
    with pytest.raises(KinemaError, match="no module"):
        parse("absent_module:Thing")


def test_versions_tell_options_apart() -> None:
    versions = {spec.version_of(spec.build()) for spec in map(parse, ("late_sound:ms=1", "late_sound:ms=2", "oracle"))}
    assert len(versions) == 3


def test_an_address_names_a_class_a_factory_or_an_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outside_model.py").write_text(
        "class Model:\n"
        "    def __init__(self, level: int = 3) -> None:\n        self.level = level\n"
        "    def generate(self, request):\n        return self.level\n"
        "def make(level: int = 5) -> Model:\n    return Model(level)\n"
        "ready = Model(7)\n"
        "class Nothing:\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    made = [parse(text).build().generate(None) for text in ("outside_model:Model", "outside_model:Model:level=4", "outside_model:make")]
    assert [*made, parse("outside_model:ready").build().generate(None)] == [3, 4, 5, 7]
    with pytest.raises(ConfigError, match="no attribute 'Modle'"):
        parse("outside_model:Modle")
    with pytest.raises(ConfigError, match="no method generate"):
        parse("outside_model:Nothing").build()
    sys.modules.pop("outside_model", None)

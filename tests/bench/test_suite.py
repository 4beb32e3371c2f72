from __future__ import annotations

from pathlib import Path

import pytest

from kinema.bench.suite import load_suite, suite_names
from kinema.errors import ConfigError, KinemaError, UnknownName

SMALL = 'name = "mine"\nfamilies = ["drop"]\nseeds = [3]\n'


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_smoke_is_four_families_by_two_seeds() -> None:
    smoke = load_suite("smoke")
    assert len(smoke.scenes) == 8
    assert len({scene.id for scene in smoke.scenes}) == 8
    assert (smoke.width, smoke.height, smoke.fps, smoke.seconds) == (128, 128, 24.0, 2.0)
    assert "smoke" in suite_names()


def test_identity_follows_what_the_suite_resolves_to_and_nothing_else(tmp_path: Path) -> None:
    first = load_suite(written(tmp_path, SMALL)).id
    assert load_suite(written(tmp_path, "# a remark\n" + SMALL + "fps = 24.0\n")).id == first
    assert load_suite(written(tmp_path, SMALL + "fps = 25.0\n")).id != first


def test_more_or_fewer_seeds_can_be_asked_for(tmp_path: Path) -> None:
    smoke = load_suite("smoke")
    assert smoke.with_seeds(1).seeds == (0,)
    assert smoke.with_seeds(5).seeds == (0, 1, 2, 3, 4)
    listed = load_suite(written(tmp_path, SMALL))
    with pytest.raises(ConfigError, match="lists 1"):
        listed.with_seeds(2)
    with pytest.raises(ConfigError, match="at least one"):
        smoke.with_seeds(0)


def test_a_family_table_fixes_parameters(tmp_path: Path) -> None:
    text = 'name = "mine"\nseeds = [3]\n[[family]]\nname = "drop"\nworld = "moon"\n'
    suite = load_suite(written(tmp_path, text))
    assert suite.scenes[0].gravity == 1.62
    assert suite.family_of("drop@1/seed=9").overrides == (("world", "moon"),)
    with pytest.raises(ConfigError, match="belongs to no family"):
        suite.family_of("pendulum@1/seed=9")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SMALL + "widht = 64\n", "widht.*width"),
        (SMALL.replace("[3]", "[1000000]"), "1000000 is not below 1,000,000"),
        (SMALL.replace("[3]", "{ start = 999999, count = 2 }"), "1000000"),
        (SMALL.replace("[3]", "{ start = 1, cuont = 2 }"), "cuont.*count"),
        (SMALL.replace("[3]", "[]"), "at least one"),
        (SMALL.replace("[3]", "[3, 3]"), "each once"),
        (SMALL.replace("[3]", "[-3]"), "-3"),
        (SMALL.replace("drop", "dorp"), "drop"),
        (SMALL.replace('["drop"]', '["drop", "drop"]'), "twice"),
        (SMALL.replace('["drop"]', "[]"), "at least one family"),
        (SMALL + 'modes = ["i2v"]\n', "t2v"),
        (SMALL + 'metrics = ["sync/ofset"]\n', "sync/offset"),
        (SMALL + "fps = 0\n", "fps"),
        (SMALL + "fps = inf\n", "fps"),
        ('name = "mine"\nseeds = [3]\n[[family]]\nname = "drop"\nwrold = "moon"\n', "wrold"),
        ("name = mine", "not TOML"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(KinemaError, match=words) as caught:
        load_suite(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_an_unknown_suite_lists_near_misses() -> None:
    with pytest.raises(UnknownName, match="Did you mean smoke"):
        load_suite("smok")
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load_suite("absent.toml")

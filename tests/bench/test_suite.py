from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kinema.bench.plan import SceneRef, scene_refs
from kinema.bench.suite import load_suite, suite_names
from kinema.errors import ConfigError, KinemaError, UnknownName
from kinema.scenes.prompts import LIGHTINGS, ROOMS, STYLES
from kinema.scenes.scene import SCENES

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
        (SMALL + 'modes = ["t2w"]\n', "t2v"),
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


@pytest.mark.parametrize("name", ["core", "full"])
def test_the_wide_suites_name_every_family(name: str) -> None:
    suite = load_suite(name)
    assert {family.name for family in suite.families} == set(SCENES)
    assert len(suite.seeds) >= 3
    assert len({scene.id for scene in suite.scenes}) == len(SCENES) * len(suite.seeds)


def test_full_deals_out_every_style_room_light_and_move() -> None:
    scenes = load_suite("full").scenes
    for key, known in (("style", STYLES), ("room", ROOMS), ("lighting", LIGHTINGS)):
        assert {getattr(scene, key) for scene in scenes} == set(known), key
    assert len({scene.move for scene in scenes}) == 9
    assert len({(scene.style, scene.room, scene.lighting, scene.move) for scene in scenes}) > len(scenes) / 2


def test_parameters_are_dealt_out_in_turn(tmp_path: Path) -> None:
    text = SMALL.replace("[3]", "{ start = 0, count = 6 }") + '[vary]\nstyle = ["plain", "night", "clay"]\nroom = ["studio", "closet"]\n'
    suite = load_suite(written(tmp_path, text))
    styles = [scene.style for scene in suite.scenes]
    assert sorted(styles[:3]) == sorted(styles[3:]) == ["clay", "night", "plain"]
    assert [scene.style for scene in suite.with_seeds(9).scenes][:6] == styles
    ref = SceneRef.of(suite.families[0], suite.families[0].scene(4))
    assert ref.scene() == suite.scenes[4]
    assert suite.id != load_suite(written(tmp_path, text.replace("clay", "toon"))).id
    fixed = '[[family]]\nname = "drop"\nstyle = "film"\n'
    assert {scene.style for scene in load_suite(written(tmp_path, text.replace('families = ["drop"]\n', "") + fixed)).scenes} == {"film"}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[vary]\nstyle = []\n", "lists no value"),
        ('[vary]\nstyle = ["plian"]\n', "no style 'plian'.*plain"),
        ('[vary]\nstile = ["plain"]\n', "no parameter 'stile'"),
        ('[vary]\nmove = ["static", "fly"]\n', "no move 'fly'"),
        ("calibration = 0\n", "calibration"),
    ],
)
def test_what_is_wrong_with_what_is_dealt_out_is_said(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(KinemaError, match=words):
        load_suite(written(tmp_path, SMALL + more))


def test_the_identity_follows_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_suite(written(tmp_path, SMALL))
    truth, identity = first.truth, first.id
    monkeypatch.setattr("kinema.bench.suite.scene_identity", lambda scene: "another")
    again = load_suite(written(tmp_path, SMALL))
    assert again.truth != truth
    assert again.id != identity


def test_contrast_sets_are_asked_for_beside_their_scene(tmp_path: Path) -> None:
    path = tmp_path / "steer.toml"
    path.write_text('name = "steer"\nfamilies = ["drop", "pendulum"]\nseeds = [3]\ncontrasts = ["gravity", "restitution"]\n')
    suite = load_suite(str(path))
    ids = [scene.id for scene in suite.scenes]
    assert ids[:2] == ["drop@1/seed=3", "drop@1/seed=3+gravity=moon"]
    assert "drop@1/seed=3+restitution=2" in ids
    assert "pendulum@1/seed=3+gravity=jupiter" in ids
    assert not any("pendulum" in one and "restitution" in one for one in ids)  # a pendulum bounces off nothing
    refs = scene_refs(suite)
    assert [ref.scene().id for ref in refs] == ids
    assert scene_refs(suite, ["drop@1/seed=3+gravity=moon"])[0].scene().gravity == pytest.approx(1.62)
    assert suite.hash != replace(suite, contrasts=()).hash
    path.write_text('name = "steer"\nfamilies = ["drop"]\nseeds = [3]\ncontrasts = ["gravitation"]\n')
    with pytest.raises(ConfigError, match="Did you mean gravity"):
        load_suite(str(path))

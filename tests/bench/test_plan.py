from __future__ import annotations

import json
from pathlib import Path

import pytest

from kinema.bench.plan import clips_plan, run_plan
from kinema.bench.suite import load_suite
from kinema.errors import ConfigError


@pytest.fixture(scope="module")
def smoke():  # type: ignore[no-untyped-def]
    return load_suite("smoke")


def test_every_generator_meets_every_scene(smoke) -> None:  # type: ignore[no-untyped-def]
    plan = run_plan(smoke, ["oracle", "silent"], samples=2)
    assert len(plan.units) == 2 * 8 * 2
    assert [unit.number for unit in plan.units] == list(range(32))
    assert len({unit.key for unit in plan.units}) == 32
    assert len({unit.request.seed for unit in plan.units}) == 16  # a scene's samples differ, its generators share the seed


def test_the_folder_follows_the_config_and_not_the_workers(smoke) -> None:  # type: ignore[no-untyped-def]
    first, again = run_plan(smoke, ["oracle"]), run_plan(smoke, ["oracle"])
    assert first.folder == again.folder
    assert first.folder.parent == Path("runs")
    others = (run_plan(smoke, ["silent"]), run_plan(smoke, ["oracle"], samples=2), run_plan(smoke.with_seeds(1), ["oracle"]))
    assert len({first.folder, *(plan.folder for plan in others)}) == 4


def test_a_single_scene_can_be_asked_for(smoke) -> None:  # type: ignore[no-untyped-def]
    plan = run_plan(smoke, ["oracle"], only=["pendulum@1/seed=7"])
    assert [unit.scene_id for unit in plan.units] == ["pendulum@1/seed=7"]
    with pytest.raises(ConfigError, match="kept for calibration"):
        run_plan(smoke, ["oracle"], only=["drop@1/seed=1000000"])
    with pytest.raises(ConfigError, match="family@version"):
        run_plan(smoke, ["oracle"], only=["drop@1/sed=1"])


def manifest(folder: Path, *lines: dict[str, object]) -> Path:
    path = folder / "clips.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_without_a_suite_only_what_is_listed_is_scored(tmp_path: Path) -> None:
    path = manifest(tmp_path, {"path": "a.mp4", "scene": "drop@1/seed=5"}, {"path": "b.mp4", "shows": {"prompt": "a ball"}})
    plan = clips_plan(path, None)
    assert [unit.scene_id for unit in plan.units] == ["drop@1/seed=5", "outside/b.mp4"]
    assert plan.scaled
    assert not clips_plan(manifest(tmp_path, {"path": "b.mp4", "shows": {"prompt": "a ball"}}), None).scaled


def test_a_suite_asks_for_all_its_scenes(smoke, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = manifest(tmp_path, {"path": "a.mp4", "scene": "drop@1/seed=0", "generator": "mine"})
    plan = clips_plan(path, smoke)
    assert len(plan.units) == 8
    assert sum(unit.file is None for unit in plan.units) == 7
    assert list(plan.generators) == ["mine"]
    assert "7 of the scenes" in plan.notes[0]
    with pytest.raises(ConfigError, match="no scene of suite"):
        clips_plan(manifest(tmp_path, {"path": "a.mp4", "scene": "drop@1/seed=77"}), smoke)


def test_two_generators_of_one_name_are_refused(smoke, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = manifest(tmp_path, {"path": "a.mp4", "scene": "drop@1/seed=0", "generator": "oracle"})
    with pytest.raises(ConfigError, match="two clips"):
        run_plan(smoke, ["oracle", f"clips:{path}"])

from __future__ import annotations

import ast
import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from kinema.bench.plan import SIGHT, clips_plan, run_plan
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


def test_what_is_seen_is_kept_by_all_the_code_that_it_comes_of() -> None:
    """Every module of metrics/ that the observer or a fault imports, directly or not, is part of ``sight_hash``."""
    home = Path(find_spec("kinema.metrics").submodule_search_locations[0])  # type: ignore[union-attr,index]
    todo = [file for folder in ("observe", "faults") for file in (home / folder).glob("*.py")]
    met: set[Path] = set()
    while todo:
        file = todo.pop()
        met.add(file)
        for node in ast.walk(ast.parse(file.read_text())):
            module = node.module if isinstance(node, ast.ImportFrom) and node.module else ""
            names = [module, *(f"{module}.{one.name}" for one in node.names)] if module.startswith("kinema.metrics") else []
            places = [home.joinpath(*name.split(".")[2:]).with_suffix(".py") for name in names if name != "kinema.metrics"]
            todo += [place for place in places if place.is_file() and place not in met]
    named = {home / name for name in SIGHT}
    assert len(met) > 40
    assert [file.name for file in met if not {file, file.parent} & named] == []

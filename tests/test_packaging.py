"""The package on disk is the package that is installed, and its floors import only downwards."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {"src/kinema": 0, "scenes": 1, "metrics": 2, "reference_model": 2, "reports": 3, "bench": 4}
PACKAGES = {"kinema.scenes": 1, "kinema.metrics": 2, "kinema.reference_model": 2, "kinema.reports": 3, "kinema.bench": 4}


def test_every_package_folder_is_shipped() -> None:
    cfg = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    on_disk = {
        ".".join([name, *init.parent.relative_to(ROOT / folder).parts])
        for name, folder in cfg["package-dir"].items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert on_disk == set(cfg["packages"])


def test_every_data_file_is_shipped() -> None:
    cfg = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    shipped = set()
    for package, patterns in cfg["package-data"].items():
        folder = max((f for f in cfg["package-dir"] if package.startswith(f)), key=len)
        place = ROOT / cfg["package-dir"][folder] / package.removeprefix(folder).lstrip(".").replace(".", "/")
        shipped |= {path for pattern in patterns for path in place.glob(pattern)}
    data = {
        path
        for folder in FLOORS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in {".html", ".css", ".js", ".toml", ".safetensors", ".json", ".typed"}
    }
    assert data == {path for path in shipped if path.suffix in {".html", ".css", ".js", ".toml", ".safetensors", ".json", ".typed"}}


def _imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return found | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}


@pytest.mark.parametrize("folder", FLOORS)
def test_a_floor_imports_only_from_floors_below(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / folder).rglob("*.py")
        for name in _imports(path)
        for package, floor in PACKAGES.items()
        if (name == package or name.startswith(package + "."))
        and FLOORS[folder] <= floor
        and package.removeprefix("kinema.") != folder
    ]
    assert wrong == []


def test_only_world_and_render_touch_the_simulator() -> None:
    files = [path for folder in FLOORS for path in (ROOT / folder).rglob("*.py")]
    users = {path.relative_to(ROOT).as_posix() for path in files if "pybullet" in _imports(path)}
    assert users == {"scenes/world.py", "scenes/picture/engine.py"}

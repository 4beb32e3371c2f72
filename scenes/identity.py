"""What a truth depends on, as a hash: the code that decides it and the drawn data sheet, but no comment, docstring or blank space.

The code is found by following imports inside ``kinema.scenes`` from the family's own file, the simulator, the renderer and the mixer; what
only reads and writes files is left out. Source text is cut at positions that every Python from 3.11 on agrees about, so that the hash does
not depend on the interpreter.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import io
import tokenize
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kinema.files import hash_of

if TYPE_CHECKING:
    from kinema.scenes.scene import Scene

__all__ = ["plain_source", "scene_identity", "truth_source"]

HERE = Path(__file__).resolve().parent
PACKAGE = "kinema.scenes"
ROOTS = ("world", "render", "prompts", "sound.mix")  # what happens, what is seen, what is asked, what is heard
NEUTRAL = frozenset(  # what writes, reads, checks or lists truths, and decides none
    "_decode _encode _entry _store _tracks check clip contrast corpus dataset identity proof request sheets".split()
)


def scene_identity(scene: Scene) -> str:
    """The identity of a scene's truth: it changes when its data sheet or the code that decides its truth does.

    Example:
        >>> from kinema.scenes.scene import scene_from_id
        >>> scene_identity(scene_from_id("drop@1/seed=3")) == scene_identity(scene_from_id("drop@1/seed=4"))
        False
    """
    return hash_of([truth_source(type(scene)), scene.to_json(), list(scene.prompts())], 40)


def truth_source(family: type[Scene]) -> str:
    """A hash over the code that decides what is true of a family's scenes, and how it is shown and asked for."""
    try:
        file = Path(inspect.getfile(family)).resolve()
    except (TypeError, OSError):  # a class made at a prompt has no file; what it draws still stands for it
        file = HERE / "scene.py"
    return _source_of(file, HERE)


@lru_cache(maxsize=256)
def _source_of(file: Path, home: Path) -> str:
    files = {file: "family", **{_place(name, home): name for name in _modules(file, home)}}
    rows = sorted((name, _digest(path)) for path, name in files.items())
    return hash_of(rows, 40)


def _modules(file: Path, home: Path) -> set[str]:
    """The modules of ``kinema.scenes``, by their names below it, that the file and the roots import, at any depth."""
    found: set[str] = set()
    left = [*ROOTS, *_imports(file, home)]
    while left:
        name = left.pop()
        if name not in found and name.split(".")[0] not in NEUTRAL:
            found.add(name)
            left += _imports(_place(name, home), home)
    return found


def _place(name: str, home: Path) -> Path:
    """Where a module of ``kinema.scenes`` stands."""
    path = home / name.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_name(f"{path.name}.py")


@lru_cache(maxsize=256)
def _imports(file: Path, home: Path) -> tuple[str, ...]:
    """What one file imports from ``kinema.scenes``, wherever in it the import stands."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(PACKAGE):
            base = node.module.removeprefix(PACKAGE).lstrip(".")
            names += [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
        elif isinstance(node, ast.Import):
            names += [alias.name.removeprefix(f"{PACKAGE}.") for alias in node.names if alias.name.startswith(f"{PACKAGE}.")]
    return tuple(sorted(name for name in set(names) if name and _place(name, home).is_file()))


@lru_cache(maxsize=256)
def _digest(file: Path) -> str:
    return hashlib.sha256(plain_source(file.read_text(encoding="utf-8")).encode()).hexdigest()


def plain_source(text: str) -> str:
    r"""Python source without comments, docstrings, blank lines and blank space at the end of lines.

    Example:
        >>> plain_source('def f():  # why\n\n    "What it does."\n    return 1\n')
        'def f():\n    return 1'
    """
    lines = [line.encode() for line in text.split("\n")]
    for (row, start), (last, end) in sorted([*_comments(text), *_docstrings(text)], reverse=True):
        if row == last:
            lines[row - 1] = lines[row - 1][:start] + lines[row - 1][end:]
        else:
            lines[row - 1 : last] = [lines[row - 1][:start], *([b""] * (last - row - 1)), lines[last - 1][end:]]
    return "\n".join(line.decode().rstrip() for line in lines if line.strip())


Span = tuple[tuple[int, int], tuple[int, int]]  # (row from 1, byte in it) of both ends


def _comments(text: str) -> Iterator[Span]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            start = len(token.line[:column].encode())
            yield (row, start), (row, start + len(token.string.encode()))


def _docstrings(text: str) -> Iterator[Span]:
    holders = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, holders) and ast.get_docstring(node, clean=False) is not None:
            first = node.body[0]
            assert first.end_lineno is not None and first.end_col_offset is not None
            yield (first.lineno, first.col_offset), (first.end_lineno, first.end_col_offset)

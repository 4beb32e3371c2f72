"""Files that are either whole or absent, and JSON that has one spelling."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from kinema.errors import ConfigError

__all__ = ["cache_folder", "dumps", "hash_of", "locked", "read_json", "sha256_of", "write_bytes", "write_json"]


def dumps(value: Any) -> str:
    """JSON in one line with sorted keys; NaN and infinity are refused."""
    return json.dumps(value, sort_keys=True, allow_nan=False, separators=(",", ":"), ensure_ascii=False)


def hash_of(value: Any, length: int = 64) -> str:
    """The sha256 of a JSON value, in hex."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()[:length]


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Write beside the place and move into it, so that a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".writing-", suffix=path.suffix)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write a JSON value, atomically."""
    write_bytes(path, (dumps(value) + "\n").encode())


def read_json(path: Path) -> Any:
    """Read a JSON value."""
    return json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder where it is missing, and keep other processes from writing into it meanwhile.

    Raises:
        ConfigError: it is a file, or another process is at work in it.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file; name a folder with -o")
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigError(f"another process is at work in {folder}; wait for it, or choose another folder with -o") from None
    try:
        yield
    finally:
        lock.release()


def cache_folder() -> Path:
    """``$KINEMA_CACHE``, else the user's cache folder."""
    named = os.environ.get("KINEMA_CACHE")
    return Path(named) if named else user_cache_path("kinema", appauthor=False)

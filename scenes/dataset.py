"""The open data set that ``kinema render`` writes: its manifest, and reading its arrays.

A data set is nobody's word: sizes are checked before anything is allocated, nothing is unpickled, and every file must have the sha256 that
the manifest lists.
"""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from kinema.errors import ConfigError
from kinema.files import read_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

__all__ = ["KIND", "MANIFEST", "SCHEMA", "Folder", "arrays_of", "bytes_of", "open_folder"]

MANIFEST = "manifest.json"
SCHEMA = 1
KIND = "kinema/dataset"
MOST_BYTES = 2 << 30  # of one file of arrays, unpacked: a minute of 200 bodies, or ten seconds of 512 px, are below it
MOST_ARRAYS = 64
MOST_MANIFEST = 256 << 20
AGAIN = "write the folder again with: kinema render SUITE -o DIR"
PLAIN = "fbiuU"  # kinds of numbers and text; objects are not among them


def bytes_of(arrays: Arrays) -> bytes:
    """A compressed ``.npz``; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})  # type: ignore[arg-type]
    return buffer.getvalue()


def arrays_of(content: bytes, *, most_bytes: int = MOST_BYTES) -> dict[str, NDArray[Any]]:
    """The arrays of an ``.npz`` that nobody vouches for.

    Raises:
        ValueError: it is none, holds objects, or unpacks to more than ``most_bytes``.

    Example:
        >>> arrays_of(bytes_of({"a": np.arange(3)}))["a"].tolist()
        [0, 1, 2]
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) > MOST_ARRAYS or sum(member.file_size for member in members) > most_bytes:
                raise ValueError(f"unpacks to more than {MOST_ARRAYS} arrays or {most_bytes} bytes")
            return {member.filename.removesuffix(".npy"): _array(archive.read(member), member.filename) for member in members}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as problem:
        raise ValueError(f"is no .npz: {problem}") from None


def _array(content: bytes, name: str) -> NDArray[Any]:
    """One ``.npy``, whose header must promise exactly the bytes that follow: numpy would allocate whatever it promises."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"{name} has a header of version {version}")
    shape, fortran, kind = np.lib.format.read_array_header_1_0(file)
    size = math.prod(shape) * kind.itemsize
    if kind.kind not in PLAIN or fortran or size != len(content) - file.tell():
        raise ValueError(f"{name} is no plain array of its size")
    if not size:
        return np.zeros(shape, kind)
    return np.frombuffer(content, dtype=kind, offset=file.tell()).reshape(shape).copy()


@dataclass(frozen=True)
class Folder:
    """A data set and its manifest: size and sha256 of every file, and what it was made from."""

    path: Path
    manifest: dict[str, Any]

    @property
    def truths(self) -> dict[str, str]:
        """Where the truth of a data sheet and a length lies, by the key of ``_store.key_of``."""
        found: dict[str, str] = self.manifest["truths"]
        return found

    def read(self, name: str) -> bytes:
        """A file whose content is what the manifest says.

        Raises:
            ConfigError: it is missing, or another one.
        """
        entry = self.manifest["files"].get(name)
        if entry is None or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ConfigError(f"{self.path}: {name!r} is no file of this data set")
        file = self.path / name
        try:
            content = file.read_bytes() if file.stat().st_size <= MOST_BYTES else b""
        except OSError as problem:
            raise ConfigError(f"{self.path}: cannot read {name} ({problem.strerror}); {AGAIN}") from None
        if hashlib.sha256(content).hexdigest() != entry.get("sha256"):
            raise ConfigError(f"{self.path}: {name} is not the file that the manifest lists; {AGAIN}")
        return content

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays of a file.

        Raises:
            ConfigError: they cannot be read.
        """
        content = self.read(name)
        try:
            return arrays_of(content)
        except ValueError as problem:
            raise ConfigError(f"{self.path}: {name}: {problem}") from None


def open_folder(path: Path | str) -> Folder:
    """A data set that ``kinema render`` wrote.

    Raises:
        ConfigError: the folder is none.
    """
    path = Path(path)
    file = path / MANIFEST
    try:
        if file.stat().st_size > MOST_MANIFEST:
            raise ConfigError(f"{file} is larger than {MOST_MANIFEST} bytes")
        manifest = read_json(file)
    except (OSError, ValueError, RecursionError) as problem:
        if isinstance(problem, ConfigError):
            raise
        raise ConfigError(f"{path} is no data set of Kinema: {MANIFEST} cannot be read; {AGAIN}") from None
    if not _sound(manifest):
        raise ConfigError(f"{file} is no manifest of schema {SCHEMA} of a data set of Kinema; {AGAIN}")
    return Folder(path, manifest)


def _sound(manifest: Any) -> bool:
    """Whether a manifest has the form that the rest of the code relies on."""
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND or manifest.get("schema") != SCHEMA:
        return False
    files, truths = manifest.get("files"), manifest.get("truths")
    tables = [manifest.get(name, {}) for name in ("suite", "config")]
    return (
        isinstance(files, dict)
        and isinstance(truths, dict)
        and all(isinstance(entry, dict) for entry in files.values())
        and all(isinstance(place, str) for place in truths.values())
        and all(isinstance(table, dict) for table in tables)
        and isinstance(manifest.get("config", {}).get("sources", {}), dict)
    )

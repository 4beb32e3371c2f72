"""What was seen of clips that are made again from the same truth: kept until the code that makes or sees them changes."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

from kinema.files import cache_folder, dumps, hash_of, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kinema.metrics.observation import Observation

__all__ = ["kept"]


def kept(key: list[Any], look: Callable[[], tuple[Observation, dict[str, float]]]) -> tuple[Observation, dict[str, float]]:
    """An observation, rounded as it is written, and what it cost; looked at only where it is not known yet.

    Args:
        key: all that decides what is seen, ``plan.sight_hash`` among it, as a JSON value.
        look: gives the observation and milliseconds of CPU time by what they were spent on.
    """
    from kinema.metrics.observe.record import from_json, to_json

    path = cache_folder() / "seen" / f"{hash_of(key, 40)}.json.z"
    known = _read(path)
    if known is None:
        seen, ms = look()
        known = {"ms": ms, "observation": to_json(seen)}
        write_bytes(path, zlib.compress(dumps(known).encode(), 6))
    return from_json(known["observation"]), known["ms"]


def _read(path: Path) -> dict[str, Any] | None:
    """What was kept, if it is whole."""
    try:
        value = json.loads(zlib.decompress(path.read_bytes()))
    except (OSError, ValueError, zlib.error):
        return None
    return value if isinstance(value, dict) and {"ms", "observation"} <= set(value) else None

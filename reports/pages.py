"""Templates, and how values are written on a page."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kinema.files import write_bytes

__all__ = ["ASSETS", "number", "points", "write_page"]

FOLDER = Path(__file__).parent / "page"
ASSETS = (FOLDER / "style.css", FOLDER / "script.js")


def number(value: float | None) -> str:
    """A raw value to about three figures.

    Example:
        >>> [number(x) for x in (None, 0.0, 0.01234, 9.8123, -43.27, 1234.5)]
        ['', '0', '0.0123', '9.81', '−43.3', '1234']
    """
    if value is None:
        return ""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{value:.3g}" if 0 < size < 0.1 else f"{value:.{digits}f}"
    if "." in text and "e" not in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace("-", "−")


def points(value: float | None) -> str:
    """A score from 0 to 100, whole.

    Example:
        >>> points(41.49), points(None)
        ('41', '')
    """
    return "" if value is None else f"{value:.0f}"


def write_page(path: Path, template: str, **values: Any) -> None:
    """Fill a template and write it; a value that the template names and nobody gave is an error."""
    write_bytes(path, _environment().get_template(template).render(**values).encode())


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "allow_nan": False, "separators": (",", ":")}
    environment.filters |= {"number": number, "points": points}
    return environment

"""Kinema: a physics-aware benchmark for models that generate video with sound from text."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import Any

__version__ = metadata.version("kinema")

_PUBLIC = {
    "Clip": "kinema.scenes.clip",
    "read_clip": "kinema.scenes.clip",
    "write_clip": "kinema.scenes.clip",
    "Request": "kinema.scenes.request",
    "Scene": "kinema.scenes.scene",
    "Truth": "kinema.scenes.truth",
    "Observation": "kinema.metrics.observation",
    "Case": "kinema.metrics.metric",
    "metric": "kinema.metrics.metric",
    "observe": "kinema.metrics.observe",
}

__all__ = ["__version__", *_PUBLIC]  # noqa: PLE0604  (the keys are strings)


def __getattr__(name: str) -> Any:
    """Resolve a public name on first use, so that ``import kinema`` stays light."""
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'kinema' has no attribute {name!r}")

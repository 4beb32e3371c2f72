"""Observing and scoring: what a clip shows, and how far that is from what should be."""

from __future__ import annotations

__all__ = ["MODULES", "load_all"]

MODULES = (  # those that register metrics when they are imported
    "adherence",
    "dynamics",
    "legacy",
    "legacy_bodies",
    "realism",
    "registered",
    "sync",
)


def load_all() -> None:
    """Register every metric that comes with Kinema.

    Example:
        >>> from kinema.metrics.metric import METRICS
        >>> load_all()
        >>> "sync/offset" in METRICS
        True
    """
    from importlib import import_module

    for module in MODULES:
        import_module(f"kinema.metrics.{module}")

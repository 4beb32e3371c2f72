"""Observing and scoring: what a clip shows, and how far that is from what should be."""

from __future__ import annotations

__all__ = ["load_all"]


def load_all() -> None:
    """Register every metric that comes with Kinema.

    Example:
        >>> from kinema.metrics.metric import METRICS
        >>> load_all()
        >>> "sync/offset" in METRICS
        True
    """
    from kinema.metrics import adherence, dynamics, realism, sync  # noqa: F401  (importing registers)

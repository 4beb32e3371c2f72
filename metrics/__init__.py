"""Observing and scoring: what a clip shows, and how far that is from what should be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from kinema.metrics.torch_metric import ClipMetric, SetMetric

__all__ = ["MODULES", "as_torchmetric", "load_all"]

MODULES = (  # those that register metrics when they are imported
    "adherence",
    "distribution_metrics",
    "distribution_outside",
    "adherence_scene",
    "clip_outside",
    "clip_score",
    "dynamics",
    "laws",
    "heard",
    "legacy",
    "legacy_bodies",
    "realism",
    "realism_sound",
    "registered",
    "steerability",
    "sound",
    "sync",
    "sync_events",
    "sync_legacy",
    "sync_networks",
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


def as_torchmetric(name: str, *, empty: Literal["error", "worst"] = "error") -> ClipMetric | SetMetric:
    """A metric of Kinema's as a ``torchmetrics.Metric``; see :func:`kinema.metrics.torch_metric.as_torchmetric`.

    Example:
        >>> as_torchmetric("sync/offset")
        as_torchmetric('sync/offset')
    """
    from kinema.metrics.torch_metric import as_torchmetric as made

    return made(name, empty=empty)

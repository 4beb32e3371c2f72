"""Observing clips: tracks, contacts, onsets and numbers about picture and sound, from pixels and samples alone."""

from kinema.metrics.observe.bodies import Hints
from kinema.metrics.observe.observer import observe

__all__ = ["Hints", "observe"]

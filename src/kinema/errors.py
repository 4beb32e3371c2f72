"""Every error that a user may meet: one sentence that echoes the input and says what to type next."""

from __future__ import annotations

__all__ = ["BrokenClip", "ConfigError", "KinemaError", "MissingExtra", "SchemaTooNew", "UnknownName"]


class KinemaError(Exception):
    """The root of Kinema's own errors. ``exit_code`` is what the command line exits with."""

    exit_code = 2


class UnknownName(KinemaError, LookupError):
    """Asked for a plug-in nobody registered. The message lists near misses."""


class ConfigError(KinemaError, ValueError):
    """A suite, manifest, gate file or option that cannot be used."""


class MissingExtra(KinemaError, ImportError):
    """An optional library is not installed. The message says which extra to install."""


class BrokenClip(KinemaError):
    """A clip that cannot be read, or that goes over a limit."""

    exit_code = 4


class SchemaTooNew(KinemaError):
    """A file written by a newer Kinema than this one."""

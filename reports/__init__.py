"""Pages made from finished runs."""

from kinema.reports.folder import build

__all__ = ["build"]

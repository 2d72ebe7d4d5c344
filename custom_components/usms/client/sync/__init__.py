"""From the portal into the store: what is due, one request at a time."""

from .readings import Progress, Sync

__all__ = ["Progress", "Sync"]

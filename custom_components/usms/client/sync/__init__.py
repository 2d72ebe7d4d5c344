"""From the portal into the store: what is due, one request at a time."""

from .progress import Progress
from .readings import Sync

__all__ = ["Progress", "Sync"]

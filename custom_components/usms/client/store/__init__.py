"""What was read of an account, in one SQLite file."""

from .readings import ReadingsStore

__all__ = ["ReadingsStore"]

"""What stands for a number that must not be seen."""

from __future__ import annotations


def masked(number: str) -> str:
    """Return a number with all but its last four digits hidden."""
    return f"•••• {number[-4:]}"

"""How far the reading of history has come, and how long it still takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..models import Unread
    from .plan import Step


@dataclass(frozen=True, slots=True)
class Progress:
    """One report was read, and what that means for the whole."""

    step: Step
    done: int
    """Reports of history that are in the store."""
    total: int
    """`done` and those known to be left; grows while the start of history is not found."""
    days_complete: bool
    """Whether the daily history of every meter is there, back to its start."""
    empty_days: int
    """Days that were empty when asked for, and are asked for again."""
    changed: tuple[date, ...]
    """The days of the step's meter of which any reading changed."""
    time_left: timedelta | None
    """At the speed so far; None before there is one."""
    unread: Unread | None = None
    """What could not be read of the report, and was left out."""


@dataclass(slots=True)
class Pace:
    """How long a report takes, as a running mean."""

    seconds: float | None = field(default=None)

    def add(self, seconds: float) -> None:
        """Take in how long one took."""
        self.seconds = seconds if self.seconds is None else 0.9 * self.seconds + 0.1 * seconds

    def time_for(self, reports: int) -> timedelta | None:
        """Return how long so many take; None before the first."""
        return None if self.seconds is None else timedelta(seconds=round(self.seconds * reports))

"""How far the history of an account has come, as entities and answers show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.helpers.update_coordinator import DataUpdateCoordinator


@dataclass(frozen=True, slots=True)
class HistoryProgress:
    """How far the history has come."""

    reports_read: int
    reports_left: int
    """As far as is known; grows while the start of the history is not found."""
    days_complete: bool
    """Whether the daily history of every meter is there, back to its start."""
    empty_days: int
    """Days that the portal had not published when asked, and that are asked for again."""
    planned: bool
    """Whether it is known what there is to read: every day, then the hours of each."""
    time_left: timedelta | None
    """How long it still takes; None while nothing is read."""
    next_try: datetime | None
    """When the portal is asked again, where it could not be read; None where it is not waited for.
    """

    @property
    def percent(self) -> int | None:
        """Which share is read; None while it is not known what there is to read."""
        total = self.reports_read + self.reports_left
        return 100 * self.reports_read // total if self.planned and total else None


type HistoryCoordinator = DataUpdateCoordinator[HistoryProgress]

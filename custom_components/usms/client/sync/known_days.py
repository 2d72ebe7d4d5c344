"""A meter's days as the store knows them, and what a plan asks of them again and again. Pure."""

from __future__ import annotations

from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from ..brunei import brunei_date
from ..store.models import DayState
from .history_start import Search, jump, oldest_day, sought

if TYPE_CHECKING:
    from collections.abc import Mapping


class KnownDays(dict[date, DayState]):
    """Days that do not change any more: a report that changes one makes others of them."""

    def __init__(self, days: Mapping[date, DayState]) -> None:
        """Know these days."""
        super().__init__(days)
        self._sought: dict[date, Search | date] = {}
        """By what day is today."""

    @cached_property
    def open(self) -> list[DayState]:
        """Those that may be asked for again, newest first: not settled, or found empty."""
        known = (self[day] for day in sorted(self, reverse=True))
        return [day for day in known if not day.settled or day.empty_since]

    @cached_property
    def oldest_used(self) -> date | None:
        """The oldest day on which anything was used."""
        return oldest_day(self)

    @cached_property
    def oldest_total(self) -> date | None:
        """The oldest day that has a total."""
        return min((day for day, known in self.items() if known.total is not None), default=None)

    @cached_property
    def newest_stamp(self) -> datetime | None:
        """The newest of the moments noted about any of them."""
        stamps = (known.newest_stamp for known in self.values())
        return max((stamp for stamp in stamps if stamp is not None), default=None)

    def search(self, now: datetime) -> Search:
        """Return which days no daily report has covered are to be asked for next."""
        today = brunei_date(now)
        if today not in self._sought:
            self._sought = {today: sought(self, today)}
        found = self._sought[today]
        return found if isinstance(found, Search) else jump(self, found, now)

    def as_of(self, now: datetime) -> KnownDays:
        """Return them without what a wrong clock has noted: the future, and days after today."""
        today, newest = brunei_date(now), self.newest_stamp
        if max(self, default=today) <= today and (newest is None or newest <= now):
            return self
        return KnownDays({day: known.as_of(now) for day, known in self.items() if day <= today})

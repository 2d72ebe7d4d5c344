"""What stands in the recorder of a meter's days, and which of its rows have to go. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, override

from ..client.brunei import BRUNEI, brunei_midnight
from ..client.consumption import DayReadings

_MIDNIGHT: Final = 1
"""The bit of a day's first hour among the starts of its rows."""


@dataclass(frozen=True, slots=True)
class Written:
    """What stands in the recorder of a day."""

    amount: Decimal
    total: Decimal | None
    starts: int
    """At which hours its rows start, a bit each."""

    @classmethod
    def of(cls, day: DayReadings) -> Written:
        """Return what stands there once the day is written."""
        return cls(day.amount, day.total, day.starts)


class WrittenDays(dict[date, Written]):
    """What stands in the recorder of each day; its days in order, however many there are."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self.days: list[date] = []
        """By time."""

    @override
    def __setitem__(self, day: date, written: Written) -> None:
        if day not in self:
            insort(self.days, day)
        super().__setitem__(day, written)

    def of(self, days: Iterable[date]) -> dict[date, Written]:
        """Return what stands there of those days now."""
        return {day: self[day] for day in days if day in self}

    def before(self, day: date) -> date | None:
        """Return the last day before one."""
        place = bisect_left(self.days, day)
        return self.days[place - 1] if place else None

    def between(self, since: date, until: date) -> list[date]:
        """Return the days from one on, and before another, by time."""
        return self.days[bisect_left(self.days, since) : bisect_left(self.days, until)]


def superseded_rows(
    before: Mapping[date, Written], after: Mapping[date, Written]
) -> list[datetime]:
    """Return the starts of rows that are none any more.

    Totals at midnight of days that have got hours, and estimates of hours that a day does not lack.
    """
    return [
        brunei_midnight(day) + timedelta(hours=hour)
        for day, known in before.items()
        if (gone := known.starts & ~after[day].starts)
        for hour in range(24)
        if gone >> hour & 1
    ]


def left_totals(written: Mapping[date, Written], recorded: Iterable[float]) -> list[datetime]:
    """Return the starts of totals at midnight of days that have hours, of all recorded rows.

    `recorded` is in seconds since 1970.
    """
    starts = (datetime.fromtimestamp(start, BRUNEI) for start in recorded)
    return [
        start
        for start in starts
        if not start.hour
        and (day := written.get(start.date()))
        and day.starts
        and not day.starts & _MIDNIGHT
    ]

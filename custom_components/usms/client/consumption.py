"""What a day and a month used, from readings: one rule each, for statistics, figures and answers.

Pure. Amounts are kWh or m³, days are Brunei's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from .brunei import brunei_date, brunei_midnight
from .models import Reading, Resolution

_ZERO = Decimal(0)
_ADDS_UP: Final = Decimal("0.012")
"""By how much 24 hours may differ from their day, each rounded to 0.001."""


class ReadReading(Protocol):
    """A reading, as the portal or the store returns it."""

    @property
    def start(self) -> datetime:
        """When it starts, aware."""

    @property
    def value(self) -> Decimal:
        """What was used in it."""


class ReadingSource(Protocol):
    """What readings are taken from: the store."""

    def readings(
        self, meter: str, resolution: Resolution, first: date | None, last: date | None
    ) -> Sequence[ReadReading]:
        """Return a meter's hours or days by time, from the first day to the last."""

    def amounts(
        self, meter: str, resolution: Resolution, first: date | None, last: date | None
    ) -> Sequence[Reading]:
        """Return the same without where they come from."""

    def plain_readings(
        self, meter: str, resolution: Resolution, since: datetime, until: datetime
    ) -> Sequence[tuple[str, str, bool]]:
        """Return those that start at `since` or later and before `until`, as text."""


@dataclass(frozen=True, slots=True)
class DayReadings:
    """What is known of a day: its total, and its hours where there are any."""

    day: date
    total: Decimal | None
    hours: tuple[Reading, ...] = ()
    """By time, the estimated ones too."""

    @property
    def rows(self) -> tuple[Reading, ...]:
        """The day as it is shown and priced: its hours, else its total at midnight."""
        if self.hours:
            return self.hours
        if self.total is None:
            return ()
        return (Reading(brunei_midnight(self.day), self.total),)

    @property
    def parts(self) -> Sequence[Decimal | None]:
        """What each of its hours used, None where that is not known; without hours its total."""
        hours = {hour.start.hour: hour.value for hour in self.hours}
        return [hours.get(hour) for hour in range(24)] if hours else [self.total]

    @property
    def resolution(self) -> Resolution:
        """How long each of the rows lasts."""
        return Resolution.HOUR if self.hours else Resolution.DAY

    @property
    def amount(self) -> Decimal:
        """What the rows of the day sum to."""
        return _sum(self.rows)

    @property
    def used(self) -> Decimal:
        """What the day used, as far as is known: its total, its hours' sum while there is none."""
        return self.amount if self.total is None else self.total

    @property
    def whole(self) -> Decimal | None:
        """What the whole day used: its total, else its 24 hours; None while it lacks both."""
        if self.total is not None:
            return self.total
        return self.amount if len(self.hours) == 24 else None

    @property
    def starts(self) -> int:
        """At which hours the rows start, a bit each."""
        return sum(1 << row.start.hour for row in self.rows)


def days_of(totals: Iterable[Reading], hours: Iterable[Reading]) -> Iterator[DayReadings]:
    """Yield the days of which anything is known, by time."""
    by_day = {brunei_date(total.start): total.value for total in totals}
    of_hours: dict[date, list[Reading]] = {}
    for hour in hours:
        of_hours.setdefault(brunei_date(hour.start), []).append(hour)
    for day in sorted(by_day.keys() | of_hours.keys()):
        yield DayReadings(day, by_day.get(day), tuple(of_hours.get(day, ())))


def days_between(
    source: ReadingSource, meter: str, first: date | None, last: date | None
) -> Iterator[DayReadings]:
    """Yield a meter's days from the first to the last, both included (blocks)."""
    return days_of(
        source.amounts(meter, Resolution.DAY, first, last),
        source.amounts(meter, Resolution.HOUR, first, last),
    )


@dataclass(slots=True)
class Offered:
    """Readings that something else has, and how many more were refused."""

    totals: list[Reading] = field(default_factory=list)
    hours: list[Reading] = field(default_factory=list)
    whole: list[Reading] = field(default_factory=list)
    """The totals of days that the hours make whole, where none is offered or known."""
    refused: int = 0

    @property
    def days(self) -> set[date]:
        """The days of these readings."""
        return {brunei_date(reading.start) for reading in (*self.totals, *self.hours)}


def fitting(offered: Offered, known: Iterable[DayReadings]) -> Offered:
    """Return what of it goes beside the days that are known, which stay as they are.

    A day whose total is known takes only hours that make up that total with those it has: fewer
    would stand for the whole day. A total is never less than the hours that are known. Hours that
    make a day whole are its total, too.
    """
    days = {day.day: day for day in known}
    taken = Offered(refused=offered.refused)
    for total in offered.totals:
        day = days.get(brunei_date(total.start)) or DayReadings(brunei_date(total.start), None)
        if day.total is not None:
            continue
        if _goes_with(day.hours, total.value):
            taken.totals.append(total)
        else:
            taken.refused += 1
    of_day: dict[date, list[Reading]] = {}
    for hour in offered.hours:
        of_day.setdefault(brunei_date(hour.start), []).append(hour)
    for date_, hours in of_day.items():
        day = days.get(date_) or DayReadings(date_, None)
        have = {hour.start for hour in day.hours}
        new = [hour for hour in hours if hour.start not in have]
        if day.total is None or abs(_sum((*day.hours, *new)) - day.total) <= _ADDS_UP:
            taken.hours += new
            totals = {brunei_date(total.start) for total in taken.totals}
            if day.total is None and len(have) + len(new) == 24 and date_ not in totals:
                whole = _sum((*day.hours, *new))
                taken.whole.append(Reading(brunei_midnight(date_), whole))
        else:
            taken.refused += len(new)
    return taken


def _goes_with(hours: Sequence[Reading], total: Decimal) -> bool:
    """Return whether a day with these hours can have that total."""
    more = total - _sum(hours)
    return not hours or (abs(more) <= _ADDS_UP if len(hours) == 24 else more >= -_ADDS_UP)


def _sum(readings: Iterable[Reading]) -> Decimal:
    return sum((reading.value for reading in readings), _ZERO)


class Consumed(NamedTuple):
    """A row of an answer: what was used from `start` on."""

    start: datetime
    value: Decimal
    estimated: bool


def consumed(readings: Iterable[ReadReading], resolution: Resolution) -> list[Consumed]:
    """Return readings as rows of that resolution, by time; of months each from its days."""
    if resolution is not Resolution.MONTH:
        return [
            Consumed(reading.start, reading.value, bool(getattr(reading, "estimated", False)))
            for reading in readings
        ]
    sums: dict[date, Decimal] = {}
    for day in readings:
        first = brunei_date(day.start).replace(day=1)
        sums[first] = sums.get(first, _ZERO) + day.value
    return [
        Consumed(brunei_midnight(first), amount, estimated=False)
        for first, amount in sorted(sums.items())
    ]


def consumption(
    source: ReadingSource,
    meter: str,
    resolution: Resolution,
    first: date | None,
    last: date | None,
) -> list[Consumed]:
    """Return what a meter used by hour, day or month, both days included (blocks)."""
    finest = Resolution.HOUR if resolution is Resolution.HOUR else Resolution.DAY
    return consumed(source.readings(meter, finest, first, last), resolution)


def plain_consumption(
    source: ReadingSource, meter: str, resolution: Resolution, since: datetime, until: datetime
) -> Sequence[tuple[str, str, bool]]:
    """Return the same as text, several times faster: ISO start, decimal amount, estimated or not.

    That is what starts at `since` or later and before `until`; months have to be whole (blocks).
    """
    if resolution is not Resolution.MONTH:
        return source.plain_readings(meter, resolution, since, until)
    first, last = brunei_date(since), brunei_date(until - timedelta.resolution)
    return [
        (month.start.isoformat(), str(month.value), month.estimated)
        for month in consumption(source, meter, resolution, first, last)
    ]

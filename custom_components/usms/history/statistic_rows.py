"""The rows of long-term statistics, built from readings alone: pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal

from ..client.billing.schedule import RunningBill, TariffSchedule
from ..client.brunei import brunei_midnight
from ..client.consumption import DayReadings


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a statistic: what was used from `start` on, and the running sum with it."""

    start: datetime
    state: Decimal
    sum: Decimal


@dataclass(slots=True)
class Rows:
    """The rows of a meter's three series."""

    consumption: list[Row] = field(default_factory=list)
    cost: list[Row] = field(default_factory=list)
    daily: list[Row] = field(default_factory=list)


@dataclass(slots=True)
class RunningSums:
    """Where the series of a meter stand at the end of a day."""

    bill: RunningBill | None
    """None without prices: there is no cost then."""
    consumption: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)
    daily: Decimal = Decimal(0)

    @classmethod
    def priced_by(cls, schedule: TariffSchedule | None) -> RunningSums:
        """Return the sums before the first reading."""
        return cls(RunningBill(schedule) if schedule else None)

    def copy(self) -> RunningSums:
        """Return the same, to be counted on without this."""
        return replace(self, bill=copy(self.bill))

    def use(self, day: date, amount: Decimal) -> Decimal | None:
        """Take in consumption of a day; return what it adds to its month's bill (BND)."""
        self.consumption += amount
        if self.bill is None:
            return None
        cost = self.bill.use(day, amount)
        self.cost += cost
        return cost


def build_rows(day: DayReadings, sums: RunningSums) -> Rows:
    """Turn a day into rows; `sums` is where the days before it ended, and moves on.

    The first row of all has sum = state, because the recorder takes it as that row's change.
    """
    rows = Rows()
    for reading in day.rows:
        cost = sums.use(day.day, reading.value)
        rows.consumption.append(Row(reading.start, reading.value, sums.consumption))
        if cost is not None:
            rows.cost.append(Row(reading.start, cost, sums.cost))
    if day.total is not None:
        sums.daily += day.total
        rows.daily.append(Row(brunei_midnight(day.day), day.total, sums.daily))
    return rows


def stretches(wanted: Sequence[date], known: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Yield the runs of days, first and last, that no other known day interrupts; both by time."""
    first = previous = None
    for day in wanted:
        if first is None or previous is None:
            first = day
        elif known[bisect_right(known, previous)] != day:
            yield first, previous
            first = day
        previous = day
    if first is not None and previous is not None:
        yield first, previous

"""What the month will come to, and when the balance runs out; from daily totals and prices.

Pure, and bounded in time: at most `habits.LONGEST` days count, at most two years are looked ahead.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from ..brunei import brunei_date, brunei_midnight
from .day_shape import EVEN, DayShape
from .habits import Habits, habits_of
from .precision import as_amount
from .run_out import Spending
from .schedule import RunningBill, TariffSchedule

_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Estimate:
    """An expected amount, and a range that holds it 4 times of 5."""

    expected: Decimal
    low: Decimal
    high: Decimal

    @classmethod
    def sure(cls, amount: Decimal) -> Estimate:
        """Return an amount that is known."""
        return cls(amount, amount, amount)


class Part(NamedTuple):
    """What is published of a day that is not complete."""

    amount: Decimal
    """kWh or m³."""
    share: float
    """Which share of the day's use its published hours usually have."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a meter, in kWh or m³ and BND; nothing is ever negative."""

    made_at: datetime
    newest: date
    """The last complete day it rests on."""
    per_day: Decimal
    """What a day uses, on average over the coming week."""
    used: Decimal
    """Of this month until `made_at`; what is not published yet counts as expected."""
    month_consumption: Estimate
    """Of this calendar month of Brunei, to its end."""
    month_cost: Estimate
    """The bill of that; its first part by the tariffs of the days it was used on."""
    runs_out: datetime | None
    """When the balance is used up, in Brunei's time; None without a balance, or beyond two
    years."""
    runs_out_early: datetime | None
    runs_out_late: datetime | None
    """Between these it runs out 4 times of 5; each None like `runs_out`."""
    uses: Decimal | None
    """Until it runs out; None like `runs_out`."""

    @property
    def days_left(self) -> Decimal | None:
        """For how many days the balance lasts."""
        if self.runs_out is None:
            return None
        left = max(self.runs_out - self.made_at, timedelta(0))
        return Decimal(left / _DAY).quantize(Decimal("0.01"))

    def empty_since(self, moment: datetime) -> Forecast:
        """Return the forecast for a balance that was used up at a moment before it was made."""
        early, late = min(moment, self.runs_out_early or moment), self.runs_out_late
        surely = late is not None and late <= self.made_at
        return replace(
            self,
            runs_out=moment,
            runs_out_early=early,
            runs_out_late=moment if surely else late,
        )


def forecast(
    days: Mapping[date, Decimal],
    schedule: TariffSchedule,
    now: datetime,
    balance: Decimal | Estimate | None = None,
    parts: Mapping[date, Part] | None = None,
    shape: DayShape = EVEN,
    begin: date | None = None,
) -> Forecast | None:
    """Return what to expect at a moment, by the totals of complete days; None without one.

    `days` may have holes and end some days ago; those from today on do not count. `balance` (BND)
    is that of `now`; `parts` is what is known of days that are not complete, as today; `shape` is
    how days run; `begin` is the day on which the meter came, which is none to go by.
    """
    today = brunei_date(now)
    known = {day: float(amount) for day, amount in days.items() if day < today and day != begin}
    habits = habits_of(known, today, shape, charged=schedule.charged)
    if habits is None:
        return None
    month = _Month.of(days, parts or {}, habits, now)
    used = month.used
    rest = habits.off(month.unknown)
    consumption, cost = zip(*(month.end(schedule, 1 + off) for off in (0, *rest)), strict=True)
    early = expected = late = uses = None
    if balance is not None:
        left = balance if isinstance(balance, Estimate) else Estimate.sure(balance)
        ahead = Spending(now, used, schedule, habits.on, shape)
        expected = ahead.runs_out(left.expected)
        uses = ahead.uses(expected) if expected else None
        early = ahead.runs_out(left.low, habits.most)
        late = ahead.runs_out(left.high, habits.least)
    return Forecast(
        made_at=now,
        newest=habits.newest,
        per_day=as_amount(sum(habits.on(today + n * _DAY) for n in range(7)) / 7),
        used=used,
        month_consumption=Estimate(*consumption),
        month_cost=Estimate(*cost),
        runs_out=expected,
        runs_out_early=early,
        runs_out_late=late,
        uses=uses,
    )


class _MonthDay(NamedTuple):
    """A day of the month of a forecast."""

    day: date
    known: Decimal
    """What is known of its use."""
    unpublished: float
    """Which share of it has passed, unpublished."""
    rest: float
    """Which share is to come."""
    expected: float
    """What all of it is expected to use."""


@dataclass(frozen=True, slots=True)
class _Month:
    """The month of a forecast: its days, from where the meter's readings begin."""

    days: Sequence[_MonthDay]

    @classmethod
    def of(
        cls, days: Mapping[date, Decimal], parts: Mapping[date, Part], habits: Habits, now: datetime
    ) -> _Month:
        """Return what is known of the month of a moment."""
        today = brunei_date(now)
        first = min((habits.oldest, *parts, *days))
        of_month = (today.replace(day=n + 1) for n in range(monthrange(today.year, today.month)[1]))
        gone = habits.shape.by(_part_gone(now))

        def known(day: date) -> tuple[Decimal, float, float]:
            if day < today and (amount := days.get(day)) is not None:
                return max(amount, _ZERO), 0.0, 0.0
            passed = 1.0 if day < today else gone if day == today else 0.0
            if day > today or (part := parts.get(day)) is None:
                return _ZERO, passed, 1 - passed
            share = min(part.share, 1.0)
            # Before the first complete day, the meter may not have been there.
            unpublished = max(passed - share, 0.0) if day >= habits.oldest else 0.0
            return max(part.amount, _ZERO), unpublished, 1 - max(passed, share)

        return cls(
            [_MonthDay(day, *known(day), habits.on(day)) for day in of_month if day >= first]
        )

    @property
    def unknown(self) -> float:
        """How many days of it are not known."""
        return sum(day.unpublished + day.rest for day in self.days)

    @property
    def used(self) -> Decimal:
        """What was used of it until now."""
        return sum(
            (day.known + as_amount(day.expected * day.unpublished) for day in self.days), _ZERO
        )

    def end(self, schedule: TariffSchedule, factor: float) -> tuple[Decimal, Decimal]:
        """Return consumption and bill of the whole month if the rest is off by that factor."""
        total, cost = _ZERO, _ZERO
        bill = RunningBill(schedule)
        for day in self.days:
            amount = day.known + as_amount(day.expected * (day.unpublished + day.rest) * factor)
            total += amount
            cost += bill.use(day.day, amount)
        return total, cost


def _part_gone(now: datetime) -> float:
    """Return which part of its day has gone."""
    return (now - brunei_midnight(brunei_date(now))) / _DAY

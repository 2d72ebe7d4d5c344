"""What the month will come to, and when the balance runs out; from daily totals and prices.

Pure, and bounded in time: at most `habits.LONGEST` days count, at most two years are looked ahead.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Final

from ..brunei import BRUNEI, brunei_date, brunei_midnight
from .habits import Habits, habits_of
from .schedule import RunningBill, TariffSchedule

HORIZON: Final = timedelta(days=2 * 365)
"""A balance that lasts longer has no date."""
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


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is to be expected of a meter, in kWh or m³ and BND; nothing is ever negative."""

    made_at: datetime
    newest: date
    """The last complete day it rests on."""
    per_day: Decimal
    """What a day uses, on average over the coming week."""
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

    @property
    def days_left(self) -> Decimal | None:
        """For how many days the balance lasts."""
        if self.runs_out is None:
            return None
        return (Decimal((self.runs_out - self.made_at) / _DAY)).quantize(Decimal("0.01"))


def forecast(
    days: Mapping[date, Decimal],
    schedule: TariffSchedule,
    now: datetime,
    balance: Decimal | Estimate | None = None,
    today_so_far: Decimal | None = None,
) -> Forecast | None:
    """Return what to expect at a moment, by the totals of complete days; None without one.

    `days` may have holes and end some days ago; those from today on do not count. `balance` (BND)
    is that of `now`; `today_so_far` (kWh or m³) is what the hours of today sum to, where known.
    """
    today = brunei_date(now)
    habits = habits_of({day: float(amount) for day, amount in days.items() if day < today})
    if habits is None:
        return None
    month = _Month(days, habits, now, today_so_far)
    rest = habits.off(month.unknown)
    consumption, cost = zip(*(month.end(schedule, 1 + off) for off in (0, *rest)), strict=True)
    early = expected = late = None
    if balance is not None:
        left = balance if isinstance(balance, Estimate) else Estimate.sure(balance)
        used = month.used
        expected = runs_out(left.expected, used, now, schedule, habits.on)
        until = HORIZON if expected is None else expected - now
        low, high = habits.off(ceil(until / _DAY))
        early = runs_out(left.low, used, now, schedule, lambda day: habits.on(day) * (1 + high))
        late = runs_out(left.high, used, now, schedule, lambda day: habits.on(day) * (1 + low))
    return Forecast(
        made_at=now,
        newest=habits.newest,
        per_day=_amount(sum(habits.on(today + n * _DAY) for n in range(7)) / 7),
        month_consumption=Estimate(*consumption),
        month_cost=Estimate(*cost),
        runs_out=expected,
        runs_out_early=early,
        runs_out_late=late,
    )


@dataclass(frozen=True, slots=True)
class _Month:
    """The month of a forecast: what is known of it, and what is not."""

    days: Mapping[date, Decimal]
    habits: Habits
    now: datetime
    today_so_far: Decimal | None

    def _dates(self) -> Iterator[date]:
        """Yield its days, from where the meter's readings begin."""
        today = brunei_date(self.now)
        for number in range(1, monthrange(today.year, today.month)[1] + 1):
            if (day := today.replace(day=number)) >= self.habits.oldest:
                yield day

    def _known(self, day: date) -> Decimal | None:
        amount = self.days.get(day) if day < brunei_date(self.now) else None
        return None if amount is None else max(amount, _ZERO)

    @property
    def unknown(self) -> int:
        """How many of its days are not known."""
        return sum(self._known(day) is None for day in self._dates())

    @property
    def used(self) -> Decimal | None:
        """What was used of it until now; None before anything was."""
        today, used = brunei_date(self.now), _ZERO
        for day in self._dates():
            if day < today:
                known = self._known(day)
                used += _amount(self.habits.on(day)) if known is None else known
        if self.today_so_far is not None:
            return used + max(self.today_so_far, _ZERO)
        return used + _amount(self.habits.on(today) * _share_gone(self.now)) or None

    def end(self, schedule: TariffSchedule, factor: float) -> tuple[Decimal, Decimal]:
        """Return consumption and bill of the whole month if the rest is off by that factor."""
        today, total, cost = brunei_date(self.now), _ZERO, _ZERO
        bill = RunningBill(schedule)
        for day in self._dates():
            amount = self._known(day)
            if amount is None:
                expected = self.habits.on(day) * factor
                if day == today and self.today_so_far is not None:
                    rest = _amount(expected * (1 - _share_gone(self.now)))
                    amount = max(self.today_so_far, _ZERO) + rest
                else:
                    amount = _amount(expected)
            total += amount
            cost += bill.use(day, amount)
        return total, cost


def runs_out(
    balance: Decimal,
    used: Decimal | None,
    now: datetime,
    schedule: TariffSchedule,
    expected: Callable[[date], float],
) -> datetime | None:
    """Return when a balance (BND) is used up through the tiers, month turns included.

    `used` (kWh or m³) is what was used of this month before `now`, None where nothing was;
    `expected` returns what a day will use. In Brunei's time; None after `HORIZON`.
    """
    begin = now.astimezone(BRUNEI)
    if balance <= 0:
        return begin
    bill = RunningBill(schedule)
    bill.use(begin.date(), used or _ZERO)
    while begin < now + HORIZON:
        rest = _rest_of_month(begin, expected)
        (first, _), (last, _) = rest[0], rest[-1]
        whole = replace(bill)
        cost = whole.use(last, _amount(sum(amount for _, amount in rest)))
        if cost <= balance and schedule.on(first) is schedule.on(last):
            balance -= cost
            begin, bill = brunei_midnight(last + _DAY), whole
            continue
        for day, amount in rest:
            end = brunei_midnight(day + _DAY)
            cost = bill.use(day, _amount(amount))
            if cost > balance:
                return begin + (end - begin) * float(balance / cost)
            balance -= cost
            begin = end
    return None


def _rest_of_month(begin: datetime, expected: Callable[[date], float]) -> list[tuple[date, float]]:
    """Return the days from a moment to the end of its month, and what each will still use."""
    first = begin.date()
    last = monthrange(first.year, first.month)[1]
    days = [first + n * _DAY for n in range(last - first.day + 1)]
    return [
        (day, expected(day) * (1 - _share_gone(begin) if day == first else 1.0)) for day in days
    ]


def _share_gone(now: datetime) -> float:
    """Return which share of its day has gone."""
    return (now - brunei_midnight(brunei_date(now))) / _DAY


def _amount(value: float) -> Decimal:
    return Decimal(f"{value:.6f}")

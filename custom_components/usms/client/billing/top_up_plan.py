"""How much to top up: what to pay so that it lasts, and how long an amount would last.

Pure. Money is BND, consumption kWh or m³, days are Brunei's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

from ..brunei import brunei_date, brunei_midnight
from .forecast import Estimate, runs_out
from .habits import Habits
from .precision import as_amount
from .schedule import RunningBill, TariffSchedule

NOTES: Final = (Decimal(50), Decimal(20), Decimal(10), Decimal(5))
"""BND: the notes that people pay with."""
_NOTE: Final = NOTES[-1]
_TENTH: Final = 1.2816
"""How many standard deviations below the mean a tenth lies: the ends of a forecast's range."""
LIKELY: Final = 0.8416 / _TENTH
"""What of the range holds with 80 %."""
SAFE: Final = 2.0 / _TENTH
"""What of the range holds with 95 %; homes now and then use far more than a bell curve says."""
_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class TopUpNeeded:
    """What to pay so that a balance lasts to the end of a day, in notes (BND)."""

    until: date
    expected: Decimal
    """As it is expected."""
    likely: Decimal
    """So that it lasts with 80 %."""
    safe: Decimal
    """So that it lasts with 95 %."""


@dataclass(frozen=True, slots=True)
class TopUpLasts:
    """When a balance with an amount (BND) on top would be used up; None after two years."""

    amount: Decimal
    expected: datetime | None
    likely: datetime | None
    """It lasts until then with 80 %."""
    safe: datetime | None
    """It lasts until then with 95 %."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a plan rests on."""

    now: datetime
    left: Estimate
    """BND."""
    used: Decimal
    """Of this month until now."""
    habits: Habits
    schedule: TariffSchedule

    def needed(self, until: date) -> TopUpNeeded:
        """Return what to pay so that it lasts to the end of that day."""
        days = (brunei_midnight(until + _DAY) - self.now) / _DAY
        return TopUpNeeded(until, *(self._short(until, days, share) for share in (0, LIKELY, SAFE)))

    def lasts(self, amount: Decimal) -> TopUpLasts:
        """Return when it is used up with that amount on top."""
        first = self._empty(amount, 1, 0)
        days = 365.0 if first is None else (first - self.now) / _DAY
        return TopUpLasts(
            amount, first, *(self._empty(amount, days, share) for share in (LIKELY, SAFE))
        )

    def _use(self, days: float, share: float) -> Callable[[date], float]:
        """Return what a day uses at most, with what holds of the range of so many days."""
        _, high = self.habits.off(days)
        return lambda day: self.habits.on(day) * (1 + share * high)

    def _balance(self, share: float) -> Decimal:
        return self.left.expected - Decimal(str(share)) * (self.left.expected - self.left.low)

    def _short(self, until: date, days: float, share: float) -> Decimal:
        use = self._use(days, share)
        bill, cost, today = RunningBill(self.schedule), _ZERO, brunei_date(self.now)
        bill.use(today, self.used)
        gone = self.habits.shape.by((self.now - brunei_midnight(today)) / _DAY)
        for n in range((until - today).days + 1):
            day = today + n * _DAY
            amount = use(day) * (1 - gone if n == 0 else 1)
            cost += bill.use(day, as_amount(amount))
        return in_notes(cost - self._balance(share))

    def _empty(self, amount: Decimal, days: float, share: float) -> datetime | None:
        use = self._use(days, share)
        left = self._balance(share) + amount
        return runs_out(left, self.used, self.now, self.schedule, use, self.habits.shape)


def in_notes(amount: Decimal) -> Decimal:
    """Return the least sum of notes (BND) that is not below an amount; 0 for none."""
    if amount <= 0:
        return _ZERO
    return (amount / _NOTE).to_integral_value(ROUND_CEILING) * _NOTE


def end_of_next_month(day: date) -> date:
    """Return the last day of the month after a day's."""
    after_next = (day.replace(day=1) + 62 * _DAY).replace(day=1)
    return after_next - _DAY


def notes_of(amount: Decimal) -> list[Decimal]:
    """Return the notes that make up a sum, the largest first."""
    found: list[Decimal] = []
    for note in NOTES:
        count, amount = divmod(amount, note)
        found += [note] * int(count)
    return found

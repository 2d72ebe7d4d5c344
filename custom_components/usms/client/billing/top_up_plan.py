"""How much to top up: what to pay so that it lasts, and how long an amount would last.

Pure. Money is BND, consumption kWh or m³, days are Brunei's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Final

from .forecast import Estimate
from .habits import Habits
from .run_out import Off, Spending
from .schedule import TariffSchedule

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
        return TopUpNeeded(until, *(self._short(until, share) for share in (0, LIKELY, SAFE)))

    def lasts(self, amount: Decimal) -> TopUpLasts:
        """Return when it is used up with that amount on top."""
        return TopUpLasts(amount, *(self._empty(amount, share) for share in (0, LIKELY, SAFE)))

    def _balance(self, share: float) -> Decimal:
        return self.left.expected - Decimal(str(share)) * (self.left.expected - self.left.low)

    def _most(self, share: float) -> Off:
        """Return what is used at most, with what holds of the range."""
        return lambda days: share * self.habits.most(days)

    @property
    def _ahead(self) -> Spending:
        return Spending(self.now, self.used, self.schedule, self.habits.on, self.habits.shape)

    def _short(self, until: date, share: float) -> Decimal:
        return in_notes(self._ahead.cost(until, self._most(share)) - self._balance(share))

    def _empty(self, amount: Decimal, share: float) -> datetime | None:
        return self._ahead.runs_out(self._balance(share) + amount, self._most(share))


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

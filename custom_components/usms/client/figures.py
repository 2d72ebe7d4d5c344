"""What is shown of a meter: counted from its store, priced by its tariff."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .models import Resolution, brunei_date
from .spending import Spending, complete_days, spending
from .usage import LONGEST

if TYPE_CHECKING:
    from .schedule import TariffSchedule
    from .store import ReadingsStore

_DAY: Final = timedelta(days=1)
_LATELY: Final = 10 * _DAY
"""How old a day may be whose hours are all there before its total is."""


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a meter used, in kWh or m³, by the store; None where nothing is published yet."""

    day: date
    """The day that is today in Brunei."""
    today: Decimal | None
    yesterday: Decimal | None
    this_month: Decimal | None
    last_month: Decimal | None
    oldest: datetime | None
    newest: datetime | None
    """Start of the oldest and of the newest reading."""

    def counts(self, day: date) -> bool:
        """Whether a change of that day's readings changes any of this."""
        in_months = day >= (self.day.replace(day=1) - _DAY).replace(day=1)
        return in_months or self.oldest is None or day <= self.oldest.date()


@dataclass(frozen=True, slots=True)
class Figures:
    """What is shown of a meter, and what it was counted from."""

    at: datetime
    """When it was counted."""
    consumption: Consumption
    schedule: TariffSchedule | None
    """The prices; None where they are not known."""
    spending: Spending | None
    """None without prices."""
    balance: Decimal | None
    """BND, of the card at that moment."""


def count(
    store: ReadingsStore,
    meter: str,
    schedule: TariffSchedule | None,
    now: datetime,
    balance: Decimal | None,
) -> Figures:
    """Count what a meter used and costs (blocks); `balance` (BND) is that of its card now."""
    today = brunei_date(now)
    last_month = (today.replace(day=1) - _DAY).replace(day=1)
    since = today - LONGEST * _DAY
    totals = {
        reading.start.date(): reading.value
        for reading in store.readings(meter, Resolution.DAY, since, today)
    }
    amounts = {day: amount for day, amount in totals.items() if day >= last_month}
    by_hours: dict[date, Decimal] = {}
    for hour in store.readings(meter, Resolution.HOUR, last_month, today):
        day = hour.start.date()
        by_hours[day] = by_hours.get(day, Decimal(0)) + hour.value
    amounts |= by_hours
    oldest, newest = store.span(meter)
    consumption = _consumption(amounts, today, oldest, newest)
    priced = None
    if schedule is not None:
        complete = complete_days(store.days(meter, today - _LATELY, today), today)
        complete |= {day: amount for day, amount in totals.items() if day < today}
        priced = spending(amounts, complete, schedule, now, balance)
    return Figures(now, consumption, schedule, priced, balance)


def _consumption(
    amounts: dict[date, Decimal], today: date, oldest: datetime | None, newest: datetime | None
) -> Consumption:
    """Add up; `amounts` has the days since the first of last month."""
    this_month = today.replace(day=1)

    def used(days: list[date]) -> Decimal | None:
        return sum((amounts[day] for day in days), Decimal(0)) if days else None

    return Consumption(
        day=today,
        today=amounts.get(today),
        yesterday=amounts.get(today - _DAY),
        this_month=used([day for day in amounts if this_month <= day <= today]),
        last_month=used([day for day in amounts if day < this_month]),
        oldest=oldest,
        newest=newest,
    )

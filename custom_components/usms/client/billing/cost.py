"""What a meter costs, and how far its balance goes: from the amounts of days, and prices.

Pure. Consumption is kWh or m³, money BND, days are those of Brunei.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from ..brunei import brunei_date, brunei_midnight
from .day_shape import EVEN, DayShape
from .forecast import Estimate, Forecast, Part, forecast
from .schedule import RunningBill, TariffSchedule
from .tiers import Tier

_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)
AVERAGED: Final = 30
"""Days over which the average is taken."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What a meter costs by its tariff; None where that is not known."""

    day: date
    """The day that was today."""
    today: Decimal | None
    """BND, as are the next three; as far as readings are published."""
    yesterday: Decimal | None
    this_month: Decimal | None
    last_month: Decimal | None
    tier: Tier
    """In which the next unit falls."""
    tier_number: int
    """From 1."""
    tiers: int
    """How many the tariff has."""
    left_in_tier: Decimal | None
    """kWh or m³ until the next tier; None in the last."""
    per_day: Decimal | None
    """kWh or m³: the mean of the complete days of the last thirty."""
    buys: Decimal | None
    """kWh or m³ that the balance buys within this month, beside its charges, at the prices of the
    days on which it is expected to be used; may differ from the portal's remaining units."""
    forecast: Forecast | None


@dataclass(frozen=True, slots=True)
class Unpublished:
    """What is known of readings that are not published."""

    shares: Mapping[date, float] = field(default_factory=dict)
    """Which share of their use is published of days that are not complete."""
    missing: Mapping[date, Decimal] = field(default_factory=dict)
    """What days of which nothing is published will have used: no cost of them is shown, but tiers
    run on with it."""
    shape: DayShape = EVEN
    """How days run."""
    begin: date | None = None
    """The day on which the meter came, for a part of it: none to go by."""


def spending(
    amounts: Mapping[date, Decimal],
    complete: Mapping[date, Decimal],
    schedule: TariffSchedule,
    now: datetime,
    balance: Estimate | None,
    unpublished: Unpublished | None = None,
) -> Spending:
    """Return what a meter costs at a moment.

    `amounts` is what is known of each day, at least since the first of last month; `complete` is
    what the days used of which all is known; `balance` (BND) is what is left at `now`. What the
    month lacks until now counts as expected, by what is known of the `unpublished`.
    """
    today = brunei_date(now)
    first = today.replace(day=1)
    last_month = (first - _DAY).replace(day=1)
    bill, costs, used = RunningBill(schedule), dict[date, Decimal](), _ZERO
    unpublished = unpublished or Unpublished()
    for day in sorted({*amounts, *unpublished.missing}):
        if not last_month <= day <= today:
            continue
        if day not in amounts:
            bill.use(day, unpublished.missing[day])
            continue
        costs[day] = bill.use(day, amounts[day])
        used += amounts[day] if day >= first else _ZERO

    def between(begin: date, end: date) -> Decimal | None:
        found = [cost for day, cost in costs.items() if begin <= day <= end]
        return sum(found, _ZERO) if found else None

    tariff = schedule.on(today)
    parts = {day: Part(amounts[day], share) for day, share in unpublished.shares.items()}
    shape, begin = unpublished.shape, unpublished.begin
    made = forecast(complete, schedule, now, balance, parts, shape, begin)
    used = max(used, made.used) if made else used
    lately = [
        amount
        for day, amount in complete.items()
        if today - AVERAGED * _DAY <= day < today and day != begin
    ]
    return Spending(
        day=today,
        today=costs.get(today),
        yesterday=costs.get(today - _DAY),
        this_month=between(first, today),
        last_month=between(last_month, first - _DAY),
        tier=tariff.tier(used),
        tier_number=tariff.tier_number(used),
        tiers=len(tariff.tiers),
        left_in_tier=tariff.units_left_in_tier(used),
        per_day=sum(lately, _ZERO) / len(lately) if lately else None,
        buys=None if balance is None else _buys(balance.expected, used, schedule, now, made),
        forecast=made,
    )


def _buys(
    balance: Decimal, used: Decimal, schedule: TariffSchedule, now: datetime, made: Forecast | None
) -> Decimal | None:
    """Return what a balance buys within the month, less what is charged for its days to come.

    That is what is expected to be used until it runs out where it does so within the month. What a
    least charge has taken above use is paid already. Until a new tariff's day, it buys no more than
    is expected to be used.
    """
    if balance <= 0:
        return _ZERO
    today = brunei_date(now)
    last = today.replace(day=monthrange(today.year, today.month)[1])
    if made and made.runs_out and brunei_date(made.runs_out) <= last:
        return made.uses
    gone = schedule.charges(today.replace(day=1), today)
    above = max(gone.minimum - gone.fixed - schedule.on(today).cost(used), _ZERO)
    left = max(balance + above - schedule.charges(today + _DAY, last).fixed, _ZERO)
    *before, (newest, _) = schedule.spans(today, last)
    so_far, begin = used, now
    for tariff, days in before:
        end = brunei_midnight(brunei_date(begin) + days * _DAY)
        expected = made.per_day * Decimal((end - begin) / _DAY) if made else _ZERO
        most = tariff.units_for(left, used)
        units = expected if most is None else min(most, expected)
        left -= tariff.cost(used + units) - tariff.cost(used)
        used, begin = used + units, end
    more = newest.units_for(left, used)
    return None if more is None else used + more - so_far

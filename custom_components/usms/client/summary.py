"""What is shown of a meter: counted from its store, priced by its tariff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .billing.cost import Spending, Unpublished, spending
from .billing.day_shape import shape_of
from .billing.habits import LONGEST, Habits, habits_of
from .billing.schedule import RunningBill
from .billing.standing import Standing, standing
from .billing.top_up_plan import Outlook
from .brunei import brunei_date, brunei_midnight
from .consumption import days_between
from .models import Resolution, TopUpKind
from .review import Review
from .store.payments import Payments

if TYPE_CHECKING:
    from .billing.schedule import TariffSchedule
    from .models import Balance, TopUp
    from .store import ReadingsStore
    from .store.models import Debt

_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a meter used, in kWh or m³, by the store; None where nothing is published yet."""

    day: date
    """The day that is today in Brunei."""
    today: Decimal | None
    yesterday: Decimal | None
    this_month: Decimal | None
    last_day: date | None
    """The last day of this month of which anything is counted: today once its hours are there."""
    yesterday_whole: bool
    """Whether all of yesterday is published."""
    last_month: Decimal | None
    """With an estimate of its days that are not whole."""
    days_missing: int
    """Of this month until yesterday: how many are not whole."""
    days_estimated: int
    """The same of last month."""
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
    standing: Standing | None
    """What is left of the balance; None where that can't be known."""
    topped_up: Decimal | None
    """BND paid this month; None before the transaction history was read, or a top-up seen."""
    last_topup: TopUp | None
    announced: tuple[str, tuple[TopUp, ...]] | None
    """The transaction that was announced last, and the top-ups that it is known to be by now."""
    debt: Debt | None
    """None before the Top Up page was read."""
    review: Review
    outlook: Outlook | None
    """What a plan of top-ups rests on; None where balance, use or prices are not known."""


def count(
    store: ReadingsStore,
    meter: str,
    schedule: TariffSchedule | None,
    now: datetime,
    review: Review | None = None,
    shown: Balance | None = None,
) -> Figures:
    """Count what a meter used and costs (blocks); `review` is the last one of its payments.

    `shown` is the balance that its card shows, where the store may not have noted it yet.
    """
    today = brunei_date(now)
    this_month = today.replace(day=1)
    last_month = (this_month - _DAY).replace(day=1)
    since = today - LONGEST * _DAY
    complete = {
        reading.start.date(): reading.value
        for reading in store.readings(meter, Resolution.DAY, since, last_month - _DAY)
    }
    days = list(days_between(store, meter, last_month, today))
    by_day = {day.day: day for day in days}
    amounts = {day.day: day.used for day in days}
    complete |= {
        day.day: whole for day in days if day.day < today and (whole := day.whole) is not None
    }
    shape = shape_of(days)
    shares = {day.day: shape.share(day) for day in days if day.whole is None}
    oldest, newest = store.span(meter)
    begin = brunei_date(oldest) if oldest else today
    missing = [day for day in _days(max(last_month, begin), today - _DAY) if day not in complete]
    estimated = _estimated(complete, last_month, [day for day in missing if day < this_month])
    for day, amount in estimated.items():
        left_out = Decimal(f"{max(1 - shares.get(day, 0), 0):.3f}")
        amounts[day] = amounts.get(day, _ZERO) + amount * left_out
    consumption = replace(
        _consumption(amounts, today, oldest, newest),
        yesterday_whole=today - _DAY in complete,
        days_missing=sum(day >= this_month for day in missing),
        days_estimated=len(estimated),
    )
    # A month is not known of which more whole days are missing than there are.
    unknown = any(day < this_month and day not in estimated for day in missing)
    if unknown:
        consumption = replace(consumption, last_month=None)
    payments = Payments(store)
    topups = payments.topups(meter)
    paid = [topup for topup in topups if topup.kind in {TopUpKind.TOP_UP, TopUpKind.REVERSAL}]
    month = brunei_midnight(this_month)
    # The meter was there for a part of its first day.
    typical = {day: amount for day, amount in complete.items() if day != begin}
    used = {day: float(amount) for day, amount in typical.items()}
    charged = schedule is not None and schedule.charged
    habits = habits_of(used, today, shape, charged=charged)
    shown, seen = shown or payments.balance(meter), payments.seen(meter)
    left = standing(shown, topups, by_day, habits, schedule, now, seen=seen)
    priced = None
    if schedule is not None:
        balance = left.amount if left else None
        lacked = {day: _expected(habits, day) for day in missing if habits and day not in amounts}
        unpublished = Unpublished(shares, lacked, shape, begin)
        priced = spending(amounts, complete, schedule, now, balance, unpublished)
        if unknown:
            priced = replace(priced, last_month=None)
        if left and left.empty_since and priced.forecast:
            priced = replace(priced, forecast=priced.forecast.empty_since(left.empty_since))
    return Figures(
        at=now,
        consumption=consumption,
        schedule=schedule,
        spending=priced,
        standing=left,
        topped_up=(
            sum((topup.amount for topup in paid if topup.at >= month), _ZERO)
            if paid or payments.history_read(meter).read_at
            else None
        ),
        last_topup=next((topup for topup in reversed(paid) if topup.amount > 0), None),
        announced=payments.announced(meter),
        debt=payments.debt(meter),
        review=review or Review(),
        outlook=_outlook(now, left, habits, priced, schedule),
    )


def _outlook(
    now: datetime,
    left: Standing | None,
    habits: Habits | None,
    priced: Spending | None,
    schedule: TariffSchedule | None,
) -> Outlook | None:
    if left is None or habits is None or schedule is None or not priced or not priced.forecast:
        return None
    return Outlook(now, left.amount, priced.forecast.used, habits, schedule)


def _days(first: date, last: date) -> Iterator[date]:
    for n in range((last - first).days + 1):
        yield first + n * _DAY


def _estimated(
    complete: Mapping[date, Decimal], month: date, missing: Sequence[date]
) -> dict[date, Decimal]:
    """Return what days of a month will have used, by the mean of its whole days.

    Nothing where these are fewer: that mean may be far off.
    """
    known = [amount for day, amount in complete.items() if day.replace(day=1) == month]
    if not known or len(known) < len(missing):
        return {}
    mean = round(sum(known, _ZERO) / len(known), 3)
    return dict.fromkeys(missing, mean)


def _expected(habits: Habits, day: date) -> Decimal:
    return Decimal(f"{habits.on(day):.3f}")


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
        this_month=used(days := [day for day in amounts if this_month <= day <= today]),
        last_day=max(days, default=None),
        last_month=used([day for day in amounts if day < this_month]),
        yesterday_whole=False,
        days_missing=0,
        days_estimated=0,
        oldest=oldest,
        newest=newest,
    )


def costs(
    store: ReadingsStore,
    meter: str,
    schedule: TariffSchedule,
    resolution: Resolution,
    first: date | None,
    last: date,
) -> dict[datetime, Decimal]:
    """Return what a meter's hours, days or months cost (BND), by when they start (blocks)."""
    bill, found = RunningBill(schedule), dict[datetime, Decimal]()
    begin = first.replace(day=1) if first else None
    for day in days_between(store, meter, begin, last):
        for row in day.rows:
            cost = bill.use(day.day, row.value)
            if first and day.day < first:
                continue
            start = row.start
            if resolution is not Resolution.HOUR:
                month = resolution is Resolution.MONTH
                start = brunei_midnight(day.day.replace(day=1) if month else day.day)
            found[start] = found.get(start, _ZERO) + cost
    return found

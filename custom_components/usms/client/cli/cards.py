"""The command that shows what is left, and for how long."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..billing.forecast import Estimate, Forecast, forecast
from ..billing.habits import LONGEST, habits_of
from ..billing.precision import cost_known, days_known, run_out_known, run_out_text
from ..billing.schedule import RunningBill, TariffSchedule
from ..billing.standing import FRESH
from ..billing.tariff import Tariff, is_residential
from ..billing.tiers import tiers_of
from ..billing.top_up_plan import Outlook
from ..brunei import brunei_date
from ..client import MAX_DAYS
from ..errors import PageNotUnderstood, PortalUnavailable
from ..models import Balance, Resolution, Utility
from ..store.models import Debt
from ..store.payments import Payments
from ..summary import count
from . import output
from .asking import published
from .meters import KEYS, LEFT, card
from .money import tariff_of
from .output import Column, Result
from .signing_in import account_of, meter_of, signed_in
from .state import given_store

if TYPE_CHECKING:
    from datetime import datetime

    from ..blocking import BlockingClient
    from ..models import Meter
    from ..store import ReadingsStore
    from .options import Context, Options

_DAY: Final = timedelta(days=1)
_ZERO: Final = Decimal(0)
_SO_FAR: Final = (
    Column("used_this_month", "Used this month", unit="unit"),
    Column("cost_this_month", "Its cost so far (B$)", output.cents),
)
_SO_FAR_KEYS: Final = tuple(column.key for column in _SO_FAR)
_EXPECTED: Final = (
    Column("per_day", "Expected a day", output.tenths, "unit"),
    Column("month_consumption", "Expected this month", output.tenths, "unit"),
    Column("month_cost", "Its cost (B$)", output.cents),
    Column("month_cost_range", "80 % interval"),
    Column("lasts", "Runs out"),
    Column("lasts_range", "80 % interval"),
    Column("days_left", "Days left"),
)
_STATUS: Final = (
    *(column for column in LEFT if column.key not in {"remaining_units", "unit"}),
    Column("remaining_units", "Remaining", unit="unit"),
    *_SO_FAR,
    *_EXPECTED,
)
_EXPECTED_KEYS: Final = (
    "per_day",
    "month_consumption",
    "month_cost",
    "month_cost_low",
    "month_cost_high",
    "runs_out",
    "runs_out_early",
    "runs_out_late",
    "days_left",
)
_FOR_PEOPLE: Final = ("month_cost_range", "lasts", "lasts_range")
_MONEY: Final = {*_SO_FAR_KEYS, *_EXPECTED_KEYS, *_FOR_PEOPLE} - {
    *("used_this_month", "per_day", "month_consumption")
}
"""What is known with prices alone."""


def status(options: Options, context: Context) -> Result:
    """Show what is left of a meter, or of all, and what is to be expected."""
    with signed_in(options, context) as client, given_store(options) as store:
        account = account_of(client)
        chosen = [meter_of(account, options.meter)] if options.meter else account.meters
        rows, notes = [], []
        for meter in chosen:
            given = are_given(options, meter.utility)
            shown = None if given else top_up_page(client, meter, store, context)
            schedule, note = prices_of(meter, options, shown)
            notes += [note] if note else []
            found = Counted()
            if meter.utility:
                prices = schedule or _free(meter.utility)
                found = counted(client, meter, prices, store, context)
                asked = found.forecast and not options.database
                notes += [_rests_on(meter, found)] if asked else []
            unknown = {} if schedule else dict.fromkeys(_MONEY)
            rows.append(card(meter) | found.so_far | _expected(found.forecast) | unknown)
    return Result(
        KEYS + _SO_FAR_KEYS + _EXPECTED_KEYS,
        rows,
        _STATUS,
        footer=tuple(notes),
        single=bool(options.meter),
        upright=True,
    )


def are_given(options: Options, utility: Utility | None) -> bool:
    """Return whether options name the prices of a utility's meters."""
    if utility is Utility.ELECTRICITY:
        return options.kva is not None or options.vacant
    return utility is Utility.WATER and options.units is not None


def prices_of(
    meter: Meter, options: Options, shown: Debt | None
) -> tuple[TariffSchedule | None, str | None]:
    """Return a meter's prices, else why they are not known, by what its Top Up page shows.

    The residential tariff is taken where the portal calls the customer so, or does not say.
    """
    utility, kind = meter.utility, shown.customer_type if shown else None
    if utility is None:
        return None, None
    if utility is Utility.ELECTRICITY:
        tariff = tariff_of(utility, kva=options.kva, vacant=options.vacant)
    else:
        tariff = tariff_of(utility, units=options.units)
    given = are_given(options, utility)
    if given or is_residential(kind):
        guessed = shown is None and not given and not options.database
        note = f"{meter.number} is priced as residential: its Top Up page can't be read."
        return TariffSchedule.always(tariff), note if guessed else None
    how = "; give --kva" if utility is Utility.ELECTRICITY else ""
    return None, f"No prices for {meter.number}: the portal calls it {kind}{how}."


def _free(utility: Utility) -> TariffSchedule:
    """Return prices for what is known without any: how much is used."""
    tiers = tiers_of(((None, Decimal(0)),))
    return TariffSchedule.always(Tariff("free", utility, tiers))


def top_up_page(
    client: BlockingClient, meter: Meter, store: ReadingsStore | None, context: Context
) -> Debt | None:
    """Return what a meter's Top Up page shows: of a given store, else asked for (one request)."""
    if store is not None:
        return Payments(store).debt(meter.number)
    try:
        payment = client.payment(meter.number)
    except (PageNotUnderstood, PortalUnavailable):
        return None
    return Debt.of(payment, context.clock())


def _expected(made: Forecast | None) -> dict[str, Any]:
    """Return what is expected, no finer than it is known, with the range that holds 4 of 5."""
    if made is None:
        return dict.fromkeys(_EXPECTED_KEYS) | dict.fromkeys(_FOR_PEOPLE)
    cost, now = made.month_cost, made.made_at
    runs_out = (made.runs_out, made.runs_out_early, made.runs_out_late)
    low, high = cost_known(cost.low), cost_known(cost.high)
    lasts, early, late = (run_out_text(at, now) for at in runs_out)
    values = (
        made.per_day,
        made.month_consumption.expected,
        cost_known(cost.expected),
        low,
        high,
        *(run_out_known(at, now) for at in runs_out),
        None if made.days_left is None else days_known(made.days_left),
    )
    ranges = (f"{output.cents(low)} to {output.cents(high)}", lasts, f"{early} to {late}")
    return dict(zip(_EXPECTED_KEYS + _FOR_PEOPLE, values + ranges, strict=True))


class Counted(NamedTuple):
    """What a meter used, and what is expected of it."""

    days: int = 0
    """How many that rests on, where they are the portal's."""
    used: Decimal | None = None
    """kWh or m³ in this month, as far as it is published."""
    cost: Decimal | None = None
    """BND of that."""
    forecast: Forecast | None = None
    outlook: Outlook | None = None

    @property
    def so_far(self) -> dict[str, Decimal | None]:
        """What this month used and cost."""
        cost = None if self.cost is None else output.in_cents(self.cost)
        return dict(zip(_SO_FAR_KEYS, (self.used, cost), strict=True))


def counted(
    client: BlockingClient,
    meter: Meter,
    schedule: TariffSchedule,
    store: ReadingsStore | None,
    context: Context,
) -> Counted:
    """Count a meter: by all that a given store has, as Home Assistant does; else by one report."""
    now = context.clock()
    if store is not None:
        shown = _shown(Payments(store).balance(meter.number), meter, now)
        figures = count(store, meter.number, schedule, now, shown=shown)
        used, spent = figures.consumption.this_month, figures.spending
        made, cost = (spent.forecast, spent.this_month) if spent else (None, None)
        return Counted(0, used, cost, made, figures.outlook)
    today = brunei_date(now)
    days, begin = _complete_days(client, meter, today)
    month = sorted(day for day in days if day >= today.replace(day=1))
    bill = RunningBill(schedule)
    used = sum((days[day] for day in month), _ZERO) if month else None
    cost = sum((bill.use(day, days[day]) for day in month), _ZERO) if month else None
    made = forecast(days, schedule, now, balance=meter.balance, begin=begin)
    typical = {day: float(value) for day, value in days.items() if day != begin}
    habits = habits_of(typical, today, charged=schedule.charged)
    outlook = None
    if habits and made and meter.balance is not None:
        outlook = Outlook(now, Estimate.sure(meter.balance), made.used, habits, schedule)
    return Counted(len(typical), used, cost, made, outlook)


def _shown(last: Balance | None, meter: Meter, now: datetime) -> Balance | None:
    """Return the balance that a card shows; as a store has it, where it lately noted the same."""
    if meter.balance is None:
        return last
    if last is None or last.amount != meter.balance:
        return Balance(now, meter.balance, meter.remaining_units)
    return last if now - last.as_of <= FRESH else replace(last, until=now)


def _rests_on(meter: Meter, found: Counted) -> str:
    days = "1 day" if found.days == 1 else f"{found.days} days"
    return (
        f"What is expected of {meter.number} rests on {days};"
        f" with --database on up to {LONGEST} that usms sync has read."
    )


def _complete_days(
    client: BlockingClient, meter: Meter, today: date
) -> tuple[dict[date, Decimal], date | None]:
    """Return the totals of the last days (kWh or m³), and the day on which the meter came.

    None where that lies before them.
    """
    first = today - MAX_DAYS * _DAY
    readings = published(client, meter, Resolution.DAY, first, today - _DAY)
    days = {reading.start.date(): reading.value for reading in readings}
    begin = min(days, default=first)
    return days, begin if begin != first else None

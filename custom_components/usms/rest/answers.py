"""What the REST view answers, as data for JSON: numbers with their units, times with offset."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from custom_components.usms.client import BRUNEI, Meter, Tariff, TariffSchedule, Utility
from custom_components.usms.client.billing.forecast import Estimate, Forecast
from custom_components.usms.client.billing.precision import (
    cost_known,
    days_known,
    run_out_known,
    unit_known,
)
from custom_components.usms.client.billing.standing import Standing
from custom_components.usms.client.models import CURRENCY
from custom_components.usms.client.summary import Figures
from custom_components.usms.data import AccountMeter, UsmsConfigEntry

type Body = dict[str, Any]

_VALUES: Final = ("status", "remaining_units", "balance", "last_updated")


@dataclass(frozen=True, slots=True)
class Found:
    """A meter, and the account that it belongs to."""

    entry: UsmsConfigEntry
    meter: AccountMeter

    @property
    def number(self) -> str:
        """The meter's number."""
        return self.meter.number

    @property
    def utility(self) -> Utility | None:
        """What it measures."""
        return self.meter.utility

    @property
    def card(self) -> Meter | None:
        """As it is on show, with what can't be read again; None where all of that is too old."""
        coordinator = self.entry.runtime_data.coordinator
        shown = any(coordinator.is_shown(self.number, name) for name in _VALUES)
        return coordinator.card(self.number) if shown else None

    def as_of(self, *names: str) -> str | None:
        """When the oldest of those values was read; None where the last poll did."""
        return _time(self.entry.runtime_data.coordinator.as_of(self.number, *names))

    @property
    def unit(self) -> str | None:
        """The unit of what it measures."""
        return self.utility.unit if self.utility else None

    @property
    def figures(self) -> Figures | None:
        """What is counted of it; None before it was."""
        return self.entry.runtime_data.figures.of(self.number).data

    @property
    def schedule(self) -> TariffSchedule | None:
        """Its prices; None where they are not known."""
        return self.entry.runtime_data.schedule(self.number)


def account(entry: UsmsConfigEntry, meters: Iterable[Found]) -> Body:
    """Return an account, and how it is doing."""
    data = entry.runtime_data
    progress = data.history.progress.data
    return {
        "entry_id": entry.entry_id,
        "name": entry.title,
        "meters": [meter.number for meter in meters],
        "sign_in_needed": data.coordinator.sign_in_needed,
        "last_poll": _time(data.coordinator.last_poll),
        "reports_read": progress.reports_read,
        "reports_left": progress.reports_left,
        "days_complete": progress.days_complete,
    }


def meter(found: Found) -> Body:
    """Return what a meter's card shows; null where it has shown nothing yet."""
    card = found.card
    return {
        "meter": found.number,
        "utility": found.utility,
        "status": card.status if card else None,
        "remaining_units": _number(card.remaining_units if card else None),
        "unit": found.unit,
        "balance": _number(card.balance if card else None),
        "currency": CURRENCY,
        "last_updated": _time(card.last_updated if card else None),
        "as_of": found.as_of(*_VALUES),
    }


def details(found: Found, figures: Figures) -> Body:
    """Return a meter's card, and what it used and costs."""
    used, cost = figures.consumption, figures.spending
    periods = ("today", "yesterday", "this_month", "last_month")
    return {
        **meter(found),
        "account": found.entry.entry_id,
        "consumption": {name: _number(getattr(used, name)) for name in periods},
        "cost": {name: _cents(getattr(cost, name)) for name in periods} if cost else None,
        "oldest_reading": _time(used.oldest),
        "newest_reading": _time(used.newest),
    }


def unit(found: Found) -> Body | None:
    """Return what is left in units; None where the card has not shown it."""
    if found.card is None or found.card.remaining_units is None:
        return None
    shown = _some(found, "meter", "utility", "remaining_units", "unit", "last_updated")
    return shown | {"as_of": found.as_of("remaining_units")}


def credit(found: Found) -> Body | None:
    """Return what is left in money; None where the card has not shown it."""
    if found.card is None or found.card.balance is None:
        return None
    shown = _some(found, "meter", "utility", "balance", "currency", "last_updated")
    return shown | {"as_of": found.as_of("balance")}


def forecast(found: Found, made: Forecast, left: Standing | None) -> Body:
    """Return what to expect of a meter, no finer than it is known; `left` of its balance."""

    def out(moment: datetime | None) -> str | None:
        return _time(run_out_known(moment, made.made_at))

    return {
        "meter": found.number,
        "utility": found.utility,
        "unit": found.unit,
        "currency": CURRENCY,
        "made_at": _time(made.made_at),
        "newest": made.newest.isoformat(),
        "per_day": _number(made.per_day),
        "month_consumption": _estimate(made.month_consumption, unit_known),
        "month_cost": _estimate(made.month_cost, cost_known),
        "balance": _estimate(left.balance, cost_known if left.estimated else Decimal)
        if left
        else None,
        "as_of": _time(left.shown.as_of) if left and left.estimated else None,
        "runs_out": out(made.runs_out),
        "runs_out_early": out(made.runs_out_early),
        "runs_out_late": out(made.runs_out_late),
        "days_left": None if made.days_left is None else _number(days_known(made.days_left)),
    }


def tariff(prices: Tariff, number: str | None, since: date | None) -> Body:
    """Return a tariff: of the meter of that number, or for any."""
    return {
        "meter": number,
        "utility": prices.utility,
        "tariff": prices.name,
        "kind": prices.kind,
        "since": since.isoformat() if since else None,
        "unit": prices.utility.unit,
        "currency": CURRENCY,
        "monthly_fixed": _number(prices.monthly_fixed),
        "monthly_minimum": _number(prices.monthly_minimum),
        "tiers": [
            {"start": _number(tier.start), "end": _number(tier.end), "rate": _number(tier.rate)}
            for tier in prices.tiers
        ],
    }


def priced(prices: Tariff, consumption: Decimal | None) -> Body:
    """Return what a month's consumption costs (null where none is given)."""
    cost = None if consumption is None else prices.bill(consumption)
    return {"consumption": _number(consumption), "cost": _cents(cost)}


def _some(found: Found, *keys: str) -> Body:
    shown = meter(found)
    return {key: shown[key] for key in keys}


def _estimate(estimate: Estimate, known: Callable[[Decimal], Decimal]) -> Body:
    names = ("expected", "low", "high")
    return {name: _number(known(getattr(estimate, name))) for name in names}


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _cents(value: Decimal | None) -> float | None:
    """Return BND rounded to cents: shown here, and nowhere summed up."""
    return None if value is None else float(value.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(BRUNEI).isoformat()

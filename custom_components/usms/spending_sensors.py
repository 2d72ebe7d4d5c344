"""What the sensors of money show: costs, forecasts, tiers, top-ups, debts and the bill."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfTime

from .client import Utility
from .client.billing.cost import Spending
from .client.billing.forecast import Estimate, Forecast
from .client.billing.precision import cost_known, days_known, run_out_known, unit_known
from .client.models import CURRENCY
from .client.summary import Figures
from .sensor_types import MONTHS, FiguresSensorDescription, State, unit_of

_DAY: Final = timedelta(days=1)
_MUCH: Final = 20
"""kWh or m³ of which tenths are of no interest."""


def _cents(cost: Decimal | None) -> Decimal | None:
    return None if cost is None else round(cost, 2)


def _spending(figures: Figures) -> Spending | None:
    """Return what was spent; None before any reading, where the month's tier is not known."""
    return figures.spending if figures.consumption.oldest else None


def _spent(value: Callable[[Spending], State]) -> Callable[[Figures], State]:
    return lambda figures: value(found) if (found := _spending(figures)) else None


def _expected(value: Callable[[Forecast], State]) -> Callable[[Figures], State]:
    return _spent(lambda spending: value(spending.forecast) if spending.forecast else None)


def _money(
    key: str,
    value: Callable[[Figures], State],
    *,
    attributes: Callable[[Figures], Mapping[str, Any] | None] = lambda _figures: None,
    while_not_zero: bool = False,
) -> FiguresSensorDescription:
    """Return a sensor of an amount of money."""
    return FiguresSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement=CURRENCY,
        suggested_display_precision=2,
        value=value,
        attributes=attributes,
        while_not_zero=while_not_zero,
    )


def _range(
    estimate: Callable[[Forecast], Estimate], known: Callable[[Decimal], Decimal]
) -> Callable[[Figures], Mapping[str, Any]]:
    """Return the range of a forecast, as attributes, no finer than it is known."""

    def attributes(figures: Figures) -> Mapping[str, Any]:
        forecast = figures.spending.forecast if figures.spending else None
        return {
            "low": float(known(estimate(forecast).low)) if forecast else None,
            "high": float(known(estimate(forecast).high)) if forecast else None,
        }

    return attributes


def _tier(figures: Figures) -> Mapping[str, Any]:
    spending = _spending(figures)
    end = spending.tier.end if spending else None
    left = spending.left_in_tier if spending else None
    return {
        "tiers": spending.tiers if spending else None,
        "start": float(spending.tier.start) if spending else None,
        "end": None if end is None else float(end),
        "rate": float(spending.tier.rate) if spending else None,
        "left": None if left is None else float(round(left, 0 if left > _MUCH else 1)),
    }


def _run_out_value(figures: Figures) -> State:
    forecast = figures.spending.forecast if figures.spending else None
    return run_out_known(forecast.runs_out, figures.at) if forecast else None


def _run_out(figures: Figures) -> Mapping[str, Any]:
    forecast = figures.spending.forecast if figures.spending else None
    if forecast is None:
        return {"early": None, "late": None} | as_of(figures)
    return {
        "early": run_out_known(forecast.runs_out_early, figures.at),
        "late": run_out_known(forecast.runs_out_late, figures.at),
    } | as_of(figures)


def _days_left_value(forecast: Forecast) -> State:
    return None if forecast.days_left is None else days_known(forecast.days_left)


def _days_left(figures: Figures) -> Mapping[str, Any]:
    forecast = figures.spending.forecast if figures.spending else None
    return {
        "low": _days_until(figures, forecast.runs_out_early if forecast else None),
        "high": _days_until(figures, forecast.runs_out_late if forecast else None),
    } | as_of(figures)


def _days_until(figures: Figures, moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return float(days_known(Decimal(max(moment - figures.at, timedelta(0)) / _DAY)))


def as_of(figures: Figures) -> dict[str, Any]:
    """Return as of when a figure is true that rests on an old balance, and what is left of it."""
    left = figures.standing
    if left is None or not left.estimated:
        return {}
    return {
        "as_of": left.shown.as_of,
        "balance_low": float(cost_known(left.amount.low)),
        "balance_high": float(cost_known(left.amount.high)),
    }


def _last_topup(figures: Figures) -> Mapping[str, Any]:
    topup = figures.last_topup
    if topup is None:
        return {}
    return {
        "amount": float(topup.amount),
        "amount_low": None if topup.low is None else float(topup.low),
        "amount_high": None if topup.high is None else float(topup.high),
        "known_from": topup.origin,
    }


def _bill(figures: Figures) -> Mapping[str, Any]:
    bill = figures.review.bill
    return {
        "first_day": bill.first if bill else None,
        "last_day": bill.last if bill else None,
        "lost_by_balance": float(bill.lost) if bill else None,
        "cost_by_tariff": float(bill.cost) if bill else None,
        "uncertainty": math.ceil(bill.uncertainty * 100) if bill else None,
    }


_MONEY: Final = (
    _money("cost_today", _spent(lambda spending: _cents(spending.today))),
    _money(
        "cost_this_month",
        _spent(lambda spending: _cents(spending.this_month)),
        attributes=MONTHS["this_month"],
    ),
    _money(
        "cost_last_month",
        _spent(lambda spending: _cents(spending.last_month)),
        attributes=MONTHS["last_month"],
    ),
    _money(
        "forecast_cost",
        _expected(lambda forecast: cost_known(forecast.month_cost.expected)),
        attributes=_range(lambda forecast: forecast.month_cost, cost_known),
    ),
    FiguresSensorDescription(
        key="runs_out",
        translation_key="runs_out",
        device_class=SensorDeviceClass.TIMESTAMP,
        steady=True,
        value=_run_out_value,
        attributes=_run_out,
    ),
    FiguresSensorDescription(
        key="days_left",
        translation_key="days_left",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        state_class=SensorStateClass.MEASUREMENT,
        steady=True,
        value=_expected(_days_left_value),
        attributes=_days_left,
    ),
    FiguresSensorDescription(
        key="tier",
        translation_key="tier",
        steady=True,
        value=_spent(lambda spending: spending.tier_number),
        attributes=_tier,
    ),
    _money("topped_up_this_month", lambda figures: figures.topped_up),
    FiguresSensorDescription(
        key="last_top_up",
        translation_key="last_top_up",
        device_class=SensorDeviceClass.TIMESTAMP,
        value=lambda figures: figures.last_topup.at if figures.last_topup else None,
        attributes=_last_topup,
    ),
    _money(
        "debt",
        lambda figures: figures.debt.owing if figures.debt else None,
        while_not_zero=True,
    ),
    _money(
        "monthly_repayment",
        lambda figures: figures.debt.monthly if figures.debt else None,
        while_not_zero=True,
    ),
    FiguresSensorDescription(
        key="bill_difference",
        translation_key="bill_difference",
        native_unit_of_measurement=PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        suggested_display_precision=0,
        value=lambda figures: (
            round(figures.review.bill.difference * 100) if figures.review.bill else None
        ),
        attributes=_bill,
    ),
)


def spending_sensors(utility: Utility, *, hourly: bool) -> tuple[FiguresSensorDescription, ...]:
    """Return the sensors of money, and of units that have a price."""
    water = utility is Utility.WATER
    unit = unit_of(utility)
    storage = SensorDeviceClass.VOLUME_STORAGE if water else SensorDeviceClass.ENERGY_STORAGE

    def units(key: str, value: Callable[[Spending], State]) -> FiguresSensorDescription:
        return FiguresSensorDescription(
            key=key,
            translation_key=key,
            device_class=storage,
            native_unit_of_measurement=unit,
            suggested_display_precision=1,
            value=_spent(value),
        )

    return (
        *(sensor for sensor in _MONEY if hourly or sensor.key != "cost_today"),
        FiguresSensorDescription(
            key="rate",
            translation_key="rate",
            native_unit_of_measurement=f"{CURRENCY}/{unit}",
            state_class=SensorStateClass.MEASUREMENT,
            value=_spent(lambda spending: spending.tier.rate),
        ),
        units("units_left_in_tier", lambda spending: spending.left_in_tier),
        units("balance_buys", lambda spending: spending.buys),
        FiguresSensorDescription(
            key="average_per_day",
            translation_key="average_per_day",
            native_unit_of_measurement=f"{unit}/d",
            state_class=SensorStateClass.MEASUREMENT,
            suggested_display_precision=2,
            value=_spent(lambda spending: spending.per_day),
        ),
        FiguresSensorDescription(
            key="forecast_consumption",
            translation_key="forecast_consumption",
            device_class=SensorDeviceClass.WATER if water else SensorDeviceClass.ENERGY,
            native_unit_of_measurement=unit,
            suggested_display_precision=1,
            value=_expected(lambda forecast: unit_known(forecast.month_consumption.expected)),
            attributes=_range(lambda forecast: forecast.month_consumption, unit_known),
        ),
    )

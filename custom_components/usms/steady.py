"""What says nothing new of a day: an estimate stays as it was shown, wherever it is shown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from .client.billing.forecast import Estimate, Forecast
from .client.summary import Figures

STEADY: Final = Decimal("0.02")
STEADY_RANGE: Final = Decimal("0.05")
"""By which share a value, and what belongs to it, may move and say nothing new."""


def is_new(new: object, old: object, share: Decimal) -> bool:
    """Return whether a number differs by more than that share; anything else at all."""
    if isinstance(new, int | float | Decimal) and isinstance(old, int | float | Decimal):
        one, other = Decimal(str(new)), Decimal(str(old))
        return abs(one - other) > abs(other) * share
    return new != old


def steady(figures: Figures, shown: Figures | None) -> Figures:
    """Return figures with the month's forecast that is shown, where a new one says nothing new.

    So all that shows it shows the same. Any other day or hour to run out at is new.
    """
    if (
        shown is None
        or figures.consumption.day != shown.consumption.day
        or figures.schedule != shown.schedule
    ):
        return figures
    spending, old = figures.spending, shown.spending
    if not (spending and spending.forecast and old and old.forecast):
        return figures
    made = _month(spending.forecast, old.forecast)
    return replace(figures, spending=replace(spending, forecast=made))


def _month(new: Forecast, old: Forecast) -> Forecast:
    used, cost = old.month_consumption, old.month_cost
    if _moved(new.month_consumption, used) or _moved(new.month_cost, cost):
        return new
    return replace(new, month_consumption=used, month_cost=cost)


def _moved(new: Estimate, old: Estimate) -> bool:
    return (
        is_new(new.expected, old.expected, STEADY)
        or is_new(new.low, old.low, STEADY_RANGE)
        or is_new(new.high, old.high, STEADY_RANGE)
    )

"""What the recorder remembers and the store has never looked at: taken over, never erased. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from ..client.brunei import BRUNEI, brunei_midnight
from ..client.consumption import DayReadings
from ..client.models import Reading, Utility

_DIGITS: Final = 6
"""Decimals of a value that a float of the recorder holds for sure."""


@dataclass(slots=True)
class Adoption:
    """Readings to take over."""

    totals: list[Reading] = field(default_factory=list)
    hours: list[Reading] = field(default_factory=list)


def adoption(
    utility: Utility,
    consumption: Mapping[float, float],
    daily: Mapping[float, float],
    known: Iterable[DayReadings],
) -> Adoption:
    """Return what to take over of a meter's series as the recorder has them.

    `consumption` and `daily` are the amounts (kWh or m³) of rows by start, in seconds since 1970;
    `known` are the days of the store. Where the store has a reading, it wins.
    """
    found = Adoption()
    days = {day.day: day for day in known}
    rows = _by_day(consumption)
    totals = {start.date(): value for start, value in _moments(daily)}
    for day in sorted(rows.keys() | totals.keys()):
        of_store = days.get(day) or DayReadings(day, None)
        of_day = dict(rows.get(day, ()))
        total = totals.get(day)
        at_midnight = brunei_midnight(day)
        # Before it has hours, a day is a row at midnight with its total.
        if _is_total(utility, of_day, of_store.total if total is None else total, at_midnight):
            alone = of_day.pop(at_midnight)
            total = alone if total is None else total
        have = {hour.start for hour in of_store.hours}
        new = [
            Reading(start, value) for start, value in sorted(of_day.items()) if start not in have
        ]
        found.hours += new
        if total is None and new and len(have) + len(new) == 24:
            total = of_store.amount + sum((hour.value for hour in new), Decimal(0))
        if total is not None and of_store.total is None:
            found.totals.append(Reading(at_midnight, total))
    return found


def _is_total(
    utility: Utility, rows: Mapping[datetime, Decimal], total: Decimal | None, midnight: datetime
) -> bool:
    """Return whether a day's row at midnight is its total, and not its first hour."""
    if midnight not in rows:
        return False
    if len(rows) == 1:
        return utility is Utility.WATER or total is None or rows[midnight] == total
    # Left behind where the hours were written and the total not removed yet.
    others = sum((value for start, value in rows.items() if start != midnight), Decimal(0))
    return total is not None and rows[midnight] == total and others > 0


def _by_day(rows: Mapping[float, float]) -> dict[date, list[tuple[datetime, Decimal]]]:
    days: dict[date, list[tuple[datetime, Decimal]]] = {}
    for start, value in _moments(rows):
        days.setdefault(start.date(), []).append((start, value))
    return days


def _moments(rows: Mapping[float, float]) -> Iterable[tuple[datetime, Decimal]]:
    for start, value in rows.items():
        yield datetime.fromtimestamp(start, BRUNEI), amount_of(value)


def amount_of(value: float) -> Decimal:
    """Return an amount of the recorder as it was before it became a float."""
    amount = Decimal(repr(value))
    exponent = amount.as_tuple().exponent
    return round(amount, _DIGITS) if isinstance(exponent, int) and exponent < -_DIGITS else amount

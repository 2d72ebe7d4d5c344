"""Days added up to months."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from .brunei import brunei_midnight
from .models import Reading
from .store.models import StoredReading


def months(days: Iterable[Reading | StoredReading]) -> list[Reading]:
    """Return a reading a month (kWh or m³), by time, each of the days that are given of it."""
    sums: dict[date, Decimal] = {}
    for day in days:
        first = day.start.date().replace(day=1)
        sums[first] = sums.get(first, Decimal(0)) + day.value
    return [Reading(brunei_midnight(first), value) for first, value in sorted(sums.items())]

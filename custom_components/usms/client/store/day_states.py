"""A day as the store's rows have it. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .models import DayState, Origin
from .schema import date_of, decimal_of, moment

if TYPE_CHECKING:
    from collections.abc import Iterable

_NONE: Final = 0, Decimal(0), 0


def hours_of(rows: Iterable[tuple[int, str, str]]) -> tuple[int, Decimal, int]:
    """Return how many hours of a day are reported, their sum, and how many are estimated."""
    reported, total, estimated = 0, Decimal(0), 0
    for _, value, origin in rows:
        if origin == Origin.REPORT:
            reported, total = reported + 1, total + Decimal(value)
        estimated += origin == Origin.REMAINDER
    return reported, total, estimated


def day_state(row: tuple[Any, ...], of_hours: tuple[int, Decimal, int] | None) -> DayState:
    """Return what is known of a day: its row and its total, and its hours."""
    day, daily_read_at, hours_read_at, asked, changed_at, settled_at, empty_since, total = row
    hours, hours_sum, estimated = of_hours or _NONE
    return DayState(
        day=date_of(day),
        total=decimal_of(total),
        hours=hours,
        hours_sum=hours_sum,
        estimated=estimated,
        daily_read_at=moment(daily_read_at),
        hours_read_at=moment(hours_read_at),
        hours_asked=asked,
        changed_at=moment(changed_at),
        settled_at=moment(settled_at),
        empty_since=moment(empty_since),
    )

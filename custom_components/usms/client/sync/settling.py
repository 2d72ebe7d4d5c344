"""What follows from a report for its days: settled or not, and the hours that stay missing.

Pure.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from ..brunei import brunei_date, brunei_midnight
from ..models import Reading
from ..store.models import DayState, Origin
from .plan import RECENT_DAYS, UNCHANGED

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from ..store.models import StoredReading


def is_settled(day: DayState, now: datetime, *, has_hours: bool = True) -> bool:
    """Whether the portal need not be asked about a day any more.

    Its hours add up to the daily report and it is older than three days, or nothing about it has
    changed for 35 days. A day is never settled unasked: neither one whose hours were not asked for,
    where the meter has any, nor one that no daily report has.
    """
    day = day.as_of(now)
    if day.settled:
        return True
    if day.total is None or (has_hours and not day.hours_asked):
        return False
    age = brunei_date(now) - day.day
    if age <= timedelta(days=RECENT_DAYS):
        return False
    unchanged = day.changed_at is not None and now - day.changed_at >= UNCHANGED
    return (day.adds_up and day.hours_asked > 0) or (unchanged and age >= UNCHANGED)


def wants_estimates(day: DayState, now: datetime) -> bool:
    """Whether the hours that a day lacks are to be estimated: it has some, and is not recent."""
    recent = brunei_date(now) - day.day <= timedelta(days=RECENT_DAYS)
    return not recent and day.hours > 0 and (day.estimated > 0 or not day.adds_up)


def estimates(day: date, stored: Sequence[StoredReading], total: Decimal) -> list[Reading] | None:
    """Return estimates for the hours that a day's report lacks; None where they are known.

    What was taken over may be just what the report lacks: where it is what the estimates would
    be, it is an estimate, too.
    """
    hours = [Reading(hour.start, hour.value) for hour in stored if hour.origin is Origin.REPORT]
    found = remainder(day, hours, total)
    known = {hour.start: hour.value for hour in stored if not hour.estimated}
    adds_up = len(known) > len(hours) and sum(known.values()) == total
    if adds_up and any(known.get(hour.start) != hour.value for hour in found):
        return None
    return found


def remainder(day: date, hours: Sequence[Reading], total: Decimal) -> list[Reading]:
    """Return estimates for the hours that a day lacks: its remainder, spread evenly.

    `hours` are the reported ones, in kWh like `total`. The estimates add up to the remainder
    exactly. There are none where nothing is missing or nothing (or less) is left, as on a meter's
    first day.
    """
    reported = {reading.start for reading in hours}
    starts = [brunei_midnight(day) + timedelta(hours=hour) for hour in range(24)]
    missing = [start for start in starts if start not in reported]
    left = total - sum((reading.value for reading in hours), start=total * 0)
    if not missing or left <= 0:
        return []
    # Shares in the last digit of the total; the first hours take what does not divide.
    digit = left.as_tuple().exponent
    unit = left.__class__(1).scaleb(min(digit, -3) if isinstance(digit, int) else -3)
    share, rest = divmod(int(left / unit), len(missing))
    return [
        Reading(start, unit * (share + (1 if n < rest else 0))) for n, start in enumerate(missing)
    ]

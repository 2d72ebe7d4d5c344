"""Which days a command is about."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from ..brunei import brunei_date
from ..client import MAX_DAYS
from ..errors import WrongRequest
from ..models import Resolution

if TYPE_CHECKING:
    from .options import Context, Options

_DAY: Final = timedelta(days=1)
_MONTHS: Final = 12
OLDEST: Final = date(2015, 1, 1)
"""The portal has nothing before."""


def span(options: Options, context: Context, resolution: Resolution) -> tuple[date, date]:
    """Return the days whose consumption is meant, both included; raises WrongRequest."""
    today = brunei_date(context.clock())
    newest = today if resolution is Resolution.HOUR else today - _DAY
    last = options.last or max(newest, options.first or newest)
    if options.first:
        first = options.first
    elif resolution is Resolution.HOUR:
        first = last if options.last else before(last, 1)
    elif resolution is Resolution.DAY:
        first = before(last, MAX_DAYS - 1)
    else:
        first = max(_months_before(last, _MONTHS - 1), OLDEST)
    check_days(first, last, today)
    return first, last


def before(day: date, days: int) -> date:
    """Return the day so many days before, never one before `OLDEST`."""
    return date.fromordinal(max(day.toordinal() - days, OLDEST.toordinal()))


def check_days(first: date, last: date, today: date) -> None:
    """Raise WrongRequest where such days can't be asked for."""
    if min(first, last) < OLDEST:
        raise WrongRequest(f"The portal has nothing before {OLDEST.year}")
    if last < first:
        raise WrongRequest("The last day lies before the first")
    if last > today:
        raise WrongRequest("The days lie in the future")


def reports(first: date, last: date, length: int) -> list[tuple[date, date]]:
    """Return the days in pieces of at most that many."""
    starts = [first + n * _DAY for n in range(0, (last - first).days + 1, length)]
    return [(start, min(start + (length - 1) * _DAY, last)) for start in starts]


def _months_before(day: date, number: int) -> date:
    months = 12 * max(day, OLDEST).year + day.month - 1 - number
    return date(months // 12, months % 12 + 1, 1)

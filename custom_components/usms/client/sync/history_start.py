"""Where a meter's daily history begins: found with bounded effort.

Pure. Reports are asked for backwards from yesterday. Two empty months may be the start, or a gap:
one jump looks at what lies before. Longer gaps are rare, so the jumps farther back, which double
down to the year 2015, follow one a week.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from ..brunei import brunei_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..store.models import DayState

WINDOW: Final = timedelta(days=31)
"""How much one daily report takes."""
EMPTY_MONTHS: Final = 2
"""So many empty daily reports in a row before a jump."""
EARLIEST: Final = date(2015, 1, 1)
"""No history is looked for before."""
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


class End(StrEnum):
    """Why the search has ended."""

    NOTHING_BEFORE = "nothing_before"
    """Neither the months before nor the jump beyond them found anything."""
    EARLIEST = "earliest"
    """It has come to the year 2015."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to ask for next, or where the search ended."""

    first: date | None = None
    last: date | None = None
    """The days to ask for, both included; None where nothing is due."""
    end: End | None = None
    """Why the search has ended; days to ask for nevertheless lie far back, and can wait."""


def search(days: Mapping[date, DayState], now: datetime) -> Search:
    """Return which days no daily report has covered are to be asked for next."""
    found = sought(days, brunei_date(now))
    return found if isinstance(found, Search) else jump(days, found, now)


def sought(days: Mapping[date, DayState], today: date) -> Search | date:
    """Return the next days by what is known alone; or the day before which jumps look."""
    newest = today - _DAY
    asked = {day for day, known in days.items() if known.daily_read_at}
    if not asked:
        return _window(newest, asked)
    oldest = oldest_day(days) or newest + _DAY
    # A hole, from a long absence or before what a jump has found; or days asked for by hand. The
    # newest day itself is read with the others that are due.
    gap = _newest_unasked(asked, min(oldest, newest), newest)
    wanted = max((day for day in days if day < newest and day not in asked), default=None)
    if missing := max(filter(None, (gap, wanted)), default=None):
        return _window(missing, asked)
    empty = oldest - _DAY
    while empty in asked:
        empty -= _DAY
    if empty < EARLIEST:
        return Search(end=End.EARLIEST)
    if oldest - empty <= EMPTY_MONTHS * WINDOW:
        return _window(empty, asked)
    return oldest - EMPTY_MONTHS * WINDOW - _DAY


def jump(days: Mapping[date, DayState], before: date, now: datetime) -> Search:
    """Return the next look beyond empty months: the first at once, the others a week apart."""
    newest_jump: datetime | None = None
    for last in _jumps(before):
        first = max(last - WINDOW + _DAY, EARLIEST)
        looked = [at for day in _between(first, last) if (at := _read_at(days, day))]
        if looked:
            newest_jump = max(filter(None, (newest_jump, max(looked))))
        elif newest_jump is None:
            return Search(first, last)
        elif now - newest_jump >= _WEEK:
            return Search(first, last, End.NOTHING_BEFORE)
        else:
            break
    return Search(end=End.NOTHING_BEFORE)


def _between(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _read_at(days: Mapping[date, DayState], day: date) -> datetime | None:
    known = days.get(day)
    return known.daily_read_at if known else None


def oldest_day(days: Mapping[date, DayState]) -> date | None:
    """Return the oldest day on which anything was used: zeros stand before the installation too."""
    return min((day for day, known in days.items() if known.total), default=None)


def _jumps(before: date) -> Iterator[date]:
    """Yield the last days of the reports that look beyond, ever farther."""
    span = EMPTY_MONTHS * WINDOW
    while before - span >= EARLIEST:
        yield before - span
        span *= 2


def _newest_unasked(asked: set[date], oldest: date, newest: date) -> date | None:
    for back in range(1, (newest - oldest).days + 1):
        day = newest - back * _DAY
        if day not in asked:
            return day
    return None


def _window(last: date, asked: set[date]) -> Search:
    """Return the days of a report that ends with `last`, back to the next that was asked for."""
    first = max(last - WINDOW + _DAY, EARLIEST)
    older = [day for day in asked if day <= last]
    if older:
        first = max(first, max(older) + _DAY)
    return Search(first, last)

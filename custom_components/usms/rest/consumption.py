"""Consumption in pages: found first, then read from the store and encoded piece by piece.

All of it blocks: call it off the event loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from custom_components.usms.client import Resolution, Utility
from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.consumption import plain_consumption
from custom_components.usms.client.store import ReadingsStore

from .errors import ErrorCode, RestError

_DAY: Final = timedelta(days=1)
MOST_DAYS: Final = 3660
"""How long a range may be."""
_PIECE: Final = {Resolution.HOUR: 62 * _DAY, Resolution.DAY: 1500 * _DAY}
"""Which time is read and encoded at once: up to 1,500 readings."""
_USUAL: Final = {Resolution.HOUR: 7, Resolution.DAY: 31}
"""Days of a range whose start is not given."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which readings are asked for: from `start` on, before `end`, at most `limit` of them."""

    meter: str
    utility: Utility | None
    resolution: Resolution
    start: datetime
    end: datetime
    limit: int


@dataclass(frozen=True, slots=True)
class Page:
    """Where the readings of an answer are."""

    query: Query
    start: datetime
    """When the first one starts."""
    end: datetime
    """Before this all start."""
    following: datetime | None
    """When the first one starts that is too many; None without."""

    @property
    def pieces(self) -> list[tuple[datetime, datetime]]:
        """The spans of time in which it is read, one after the other."""
        step = _PIECE.get(self.query.resolution, self.end - self.start)
        count = -((self.start - self.end) // step)
        starts = [self.start + number * step for number in range(count)]
        return [(start, min(start + step, self.end)) for start in starts]


def span(
    resolution: Resolution, start: datetime | None, end: datetime | None, today: date
) -> tuple[datetime, datetime]:
    """Return from when on and before when readings are asked for; raises RestError.

    Without an end it is that of today. Months are whole ones.
    """
    if end is None:
        end = brunei_midnight(today + _DAY)
        end = max(end, start + _DAY) if start else end
    if start is None:
        last = (end - _DAY).date()
        if resolution is Resolution.MONTH:
            start = brunei_midnight(_month(last, -11))
        else:
            start = brunei_midnight(last - (_USUAL[resolution] - 1) * _DAY)
    if start >= end:
        raise RestError(ErrorCode.INVALID_PARAMETER, "start has to be before end")
    if end - start > MOST_DAYS * _DAY:
        raise RestError(
            ErrorCode.INVALID_PARAMETER,
            f"A range has at most {MOST_DAYS} days: ask for parts of it",
        )
    if resolution is Resolution.MONTH:
        start = brunei_midnight(_month(start.date(), 0))
        end = brunei_midnight(_month((end - timedelta.resolution).date(), 1))
    return start, end


def begin(store: ReadingsStore, query: Query) -> tuple[Page, bytes]:
    """Return where the readings are, and the first piece, encoded; raises RestError without any."""
    if len(Page(query, query.start, query.end, None).pieces) == 1:
        return _at_once(store, query)
    page = _find(store, query)
    return page, encoded(store, query, *page.pieces[0])


def _at_once(store: ReadingsStore, query: Query) -> tuple[Page, bytes]:
    """Return the same of a range that is one piece: read once, without a look for its borders."""
    rows = plain_consumption(store, query.meter, query.resolution, query.start, query.end)
    if not rows:
        raise RestError(ErrorCode.DATA_NOT_FOUND)
    following = datetime.fromisoformat(rows[query.limit][0]) if len(rows) > query.limit else None
    page = Page(query, datetime.fromisoformat(rows[0][0]), following or query.end, following)
    return page, _json(query, rows[: query.limit])


def _find(store: ReadingsStore, query: Query) -> Page:
    """Return where the answer's readings are; raises RestError where there are none."""
    first, following = (
        store.nth_start(query.meter, query.resolution, query.start, query.end, number)
        for number in (0, query.limit)
    )
    if first is None:
        raise RestError(ErrorCode.DATA_NOT_FOUND)
    return Page(query, first, following or query.end, following)


def encoded(store: ReadingsStore, query: Query, start: datetime, end: datetime) -> bytes:
    """Return the readings of a span as the inside of a JSON list, values to the last digit."""
    return _json(query, plain_consumption(store, query.meter, query.resolution, start, end))


def _json(query: Query, rows: Sequence[tuple[str, str, bool]]) -> bytes:
    unit = f'"{query.utility.unit}"' if query.utility else "null"
    return ",".join(
        f'{{"start":"{at}","consumption":{value},"unit":{unit},'
        f'"estimated":{"true" if estimated else "false"}}}'
        for at, value, estimated in rows
    ).encode()


def _month(day: date, later: int) -> date:
    """Return the first of a month that many months later."""
    number = 12 * day.year + day.month - 1 + later
    return date(number // 12, number % 12 + 1, 1)

"""What was used: of the portal, or of a store that `usms sync` has filled."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..client import MAX_DAYS
from ..consumption import consumed
from ..errors import ReportNotOffered
from ..models import Resolution, Utility
from ..sync.known_days import KnownDays
from ..sync.plan import MeterState, history_found
from . import output
from .asking import published
from .days import reports, span
from .output import Column, Result
from .progress import progress
from .signing_in import account_of, meter_of, signed_in
from .state import open_store, stored_meter, stored_meters
from .streams import say

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from ..blocking import BlockingClient
    from ..models import Meter, Reading
    from ..store import ReadingsStore
    from ..store.models import StoredReading
    from .options import Context, Options
    from .output import Row

KEYS: Final = ("start", "consumption", "unit", "estimated")
_TEXT: Final = {
    Resolution.HOUR: output.shown,
    Resolution.DAY: output.day,
    Resolution.MONTH: output.month,
}


def usage(options: Options, context: Context) -> Result:
    """List consumption: of the portal, or with `--database` of the store alone."""
    resolution = options.resolution
    first, last = span(options, context, resolution)
    utility: Utility | None
    if options.database:
        with closing(open_store(options.database)) as store:
            meters = stored_meters(store)
            number = stored_meter(meters, options.meter, _only(resolution))
            utility = meters[number]
            if resolution is Resolution.HOUR and utility is not Utility.ELECTRICITY:
                raise ReportNotOffered("Of this meter there are days only")
            rows = stored_rows(store, number, utility, resolution, first, last)
            unread = _unread(store, number, resolution, first, last, context.clock())
        if unread:
            say(f"{unread} of these days are not in the store yet; usms sync reads them.")
    else:
        with signed_in(options, context) as client:
            meter = meter_of(account_of(client), options.meter, _only(resolution))
            utility = meter.utility
            found = _read(client, meter, resolution, first, last)
            rows = _rows(found, utility, resolution)
    if not rows:
        say("Nothing is published for these days.")
    return _result(rows, utility, resolution)


def _only(resolution: Resolution) -> Utility | None:
    """Return the only utility that has such readings, where there is one."""
    return Utility.ELECTRICITY if resolution is Resolution.HOUR else None


def _result(rows: list[Row], utility: Utility | None, resolution: Resolution) -> Result:
    unit = utility.unit if utility else "?"
    columns = [
        Column("start", resolution.value.capitalize(), _TEXT[resolution]),
        Column("consumption", f"Consumption ({unit})"),
    ]
    if any(row["estimated"] for row in rows):
        columns.append(Column("estimated", "", lambda yes: "estimated" if yes else ""))
    total = sum((row["consumption"] for row in rows), Decimal(0))
    footer = (f"Total: {total} {unit}",) if rows else ()
    return Result(KEYS, rows, columns, bar="consumption", footer=footer)


def _read(
    client: BlockingClient, meter: Meter, resolution: Resolution, first: date, last: date
) -> list[Reading]:
    """Ask the portal, report after report."""
    hourly = resolution is Resolution.HOUR
    pieces = reports(first, last, 1 if hourly else MAX_DAYS)
    found: list[Reading] = []
    with progress(quiet=len(pieces) <= 2) as tell:
        for number, (start, end) in enumerate(pieces, 1):
            found += published(client, meter, resolution, start, end)
            tell(number, len(pieces), f"reports, to {end}")
    return found


def stored_rows(
    store: ReadingsStore,
    meter: str,
    utility: Utility | None,
    resolution: Resolution,
    first: date | None,
    last: date | None,
) -> list[Row]:
    """Return what the store has, as `usage` shows it."""
    finest = Resolution.HOUR if resolution is Resolution.HOUR else Resolution.DAY
    return _rows(store.readings(meter, finest, first, last), utility, resolution)


def _unread(
    store: ReadingsStore,
    number: str,
    resolution: Resolution,
    first: date,
    last: date,
    now: datetime,
) -> int:
    """Return how many days the store knows nothing of, though they may have something."""
    (meter,) = (meter for meter in store.meters() if meter.number == number)
    state = MeterState(meter, KnownDays(store.days(number)))
    if history_found(state, now):
        totals = (day.day for day in state.days.values() if day.total is not None)
        first = max(first, min(totals, default=last))
    days = (state.day(start) for start, _ in reports(first, last, 1))
    if resolution is Resolution.HOUR:
        return sum(day.hours_read_at is None for day in days)
    return sum(day.daily_read_at is None for day in days)


def _rows(
    readings: Iterable[Reading | StoredReading], utility: Utility | None, resolution: Resolution
) -> list[Row]:
    unit = utility.unit if utility else None
    return [
        {"start": start, "consumption": value, "unit": unit, "estimated": estimated}
        for start, value, estimated in consumed(readings, resolution)
    ]

"""`usms import`: a CSV of `usms export` into the store."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..brunei import BRUNEI
from ..consumption import Offered, days_between, fitting
from ..errors import UsmsError, WrongRequest
from ..models import Reading, Resolution, Utility
from ..store import ReadingsStore
from ..store.models import Origin
from .days import OLDEST
from .output import Column, Result
from .state import default_database, state_folder, stored_meters
from .usage import KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .options import Context, Options

_KEYS: Final = ("meter", *KEYS)
_MOST: Final = 100_000_000
"""Bytes of a file; ten years of two meters have a twentieth."""
_UTILITIES: Final = {
    "kWh": Utility.ELECTRICITY,
    "m³": Utility.WATER,
    "m3": Utility.WATER,
    "": None,
}
_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?(E[+-]?[0-9]{1,2})?", re.ASCII)
_LARGEST: Final = Decimal(10**9)
_HOUR: Final = timedelta(hours=1)


@dataclass(slots=True)
class _Meter:
    """What the file has of a meter."""

    line: int
    """Where it is first."""
    utility: Utility | None = None
    rows: dict[datetime, tuple[Decimal, bool]] = field(default_factory=dict)
    """Amount and whether it is estimated, by start."""

    @property
    def by_hour(self) -> bool:
        """Whether any of its rows is an hour for sure."""
        return any(start.hour for start in self.rows)

    @property
    def by_month(self) -> bool:
        """Whether its rows could be those of months."""
        return all(start.day == 1 for start in self.rows)


def _bad_file(line: int, what: str) -> UsmsError:
    """Return the error for a file that is not such a CSV."""
    return UsmsError(f"Line {line} of the file {what}; nothing was imported")


def import_file(options: Options, context: Context) -> Result:
    """Take over what the file has and the store has not; all of the file, or nothing."""
    if options.file is None:
        raise WrongRequest("Say which file")
    now = context.clock()
    meters = _read(options.file, now)
    lengths = {number: _resolution(meter, options.length) for number, meter in meters.items()}
    path = options.database or state_folder() / default_database().name
    taken, refused = 0, 0
    with closing(ReadingsStore(path)) as store, store.transaction():
        known = stored_meters(store)
        for number, meter in meters.items():
            _check_utility(store, number, meter, known, now)
            more, less = _take_over(store, number, meter, lengths[number], now)
            taken, refused = taken + more, refused + less
    row = {"database": str(path), "taken_over": taken, "refused": refused}
    columns = (
        Column("database", "Store"),
        Column("taken_over", "Readings taken over"),
        Column("refused", "Refused beside what it has"),
    )
    return Result(tuple(row), [row], columns, single=True, upright=True)


def _check_utility(
    store: ReadingsStore,
    number: str,
    meter: _Meter,
    known: Mapping[str, Utility | None],
    now: datetime,
) -> None:
    """Make a meter that the store does not know; raises UsmsError where the unit does not fit."""
    if number not in known:
        if meter.utility is None:
            raise _bad_file(meter.line, "has a meter that the store does not know, without unit")
        store.record_meter(number, meter.utility, "", now)
    elif meter.utility and known[number] not in {None, meter.utility}:
        raise _bad_file(meter.line, f"has {meter.utility.unit} of a meter of {known[number]}")


def _resolution(meter: _Meter, said: Resolution | None) -> Resolution:
    """Return what a meter's rows are: hours or days, as the file does not say it itself."""
    if meter.by_hour and (said is Resolution.DAY or meter.utility is Utility.WATER):
        raise _bad_file(meter.line, "begins hours, where only days can be")
    days = len(meter.rows) > 1 and not meter.by_hour
    if said is Resolution.HOUR and (meter.utility is Utility.WATER or days):
        raise _bad_file(meter.line, "begins days, not hours")
    resolution = said or (Resolution.HOUR if meter.by_hour else Resolution.DAY)
    if resolution is Resolution.DAY and any(estimated for _, estimated in meter.rows.values()):
        raise _bad_file(meter.line, "begins days of which one is estimated: there are none")
    if said is None and not meter.by_hour and meter.by_month:
        raise _bad_file(
            meter.line, "begins months, or days that can't be told from months: say --daily"
        )
    return resolution


def _take_over(
    store: ReadingsStore, number: str, meter: _Meter, resolution: Resolution, now: datetime
) -> tuple[int, int]:
    """Return how many readings the store took over, and how many do not go beside its own."""
    of_file = [Reading(start, value) for start, (value, _) in sorted(meter.rows.items())]
    hourly = resolution is Resolution.HOUR
    offered = Offered(hours=of_file) if hourly else Offered(totals=of_file)
    days = [reading.start.date() for reading in of_file]
    fit = fitting(offered, days_between(store, number, days[0], days[-1]))
    taken = 0
    for estimated, origin in ((False, Origin.RECORDER), (True, Origin.REMAINDER)):
        readings = [
            reading
            for reading in (*fit.totals, *fit.hours)
            if meter.rows[reading.start][1] is estimated
        ]
        taken += store.adopt(number, resolution, readings, now, origin=origin)
    store.adopt(number, Resolution.DAY, fit.whole, now)
    return taken, fit.refused


# --- the file ---


def _read(path: Path, now: datetime) -> dict[str, _Meter]:
    """Return what the file has, by meter; raises UsmsError."""
    meters: dict[str, _Meter] = {}
    for line, row in _rows(_text(path)):
        number = row["meter"]
        if not (number.isascii() and number.isalnum() and len(number) <= 40):
            raise _bad_file(line, "has no meter's number")
        if row["unit"] not in _UTILITIES:
            raise _bad_file(line, "has a unit that is neither kWh nor m³")
        if row["estimated"] not in {"true", "false"}:
            raise _bad_file(line, "does not say true or false of whether it is estimated")
        utility, start = _UTILITIES[row["unit"]], _start(line, row["start"], now)
        meter = meters.setdefault(number, _Meter(line, utility))
        if utility is not meter.utility:
            raise _bad_file(line, "has another unit than the meter's first line")
        reading = (_amount(line, row["consumption"]), row["estimated"] == "true")
        if meter.rows.setdefault(start, reading) != reading:
            raise _bad_file(line, "has another value for the time of an earlier one")
    if not meters:
        raise _bad_file(2, "is missing: there are no readings")
    return meters


def _text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise UsmsError(f"The file has more than {_MOST // 10**6} MB; nothing was imported")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise _bad_file(data.count(b"\n", 0, err.start) + 1, "is not text in UTF-8") from None


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the lines with what stands in them by key."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        keys = next(reader, [])
        if sorted(keys) != sorted(_KEYS):
            raise _bad_file(1, f"is not that of usms export --csv ({','.join(_KEYS)})")
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(keys):
                raise _bad_file(reader.line_num, f"has {len(fields)} values, not {len(keys)}")
            yield reader.line_num, dict(zip(keys, fields, strict=True))
    except csv.Error:
        raise _bad_file(max(reader.line_num, 1), "is no CSV") from None


def _start(line: int, text: str, now: datetime) -> datetime:
    try:
        start = datetime.fromisoformat(text)
        if start.tzinfo is None:
            raise _bad_file(line, "has a time without its offset, such as +08:00")
        start = start.astimezone(BRUNEI)
    except (ValueError, OverflowError):
        raise _bad_file(line, "has no time such as 2026-11-01T08:00:00+08:00") from None
    if start.replace(minute=0, second=0, microsecond=0) != start:
        raise _bad_file(line, "has a time off the hour")
    if start.date() < OLDEST:
        raise _bad_file(line, f"lies before {OLDEST.year}: the portal has nothing of then")
    if start + _HOUR > now:
        raise _bad_file(line, "lies in the future")
    return start


def _amount(line: int, text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text) or abs(Decimal(text)) >= _LARGEST:
        raise _bad_file(line, "has no amount such as 1.234")
    return Decimal(text)

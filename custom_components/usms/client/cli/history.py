"""Commands about the readings store: fill it, take from it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ..brunei import brunei_date
from ..errors import WrongRequest
from ..store import ReadingsStore
from .days import check_days
from .files import copy_store
from .output import Column, Result
from .progress import progress
from .signing_in import signed_in
from .state import default_database, open_store, state_folder, stored_meter, stored_meters
from .usage import KEYS, stored_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..models import Utility
    from .options import Context, Options
    from .output import Row


def sync(options: Options, context: Context) -> Result | None:
    """Read what the store lacks, until nothing is due."""
    path = options.database or state_folder() / default_database().name
    reports, days, last = 0, set(), None
    with (
        signed_in(options, context) as client,
        closing(ReadingsStore(path)) as store,
        progress(quiet=options.quiet) as tell,
    ):
        for last in client.read_history(store):
            reports += 1
            days |= {(last.step.meter, day) for day in last.changed}
            what = f"{last.step.resolution}s of {last.step.last}"
            tell(last.done, max(last.total, 1), what)
    if options.quiet and not options.form:
        return None
    row = {
        "database": str(path),
        "reports_read": reports,
        "days_changed": len(days),
        "empty_days": last.empty_days if last else 0,
    }
    columns = (
        Column("database", "Store"),
        Column("reports_read", "Reports read"),
        Column("days_changed", "Days changed"),
        Column("empty_days", "Empty days, asked again"),
    )
    return Result(tuple(row), [row], columns, single=True, upright=True)


def export(options: Options, context: Context) -> Result | None:
    """Write readings of the store, or copy it whole."""
    with closing(open_store(options.database)) as store:
        if options.sqlite:
            if options.meter or options.form or options.output is None:
                raise WrongRequest(
                    "A copy holds the whole store: say --output FILE, but no meter, --json or --csv"
                )
            copy_store(options.database or default_database(), options.output)
            return None
        today = brunei_date(context.clock())
        check_days(options.first or options.last or today, options.last or today, today)
        resolution = options.resolution
        rows: list[Row] = [
            {"meter": number, **row}
            for number, utility in _meant(stored_meters(store), options.meter).items()
            for row in stored_rows(store, number, utility, resolution, options.first, options.last)
        ]
    return Result(("meter", *KEYS), rows, (), form="csv")


def _meant(meters: Mapping[str, Utility | None], said: str | None) -> Mapping[str, Utility | None]:
    """Return the meter that is meant, all of them where none was said."""
    if said is None:
        return meters
    number = stored_meter(meters, said)
    return {number: meters[number]}

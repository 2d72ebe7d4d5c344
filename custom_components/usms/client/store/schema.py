"""The readings store's tables, and how values stand in them.

Moments are seconds since 1970, days are days since then, amounts are text: exact decimals.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from ..brunei import BRUNEI
from ..errors import StoreError

if TYPE_CHECKING:
    import sqlite3

_EPOCH: Final = date(1970, 1, 1).toordinal()
_OFFSET: Final = 8 * 3600
"""Seconds that Brunei is ahead of UTC."""

TALLY: Final = "tally"


def _tallied(table: str, column: str) -> str:
    """Return what keeps a table's tally: how many rows it has, and the sum of one of its columns.

    Pages of a copy that was taken while the file was written may be of different moments, each
    of them sound: only such a tally shows the rows that are missing.
    """
    change = f"UPDATE {TALLY} SET rows = rows + %s, total = total + %s WHERE name = '{table}'"  # noqa: S608
    return f"""
    CREATE TABLE IF NOT EXISTS {TALLY} (
        name TEXT PRIMARY KEY, rows INTEGER NOT NULL, total INTEGER NOT NULL
    ) WITHOUT ROWID;
    INSERT INTO {TALLY} SELECT '{table}', count(*), coalesce(sum({column}), 0) FROM {table};
    CREATE TRIGGER {table}_added AFTER INSERT ON {table} BEGIN
        {change % ("1", f"NEW.{column}")};
    END;
    CREATE TRIGGER {table}_removed AFTER DELETE ON {table} BEGIN
        {change % ("-1", f"-OLD.{column}")};
    END;
    CREATE TRIGGER {table}_changed AFTER UPDATE OF {column} ON {table} BEGIN
        {change % ("0", f"NEW.{column} - OLD.{column}")};
    END;
    """  # noqa: S608


TALLIED: Final = {"reading": "read_at", "day": "day", "topup": "at", "balance": "seen_at"}
"""The tables that are tallied, and of which column the sum is."""

MIGRATIONS: Final = (
    """
    CREATE TABLE meter (
        id INTEGER PRIMARY KEY,
        number TEXT NOT NULL UNIQUE,
        utility TEXT,
        hourly_refused_at INTEGER,
        card TEXT,
        card_changed_at INTEGER,
        present INTEGER NOT NULL DEFAULT 1
    );
    CREATE TABLE reading (
        meter INTEGER NOT NULL REFERENCES meter(id),
        resolution TEXT NOT NULL CHECK (resolution IN ('hour', 'day')),
        start INTEGER NOT NULL,
        value TEXT NOT NULL,
        -- A list of three would be made anew for each row: half of the time that opening takes.
        origin TEXT NOT NULL
            CHECK (origin = 'report' OR origin = 'remainder' OR origin = 'recorder'),
        read_at INTEGER NOT NULL,
        PRIMARY KEY (meter, resolution, start)
    ) WITHOUT ROWID;
    CREATE TABLE day (
        meter INTEGER NOT NULL REFERENCES meter(id),
        day INTEGER NOT NULL,
        daily_read_at INTEGER,
        hours_read_at INTEGER,
        hours_asked INTEGER NOT NULL DEFAULT 0,
        changed_at INTEGER,
        settled_at INTEGER,
        empty_since INTEGER,
        PRIMARY KEY (meter, day)
    ) WITHOUT ROWID;
    CREATE TABLE topup (
        meter INTEGER NOT NULL REFERENCES meter(id),
        number TEXT NOT NULL,
        at INTEGER NOT NULL,
        amount TEXT NOT NULL,
        debt_cleared TEXT,
        recharge TEXT,
        units TEXT,
        payment_mode TEXT,
        site TEXT,
        source TEXT,
        origin TEXT NOT NULL,
        low TEXT,
        high TEXT,
        event TEXT,
        PRIMARY KEY (meter, number)
    ) WITHOUT ROWID;
    CREATE TABLE balance (
        meter INTEGER NOT NULL REFERENCES meter(id),
        seen_at INTEGER NOT NULL,
        amount TEXT NOT NULL,
        units TEXT,
        until INTEGER NOT NULL,
        PRIMARY KEY (meter, seen_at)
    ) WITHOUT ROWID;
    CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    """
    + "".join(_tallied(table, column) for table, column in TALLIED.items()),
)
"""The schema, a step a version. A step, once released, is never changed."""


def meter_id_of(db: sqlite3.Connection, number: str) -> int:
    """Return the key of a meter's rows; raises StoreError for one that was never seen."""
    row = db.execute("SELECT id FROM meter WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise StoreError("The readings store does not know this meter")
    return int(row[0])


def stamp(at: datetime) -> int:
    """Return a moment as it is stored."""
    return int(at.timestamp())


@lru_cache(1024)
def moment(seconds: int | None) -> datetime | None:
    """Return a stored moment, in Brunei's time; the same for all the days of a report."""
    return None if seconds is None else datetime.fromtimestamp(seconds, BRUNEI)


def iso_of(seconds: int) -> str:
    """Return a stored moment as ISO text, in Brunei's time."""
    day, second = divmod(seconds + _OFFSET, 86400)
    return _iso_day(day) + _iso_time(second)


@lru_cache(1024)
def _iso_day(day: int) -> str:
    return date_of(day).isoformat()


@lru_cache(1024)
def _iso_time(second: int) -> str:
    return f"T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+08:00"


def day_number(day: date) -> int:
    """Return a day as it is stored."""
    return day.toordinal() - _EPOCH


def date_of(number: int) -> date:
    """Return a stored day."""
    return date.fromordinal(number + _EPOCH)


def decimal_of(text: str | None) -> Decimal | None:
    """Return a stored amount."""
    return None if text is None else Decimal(text)


def amount_text(number: Decimal | None) -> str | None:
    """Return an amount as it is stored."""
    return None if number is None else str(number)

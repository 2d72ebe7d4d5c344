"""The readings store's file: opened, checked, brought up to date, set aside when damaged."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from ..errors import StoreCorrupt, StoreError, StoreFull, StoreNotWritable, StoreTooNew
from .schema import TALLIED, TALLY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

PAGE: Final = 512
"""Bytes of a page, the least that SQLite has: an hour is 35."""
_KINDS: Final = {
    sqlite3.SQLITE_CORRUPT: StoreCorrupt,
    sqlite3.SQLITE_NOTADB: StoreCorrupt,
    sqlite3.SQLITE_FULL: StoreFull,
    sqlite3.SQLITE_READONLY: StoreNotWritable,
    sqlite3.SQLITE_PERM: StoreNotWritable,
    sqlite3.SQLITE_CANTOPEN: StoreNotWritable,
}


def open_file(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Open or make a file whose schema is that of `migrations`, SQL a step a version.

    Raises StoreCorrupt for what is damaged or something else, StoreTooNew, StoreFull,
    StoreNotWritable, and StoreError for any other trouble.
    """
    db: sqlite3.Connection | None = None
    try:
        db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # Of a new file: whole pages are written, and a transaction changes few rows.
        db.execute(f"PRAGMA page_size = {PAGE}")
        # EXTRA syncs the folder too: after a power cut a deleted journal does not come back and
        # undo what was committed.
        db.execute("PRAGMA synchronous = EXTRA")
        db.execute("PRAGMA foreign_keys = ON")
        # Else rows that REPLACE removes are not taken off the tally.
        db.execute("PRAGMA recursive_triggers = ON")
        # A small cache, as the operating system has one too.
        db.execute("PRAGMA cache_size = -512")
        version = _checked_version(db, migrations)
        for step in range(version, len(migrations)):
            db.executescript(
                f"BEGIN; {migrations[step]}; PRAGMA user_version = {step + 1}; COMMIT;"
            )
    except BaseException as err:
        if db:
            db.close()
        if isinstance(err, (sqlite3.Error, UnicodeDecodeError)):
            raise store_error(err, "can't be opened") from err
        raise
    return db


def store_error(err: sqlite3.Error | UnicodeDecodeError, what: str = "failed") -> StoreError:
    """Return SQLite's error as one of the store's, by its primary code.

    What SQLite says of a damaged file may quote it, and be no text at all.
    """
    if isinstance(err, UnicodeDecodeError):
        return StoreCorrupt(f"The readings store {what}: it is damaged")
    code = getattr(err, "sqlite_errorcode", 0) & 0xFF
    return _KINDS.get(code, StoreError)(f"The readings store {what}: {err}")


@contextmanager
def stored_values() -> Iterator[None]:
    """Read stored values; one that can't be there raises StoreCorrupt."""
    try:
        yield
    except (ValueError, ArithmeticError, TypeError, OSError) as err:
        raise StoreCorrupt("The readings store is damaged: a value can't be read") from err


def set_aside(path: Path, at: datetime) -> Path:
    """Give a damaged file another name, with the time in it; return it.

    Its journal goes with it, and first: left behind it would be taken for the new file's.
    """
    stem = f"{path.stem}.damaged-{at:%Y%m%dT%H%M%S}"
    target, more = path.with_name(f"{stem}{path.suffix}"), 1
    while target.exists():
        more += 1
        target = path.with_name(f"{stem}-{more}{path.suffix}")
    try:
        with suppress(FileNotFoundError):
            journal_of(path).replace(journal_of(target))
        path.replace(target)
    except OSError as err:
        raise StoreNotWritable(
            f"The damaged readings store can't be set aside ({type(err).__name__})"
        ) from err
    return target


def files_set_aside(path: Path) -> list[Path]:
    """Return the damaged files of a store that are still there, oldest first."""
    return sorted(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"))


def journal_of(path: Path) -> Path:
    """Return where SQLite keeps what a transaction has to undo."""
    return path.with_name(f"{path.name}-journal")


def _checked_version(db: sqlite3.Connection, migrations: Sequence[str]) -> int:
    """Return the version of a file that is sound, 0 for a new one."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    columns = _columns(db)
    if version == 0 and not columns:
        return 0
    known = _columns_made_by(migrations[:version])
    if version > len(migrations) and columns.keys() >= known.keys():
        raise StoreTooNew("The readings store was written by a newer version of this software")
    if version <= 0 or columns != known:
        raise StoreCorrupt("The file is not a readings store, or lacks a part of one")
    _check(db)
    return int(version)


def _check(db: sqlite3.Connection) -> None:
    """Raise StoreCorrupt for a file that is damaged, or put together of two moments.

    No table has more than the index of its key, so a whole check takes as long as a quick one.
    """
    (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise StoreCorrupt(f"The readings store is damaged: {found}")
    if db.execute("PRAGMA foreign_key_check").fetchone():
        raise StoreCorrupt("The readings store is damaged: it lacks a meter that it has rows of")
    kept = db.execute(f"SELECT name, rows, total FROM {TALLY}")  # noqa: S608
    tally = {name: rest for name, *rest in kept}
    for table, column in TALLIED.items():
        count = f"SELECT count(*), coalesce(sum({column}), 0) FROM {table}"  # noqa: S608
        if tally.get(table) != list(db.execute(count).fetchone()):
            raise StoreCorrupt(f"The readings store is damaged: rows of {table} are missing")


def _columns(db: sqlite3.Connection) -> dict[str, frozenset[str]]:
    """Return the names of each table's columns."""
    tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        table: frozenset(
            name for (name,) in db.execute("SELECT name FROM pragma_table_info(?)", (table,))
        )
        for (table,) in tables
    }


def _columns_made_by(migrations: Sequence[str]) -> dict[str, frozenset[str]]:
    with sqlite3.connect(":memory:") as db:
        for step in migrations:
            db.executescript(step)
        columns = _columns(db)
    db.close()
    return columns

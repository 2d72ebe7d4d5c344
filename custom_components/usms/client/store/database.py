"""An open store: one transaction at a time, and the facts that are remembered between runs."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from .file import open_file, store_error, stored_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


class Database:
    """A SQLite file, usable from several threads."""

    def __init__(self, path: Path, migrations: Sequence[str]) -> None:
        """Open or make the file, bringing its schema up to date; raises StoreError."""
        self._lock = threading.RLock()
        self._depth = 0
        self._released = threading.Condition(self._lock)
        self._held = False
        """Whether nothing may be written."""
        self._holder: sqlite3.Connection | None = None
        """What keeps other processes from writing meanwhile."""
        self._path = path
        self._opened = secrets.token_hex(4)
        self._db = open_file(path, migrations)

    def close(self) -> None:
        """Close the file."""
        self.release()
        with self._lock:
            self._db.close()

    @property
    def version(self) -> str:
        """Another one after each change, and each time the store is opened; does not block.

        What is read after it is as new as it says, or newer.
        """
        try:
            return f"{self._opened}-{self._db.total_changes}"
        except sqlite3.Error as err:
            raise store_error(err) from err

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make what is done inside one transaction: all of it or nothing; may be nested.

        Waits while the file is held.
        """
        with self._lock:
            if not self._depth:
                while self._held:
                    self._released.wait(1)  # a thread that only waits can't be interrupted
            with self._begun("BEGIN IMMEDIATE") as db:
                yield db

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read at one moment, also while the file is held; in a transaction, as it sees it."""
        with self._lock, self._begun("BEGIN") as db:
            yield db

    @contextmanager
    def _begun(self, begin: str) -> Iterator[sqlite3.Connection]:
        if self._depth:
            yield self._db
            return
        self._depth = 1
        try:
            self._roll_back()  # where that failed before
            self._db.execute(begin)
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):  # the error that matters is the first one
                    self._roll_back()
                raise
        except (sqlite3.Error, UnicodeDecodeError) as err:
            raise store_error(err) from err
        finally:
            self._depth = 0

    # --- held for a copy ---

    def hold(self, seconds: float) -> None:
        """Let nothing write to the file until `release`, so that a copy of it is whole.

        Our own transactions wait, those of other processes fail as locked; reading goes on. Raises
        StoreError where another process writes for longer than that.
        """
        with self._lock:
            if self._held:
                return
            self._held = True
        holder: sqlite3.Connection | None = None
        try:
            holder = sqlite3.connect(
                self._path, timeout=seconds, check_same_thread=False, isolation_level=None
            )
            holder.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as err:
            if holder:
                holder.close()
            self.release()
            raise store_error(err, "can't be held") from err
        with self._lock:
            if self._held:
                self._holder = holder
                return
        holder.close()  # it was released meanwhile

    def release(self) -> None:
        """Let the file be written to again; without `hold` nothing."""
        with self._lock:
            if self._holder:
                self._holder.close()
            self._holder, self._held = None, False
            self._released.notify_all()

    def _roll_back(self) -> None:
        # SQLite does it by itself after some errors, such as a full disk.
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    # --- facts ---

    def fact(self, name: str) -> object:
        """Return a remembered fact, or None."""
        with self.reading() as db:
            row = db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        with stored_values():
            return json.loads(row[0]) if row else None

    def remember(self, name: str, value: object) -> None:
        """Remember a JSON-able fact."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO fact VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
                (name, json.dumps(value)),
            )

"""Turns at the portal, which takes one request of an account at a time, whoever asks."""

from __future__ import annotations

import asyncio
import secrets
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import datetime
from time import monotonic, time
from typing import TYPE_CHECKING, Final

from ..errors import Cause, UsmsError
from .failures import Rest
from .pace import Pace, Pacing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

_LOOKED: Final = 0.05
"""Seconds between two tries to take a turn that another program has."""
_GIVES_WAY: Final = 0.5
"""Seconds for which what has time leaves the next request to a program that has just asked."""
_SAID: Final = 3.0
"""Seconds after which the wait is worth a word."""
_LONGEST: Final = 900.0
"""Seconds for which another program may keep its turn: far longer than the slowest report takes."""
_UNREADABLE: Final = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}


class Turns:
    """What the clients of one account share in a program: who is next, and when."""

    def __init__(self, pacing: Pacing = Pacing()) -> None:  # noqa: B008 (frozen)
        """Begin without a wait."""
        self._lock = asyncio.Lock()
        self.pace = Pace(pacing)
        self.rest = Rest()
        """How long the portal wants to be left alone (`Retry-After`)."""

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[bool]:
        """Take a turn; give whether no other program has used the session since the last."""
        async with self._lock:
            yield True


class SharedTurns(Turns):
    """Turns that several programs share, as those that use one session do.

    The portal keeps the selected meter for the whole session, so two that ask at once get each
    other's readings. The turn is a lock of SQLite, which ends with the program that holds it,
    however that ends. The file says who had the last turn, and when the next request may begin.
    """

    def __init__(
        self,
        file: Path,
        pacing: Pacing = Pacing(),  # noqa: B008 (frozen)
        *,
        waits: Callable[[], None] | None = None,
        has_time: bool = False,
    ) -> None:
        """Share with all that name that file; `waits` is called where a turn takes long to get.

        What `has_time`, as reading a history does, begins once others have asked all they want.
        """
        super().__init__(pacing)
        self._has_time = has_time
        self._file = file
        self._waits = waits
        self._name = secrets.token_hex(8)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[bool]:
        """Take a turn, as `Turns`.

        Raises UsmsError where another program keeps its turn, or the file can't be used.
        """
        async with self._lock:
            # Not within the turn: meanwhile others get theirs.
            await asyncio.sleep(self.pace.wait(monotonic()))
            try:
                with closing(await self._begun()) as db:
                    last = self._last(db)
                    try:
                        yield last == self._name
                    finally:
                        self._end(db)
            except sqlite3.Error as err:
                raise UsmsError(f"The turns at the portal can't be kept: {err}") from err

    async def _begun(self) -> sqlite3.Connection:
        """Return the file, locked."""
        began, said = monotonic(), False
        while True:
            db = sqlite3.connect(self._file, timeout=0, isolation_level=None)
            try:
                db.execute("BEGIN EXCLUSIVE")
                if not self._gives_way(db):
                    return db
                db.close()
                began = monotonic()  # nobody keeps it
            except sqlite3.DatabaseError as err:
                db.close()
                if err.sqlite_errorcode in _UNREADABLE:
                    self._file.unlink(missing_ok=True)  # it has nothing to be lost
                elif err.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
            waited = monotonic() - began
            if waited > _LONGEST:
                raise UsmsError("Another program has kept its turn at the portal for 15 minutes")
            if self._waits and not said and waited > _SAID:
                said = True
                self._waits()
            await asyncio.sleep(_LOOKED)

    def _gives_way(self, db: sqlite3.Connection) -> bool:
        """Return whether another program, which is likely to ask again, comes first."""
        db.execute(
            "CREATE TABLE IF NOT EXISTS turn"
            " (one INTEGER PRIMARY KEY, name TEXT, next REAL, rest TEXT, cause TEXT)"
        )
        last = db.execute("SELECT name, next FROM turn").fetchone()
        if not self._has_time or last is None or last[0] == self._name:
            return False
        ago: float = time() - last[1]
        # A clock that was set back is no reason to wait for it.
        return -self.pace.longest <= ago < _GIVES_WAY

    def _last(self, db: sqlite3.Connection) -> str | None:
        """Return whose the last turn was; what another has noted of the portal counts here too."""
        last = db.execute("SELECT name, next, rest, cause FROM turn").fetchone()
        if last is None:
            return None
        name, following, rest, cause = last
        if name != self._name:
            self.pace.resume(following - time(), monotonic())
            self.rest.until = (datetime.fromisoformat(rest), Cause(cause)) if rest else None
        return str(name)

    def _end(self, db: sqlite3.Connection) -> None:
        rest, cause = self.rest.until or (None, None)
        db.execute(
            "REPLACE INTO turn VALUES (1, ?, ?, ?, ?)",
            (
                self._name,
                time() + self.pace.wait(monotonic()),
                rest.isoformat() if rest else None,
                cause,
            ),
        )
        db.execute("COMMIT")

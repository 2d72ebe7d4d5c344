"""Turns at the portal, which takes one request of an account at a time, whoever asks."""

from __future__ import annotations

import asyncio
import math
import secrets
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import datetime
from time import monotonic, time
from typing import TYPE_CHECKING, Final, NamedTuple

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
_PATIENCE: Final = 30.0
"""Seconds after which it takes a turn, whoever else goes on asking."""
_SAID: Final = 3.0
"""Seconds after which the wait is worth a word."""
_LONGEST: Final = 900.0
"""Seconds for which another program may keep its turn: far longer than the slowest report takes."""
_FOREIGN: Final = {sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR}
"""Errors of SQLite for a file that is damaged, or none of ours."""


class _Last(NamedTuple):
    """What the file says of the last turn."""

    name: str
    """Whose it was."""
    following: float
    """When the next request may begin, in seconds since 1970."""
    rest: tuple[datetime, Cause] | None
    had_time: bool


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

        Each client has an object of its own, as each has its own page of a meter open.
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
                db, last = await self._begun()
                with closing(db):
                    alone = last is not None and last.name == self._name
                    if last and not alone:
                        self.pace.resume(last.following - time(), monotonic())
                        self.rest.until = last.rest
                    self._note(db)  # at once: a program that is killed has used the session too
                    db.execute("COMMIT")
                    try:
                        yield alone
                    finally:
                        self._note(db)
            except sqlite3.Error as err:
                raise UsmsError(f"The turns at the portal can't be kept: {err}") from err

    async def _begun(self) -> tuple[sqlite3.Connection, _Last | None]:
        """Return the file, locked, and the turn before."""
        began, said = monotonic(), False
        while True:
            db = sqlite3.connect(self._file, timeout=0, isolation_level=None)
            try:
                db.execute("PRAGMA locking_mode = EXCLUSIVE")  # until it is closed
                db.execute("BEGIN EXCLUSIVE")
                last = _last(db)
                if monotonic() - began > _PATIENCE or not self._gives_way(last):
                    return db, last
                db.close()
            except (sqlite3.DatabaseError, TypeError, ValueError) as err:
                db.close()
                code = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
                if code in _FOREIGN:
                    self._file.unlink(missing_ok=True)  # it has nothing to be lost
                elif code != sqlite3.SQLITE_BUSY:
                    raise
            waited = monotonic() - began
            if waited > _LONGEST:
                raise UsmsError("Another program has kept its turn at the portal for 15 minutes")
            if self._waits and not said and waited > _SAID:
                said = True
                self._waits()
            await asyncio.sleep(_LOOKED)

    def _gives_way(self, last: _Last | None) -> bool:
        """Return whether another program, which is likely to ask again, comes first."""
        if not self._has_time or last is None or last.name == self._name or last.had_time:
            return False
        # A clock that was set back is no reason to wait for it.
        return -self.pace.longest <= time() - last.following < _GIVES_WAY

    def _note(self, db: sqlite3.Connection) -> None:
        """Note whose turn it is, and what that knows of the portal."""
        rest, cause = self.rest.until or (None, None)
        db.execute(
            "REPLACE INTO turn VALUES (1, ?, ?, ?, ?, ?)",
            (
                self._name,
                time() + self.pace.wait(monotonic()),
                rest.isoformat() if rest else None,
                cause,
                self._has_time,
            ),
        )


def _last(db: sqlite3.Connection) -> _Last | None:
    """Return the last turn; raises TypeError or ValueError for one that is none."""
    db.execute(
        "CREATE TABLE IF NOT EXISTS turn"
        " (one INTEGER PRIMARY KEY, name TEXT, next REAL, rest TEXT, cause TEXT, had_time INTEGER)"
    )
    last = db.execute("SELECT * FROM turn").fetchone()
    if last is None:
        return None
    _, name, following, rest, cause, had_time = last
    until = datetime.fromisoformat(rest) if rest is not None else None
    if not math.isfinite(following) or (until and until.tzinfo is None):
        raise ValueError
    asked = (until, Cause(cause)) if until else None
    return _Last(str(name), following, asked, bool(had_time))

"""The readings store: one SQLite file an account, the one truth from which all else is derived.

Every method is one transaction and blocks: call it off the event loop. The file is complete on its
own between transactions (rollback journal, full sync), so a kill at any moment loses nothing that
was committed. A copy of it is whole if it is held meanwhile.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ..brunei import BRUNEI, brunei_midnight
from ..models import Reading, Resolution
from .day_states import day_state, hours_of
from .file import stored_values
from .meters import MeterTable
from .models import DayState, Origin, StoredReading
from .schema import MIGRATIONS, day_number, iso_of, meter_id_of, moment, stamp

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class ReadingsStore(MeterTable):
    """An account's readings. Usable from several threads, one transaction at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make the file, bringing its schema up to date; raises StoreError."""
        super().__init__(path, MIGRATIONS)

    def save_days(
        self, meter: str, first: date, last: date, readings: Iterable[Reading], read_at: datetime
    ) -> set[date]:
        """Store a daily report (kWh or m³ a day); return the days whose total it changed.

        A changed total opens its day again: its hours will be asked for anew.
        """
        with self.transaction() as db:
            meter_id, at = meter_id_of(db, meter), stamp(read_at)
            changed = _upsert(db, meter_id, Resolution.DAY, readings, at)
            days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
            db.executemany(
                "INSERT INTO day (meter, day, daily_read_at, empty_since) VALUES (?1, ?2, ?3, ?3)"
                " ON CONFLICT DO UPDATE SET daily_read_at = excluded.daily_read_at,"
                # A stamp from the future is none.
                " empty_since = iif(empty_since <= ?3, empty_since, ?3)",
                [(meter_id, day_number(day), at) for day in days],
            )
            db.execute(
                "UPDATE day SET empty_since = NULL WHERE meter = ?1 AND day BETWEEN ?2 AND ?3"
                " AND EXISTS (SELECT 1 FROM reading r WHERE r.meter = ?1 AND r.resolution = 'day'"
                " AND r.origin = 'report' AND r.start = day.day * 86400 - 28800)",
                (meter_id, day_number(first), day_number(last)),
            )
            db.executemany(
                "UPDATE day SET changed_at = ?, settled_at = NULL, hours_asked = 0"
                " WHERE meter = ? AND day = ?",
                [(at, meter_id, day_number(start.date())) for start in changed],
            )
        return {start.date() for start in changed}

    def save_hours(
        self, meter: str, day: date, readings: Iterable[Reading], read_at: datetime
    ) -> bool:
        """Store a day's hours (kWh), none where there were none; return whether any changed."""
        with self.transaction() as db:
            meter_id, at = meter_id_of(db, meter), stamp(read_at)
            changed = _upsert(db, meter_id, Resolution.HOUR, readings, at)
            db.execute(
                "INSERT INTO day (meter, day, hours_read_at, hours_asked, changed_at)"
                " VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT DO UPDATE SET hours_read_at = ?3,"
                " hours_asked = hours_asked + 1, changed_at = coalesce(?4, changed_at)",
                (meter_id, day_number(day), at, at if changed else None),
            )
        return bool(changed)

    def estimate_hours(
        self, meter: str, day: date, hours: Sequence[Reading], read_at: datetime
    ) -> bool:
        """Replace a day's estimated hours by these; return whether that changed anything."""
        with self.transaction() as db:
            meter_id = meter_id_of(db, meter)
            start = stamp(brunei_midnight(day))
            span = (meter_id, start, start + 86400)
            old = db.execute(
                "SELECT start, value FROM reading WHERE meter = ? AND resolution = 'hour'"
                " AND start >= ? AND start < ? AND origin = 'remainder' ORDER BY start",
                span,
            ).fetchall()
            new = [(stamp(hour.start), str(hour.value)) for hour in hours]
            if old == new:
                return False
            db.execute(
                "DELETE FROM reading WHERE meter = ? AND resolution = 'hour'"
                " AND start >= ? AND start < ? AND origin = 'remainder'",
                span,
            )
            db.executemany(
                "INSERT OR REPLACE INTO reading VALUES (?, 'hour', ?, ?, 'remainder', ?)",
                [(meter_id, at, value, stamp(read_at)) for at, value in new],
            )
        return True

    def adopt(
        self,
        meter: str,
        resolution: Resolution,
        readings: Iterable[Reading],
        at: datetime,
        *,
        origin: Origin = Origin.RECORDER,
    ) -> int:
        """Take over readings that something else remembers, where there are none.

        Estimates are taken over with the origin REMAINDER, and stay estimates. The portal's word
        replaces them where it comes. Returns how many were taken over.
        """
        with self.transaction() as db:
            meter_id = meter_id_of(db, meter)
            taken = db.executemany(
                "INSERT OR IGNORE INTO reading VALUES (?, ?, ?, ?, ?, ?)",
                [
                    (
                        meter_id,
                        resolution,
                        stamp(reading.start),
                        str(reading.value),
                        origin,
                        stamp(at),
                    )
                    for reading in readings
                ],
            )
            return max(taken.rowcount, 0)  # -1 for none at all

    def settle(self, meter: str, days: Iterable[date], at: datetime) -> None:
        """Mark days about which the portal is no longer asked from that moment on."""
        with self.transaction() as db:
            meter_id = meter_id_of(db, meter)
            db.executemany(
                "UPDATE day SET settled_at = ? WHERE meter = ? AND day = ?",
                [(stamp(at), meter_id, day_number(day)) for day in days],
            )

    def want(self, meter: str, first: date, last: date, *, again: bool = False) -> None:
        """Have days asked for that were not, or that were empty; with `again` all of them."""
        with self.transaction() as db:
            meter_id = meter_id_of(db, meter)
            db.executemany(
                "INSERT OR IGNORE INTO day (meter, day) VALUES (?, ?)",
                [(meter_id, day) for day in range(day_number(first), day_number(last) + 1)],
            )
            db.execute(
                "UPDATE day SET daily_read_at = NULL, settled_at = NULL"
                " WHERE meter = ? AND day BETWEEN ? AND ? AND empty_since IS NOT NULL",
                (meter_id, day_number(first), day_number(last)),
            )
            if again:
                db.execute(
                    "UPDATE day SET settled_at = NULL, hours_asked = 0, hours_read_at = NULL,"
                    " daily_read_at = NULL WHERE meter = ? AND day BETWEEN ? AND ?",
                    (meter_id, day_number(first), day_number(last)),
                )

    def readings(
        self,
        meter: str,
        resolution: Resolution,
        first: date | None = None,
        last: date | None = None,
    ) -> list[StoredReading]:
        """Return readings by time, from the first day to the last, both included."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT r.start, r.value, r.origin, r.read_at, d.settled_at IS NOT NULL"
                " FROM reading r JOIN meter m ON m.id = r.meter LEFT JOIN day d"
                " ON d.meter = r.meter AND d.day = (r.start + 28800) / 86400"
                " WHERE m.number = ? AND r.resolution = ? AND r.start >= ? AND r.start < ?"
                " ORDER BY r.start",
                (meter, resolution, *_span(first, last)),
            ).fetchall()
        with stored_values():
            return [
                StoredReading(
                    datetime.fromtimestamp(start, BRUNEI),
                    Decimal(value),
                    Origin(origin),
                    datetime.fromtimestamp(read_at, BRUNEI),
                    bool(settled),
                )
                for start, value, origin, read_at, settled in rows
            ]

    def amounts(
        self, meter: str, resolution: Resolution, first: date | None, last: date | None
    ) -> list[Reading]:
        """Return the same without where they come from: several times faster."""
        with self.reading() as db, stored_values():
            return [
                Reading(datetime.fromtimestamp(start, BRUNEI), Decimal(value))
                for start, value in db.execute(
                    "SELECT start, value FROM reading"
                    " WHERE meter = (SELECT id FROM meter WHERE number = ?)"
                    " AND resolution = ? AND start >= ? AND start < ? ORDER BY start",
                    (meter, resolution, *_span(first, last)),
                ).fetchall()
            ]

    def plain_readings(
        self, meter: str, resolution: Resolution, since: datetime, until: datetime
    ) -> list[tuple[str, str, bool]]:
        """Return the readings that start at `since` or later and before `until`, as text.

        Each is its start (ISO, Brunei's time), its value (kWh or m³, a decimal number) and whether
        it is estimated: several times faster than `readings`.
        """
        with self.reading() as db:
            rows = db.execute(
                "SELECT start, value, origin = 'remainder' FROM reading"
                " WHERE meter = (SELECT id FROM meter WHERE number = ?)"
                " AND resolution = ? AND start >= ? AND start < ? ORDER BY start",
                (meter, resolution, stamp(since), stamp(until)),
            ).fetchall()
        return [(iso_of(start), value, bool(estimated)) for start, value, estimated in rows]

    def nth_start(
        self, meter: str, resolution: Resolution, since: datetime, until: datetime, number: int
    ) -> datetime | None:
        """Return when a reading starts, by its number (from 0) among those of a range.

        Of those that start at `since` or later and before `until`; None where there are fewer.
        """
        with self.reading() as db:
            row = db.execute(
                "SELECT start FROM reading WHERE meter = (SELECT id FROM meter WHERE number = ?)"
                " AND resolution = ? AND start >= ? AND start < ? ORDER BY start LIMIT 1 OFFSET ?",
                (meter, resolution, stamp(since), stamp(until), number),
            ).fetchone()
        return moment(row[0]) if row else None

    def days(
        self, meter: str, first: date | None = None, last: date | None = None
    ) -> dict[date, DayState]:
        """Return the state of every day that was ever asked for, by day."""
        low = day_number(first) if first else 0
        high = day_number(last) if last else date.max.toordinal()
        with self.reading() as db:
            span = (meter_id_of(db, meter), low, high)
            rows = db.execute(
                "SELECT d.day, d.daily_read_at, d.hours_read_at, d.hours_asked, d.changed_at,"
                " d.settled_at, d.empty_since, t.value FROM day d LEFT JOIN reading t"
                " ON t.meter = d.meter AND t.resolution = 'day' AND t.start = d.day * 86400 - 28800"
                " AND t.origin = 'report' WHERE d.meter = ? AND d.day BETWEEN ? AND ?"
                " ORDER BY d.day",
                span,
            ).fetchall()
            # Of what is settled they are not looked at: nearly all. The others are summed up as
            # they come.
            found = db.execute(
                "SELECT d.day, r.value, r.origin FROM day d CROSS JOIN reading r"
                " ON r.meter = d.meter AND r.resolution = 'hour'"
                " AND r.start >= d.day * 86400 - 28800 AND r.start < d.day * 86400 + 57600"
                " WHERE d.meter = ? AND d.day BETWEEN ? AND ? AND d.settled_at IS NULL"
                " ORDER BY d.day",
                span,
            )
            with stored_values():
                hours = {day: hours_of(of) for day, of in groupby(found, itemgetter(0))}
        with stored_values():
            states = [day_state(row, hours.get(row[0])) for row in rows]
        return {state.day: state for state in states}

    def span(self, meter: str) -> tuple[datetime | None, datetime | None]:
        """Return when a meter's oldest and newest readings start; None where it has none."""
        query = "SELECT start FROM reading WHERE meter = ? AND resolution = ? ORDER BY start"
        with self.reading() as db:
            ids = [(meter_id_of(db, meter), resolution) for resolution in Resolution]
            first = [row[0] for of in ids for row in db.execute(f"{query} LIMIT 1", of)]
            last = [row[0] for of in ids for row in db.execute(f"{query} DESC LIMIT 1", of)]
        return moment(min(first, default=None)), moment(max(last, default=None))


def _span(first: date | None, last: date | None) -> tuple[int, int]:
    """Return between which moments readings of those days start, both days included."""
    since = stamp(brunei_midnight(first)) if first else 0
    return since, stamp(brunei_midnight(last)) + 86400 if last else 2**62


def _upsert(
    db: sqlite3.Connection, meter: int, resolution: Resolution, readings: Iterable[Reading], at: int
) -> list[datetime]:
    """Write the readings whose value is new; return when these start.

    A row that was there before and is missing now is kept: the portal says "not found" at times
    about what it has shown.
    """
    changed = []
    for reading in readings:
        start = stamp(reading.start)
        key = (meter, resolution, start)
        old = db.execute(
            "SELECT value, origin FROM reading WHERE meter = ? AND resolution = ? AND start = ?",
            key,
        ).fetchone()
        if old and Decimal(old[0]) == reading.value and old[1] == Origin.REPORT:
            continue
        db.execute(
            "INSERT OR REPLACE INTO reading VALUES (?, ?, ?, ?, 'report', ?)",
            (*key, str(reading.value), at),
        )
        changed.append(reading.start)
    return changed

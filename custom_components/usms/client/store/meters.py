"""The meters of an account that were ever seen, in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..models import Utility
from .database import Database
from .file import stored_values
from .models import StoredMeter
from .schema import meter_id_of, moment, stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime


class MeterTable(Database):
    """What the account page has shown of meters, and whether it still does."""

    def record_meter(
        self, number: str, utility: Utility | None, card: str, seen_at: datetime
    ) -> None:
        """Note what a meter's card shows now; writes only where something moved.

        What it measures stays what it was once it is known.
        """
        with self.transaction() as db:
            row = db.execute(
                "SELECT id, utility, card FROM meter WHERE number = ?", (number,)
            ).fetchone()
            if row is None:
                db.execute(
                    "INSERT INTO meter (number, utility, card, card_changed_at)"
                    " VALUES (?, ?, ?, ?)",
                    (number, utility, card, stamp(seen_at)),
                )
            elif row[2] != card or (utility and row[1] is None):
                db.execute(
                    "UPDATE meter SET utility = coalesce(utility, ?), card = ?, card_changed_at = ?"
                    " WHERE id = ?",
                    (utility, card, stamp(seen_at), row[0]),
                )

    def record_meters(
        self, cards: Sequence[tuple[str, Utility | None, str]], seen_at: datetime
    ) -> None:
        """Note what all cards of the account page show now, and that it has no other meters."""
        with self.transaction():
            for number, utility, card in cards:
                self.record_meter(number, utility, card, seen_at)
            self.record_present([number for number, *_ in cards])

    def record_present(self, numbers: Collection[str]) -> None:
        """Note which meters the account page has; the others keep what is known of them."""
        with self.transaction() as db:
            rows = db.execute("SELECT number, present FROM meter").fetchall()
            db.executemany(
                "UPDATE meter SET present = ? WHERE number = ?",
                [
                    (number in numbers, number)
                    for number, present in rows
                    if bool(present) is not (number in numbers)
                ],
            )

    def meters(self) -> tuple[StoredMeter, ...]:
        """Return all meters that were ever seen."""
        with self.reading() as db:
            rows = db.execute(
                "SELECT number, utility, hourly_refused_at, card_changed_at, present FROM meter"
                " ORDER BY id"
            ).fetchall()
        with stored_values():
            return tuple(
                StoredMeter(
                    number,
                    Utility(utility) if utility else None,
                    moment(refused),
                    moment(moved),
                    bool(present),
                )
                for number, utility, refused, moved, present in rows
            )

    def set_hourly_refused(self, meter: str, at: datetime | None) -> None:
        """Note that the portal offers no hourly reports for a meter, or (None) that it does."""
        with self.transaction() as db:
            db.execute(
                "UPDATE meter SET hourly_refused_at = ? WHERE id = ?",
                (stamp(at) if at else None, meter_id_of(db, meter)),
            )

    def below_zero(self, meter: str) -> int:
        """Return how many readings are below zero, as the portal shows some."""
        with self.reading() as db:
            found = db.execute(
                "SELECT count(*) FROM reading WHERE meter = ? AND value LIKE '-%'",
                (meter_id_of(db, meter),),
            ).fetchone()
        return int(found[0])

    def hours_known(self, meter: str) -> tuple[int, int]:
        """Return how many days have hours of the portal, and how many hours are estimated."""
        with self.reading() as db:
            days, estimated = db.execute(
                "SELECT count(DISTINCT iif(origin = 'report', (start + 28800) / 86400, NULL)),"
                " count(iif(origin = 'remainder', 1, NULL))"
                " FROM reading WHERE meter = ? AND resolution = 'hour'",
                (meter_id_of(db, meter),),
            ).fetchone()
        return days, estimated

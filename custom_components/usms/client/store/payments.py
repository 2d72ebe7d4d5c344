"""Balances, top-ups and debts of an account's meters, beside the readings in the same file.

Every method is one transaction and blocks: call it off the event loop.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from ..brunei import BRUNEI
from ..models import Balance, Meter, TopUp, TopUpOrigin
from .file import stored_values
from .models import Debt
from .schema import amount_text, decimal_of, meter_id_of, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..models import Payment
    from .readings import ReadingsStore

_WAITED: Final = timedelta(hours=6)
"""How long an announcement waits for an amount that is sure."""
_NEWS: Final = timedelta(days=3)
"""A top-up that is older when it is found is history, not news."""
_NOTED: Final = timedelta(hours=1)


class Rises(Protocol):
    """What the rises of a balance are known to be."""

    @property
    def found(self) -> Sequence[TopUp]:
        """Those that the transaction history does not have."""

    @property
    def rows(self) -> Mapping[str, Sequence[TopUp]]:
        """The rows of the history that a rise was, by its name; empty while it may get some yet."""


class HistoryRead(NamedTuple):
    """How the transaction history of a meter was read last."""

    read_at: datetime | None
    failed_at: datetime | None
    readable: bool


class Payments:
    """The balances, top-ups and debts of an account."""

    def __init__(self, store: ReadingsStore) -> None:
        """Keep it in that store."""
        self._store = store

    # --- balances ---

    def record_balance(self, meter: Meter, at: datetime, *, before: datetime | None = None) -> bool:
        """Note the balance that a meter's card shows; return whether it moved.

        `before` is when the card showed a balance before this, where that is known.
        """
        if meter.balance is None:
            return False
        with self._store.transaction() as db:
            meter_id = meter_id_of(db, meter.number)
            last = self.balance(meter.number)
            moved = last is None or last.amount != meter.balance
            # One that stays is noted once an hour: each note is written to disk.
            until = before if moved else at
            if last and until and until > last.as_of and (moved or until - last.as_of >= _NOTED):
                db.execute(
                    "UPDATE balance SET until = ? WHERE meter = ? AND seen_at = ?",
                    (stamp(until), meter_id, stamp(last.seen_at)),
                )
            if moved:
                units = amount_text(meter.remaining_units)
                db.execute(
                    "INSERT OR REPLACE INTO balance VALUES (?, ?, ?, ?, ?)",
                    (meter_id, stamp(at), str(meter.balance), units, stamp(at)),
                )
        return moved

    def balances(self, meter: str, since: datetime | None = None) -> list[Balance]:
        """Return a meter's balances by time, from the one that it had at `since`."""
        with self._store.reading() as db, stored_values():
            rows = db.execute(
                "SELECT seen_at, amount, units, until FROM balance"
                " WHERE meter = ?1 AND seen_at >= ("
                " SELECT coalesce(max(seen_at), 0) FROM balance WHERE meter = ?1 AND seen_at <= ?2"
                ") ORDER BY seen_at",
                (meter_id_of(db, meter), stamp(since) if since else 0),
            )
            return [_balance(row) for row in rows]

    def balance(self, meter: str) -> Balance | None:
        """Return the last balance that is known of a meter."""
        with self._store.reading() as db:
            row = db.execute(
                "SELECT seen_at, amount, units, until FROM balance WHERE meter = ?"
                " ORDER BY seen_at DESC LIMIT 1",
                (meter_id_of(db, meter),),
            ).fetchone()
        with stored_values():
            return _balance(row) if row else None

    def cards(self) -> list[tuple[Meter, datetime]]:
        """Return balance and units as each card has shown them last, and as of when."""
        return [
            (Meter(meter.number, meter.utility, None, last.units, last.amount), last.as_of)
            for meter in self._store.meters()
            if meter.present and (last := self.balance(meter.number))
        ]

    # --- top-ups ---

    def save_topups(self, topups: Iterable[TopUp]) -> int:
        """Store top-ups; return how many are new. What was announced stays so."""
        count = "SELECT count(*) FROM topup"
        with self._store.transaction() as db:
            (known,) = db.execute(count).fetchone()
            db.executemany(
                "INSERT INTO topup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"
                " ON CONFLICT DO UPDATE SET at = excluded.at, amount = excluded.amount,"
                " debt_cleared = excluded.debt_cleared, recharge = excluded.recharge,"
                " units = excluded.units, payment_mode = excluded.payment_mode,"
                " site = excluded.site, source = excluded.source, origin = excluded.origin,"
                " low = excluded.low, high = excluded.high",
                [
                    (
                        meter_id_of(db, topup.meter),
                        topup.transaction,
                        stamp(topup.at),
                        str(topup.amount),
                        amount_text(topup.debt_cleared),
                        amount_text(topup.recharge),
                        amount_text(topup.units),
                        topup.payment_mode,
                        topup.site,
                        topup.source,
                        topup.origin,
                        amount_text(topup.low),
                        amount_text(topup.high),
                    )
                    for topup in topups
                ],
            )
            (now,) = db.execute(count).fetchone()
        return int(now - known)

    def save_history(self, meter: str, topups: Iterable[TopUp], at: datetime) -> int:
        """Store what the transaction history has, as read at `at`; return how many are new."""
        with self._store.transaction():
            new = self.save_topups(topups)
            self._store.remember(f"topups_read_{meter}", at.isoformat())
        return new

    def history_failed(self, meter: str, at: datetime) -> None:
        """Note that the transaction history can't be read."""
        self._store.remember(f"topups_failed_{meter}", at.isoformat())

    def history_read(self, meter: str) -> HistoryRead:
        """Return when the transaction history was last read, and whether it can be."""
        read_at = self._moment(f"topups_read_{meter}")
        failed_at = self._moment(f"topups_failed_{meter}")
        readable = read_at is not None and (failed_at is None or failed_at < read_at)
        return HistoryRead(read_at, failed_at, readable)

    def topups(self, meter: str, since: datetime | None = None) -> list[TopUp]:
        """Return what moved a meter's balance up, oldest first.

        Reversals, and transfers to another meter, are below 0.
        """
        return [topup for topup, _ in self._rows(meter, since)]

    def unannounced(self, meter: str, now: datetime) -> list[TopUp]:
        """Return the top-ups of the last days that were never returned here, oldest first.

        Those whose amount is known, or that have waited for it for long enough. The first call of
        all returns none: what was before is history.
        """
        fresh: list[TopUp] = []
        with self._store.transaction() as db:
            begun = self._store.fact(f"announced_{meter}")
            for topup, event in self._rows(meter):
                if event is not None or topup.origin is TopUpOrigin.ADJUSTMENT:
                    continue
                old = not begun or now - topup.at > _NEWS
                if not old and not topup.is_sure and now - topup.at < _WAITED:
                    continue
                if not old:
                    fresh.append(topup)
                db.execute(
                    "UPDATE topup SET event = ? WHERE meter = ? AND number = ?",
                    ("" if old else topup.transaction, meter_id_of(db, meter), topup.transaction),
                )
            if not begun:
                self._store.remember(f"announced_{meter}", now.isoformat())
        return fresh

    def announced(self, meter: str) -> tuple[str, tuple[TopUp, ...]] | None:
        """Return what was announced last, and what it is known to be by now."""
        rows = self._rows(meter)
        newest = next((event for _, event in reversed(rows) if event), None)
        if newest is None:
            return None
        return newest, tuple(topup for topup, event in rows if event == newest)

    def seen(self, meter: str) -> frozenset[str]:
        """Return the rows of the history that the meter's balance has shown, by transaction."""
        known = self._store.fact(f"seen_{meter}")
        return frozenset(known) if isinstance(known, list) else frozenset()

    def replace_found(self, meter: str, since: datetime, rises: Rises) -> None:
        """Replace what the balance has shown after `since` by what its rises are known to be.

        Rows of the history that were announced as a rise are not announced again.
        """
        seen = {row.transaction for rows in rises.rows.values() for row in rows}
        if seen != self.seen(meter):
            self._store.remember(f"seen_{meter}", sorted(seen))
        known = {
            topup.transaction: (topup, event)
            for topup, event in self._rows(meter, since)
            if topup.origin is not TopUpOrigin.HISTORY and topup.at > since
        }
        # What was announced stays while the history, which can be read again, lacks it.
        open_ = [
            one for name, (one, event) in known.items() if event and rises.rows.get(name) == ()
        ]
        found = {topup.transaction: topup for topup in (*open_, *rises.found)}
        if found == {name: topup for name, (topup, _) in known.items()}:
            return
        with self._store.transaction() as db:
            meter_id = meter_id_of(db, meter)
            for name, rows in rises.rows.items():
                event = known[name][1] if name in known else None
                if event is not None:
                    db.executemany(
                        "UPDATE topup SET event = ? WHERE meter = ? AND number = ?",
                        [(event, meter_id, row.transaction) for row in rows],
                    )
            db.executemany(
                "DELETE FROM topup WHERE meter = ? AND number = ?",
                [(meter_id, name) for name in known.keys() - found.keys()],
            )
            self.save_topups(found.values())

    def _rows(self, meter: str, since: datetime | None = None) -> list[tuple[TopUp, str | None]]:
        """Return top-ups, and as what each was announced: empty where it is too old for that."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT at, number, amount, debt_cleared, recharge, units, payment_mode, site,"
                " source, origin, low, high, event FROM topup WHERE meter = ? AND at >= ?"
                " ORDER BY at, number",
                (meter_id_of(db, meter), stamp(since) if since else 0),
            ).fetchall()
        with stored_values():
            return [(_topup(meter, row[:-1]), row[-1]) for row in rows]

    def _moment(self, name: str) -> datetime | None:
        known = self._store.fact(name)
        return datetime.fromisoformat(known) if isinstance(known, str) else None

    # --- debts ---

    def save_payment(self, payment: Payment, at: datetime) -> None:
        """Store what the Top Up page shows of a meter."""
        debt = Debt.of(payment, at)
        owed = {"owing": amount_text(debt.owing), "monthly": amount_text(debt.monthly)}
        fact = {"read_at": at.isoformat(), "customer_type": debt.customer_type, **owed}
        self._store.remember(f"payment_{payment.meter}", fact)

    def debt(self, meter: str) -> Debt | None:
        """Return what the Top Up page last showed of a meter; None before it was read."""
        fact = self._store.fact(f"payment_{meter}")
        if not isinstance(fact, dict):
            return None
        with stored_values():
            return Debt(
                read_at=datetime.fromisoformat(fact["read_at"]),
                customer_type=fact["customer_type"],
                owing=decimal_of(fact["owing"]),
                monthly=decimal_of(fact["monthly"]),
            )


def _balance(row: tuple[Any, ...]) -> Balance:
    at, amount, units, until = row
    seen_at = datetime.fromtimestamp(at, BRUNEI)
    last = datetime.fromtimestamp(until, BRUNEI) if until != at else seen_at
    return Balance(seen_at, Decimal(amount), decimal_of(units), last)


def _topup(meter: str, row: tuple[Any, ...]) -> TopUp:
    at, number, amount, debt, recharge, units, mode, site, source, origin, low, high = row
    return TopUp(
        at=datetime.fromtimestamp(at, BRUNEI),
        transaction=number,
        meter=meter,
        amount=Decimal(amount),
        debt_cleared=decimal_of(debt),
        recharge=decimal_of(recharge),
        units=decimal_of(units),
        payment_mode=mode,
        site=site,
        source=source,
        origin=TopUpOrigin(origin),
        low=decimal_of(low),
        high=decimal_of(high),
    )

"""Balances, top-ups and debts of an account's meters, beside the readings in the same file.

Every method is one transaction and blocks: call it off the event loop.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from ..brunei import BRUNEI
from ..models import Account, Balance, Meter, TopUp, TopUpOrigin
from .file import stored_values
from .models import Debt
from .schema import amount_text, decimal_of, meter_id_of, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..models import Payment
    from .readings import ReadingsStore

_NEWS: Final = timedelta(days=3)
"""A top-up that is older when it is found is history, not news."""
_NOTED: Final = timedelta(hours=1)
_DEBT: Final = ("customer_type", "total_debt", "monthly_debt", "debt_remaining")


class Payments:
    """The balances, top-ups and debts of an account."""

    def __init__(self, store: ReadingsStore) -> None:
        """Keep it in that store."""
        self._store = store

    # --- balances ---

    def record_balance(self, meter: Meter, at: datetime, *, before: datetime | None = None) -> bool:
        """Note the balance that a meter's card shows; return whether it moved.

        `before` is when the card was looked at before this, where that is known.
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
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT seen_at, amount, units, until FROM balance"
                " WHERE meter = ?1 AND seen_at >= ("
                " SELECT coalesce(max(seen_at), 0) FROM balance WHERE meter = ?1 AND seen_at <= ?2"
                ") ORDER BY seen_at",
                (meter_id_of(db, meter), stamp(since) if since else 0),
            ).fetchall()
        with stored_values():
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

    def account(self) -> Account | None:
        """Return the account as cards have shown it last: balances and units; None before."""
        meters, read_at = [], None
        for meter in self._store.meters():
            if not meter.present or (last := self.balance(meter.number)) is None:
                continue
            read_at = max(read_at or last.as_of, last.as_of)
            meters.append(
                Meter(meter.number, meter.utility, remaining_units=last.units, balance=last.amount)
            )
        return Account(tuple(meters), read_at) if read_at else None

    # --- top-ups ---

    def save_topups(self, topups: Iterable[TopUp]) -> int:
        """Store top-ups; return how many are new."""
        count = "SELECT count(*) FROM topup"
        with self._store.transaction() as db:
            (known,) = db.execute(count).fetchone()
            db.executemany(
                "INSERT OR REPLACE INTO topup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                    )
                    for topup in topups
                ],
            )
            (now,) = db.execute(count).fetchone()
        return int(now - known)

    def save_history(self, meter: str, topups: Iterable[TopUp]) -> int:
        """Store what the transaction history has; return how many are new.

        What the balance had announced of them before gives way.
        """
        with self._store.transaction() as db:
            new = self.save_topups(topups)
            db.execute(
                "DELETE FROM topup WHERE meter = ?1 AND origin = ?2 AND EXISTS ("
                " SELECT 1 FROM topup t WHERE t.meter = ?1 AND t.origin = ?3"
                " AND topup.at - t.at BETWEEN -7200 AND 86400)",
                (meter_id_of(db, meter), TopUpOrigin.BALANCE, TopUpOrigin.HISTORY),
            )
        return new

    def topups(self, meter: str, since: datetime | None = None) -> list[TopUp]:
        """Return a meter's top-ups, oldest first; transfers to another meter are below 0."""
        with self._store.reading() as db:
            rows = db.execute(
                "SELECT at, number, amount, debt_cleared, recharge, units, payment_mode, site,"
                " source, origin FROM topup WHERE meter = ? AND at >= ? ORDER BY at, number",
                (meter_id_of(db, meter), stamp(since) if since else 0),
            ).fetchall()
        with stored_values():
            return [_topup(meter, row) for row in rows]

    def unannounced(self, meter: str, now: datetime) -> list[TopUp]:
        """Return the top-ups of the last days that were never returned here, oldest first.

        The first call of all returns none: what was before is history.
        """
        name = f"announced_{meter}"
        with self._store.transaction():
            announced = self._store.fact(name)
            until = datetime.fromisoformat(announced) if isinstance(announced, str) else now
            fresh = [
                topup for topup in self.topups(meter, max(until, now - _NEWS)) if topup.at > until
            ]
            newest = max([until, *(topup.at for topup in fresh)])
            if announced != newest.isoformat():
                self._store.remember(name, newest.isoformat())
        return fresh

    def replace_found(self, meter: str, since: datetime, found: Sequence[TopUp]) -> None:
        """Replace the top-ups after `since` that the balance has shown by those found now."""
        stored = [
            topup
            for topup in self.topups(meter, since)
            if topup.origin is not TopUpOrigin.HISTORY and topup.at > since
        ]
        if stored == sorted(found, key=lambda topup: (topup.at, topup.transaction)):
            return
        with self._store.transaction() as db:
            db.execute(
                "DELETE FROM topup WHERE meter = ? AND origin <> ? AND at > ?",
                (meter_id_of(db, meter), TopUpOrigin.HISTORY, stamp(since)),
            )
            self.save_topups(found)

    # --- debts ---

    def save_payment(self, payment: Payment, at: datetime) -> None:
        """Store what the Top Up page shows of a meter."""
        shown = {name: getattr(payment, name) for name in _DEBT}
        fact = {name: None if value is None else str(value) for name, value in shown.items()}
        self._store.remember(f"payment_{payment.meter}", fact | {"read_at": at.isoformat()})

    def debt(self, meter: str) -> Debt | None:
        """Return what the Top Up page last showed of a meter; None before it was read."""
        fact = self._store.fact(f"payment_{meter}")
        if not isinstance(fact, dict):
            return None
        total = fact["total_debt"]
        with stored_values():
            return Debt(
                read_at=datetime.fromisoformat(fact["read_at"]),
                customer_type=fact["customer_type"],
                owing=decimal_of(total if total is not None else fact["debt_remaining"]),
                monthly=decimal_of(fact["monthly_debt"]),
            )


def _balance(row: tuple[Any, ...]) -> Balance:
    at, amount, units, until = row
    return Balance(
        datetime.fromtimestamp(at, BRUNEI),
        Decimal(amount),
        decimal_of(units),
        datetime.fromtimestamp(until, BRUNEI),
    )


def _topup(meter: str, row: tuple[Any, ...]) -> TopUp:
    at, number, amount, debt, recharge, units, mode, site, source, origin = row
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
    )

"""Balances, top-ups and debts of an account's meters, beside the readings in the same store.

Every method is one transaction and blocks: call it off the event loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from .billing import ledger
from .billing.bill_check import BillCheck, check_bill
from .brunei import BRUNEI, brunei_date
from .models import Balance, Reading, Resolution, TopUp, TopUpOrigin, Utility
from .store.file import stored_values
from .store.models import Debt
from .store.schema import amount_text, decimal_of, meter_id_of, stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from .billing.schedule import TariffSchedule
    from .models import Meter, Payment
    from .store import ReadingsStore
    from .store.models import StoredMeter

LOOKED_BACK: Final = timedelta(days=45)
"""How far top-ups are looked for by the balance: before, what was found stays."""
_NEWS: Final = timedelta(days=3)
"""A top-up that is older when it is found is history, not news."""
_ROSE: Final = timedelta(days=1)
_DEBT: Final = ("customer_type", "total_debt", "monthly_debt", "debt_remaining")


@dataclass(frozen=True, slots=True)
class Review:
    """What a look through a meter's book has brought."""

    rose: datetime | None = None
    """When the balance last rose in a way that the transaction history has not explained yet."""
    bill: BillCheck | None = None
    """None without a week of which all is known."""
    predicted: Decimal | None = None
    """The balance (BND) by our own book, as of the newest reading; None before there is one."""


class Books:
    """What is known of the money of an account."""

    def __init__(self, store: ReadingsStore) -> None:
        """Keep it in that store."""
        self._store = store

    # --- balances ---

    def record_balance(self, meter: Meter, at: datetime) -> bool:
        """Note the balance that a meter's card shows; return whether it moved."""
        if meter.balance is None:
            return False
        with self._store.transaction() as db:
            meter_id = meter_id_of(db, meter.number)
            last = self.balance(meter.number)
            if last and last.amount == meter.balance:
                return False
            db.execute(
                "INSERT OR REPLACE INTO balance VALUES (?, ?, ?, ?)",
                (meter_id, stamp(at), str(meter.balance), amount_text(meter.remaining_units)),
            )
        return True

    def balances(self, meter: str, since: datetime | None = None) -> list[Balance]:
        """Return a meter's balances by time, from the one that it had at `since`."""
        with self._store.transaction() as db:
            rows = db.execute(
                "SELECT seen_at, amount, units FROM balance WHERE meter = ?1 AND seen_at >= ("
                " SELECT coalesce(max(seen_at), 0) FROM balance WHERE meter = ?1 AND seen_at <= ?2"
                ") ORDER BY seen_at",
                (meter_id_of(db, meter), stamp(since) if since else 0),
            ).fetchall()
        with stored_values():
            return [_balance(row) for row in rows]

    def balance(self, meter: str) -> Balance | None:
        """Return the last balance that is known of a meter."""
        with self._store.transaction() as db:
            row = db.execute(
                "SELECT seen_at, amount, units FROM balance WHERE meter = ?"
                " ORDER BY seen_at DESC LIMIT 1",
                (meter_id_of(db, meter),),
            ).fetchone()
        with stored_values():
            return _balance(row) if row else None

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

        What the balance had told of them before gives way.
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
        with self._store.transaction() as db:
            rows = db.execute(
                "SELECT at, number, amount, debt_cleared, recharge, units, payment_mode, site,"
                " source, origin FROM topup WHERE meter = ? AND at >= ? ORDER BY at, number",
                (meter_id_of(db, meter), stamp(since) if since else 0),
            ).fetchall()
        with stored_values():
            return [_topup(meter, row) for row in rows]

    def news(self, meter: str, now: datetime) -> list[TopUp]:
        """Return the top-ups of the last days that were never returned here, oldest first.

        The first call of all returns none: what was before is history.
        """
        name = f"told_{meter}"
        with self._store.transaction():
            told = self._store.fact(name)
            until = datetime.fromisoformat(told) if isinstance(told, str) else now
            fresh = [
                topup for topup in self.topups(meter, max(until, now - _NEWS)) if topup.at > until
            ]
            newest = max([until, *(topup.at for topup in fresh)])
            if told != newest.isoformat():
                self._store.remember(name, newest.isoformat())
        return fresh

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

    # --- the book over it ---

    def review(
        self, schedules: Mapping[str, TariffSchedule | None], now: datetime
    ) -> dict[str, Review]:
        """Look through the books of those meters: top-ups that balances tell of, and the bills.

        Top-ups found so are found anew each time: once the history has them, or readings explain
        the balance, they are what these say.
        """
        with self._store.transaction():
            meters = {meter.number: meter for meter in self._store.meters()}
            books = {
                number: book
                for number, schedule in schedules.items()
                if (book := self._open(meters[number], schedule, now))
            }
            found = ledger.with_transfers(
                {number: ledger.found_topups(book) for number, book in books.items()}, books
            )
            for number, book in books.items():
                self._replace_found(book, found[number])
            return {
                number: self._review(book, found[number], now, priced=bool(schedules[number]))
                for number, book in books.items()
            }

    def _open(
        self, meter: StoredMeter, schedule: TariffSchedule | None, now: datetime
    ) -> ledger.Book | None:
        """Return a meter's book of the last weeks; None before its balance has moved."""
        balances = self.balances(meter.number, now - LOOKED_BACK)
        if len(balances) < 2 or meter.utility is None:
            return None
        begin = balances[0].seen_at
        used: list[ledger.Used] = []
        if schedule:
            # From the first of the month: its tiers.
            first = (begin - _ROSE).astimezone(BRUNEI).date().replace(day=1)
            used = list(ledger.priced(self._readings(meter.number, first), schedule))
        known = [
            topup
            for topup in self.topups(meter.number, begin)
            if topup.origin is TopUpOrigin.HISTORY
        ]
        return ledger.open_book(meter.number, meter.utility, balances, used, known)

    def _readings(self, meter: str, first: date) -> Iterator[tuple[Reading, Resolution]]:
        """Yield readings by time: the hours of a day or, where there are none, its total."""
        hours = self._store.readings(meter, Resolution.HOUR, first)
        days = {hour.start.date() for hour in hours}
        totals = self._store.readings(meter, Resolution.DAY, first)
        both = [(hour, Resolution.HOUR) for hour in hours] + [
            (total, Resolution.DAY) for total in totals if total.start.date() not in days
        ]
        for stored, resolution in sorted(both, key=lambda pair: pair[0].start):
            yield Reading(stored.start, stored.value), resolution

    def _replace_found(self, book: ledger.Book, found: list[TopUp]) -> None:
        since = book.balances[0].seen_at  # which closed an entry that is no longer in the book
        stored = [
            topup
            for topup in self.topups(book.meter, since)
            if topup.origin is not TopUpOrigin.HISTORY and topup.at > since
        ]
        if stored == sorted(found, key=lambda topup: (topup.at, topup.transaction)):
            return
        with self._store.transaction() as db:
            db.execute(
                "DELETE FROM topup WHERE meter = ? AND origin <> ? AND at > ?",
                (meter_id_of(db, book.meter), TopUpOrigin.HISTORY, stamp(since)),
            )
            self.save_topups(found)

    def _review(
        self, book: ledger.Book, found: list[TopUp], now: datetime, *, priced: bool
    ) -> Review:
        rises = [topup.at for topup in found if topup.origin is TopUpOrigin.BALANCE]
        rose = max(rises, default=None)
        if not priced:
            return Review(rose)
        full = book.with_topups(found)
        days = self._store.days(book.meter, brunei_date(book.balances[0].seen_at), brunei_date(now))
        whole = {
            day
            for day, state in days.items()
            if state.total is not None
            and (book.utility is Utility.WATER or state.hours + state.estimated >= 24)
        }
        return Review(rose, check_bill(full, whole), full.predicted)


def _balance(row: tuple[Any, ...]) -> Balance:
    at, amount, units = row
    return Balance(datetime.fromtimestamp(at, BRUNEI), Decimal(amount), decimal_of(units))


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

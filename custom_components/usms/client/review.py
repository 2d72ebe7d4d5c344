"""The payments of meters, reviewed: top-ups that balances have shown, and the check of the bills.

Blocks: call it off the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .billing import ledger
from .billing.balances import without_glitches
from .billing.bill_check import BillCheck, check_bill
from .brunei import BRUNEI, brunei_date
from .consumption import days_between
from .models import Reading, Resolution, TopUp, TopUpOrigin, Utility
from .store.payments import Payments

if TYPE_CHECKING:
    from .billing.schedule import TariffSchedule
    from .store import ReadingsStore
    from .store.models import StoredMeter

LOOKED_BACK: Final = timedelta(days=45)
"""How far top-ups are looked for by the balance: before, what was found stays."""
_ROSE: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Review:
    """What the review of a meter's payments has found."""

    rose: datetime | None = None
    """When the balance last rose without a top-up of the transaction history that explains it."""
    bill: BillCheck | None = None
    """None without a week of which all is known."""
    predicted: Decimal | None = None
    """The balance (BND) by our own book, as of the newest reading; None before there is one."""


def review(
    store: ReadingsStore, schedules: Mapping[str, TariffSchedule | None], now: datetime
) -> dict[str, Review]:
    """Review those meters: top-ups that balances have shown, and the bills.

    Top-ups found so are found anew each time: once the history has them, or readings explain the
    balance, they are what these say.
    """
    return _Reviewer(store, now).review(schedules)


class _Reviewer:
    def __init__(self, store: ReadingsStore, now: datetime) -> None:
        self._store = store
        self._payments = Payments(store)
        self._now = now

    def review(self, schedules: Mapping[str, TariffSchedule | None]) -> dict[str, Review]:
        with self._store.transaction():
            meters = {meter.number: meter for meter in self._store.meters()}
            books = {
                number: book
                for number, schedule in schedules.items()
                if (book := self._open(meters[number], schedule))
            }
            found = ledger.with_transfers(
                {number: ledger.found_topups(book) for number, book in books.items()}, books
            )
            for number, book in books.items():
                # The first balance closed an entry that is no longer in the book.
                since = book.balances[0].seen_at
                self._payments.replace_found(number, since, found[number])
            return {
                number: self._review(book, found[number], priced=bool(schedules[number]))
                for number, book in books.items()
            }

    def _open(self, meter: StoredMeter, schedule: TariffSchedule | None) -> ledger.Book | None:
        """Return a meter's book of the last weeks; None before its balance has moved."""
        balances = without_glitches(self._payments.balances(meter.number, self._now - LOOKED_BACK))
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
            for topup in self._payments.topups(meter.number, begin)
            if topup.origin is TopUpOrigin.HISTORY
        ]
        return ledger.open_book(meter.number, meter.utility, balances, used, known)

    def _readings(self, meter: str, first: date) -> Iterator[tuple[Reading, Resolution]]:
        for day in days_between(self._store, meter, first, None):
            for reading in day.rows:
                yield reading, day.resolution

    def _review(self, book: ledger.Book, found: list[TopUp], *, priced: bool) -> Review:
        rises = [topup.at for topup in found if topup.origin is TopUpOrigin.BALANCE]
        rose = max(rises, default=None)
        if not priced:
            return Review(rose)
        full = book.with_topups(found)
        days = self._store.days(
            book.meter, brunei_date(book.balances[0].seen_at), brunei_date(self._now)
        )
        whole = {
            day
            for day, state in days.items()
            if state.total is not None
            and (book.utility is Utility.WATER or state.hours + state.estimated >= 24)
        }
        return Review(rose, check_bill(full, whole), full.predicted)

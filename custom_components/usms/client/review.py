"""The payments of meters, reviewed: top-ups that balances have shown, and the check of the bills.

Blocks: call it off the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from .billing.balances import GLITCH, Shown, without_glitches
from .billing.bill_check import BillCheck, check_bill
from .billing.ledger import Book, Costs, Moved
from .billing.topups import Settled, settle, transfers
from .brunei import BRUNEI, brunei_moment
from .consumption import days_between
from .models import TopUp, TopUpOrigin
from .store.payments import Payments

if TYPE_CHECKING:
    from .billing.schedule import TariffSchedule
    from .store import ReadingsStore
    from .store.models import StoredMeter

LOOKED_BACK: Final = timedelta(days=45)
"""How far top-ups are looked for by the balance: before, what was found stays."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Review:
    """What the review of a meter's payments has found."""

    unsettled: tuple[datetime, ...] = ()
    """When the balance rose while the transaction history does not have it yet."""
    bill: BillCheck | None = None
    """None without ten days that are sure."""


def review(
    store: ReadingsStore, schedules: Mapping[str, TariffSchedule | None], now: datetime
) -> dict[str, Review]:
    """Review those meters: top-ups that balances have shown, and the bills.

    What balances have shown is looked at anew each time: once the history has it, or readings are
    published, it is what these say.
    """
    with store.transaction():
        meters = {meter.number: meter for meter in store.meters()}
        books = [
            book
            for number, schedule in schedules.items()
            if (book := _open(store, meters[number], schedule, now))
        ]
        drawn = transfers(books)
        reviews = {}
        for book in books:
            settled = _settled(store, book, drawn[book.meter])
            # The first balance closed a step that is no longer looked at.
            Payments(store).replace_found(book.meter, brunei_moment(book.shown.seen[0]), settled)
            schedule = schedules[book.meter]
            bill = check_bill(book, schedule, settled.moves) if schedule else None
            reviews[book.meter] = Review(settled.unsettled, bill)
        return reviews


def _open(
    store: ReadingsStore, meter: StoredMeter, schedule: TariffSchedule | None, now: datetime
) -> Book | None:
    """Return a meter's book of the last weeks; None before its balance has moved."""
    since = now - LOOKED_BACK
    # With some hours before: what soon came back then is no rise.
    shown = Payments(store).balances(meter.number, since - 3 * GLITCH)
    if len(shown) < 2 or meter.utility is None:
        return None
    costs = Costs()
    # From the first of the month: its tiers.
    first = (shown[0].seen_at - _DAY).astimezone(BRUNEI).date().replace(day=1)
    if schedule and (days := list(days_between(store, meter.number, first, None))):
        costs.price(days, schedule, now)
    kept = without_glitches(shown, costs.most, schedule)
    lately = Shown.of([each for each in kept if each.as_of >= since])
    if len(lately.seen) < 2:
        return None
    costs.learn(lately)
    return Book(meter.number, meter.utility, lately, costs)


def _settled(store: ReadingsStore, book: Book, drawn: Mapping[Moved, TopUp]) -> Settled:
    """Return what moved a balance beside use, by what the history has."""
    payments = Payments(store)
    rows = payments.topups(book.meter, brunei_moment(book.shown.seen[0]) - 2 * _DAY)
    history = [row for row in rows if row.origin is TopUpOrigin.HISTORY]
    read = payments.history_read(book.meter)
    return settle(book, history, drawn, read_at=read.read_at, readable=read.readable)

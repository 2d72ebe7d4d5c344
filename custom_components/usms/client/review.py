"""The payments of meters, reviewed: top-ups that balances have shown, and the check of the bills.

Blocks: call it off the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from .billing.balances import without_glitches
from .billing.bill_check import BillCheck, Charges, check_bill
from .billing.ledger import Costs, Step, Used, priced, steps
from .billing.topups import Rises, doubts, name, named, rises, settle, transfers
from .brunei import BRUNEI, brunei_date
from .consumption import DayReadings, days_between
from .models import Balance, TopUpOrigin, Utility
from .store.payments import Payments

if TYPE_CHECKING:
    from .billing.schedule import TariffSchedule
    from .store import ReadingsStore
    from .store.models import StoredMeter

LOOKED_BACK: Final = timedelta(days=45)
"""How far top-ups are looked for by the balance: before, what was found stays."""
_DAY: Final = timedelta(days=1)
_SAME: Final = Decimal("0.01")
"""By which share a day's cost may depend on readings that are not known."""


@dataclass(frozen=True, slots=True)
class Review:
    """What the review of a meter's payments has found."""

    unsettled: tuple[datetime, ...] = ()
    """When the balance rose while the transaction history does not have it yet."""
    doubted: tuple[datetime, ...] = ()
    """When it moved otherwise than use explains, for no reason that the history has."""
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
        books = {
            number: book
            for number, schedule in schedules.items()
            if (book := _open(store, meters[number], schedule, now))
        }
        found = {number: _settled(store, book) for number, book in books.items()}
        _find_transfers(books, found)
        payments = Payments(store)
        for number, book in books.items():
            # The first balance closed a step that is no longer looked at.
            payments.replace_found(number, book.balances[0].seen_at, found[number])
        return {
            number: Review(
                found[number].unsettled,
                found[number].doubted,
                check_bill(
                    book.utility,
                    book.balances,
                    book.days,
                    [step[:2] for step in found[number].steps],
                ),
            )
            for number, book in books.items()
        }


@dataclass(slots=True)
class _Book:
    """What a meter's balance went through, and what its days cost."""

    meter: str
    utility: Utility
    balances: list[Balance]
    moved: list[Step]
    costs: Costs
    days: dict[date, Charges]
    """Of which all readings are known."""


def _open(
    store: ReadingsStore, meter: StoredMeter, schedule: TariffSchedule | None, now: datetime
) -> _Book | None:
    """Return a meter's book of the last weeks; None before its balance has moved."""
    shown = Payments(store).balances(meter.number, now - LOOKED_BACK)
    if len(shown) < 2 or meter.utility is None:
        return None
    used: list[Used] = []
    days: dict[date, Charges] = {}
    if schedule:
        # From the first of the month: its tiers.
        first = (shown[0].seen_at - _DAY).astimezone(BRUNEI).date().replace(day=1)
        known = list(days_between(store, meter.number, first, None))
        used = list(_priced(known, schedule))
        days = _charges(known, schedule, brunei_date(now))
    balances = without_glitches(shown, Costs(used).most)
    if len(balances) < 2:
        return None
    moved = list(steps(balances))
    return _Book(meter.number, meter.utility, balances, moved, Costs.learnt(used, moved), days)


def _priced(days: list[DayReadings], schedule: TariffSchedule) -> Iterator[Used]:
    return priced(((row, day.resolution) for day in days for row in day.rows), schedule)


def _charges(days: list[DayReadings], schedule: TariffSchedule, today: date) -> dict[date, Charges]:
    """Return what the days before today cost of which all readings are known.

    Where readings of a month lack, its tiers run on with what is usual; days are left out whose
    cost depends on that, and where a month costs its minimum, whatever its days use.
    """
    whole = {
        day.day: amount for day in days if day.day < today and (amount := day.whole) is not None
    }
    usual = sum(whole.values(), Decimal(0)) / max(len(whole), 1)
    found: dict[date, Charges] = {}
    least = most = Decimal(0)
    day = min((each.day for each in days), default=today)
    while day < today:
        if day.day == 1:
            least = most = Decimal(0)
        used, tariff = whole.get(day), schedule.on(day)
        whole_month = tariff.monthly_fixed + tariff.cost(30 * usual)
        if used is not None and whole_month >= tariff.monthly_minimum:
            cheap, dear = (
                tariff.cost(so_far + used) - tariff.cost(so_far) for so_far in (least, most)
            )
            if abs(dear - cheap) <= _SAME * dear:
                fixed = schedule.charges(day, day).fixed
                found[day] = Charges((cheap + dear) / 2, fixed, tariff.monthly_fixed)
        least += used or 0
        most += 2 * usual if used is None else used
        day += _DAY
    return found


def _settled(store: ReadingsStore, book: _Book) -> Rises:
    """Return what the rises of a balance were, by what the history has."""
    payments = Payments(store)
    history = [
        topup
        for topup in payments.topups(book.meter, book.balances[0].seen_at - 2 * _DAY)
        if topup.origin is TopUpOrigin.HISTORY
    ]
    read = payments.history_read(book.meter)
    return settle(
        book.meter,
        rises(book.moved, book.costs),
        doubts(book.moved, book.costs),
        history,
        read_at=read.read_at,
        readable=read.readable,
    )


def _find_transfers(books: Mapping[str, _Book], found: dict[str, Rises]) -> None:
    """Set transfers from electricity to water apart."""
    utilities = {number: book.utility for number, book in books.items()}
    moved = {number: book.moved for number, book in books.items()}
    costs = {number: book.costs for number, book in books.items()}
    for water, other, rise in transfers(utilities, moved, costs):
        if name(rise.step, TopUpOrigin.BALANCE) in found[water].rows:
            continue
        found[water] = found[water].with_transfer(
            rise.step, named(water, rise, TopUpOrigin.TRANSFER)
        )
        found[other] = found[other].with_transfer(
            rise.step, named(other, rise, TopUpOrigin.TRANSFER, out=True)
        )

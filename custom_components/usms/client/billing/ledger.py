"""The account book of a prepaid meter: what moved its balance, and what should have by the tariff.

Pure. Money is BND. The portal shows a balance and no entries: consumption lowers it some time after
it was used, top-ups raise it, and both may fall between two looks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from typing import Final

from ..brunei import brunei_date
from ..models import Balance, Reading, Resolution, TopUp, TopUpOrigin, Utility
from .schedule import RunningBill, TariffSchedule

_ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")
SMALLEST: Final = Decimal("0.50")
"""BND: a smaller rise is taken for a correction."""
_LEAST_TRANSFER: Final = Decimal("0.05")
"""BND: what water owes after two days may be little."""
_SHARE: Final = Decimal("0.2")
"""Of the consumption's cost: less that is unexplained may come of another price."""
_SPAN: Final = {Resolution.HOUR: timedelta(hours=1), Resolution.DAY: timedelta(days=1)}
_LAGS: Final = {
    Utility.ELECTRICITY: [timedelta(minutes=30 * n) for n in range(7)],
    Utility.WATER: [timedelta(hours=n) for n in range(-24, 37)],
}
"""How long after its end a reading may lower the balance; below 0: before."""
_LEARNT_FROM: Final = timedelta(days=14)
"""How far back the lag is looked for."""
_CREDITED_WITHIN: Final = timedelta(hours=2)
"""How long after a top-up the balance may rise."""


@dataclass(frozen=True, slots=True)
class Used:
    """A reading, priced: what it costs as the next of its month."""

    end: datetime
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened between two looks at the balance."""

    since: datetime
    at: datetime
    """When the balance was seen to have changed."""
    day: date
    """Of Brunei: on which what it paid for was used."""
    change: Decimal
    """Of the balance."""
    credited: Decimal
    """By the top-ups that are known."""
    cost: Decimal | None
    """Of the consumption, by the tariff; None while its readings are not published."""

    @property
    def rise(self) -> Decimal:
        """What of the change the top-ups that are known do not explain."""
        return self.change - self.credited

    @property
    def unexplained(self) -> Decimal | None:
        """What of the rise consumption does not explain either; None while that is not known."""
        return None if self.cost is None else self.rise + self.cost

    @property
    def missing(self) -> Decimal:
        """What is unexplained as far as is known."""
        return self.rise + (self.cost or _ZERO)


@dataclass(frozen=True, slots=True)
class Book:
    """What a meter's balance went through, as far back as it is kept."""

    meter: str = field(repr=False)
    utility: Utility
    balances: Sequence[Balance]
    """By time."""
    used: Sequence[Used]
    """By time, from before the first balance."""
    topups: Sequence[TopUp]
    """Those that are known."""
    lag: timedelta = timedelta(0)
    """How long after its end a reading lowers the balance."""
    entries: tuple[Entry, ...] = field(init=False)
    """Between the balances, by time."""

    def __post_init__(self) -> None:
        """Write the entries."""
        object.__setattr__(self, "entries", tuple(_entries(self)))

    @property
    def predicted(self) -> Decimal | None:
        """The balance by this book: the first one, less all costs, and with all top-ups.

        As of the last entry whose consumption is known; None where there is none.
        """
        known = [entry for entry in self.entries if entry.cost is not None]
        if not known:
            return None
        return self.balances[0].amount + sum(
            (entry.credited - (entry.cost or _ZERO) for entry in known), _ZERO
        )

    def with_topups(self, found: Iterable[TopUp]) -> Book:
        """Return the book with more top-ups in it."""
        return replace(self, topups=[*self.topups, *found])


def priced(
    readings: Iterable[tuple[Reading, Resolution]], schedule: TariffSchedule
) -> Iterator[Used]:
    """Price readings, given by time."""
    bill = RunningBill(schedule)
    for reading, resolution in readings:
        cost = bill.use(brunei_date(reading.start), reading.value)
        yield Used(reading.start + _SPAN[resolution], cost)


def open_book(
    meter: str,
    utility: Utility,
    balances: Sequence[Balance],
    used: Sequence[Used],
    topups: Sequence[TopUp],
) -> Book:
    """Write a book with the lag that explains it best.

    The portal does not say how long after its end a reading lowers the balance, and water
    differs from electricity.
    """
    lately = [seen for seen in balances if balances[-1].seen_at - seen.seen_at < _LEARNT_FROM]
    lags = _LAGS[utility]
    begin = lately[0].seen_at - max(map(abs, lags))
    # The last two readings show when the next will come, however old they are.
    first = min(bisect_left(used, begin, key=lambda piece: piece.end), max(len(used) - 2, 0))
    recent = Book(meter, utility, lately, used[first:], topups)
    costs, rises = _Costs(recent), [entry.rise for entry in recent.entries]

    def off(lag: timedelta) -> tuple[Decimal, timedelta]:
        pieces = sorted(
            abs(rise + cost)
            for rise, cost in zip(rises, costs.after(lag), strict=True)
            if cost is not None
        )
        # What top-ups and transfers that are not known leave open is the same with each lag.
        pieces = pieces[: len(pieces) - len(pieces) // 3]
        return sum(pieces, _ZERO) / max(len(pieces), 1), abs(lag)

    return Book(meter, utility, balances, used, topups, min(lags, key=off))


class _Costs:
    """What was used between the balances of a book, for any lag."""

    def __init__(self, book: Book) -> None:
        """Add up once what all lags share."""
        self._seen = [balance.seen_at for balance in book.balances]
        self._ends = [piece.end for piece in book.used]
        self._sums = list(accumulate((piece.cost for piece in book.used), initial=_ZERO))
        # The reading after the last one would lower the balance so much later.
        last = self._ends[-2:]
        self._next = last[1] + (last[1] - last[0]) if len(last) > 1 else None

    def after(self, lag: timedelta) -> Iterator[Decimal | None]:
        """Yield the cost (BND) of each entry; None while its readings are not published."""
        before = None
        for seen in self._seen:
            moment = seen - lag
            used = self._sums[bisect_right(self._ends, moment)]
            if before is not None:
                yield used - before if self._next is not None and moment < self._next else None
            before = used


def _entries(book: Book) -> Iterator[Entry]:
    """Yield what happened between the balances."""
    credited, costs = _credited(book), _Costs(book).after(book.lag)
    for number, ((before, after), cost) in enumerate(
        zip(pairwise(book.balances), costs, strict=True)
    ):
        yield Entry(
            since=before.seen_at,
            at=after.seen_at,
            day=brunei_date(after.seen_at - book.lag - timedelta(seconds=1)),
            change=after.amount - before.amount,
            credited=credited.get(number, _ZERO),
            cost=cost,
        )


def _credited(book: Book) -> Mapping[int, Decimal]:
    """Return how much top-ups have raised the balance by, by the number of the entry.

    A top-up belongs to the entry at its time or, where the portal was slow, to a later one that
    fits better.
    """
    times = [balance.seen_at for balance in book.balances]
    sums: dict[int, Decimal] = {}
    for topup in sorted(book.topups, key=lambda topup: topup.at):
        # Entry n begins after times[n], and ends with times[n + 1].
        first = bisect_left(times, topup.at) - 1
        last = bisect_left(times, topup.at + _CREDITED_WITHIN) - 1
        entries = range(first, min(last, len(times) - 2) + 1)
        if first < 0 or not entries:
            continue  # from before the book, or not credited yet

        def misfit(number: int, credited: Decimal = topup.credited) -> Decimal:
            change = book.balances[number + 1].amount - book.balances[number].amount
            return abs(change - sums.get(number, _ZERO) - credited)

        best = min(entries, key=misfit)
        if misfit(first) - misfit(best) < SMALLEST:
            best = first
        sums[best] = sums.get(best, _ZERO) + topup.credited
    return sums


# --- top-ups that the balance shows ---


def found_topups(book: Book) -> Iterator[TopUp]:
    """Yield the top-ups that must have been, by what the known ones and consumption leave open.

    A rise is one at once; its amount lacks what was used meanwhile until readings are there. Then
    top-ups that consumption has hidden are found as well.
    """
    for entry in book.entries:
        if entry.missing >= max(SMALLEST, _SHARE * (entry.cost or _ZERO)):
            yield _seen(book, entry, entry.missing, TopUpOrigin.BALANCE)


def with_transfers(
    found: Mapping[str, Iterable[TopUp]], books: Mapping[str, Book]
) -> dict[str, list[TopUp]]:
    """Return the top-ups found, by meter, with transfers from electricity to water set apart.

    Water that owes for 48 hours draws on the balance of electricity (the operator's FAQ): one falls
    as the other rises, between the same two looks, also by less than anyone would top up. The fall
    is a transfer below 0.
    """
    by_meter = {meter: list(topups) for meter, topups in found.items()}
    falls = [
        (other, entry)
        for other in books.values()
        if other.utility is Utility.ELECTRICITY
        for entry in other.entries
        if entry.missing <= -_LEAST_TRANSFER
    ]
    for book in books.values():
        if book.utility is not Utility.WATER:
            continue
        for entry in book.entries:
            if entry.missing < _LEAST_TRANSFER:
                continue
            for other, fall in falls:
                if fall.at == entry.at and _matches(entry.missing, fall):
                    to = _seen(book, entry, entry.missing, TopUpOrigin.TRANSFER)
                    out = _seen(other, fall, -entry.missing, TopUpOrigin.TRANSFER)
                    others = [topup for topup in by_meter[book.meter] if topup.at != entry.at]
                    by_meter[book.meter] = [*others, to]
                    by_meter[other.meter].append(out)
                    break
    return {meter: sorted(topups, key=lambda topup: topup.at) for meter, topups in by_meter.items()}


def _matches(amount: Decimal, fall: Entry) -> bool:
    """Return whether a fall is by that amount, as far as what was used meanwhile is known."""
    off = abs(fall.missing + amount)
    if fall.cost is None:
        return amount >= SMALLEST and off < SMALLEST
    return off <= max(3 * _CENT, amount / 10)


def _seen(book: Book, entry: Entry, amount: Decimal, origin: TopUpOrigin) -> TopUp:
    amount = amount.quantize(_CENT)
    return TopUp(
        at=entry.at,
        transaction=f"{origin}-{int(entry.at.timestamp())}",
        meter=book.meter,
        amount=amount,
        debt_cleared=None,
        recharge=amount,
        units=None,
        origin=origin,
    )

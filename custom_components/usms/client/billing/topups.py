"""Top-ups: what the transaction history has and, where it can't be read, rises of the balance.

Pure. Money is BND. Nothing else is a top-up: neither what is left over where an estimate is
compared with a balance, nor what the history has read and does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import Decimal
from itertools import combinations, product
from typing import Final

from ..brunei import BRUNEI, brunei_date, brunei_moment
from ..models import TopUp, TopUpOrigin, Utility
from .ledger import Book, Moved
from .precision import MILLION

_SMALLEST: Final = MILLION // 2
"""Millionths of a BND: a smaller rise is a correction."""
WITHIN: Final = timedelta(hours=48)
"""How long after a top-up the balance may rise, and how long the history may lack it."""
_AHEAD: Final = timedelta(hours=2)
"""How much later than the rise the history may say that a top-up was."""
_LEAST_TRANSFER: Final = MILLION // 20
"""What water owes after two days may be little."""
_CENT: Final = Decimal("0.01")
_ROUNDED: Final = 2 * _CENT
_ABOUT: Final = Decimal("0.25")
_MOST: Final = 8
"""Rows of the history that are tried together for a rise."""
_FEW: Final = 3
"""Days on which something other than use may have moved the balance, however few are known."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Settled:
    """What moved a meter's balance beside use, and what is known of it."""

    moves: tuple[Moved, ...] = ()
    """All of it: rises, what is doubted, and what another meter drew."""
    found: tuple[TopUp, ...] = ()
    """What the history does not have: transfers; top-ups where it can't be read, or adjustments."""
    rows: Mapping[str, tuple[TopUp, ...]] = field(default_factory=dict)
    """The rows of the history that a move was, by its name; empty while it may get some yet."""
    unsettled: tuple[datetime, ...] = ()
    """When the balance rose while the history does not have it yet."""


def rises(book: Book, smallest: int = _SMALLEST) -> list[Moved]:
    """Return the rises of a balance of at least so much (millionths of a BND), by time."""
    return [book.costs.beside(*step) for step in book.shown.steps if step[2] >= smallest]


def doubts(book: Book) -> list[Moved]:
    """Return the falls that use does not explain, by time: too small, or too large.

    A top-up that is smaller than what was used meanwhile hides in the one, a reversal in the other.
    Nothing is doubted before all that was used meanwhile is published, nor what happens on most
    days: that is how the portal charges.
    """
    costs = book.costs
    # What is lowered in batches may be hours away from its use.
    most = _SMALLEST + (0 if costs.early == costs.late else int(costs.per_day * MILLION / 4))
    days, found = set[float](), list[Moved]()
    for since, at, change in book.shown.steps:
        if change < _SMALLEST and at < costs.published:
            days.add((at + 28800) // 86400)  # Brunei's
            least, _, highest = costs.taken(since, at)
            if change + least >= most or change + highest <= -most:
                found.append(costs.beside(since, at, change))
    doubted = {brunei_date(move.at) for move in found}
    return found if len(doubted) <= max(len(days) / 2, _FEW) else []


def settle(
    book: Book,
    history: Sequence[TopUp],
    drawn: Mapping[Moved, TopUp],
    *,
    read_at: datetime | None,
    readable: bool,
) -> Settled:
    """Return what moved a balance beside use, by what the history has.

    `history` is what the transaction history had when it was last read, at `read_at`; `readable`
    is whether that was the last try. `drawn` are transfers.
    """
    risen = rises(book)
    moves = dict.fromkeys([*risen, *doubts(book), *drawn])
    claimed = {move: (transfer,) for move, transfer in drawn.items()} | _matched(moves, history)
    found = [row for rows in claimed.values() for row in rows if row.origin is TopUpOrigin.TRANSFER]
    rose = [move for move in risen if move not in claimed]
    open_ = [rise for rise in rose if read_at is None or read_at < rise.at + WITHIN]
    found += [_named(book, rise, TopUpOrigin.ADJUSTMENT) for rise in rose if rise not in open_]
    if not readable:
        # What one look has shown the next may take back.
        sure = [rise for rise in open_ if rise.at < brunei_moment(book.shown.until[-1])]
        found += [_named(book, rise, TopUpOrigin.BALANCE) for rise in sure]
    return Settled(
        moves=tuple(moves),
        found=tuple(found),
        rows={_name(move): rows for move, rows in (claimed | dict.fromkeys(open_, ())).items()},
        unsettled=tuple(rise.at for rise in open_),
    )


def _matched(moves: Iterable[Moved], history: Iterable[TopUp]) -> dict[Moved, tuple[TopUp, ...]]:
    """Return which rows each move was: sums that fit, then what fits about."""
    claimed: dict[Moved, tuple[TopUp, ...]] = {}
    left = [topup for topup in history if topup.credited]
    for fits in (_exactly, _about):
        for move in moves:
            near = [topup for topup in left if _near(topup, move)][:_MOST]
            if move not in claimed and (rows := fits(move, near)):
                claimed[move] = rows
                left = [topup for topup in left if topup not in rows]
    return claimed


def _near(topup: TopUp, move: Moved) -> bool:
    """Return whether a top-up may have been credited then; a date alone is all its day."""
    whole_day = topup.at.astimezone(BRUNEI).time() == time()
    last = topup.at + _DAY if whole_day else topup.at
    return topup.at - _AHEAD <= move.at and last >= move.since - WITHIN


def _exactly(move: Moved, near: Sequence[TopUp]) -> tuple[TopUp, ...]:
    for number in range(1, len(near) + 1):
        for rows in combinations(near, number):
            if move.low - _ROUNDED <= _sum(rows) <= move.high + _ROUNDED:
                return rows
    return ()


def _about(move: Moved, near: Sequence[TopUp]) -> tuple[TopUp, ...]:
    off = abs(_sum(near) - (move.low + move.high) / 2)
    return tuple(near) if near and off <= _ABOUT * abs(_sum(near)) else ()


def _sum(rows: Iterable[TopUp]) -> Decimal:
    return sum((topup.credited for topup in rows), Decimal(0))


def _name(move: Moved) -> str:
    """Return what a move is called, whatever it turns out to be."""
    return f"balance-{int(move.at.timestamp())}"


def _named(book: Book, move: Moved, origin: TopUpOrigin) -> TopUp:
    """Return a move as a top-up."""
    amount = move.expected.quantize(_CENT)
    return TopUp(
        at=move.at,
        transaction=_name(move),
        meter=book.meter,
        amount=amount,
        debt_cleared=None,
        recharge=amount,
        units=None,
        origin=origin,
        low=move.low.quantize(_CENT),
        high=move.high.quantize(_CENT),
    )


def transfers(books: Sequence[Book]) -> dict[str, dict[Moved, TopUp]]:
    """Return what water drew on electricity, by meter and move; there it is below 0.

    Water that owes for 48 hours draws on the balance of electricity (the operator's FAQ): one falls
    as the other rises, between the same two looks, also by less than anyone would top up.
    """
    drawn: dict[str, dict[Moved, TopUp]] = {book.meter: {} for book in books}
    for water, other in product(books, books):
        if (water.utility, other.utility) != (Utility.WATER, Utility.ELECTRICITY):
            continue
        falls = {step[1]: step for step in other.shown.steps if step[2] < 0}
        for rise in rises(water, _LEAST_TRANSFER):
            if rise in drawn[water.meter] or not (step := falls.get(rise.at.timestamp())):
                continue
            fall = other.costs.beside(*step)
            fits = rise.low - _ROUNDED <= -fall.low and -fall.high <= rise.high + _ROUNDED
            if fits and fall.high < -_ROUNDED:
                out = fall._replace(low=-rise.high, expected=-rise.expected, high=-rise.low)
                drawn[water.meter][rise] = _named(water, rise, TopUpOrigin.TRANSFER)
                drawn[other.meter][fall] = _named(other, out, TopUpOrigin.TRANSFER)
    return drawn

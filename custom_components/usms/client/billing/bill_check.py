"""The check of the bill: what some days took from the balance, beside what the tariff says.

Pure. Money is BND.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from .ledger import Book

_ZERO: Final = Decimal(0)
_CENT: Final = Decimal("0.01")
_TWO_DAYS: Final = timedelta(days=2)
WEEK: Final = 7
"""Days that are compared at least."""
TOLERATED: Final = Decimal("0.02")
"""By which share a bill may differ from the tariff's."""
_ENOUGH: Final = Decimal(2)
"""BND: of less, the cents that the balance shows are too large a share."""


@dataclass(frozen=True, slots=True)
class BillCheck:
    """What some days' consumption took from the balance, beside what the tariff says."""

    first: date
    last: date
    """The days, both included."""
    lost: tuple[Decimal, ...]
    """BND by the balance, a day each."""
    cost: tuple[Decimal, ...]
    """BND by the tariff, a day each."""

    @property
    def difference(self) -> Decimal:
        """By which share the balance lost more (or, below 0, less) than the tariff says."""
        cost = sum(self.cost, _ZERO)
        return (sum(self.lost, _ZERO) - cost) / cost

    @property
    def differs(self) -> bool:
        """Whether that is more than 2 %, and not because of a single day.

        The balance shows whole cents.
        """
        off = [lost - cost for lost, cost in zip(self.lost, self.cost, strict=True)]
        most = max(range(len(off)), key=lambda day: abs(off[day]))
        rest = [day for day in range(len(off)) if day != most]
        tolerated = TOLERATED * sum((self.cost[day] for day in rest), _ZERO) + 2 * _CENT
        return (
            abs(self.difference) > TOLERATED
            and abs(sum((off[day] for day in rest), _ZERO)) > tolerated
        )


def check_bill(book: Book, whole: Collection[date]) -> BillCheck | None:
    """Compare the last days of which all is known; None without a week of them.

    `whole` are the days of which all readings are known. A week is compared, and as many days
    before it as it takes to spend two dollars: the balance shows whole cents.
    """
    lost: dict[date, Decimal] = {}
    cost: dict[date, Decimal] = {}
    # The first day may have begun before the book, and the last may not be over.
    inner = sorted({entry.day for entry in book.entries})[1:-1]
    for entry in book.entries:
        short = entry.at - entry.since < _TWO_DAYS
        if entry.cost is not None and short and entry.day in whole:
            lost[entry.day] = lost.get(entry.day, _ZERO) - entry.rise
            cost[entry.day] = cost.get(entry.day, _ZERO) + entry.cost
    days: list[date] = []
    for day in (day for day in reversed(inner) if day in cost):
        days.insert(0, day)
        if len(days) >= WEEK and sum((cost[day] for day in days), _ZERO) >= _ENOUGH:
            break
    if len(days) < WEEK or not any(cost[day] > 0 for day in days):
        return None
    return BillCheck(
        days[0], days[-1], tuple(lost[day] for day in days), tuple(cost[day] for day in days)
    )

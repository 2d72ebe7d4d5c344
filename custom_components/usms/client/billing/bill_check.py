"""The check of the bill: what some days took from the balance, beside what the tariff says.

Pure. Money is BND. Compared are days between two balances that are sure: all readings known, and
nothing but use near that moved the balance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from statistics import median
from typing import Final, NamedTuple

from ..brunei import brunei_date, brunei_midnight, brunei_moment
from .balances import Shown
from .ledger import Book, Costs, Moved
from .precision import bnd
from .schedule import TariffSchedule

ENOUGH: Final = 10
"""Days that are compared at least."""
TOLERATED: Final = Decimal("0.03")
"""By which share a bill may differ from the tariff's."""
_MOST: Final = 14
_UNSEEN: Final = 9 * 3600
"""Seconds: a balance that was not looked at for longer says nothing of those days."""
_SAME: Final = Decimal("1.01")
"""By which factor a day's cost may depend on readings that are not known."""
_LATE: Final = timedelta(hours=2)
"""By how much the delay of the balance may differ from what fits best."""
_BESIDE: Final = Decimal("0.50")
"""BND: by less a day may always differ from the others."""
_APART: Final = 2
"""Days that may be unlike the others; where there are more, they are the difference."""
_CENT: Final = Decimal("0.01")
_ROUNDED: Final = 2 * _CENT
_ZERO: Final = Decimal(0)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class BillCheck:
    """What some days' consumption took from the balance, beside what the tariff says."""

    first: date
    last: date
    """The days, both included; days between that are not sure are left out."""
    lost: Decimal
    """BND by the balance."""
    cost: Decimal
    """BND by the tariff."""
    uncertainty: Decimal
    """By which share the difference may be off: the balance moves in steps, and some time later."""
    noise: Decimal = _ZERO
    """By how much (BND, in cents) a day is off on average, those that were left out too."""

    @property
    def difference(self) -> Decimal:
        """By which share the balance lost more (or, below 0, less) than the tariff says."""
        return (self.lost - self.cost) / self.cost

    @property
    def differs(self) -> bool:
        """Whether that is beyond what it may be off by."""
        return abs(self.difference) > max(TOLERATED, self.uncertainty)


class _Day(NamedTuple):
    """What a day took from the balance, and what it costs (BND)."""

    lost: Decimal
    begin: Decimal
    end: Decimal
    """By how much that may be off where the balance was not looked at just then."""
    used: Decimal
    fixed: Decimal
    """What comes to that where fixed charges are taken day by day."""


def check_bill(book: Book, schedule: TariffSchedule, moves: Sequence[Moved]) -> BillCheck | None:
    """Compare the last days that are sure; None without ten of them.

    `moves` is what moved the balance beside use. When the portal takes fixed charges is found out:
    day by day, or at once on a day that is left out. Where both fit, either may be.
    """
    fixed = book.costs.fixed
    at_once = 0 in fixed and any(_is_charge(move, schedule) for move in moves)
    days, tried = [*_days(book, schedule)], list[dict[date, _Day]]()
    for delay in book.costs.delays:
        tried.append(dict(sorted(islice(_sure_days(book.shown, days, moves, delay), _MOST))))
        if len(tried[0]) < ENOUGH:
            return None
    ways = {0} if at_once else {*fixed}
    fits = [fit for way in ways if (fit := _fitting(book.costs, tried, way))]
    if not fits:
        return None
    best, *others = sorted(fits, key=attrgetter("noise"))
    alike = [best, *(fit for fit in others if fit.noise <= 2 * best.noise)]
    nearest = min(alike, key=lambda fit: abs(fit.difference))
    either = max(abs(fit.difference - nearest.difference) for fit in alike)
    return replace(nearest, uncertainty=max(nearest.uncertainty, either))


def _is_charge(move: Moved, schedule: TariffSchedule) -> bool:
    """Return whether that is as much as the fixed charge of a month."""
    fixed = schedule.on(brunei_date(move.at)).monthly_fixed
    return abs(move.expected + fixed) <= fixed / 10 > 0


def _days(book: Book, schedule: TariffSchedule) -> Iterator[tuple[date, Decimal, Decimal]]:
    """Yield the days whose cost is sure, the last first: what use and fixed charges cost."""
    costs, last = book.costs, brunei_date(brunei_moment(book.shown.until[-1]))
    for n in range((last - brunei_date(brunei_moment(book.shown.seen[0]))).days + 1):
        day = last - n * _DAY
        midnight = brunei_midnight(day).timestamp()
        least, most = costs.between(midnight, midnight + _DAY.total_seconds())
        fixed = schedule.charges(day, day).fixed
        # A month that costs its minimum does so whatever its days use.
        is_least = schedule.on(day).monthly_minimum >= 28 * costs.per_day
        if not is_least and 0 < most + fixed <= (least + fixed) * _SAME:
            yield day, (least + most) / 2, fixed


def _sure_days(
    shown: Shown,
    days: Sequence[tuple[date, Decimal, Decimal]],
    moves: Sequence[Moved],
    delay: timedelta,
) -> Iterator[tuple[date, _Day]]:
    """Yield the days that are sure, the last first, where they lower the balance so much later."""
    for day, used, fixed in days:
        begin = brunei_midnight(day) + delay
        end = begin + _DAY
        before, after = (_balance_at(shown, at.timestamp()) for at in (begin, end))
        is_moved = any(move.since < end and move.at > begin for move in moves)
        if before and after and not is_moved:
            yield day, _Day(before[0] - after[0], before[1], after[1], used, fixed)


def _balance_at(shown: Shown, at: float) -> tuple[Decimal, Decimal] | None:
    """Return the balance at a moment, and by how much that may be off; None if that is not sure."""
    place = bisect_right(shown.seen, at)
    amount, before = shown.amounts[place - 1], shown.until[place - 1]
    if place and before >= at:
        return bnd(amount), _ZERO
    if not 0 < place < len(shown.seen) or (unseen := shown.seen[place] - before) > _UNSEEN:
        return None
    change = shown.amounts[place] - amount
    return bnd(amount + round(change * (at - before) / unseen)), bnd(abs(change)) / 2


def _fitting(costs: Costs, tried: Sequence[Mapping[date, _Day]], fixed: int) -> BillCheck | None:
    """Compare with the delay that fits best; `fixed` is 1 where fixed charges go day by day."""
    checks = [_compared(costs, days, fixed) for days in tried]
    # No other delay is preferred for having more days at the ends.
    found = [check for check in checks if check] if checks[0] else []
    return min(found, key=attrgetter("noise", "uncertainty"), default=None)


def _compared(use: Costs, days: Mapping[date, _Day], fixed: int) -> BillCheck | None:
    """Compare days with those costs; None without ten days.

    A correction or an instalment is left out. Where many days are unlike the others, as with a tier
    that ends elsewhere, all count.
    """
    costs = {day: one.used + fixed * one.fixed for day, one in days.items()}
    ratio = median([days[day].lost / cost for day, cost in costs.items() if cost] or [_ZERO])
    off = {day: abs(days[day].lost - ratio * cost) for day, cost in costs.items()}
    alike = [day for day in days if off[day] <= max(_BESIDE, ratio * costs[day] / 2)]
    kept = alike if len(days) - len(alike) <= _APART else [*days]
    cost = sum((costs[day] for day in kept), _ZERO)
    if len(kept) < ENOUGH or cost <= 0:
        return None
    lost = sum((days[day].lost for day in kept), _ZERO)
    noise = sorted(off[day] for day in kept)[-2] + _ROUNDED
    ends = [(day, days[day].begin) for day in kept if day - _DAY not in kept]
    ends += [(day + _DAY, days[day].end) for day in kept if day + _DAY not in kept]
    parts = [part for day, off_by in ends for part in (off_by, _late(use, brunei_midnight(day)))]
    parts += [noise] * (len(ends) // 2)
    off_by = sum((part * part for part in parts), _ZERO).sqrt()
    mean = (sum(off.values(), _ZERO) / len(off)).quantize(_CENT) + _ROUNDED
    return BillCheck(kept[0], kept[-1], lost, cost, off_by / cost, mean)


def _late(use: Costs, midnight: datetime) -> Decimal:
    """Return by how much (BND) days may be off that begin or end then, some time late."""
    at, width = midnight.timestamp(), max(_LATE.total_seconds(), use.span)
    sides = use.between(at - width, at), use.between(at, at + width)
    return max(sum(side, _ZERO) for side in sides) / 2 * Decimal(_LATE.total_seconds() / width)

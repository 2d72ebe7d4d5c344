"""The check of the bill: what some days took from the balance, beside what the tariff says.

Pure. Money is BND. Compared are days between two balances that are sure: all readings known, and
nothing but use near that moved the balance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from statistics import median
from typing import Final, NamedTuple

from ..brunei import brunei_date, brunei_midnight
from ..models import Balance
from .ledger import Book, Costs, Moved
from .schedule import TariffSchedule

ENOUGH: Final = 10
"""Days that are compared at least."""
TOLERATED: Final = Decimal("0.03")
"""By which share a bill may differ from the tariff's."""
_MOST: Final = 14
_UNSEEN: Final = timedelta(hours=9)
"""A balance that was not looked at for longer says nothing of those days."""
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
    cost: Decimal
    """With the day's share of the month's fixed charge."""
    used: Decimal
    """Without it."""
    monthly: Decimal
    """The fixed charge of the whole month."""

    @property
    def took_it_all(self) -> bool:
        """Whether the day took the fixed charge of its whole month."""
        return abs(self.lost - self.used - self.monthly) <= self.monthly / 10 > 0


def check_bill(book: Book, schedule: TariffSchedule, moves: Sequence[Moved]) -> BillCheck | None:
    """Compare the last days that are sure; None without ten of them.

    `moves` is what moved the balance beside use. When the portal takes fixed charges is found out
    by what fits: day by day, or at once on a day that is left out. Where both fit, either may be.
    """
    moves = [move for move in moves if not _is_charge(move, schedule)]
    tried = [
        dict(sorted(islice(_sure_days(book, schedule, moves, delay), _MOST)))  # by time
        for delay in book.costs.delays
    ]
    by_days = [_compared(book.costs, days, attrgetter("cost")) for days in tried]
    if by_days[0] is None:  # no other delay is preferred for having more days at the ends
        return None
    fits = [(found, days) for found, days in zip(by_days, tried, strict=True) if found]
    by_day, days = min(fits, key=lambda fit: fit[0].noise)
    others = {day: one for day, one in days.items() if not one.took_it_all}
    at_once = _compared(book.costs, others, attrgetter("used")) or by_day
    best, other = sorted((by_day, at_once), key=attrgetter("noise"))
    if other.noise > 2 * best.noise:
        return best
    nearer = min(best, other, key=lambda check: abs(check.difference))
    either = abs(best.difference - other.difference)
    return replace(nearer, uncertainty=max(nearer.uncertainty, either))


def _is_charge(move: Moved, schedule: TariffSchedule) -> bool:
    """Return whether that may be the fixed charge of a month."""
    fixed = schedule.on(brunei_date(move.step.at)).monthly_fixed
    return bool(fixed) and move.low <= fixed / 10 - fixed and move.high >= -fixed / 10 - fixed


def _sure_days(
    book: Book, schedule: TariffSchedule, moves: Sequence[Moved], delay: timedelta
) -> Iterator[tuple[date, _Day]]:
    """Yield the days that are sure, the last first, where they lower the balance so much later."""
    balances, costs = book.balances, book.costs
    last, first = brunei_date(balances[-1].as_of), brunei_date(balances[0].seen_at)
    for day in (last - n * _DAY for n in range((last - first).days + 1)):
        midnight, tariff = brunei_midnight(day), schedule.on(day)
        least, most = costs.between(midnight.timestamp(), (midnight + _DAY).timestamp())
        # A month that costs its minimum does so whatever its days use.
        fixed, minimum = schedule.charges(day, day).fixed, tariff.monthly_minimum
        if not 0 < most + fixed <= (least + fixed) * _SAME or minimum >= 28 * costs.per_day:
            continue
        begin, end = midnight + delay, midnight + delay + _DAY
        before, after = _balance_at(balances, begin), _balance_at(balances, end)
        is_moved = any(move.step.since < end and move.step.at > begin for move in moves)
        if before and after and not is_moved:
            used, seen = (least + most) / 2, (before[0] - after[0], before[1], after[1])
            yield day, _Day(*seen, used + fixed, used, tariff.monthly_fixed)


def _balance_at(balances: Sequence[Balance], moment: datetime) -> tuple[Decimal, Decimal] | None:
    """Return the balance at a moment, and by how much that may be off; None if that is not sure."""
    place = bisect_right(balances, moment, key=lambda balance: balance.seen_at)
    before = balances[place - 1]
    if place and before.as_of >= moment:
        return before.amount, _ZERO
    if not 0 < place < len(balances) or balances[place].seen_at - before.as_of > _UNSEEN:
        return None
    after = balances[place]
    change = after.amount - before.amount
    part = Decimal((moment - before.as_of) / (after.seen_at - before.as_of))
    return before.amount + change * part, abs(change) / 2


def _compared(
    use: Costs, days: Mapping[date, _Day], cost_of: Callable[[_Day], Decimal]
) -> BillCheck | None:
    """Compare days with those costs; None without ten days.

    A correction or an instalment is left out. Where many days are unlike the others, as with a tier
    that ends elsewhere, all count.
    """
    costs = {day: cost_of(one) for day, one in days.items()}
    ratio = median([days[day].lost / cost for day, cost in costs.items() if cost] or [_ZERO])
    off = {day: abs(days[day].lost - ratio * cost) for day, cost in costs.items()}
    alike = [day for day in days if off[day] <= max(_BESIDE, ratio * costs[day] / 2)]
    kept = alike if len(days) - len(alike) <= _APART else [*days]
    cost = sum((costs[day] for day in kept), _ZERO)
    if len(kept) < ENOUGH or cost <= 0:
        return None
    lost = sum((days[day].lost for day in kept), _ZERO)
    noise = sorted(off[day] for day in kept)[-2] + _ROUNDED
    firsts = [day for day in kept if day - _DAY not in kept]
    lasts = [day for day in kept if day + _DAY not in kept]
    ends = [*(days[day].begin for day in firsts), *(days[day].end for day in lasts)]
    midnights = [brunei_midnight(day) for day in (*firsts, *(day + _DAY for day in lasts))]
    ends += [_late(use, midnight) for midnight in midnights]
    off_by = sum((off * off for off in (*ends, *(noise for _ in firsts))), _ZERO).sqrt()
    mean = (sum(off.values(), _ZERO) / len(off)).quantize(_CENT) + _ROUNDED
    return BillCheck(kept[0], kept[-1], lost, cost, off_by / cost, mean)


def _late(use: Costs, midnight: datetime) -> Decimal:
    """Return by how much (BND) days may be off that begin or end then, some time late."""
    at, width = midnight.timestamp(), max(_LATE, use.span)
    before = sum(use.between(at - width.total_seconds(), at), _ZERO) / 2
    after = sum(use.between(at, at + width.total_seconds()), _ZERO) / 2
    return max(before, after) * Decimal(_LATE / width)

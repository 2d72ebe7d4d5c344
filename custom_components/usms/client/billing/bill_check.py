"""The check of the bill: what some days took from the balance, beside what the tariff says.

Pure. Money is BND. Compared are days between two balances that are sure: all readings known, and
no rise of the balance near.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from ..brunei import brunei_midnight
from ..models import Balance, Utility
from .ledger import UNSEEN

ENOUGH: Final = 10
"""Days that are compared at least."""
TOLERATED: Final = Decimal("0.03")
"""By which share a bill may differ from the tariff's."""
_MOST: Final = 14
_CENT: Final = Decimal("0.01")
_ZERO: Final = Decimal(0)
_DAY: Final = timedelta(days=1)
_DAY_SECONDS: Final = _DAY.total_seconds()
_LATE: Final = timedelta(hours=3)
"""By how much the delay of the balance may differ from what fits best."""
_BESIDE: Final = Decimal("0.50")
"""BND: by less a day may always differ from the others."""
_LAGS: Final = {
    Utility.ELECTRICITY: [timedelta(hours=n) for n in range(7)],
    Utility.WATER: [timedelta(hours=n) for n in range(-24, 37)],
}
"""How long after a day's end its use may lower the balance; below 0: before."""
_APART: Final = 2
"""Days that may be unlike the others; where there are more, they are the difference."""


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

    @property
    def difference(self) -> Decimal:
        """By which share the balance lost more (or, below 0, less) than the tariff says."""
        return (self.lost - self.cost) / self.cost

    @property
    def differs(self) -> bool:
        """Whether that is beyond what it may be off by."""
        return abs(self.difference) > max(TOLERATED, self.uncertainty)


@dataclass(frozen=True, slots=True)
class Charges:
    """What a day costs: what was used, and its share of the month's fixed charge."""

    used: Decimal
    fixed: Decimal = _ZERO
    monthly: Decimal = _ZERO
    """The fixed charge of the whole month."""

    @property
    def whole(self) -> Decimal:
        """Both of the day together."""
        return self.used + self.fixed


class _Taken(NamedTuple):
    """What a day took from the balance."""

    amount: Decimal
    begin: Decimal
    end: Decimal
    """By how much that may be off where the balance was not looked at just then."""


_Days: TypeAlias = Mapping[date, _Taken]
_CostOf: TypeAlias = Callable[[date], Decimal]


def check_bill(
    utility: Utility,
    balances: Sequence[Balance],
    days: Mapping[date, Charges],
    rises: Iterable[tuple[datetime, datetime]],
) -> BillCheck | None:
    """Compare the last days that are sure; None without ten of them.

    `days` are those whose costs are known; `rises` is between which looks the balance moved by a
    top-up, or anything else beside use.
    """
    if not days or len(balances) < 2:
        return None
    lost = _Lost(balances, [*rises])
    begins = {day: brunei_midnight(day).timestamp() for day in days}
    best: tuple[Decimal, timedelta, _Days] | None = None
    lags = _LAGS[utility]
    # Some of these delays may lack so many days at the ends: none is preferred for having more.
    enough = ENOUGH + (lags[-1] - lags[0]) // _DAY
    used, whole = _costs_of(days)
    for lag in lags:
        after = lag.total_seconds()
        all_taken = ((day, lost.on(begin, after)) for day, begin in begins.items())
        seen = {day: amount for day, amount in all_taken if amount is not None}
        if len(seen) < enough:
            continue
        seen = dict(sorted(seen.items())[-_MOST:])  # by time
        taken = _alike(seen, whole)
        cost = sum(map(used, taken), _ZERO)
        if len(taken) < ENOUGH or cost <= 0:
            continue
        noise = _noise(taken, used)
        if best is None or (noise, abs(lag)) < best[:2]:
            best = noise, abs(lag), seen
    return _compare(best[2], days) if best else None


def _costs_of(days: Mapping[date, Charges]) -> tuple[_CostOf, _CostOf]:
    """Return what gives a day's cost by its use alone, and with its share of fixed charges."""
    return lambda day: days[day].used, lambda day: days[day].whole


def _alike(taken: _Days, cost_of: _CostOf) -> _Days:
    """Return the days that were about as expensive as all; a correction or an instalment is not.

    Where many are unlike the others, as with a tier that ends elsewhere, all count.
    """
    costs = {day: cost_of(day) for day in taken}
    ratio = median([taken[day].amount / cost for day, cost in costs.items() if cost] or [_ZERO])
    alike = {
        day: one
        for day, one in taken.items()
        if abs(one.amount - ratio * costs[day]) <= max(_BESIDE, ratio * costs[day] / 2)
    }
    return alike if len(taken) - len(alike) <= _APART else taken


def _compare(seen: _Days, days: Mapping[date, Charges]) -> BillCheck:
    """Compare with the tariff; when the portal takes fixed charges is found out by what fits.

    That is day by day, or at once on a day that is left out then. Where both fit, either may be.
    """
    used, whole = _costs_of(days)
    at_once = _checked(_alike(seen, used), used)
    taken = _alike(seen, whole)
    spread = _checked(taken, whole)
    if at_once.cost == spread.cost:
        return at_once
    if any(_is_charge(seen[day].amount, days[day]) for day in seen):
        return at_once
    by_day, by_use = _noise(taken, whole), _noise(taken, used)
    if by_day * 2 < by_use:
        return spread
    first = any(day.day == 1 for day in seen)  # it would have been taken on that day, as it seems
    if by_use * 2 < by_day and not first:
        return at_once
    nearer = min(spread, at_once, key=lambda check: abs(check.difference))
    either = abs(spread.difference - at_once.difference)
    return replace(nearer, uncertainty=max(nearer.uncertainty, either))


def _is_charge(amount: Decimal, charges: Charges) -> bool:
    """Return whether a day took the fixed charge of its whole month."""
    monthly = charges.monthly
    return bool(monthly) and abs(amount - charges.used - monthly) <= monthly / 10


def _checked(taken: _Days, cost_of: _CostOf) -> BillCheck:
    cost = sum((cost_of(day) for day in taken), _ZERO)
    lost = sum((one.amount for one in taken.values()), _ZERO)
    firsts = [day for day in taken if day - _DAY not in taken]
    lasts = [day for day in taken if day + _DAY not in taken]
    ends = [*(taken[day].begin for day in firsts), *(taken[day].end for day in lasts)]
    off = _noise(taken, cost_of) + 2 * _CENT
    # A stretch begins and ends some time late, which matters where days cost more and more.
    more = sum((abs(cost_of(a) - cost_of(b)) for a, b in zip(firsts, lasts, strict=True)), _ZERO)
    unseen = sum((end * end for end in ends), _ZERO).sqrt()
    uncertain = off * Decimal(len(firsts)).sqrt() + more * Decimal(_LATE / _DAY) + unseen
    return BillCheck(min(taken), max(taken), lost, cost, uncertain / cost)


def _noise(taken: _Days, cost_of: _CostOf) -> Decimal:
    """Return by how much (BND) a day is off, but for one: as much as its two ends are."""
    costs = {day: cost_of(day) for day in taken}
    ratio = sum((one.amount for one in taken.values()), _ZERO) / sum(costs.values(), _ZERO)
    return sorted(abs(one.amount - ratio * costs[day]) for day, one in taken.items())[-2]


class _Lost:
    """What days took from a balance; moments in seconds of the epoch, as there are many."""

    def __init__(
        self, balances: Sequence[Balance], rises: Sequence[tuple[datetime, datetime]]
    ) -> None:
        self._amounts = [balance.amount for balance in balances]
        self._seen = [balance.seen_at.timestamp() for balance in balances]
        self._until = [balance.as_of.timestamp() for balance in balances]
        self._rises = [(since.timestamp(), at.timestamp()) for since, at in rises]

    def on(self, begin: float, lag: float) -> _Taken | None:
        """Return what the day that begins then took, some time later; None if that is not sure."""
        first, last = begin + lag, begin + lag + _DAY_SECONDS
        for since, at in self._rises:
            if since < last and at > first:
                return None
        before, after = self._at(first), self._at(last)
        if before is None or after is None:
            return None
        return _Taken(before[0] - after[0], before[1], after[1])

    def _at(self, moment: float) -> tuple[Decimal, Decimal] | None:
        """Return the balance at a moment, and by how much that may be off."""
        place = bisect_right(self._seen, moment) - 1
        if place < 0:
            return None
        if self._until[place] >= moment:
            return self._amounts[place], _ZERO
        if place + 1 == len(self._seen):
            return None
        if self._seen[place + 1] - self._until[place] > UNSEEN.total_seconds():
            return None
        return self._amounts[place], abs(self._amounts[place] - self._amounts[place + 1])

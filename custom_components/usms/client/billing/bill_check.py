"""The check of the bill: what some days took from the balance, beside what the tariff says.

Pure. Money is BND. Compared are days between two balances that are sure: all readings known, and
no rise of the balance near.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from ..brunei import brunei_midnight
from ..models import Balance, Utility

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
_UNSEEN: Final = timedelta(hours=9)
"""A balance that was not looked at for longer around a day's end says nothing of that day."""
_LAGS: Final = {
    Utility.ELECTRICITY: [timedelta(hours=n) for n in range(7)],
    Utility.WATER: [timedelta(hours=n) for n in range(-24, 37)],
}
"""How long after a day's end its use may lower the balance; below 0: before."""


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


def check_bill(
    utility: Utility,
    balances: Sequence[Balance],
    days: Mapping[date, Charges],
    rises: Iterable[tuple[datetime, datetime]],
) -> BillCheck | None:
    """Compare the last days that are sure; None without ten of them.

    `days` are those of which all readings are known; `rises` is between which looks the balance
    rose: by a top-up or anything else.
    """
    if not days or len(balances) < 2:
        return None
    lost = _Lost(balances, [*rises])
    begins = {day: brunei_midnight(day).timestamp() for day in days}
    best: tuple[Decimal, timedelta, dict[date, Decimal]] | None = None
    for lag in _LAGS[utility]:
        after = lag.total_seconds()
        all_taken = ((day, lost.on(begin, after)) for day, begin in begins.items())
        taken = {day: amount for day, amount in all_taken if amount is not None}
        taken = dict(sorted(taken.items())[-_MOST:])  # by time
        cost = sum((days[day].used for day in taken), _ZERO)
        if len(taken) < ENOUGH or cost <= 0:
            continue
        noise = _noise(taken, lambda day: days[day].used, sum(taken.values(), _ZERO) / cost)
        if best is None or (noise, abs(lag)) < best[:2]:
            best = noise, abs(lag), taken
    slack = Decimal((lost.widest + _LATE) / _DAY)
    return _compare(best[2], days, slack) if best else None


def _compare(
    taken: Mapping[date, Decimal], days: Mapping[date, Charges], slack: Decimal
) -> BillCheck:
    """Compare with the tariff; when the portal takes fixed charges is found out by what fits."""
    whole = {
        day: amount
        for day, amount in taken.items()
        if not days[day].monthly
        or abs(amount - days[day].used - days[day].monthly) > days[day].monthly / 10
    }
    at_once = _checked(whole, lambda day: days[day].used, slack)
    spread = _checked(taken, lambda day: days[day].used + days[day].fixed, slack)
    return min(spread, at_once, key=lambda check: abs(check.difference))


def _checked(
    taken: Mapping[date, Decimal], cost_of: Callable[[date], Decimal], slack: Decimal
) -> BillCheck:
    """Compare; `slack` is by how many days the ends may be of another moment."""
    cost = sum((cost_of(day) for day in taken), _ZERO)
    lost = sum(taken.values(), _ZERO)
    firsts = [day for day in taken if day - _DAY not in taken]
    lasts = [day for day in taken if day + _DAY not in taken]
    off = _noise(taken, cost_of, lost / cost) + 2 * _CENT
    # A stretch begins and ends some time late, which matters where days cost more and more.
    more = sum((abs(cost_of(a) - cost_of(b)) for a, b in zip(firsts, lasts, strict=True)), _ZERO)
    uncertain = off * Decimal(len(firsts)).sqrt() + more * slack
    return BillCheck(min(taken), max(taken), lost, cost, uncertain / cost)


def _noise(
    taken: Mapping[date, Decimal], cost_of: Callable[[date], Decimal], ratio: Decimal
) -> Decimal:
    """Return by how much (BND) a day is off, but for one: as much as its two ends are."""
    return sorted(abs(amount - ratio * cost_of(day)) for day, amount in taken.items())[-2]


class _Lost:
    """What days took from a balance; moments in seconds of the epoch, as there are many."""

    def __init__(
        self, balances: Sequence[Balance], rises: Sequence[tuple[datetime, datetime]]
    ) -> None:
        self._amounts = [balance.amount for balance in balances]
        self._seen = [balance.seen_at.timestamp() for balance in balances]
        self._until = [balance.as_of.timestamp() for balance in balances]
        self._rises = [(since.timestamp(), at.timestamp()) for since, at in rises]
        self._unseen = 0.0

    @property
    def widest(self) -> timedelta:
        """The longest time between two looks around a day's end."""
        return timedelta(seconds=self._unseen)

    def on(self, begin: float, lag: float) -> Decimal | None:
        """Return what the day that begins then took, some time later; None if that is not sure."""
        first, last = begin + lag, begin + lag + _DAY_SECONDS
        for since, at in self._rises:
            if since < last and at > first:
                return None
        before, after = self._at(first), self._at(last)
        return None if before is None or after is None else before - after

    def _at(self, moment: float) -> Decimal | None:
        place = bisect_right(self._seen, moment) - 1
        if place < 0:
            return None
        if self._until[place] >= moment:
            return self._amounts[place]
        if place + 1 == len(self._seen):
            return None
        unseen = self._seen[place + 1] - self._until[place]
        if unseen > _UNSEEN.total_seconds():
            return None
        self._unseen = max(self._unseen, unseen)
        return self._amounts[place]

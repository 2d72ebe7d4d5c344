"""What a balance went through, and what should have gone from it by the tariff.

Pure. Money is BND; of what there is much it is in whole millionths, and moments are seconds since
1970. The portal shows a balance and no entries: what was used lowers it some time later, in steps
of its own, and between two looks anything may have happened.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise, product
from operator import add, sub
from statistics import median
from typing import Final, NamedTuple

from ..brunei import BRUNEI, brunei_midnight
from ..consumption import DayReadings
from ..models import Balance, Utility
from .day_shape import shape_of
from .precision import as_amount
from .schedule import RunningBill, TariffSchedule

MILLION: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, 8, tzinfo=BRUNEI)
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_LAGS: Final = {
    _HOUR: [_HOUR / 2 * n for n in range(13)],
    _DAY: [_HOUR * n for n in range(-24, 37)],
}
"""How long after its end an hour or a day may lower the balance; below 0: before."""
_EXACT: Final = 15_000
"""Millionths to which a step is explained where the delay is always the same: it shows cents."""
_ZERO: Final = Decimal(0)
_LATELY: Final = 14 * _DAY


@dataclass(frozen=True, slots=True)
class Shown:
    """Balances by time: side by side, as there are many."""

    seen: Sequence[float]
    """When each was first seen."""
    until: Sequence[float]
    """When it was last seen."""
    amounts: Sequence[int]
    """Millionths."""

    @classmethod
    def of(cls, balances: Sequence[Balance]) -> Shown:
        """Return balances as they are kept here."""
        return cls(
            [(balance.seen_at - _EPOCH).total_seconds() for balance in balances],
            [(balance.as_of - _EPOCH).total_seconds() for balance in balances],
            [_millionths(balance.amount) for balance in balances],
        )

    @property
    def steps(self) -> Iterator[tuple[float, float, int]]:
        """How they moved between two looks: when one was last seen, the next first; by how much."""
        changes = map(sub, self.amounts[1:], self.amounts)
        return zip(self.until, self.seen[1:], changes, strict=False)


class Moved(NamedTuple):
    """What moved a balance beside use between two looks, as far as is known (BND)."""

    since: datetime
    """When the one before was last seen."""
    at: datetime
    """When the next was first seen."""
    low: Decimal
    expected: Decimal
    high: Decimal


class Costs:
    """What was used costs, added up by time, and when that lowers the balance."""

    def __init__(self) -> None:
        """Begin before anything was used."""
        self.span, self.published = _DAY, 0.0
        """How long the last was; before when all that had ended is known, but for holes."""
        self.early, self.late, self.usual = 0.0, 3 * _HOUR, 0.0
        """How long after its end use lowers the balance: between these, and on the whole."""
        self.fixed = 0, 0
        """How much of a fixed charge goes day by day, at least and at most: none where at once."""
        self.per_day = _ZERO
        """What the use of a day costs on average (BND)."""
        self._ends: list[float] = []
        self._low, self._high = ([0], [0]), ([0], [0])
        """Without fixed charges, and with them day by day."""

    def price(self, days: Sequence[DayReadings], schedule: TariffSchedule, now: datetime) -> None:
        """Price what was used until now, by time; without what was before the first.

        What is not known is between nothing and twice what is usual at that hour, and the month's
        tiers run on with that: so what comes after it may be uncertain, too.
        """
        known = {day.day: _parts(day) for day in days}
        whole = [amount for day in days if (amount := day.whole) is not None]
        twice, shape = 2 * float(sum(whole)) / max(len(whole), 1), shape_of(days)
        day, finest = min(known), max(map(len, known.values()))
        usual = [as_amount(twice * (shape.of(n) if finest > 1 else 1)) for n in range(finest)]
        begin, until = days[0].rows[0].start.timestamp(), now.timestamp()
        low, high, fixed = list[int](), list[int](), list[int]()
        least = most = RunningBill(schedule)
        least.use(day - timedelta(days=1), _ZERO)  # the charges of the days before are none of its
        while (end := brunei_midnight(day).timestamp()) < until:
            parts, charge = known.get(day) or [None] * finest, schedule.charges(day, day).fixed
            self.span = _DAY / len(parts)
            if day.day == 1:
                most = least  # tiers begin anew
            for amount, expected in zip(parts, usual, strict=False):
                end += self.span
                if not begin < end < until + self.span:
                    continue
                if amount is None and most is least:
                    most = copy(least)
                cost = dear = _millionths(least.use(day, amount or _ZERO) - charge)
                if most is not least:
                    much = expected if amount is None else amount
                    cost, dear = sorted((cost, _millionths(most.use(day, much) - charge)))
                self._ends.append(end)
                low.append(cost)
                high.append(dear)
                fixed.append(_millionths(charge) if charge else 0)
                charge = _ZERO
                if amount is not None:
                    self.published = end + self.span
            day += timedelta(days=1)
        self._low, self._high = (
            ([*accumulate(one, initial=0)], [*accumulate(map(add, one, fixed), initial=0)])
            for one in (low, high)
        )
        self.fixed = 0, int(any(fixed))
        days_long = Decimal((self._ends[-1] - begin) / _DAY)
        self.per_day = bnd(self._low[0][-1] + self._high[0][-1]) / 2 / days_long

    def learn(self, shown: Shown) -> None:
        """Find what explains best how the balance moved: the delay, and when fixed charges go.

        The portal does not say what that is, and water differs from electricity.
        """
        lately = shown.seen[-1] - _LATELY
        falls = [step for step in shown.steps if step[2] < 0 and step[1] > lately]
        if not self._ends or not falls:
            return

        by, ends = bisect_right, self._ends

        def off_by(lag: float, fixed: int) -> list[int]:
            sums = self._low[fixed]
            return [
                change + sums[by(ends, at - lag)] - sums[by(ends, since - lag)]
                for since, at, change in falls
                if at - lag < self.published
            ]

        def misfit(way: tuple[float, int]) -> tuple[float, float, int]:
            off = sorted(map(abs, off_by(*way)))
            # What top-ups have hidden is the same with each delay.
            few = len(off) - len(off) // 3
            return sum(off[:few]) / max(few, 1), abs(way[0]), sum(off)

        lags = _LAGS[self.span]
        # A fall may take all that was used since the one before: some portals lower in batches.
        apart = median([after - at for (_, at, _), (_, after, _) in pairwise(falls)] or [0.0])
        self.usual, fixed = min(product(lags, range(self.fixed[1] + 1)), key=misfit)
        self.late = max(lags[-1], apart)
        off = sorted(off_by(self.usual, fixed), key=abs)
        off = off[: len(off) - len(off) // 50]
        if off and abs(off[-1]) <= _EXACT:
            self.early = self.late = self.usual
            if abs(sum(off)) <= 10 * _EXACT:  # else some may go hour by hour, a cent each
                self.fixed = fixed, fixed

    def between(self, since: float, until: float) -> tuple[Decimal, Decimal]:
        """Return what was used between two moments costs (BND), at least and at most."""
        first, last = bisect_right(self._ends, since), bisect_right(self._ends, until)
        low, high = self._low[0], self._high[0]
        return bnd(low[last] - low[first]), bnd(high[last] - high[first])

    @property
    def delays(self) -> list[timedelta]:
        """How long after midnight a day, and no more, may have lowered the balance."""
        # That is while the next hour or day goes on; what is lowered in batches is so on the hour.
        usual = timedelta(seconds=self.usual + self.span / 2)
        hours = [timedelta(hours=n) for n in range(7)]
        return [usual] if self.early == self.late else [usual, *hours]

    def most(self, since: datetime, until: datetime) -> Decimal:
        """Return what use may have taken at most between two moments (BND)."""
        _, _, most = self.taken(since.timestamp(), until.timestamp())
        return max(bnd(most), 2 * self.per_day * Decimal((until - since) / timedelta(days=1)))

    def taken(self, since: float, at: float) -> tuple[int, int, int]:
        """Return what use may have taken between two looks: at least, on the whole and at most."""
        by, ends = bisect_right, self._ends
        low, high = self._low[self.fixed[0]], self._high[self.fixed[1]]
        first, last = by(ends, since - self.usual), by(ends, at - self.usual)
        usual = (low[last] - low[first] + high[last] - high[first]) // 2
        least = low[by(ends, at - self.late)] - low[by(ends, since - self.early)]
        most = high[by(ends, at - self.early)] - high[by(ends, since - self.late)]
        return min(max(least, 0), usual), usual, max(most, usual)

    def beside(self, since: float, at: float, change: int) -> Moved:
        """Return what may have moved the balance beside use in a step."""
        low, usual, high = (bnd(change + used) for used in self.taken(since, at))
        return Moved(moment(since), moment(at), low, usual, high)


@dataclass(frozen=True, slots=True)
class Book:
    """What a meter's balance went through, and what it should have."""

    meter: str
    utility: Utility
    shown: Shown
    costs: Costs


def _parts(day: DayReadings) -> Sequence[Decimal | None]:
    """Return what each hour of a day used, else the day; None where that is not known."""
    hours = {hour.start.hour: hour.value for hour in day.hours}
    return [hours.get(hour) for hour in range(24)] if hours else [day.total]


def _millionths(amount: Decimal) -> int:
    return round(MILLION * amount)


def bnd(millionths: int) -> Decimal:
    """Return an amount as it is shown and stored."""
    return Decimal(millionths) / MILLION


def moment(seconds: float) -> datetime:
    """Return a moment as others have it."""
    return datetime.fromtimestamp(seconds, BRUNEI)

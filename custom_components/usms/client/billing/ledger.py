"""What a balance went through, and what should have gone from it by the tariff.

Pure. Money is BND; of what there is much it is in whole millionths, and moments are seconds since
1970. The portal shows a balance and no entries: what was used lowers it some time later, in steps
of its own, and between two looks anything may have happened.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise, product
from operator import add
from statistics import median
from typing import Final, NamedTuple

from ..brunei import brunei_midnight, brunei_moment
from ..consumption import DayReadings
from ..models import Utility
from .balances import Shown
from .day_shape import shape_of
from .precision import as_amount, bnd, millionths
from .schedule import RunningBill, TariffSchedule

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_HALF: Final = _HOUR / 2
_LAGS: Final = {
    _HOUR: [_HALF * n for n in range(13)],
    _DAY: [_HOUR * n for n in range(-24, 37)],
}
"""How long after its end an hour or a day may lower the balance; below 0: before."""
_EXACT: Final = 15_000
"""Millionths to which a step is explained where the delay is always the same: it shows cents."""
_ZERO: Final = Decimal(0)
_LATELY: Final = 14 * _DAY


class Moved(NamedTuple):
    """What moved a balance beside use from one look to the next, as far as is known (BND)."""

    since: datetime
    at: datetime
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
        known = {day.day: day.parts for day in days}
        whole = [amount for day in days if (amount := day.whole) is not None]
        twice, shape = 2 * float(sum(whole)) / max(len(whole), 1), shape_of(days)
        day, finest = min(known), max(map(len, known.values()))
        usual = [as_amount(twice * (shape.of(n) if finest > 1 else 1)) for n in range(finest)]
        begin, until = days[0].rows[0].start.timestamp(), now.timestamp()
        ends, low, high, fixed = self._ends, list[int](), list[int](), list[int]()
        least = most = RunningBill(schedule)
        least.use(day - timedelta(days=1), _ZERO)  # the charges of the days before are none of its
        while (end := brunei_midnight(day).timestamp()) < until:
            parts, charge = known.get(day) or [None] * finest, schedule.charges(day, day).fixed
            self.span = span = _DAY / len(parts)
            if day.day == 1:
                most = least  # tiers begin anew
            for amount, expected in zip(parts, usual, strict=False):
                end += span
                if not begin < end < until + span:
                    continue
                if amount is None and most is least:
                    most = copy(least)
                cost = dear = millionths(least.use(day, amount or _ZERO) - charge)
                if most is not least:
                    much = expected if amount is None else amount
                    cost, dear = sorted((cost, millionths(most.use(day, much) - charge)))
                if amount is not None:
                    self.published = end + span
                ends.append(end)
                low.append(cost)
                high.append(dear)
                fixed.append(millionths(charge) if charge else 0)
                charge = _ZERO
            day += timedelta(days=1)
        self._low, self._high = (
            ([*accumulate(one, initial=0)], [*accumulate(map(add, one, fixed), initial=0)])
            for one in (low, high)
        )
        self.fixed = 0, int(any(fixed))
        if ends:
            self.per_day = bnd(sum(low) + sum(high)) / 2 / Decimal((ends[-1] - begin) / _DAY)

    def learn(self, shown: Shown) -> None:
        """Find what explains best how the balance moved: the delay, and when fixed charges go.

        The portal does not say what that is, and water differs from electricity.
        """
        lately, ends, lags = shown.seen[-1] - _LATELY, self._ends, _LAGS[self.span]
        falls = [step for step in shown.steps if step[2] < 0 and step[1] > lately]
        if not ends or not falls:
            return

        # Hours and days end on the hour, and delays are half hours: so is what lies between.
        times, begin = [at for _, at, _ in falls], falls[0][0] - lags[-1]
        begin = ends[0] + (begin - ends[0]) // _HALF * _HALF
        halves = range(int((times[-1] - lags[0] - begin) // _HALF) + 1)
        places = [bisect_right(ends, begin + half * _HALF) for half in halves]
        sums = [[low[place] for place in places] for low in self._low]
        seen = [(int((s - begin) // _HALF), int((at - begin) // _HALF), by) for s, at, by in falls]

        def off_by(lag: float, fixed: int) -> list[int]:
            used, late = sums[fixed], int(lag // _HALF)
            known = seen[: bisect_left(times, self.published + lag)]
            return [by + used[at - late] - used[since - late] for since, at, by in known]

        def misfit(way: tuple[float, int]) -> tuple[float, float, int]:
            off = sorted(map(abs, off_by(*way)))
            # What top-ups have hidden is the same with each delay.
            few = len(off) - len(off) // 3
            return sum(off[:few]) / max(few, 1), abs(way[0]), sum(off)

        # A fall may take all that was used since the one before: some portals lower in batches.
        apart = median([after - at for at, after in pairwise(times)] or [0.0])
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
        least, most = low[last] - low[first], high[last] - high[first]
        usual = (least + most) // 2
        if self.early < self.late:
            least = low[by(ends, at - self.late)] - low[by(ends, since - self.early)]
            most = high[by(ends, at - self.early)] - high[by(ends, since - self.late)]
        return min(max(least, 0), usual), usual, max(most, usual)

    def beside(self, since: float, at: float, change: int) -> Moved:
        """Return what may have moved the balance beside use in a step."""
        low, usual, high = (bnd(change + used) for used in self.taken(since, at))
        return Moved(brunei_moment(since), brunei_moment(at), low, usual, high)


@dataclass(frozen=True, slots=True)
class Book:
    """What a meter's balance went through, and what it should have."""

    meter: str
    utility: Utility
    shown: Shown
    costs: Costs

"""What a balance went through, and what should have gone from it by the tariff.

Pure. Money is BND. The portal shows a balance and no entries: what was used lowers it some time
later, in steps of its own, and between two looks anything may have happened.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise
from statistics import median
from typing import Final, NamedTuple

from ..brunei import brunei_date
from ..models import Balance, Reading, Resolution
from .schedule import RunningBill, TariffSchedule

_LAGS: Final = {
    False: [timedelta(minutes=30 * n) for n in range(13)],
    True: [timedelta(hours=n) for n in range(-24, 37)],
}
"""How long after its end a reading may lower the balance, hours and days; below 0: before."""
_EXACT: Final = Decimal("0.015")
"""BND to which a step is explained where the delay is always the same: the balance shows whole
cents."""
_ALIKE: Final = Decimal("0.05")
"""By which share the balance may lose more or less than the tariff says for the same price."""
_WEEK: Final = 5
"""Days from which the portal's price is learned."""
_ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_SPAN: Final = {Resolution.HOUR: timedelta(hours=1), Resolution.DAY: timedelta(days=1)}
_LATELY: Final = timedelta(days=14)
UNSEEN: Final = timedelta(hours=9)
"""A balance that was not looked at for longer says nothing of those days."""
_DAY: Final = timedelta(days=1)


class Step(NamedTuple):
    """A balance that moved between two looks."""

    since: datetime
    """When the one before was last seen."""
    at: datetime
    """When the next was first seen."""
    change: Decimal


def steps(balances: Sequence[Balance]) -> Iterator[Step]:
    """Yield how the balance moved, by time."""
    for before, after in pairwise(balances):
        yield Step(before.as_of, after.seen_at, after.amount - before.amount)


class Between(NamedTuple):
    """What was used between two looks, by the tariff (BND)."""

    low: Decimal
    expected: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Used:
    """A reading, priced: what it costs as the next of its month."""

    end: datetime
    cost: Decimal
    span: timedelta = _SPAN[Resolution.HOUR]


@dataclass(slots=True)
class Costs:
    """What readings cost, added up by time, and when that lowers the balance."""

    used: Sequence[Used]
    """By time, without what was before the first."""
    early: timedelta = timedelta(0)
    late: timedelta = timedelta(hours=3)
    usual: timedelta = timedelta(0)
    """How long after its end a reading lowers the balance: between these, and on the whole."""
    _ends: list[datetime] = field(init=False)
    _sums: list[Decimal] = field(init=False)

    def __post_init__(self) -> None:
        """Add up."""
        self._ends = [piece.end for piece in self.used]
        self._sums = list(accumulate((piece.cost for piece in self.used), initial=_ZERO))

    @classmethod
    def learnt(cls, used: Sequence[Used], moved: Sequence[Step]) -> Costs:
        """Return what readings cost, with the delay that explains best how the balance moved.

        The portal does not say what that is, and water differs from electricity. Where the balance
        loses more or less than the tariff says, day after day, that is what they cost here.
        """
        costs = cls(used)
        # In seconds of the epoch, as there are many.
        lately = [
            (step.since.timestamp(), step.at.timestamp(), step.change)
            for step in moved
            if step.change < 0 and moved[-1].at - step.at < _LATELY
        ]
        ends = [piece.end.timestamp() for piece in used]
        published = ends[-1] + used[-1].span.total_seconds() if used else 0.0
        daily = bool(used) and used[-1].span >= _DAY
        lags = _LAGS[daily]
        costs.late = lags[-1]

        def errors(lag: timedelta) -> list[Decimal]:
            late, sums = lag.total_seconds(), costs._sums
            return sorted(
                abs(
                    change
                    + sums[bisect_right(ends, at - late)]
                    - sums[bisect_right(ends, since - late)]
                )
                for since, at, change in lately
                if at - late < published
            )

        def off(lag: timedelta) -> tuple[Decimal, timedelta]:
            # What top-ups have hidden is the same with each delay.
            pieces = errors(lag)
            pieces = pieces[: len(pieces) - len(pieces) // 3]
            return sum(pieces, _ZERO) / max(len(pieces), 1), abs(lag)

        if used and lately:
            costs.usual = min(lags, key=off)
            taken = costs._ratio(moved, ends, published)
            costs._sums = [cost * taken for cost in costs._sums]
            off_by = errors(costs.usual)
            if off_by and off_by[-1 - len(off_by) // 50] <= _EXACT:
                costs.early = costs.late = costs.usual
        return costs

    def _ratio(self, moved: Sequence[Step], ends: Sequence[float], published: float) -> Decimal:
        """Return which share of the tariff's price the balance loses on most days; about 1 is 1.

        Top-ups that use has hidden, and charges beside the consumption, are of single days. Days
        count on which the balance did not rise and was looked at all the time.
        """
        late, sums = self.usual.total_seconds(), self._sums
        lately = [step for step in moved if moved[-1].at - step.at < _LATELY]
        lost: dict[int, Decimal] = {}
        left_out: set[int] = set()
        for step in lately:
            since, day = _day(step.since), _day(step.at)
            lost[day] = lost.get(day, _ZERO) - step.change
            if step.change > 0 or step.at - step.since > UNSEEN:
                left_out.update(range(since, day + 1))
        ratios, all_lost, all_cost = list[Decimal](), _ZERO, _ZERO
        for day in range(min(lost) + 1, max(lost)):
            begin = day * _DAY.total_seconds() - late
            end = begin + _DAY.total_seconds()
            cost = sums[bisect_right(ends, end)] - sums[bisect_right(ends, begin)]
            if day in left_out or end >= published or cost < 4 * _EXACT:
                continue
            ratios.append(lost.get(day, _ZERO) / cost)
            all_lost, all_cost = all_lost + lost.get(day, _ZERO), all_cost + cost
        ratios.sort()
        fifth = len(ratios) // 5
        if len(ratios) < _WEEK or ratios[fifth] - _ALIKE <= 1 <= ratios[-1 - fifth] + _ALIKE:
            return _ONE
        usual, whole = median(ratios), all_lost / all_cost
        return usual if abs(usual - whole) <= whole / 5 else _ONE

    def is_published(self, moment: datetime) -> bool:
        """Return whether all readings that ended by then are known."""
        return bool(self._ends) and moment < self._ends[-1] + self.used[-1].span

    def until(self, moment: datetime) -> Decimal:
        """Return the cost of the readings that ended by then."""
        return self._sums[bisect_right(self._ends, moment)]

    @property
    def per_day(self) -> Decimal:
        """What a day cost lately."""
        if not self._ends:
            return _ZERO
        begin = max(self._ends[-1] - _LATELY, self._ends[0] - self.used[0].span)
        days = Decimal((self._ends[-1] - begin) / _DAY)
        return (self._sums[-1] - self.until(begin)) / days

    def _hole(self, step: Step) -> Decimal:
        """Return how many days within a step have no readings, though later ones are there."""
        if not self._ends or self.used[-1].span >= _DAY or not self.is_published(step.at):
            return _ZERO
        hours = bisect_right(self._ends, step.at) - bisect_right(self._ends, step.since)
        lacked = (step.at - step.since) - hours * self.used[-1].span
        return Decimal(lacked / _DAY) if lacked > 2 * self.used[-1].span else _ZERO

    def most(self, since: datetime, until: datetime) -> Decimal:
        """Return what use may have taken at most between two moments (BND)."""
        usual = 2 * self.per_day * Decimal((until - since) / _DAY)
        return max(self.between(Step(since, until, _ZERO)).high, usual)

    def between(self, step: Step) -> Between:
        """Return what may have lowered the balance in a step.

        What is not published costs up to twice as much as was usual lately.
        """
        early, late = self.early, self.late
        low = max(self.until(step.at - late) - self.until(step.since - early), _ZERO)
        high = self.until(step.at - early) - self.until(step.since - late)
        if hole := self._hole(step):
            high += 2 * hole * self.per_day
            return Between(low, (low + high) / 2, high)
        if self._ends and not self.is_published(step.at - early):
            begin = max(self._ends[-1], step.since - late)
            open_ = Decimal(max(step.at - early - begin, timedelta(0)) / _DAY)
            high += 2 * open_ * self.per_day
            return Between(low, (low + high) / 2, high)
        expected = self.until(step.at - self.usual) - self.until(step.since - self.usual)
        return Between(min(low, expected), expected, max(high, expected))


def _day(moment: datetime) -> int:
    return int(moment.timestamp() // _DAY.total_seconds())


def priced(
    readings: Iterable[tuple[Reading, Resolution]], schedule: TariffSchedule
) -> Iterator[Used]:
    """Price readings, given by time."""
    bill = RunningBill(schedule)
    for reading, resolution in readings:
        cost = bill.use(brunei_date(reading.start), reading.value)
        yield Used(reading.start + _SPAN[resolution], cost, _SPAN[resolution])

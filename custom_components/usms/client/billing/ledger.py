"""What a balance went through, and what should have gone from it by the tariff.

Pure. Money is BND. The portal shows a balance and no entries: what was used lowers it some time
later, in steps of its own, and between two looks anything may have happened.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate, pairwise, product, starmap
from operator import add, attrgetter
from statistics import median
from typing import Final, NamedTuple

from ..brunei import BRUNEI, brunei_date
from ..consumption import DayReadings
from ..models import Balance, Resolution, Utility
from .day_shape import shape_of
from .schedule import RunningBill, TariffSchedule

_HOUR: Final = 3600.0
"""Seconds: so are moments in here, of the epoch, as there are many."""
_DAY: Final = timedelta(days=1)
_SPAN: Final = {Resolution.HOUR: timedelta(hours=1), Resolution.DAY: _DAY}
_LAGS: Final = {
    _SPAN[Resolution.HOUR]: [_HOUR / 2 * n for n in range(13)],
    _DAY: [_HOUR * n for n in range(-24, 37)],
}
"""How long after its end an hour or a day may lower the balance; below 0: before."""
_EXACT: Final = Decimal("0.015")
"""BND to which a step is explained where the delay is always the same: it shows whole cents."""
_ZERO: Final = Decimal(0)
_LATELY: Final = 14 * _DAY


class Step(NamedTuple):
    """A balance that moved between two looks."""

    since: datetime
    """When the one before was last seen."""
    at: datetime
    """When the next was first seen."""
    change: Decimal


class Moved(NamedTuple):
    """A step, and what moved the balance in it beside use, as far as is known (BND)."""

    step: Step
    low: Decimal
    expected: Decimal
    high: Decimal


class Used(NamedTuple):
    """What an hour or a day costs as the next of its month, at least and at most."""

    end: datetime
    span: timedelta
    low: Decimal
    high: Decimal
    fixed: Decimal
    """What comes to that where fixed charges are taken day by day: the share of a day's first."""
    is_known: bool


def priced(days: Sequence[DayReadings], schedule: TariffSchedule, now: datetime) -> Iterator[Used]:
    """Price what was used until now, by time.

    What is not known is between nothing and twice what is usual at that hour, and the month's tiers
    run on with that: so what comes after it may be uncertain, too.
    """
    rows = {row.start: (row.value, _SPAN[day.resolution]) for day in days for row in day.rows}
    if not rows:
        return
    whole = [amount for day in days if (amount := day.whole) is not None]
    twice, shape = 2 * sum(whole, _ZERO) / max(len(whole), 1), shape_of(days)
    at, finest = min(rows), min(span for _, span in rows.values())
    least, most = RunningBill(schedule), RunningBill(schedule)
    last = brunei_date(at) - _DAY
    for bill in (least, most):  # the charges of the days before are none of its
        bill.use(last, _ZERO)
    while at < now:
        amount, span = rows.get(at, (None, finest))
        day, share = brunei_date(at), shape.of(at.astimezone(BRUNEI).hour) if span < _DAY else 1
        much = twice * Decimal(share) if amount is None else amount
        at += span
        fixed = schedule.charges(day, day).fixed if day != last else _ZERO
        last = day
        low, high = sorted((least.use(day, amount or _ZERO), most.use(day, much)))
        yield Used(at, span, low - fixed, high - fixed, fixed, amount is not None)


class Costs:
    """What was used costs, added up by time, and when that lowers the balance."""

    def __init__(self, used: Sequence[Used]) -> None:
        """Add up what was used, by time; without what was before the first."""
        self.span = used[-1].span if used else _DAY
        """How long the last was: an hour or a day."""
        self.early, self.late, self.usual = 0.0, 3 * _HOUR, 0.0
        """How long after its end use lowers the balance: between these, and on the whole."""
        self.fixed = 0, 1
        """How much of a fixed charge goes day by day, at least and at most: none where at once."""
        known = [piece for piece in used if piece.is_known]
        self.published = (known[-1].end + known[-1].span).timestamp() if known else 0.0
        """Before this, all that had ended is known, but for holes."""
        self._ends = [piece.end.timestamp() for piece in used]
        self._low, self._high, self._fixed = (
            list(accumulate(map(attrgetter(name), used), initial=_ZERO))
            for name in ("low", "high", "fixed")
        )
        days = Decimal(sum((piece.span for piece in used), timedelta(0)) / _DAY)
        self.per_day = (self._low[-1] + self._high[-1]) / 2 / days if days else _ZERO
        """What the use of a day costs on average."""

    def learn(self, steps: Sequence[Step]) -> None:
        """Find what explains best how the balance moved: the delay, and when fixed charges go.

        The portal does not say what that is, and water differs from electricity.
        """
        falls = [
            (step.since.timestamp(), step.at.timestamp(), step.change)
            for step in steps
            if step.change < 0 and steps[-1].at - step.at < _LATELY
        ]
        if not self._ends or not falls:
            return

        by, ends, with_fixed = bisect_right, self._ends, list(map(add, self._low, self._fixed))

        def fit(lag: float, fixed: int) -> tuple[tuple[Decimal, ...], float, int, list[Decimal]]:
            sums = with_fixed if fixed else self._low
            off_by = sorted(
                (
                    change + sums[by(ends, at - lag)] - sums[by(ends, since - lag)]
                    for since, at, change in falls
                    if at - lag < self.published
                ),
                key=abs,
            )
            total = list(accumulate(map(abs, off_by), initial=_ZERO))
            # What top-ups have hidden is the same with each delay.
            few = len(off_by) - len(off_by) // 3
            return (total[few] / max(few, 1), Decimal(abs(lag)), total[-1]), lag, fixed, off_by

        lags = _LAGS[self.span]
        # A fall may take all that was used since the one before: some portals lower in batches.
        apart = median([after - at for (_, at, _), (_, after, _) in pairwise(falls)] or [0.0])
        ways = (1, 0) if self._fixed[-1] else (1,)
        _, self.usual, fixed, off_by = min(starmap(fit, product(lags, ways)))
        self.late = max(lags[-1], apart)
        off_by = off_by[: len(off_by) - len(off_by) // 50]
        if off_by and abs(off_by[-1]) <= _EXACT:
            self.early = self.late = self.usual
            if abs(sum(off_by, _ZERO)) <= 10 * _EXACT:  # else some may go hour by hour, a cent each
                self.fixed = fixed, fixed

    def between(
        self, since: float, until: float, fixed: tuple[int, int] = (0, 0)
    ) -> tuple[Decimal, Decimal]:
        """Return what was used between two moments costs, at least and at most."""
        first, last = bisect_right(self._ends, since), bisect_right(self._ends, until)
        share = self._fixed[last] - self._fixed[first]
        low, high = self._low[last] - self._low[first], self._high[last] - self._high[first]
        return low + fixed[0] * share, high + fixed[1] * share

    @property
    def delays(self) -> list[timedelta]:
        """How long after midnight a day, and no more, may have lowered the balance."""
        # That is while the next hour or day goes on; what is lowered in batches is so on the hour.
        usual = timedelta(seconds=self.usual) + self.span / 2
        hours = [timedelta(hours=n) for n in range(7)]
        return [usual] if self.early == self.late else [usual, *hours]

    def most(self, since: datetime, until: datetime) -> Decimal:
        """Return what use may have taken at most between two moments (BND)."""
        usual = 2 * self.per_day * Decimal((until - since) / _DAY)
        return max(self.beside(Step(since, until, _ZERO)).high, usual)

    def beside(self, step: Step) -> Moved:
        """Return what may have moved the balance beside use in a step."""
        since, at = step.since.timestamp(), step.at.timestamp()
        low, _ = self.between(since - self.early, at - self.late, self.fixed)
        _, high = self.between(since - self.late, at - self.early, self.fixed)
        usual = sum(self.between(since - self.usual, at - self.usual, self.fixed), _ZERO) / 2
        used = min(max(low, _ZERO), usual), usual, max(high, usual)
        return Moved(step, *(step.change + cost for cost in used))


@dataclass(frozen=True, slots=True)
class Book:
    """What a meter's balance went through, and what it should have."""

    meter: str
    utility: Utility
    balances: Sequence[Balance]
    """By time."""
    steps: Sequence[Step]
    """How it moved."""
    costs: Costs


def steps(balances: Sequence[Balance]) -> Iterator[Step]:
    """Yield how a balance moved, by time."""
    for before, after in pairwise(balances):
        yield Step(before.as_of, after.seen_at, after.amount - before.amount)

"""Simple ways to say what the coming days use, learnt day by day; from daily totals.

Pure floats. A day costs the same to learn, however many there were before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from statistics import fmean, median
from typing import Final

AHEAD: Final = 28
"""Days that a way looks ahead; whole weeks, so that they may be gone through again."""
_MEMORIES: Final = (2, 6, 20, 60)
"""Days over which levels are averaged."""
_USUAL: Final = 14
"""Days over which the level of a home that is not empty is averaged."""
_EMPTY: Final = 0.4
"""Below this share of that level, a second day in a row, the home is empty."""
_MOVED_OUT: Final = 60
"""After so many days an empty home is the usual."""
_CUT: Final = 2.0
"""A day counts as so many times the level at most: one of visitors is no new life."""
_WEEKS: Final = 8
"""Weeks over which the week's pattern is averaged."""


@dataclass(slots=True)
class _Level:
    """What a day uses, as a weighted mean of the days learnt."""

    memory: int
    mean: float = 0.0
    learnt: int = 0

    def learn(self, amount: float, factor: float = 1.0) -> None:
        """Take in a day; `factor` is how much its weekday uses beside others, and so counts."""
        self.learnt += 1
        if factor <= 0:
            return
        level = amount / factor
        if self.learnt > 7 and self.mean > 0:
            level = min(level, _CUT * self.mean)
        self.mean += min(1.0, factor / min(self.memory + 1, self.learnt)) * (level - self.mean)


@dataclass(slots=True)
class Ways:
    """What the days learnt were like."""

    days: list[float] = field(default_factory=list)
    sums: list[float] = field(default_factory=lambda: [0.0])
    """Of the days, one after another."""
    week: list[float] = field(default_factory=lambda: [1.0] * 7)
    """How Monday to Sunday differ, as factors of mean about 1."""
    _learnt: list[int] = field(default_factory=lambda: [0] * 7)
    """How often each was seen."""
    _plain: list[_Level] = field(default_factory=lambda: [_Level(days) for days in _MEMORIES])
    _weekly: list[_Level] = field(default_factory=lambda: [_Level(days) for days in _MEMORIES])
    """Levels; these with the week's pattern taken out."""
    _home: _Level = field(default_factory=lambda: _Level(_USUAL))
    """The level while the home is not empty."""
    _low: list[float] = field(default_factory=list)
    """The last days while they are far below that."""

    def learn(self, amount: float | None, weekday: int) -> None:
        """Take in the next day; None where it is not known."""
        factor = self.week[weekday]
        if amount is None:
            amount = self._home.mean * factor
        self.days.append(amount)
        self.sums.append(self.sums[-1] + amount)
        for level in self._plain:
            level.learn(amount)
        for level in self._weekly:
            level.learn(amount, factor)
        self._learn_home(amount, factor)
        self._learn_week((weekday - 3) % 7)

    def _learn_home(self, amount: float, factor: float) -> None:
        """Take in a day; one that its weekday has at zero says nothing of whether it is empty."""
        if amount < _EMPTY * self._home.mean * factor:
            self._low.append(amount)
        elif amount > 0 or factor > _EMPTY:
            self._low = []
        if len(self._low) >= _MOVED_OUT:
            self._home = _Level(_USUAL, fmean(self._low), _USUAL)
            self._low = []
        elif len(self._low) < 2:
            self._home.learn(amount, factor)

    def _learn_week(self, weekday: int) -> None:
        """Take in how the day three days ago differs from those around it."""
        if len(self.days) < 7 or (around := (self.sums[-1] - self.sums[-8]) / 7) <= 0:
            return
        self._learnt[weekday] += 1
        weight = max(1 / _WEEKS, 1 / (1 + self._learnt[weekday]))
        ratio = min(self.days[-4] / around, 3.0)
        self.week[weekday] += weight * (ratio - self.week[weekday])

    def ahead(self, weekday: int, spans: Sequence[int]) -> list[list[float]]:
        """Return by each way what so many days use from the next on, which is that weekday."""
        factors = [self.week[(weekday + n) % 7] for n in range(7)] * (AHEAD // 7)
        by_week = list(accumulate(factors, initial=0.0))
        weeks = [by_week[span] for span in spans]
        usual = median(self.days[-AHEAD:])
        ways = [[level.mean * span for span in spans] for level in self._plain]
        ways += [[level.mean * share for share in weeks] for level in self._weekly]
        ways.append([usual * span for span in spans])
        ways.append(self._again(spans))
        # A home that has been empty for some days stays so about as long.
        away, home = len(self._low) if self.empty else 0, self._home.mean
        empty = fmean(self._low) if away else 0.0
        ways.append(
            [
                empty * min(span, away) + home * (share - by_week[min(span, away)])
                for span, share in zip(spans, weeks, strict=True)
            ]
        )
        return ways

    @property
    def empty(self) -> bool:
        """Whether the home seems to be empty; then the last of the ways knows best."""
        return len(self._low) > 1

    def _again(self, spans: Sequence[int]) -> list[float]:
        """Return what the days used four weeks before: shifts of a fortnight, and the like."""
        before = len(self.days) - AHEAD
        if before < 0:
            return [self._home.mean * span for span in spans]
        return [self.sums[before + span] - self.sums[before] for span in spans]

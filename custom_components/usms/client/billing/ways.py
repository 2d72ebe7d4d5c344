"""Simple ways to say what the coming days use, learnt day by day; from daily totals.

Pure floats. A day costs the same to learn, however many there were before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
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
_BACK: Final = 0.6
"""Above this share of it, it is lived in again."""
_AWAY: Final = 5
"""After so many days, what was learnt meanwhile says nothing of a home that is lived in again."""
_MOVED_OUT: Final = 60
"""After so many days an empty home is the usual."""
_MOVED_IN: Final = 5.0
"""So many times the level, three days in a row, where it never was so: now it is lived in."""
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
class _Life:
    """What a home uses while it is lived in."""

    week: list[float] = field(default_factory=lambda: [1.0] * 7)
    """How Monday to Sunday differ, as factors of mean about 1."""
    seen: list[int] = field(default_factory=lambda: [0] * 7)
    """How often each was."""
    plain: list[_Level] = field(default_factory=lambda: [_Level(days) for days in _MEMORIES])
    weekly: list[_Level] = field(default_factory=lambda: [_Level(days) for days in _MEMORIES])
    """Levels; these with the week's pattern taken out."""
    usual: _Level = field(default_factory=lambda: _Level(_USUAL))
    """The level without the days on which the home is empty."""
    days: list[float] = field(default_factory=list)
    """The last without those."""

    def learn(self, amount: float, factor: float) -> None:
        """Take in a day."""
        for level in self.plain:
            level.learn(amount)
        for level in self.weekly:
            level.learn(amount, factor)

    def copy(self) -> _Life:
        """Return one that may be learnt apart."""
        return _Life(
            week=list(self.week),
            seen=list(self.seen),
            plain=[replace(level) for level in self.plain],
            weekly=[replace(level) for level in self.weekly],
            usual=replace(self.usual),
            days=list(self.days),
        )

    def learn_usual(self, amount: float, factor: float) -> None:
        """Take in a day on which the home is not empty."""
        self.usual.learn(amount, factor)
        self.days = [*self.days[1 - AHEAD :], amount]


class State(Enum):
    """Whether somebody is at home."""

    LIVED_IN = auto()
    EMPTY = auto()
    """For some days, and about as long again."""
    MOVED_OUT = auto()
    """For so long that it is the usual."""


@dataclass(slots=True)
class Ways:
    """What the days learnt were like."""

    sums: list[float] = field(default_factory=lambda: [0.0])
    """Of the days, one after another."""
    state: State = State.LIVED_IN
    _days: list[float] = field(default_factory=list)
    _life: _Life = field(default_factory=_Life)
    _before: _Life = field(default_factory=_Life)
    """What it was before the home was last empty; nothing where it has been from the first."""
    _low: list[float] = field(default_factory=list)
    """The last days while they are far below the usual."""
    _high: int = 0
    """How many of the last days were far above it."""

    @property
    def moved_in(self) -> int:
        """How many days ago the home, which had been empty from the first, was moved into."""
        begun = self._high > 2 and not self._before.usual.learnt and len(self._days) > self._high
        return self._high if begun else 0

    @property
    def home(self) -> float:
        """What a day uses while the home is lived in."""
        return self._life.usual.mean

    @property
    def week(self) -> Sequence[float]:
        """How Monday to Sunday differ, as factors of mean about 1."""
        return self._life.week

    def learn(self, amount: float | None, weekday: int) -> None:
        """Take in the next day; None where it is not known."""
        factor = self.week[weekday]
        if amount is None:
            amount = self._life.usual.mean * factor
        self._days.append(amount)
        self.sums.append(self.sums[-1] + amount)
        self._look(amount, factor)
        self._life.learn(amount, factor)
        if len(self._low) < 2:
            self._life.learn_usual(amount, factor)
        self._learn_week((weekday - 3) % 7)

    def _look(self, amount: float, factor: float) -> None:
        """Find out whether the home is empty."""
        usual = self._life.usual.mean * factor
        back = _BACK if self.state is State.EMPTY else _EMPTY
        if amount < _EMPTY * usual:
            if not self._low and self.state is State.LIVED_IN:
                self._before = self._life.copy()
            self._low.append(amount)
        elif amount >= back * usual and (amount > 0 or factor > _EMPTY):
            # Where its weekday has it at zero, that says nothing.
            if self.state is State.EMPTY:
                self._return()
            self._low = []
        high = 1 / _EMPTY if self.state is State.MOVED_OUT else _MOVED_IN
        self._high = self._high + 1 if amount > high * usual else 0
        if self.state is State.MOVED_OUT and self._high > 1:
            self._return()
        elif len(self._low) >= _MOVED_OUT:
            self._life.usual = _Level(_USUAL, fmean(self._low), _USUAL)
            self._life.days = self._low[-AHEAD:]
            self._low, self.state = [], State.MOVED_OUT
        elif len(self._low) > 1 and self.state is State.LIVED_IN:
            self.state = State.EMPTY

    def _return(self) -> None:
        """Take up life again; absences of a few days are part of it."""
        if self.state is State.MOVED_OUT or len(self._low) >= _AWAY:
            self._life = self._before
        self._before = self._life.copy()
        self.state = State.LIVED_IN

    def _learn_week(self, weekday: int) -> None:
        """Take in how the day three days ago differs from those around it."""
        if len(self._days) < 7 or (around := (self.sums[-1] - self.sums[-8]) / 7) <= 0:
            return
        seen = self._life.seen
        seen[weekday] += 1
        weight = max(1 / _WEEKS, 1 / (1 + seen[weekday]))
        ratio = min(self._days[-4] / around, 3.0)
        self._life.week[weekday] += weight * (ratio - self.week[weekday])

    def ahead(self, weekday: int, spans: Sequence[int]) -> list[list[float]]:
        """Return by each way what so many days use from the next on, which is that weekday."""
        factors = [self.week[(weekday + n) % 7] for n in range(7)] * (AHEAD // 7)
        by_week = list(accumulate(factors, initial=0.0))
        weeks = [by_week[span] for span in spans]
        life = self._life
        usual = median(life.days) if life.days else 0.0
        ways = [[level.mean * span for span in spans] for level in life.plain]
        ways += [[level.mean * share for share in weeks] for level in life.weekly]
        ways.append([usual * span for span in spans])
        ways.append(self._again(spans))
        # A home that has been empty for some days stays so about as long.
        away = len(self._low) if self.state is State.EMPTY else 0
        empty = fmean(self._low) if away else 0.0
        ways.append(
            [
                empty * min(span, away) + life.usual.mean * (share - by_week[min(span, away)])
                for span, share in zip(spans, weeks, strict=True)
            ]
        )
        return ways

    def _again(self, spans: Sequence[int]) -> list[float]:
        """Return what the days used four weeks before: shifts of a fortnight, and the like."""
        before = len(self._days) - AHEAD
        if before < 0:
            return [self._life.usual.mean * span for span in spans]
        return [self.sums[before + span] - self.sums[before] for span in spans]

"""How a household uses: its level, its week and how far off that was before; from daily totals.

Pure floats: a forecast is no sum of money. Days are those of Brunei, amounts kWh or m³.
`benchmarks/forecast.py` measures what each of these is worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from statistics import fmean, median
from typing import Final

LONGEST: Final = 300
"""How many days back count; older ones say little about the next month."""
_MEMORY: Final = 14
"""Days over which the level is averaged."""
_EMPTY: Final = 0.4
"""Below this share of the level, a second day in a row, the home is empty."""
_MOVED_OUT: Final = 60
"""After so many days an empty home is the usual."""
_FARTHEST: Final = 31
"""Days ahead beyond which errors are taken to grow no more."""
_UNSURE: Final = 0.25
"""By which share an expectation is taken to be off while nothing is known of a household."""


@dataclass(slots=True)
class _Level:
    """What a day uses, learnt day by day; the week's pattern is taken out before."""

    level: float
    learnt: int = 0
    """From how many days, as far as they still count."""
    low: list[float] = field(default_factory=list)
    """The last days while they are far below the level."""

    def learn(self, amount: float) -> None:
        """Take in the next day."""
        if amount < _EMPTY * self.level:
            self.low.append(amount)
        else:
            self.low = []
        if len(self.low) >= _MOVED_OUT:
            self.level, self.learnt, self.low = fmean(self.low), _MEMORY, []
        elif len(self.low) < 2:
            self.learnt = min(self.learnt + 1, _MEMORY)
            self.level += (amount - self.level) / (1 + self.learnt)


@dataclass(frozen=True, slots=True)
class Habits:
    """What is to be expected of a household."""

    oldest: date
    newest: date
    """The first and the last day that is known."""
    level: float
    """What it uses on a usual day."""
    week: tuple[float, ...]
    """How Monday to Sunday differ from that, as factors of mean about 1."""
    away: int
    """For how many days up to the newest the home was empty."""
    empty: float
    """What is used on such a day."""
    _sums: Sequence[float] = field(repr=False)
    """Of the days known, the week's pattern taken out, one after another from 0."""
    _levels: Sequence[float] = field(repr=False)
    """What the level was after each of them."""

    def on(self, day: date) -> float:
        """Return what a day is expected to use; for a past one, what it will have used."""
        # A home that has been empty for some days stays so about as long.
        away = 0 < (day - self.newest).days <= self.away
        return (self.empty if away else self.level) * self.week[day.weekday()]

    def off(self, days: int) -> tuple[float, float]:
        """Return by which shares the use of that many days was off before: 4 of 5 lie between.

        The low one is -1 to 0, the high one 0 or more.
        """
        days = max(1, min(days, _FARTHEST))
        errors = sorted(
            (self._sums[n + days] - self._sums[n]) / (days * self._levels[n - 1]) - 1
            for n in range(1, len(self._levels) - days + 1)
            if self._levels[n - 1] > 0
        )
        # Spans overlap, so what they are worth grows with how many fit side by side.
        trust, low, high = 0.0, 0.0, 0.0
        if errors:
            trust = len(errors) / (len(errors) + 3 * days)
            low, high = errors[len(errors) // 10], errors[-1 - len(errors) // 10]
        return (
            max(-1.0, min(0.0, trust * low - (1 - trust) * _UNSURE)),
            max(0.0, trust * high + (1 - trust) * _UNSURE),
        )


def habits_of(days: Mapping[date, float]) -> Habits | None:
    """Learn how a household uses from its complete days; None without one."""
    if not days:
        return None
    newest = max(days)
    known = sorted(day for day in days if newest - day < timedelta(days=LONGEST))
    amounts = [max(days[day], 0.0) for day in known]
    week = _week(known, amounts)
    plain = [amount / week[day.weekday()] for day, amount in zip(known, amounts, strict=True)]
    level = _Level(median(plain[:7]))
    levels = []
    for amount in plain:
        level.learn(amount)
        levels.append(level.level)
    away = level.low if len(level.low) > 1 else []
    return Habits(
        oldest=known[0],
        newest=newest,
        level=level.level,
        week=week,
        away=len(away),
        empty=fmean(away) if away else 0.0,
        _sums=list(accumulate(plain, initial=0.0)),
        _levels=levels,
    )


def _week(known: Sequence[date], amounts: Sequence[float]) -> tuple[float, ...]:
    """Return by which factor each weekday differs from the days around it; few days count less."""
    ratios: list[list[float]] = [[] for _ in range(7)]
    sums = list(accumulate(amounts, initial=0.0))
    for n in range(3, len(amounts) - 3):
        around = (sums[n + 4] - sums[n - 3]) / 7
        if around > 0:
            ratios[known[n].weekday()].append(amounts[n] / around)
    if min(map(len, ratios)) < 2:
        return (1.0,) * 7
    factors = [median(some) for some in ratios]
    mean = fmean(factors) or 1.0
    return tuple(
        1 + len(some) / (len(some) + 1) * (factor / mean - 1)
        for factor, some in zip(factors, ratios, strict=True)
    )

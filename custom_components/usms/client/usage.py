"""How a household uses: its level, its week and how far off that was before; from daily totals.

Pure floats: a forecast is no sum of money. Days are those of Brunei, amounts kWh or m³.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import accumulate
from math import sqrt
from statistics import fmean, median
from typing import Final

LONGEST: Final = 300
"""How many days back count; older ones say little about the next month."""
_MEMORIES: Final = (5, 12, 30, 90)
"""Days over which the level is averaged: short ones follow a change, long ones ignore chance."""
_TRIAL: Final = 14
"""Days ahead over which they compete."""
_TRIAL_MEMORY: Final = 50.0
_CONTRAST: Final = 8
"""How much more those count that did better lately."""
_OUTLIER: Final = 2.5
"""Spreads from the level beyond which a day counts only as far as that."""
_EMPTY: Final = 0.4
"""Below this share of the level, a second day in a row, nobody is at home."""
_MOVED_OUT: Final = 21
"""After so many days an empty home is the usual."""
_FARTHEST: Final = 31
"""Days ahead beyond which errors are taken to grow no more."""
_TENTH: Final = 1.28
"""Standard deviations beyond which a tenth lies, on either side."""
_WIDER: Final = 1.1
"""Errors that overlap look smaller than they are."""


@dataclass(slots=True)
class _Level:
    """What a day uses, learnt day by day; the week's pattern is taken out before."""

    level: float
    """The averages, each by how well it did."""
    averages: list[float] = field(init=False)
    errors: list[float] = field(default_factory=lambda: [0.3] * len(_MEMORIES))
    """By how much each average was off lately, as a share."""
    spread: float = 0.3
    """By how much a day is off, as a share."""
    learnt: int = 1
    """From how many days."""
    low: list[float] = field(default_factory=list)
    """The last days while they are far below the level."""
    trial: deque[tuple[float, list[float]]] = field(default_factory=lambda: deque(maxlen=_TRIAL))
    """The last days, and the averages after each."""
    trial_sum: float = 0.0

    def __post_init__(self) -> None:
        self.averages = [self.level] * len(_MEMORIES)

    def learn(self, amount: float) -> None:
        """Take in the next day."""
        if self.level <= 0:
            self._begin_anew([amount])
            return
        if amount >= _EMPTY * self.level:
            self.low.clear()
        else:
            self.low.append(amount)
            if len(self.low) >= _MOVED_OUT:
                self._begin_anew(self.low)
                return
            if len(self.low) > 1:
                return
        off = amount / self.level - 1
        most = _OUTLIER * self.spread
        self.spread += (1.25 * min(abs(off), 2 * most) - self.spread) / min(self.learnt + 6, 45)
        amount = self.level * (1 + max(-most, min(most, off)))
        self.averages = [
            average + (amount - average) / (1 + min(self.learnt, memory))
            for average, memory in zip(self.averages, _MEMORIES, strict=True)
        ]
        self.learnt += 1
        self._compare(amount)

    def _compare(self, amount: float) -> None:
        """See how well each average of a fortnight ago has foretold the days since."""
        if len(self.trial) == self.trial.maxlen:
            self.trial_sum -= self.trial[0][0]
            mean = (self.trial_sum + amount) / _TRIAL
            self.errors = [
                error + (abs(mean / average - 1) - error) / _TRIAL_MEMORY
                for error, average in zip(self.errors, self.trial[0][1], strict=True)
            ]
        self.trial_sum += amount
        self.trial.append((amount, self.averages))
        shares = [(error + 0.001) ** -_CONTRAST for error in self.errors]
        pairs = zip(shares, self.averages, strict=True)
        self.level = sum(share * average for share, average in pairs) / sum(shares)

    def _begin_anew(self, days: Sequence[float]) -> None:
        self.level = fmean(days)
        self.averages = [self.level] * len(_MEMORIES)
        self.learnt = len(days)
        self.low = []
        self.trial.clear()
        self.trial_sum = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What is to be expected of a household."""

    oldest: date
    newest: date
    """The first and the last day that is known."""
    level: float
    """What it uses on a usual day."""
    week: tuple[float, ...]
    """How Monday to Sunday differ from that, as factors of mean 1."""
    away: int
    """For how many days up to the newest nobody was at home."""
    empty: float
    """What is used on such a day."""
    spread: float
    """By how much a day is off, as a share."""
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
        # Without many errors of its own, a household is like others: days in a row go together.
        usual = _TENTH * self.spread * sqrt(2.5 / days + 0.05)
        trust, low, high = 0.0, 0.0, 0.0
        if errors:
            trust = len(errors) / (len(errors) + 3 * days)
            low, high = errors[len(errors) // 10], errors[-1 - len(errors) // 10]
        return (
            max(-1.0, min(0.0, _WIDER * trust * low - (1 - trust) * usual)),
            max(0.0, _WIDER * trust * high + (1 - trust) * usual),
        )


def usage_of(days: Mapping[date, float]) -> Usage | None:
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
    return Usage(
        oldest=known[0],
        newest=newest,
        level=level.level,
        week=week,
        away=len(away),
        empty=fmean(away) if away else 0.0,
        spread=level.spread,
        _sums=list(accumulate(plain, initial=0.0)),
        _levels=levels,
    )


def _week(known: Sequence[date], amounts: Sequence[float]) -> tuple[float, ...]:
    """Return by which factor each weekday differs, as far as chance does not explain it."""
    ratios: list[list[float]] = [[] for _ in range(7)]
    sums = list(accumulate(amounts, initial=0.0))
    for n in range(3, len(amounts) - 3):
        around = (sums[n + 4] - sums[n - 3]) / 7
        if around > 0:
            ratios[known[n].weekday()].append(amounts[n] / around)
    if min(map(len, ratios)) < 2:
        return (1.0,) * 7
    factors, noises = zip(*map(_middle, ratios), strict=True)
    mean = fmean(factors)
    between = fmean([(factor - mean) ** 2 for factor in factors])
    trust = max(0.0, 1 - fmean(noises) / between) if between > 0 else 0.0
    return tuple(1 + trust * (factor / mean - 1) for factor in factors)


def _middle(values: list[float]) -> tuple[float, float]:
    """Return the mean without the outer tenths, and the variance of such a mean."""
    values.sort()
    outer = len(values) // 10
    inner = values[outer : len(values) - outer]
    mean = fmean(inner)
    low, high = values[outer], values[-1 - outer]
    variance = fmean([(max(low, min(high, value)) - mean) ** 2 for value in values])
    return mean, variance / len(values) / 0.64

"""How a household uses: simple ways to say so, each as much as it was right in this home.

Pure floats: a forecast is no sum of money. Days are those of Brunei, amounts kWh or m³.
`benchmarks/forecast.py` measures how good it is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import lru_cache
from itertools import pairwise
from math import sqrt
from operator import mul
from statistics import fmean
from typing import Final

from .day_shape import EVEN, DayShape
from .ways import AHEAD, State, Ways

LONGEST: Final = 168
"""How many days back count; older ones say little about the next month."""
_SPANS: Final = (1, 3, 7, 14, 28)
"""Days over which ways are asked, and errors are kept."""
_WIDER: Final = (1.0, 1.0, 1.0, 1.0, 1.15)
"""By how much the ends of their errors are farther than they seem: of four weeks, few were seen."""
_JUDGED: Final = (1, 2, 3)
"""By which of these spans a way is judged."""
_FORGET: Final = 0.985
"""What an error still counts a day later."""
_STRICT: Final = 6
"""A way weighs one over its mean error to that power: half as far off, 64 times the weight."""
_STAYS: Final = 0.5
"""What the way that knows of empty homes weighs in addition while one is."""
_FIRST: Final = 7
"""Days known before a home is judged by itself."""
_OLD: Final = 60
"""Days after which what is known is off by as much again."""
_LAST: Final = LONGEST - AHEAD
"""How many of its errors count: in the first weeks, when ways are new, it is further off."""
_FAR: Final = 180
"""Days beyond the longest span by which its errors grow by as much again."""
_UNEVEN: Final = 0.4
"""How uneven days are after the first: about as in other homes."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Habits:
    """What is to be expected of a household."""

    oldest: date
    newest: date
    """The first and the last day that is known."""
    _path: Sequence[float] = field(repr=False)
    """What each of the next four weeks' days uses."""
    _amounts: Sequence[float | None] = field(repr=False)
    """Of the days from the first to the last."""
    _week: Sequence[float] = field(repr=False)
    """How Monday to Sunday differ, as factors of mean about 1."""
    _errors: Sequence[Sequence[float]] = field(repr=False)
    """By which shares each span was off before, sorted."""
    _uneven: float = field(repr=False)
    """How far days are from their mean, as a share of it."""
    _known: int = field(repr=False)
    """How many days are known."""
    _home: float | None = field(default=None, repr=False)
    """What a day would use were the home not empty for some days; None where it is not."""
    shape: DayShape = EVEN
    """How a day runs."""
    age: int = 0
    """Days between the last one that is known and today."""

    def on(self, day: date) -> float:
        """Return what a day is expected to use; for a past one, what it will have used."""
        ahead = (day - self.newest).days - 1
        if ahead < 0:
            place = len(self._amounts) + ahead
            around = self._amounts[max(0, place - 7) : max(0, place + 8)]
            if known := [amount for amount in around if amount is not None]:
                # Half the week's pattern: of single days it is known roughly.
                return fmean(known) * (1 + self._week[day.weekday()]) / 2
        return self._path[ahead % AHEAD]

    def off(self, days: float) -> tuple[float, float]:
        """Return by which shares the use of that many days may be off: 4 of 5 lie between.

        The low one is -1 to 0, the high one 0 or more. Less than a day is less even than a day, and
        what is known of a home gets old.
        """
        low, high = self._spans_off(days)
        wider, far = 1 + self.age / _OLD, max(days - _SPANS[-1], 0) / _FAR
        if days < 1:
            wider *= max(days, 1 / 24) ** -0.5
        # Homes may use ever more than is expected, but hardly ever less.
        return (1 + low) ** (wider + min(far, 0.5)) - 1, high * (wider + far)

    def least(self, days: float) -> float:
        """Return the low one."""
        return self.off(days)[0]

    def most(self, days: float) -> float:
        """Return the high one."""
        return self.off(days)[1]

    def _spans_off(self, days: float) -> tuple[float, float]:
        place = bisect_left(_SPANS, min(days, _SPANS[-1]))
        after = self._off(place)
        if days >= _SPANS[place] or place == 0:
            return after
        before = self._off(place - 1)
        share = (days - _SPANS[place - 1]) / (_SPANS[place] - _SPANS[place - 1])
        low, high = (a + share * (b - a) for a, b in zip(before, after, strict=True))
        return low, high

    def _off(self, place: int) -> tuple[float, float]:
        """Return the tenths at both ends of a span's errors, and of other homes' while few."""
        errors, span = self._errors[place], _SPANS[place]
        # About how far other homes as uneven as this, real and made, were off after so many days.
        low = -0.05 - 0.1 / self._known - self._uneven * (0.55 + 0.5 / span)
        high = 0.05 + 0.25 / self._known + self._uneven * (1.05 + 0.5 / span)
        if self._home is not None:  # it stays empty, or ends tomorrow
            low, said = -1.0, sum(self._path[:span])
            high = max(high, self._home * span / said - 1) if said else high
        if errors:
            # Spans overlap, so what they are worth grows with how many fit side by side: the ends
            # of a few are nearer than the truth.
            beside = (len(errors) / span) ** 2
            trust = beside / (beside + 4)
            tenth = len(errors) // 11
            low += trust * (_WIDER[place] * errors[tenth] - low)
            high += trust * (_WIDER[place] * errors[-1 - tenth] - high)
        return max(-1.0, min(0.0, low)), max(0.0, high)


def habits_of(
    days: Mapping[date, float],
    today: date | None = None,
    shape: DayShape = EVEN,
    *,
    charged: bool = False,
) -> Habits | None:
    """Learn how a household uses from its complete days; None before it has used anything.

    `today` says how old they are. A home that stays empty for four weeks uses nothing, and so does
    one before that whose tariff has charges beside use (`charged`): these are known.
    """
    if not days or not (charged or any(days.values()) or len(days) >= AHEAD):
        return None
    newest = max(days)
    oldest = min(day for day in days if newest - day < LONGEST * _DAY)
    spanned = (oldest + n * _DAY for n in range((newest - oldest).days + 1))
    habits = _habits(oldest, tuple(days.get(day) for day in spanned))
    age = max((today - newest).days - 1, 0) if today else 0
    return replace(habits, shape=shape, age=age)


@lru_cache(maxsize=64)
def _habits(oldest: date, amounts: tuple[float | None, ...]) -> Habits:
    """Learn from days in a row, the first and the last of them known."""
    ways, blend, unknown = Ways(), _Blend(), [0]
    for n, amount in enumerate(amounts, 1):
        weekday = (oldest.weekday() + n) % 7
        ways.learn(None if amount is None else max(amount, 0.0), (weekday - 1) % 7)
        if begun := ways.moved_in:  # what was before says nothing of those who came
            begun = n - begun
            return replace(_habits(oldest + begun * _DAY, amounts[begun:]), oldest=oldest)
        unknown.append(unknown[-1] + (amount is None))
        if n >= _FIRST:
            blend.judge(ways.sums, unknown)
            blend.ask(n, ways.ahead(weekday, _SPANS), ways.state)
    sums = blend.mix(ways.ahead(weekday, range(AHEAD + 1)), ways.state)
    return Habits(
        oldest=oldest,
        newest=oldest + (len(amounts) - 1) * _DAY,
        _path=[max(after - before, 0.0) for before, after in pairwise(sums)],
        _amounts=amounts,
        _week=ways.week,
        _errors=[sorted(errors[-_LAST:]) for errors in blend.record(ways.state).errors],
        _known=sum(amount is not None for amount in amounts),
        _home=ways.home if ways.state is State.EMPTY else None,
        _uneven=_uneven(amounts, ways.week, oldest.weekday()),
    )


def _uneven(amounts: Sequence[float | None], week: Sequence[float], first: int) -> float:
    """Return how far days are from what is usual on them, as a share of the mean.

    After one it is what it is in other homes. `first` is the weekday of the first.
    """
    known = {n: amount for n, amount in enumerate(amounts) if amount is not None}
    count, mean = len(known), fmean(known.values())
    off = sum((use - mean * week[(first + n) % 7]) ** 2 for n, use in known.items())
    own = sqrt(off * (count - 1)) / mean if mean > 0 else 0.0
    return (_UNEVEN + own) / count


@dataclass(slots=True)
class _Record:
    """How far off ways were, and what they said together."""

    errors: list[list[float]] = field(default_factory=lambda: [[] for _ in _SPANS])
    """Of what they said together, by span, as shares of it."""
    off: dict[tuple[int, bool], list[float]] = field(default_factory=dict)
    """Of each way, by span: in what is used, and in when as much is."""

    def add(self, what: tuple[int, bool], off: list[float], worth: float) -> None:
        """Take in how far off each way was."""
        before = self.off.get(what, [0.0] * len(off))
        self.off[what] = [old + worth * new for old, new in zip(before, off, strict=True)]

    def weights(self) -> list[float]:
        """Return what each way weighs, in the mean over the spans, by use and by time."""
        weights = [0.0] * len(next(iter(self.off.values()), []))
        for off in self.off.values():
            least = sum(off) / 1000 + 1e-9
            worth = [max(one, least) ** -_STRICT for one in off]
            whole = sum(worth) * len(self.off)
            weights = [weight + one / whole for weight, one in zip(weights, worth, strict=True)]
        return weights


@dataclass(slots=True)
class _Blend:
    """Ways, each weighed by how far off it was while the home was as it is."""

    _lived_in: _Record = field(default_factory=_Record)
    _empty: _Record = field(default_factory=_Record)
    _asked: dict[int, tuple[_Record, list[list[float]], list[float]]] = field(default_factory=dict)
    """After so many days: what each way said, and all together."""

    def record(self, state: State) -> _Record:
        """Return how far off was what was asked in such a state."""
        return self._lived_in if state is State.LIVED_IN else self._empty

    def ask(self, count: int, ways: list[list[float]], state: State) -> None:
        """Keep what is said after that many days."""
        self._asked[count] = self.record(state), ways, self.mix(ways, state)

    def mix(self, ways: list[list[float]], state: State) -> list[float]:
        """Return what the ways say together, span by span."""
        weights = self.record(state).weights() or self._lived_in.weights()
        weights = weights or [1 / len(ways)] * len(ways)
        if state is State.EMPTY:
            # Less where another way is far better, as with shifts of a fortnight.
            stays = _STAYS * (weights[-1] / max(weights)) ** (2 / _STRICT)
            weights = [weight * (1 - stays) for weight in weights]
            weights[-1] += stays
        return [sum(map(mul, weights, said)) for said in zip(*ways, strict=True)]

    def judge(self, sums: Sequence[float], unknown: Sequence[int]) -> None:
        """Compare what was said before with what the days up to the newest used.

        Both are running sums; of a span, a tenth may be unknown: such days say nothing.
        """
        count = len(sums) - 1
        worth = _FORGET**-count
        for place, span in enumerate(_SPANS):
            asked = self._asked.get(count - span)
            if asked is None or unknown[count] - unknown[count - span] > span // 10:
                continue
            record, ways, said = asked
            record.off = record.off or dict(self._lived_in.off)
            truth = sums[count] - sums[count - span]
            if said[place] > 0:
                record.errors[place].append(truth / said[place] - 1)
            if place in _JUDGED:
                record.add((place, False), [abs(way[place] - truth) for way in ways], worth)
            if place in _JUDGED and truth > 0:
                record.add((place, True), [abs(_until(way, truth) - span) for way in ways], worth)


def _until(sums: Sequence[float], amount: float) -> float:
    """Return after how many days a way uses an amount, by its sums over the spans.

    Twice as many as it looks ahead at most.
    """
    place = bisect_left(sums, amount)
    if place == len(sums):
        return AHEAD * amount / max(sums[-1], amount / 2)
    first, before = (_SPANS[place - 1], sums[place - 1]) if place else (0, 0.0)
    return first + (_SPANS[place] - first) * (amount - before) / (sums[place] - before)

"""How a day's use is spread over its hours. Pure floats, like all that is expected."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from ..brunei import BRUNEI

if TYPE_CHECKING:
    from ..consumption import DayReadings

_HOURS: Final = 24
_EVEN_DAYS: Final = 2
"""How many days of even use count beside those that are known."""


@dataclass(frozen=True, slots=True)
class DayShape:
    """Which share of a day's use has come by each of its hours."""

    _by: tuple[float, ...]
    """0 at midnight, 1 at the next, rising all the time."""

    def by(self, part: float) -> float:
        """Return which share of the use has come after that part of a day (0 to 1)."""
        hour = min(int(part * _HOURS), _HOURS - 1)
        return self._by[hour] + (part * _HOURS - hour) * self.of(hour)

    def of(self, hour: int) -> float:
        """Return which share of the use an hour has."""
        return self._by[hour + 1] - self._by[hour]

    def when(self, share: float) -> float:
        """Return after which part of a day that share of its use has come."""
        hour = min(bisect_right(self._by, share) - 1, _HOURS - 1)
        return min(hour + (share - self._by[hour]) / self.of(hour), _HOURS) / _HOURS

    def share(self, day: DayReadings) -> float:
        """Return which share of a day's use its published hours have."""
        return sum(self.of(hour.start.astimezone(BRUNEI).hour) for hour in day.hours)


def _shape(hours: Sequence[float]) -> DayShape:
    total = sum(hours)
    return DayShape((*accumulate((hour / total for hour in hours[:-1]), initial=0.0), 1.0))


EVEN: Final = _shape([1.0] * _HOURS)


def shape_of(days: Iterable[DayReadings]) -> DayShape:
    """Learn the shape of days from those with all their hours."""
    mean = [float(_EVEN_DAYS)] * _HOURS
    for day in days:
        hours = [float(hour.value) for hour in day.hours]
        if len(hours) == _HOURS and (total := sum(hours)) > 0:
            for number, hour in enumerate(hours):
                mean[number] += _HOURS * max(hour, 0.0) / total
    return _shape(mean)

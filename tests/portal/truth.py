"""What the meters really measured, and when the portal publishes it; all of it from a seed.

A day's values depend on the seed, the meter and the date alone, so they are the same in whatever
order they are asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import cache, lru_cache
from random import Random
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .profile import Profile

BRUNEI: Final = timezone(timedelta(hours=8), "Asia/Brunei")
_MILLI: Final = Decimal("0.001")
# Share of a day's use by hour: a quiet night, breakfast, a hot afternoon, cooking and an evening.
_SHAPE: Final = (
    0.6, 0.55, 0.5, 0.5, 0.5, 0.7, 1.0, 0.9, 0.7, 0.7, 0.7, 0.9,
    1.0, 0.9, 0.8, 0.8, 0.9, 1.2, 1.7, 1.9, 1.9, 1.7, 1.3, 0.9,
)  # fmt: skip
_HOT_MONTHS: Final = frozenset({3, 4, 5, 6})
_AIR_CONDITIONED: Final = frozenset({*range(6), 14, 15, *range(21, 24)})
_DAYS_OFF: Final = frozenset({4, 6})  # Friday and Sunday


@dataclass(frozen=True)
class Hour:
    """An hour as the portal comes to show it."""

    start: datetime
    value: Decimal
    """kWh, in the end."""
    first_value: Decimal
    """What is published first."""
    published: datetime | None
    """When; None for a hole."""
    corrected: datetime
    corrected_late: datetime
    """Where corrections take weeks."""

    def shown(self, at: datetime, profile: Profile) -> Decimal | None:
        """Return what the portal shows of it at a moment; None where nothing."""
        if self.published is None and profile.holes:
            return None
        end = self.start + timedelta(hours=1)
        published = self.published if self.published and profile.lag else end
        if at < published:
            return None
        return self.measured(at, profile)

    def measured(self, at: datetime, profile: Profile) -> Decimal:
        """Return what counts at a moment towards the day's total."""
        corrected = self.corrected_late if profile.late_corrections else self.corrected
        return self.first_value if profile.corrections and at < corrected else self.value


class Truth:
    """What one meter measures, hour by hour (electricity) or day by day (water)."""

    def __init__(self, seed: int, number: str, utility: str, installed: datetime) -> None:
        """Begin at `installed`, in Brunei's time."""
        self.seed = seed
        self.number = number
        self.utility = utility
        self.installed = installed
        self.hours = cache(self._hours)
        self.water = cache(self._water)

    def _random(self, day: date, what: str) -> Random:
        return Random(f"{self.seed}/{self.number}/{day}/{what}")

    def away(self, day: date) -> bool:
        """Whether the household is on its yearly holiday."""
        start = _holiday(self.seed, day.year)
        return start <= day < start + timedelta(days=10)

    def _hours(self, day: date) -> tuple[Hour, ...]:
        """Return the 24 hours of a day, fewer on the first."""
        values, late = self._random(day, "values"), self._random(day, "published")
        midnight = datetime.combine(day, time(), BRUNEI)
        whole_day_lost = late.random() < 1 / 150
        evening_late = late.random() < 1 / 5
        hours = []
        for n in range(24):
            start = midnight + timedelta(hours=n)
            value = self._hour_value(day, n, values)
            hole = whole_day_lost or late.random() < 1 / 600
            published = start + timedelta(hours=1, minutes=late.uniform(20, 170))
            if evening_late and n >= 20:
                published = max(
                    published, midnight + timedelta(hours=32, minutes=late.uniform(0, 55))
                )
            wrong = late.random() < 1 / 120
            share = Decimal(late.randrange(100, 900)).scaleb(-3)
            wait = timedelta(hours=late.uniform(8, 60))
            if start >= self.installed:
                first = (value * share).quantize(_MILLI) if wrong else value
                end = midnight + timedelta(days=1)
                hours.append(
                    Hour(
                        start,
                        value,
                        first,
                        None if hole else published,
                        end + wait,
                        end + 11 * wait,
                    )
                )
        return tuple(hours)

    def _hour_value(self, day: date, hour: int, random: Random) -> Decimal:
        noise = random.lognormvariate(0, 0.25)
        if self.away(day):
            return Decimal(0.09 * noise).quantize(_MILLI)  # the refrigerator alone
        value = 0.75 * _SHAPE[hour]
        if day.weekday() in _DAYS_OFF and 9 <= hour < 18:
            value *= 1.5
        if hour in _AIR_CONDITIONED:
            heat = 1.0 if day.month in _HOT_MONTHS else 0.45
            value += 1.1 * heat * (0.8 + 0.2 * math.sin(day.toordinal() / 9))
        return Decimal(value * noise).quantize(_MILLI)

    def _water(self, day: date) -> Decimal:
        random = self._random(day, "water")
        value = 0.02 if self.away(day) else 0.75 * random.lognormvariate(0, 0.3)
        if day.weekday() in _DAYS_OFF and not self.away(day):
            value *= 1.4
        if day == self.installed.date():
            value *= 0.5
        return Decimal(value).quantize(_MILLI)

    # --- what the portal shows ---

    def shown_hours(
        self, day: date, at: datetime, profile: Profile
    ) -> list[tuple[datetime, Decimal]]:
        """Return the hours of a day that are published at a moment (electricity)."""
        if self.utility != "electricity" or day < self.installed.date() or day > at.date():
            return []
        if _forgotten(day, at, profile):
            return []
        shown = ((hour.start, hour.shown(at, profile)) for hour in self.hours(day))
        return [(start, value) for start, value in shown if value is not None]

    def shown_day(self, day: date, at: datetime, profile: Profile) -> Decimal | None:
        """Return a day's total as published at a moment, holes counted in."""
        if day < self.installed.date() or _forgotten(day, at, profile):
            return None
        midnight = datetime.combine(day, time(), BRUNEI)
        hour = self._random(day, "daily").uniform(2, 9) if profile.lag else 0
        if at < midnight + timedelta(hours=24 + hour):
            return None
        return self.day_total(day, at, profile)

    def day_total(self, day: date, at: datetime, profile: Profile) -> Decimal:
        """Return a day's total as it counts at a moment."""
        if self.utility == "water":
            return self.water(day)
        return sum((hour.measured(at, profile) for hour in self.hours(day)), Decimal(0))

    def days(self, until: datetime) -> list[date]:
        """Return every day from the first to that of `until`."""
        first = self.installed.date()
        return [first + timedelta(days=n) for n in range((until.date() - first).days + 1)]


@lru_cache
def _holiday(seed: int, year: int) -> date:
    """Return the first day of the household's yearly holiday."""
    return date(year, 6, 1) + timedelta(days=Random(f"{seed}/holiday/{year}").randrange(150))


def _forgotten(day: date, at: datetime, profile: Profile) -> bool:
    return bool(profile.history_days) and (at.date() - day).days > profile.history_days

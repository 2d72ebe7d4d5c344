"""Simulated households: what each used on every day of two years, from a seed."""

import math
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

FIRST = date(2024, 11, 1)
DAYS = 730
FEAST = frozenset(
    first + timedelta(days=n) for first in (date(2025, 3, 31), date(2026, 3, 20)) for n in range(3)
)
"""Hari Raya Aidilfitri, when homes are open to visitors."""

type Pattern = Callable[[int, date], float]
"""How much more or less than usual is used on the n-th day, that date."""


def steady(_random: Random) -> Pattern:
    return lambda _n, _day: 1.0


def seasonal(random: Random) -> Pattern:
    """Air conditioning in the hot months, March to June, and a little in the second warm spell."""
    swing, peak = random.uniform(0.25, 0.5), random.randrange(105, 145)

    def pattern(_n: int, day: date) -> float:
        angle = 2 * math.pi * (day.timetuple().tm_yday - peak) / 365
        return 1 + swing * math.cos(angle) + 0.1 * math.cos(2 * angle)

    return pattern


def fortnight_away(random: Random) -> Pattern:
    """A fortnight's holiday twice a year, with only the refrigerator on."""
    starts = [182 * half + random.randrange(20, 160) for half in range(DAYS // 182)]
    away = {start + n for start in starts for n in range(random.randrange(11, 18))}
    return lambda n, _day: 0.12 if n in away else 1.0


def new_appliance(random: Random) -> Pattern:
    """Twice something new, or gone, that changes what is used for good."""
    first, second = random.randrange(80, 330), random.randrange(380, 680)
    more, less = random.uniform(1.25, 1.8), random.uniform(0.6, 0.85)

    def pattern(n: int, _day: date) -> float:
        return 1.0 if n < first else more if n < second else more * less

    return pattern


def weekend_family(random: Random) -> Pattern:
    """A family that gathers on Fridays and Sundays, Brunei's days off."""
    gathering = random.uniform(1.6, 2.6)
    return lambda _n, day: gathering if day.weekday() in (4, 6) else 1.0


KINDS: dict[str, Callable[[Random], Pattern]] = {
    "steady": steady,
    "seasonal": seasonal,
    "fortnight away": fortnight_away,
    "new appliance": new_appliance,
    "weekend family": weekend_family,
}


def household(kind: str, seed: int) -> dict[date, float]:
    """Return what a household used on every day (kWh), with weather, chance and visitors."""
    random = Random(f"{kind}/{seed}")
    usual, noise = random.uniform(12, 60), random.uniform(0.12, 0.3)
    pattern, feast = KINDS[kind](random), random.uniform(1.2, 2.5)
    used, weather = {}, 0.0
    for n in range(DAYS):
        day = FIRST + timedelta(days=n)
        weather = 0.4 * weather + random.gauss(0, noise)  # a hot day follows a hot day
        visitors = feast if day in FEAST else 1.8 if random.random() < 0.02 else 1.0
        used[day] = usual * pattern(n, day) * visitors * math.exp(weather - noise**2 / 2)
    return used


def reported(used: dict[date, float], today: date, seed: int) -> dict[date, float]:
    """Return what the daily report shows on a day: some days never, the last ones late."""
    holes = Random(f"holes/{seed}")
    lost = {day for day in used if holes.random() < 0.015}
    late = Random(f"late/{seed}/{today}").choices((1, 2, 3), (70, 22, 8))[0]
    return {
        day: amount
        for day, amount in used.items()
        if day not in lost and day <= today - timedelta(days=late)
    }

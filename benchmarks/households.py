"""Homes: real ones, and made ones with what each used on every day of two years, from a seed."""

import csv
import math
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from random import Random
from statistics import fmean

FIRST = date(2024, 11, 1)
DAYS = 730
FEAST = frozenset(
    first + timedelta(days=n) for first in (date(2025, 3, 31), date(2026, 3, 20)) for n in range(3)
)
"""Hari Raya Aidilfitri, when homes are open to visitors."""

RAMADAN = tuple(
    frozenset(first + timedelta(days=n) for n in range(29))
    for first in (date(2025, 3, 2), date(2026, 2, 19))
)
REAL = Path(__file__).parent / "data"
LEVELS = (22.0, 45.0, 90.0)
"""kWh a day, to which real homes are scaled: Brunei's levels of use."""
MOVED = (0, 1, 2, 3)
"""Weeks by which real homes' dates are moved, so that their months end on other days too."""

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


def shop(random: Random) -> Pattern:
    """A shop that is closed on Fridays, and now and then for a week; with nothing used then."""
    closed = {s + n for s in random.sample(range(60, DAYS), 4) for n in range(5)}
    return lambda n, day: 0.0 if day.weekday() == 4 or n in closed else 1.0


def office(random: Random) -> Pattern:
    """An office with Brunei's days off, Friday and Sunday, and holidays; with nothing used then."""
    holidays = set(random.sample(range(DAYS), 24))
    off = frozenset({4, 6})
    return lambda n, day: 0.0 if day.weekday() in off or n in holidays or day in FEAST else 1.0


def shift_work(random: Random) -> Pattern:
    """Fourteen days off at home, fourteen on a rig."""
    begin, alone = random.randrange(28), random.uniform(0.05, 0.2)
    return lambda n, _day: 1.0 if (n + begin) % 28 < 14 else alone


def weekend_house(random: Random) -> Pattern:
    """Visited on two weekends of three."""
    visited = [random.random() < 2 / 3 for _ in range(DAYS)]
    return lambda _n, day: (
        1.0 if day.weekday() > 3 and visited[day.toordinal() // 7 % DAYS] else 0.05
    )


def tenant_change(random: Random) -> Pattern:
    """New tenants twice, with the flat empty for some weeks before."""
    moves = [random.randrange(120, 300), random.randrange(400, 600)]
    empty = [random.randrange(5, 45) for _ in moves]
    levels = [1.0, random.uniform(0.5, 2), random.uniform(0.5, 2)]

    def pattern(n: int, _day: date) -> float:
        gone = any(move - days <= n < move for move, days in zip(moves, empty, strict=True))
        return 0.02 if gone else levels[sum(move <= n for move in moves)]

    return pattern


def flat_between(random: Random) -> Pattern:
    """A flat that is lived in for some months and stands empty for some."""
    lived_in, left, empty = True, random.randrange(50, 150), []
    for _ in range(DAYS):
        if left == 0:
            lived_in, left = not lived_in, random.randrange(40, 140)
        left -= 1
        empty.append(not lived_in)
    standby = random.choice((0.0, 0.05))
    return lambda n, _day: standby if empty[n] else 1.0


def ramadan(random: Random) -> Pattern:
    """More through the nights of Ramadan, then a week of open house, then a week in the village."""
    fasting, away = random.uniform(1.1, 1.4), random.uniform(0.3, 0.8)

    def pattern(_n: int, day: date) -> float:
        for month in RAMADAN:
            since = (day - max(month)).days
            if day in month:
                return fasting
            if 0 < since <= 14:
                return 1.6 if since <= 7 else away
        return 1.0

    return pattern


def electric_car(random: Random) -> Pattern:
    """A car that is charged every few days."""
    more, often = random.uniform(0.4, 1.2), random.uniform(0.2, 0.5)
    charged = [random.random() < often for _ in range(DAYS)]
    return lambda n, _day: 1.0 + more * charged[n]


KINDS: dict[str, Callable[[Random], Pattern]] = {
    "steady": steady,
    "seasonal": seasonal,
    "fortnight away": fortnight_away,
    "new appliance": new_appliance,
    "weekend family": weekend_family,
    "shop": shop,
    "office": office,
    "shift work": shift_work,
    "weekend house": weekend_house,
    "tenant change": tenant_change,
    "empty for months": flat_between,
    "Ramadan": ramadan,
    "electric car": electric_car,
    "missing days": seasonal,
    "heavy tail": steady,
}
LOST = {"missing days": 0.2}
"""The share of days that are never published, where not a few."""
HEAVY = {"heavy tail": 0.12}
"""The share of days that are two to five times the usual."""


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
        if kind in HEAVY and random.random() < HEAVY[kind]:
            visitors = 2 * min(random.paretovariate(2), 2.5)
        used[day] = usual * pattern(n, day) * visitors * math.exp(weather - noise**2 / 2)
    return used


def real_homes() -> dict[str, dict[date, float]]:
    """Return what real homes used (kWh)."""
    homes = {}
    for path in sorted(REAL.glob("*.csv")):
        with path.open(newline="") as file:
            homes[path.stem] = {
                date.fromisoformat(row["day"]): float(row["kwh"]) for row in csv.DictReader(file)
            }
    return homes


def as_asked(homes: dict[str, dict[date, float]]) -> Iterator[tuple[str, str, dict[date, float]]]:
    """Yield real homes at each level of use and each move of their dates: home, name, use."""
    for home, used in homes.items():
        usual = fmean(used.values())
        for level, weeks in product(LEVELS, MOVED):
            moved = timedelta(weeks=weeks)
            scaled = {day + moved: amount * level / usual for day, amount in used.items()}
            yield home, f"{home} {level:.0f} {weeks}", scaled


def reported(
    used: dict[date, float], today: date, seed: int | str, lost: float = 0.015
) -> dict[date, float]:
    """Return what the daily report shows on a day: some days never, the last ones late."""
    holes = Random(f"holes/{seed}")
    never = {day for day in used if holes.random() < lost}
    late = Random(f"late/{seed}/{today}").choices((1, 2, 3), (70, 22, 8))[0]
    return {
        day: amount
        for day, amount in used.items()
        if day not in never and day <= today - timedelta(days=late)
    }

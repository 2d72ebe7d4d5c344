"""How often the range of the first days' forecast holds the truth, on real and made homes."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

from custom_components.usms.client.billing.habits import habits_of

KNOWN = (1, 2, 3, 5, 7)
"""Days that are known."""
AHEAD = (3, 7, 14)
APART = 11
"""Days between two beginnings: no multiple of a week."""
DAY = timedelta(days=1)

type Use = dict[date, float]


def held(home: Use) -> dict[tuple[int, int], list[bool]]:
    """Return whether the range held what was used: by days known, and days ahead."""
    found: dict[tuple[int, int], list[bool]] = defaultdict(list)
    days = sorted(home)
    for begin in range(0, len(days) - max(KNOWN) - max(AHEAD), APART):
        for known in KNOWN:
            habits = habits_of({day: home[day] for day in days[begin : begin + known]})
            if habits is None:
                continue
            first = begin + known
            for ahead in AHEAD:
                coming = days[first : first + ahead]
                expected = sum(map(habits.on, coming))
                low, high = habits.off(ahead)
                truth = sum(home[day] for day in coming)
                within = expected * (1 + low) <= truth <= expected * (1 + high)
                found[known, ahead].append(within)
    return found


def print_table(title: str, homes: Iterable[Use]) -> None:
    """Print the shares that were held."""
    every: dict[tuple[int, int], list[bool]] = defaultdict(list)
    for home in homes:
        for key, answers in held(home).items():
            every[key] += answers
    print(f"\n{title}: truths in the range of the first days")
    print("days known", *(f"{ahead:>4} ahead" for ahead in AHEAD))
    for known in KNOWN:
        shares = (sum(every[known, n]) / len(every[known, n]) for n in AHEAD)
        print(f"{known:10}", *(f"{share:>10.0%}" for share in shares))

"""How far off the forecast is, against six simple ways: on real homes and on made ones.

The month's cost is asked for 3, 7 and 14 days before its end, and the run-out date with a balance
that lasts 3, 7 and 14 days in truth, by what the portal had published until then. Real homes are
few, so they are asked anew with their dates moved by one, two and three weeks.
"""

from argparse import ArgumentParser
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from random import Random
from statistics import fmean

from custom_components.usms.client import RunningBill, TariffSchedule, residential_electricity
from custom_components.usms.client.billing.forecast import Forecast, forecast
from custom_components.usms.client.billing.run_out import HORIZON, Spending
from custom_components.usms.client.brunei import brunei_midnight

from .first_days import print_table
from .households import KINDS, LOST, as_asked, household, real_homes, reported

AHEAD = (3, 7, 14)
SETTLED = 60
"""Days of history that a home has at least."""
DAY = timedelta(days=1)
PRICES = TariffSchedule.always(residential_electricity())

type Days = dict[date, Decimal]
type Rate = Callable[[date], float]
"""What a day to come is taken to use."""


@dataclass
class Question:
    """What was known at a moment, and what came of it."""

    ahead: int
    now: date
    """Its midnight."""
    known: Days
    balance: Decimal
    """BND, used up in exactly as many days as ahead."""
    cost: float
    """BND, of the whole month."""

    @property
    def moment(self) -> datetime:
        return brunei_midnight(self.now)

    @property
    def empty(self) -> datetime:
        return brunei_midnight(self.now + self.ahead * DAY)

    def mean(self, first: date, last: date) -> float | None:
        """Return the mean of the days known from one to another."""
        days = [use for day, use in self.known.items() if first <= day <= last]
        return float(sum(days) / len(days)) if days else None


# --- the simple ways ---


def last_seven(asked: Question) -> Rate:
    days = [asked.known[day] for day in sorted(asked.known)[-7:]]
    rate = float(sum(days) / len(days))
    return lambda _day: rate


def month_to_date(asked: Question) -> Rate:
    rate = asked.mean(asked.now.replace(day=1), asked.now)
    return last_seven(asked) if rate is None else lambda _day: rate


def half_half(asked: Question) -> Rate:
    one, other = month_to_date(asked), last_seven(asked)
    return lambda day: (one(day) + other(day)) / 2


def same_weekday(asked: Question) -> Rate:
    days = sorted(asked.known, reverse=True)
    of = {n: [float(asked.known[day]) for day in days if day.weekday() == n][:4] for n in range(7)}
    means = {n: fmean(some) if some else last_seven(asked)(asked.now) for n, some in of.items()}
    return lambda day: means[day.weekday()]


def month_before(asked: Question) -> Rate:
    last = asked.now.replace(day=1) - DAY
    rate = asked.mean(last.replace(day=1), last)
    return last_seven(asked) if rate is None else lambda _day: rate


def last_28(asked: Question) -> Rate:
    rate = asked.mean(asked.now - 28 * DAY, asked.now)
    return last_seven(asked) if rate is None else lambda _day: rate


SIMPLE: dict[str, Callable[[Question], Rate]] = {
    "month to date": month_to_date,
    "last 7 days": last_seven,
    "half-half": half_half,
    "same weekday": same_weekday,
    "month before": month_before,
    "last 28 days": last_28,
}


def at_rate(asked: Question, rate: Rate) -> tuple[float, datetime | None]:
    """Return the month's cost and the run-out date at a rate."""
    month = asked.now.replace(day=1)
    days = [month + n * DAY for n in range(monthrange(month.year, month.month)[1])]
    amounts = [asked.known.get(day) or Decimal(f"{rate(day):.6f}") for day in days]
    before = amounts[: asked.now.day - 1]
    used = sum(before, Decimal(0))
    cost = float(PRICES.on(asked.now).bill(sum(amounts, Decimal(0))))
    return cost, Spending(asked.moment, used, PRICES, rate).runs_out(asked.balance)


# --- asking ---


def questions(
    name: str, used: dict[date, float], lost: float, *, times: int
) -> Iterator[tuple[Question | None, Question | None]]:
    """Yield what is asked of a home: what its months cost, and (`times` a month) run-out dates."""
    truth = {day: Decimal(f"{amount:.3f}") for day, amount in used.items()}
    random = Random(f"balance/{name}")
    bill, costs, months = RunningBill(PRICES), {}, defaultdict[date, Decimal](Decimal)
    for day, amount in truth.items():
        costs[day] = bill.use(day, amount)
        months[day.replace(day=1)] += costs[day]
    first, last = min(used), max(used)

    def ask(now: date, ahead: int) -> Question:
        return Question(
            ahead,
            now,
            {day: truth[day] for day in reported(used, now, name, lost)},
            sum((costs[now + n * DAY] for n in range(ahead)), Decimal(0)),
            float(months[now.replace(day=1)]),
        )

    for month in months:
        end = month + monthrange(month.year, month.month)[1] * DAY
        if month >= first + SETTLED * DAY and end <= last - 15 * DAY:
            for ahead in AHEAD:
                yield ask(end - ahead * DAY, ahead), None
                for day in range(random.randrange(4), 28, 28 // times):
                    yield None, ask(month + day * DAY, ahead)


@dataclass
class Errors:
    """How far off each way of forecasting was, question by question."""

    off: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    below: list[bool] = field(default_factory=list)
    above: list[bool] = field(default_factory=list)
    """Whether the truth was below or above the forecast's range."""

    def add(self, other: Errors) -> None:
        self.below += other.below
        self.above += other.above
        for name, off in other.off.items():
            self.off[name] += off

    def mean(self, name: str) -> float:
        return fmean(self.off[name])

    @property
    def held(self) -> float:
        """The share of truths that the range held."""
        return 1 - fmean(self.below) - fmean(self.above)

    def ratio(self, name: str) -> float:
        return self.mean("ours") / (self.mean(name) or 1.0)

    @property
    def best(self) -> str:
        return min(SIMPLE, key=self.mean)


def ask_cost(asked: Question, told: Forecast, rates: Mapping[str, Rate], errors: Errors) -> None:
    """Ask everybody what the month will cost (BND)."""
    cost = told.month_cost
    errors.off["ours"].append(abs(float(cost.expected) - asked.cost))
    errors.below.append(asked.cost < float(cost.low))
    errors.above.append(asked.cost > float(cost.high))
    for name, rate in rates.items():
        errors.off[name].append(abs(at_rate(asked, rate)[0] - asked.cost))


def ask_run_out(asked: Question, told: Forecast, rates: Mapping[str, Rate], errors: Errors) -> None:
    """Ask everybody when the balance runs out (days); an error counts as 60 days at most."""
    late = asked.moment + HORIZON

    def off(when: datetime | None) -> float:
        return min(abs((when or late) - asked.empty) / DAY, 60.0)

    errors.off["ours"].append(off(told.runs_out))
    errors.below.append(asked.empty < (told.runs_out_early or late))
    errors.above.append(asked.empty > (told.runs_out_late or late))
    for name, rate in rates.items():
        errors.off[name].append(off(at_rate(asked, rate)[1]))


type Answers = dict[tuple[str, int], Errors]


def ask(kind: str, name: str, used: dict[date, float]) -> tuple[Answers, Answers]:
    """Ask all of a home."""
    both = tuple(defaultdict[tuple[str, int], Errors](Errors) for _ in range(2))
    for pair in questions(name, used, LOST.get(kind, 0.015), times=1 if kind in KINDS else 4):
        for answers, asked, way in zip(both, pair, (ask_cost, ask_run_out), strict=True):
            if asked is None:
                continue
            told = forecast(asked.known, PRICES, asked.moment, asked.balance)
            if told is None or (way is ask_run_out and asked.balance <= 0):
                continue
            rates = {simple: rate(asked) for simple, rate in SIMPLE.items()}
            way(asked, told, rates, answers[kind, asked.ahead])
    return dict(both[0]), dict(both[1])


def ask_made(kind: str, seed: int) -> tuple[Answers, Answers]:
    return ask(kind, f"{kind}/{seed}", household(kind, seed))


# --- the tables ---


def table(title: str, answers: Answers, kinds: list[str]) -> None:
    """Print mean errors, and their ratios to those of the simple ways."""
    print(f"\n{title}")
    print(f"{'home':15} ahead    ours", *(f"{name:>13}" for name in SIMPLE), "   best in range")
    ratios: dict[int, list[float]] = defaultdict(list)
    every = {ahead: Errors() for ahead in AHEAD}
    for kind in [*kinds, "all"]:
        for ahead in AHEAD:
            errors = every[ahead] if kind == "all" else answers[kind, ahead]
            if kind != "all":
                every[ahead].add(errors)
                ratios[ahead].append(errors.ratio(errors.best))
            print(
                f"{kind:15} {ahead:5} {errors.mean('ours'):7.2f}",
                *(f"{errors.ratio(name):13.2f}" for name in SIMPLE),
                f"{errors.ratio(errors.best):7.2f} {errors.held:8.0%}"
                f"  (-{fmean(errors.below):.0%} +{fmean(errors.above):.0%})",
            )
    means = " ".join(f"{fmean(ratios[ahead]):.3f}" for ahead in AHEAD)
    print(f"To each home's best way: {means}, mean {fmean(chain(*ratios.values())):.3f}")
    best = [errors.ratio(errors.best) for errors in every.values()]
    print(f"To the best way of all: {' '.join(f'{r:.3f}' for r in best)}, mean {fmean(best):.3f}")


def main() -> None:
    """Ask all homes, print what came of it."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=10, help="of each kind (%(default)s)")
    count = parser.parse_args().households
    real = real_homes()
    asked = list(as_asked(real))
    kinds = [kind for kind in KINDS for _ in range(count)]
    seeds = [seed for _ in KINDS for seed in range(1, count + 1)]
    with ProcessPoolExecutor() as pool:
        of_real = pool.map(ask, *zip(*asked, strict=True))
        of_made = pool.map(ask_made, kinds, seeds)
        for title, found in (("Real homes", of_real), ("Made homes", of_made)):
            costs = defaultdict[tuple[str, int], Errors](Errors)
            dates = defaultdict[tuple[str, int], Errors](Errors)
            for cost, run_out in found:
                for answers, more in ((costs, cost), (dates, run_out)):
                    for of, errors in more.items():
                        answers[of].add(errors)
            named = list(dict.fromkeys(kind for kind, _ in costs))
            table(f"{title}: cost of the month (B$), days before its end", costs, named)
            table(f"{title}: run-out date (days), days before it", dates, named)
    print_table("Real homes", real.values())
    print_table("Made homes", map(household, kinds, seeds, strict=True))


if __name__ == "__main__":
    main()

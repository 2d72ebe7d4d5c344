"""How far off the forecast is, and three simpler ones: back-tested on simulated households.

The month's cost is asked for 3, 7 and 14 days before its end, and the run-out date with a balance
that lasts 3, 7 and 14 days in truth, by what the portal had published until then.
"""

from argparse import ArgumentParser
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from statistics import fmean

from custom_components.usms.client import RunningBill, TariffSchedule, residential_electricity
from custom_components.usms.client.billing.forecast import HORIZON, Forecast, forecast, runs_out
from custom_components.usms.client.brunei import brunei_midnight

from .households import DAYS, FIRST, KINDS, household, reported

AHEAD = (3, 7, 14)
SETTLED = 60
"""Days of history that a household has at least."""
DAY = timedelta(days=1)
PRICES = TariffSchedule.always(residential_electricity())

type Days = dict[date, Decimal]


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


# --- the simpler ones: one rate for every day to come ---


def this_month(question: Question) -> float:
    """Return the mean of the month's days so far; of the last seven where there is none."""
    days = [use for day, use in question.known.items() if day >= question.now.replace(day=1)]
    return float(sum(days) / len(days)) if days else last_seven(question)


def last_seven(question: Question) -> float:
    """Return the mean of the last seven days that are known."""
    days = [question.known[day] for day in sorted(question.known)[-7:]]
    return float(sum(days) / len(days))


def half_half(question: Question) -> float:
    """Return the mean of both, as the public client does."""
    return (this_month(question) + last_seven(question)) / 2


SIMPLE: dict[str, Callable[[Question], float]] = {
    "month to date": this_month,
    "last 7 days": last_seven,
    "half-half": half_half,
}


def at_rate(question: Question, rate: float) -> tuple[float, datetime | None]:
    """Return the month's cost and the run-out date at a rate."""
    month = question.now.replace(day=1)
    days = [month + n * DAY for n in range(monthrange(month.year, month.month)[1])]
    amount = Decimal(repr(rate))
    before = [question.known.get(day, amount) for day in days if day < question.now]
    used = sum(before, Decimal(0)) if before else None
    whole = sum(before, Decimal(0)) + amount * (len(days) - len(before))
    cost = float(PRICES.on(question.now).bill(whole))
    return cost, runs_out(question.balance, used, question.moment, PRICES, lambda _day: rate)


# --- asking ---


def questions(kind: str, seed: int) -> Iterator[tuple[Question, Question]]:
    """Yield what is asked of a household: of its months' costs, and of its run-out dates."""
    used = household(kind, seed)
    truth = {day: Decimal(f"{amount:.3f}") for day, amount in used.items()}
    random = Random(f"balance/{kind}/{seed}")
    bill, costs, months = RunningBill(PRICES), {}, defaultdict[date, Decimal](Decimal)
    for day, amount in truth.items():
        costs[day] = bill.use(day, amount)
        months[day.replace(day=1)] += costs[day]

    def ask(now: date, ahead: int) -> Question:
        return Question(
            ahead,
            now,
            {day: truth[day] for day in reported(used, now, seed)},
            sum((costs[now + n * DAY] for n in range(ahead)), Decimal(0)),
            float(months[now.replace(day=1)]),
        )

    for month in months:
        end = month + monthrange(month.year, month.month)[1] * DAY
        if month >= FIRST + SETTLED * DAY and end < FIRST + (DAYS - 31) * DAY:
            anywhere = month + random.randrange((end - month).days) * DAY
            for ahead in AHEAD:
                yield ask(end - ahead * DAY, ahead), ask(anywhere, ahead)


@dataclass
class Errors:
    """How far off each way of forecasting was, question by question."""

    off: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    held: list[bool] = field(default_factory=list)
    """Whether the forecast's range held the truth."""

    def __add__(self, other: Errors) -> Errors:
        """Return both together."""
        both = Errors(held=self.held + other.held)
        for errors in (self, other):
            for name, off in errors.off.items():
                both.off[name] += off
        return both


def ask_cost(question: Question, errors: Errors) -> None:
    """Ask everybody what the month will cost (BND)."""
    told = told_by_us(question)
    cost = told.month_cost
    errors.off["ours"].append(abs(float(cost.expected) - question.cost))
    errors.held.append(float(cost.low) <= question.cost <= float(cost.high))
    for name, rate in SIMPLE.items():
        errors.off[name].append(abs(at_rate(question, rate(question))[0] - question.cost))


def ask_run_out(question: Question, errors: Errors) -> None:
    """Ask everybody when the balance runs out (days)."""
    told = told_by_us(question)
    late = question.moment + HORIZON

    def off(when: datetime | None) -> float:
        return abs((when or late) - question.empty) / DAY

    errors.off["ours"].append(off(told.runs_out))
    early, latest = told.runs_out_early or late, told.runs_out_late or late
    errors.held.append(early <= question.empty <= latest)
    for name, rate in SIMPLE.items():
        errors.off[name].append(off(at_rate(question, rate(question))[1]))


def told_by_us(question: Question) -> Forecast:
    told = forecast(question.known, PRICES, question.moment, question.balance)
    assert told is not None
    return told


# --- the tables ---


def table(title: str, answers: Mapping[tuple[str, int], Errors]) -> None:
    """Print mean absolute errors by kind of household and days ahead."""
    names = ["ours", *SIMPLE]
    print(f"\n{title}")
    print(f"{'household':15} {'ahead':>5}", *(f"{name:>13}" for name in names), f"{'in range':>9}")
    for kind in [*KINDS, "all"]:
        for ahead in AHEAD:
            errors = Errors()
            for (asked, days), more in answers.items():
                if days == ahead and kind in (asked, "all"):
                    errors += more
            means = (f"{fmean(errors.off[name]):13.2f}" for name in names)
            print(f"{kind:15} {ahead:5}", *means, f"{fmean(errors.held):9.0%}")


def main() -> None:
    """Ask all households, print what came of it."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--households", type=int, default=10, help="of each kind (%(default)s)")
    count = parser.parse_args().households
    costs = defaultdict[tuple[str, int], Errors](Errors)
    dates = defaultdict[tuple[str, int], Errors](Errors)
    for kind in KINDS:
        for seed in range(1, count + 1):
            for of_cost, of_date in questions(kind, seed):
                ask_cost(of_cost, costs[kind, of_cost.ahead])
                ask_run_out(of_date, dates[kind, of_date.ahead])
    print(f"Forecast: mean absolute errors, {count} households of each kind, two years")
    table("Cost of the month (BND), days before its end", costs)
    table("Run-out date (days), days before it", dates)


if __name__ == "__main__":
    main()

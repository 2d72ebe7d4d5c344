"""How much to top up."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.usms.client import (
    BRUNEI,
    TariffSchedule,
    residential_electricity,
    residential_water,
)
from custom_components.usms.client.billing.forecast import Estimate
from custom_components.usms.client.billing.habits import Habits, habits_of
from custom_components.usms.client.billing.top_up_plan import (
    Outlook,
    end_of_next_month,
    in_notes,
    notes_of,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=BRUNEI)
TODAY = NOW.date()
DAY = timedelta(days=1)
STEADY = habits_of({TODAY - n * DAY: 100.0 + n % 2 for n in range(1, 120)})


def outlook(balance: str, used: str = "1950", schedule: TariffSchedule | None = None) -> Outlook:
    assert STEADY is not None
    schedule = schedule or TariffSchedule.always(residential_electricity())
    return Outlook(NOW, Estimate.sure(Decimal(balance)), Decimal(used), STEADY, schedule)


def test_what_to_pay_goes_through_the_tiers_and_the_turn_of_the_month() -> None:
    # 1050 kWh to the end of November: 50 at 0.08 and the rest at 0.10; December has 600 at 0.01,
    # 1400 at 0.08 and 1100 at 0.10.
    expected = Decimal(4) + 100 + 6 + 112 + 110
    needed = outlook("0").needed(date(2026, 12, 31))
    assert abs(needed.expected - expected) < 10
    assert needed.expected <= needed.likely <= needed.safe
    assert outlook("400").needed(date(2026, 12, 31)).expected == 0
    assert needed.expected % 5 == 0


@pytest.mark.parametrize("amount", [10, 50, 100, 250])
def test_an_amount_lasts_as_long_as_is_needed_for_it(amount: int) -> None:
    plan = outlook("3")
    lasts = plan.lasts(Decimal(amount))
    assert lasts.expected is not None
    assert lasts.safe is not None
    assert lasts.likely is not None
    assert lasts.safe <= lasts.likely <= lasts.expected
    for moment, name in ((lasts.expected, "expected"), (lasts.safe, "safe")):
        before = moment.date() - DAY
        assert getattr(plan.needed(before), name) <= in_notes(Decimal(amount))
        assert getattr(plan.needed(moment.date() + DAY), name) >= amount - 5


UNEVEN = st.builds(
    lambda seed, usual, spread: habits_of(
        {TODAY - n * DAY: usual * Random(seed + n).lognormvariate(0, spread) for n in range(1, 168)}
    ),
    st.integers(0, 10**6),
    st.floats(2, 60),
    st.floats(0.1, 1.2),
)


@given(UNEVEN, st.integers(0, 1900), st.integers(0, 90))
@settings(max_examples=40, deadline=None)
def test_more_money_never_lasts_shorter(habits: Habits, used: int, days: int) -> None:
    schedule = TariffSchedule.always(residential_electricity())
    plan = Outlook(NOW, Estimate.sure(Decimal(2)), Decimal(used), habits, schedule)
    last = plan.lasts(Decimal(0))
    far = NOW + 800 * DAY
    for amount in (1, 2, 5, 10, 20, 30, 60, 100, 200):
        lasts = plan.lasts(Decimal(amount))
        for name in ("expected", "likely", "safe"):
            assert (getattr(lasts, name) or far) >= (getattr(last, name) or far)
        last = lasts
    # What is to be paid so that it lasts does last.
    needed = plan.needed(TODAY + days * DAY)
    end = NOW.replace(hour=0) + (days + 1) * DAY
    for name in ("expected", "likely", "safe"):
        assert (getattr(plan.lasts(getattr(needed, name)), name) or far) >= end


def test_an_old_balance_counts_with_its_range() -> None:
    plan = outlook("20")
    old = Outlook(
        NOW, Estimate(Decimal(20), Decimal(8), Decimal(25)), plan.used, plan.habits, plan.schedule
    )
    until = date(2026, 11, 30)
    assert old.needed(until).expected == plan.needed(until).expected
    assert old.needed(until).safe >= plan.needed(until).safe + 10


@given(st.decimals(min_value=-50, max_value=5000, places=2))
@settings(max_examples=100)
def test_notes(amount: Decimal) -> None:
    paid = in_notes(amount)
    assert paid >= max(amount, 0)
    assert paid - 5 < max(amount, 0) or paid == 0
    assert sum(notes_of(paid)) == paid


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 11, 20), date(2026, 12, 31)),
        (date(2026, 12, 31), date(2027, 1, 31)),
        (date(2027, 1, 1), date(2027, 2, 28)),
        (date(2026, 7, 31), date(2026, 8, 31)),
    ],
)
def test_the_end_of_the_next_month(day: date, end: date) -> None:
    assert end_of_next_month(day) == end


def test_water_without_use_lasts() -> None:
    habits = habits_of({TODAY - n * DAY: 0.0 for n in range(1, 30)})
    assert habits is not None
    schedule = TariffSchedule.always(residential_water())
    plan = Outlook(NOW, Estimate.sure(Decimal(1)), Decimal(0), habits, schedule)
    assert plan.lasts(Decimal(5)).expected is None
    assert plan.needed(date(2026, 12, 31)).safe == 0

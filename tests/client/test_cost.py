"""What a meter costs and how far its balance goes, from the amounts of days."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.usms.client import (
    BRUNEI,
    Tariff,
    TariffSchedule,
    Utility,
    residential_electricity,
    tiers_of,
)
from custom_components.usms.client.billing.cost import AVERAGED, spending
from custom_components.usms.client.billing.forecast import Estimate
from tests.support.tariffs import tariffs

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)
TODAY = NOW.date()
RESIDENTIAL = TariffSchedule.always(residential_electricity())


def every_day(amount: str, first: date, last: date = TODAY) -> dict[date, Decimal]:
    return {first + n * DAY: Decimal(amount) for n in range((last - first).days + 1)}


def test_costs_run_through_the_tiers_of_each_month() -> None:
    amounts = every_day("50", date(2026, 10, 1))
    found = spending(amounts, amounts, RESIDENTIAL, NOW, Estimate.sure(Decimal(80)))
    # October: 1550 kWh. November: 1000 kWh so far, the second tier since the 13th.
    assert found.day == TODAY
    assert found.last_month == Decimal("6.00") + 950 * Decimal("0.08")
    assert found.this_month == Decimal("6.00") + 400 * Decimal("0.08")
    assert found.today == found.yesterday == Decimal("4.00")
    assert (found.tier_number, found.tiers, found.tier.rate) == (2, 4, Decimal("0.08"))
    assert found.left_in_tier == 1000
    assert found.per_day == 50
    assert found.buys == 1000
    assert found.forecast is not None


def test_a_month_begins_in_the_first_tier() -> None:
    amounts = every_day("50", date(2026, 10, 1), date(2026, 10, 31))
    now = datetime(2026, 11, 1, 8, 0, tzinfo=BRUNEI)
    found = spending(amounts, amounts, RESIDENTIAL, now, Estimate.sure(Decimal(5)))
    assert found.today is None
    assert found.this_month is None
    assert found.yesterday == Decimal("4.00")
    # A third of a usual day has gone, though nothing of it is published.
    assert (found.tier_number, found.left_in_tier) == (1, Decimal("583.333333"))
    assert found.buys == 500


def test_a_new_tariff_holds_from_its_day() -> None:
    dear = Tariff("dear", Utility.ELECTRICITY, tiers_of([(None, Decimal(1))]))
    amounts = every_day("10", date(2026, 11, 1))
    found = spending(
        amounts, amounts, RESIDENTIAL.with_tariff(TODAY, dear), NOW, Estimate.sure(Decimal(7))
    )
    assert found.yesterday == Decimal("0.10")
    assert found.today == 10
    assert found.this_month == 19 * Decimal("0.10") + 10
    assert (found.tiers, found.left_in_tier, found.buys) == (1, None, 7)


def flat(rate: str, *, fixed: str = "0", minimum: str = "0") -> Tariff:
    tiers = tiers_of([(None, Decimal(rate))])
    return Tariff("flat", Utility.ELECTRICITY, tiers, Decimal(fixed), Decimal(minimum))


def test_a_balance_buys_at_the_prices_of_the_days_to_come() -> None:
    """At noon, with 10 kWh a day: 5 kWh for 0.50, the rest from tomorrow on at twice the price."""
    now = NOW.replace(hour=12, minute=0)
    amounts = every_day("10", date(2026, 11, 1), TODAY - DAY)
    balance, half = Estimate.sure(Decimal("2.50")), Estimate.sure(Decimal("0.40"))
    old = TariffSchedule.always(flat("0.10"))
    dearer = old.with_tariff(TODAY + DAY, flat("0.20"))
    later = old.with_tariff(date(2026, 12, 1), flat("0.20"))
    assert spending(amounts, amounts, dearer, now, balance).buys == 5 + 10
    assert spending(amounts, amounts, dearer, now, half).buys == 4
    assert spending(amounts, amounts, later, now, balance).buys == 25


def test_what_a_least_charge_has_taken_is_bought() -> None:
    """Of 30 a month, 20 days have taken 20.00, of which 1.90 were used."""
    amounts = every_day("1", date(2026, 11, 1), TODAY - DAY)
    schedule = TariffSchedule.always(flat("0.10", minimum="30"))
    now = NOW.replace(hour=0, minute=0)
    found = spending(amounts, amounts, schedule, now, Estimate.sure(Decimal(20)))
    assert found.buys == (20 + Decimal("18.10")) / Decimal("0.10")
    owing = spending(amounts, amounts, schedule, now, Estimate.sure(Decimal(-1)))
    assert owing.buys == 0


@pytest.mark.parametrize(("balance", "buys"), [(2, 20), (20, 140), (65, 440), (70, 490)])
def test_what_a_balance_buys_is_what_is_used_until_it_runs_out(balance: int, buys: int) -> None:
    """Of 30 a month, those days take 1.00 each."""
    amounts = every_day("20", date(2026, 10, 1), date(2026, 11, 8))
    schedule = TariffSchedule.always(flat("0.10", fixed="30"))
    now = datetime(2026, 11, 9, tzinfo=BRUNEI)
    found = spending(amounts, amounts, schedule, now, Estimate.sure(Decimal(balance)))
    assert found.buys is not None
    assert round(found.buys, 3) == buys


def test_nothing_known_is_not_nothing_used() -> None:
    found = spending({}, {}, RESIDENTIAL, NOW, None)
    assert (found.today, found.yesterday, found.this_month, found.last_month) == (None,) * 4
    assert (found.per_day, found.buys, found.forecast) == (None, None, None)
    assert (found.tier_number, found.left_in_tier) == (1, 600)


def test_a_balance_below_zero_buys_nothing() -> None:
    assert spending({}, {}, RESIDENTIAL, NOW, Estimate.sure(Decimal(-4))).buys == 0


def test_the_average_is_of_the_last_thirty_complete_days() -> None:
    complete = every_day("90", TODAY - 60 * DAY, TODAY - (AVERAGED + 1) * DAY)
    complete |= every_day("9", TODAY - AVERAGED * DAY, TODAY - 11 * DAY)
    complete |= every_day("12", TODAY - 10 * DAY, TODAY - DAY)
    del complete[TODAY - 3 * DAY]
    found = spending(complete, complete, RESIDENTIAL, NOW, None)
    assert found.per_day == Decimal(20 * 9 + 9 * 12) / 29


@given(
    tariffs(),
    tariffs(),
    st.lists(st.none() | st.decimals(min_value=0, max_value=300, places=3), max_size=51),
)
@settings(max_examples=50, deadline=None)
def test_months_cost_their_bill_whatever_was_used(
    old: Tariff, new: Tariff, some: list[Decimal | None]
) -> None:
    first = date(2026, 10, 1)
    amounts = {first + n * DAY: amount for n, amount in enumerate(some) if amount is not None}
    schedule = TariffSchedule.always(old).with_tariff(date(2026, 11, 1), new)
    found = spending(amounts, amounts, schedule, NOW, None)
    for cost, tariff, month in ((found.last_month, old, 10), (found.this_month, new, 11)):
        used = {day: amount for day, amount in amounts.items() if day.month == month}
        if not used:
            assert cost is None
            continue
        share = Decimal(max(used).day) / monthrange(2026, month)[1]
        minimum, fixed = tariff.monthly_minimum * share, tariff.monthly_fixed * share
        bill = max(minimum, fixed + tariff.cost(sum(used.values(), Decimal(0))))
        assert cost is not None
        assert abs(cost - bill) < Decimal("1e-20")

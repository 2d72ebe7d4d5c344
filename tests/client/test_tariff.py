"""What amounts cost, and what money buys."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client import (
    RunningBill,
    Tariff,
    TariffSchedule,
    Tier,
    Utility,
    WrongRequest,
    WrongTariff,
    commercial_electricity,
    residential_electricity,
    residential_water,
    tiers_of,
)
from tests.support.tariffs import AMOUNTS, MONEY, tariffs

# --- the operator's tariffs ---


@pytest.mark.parametrize(
    ("tariff", "consumption", "cost"),
    [
        (residential_electricity(), "0", "0"),
        (residential_electricity(), "-5", "0"),
        (residential_electricity(), "600", "6.00"),
        (residential_electricity(), "601", "6.08"),
        (residential_electricity(), "2000", "118.00"),
        (residential_electricity(), "4000", "318.00"),
        (residential_electricity(), "4001.5", "318.18"),
        (residential_water(), "54.54", "5.9994"),
        (residential_water(), "55.54", "6.4394"),
        (residential_water(units=3), "163.62", "17.9982"),
        (residential_water(units=3), "164.62", "18.4382"),
    ],
)
def test_residential_prices(tariff: Tariff, consumption: str, cost: str) -> None:
    assert tariff.cost(Decimal(consumption)) == Decimal(cost)
    assert tariff.bill(Decimal(consumption)) == Decimal(cost)


def test_the_operators_worked_example_of_a_shop() -> None:
    shop = commercial_electricity(Decimal(140))
    assert shop.cost(Decimal(1400)) == Decimal("280.00")
    assert shop.cost(Decimal(15400)) == Decimal("280.00") + Decimal("980.00")
    assert shop.bill(Decimal(26880)) == Decimal("1948.80")


def test_vacant_premises_pay_a_minimum() -> None:
    vacant = commercial_electricity(Decimal(10), vacant=True)
    assert vacant.bill(Decimal(0)) == Decimal("2.00")
    assert vacant.bill(Decimal(4)) == Decimal("2.00")
    assert vacant.bill(Decimal(11)) == Decimal("2.20")
    assert vacant.cost(Decimal(4)) == Decimal("0.80")


# --- tiers ---


@pytest.mark.parametrize(
    ("consumption", "number", "rate", "left"),
    [
        ("0", 1, "0.01", "600"),
        ("599.999", 1, "0.01", "0.001"),
        ("600", 2, "0.08", "1400"),
        ("3999", 3, "0.10", "1"),
        ("4000", 4, "0.12", None),
        ("-1", 1, "0.01", "600"),
    ],
)
def test_the_tier_of_the_next_unit(
    consumption: str, number: int, rate: str, left: str | None
) -> None:
    tariff, used = residential_electricity(), Decimal(consumption)
    assert tariff.tier_number(used) == number
    assert tariff.tier(used) is tariff.tiers[number - 1]
    assert tariff.rate(used) == Decimal(rate)
    assert tariff.units_left_in_tier(used) == (None if left is None else Decimal(left))


@given(tariffs(), st.decimals(min_value=0, max_value=20000, places=2))
def test_the_next_unit_costs_the_rate(tariff: Tariff, used: Decimal) -> None:
    step = Decimal("0.01")  # no tier is narrower
    assert tariff.cost(used + step) - tariff.cost(used) == step * tariff.rate(used)


# --- the parts add up ---


@given(tariffs(), st.lists(AMOUNTS, min_size=1, max_size=50))
def test_hours_add_up_to_the_months_bill(tariff: Tariff, hours: list[Decimal]) -> None:
    running = RunningBill(TariffSchedule.always(tariff))
    costs = [running.use(date(2026, 11, 3), hour) for hour in hours]
    costs.append(running.use(date(2026, 11, 30), Decimal(0)))
    assert abs(sum(costs) - tariff.bill(sum(hours, Decimal(0)))) < Decimal("1e-15")
    assert min(costs) >= 0


@given(tariffs(), tariffs(), st.lists(AMOUNTS, min_size=62, max_size=62))
def test_months_add_up_each_by_itself(old: Tariff, new: Tariff, days: list[Decimal]) -> None:
    first = date(2026, 10, 1)
    schedule = TariffSchedule.always(old).with_tariff(date(2026, 11, 1), new)
    running = RunningBill(schedule)
    costs = [running.use(first + timedelta(days=n), amount) for n, amount in enumerate(days)]
    for tariff, month in ((old, slice(31)), (new, slice(31, 61))):
        bill = tariff.bill(sum(days[month], Decimal(0)))
        assert abs(sum(costs[month]) - bill) < Decimal("1e-15")  # a share has no end
    assert costs[61] == max(new.monthly_minimum / 31, new.monthly_fixed / 31 + new.cost(days[61]))


def test_fixed_and_minimum_charges_are_spread_over_the_days() -> None:
    tariff = Tariff(
        "own",
        Utility.WATER,
        tiers_of([(None, Decimal("0.5"))]),
        monthly_fixed=Decimal(3),
        monthly_minimum=Decimal(6),
    )
    running = RunningBill(TariffSchedule.always(tariff))
    # Below the minimum a day costs a thirtieth of it; days without a reading are made up for.
    assert running.use(date(2026, 11, 1), Decimal(0)) == Decimal("0.2")
    assert running.use(date(2026, 11, 3), Decimal("0.1")) == Decimal("0.4")
    assert running.use(date(2026, 11, 3), Decimal(2)) == Decimal("0.75")
    assert running.use(date(2026, 11, 3), Decimal(4)) == 2
    # A correction downwards gives back what it was charged.
    assert running.use(date(2026, 11, 3), Decimal(-1)) == Decimal("-0.5")
    assert running.use(date(2026, 11, 30), Decimal(0)) == Decimal("3.15")
    assert running.use(date(2026, 12, 1), Decimal(0)) == Decimal(6) / 31


def test_charges_of_a_month_in_which_the_tariff_changes() -> None:
    def tariff(rate: str, fixed: int) -> Tariff:
        tiers = tiers_of([(Decimal(100), Decimal(rate)), (None, Decimal(1))])
        return Tariff("own", Utility.WATER, tiers, monthly_fixed=Decimal(fixed))

    schedule = TariffSchedule.always(tariff("0.1", 3)).with_tariff(
        date(2026, 11, 11), tariff("0.2", 6)
    )
    running = RunningBill(schedule)
    costs = [running.use(date(2026, 11, day), Decimal(4)) for day in range(1, 31)]
    # Ten days of 3 a month and twenty of 6; 40 and 60 in the first tier, 20 above it.
    assert sum(costs) == 1 + 4 + 40 * Decimal("0.1") + 60 * Decimal("0.2") + 20


# --- what money buys ---


@given(tariffs(free=False), AMOUNTS, AMOUNTS)
def test_units_for_inverts_cost(tariff: Tariff, already: Decimal, units: Decimal) -> None:
    price = tariff.cost(already + units) - tariff.cost(already)
    bought = tariff.units_for(price, already)
    assert bought is not None
    assert abs(bought - units) < Decimal("1e-15")


@given(tariffs(), AMOUNTS, MONEY)
def test_what_was_bought_costs_what_was_paid(
    tariff: Tariff, already: Decimal, amount: Decimal
) -> None:
    bought = tariff.units_for(amount, already)
    if bought is None:
        assert tariff.tiers[-1].rate == 0
        return
    price = tariff.cost(already + bought) - tariff.cost(already)
    assert abs(price - amount) < Decimal("1e-15")


def test_money_through_the_tiers() -> None:
    tariff = residential_electricity()
    assert tariff.units_for(Decimal("14.00")) == 700
    assert tariff.units_for(Decimal("14.00"), Decimal(600)) == 175
    assert tariff.units_for(Decimal(-3)) == 0
    free = Tariff("own", Utility.WATER, tiers_of([(Decimal(9), Decimal(1)), (None, Decimal(0))]))
    assert free.units_for(Decimal(8)) == 8
    assert free.units_for(Decimal(10)) is None


# --- tariffs that can't be ---


def own(*tiers: tuple[str, str | None, str], fixed: str = "0", minimum: str = "0") -> Tariff:
    made = (Tier(Decimal(a), None if b is None else Decimal(b), Decimal(r)) for a, b, r in tiers)
    return Tariff("own", Utility.ELECTRICITY, tuple(made), Decimal(fixed), Decimal(minimum))


@pytest.mark.parametrize(
    ("tiers", "field"),
    [
        ((), "tiers"),
        ((("1", None, "1"),), "tiers[0].start"),
        ((("0", "5", "1"),), "tiers[0].end"),
        ((("0", None, "1"), ("5", None, "1")), "tiers[0].end"),
        ((("0", "0", "1"), ("0", None, "1")), "tiers[0].end"),
        ((("0", "5", "1"), ("6", None, "1")), "tiers[1].start"),
        ((("0", "5", "1"), ("4", None, "1")), "tiers[1].start"),
        ((("0", "5", "1"), ("5", None, "-1")), "tiers[1].rate"),
        ((("0", None, "NaN"),), "tiers[0].rate"),
    ],
)
def test_tiers_that_cannot_be(tiers: tuple[tuple[str, str | None, str], ...], field: str) -> None:
    with pytest.raises(WrongTariff) as caught:
        own(*tiers)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


@pytest.mark.parametrize("charge", ["fixed", "minimum"])
@pytest.mark.parametrize("amount", ["-1", "Infinity"])
def test_charges_that_cannot_be(charge: str, amount: str) -> None:
    with pytest.raises(WrongTariff) as caught:
        own(("0", None, "1"), **{charge: amount})
    assert caught.value.field == f"monthly_{charge}"


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(WrongRequest, match="units"):
        residential_water(units=0)
    with pytest.raises(WrongRequest, match="kva"):
        commercial_electricity(Decimal(0))
    with pytest.raises(WrongRequest, match="end"):
        tiers_of([(None, Decimal(1)), (None, Decimal(1))])

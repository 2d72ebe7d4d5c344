"""What amounts cost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client.models import Utility
from custom_components.usms.client.tariff import RESIDENTIAL

AMOUNTS = st.decimals(min_value=0, max_value=20000, places=3)


@pytest.mark.parametrize(
    ("utility", "amount", "cost"),
    [
        (Utility.ELECTRICITY, "0", "0"),
        (Utility.ELECTRICITY, "-5", "0"),
        (Utility.ELECTRICITY, "600", "6.00"),
        (Utility.ELECTRICITY, "601", "6.08"),
        (Utility.ELECTRICITY, "2000", "118.00"),
        (Utility.ELECTRICITY, "4000", "318.00"),
        (Utility.ELECTRICITY, "4001.5", "318.18"),
        (Utility.WATER, "54.54", "5.9994"),
        (Utility.WATER, "55.54", "6.4394"),
    ],
)
def test_residential_prices(utility: Utility, amount: str, cost: str) -> None:
    assert RESIDENTIAL[utility].cost(Decimal(amount)) == Decimal(cost)


@given(AMOUNTS, AMOUNTS, st.sampled_from(Utility))
def test_a_month_in_two_parts_costs_what_it_costs_in_one(
    first: Decimal, second: Decimal, utility: Utility
) -> None:
    tariff = RESIDENTIAL[utility]
    whole = tariff.cost(first + second)
    assert tariff.cost(first) + (whole - tariff.cost(first)) == whole
    assert whole >= tariff.cost(first)
    assert whole >= min(tier.price for tier in tariff.tiers) * (first + second)
    assert whole <= max(tier.price for tier in tariff.tiers) * (first + second)

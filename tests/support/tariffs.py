"""Strategies for hypothesis: any tariff, any amount."""

from decimal import Decimal

from hypothesis import strategies as st

from custom_components.usms.client import Utility
from custom_components.usms.client.billing.tariff import Tariff, tiers_of

AMOUNTS = st.decimals(min_value=0, max_value=20000, places=3)
MONEY = st.decimals(min_value=0, max_value=5000, places=2)


@st.composite
def tariffs(draw: st.DrawFn, *, free: bool = True) -> Tariff:
    """Any tariff of electricity; with `free` some rates may be 0."""
    widths = draw(st.lists(st.decimals(min_value="0.01", max_value=3000, places=2), max_size=5))
    ends = [sum(widths[: n + 1], Decimal(0)) for n in range(len(widths))]
    rates = st.decimals(min_value=0 if free else "0.0001", max_value=2, places=4)
    return Tariff(
        "any",
        Utility.ELECTRICITY,
        tiers_of([(end, draw(rates)) for end in [*ends, None]]),
        monthly_fixed=draw(MONEY),
        monthly_minimum=draw(MONEY),
    )

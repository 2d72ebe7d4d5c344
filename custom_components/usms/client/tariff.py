"""Prices: what an amount of electricity or water costs, by tiers of a calendar month.

Amounts are `Decimal` in kWh or m³, prices in BND; nothing is rounded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from .models import Utility


@dataclass(frozen=True, slots=True)
class Tier:
    """A price that holds up to an amount a month."""

    upto: Decimal | None
    """kWh or m³ of the month, this much included; None for the last tier."""
    price: Decimal
    """BND a kWh or m³."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices by tiers; every calendar month begins at the first."""

    name: str
    utility: Utility
    tiers: tuple[Tier, ...]

    def cost(self, amount: Decimal) -> Decimal:
        """Return what a month's consumption of that amount costs; an amount below 0 costs 0."""
        total = below = Decimal(0)
        for tier in self.tiers:
            top = amount if tier.upto is None else min(amount, tier.upto)
            if top > below:
                total += (top - below) * tier.price
                below = top
        return total


RESIDENTIAL: Final = {
    Utility.ELECTRICITY: Tariff(
        "residential_electricity",
        Utility.ELECTRICITY,
        (
            Tier(Decimal(600), Decimal("0.01")),
            Tier(Decimal(2000), Decimal("0.08")),
            Tier(Decimal(4000), Decimal("0.10")),
            Tier(None, Decimal("0.12")),
        ),
    ),
    Utility.WATER: Tariff(
        "residential_water",
        Utility.WATER,
        (Tier(Decimal("54.54"), Decimal("0.11")), Tier(None, Decimal("0.44"))),
    ),
}
"""The residential tariffs on the operator's own tariff page: electricity since 2012-01-01, water
for a building of one unit."""

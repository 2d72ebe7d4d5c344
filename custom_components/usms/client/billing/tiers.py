"""Tiers: the rates that hold for the parts of a month's consumption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ..errors import WrongTariff

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tier:
    """A rate that holds for a part of a month's consumption: from `start` on, below `end`."""

    start: Decimal
    """kWh or m³ of the month."""
    end: Decimal | None
    """kWh or m³ of the month; None for the last tier."""
    rate: Decimal
    """BND a kWh or m³."""


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raise WrongTariff where tiers leave gaps or overlap, or anything is negative."""
    if not tiers:
        raise WrongTariff("tiers", "a tariff needs at least one tier")
    start: Decimal | None = _ZERO
    for number, tier in enumerate(tiers):
        place, last = f"tiers[{number}]", number == len(tiers) - 1
        if tier.start != start:
            raise WrongTariff(f"{place}.start", "the first tier begins at 0, others at an end")
        if last and tier.end is not None:
            raise WrongTariff(f"{place}.end", "the last tier has no end")
        if not last and (tier.end is None or not tier.end > tier.start):
            raise WrongTariff(f"{place}.end", "a tier ends above its start, only the last never")
        if not (tier.rate.is_finite() and tier.rate >= 0):
            raise WrongTariff(f"{place}.rate", "a rate is a number, 0 or more")
        start = tier.end


def tiers_of(steps: Sequence[tuple[Decimal | None, Decimal]]) -> tuple[Tier, ...]:
    """Make tiers from where each ends (None: the last) and its rate, one after the other."""
    tiers: list[Tier] = []
    for number, (end, rate) in enumerate(steps):
        start = tiers[-1].end if tiers else _ZERO
        if start is None:
            raise WrongTariff(f"tiers[{number - 1}].end", "only the last tier has no end")
        tiers.append(Tier(start, end, rate))
    return tuple(tiers)

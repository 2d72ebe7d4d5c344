"""Prices: what electricity or water costs, by tiers of a calendar month of Brunei.

Consumption is `Decimal` in kWh or m³, money in BND; nothing is rounded here, so the parts of a
month add up exactly to its bill. Prices are those of the operator's own tariff page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final

from .errors import WrongTariff
from .models import Utility

_ZERO: Final = Decimal(0)


class TariffKind(StrEnum):
    """Where a tariff's figures come from."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Tier:
    """A rate that holds for a part of a month's consumption: from `start` on, below `end`."""

    start: Decimal
    """kWh or m³ of the month."""
    end: Decimal | None
    """kWh or m³ of the month; None for the last tier."""
    rate: Decimal
    """BND a kWh or m³."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """Rates by tiers, which begin anew every calendar month, and what a month costs besides.

    Raises `WrongTariff` where the tiers leave gaps or overlap, or anything is negative.
    """

    name: str
    utility: Utility
    tiers: tuple[Tier, ...]
    monthly_fixed: Decimal = _ZERO
    """BND a month beside the consumption."""
    monthly_minimum: Decimal = _ZERO
    """BND that a month costs at least."""
    kind: TariffKind = TariffKind.OWN
    size: Decimal | None = None
    """What an operator's tariff goes by: units in the building (water), kVA (commercial)."""

    def __post_init__(self) -> None:
        """Check that each amount has one rate."""
        _check(self.tiers)
        for name in ("monthly_fixed", "monthly_minimum"):
            charge: Decimal = getattr(self, name)
            if not (charge.is_finite() and charge >= 0):
                raise WrongTariff(name, "a charge is a number, 0 or more")

    def cost(self, consumption: Decimal) -> Decimal:
        """Return the charge for a month's consumption alone; 0 for one below 0."""
        total = _ZERO
        for tier in self.tiers:
            if consumption <= tier.start:
                break
            top = consumption if tier.end is None else min(consumption, tier.end)
            total += (top - tier.start) * tier.rate
        return total

    def bill(self, consumption: Decimal) -> Decimal:
        """Return what a month of that consumption costs in all."""
        return max(self.monthly_minimum, self.monthly_fixed + self.cost(consumption))

    def cost_between(self, before: Decimal | None, after: Decimal) -> Decimal:
        """Return what going on from one consumption of a month to another costs.

        With `before=None` it is the month's first, which carries its fixed charge and minimum:
        the pieces of a month sum to its bill. None is negative unless consumption goes back.
        """
        return self.bill(after) - (_ZERO if before is None else self.bill(before))

    def units_for(self, amount: Decimal, already_consumed: Decimal = _ZERO) -> Decimal | None:
        """Return what an amount (BND) buys this month, after what was consumed of it already.

        Inverts `cost`; 0 for an amount below 0, None where it has no end because units are free.
        """
        units, left = _ZERO, max(amount, _ZERO)
        for tier in self.tiers:
            start = max(tier.start, already_consumed)
            if tier.end is None:
                return units + left / tier.rate if tier.rate else None
            room = max(tier.end - start, _ZERO)
            if room * tier.rate > left:
                return units + left / tier.rate
            units += room
            left -= room * tier.rate
        raise AssertionError  # the last tier has no end

    def tier(self, consumption: Decimal) -> Tier:
        """Return the tier that the next unit falls in."""
        return self.tiers[self.tier_number(consumption) - 1]

    def tier_number(self, consumption: Decimal) -> int:
        """Return which tier the next unit falls in, from 1."""
        return 1 + sum(tier.end is not None and tier.end <= consumption for tier in self.tiers)

    def rate(self, consumption: Decimal) -> Decimal:
        """Return what the next unit costs (BND a kWh or m³)."""
        return self.tier(consumption).rate

    def units_left_in_tier(self, consumption: Decimal) -> Decimal | None:
        """Return how many units remain until the next tier; None in the last."""
        end = self.tier(consumption).end
        return None if end is None else end - max(consumption, _ZERO)


def _check(tiers: Sequence[Tier]) -> None:
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


# --- the operator's tariffs ---


def residential_electricity() -> Tariff:
    """Return the residential electricity tariff, in force since 2012-01-01.

    Operator's tariff page: 1-600 kWh 0.01, 601-2000 0.08, 2001-4000 0.10, from 4001 0.12 BND.
    """
    return Tariff(
        "residential_electricity",
        Utility.ELECTRICITY,
        tiers_of(
            (
                (Decimal(600), Decimal("0.01")),
                (Decimal(2000), Decimal("0.08")),
                (Decimal(4000), Decimal("0.10")),
                (None, Decimal("0.12")),
            )
        ),
        kind=TariffKind.RESIDENTIAL,
    )


def residential_water(units: int = 1) -> Tariff:
    """Return the residential water tariff of a building of that many units (dwellings).

    Operator's tariff page: the first 54.54 m³ for each unit 0.11, above 0.44 BND.
    """
    if units < 1:
        raise WrongTariff("units", "a building has at least 1 unit")
    return Tariff(
        "residential_water",
        Utility.WATER,
        tiers_of(((Decimal("54.54") * units, Decimal("0.11")), (None, Decimal("0.44")))),
        kind=TariffKind.RESIDENTIAL,
        size=Decimal(units),
    )


def commercial_electricity(kva: Decimal, *, vacant: bool = False) -> Tariff:
    """Return the commercial electricity tariff (Tariff B) for a subscribed capacity in kVA.

    Operator's tariff page: for each kVA the first 10 kWh 0.20, the next 100 0.07, the next 100
    0.06, the rest 0.05 BND; vacant premises pay at least 2.00 a month. Not for heavy industry.
    """
    if not (kva.is_finite() and kva > 0):
        raise WrongTariff("kva", "the capacity is above 0 kVA")
    return Tariff(
        "commercial_electricity",
        Utility.ELECTRICITY,
        tiers_of(
            (
                (10 * kva, Decimal("0.20")),
                (110 * kva, Decimal("0.07")),
                (210 * kva, Decimal("0.06")),
                (None, Decimal("0.05")),
            )
        ),
        monthly_minimum=Decimal("2.00") if vacant else _ZERO,
        kind=TariffKind.COMMERCIAL,
        size=kva,
    )


def residential(utility: Utility, units: int = 1) -> Tariff:
    """Return the residential tariff of a utility; `units` in the building count for water."""
    electricity = utility is Utility.ELECTRICITY
    return residential_electricity() if electricity else residential_water(units)


# --- tariffs over time ---


@dataclass(frozen=True, slots=True)
class DatedTariff:
    """A tariff and the day from which it holds; None for the first: from ever."""

    since: date | None
    tariff: Tariff


@dataclass(frozen=True, slots=True)
class TariffSchedule:
    """The tariffs of a meter over time, by the day from which each holds.

    Before the first day the first tariff holds too: nothing else is known. Raises `WrongTariff`
    where days or utilities do not go together.
    """

    tariffs: tuple[DatedTariff, ...]

    def __post_init__(self) -> None:
        """Check that each day has one tariff."""
        if not self.tariffs:
            raise WrongTariff("tariffs", "there is no tariff")
        for number, (old, new) in enumerate(pairwise(self.tariffs), 1):
            if new.since is None or (old.since is not None and new.since <= old.since):
                raise WrongTariff(f"tariffs[{number}].since", "a date after that of the one before")
            if new.tariff.utility is not old.tariff.utility:
                raise WrongTariff(f"tariffs[{number}].utility", "a meter measures one utility")

    @classmethod
    def always(cls, tariff: Tariff) -> TariffSchedule:
        """Return the schedule of a tariff that never changes."""
        return cls((DatedTariff(None, tariff),))

    def changed(self, since: date, tariff: Tariff) -> TariffSchedule:
        """Return the schedule with that tariff from a day on, whatever was there from then on."""
        kept = tuple(dated for dated in self.tariffs if dated.since is None or dated.since < since)
        return TariffSchedule((*kept, DatedTariff(since, tariff)))

    @property
    def utility(self) -> Utility:
        """What the meter measures."""
        return self.tariffs[0].tariff.utility

    def on(self, day: date) -> Tariff:
        """Return the tariff that holds on a day of Brunei."""
        for dated in reversed(self.tariffs):
            if dated.since is None or dated.since <= day:
                return dated.tariff
        return self.tariffs[0].tariff

    def cost_between(self, day: date, before: Decimal | None, after: Decimal) -> Decimal:
        """Return the cost of a day's piece of its month, as `Tariff.cost_between`."""
        return self.on(day).cost_between(before, after)


@dataclass(slots=True)
class RunningBill:
    """Prices consumption as it comes, by time, through the tiers of each month."""

    schedule: TariffSchedule
    month: tuple[int, int] | None = None
    consumption: Decimal | None = None
    """kWh or m³ of the month so far; None before its first."""

    def use(self, day: date, amount: Decimal) -> Decimal:
        """Take in what was consumed on a day, or in an hour of it; return what it costs (BND)."""
        if self.month != (day.year, day.month):
            self.month, self.consumption = (day.year, day.month), None
        before = self.consumption
        self.consumption = (before or _ZERO) + amount
        return self.schedule.cost_between(day, before, self.consumption)

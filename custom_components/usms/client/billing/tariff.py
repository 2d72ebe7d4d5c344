"""Prices: what electricity or water costs, by tiers of a calendar month of Brunei.

Consumption is `Decimal` in kWh or m³, money in BND; nothing is rounded here, so the parts of a
month add up exactly to its bill. Prices are those of the operator's own tariff page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from ..errors import WrongTariff
from ..models import Utility
from .tiers import Tier, check_tiers, tiers_of

_ZERO: Final = Decimal(0)


class TariffKind(StrEnum):
    """Where a tariff's figures come from."""

    RESIDENTIAL = "residential"
    COMMERCIAL = "commercial"
    OWN = "own"


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
        check_tiers(self.tiers)
        for name in ("monthly_fixed", "monthly_minimum"):
            charge: Decimal = getattr(self, name)
            if not (charge.is_finite() and charge >= 0):
                raise WrongTariff(name, "a charge is a number, 0 or more")

    @classmethod
    def from_dict(cls, utility: Utility, data: Mapping[str, object]) -> Tariff:
        """Make a tariff of what `to_dict` gives, or of options in that form.

        `kind` says which: `residential` (water: with `units`), `commercial` (with `kva`, `vacant`)
        or `own` with `tiers`, a list of `end` and `rate`, and `monthly_fixed`, `monthly_minimum`.
        Numbers may be text. Raises `WrongTariff` that names the field.
        """
        return _from_dict(utility, data)

    def to_dict(self) -> dict[str, object]:
        """Return the tariff as JSON can hold it, numbers as text."""
        if self.kind is TariffKind.RESIDENTIAL:
            terms: dict[str, object] = {} if self.size is None else {"units": int(self.size)}
        elif self.kind is TariffKind.COMMERCIAL:
            terms = {"kva": str(self.size), "vacant": self.monthly_minimum > 0}
        else:
            terms = {
                "name": self.name,
                "tiers": [
                    {"end": None if tier.end is None else str(tier.end), "rate": str(tier.rate)}
                    for tier in self.tiers
                ],
                "monthly_fixed": str(self.monthly_fixed),
                "monthly_minimum": str(self.monthly_minimum),
            }
        return {"kind": self.kind.value, **terms}

    def cost(self, consumption: Decimal) -> Decimal:
        """Return the charge for a month's consumption alone; 0 for one below 0."""
        below, consumption = _ZERO, max(consumption, _ZERO)
        for tier in self.tiers:
            if tier.end is None or consumption <= tier.end:
                return below + (consumption - tier.start) * tier.rate
            below += (tier.end - tier.start) * tier.rate
        raise AssertionError  # the last tier has no end

    def bill(self, consumption: Decimal) -> Decimal:
        """Return what a month of that consumption costs in all."""
        return max(self.monthly_minimum, self.monthly_fixed + self.cost(consumption))

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


# --- the operator's tariffs ---


def is_residential(customer_type: str | None) -> bool:
    """Return whether the residential tariff is taken for a customer, in the portal's words.

    It is where the portal calls the customer so, or has not said.
    """
    return customer_type is None or "residential" in customer_type.casefold()


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


# --- tariffs in options ---

_OWN: Final = frozenset({"name", "tiers", "monthly_fixed", "monthly_minimum"})
_TERMS: Final[Mapping[tuple[TariffKind, Utility], frozenset[str]]] = {
    (TariffKind.RESIDENTIAL, Utility.ELECTRICITY): frozenset(),
    (TariffKind.RESIDENTIAL, Utility.WATER): frozenset({"units"}),
    (TariffKind.COMMERCIAL, Utility.ELECTRICITY): frozenset({"kva", "vacant"}),
    (TariffKind.OWN, Utility.ELECTRICITY): _OWN,
    (TariffKind.OWN, Utility.WATER): _OWN,
}
"""What a tariff of each kind has besides its kind."""
_MOST: Final = 1_000_000
_MOST_PLACES: Final = 6
_MOST_TIERS: Final = 20


def _from_dict(utility: Utility, data: Mapping[str, object]) -> Tariff:
    try:
        kind = TariffKind(str(data.get("kind")))
    except ValueError:
        raise WrongTariff("kind", "residential, commercial or own") from None
    if (kind, utility) not in _TERMS:
        raise WrongTariff("kind", "the prices of commercial water are not known: enter your own")
    if extra := data.keys() - _TERMS[kind, utility] - {"kind"}:
        raise WrongTariff(min(map(str, extra)), f"no part of a tariff of kind {kind.value}")
    if kind is TariffKind.RESIDENTIAL:
        units = _number(data.get("units", 1), "units")
        if units != int(units):
            raise WrongTariff("units", "a whole number")
        return residential(utility, int(units))
    if kind is TariffKind.COMMERCIAL:
        vacant = data.get("vacant", False)
        if not isinstance(vacant, bool):
            raise WrongTariff("vacant", "yes or no")
        return commercial_electricity(_number(data.get("kva"), "kva"), vacant=vacant)
    return Tariff(
        str(data.get("name") or TariffKind.OWN),
        utility,
        tiers_of(_steps(data.get("tiers"))),
        _number(data.get("monthly_fixed", 0), "monthly_fixed"),
        _number(data.get("monthly_minimum", 0), "monthly_minimum"),
    )


def _steps(tiers: object) -> list[tuple[Decimal | None, Decimal]]:
    """Return where each tier ends and its rate."""
    if not isinstance(tiers, list) or len(tiers) > _MOST_TIERS:
        raise WrongTariff("tiers", f"a list of up to {_MOST_TIERS} tiers")
    steps: list[tuple[Decimal | None, Decimal]] = []
    for number, tier in enumerate(tiers):
        place = f"tiers[{number}]"
        if not isinstance(tier, Mapping) or tier.keys() - {"end", "rate"}:
            raise WrongTariff(place, "a tier has an end and a rate")
        end = tier.get("end")
        steps.append(
            (
                None if end is None else _number(end, f"{place}.end"),
                _number(tier.get("rate"), f"{place}.rate"),
            )
        )
    return steps


def _number(value: object, field: str) -> Decimal:
    """Return a number of options, where floats come from forms and text from files."""
    try:
        number = Decimal("" if value is None or isinstance(value, bool) else str(value).strip())
    except InvalidOperation:
        raise WrongTariff(field, "a number such as 0.08") from None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -_MOST_PLACES or abs(number) > _MOST:
        # Sums stay exact within these: Decimal keeps 28 digits.
        raise WrongTariff(field, f"a number up to {_MOST}, with up to {_MOST_PLACES} decimals")
    return number

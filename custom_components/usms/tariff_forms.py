"""Tariff forms, of the options and the repair, and their errors."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import voluptuous as vol
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
)

from .client import DatedTariff, Tariff, TariffKind, WrongTariff
from .const import DOMAIN

CONF_ENTRY: Final = "entry"
ADD: Final = "add"
"""The choice beside the tariffs that there are."""
FIRST: Final = "first"
"""The tariff that holds from the beginning."""
CONF_KIND: Final = "kind"
CONF_SINCE: Final = "since"
CONF_KVA: Final = "kva"
CONF_VACANT: Final = "vacant"
CONF_UNITS: Final = "units"
CONF_TIERS: Final = "tiers"
CONF_FIXED: Final = "monthly_fixed"
CONF_MINIMUM: Final = "monthly_minimum"
_CURRENCY: Final = "B$"


def number(unit: str) -> NumberSelector:
    """Return a box for an amount."""
    return NumberSelector(
        NumberSelectorConfig(
            min=0,
            max=1_000_000,
            step="any",
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )


COMMERCIAL: Final = vol.Schema(
    {
        vol.Required(CONF_KVA): number("kVA"),
        vol.Required(CONF_VACANT, default=False): BooleanSelector(),
    }
)
DWELLINGS: Final = vol.Schema(
    {
        vol.Required(CONF_UNITS, default=1): NumberSelector(
            NumberSelectorConfig(min=1, max=10_000, step=1, mode=NumberSelectorMode.BOX)
        )
    }
)


def own(unit: str) -> vol.Schema:
    """Return the form of a custom tariff, for a meter that measures in that unit."""
    tiers = ObjectSelector(
        ObjectSelectorConfig(
            fields={
                "rate": {"selector": number(f"{_CURRENCY}/{unit}"), "required": True},
                "end": {"selector": number(unit)},
            },
            multiple=True,
            label_field="rate",
            description_field="end",
            translation_key="tiers",
        )
    )
    return vol.Schema(
        {
            vol.Required(CONF_TIERS): tiers,
            vol.Required(CONF_FIXED, default=0): number(_CURRENCY),
            vol.Required(CONF_MINIMUM, default=0): number(_CURRENCY),
        }
    )


def tariff_errors(err: WrongTariff) -> dict[str, str]:
    """Return the errors of a form for a tariff that is not possible."""
    field = err.field.split("[")[0].split(".")[0]
    known = {CONF_KVA, CONF_UNITS, CONF_TIERS, CONF_FIXED, CONF_MINIMUM}
    return {field if field in known else "base": f"wrong_{field}" if field in known else "wrong"}


def terms_of(tariff: Tariff) -> dict[str, Any]:
    """Return the terms of a tariff as its form takes them."""
    terms = tariff.to_dict()
    tiers = terms.get(CONF_TIERS)
    if isinstance(tiers, list):
        terms[CONF_TIERS] = [
            {name: float(value) for name, value in tier.items() if value is not None}
            for tier in tiers
        ]
    numbers = {CONF_KVA, CONF_FIXED, CONF_MINIMUM}
    return {name: float(str(value)) if name in numbers else value for name, value in terms.items()}


def _money(amount: Decimal) -> str:
    """Return an amount with all its digits, and two at least after the point."""
    cents = round(amount, 2)
    return f"{_CURRENCY}{cents:,f}" if cents == amount else f"{_CURRENCY}{_plain(amount)}"


def _plain(number: Decimal) -> str:
    return f"{number.normalize():,f}"


def name_of(dated: DatedTariff) -> str:
    """Return what a tariff of a schedule is called in a form."""
    return dated.since.isoformat() if dated.since else FIRST


def label_of(dated: DatedTariff, texts: Mapping[str, str]) -> str:
    """Return a tariff of a schedule as people read it; `texts` are those of selectors."""

    def text(key: str, **parts: object) -> str:
        return texts.get(f"component.{DOMAIN}.selector.{key}", key).format_map(parts)

    def words(key: str, **parts: object) -> str:
        return text(f"tariff_text.options.{key}", **parts)

    tariff, unit = dated.tariff, dated.tariff.utility.unit
    begin = words("from_day", day=dated.since) if dated.since else words("from_beginning")
    parts = [text(f"tariff_kind.options.{tariff.kind.value}")]
    if tariff.size is not None and tariff.size != 1:
        by = "kva" if tariff.kind is TariffKind.COMMERCIAL else "dwellings"
        parts.append(words(by, size=_plain(tariff.size)))
    for tier in tariff.tiers:
        rate = _money(tier.rate)
        if tier.end is not None:
            parts.append(words("tier", rate=rate, end=f"{_plain(tier.end)} {unit}"))
        else:
            parts.append(words("last_tier" if tier.start else "only_tier", rate=rate, unit=unit))
    charges = {CONF_FIXED: tariff.monthly_fixed, CONF_MINIMUM: tariff.monthly_minimum}
    parts += [words(name, amount=_money(amount)) for name, amount in charges.items() if amount]
    return f"{begin}: {', '.join(parts)}"

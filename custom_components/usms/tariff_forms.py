"""Tariff forms, of the options and the repair, and their errors."""

from __future__ import annotations

from collections.abc import Mapping
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

from .client import Tariff, WrongTariff
from .client.billing.schedule import DatedTariff
from .client.models import CURRENCY
from .const import DOMAIN

CONF_ENTRY: Final = "entry"
ADD: Final = "add"
"""The choice beside the tariffs that there are."""
ALWAYS: Final = "always"
"""The tariff that holds from the beginning."""
CONF_KIND: Final = "kind"
CONF_SINCE: Final = "since"
CONF_KVA: Final = "kva"
CONF_VACANT: Final = "vacant"
CONF_UNITS: Final = "units"
CONF_TIERS: Final = "tiers"
CONF_FIXED: Final = "monthly_fixed"
CONF_MINIMUM: Final = "monthly_minimum"


def number(unit: str | None = None, least: float = 0, most: float = 1_000_000) -> NumberSelector:
    """Return a box for a number."""
    config = NumberSelectorConfig(min=least, max=most, step="any", mode=NumberSelectorMode.BOX)
    if unit:
        config["unit_of_measurement"] = unit
    return NumberSelector(config)


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
                "rate": {"selector": number(f"{CURRENCY}/{unit}"), "required": True},
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
            vol.Required(CONF_FIXED, default=0): number(CURRENCY),
            vol.Required(CONF_MINIMUM, default=0): number(CURRENCY),
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


def name_of(dated: DatedTariff) -> str:
    """Return what a tariff of a schedule is called in a form."""
    return dated.since.isoformat() if dated.since else ALWAYS


def label_of(dated: DatedTariff, texts: Mapping[str, str]) -> str:
    """Return a tariff of a schedule as people read it; `texts` are those of selectors."""

    def text(key: str) -> str:
        return texts.get(f"component.{DOMAIN}.selector.{key}", key)

    kind = text(f"tariff_kind.options.{dated.tariff.kind.value}")
    since = dated.since.isoformat() if dated.since else text(f"tariff_entry.options.{ALWAYS}")
    rates = [f"{CURRENCY} {tier.rate}" for tier in dated.tariff.tiers]
    return f"{since}: {kind} ({', '.join(rates)})"


def dated_terms(dated: DatedTariff | None) -> dict[str, Any]:
    """Return the kind and the day of a tariff as its form takes them."""
    if dated is None:
        return {}
    since = {CONF_SINCE: dated.since.isoformat()} if dated.since else {}
    return {CONF_KIND: dated.tariff.kind.value, **since}

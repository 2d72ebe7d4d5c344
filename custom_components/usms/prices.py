"""The prices of each meter: as the options say, else by the portal's customer type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .client import TariffSchedule, Utility, WrongTariff, is_residential, residential
from .const import CONF_METERS, CONF_TARIFF


def meter_options(options: Mapping[str, Any], meter: str) -> dict[str, Any]:
    """Return what the options say of a meter."""
    return dict(options.get(CONF_METERS, {}).get(meter, {}))


def schedule_of(
    options: Mapping[str, Any], meter: str, utility: Utility, customer_type: str | None
) -> TariffSchedule | None:
    """Return a meter's prices; None where only the user knows them.

    The residential tariff is taken where the portal calls the customer so, or has not said.
    """
    chosen = meter_options(options, meter).get(CONF_TARIFF)
    if chosen is not None:
        try:
            return TariffSchedule.from_dict(chosen)
        except WrongTariff:
            return None
    if is_residential(customer_type):
        return TariffSchedule.always(residential(utility))
    return None


def with_meter_option(
    options: Mapping[str, Any], meter: str, name: str, value: object
) -> dict[str, Any]:
    """Return options with another choice for a meter."""
    meters = {**options.get(CONF_METERS, {}), meter: {**meter_options(options, meter), name: value}}
    return {**options, CONF_METERS: meters}

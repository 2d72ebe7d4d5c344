"""A statistic of another integration, taken over into the store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final

from homeassistant.components.recorder.models import StatisticMetaData
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import EnergyConverter, VolumeConverter

from ..client.consumption import days_between, fitting
from ..client.models import Resolution, Utility
from ..client.store import ReadingsStore
from ..const import DOMAIN
from .foreign import SourceRow, readings_of
from .recorder import async_metadata, async_recorded, async_rows

_CONVERTERS: Final = {Utility.ELECTRICITY: EnergyConverter, Utility.WATER: VolumeConverter}


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What was taken over of a statistic."""

    readings: int
    refused: int
    """Rows that are not sure to be a whole hour or day, or that contradict the store."""
    days: frozenset[date]
    """The days of these readings."""


async def async_take_over(
    hass: HomeAssistant,
    store: ReadingsStore,
    meter: str,
    utility: Utility,
    statistic_id: str,
    span: tuple[date | None, date],
) -> TakenOver:
    """Take over what a statistic has of the days of `span` and a meter of the store has not.

    Raises ServiceValidationError for a statistic that can't be one of the meter, RecorderFailed,
    StoreError.
    """
    await async_recorded(hass)
    series = await async_metadata(hass, statistic_id)
    if series is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="statistic_not_found",
            translation_placeholders={"statistic": statistic_id},
        )
    convert = _converter(series, utility)
    rows = await async_rows(hass, series)
    return await hass.async_add_executor_job(
        partial(_take_over, store, meter, utility, rows, convert, span)
    )


def _converter(series: StatisticMetaData, utility: Utility) -> Callable[[float], float]:
    """Return what makes kWh or m³ of the amounts of a series."""
    placeholders = {
        "statistic": series["statistic_id"],
        "unit": series["unit_of_measurement"] or "-",
        "meter_unit": utility.unit,
    }
    if not series["has_sum"]:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="statistic_without_sum",
            translation_placeholders=placeholders,
        )
    converter = _CONVERTERS[utility]
    if series["unit_of_measurement"] not in converter.VALID_UNITS:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="statistic_of_another_unit",
            translation_placeholders=placeholders,
        )
    return converter.converter_factory(series["unit_of_measurement"], utility.unit)


def _take_over(
    store: ReadingsStore,
    meter: str,
    utility: Utility,
    rows: list[SourceRow],
    convert: Callable[[float], float],
    span: tuple[date | None, date],
) -> TakenOver:
    """Write what fits (blocks); all of it or nothing."""
    now = dt_util.utcnow()
    found = readings_of(utility, rows, convert, now, span)
    with store.transaction():
        taken = fitting(found, days_between(store, meter, *span))
        number = store.adopt(meter, Resolution.DAY, taken.totals, now)
        number += store.adopt(meter, Resolution.HOUR, taken.hours, now)
        store.adopt(meter, Resolution.DAY, taken.whole, now)
    return TakenOver(number, taken.refused, frozenset(taken.days))

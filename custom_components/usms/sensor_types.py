"""What the sensors show: which value, of what kind."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
)
from homeassistant.const import (
    MAX_LENGTH_STATE_STATE,
    PERCENTAGE,
    EntityCategory,
    UnitOfEnergy,
    UnitOfVolume,
)

from .client import Meter, Utility
from .client.models import CURRENCY
from .client.summary import Consumption, Figures
from .data import HistoryProgress, UsmsCoordinator

type State = Decimal | date | datetime | str | int | None


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor of the account."""

    value: Callable[[UsmsCoordinator], State]


@dataclass(frozen=True, kw_only=True)
class HistorySensorDescription(SensorEntityDescription):
    """A sensor of the account's history."""

    value: Callable[[HistoryProgress], State]
    attributes: Callable[[HistoryProgress], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """A sensor of what a meter's card shows."""

    value: Callable[[Meter], State]


@dataclass(frozen=True, kw_only=True)
class FiguresSensorDescription(SensorEntityDescription):
    """A sensor of what was counted from the readings store."""

    value: Callable[[Figures], State]
    attributes: Callable[[Figures], Mapping[str, Any] | None] = lambda _figures: None
    steady: bool = False
    """Whether what belongs to it says nothing new where it changes by 5 % within a day."""
    while_not_zero: bool = False
    """Whether it is there only once it is known and not 0."""


def _history_attributes(progress: HistoryProgress) -> Mapping[str, Any]:
    known = progress.reports_read or progress.reports_left
    return {
        "days_complete": progress.days_complete if known else None,
        "empty_days": progress.empty_days,
        "minutes_left": _minutes_left(progress),
        "next_try": progress.next_try,
    }


def _minutes_left(progress: HistoryProgress) -> int | None:
    """Return how long the history still takes, the rougher the longer: each is recorded."""
    if progress.time_left is None or not progress.reports_left or not progress.planned:
        return None
    minutes = math.ceil(progress.time_left / timedelta(minutes=1))
    step = next(step for most, step in _ROUGHLY if minutes <= most)
    return math.ceil(minutes / step) * step


_ROUGHLY: Final = ((5, 1), (30, 5), (math.inf, 10))
_STEP: Final = 5


def _in_steps(percent: int | None) -> int | None:
    """Return the progress in steps: each is written to the recorder."""
    return None if percent is None else percent // _STEP * _STEP


LAST_POLL: Final = AccountSensorDescription(
    key="last_poll",
    translation_key="last_poll",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    entity_registry_enabled_default=False,
    value=lambda coordinator: coordinator.last_poll,
)
HISTORY_PROGRESS: Final = HistorySensorDescription(
    key="history_progress",
    translation_key="history_progress",
    native_unit_of_measurement=PERCENTAGE,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda progress: _in_steps(progress.percent),
    attributes=_history_attributes,
)

_STATUSES: Final = {"ACTIVE": "active"}
"""The portal's words that are translated."""


def _cut(status: str | None) -> str | None:
    return status and status[:MAX_LENGTH_STATE_STATE]


_METER_SENSORS: Final = (
    MeterSensorDescription(
        key="balance",
        translation_key="balance",
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement=CURRENCY,
        suggested_display_precision=2,
        value=lambda meter: meter.balance,
    ),
    MeterSensorDescription(
        key="last_updated",
        translation_key="last_updated",
        device_class=SensorDeviceClass.DATE,
        value=lambda meter: meter.last_updated.date() if meter.last_updated else None,
    ),
)
STATUS: Final = MeterSensorDescription(
    key="status",
    translation_key="status",
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda meter: _STATUSES.get(meter.status or "", _cut(meter.status)),
)


def _remaining_units(utility: Utility | None) -> MeterSensorDescription:
    """Return the sensor of what is left, in the meter's kind.

    Without a state class: the Energy dashboard offers each statistic in kWh or m³ as a source.
    """
    classes = {
        Utility.ELECTRICITY: (SensorDeviceClass.ENERGY_STORAGE, UnitOfEnergy.KILO_WATT_HOUR),
        Utility.WATER: (SensorDeviceClass.VOLUME_STORAGE, UnitOfVolume.CUBIC_METERS),
        None: (None, None),
    }
    device_class, unit = classes[utility]
    return MeterSensorDescription(
        key="remaining_units",
        translation_key="remaining_units",
        device_class=device_class,
        native_unit_of_measurement=unit,
        suggested_display_precision=1,
        value=lambda meter: meter.remaining_units,
    )


def card_sensors(utility: Utility | None) -> tuple[MeterSensorDescription, ...]:
    """Return the sensors of what the card of a meter of that kind shows, beside its status."""
    return (_remaining_units(utility), *_METER_SENSORS)


PERIODS: Final = ("today", "yesterday", "this_month", "last_month")
MONTHS: Final[Mapping[str, Callable[[Figures], Mapping[str, Any]]]] = {
    "this_month": lambda figures: {
        "last_day": figures.consumption.last_day,
        "days_missing": figures.consumption.days_missing,
    },
    "last_month": lambda figures: {"days_estimated": figures.consumption.days_estimated},
}
"""What is not known of a month, as attributes."""


def unit_of(utility: Utility | None) -> str:
    """Return the unit of a meter of that kind."""
    return UnitOfVolume.CUBIC_METERS if utility is Utility.WATER else UnitOfEnergy.KILO_WATT_HOUR


def consumption_sensors(
    utility: Utility | None, *, hourly: bool
) -> tuple[FiguresSensorDescription, ...]:
    """Return the sensors of what was used, and of the oldest and newest reading.

    Without hours nothing is known of today.
    """
    water = utility is Utility.WATER

    def used(period: str) -> FiguresSensorDescription:
        return FiguresSensorDescription(
            key=f"consumption_{period}",
            translation_key=f"consumption_{period}",
            device_class=SensorDeviceClass.WATER if water else SensorDeviceClass.ENERGY,
            native_unit_of_measurement=unit_of(utility),
            suggested_display_precision=2,
            value=lambda figures: getattr(figures.consumption, period),
            attributes=MONTHS.get(period, lambda _figures: None),
        )

    def reading(
        which: str, value: Callable[[Consumption], datetime | None]
    ) -> FiguresSensorDescription:
        return FiguresSensorDescription(
            key=f"{which}_reading",
            translation_key=f"{which}_reading",
            device_class=SensorDeviceClass.TIMESTAMP,
            entity_category=EntityCategory.DIAGNOSTIC,
            value=lambda figures: value(figures.consumption),
        )

    return (
        *map(used, PERIODS if hourly else PERIODS[1:]),
        reading("oldest", lambda consumption: consumption.oldest),
        reading("newest", lambda consumption: consumption.newest),
    )

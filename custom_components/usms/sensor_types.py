"""What the sensors show: which value, of what kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntityDescription,
    SensorStateClass,
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
    since: Callable[[date], date] | None = None
    """From the day that is today: when what is counted began."""
    attributes: Callable[[Figures], Mapping[str, Any] | None] = lambda _figures: None
    zero_is_diagnostic: bool = False
    """Whether it is of interest to few people while it is 0 or not known."""


def _history_attributes(progress: HistoryProgress) -> Mapping[str, Any]:
    step = progress.last.step if progress.last else None
    left = progress.last.time_left if progress.last else None
    return {
        "reports_read": progress.reports_read,
        "reports_left": progress.reports_left,
        "days_complete": progress.days_complete,
        "empty_days": progress.empty_days,
        "last_report": step.resolution if step else None,
        "last_report_first_day": step.first.isoformat() if step else None,
        "last_report_last_day": step.last.isoformat() if step else None,
        "reason": step.why if step else None,
        "minutes_left": round(left.total_seconds() / 60) if left is not None else None,
    }


LAST_POLL: Final = AccountSensorDescription(
    key="last_poll",
    translation_key="last_poll",
    device_class=SensorDeviceClass.TIMESTAMP,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda coordinator: coordinator.last_poll,
)
HISTORY_PROGRESS: Final = HistorySensorDescription(
    key="history_progress",
    translation_key="history_progress",
    native_unit_of_measurement=PERCENTAGE,
    entity_category=EntityCategory.DIAGNOSTIC,
    value=lambda progress: progress.percent,
    attributes=_history_attributes,
)

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
    MeterSensorDescription(
        key="status",
        translation_key="status",
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda meter: meter.status and meter.status[:MAX_LENGTH_STATE_STATE],
    ),
)


def _remaining_units(utility: Utility | None) -> MeterSensorDescription:
    """Return the sensor of what is left, in the meter's kind."""
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
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=1,
        value=lambda meter: meter.remaining_units,
    )


def card_sensors(utility: Utility | None) -> tuple[MeterSensorDescription, ...]:
    """Return the sensors of what the card of a meter of that kind shows."""
    return (_remaining_units(utility), *_METER_SENSORS)


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _yesterday(day: date) -> date:
    return day - timedelta(days=1)


def _last_month(day: date) -> date:
    return _first_of_month(_yesterday(_first_of_month(day)))


type Since = Callable[[date], date]
"""From the day that is today: when something began."""

PERIODS: Final[Mapping[str, Since]] = {
    "today": lambda day: day,
    "yesterday": _yesterday,
    "this_month": _first_of_month,
    "last_month": _last_month,
}


def unit_of(utility: Utility | None) -> str:
    """Return the unit of a meter of that kind."""
    return UnitOfVolume.CUBIC_METERS if utility is Utility.WATER else UnitOfEnergy.KILO_WATT_HOUR


def consumption_sensors(utility: Utility | None) -> tuple[FiguresSensorDescription, ...]:
    """Return the sensors of what was used, and of the oldest and newest reading."""
    water = utility is Utility.WATER

    def used(period: str) -> FiguresSensorDescription:
        return FiguresSensorDescription(
            key=f"consumption_{period}",
            translation_key=f"consumption_{period}",
            device_class=SensorDeviceClass.WATER if water else SensorDeviceClass.ENERGY,
            native_unit_of_measurement=unit_of(utility),
            state_class=SensorStateClass.TOTAL,
            suggested_display_precision=2,
            value=lambda figures: getattr(figures.consumption, period),
            since=PERIODS[period],
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
        *map(used, PERIODS),
        reading("oldest", lambda consumption: consumption.oldest),
        reading("newest", lambda consumption: consumption.newest),
    )

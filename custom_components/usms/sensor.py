"""What meters have left, what they used, and how the account is doing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfEnergy, UnitOfVolume
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .client import Meter, Utility
from .client.figures import Consumption
from .client.models import StoredMeter, brunei_midnight
from .coordinator import UsmsConfigEntry, UsmsData
from .entity import UsmsAccountEntity, UsmsMeterEntity, UsmsStoreEntity, async_add_meters

PARALLEL_UPDATES = 0

type State = Decimal | date | datetime | str | int | None


@dataclass(frozen=True, kw_only=True)
class AccountSensorDescription(SensorEntityDescription):
    """A sensor of the account."""

    value: Callable[[UsmsData], State]
    attributes: Callable[[UsmsData], Mapping[str, Any] | None] = lambda _data: None


@dataclass(frozen=True, kw_only=True)
class MeterSensorDescription(SensorEntityDescription):
    """A sensor of what a meter's card shows."""

    value: Callable[[Meter], State]


@dataclass(frozen=True, kw_only=True)
class UsageSensorDescription(SensorEntityDescription):
    """A sensor of what the readings store has of a meter."""

    value: Callable[[Consumption], State]
    since: Callable[[date], date] | None = None
    """From the day that is today: when what is counted began."""


def _history_percent(data: UsmsData) -> int:
    outlook = data.history.sync.outlook
    total = outlook.done + outlook.left
    return 100 * outlook.done // total if total else 0


def _history_attributes(data: UsmsData) -> Mapping[str, Any]:
    outlook, progress = data.history.sync.outlook, data.history.progress
    step = progress.step if progress else None
    left = progress.time_left if progress else None
    return {
        "reports_read": outlook.done,
        "reports_left": outlook.left,
        "days_complete": outlook.days_complete,
        "last_report": step.resolution if step else None,
        "last_report_first_day": step.first.isoformat() if step else None,
        "last_report_last_day": step.last.isoformat() if step else None,
        "reason": step.why if step else None,
        "minutes_left": round(left.total_seconds() / 60) if left is not None else None,
    }


_ACCOUNT_SENSORS: Final = (
    AccountSensorDescription(
        key="last_poll",
        translation_key="last_poll",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda data: data.coordinator.last_poll,
    ),
    AccountSensorDescription(
        key="history_progress",
        translation_key="history_progress",
        native_unit_of_measurement=PERCENTAGE,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=_history_percent,
        attributes=_history_attributes,
    ),
)

_METER_SENSORS: Final = (
    MeterSensorDescription(
        key="balance",
        translation_key="balance",
        device_class=SensorDeviceClass.MONETARY,
        native_unit_of_measurement="BND",
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
        value=lambda meter: meter.status,
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


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _usage_sensors(utility: Utility | None) -> tuple[UsageSensorDescription, ...]:
    """Return the sensors of what was used and of the oldest and newest reading."""
    water = utility is Utility.WATER
    device_class = SensorDeviceClass.WATER if water else SensorDeviceClass.ENERGY
    unit = UnitOfVolume.CUBIC_METERS if water else UnitOfEnergy.KILO_WATT_HOUR

    def used(
        period: str, value: Callable[[Consumption], State], since: Callable[[date], date]
    ) -> UsageSensorDescription:
        return UsageSensorDescription(
            key=f"consumption_{period}",
            translation_key=f"consumption_{period}",
            device_class=device_class,
            native_unit_of_measurement=unit,
            state_class=SensorStateClass.TOTAL,
            suggested_display_precision=2,
            value=value,
            since=since,
        )

    def reading(which: str, value: Callable[[Consumption], State]) -> UsageSensorDescription:
        return UsageSensorDescription(
            key=f"{which}_reading",
            translation_key=f"{which}_reading",
            device_class=SensorDeviceClass.TIMESTAMP,
            entity_category=EntityCategory.DIAGNOSTIC,
            value=value,
        )

    return (
        used("today", lambda usage: usage.today, lambda day: day),
        used("yesterday", lambda usage: usage.yesterday, lambda day: day - timedelta(days=1)),
        used("this_month", lambda usage: usage.this_month, _first_of_month),
        used(
            "last_month",
            lambda usage: usage.last_month,
            lambda day: _first_of_month(_first_of_month(day) - timedelta(days=1)),
        ),
        reading("oldest", lambda usage: usage.oldest),
        reading("newest", lambda usage: usage.newest),
    )


async def async_setup_entry(
    hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's sensors, and those of every meter as it appears."""
    async_add_entities(AccountSensor(entry, description) for description in _ACCOUNT_SENSORS)

    def entities_of(meter: StoredMeter) -> list[SensorEntity]:
        cards = (_remaining_units(meter.utility), *_METER_SENSORS)
        used = _usage_sensors(meter.utility) if meter.utility else ()
        return [
            *(MeterSensor(entry, meter, description) for description in cards),
            *(UsageSensor(entry, meter, description) for description in used),
        ]

    async_add_meters(hass, entry, async_add_entities, entities_of)


class AccountSensor(UsmsAccountEntity, SensorEntity):
    """Something about the account."""

    entity_description: AccountSensorDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the history too."""
        await super().async_added_to_hass()
        history = self._data.history
        self.async_on_remove(history.async_add_listener(self.async_write_ha_state))

    @property
    def _data(self) -> UsmsData:
        return self.coordinator.config_entry.runtime_data

    @property
    @override
    def native_value(self) -> State:
        """The value."""
        return self.entity_description.value(self._data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to it."""
        return self.entity_description.attributes(self._data)


class MeterSensor(UsmsMeterEntity, SensorEntity):
    """Something that a meter's card shows."""

    entity_description: MeterSensorDescription

    @property
    @override
    def native_value(self) -> State:
        """The value; None where the card shows none."""
        return self.entity_description.value(self.meter) if self.meter else None


class UsageSensor(UsmsStoreEntity, SensorEntity):
    """What a meter used, and its oldest and newest reading."""

    entity_description: UsageSensorDescription

    @property
    def _usage(self) -> Consumption | None:
        figures = self.coordinator.config_entry.runtime_data.history.figures.get(self._number)
        return figures.consumption if figures else None

    @property
    @override
    def native_value(self) -> State:
        """The value; None where nothing is published for it yet."""
        return self.entity_description.value(self._usage) if self._usage else None

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When what is counted began, in Brunei."""
        since = self.entity_description.since
        return brunei_midnight(since(self._usage.day)) if since and self._usage else None

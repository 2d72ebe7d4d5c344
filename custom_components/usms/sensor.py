"""What meters have left, what they used and cost, and how the account is doing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client.brunei import brunei_midnight
from .data import AccountMeter, HistoryCoordinator, UsmsConfigEntry
from .entity import (
    UsmsAccountEntity,
    UsmsFiguresEntity,
    UsmsMeterEntity,
    account_device,
    async_add_meters,
)
from .sensor_types import (
    HISTORY_PROGRESS,
    LAST_POLL,
    AccountSensorDescription,
    FiguresSensorDescription,
    HistorySensorDescription,
    MeterSensorDescription,
    State,
    card_sensors,
    consumption_sensors,
)
from .spending_sensors import spending_sensors

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's sensors, and those of every meter as it appears."""
    async_add_entities([AccountSensor(entry, LAST_POLL), HistorySensor(entry, HISTORY_PROGRESS)])

    def entities_of(meter: AccountMeter) -> list[SensorEntity]:
        figures = (
            (*consumption_sensors(meter.utility), *spending_sensors(meter.utility))
            if meter.utility
            else ()
        )
        return [
            *(MeterSensor(entry, meter, what) for what in card_sensors(meter.utility)),
            *(FiguresSensor(entry, meter, what) for what in figures),
        ]

    async_add_meters(hass, entry, async_add_entities, entities_of)


class AccountSensor(UsmsAccountEntity, SensorEntity):
    """Something about the account."""

    entity_description: AccountSensorDescription

    @property
    @override
    def native_value(self) -> State:
        """The value."""
        return self.entity_description.value(self.coordinator)


class HistorySensor(CoordinatorEntity[HistoryCoordinator], SensorEntity):
    """How far the history has come."""

    _attr_has_entity_name = True
    entity_description: HistorySensorDescription

    def __init__(self, entry: UsmsConfigEntry, description: HistorySensorDescription) -> None:
        """Belong to the account of that entry."""
        super().__init__(entry.runtime_data.history.progress)
        self.entity_description = description
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = account_device(entry)

    @property
    @override
    def native_value(self) -> State:
        """The value."""
        return self.entity_description.value(self.coordinator.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What belongs to it."""
        return self.entity_description.attributes(self.coordinator.data)


class MeterSensor(UsmsMeterEntity, SensorEntity):
    """Something that a meter's card shows."""

    entity_description: MeterSensorDescription
    # The address holds the meter's number.
    _unrecorded_attributes = frozenset({"top_up_url"})

    @property
    @override
    def native_value(self) -> State:
        """The value; None where the card shows none."""
        return self.entity_description.value(self.meter) if self.meter else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """When an old value was read; of the balance also where a person tops it up."""
        attributes: dict[str, Any] = {"as_of": self.as_of} if self.as_of else {}
        if self.entity_description.key == "balance":
            connection = self.coordinator.config_entry.runtime_data.connection
            attributes["top_up_url"] = connection.client.top_up_url(self._number)
        return attributes


class FiguresSensor(UsmsFiguresEntity, SensorEntity):
    """Something that was counted from the readings store."""

    entity_description: FiguresSensorDescription

    @property
    @override
    def native_value(self) -> State:
        """The value; None where nothing is published for it yet."""
        return self.entity_description.value(self.figures) if self.figures else None

    @property
    @override
    def last_reset(self) -> datetime | None:
        """When what is counted began, in Brunei."""
        since, figures = self.entity_description.since, self.figures
        return brunei_midnight(since(figures.consumption.day)) if since and figures else None

    @property
    @override
    def entity_category(self) -> EntityCategory | None:
        """Whether it is of interest to few people."""
        if self.entity_description.zero_is_diagnostic and not self.native_value:
            return EntityCategory.DIAGNOSTIC
        return self.entity_description.entity_category

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to it."""
        return self.entity_description.attributes(self.figures) if self.figures else None

"""What meters have left, what they used and cost, and how the account is doing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .client.brunei import brunei_midnight
from .client.store.models import StoredMeter
from .coordinator import UsmsConfigEntry, UsmsData
from .entity import UsmsAccountEntity, UsmsMeterEntity, UsmsStoreEntity, async_add_meters
from .sensor_types import (
    ACCOUNT_SENSORS,
    AccountSensorDescription,
    FiguresSensorDescription,
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
    async_add_entities(AccountSensor(entry, description) for description in ACCOUNT_SENSORS)

    def entities_of(meter: StoredMeter) -> list[SensorEntity]:
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
    # The address holds the meter's number.
    _unrecorded_attributes = frozenset({"top_up_url"})

    @property
    @override
    def native_value(self) -> State:
        """The value; None where the card shows none."""
        return self.entity_description.value(self.meter) if self.meter else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Of the balance: where a person tops it up."""
        if self.entity_description.key != "balance":
            return None
        connection = self.coordinator.config_entry.runtime_data.connection
        return {"top_up_url": connection.client.top_up_url(self._number)}


class FiguresSensor(UsmsStoreEntity, SensorEntity):
    """Something that was counted from the readings store."""

    entity_description: FiguresSensorDescription
    _unrecorded_attributes = frozenset({"early", "late", "low", "high"})
    _was_available: bool | None = None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Leave polls to the history, which counts what they change, but for a meter's absence."""
        if self.available is not self._was_available:
            self._was_available = self.available
            self.async_write_ha_state()

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

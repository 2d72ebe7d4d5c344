"""What meters have left, what they used and cost, and how the account is doing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, override

from homeassistant.components.sensor import SensorEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client.summary import Figures
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
    STATUS,
    AccountSensorDescription,
    FiguresSensorDescription,
    HistorySensorDescription,
    MeterSensorDescription,
    State,
    card_sensors,
    consumption_sensors,
)
from .spending_sensors import spending_sensors
from .steady import STEADY_RANGE, is_new

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's sensors, and those of every meter as it appears."""
    async_add_entities([AccountSensor(entry, LAST_POLL), HistorySensor(entry, HISTORY_PROGRESS)])

    shown: set[str] = set()
    """Meters whose status is there, which it also is of those that the account had."""

    def status(meter: AccountMeter) -> StatusSensor:
        sensor = StatusSensor(entry, meter, STATUS)
        shown.add(meter.number)
        sensor.async_on_remove(partial(shown.discard, meter.number))
        return sensor

    def entities_of(meter: AccountMeter) -> list[SensorEntity]:
        figures = (
            (
                *consumption_sensors(meter.utility, hourly=meter.hourly),
                *spending_sensors(meter.utility, hourly=meter.hourly),
            )
            if meter.utility
            else ()
        )
        later = [what for what in figures if what.while_not_zero]
        _async_add_later(entry, meter, list(later), async_add_entities)
        return [
            *(MeterSensor(entry, meter, what) for what in card_sensors(meter.utility)),
            *([status(meter)] if meter.number not in shown else ()),
            *(FiguresSensor(entry, meter, what) for what in figures if what not in later),
        ]

    async_add_meters(hass, entry, async_add_entities, entities_of)
    async_add_entities(status(meter) for meter in _gone_and_not_deleted(hass, entry))


@callback
def _gone_and_not_deleted(hass: HomeAssistant, entry: UsmsConfigEntry) -> list[AccountMeter]:
    """Return the meters that the account had and whose devices are still there."""
    registry = er.async_get(hass)
    ours = er.async_entries_for_config_entry(registry, entry.entry_id)
    known = {entity.unique_id for entity in ours}
    return [meter for meter in entry.runtime_data.gone() if f"{meter.number}_{STATUS.key}" in known]


@callback
def _async_add_later(
    entry: UsmsConfigEntry,
    meter: AccountMeter,
    descriptions: list[FiguresSensorDescription],
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add sensors once they have something to show, such as a debt."""
    coordinator = entry.runtime_data.figures.of(meter.number)

    @callback
    def add() -> None:
        if not coordinator.present:  # all this begins anew where the meter comes back
            descriptions.clear()
        shown = coordinator.data and [what for what in descriptions if what.value(coordinator.data)]
        for what in shown or ():
            descriptions.remove(what)
        if shown:
            async_add_entities(FiguresSensor(entry, meter, what) for what in shown)

    if descriptions:
        add()
        entry.async_on_unload(coordinator.async_add_listener(add))


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
        """The value; None where the card has shown none yet."""
        return self.entity_description.value(self.meter) if self.meter else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """When an old value was read; of the balance also where a person tops it up."""
        as_of = self.coordinator.as_of(self._number, self.entity_description.key)
        attributes: dict[str, Any] = {"as_of": as_of} if as_of else {}
        if self.entity_description.key == "balance":
            connection = self.coordinator.config_entry.runtime_data.connection
            attributes["top_up_url"] = connection.client.top_up_url(self._number)
        return attributes


class StatusSensor(MeterSensor):
    """The portal's word for a meter, or that the account no longer has it."""

    @property
    def _gone(self) -> bool:
        gone = self.coordinator.config_entry.runtime_data.gone()
        return any(meter.number == self._number for meter in gone)

    @property
    @override
    def available(self) -> bool:
        """Whether anything is known of it."""
        return self._gone or super().available

    @property
    @override
    def leaves(self) -> bool:
        """Whether another account has the meter: else it says that none has."""
        return super().leaves and not self._gone

    @property
    @override
    def native_value(self) -> State:
        """The word."""
        return "gone" if self._gone else super().native_value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """When an old word was read."""
        return {} if self._gone else super().extra_state_attributes


class FiguresSensor(UsmsFiguresEntity, SensorEntity):
    """Something that was counted from the readings store."""

    entity_description: FiguresSensorDescription
    _shown: Figures | None = None

    @property
    def _steady_figures(self) -> Figures | None:
        """The figures; those shown before, where new ones say nothing new."""
        figures, shown = self.figures, self._shown
        if (
            figures is None
            or shown is None
            or not self.entity_description.steady
            or figures.consumption.day != shown.consumption.day
            or figures.schedule != shown.schedule
            or self._is_new(figures, shown)
        ):
            self._shown = figures
        return self._shown

    def _is_new(self, figures: Figures, shown: Figures) -> bool:
        """Return whether the value differs, or what belongs to it by more than 5 %."""
        what = self.entity_description
        now, before = (dict(what.attributes(each) or {}) for each in (figures, shown))
        return what.value(figures) != what.value(shown) or any(
            is_new(now.get(key), before.get(key), STEADY_RANGE)
            for key in now.keys() | before.keys()
        )

    @property
    @override
    def native_value(self) -> State:
        """The value; None where nothing is published for it yet."""
        figures = self._steady_figures
        return self.entity_description.value(figures) if figures else None

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """What belongs to it."""
        figures = self._steady_figures
        return self.entity_description.attributes(figures) if figures else None

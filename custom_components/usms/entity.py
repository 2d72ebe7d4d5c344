"""What all entities have in common: an account's device, and one a meter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_USERNAME
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntry, DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client import Meter
from .client.summary import Figures
from .const import CONF_NAMES, DOMAIN
from .data import AccountMeter, FiguresCoordinator, UsmsConfigEntry, UsmsCoordinator
from .privacy import DEVICE_KINDS, masked

SHOWN: Final = frozenset(
    {
        *("balance", "remaining_units", "runs_out", "days_left", "low_credit", "status"),
        *("cost_today", "cost_this_month", "forecast_cost", "tier"),
        *("consumption_today", "consumption_yesterday", "consumption_this_month"),
        *("forecast_consumption", "top_up", "last_top_up", "debt", "monthly_repayment"),
    }
)
"""The entities of a meter that are enabled from the start; the others are there for who wants
them."""


class UsmsAccountEntity(CoordinatorEntity[UsmsCoordinator]):
    """Something about the account; there whether polls succeed or not."""

    _attr_has_entity_name = True

    def __init__(self, entry: UsmsConfigEntry, description: EntityDescription) -> None:
        """Belong to the account of that entry."""
        super().__init__(entry.runtime_data.coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{entry.entry_id}_{description.key}"
        self._attr_device_info = account_device(entry)

    @property
    @override
    def available(self) -> bool:
        """Always: that polls fail is just what these tell."""
        return True


class UsmsMeterEntity(CoordinatorEntity[UsmsCoordinator]):
    """Something that a meter's card shows; what can't be read stands for some time.

    The description's key is the value's name.
    """

    _attr_has_entity_name = True

    def __init__(
        self, entry: UsmsConfigEntry, meter: AccountMeter, description: EntityDescription
    ) -> None:
        """Belong to that meter."""
        super().__init__(entry.runtime_data.coordinator)
        self.entity_description = description
        self._number = meter.number
        self._attr_entity_registry_enabled_default = description.key in SHOWN
        self._attr_unique_id = f"{meter.number}_{description.key}"
        self._attr_device_info = _meter_device(entry, meter)

    @property
    def meter(self) -> Meter | None:
        """The meter's card as it is on show."""
        return self.coordinator.card(self._number)

    @property
    @override
    def available(self) -> bool:
        """Whether the account has the meter, and the value was read not too long ago."""
        return self.coordinator.is_shown(self._number, self.entity_description.key)


class UsmsFiguresEntity(CoordinatorEntity[FiguresCoordinator]):
    """Something that was counted of a meter; there while the portal is not."""

    _attr_has_entity_name = True

    def __init__(
        self, entry: UsmsConfigEntry, meter: AccountMeter, description: EntityDescription
    ) -> None:
        """Belong to that meter."""
        super().__init__(entry.runtime_data.figures.of(meter.number))
        self.entity_description = description
        self._entry = entry
        self._number = meter.number
        self._attr_entity_registry_enabled_default = description.key in SHOWN
        self._attr_unique_id = f"{meter.number}_{description.key}"
        self._attr_device_info = _meter_device(entry, meter)

    @property
    def figures(self) -> Figures | None:
        """What was counted of the meter last."""
        return self.coordinator.data

    @property
    @override
    def available(self) -> bool:
        """Whether the account still has the meter, as far as is known."""
        return self.coordinator.present


def account_device(entry: UsmsConfigEntry) -> DeviceInfo:
    """Return the device of an account."""
    number = masked(entry.data[CONF_USERNAME])
    alike = [
        other.entry_id for other in _accounts(entry) if masked(other.data[CONF_USERNAME]) == number
    ]
    return DeviceInfo(
        identifiers={(DOMAIN, entry.entry_id)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer="USMS",
        translation_key="account",
        translation_placeholders={"number": _counted(number, alike.index(entry.entry_id))},
    )


def _meter_device(entry: UsmsConfigEntry, meter: AccountMeter) -> DeviceInfo:
    number = masked(meter.number)
    kind = DEVICE_KINDS[meter.utility]
    return DeviceInfo(
        configuration_url=entry.runtime_data.connection.client.top_up_url(meter.number),
        identifiers={(DOMAIN, meter.number)},
        entry_type=DeviceEntryType.SERVICE,
        manufacturer="USMS",
        serial_number=meter.number,
        translation_key=kind,
        translation_placeholders={"number": _counted(number, _alike_before(entry, meter))},
    )


def _alike_before(entry: UsmsConfigEntry, meter: AccountMeter) -> int:
    """Return how many meters that would have the same name had a device before this one."""
    alike = 0
    for device in _devices(entry):
        for domain, number in device.identifiers:
            if domain != DOMAIN or device.serial_number != number:
                continue
            if number == meter.number:
                return alike
            same_kind = len(number) == len(meter.number)  # which says what a meter measures
            alike += same_kind and masked(number) == masked(meter.number)
    return alike


def _accounts(entry: UsmsConfigEntry) -> list[ConfigEntry]:
    entries = entry.runtime_data.coordinator.hass.config_entries
    return entries.async_entries(DOMAIN, include_ignore=False)


def _devices(entry: UsmsConfigEntry) -> list[DeviceEntry]:
    """Return the devices of all accounts, the oldest first."""
    registry = dr.async_get(entry.runtime_data.coordinator.hass)
    devices = (
        device
        for account in _accounts(entry)
        for device in dr.async_entries_for_config_entry(registry, account.entry_id)
    )
    return sorted(devices, key=lambda device: device.created_at)


def _counted(number: str, before: int) -> str:
    return f"{number} ({before + 1})" if before else number


@callback
def _async_connect(hass: HomeAssistant, entry: UsmsConfigEntry, meter: AccountMeter) -> str:
    """Show a meter's device as one of the account's; return its id."""
    registry = dr.async_get(hass)
    account = registry.async_get_or_create(config_entry_id=entry.entry_id, **account_device(entry))
    known = any((DOMAIN, meter.number) in device.identifiers for device in _devices(entry))
    device = registry.async_get_or_create(
        config_entry_id=entry.entry_id, **_meter_device(entry, meter)
    )
    registry.async_update_device(device.id, via_device_id=account.id)
    if not known and (name := entry.data.get(CONF_NAMES, {}).get(meter.number)):
        registry.async_update_device(device.id, name_by_user=name)
    return device.id


def async_add_meters(
    hass: HomeAssistant,
    entry: UsmsConfigEntry,
    add_entities: AddConfigEntryEntitiesCallback,
    entities_of: Callable[[AccountMeter], Iterable[Entity]],
) -> None:
    """Add the entities of every meter, now and whenever a new one appears.

    One whose device was deleted while the account did not have it is new when it comes back.
    """
    data = entry.runtime_data
    known: dict[str, str] = {}
    """The device of each meter, by its number."""

    @callback
    def add_new() -> None:
        new = [meter for meter in data.meters() if meter.number not in known]
        known.update({meter.number: _async_connect(hass, entry, meter) for meter in new})
        if new:
            add_entities(entity for meter in new for entity in entities_of(meter))

    @callback
    def forget(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        if event.data["action"] == "remove":
            for number, device in list(known.items()):
                if device == event.data["device_id"]:
                    del known[number]

    add_new()
    entry.async_on_unload(data.coordinator.async_add_listener(add_new))
    entry.async_on_unload(hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, forget))

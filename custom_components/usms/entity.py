"""What all entities have in common: an account's device, and one a meter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_RESTORED, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceEntry, DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .client import Account, Meter
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


@callback
def async_leave(entity: Entity) -> None:
    """Take away an entity with its meter, until that is back; its registration stays.

    One that stayed would become unavailable, which the logbook shows of each.
    """
    entity.hass.async_create_task(entity.async_remove(force_remove=True), "usms entity leaves")


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
        self._attr_device_info = _known_device(meter)

    @property
    def meter(self) -> Meter | None:
        """The meter's card as it is on show."""
        return self.coordinator.card(self._number)

    @property
    @override
    def available(self) -> bool:
        """Whether the account has the meter, and the value was read not too long ago."""
        return self.coordinator.is_shown(self._number, self.entity_description.key)

    @property
    def leaves(self) -> bool:
        """Whether the account no longer has the meter."""
        account: Account | None = self.coordinator.data
        return account is not None and account.meter(self._number) is None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self.leaves:
            async_leave(self)
        else:
            super()._handle_coordinator_update()


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
        self._attr_device_info = _known_device(meter)

    @property
    def figures(self) -> Figures | None:
        """What was counted of the meter last."""
        return self.coordinator.data

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        if self.coordinator.present:
            super()._handle_coordinator_update()
        else:
            async_leave(self)


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


def _known_device(meter: AccountMeter) -> DeviceInfo:
    """Return what its entities go by, of which there are many; `_async_connect` made the rest."""
    return DeviceInfo(identifiers={(DOMAIN, meter.number)})


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
    """Add the entities of every meter, now and whenever a new one appears, or one comes back."""
    data = entry.runtime_data
    known: set[str] = set()

    @callback
    def follow() -> None:
        meters = data.meters()
        new = [meter for meter in meters if meter.number not in known]
        for meter in new:
            device = _async_connect(hass, entry, meter)
            if known:
                _async_clear(hass, device)
        known.clear()
        known.update(meter.number for meter in meters)
        if new:
            add_entities(entity for meter in new for entity in entities_of(meter))

    follow()
    entry.async_on_unload(data.coordinator.async_add_listener(follow))


@callback
def _async_clear(hass: HomeAssistant, device: str) -> None:
    """Remove what Home Assistant shows since its start of entities that were not there then."""
    for entity in er.async_entries_for_device(er.async_get(hass), device):
        state = hass.states.get(entity.entity_id)
        if state and state.attributes.get(ATTR_RESTORED):
            hass.states.async_remove(entity.entity_id)

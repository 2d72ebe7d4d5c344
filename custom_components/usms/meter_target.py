"""Which meters and accounts the target of a trigger or a condition means."""

from __future__ import annotations

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN


def devices_of(hass: HomeAssistant, target: ConfigType) -> set[str]:
    """Return the devices that a target names, itself or by an entity, area, floor or label."""
    selected = async_extract_referenced_entity_ids(
        hass, TargetSelection(target), primary_entities_only=False
    )
    registry = er.async_get(hass)
    entities = map(registry.async_get, selected.referenced | selected.indirectly_referenced)
    return selected.referenced_devices | {
        entity.device_id for entity in entities if entity and entity.device_id
    }


def account_devices(hass: HomeAssistant, entry_id: str) -> list[dr.DeviceEntry]:
    """Return the devices of an account: its own, and its meters'."""
    return dr.async_entries_for_config_entry(dr.async_get(hass), entry_id)


def device_of(hass: HomeAssistant, entry_id: str, name: str) -> dr.DeviceEntry | None:
    """Return the device of a meter, or of the account, by its number or entry."""
    devices = account_devices(hass, entry_id)
    return next((device for device in devices if (DOMAIN, name) in device.identifiers), None)

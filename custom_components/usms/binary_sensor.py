"""Whether somebody has to sign in."""

from __future__ import annotations

from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import UsmsConfigEntry
from .entity import UsmsAccountEntity

PARALLEL_UPDATES = 0

_SIGN_IN_NEEDED: Final = BinarySensorEntityDescription(
    key="sign_in_needed",
    translation_key="sign_in_needed",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)


async def async_setup_entry(
    _hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's sensor."""
    async_add_entities([SignInNeeded(entry, _SIGN_IN_NEEDED)])


class SignInNeeded(UsmsAccountEntity, BinarySensorEntity):
    """On while the portal's session is dead."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether the last poll found nobody signed in."""
        return self.coordinator.sign_in_needed

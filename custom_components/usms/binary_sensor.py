"""Whether somebody has to sign in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, override

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
    """On while the portal's session is dead; tells how long sessions live."""

    _unrecorded_attributes = frozenset({"longest_pause_survived", "poll_interval"})

    @property
    @override
    def is_on(self) -> bool:
        """Whether the last poll found nobody signed in."""
        return self.coordinator.sign_in_needed

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """The session's life, in minutes where it is a span."""
        data = self.coordinator.config_entry.runtime_data
        life = data.connection.life
        return {
            "signed_in_since": life.signed_in_at,
            "lasted_before": _minutes(life.lasted),
            "ended_by": life.ended_by,
            "ended_at": life.ended_at,
            "longest_pause_survived": _minutes(life.survived),
            "deadly_pause": _minutes(life.fatal),
            "poll_interval": _minutes(self.coordinator.poll_interval),
        }


def _minutes(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds() / 60, 1)

"""Whether a sign-in is needed, and whether credit is low."""

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

from .data import AccountMeter, UsmsConfigEntry
from .entity import UsmsAccountEntity, UsmsFiguresEntity, async_add_meters
from .low_credit import LowCredit
from .spending_sensors import as_of

PARALLEL_UPDATES = 0

_SIGN_IN_NEEDED: Final = BinarySensorEntityDescription(
    key="sign_in_needed",
    translation_key="sign_in_needed",
    device_class=BinarySensorDeviceClass.PROBLEM,
    entity_category=EntityCategory.DIAGNOSTIC,
)

_LOW_CREDIT: Final = BinarySensorEntityDescription(
    key="low_credit", translation_key="low_credit", device_class=BinarySensorDeviceClass.PROBLEM
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: UsmsConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the account's sensor, and those of every meter as it appears."""
    async_add_entities([SignInNeeded(entry, _SIGN_IN_NEEDED)])

    def entities_of(meter: AccountMeter) -> list[LowCreditSensor]:
        return [LowCreditSensor(entry, meter, _LOW_CREDIT)]

    async_add_meters(hass, entry, async_add_entities, entities_of)


class SignInNeeded(UsmsAccountEntity, BinarySensorEntity):
    """On while the portal's session is dead; its attributes say how long sessions live."""

    _unrecorded_attributes = frozenset({"longest_pause_survived", "poll_interval"})

    @property
    @override
    def is_on(self) -> bool:
        """Whether the last poll found the account signed out."""
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


class LowCreditSensor(UsmsFiguresEntity, BinarySensorEntity):
    """On while a meter's credit is low, as the options say."""

    @property
    def _threshold(self) -> LowCredit:
        return LowCredit.of(self._entry.options, self._number)

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether credit is low; None while neither balance nor forecast is known."""
        return self._entry.runtime_data.news.is_low(self._number)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """What it goes by."""
        return {"by": self._threshold.by, "threshold": self._threshold.threshold} | (
            as_of(self.figures) if self.figures else {}
        )


def _minutes(span: timedelta | None) -> float | None:
    return None if span is None else round(span.total_seconds() / 60, 1)

"""The condition of automations that credit is low."""

from __future__ import annotations

from typing import Any, override

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_OPTIONS, CONF_TARGET
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.condition import Condition, ConditionConfig
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN
from .data import UsmsConfigEntry
from .meter_target import device_of, devices_of


class CreditIsLow(Condition):
    """Whether the credit of a meter that is meant is low."""

    @classmethod
    @override
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Return the target."""
        schema = {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Optional(CONF_OPTIONS, default={}): {},
        }
        validated: ConfigType = vol.Schema(schema)(config)
        return validated

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Keep what it is about."""
        super().__init__(hass, config)
        self._target = config.target or {}

    @override
    def _async_check(self, **kwargs: Any) -> bool:
        """Return whether any meter's credit is low."""
        hass, meant = self._hass, devices_of(self._hass, self._target)
        entry: UsmsConfigEntry
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state is not ConfigEntryState.LOADED:
                continue
            for meter in entry.runtime_data.meters():
                device = device_of(hass, entry.entry_id, meter.number)
                if device and device.id in meant and entry.runtime_data.news.is_low(meter.number):
                    return True
        return False


async def async_get_conditions(_hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return the conditions, by the name that follows `usms.`."""
    return {"credit_is_low": CreditIsLow}

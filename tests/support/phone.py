"""A phone with the companion app: its device, and what it is sent by the device's action."""

from __future__ import annotations

from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import template
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    mock_integration,
    mock_platform,
)


class Phone:
    """A phone; the real `mobile_app` needs an environment of its own (see tests/system)."""

    ACTION_SCHEMA = cv.DEVICE_ACTION_BASE_SCHEMA.extend(
        {
            vol.Required("type"): "notify",
            vol.Required("message"): cv.template,
            vol.Optional("title"): cv.template,
            vol.Optional("data"): cv.template_complex,
        }
    )

    def __init__(self, hass: HomeAssistant) -> None:
        """Register it."""
        self._hass = hass
        self._sent: list[dict[str, Any]] = []
        mock_integration(hass, MockModule("mobile_app"))
        mock_platform(hass, "mobile_app.device_action", self)
        entry = MockConfigEntry(domain="mobile_app", title="Phone")
        entry.add_to_hass(hass)
        entry.mock_state(hass, ConfigEntryState.LOADED)
        self.device = (
            dr.async_get(hass)
            .async_get_or_create(
                config_entry_id=entry.entry_id, identifiers={("mobile_app", "phone")}, name="Phone"
            )
            .id
        )

    async def async_call_action_from_config(
        self,
        _hass: HomeAssistant,
        config: dict[str, Any],
        variables: dict[str, Any],
        _context: Context | None,
    ) -> None:
        """Take a notification, rendered as `mobile_app` does."""
        assert config["device_id"] == self.device
        texts = {key: config[key] for key in ("title", "message", "data") if key in config}
        self._sent.append(
            {key: template.render_complex(text, variables) for key, text in texts.items()}
        )

    async def sent(self) -> list[dict[str, Any]]:
        """Return what it was sent since the last time."""
        await self._hass.async_block_till_done()
        sent, self._sent = self._sent, []
        return sent

"""What the dashboard asks of a sign-in where a person has disabled the entities that say it."""

from __future__ import annotations

import base64
from typing import Any, Final

import voluptuous as vol
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components import websocket_api
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized

from ..const import ATTR_ACCOUNT, DOMAIN
from ..data import UsmsConfigEntry
from ..permissions import may

COMMAND: Final = "usms/sign_in"


@websocket_api.websocket_command({vol.Required("type"): COMMAND, vol.Required(ATTR_ACCOUNT): str})
@callback
def _answer(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]
) -> None:
    """Say whether a sign-in is needed, and give the picture that waits; None while not loaded."""
    entry: UsmsConfigEntry | None = hass.config_entries.async_get_entry(msg[ATTR_ACCOUNT])
    if not entry or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
        connection.send_result(msg["id"], None)
        return
    if not may(hass, connection.user, entry, [entry.entry_id], POLICY_CONTROL):
        raise Unauthorized(config_entry_id=entry.entry_id, permission=POLICY_CONTROL)
    captcha = entry.runtime_data.connection.captcha
    picture = captcha and {
        "drawn_at": captcha.challenge.drawn_at.isoformat(),
        "url": f"data:image/png;base64,{base64.b64encode(captcha.picture).decode()}",
    }
    needed = entry.runtime_data.coordinator.sign_in_needed
    connection.send_result(msg["id"], {"needed": needed, "picture": picture})


@callback
def async_setup_sign_in(hass: HomeAssistant) -> None:
    """Answer what the dashboard asks."""
    websocket_api.async_register_command(hass, _answer)

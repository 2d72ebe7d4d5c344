"""What the dashboard asks of an account: what no entity says, or one that a person has disabled."""

from __future__ import annotations

import base64
from typing import Any, Final

import voluptuous as vol
from homeassistant.auth.models import User
from homeassistant.auth.permissions.const import POLICY_CONTROL, POLICY_READ
from homeassistant.components import websocket_api
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import device_registry as dr

from ..const import ATTR_ACCOUNT, DOMAIN
from ..data import UsmsConfigEntry
from ..permissions import may

COMMAND: Final = "usms/account"


@websocket_api.websocket_command({vol.Required("type"): COMMAND, vol.Required(ATTR_ACCOUNT): str})
@callback
def _answer(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, msg: dict[str, Any]
) -> None:
    """Say what keeps an account from being read, and what is known of its meters.

    None if it is not loaded.
    """
    entry: UsmsConfigEntry | None = hass.config_entries.async_get_entry(msg[ATTR_ACCOUNT])
    if not entry or entry.domain != DOMAIN or entry.state is not ConfigEntryState.LOADED:
        connection.send_result(msg["id"], None)
        return
    names = [entry.entry_id]
    if not may(hass, connection.user, entry, names, POLICY_READ):
        raise Unauthorized(config_entry_id=entry.entry_id, permission=POLICY_READ)
    since = entry.runtime_data.coordinator.unread_since
    answer = {
        "gone": _gone(hass, entry),
        "balances": _balances(hass, connection.user, entry),
        "unread_since": since and since.isoformat(),
    }
    if may(hass, connection.user, entry, names, POLICY_CONTROL):
        answer |= _sign_in(entry)
    connection.send_result(msg["id"], answer)


def _devices(hass: HomeAssistant, entry: UsmsConfigEntry) -> dict[str, str]:
    """Return the device of each of its meters, by number."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {number: device.id for device in devices for _, number in device.identifiers}


def _gone(hass: HomeAssistant, entry: UsmsConfigEntry) -> list[str]:
    """Return the devices of the meters that the account no longer has."""
    devices = _devices(hass, entry)
    gone = [meter.number for meter in entry.runtime_data.gone()]
    return [devices[number] for number in gone if number in devices]


def _balances(hass: HomeAssistant, user: User, entry: UsmsConfigEntry) -> dict[str, Any]:
    """Return each meter's balance as it was read last, and when, by its device."""
    cards = entry.runtime_data.coordinator.cards
    return {
        device: {"balance": float(last.value), "read_at": last.read_at.isoformat()}
        for number, device in _devices(hass, entry).items()
        if (last := cards.last(number, "balance")) and may(hass, user, entry, [number], POLICY_READ)
    }


def _sign_in(entry: UsmsConfigEntry) -> dict[str, Any]:
    """Return whether a sign-in is needed, and the picture that waits."""
    captcha = entry.runtime_data.connection.captcha
    picture = captcha and {
        "drawn_at": captcha.challenge.drawn_at.isoformat(),
        "url": f"data:image/png;base64,{base64.b64encode(captcha.picture).decode()}",
    }
    return {"needed": entry.runtime_data.coordinator.sign_in_needed, "picture": picture}


@callback
def async_setup_account(hass: HomeAssistant) -> None:
    """Answer what the dashboard asks."""
    websocket_api.async_register_command(hass, _answer)

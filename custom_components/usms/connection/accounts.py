"""The connections of all accounts: one per account, which outlives reloads of its entry."""

from __future__ import annotations

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .connection import Connection
from .session_store import SessionStore

CONNECTIONS: HassKey[dict[str, Connection]] = HassKey(DOMAIN)
"""By user name, in memory alone."""


async def async_connection(
    hass: HomeAssistant, username: str, entry_id: str | None = None
) -> Connection:
    """Return the connection of an account, with its stored session.

    Without `entry_id`, as in the flow that adds the account, it has none yet. Raises WrongRequest.
    """
    connections = hass.data.setdefault(CONNECTIONS, {})
    connection = connections.get(username)
    if connection is None:
        connection = connections[username] = Connection(hass)
    if entry_id and not connection.adopted:
        await connection.async_adopt(entry_id)
    return connection


@callback
def async_abandon_connection(hass: HomeAssistant, username: str) -> None:
    """End the connection of an account that was not added after all."""
    connections = hass.data.get(CONNECTIONS, {})
    if username in connections and not connections[username].adopted:
        connections.pop(username).async_end()


async def async_forget_connection(hass: HomeAssistant, username: str, entry_id: str) -> None:
    """Delete the stored session of an account that is removed, and its connection."""
    connection = hass.data.get(CONNECTIONS, {}).pop(username, None)
    if connection:
        await connection.async_forget()
    else:
        await SessionStore(hass, entry_id).async_remove()

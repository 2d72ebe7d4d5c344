"""The connections of all accounts: one per account, which outlives reloads of its entry."""

from __future__ import annotations

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from .connection import Connection
from .session_store import SessionStore
from .wrong_answers import WrongAnswers

CONNECTIONS: HassKey[dict[str, Connection]] = HassKey(DOMAIN)
"""By user name, in memory alone."""
_WRONG_ANSWERS: HassKey[dict[str, WrongAnswers]] = HassKey(f"{DOMAIN}_wrong_answers")
"""The same; they outlive a connection, which ends with the flow that made it."""


async def async_connection(
    hass: HomeAssistant, username: str, entry_id: str | None = None
) -> Connection:
    """Return the connection of an account, with its stored session.

    Without `entry_id`, as in the flow that adds the account, it has none yet. Raises WrongRequest.
    """
    connections = hass.data.setdefault(CONNECTIONS, {})
    connection = connections.get(username)
    if connection is None:
        wrong = hass.data.setdefault(_WRONG_ANSWERS, {}).setdefault(username, WrongAnswers())
        connection = connections[username] = Connection(hass, wrong)
    if entry_id and not connection.adopted:
        await connection.async_adopt(entry_id)
    return connection


@callback
def async_leave_connection(hass: HomeAssistant, username: str, flow_id: str) -> None:
    """Note that a flow has ended; the connection ends with the last, unless an entry has it."""
    connection = hass.data.get(CONNECTIONS, {}).get(username)
    if connection:
        connection.flows.discard(flow_id)
        hass.async_create_task(_async_end_unused(hass, username, connection), eager_start=True)


async def _async_end_unused(hass: HomeAssistant, username: str, connection: Connection) -> None:
    await connection.async_idle()  # a flow may end while it signs in
    connections = hass.data[CONNECTIONS]
    if connections.get(username) is connection and not (connection.adopted or connection.flows):
        connections.pop(username).async_end()


async def async_forget_connection(hass: HomeAssistant, username: str, entry_id: str) -> None:
    """Delete the stored session of an account that is removed, and its connection."""
    connection = hass.data.get(CONNECTIONS, {}).pop(username, None)
    if connection:
        await connection.async_forget()
    else:
        await SessionStore(hass, entry_id).async_remove()

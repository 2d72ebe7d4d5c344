"""A client for Home Assistant, and where its session is kept between restarts."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_create_clientsession
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .client import Pacing, UsmsClient, new_cookie_jar
from .const import DOMAIN

PACING = Pacing()
"""The time between two requests of an account."""
_VERSION: Final = 1


def account_id(username: str) -> str:
    """Return an id of an account that does not show its user name."""
    return hashlib.sha256(f"{DOMAIN}:{username}".encode()).hexdigest()[:16]


def masked(number: str) -> str:
    """Return a number with all but its last four digits hidden."""
    return f"•••• {number[-4:]}"


def async_create_client(hass: HomeAssistant) -> UsmsClient:
    """Return a client with cookies of its own, over Home Assistant's connections.

    Within the setup of an entry the HTTP session is given back when the entry is unloaded, else
    when Home Assistant stops; it is never closed, for the connections are shared.
    """
    http = async_create_clientsession(hass, cookie_jar=new_cookie_jar())
    return UsmsClient(http, pacing=PACING, now=dt_util.utcnow)


class SessionStore:
    """An account's portal session in Home Assistant's private storage."""

    def __init__(self, hass: HomeAssistant, account: str) -> None:
        """Keep the session of the account with that id."""
        self._store: Store[dict[str, Any]] = Store(
            hass, _VERSION, f"{DOMAIN}.{account}.session", private=True
        )
        self._saved: dict[str, Any] | None = None

    async def async_load(self) -> dict[str, Any]:
        """Return the session; an empty one where none is kept."""
        self._saved = await self._store.async_load()
        return self._saved or {}

    async def async_save(self, session: dict[str, Any]) -> None:
        """Keep a session; writes only where it changed."""
        if session != self._saved:
            await self._store.async_save(session)
            self._saved = session

    async def async_remove(self) -> None:
        """Forget the session."""
        await self._store.async_remove()

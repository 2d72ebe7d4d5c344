"""An account's portal session between restarts, in Home Assistant's private storage."""

from __future__ import annotations

import logging
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from ..client import SessionLife
from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

_VERSION: Final = 1


class SessionStore:
    """The session of an account, and what is known of its life."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Keep the session of the account with that entry."""
        self._store: Store[dict[str, Any]] = Store(
            hass, _VERSION, f"{DOMAIN}.{entry_id}.session", private=True
        )

    async def async_load(self) -> tuple[dict[str, Any], SessionLife]:
        """Return the session, an empty one where none can be read, and its life."""
        try:
            stored = await self._store.async_load()
        except (HomeAssistantError, NotImplementedError, OSError, ValueError) as err:
            # Such as one of a newer version; no text of it goes to the log.
            _LOGGER.debug("The stored session can't be read (%s)", type(err).__name__)
            stored = None
        if not isinstance(stored, dict):
            stored = {}
        return stored, SessionLife.restore(stored.get("life"))

    async def async_save(self, session: dict[str, Any], life: SessionLife) -> None:
        """Keep them."""
        await self._store.async_save({**session, "life": life.export()})

    async def async_remove(self) -> None:
        """Delete them."""
        await self._store.async_remove()

"""One poll: the account page becomes the snapshot that entities show."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .client import (
    Account,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsClient,
    UsmsConnectionError,
)
from .connection import SessionStore
from .const import CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL, DOMAIN, POLL_JITTER

if TYPE_CHECKING:
    from .history import History

_LOGGER = logging.getLogger(__name__)

type UsmsConfigEntry = ConfigEntry[UsmsData]


@dataclass(slots=True)
class UsmsData:
    """What an account has while it is set up."""

    client: UsmsClient
    coordinator: UsmsCoordinator
    history: History


class UsmsCoordinator(DataUpdateCoordinator[Account]):
    """Reads the account page; one request a poll."""

    config_entry: UsmsConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: UsmsConfigEntry,
        client: UsmsClient,
        sessions: SessionStore,
    ) -> None:
        """Poll through that client, keeping its cookies in that store."""
        minutes = entry.options.get(CONF_POLL_INTERVAL, DEFAULT_POLL_INTERVAL)
        self._interval = timedelta(minutes=minutes)
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=DOMAIN,
            update_interval=self._interval,
            always_update=False,
        )
        self._client = client
        self._sessions = sessions
        self._told_of_more_meters = False
        self.sign_in_needed = False
        self.last_poll: datetime | None = None
        """When the account page was last read."""

    @override
    async def _async_update_data(self) -> Account:
        """Read the account page; a dead session asks a person to sign in."""
        self.update_interval = self._interval * random.uniform(1 - POLL_JITTER, 1 + POLL_JITTER)
        try:
            account = await self._client.account()
        except SessionExpired as err:
            self.sign_in_needed = True
            self.update_interval = None  # nothing changes until somebody signs in
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="sign_in_needed"
            ) from err
        except UsmsConnectionError as err:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key="cannot_connect") from err
        except PortalUnavailable as err:
            raise UpdateFailed(
                translation_domain=DOMAIN, translation_key="portal_unavailable"
            ) from err
        except PageNotUnderstood as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="page_not_understood",
                translation_placeholders={"page": err.page, "missing": err.missing},
            ) from err
        self.sign_in_needed = False
        self.last_poll = dt_util.utcnow()
        await self._sessions.async_save(self._client.export_session())
        self._tell_of_more_meters(account)
        return account

    def _tell_of_more_meters(self, account: Account) -> None:
        announced = account.meters_announced or 0
        if announced > len(account.meters) and not self._told_of_more_meters:
            self._told_of_more_meters = True
            _LOGGER.warning(
                "The portal announces %d meters and shows %d; the others can't be read",
                announced,
                len(account.meters),
            )

"""One poll: the account page becomes the snapshot that entities show."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_NAME, CONF_PASSWORD, CONF_USERNAME
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .cards import Cards
from .claims import async_claim_meters
from .client import (
    Account,
    CredentialsRefused,
    Meter,
    PageNotUnderstood,
    PortalUnavailable,
    SessionExpired,
    UsmsConnectionError,
)
from .client.billing.balances import believed
from .client.models import with_known_utilities
from .connection.connection import Connection
from .connection.errors import TooEarly, error_key, error_placeholders
from .const import (
    ATTR_ACCOUNT,
    DOMAIN,
    EVENT_SIGN_IN_NEEDED,
    EVENT_SIGNED_IN,
    POLL_JITTER,
)
from .polling import Polling

_LOGGER = logging.getLogger(__name__)

_PAGE: Final = "Home"


class UsmsCoordinator(DataUpdateCoordinator[Account]):
    """Reads the account page; one request a poll, which keeps the session alive as well."""

    config_entry: ConfigEntry

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, connection: Connection) -> None:
        """Poll over that connection."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=DOMAIN,
            update_interval=Polling.of(entry.options).longest,
            always_update=False,
        )
        self._connection = connection
        self._warned_of_more_meters = False
        self._doubted: frozenset[str] = frozenset()
        """Meters whose fall to zero the next poll has to confirm."""
        self._poll: asyncio.Task[None] | None = None
        self._poll_after_sign_in: asyncio.Task[None] | None = None
        self.cards = Cards(hass, entry.entry_id)
        self._before: Account | None = None
        """The account as it was before this start."""
        self._end_of_kept: CALLBACK_TYPE | None = None
        self.sign_in_needed = False
        self.last_poll: datetime | None = None
        """When the account page was last read."""
        entry.async_on_unload(connection.async_add_listener(self._async_connection_changed))
        entry.async_on_unload(self._async_stop_watching)

    @property
    def _polling(self) -> Polling:
        return Polling.of(self.config_entry.options)

    @property
    def poll_interval(self) -> timedelta:
        """The longest time between two polls: as the options say, less where sessions die of it."""
        return self._connection.life.interval(self._polling.longest, self._polling.shortest)

    @callback
    def async_apply_options(self) -> None:
        """Poll, and keep what was read last, as the options say from now on."""
        if self.update_interval:  # else nothing is polled until a person signs in
            self._set_interval()
            self._schedule_refresh()
        self._async_watch_end(self._current)
        self.async_update_listeners()

    def _set_interval(self) -> None:
        self.update_interval = self.poll_interval * random.uniform(1 - POLL_JITTER, 1)

    # --- what is shown ---

    @property
    def _current(self) -> datetime | None:
        """When the account page was read, where the last poll could."""
        account: Account | None = self.data
        return account.read_at if account and self.last_update_success else None

    @property
    def _since(self) -> datetime:
        """When values were read at the earliest that are on show."""
        return dt_util.utcnow() - self._polling.kept

    def card(self, number: str) -> Meter | None:
        """Return a meter's card as it is on show: what can't be read stands for some time.

        None for a meter that the account does not have.
        """
        account: Account | None = self.data
        card = account.meter(number) if account else Meter(number, None)
        if card is None:
            return None
        return self.cards.filled(
            card if self._current else Meter(number, card.utility), self._since
        )

    def is_shown(self, number: str, name: str) -> bool:
        """Return whether a value of a card is on show; one that never was is, as not known."""
        account: Account | None = self.data
        if account and account.meter(number) is None:
            return False
        read_at, since = self.cards.read_at(number, name), self._since
        if read_at is None:
            return self._current is not None or any(at > since for at in self.cards.moments)
        return read_at == self._current or read_at > since

    def as_of(self, number: str, *names: str) -> datetime | None:
        """Return when values on show were read, the oldest first; None where the last poll did."""
        found, since = {self.cards.read_at(number, name) for name in names}, self._since
        return min((at for at in found - {self._current} if at and at > since), default=None)

    async def async_remember(self, cards: Sequence[tuple[Meter, datetime]]) -> None:
        """Show what was read before this start, as noted and as given, until it is read again."""
        await self.cards.async_load()
        for card, read_at in cards:
            self.cards.remember(card, read_at)
        self._before = Account(tuple(card for card, _ in cards), dt_util.utcnow())
        self.config_entry.async_on_unload(self.cards.async_save)
        self._async_watch_end(None)

    @callback
    def _async_watch_end(self, current: datetime | None) -> None:
        """Have listeners look again once a value is too old; not those that were read just now."""
        self._async_stop_watching()
        since = self._since
        kept = [at for at in self.cards.moments if at > since and at != current]
        if not kept:
            return

        @callback
        def end(_now: datetime) -> None:
            self._end_of_kept = None
            self.async_update_listeners()
            self._async_watch_end(self._current)

        self._end_of_kept = async_track_point_in_utc_time(
            self.hass, end, min(kept) + self._polling.kept
        )

    @callback
    def _async_stop_watching(self) -> None:
        if self._end_of_kept:
            self._end_of_kept()
            self._end_of_kept = None

    # --- the poll ---

    @callback
    def async_poll(self) -> asyncio.Task[None]:
        """Read the account page now; who asks meanwhile waits for the same poll."""
        if self._poll is None or self._poll.done():
            self._poll = self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), "usms poll"
            )
        return self._poll

    @property
    def is_read(self) -> bool:
        """Whether the account has been read since it was set up, and the last poll went well."""
        return self.last_poll is not None and self.last_update_success

    @property
    def unread_since(self) -> datetime | None:
        """When the account was last read, also before this start, where it can't be now."""
        if self.last_update_success or self.sign_in_needed:
            return None
        return self.last_poll or max(self.cards.moments, default=None)

    @property
    def page_not_understood(self) -> bool:
        """Whether the last poll failed for a page that was not understood."""
        exception = self.last_exception
        return exception is not None and isinstance(exception.__cause__, PageNotUnderstood)

    @override
    async def _async_update_data(self) -> Account:
        """Read the account page; a dead session asks a person to sign in."""
        self.update_interval = self._polling.longest  # unless all goes well
        try:
            account = await self._async_read()
        except (SessionExpired, CredentialsRefused) as err:
            self.update_interval = None  # nothing changes until a person signs in
            self._connection.trouble.clear()
            self._async_ask_for_sign_in()
            self.last_update_success = False  # said in the log by us, once
            self._async_watch_end(None)
            raise ConfigEntryAuthFailed(
                translation_domain=DOMAIN, translation_key="sign_in_needed"
            ) from err
        except (TooEarly, UsmsConnectionError, PortalUnavailable, PageNotUnderstood) as err:
            if isinstance(err, PageNotUnderstood):
                self._connection.pages.async_record(err)
            self._connection.trouble.note(err)
            self.last_update_success = False  # the same
            self._async_watch_end(None)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=error_key(err),
                translation_placeholders=error_placeholders(err),
            ) from err
        self._set_interval()
        account = with_known_utilities(account, self.data or self._before)
        account, self._doubted = believed(account, self.data, self._doubted)
        self._connection.pages.async_note(_PAGE, account.unread)
        self._connection.trouble.clear()
        self._async_note_sign_in()
        self.last_poll = dt_util.utcnow()
        self._warn_of_more_meters(account)
        account = async_claim_meters(self.hass, self.config_entry, account, self._async_drop_meter)
        self.cards.async_note(account)
        self._async_watch_end(account.read_at)
        return account

    @callback
    def _async_drop_meter(self, number: str) -> None:
        """Leave a meter to an account that was set up earlier."""
        account: Account | None = self.data
        if account is not None:
            others = tuple(meter for meter in account.meters if meter.number != number)
            self.async_set_updated_data(replace(account, meters=others))

    async def _async_read(self) -> Account:
        """Read the account page, signing in again first where that takes no person."""
        try:
            return await self._connection.client.account()
        except SessionExpired:
            await self._connection.async_save()  # what the end of the session has taught
            data = self.config_entry.data
            alone = await self._connection.async_sign_in_alone(
                data[CONF_USERNAME], data[CONF_PASSWORD]
            )
            if not alone:
                raise
        return await self._connection.client.account()

    # --- asking a person ---

    @callback
    def _async_ask_for_sign_in(self) -> None:
        """Notify automations, once; Home Assistant itself starts the flow and writes to the log."""
        if self.sign_in_needed:
            return
        self.sign_in_needed = True
        _LOGGER.info("The portal has ended the session, or refuses the password: sign in again")
        if not self.last_update_success:
            # After another failure nothing has changed, so the coordinator notifies no listener.
            self.async_update_listeners()

        @callback
        def fire(_hass: HomeAssistant) -> None:
            self._async_fire(EVENT_SIGN_IN_NEEDED)

        # Automations are not there yet while Home Assistant starts.
        self.config_entry.async_on_unload(async_at_started(self.hass, fire))

    @callback
    def _async_note_sign_in(self) -> None:
        if self.sign_in_needed:
            self.sign_in_needed = False
            self._async_fire(EVENT_SIGNED_IN)

    @callback
    def _async_fire(self, event: str) -> None:
        entry = self.config_entry
        self.hass.bus.async_fire(event, {ATTR_ACCOUNT: entry.entry_id, ATTR_NAME: entry.title})

    @callback
    def _async_connection_changed(self) -> None:
        polling = self._poll_after_sign_in is not None and not self._poll_after_sign_in.done()
        if self.sign_in_needed and self._connection.life.signed_in_at and not polling:
            self._poll_after_sign_in = self.config_entry.async_create_background_task(
                self.hass, self.async_refresh(), "usms poll after sign-in"
            )

    def _warn_of_more_meters(self, account: Account) -> None:
        announced = account.meters_announced or 0
        if announced > len(account.meters) and not self._warned_of_more_meters:
            self._warned_of_more_meters = True
            _LOGGER.warning(
                "The portal announces %d meters and shows %d; the others can't be read",
                announced,
                len(account.meters),
            )

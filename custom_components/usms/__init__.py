"""USMS: Brunei's prepaid electricity and water smart meters."""

from __future__ import annotations

import asyncio
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.typing import ConfigType

from .cards import async_forget_cards
from .claims import async_release_meters
from .client import WrongRequest
from .client.errors import StoreError
from .client.store import ReadingsStore
from .client.store.payments import Payments
from .config_flow import UsmsConfigFlow
from .connection.accounts import async_connection, async_forget_connection
from .connection.errors import why_not_read
from .const import DOMAIN, PLATFORMS
from .coordinator import UsmsCoordinator
from .dashboard import async_setup_dashboard
from .data import UsmsConfigEntry, UsmsData
from .energy_dashboard import async_remove_account
from .history.store_file import (
    async_delete_store,
    async_look,
    async_open_store,
    async_store_failed,
)
from .issues.other_integration import async_watch_other
from .issues.registry import async_clear_issues
from .issues.store import async_update_version_issues, translated
from .news import async_forget_news
from .rest import async_setup_rest
from .services import async_setup_actions

FIRST_POLL: Final = 10.0
"""Seconds that setting up waits for the portal where nothing is known of an account yet."""

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions, the REST view and the dashboard, once for all accounts."""
    async_setup_actions(hass)
    async_setup_rest(hass)
    async_update_version_issues(hass, UsmsConfigFlow.VERSION)
    await async_setup_dashboard(hass)
    return True


async def async_migrate_entry(_hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Bring an older entry up to date; raises ConfigEntryError for one of a newer version.

    A newer minor version is one that this version can work with.
    """
    if entry.version > UsmsConfigFlow.VERSION:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="entry_too_new")
    return True


async def async_setup_entry(hass: HomeAssistant, entry: UsmsConfigEntry) -> bool:
    """Set up an account from its stored session; never signs in.

    It shows what its readings store holds, whatever the portal does; the first poll follows in the
    background, and says where a sign-in or help is needed. Only an account whose meters are not
    known waits for it, up to `FIRST_POLL`, and is tried again where the portal can't be read.
    """
    try:
        connection = await async_connection(hass, entry.data[CONF_USERNAME], entry.entry_id)
    except WrongRequest as err:
        raise ConfigEntryError(translation_domain=DOMAIN, translation_key="wrong_address") from err
    coordinator = UsmsCoordinator(hass, entry, connection)
    store = await async_open_store(hass, entry)

    async def close_store() -> None:
        await hass.async_add_executor_job(store.close)

    entry.async_on_unload(close_store)
    entry.runtime_data = data = UsmsData(hass, entry, connection, coordinator, store)
    await data.news.async_load()
    try:
        await data.history.async_start()
        cards = await hass.async_add_executor_job(Payments(store).cards)
    except StoreError as err:
        await async_store_failed(hass, entry, store, err)
        raise translated(err, ConfigEntryNotReady) from err
    await coordinator.async_remember(cards)
    poll = coordinator.async_poll()
    known = data.meters()
    if not known or any(meter.utility is None for meter in known):
        await asyncio.wait([poll], timeout=FIRST_POLL)
    waits = coordinator.sign_in_needed or coordinator.page_not_understood
    if not known and poll.done() and not coordinator.last_update_success and not waits:
        error = coordinator.last_exception
        raise why_not_read(error, ConfigEntryNotReady) from error
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(async_watch_other(hass, entry))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: UsmsConfigEntry) -> bool:
    """Unload an account; what it knows stays in its files."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete an account's session and readings, and what it added to the Energy dashboard.

    Its statistics stay in the recorder.
    """
    await async_remove_account(hass, entry)
    await async_delete_store(hass, entry)
    await async_forget_connection(hass, entry.data.get(CONF_USERNAME, ""), entry.entry_id)
    await async_forget_news(hass, entry.entry_id)
    await async_forget_cards(hass, entry.entry_id)
    async_clear_issues(hass, entry.entry_id)
    async_release_meters(hass, entry.entry_id)
    other: UsmsConfigEntry
    for other in hass.config_entries.async_loaded_entries(DOMAIN):
        await other.runtime_data.coordinator.async_request_refresh()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: UsmsConfigEntry, device: DeviceEntry
) -> bool:
    """Allow to remove the device of a meter that the account no longer has.

    While the account is not loaded, that is what its store knows; one removed wrongly comes back.
    """
    if entry.state is ConfigEntryState.LOADED:
        numbers = [meter.number for meter in entry.runtime_data.meters()]
    else:
        stored = await async_look(hass, entry, ReadingsStore.meters)
        numbers = [meter.number for meter in stored or () if meter.present]
    present = {entry.entry_id, *numbers}
    return not any((DOMAIN, number) in device.identifiers for number in present)

"""Home Assistant's backup copies the readings as files: nothing is written to them meanwhile."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey

from .client.errors import StoreError
from .client.store import ReadingsStore
from .const import DOMAIN
from .data import UsmsConfigEntry

_LOGGER = logging.getLogger(__name__)

_LONGEST: Final = 30
"""Seconds that a backup waits for a store."""
_HELD: HassKey[list[ReadingsStore]] = HassKey(f"{DOMAIN}_held_for_backup")


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Hold the readings of every account that is loaded; what wants to write waits.

    Never fails: a copy that may be damaged is better than no backup.
    """
    entries: list[UsmsConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    stores = [entry.runtime_data.store for entry in entries]
    hass.data.setdefault(_HELD, []).extend(stores)
    try:
        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(*(_async_hold(hass, store) for store in stores))
    except TimeoutError:
        _LOGGER.warning("The readings are backed up while they may be written: they were busy")


async def async_post_backup(hass: HomeAssistant) -> None:
    """Have readings written again."""
    for store in hass.data.pop(_HELD, []):
        await hass.async_add_executor_job(store.release)


async def _async_hold(hass: HomeAssistant, store: ReadingsStore) -> None:
    try:
        await hass.async_add_executor_job(store.hold, _LONGEST)
    except StoreError as err:
        _LOGGER.warning("The readings are backed up while they may be written: %s", err)

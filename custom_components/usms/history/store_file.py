"""An account's readings store on this machine's disk: opened, set aside when damaged, deleted.

A damaged file is set aside and history read again; a newer one is left alone; a disk that is full
or can't be written is waited for. Each raises one repair issue, which says what to do.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..client.errors import StoreCorrupt, StoreError, StoreTooNew
from ..client.store import ReadingsStore
from ..client.store.file import files_set_aside, journal_of, set_aside
from ..const import DOMAIN
from ..issues.store import (
    async_clear_store_issue,
    async_raise_store_issue,
    async_update_rebuilt_issue,
    translated,
)

_LOGGER = logging.getLogger(__name__)

AGAIN_AFTER: Final = timedelta(hours=1)
"""So long a file made anew is left alone though it is damaged too: a disk that breaks all that is
written shall not fill up with what was set aside."""
_SET_ASIDE: HassKey[dict[Path, datetime]] = HassKey(f"{DOMAIN}_set_aside")


def readings_file(hass: HomeAssistant, entry: ConfigEntry) -> Path:
    """Return where an account's readings are kept."""
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry.entry_id}.db"))


async def async_open_store(hass: HomeAssistant, entry: ConfigEntry) -> ReadingsStore:
    """Open an account's readings, anew where the file is damaged.

    Raises ConfigEntryError where only a person can help, else ConfigEntryNotReady.
    """
    path = readings_file(hass, entry)
    try:
        try:
            store = await hass.async_add_executor_job(ReadingsStore, path)
        except StoreCorrupt as err:
            await _async_set_aside(hass, path, err)
            store = await hass.async_add_executor_job(ReadingsStore, path)
    except StoreError as err:
        async_raise_store_issue(hass, entry, path, err)
        if isinstance(err, StoreTooNew):
            raise translated(err, ConfigEntryError) from err
        raise translated(err, ConfigEntryNotReady) from err
    async_clear_store_issue(hass, entry)
    damaged = await hass.async_add_executor_job(files_set_aside, path)
    async_update_rebuilt_issue(hass, entry, damaged)
    return store


async def async_look[T](
    hass: HomeAssistant, entry: ConfigEntry, job: Callable[[ReadingsStore], T]
) -> T | None:
    """Look into the readings of an account that is not set up; None where there are none.

    Nothing is set aside or reported: that is for setting up.
    """
    path = readings_file(hass, entry)

    def look() -> T | None:
        if not path.exists():
            return None
        with closing(ReadingsStore(path)) as store:
            return job(store)

    try:
        return await hass.async_add_executor_job(look)
    except StoreError:
        return None


async def async_store_failed(
    hass: HomeAssistant, entry: ConfigEntry, store: ReadingsStore, err: StoreError
) -> None:
    """Set aside a file found damaged while it was in use, and report any other trouble.

    The store is closed then, and the account has to be set up again.
    """
    path = readings_file(hass, entry)
    if not isinstance(err, StoreCorrupt):
        async_raise_store_issue(hass, entry, path, err)
        return
    await hass.async_add_executor_job(store.close)
    try:
        await _async_set_aside(hass, path, err)
    except StoreError as trouble:
        async_raise_store_issue(hass, entry, path, trouble)


async def async_delete_store(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete an account's readings, and what was set aside of them."""
    path = readings_file(hass, entry)

    def delete() -> None:
        for file in (path, *files_set_aside(path)):
            for name in (file, journal_of(file)):
                name.unlink(missing_ok=True)

    await hass.async_add_executor_job(delete)


async def _async_set_aside(hass: HomeAssistant, path: Path, err: StoreCorrupt) -> None:
    """Make room for a new file; raises StoreError where that was done not long ago."""
    times, now = hass.data.setdefault(_SET_ASIDE, {}), dt_util.now()
    if path in times and now - times[path] < AGAIN_AFTER:
        raise StoreError(f"{err}, soon after it was made anew") from err
    aside = await hass.async_add_executor_job(set_aside, path, now)
    times[path] = now
    _LOGGER.warning("%s. It is kept as %s; history is read again", err, aside.name)

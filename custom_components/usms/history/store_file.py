"""An account's readings store on this machine's disk, and what people are told of its troubles.

A damaged file is set aside and history read again; a newer one is left alone; a disk that is full
or can't be written is waited for. Each is told once, as a repair issue that says what to do.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.issue_registry import IssueSeverity
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..client.errors import StoreCorrupt, StoreError, StoreFull, StoreNotWritable, StoreTooNew
from ..client.store import ReadingsStore
from ..client.store.file import files_set_aside, journal_of, set_aside
from ..const import DOMAIN

_LOGGER = logging.getLogger(__name__)

AGAIN_AFTER: Final = timedelta(hours=1)
"""So long a file made anew is left alone though it is damaged too: a disk that breaks all that is
written shall not fill up with what was set aside."""
_SET_ASIDE: HassKey[dict[Path, datetime]] = HassKey(f"{DOMAIN}_set_aside")

_TROUBLES: Final[dict[type[StoreError], str]] = {
    StoreTooNew: "store_too_new",
    StoreFull: "store_full",
    StoreNotWritable: "store_not_writable",
    StoreError: "store_failed",
}


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
        _async_tell_of_trouble(hass, entry, err)
        if isinstance(err, StoreTooNew):
            raise translated(err, ConfigEntryError) from err
        raise translated(err, ConfigEntryNotReady) from err
    async_trouble_is_over(hass, entry)
    await _async_tell_what_is_set_aside(hass, entry)
    return store


async def async_store_failed(
    hass: HomeAssistant, entry: ConfigEntry, store: ReadingsStore, err: StoreError
) -> None:
    """Set aside a file found damaged while it was in use, and tell people of any other trouble.

    The store is closed then, and the account has to be set up again.
    """
    if not isinstance(err, StoreCorrupt):
        _async_tell_of_trouble(hass, entry, err)
        return
    await hass.async_add_executor_job(store.close)
    try:
        await _async_set_aside(hass, readings_file(hass, entry), err)
    except StoreError as trouble:
        _async_tell_of_trouble(hass, entry, trouble)


@callback
def async_trouble_is_over(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Take back what was told of trouble."""
    ir.async_delete_issue(hass, DOMAIN, _issue(entry, "trouble"))


async def async_delete_store(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete an account's readings, and what was set aside of them."""
    path = readings_file(hass, entry)

    def delete() -> None:
        for file in (path, *files_set_aside(path)):
            for name in (file, journal_of(file)):
                name.unlink(missing_ok=True)

    await hass.async_add_executor_job(delete)


def translated[E: HomeAssistantError](err: StoreError, kind: type[E]) -> E:
    """Return the store's error as one that people see."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=_trouble(err),
        translation_placeholders={"error": str(err)},
    )


# --- entries of another version ---


@callback
def async_tell_of_newer_entries(hass: HomeAssistant, version: int, minor_version: int) -> None:
    """Tell people of accounts that a newer version of the integration has set up."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        issue = _issue(entry, "version")
        if (entry.version, entry.minor_version) <= (version, minor_version):
            ir.async_delete_issue(hass, DOMAIN, issue)
            continue
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue,
            is_fixable=False,
            severity=IssueSeverity.ERROR,
            translation_key="entry_too_new",
            translation_placeholders={"account": entry.title},
        )


# --- the parts ---


@callback
def _async_tell_of_trouble(hass: HomeAssistant, entry: ConfigEntry, err: StoreError) -> None:
    """Tell people what is wrong with the store, and what helps; in the log only once."""
    issue = _issue(entry, "trouble")
    key = _trouble(err)
    known = ir.async_get(hass).async_get_issue(DOMAIN, issue)
    if known is None or known.translation_key != key:
        _LOGGER.error("Readings can't be stored: %s", err)
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=False,
        severity=IssueSeverity.ERROR,
        translation_key=key,
        translation_placeholders=_placeholders(hass, entry, err),
    )


async def _async_set_aside(hass: HomeAssistant, path: Path, err: StoreCorrupt) -> None:
    """Make room for a new file; raises StoreError where that was done not long ago."""
    times, now = hass.data.setdefault(_SET_ASIDE, {}), dt_util.now()
    if path in times and now - times[path] < AGAIN_AFTER:
        raise StoreError(f"{err}, soon after it was made anew") from err
    aside = await hass.async_add_executor_job(set_aside, path, now)
    times[path] = now
    _LOGGER.warning("%s. It is kept as %s; history is read again", err, aside.name)


async def _async_tell_what_is_set_aside(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Tell people of a damaged file, at every start until it is deleted."""
    path = readings_file(hass, entry)
    files = await hass.async_add_executor_job(files_set_aside, path)
    if not files:
        ir.async_delete_issue(hass, DOMAIN, _issue(entry, "rebuilt"))
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue(entry, "rebuilt"),
        is_fixable=False,
        severity=IssueSeverity.WARNING,
        translation_key="store_rebuilt",
        translation_placeholders={
            "account": entry.title,
            "files": ", ".join(f"`{file.name}`" for file in files),
            "folder": str(path.parent),
        },
    )


def _issue(entry: ConfigEntry, what: str) -> str:
    return f"{entry.entry_id}_{what}"


def _trouble(err: StoreError) -> str:
    return next(key for kind, key in _TROUBLES.items() if isinstance(err, kind))


def _placeholders(hass: HomeAssistant, entry: ConfigEntry, err: StoreError) -> dict[str, str]:
    return {
        "account": entry.title,
        "file": str(readings_file(hass, entry)),
        "error": str(err),
    }

"""Issues about the readings store, and about entries of a newer version."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.issue_registry import IssueSeverity

from ..client.errors import StoreError, StoreFull, StoreNotWritable, StoreTooNew
from ..const import DOMAIN
from .registry import Issue, async_clear_issue, async_raise_issue, async_raised

_LOGGER = logging.getLogger(__name__)

_TROUBLE: Final = "store"
_REBUILT: Final = "store_rebuilt"
_TOO_NEW: Final = "entry_too_new"
TEXTS: Final[dict[type[StoreError], str]] = {
    StoreTooNew: "store_too_new",
    StoreFull: "store_full",
    StoreNotWritable: "store_not_writable",
    StoreError: "store_failed",
}


def translated[E: HomeAssistantError](err: StoreError, kind: type[E]) -> E:
    """Return the store's error as one that people see."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=_text(err),
        translation_placeholders={"error": str(err)},
    )


@callback
def async_raise_store_issue(
    hass: HomeAssistant, entry: ConfigEntry, path: Path, err: StoreError
) -> None:
    """Say what is wrong with the store, and what helps; in the log only once."""
    text = _text(err)
    known = async_raised(hass, entry.entry_id, _TROUBLE)
    if known is None or known.translation_key != text:
        _LOGGER.error("Readings can't be stored: %s", err)
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=_TROUBLE,
            severity=IssueSeverity.ERROR,
            placeholders={"account": entry.title, "file": str(path), "error": str(err)},
            text=text,
        ),
    )


@callback
def async_clear_store_issue(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Note that the store is well (again)."""
    async_clear_issue(hass, entry.entry_id, _TROUBLE)


@callback
def async_update_rebuilt_issue(
    hass: HomeAssistant, entry: ConfigEntry, damaged: Sequence[Path]
) -> None:
    """Report damaged files that were set aside, until they are deleted."""
    if not damaged:
        async_clear_issue(hass, entry.entry_id, _REBUILT)
        return
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=_REBUILT,
            severity=IssueSeverity.WARNING,
            placeholders={
                "account": entry.title,
                "files": ", ".join(f"`{file.name}`" for file in damaged),
                "folder": str(damaged[0].parent),
            },
        ),
    )


@callback
def async_update_version_issues(hass: HomeAssistant, version: int) -> None:
    """Report accounts that a newer version of the integration has set up."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.version <= version:
            async_clear_issue(hass, entry.entry_id, _TOO_NEW)
            continue
        async_raise_issue(
            hass,
            entry,
            Issue(
                kind=_TOO_NEW,
                severity=IssueSeverity.ERROR,
                placeholders={"account": entry.title},
            ),
        )


def _text(err: StoreError) -> str:
    return next(text for kind, text in TEXTS.items() if isinstance(err, kind))

"""The issue about `ha_usms`, another integration for the portal, that has the same account.

The portal keeps one session of an account: the two end each other's.
"""

from __future__ import annotations

from typing import Final

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import CONF_USERNAME
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.issue_registry import IssueSeverity

from ..client import clean_username
from .registry import Issue, async_clear_issue, async_raise_issue

OTHER_INTEGRATION: Final = "other_integration"
OTHER_DOMAIN: Final = "ha_usms"
CONF_OTHER: Final = "other_entry_id"
"""In the issue's data: the entry to switch off."""
_HELP: Final = (
    "https://github.com/usms-home-assistant/usms/blob/main/docs/actions.md"
    "#history-of-another-integration"
)


@callback
def async_watch_other(hass: HomeAssistant, entry: ConfigEntry) -> CALLBACK_TYPE:
    """Say so while the other integration has the account, and no longer; return how to stop."""

    @callback
    def look(_change: ConfigEntryChange, changed: ConfigEntry) -> None:
        if changed.domain == OTHER_DOMAIN:
            async_update_other_issue(hass, entry)

    async_update_other_issue(hass, entry)
    return async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, look)


@callback
def async_update_other_issue(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Report that the other integration has the account, or no longer has."""
    other = _async_other(hass, entry)
    if other is None:
        async_clear_issue(hass, entry.entry_id, OTHER_INTEGRATION)
        return
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=OTHER_INTEGRATION,
            severity=IssueSeverity.WARNING,
            # Not the other's title, which may be the IC number.
            placeholders={"account": entry.title},
            repair={CONF_OTHER: other.entry_id, "account": entry.title},
            learn_more=_HELP,
        ),
    )


@callback
def _async_other(hass: HomeAssistant, entry: ConfigEntry) -> ConfigEntry | None:
    """Return the other integration's entry for the same account, unless it is switched off."""
    username = _username(entry)
    for other in hass.config_entries.async_entries(OTHER_DOMAIN, include_ignore=False):
        if other.disabled_by is None and username and _username(other) == username:
            return other
    return None


def _username(entry: ConfigEntry) -> str:
    """Return whose account it is, as the portal takes it."""
    return clean_username(str(entry.data.get(CONF_USERNAME) or "")).casefold()

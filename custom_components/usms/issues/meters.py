"""Issues about meters: in two accounts, or exchanged for another."""

from __future__ import annotations

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import IssueSeverity

from ..privacy import masked
from .registry import Issue, async_clear_issue, async_raise_issue

METER_SHARED: Final = "meter_shared"
METER_EXCHANGED: Final = "meter_exchanged"


@callback
def async_update_shared_issue(
    hass: HomeAssistant, entry: ConfigEntry, meter: str, owner: ConfigEntry | None
) -> None:
    """Report that another account has a meter, or (None) that this one has it."""
    if owner is None:
        async_clear_issue(hass, entry.entry_id, METER_SHARED, meter=meter)
        return
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=METER_SHARED,
            severity=IssueSeverity.WARNING,
            placeholders={
                "account": entry.title,
                "other": owner.title,
                "meter": masked(meter),
            },
            meter=meter,
        ),
    )


@callback
def async_raise_exchanged_issue(
    hass: HomeAssistant, entry: ConfigEntry, old: str, new: str
) -> None:
    """Report that a meter has taken another's place."""
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=METER_EXCHANGED,
            severity=IssueSeverity.WARNING,
            placeholders={"account": entry.title, "old": masked(old), "new": masked(new)},
            meter=old,
        ),
    )

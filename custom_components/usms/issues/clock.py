"""An issue about this machine's clock: days are planned and settled by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import IssueSeverity

from .registry import Issue, async_clear_issue, async_raise_issue

CLOCK_WRONG: Final = "clock_wrong"


@callback
def async_update_clock_issue(
    hass: HomeAssistant, entry: ConfigEntry, offset: timedelta | None
) -> None:
    """Report a clock that is that far off the portal's, or (None) one that is right (again)."""
    if offset is None:
        async_clear_issue(hass, entry.entry_id, CLOCK_WRONG)
        return
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=CLOCK_WRONG,
            severity=IssueSeverity.ERROR,
            placeholders={"account": entry.title, "hours": f"{-offset / timedelta(hours=1):+.1f}"},
        ),
    )

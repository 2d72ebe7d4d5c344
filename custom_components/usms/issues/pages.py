"""Pages that are no longer understood: one issue per account, cleared once they are again."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import IssueSeverity
from homeassistant.util import dt as dt_util

from ..client import PageNotUnderstood, Unread
from .registry import Issue, async_clear_issue, async_raise_issue

_LOGGER = logging.getLogger(__name__)

ISSUE_TRACKER: Final = "https://github.com/usms-home-assistant/usms/issues"
PAGE_NOT_UNDERSTOOD: Final = "page_not_understood"


@dataclass(frozen=True, slots=True)
class _Page:
    """A page that was not understood, when last, and its structure without personal data."""

    at: datetime
    missing: str
    sample: str | None


class PageIssues:
    """What of the portal's layout an account's client does not understand at the moment."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin without an entry, as while an account is set up for the first time."""
        self._hass = hass
        self._entry_id: str | None = None
        self._pages: dict[str, _Page] = {}

    @callback
    def async_adopt(self, entry_id: str) -> None:
        """Report for the account with that entry from now on."""
        self._entry_id = entry_id
        if self._pages:
            self._async_update()

    @callback
    def async_record(self, err: PageNotUnderstood | Unread) -> None:
        """Keep the page's sample for diagnostics, and ask for help once."""
        if err.page not in self._pages:
            _LOGGER.warning("The portal's page %s is not understood: %s", err.page, err.missing)
        self._pages[err.page] = _Page(dt_util.utcnow(), err.missing, err.sample)
        self._async_update()

    @callback
    def async_note(self, page: str, unread: Unread | None, *, resolved: bool = True) -> None:
        """Keep what of a page could not be read, if anything; else it may be resolved."""
        if unread:
            self.async_record(unread)
        elif resolved:
            self.async_resolve(page)

    @callback
    def async_resolve(self, page: str) -> None:
        """Note that a page is understood (again)."""
        if self._pages.pop(page, None):
            self._async_update()

    @callback
    def async_end(self) -> None:
        """Report no more, for the account is being removed."""
        self._pages.clear()
        self._async_update()

    @callback
    def _async_update(self) -> None:
        if self._entry_id is None:
            return
        entry = self._hass.config_entries.async_get_entry(self._entry_id)
        if not self._pages or entry is None:
            async_clear_issue(self._hass, self._entry_id, PAGE_NOT_UNDERSTOOD)
            return
        async_raise_issue(
            self._hass,
            entry,
            Issue(
                kind=PAGE_NOT_UNDERSTOOD,
                severity=IssueSeverity.WARNING,
                placeholders={"account": entry.title, "pages": ", ".join(sorted(self._pages))},
                learn_more=ISSUE_TRACKER,
            ),
        )

    def as_diagnostics(self) -> list[dict[str, Any]]:
        """Return the pages in question, redacted."""
        return [
            {
                "page": page,
                "missing": known.missing,
                "last_seen": known.at.isoformat(),
                "sample": known.sample,
            }
            for page, known in sorted(self._pages.items())
        ]

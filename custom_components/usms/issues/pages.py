"""Pages that are no longer understood: one repair issue an account, gone once they are again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from ..client import PageNotUnderstood
from ..const import DOMAIN

ISSUE_TRACKER: Final = "https://github.com/usms-home-assistant/usms/issues"
_ISSUE: Final = "page_not_understood"


@dataclass(frozen=True, slots=True)
class _Seen:
    """A page that was not understood, when last, and what of it names nobody."""

    at: datetime
    missing: str
    sample: str | None


class Drift:
    """What of the portal's layout an account's client does not understand at the moment."""

    def __init__(self, hass: HomeAssistant, account: str) -> None:
        """Tell of the account with that id."""
        self._hass = hass
        self._issue_id = f"{_ISSUE}_{account}"
        self._account = account
        self._pages: dict[str, _Seen] = {}

    @callback
    def async_record(self, err: PageNotUnderstood) -> None:
        """Keep the page's sample for diagnostics, and ask for help once."""
        self._pages[err.page] = _Seen(dt_util.utcnow(), err.missing, err.sample)
        self._async_tell()

    @callback
    def async_understood(self, page: str) -> None:
        """Note that a page is understood (again)."""
        if self._pages.pop(page, None):
            self._async_tell()

    @callback
    def async_end(self) -> None:
        """Tell no more, for the account is going."""
        self._pages.clear()
        self._async_tell()

    @callback
    def _async_tell(self) -> None:
        entries = self._hass.config_entries
        entry = entries.async_entry_for_domain_unique_id(DOMAIN, self._account)
        if not self._pages or entry is None:
            ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)
            return
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=_ISSUE,
            translation_placeholders={
                "account": entry.title,
                "pages": ", ".join(sorted(self._pages)),
            },
            learn_more_url=ISSUE_TRACKER,
        )

    def as_diagnostics(self) -> list[dict[str, Any]]:
        """Return the pages in question, redacted."""
        return [
            {
                "page": page,
                "missing": seen.missing,
                "last_seen": seen.at.isoformat(),
                "sample": seen.sample,
            }
            for page, seen in sorted(self._pages.items())
        ]

"""Issues about money: a tariff that is not known, a bill that differs."""

from __future__ import annotations

from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.issue_registry import IssueSeverity

from ..client import Utility
from ..client.billing.bill_check import BillCheck
from ..privacy import masked
from .registry import Issue, async_clear_issue, async_raise_issue

TARIFF_NEEDED: Final = "tariff_needed"
BILL_DIFFERS: Final = "bill_differs"
_HELP: Final = "https://github.com/usms-home-assistant/usms/blob/main/docs/money.md"


@callback
def async_update_tariff_issue(
    hass: HomeAssistant, entry: ConfigEntry, meter: str, utility: Utility | None, *, needed: bool
) -> None:
    """Ask for the tariff of a meter that is not residential, or no longer."""
    if not needed or utility is None:
        async_clear_issue(hass, entry.entry_id, TARIFF_NEEDED, meter=meter)
        return
    electricity = utility is Utility.ELECTRICITY
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=TARIFF_NEEDED,
            severity=IssueSeverity.WARNING,
            placeholders={"meter": masked(meter)},
            text=TARIFF_NEEDED if electricity else f"{TARIFF_NEEDED}_{utility}",
            meter=meter,  # The prices of commercial water are not known.
            repair={"entry_id": entry.entry_id, "meter": meter} if electricity else None,
            learn_more=_HELP,
        ),
    )


@callback
def async_update_bill_issue(
    hass: HomeAssistant, entry: ConfigEntry, meter: str, bill: BillCheck
) -> None:
    """Report a bill that differs from the tariff, or no longer does."""
    if not bill.differs:
        async_clear_issue(hass, entry.entry_id, BILL_DIFFERS, meter=meter)
        return
    async_raise_issue(
        hass,
        entry,
        Issue(
            kind=BILL_DIFFERS,
            severity=IssueSeverity.WARNING,
            placeholders={
                "meter": masked(meter),
                "difference": f"{bill.difference * 100:+.0f}",
                "lost": f"{bill.lost:.2f}",
                "cost": f"{bill.cost:.2f}",
                "first": bill.first.isoformat(),
                "last": bill.last.isoformat(),
            },
            meter=meter,
            learn_more=_HELP,
        ),
    )

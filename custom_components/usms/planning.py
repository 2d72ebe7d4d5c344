"""How much to top up, as the action `usms.plan_top_up` returns it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import voluptuous as vol
from homeassistant.exceptions import ServiceValidationError

from .client.billing.precision import run_out_known
from .client.billing.top_up_plan import Outlook, end_of_next_month, notes_of
from .client.brunei import brunei_date
from .client.store.models import Debt
from .const import DOMAIN

_MOST: Final = 1000
AMOUNT: Final = vol.All(vol.Coerce(float), vol.Range(min=0, max=_MOST))
"""BND that are planned to be paid."""
_FARTHEST: Final = timedelta(days=366)


def plan_top_up(
    outlook: Outlook | None, until: date | None, amount: float | None, debt: Debt | None
) -> dict[str, Any]:
    """Return how long an amount would last, else what to pay so that it lasts to a day.

    That is the end of the next month unless said. What a top-up pays of a debt does not last, so
    the debt stands beside it. Raises ServiceValidationError.
    """
    owed = {
        "debt": _money(debt.owing if debt else None),
        "debt_monthly": _money(debt.monthly if debt else None),
    }
    if outlook is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="nothing_to_plan")
    if amount is not None:
        lasts = outlook.lasts(Decimal(str(amount)))
        return {
            "amount": amount,
            "lasts_until": _moment(lasts.expected, outlook.now),
            "lasts_until_80_percent": _moment(lasts.likely, outlook.now),
            "lasts_until_95_percent": _moment(lasts.safe, outlook.now),
        } | owed
    today = brunei_date(outlook.now)
    until = until or end_of_next_month(today)
    if not today <= until <= today + _FARTHEST:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="plan_too_far")
    needed = outlook.needed(until)
    return {
        "until": until.isoformat(),
        "pay": float(needed.expected),
        "pay_80_percent": float(needed.likely),
        "pay_95_percent": float(needed.safe),
        "notes_95_percent": [int(note) for note in notes_of(needed.safe)],
    } | owed


def _money(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)


def _moment(at: datetime | None, now: datetime) -> str | None:
    known = run_out_known(at, now)
    return known.isoformat() if known else None

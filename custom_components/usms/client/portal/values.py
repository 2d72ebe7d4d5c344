"""Dates, numbers and amounts as the portal writes them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from ..brunei import BRUNEI
from ..errors import PageNotUnderstood

# A comma counts only where thousands have one and decimals follow, as the portal always shows
# them: a decimal comma must not multiply by a thousand.
_NUMBER: Final = re.compile(
    r"""(?P<open>\()? \s* (?P<sign>-)? \s* (?:B?\$)? \s* (?P<sign2>-)? \s*
    (?P<number>[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
    \s* (?:kwh|m³|m3)? \s* (?P<close>\))? \s* (?:kwh|m³|m3)?""",
    re.IGNORECASE | re.VERBOSE,
)


def date_shown(text: str) -> date | None:
    """Return a date as the portal writes it; None for anything else."""
    moment = moment_shown(text)
    return moment.date() if moment else None


def moment_shown(text: str) -> datetime | None:
    """Return a date, or a date and a time, as the portal writes it; None for anything else."""
    shown = re.fullmatch(
        r"\s*(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AaPp][Mm])?)?\s*",
        text,
    )
    if not shown:
        return None
    day, month, year, hour, minute, second = (int(part or 0) for part in shown.groups()[:6])
    half = (shown[7] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=BRUNEI)
    except ValueError:
        return None


def number_shown(text: str, page: str, what: str) -> Decimal:
    """Return a number with unit, currency and thousands commas taken off.

    Negative amounts are taken in every form that accountants write: -$5.00, $-5.00, ($5.00).
    """
    # One space at a time: the pattern takes spaces at many places, and would try them all.
    shown = _NUMBER.fullmatch(" ".join(text.replace("\u2212", "-").split()))
    if not shown or bool(shown["open"]) != bool(shown["close"]):
        raise PageNotUnderstood(page, f"a number ({what})")
    number = Decimal(shown["number"].replace(",", ""))
    return -number if shown["open"] or shown["sign"] or shown["sign2"] else number

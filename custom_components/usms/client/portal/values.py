"""Dates, numbers and amounts as the portal writes them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from ..brunei import BRUNEI
from ..errors import PageNotUnderstood

# A comma counts only where thousands have one and either decimals follow, as the portal always
# shows them, or it is money: a decimal comma must not multiply by a thousand.
_NUMBER: Final = re.compile(
    r"""(?P<open>\()? \s* (?P<sign>-)? \s* (?P<currency>BND|B?\$)? \s* (?P<sign2>-)? \s*
    (?P<number>[0-9]{1,3}(?P<commas>(?:,[0-9]{3}){1,4})(?P<decimals>\.[0-9]{1,15})?
      |[0-9]{1,15}(?:\.[0-9]{1,15})?|\.[0-9]{1,15})
    \s* (?P<sign3>-)? \s* (?P<unit>[km]?wh|m³|m3|m\^3|l|lit(?:er|re)s?)? \s* (?P<currency2>BND)?
    \s* (?P<side>CR|DR)? \s* (?P<close>\))? \s* (?P<unit2>kwh|m³|m3)?""",
    re.IGNORECASE | re.VERBOSE,
)
_FACTORS: Final = {"wh": Decimal("0.001"), "mwh": Decimal(1000), "l": Decimal("0.001")}
"""What a unit is of that of the meter, kWh or m³; a factor of 1 is left out."""
_NOTHING: Final = frozenset({"", "-", "--", "\u2013", "\u2014", "n/a"})


def is_nothing(text: str) -> bool:
    """Return whether a text says that there is no value."""
    return text.strip().casefold() in _NOTHING


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
    """Return a number in BND, kWh or m³, with unit, currency and thousands commas taken off.

    Negative amounts are taken in every form that accountants write: -$5.00, $-5.00, ($5.00), 5.00-,
    $5.00 DR. Raises PageNotUnderstood for anything else.
    """
    # One space at a time: the pattern takes spaces at many places, and would try them all.
    shown = _NUMBER.fullmatch(" ".join(text.replace("\u2212", "-").split()))
    if not shown or bool(shown["open"]) != bool(shown["close"]):
        raise PageNotUnderstood(page, f"a number ({what})")
    unit, money = (shown["unit"] or "").casefold(), shown["currency"] or shown["currency2"]
    signs = [shown["open"], shown["sign"], shown["sign2"], shown["sign3"]]
    below_zero = sum(map(bool, signs)) + ((shown["side"] or "").upper() == "DR")
    plain = (
        below_zero <= 1
        and not (money and unit)
        and (not shown["commas"] or shown["decimals"] or money)
    )
    if not plain:
        raise PageNotUnderstood(page, f"a number ({what})")
    number = Decimal(shown["number"].replace(",", ""))
    number *= _FACTORS.get("l" if unit.startswith("l") else unit, 1)
    return -number if below_zero else number

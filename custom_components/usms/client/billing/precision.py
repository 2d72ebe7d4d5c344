"""What is expected, no finer than it is known; and how much money is added up. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from ..brunei import BRUNEI, brunei_date, brunei_midnight

MILLION: Final = 1_000_000
_NOON: Final = timedelta(hours=12)
_SOON: Final = timedelta(days=2)
_FEW_DAYS: Final = Decimal(3)
_FEW_DOLLARS: Final = Decimal(5)
_TENTH: Final = Decimal("0.1")
_CENT: Final = Decimal("0.01")


def run_out_known(runs_out: datetime | None, now: datetime) -> datetime | None:
    """Return when a balance is used up: the hour within two days, else noon of the day.

    Noon is that day in other time zones, too.
    """
    if runs_out is None:
        return None
    if runs_out - now < _SOON:
        return runs_out.astimezone(BRUNEI).replace(minute=0, second=0, microsecond=0)
    return brunei_midnight(brunei_date(runs_out)) + _NOON


def run_out_text(runs_out: datetime | None, now: datetime) -> str:
    """Return `run_out_known` as text: `2026-11-21 14:00`, else `2026-12-04`, or `-`."""
    known = run_out_known(runs_out, now)
    if runs_out is None or known is None:
        return "-"
    return f"{known:%Y-%m-%d %H:%M}" if runs_out - now < _SOON else f"{known:%Y-%m-%d}"


def days_known(days: Decimal) -> Decimal:
    """Return for how long a balance lasts: whole days above three, else to a tenth of a day."""
    return days.quantize(Decimal(1) if days > _FEW_DAYS else _TENTH, ROUND_FLOOR)


def cost_known(cost: Decimal) -> Decimal:
    """Return an expected cost (BND): to ten cents above B$5, else to the cent."""
    return cost.quantize(_TENTH if cost > _FEW_DOLLARS else _CENT)


def as_amount(value: float) -> Decimal:
    """Return an expected consumption as it is priced: to a millionth of a kWh or m³."""
    return Decimal(f"{value:.6f}")


def unit_known(amount: Decimal) -> Decimal:
    """Return an expected consumption: to a tenth of a kWh or m³."""
    return amount.quantize(_TENTH)


def millionths(amount: Decimal) -> int:
    """Return an amount (BND) in whole millionths: as exact as prices are, and faster to add up."""
    return round(MILLION * amount)


def bnd(millionths: int) -> Decimal:
    """Return millionths as an amount (BND)."""
    return Decimal(millionths) / MILLION

"""Commands about what the cards of the account show, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from . import output
from .output import Column, Result
from .signing_in import account_of, meter_of, signed_in

if TYPE_CHECKING:
    from ..models import Meter
    from .options import Context, Options

LEFT: Final = (
    Column("meter", "Meter"),
    Column("utility", "Utility"),
    Column("status", "Status"),
    Column("remaining_units", "Remaining"),
    Column("unit", "Unit"),
    Column("balance", "Balance (B$)", output.cents),
    Column("last_updated", "Last updated", output.day),
)
KEYS: Final = tuple(column.key for column in LEFT)


def meters(options: Options, context: Context) -> Result:
    """List the meters of the account."""
    with signed_in(options, context) as client:
        account = account_of(client)
    return Result(KEYS, [card(meter) for meter in account.meters], LEFT)


def left(options: Options, context: Context) -> Result:
    """Show units or balance of a meter, or both, alone."""
    with signed_in(options, context) as client:
        meter = meter_of(account_of(client), options.meter)
    row: dict[str, Any] = {"meter": meter.number}
    columns = []
    if options.unit:
        row |= {"remaining_units": meter.remaining_units, "unit": meter.unit}
        columns.append(Column("remaining_units", "Unit", unit="unit"))
    if options.credit:
        row["balance"] = meter.balance
        columns.append(Column("balance", "Credit", lambda balance: f"B$ {output.cents(balance)}"))
    return Result(tuple(row), [row], columns, single=True, upright=True)


def card(meter: Meter) -> dict[str, Any]:
    """Return what a card shows."""
    return {
        "meter": meter.number,
        "utility": meter.utility,
        "status": meter.status,
        "remaining_units": meter.remaining_units,
        "unit": meter.unit,
        "balance": meter.balance,
        "last_updated": meter.last_updated,
    }

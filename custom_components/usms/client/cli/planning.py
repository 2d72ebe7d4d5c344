"""The command that plans a top-up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from ..billing.precision import run_out_known, run_out_text
from ..billing.top_up_plan import Outlook, end_of_next_month, notes_of
from ..brunei import brunei_date
from ..errors import NoData, WrongRequest
from ..models import Utility
from . import output
from .cards import counted, prices_of, top_up_page
from .output import Column, Result
from .signing_in import account_of, meter_of, signed_in
from .state import given_store

if TYPE_CHECKING:
    from ..store.models import Debt
    from .options import Context, Options
    from .output import Row

_MOST: Final = 1000
_FARTHEST: Final = timedelta(days=366)
_HOLDS: Final = (
    ("expected", "on average"),
    ("likely", "with 80 %"),
    ("safe", "with 95 %"),
)


def plan(options: Options, context: Context) -> Result:
    """Say what to pay so that a balance lasts, or how long an amount would last."""
    now = context.clock()
    today = brunei_date(now)
    amount = _amount(options.amount) if options.amount else None
    until = options.until or end_of_next_month(today)
    if not today <= until <= today + _FARTHEST:
        raise WrongRequest("The day is today or a later one, within a year")
    with signed_in(options, context) as client, given_store(options) as store:
        meter = meter_of(account_of(client), options.meter)
        if meter.utility is Utility.WATER and (options.kva is not None or options.vacant):
            raise WrongRequest("--kva and --vacant are for electricity")
        shown = top_up_page(client, meter, store, context)
        schedule, note = prices_of(meter, options, shown)
        outlook = None
        if schedule is not None:
            outlook = counted(client, meter, schedule, store, context).outlook
    if outlook is None:
        raise NoData(note or "A plan needs the balance, and the use of a whole day")
    result = (
        _needed(outlook, meter.number, options)
        if amount is None
        else _lasts(outlook, meter.number, amount, options)
    )
    return _with_debt(replace(result, footer=(*result.footer, *([note] if note else []))), shown)


def _with_debt(result: Result, shown: Debt | None) -> Result:
    """Add what is owed: what a top-up pays of that does not last."""
    owing = shown.owing if shown else None
    monthly = shown.monthly if shown else None
    debt = {"debt": owing, "debt_monthly": monthly}
    if result.single:
        rows = [{**row, **debt} for row in result.rows]
        return replace(result, keys=(*result.keys, *debt), rows=rows)
    if not owing:
        return result
    said = f"B$ {output.cents(owing)} is owed"
    said += f", B$ {output.cents(monthly)} a month" if monthly else ""
    return replace(result, footer=(*result.footer, f"{said}; what pays that does not last."))


def _needed(outlook: Outlook, meter: str, options: Options) -> Result:
    until = options.until or end_of_next_month(brunei_date(outlook.now))
    needed = outlook.needed(until)
    row: dict[str, Any] = {"meter": meter, "until": until.isoformat()}
    row |= {name: getattr(needed, name) for name, _ in _HOLDS}
    if options.form:
        return Result(tuple(row), [row], (), single=True)
    rows: list[Row] = [
        {"holds": holds, "pay": row[name], "notes": _notes(row[name])} for name, holds in _HOLDS
    ]
    columns = (
        Column("holds", "Lasts"),
        Column("pay", "Pay (B$)", output.cents),
        Column("notes", "Notes"),
    )
    title = f"So that it lasts to the end of {until.isoformat()}."
    return Result(tuple(row), rows, columns, footer=(title,))


def _notes(amount: Decimal) -> str:
    return " + ".join(str(note) for note in notes_of(amount)) or "nothing"


def _lasts(outlook: Outlook, meter: str, amount: Decimal, options: Options) -> Result:
    lasts = outlook.lasts(amount)
    row: dict[str, Any] = {"meter": meter, "amount": amount}
    row |= {name: run_out_known(getattr(lasts, name), outlook.now) for name, _ in _HOLDS}
    if options.form:
        return Result(tuple(row), [row], (), single=True)
    rows: list[Row] = [
        {
            "holds": holds,
            "until": run_out_text(getattr(lasts, name), outlook.now)
            if getattr(lasts, name)
            else "over two years",
        }
        for name, holds in _HOLDS
    ]
    columns = (Column("holds", "Lasts"), Column("until", "Until"))
    return Result(tuple(row), rows, columns, footer=(f"With B$ {amount:f} on top.",))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and 0 <= amount <= _MOST):
        raise WrongRequest(f"The amount is in B$, from 0 to {_MOST}, such as 20")
    return Decimal(f"{abs(amount):f}")

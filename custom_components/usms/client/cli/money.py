"""Commands about money: what was paid, what consumption costs."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from ..billing.tariff import Tariff
from ..brunei import brunei_date
from ..errors import WrongRequest
from ..models import CURRENCY, Utility
from . import output
from .days import before, check_days
from .output import Column, Result
from .signing_in import account_of, meter_of, signed_in

if TYPE_CHECKING:
    from .options import Context, Options
    from .output import Row

_YEAR: Final = 365
_MOST: Final = 1_000_000_000
_MOST_PLACES: Final = Decimal("0.000001")
_TOPUP_KEYS: Final = (
    *("time", "transaction", "amount", "debt_cleared", "recharge"),
    *("units", "unit", "payment_mode", "site", "source"),
)


def topups(options: Options, context: Context) -> Result:
    """List what was paid."""
    today = brunei_date(context.clock())
    last = options.last or today
    first = options.first or before(last, _YEAR - 1)
    check_days(first, last, today)
    with signed_in(options, context) as client:
        meter = meter_of(account_of(client), options.meter)
        found = client.topups(meter.number, first, last)
    rows = [
        {
            "time": topup.at,
            "transaction": topup.transaction,
            "amount": topup.amount,
            "debt_cleared": topup.debt_cleared,
            "recharge": topup.recharge,
            "units": topup.units,
            "unit": meter.unit,
            "payment_mode": topup.payment_mode,
            "site": topup.site,
            "source": topup.source,
        }
        for topup in found
    ]
    columns = (
        Column("time", "Time"),
        Column("amount", "Paid (B$)", output.cents),
        Column("debt_cleared", "Debt (B$)", output.cents),
        Column("recharge", "Recharge (B$)", output.cents),
        Column("units", f"Units ({meter.unit})"),
        Column("payment_mode", "Payment mode"),
        Column("site", "Site"),
    )
    total = sum((topup.amount for topup in found), Decimal(0))
    return Result(_TOPUP_KEYS, rows, columns, footer=(f"Total: B$ {output.cents(total)}",))


def cost(options: Options, _context: Context) -> Result:
    """Price a month's consumption: programs get the bill, people its tiers too."""
    utility = options.utility
    amount = _amount(options.amount)
    tariff = tariff_of(utility, units=options.units, kva=options.kva, vacant=options.vacant)
    row = {
        "utility": utility,
        "consumption": amount,
        "unit": utility.unit,
        "cost": output.in_cents(tariff.bill(amount)),
        "currency": CURRENCY,
        "tariff": tariff.name,
    }
    if options.form:
        return Result(tuple(row), [row], (), single=True)
    columns = (
        Column("tier", "Tier"),
        Column("consumption", f"Consumption ({utility.unit})"),
        Column("rate", f"Rate (B$/{utility.unit})"),
        Column("cost", "Cost (B$)", output.cents),
    )
    return Result(tuple(row), _tiers(tariff, amount), columns, footer=(f"Total: B$ {row['cost']}",))


def _amount(text: str) -> Decimal:
    """Return an amount in kWh or m³; raises WrongRequest."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount >= 0):
        raise WrongRequest("The amount is a number of kWh or m³, such as 750")
    if amount > _MOST or amount != amount.quantize(_MOST_PLACES):
        # Sums stay exact within these: Decimal keeps 28 digits.
        raise WrongRequest(f"The amount is a number up to {_MOST}, with up to 6 decimals")
    return Decimal(f"{abs(amount):f}")


def _tiers(tariff: Tariff, amount: Decimal) -> list[Row]:
    rows: list[Row] = []
    for number, tier in enumerate(tariff.tiers, 1):
        top = amount if tier.end is None else min(amount, tier.end)
        if top > tier.start:
            used = top - tier.start
            rows.append(
                {"tier": number, "consumption": used, "rate": tier.rate, "cost": used * tier.rate}
            )
    return rows


def tariff_of(
    utility: Utility, *, units: str | None = None, kva: str | None = None, vacant: bool = False
) -> Tariff:
    """Return the residential tariff, or the one that the options describe; raises WrongTariff."""
    terms: dict[str, object] = {"units": units, "kva": kva, "vacant": vacant or None}
    given = {name: term for name, term in terms.items() if term is not None}
    kind = "commercial" if given.keys() & {"kva", "vacant"} else "residential"
    return Tariff.from_dict(utility, {"kind": kind, **given})

"""The transaction history as models.

As in `pages`: HTML in, values out, no I/O, `PageNotUnderstood` where something is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bs4.element import Tag

from ..errors import PageNotUnderstood
from ..models import TopUp
from .forms import Form, read_form
from .html import cells_of, of_class, parse
from .values import moment_shown, number_shown

if TYPE_CHECKING:
    from decimal import Decimal

TOPUPS_PAGE: Final = "TransactionHistory"
"""As errors name it."""


@dataclass(frozen=True, slots=True, repr=False)
class TopUpsPage:
    """A page of the transaction history."""

    form: Form
    topups: tuple[TopUp, ...]
    pages: int
    """How many pages the pager announces."""


_TOPUP_COLUMNS: Final = {
    "topup date": "at",
    "transaction no": "transaction",
    "meter no": "meter",
    "topup amount ($)": "amount",
    "initial loan/debt cleared ($)": "debt_cleared",
    "actual recharge amount ($)": "recharge",
    "units credited": "units",
    "payment mode": "payment_mode",
    "site name": "site",
    "source": "source",
}


def topups_page(html: str) -> TopUpsPage:
    """Read a page of the transaction history; columns by their headings."""
    page = TOPUPS_PAGE
    parts = parse(html, page, ["input"], ids=re.compile(r"grid_DXMainTable$"))
    form = read_form(parts.find_all("input"))
    if form.value("__VIEWSTATE") is None:
        raise PageNotUnderstood(page, "the view state")
    grid = parts.find(id=re.compile(r"grid_DXMainTable$"))
    if not isinstance(grid, Tag):
        raise PageNotUnderstood(page, "the grid")
    headings = [
        " ".join(cell.get_text(" ", strip=True).split()).casefold()
        for cell in of_class(grid, "td", "dxgvHeader")
    ]
    names = [_TOPUP_COLUMNS.get(heading) for heading in headings]
    rows = of_class(grid, "tr", "dxgvDataRow")
    if rows and not set(_TOPUP_COLUMNS.values()).issubset(names):
        raise PageNotUnderstood(page, "a column of the grid")
    topups = [_topup(dict(zip(names, cells_of(row), strict=False)), page) for row in rows]
    pager = re.search(r"Page\s{1,9}\d{1,9}\s{1,9}of\s{1,9}(\d{1,9})", html)
    return TopUpsPage(form, tuple(topups), int(pager[1]) if pager else 1)


def _topup(cells: dict[str | None, str], page: str) -> TopUp:
    def text(name: str) -> str | None:
        found = cells.get(name, "").replace("\xa0", " ").strip()
        return found if found and found != "-" else None

    def number(name: str) -> Decimal | None:
        shown = text(name)
        return number_shown(shown, page, name) if shown else None

    at, amount = text("at"), number("amount")
    moment = moment_shown(at) if at else None
    transaction, meter = text("transaction"), text("meter")
    if moment is None or amount is None or transaction is None or meter is None:
        raise PageNotUnderstood(page, "a top-up's date, number, meter or amount")
    debt, recharge = number("debt_cleared"), number("recharge")
    if any(part is not None and part * amount < 0 for part in (debt, recharge)):
        # A top-up that is taken back is below zero in all its parts.
        raise PageNotUnderstood(page, "a top-up's amount and its parts, of one sign")
    return TopUp(
        at=moment,
        transaction=transaction,
        meter=meter,
        amount=amount,
        debt_cleared=debt,
        recharge=recharge,
        units=number("units"),
        payment_mode=text("payment_mode"),
        site=text("site"),
        source=text("source"),
    )

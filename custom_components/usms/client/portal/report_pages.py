"""The portal's pages with a grid, as models: consumption reports and the transaction history.

As in `pages`: HTML in, values out, no I/O, `PageNotUnderstood` where something is missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from bs4.element import Tag

from ..brunei import brunei_midnight
from ..errors import PageNotUnderstood
from ..models import Reading, TopUp
from .forms import Form, ReportType, read_form, shown_dates, shown_type
from .html import parse, text_of
from .pages import ERROR_LABEL
from .values import date_shown, moment_shown, number_shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import BeautifulSoup

    from .forms import ReportQuery

TOPUPS_PAGE: Final = "TransactionHistory"
"""As errors name it."""
_GRID: Final = "ASPxPageControl1_grid_DXMainTable"
_TYPE_CHOICES: Final = "cboType_DDD_L_LBT"
_NOT_FOUND: Final = "not found"


@dataclass(frozen=True, slots=True, repr=False)
class ReportPage:
    """A consumption report page: its form, and the grid where it has one."""

    form: Form
    error: str
    rows: tuple[tuple[str, str], ...]
    total: Decimal | None
    is_empty: bool
    """Whether the grid says of itself that it has no rows."""
    choices: frozenset[ReportType] | None
    """The report types to choose from; None where the page does not say."""
    chart_date: date | None
    html: str
    """The page as served, to make a sample of."""

    @property
    def type(self) -> ReportType | None:
        """The type that the page shows."""
        return shown_type(self.form)

    def answers(self, query: ReportQuery) -> bool:
        """Return whether the page says of itself that it answers that query."""
        if self.type is not query.type:
            return False
        if shown_dates(self.form) != (query.first, query.last):
            return False
        if query.type is ReportType.HOURLY and self.rows and self.chart_date is not None:
            return self.chart_date == query.first
        if query.type is ReportType.DAILY:
            days = [date_shown(label) for label, _ in self.rows]
            return all(day is not None and query.first <= day <= query.last for day in days)
        return True


@dataclass(frozen=True, slots=True, repr=False)
class TopUpsPage:
    """A page of the transaction history."""

    form: Form
    topups: tuple[TopUp, ...]
    pages: int
    """How many pages the pager announces."""


def report_page(html: str) -> ReportPage:
    """Read a consumption report page, with or without an answer on it."""
    page = "UsageHistory"
    parts = parse(html, page, ["input", "img"], ids=[ERROR_LABEL, _GRID, _TYPE_CHOICES])
    error = text_of(parts, ERROR_LABEL)
    if error is None:
        raise PageNotUnderstood(page, "the error label that every report page has")
    form = read_form(parts.find_all("input"))
    if form.value("__VIEWSTATE") is None:
        raise PageNotUnderstood(page, "the view state")
    grid = parts.find(id=_GRID)
    rows: tuple[tuple[str, str], ...] = ()
    total = None
    if isinstance(grid, Tag):
        rows = tuple(_grid_rows(grid, page))
        total = _grid_total(grid, page)
    return ReportPage(
        form=form,
        error=error,
        rows=rows,
        total=total,
        is_empty=isinstance(grid, Tag) and grid.find(class_="dxgvEmptyDataRow") is not None,
        choices=_choices(parts, html),
        chart_date=_chart_date(parts),
        html=html,
    )


def hourly_readings(page: ReportPage, day: date) -> tuple[Reading, ...]:
    """Return the hours of a report page: label N ends at N:00 of that day."""
    readings: dict[int, Reading] = {}
    for label, text in page.rows:
        if not re.fullmatch(r"\d{1,2}", label) or not 1 <= int(label) <= 24:
            raise PageNotUnderstood("UsageHistory", "an hour label from 1 to 24")
        hour = int(label)
        if hour in readings:
            raise PageNotUnderstood("UsageHistory", "one row an hour (a label stands twice)")
        value = _consumption(text)
        if value is not None:
            start = brunei_midnight(day) + timedelta(hours=hour - 1)
            readings[hour] = Reading(start, value)
    return tuple(readings[hour] for hour in sorted(readings))


def daily_readings(page: ReportPage, first: date, last: date) -> tuple[Reading, ...]:
    """Return the days of a report page, all within the range that was asked for."""
    readings: dict[date, Reading] = {}
    for label, text in page.rows:
        day = date_shown(label)
        if day is None or not first <= day <= last:
            raise PageNotUnderstood("UsageHistory", "a day label (dd/mm/yyyy) of the range asked")
        if day in readings:
            raise PageNotUnderstood("UsageHistory", "one row a day (a label stands twice)")
        value = _consumption(text)
        if value is not None:
            readings[day] = Reading(brunei_midnight(day), value)
    return tuple(readings[day] for day in sorted(readings))


def says_not_found(page: ReportPage) -> bool:
    """Return whether a page says that it has no consumption for the query."""
    return _NOT_FOUND in page.error.casefold() or (page.is_empty and not page.error)


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
    parts = parse(html, page, "input", ids=re.compile(r"grid_DXMainTable$"))
    form = read_form(parts.find_all("input"))
    if form.value("__VIEWSTATE") is None:
        raise PageNotUnderstood(page, "the view state")
    grid = parts.find(id=re.compile(r"grid_DXMainTable$"))
    if not isinstance(grid, Tag):
        raise PageNotUnderstood(page, "the grid")
    headings = [
        " ".join(cell.get_text(" ", strip=True).split()).casefold()
        for cell in grid.find_all("td", class_="dxgvHeader")
    ]
    names = [_TOPUP_COLUMNS.get(heading) for heading in headings]
    rows = grid.find_all("tr", class_="dxgvDataRow")
    if rows and not set(_TOPUP_COLUMNS.values()).issubset(names):
        raise PageNotUnderstood(page, "a column of the grid")
    topups = []
    for row in rows:
        cells = [cell.get_text(" ", strip=True) for cell in row.find_all("td", recursive=False)]
        topups.append(_topup(dict(zip(names, cells, strict=False)), page))
    pager = re.search(r"Page\s{1,9}\d{1,9}\s{1,9}of\s{1,9}(\d{1,9})", html)
    return TopUpsPage(form, tuple(topups), int(pager[1]) if pager else 1)


def _topup(cells: dict[str | None, str], page: str) -> TopUp:
    def text(name: str) -> str | None:
        found = cells.get(name, "").replace("\xa0", " ").strip()
        return found if found and found != "-" else None

    def number(name: str) -> Decimal | None:
        shown = text(name)
        value = number_shown(shown, page, name) if shown else None
        if value is not None and value < 0:
            raise PageNotUnderstood(page, f"a number that is not below zero ({name})")
        return value

    at, amount = text("at"), number("amount")
    moment = moment_shown(at) if at else None
    transaction, meter = text("transaction"), text("meter")
    if moment is None or amount is None or transaction is None or meter is None:
        raise PageNotUnderstood(page, "a top-up's date, number, meter or amount")
    return TopUp(
        at=moment,
        transaction=transaction,
        meter=meter,
        amount=amount,
        debt_cleared=number("debt_cleared"),
        recharge=number("recharge"),
        units=number("units"),
        payment_mode=text("payment_mode"),
        site=text("site"),
        source=text("source"),
    )


# --- the parts of pages ---


def _grid_rows(grid: Tag, page: str) -> Iterator[tuple[str, str]]:
    for row in grid.find_all("tr", class_="dxgvDataRow"):
        cells = [cell.get_text(" ", strip=True) for cell in row.find_all("td", recursive=False)]
        if len(cells) < 2:
            raise PageNotUnderstood(page, "two cells in a row of the grid")
        yield cells[0], cells[1]


def _grid_total(grid: Tag, page: str) -> Decimal | None:
    footer = grid.find(id=re.compile(r"_DXFooterRow$"))
    if not isinstance(footer, Tag):
        return None
    text = footer.get_text(" ", strip=True)
    if not re.search(r"\d", text):
        return None
    shown = re.search(r"total units\s*:\s*(.*)", text, re.IGNORECASE)
    if not shown:
        raise PageNotUnderstood(page, "the total in the grid's footer")
    return number_shown(shown[1], page, "total")


def _choices(parts: BeautifulSoup, html: str) -> frozenset[ReportType] | None:
    box = parts.find(id=_TYPE_CHOICES)
    text = box.get_text(" ", strip=True).casefold() if isinstance(box, Tag) else ""
    if not text:
        # Without the list of the box: the choices stand in the script that fills it.
        lower = html.casefold()
        box_at = lower.find(_TYPE_CHOICES.split("_")[0].casefold())
        at = lower.find("daily (max", box_at) if box_at >= 0 else -1
        text = lower[at : at + 400] if at >= 0 else ""
    found = frozenset(kind for kind in ReportType if kind.word in text)
    return found or None


def _chart_date(parts: BeautifulSoup) -> date | None:
    for image in parts.find_all("img"):
        shown = re.search(r"as at (\d{1,2}/\d{1,2}/\d{4})", str(image.get("alt", "")))
        if shown:
            return date_shown(shown[1])
    return None


def _consumption(text: str) -> Decimal | None:
    """Return a row's value; None where the row is there but has none yet."""
    if text in {"", "-"}:
        return None
    value = number_shown(text, "UsageHistory", "a row's value")
    if value < 0:
        raise PageNotUnderstood("UsageHistory", "a row's value that is not below zero")
    return value

"""Consumption reports as models.

As in `pages`: HTML in, values out, no I/O, `PageNotUnderstood` where something is missing.
"""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from bs4.element import Tag

from ..brunei import brunei_midnight
from ..errors import PageNotUnderstood
from ..models import Reading, Utility
from .forms import Form, ReportType, read_form, shown_dates, shown_type
from .html import cells_of, of_class, parse, tags_in, text_of
from .pages import ERROR_LABEL
from .values import date_shown, number_shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bs4 import BeautifulSoup

    from .forms import ReportQuery

_PAGE: Final = "UsageHistory"
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
    """What the footer says; None without one, and for one that can't be read."""
    is_empty: bool
    """Whether the grid says of itself that it has no rows."""
    choices: frozenset[ReportType] | None
    """The report types to choose from; None where the page does not say."""
    chart_date: date | None
    html: str
    """The page as served, to make a sample of."""
    meter: str | None = None
    """The meter that the form's address names, where it names one."""
    utility: Utility | None = None
    """What the heading of the values is a unit of, where it names one."""
    unread: str | None = None
    """What the footer lacked to be read."""

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
            days = [day for label, _ in self.rows if (day := date_shown(label))]
            return all(query.first <= day <= query.last for day in days)
        return True


def report_page(html: str) -> ReportPage:
    """Read a consumption report page, with or without an answer on it."""
    page = _PAGE
    ids = [ERROR_LABEL, _GRID, _TYPE_CHOICES]
    parts = parse(html, page, ["input", "img"], ids=ids, bare=["form"])
    error = text_of(parts, ERROR_LABEL)
    if error is None:
        raise PageNotUnderstood(page, "the error label that every report page has")
    form = read_form(parts.find_all("input"))
    if form.value("__VIEWSTATE") is None:
        raise PageNotUnderstood(page, "the view state")
    grid = parts.find(id=_GRID)
    rows: tuple[tuple[str, str], ...] = ()
    total = unread = None
    if isinstance(grid, Tag):
        rows = tuple(_grid_rows(grid, page))
        try:
            total = _grid_total(grid, page)
        except PageNotUnderstood as err:
            unread = err.missing
    return ReportPage(
        form=form,
        error=error,
        rows=rows,
        total=total,
        is_empty=isinstance(grid, Tag)
        and not rows
        and grid.find(class_="dxgvEmptyDataRow") is not None,
        choices=_choices(parts, html),
        chart_date=_chart_date(parts),
        html=html,
        meter=_meter_of_form(parts),
        utility=_utility(grid) if isinstance(grid, Tag) else None,
        unread=unread,
    )


@dataclass(frozen=True, slots=True, repr=False)
class Rows:
    """What the rows of a report say."""

    readings: tuple[Reading, ...]
    """By time; hours and days that were not published are not there."""
    unread: str | None
    """What the first row lacked that was left out, for it can't be read."""


def hourly_readings(page: ReportPage, day: date) -> Rows:
    """Return the hours of a report page: label N ends at N:00 of that day.

    Raises PageNotUnderstood where no row can be read.
    """

    def start(label: str) -> datetime:
        if not re.fullmatch(r"\d{1,2}", label) or not 1 <= int(label) <= 24:
            raise PageNotUnderstood(_PAGE, "an hour label from 1 to 24")
        return brunei_midnight(day) + timedelta(hours=int(label) - 1)

    return _read_rows(page, start)


def daily_readings(page: ReportPage, first: date, last: date) -> Rows:
    """Return the days of a report page, all within the range that was asked for.

    Raises PageNotUnderstood where no row can be read.
    """

    def start(label: str) -> datetime:
        day = date_shown(label)
        if day is None or not first <= day <= last:
            raise PageNotUnderstood(_PAGE, "a day label (dd/mm/yyyy) of the range asked")
        return brunei_midnight(day)

    return _read_rows(page, start)


def _read_rows(page: ReportPage, start_of: Callable[[str], datetime]) -> Rows:
    """Read row by row: one that can't be read hides no other."""
    values: dict[datetime, Decimal | None] = {}
    bad: set[datetime] = set()
    trouble: PageNotUnderstood | None = None
    for label, text in page.rows:
        start = None
        try:
            start = start_of(label)
            # Without a value it is not published yet.
            value = None if text in {"", "-"} else number_shown(text, _PAGE, "a row's value")
            _check_same(values.setdefault(start, value), value)
        except PageNotUnderstood as err:
            trouble = trouble or err
            if start:
                bad.add(start)
    good = {start: value for start, value in values.items() if start not in bad}
    if trouble and not good:
        raise trouble  # the layout has changed
    readings = tuple(
        Reading(start, value) for start, value in sorted(good.items()) if value is not None
    )
    return Rows(readings, trouble.missing if trouble else page.unread)


def _check_same(known: Decimal | None, value: Decimal | None) -> None:
    if known != value:
        raise PageNotUnderstood(_PAGE, "one value a label (it stands twice)")


def says_not_found(page: ReportPage) -> bool:
    """Return whether a page says that it has no consumption for the query."""
    return _NOT_FOUND in page.error.casefold() or (page.is_empty and not page.error)


# --- the parts of pages ---


def _grid_rows(grid: Tag, page: str) -> Iterator[tuple[str, str]]:
    for row in of_class(grid, "tr", "dxgvDataRow"):
        cells = cells_of(row)
        if len(cells) < 2:
            raise PageNotUnderstood(page, "two cells in a row of the grid")
        yield cells[0], cells[1]


def _grid_total(grid: Tag, page: str) -> Decimal | None:
    footers = (tag for tag in tags_in(grid) if str(tag.get("id", "")).endswith("_DXFooterRow"))
    footer = next(footers, None)
    if footer is None:
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


def _utility(grid: Tag) -> Utility | None:
    headings = " ".join(cell.get_text(" ") for cell in of_class(grid, "td", "dxgvHeader"))
    found = re.search(r"(kwh)|m(?:³|3|\^3)", headings, re.IGNORECASE)
    if not found:
        return None
    return Utility.ELECTRICITY if found[1] else Utility.WATER


def _meter_of_form(parts: BeautifulSoup) -> str | None:
    """Return the meter of the form's address (`p=`, base64), where it has one."""
    form = parts.find("form")
    action = str(form.get("action") or "") if isinstance(form, Tag) else ""
    found = re.search(r"[?&]p=([^&]+)", action)
    if not found:
        return None
    with suppress(ValueError):
        return base64.b64decode(unquote(found[1]), validate=True).decode("ascii")
    return None


def _chart_date(parts: BeautifulSoup) -> date | None:
    for image in parts.find_all("img"):
        shown = re.search(r"as at (\d{1,2}/\d{1,2}/\d{4})", str(image.get("alt", "")))
        if shown:
            return date_shown(shown[1])
    return None

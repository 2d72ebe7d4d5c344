"""Consumption reports by the cheapest sequence of requests that proves itself right.

The portal's own sequence is three requests: open the report page (GET), switch it to the report's
type (POST), search (POST). Whether a page that is already open serves further days with one POST
is not known for the real portal, so it is tried: the answer says which query it belongs to
(type, dates, chart, labels). After two wrong answers in a row the full sequence is used for good.
"""

from __future__ import annotations

import asyncio
import base64
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import (
    NoData,
    PageNotUnderstood,
    PortalUnavailable,
    ReportNotOffered,
    SessionExpired,
    UsmsError,
)
from ..models import Report, Resolution, Unread
from . import report_pages
from .forms import ReportQuery, ReportType
from .redaction import redacted

if TYPE_CHECKING:
    from datetime import date

    from yarl import URL

    from .report_pages import ReportPage
    from .session import PortalSession
    from .transport import Transport

_LOGGER = logging.getLogger(__name__)

_PAGE: Final = "UsageHistory"
_REFUSALS_UNTIL_GIVEN_UP: Final = 2


def meter_parameter(meter: str) -> str:
    """Return a meter's number as the portal's addresses carry it (`p=`)."""
    return base64.b64encode(meter.encode("ascii")).decode("ascii")


@dataclass(slots=True, repr=False)
class _OpenPage:
    meter: str
    url: URL
    page: ReportPage


class UsageReports:
    """The report page of one session: the server remembers one selected meter, so do we."""

    def __init__(self, session: PortalSession, transport: Transport) -> None:
        """Ask through that session."""
        self._session = session
        self._transport = transport
        self._open: _OpenPage | None = None
        self._refusals = 0
        self._unread_noted = False
        self.open_page_serves: bool | None = None
        """Whether an open page serves further questions with one request; None until known."""

    async def read(self, meter: str, resolution: Resolution, first: date, last: date) -> Report:
        """Return a report; raises NoData where the portal has nothing for these days."""
        query = ReportQuery(ReportType.of(resolution), first, last)
        page = await self._short(meter, query)
        if page is None or (not page.rows and not self.open_page_serves):
            # "Nothing" proves nothing until an open page has served once.
            nothing = page
            page = await self._full(meter, query)
            if nothing and page.rows:
                self._count_refusal()
        if not page.rows:
            raise NoData(f"The portal has no {resolution} consumption for these days")
        report = await asyncio.to_thread(_report, page, meter, resolution, query)
        if report.unread:
            level = logging.DEBUG if self._unread_noted else logging.WARNING
            self._unread_noted = True
            _LOGGER.log(level, "Left out of a report, unreadable: %s", report.unread.missing)
        if report.difference:
            _LOGGER.warning(
                "The total of a %s report differs from its rows by %s",
                resolution,
                report.difference,
            )
        return report

    async def open_meter(self, meter: str) -> None:
        """Make the portal select a meter, as opening its report page does."""
        url = self._url(meter)
        self.close()
        page = await self._session.get(url, report_pages.report_page)
        self._open = _OpenPage(meter, url, page)

    def close(self) -> None:
        """Forget the open page, such as when another page of the session was used."""
        self._open = None

    # --- the two sequences ---

    async def _short(self, meter: str, query: ReportQuery) -> ReportPage | None:
        """Ask the page that is open; None where that can't be trusted to answer."""
        opened = self._open
        if (
            self.open_page_serves is False
            or opened is None
            or opened.meter != meter
            or opened.page.type is not query.type
        ):
            return None
        try:
            page = await self._post(opened, query)
        except (PageNotUnderstood, PortalUnavailable) as err:
            _LOGGER.debug("The open report page did not serve: %s", err)
            self._refused()
            return None
        if (
            page.meter not in {None, meter}
            or not page.answers(query)
            or not (page.rows or report_pages.says_not_found(page))
        ):
            self._refused()
            return None
        if page.rows:
            self._refusals, self.open_page_serves = 0, True
        return page

    def _refused(self) -> None:
        self.close()
        self._count_refusal()

    def _count_refusal(self) -> None:
        self._refusals += 1
        if self._refusals >= _REFUSALS_UNTIL_GIVEN_UP:
            _LOGGER.debug("An open report page serves no further questions: asking in full")
            self.open_page_serves = False

    async def _full(self, meter: str, query: ReportQuery) -> ReportPage:
        """Open, switch, search; the search once more where the first does not answer."""
        await self.open_meter(meter)
        opened = self._opened()
        if opened.page.choices is not None and query.type not in opened.page.choices:
            raise ReportNotOffered(f"The portal offers no {query.type.word} report here")
        if opened.page.type is not query.type:
            page = await self._post(opened, query)
            if page.type is not query.type:
                self.close()
                raise await _not_understood(page, f"the type {query.type.word} after asking")
        for _ in range(2):
            page = await self._post(opened, query)
            if page.meter not in {None, meter}:
                break
            if page.answers(query) and (page.rows or report_pages.says_not_found(page)):
                return page
        self.close()
        if page.meter not in {None, meter}:
            raise await _not_understood(page, "the meter that was asked for (it shows another)")
        if page.answers(query):
            raise await _not_understood(page, "rows, or a known text that there are none")
        raise await _not_understood(page, "an answer to the query that was asked")

    # --- requests ---

    async def _post(self, opened: _OpenPage, query: ReportQuery) -> ReportPage:
        try:
            page = await self._session.post(
                opened.url, query.fields(opened.page.form), report_pages.report_page
            )
        except UsmsError:
            self.close()
            raise
        opened.page = page
        return page

    def _opened(self) -> _OpenPage:
        if self._open is None:
            raise SessionExpired("The report page is not open")
        return self._open

    def _url(self, meter: str) -> URL:
        return self._transport.url("Report/UsageHistory", p=meter_parameter(meter))


async def _not_understood(page: ReportPage, missing: str) -> PageNotUnderstood:
    sample = await asyncio.to_thread(redacted, page.html)
    return PageNotUnderstood(_PAGE, missing, sample=sample)


def _report(page: ReportPage, meter: str, resolution: Resolution, query: ReportQuery) -> Report:
    try:
        if resolution is Resolution.HOUR:
            rows = report_pages.hourly_readings(page, query.first)
        else:
            rows = report_pages.daily_readings(page, query.first, query.last)
    except PageNotUnderstood as err:
        err.sample = redacted(page.html)
        raise
    unread = Unread(_PAGE, rows.unread, redacted(page.html)) if rows.unread else None
    # A total of rows that are not all there proves nothing.
    total = None if unread else page.total
    return Report(
        meter, resolution, query.first, query.last, rows.readings, total, page.utility, unread
    )

"""The transaction history of a meter: searched by days, in as few requests as its grid allows."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from ..brunei import brunei_date
from ..errors import PageNotUnderstood
from . import topup_pages
from .forms import search_fields, shown_dates
from .usage_reports import meter_parameter

if TYPE_CHECKING:
    from datetime import date

    from ..models import TopUp
    from .session import PortalSession
    from .topup_pages import TopUpsPage
    from .transport import Transport
    from .usage_reports import UsageReports


class TopUpReports:
    """The transaction history of one session, which shows the meter that was opened last."""

    def __init__(self, session: PortalSession, transport: Transport, reports: UsageReports) -> None:
        """Ask through that session; `reports` opens meters."""
        self._session = session
        self._transport = transport
        self._reports = reports

    async def read(self, meter: str, first: date, last: date) -> tuple[TopUp, ...]:
        """Return the top-ups from `first` to `last`, both included, oldest first.

        Raises PageNotUnderstood when the portal shows other days or another meter.
        """
        await self._reports.open_meter(meter)
        self._reports.close()
        found = await self._search(meter, first, last)
        if any(topup.meter != meter for topup in found):
            raise PageNotUnderstood(
                topup_pages.TOPUPS_PAGE, "top-ups of the meter that was asked for"
            )
        return tuple(sorted(set(found), key=lambda topup: (topup.at, topup.transaction)))

    async def _search(self, meter: str, first: date, last: date) -> list[TopUp]:
        """Search the history; where the grid has several pages, ask for shorter ranges instead.

        How the grid turns its pages is not known, how it searches is.
        """
        url = self._transport.url("Report/TransactionHistory", p=meter_parameter(meter))
        page = await self._session.get(url, topup_pages.topups_page)
        found: list[TopUp] = []
        ranges = [(first, last)]
        while ranges:
            start, end = ranges.pop()
            fields = search_fields(page.form, start, end)
            page = await self._session.post(url, fields, partial(_page_of, start, end))
            if page.pages == 1:
                found += page.topups
            elif start == end:
                raise PageNotUnderstood(topup_pages.TOPUPS_PAGE, "a day's top-ups on one page")
            else:
                middle = start + (end - start) // 2
                ranges += [(start, middle), (middle + timedelta(days=1), end)]
        return found


def _page_of(first: date, last: date, html: str) -> TopUpsPage:
    """Read a page of the transaction history that shows these days."""
    page = topup_pages.topups_page(html)
    if not _answers(page, first, last):
        raise PageNotUnderstood(topup_pages.TOPUPS_PAGE, "the days that were asked for")
    return page


def _answers(page: TopUpsPage, first: date, last: date) -> bool:
    """Return whether a page shows the days that were asked for, and no others."""
    return shown_dates(page.form) == (first, last) and all(
        first <= brunei_date(topup.at) <= last for topup in page.topups
    )

"""The consumption report and the transaction history: forms with a memory."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from . import pages
from .state import StateRefused, parse_date
from .truth import BRUNEI

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .accounts import Meter
    from .profile import Profile
    from .server import SimulatedPortal
    from .state import Session

NOT_FOUND: Final = "consumption history not found."
TOO_LONG: Final = "Please select a shorter range."
_PAGE: Final = 10


@dataclass(frozen=True)
class Search:
    """What a report page shows."""

    type_value: str
    first: date
    last: date
    rows: tuple[tuple[str, Decimal], ...] | None = None
    """None before anything was searched."""
    error: str = ""
    chart: str | None = None


class Usage:
    """Report/UsageHistory."""

    def __init__(self, portal: SimulatedPortal) -> None:
        """Report what that portal's meters measure."""
        self._portal = portal

    def get(self, session: Session, meter: Meter) -> str:
        """Open the page: nothing searched yet, this month chosen."""
        session.meter = meter.number
        today = self._portal.now().date()
        return self._serve(session, meter, Search("0", today.replace(day=1), today))

    def post(self, session: Session, meter: Meter, posted: Mapping[str, str]) -> str:
        """Switch the type, or search."""
        portal, profile = self._portal, self._portal.profile
        portal.sessions.verify(session, "usagehistory", posted)
        if profile.old_pages == "refused" and posted["__VIEWSTATE"][:24] != session.latest_report:
            raise StateRefused("the form is not of the latest report page")
        meter = self._meant(session, meter)
        today = portal.now().date()
        shown = session.reports.get(meter.number, Search("0", today.replace(day=1), today))
        wanted = posted.get("cboType_VI", shown.type_value)
        if wanted not in self._choices(meter):
            return self._serve(session, meter, shown)
        first = parse_date(posted.get("cboDateFrom")) or shown.first
        last = parse_date(posted.get("cboDateTo")) or shown.last
        if wanted != shown.type_value and profile.type_switch == "posts_back":
            return self._serve(session, meter, Search(wanted, first, last))
        if "btnRefresh" not in posted:
            return self._serve(session, meter, shown)
        if (
            shown.rows is not None
            and wanted == shown.type_value
            and profile.report_sequence != "open"
        ):
            return self._serve(session, meter, self._again(shown, first, last))
        return self._serve(session, meter, self._search(meter, wanted, first, last))

    def _meant(self, session: Session, meter: Meter) -> Meter:
        """Return the meter that a form is for: the server remembers the one opened last."""
        latest = self._portal.meter_of(session, session.meter)
        kind = self._portal.profile.other_meter
        if latest is None or latest is meter or kind == "address":
            return meter
        if kind == "refused":
            raise StateRefused("another meter was opened since")
        return latest

    def _again(self, shown: Search, first: date, last: date) -> Search:
        """Return what a page that has answered says to another search where it does not serve."""
        if (first, last) == (shown.first, shown.last):
            return shown
        sequence = self._portal.profile.report_sequence
        if sequence == "strict_error":
            raise StateRefused("the page has answered already")
        if sequence == "strict_empty":
            return Search(shown.type_value, first, last, (), NOT_FOUND)
        return Search(shown.type_value, first, last, shown.rows, shown.error, shown.chart)

    def _choices(self, meter: Meter) -> dict[str, str]:
        profile = self._portal.profile
        electricity = meter.utility == "electricity"
        offered = {
            "2": profile.summary_offered or not electricity,
            "3": profile.hourly_offered and electricity,
        }
        return {value: text for value, text in pages.TYPES.items() if offered.get(value, True)}

    def _serve(self, session: Session, meter: Meter, search: Search) -> str:
        session.reports[meter.number] = search
        hidden = self._portal.sessions.serve(session, "usagehistory")
        session.latest_report = hidden["__VIEWSTATE"][:24]
        return pages.usage(
            hidden,
            type_value=search.type_value,
            first=search.first,
            last=search.last,
            choices=self._choices(meter),
            error=search.error,
            rows=search.rows,
            chart=search.chart,
            profile=self._portal.profile,
        )

    def _search(self, meter: Meter, type_value: str, first: date, last: date) -> Search:
        now, profile = self._portal.now(), self._portal.profile
        longest = {"3": 0, "1": 30}.get(type_value, 366)
        if not 0 <= (last - first).days <= longest:
            return Search(type_value, first, last, None, TOO_LONG)
        if type_value == "3":
            rows = hour_rows(meter, first, now, profile)
            chart = f"The Hourly Usage Consumption as at {first:%d/%m/%Y} chart"
        elif type_value == "1":
            rows = day_rows(meter, first, last, now, profile)
            chart = f"The Daily Usage Consumption as at {last:%d/%m/%Y} chart"
        else:
            rows = month_rows(meter, first, last, now, profile)
            chart = f"The Monthly Usage Consumption as at {last:%d/%m/%Y} chart"
        error = NOT_FOUND if not rows or profile.label_beside_grid else ""
        return Search(type_value, first, last, tuple(rows), error, chart)


def hour_rows(
    meter: Meter, day: date, now: datetime, profile: Profile
) -> list[tuple[str, Decimal]]:
    """Return a day's rows by hour-ending label; hours that are missing are absent or 0."""
    hours = {start.hour: value for start, value in meter.truth.shown_hours(day, now, profile)}
    if profile.missing_hours != "absent" and hours:
        latest = max(hours) if profile.missing_hours == "zero" else 23
        hours = {n: hours.get(n, Decimal("0.000")) for n in range(latest + 1)}
    return [(str(hour + 1), value) for hour, value in sorted(hours.items())]


def day_rows(
    meter: Meter, first: date, last: date, now: datetime, profile: Profile
) -> list[tuple[str, Decimal]]:
    """Return the rows of a range, a day each."""
    rows = []
    for n in range((last - first).days + 1):
        day = first + timedelta(days=n)
        value = meter.truth.shown_day(day, now, profile)
        if value is not None:
            rows.append((f"{day:%d/%m/%Y}", value))
    return rows


def month_rows(
    meter: Meter, first: date, last: date, now: datetime, profile: Profile
) -> list[tuple[str, Decimal]]:
    """Return the rows of a range, a month each."""
    rows = []
    month = first.replace(day=1)
    while month <= last:
        end = month.replace(day=monthrange(month.year, month.month)[1])
        values = [value for _, value in day_rows(meter, month, end, now, profile)]
        if values:
            rows.append((f"{month:%m/%Y}", sum(values, Decimal(0))))
        month = end + timedelta(days=1)
    return rows


class TransactionHistory:
    """Report/TransactionHistory: shows the meter last opened through the consumption report."""

    def __init__(self, portal: SimulatedPortal) -> None:
        """Report the top-ups of that portal's meters."""
        self._portal = portal

    def get(self, session: Session) -> str:
        """Open the page: today."""
        today = self._portal.now().date()
        return self._serve(session, today, today, 0)

    def post(self, session: Session, posted: Mapping[str, str]) -> str:
        """Search a range, or turn the grid's page (in a way that is made up)."""
        view = self._portal.sessions.verify(session, "transactionhistory", posted)
        memory: Mapping[str, Any] = view.memory
        argument = posted.get("__EVENTARGUMENT", "")
        if argument.startswith("PN") and argument[2:].isdigit():
            return self._serve(session, memory["first"], memory["last"], int(argument[2:]))
        first = parse_date(posted.get("cboDateFrom")) or memory["first"]
        last = parse_date(posted.get("cboDateTo")) or memory["last"]
        return self._serve(session, first, last, 0)

    def _serve(self, session: Session, first: date, last: date, page: int) -> str:
        portal = self._portal
        hidden = portal.sessions.serve(session, "transactionhistory", first=first, last=last)
        meter = portal.meter_of(session, session.meter)
        since = datetime.combine(first, time(), BRUNEI)
        until = datetime.combine(last + timedelta(days=1), time(), BRUNEI)
        topups = [
            topup
            for topup in reversed(meter.topups(portal.now()) if meter else [])
            if since <= topup.at < until
        ]
        size = _PAGE if portal.profile.topup_pager else max(len(topups), 1)
        count = -(-len(topups) // size)
        summary = f"Page {page + 1} of {count} ({len(topups)} items)"
        rows = [
            (
                f"{topup.at:%d/%m/%Y %H:%M:%S}",
                topup.number,
                topup.meter,
                f"{topup.amount:.2f}",
                f"{topup.debt:.2f}",
                f"{topup.recharge:.2f}",
                f"{topup.units:.3f}",
                topup.mode,
                topup.site,
                topup.source,
            )
            for topup in topups[page * size : (page + 1) * size]
        ]
        return pages.topups(
            hidden,
            first=first,
            last=last,
            rows=rows,
            summary=summary if topups else "No data to paginate",
        )

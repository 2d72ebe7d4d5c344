"""What is fuzzed: the client's page functions, each with a page as its only input.

Runs on Python 3.11 too, which the fuzzer may need; the client is given, not imported.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from importlib import import_module
from types import ModuleType

BRUNEI = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=BRUNEI)
DAY = date(2026, 11, 1)
LAST = date(2026, 11, 19)


def page_targets(client: ModuleType) -> dict[str, Callable[[str], object]]:
    """Return the functions by the name of their page; each raises PageNotUnderstood or returns.

    `client` is the client package, by whichever name it was imported.
    """
    portal = f"{client.__name__}.portal"
    pages, report_pages, topup_pages, forms = (
        import_module(f"{portal}.{name}")
        for name in ("pages", "report_pages", "topup_pages", "forms")
    )

    def usage_history(html: str) -> object:
        page = report_pages.report_page(html)
        report_pages.says_not_found(page)
        for kind in forms.ReportType:
            page.answers(forms.ReportQuery(kind, DAY, LAST))
        found: list[object] = [forms.shown_dates(page.form), page.type, page.total, page.chart_date]
        for read in (
            lambda: report_pages.hourly_readings(page, DAY),
            lambda: report_pages.daily_readings(page, DAY, LAST),
        ):
            try:
                found.append(read())
            except client.PageNotUnderstood:
                found.append(None)
        return found

    return {
        "Home": lambda html: pages.account_page(html, NOW),
        "UsageHistory": usage_history,
        "ResLogin": lambda html: (pages.is_login_page(html), pages.login_page(html)),
        "WebForm2": lambda html: pages.payment_page(html, "10000001"),
        "TransactionHistory": topup_pages.topups_page,
    }

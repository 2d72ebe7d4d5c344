"""Pages as the simulated portal makes them, without the ballast of scripts and view state."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

from tests.portal import markup, pages
from tests.portal.accounts import DEMO_USERNAME, make_accounts
from tests.portal.profile import Profile

NOW = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
HIDDEN = {
    "__VIEWSTATE": "dDwtMTIzNDU2Nzg5MDs7Pg==",
    "__VIEWSTATEGENERATOR": "A1B2C3D4",
    "ASPxHiddenField1": "{&quot;data&quot;:&quot;12|#|#abc&quot;}",
}
_TYPES = {"1": pages.TYPES["1"], "3": pages.TYPES["3"]}


def shapes() -> dict[str, list[str]]:
    """Return pages by the name of the function that reads them."""
    with patch.object(markup, "BALLAST", ""):
        return {
            "Home": [_home(Profile()), _home(Profile(cards="before_2026_10", updating=True))],
            "UsageHistory": [_hourly(), _daily(), _empty(), _hourly(rows=False)],
            "ResLogin": [_login("DXB.axd?sc=a&DXCache=b", ""), _login(None, "Incorrect.")],
            "WebForm2": [_payment(Profile()), _payment(Profile(overdrawn=True))],
            "TransactionHistory": [_topups(3), _topups(0)],
        }


def _meters(profile: Profile) -> list[pages.Meter]:
    return make_accounts(1, 60, NOW, profile)[DEMO_USERNAME].meters[:2]


def _home(profile: Profile) -> str:
    return pages.home(HIDDEN, _meters(profile), NOW, profile)


def _payment(profile: Profile) -> str:
    return pages.payment(HIDDEN, _meters(profile)[0], NOW, profile)


def _login(captcha: str | None, error: str) -> str:
    return pages.login(HIDDEN, error=error, captcha_src=captcha, action="./ResLogin")


def _hourly(*, rows: bool = True) -> str:
    day = date(2026, 11, 1)
    return pages.usage(
        HIDDEN,
        type_value="3",
        first=day,
        last=day,
        choices=_TYPES,
        error="",
        rows=[(str(n), Decimal(n).scaleb(-2)) for n in range(1, 25)] if rows else None,
        chart=f"The Hourly Usage Consumption as at {day:%d/%m/%Y} chart",
        profile=Profile(),
    )


def _daily() -> str:
    first = date(2026, 11, 1)
    days = [first + timedelta(days=n) for n in range(19)]
    return pages.usage(
        HIDDEN,
        type_value="1",
        first=first,
        last=days[-1],
        choices=_TYPES,
        error="",
        rows=[(f"{day:%d/%m/%Y}", Decimal("1234.567")) for day in days],
        chart=None,
        profile=Profile(),
    )


def _empty() -> str:
    day = date(2026, 11, 1)
    return pages.usage(
        HIDDEN,
        type_value="1",
        first=day,
        last=day,
        choices=_TYPES,
        error="consumption history not found.",
        rows=[],
        chart=None,
        profile=Profile(),
    )


def _topups(count: int) -> str:
    row = ("01/11/2026 09:15:00 AM", "T0000000{}", "10000001", "20.00", "0.00", "20.00")
    more = ("2,000.000", "Cash", "Counter 1", "POS")
    rows = [[cell.format(n) for cell in (*row, *more)] for n in range(count)]
    summary = f"Page 1 of 1 ({count} items)" if count else "No data to paginate"
    return pages.topups(
        HIDDEN, first=date(2026, 11, 1), last=date(2026, 11, 30), rows=rows, summary=summary
    )

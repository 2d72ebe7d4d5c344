"""What is on each page: from the account's state to HTML."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from html import escape
from typing import TYPE_CHECKING, Final

from . import markup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .accounts import Meter
    from .profile import Profile

_PANEL: Final = "ASPxRoundPanel1"
TYPES: Final = {
    "0": "Monthly",
    "1": "Daily (Max 1 month)",
    "2": "Summary",
    "3": "Hourly (Max 1 day)",
}
TOPUP_HEADINGS: Final = (
    "Topup Date",
    "Transaction No",
    "Meter No",
    "Topup Amount ($)",
    "Initial Loan/Debt Cleared ($)",
    "Actual Recharge Amount ($)",
    "Units Credited",
    "Payment Mode",
    "Site Name",
    "Source",
)


def number(value: Decimal, places: int, profile: Profile) -> str:
    """Return a number as the portal writes it."""
    return f"{value:,.{places}f}" if profile.commas else f"{value:.{places}f}"


def money(value: Decimal, profile: Profile) -> str:
    """Return an amount as the portal writes it, in its way for negative ones."""
    text = number(abs(value), 2, profile)
    if value.quantize(Decimal("0.01")) >= 0:
        return f"${text}"
    return {"-$5.00": f"-${text}", "$-5.00": f"$-{text}", "($5.00)": f"(${text})"}[profile.negative]


def login(hidden: Mapping[str, str], *, error: str, captcha_src: str | None, action: str) -> str:
    """Return the sign-in page."""
    captcha = ""
    if captcha_src is not None:
        image = (
            f'<img id="{_PANEL}_ASPxCaptcha1_IMG" src="{escape(captcha_src)}" alt="" />'
            if captcha_src
            else ""
        )
        captcha = (
            f'<table id="{_PANEL}_ASPxCaptcha1"><tr><td>{image}</td></tr>'
            f"<tr><td>{markup.text_box(f'{_PANEL}$ASPxCaptcha1$TB', '')}</td></tr></table>"
        )
    body = (
        markup.error_label(error)
        + f'<div id="{_PANEL}"><span>IC Number</span>'
        + markup.text_box(f"{_PANEL}$txtUsername", "")
        + "<span>Password</span>"
        + markup.text_box(f"{_PANEL}$txtPassword", "", kind="password")
        + captcha
        + markup.button(f"{_PANEL}$btnLogin", "Login")
        + "</div>"
    )
    return markup.page("USMS Login", hidden, body, action=action)


def main(hidden: Mapping[str, str]) -> str:
    """Return the shell page."""
    body = (
        '<div id="sidebar"><a href="Home">Home</a></div>'
        '<iframe id="MyFrame" name="MyFrame" src="Home"></iframe>'
    )
    return markup.page("USMS", hidden, body, action="./MainPage")


# --- cards ---


def home(
    hidden: Mapping[str, str], meters: Sequence[Meter], now: datetime, profile: Profile
) -> str:
    """Return the meters' cards."""
    shown = meters[: profile.cards_a_page] if profile.cards_a_page else meters
    cards = "".join(
        f'<td class="dxcvCard" id="ASPxCardView1_DXDataCard{n}"><table class="dxflFormLayout">'
        f"{_card(n, meter, now, profile)}</table></td>"
        for n, meter in enumerate(shown)
    )
    pager = ""
    if len(shown) < len(meters):
        pages = -(-len(meters) // len(shown))
        pager = (
            '<div class="dxpLite" id="ASPxCardView1_DXPagerBottom"><b class="dxp-lead dxp-summary">'
            f"Page 1 of {pages} ({len(meters)} items)</b></div>"
        )
    body = (
        '<table id="ASPxCardView1" class="dxcvControl"><tr><td><div class="dxcvCSD">'
        f'<table id="ASPxCardView1_DXMainTable"><tr>{cards}</tr></table></div>'
        f"{pager}</td></tr></table>"
    )
    return markup.page("Home", hidden, body, action="./Home")


def _card(index: int, meter: Meter, now: datetime, profile: Profile) -> str:
    shift = 1 if profile.cards == "since_2026_10" else 0
    fields = [
        (2, "Meter No", meter.number),
        (4, "Full Name", "DEMO HOLDER"),
        (5, "Meter Status", "ACTIVE"),
        (6, "Address", "NO. 1 EXAMPLE STREET"),
        (7, "Kampong", "EXAMPLE KAMPONG"),
        (8, "Mukim", "EXAMPLE MUKIM"),
        (9, "District", "EXAMPLE DISTRICT"),
        (10, "Postcode", "XX0000"),
        *([(11, "Meter Location", "OUTDOOR")] if shift else []),
        (11 + shift, "Remaining Unit", units(meter, now, profile)),
        (12 + shift, profile.balance_caption, balance(meter, now, profile)),
        (17 + shift, "Last Updated", _last_updated(meter, now, profile)),
    ]
    return "".join(
        f'<tr><td class="dxflItem" id="ASPxCardView1_DXCardLayout{index}_{n}">'
        f'<table class="dxflItemTable"><tr><td class="dxflCaptionCell">'
        f'<span class="dxflCaption" id="ASPxCardView1_DXCardLayout{index}_{n}_Cap">{caption}:'
        f'</span></td><td class="dxflNestedControlCell">{escape(value)}</td></tr></table></td></tr>'
        for n, caption, value in fields
    )


def units(meter: Meter, now: datetime, profile: Profile) -> str:
    """Return Remaining Unit as shown."""
    if profile.updating or meter.number in profile.new_meters:
        return "-"
    unit = "kWh" if meter.utility == "electricity" else "m³"
    return f"{number(meter.remaining_units(now), 3, profile)} {unit}"


def balance(meter: Meter, now: datetime, profile: Profile) -> str:
    """Return Remaining Balance as shown."""
    if profile.updating or meter.number in profile.new_meters:
        return "-"
    return money(meter.balance(now), profile)


def _last_updated(meter: Meter, now: datetime, profile: Profile) -> str:
    if profile.updating or meter.number in profile.new_meters:
        return "-"
    if meter.utility == "electricity" and profile.last_updated == "time":
        return f"{now.replace(minute=0, second=0):%d/%m/%Y %H:%M:%S}"
    return f"{now:%d/%m/%Y}"


# --- consumption ---


def usage(
    hidden: Mapping[str, str],
    *,
    type_value: str,
    first: date,
    last: date,
    choices: Mapping[str, str],
    error: str,
    rows: Sequence[tuple[str, Decimal]] | None,
    chart: str | None,
    profile: Profile,
) -> str:
    """Return a consumption report page; `rows` is None where nothing was searched."""
    body = (
        markup.error_label(error)
        + '<table id="tblSearch"><tr><td>'
        + markup.combo_box("cboType", type_value, TYPES[type_value], choices)
        + "</td><td>"
        + markup.date_box("cboDateFrom", f"{first:%d/%m/%Y}", _date_state(first))
        + "</td><td>"
        + markup.date_box("cboDateTo", f"{last:%d/%m/%Y}", _date_state(last))
        + "</td><td>"
        + markup.button("btnRefresh", "Search")
        + "</td></tr></table>"
    )
    if rows is not None:
        total = sum((value for _, value in rows), Decimal(0))
        body += '<div id="ASPxPageControl1">' + markup.grid(
            "ASPxPageControl1_grid",
            ("Date/Time", "Consumption"),
            [(label, number(value, 3, profile)) for label, value in rows],
            footer=f"Total units: {number(total, 3, profile)}" if rows else None,
        )
        if rows and chart and profile.chart:
            body += (
                f'<img id="ASPxPageControl1_WebChartControl1_IMG" src="DXB.axd?DXCache=chart"'
                f' alt="{chart}" />'
            )
        body += "</div>"
    return markup.page("Usage History", hidden, body, action="./UsageHistory")


def _date_state(day: date) -> str:
    stamp = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    return f"{{&quot;rawValue&quot;:&quot;{stamp}&quot;}}"


# --- top-ups and payment ---


def topups(
    hidden: Mapping[str, str],
    *,
    first: date,
    last: date,
    rows: Sequence[Sequence[str]],
    summary: str,
) -> str:
    """Return a page of the transaction history."""
    body = (
        markup.error_label("")
        + markup.date_box("cboDateFrom", f"{first:%d/%m/%Y}", _date_state(first))
        + markup.date_box("cboDateTo", f"{last:%d/%m/%Y}", _date_state(last))
        + markup.button("btnRefresh", "Search")
        + markup.button("btnExportXlsx", "Export")
        + markup.grid(
            "ASPxPageControl1_grid",
            TOPUP_HEADINGS,
            rows,
            pager=f'<div class="dxpLite"><b class="dxp-lead dxp-summary">{summary}</b></div>',
        )
    )
    return markup.page("Transaction History", hidden, body, action="./TransactionHistory")


def payment(hidden: Mapping[str, str], meter: Meter, now: datetime, profile: Profile) -> str:
    """Return the Top Up page."""
    labels = {
        "CustType": profile.customer_type,
        "MeterNo2": meter.number,
        "DebtCleranceModel": "DEBT_ADJUSTED",
        "DebtBalRemaining": f"${profile.debt:,.2f}",
        "RepaymentPeriod": "-",
        "MonthlyDebtAmt": f"${profile.debt / 10:,.2f}",
        "DebtRemainingPeriod": "",
        "OutstandingBalance": f"${profile.debt:,.2f}",
        "RemainingUnit": units(meter, now, profile),
        "CurrentBalance": balance(meter, now, profile),
    }
    body = "".join(
        f'<tr><td><span class="dxeBase" id="pcAccount_lbl{name}"><font size="2">{escape(value)}'
        "</font></span></td></tr>"
        for name, value in labels.items()
    )
    body = f'<div id="pcAccount_PW-1"><table>{body}</table></div>'
    return markup.page("Top Up", hidden, body, action="./WebForm2")


def account_info(hidden: Mapping[str, str], meters: Sequence[Meter]) -> str:
    """Return the holder's details."""
    rows = "".join(
        f"<tr><td>{meter.number}</td><td>{meter.utility.upper()}</td><td>Residential</td></tr>"
        for meter in meters
    )
    body = f'<span id="lblFullName">DEMO HOLDER</span><table id="tblMeters">{rows}</table>'
    return markup.page("Account Info", hidden, body, action="./AccountInfo")

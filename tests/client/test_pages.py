"""Pages that are not what they should be: nothing is ever guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from custom_components.usms.client import PageNotUnderstood, Utility
from custom_components.usms.client.portal import pages, report_pages

NOW = datetime(2026, 11, 20, tzinfo=UTC)
DAY = date(2026, 11, 1)


def card(**fields: str) -> str:
    shown = {"Meter No": "10000001", "Remaining Unit": "1.000 kWh", "Remaining Balance": "$1.00"}
    shown |= {name.replace("_", " "): value for name, value in fields.items()}
    items = "".join(
        f'<tr><td><span class="dxflCaption">{name}:</span></td>'
        f'<td class="dxflNestedControlCell">{value}</td></tr>'
        for name, value in shown.items()
        if value != "omit"
    )
    shell = '<table id="ASPxCardView1"><tr><td class="dxcvCard"><table>{}</table></td></tr></table>'
    return shell.format(items)


def report(rows: str, *, label: str = "", state: bool = True) -> str:
    hidden = '<input type="hidden" name="__VIEWSTATE" value="x" />' if state else ""
    return (
        f'{hidden}<span id="pcErr_lblErrMsg">{label}</span>'
        f'<table id="ASPxPageControl1_grid_DXMainTable">{rows}</table>'
    )


def row(*cells: str) -> str:
    return '<tr class="dxgvDataRow">' + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,234.56", "1234.56"),
        ("-$5.00", "-5.00"),
        ("$-5.00", "-5.00"),
        ("($5.00)", "-5.00"),
        ("B$0.00", "0.00"),
        ("\u2212$5.00", "-5.00"),
    ],
)
def test_amounts(text: str, number: str) -> None:
    (meter,) = pages.account_page(card(Remaining_Balance=text), NOW).meters
    assert meter.balance == Decimal(number)


@pytest.mark.parametrize(
    ("units", "utility"),
    [
        ("1,973.568 kWh", Utility.ELECTRICITY),
        ("228.625 m³", Utility.WATER),
        ("-", Utility.ELECTRICITY),
    ],
)
def test_kinds(units: str, utility: Utility) -> None:
    (meter,) = pages.account_page(card(Remaining_Unit=units), NOW).meters
    assert meter.utility is utility
    assert meter.unit == utility.unit


@pytest.mark.parametrize(
    "fields",
    [
        {"Meter_No": "unknown"},
        {"Remaining_Unit": "omit"},
        {"Remaining_Unit": "1,5 kWh"},  # a decimal comma
        {"Remaining_Balance": "omit"},
        {"Remaining_Balance": "(5.00"},
        {"Last_Updated": "yesterday"},
        {"Last_Updated": "31/02/2026"},
    ],
)
def test_cards_that_are_not_understood(fields: dict[str, str]) -> None:
    with pytest.raises(PageNotUnderstood):
        pages.account_page(card(**fields), NOW)


def test_a_page_without_cards_and_one_with_a_meter_twice() -> None:
    with pytest.raises(PageNotUnderstood):
        pages.account_page("<html></html>", NOW)
    with pytest.raises(PageNotUnderstood):
        pages.account_page(card() + card(), NOW)


def test_times_of_day() -> None:
    (meter,) = pages.account_page(card(Last_Updated="01/11/2026 01:30:00 PM"), NOW).meters
    assert meter.last_updated is not None
    assert meter.last_updated.isoformat() == "2026-11-01T13:30:00+08:00"


@pytest.mark.parametrize("html", ["<html></html>", report("", state=False)])
def test_what_is_no_report_page(html: str) -> None:
    with pytest.raises(PageNotUnderstood):
        report_pages.report_page(html)


@pytest.mark.parametrize(
    "rows",
    [
        row("25", "1.000"),
        row("0", "1.000"),
        row("noon", "1.000"),
        row("1", "1.000") + row("1", "2.000"),
        row("1", "about 1"),
    ],
)
def test_hours_that_are_not_understood(rows: str) -> None:
    with pytest.raises(PageNotUnderstood):
        report_pages.hourly_readings(report_pages.report_page(report(rows)), DAY)


@pytest.mark.parametrize(
    "rows",
    [
        row("02/11/2026", "1.000"),
        row("Sunday", "1.000"),
        row("01/11/2026", "1.000") * 2,
    ],
)
def test_days_that_are_not_understood(rows: str) -> None:
    with pytest.raises(PageNotUnderstood):
        report_pages.daily_readings(report_pages.report_page(report(rows)), DAY, DAY)


def test_rows_and_totals_that_are_not_understood() -> None:
    with pytest.raises(PageNotUnderstood):
        report_pages.report_page(report(row("1")))
    with pytest.raises(PageNotUnderstood):
        report_pages.report_page(report('<tr id="g_DXFooterRow"><td>Sum 5</td></tr>'))


def test_an_hour_without_a_value_is_absent() -> None:
    page = report_pages.report_page(report(row("1", "-") + row("3", "0.500")))
    (reading,) = report_pages.hourly_readings(page, DAY)
    assert reading.start.hour == 2


@pytest.mark.parametrize("html", ["<html></html>", '<span id="pcAccount_lblMeterNo2">2</span>'])
def test_payment_pages_that_are_not_understood(html: str) -> None:
    with pytest.raises(PageNotUnderstood):
        pages.payment_page(html, "1")


@pytest.mark.parametrize(
    "html", ["<html></html>", '<input name="__VIEWSTATE" value="x" type="hidden" />']
)
def test_topups_that_are_not_understood(html: str) -> None:
    with pytest.raises(PageNotUnderstood):
        report_pages.topups_page(html)

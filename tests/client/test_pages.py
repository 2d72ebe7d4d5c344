"""Pages that are not what they should be: nothing is ever guessed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.usms.client import PageNotUnderstood, Utility
from custom_components.usms.client.portal import pages, report_pages, topup_pages
from custom_components.usms.client.portal.forms import encoded

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


def cards(*several: dict[str, str]) -> str:
    """Return a page with a card for each of those fields."""
    pages_of = [card(**fields) for fields in several]
    begin, end = '<table id="ASPxCardView1"><tr>', "</tr></table>"
    inner = "".join(page.removeprefix(begin).removesuffix(end) for page in pages_of)
    return f"{begin}{inner}{end}"


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
    ("text", "balance"),
    [
        ("N/A", None),
        ("--", None),
        ("\u2013", None),
        ("5.00-", "-5.00"),
        ("$5.00 CR", "5.00"),
        ("$5.00 DR", "-5.00"),
        ("BND 5.00", "5.00"),
        ("5.00 BND", "5.00"),
        ("B$1,234", "1234"),
    ],
)
def test_balances_that_are_plain(text: str, balance: str | None) -> None:
    account = pages.account_page(card(Remaining_Balance=text), NOW)
    assert account.meters[0].balance == (Decimal(balance) if balance else None)
    assert account.unread is None


@pytest.mark.parametrize(
    ("units", "read", "utility"),
    [
        ("850 Wh", "0.85", Utility.ELECTRICITY),
        ("1.2 MWh", "1200", Utility.ELECTRICITY),
        ("500 L", "0.5", Utility.WATER),
        ("500 litres", "0.5", Utility.WATER),
        ("-0.012 kWh", "-0.012", Utility.ELECTRICITY),
    ],
)
def test_units_that_are_plain(units: str, read: str, utility: Utility) -> None:
    (meter,) = pages.account_page(card(Remaining_Unit=units), NOW).meters
    assert meter.remaining_units == Decimal(read)
    assert meter.utility is utility


@pytest.mark.parametrize(
    ("fields", "lost"),
    [
        ({"Remaining_Unit": "1,5 kWh"}, "remaining_units"),  # a decimal comma
        ({"Remaining_Unit": "1,234 kWh"}, "remaining_units"),  # that, or thousands
        ({"Remaining_Unit": "soon"}, "remaining_units"),
        ({"Remaining_Balance": "(5.00"}, "balance"),
        ({"Remaining_Balance": "-5.00-"}, "balance"),
        ({"Remaining_Balance": "$5.00 kWh"}, "balance"),
        ({"Remaining_Balance": "9" * 5000}, "balance"),
        ({"Last_Updated": "yesterday"}, "last_updated"),
        ({"Last_Updated": "31/02/2026"}, "last_updated"),
    ],
)
def test_a_value_that_is_not_understood_costs_that_value(fields: dict[str, str], lost: str) -> None:
    account = pages.account_page(card(**fields), NOW)
    (meter,) = account.meters
    whole = {"remaining_units": Decimal(1), "balance": Decimal(1)}
    assert {name: getattr(meter, name) for name in whole} == {**whole, lost: None} | {
        name: value for name, value in whole.items() if name != lost
    } or lost == "last_updated"
    assert getattr(meter, lost) is None
    assert account.unread is not None
    assert account.unread.page == "Home"
    assert account.unread.sample


@pytest.mark.parametrize(
    "fields",
    [
        {"Meter_No": "unknown"},
        {"Meter_No": "1000000l"},
        {"Remaining_Unit": "omit"},
        {"Remaining_Balance": "omit"},
        {"Remaining_Unit": "1,5 kWh", "Remaining_Balance": "$1,5"},
    ],
)
def test_cards_of_which_none_is_understood(fields: dict[str, str]) -> None:
    with pytest.raises(PageNotUnderstood):
        pages.account_page(card(**fields), NOW)
    # One beside it that is understood stays.
    (meter,) = pages.account_page(cards(fields, {"Meter_No": "10000002"}), NOW).meters[-1:]
    assert (meter.number, meter.balance) == ("10000002", Decimal(1))


def test_a_page_without_cards() -> None:
    with pytest.raises(PageNotUnderstood):
        pages.account_page("<html></html>", NOW)


def test_a_number_with_spaces() -> None:
    (meter,) = pages.account_page(card(Meter_No="1000 0001"), NOW).meters
    assert meter.number == "10000001"


def test_a_meter_that_stands_twice() -> None:
    same = pages.account_page(cards({}, {}), NOW)
    assert [meter.balance for meter in same.meters] == [Decimal(1)]
    assert same.unread is None
    differs = pages.account_page(cards({}, {"Remaining_Balance": "$2.00"}), NOW)
    (meter,) = differs.meters
    assert (meter.balance, meter.remaining_units) == (None, Decimal(1))
    assert differs.unread is not None


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
        row("1", "N/A"),
    ],
)
def test_an_hour_that_is_not_understood_hides_no_other(rows: str) -> None:
    with pytest.raises(PageNotUnderstood):  # where none is, the layout has changed
        report_pages.hourly_readings(report_pages.report_page(report(rows)), DAY)
    found = report_pages.hourly_readings(
        report_pages.report_page(report(row("2", "-0.012") + rows + row("3", "0.500"))), DAY
    )
    assert [(r.start.hour, str(r.value)) for r in found.readings] == [(1, "-0.012"), (2, "0.500")]
    assert found.unread


@pytest.mark.parametrize("rows", [row("02/11/2026", "1.000"), row("Sunday", "1.000")])
def test_a_day_that_is_not_understood_hides_no_other(rows: str) -> None:
    with pytest.raises(PageNotUnderstood):
        report_pages.daily_readings(report_pages.report_page(report(rows)), DAY, DAY)
    found = report_pages.daily_readings(
        report_pages.report_page(report(rows + row("01/11/2026", "1.000") * 2)), DAY, DAY
    )
    assert [str(reading.value) for reading in found.readings] == ["1.000"]
    assert found.unread


def test_rows_and_totals_that_are_not_understood() -> None:
    with pytest.raises(PageNotUnderstood):
        report_pages.report_page(report(row("1")))
    page = report_pages.report_page(report('<tr id="g_DXFooterRow"><td>Sum 5</td></tr>'))
    assert (page.total, page.unread) == (None, "the total in the grid's footer")


def test_an_hour_without_a_value_is_absent() -> None:
    page = report_pages.report_page(report(row("1", "-") + row("3", "0.500")))
    (reading,) = report_pages.hourly_readings(page, DAY).readings
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
        topup_pages.topups_page(html)


@given(st.dictionaries(st.text(), st.text()))
def test_a_form_is_posted_as_any_other(fields: dict[str, str]) -> None:
    assert encoded(fields) == urlencode(fields).encode()

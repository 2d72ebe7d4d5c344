"""The meters' cards in every form, the payment page, top-ups and the money between them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.portal import Meter, SimulatedPortal

from .browser import Browser, Page
from .conftest import NOW

HOLDER = {"Meter No", "Full Name", "Meter Status", "Remaining Unit", "Last Updated"}
TIERS = {
    "electricity": ((600, "0.01"), (2000, "0.08"), (4000, "0.10"), (10**9, "0.12")),
    "water": (("54.54", "0.11"), (10**9, "0.44")),
}


@pytest.fixture
async def holder(portal: SimulatedPortal) -> AsyncIterator[Browser]:
    """A browser that the demo account's holder has signed in with."""
    async with Browser(portal) as browser:
        await browser.sign_in()
        portal.clear_requests()
        yield browser


def units(meter: Meter) -> Decimal:
    return meter.remaining_units(NOW).quantize(Decimal("0.001"))


def balance(meter: Meter) -> Decimal:
    return meter.balance(NOW).quantize(Decimal("0.01"))


# --- cards ---


@pytest.mark.parametrize(("layout", "place"), [("before_2026_10", 11), ("since_2026_10", 12)])
@pytest.mark.parametrize("commas", [True, False])
@pytest.mark.parametrize("caption", ["Remaining Balance", "Remaining Credit"])
async def test_cards_show_the_truth(
    holder: Browser, portal: SimulatedPortal, layout: str, place: int, commas: bool, caption: str
) -> None:
    portal.set_profile(cards=layout, commas=commas, balance_caption=caption)
    page = await holder.open("Home")
    assert f'_{place}_Cap">Remaining Unit:' in page.text
    for card, meter in zip(page.cards, portal.meters, strict=True):
        assert card.keys() >= HOLDER | {caption}
        assert (layout == "since_2026_10") is ("Meter Location" in card)
        assert card["Meter No"] == meter.number
        assert card["Meter Status"] == "ACTIVE"
        unit = {"electricity": "kWh", "water": "m³"}[meter.utility]
        figure = f"{units(meter):,}" if commas else str(units(meter))
        assert card["Remaining Unit"] == f"{figure} {unit}"
        assert card[caption] == f"${balance(meter):,}"
        assert card["Last Updated"] == "20/11/2026"


async def test_electricity_used_to_have_a_time(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(last_updated="time")
    shown = [card["Last Updated"] for card in (await holder.open("Home")).cards]
    assert shown == ["20/11/2026 14:00:00", "20/11/2026"]


@pytest.mark.parametrize(("form", "start"), [("-$5.00", "-$"), ("$-5.00", "$-"), ("($5.00)", "($")])
async def test_balances_below_zero(
    holder: Browser, portal: SimulatedPortal, form: str, start: str
) -> None:
    portal.set_profile(negative=form, overdrawn=True)
    for card, meter in zip((await holder.open("Home")).cards, portal.meters, strict=True):
        assert balance(meter) < 0
        shown = card["Remaining Balance"]
        assert shown.startswith(start)
        assert shown.strip("-$()").replace(",", "") == str(-balance(meter))


async def test_meters_without_figures(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(new_meters=["2000000001"])
    first, second = (await holder.open("Home")).cards
    fields = ("Remaining Unit", "Remaining Balance", "Last Updated")
    assert "-" not in [first[name] for name in fields]
    assert [second[name] for name in fields] == ["-"] * 3
    portal.set_profile(new_meters=[], updating=True)
    for card in (await holder.open("Home")).cards:
        assert [card[name] for name in fields] == ["-"] * 3


async def test_meters_come_and_go(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(more_meters=3)
    numbers = [meter.number for meter in portal.meters]
    assert len(set(numbers)) == 5
    assert [card["Meter No"] for card in (await holder.open("Home")).cards] == numbers
    portal.set_profile(hidden_meters=numbers[:1])
    assert [card["Meter No"] for card in (await holder.open("Home")).cards] == numbers[1:]
    assert (await holder.open(holder.usage_path(numbers[0]))).status == 500


async def test_cards_may_come_in_pages(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(more_meters=3, cards_a_page=3)
    page = await holder.open("Home")
    assert len(page.cards) == 3
    assert "Page 1 of 2 (5 items)" in page.text


async def test_pages_weigh_what_such_pages_weigh(holder: Browser) -> None:
    for path in ("Home", "ResLogin", holder.usage_path("10000001")):
        page = await holder.open(path)
        assert 60_000 < len(page.text) < 120_000
        assert len(page.hidden["__VIEWSTATE"]) > 20_000
        assert page.hidden["__VIEWSTATE"] != (await holder.open(path)).hidden["__VIEWSTATE"]


@pytest.mark.parametrize("path", ["home", "HOME", "/Home", "//home"])
async def test_paths_match_without_regard_to_case(holder: Browser, path: str) -> None:
    assert (await holder.open(path)).cards


# --- the payment page ---


async def test_the_payment_page(holder: Browser, portal: SimulatedPortal) -> None:
    for meter in portal.meters:
        path = holder.usage_path(meter.number).replace("Report/UsageHistory", "Payment/WebForm2")
        soup = (await holder.open(f"{path}&s=h")).soup
        spans = {str(tag["id"])[13:]: tag for tag in soup.select("span[id^=pcAccount_lbl]")}
        assert all(span.find("font") for span in spans.values())
        shown = {name: span.get_text() for name, span in spans.items()}
        assert shown["MeterNo2"] == meter.number
        assert shown["CustType"] == "Residential"
        assert shown["DebtBalRemaining"] == shown["OutstandingBalance"] == "$0.00"
        assert shown["CurrentBalance"] == f"${balance(meter):,}"
        assert shown["RemainingUnit"].split()[0] == f"{units(meter):,}"


async def test_the_payment_form_is_refused_and_seen(
    holder: Browser, portal: SimulatedPortal
) -> None:
    path = "Payment/WebForm2?p=MTAwMDAwMDE=&s=h"
    page = await holder.open(path)
    assert (await holder.open(path, page.hidden)).status == 500
    last = portal.requests[-1]
    assert (last.method, last.path, last.status) == ("POST", "/SmartMeter/Payment/WebForm2", 500)


# --- money ---


def cost(utility: str, used: Decimal) -> Decimal:
    total = below = Decimal(0)
    for upto, price in TIERS[utility]:
        top = min(used, Decimal(upto))
        total += max(top - below, Decimal(0)) * Decimal(price)
        below = max(top, below)
    return total


def test_the_balance_falls_by_the_bill_and_rises_by_topups(portal: SimulatedPortal) -> None:
    paid_once = False
    # A whole month, from its first hour to its last; a day of water counts at 05:00 of the next.
    for meter in portal.meters:
        hour = 0 if meter.utility == "electricity" else 5
        start = NOW.replace(month=10, day=1, hour=hour, minute=0)
        end = NOW.replace(month=11, day=1, hour=hour, minute=0)
        resolution = "hour" if meter.utility == "electricity" else "day"
        used = sum(
            (
                value
                for moment, value in portal.truth(meter.number, resolution, final=True)
                if moment.month == 10
            ),
            Decimal(0),
        )
        paid = sum(
            (topup.recharge for topup in meter.topups(NOW) if start < topup.at <= end), Decimal(0)
        )
        assert used > 15
        paid_once |= paid > 0
        expected = meter.balance(start) - cost(meter.utility, used) + paid
        assert meter.balance(end) == expected
    assert paid_once


def test_remaining_units_are_what_the_balance_buys(portal: SimulatedPortal) -> None:
    electricity, water = portal.meters
    used = sum(
        (
            value
            for moment, value in portal.truth(electricity.number, "hour", final=True)
            if (moment.month, moment.year) == (NOW.month, NOW.year)
        ),
        Decimal(0),
    )
    bought = cost("electricity", used + electricity.remaining_units(NOW)) - cost(
        "electricity", used
    )
    assert abs(bought - electricity.balance(NOW)) < Decimal("1e-9")
    assert water.remaining_units(NOW) in {
        water.balance(NOW) / Decimal("0.11"),
        water.balance(NOW) / Decimal("0.44"),
    }
    portal.set_now(NOW.replace(day=1, hour=12))
    flat = water.remaining_units(portal.now())
    assert flat == water.balance(portal.now()) / Decimal("0.11")
    portal.set_profile(water_units="tiers")
    assert water.remaining_units(portal.now()) <= flat


# --- top-ups ---

PATH = "Report/TransactionHistory"


async def test_topups_of_the_meter_opened_last(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(topup_pager=False)
    for meter in portal.meters:
        await holder.open(holder.usage_path(meter.number))
        page = await holder.open(PATH)
        assert page.value("cboDateFrom") == page.value("cboDateTo") == f"{NOW:%d/%m/%Y}"
        page = await holder.open(PATH, search(page, 100))
        shown = [(row[0], row[1], row[2], row[3], row[5], row[7:]) for row in page.rows or ()]
        assert shown == [
            (
                f"{topup.at:%d/%m/%Y %H:%M:%S}",
                topup.number,
                meter.number,
                f"{topup.amount:.2f}",
                f"{topup.recharge:.2f}",
                [topup.mode, topup.site, topup.source],
            )
            for topup in reversed(meter.topups(NOW))
        ]
        assert shown
        assert len(page.soup.select("td.dxgvHeader")) == 10


async def test_topups_come_in_pages() -> None:
    async with SimulatedPortal(days=400, now=NOW) as portal, Browser(portal) as holder:
        await holder.sign_in()
        meter = portal.meters[0]
        await holder.open(holder.usage_path(meter.number))
        page = await holder.open(PATH, search(await holder.open(PATH), 400))
        count = len(meter.topups(NOW))
        pages = -(-count // 10)
        assert pages > 1
        rows = list(page.rows or ())
        for number in range(1, pages):
            assert f"Page {number} of {pages} ({count} items)" in page.text
            turn = {"__EVENTTARGET": "grid", "__EVENTARGUMENT": f"PN{number}"}
            page = await holder.open(PATH, page.hidden | turn)
            rows += page.rows or ()
        assert len({row[1] for row in rows}) == len(rows) == count


@pytest.mark.parametrize("opened", [True, False])
async def test_no_topups(holder: Browser, portal: SimulatedPortal, opened: bool) -> None:
    if opened:
        await holder.open(holder.usage_path("10000001"))
    # Of the first days, before there was any; or of any day where no meter was opened.
    page = await holder.open(PATH, search(await holder.open(PATH), 100, 99 if opened else 0))
    assert page.rows == []
    assert "No data to paginate" in page.text
    assert page.soup.select_one(".dxgvEmptyDataRow")


def search(page: Page, first: int, last: int = 0) -> dict[str, str]:
    return page.hidden | {
        "cboDateFrom": f"{NOW - timedelta(days=first):%d/%m/%Y}",
        "cboDateTo": f"{NOW - timedelta(days=last):%d/%m/%Y}",
        "btnRefresh": "Search",
    }

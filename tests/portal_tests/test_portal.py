"""The simulated portal, as a browser meets it."""

import io
import re
import subprocess
import sys
from base64 import b64encode
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from tests.portal import (
    BRUNEI,
    DEMO_PASSWORD,
    DEMO_USERNAME,
    OTHER_PASSWORD,
    OTHER_USERNAME,
    Fault,
    SimulatedPortal,
)

from .conftest import NOW

TODAY = NOW.date()
DAY = TODAY - timedelta(days=10)
PANEL = "ASPxRoundPanel1"


def form(html: str) -> dict[str, str]:
    soup = BeautifulSoup(html, "html.parser")
    return {
        str(tag["name"]): str(tag.get("value", ""))
        for tag in soup.find_all("input")
        if tag.get("type") != "submit"
    }


def credentials(username: str = DEMO_USERNAME, password: str = DEMO_PASSWORD) -> dict[str, str]:
    return {
        f"{PANEL}$txtUsername": username,
        f"{PANEL}$txtPassword": password,
        f"{PANEL}$btnLogin": "Login",
    }


def label(html: str) -> str:
    found = BeautifulSoup(html, "html.parser").find(id="pcErr_lblErrMsg")
    assert found is not None
    return found.get_text()


async def first_step(browser: aiohttp.ClientSession, **who: str) -> tuple[str, str]:
    """Send the credentials; return the address and the page that follows."""
    async with browser.get("ResLogin") as response:
        fields = form(await response.text())
    async with browser.post("ResLogin", data=fields | credentials(**who)) as response:
        return str(response.url), await response.text()


async def sign_in(browser: aiohttp.ClientSession, portal: SimulatedPortal, **who: str) -> None:
    url, html = await first_step(browser, **who)
    fields = form(html) | credentials(**who)
    fields[f"{PANEL}$ASPxCaptcha1$TB"] = portal.captcha_answer
    async with browser.post(url, data=fields) as response:
        assert response.url.name == "MainPage"


async def fetch(browser: aiohttp.ClientSession, path: str) -> str:
    async with browser.get(path) as response:
        assert response.status == 200
        return await response.text()


def usage_path(meter: str) -> str:
    return f"Report/UsageHistory?p={b64encode(meter.encode()).decode()}"


async def search(
    browser: aiohttp.ClientSession, meter: str, html: str, value: str, first: date, last: date
) -> str:
    asked = {"cboType_VI": value, "btnRefresh": "Search"}
    asked |= {"cboDateFrom": f"{first:%d/%m/%Y}", "cboDateTo": f"{last:%d/%m/%Y}"}
    async with browser.post(usage_path(meter), data=form(html) | asked) as response:
        assert response.status == 200
        return await response.text()


def rows(html: str) -> list[tuple[str, str]]:
    soup = BeautifulSoup(html, "html.parser")
    found = soup.find_all("tr", class_="dxgvDataRow")
    return [tuple(td.get_text() for td in row.find_all("td")) for row in found]  # type: ignore[misc]


# --- signing in ---


async def test_two_steps_and_the_redirects(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    url, html = await first_step(browser)
    assert "sc=" in url
    cookie = {c.key: c.value for c in browser.cookie_jar}["ASP.NET_SessionId"]
    fields = form(html) | credentials() | {f"{PANEL}$ASPxCaptcha1$TB": portal.captcha_answer}
    async with browser.post(url, data=fields) as response:
        steps = [(r.status, r.url.name) for r in response.history]
    assert steps == [
        (302, "ResLogin"),
        (301, "LoginSession.aspx"),
        (302, "LoginSession"),
    ]
    assert {c.key: c.value for c in browser.cookie_jar}["ASP.NET_SessionId"] != cookie
    assert "DEMO HOLDER" in await fetch(browser, "Home")


async def test_the_captcha_is_drawn_in_the_alpha_channel_and_new_each_time(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    pictures, answers = set(), set()
    for _ in range(3):
        html = await fetch(browser, "ResLogin")
        image = BeautifulSoup(html, "html.parser").find(id=f"{PANEL}_ASPxCaptcha1_IMG")
        assert image is not None
        assert re.search(rf'id="{PANEL}_ASPxCaptcha1_IMG" src="[^"]+&amp;DXCache=', html)
        async with browser.get(str(image["src"])) as response:
            picture = Image.open(io.BytesIO(await response.read()))
        assert (picture.size, picture.mode) == ((200, 80), "RGBA")
        *colours, alpha = (band.getextrema() for band in picture.split())
        assert colours == [(0, 0)] * 3
        assert alpha == (0, 255)
        assert re.fullmatch("[a-z0-9]{5}", portal.captcha_answer)
        pictures.add(picture.tobytes())
        answers.add(portal.captcha_answer)
    assert len(pictures) == len(answers) == 3


@pytest.mark.parametrize(
    ("username", "password", "profile", "text"),
    [
        ("09999999", "x", {}, "Incorrect user name and password."),
        (DEMO_USERNAME, "x", {}, "Incorrect user name and password."),
        ("01-001234", DEMO_PASSWORD, {}, "Incorrect user name and password."),
        (
            DEMO_USERNAME,
            "x",
            {"wrong_password": "dictionary"},
            "The given key was not present in the dictionary.",
        ),
    ],
)
async def test_wrong_credentials(
    browser: aiohttp.ClientSession,
    portal: SimulatedPortal,
    username: str,
    password: str,
    profile: dict[str, str],
    text: str,
) -> None:
    portal.set_profile(**profile)
    _, html = await first_step(browser, username=username, password=password)
    assert label(html) == text


async def test_a_locked_account(browser: aiohttp.ClientSession, portal: SimulatedPortal) -> None:
    portal.set_profile(locked_after=2)
    for _ in range(2):
        await first_step(browser, password="x")
    _, html = await first_step(browser)
    assert label(html) == "Your account has been locked."


async def test_a_wrong_answer_leads_back_to_a_new_captcha(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    url, html = await first_step(browser)
    before = portal.captcha_answer
    wrong = form(html) | credentials() | {f"{PANEL}$ASPxCaptcha1$TB": "nope!"}
    async with browser.post(url, data=wrong) as response:
        assert str(response.url) == url
        assert "_IMG" in await response.text()
    assert portal.captcha_answer != before
    async with browser.get("Home") as response:
        assert response.url.name == "SessionExpire"


@pytest.mark.parametrize(
    "change",
    [
        {"__VIEWSTATE": "made up"},
        {"ASPxHiddenField1": "made up"},
        {"__EVENTVALIDATION": ""},
        {"ASPxHiddenField2": "made up"},
        {"__PREVIOUSPAGE": "made up"},
    ],
)
async def test_hidden_inputs_must_come_back_as_served(
    browser: aiohttp.ClientSession, change: dict[str, str]
) -> None:
    fields = form(await fetch(browser, "ResLogin")) | credentials() | change
    async with browser.post("ResLogin", data=fields) as response:
        assert response.status == 500


async def test_missing_view_state_is_refused(browser: aiohttp.ClientSession) -> None:
    await fetch(browser, "ResLogin")
    async with browser.post("ResLogin", data=credentials()) as response:
        assert response.status == 500


# --- sessions ---


@pytest.mark.parametrize(("second_login", "lives"), [("ends_first", False), ("both_live", True)])
async def test_another_sign_in(
    browser: aiohttp.ClientSession, portal: SimulatedPortal, second_login: str, lives: bool
) -> None:
    portal.set_profile(second_login=second_login)
    await sign_in(browser, portal)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(portal.base_url, cookie_jar=jar) as other:
        await sign_in(other, portal)
        assert "DEMO HOLDER" in await fetch(other, "Home")
    assert ("DEMO HOLDER" in await fetch(browser, "Home")) is lives


async def test_two_accounts_do_not_meet(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(portal.base_url, cookie_jar=jar) as other:
        await sign_in(other, portal, username=OTHER_USERNAME, password=OTHER_PASSWORD)
        html = await fetch(other, "Home")
        assert "10000009" in html
        assert "10000001" not in html
        async with other.get(usage_path("10000001")) as response:
            assert response.status == 500
    assert "10000001" in await fetch(browser, "home")  # paths match without regard to case


@pytest.mark.parametrize(
    ("sliding", "minutes", "lives"),
    [(True, (15, 30, 45), True), (True, (15, 36), False), (False, (15, 30), False)],
)
async def test_how_long_a_session_lives(
    browser: aiohttp.ClientSession,
    portal: SimulatedPortal,
    sliding: bool,
    minutes: tuple[int, ...],
    lives: bool,
) -> None:
    portal.set_profile(session_sliding=sliding)
    await sign_in(browser, portal)
    for minute in minutes:
        portal.set_now(NOW + timedelta(minutes=minute))
        html = await fetch(browser, "Home")
    assert ("DEMO HOLDER" in html) is lives


@pytest.mark.parametrize(
    ("expired_as", "sign"),
    [
        ("redirect_session_expire", "SessionExpire"),
        ("body_text", "Your Session Has Expired, Please Login Again."),
        ("redirect_login", "txtUsername"),
        ("login_form", "txtUsername"),
    ],
)
async def test_the_forms_of_an_ended_session(
    browser: aiohttp.ClientSession, portal: SimulatedPortal, expired_as: str, sign: str
) -> None:
    portal.set_profile(expired_as=expired_as)
    await sign_in(browser, portal)
    portal.expire()
    async with browser.get("Home") as response:
        assert sign in await response.text() + str(response.url)


# --- cards ---


def cards(html: str) -> list[dict[str, tuple[str, str]]]:
    """Return cell number and value by caption, of each card."""
    found = []
    for card in BeautifulSoup(html, "html.parser").find_all("td", class_="dxcvCard"):
        fields = {}
        for caption in card.find_all("span", class_="dxflCaption"):
            value = caption.find_next("td", class_="dxflNestedControlCell")
            assert value is not None
            number = str(caption["id"]).split("_")[2]
            fields[caption.get_text().rstrip(":")] = (number, value.get_text())
        found.append(fields)
    return found


async def test_cards_before_and_since_october(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    html = await fetch(browser, "Home")
    assert 50_000 < len(html) < 200_000
    electricity, water = cards(html)
    assert electricity["Meter No"] == ("2", "10000001")
    assert [electricity[c][0] for c in ("Remaining Unit", "Remaining Balance", "Last Updated")] == [
        "12",
        "13",
        "18",
    ]
    assert re.fullmatch(r"[\d,]+\.\d{3} kWh", electricity["Remaining Unit"][1])
    assert re.fullmatch(r"[\d,]+\.\d{3} m³", water["Remaining Unit"][1])
    assert electricity["Last Updated"][1] == "20/11/2026"
    portal.set_profile(
        cards="before_2026_10", last_updated="time", balance_caption="Remaining Credit"
    )
    electricity, water = cards(await fetch(browser, "Home"))
    assert [electricity[c][0] for c in ("Remaining Unit", "Remaining Credit", "Last Updated")] == [
        "11",
        "12",
        "17",
    ]
    assert electricity["Last Updated"][1] == "20/11/2026 14:00:00"
    assert water["Last Updated"][1] == "20/11/2026"


@pytest.mark.parametrize("negative", ["-$5.00", "$-5.00", "($5.00)"])
async def test_negative_balances(
    browser: aiohttp.ClientSession, portal: SimulatedPortal, negative: str
) -> None:
    portal.set_profile(overdrawn=True, negative=negative, commas=False)
    await sign_in(browser, portal)
    pattern = re.escape(negative).replace(r"5\.00", r"\d+\.\d\d")
    assert re.fullmatch(pattern, cards(await fetch(browser, "Home"))[0]["Remaining Balance"][1])


async def test_meters_come_go_and_do_not_fit(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    portal.set_profile(more_meters=3, cards_a_page=2)
    html = await fetch(browser, "Home")
    assert len(cards(html)) == 2
    assert "Page 1 of 3 (5 items)" in html
    portal.set_profile(cards_a_page=0, hidden_meters=["2000000001"], updating=True)
    shown = cards(await fetch(browser, "Home"))
    assert len(shown) == 4
    assert {card["Remaining Unit"][1] for card in shown} == {"-"}


# --- reports ---


async def test_the_type_is_switched_first_and_then_searched(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    meter = portal.meters[0].number
    opened = await fetch(browser, usage_path(meter))
    assert rows(opened) == []
    switched = await search(browser, meter, opened, "3", DAY, DAY)
    assert rows(switched) == []
    assert form(switched)["cboType"] == "Hourly (Max 1 day)"
    found = await search(browser, meter, switched, "3", DAY, DAY)
    truth = [row for row in portal.truth(meter, "hour") if row[0].date() == DAY]
    assert rows(found) == [(str(start.hour + 1), f"{value:.3f}") for start, value in truth]
    assert f"Total units: {sum(value for _, value in truth):.3f}" in found
    assert f"The Hourly Usage Consumption as at {DAY:%d/%m/%Y} chart" in found
    assert label(found) == ""


@pytest.mark.parametrize("sequence", ["open", "strict_stale", "strict_empty", "strict_error"])
async def test_whether_an_open_page_serves_another_day(
    browser: aiohttp.ClientSession, portal: SimulatedPortal, sequence: str
) -> None:
    portal.set_profile(report_sequence=sequence)
    await sign_in(browser, portal)
    meter = portal.meters[0].number
    html = await search(browser, meter, await fetch(browser, usage_path(meter)), "3", DAY, DAY)
    first = await search(browser, meter, html, "3", DAY, DAY)
    other = DAY - timedelta(days=1)
    if sequence == "strict_error":
        asked = form(first) | {"cboDateFrom": f"{other:%d/%m/%Y}", "btnRefresh": "Search"}
        async with browser.post(usage_path(meter), data=asked) as response:
            assert response.status == 500
        return
    second = await search(browser, meter, first, "3", other, other)
    if sequence == "open":
        assert rows(second)
        assert rows(second) != rows(first)
    elif sequence == "strict_stale":
        assert rows(second) == rows(first)
    else:
        assert rows(second) == []
        assert "dxgvEmptyDataRow" in second
        assert label(second) == "consumption history not found."


async def test_the_server_remembers_one_meter(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    electricity, water = (meter.number for meter in portal.meters)
    opened = await fetch(browser, usage_path(electricity))
    await fetch(browser, usage_path(water))
    first = DAY - timedelta(days=3)
    html = await search(browser, electricity, opened, "1", first, DAY)
    html = await search(browser, electricity, html, "1", first, DAY)
    truth = [v for s, v in portal.truth(water, "day") if first <= s.date() <= DAY]
    assert [Decimal(value) for _, value in rows(html)] == truth


async def test_ranges_limits_and_choices(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    electricity, water = (meter.number for meter in portal.meters)
    html = await fetch(browser, usage_path(electricity))
    assert "Hourly (Max 1 day)" in html
    html = await search(browser, electricity, html, "3", DAY, DAY)
    html = await search(browser, electricity, html, "3", DAY, DAY + timedelta(days=1))
    assert label(html) == "Please select a shorter range."
    assert "Hourly" not in await fetch(browser, usage_path(water))
    portal.set_profile(hourly_offered=False)
    assert "Hourly" not in await fetch(browser, usage_path(electricity))


async def test_missing_hours_are_absent_or_zero(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    truth = portal.meters[0].truth
    day = next(
        day
        for day in truth.days(NOW)[1:-5]
        if 0 < sum(hour.published is None for hour in truth.hours(day)) < 24
    )
    meter = portal.meters[0].number
    html = await fetch(browser, usage_path(meter))
    html = await search(browser, meter, html, "3", day, day)
    html = await search(browser, meter, html, "3", day, day)
    assert len(rows(html)) < 24
    portal.set_profile(missing_hours="zero")
    html = await search(browser, meter, html, "3", day, day)
    assert "0.000" in dict(rows(html)).values()


# --- top-ups, payment ---


async def test_topups_show_the_meter_opened_last(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    meter = portal.meters[0]
    await fetch(browser, usage_path(meter.number))
    html = await fetch(browser, "Report/TransactionHistory")
    assert form(html)["cboDateFrom"] == "20/11/2026"
    asked = {"cboDateFrom": "20/11/2025", "cboDateTo": "20/11/2026", "btnRefresh": "Search"}
    async with browser.post("Report/TransactionHistory", data=form(html) | asked) as response:
        found = rows(await response.text())
    newest = list(reversed(meter.topups(NOW)))[:10]
    assert [(row[1], row[3]) for row in found] == [
        (topup.number, f"{topup.amount:.2f}") for topup in newest
    ]
    assert "No data to paginate" in html or rows(html)


async def test_the_payment_page_is_never_posted(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    await sign_in(browser, portal)
    path = f"Payment/WebForm2?p={b64encode(b'10000001').decode()}&s=h"
    html = await fetch(browser, path)
    value = BeautifulSoup(html, "html.parser").find(id="pcAccount_lblCurrentBalance")
    assert value is not None
    balance = portal.meters[0].balance(NOW)
    assert value.get_text() == f"${balance:,.2f}"
    async with browser.post(path, data=form(html)) as response:
        assert response.status == 500


# --- the truth ---


def test_the_truth_does_not_depend_on_when_it_is_asked() -> None:
    def portal(days: int) -> SimulatedPortal:
        return SimulatedPortal(seed=7, days=days, now=NOW)

    late, early = portal(50), portal(60)
    meter = late.meters[0].number
    first = late.meters[0].installed + timedelta(days=1)
    ours = [row for row in late.truth(meter, "hour") if row[0].date() >= first]
    theirs = [row for row in early.truth(meter, "hour") if row[0].date() >= first]
    assert ours == theirs
    assert SimulatedPortal(seed=8, days=50, now=NOW).truth(meter, "hour") != ours


def test_days_are_the_sum_of_their_hours_in_the_end() -> None:
    portal = SimulatedPortal(seed=1, days=400, now=NOW)
    hours: dict[date, Decimal] = {}
    meter = portal.meters[0].number
    for start, value in portal.truth(meter, "hour", final=True):
        assert value >= 0
        hours[start.date()] = hours.get(start.date(), Decimal(0)) + value
    days = {start.date(): value for start, value in portal.truth(meter, "day", final=True)}
    assert {day: hours[day] for day in days if day < TODAY} == {
        day: value for day, value in days.items() if day < TODAY
    }
    assert 8 < sum(days.values()) / len(days) < 60  # believable kWh a day


def test_corrections_holes_and_lag() -> None:
    portal = SimulatedPortal(seed=1, days=400, now=NOW)
    meter = portal.meters[0].number
    now, later = (dict(portal.truth(meter, "hour", at=at)) for at in (NOW, NOW + timedelta(days=5)))
    final = dict(portal.truth(meter, "hour", final=True))
    assert any(later[start] != value for start, value in now.items())
    assert set(final) - set(now)  # holes, and what is not published yet
    assert max(now) < NOW - timedelta(minutes=75)
    portal.set_profile(holes=False, lag=False, corrections=False)
    assert dict(portal.truth(meter, "hour")).keys() == final.keys()


def test_the_balance_is_what_was_paid_less_what_was_used() -> None:
    portal = SimulatedPortal(seed=1, days=120, now=NOW)
    meter = portal.meters[0]
    start = NOW - timedelta(days=100)
    paid = sum((t.amount for t in meter.topups(NOW) if t.at > start), Decimal(0))
    used: dict[tuple[int, int], Decimal] = {}
    cost = Decimal(0)
    for hour, value in portal.truth(meter.number, "hour", final=True):
        month = (hour.year, hour.month)
        before = used.get(month, Decimal(0))
        used[month] = before + value
        if hour >= start - timedelta(minutes=30):
            cost += price(used[month]) - price(before)
    assert meter.balance(NOW) == meter.balance(start) + paid - cost


def price(amount: Decimal) -> Decimal:
    return min(amount, Decimal(600)) * Decimal("0.01") + max(amount - 600, 0) * Decimal("0.08")


# --- faults and the control API ---


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("status", 503, "Server Error"),
        ("empty", 200, ""),
        ("other_page", 200, "IIS"),
        ("maintenance", 200, "Maintenance"),
        ("huge", 200, "<p><p>"),
    ],
)
async def test_faults_that_answer(
    browser: aiohttp.ClientSession, portal: SimulatedPortal, kind: str, status: int, text: str
) -> None:
    portal.add_fault(Fault(path="reslogin", kind=kind, times=1))
    async with browser.get("ResLogin") as response:
        assert response.status == status
        assert text in await response.text()
    assert "txtUsername" in await fetch(browser, "ResLogin")


@pytest.mark.parametrize("kind", ["drop", "cut", "hang", "drip"])
async def test_faults_that_break(
    browser: aiohttp.ClientSession, portal: SimulatedPortal, kind: str
) -> None:
    portal.add_fault(Fault(path="*", kind=kind))
    timeout = aiohttp.ClientTimeout(total=0.3)
    with pytest.raises((aiohttp.ClientError, TimeoutError)):
        async with browser.get("ResLogin", timeout=timeout) as response:
            await response.read()


async def test_a_fault_waits_for_its_turn(
    browser: aiohttp.ClientSession, portal: SimulatedPortal
) -> None:
    portal.add_fault(Fault(path="reslogin", kind="redirect_host", after=1, method="GET", times=1))
    await fetch(browser, "ResLogin")
    async with browser.get("ResLogin", allow_redirects=False) as response:
        assert response.headers["Location"].startswith("http://203.0.113.7/")


async def test_the_control_api(portal: SimulatedPortal) -> None:
    async with aiohttp.ClientSession(portal.origin) as session:

        async def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
            async with session.request(method, f"/_control/{path}", json=body) as response:
                return response.status, await response.json()

        status, rows_ = await call("GET", "truth?meter=10000001&resolution=hour")
        first = portal.truth("10000001", "hour")[0]
        assert (status, rows_[0]) == (200, {"start": first[0].isoformat(), "value": str(first[1])})
        assert (await call("GET", "truth?meter=1&resolution=hour"))[0] == 400
        assert (await call("GET", "truth?meter=10000001&resolution=week"))[0] == 400

        async with session.get("/SmartMeter/ResLogin") as response:
            await response.read()
        assert (await call("GET", "captcha"))[1] == {"answer": portal.captcha_answer}
        assert (await call("GET", "requests"))[1] == [
            {"method": "GET", "path": "/SmartMeter/ResLogin", "status": 200}
        ]
        await call("DELETE", "requests")
        assert portal.requests == []

        assert (await call("POST", "clock", {"now": "2026-11-21T08:00:00"}))[0] == 200
        assert portal.now() == datetime(2026, 11, 21, 8, tzinfo=BRUNEI)
        assert (await call("POST", "clock", {"now": "tomorrow"}))[0] == 400
        await call("POST", "clock", {"now": "2026-11-21T08:00:00+08:00", "ticking": True})
        assert portal.now() > datetime(2026, 11, 21, 8, tzinfo=BRUNEI)

        status, profile = await call("POST", "profile", {"captcha": False, "more_meters": 2})
        assert (status, profile["captcha"], len(portal.meters)) == (200, False, 4)
        assert (await call("POST", "profile", {"colour": "red"}))[0] == 400
        assert (await call("POST", "profile", {"captcha": "maybe"}))[0] == 400
        assert (await call("GET", "profile"))[1]["captcha"] is False

        assert (await call("POST", "faults", [{"path": "home", "kind": "empty"}]))[0] == 200
        assert (await call("POST", "faults", {"path": "home", "kind": "earthquake"}))[0] == 400
        assert len((await call("GET", "faults"))[1]) == 1
        assert (await call("DELETE", "faults"))[1] == []
        assert (await call("POST", "expire"))[0] == 200


def test_it_runs_on_its_own_and_stops_when_told() -> None:
    command = [sys.executable, "-m", "tests.portal", "--port", "0", "--days", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert DEMO_USERNAME in process.stdout.readline()
        process.terminate()
        assert process.wait(10) == 0

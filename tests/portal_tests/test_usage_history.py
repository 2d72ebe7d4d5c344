"""The consumption report: its sequence, its grids, and what is published when."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.portal import SimulatedPortal

from .browser import TYPES, Browser, Page
from .conftest import NOW

ELECTRICITY, WATER = "10000001", "2000000001"
TODAY = NOW.date()
DAY = TODAY - timedelta(days=10)
NOT_FOUND = "consumption history not found."


@pytest.fixture
async def holder(portal: SimulatedPortal) -> AsyncIterator[Browser]:
    """A browser that the demo account's holder has signed in with."""
    async with Browser(portal) as browser:
        await browser.sign_in()
        portal.clear_requests()
        yield browser


def hours(portal: SimulatedPortal, day: date, *, final: bool = False) -> dict[int, Decimal]:
    return {
        start.hour: value
        for start, value in portal.truth(ELECTRICITY, "hour", final=final)
        if start.date() == day
    }


def days(portal: SimulatedPortal, meter: str) -> dict[date, Decimal]:
    return {start.date(): value for start, value in portal.truth(meter, "day")}


def as_rows(hours: dict[int, Decimal]) -> list[list[str]]:
    return [[str(hour + 1), str(value)] for hour, value in hours.items()]


def day_with_a_hole(portal: SimulatedPortal) -> date:
    """Return a past day some of whose hours are never published."""
    found = (TODAY - timedelta(days=n) for n in range(7, 99))
    return next(day for day in found if 0 < len(hours(portal, day)) < 24)


def day_with_a_correction(portal: SimulatedPortal) -> date:
    """Return a day that shows other values a week later than in its first night."""
    for n in range(7, 90):
        day = TODAY - timedelta(days=n)
        night = datetime.combine(day, datetime.min.time(), NOW.tzinfo) + timedelta(hours=30)
        early = dict(portal.truth(ELECTRICITY, "hour", at=night))
        late = dict(portal.truth(ELECTRICITY, "hour"))
        if any(late[start] != value for start, value in early.items() if start.date() == day):
            return day
    raise AssertionError("no correction in 90 days")


# --- the form ---


async def test_the_form_as_it_opens(holder: Browser) -> None:
    page = await holder.open(holder.usage_path(ELECTRICITY))
    assert page.choices == list(TYPES.values())
    assert "{'value':'3','text':'Hourly (Max 1 day)'}" in page.text
    assert (page.error, page.rows) == ("", None)
    assert page.hidden["cboType_VI"] == "0"
    midnight = datetime.combine(TODAY, datetime.min.time(), UTC)
    stamp = int(midnight.timestamp() * 1000)
    assert page.hidden["cboDateTo$State"] == f"{{&quot;rawValue&quot;:&quot;{stamp}&quot;}}"
    assert page.value("btnRefresh") == "Search"


@pytest.mark.parametrize("p", ["MTAwMDAwMDE=", "MTAwMDAwMDE%3D"])
@pytest.mark.parametrize("path", ["Report/UsageHistory", "/report/usagehistory"])
async def test_both_ways_to_write_the_meter(holder: Browser, path: str, p: str) -> None:
    assert (await holder.open(f"{path}?p={p}")).choices


@pytest.mark.parametrize("p", ["OTk5OTk5OTk=", "MTAwMDAwMDk=", "no-base64", ""])
async def test_meters_of_nobody_or_of_others_are_refused(holder: Browser, p: str) -> None:
    assert (await holder.open(f"Report/UsageHistory?p={p}")).status == 500


async def test_water_has_no_hours(holder: Browser, portal: SimulatedPortal) -> None:
    page = await holder.open(holder.usage_path(WATER))
    assert page.choices == ["Monthly", "Daily (Max 1 month)", "Summary"]
    answer = await holder.send(page, WATER, "3", DAY)
    assert (answer.hidden["cboType_VI"], answer.rows) == ("0", None)
    portal.set_profile(hourly_offered=False, summary_offered=False)
    page = await holder.open(holder.usage_path(ELECTRICITY))
    assert page.choices == ["Monthly", "Daily (Max 1 month)"]


async def test_the_first_form_switches_and_the_next_searches(
    holder: Browser, portal: SimulatedPortal
) -> None:
    page = await holder.open(holder.usage_path(ELECTRICITY))
    switched = await holder.send(page, ELECTRICITY, "3", DAY)
    assert (switched.rows, switched.error, switched.hidden["cboType_VI"]) == (None, "", "3")
    assert switched.hidden["__VIEWSTATE"] != page.hidden["__VIEWSTATE"]
    found = await holder.send(switched, ELECTRICITY, "3", DAY)
    assert found.rows == as_rows(hours(portal, DAY))
    assert found.value("cboDateFrom") == found.value("cboDateTo") == f"{DAY:%d/%m/%Y}"


async def test_a_form_sent_twice_switches_and_searches(
    holder: Browser, portal: SimulatedPortal
) -> None:
    page = await holder.open(holder.usage_path(WATER))
    await holder.send(page, WATER, "1", DAY, TODAY)
    assert (await holder.send(page, WATER, "1", DAY, TODAY)).rows
    portal.set_profile(old_pages="refused")
    page = await holder.open(holder.usage_path(WATER))
    await holder.send(page, WATER, "1", DAY, TODAY)
    assert (await holder.send(page, WATER, "1", DAY, TODAY)).status == 500


async def test_a_switch_may_search_at_once(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(type_switch="searches", report_sequence="strict_error")
    page = await holder.open(holder.usage_path(ELECTRICITY))
    answer = await holder.send(page, ELECTRICITY, "3", DAY)
    assert answer.rows == as_rows(hours(portal, DAY))


async def test_a_form_without_its_button_changes_nothing(holder: Browser) -> None:
    page = await holder.open(holder.usage_path(ELECTRICITY))
    answer = await holder.open(holder.usage_path(ELECTRICITY), page.hidden)
    assert (answer.status, answer.rows) == (200, None)


async def test_the_report_takes_no_form_of_another_page(holder: Browser) -> None:
    path = holder.usage_path(ELECTRICITY)
    page = await holder.open(path)
    home = await holder.open("Home")
    assert (await holder.send(home, ELECTRICITY, "3", DAY)).status == 500
    assert (await holder.open(path, page.hidden | {"ASPxHiddenField1": "{}"})).status == 500


# --- further searches on an open page ---


async def further(holder: Browser) -> Page:
    page = await holder.report(ELECTRICITY, "3", DAY)
    return await holder.send(page, ELECTRICITY, "3", DAY - timedelta(days=1))


async def test_an_open_page_serves_further_days(holder: Browser, portal: SimulatedPortal) -> None:
    page = await further(holder)
    assert page.rows == as_rows(hours(portal, DAY - timedelta(days=1)))
    assert [record.method for record in portal.requests] == ["GET", "POST", "POST", "POST"]


async def test_a_strict_page_gives_the_former_day(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(report_sequence="strict_stale")
    page = await further(holder)
    assert page.rows == as_rows(hours(portal, DAY))
    assert f"as at {DAY:%d/%m/%Y} chart" in page.text
    assert page.value("cboDateFrom") == f"{DAY - timedelta(days=1):%d/%m/%Y}"


async def test_a_strict_page_finds_nothing_or_fails(
    holder: Browser, portal: SimulatedPortal
) -> None:
    portal.set_profile(report_sequence="strict_empty")
    page = await further(holder)
    assert (page.rows, page.error) == ([], NOT_FOUND)
    portal.set_profile(report_sequence="strict_error")
    assert (await further(holder)).status == 500
    assert (await holder.report(ELECTRICITY, "3", DAY)).rows == as_rows(hours(portal, DAY))


@pytest.mark.parametrize("kind", ["latest", "address", "refused"])
async def test_a_form_of_the_meter_opened_before(
    holder: Browser, portal: SimulatedPortal, kind: str
) -> None:
    portal.set_profile(other_meter=kind)
    page = await holder.report(ELECTRICITY, "1", DAY, TODAY)
    await holder.report(WATER, "1", DAY, TODAY)
    answer = await holder.send(page, ELECTRICITY, "1", DAY)
    if kind == "refused":
        assert answer.status == 500
        return
    meter = WATER if kind == "latest" else ELECTRICITY
    assert answer.rows == [[f"{DAY:%d/%m/%Y}", str(days(portal, meter)[DAY])]]


# --- grids ---


async def test_hours_add_up(holder: Browser, portal: SimulatedPortal) -> None:
    page = await holder.report(ELECTRICITY, "3", DAY)
    assert page.rows
    assert page.error == ""
    assert page.total == f"Total units: {sum(Decimal(value) for _, value in page.rows):.3f}"
    assert f'alt="The Hourly Usage Consumption as at {DAY:%d/%m/%Y} chart"' in page.text
    assert sum(hours(portal, DAY, final=True).values()) == days(portal, ELECTRICITY)[DAY]
    portal.set_profile(chart=False)
    assert " chart" not in (await holder.report(ELECTRICITY, "3", DAY)).text


@pytest.mark.parametrize("meter", [ELECTRICITY, WATER])
async def test_days(holder: Browser, portal: SimulatedPortal, meter: str) -> None:
    first = TODAY - timedelta(days=30)
    page = await holder.report(meter, "1", first, TODAY)
    shown = {"-".join(reversed(label.split("/"))): value for label, value in page.rows or ()}
    assert shown == {
        day.isoformat(): str(value) for day, value in days(portal, meter).items() if day >= first
    }
    assert 29 <= len(shown) <= 30


@pytest.mark.parametrize("type_value", ["0", "2"])
async def test_months(holder: Browser, portal: SimulatedPortal, type_value: str) -> None:
    page = await holder.report(WATER, type_value, date(2026, 9, 1), date(2026, 10, 31))
    totals = days(portal, WATER)
    october = sum(value for day, value in totals.items() if day.month == 10)
    assert page.rows
    assert page.rows[1] == ["10/2026", str(october)]


async def test_commas_in_thousands(holder: Browser, portal: SimulatedPortal) -> None:
    async def total() -> str:
        page = await holder.report(ELECTRICITY, "0", date(2026, 8, 1), date(2026, 10, 31))
        return page.total or ""

    assert "," in await total()
    with_commas = await total()
    portal.set_profile(commas=False)
    assert await total() == with_commas.replace(",", "")


@pytest.mark.parametrize(("missing", "upto"), [("zero", 14), ("zero_all_day", 24)])
async def test_missing_hours(
    holder: Browser, portal: SimulatedPortal, missing: str, upto: int
) -> None:
    day = day_with_a_hole(portal)
    published = hours(portal, day)
    assert (await holder.report(ELECTRICITY, "3", day)).rows == as_rows(published)
    portal.set_profile(missing_hours=missing)
    shown = (await holder.report(ELECTRICITY, "3", day)).rows or []
    assert [row[0] for row in shown][: max(published) + 1] == [
        str(hour + 1) for hour in range(max(published) + 1)
    ]
    assert {int(label) - 1 for label, value in shown if value == "0.000"} == {
        hour for hour in range(len(shown)) if hour not in published
    }
    today = (await holder.report(ELECTRICITY, "3", TODAY)).rows or []
    assert len(today) == 24 if missing == "zero_all_day" else len(today) <= upto


async def test_an_error_beside_a_filled_grid(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(label_beside_grid=True)
    page = await holder.report(ELECTRICITY, "3", DAY)
    assert page.error == NOT_FOUND
    assert page.rows


@pytest.mark.parametrize("day", [TODAY + timedelta(days=1), TODAY - timedelta(days=101)])
async def test_days_that_have_nothing(holder: Browser, day: date) -> None:
    for type_value in ("3", "1"):
        page = await holder.report(ELECTRICITY, type_value, day)
        assert (page.rows, page.error, page.total) == ([], NOT_FOUND, None)
        assert page.soup.select_one("tr.dxgvEmptyDataRow")


async def test_ranges_are_limited(holder: Browser) -> None:
    day = timedelta(days=1)
    for type_value, last in (("3", DAY + day), ("1", DAY + 31 * day), ("1", DAY - day)):
        page = await holder.report(ELECTRICITY, type_value, DAY, last)
        assert page.rows is None
        assert page.error


async def test_the_first_day_is_partial(holder: Browser, portal: SimulatedPortal) -> None:
    first = portal.meters[0].installed
    assert first == TODAY - timedelta(days=100)
    rows = (await holder.report(ELECTRICITY, "3", first)).rows or []
    assert rows[0][0] == "11"
    assert rows == as_rows(hours(portal, first))


# --- when ---


def test_the_truth_does_not_depend_on_the_order_of_questions(portal: SimulatedPortal) -> None:
    other = SimulatedPortal(seed=1, days=60, now=NOW)
    late = {k: v for k, v in other.truth(ELECTRICITY, "hour") if k.date() >= DAY}
    assert late == {k: v for k, v in portal.truth(ELECTRICITY, "hour") if k.date() >= DAY}
    assert (
        SimulatedPortal(seed=2, days=60, now=NOW).truth(ELECTRICITY, "hour")[-50:]
        != list(late.items())[-50:]
    )


async def test_hours_appear_through_the_day(holder: Browser, portal: SimulatedPortal) -> None:
    before = (await holder.report(ELECTRICITY, "3", TODAY)).rows or []
    assert 0 < len(before) < 15
    portal.set_now(NOW + timedelta(hours=4))
    portal.set_profile(session_minutes=None)
    await holder.sign_in()
    after = (await holder.report(ELECTRICITY, "3", TODAY)).rows or []
    assert len(after) >= len(before) + 2
    portal.set_profile(lag=False, holes=False)
    assert len((await holder.report(ELECTRICITY, "3", TODAY)).rows or []) == 18


def test_an_evening_may_be_missing_until_morning(portal: SimulatedPortal) -> None:
    late = 0
    for n in range(7, 60):
        midnight = (NOW - timedelta(days=n)).replace(hour=0, minute=0)
        yesterday = (midnight - timedelta(days=1)).date()
        early = portal.truth(ELECTRICITY, "hour", at=midnight + timedelta(hours=7))
        noon = portal.truth(ELECTRICITY, "hour", at=midnight + timedelta(hours=12))
        late += sum(k.date() == yesterday for k, _ in early) < sum(
            k.date() == yesterday for k, _ in noon
        )
    assert 4 <= late <= 25


async def test_a_day_is_reported_on_the_next_morning(
    holder: Browser, portal: SimulatedPortal
) -> None:
    portal.set_profile(session_minutes=None)
    for hour, found in ((1, False), (10, True)):
        portal.set_now(NOW.replace(hour=hour))
        page = await holder.report(WATER, "1", TODAY - timedelta(days=1))
        assert bool(page.rows) is found


async def test_a_correction_comes_in_its_time(holder: Browser, portal: SimulatedPortal) -> None:
    portal.set_profile(session_minutes=None, holes=False)
    day = day_with_a_correction(portal)
    final = hours(portal, day, final=True)
    midnight = datetime.combine(day, datetime.min.time(), NOW.tzinfo)
    wrong_until = {}
    for late in (False, True):
        portal.set_profile(late_corrections=late)
        for hour in range(30, 40 * 24, 12):
            portal.set_now(midnight + timedelta(hours=hour))
            page = await holder.report(ELECTRICITY, "3", day)
            shown = {int(label) - 1: Decimal(value) for label, value in page.rows or ()}
            total = (await holder.report(ELECTRICITY, "1", day)).rows
            if shown == final:
                break
            assert all(shown[n] <= final[n] for n in shown)
            # While a correction is to come the day's total lacks as much as its hours.
            assert not total or len(shown) < 24 or Decimal(total[0][1]) == sum(shown.values())
            wrong_until[late] = hour / 24
        else:
            pytest.fail("never corrected")
    assert 1 < wrong_until[False] < 4
    assert wrong_until[False] < wrong_until[True] < 30
    portal.set_profile(corrections=False)
    portal.set_now(midnight + timedelta(hours=40))
    assert (await holder.report(ELECTRICITY, "3", day)).rows == as_rows(final)


def test_holes_are_rare_and_stay(portal: SimulatedPortal) -> None:
    shown = dict(portal.truth(ELECTRICITY, "hour"))
    final = dict(portal.truth(ELECTRICITY, "hour", final=True))
    past = {start for start in final if start < NOW - timedelta(days=7)}
    holes = past - shown.keys()
    assert 0 < len(holes) < len(past) / 20
    portal.set_profile(holes=False)
    assert not past - dict(portal.truth(ELECTRICITY, "hour")).keys()


def test_electricity_is_believable() -> None:
    portal = SimulatedPortal(seed=1, days=400, now=NOW)
    final = portal.truth(ELECTRICITY, "hour", final=True)
    by_day: dict[date, Decimal] = {}
    for start, value in final:
        assert 0 <= value < 15
        assert value.as_tuple().exponent == -3
        by_day[start.date()] = by_day.get(start.date(), Decimal(0)) + value
    away = [day for day, total in by_day.items() if total < 4 and day < TODAY]
    assert 9 <= len(away) <= 22
    evening = sum(value for start, value in final if start.hour in {19, 20})
    night = sum(value for start, value in final if start.hour in {3, 4})
    assert evening > night
    home = {day: total for day, total in by_day.items() if day not in away}
    hot = [total for day, total in home.items() if day.month in {3, 4, 5, 6}]
    cool = [total for day, total in home.items() if day.month in {9, 10, 12, 1}]
    assert sum(hot) / len(hot) > sum(cool) / len(cool)

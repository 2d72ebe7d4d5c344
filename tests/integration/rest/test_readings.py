"""Meters, what they used and what it costs, over real HTTP as another system asks for it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.client import Reading, Resolution, Utility
from custom_components.usms.client.billing.forecast import Forecast
from custom_components.usms.client.billing.precision import days_known, run_out_known
from custom_components.usms.client.billing.schedule import TariffSchedule
from custom_components.usms.client.billing.tariff import residential
from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.summary import count
from tests.integration.rest.api import Api
from tests.portal import Meter
from tests.support.harness import Harness, bill

pytestmark = pytest.mark.knows_portal


def numbers(rows: list[dict[str, Any]]) -> list[tuple[str, Decimal]]:
    return [(row["start"], Decimal(repr(row["consumption"]))) for row in rows]


async def test_meters(read: Harness, api: Api) -> None:
    meters = await api.get("/meters")
    assert [meter["meter"] for meter in meters] == [meter.number for meter in read.portal.meters]
    assert meters[0].keys() >= {
        "meter",
        "utility",
        "status",
        "remaining_units",
        "unit",
        "balance",
        "last_updated",
    }
    for shown in meters:
        assert shown["balance"] == float(read.state("balance", shown["utility"]))
        left = float(read.state("remaining_units", shown["utility"]))
        assert shown["remaining_units"] == left
        assert (shown["unit"], shown["currency"]) == (
            {"electricity": "kWh", "water": "m³"}[shown["utility"]],
            "BND",
        )
        path = f"/meters/{shown['meter']}"
        assert (await api.get(f"{path}/unit"))["remaining_units"] == left
        assert (await api.get(f"{path}/credit"))["balance"] == shown["balance"]
        assert (await api.get(path)).items() >= shown.items()
    assert read.requests() == 0


@pytest.mark.history(days=40)
async def test_a_meter_with_what_it_used_and_costs(read: Harness, api: Api) -> None:
    meter = read.meter("water")
    shown = await api.get(f"/meters/{meter.number}")
    months: dict[str, Decimal] = {}
    for start, value in read.portal.truth(meter.number, "day"):
        month = f"{start:%Y-%m}"
        months[month] = months.get(month, Decimal(0)) + value
    assert shown["consumption"]["last_month"] == float(months["2026-10"])
    assert shown["consumption"]["this_month"] == float(months["2026-11"])
    assert shown["cost"]["last_month"] == pytest.approx(
        float(bill("water", months["2026-10"])), abs=0.005
    )
    assert shown["oldest_reading"] == read.portal.truth(meter.number, "day")[0][0].isoformat()


@pytest.mark.history(days=40)
async def test_consumption(read: Harness, api: Api) -> None:
    first, last = read.now.date() - timedelta(days=20), read.now.date() - timedelta(days=5)
    for utility, resolution in (("electricity", "hour"), ("electricity", "day"), ("water", "day")):
        number = read.meter(utility).number
        rows = await api.get(
            f"/meters/{number}/consumption",
            resolution=resolution,
            start=first.isoformat(),
            end=last.isoformat(),
        )
        assert numbers(rows) == [
            (start.isoformat(), value)
            for start, value in read.portal.truth(number, resolution)
            if first <= start.date() <= last
        ]
        assert rows[0].keys() == {"start", "consumption", "unit", "estimated"}

    truth = read.portal.truth(number, "day")
    path = f"/meters/{number}/consumption"
    since = read.now.date() - timedelta(days=30)
    days = await api.get(path)
    assert numbers(days) == [(s.isoformat(), v) for s, v in truth if s.date() >= since]
    months = await api.get(path, resolution="month")
    assert [row["start"][:7] for row in months] == ["2026-10", "2026-11"]
    assert sum(value for _, value in numbers(months)) == sum(value for _, value in truth)
    # A month is a whole one, whichever day of it is named.
    (october,) = await api.get(path, resolution="month", start="2026-10-20", end="2026-10-25")
    assert october == months[0]

    rows = await api.get(
        f"/meters/{read.meter().number}/consumption",
        resolution="hour",
        start="2026-11-10T05:00:00+08:00",
        end="2026-11-09T23:00:00Z",
    )
    assert [row["start"][:13] for row in rows] == ["2026-11-10T05", "2026-11-10T06"]
    assert read.requests() == 0


@pytest.mark.history(days=40)
async def test_pages_are_the_whole(read: Harness, api: Api) -> None:
    path = f"/meters/{read.meter().number}/consumption"
    for resolution, limit in (("hour", 250), ("day", 7), ("month", 1)):
        asked = {"resolution": resolution, "start": "2026-09-01", "end": "2026-11-20"}
        whole = await api.get(path, **asked, limit="20000")
        response, page = await api.ask(path, **asked, limit=str(limit))
        pages = [page]
        while "next" in response.links:
            address = response.links["next"]["url"]
            response, page = await api.ask(path, **address.query)
            pages.append(page)
        assert [row for page in pages for row in page] == whole
        assert {len(page) for page in pages[:-1]} == {limit}
        assert len(pages) == -(len(whole) // -limit) > 1


@pytest.mark.history(days=12)
async def test_long_ranges_come_in_pieces(read: Harness, api: Api) -> None:
    """With a hole of years in them."""
    store, number = read.store, read.meter().number
    begin = brunei_midnight(date(2020, 1, 30))
    days = [Reading(begin + n * timedelta(days=1), Decimal(n) / 8) for n in range(200)]
    hours = [Reading(begin + n * timedelta(hours=1), Decimal(n) / 8) for n in range(24)]

    def add() -> None:
        store.save_days(number, begin.date(), days[-1].start.date(), days, read.now)
        store.save_hours(number, begin.date(), hours, read.now)

    await read.hass.async_add_executor_job(add)
    for resolution in (Resolution.DAY, Resolution.HOUR):
        response, content = await api.ask(
            f"/meters/{number}/consumption",
            resolution=resolution,
            start="2017-01-01",
            end="2026-12-31",
            limit="20000",
        )
        assert response.headers["Transfer-Encoding"] == "chunked"
        expected = store.readings(number, resolution)
        assert len(expected) > 200
        assert numbers(content) == [(row.start.isoformat(), row.value) for row in expected]


async def test_forecast(read: Harness, api: Api) -> None:
    meter = read.meter()
    made = await api.get(f"/meters/{meter.number}/forecast")
    known = await api.get(f"/meters/{meter.number}")
    this_month = known["consumption"]["this_month"]
    expected = made["month_consumption"]
    assert this_month - 0.05 <= expected["low"] <= expected["expected"] <= expected["high"]
    assert made["unit"] == "kWh"
    # No finer than it is known, as the sensors say it.
    assert made["month_cost"]["expected"] == pytest.approx(
        float(bill("electricity", Decimal(repr(expected["expected"])))), abs=0.05
    )
    assert made["month_cost"]["expected"] == float(read.state("forecast_cost", "electricity"))


async def test_an_old_card_says_when_it_was_read(read: Harness, api: Api) -> None:
    """Like the sensors; once they are unavailable, nothing of it is shown."""
    number = read.meter().number
    card = await api.get(f"/meters/{number}/credit")
    assert card["as_of"] is None
    read.portal.expire()
    polled = read.now
    await read.forward(timedelta(hours=3))
    later = await api.get(f"/meters/{number}/credit")
    assert later["balance"] == card["balance"]
    assert abs(datetime.fromisoformat(later["as_of"]) - polled) < timedelta(minutes=12)
    assert (await api.get("/meters"))[0]["as_of"] == later["as_of"]
    await read.forward(timedelta(hours=22))
    gone = (await api.get("/meters"))[0]
    assert (gone["balance"], gone["as_of"]) == (None, None)
    assert await api.refused(f"/meters/{number}/credit") == (503, "SIGN_IN_NEEDED")


@pytest.mark.history(days=16)
async def test_a_forecast_says_no_more_than_the_sensors(
    account: Harness, hass_client_no_auth: ClientSessionGenerator, hass_access_token: str
) -> None:
    """Nor is its balance surer, once that is old."""
    await account.start_history()
    api = Api(account.hass, await hass_client_no_auth(), hass_access_token)
    path = f"/meters/{account.meter().number}/forecast"
    made = await api.get(path)
    assert made["days_left"] == int(made["days_left"])
    assert datetime.fromisoformat(made["runs_out"]).hour == 12
    balance = float(account.state("balance", "electricity"))
    assert made["balance"] == dict.fromkeys(("expected", "low", "high"), balance)
    assert made["as_of"] is None
    account.portal.expire()
    await account.forward(timedelta(hours=30))
    later = await api.get(path)
    assert later["as_of"] is not None
    left = later["balance"]
    assert left["low"] <= left["expected"] <= left["high"] <= balance
    assert left["low"] < left["high"]


@pytest.mark.history(days=9)
async def test_a_forecast_says_the_same_everywhere(
    account: Harness, hass_client_no_auth: ClientSessionGenerator, hass_access_token: str
) -> None:
    """Sensors stayed on another day than the forecast, and than days left, until midnight."""
    account.portal.set_profile(session_minutes=None)
    await account.start_history()
    api = Api(account.hass, await hass_client_no_auth(), hass_access_token)
    shown = set()
    for hour in range(2 * 22):
        await account.forward(timedelta(minutes=30))
        for meter in account.meters:
            made = await api.get(f"/meters/{meter.number}/forecast")
            # What is counted without having been shown, as by the command line.
            at = datetime.fromisoformat(made["made_at"])
            assert account.now - at <= timedelta(hours=1)
            anew = await account.hass.async_add_executor_job(fresh, account, meter, at)
            out, left = (account.entity(key, meter.number) for key in ("runs_out", "days_left"))
            moments = [out.state, *(out.attributes[end].isoformat() for end in ("early", "late"))]
            assert [datetime.fromisoformat(moment) for moment in moments] == [
                datetime.fromisoformat(made[name])
                for name in ("runs_out", "runs_out_early", "runs_out_late")
            ], hour
            assert float(left.state) == made["days_left"]
            assert anew.days_left is not None
            ends = (anew.runs_out, anew.runs_out_early, anew.runs_out_late)
            known = [run_out_known(moment, at) for moment in ends]
            assert known == [datetime.fromisoformat(moment) for moment in moments]
            assert float(days_known(anew.days_left)) == made["days_left"]
            for sensor, name in (
                ("forecast_cost", "month_cost"),
                ("forecast_consumption", "month_consumption"),
            ):
                state = account.entity(sensor, meter.number)
                month = dict(state.attributes) | {"expected": float(state.state)}
                assert {end: month[end] for end in made[name]} == made[name]
            shown.add((meter.number, out.state))
    assert len(shown) > 4


def fresh(account: Harness, meter: Meter, at: datetime) -> Forecast:
    prices = TariffSchedule.always(residential(Utility(meter.utility)))
    made = count(account.store, meter.number, prices, at).spending
    assert made
    assert made.forecast
    return made.forecast


async def test_tariffs(read: Harness, api: Api) -> None:
    tariffs = await api.get("/tariffs")
    assert [(t["meter"], t["utility"], t["tariff"]) for t in tariffs] == [
        (read.meter().number, "electricity", "residential_electricity"),
        (read.meter("water").number, "water", "residential_water"),
    ]
    for utility, amount in (("electricity", "2750.5"), ("water", "60")):
        priced = await api.get(f"/tariffs/{utility}", consumption=amount)
        assert priced["consumption"] == float(amount)
        assert priced["cost"] == float(round(bill(utility, Decimal(amount)), 2))
    assert (await api.get("/tariffs/water"))["cost"] is None
    water = read.meter("water").number
    assert (await api.get("/tariffs/water", meter=water))["meter"] == water

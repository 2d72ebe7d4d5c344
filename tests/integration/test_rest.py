"""The REST view over real HTTP, as another system uses it."""

import logging
import re
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.usms.client import Reading, Resolution, UsmsError, Utility, errors
from custom_components.usms.client.brunei import brunei_midnight
from custom_components.usms.client.store import ReadingsStore
from custom_components.usms.history import loop as history
from custom_components.usms.history.store_file import readings_file
from custom_components.usms.rest.errors import CODES, ErrorCode, code_of
from custom_components.usms.rest.openapi import document
from custom_components.usms.rest.schemas import SCHEMAS
from custom_components.usms.rest.view import ROOT, ReadView
from custom_components.usms.rest.views import VIEWS
from tests.portal import DEMO_PASSWORD, DEMO_USERNAME
from tests.portal.faults import Fault

from .harness import Harness, bill

DOCUMENT = document(VIEWS, "1.0.0")


class Api:
    """A program that uses the REST view, and checks each answer against the document."""

    def __init__(self, hass: HomeAssistant, client: TestClient[Any, Any], token: str) -> None:
        """Use that client as the user of that token."""
        self.client = client
        self._auth = hass.auth
        self._user = hass.auth.async_validate_access_token(token)

    @property
    def authorization(self) -> dict[str, str]:
        """A token that is fresh, wherever the clock stands."""
        assert self._user
        return {"Authorization": f"Bearer {self._auth.async_create_access_token(self._user)}"}

    async def ask(
        self, path: str, method: str = "GET", headers: dict[str, str] | None = None, **query: str
    ) -> tuple[ClientResponse, Any]:
        """Return an answer and its content."""
        headers = self.authorization | (headers or {})
        response = await self.client.request(method, ROOT + path, params=query, headers=headers)
        content = await response.json() if await response.read() else None
        check(method, path, response, content)
        return response, content

    async def get(self, path: str, **query: str) -> Any:
        """Return what is there."""
        response, content = await self.ask(path, **query)
        assert response.status == 200, content
        return content

    async def refused(self, path: str, method: str = "GET", **query: str) -> tuple[int, str]:
        """Return status and code of an answer that is an error."""
        response, content = await self.ask(path, method, **query)
        assert content.keys() == {"detail", "error_code", "timestamp"}
        assert content["detail"]
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, content["error_code"]


def template_of(path: str) -> str:
    """Return the path of the document that this is."""
    for template in DOCUMENT["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            return str(template)
    raise KeyError(path)


def check(method: str, path: str, response: ClientResponse, content: Any) -> None:
    """Check that an answer is one of those that the document has."""
    operation = DOCUMENT["paths"][template_of(path)][method.lower()]
    described = operation["responses"][str(response.status)]
    for name in described.get("headers", {}):
        assert name in response.headers or name == "Link"
    if content is None:
        assert "content" not in described
        return
    assert response.content_type == "application/json"
    schema = described["content"]["application/json"]["schema"]
    root = {**schema, "components": DOCUMENT["components"]}
    jsonschema_rs.Draft202012Validator(root, validate_formats=True).validate(content)


@pytest.fixture
async def read(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Harness:
    """The demo account with all its history, which was read before; nothing goes on reading."""
    monkeypatch.setattr(history, "START_DELAY", timedelta(days=1))
    await harness.hass.async_add_executor_job(fill, harness)
    await harness.set_up()
    harness.portal.clear_requests()
    return harness


def fill(harness: Harness) -> None:
    """Write all that the portal has to the store's file."""
    store = ReadingsStore(readings_file(harness.hass, harness.entry))
    with store.transaction():
        for meter in harness.portal.meters:
            number = meter.number
            store.record_meter(number, Utility(meter.utility), "", harness.now)
            days = [Reading(*row) for row in harness.portal.truth(number, "day")]
            store.save_days(number, days[0].start.date(), days[-1].start.date(), days, harness.now)
            hours = [Reading(*row) for row in harness.portal.truth(number, "hour")]
            for day, rows in groupby(hours, lambda hour: hour.start.date()):
                store.save_hours(number, day, rows, harness.now)
    store.close()


@pytest.fixture
async def api(
    read: Harness, hass_client_no_auth: ClientSessionGenerator, hass_access_token: str
) -> Api:
    """Its REST view."""
    # The access log can't tell a frozen time.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    return Api(read.hass, await hass_client_no_auth(), hass_access_token)


def numbers(rows: list[dict[str, Any]]) -> list[tuple[str, Decimal]]:
    return [(row["start"], Decimal(repr(row["consumption"]))) for row in rows]


# --- what is read ---


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


@pytest.mark.parametrize("days", [40])
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


@pytest.mark.parametrize("days", [40])
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


@pytest.mark.parametrize("days", [40])
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
    assert this_month <= expected["low"] <= expected["expected"] <= expected["high"]
    assert made["unit"] == "kWh"
    assert made["month_cost"]["expected"] == pytest.approx(
        float(bill("electricity", Decimal(repr(expected["expected"])))), abs=0.005
    )


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


async def test_accounts_without_secrets(read: Harness, api: Api) -> None:
    (account,) = await api.get("/accounts")
    assert account["entry_id"] == read.entry.entry_id
    assert account["meters"] == [meter.number for meter in read.portal.meters]
    assert not account["sign_in_needed"]
    assert account["last_poll"] == read.now.isoformat()
    everything = ""
    for path in DOCUMENT["paths"]:
        if "refresh" not in path:
            everything += str(await api.get(filled(path, read)))
    session = read.connection.client.export_session()
    cookies = list(session["cookies"].values())
    assert cookies
    for secret in (DEMO_USERNAME, DEMO_PASSWORD, *cookies):
        assert secret not in everything


def filled(path: str, harness: Harness) -> str:
    """Return a path of the document with names that there are."""
    names = {
        "{entry_id}": harness.entry.entry_id,
        "{meter}": harness.meter().number,
        "{utility}": "electricity",
    }
    for name, value in names.items():
        path = path.replace(name, value)
    return path


# --- refresh ---


async def test_refresh_reads_the_account_page_once(read: Harness, api: Api) -> None:
    read.tick(timedelta(minutes=5))
    path = f"/accounts/{read.entry.entry_id}/refresh"
    response, account = await api.ask(path, "POST")
    await read.settle()
    assert response.status == 200
    assert account["last_poll"] == read.now.isoformat()
    assert [(r.path, r.status) for r in read.portal.requests] == [("/SmartMeter/Home", 200)]

    read.portal.set_profile(updating=True)
    await api.ask(path, "POST")
    number = read.meter().number
    assert await api.refused(f"/meters/{number}/unit") == (404, "DATA_NOT_FOUND")


async def test_refresh_without_a_session(read: Harness, api: Api) -> None:
    read.portal.expire()
    path = f"/accounts/{read.entry.entry_id}/refresh"
    assert await api.refused(path, "POST") == (503, "SIGN_IN_NEEDED")
    (account,) = await api.get("/accounts")
    assert account["sign_in_needed"]
    assert await api.get("/meters")
    await read.reload()
    number = read.meter().number
    assert await api.refused(f"/meters/{number}/unit") == (503, "SIGN_IN_NEEDED")
    # The readings are there all the same, and what is not known is null.
    assert await api.get(f"/meters/{number}/consumption")
    assert [meter["balance"] for meter in await api.get("/meters")] == [None, None]


# --- errors ---


BAD_QUESTIONS = (
    ("/meters/00000000", {}, 404, "METER_NOT_FOUND"),
    ("/meters/00000000/consumption", {}, 404, "METER_NOT_FOUND"),
    ("{meter}/consumption", {"start": "2020-01-01", "end": "2020-02-01"}, 404, "DATA_NOT_FOUND"),
    ("{meter}/consumption", {"start": "2030-01-01"}, 404, "DATA_NOT_FOUND"),
    ("{water}/consumption", {"resolution": "hour"}, 404, "DATA_NOT_FOUND"),
    ("{meter}/consumption", {"resolution": "week"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"from": "2026-11-01"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"limit": "0"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"limit": "20001"}, 400, "INVALID_PARAMETER"),
    ("{meter}/consumption", {"start": "2010-01-01"}, 400, "INVALID_PARAMETER"),
    (
        "{meter}/consumption",
        {"start": "2026-11-02", "end": "2026-11-01"},
        400,
        "INVALID_PARAMETER",
    ),
    ("{meter}/consumption", {"start": "2026-02-30"}, 400, "INVALID_DATE"),
    ("{meter}/consumption", {"start": "20261101"}, 400, "INVALID_DATE"),
    ("{meter}/consumption", {"end": "2026-11-01T05:00:00"}, 400, "INVALID_DATE"),
    ("{meter}/consumption", {"end": ""}, 400, "INVALID_DATE"),
    ("/tariffs/gas", {}, 400, "INVALID_PARAMETER"),
    ("/tariffs/water", {"consumption": "-1"}, 400, "INVALID_PARAMETER"),
    ("/tariffs/water", {"consumption": "nan"}, 400, "INVALID_PARAMETER"),
    ("/tariffs/water", {"meter": "00000000"}, 404, "METER_NOT_FOUND"),
    ("/meters", {"page": "2"}, 400, "INVALID_PARAMETER"),
)


async def test_bad_questions(hass: HomeAssistant, read: Harness, api: Api) -> None:
    for template, query, status, code in BAD_QUESTIONS:
        path = template.replace("{meter}", f"/meters/{read.meter().number}")
        path = path.replace("{water}", f"/meters/{read.meter('water').number}")
        assert await api.refused(path, **query) == (status, code), (path, query)
    response = await api.client.get(
        f"{ROOT}/tariffs/water?consumption=1&consumption=2", headers=api.authorization
    )
    assert (await response.json())["error_code"] == "INVALID_PARAMETER"
    other = MockConfigEntry(domain="other")
    other.add_to_hass(hass)
    for entry_id in ("nothing", other.entry_id):
        path = f"/accounts/{entry_id}/refresh"
        assert await api.refused(path, "POST") == (404, "ACCOUNT_NOT_FOUND")


def test_every_error_of_the_client_has_a_code() -> None:
    def kinds(kind: type[UsmsError]) -> set[type[UsmsError]]:
        return {kind}.union(*(kinds(child) for child in kind.__subclasses__()))

    for kind in kinds(UsmsError) - {UsmsError}:
        assert set(kind.__mro__) & CODES.keys(), f"{kind.__name__} has no code"
    assert code_of(errors.ReportNotOffered()) is ErrorCode.INVALID_PARAMETER
    assert code_of(errors.StoreError()) is ErrorCode.NOT_READY


# --- who may ask ---


async def test_every_path_needs_a_token(
    read: Harness, hass_client_no_auth: ClientSessionGenerator
) -> None:
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    client = await hass_client_no_auth()
    for path, operations in DOCUMENT["paths"].items():
        (method,) = operations.keys() & {"get", "post"}
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            address = ROOT + filled(path, read)
            response = await client.request(method, address, headers=headers)
            assert response.status == 401, path
    assert read.requests() == 0


async def test_a_user_who_may_only_read(
    read: Harness, hass_client: ClientSessionGenerator, hass_read_only_access_token: str
) -> None:
    client = await hass_client(hass_read_only_access_token)
    assert (await client.get(f"{ROOT}/meters")).status == 200
    address = f"{ROOT}/accounts/{read.entry.entry_id}/refresh"
    assert (await client.post(address)).status == 401
    assert read.requests() == 0


async def test_the_view_goes_and_comes_with_the_account(read: Harness, api: Api) -> None:
    routes = [resource.canonical for resource in read.hass.http.app.router.resources()]
    ours = sorted(route for route in routes if route.startswith(f"{ROOT}/"))
    assert ours == sorted(ROOT + view.path for view in VIEWS)

    await read.hass.config_entries.async_unload(read.entry.entry_id)
    for path, operations in DOCUMENT["paths"].items():
        (method,) = operations.keys() & {"get", "post"}
        response = await api.client.request(
            method, ROOT + filled(path, read), headers=api.authorization
        )
        assert (response.status, await response.text()) == (404, "404: Not Found")
    await read.set_up()
    assert await api.get("/meters")


async def test_a_portal_in_trouble(read: Harness, api: Api) -> None:
    read.portal.add_fault(Fault("home", "status"))
    path = f"/accounts/{read.entry.entry_id}/refresh"
    assert await api.refused(path, "POST") == (503, "USMS_UNAVAILABLE")
    assert (await api.get("/meters"))[0]["balance"] is not None
    await read.hass.config_entries.async_reload(read.entry.entry_id)
    assert read.entry.state is ConfigEntryState.SETUP_RETRY
    assert await api.refused("/meters") == (503, "NOT_READY")


# --- how often ---


@pytest.mark.parametrize(
    ("path", "option"),
    [("/meters", "read_limit"), ("/accounts/{entry_id}/refresh", "refresh_limit")],
)
async def test_a_user_has_a_number_of_requests_within_any_hour(
    read: Harness, api: Api, freezer: FrozenDateTimeFactory, path: str, option: str
) -> None:
    read.hass.config_entries.async_update_entry(read.entry, options={option: 3})
    await read.hass.async_block_till_done()
    path, method = filled(path, read), "POST" if "refresh" in path else "GET"
    first = read.now
    for left in (2, 1, 0):
        response, _ = await api.ask(path, method)
        assert response.headers["X-RateLimit-Limit"] == "3"
        assert response.headers["X-RateLimit-Remaining"] == str(left)
        reset = int(response.headers["X-RateLimit-Reset"])
        assert reset == (first + timedelta(hours=1)).timestamp()
        freezer.tick(timedelta(minutes=15))
    response, refused = await api.ask(path, method)
    assert (response.status, refused["error_code"]) == (429, "RATE_LIMITED")
    assert response.headers["Retry-After"] == str(15 * 60)
    freezer.tick(timedelta(minutes=15))
    assert (await api.ask(path, method))[0].status == 200
    assert (await api.ask(path, method))[0].status == 429


async def test_each_user_has_its_own(
    read: Harness,
    api: Api,
    hass_client: ClientSessionGenerator,
    hass_read_only_access_token: str,
    hass_read_only_user: MockUser,
) -> None:
    read.hass.config_entries.async_update_entry(read.entry, options={"read_limit": 1})
    await read.hass.async_block_till_done()
    assert (await api.ask("/meters"))[0].status == 200
    assert (await api.ask("/meters"))[0].status == 429
    other = await hass_client(hass_read_only_access_token)
    assert (await other.get(f"{ROOT}/meters")).status == 200


# --- asked again ---


async def test_an_answer_holds_until_it_changes(read: Harness, api: Api) -> None:
    number = read.meter().number
    asked: dict[str, tuple[str, Any]] = {}

    async def ask(path: str, **query: str) -> None:
        response, content = await api.ask(path, **query)
        assert response.headers["Cache-Control"] == "private, no-cache"
        asked[path] = response.headers["ETag"], content
        for _ in range(2):
            response, nothing = await api.ask(path, headers={"If-None-Match": tag(path)}, **query)
            assert (response.status, nothing) == (304, None)
            assert response.headers["ETag"] == tag(path)
        assert (await api.get(path, **query)) == content

    def tag(path: str) -> str:
        return asked[path][0]

    async def assert_changed(path: str, **query: str) -> None:
        response, content = await api.ask(path, headers={"If-None-Match": tag(path)}, **query)
        assert response.status == 200, path
        assert response.headers["ETag"] != tag(path)
        assert content != asked[path][1]

    card = ("/accounts", "/meters", f"/meters/{number}/unit", f"/meters/{number}/credit")
    counted = (f"/meters/{number}", f"/meters/{number}/forecast")
    consumption = f"/meters/{number}/consumption"
    for path in (*card, *counted, consumption, "/tariffs"):
        await ask(path)

    # Another question is not answered by the tag of this one.
    response, _ = await api.ask(consumption, headers={"If-None-Match": tag(consumption)}, limit="2")
    assert response.status == 200

    read.portal.set_profile(session_minutes=None)
    read.tick(timedelta(hours=3))
    await api.ask(f"/accounts/{read.entry.entry_id}/refresh", "POST")
    for path in card:
        await assert_changed(path)

    day = (read.now - timedelta(days=3)).replace(hour=0, minute=0)
    await read.hass.async_add_executor_job(
        lambda: read.store.save_days(
            number, day.date(), day.date(), [Reading(day, Decimal("1.5"))], read.now
        )
    )
    await assert_changed(consumption)
    await ask(consumption)
    await read.reload()
    for path in counted:
        await assert_changed(path)
    response, _ = await api.ask("/tariffs", headers={"If-None-Match": tag("/tariffs")})
    assert response.status == 304
    # A store that is opened anew, or is another, begins to count anew.
    response, _ = await api.ask(consumption, headers={"If-None-Match": tag(consumption)})
    assert response.status == 200
    read.store.close()
    assert await api.refused(consumption) == (503, "NOT_READY")


# --- the document ---


async def test_the_document_is_what_is_served(api: Api) -> None:
    response, served = await api.ask("/openapi.json")
    assert response.content_type == "application/json"
    assert served["openapi"] == "3.1.0"
    assert served["paths"].keys() == {view.path for view in VIEWS}
    assert served["paths"] == DOCUMENT["paths"]


def test_the_document_has_each_path_and_parameter_and_no_other(hass: HomeAssistant) -> None:
    for view in VIEWS:
        path = DOCUMENT["paths"][view.path]
        methods = path.keys() & {"get", "post", "put", "delete", "patch"}
        assert methods == {name for name in ("get", "post", "put") if hasattr(view, name)}
        (operation,) = (path[method] for method in methods)
        described = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "query"}
        assert described == {parameter.name for parameter in view.parameters}
        names = {parameter["name"] for parameter in path.get("parameters", ())}
        assert names == set(re.findall(r"\{(\w+)\}", view.path))
        assert ("304" in operation["responses"]) == issubclass(view, ReadView)


def test_examples_are_what_they_are_examples_of() -> None:
    for name, schema in SCHEMAS.items():
        root = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        validator = jsonschema_rs.Draft202012Validator(root, validate_formats=True)
        for example in schema["examples"]:
            validator.validate(example)
    for view in VIEWS:
        for parameter in view.parameters:
            parameter.read(str(parameter.example))
            jsonschema_rs.validate(parameter.schema, parameter.example)


def test_the_page_about_it_tells_all_paths_and_errors() -> None:
    page = (Path(__file__).parents[2] / "docs" / "rest.md").read_text()
    paths = set(re.findall(r"^\| `(\w+) ([^`]+)` \|", page, re.MULTILINE))
    assert paths == {
        (method.upper(), path.lstrip("/"))
        for path, operations in DOCUMENT["paths"].items()
        for method in operations.keys() & {"get", "post"}
    }
    codes = re.findall(r"^\| `(\w+)` \| (\d+) \|", page, re.MULTILINE)
    assert codes == [(code.value, str(code.status.value)) for code in ErrorCode]

"""Faults and switches: where they strike, what of them is refused, and what is counted."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.portal import Fault, Profile, SimulatedPortal

from .browser import Browser


@pytest.fixture
async def visitor(portal: SimulatedPortal) -> AsyncIterator[Browser]:
    """A browser that nobody has signed in with."""
    async with Browser(portal) as browser:
        yield browser


async def control(portal: SimulatedPortal, method: str, path: str, body: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{portal.origin}/_control/{path}", data=body) as response,
    ):
        return response.status, await response.json()


@pytest.mark.parametrize("path", ["reslogin", "ResLogin", "/SmartMeter/ResLogin", "*"])
async def test_a_fault_finds_its_path(visitor: Browser, portal: SimulatedPortal, path: str) -> None:
    portal.add_fault(Fault(path=path, kind="status", status=418))
    assert (await visitor.open("RESLOGIN")).status == 418
    assert ((await visitor.open("Home", follow=False)).status == 418) is (path == "*")
    portal.clear_faults()
    assert (await visitor.open("ResLogin")).status == 200


async def test_a_fault_has_a_method_a_turn_and_an_end(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    portal.add_fault(Fault(path="reslogin", kind="status", method="get", after=1, times=2))
    portal.clear_requests()
    page = await visitor.open("ResLogin")
    forms = (page.hidden, None, None, None)
    later = [(await visitor.open("ResLogin", form)).status for form in forms]
    seen = [page.status, *later]
    assert seen == [200, 200, 503, 503, 200]
    assert [record.status for record in portal.requests] == seen


async def test_faults_strike_in_the_order_they_were_added(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    portal.add_fault(Fault(path="home", kind="status", status=500, times=1))
    portal.add_fault(Fault(path="*", kind="status", status=502, times=1))
    assert [(await visitor.open("Home")).status for _ in range(2)] == [500, 502]


async def test_a_redirect_to_another_host(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.add_fault(Fault(path="home", kind="redirect_host", location="http://127.0.0.1:9/x"))
    page = await visitor.open("Home", follow=False)
    assert (page.status, page.location) == (302, "http://127.0.0.1:9/x")


async def test_a_cut_page_is_shorter_than_it_says(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    portal.add_fault(Fault(path="home", kind="cut"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await visitor.open("Home")
    portal.clear_faults()
    portal.add_fault(Fault(path="home", kind="drop"))
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await visitor.open("Home")


async def test_a_huge_page_is_huge(visitor: Browser, portal: SimulatedPortal) -> None:
    portal.add_fault(Fault(path="home", kind="huge"))
    assert len((await visitor.open("Home")).text) > 10_000_000


@pytest.mark.parametrize(
    "fault",
    [
        '{"path": "home", "kind": "status", "status": "503"}',
        '{"path": "home", "kind": "status", "times": "often"}',
        '{"path": "home", "kind": "status", "where": "here"}',
        '{"kind": "status"}',
        '[{"path": "home", "kind": "hang"}, {"path": "home", "kind": "earthquake"}]',
        "no JSON",
        "7",
    ],
)
async def test_faults_that_are_none(portal: SimulatedPortal, fault: str) -> None:
    status, answer = await control(portal, "POST", "faults", fault)
    assert status == 400
    assert answer["error"]
    assert portal.faults == []


@pytest.mark.parametrize(
    "switches",
    [
        '{"colour": "red"}',
        '{"captcha": false, "cards": "some"}',
        '{"session_minutes": "20"}',
        '{"session_sliding": 1}',
        '{"more_meters": true}',
        '{"hidden_meters": "2000000001"}',
        '["captcha"]',
        "no JSON",
    ],
)
async def test_switches_that_are_none_change_nothing(
    portal: SimulatedPortal, switches: str
) -> None:
    status, answer = await control(portal, "POST", "profile", switches)
    assert status == 400
    assert answer["error"]
    assert portal.profile == Profile()


async def test_an_unknown_switch_is_told_with_the_known_ones(portal: SimulatedPortal) -> None:
    with pytest.raises(ValueError, match=r"'colour'.*captcha.*report_sequence"):
        portal.set_profile(colour="red")


async def test_what_is_read_comes_back_as_it_was_set(portal: SimulatedPortal) -> None:
    for switches in (
        '{"session_minutes": null, "hidden_meters": ["2000000001"]}',
        '{"session_minutes": 2.5, "hidden_meters": []}',
    ):
        status, _ = await control(portal, "POST", "profile", switches)
        assert status == 200
    _, profile = await control(portal, "GET", "profile", "")
    assert (profile["session_minutes"], profile["hidden_meters"]) == (2.5, [])


async def test_only_the_portals_own_requests_are_counted(
    visitor: Browser, portal: SimulatedPortal
) -> None:
    await control(portal, "GET", "requests", "")
    assert portal.requests == []
    await visitor.open("Home", follow=False)
    await visitor.raw("/elsewhere")
    _, seen = await control(portal, "GET", "requests", "")
    assert [(record["path"], record["status"]) for record in seen] == [
        ("/SmartMeter/Home", 302),
        ("/elsewhere", 404),
    ]
    await control(portal, "DELETE", "requests", "")
    assert portal.requests == []


async def test_the_final_truth_over_http(portal: SimulatedPortal) -> None:
    for resolution in ("hour", "day"):
        query = f"truth?meter=10000001&resolution={resolution}&final=1"
        status, rows = await control(portal, "GET", query, "")
        assert status == 200
        assert rows == [
            {"start": start.isoformat(), "value": str(value)}
            for start, value in portal.truth("10000001", resolution, final=True)
        ]
        assert rows[0]["start"].endswith("+08:00")

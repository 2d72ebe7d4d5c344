"""A real Home Assistant behind what may stand before a portal, and changes what passes."""

import asyncio
import gzip
import re
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tests.portal import DEMO_PASSWORD, DEMO_USERNAME, SimulatedPortal
from tests.support.home import Home
from tests.support.home_assistant import HomeAssistantFailed
from tests.support.hostile import HostileProxy, Passing, hostile_proxy

from .conftest import needed, now, read

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

FLOWS = "/api/config/config_entries/flow"
FIREWALL = b"""<html><head><title>Request Rejected</title></head>
<body>The requested URL was rejected. Your support ID is: 12345</body></html>"""


@pytest.fixture
async def proxy(portal: SimulatedPortal) -> AsyncIterator[HostileProxy]:
    async with hostile_proxy(portal.origin) as proxy:
        yield proxy


@pytest.fixture
async def home(
    _hass: None, tmp_path: Path, portal: SimulatedPortal, proxy: HostileProxy
) -> AsyncIterator[Home]:
    """Home Assistant, started, that reaches the portal through the proxy alone."""
    home = Home(tmp_path / "config", portal, base_url=proxy.base_url)
    await home.start()
    yield home
    await home.stop()


def replace(answer: Passing, name: str, value: str) -> None:
    answer.headers = [(n, v) for n, v in answer.headers if n != name] + [(name, value)]


def put(answer: Passing, status: int, body: bytes, kind: str = "text/html") -> None:
    """Put another answer in the place of one."""
    answer.status, answer.body = status, body
    answer.headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]


async def press(home: Home) -> None:
    """Have the account read now; that fails where it can't be."""
    data = {"entity_id": await now(home)}
    with suppress(HomeAssistantFailed):
        await home.api.call("POST", "/api/services/button/press", json=data)


async def complete(home: Home) -> bool:
    return (await home.state("_history_progress"))["state"] == "100"


async def test_cookies_of_load_balancers_and_tickets(home: Home, proxy: HostileProxy) -> None:
    """They come back as they were set, the newest of each, and through a restart."""
    stale: list[str] = []
    given = count(1)
    newest = 0

    def change(answer: Passing) -> None:
        nonlocal newest
        sent = proxy.asked[-1].get("Cookie", "")
        if newest and (
            "pool=!aB3/x+Zk==" not in sent or f"ticket={newest}" not in sent.split("; ")
        ):
            stale.append(sent)
        newest = next(given)
        # The first ticket is for the folder, all later ones for the host.
        path = "/SmartMeter" if newest == 1 else "/"
        answer.headers += [
            ("Set-Cookie", "pool=!aB3/x+Zk==; path=/; HttpOnly"),
            ("Set-Cookie", f"ticket={newest}; path={path}; Max-Age=1800"),
            ("Set-Cookie", "cf[a]=1; path=/"),
            ("Set-Cookie", "a@b=2; path=/"),
            ("Set-Cookie", "{a}=3; path=/"),
            ("Set-Cookie", "gone=4; path=/; Max-Age=0"),
            ("Set-Cookie", "=; ;;=\x01"),
        ]

    proxy.change = change
    await home.add_account()
    await home.until(lambda: read(home))
    assert all("gone" not in asked.get("Cookie", "") for asked in proxy.asked)
    await home.stop()
    proxy.asked.clear()
    await home.start()
    await home.until(lambda: read(home))
    await press(home)
    assert not await needed(home)
    assert not any("reslogin" in asked["path"].lower() for asked in proxy.asked)
    # Two tickets of one name stand side by side once; the host's is the newest from then on.
    assert [sent for sent in stale if "ticket=" not in sent] == []
    assert len(stale) <= 1, stale
    assert home.trouble() == []


def bomb() -> bytes:
    """Return a PNG of 20 kB that unpacks to 2.7 GB."""
    made = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(20_000_000), 9))):
        made += struct.pack(">I", len(data)) + name + data
        made += struct.pack(">I", zlib.crc32(name + data))
    return made


@pytest.mark.parametrize(
    ("picture", "kind"),
    [(bomb(), "image/png"), (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml")],
    ids=["bomb", "SVG"],
)
async def test_pictures_that_are_none(
    home: Home, proxy: HostileProxy, picture: bytes, kind: str
) -> None:
    """The form says so, memory stays, and the next picture serves."""

    def change(answer: Passing) -> None:
        if "dxb.axd" in proxy.asked[-1]["path"].lower():
            put(answer, 200, picture, kind)

    proxy.change = change
    step = await home.api.call("POST", FLOWS, json={"handler": "usms"})
    answer = {"username": DEMO_USERNAME, "password": DEMO_PASSWORD}
    step = await home.api.call("POST", f"{FLOWS}/{step['flow_id']}", json=answer)
    assert step["type"] == "form"
    assert step["errors"]
    assert await peak_memory(home) < 1_000_000_000
    await home.api.call("DELETE", f"{FLOWS}/{step['flow_id']}")
    proxy.change = lambda _answer: None
    await home.add_account()
    await home.until(lambda: read(home))
    assert home.trouble() == []


async def peak_memory(home: Home) -> int:
    """Return the most memory that Home Assistant has had, in bytes."""
    assert home.process is not None
    status = Path(f"/proc/{home.process.pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", await asyncio.to_thread(status.read_text))
    assert found
    return 1024 * int(found[1])


async def test_redirects_and_headers_as_browsers_take_them(
    home: Home, proxy: HostileProxy, portal: SimulatedPortal
) -> None:
    def change(answer: Passing) -> None:
        for name, value in answer.headers:
            if name == "Location" and value.startswith("/"):
                replace(answer, name, proxy.origin.replace("http:", "HTTP:") + value)
        answer.headers.append(("X-Padding", "x" * 60_000))
        if answer.body:
            answer.body = gzip.compress(answer.body)
            replace(answer, "Content-Length", str(len(answer.body)))
            answer.headers.append(("Content-Encoding", "x-gzip"))

    proxy.change = change
    await home.add_account()
    await home.until(lambda: read(home))
    await home.until(lambda: complete(home), 300)
    meter = portal.meters[0]
    days = await home.statistics(f"usms:{meter.utility}_{meter.number}_daily")
    assert list(days.values()) == [float(str(v)) for _, v in portal.truth(meter.number, "day")]
    assert home.trouble() == []


async def test_a_redirect_to_another_host_is_not_followed(home: Home, proxy: HostileProxy) -> None:
    await home.add_account()
    await home.until(lambda: read(home))
    async with hostile_proxy(home.portal.origin) as other:

        def change(answer: Passing) -> None:
            put(answer, 302, b"")
            answer.headers.append(("Location", f"{other.origin}/SmartMeter/Home"))

        proxy.change = change
        await press(home)
        assert other.asked == []
    proxy.change = lambda _answer: None
    await press(home)
    await home.until(lambda: read(home))
    assert not await needed(home)
    assert home.trouble() == []


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (200, FIREWALL, "firewall"),
        (403, b"<h1>Forbidden</h1>", "forbidden"),
        (429, b"slow down", "too_many_requests"),
    ],
    ids=["firewall", "403", "429"],
)
async def test_whoever_answers_in_its_place_is_named(
    home: Home, proxy: HostileProxy, status: int, body: bytes, word: str
) -> None:
    """In diagnostics and once in the log, and the session is not taken for ended."""
    await home.add_account()
    await home.until(lambda: read(home))
    proxy.change = lambda answer: put(answer, status, body)
    for _ in range(2):
        await press(home)
    entry = await home.entry_id()
    diagnostics = await home.api.call("GET", f"/api/diagnostics/config_entry/{entry}")
    assert f'"{word}"' in str(diagnostics).replace("'", '"')
    warnings = [line for line in home.log().splitlines() if "WARNING" in line and "usms" in line]
    about = [line for line in warnings if "custom integration" not in line]
    assert len(about) == 1, about
    proxy.change = lambda _answer: None
    proxy.asked.clear()
    await press(home)
    assert not await needed(home)
    assert not any("reslogin" in asked["path"].lower() for asked in proxy.asked)
    text = home.log()
    for secret in (DEMO_USERNAME, DEMO_PASSWORD, *(m.number for m in home.portal.meters)):
        assert secret not in text
    assert home.trouble() == []

"""Cookies keep their attributes, and come back as they were set."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from yarl import URL

from custom_components.usms.client import NO_PACING, UsmsClient
from custom_components.usms.client.portal.cookies import Cookies, cookie_date
from tests.portal import SimulatedPortal

from .conftest import NOW, PASSWORD, USERNAME

HOME = URL("https://portal.example/SmartMeter/Home")
ODD = ("cf[a]=1", "a@b=2", "{a}=3", "plain=4", "=5", 'quoted="six"', "dashed-ü=7")


async def sign_in(client: UsmsClient, portal: SimulatedPortal) -> None:
    async def answer(_image: bytes) -> str:
        return portal.captcha_answer

    await client.sign_in(USERNAME, PASSWORD, answer_captcha=answer)


# --- against the portal ---


async def test_a_load_balancers_cookie_comes_back_as_it_was(
    client: UsmsClient, portal: SimulatedPortal
) -> None:
    portal.set_profile(pool_cookie="pool=!aB3/x+Zk==")
    await sign_in(client, portal)
    assert await client.is_signed_in()


async def test_names_that_python_refuses_end_nothing(
    client: UsmsClient, portal: SimulatedPortal
) -> None:
    portal.set_profile(more_cookies=ODD, pool_cookie="cf[b]=x{y}")
    await sign_in(client, portal)
    assert await client.is_signed_in()
    stored = json.loads(json.dumps(client.export_session()))
    async with UsmsClient(base_url=portal.base_url, pacing=NO_PACING) as other:
        other.restore_session(stored)
        assert await other.is_signed_in()
        assert other.export_session() == client.export_session()


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_sliding_ticket_lasts(portal: SimulatedPortal, restarts: bool) -> None:
    """Twelve hours of a ticket of 30 minutes, which each answer renews with `path=/`."""
    portal.set_profile(ticket_minutes=30, session_minutes=None)

    def client() -> UsmsClient:
        return UsmsClient(base_url=portal.base_url, pacing=NO_PACING, now=portal.now)

    first = client()
    async with first:
        await sign_in(first, portal)
        session = json.loads(json.dumps(first.export_session()))
    reader = client()
    reader.restore_session(session)
    ended = 0
    for _ in range(12 * 6):
        portal.set_now(portal.now() + timedelta(minutes=10))
        ended += not await reader.is_signed_in()
        if restarts:
            session = json.loads(json.dumps(reader.export_session()))
            await reader.close()
            reader = client()
            reader.restore_session(session)
    await reader.close()
    assert ended == 0
    portal.set_now(portal.now() + timedelta(minutes=31))
    async with client() as late:
        late.restore_session(session)
        assert not await late.is_signed_in()


async def test_a_sessions_key_that_changes_with_every_answer(
    client: UsmsClient, portal: SimulatedPortal
) -> None:
    portal.set_profile(session_rotates=True)
    await sign_in(client, portal)
    keys = set()
    for _ in range(3):
        assert await client.is_signed_in()
        keys |= {cookie["value"] for cookie in client.export_session()["cookies"]}
    assert len(keys) == 3


async def test_the_server_deletes_its_cookies(
    signed_in: UsmsClient, portal: SimulatedPortal
) -> None:
    (before,) = signed_in.export_session()["cookies"]
    portal.set_profile(deletes_cookies=True, expired_as="body_text")
    portal.expire()
    assert not await signed_in.is_signed_in()
    assert before["name"] == "ASP.NET_SessionId"
    assert signed_in.export_session()["cookies"] == []


# --- the rules ---


def kept(*headers: str, now: datetime = NOW, server: datetime | None = None) -> Cookies:
    cookies = Cookies()
    for header in headers:
        cookies.take([header], HOME, now, server)
    return cookies


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (["a=1", "a=2"], "a=2"),
        (["a=1; path=/", "a=2; path=/"], "a=2"),
        (["a=1; path=/", "a=2"], "a=2; a=1"),  # the longer path first
        (["a=1; path=/", "b=2; path=/", "a=3; path=/"], "a=3; b=2"),
        (["a=1; path=/Other"], None),
        (["a=1; path=/Smart"], None),
        (["a=1; path=/SmartMeter"], "a=1"),
        (["a=1; domain=portal.example"], "a=1"),
        (["a=1; domain=.PORTAL.example"], "a=1"),
        (["a=1; domain=example"], "a=1"),
        (["a=1; domain=elsewhere.example"], None),
        (["a=1; domain=www.portal.example"], None),
        (["a=1; secure; httponly"], "a=1"),
        (["a=1; max-age=60"], "a=1"),
        (["a=1; max-age=0"], None),
        (["a=1; max-age=-9", "b=2"], "b=2"),
        (["a=1; max-age=x"], "a=1"),
        (["a=1; expires=Fri, 01-Oct-1999 00:00:00 GMT"], None),
        (["a=1; expires=Fri, 01 Oct 2099 00:00:00 GMT"], "a=1"),
        (["a=1; expires=Fri, 01 Oct 1999 00:00:00 GMT; max-age=60"], "a=1"),
        (["a=1; expires=soon"], "a=1"),
        (["a=1", "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT"], None),
        (["a=1; path=/", "a=; expires=Thu, 01 Jan 1970 00:00:00 GMT"], "a=1"),  # another path
        (['a="1 2"; path=/'], 'a="1 2"'),
        (["a=b=c==; path=/"], "a=b=c=="),
        (["alone"], "alone"),
        (["=", "; path=/", "a=\x01", "a=\udcff"], None),
        ([f"a={'x' * 9000}"], None),
    ],
)
def test_what_is_sent(headers: list[str], sent: str | None) -> None:
    cookies = kept(*headers)
    assert cookies.header(HOME, NOW, trusted=True) == sent
    again = Cookies()
    again.restore(json.loads(json.dumps(cookies.export())))
    assert again.header(HOME, NOW, trusted=True) == sent


def test_a_secure_cookie_goes_over_tls_alone() -> None:
    cookies = kept("a=1; secure", "b=2")
    assert cookies.header(HOME, NOW, trusted=False) == "b=2"


def test_a_host_is_not_the_hosts_below_it() -> None:
    below = URL("https://www.portal.example/SmartMeter/Home")
    assert kept("a=1").header(below, NOW, trusted=True) is None
    assert kept("a=1; domain=portal.example").header(below, NOW, trusted=True) == "a=1"


def test_a_cookie_ends_by_the_servers_clock() -> None:
    """Neither does a host that is slow keep it for longer, nor one that is fast drop it at once."""
    half = (NOW + timedelta(minutes=30)).astimezone(UTC)
    for ahead in (timedelta(hours=-2), timedelta(hours=2)):
        here = NOW + ahead
        cookies = kept(f"a=1; expires={half:%a, %d %b %Y %H:%M:%S} GMT", now=here, server=NOW)
        assert cookies.header(HOME, here + timedelta(minutes=29), trusted=True) == "a=1"
        assert cookies.header(HOME, here + timedelta(minutes=31), trusted=True) is None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Wed, 09 Jun 2021 10:18:14 GMT", datetime(2021, 6, 9, 10, 18, 14, tzinfo=UTC)),
        ("Wednesday, 09-Jun-21 10:18:14 GMT", datetime(2021, 6, 9, 10, 18, 14, tzinfo=UTC)),
        ("Jun  9 10:18:14 1999", datetime(1999, 6, 9, 10, 18, 14, tzinfo=UTC)),
        ("09 Jun 2021", None),
        ("Wed, 32 Jun 2021 10:18:14 GMT", None),
        ("Wed, 09 Jun 2021 25:18:14 GMT", None),
        ("", None),
    ],
)
def test_times_of_expiry(text: str, meant: datetime | None) -> None:
    assert cookie_date(text) == meant


def test_there_is_an_end_to_what_is_kept() -> None:
    cookies = kept(*(f"n{n}={n}" for n in range(999)))
    assert len(cookies.export()) == 150


def test_what_is_dropped_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    kept("sec\x01ret=1", "a=1; domain=elsewhere.example")
    assert [(r.levelno, "ret" in r.getMessage()) for r in caplog.records] == [
        (logging.DEBUG, False),
        (logging.DEBUG, False),
    ]


_GOOD: dict[str, Any] = {
    "name": "a",
    "value": "1",
    "domain": "portal.example",
    "path": "/",
    "host_only": True,
    "secure": False,
    "expires": None,
}


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "text",
        {"a": "1"},
        [1, None, [], {}, {"name": "a"}],
        [_GOOD | {"name": 5}],
        [_GOOD | {"value": "a\r\nb"}],
        [_GOOD | {"value": "\udcff"}],
        [_GOOD | {"expires": "2026-11-20T00:00:00"}],
        [_GOOD | {"expires": 5}],
        [_GOOD | {"secure": "yes"}],
    ],
)
def test_stored_cookies_that_cannot_be_read(stored: object) -> None:
    cookies = Cookies()
    cookies.restore(stored)
    assert cookies.export() == []


@pytest.mark.parametrize("stored", [[], "x", None, 5, {"origin": 5}, {"cookies": 3}])
async def test_a_session_that_cannot_be_read(
    client: UsmsClient, portal: SimulatedPortal, stored: Any
) -> None:
    client.restore_session(stored)
    if isinstance(stored, dict):
        client.restore_session(stored | {"origin": portal.origin})
    assert not await client.is_signed_in()
